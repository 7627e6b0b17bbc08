//! What the blog loses when its disk fails or is full: nothing that was acknowledged.

use crate::disk::{Disk, Kind};
use crate::media::noise;
use crate::story::{FULLEST, Life, STEPS, everything};
use pamphlet::error::{Error, Result};
use pamphlet::service::Scope;
use pamphlet::store::check::{check, check_store};
use pamphlet::store::{Opening, Store};
use std::io::ErrorKind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

pub fn open(disk: &Disk) -> Result<Store> {
    let disk = disk.clone();
    Store::with_backend(move || disk.clone(), || None)
}

/// The story on a sound disk: what there is to see before each step and after the last, and the
/// disk.
pub struct Sound {
    views: Vec<String>,
    pub disk: Disk,
}

impl Sound {
    pub fn told() -> Sound {
        let disk = Disk::default();
        let mut views = Vec::new();
        let life = Life::on(open(&disk).unwrap()).unwrap();
        for number in 0..STEPS {
            views.push(everything(&life.app.read().unwrap()).unwrap());
            runtime().block_on(life.step(number)).unwrap();
            disk.acknowledge();
        }
        views.push(everything(&life.app.read().unwrap()).unwrap());
        drop(life);
        let different = views.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert_eq!(different, STEPS, "every step shows");
        Sound { views, disk }
    }

    /// Whether `disk` opens, holds what was there after `done` steps or one more, whole, and no
    /// page of it is damaged. Returns which.
    pub fn holds(&self, disk: &Disk, done: usize) -> std::result::Result<usize, String> {
        let store = open(disk).map_err(|error| format!("does not open: {error}"))?;
        let after = self.view_of(&store, done)?;
        let checkup = check_store(&store).map_err(|error| format!("cannot be checked: {error}"))?;
        if !checkup.findings.is_empty() {
            return Err(checkup.findings.join(" "));
        }
        drop(store);
        let mut database =
            redb::Database::builder().create_with_backend(disk.clone()).map_err(|error| error.to_string())?;
        match database.check_integrity() {
            Ok(true) => Ok(after),
            found => Err(format!("integrity: {found:?}")),
        }
    }

    fn view_of(&self, store: &Store, done: usize) -> std::result::Result<usize, String> {
        let view = store.read().and_then(|txn| everything(&txn)).map_err(|error| format!("cannot be read: {error}"))?;
        (done..=STEPS.min(done + 1)).find(|after| self.views[*after] == view).ok_or_else(|| {
            match self.views.iter().position(|known| *known == view) {
                Some(other) => format!("after {done} steps it shows what there was after {other}"),
                None => {
                    format!("after {done} steps it shows something half:\n{view}\ninstead of\n{}", self.views[done])
                }
            }
        })
    }
}

/// Waits until a blog whose disk failed once says by itself that all is well.
fn healed(life: &Life) {
    let patience = Instant::now() + Duration::from_secs(20);
    loop {
        // A visitor comes by.
        drop(life.app.read());
        match life.app.health() {
            Ok(()) => return,
            Err(error) => assert!(Instant::now() < patience, "it did not heal: {error}"),
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Tells the story on a disk of which `count` operations of a kind fail, the `from`th first. Every
/// step that is refused is done again when the blog is well. With `cold` the blog is started anew
/// now and then, so that it has everything to read. Returns the operations of that kind, and how
/// many failed.
fn told_on_a_failing_disk(sound: &Sound, kind: Kind, from: usize, count: usize, cold: bool) -> (usize, usize) {
    let disk = Disk::default();
    disk.fail(kind, from, count, ErrorKind::Other);
    let what = format!("{kind:?} {from}, {count} times");
    let start = || loop {
        match open(&disk).and_then(Life::on) {
            Ok(life) => return life,
            Err(error) => assert!(disk.failed() > 0 && disk.done(kind) < from + 2 * count + 20, "{what}: {error}"),
        }
    };
    let runtime = runtime();
    let mut life = start();
    let mut done = 0;
    while done < STEPS {
        let number = life.app.read().map(|txn| txn.number());
        let Err(error) = runtime.block_on(life.step(done)) else {
            done += 1;
            if cold && done % 5 == 0 {
                drop(life);
                life = start();
            }
            continue;
        };
        assert!(disk.failed() > 0, "{what}: step {done} was refused without need: {error}");
        assert!(matches!(error, Error::Unavailable), "{what}: step {done}: {error:?}");
        healed(&life);
        let view = everything(&life.app.read().unwrap()).unwrap();
        if view != sound.views[done] {
            assert_eq!(view, sound.views[done + 1], "{what}: step {done} was done by half");
            // It was refused and shows all the same: no page cached before may outlive that.
            assert!(number.is_ok_and(|number| life.app.changed_since(&[Scope::Lists], number)), "{what}");
            done += 1;
        }
    }
    healed(&life);
    assert_eq!(everything(&life.app.read().unwrap()).unwrap(), sound.views[STEPS], "{what}");
    drop(life);
    let outcome = (disk.done(kind), disk.failed());
    disk.repair();
    assert_eq!(sound.holds(&disk, STEPS), Ok(STEPS), "{what}");
    outcome
}

/// Does `work` with each of the numbers below `count`, on as many threads as the machine has.
pub fn each(count: usize, work: impl Fn(usize) + Sync) {
    let next = Mutex::new(0..count);
    let threads = std::thread::available_parallelism().map_or(2, usize::from).min(8);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(number) = { next.lock().unwrap().next() } {
                    work(number);
                }
            });
        }
    });
}

fn any_operation_may_fail(kind: Kind, cold: bool) {
    let sound = Sound::told();
    let count = told_on_a_failing_disk(&sound, kind, usize::MAX, 0, cold).0;
    let hit = Mutex::new(0);
    each(count, |number| {
        let failed = told_on_a_failing_disk(&sound, kind, number, 1, cold).1;
        *hit.lock().unwrap() += failed;
    });
    println!("{count} stories in which one {kind:?} fails");
    assert_eq!(hit.into_inner().unwrap(), count);
}

#[test]
fn any_read_may_fail() {
    any_operation_may_fail(Kind::Read, true);
}

#[test]
fn any_write_may_fail() {
    any_operation_may_fail(Kind::Write, false);
}

#[test]
fn any_sync_may_fail() {
    any_operation_may_fail(Kind::Sync, false);
}

#[test]
fn any_change_of_length_may_fail() {
    any_operation_may_fail(Kind::SetLen, true);
}

/// Long enough that mending fails too, more than once.
#[test]
fn many_operations_in_a_row_may_fail() {
    let sound = Sound::told();
    let stories = [(Kind::Write, 60, 6), (Kind::Write, 130, 5), (Kind::Sync, 12, 4), (Kind::Sync, 25, 5)];
    each(stories.len(), |number| {
        let (kind, from, count) = stories[number];
        assert_eq!(told_on_a_failing_disk(&sound, kind, from, count, false).1, count);
    });
}

/// Tries a step until the blog has recovered enough to do it.
fn soon(life: &Life, number: usize) {
    let patience = Instant::now() + Duration::from_secs(20);
    while let Err(error) = runtime().block_on(life.step(number)) {
        assert!(Instant::now() < patience, "step {number}: {error}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// As an SD card does when it wears out: it shows what is there and takes nothing more.
#[test]
fn while_a_disk_takes_no_writes_everything_is_read_and_afterwards_it_heals_by_itself() {
    let sound = Sound::told();
    for broken in [Kind::Write, Kind::Sync] {
        let disk = Disk::default();
        let mut life = Life::on(open(&disk).unwrap()).unwrap();
        let runtime = runtime();
        (0..8).for_each(|number| runtime.block_on(life.step(number)).unwrap());
        drop(life);
        // Started anew, so that nothing is in its memory.
        life = Life::on(open(&disk).unwrap()).unwrap();
        disk.break_down(broken, ErrorKind::ReadOnlyFilesystem);
        for _ in 0..3 {
            assert!(matches!(runtime.block_on(life.step(8)), Err(Error::Unavailable)));
            assert!(matches!(life.app.health(), Err(Error::Unavailable)));
            let view = everything(&life.app.read().unwrap()).unwrap();
            assert!(view == sound.views[8], "with {broken:?} failing");
        }
        disk.repair();
        healed(&life);
        (8..STEPS).for_each(|number| runtime.block_on(life.step(number)).unwrap());
        drop(life);
        assert_eq!(sound.holds(&disk, STEPS), Ok(STEPS));
    }
}

#[test]
fn an_almost_full_disk_takes_no_more_but_lets_go() {
    let (disk, free) = (Disk::default(), Arc::new(AtomicU64::new(1 << 30)));
    let (again, left) = (disk.clone(), Arc::clone(&free));
    let store = Store::with_backend(move || again.clone(), move || Some(left.load(Ordering::SeqCst))).unwrap();
    let life = Life::on(store).unwrap();
    let step = |number| runtime().block_on(life.step(number));
    (0..FULLEST).for_each(|number| step(number).unwrap());

    free.store(31 << 20, Ordering::SeqCst);
    assert!(matches!(life.app.health(), Err(Error::NoSpace)));
    let writes = disk.done(Kind::Write);
    // A post, an image, a comment and an account.
    for growing in [3, 4, 12, 1] {
        assert!(matches!(step(growing), Err(Error::NoSpace)), "step {growing}");
    }
    assert_eq!(disk.done(Kind::Write), writes, "what was refused has touched the disk");
    step(10).expect("whoever deletes has to log in");
    step(13).expect("an image can be deleted");
    step(14).expect("a post can be deleted");

    free.store(32 << 20, Ordering::SeqCst);
    assert!(life.app.health().is_ok());
    step(12).unwrap();
}

#[test]
fn a_disk_that_says_it_is_full_is_believed_for_a_while() {
    let disk = Disk::default();
    let life = Life::on(open(&disk).unwrap()).unwrap();
    (0..FULLEST).for_each(|number| runtime().block_on(life.step(number)).unwrap());
    disk.fail(Kind::Write, disk.done(Kind::Write), 1, ErrorKind::StorageFull);
    assert!(matches!(runtime().block_on(life.step(12)), Err(Error::Unavailable)));
    assert!(matches!(runtime().block_on(life.step(12)), Err(Error::NoSpace)));
    soon(&life, 14);
}

/// A file system of its own, as large as a test says.
#[cfg(target_os = "linux")]
struct SmallDisk {
    folder: tempfile::TempDir,
    /// Where its bytes are.
    _image: tempfile::NamedTempFile,
}

#[cfg(target_os = "linux")]
impl SmallDisk {
    /// In memory. `None` where this process may not mount anything.
    fn mount(megabytes: usize) -> Option<SmallDisk> {
        let size = format!("size={megabytes}m");
        SmallDisk::mounted(tempfile::NamedTempFile::new().unwrap(), &["-t", "tmpfs", "-o", &size])
    }

    /// As on most servers: in a file, which looks to the system like a disk.
    fn ext4(megabytes: u64) -> Option<SmallDisk> {
        let image = tempfile::NamedTempFile::new().unwrap();
        image.as_file().set_len(megabytes << 20).unwrap();
        let made = std::process::Command::new("mkfs.ext4").args(["-q", "-F"]).arg(image.path()).output();
        made.is_ok_and(|output| output.status.success()).then(|| SmallDisk::mounted(image, &["-o", "loop"]))?
    }

    fn mounted(image: tempfile::NamedTempFile, options: &[&str]) -> Option<SmallDisk> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = std::process::Command::new("mount");
        let mounted = mount.args(options).arg(image.path()).arg(folder.path()).output();
        mounted.is_ok_and(|output| output.status.success()).then_some(SmallDisk { folder, _image: image })
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// Leaves so many bytes free.
    fn leave(&self, free: u64) {
        let stat = rustix::fs::statvfs(self.folder.path()).unwrap();
        let ballast = std::fs::OpenOptions::new().append(true).create(true).open(self.path("ballast"));
        let take = (stat.f_bavail * stat.f_frsize).saturating_sub(free);
        std::io::Write::write_all(&mut ballast.unwrap(), &vec![1; take as usize]).unwrap();
    }

    /// Leaves nothing, also of what is kept for the system.
    fn fill(&self) {
        let ballast = std::fs::OpenOptions::new().append(true).create(true).open(self.path("ballast"));
        let mut ballast = ballast.unwrap();
        for size in [1 << 20, 1 << 12, 1] {
            while std::io::Write::write_all(&mut ballast, &vec![1; size]).is_ok() {}
        }
        drop(ballast.sync_all());
    }
}

#[cfg(target_os = "linux")]
impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(std::process::Command::new("umount").arg(self.folder.path()).output());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_really_full_refuses_recovers_and_loses_nothing() {
    let Some(disk) = SmallDisk::mount(24) else {
        return println!("skipped: this process may not mount a file system");
    };
    let path = disk.path("blog.redb");
    let life = Life::on(Store::open(&path, Opening::Create, 1 << 20).unwrap()).unwrap();
    (0..FULLEST).for_each(|number| runtime().block_on(life.step(number)).unwrap());
    let before = everything(&life.app.read().unwrap()).unwrap();

    // Above the mark of a sixteenth, and too little for what comes, with what the file has in advance.
    disk.leave(1_700_000);
    assert!(life.app.health().is_ok());
    let refused = runtime().block_on(life.upload(noise(1_500, 1_400)));
    assert!(matches!(refused, Err(Error::Unavailable)), "{refused:?}");
    let refused = runtime().block_on(life.upload(noise(90, 80)));
    assert!(matches!(refused, Err(Error::NoSpace | Error::Unavailable)), "{refused:?}");
    assert!(life.app.health().is_err());
    assert!(everything(&life.app.read().unwrap()).unwrap() == before, "reading goes on");
    soon(&life, 13);
    soon(&life, 14);

    std::fs::remove_file(disk.path("ballast")).unwrap();
    healed(&life);
    runtime().block_on(life.upload(noise(1_100, 1_000))).unwrap();
    drop(life);
    let checkup = check(&path).unwrap();
    assert_eq!((checkup.findings, checkup.walked), (Vec::<String>::new(), true));
}

/// Another program took the last byte. Deletes were refused then whenever they met a page of the data file
/// that had never been written, for which the disk had no block left.
#[cfg(target_os = "linux")]
#[test]
fn on_a_disk_without_a_free_byte_everything_can_be_deleted_at_the_first_try() {
    for (name, disk) in [("tmpfs", SmallDisk::mount(64)), ("ext4", SmallDisk::ext4(64))] {
        let Some(disk) = disk else {
            println!("{name} skipped: this process may not mount it");
            continue;
        };
        let path = disk.path("blog.redb");
        let open = |opening| Life::on(Store::open(&path, opening, 1 << 20).unwrap()).unwrap();
        let mut life = open(Opening::Create);
        let runtime = runtime();
        (0..FULLEST).for_each(|number| runtime.block_on(life.step(number)).unwrap());
        // Beyond several doublings of the file.
        for number in 0..40 {
            runtime.block_on(life.publish(&format!("post-{number}"))).unwrap();
            runtime.block_on(life.upload(noise(100 + number, 400))).unwrap();
        }
        for round in 0..2 {
            disk.fill();
            for number in (20 * round)..(20 * round + 20) {
                let removed = runtime.block_on(life.unwrite(&format!("post-{number}")));
                removed.unwrap_or_else(|error| panic!("{name}: post {number}: {error}"));
                let removed = runtime.block_on(life.step(13));
                removed.unwrap_or_else(|error| panic!("{name}: image {number}: {error}"));
                // Whatever came free is gone at once.
                disk.fill();
            }
            // Another life on the full disk.
            drop(life);
            life = open(Opening::Existing);
        }
        drop(life);
        let checkup = check(&path).unwrap();
        assert_eq!((checkup.findings, checkup.walked), (Vec::<String>::new(), true));
    }
}
