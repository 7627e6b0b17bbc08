//! What the blog loses when the power goes: nothing that was acknowledged.

use crate::disk::{Dice, Disk, Honesty, Op, power_cut};
use crate::storage_faults::{Sound, each, open};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

/// How much more is tried than in everyday runs: `PAMPHLET_FAULT_ROUNDS=50` is 18,800 cuts and takes
/// some minutes.
fn rounds() -> usize {
    std::env::var("PAMPHLET_FAULT_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1)
}

/// Cuts the power before operation `cut`, then up to twice more while the file is opened again,
/// and says what is wrong then.
fn cut_at(sound: &Sound, log: &[Op], cut: usize, honesty: Honesty, seed: u64) -> std::result::Result<usize, String> {
    let mut dice = Dice::new(seed);
    let done = log[..cut].iter().filter(|op| matches!(op, Op::Acknowledged)).count();
    let mut bytes = power_cut(&[], log, cut, honesty, &mut dice);
    for _ in 0..dice.below(3) {
        let disk = Disk::with(bytes.clone());
        drop(open(&disk).map_err(|error| format!("does not open: {error}"))?);
        let log = disk.log();
        let cut = dice.below(log.len() + 1);
        bytes = power_cut(&bytes, &log, cut, honesty, &mut dice);
    }
    sound.holds(&Disk::with(bytes), done)
}

#[test]
fn a_power_cut_at_any_sync_loses_nothing_acknowledged() {
    let sound = Sound::told();
    let log = sound.disk.log();
    let syncs: Vec<usize> =
        log.iter().enumerate().filter(|(_, op)| matches!(op, Op::Sync)).map(|(index, _)| index).collect();
    let (per_sync, in_flight) = (4 * rounds(), Mutex::new(0));
    each(syncs.len() * per_sync, |number| {
        let (sync, seed) = (syncs[number / per_sync], number as u64);
        let done = log[..sync].iter().filter(|op| matches!(op, Op::Acknowledged)).count();
        match cut_at(&sound, &log, sync, Honesty::Honest, seed) {
            Ok(after) => *in_flight.lock().unwrap() += after - done,
            Err(wrong) => panic!("power cut at operation {sync} with seed {seed}: {wrong}"),
        }
    });
    let in_flight = in_flight.into_inner().unwrap();
    println!("{} power cuts at {} syncs; {in_flight} steps in flight were whole", syncs.len() * per_sync, syncs.len());
}

#[test]
fn a_power_cut_at_any_other_moment_loses_nothing_acknowledged() {
    let sound = Sound::told();
    let log = sound.disk.log();
    let cuts = 200 * rounds();
    each(cuts, |seed| {
        let cut = Dice::new(seed as u64 ^ 0xcafe).below(log.len() + 1);
        if let Err(wrong) = cut_at(&sound, &log, cut, Honesty::Honest, seed as u64) {
            panic!("power cut at operation {cut} with seed {seed}: {wrong}");
        }
    });
}

/// The control: if a disk that only claims to sync were not caught, the tests above would prove
/// nothing.
#[test]
fn a_disk_that_lies_about_syncing_is_caught() {
    is_caught(Honesty::Liar);
}

/// The same for a single sync, which is all that a fault of our own would leave out.
#[test]
fn a_disk_that_forgets_one_sync_is_caught() {
    is_caught(Honesty::Forgetful);
}

fn is_caught(honesty: Honesty) {
    let sound = Sound::told();
    let log = sound.disk.log();
    let caught = Mutex::new(Vec::new());
    let cuts = 60;
    each(cuts, |seed| {
        let cut = Dice::new(seed as u64 ^ 0xbeef).below(log.len() + 1);
        let tried = catch_unwind(AssertUnwindSafe(|| cut_at(&sound, &log, cut, honesty, seed as u64)));
        if !matches!(tried, Ok(Ok(_))) {
            caught.lock().unwrap().push(cut);
        }
    });
    let caught = caught.into_inner().unwrap().len();
    println!("a disk that is {honesty:?} was caught {caught} times of {cuts}");
    assert!(caught > cuts / 4, "a disk that is {honesty:?} was caught {caught} times of {cuts} only");
}
