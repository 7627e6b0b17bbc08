//! A disk in memory that fails where a test says so, and remembers enough to lose its power at
//! any moment of its past.

use redb::StorageBackend;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// The things that can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Read,
    Write,
    Sync,
    SetLen,
}

/// What was done to the disk.
#[derive(Debug, Clone)]
pub enum Op {
    Write(u64, Vec<u8>),
    SetLen(u64),
    Sync,
    /// Somebody was told that a step is done.
    Acknowledged,
}

/// Operations of one kind that fail, the first being 0.
#[derive(Debug, Clone, Copy)]
struct Fault {
    kind: Kind,
    from: usize,
    until: usize,
    error: io::ErrorKind,
}

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    log: Vec<Op>,
    done: [usize; 4],
    fault: Option<Fault>,
    failed: usize,
}

impl State {
    fn try_one(&mut self, kind: Kind) -> io::Result<()> {
        let count = &mut self.done[kind as usize];
        let number = *count;
        *count += 1;
        match self.fault {
            Some(fault) if fault.kind == kind && (fault.from..fault.until).contains(&number) => {
                self.failed += 1;
                Err(fault.error.into())
            }
            _ => Ok(()),
        }
    }
}

/// A disk; its clones are the same disk.
#[derive(Debug, Clone, Default)]
pub struct Disk(Arc<Mutex<State>>);

impl Disk {
    /// A disk with this content.
    pub fn with(bytes: Vec<u8>) -> Disk {
        Disk(Arc::new(Mutex::new(State { bytes, ..State::default() })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// From the `from`th operation of a kind on, `count` of them fail.
    pub fn fail(&self, kind: Kind, from: usize, count: usize, error: io::ErrorKind) {
        self.state().fault = Some(Fault { kind, from, until: from.saturating_add(count), error });
    }

    /// All operations of a kind fail from now on.
    pub fn break_down(&self, kind: Kind, error: io::ErrorKind) {
        let from = self.done(kind);
        self.fail(kind, from, usize::MAX, error);
    }

    /// Nothing fails any more.
    pub fn repair(&self) {
        self.state().fault = None;
    }

    /// Operations of a kind so far.
    pub fn done(&self, kind: Kind) -> usize {
        self.state().done[kind as usize]
    }

    /// Operations that failed so far.
    pub fn failed(&self) -> usize {
        self.state().failed
    }

    /// Notes that somebody was told that a step is done.
    pub fn acknowledge(&self) {
        self.state().log.push(Op::Acknowledged);
    }

    /// All that was done to it.
    pub fn log(&self) -> Vec<Op> {
        self.state().log.clone()
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut state = self.state();
        state.try_one(Kind::Read)?;
        let start = usize::try_from(offset).unwrap();
        let part = state.bytes.get(start..start + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(part);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.state();
        state.try_one(Kind::SetLen)?;
        state.bytes.resize(usize::try_from(len).unwrap(), 0);
        state.log.push(Op::SetLen(len));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state();
        state.try_one(Kind::Sync)?;
        state.log.push(Op::Sync);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        let tried = state.try_one(Kind::Write);
        // A write that fails may have got half way.
        let data = if tried.is_ok() { data } else { &data[..data.len() / 2 / SECTOR * SECTOR] };
        let start = usize::try_from(offset).unwrap();
        let end = start + data.len();
        state.bytes.get_mut(start..end).ok_or(io::ErrorKind::UnexpectedEof)?.copy_from_slice(data);
        state.log.push(Op::Write(offset, data.to_vec()));
        tried
    }
}

/// Numbers that look random and come again with the same seed.
#[derive(Debug, Clone, Copy)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit.max(1)
    }
}

/// How a disk keeps its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Honesty {
    Honest,
    /// It says that it has synced and has not.
    Liar,
    /// It keeps its word but once: what the last sync but one should have made last is lost.
    Forgetful,
}

/// What is on the disk after its power went away before operation `cut` of its log: all that was
/// synced, and of the rest some sectors, in any order.
pub fn power_cut(before: &[u8], log: &[Op], cut: usize, honesty: Honesty, dice: &mut Dice) -> Vec<u8> {
    let past = &log[..cut];
    let mut syncs = past.iter().enumerate().rev().filter(|(_, op)| matches!(op, Op::Sync)).map(|(index, _)| index);
    let mut sync = || syncs.next().unwrap_or(0);
    let (synced, lost) = match honesty {
        Honesty::Honest => (sync(), 0..0),
        Honesty::Liar => (0, 0..0),
        Honesty::Forgetful => {
            let (last, forgotten, before) = (sync(), sync(), sync());
            (last, before..forgotten)
        }
    };
    let mut bytes = before.to_vec();
    for (index, op) in past[..synced].iter().enumerate() {
        match op {
            Op::Write(..) if lost.contains(&index) => {}
            Op::Write(offset, data) => put(&mut bytes, *offset, data),
            Op::SetLen(len) => bytes.resize(usize::try_from(*len).unwrap(), 0),
            Op::Sync | Op::Acknowledged => {}
        }
    }
    let pending = &past[synced..];
    let lengths: Vec<u64> =
        pending.iter().filter_map(|op| if let Op::SetLen(len) = op { Some(*len) } else { None }).collect();
    let lasting = dice.below(lengths.len() + 1);
    if lasting > 0 {
        bytes.resize(usize::try_from(lengths[lasting - 1]).unwrap(), 0);
    }
    // Of every hundred sectors, so many survive.
    let survive = [0, 100, 50, 10, 90, 97][dice.below(6)];
    for op in pending {
        let Op::Write(offset, data) = op else { continue };
        for (number, sector) in data.chunks(SECTOR).enumerate() {
            if dice.below(100) < survive {
                put(&mut bytes, offset + (number * SECTOR) as u64, sector);
            }
        }
    }
    bytes
}

/// What lies past the end is lost.
fn put(bytes: &mut [u8], offset: u64, data: &[u8]) {
    let start = usize::try_from(offset).unwrap().min(bytes.len());
    let end = (start + data.len()).min(bytes.len());
    bytes[start..end].copy_from_slice(&data[..end - start]);
}
