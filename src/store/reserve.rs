//! Room on the disk for the next writes, taken before something else fills it.
//!
//! redb doubles the length of its file, and most systems give a part of it blocks only when that is first
//! written. Deleting writes new pages too, so on a disk that another program has filled it would depend on luck:
//! a page that was used before has its blocks, one that never was has none. Whence this: the file is looked at in
//! stretches, and whatever is written, its stretch and the one behind have their blocks from then on. That covers
//! the next writes: redb takes the free page that leaves the least of the free space around it over, which lies
//! beside what is used already, or at the end of the file. Never is a whole doubling taken: that would
//! double what each blog takes of its disk. Nothing is synced for it; the commit that uses the blocks does that.
//!
//! It is a favour, not a promise. Where the system cannot do it, or copies what it overwrites, a delete may
//! still be told 503 and work when tried again.

use std::fs::File;
use std::io;
use std::ops::RangeInclusive;
use std::sync::{Mutex, PoisonError};

/// Bytes of a stretch.
const STRETCH: u64 = 2 * 1024 * 1024;

/// The blocks that a file has ahead of its writes.
#[derive(Debug)]
pub(in crate::store) struct Reserve {
    file: File,
    taken: Mutex<Taken>,
}

/// Which stretches have their blocks.
#[derive(Debug, Default)]
struct Taken {
    /// Whether it was looked up what the file has from earlier.
    knows_file: bool,
    /// The system cannot do it.
    is_off: bool,
    /// A bit for each.
    stretches: Vec<u64>,
}

impl Reserve {
    /// Does nothing before the first write: until then the file may be another's.
    pub(in crate::store) fn new(file: File) -> Reserve {
        Reserve { file, taken: Mutex::default() }
    }

    /// Takes what surrounds a write from `start` to `end`.
    pub(in crate::store) fn before_write(&self, start: u64, end: u64) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::replace(&mut taken.knows_file, true) {
            written(&self.file, |start, end| taken.take(&self.file, around(start, end)));
        }
        taken.take(&self.file, around(start, end));
    }

    /// The file has this length from now on: what was behind that has no blocks any more if it was longer.
    pub(in crate::store) fn cut(&self, len: u64) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let last = len / STRETCH;
        let bits = taken.stretches.len() as u64 * 64;
        (last..bits).for_each(|stretch| taken.set(stretch, false));
    }
}

impl Taken {
    fn take(&mut self, file: &File, stretches: RangeInclusive<u64>) {
        for stretch in stretches {
            if self.is_off || self.has(stretch) {
                continue;
            }
            match allocate(file, stretch * STRETCH, STRETCH) {
                Ok(()) => self.set(stretch, true),
                Err(error) if error.kind() == io::ErrorKind::Unsupported => self.is_off = true,
                // Full, or interrupted: the next write tries again.
                Err(_) => {}
            }
        }
    }

    fn has(&self, stretch: u64) -> bool {
        let (word, bit) = place(stretch);
        self.stretches.get(word).is_some_and(|bits| bits & bit != 0)
    }

    fn set(&mut self, stretch: u64, is_taken: bool) {
        let (word, bit) = place(stretch);
        if word >= self.stretches.len() {
            self.stretches.resize(word + 1, 0);
        }
        if let Some(bits) = self.stretches.get_mut(word) {
            *bits = if is_taken { *bits | bit } else { *bits & !bit };
        }
    }
}

fn place(stretch: u64) -> (usize, u64) {
    (usize::try_from(stretch / 64).unwrap_or(0), 1 << (stretch % 64))
}

/// The stretches of what lies from `start` to `end`, and the one behind.
fn around(start: u64, end: u64) -> RangeInclusive<u64> {
    start / STRETCH..=end.saturating_sub(1) / STRETCH + 1
}

/// Tells `each` part of a file that was ever written. What has blocks and was not written counts as a hole.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn written(file: &File, mut each: impl FnMut(u64, u64)) {
    use rustix::fs::{SeekFrom, seek};
    let mut end = 0;
    while let Ok(start) = seek(file, SeekFrom::Data(end)) {
        end = match seek(file, SeekFrom::Hole(start)) {
            Ok(hole) if hole > start => hole,
            _ => return,
        };
        each(start, end);
    }
}

/// Gives blocks to what has none, also behind the end of the file, whose length stays.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn allocate(file: &File, from: u64, len: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    Ok(fallocate(file, FallocateFlags::KEEP_SIZE, from, len)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn written(_: &File, _: impl FnMut(u64, u64)) {}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn allocate(_: &File, _: u64, _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{FileExt, MetadataExt};

    const MB: u64 = 1024 * 1024;
    const PAGE: u64 = 4096;

    /// A file in which blocks can be taken ahead; `None` where the system cannot.
    fn file() -> Option<File> {
        let file = tempfile::tempfile().unwrap();
        let able = allocate(&file, 0, MB).is_ok();
        if !able {
            println!("skipped: the file system takes no blocks ahead");
        }
        able.then(|| tempfile::tempfile().unwrap())
    }

    /// Megabytes of blocks, but for those in which the system keeps its own books.
    fn taken(file: &File) -> u64 {
        file.metadata().unwrap().blocks() * 512 / MB
    }

    fn write(reserve: &Reserve, start: u64) {
        reserve.before_write(start, start + PAGE);
    }

    #[test]
    fn what_is_written_has_blocks_around_it_and_what_lies_far_from_it_has_none() {
        let Some(file) = file() else { return };
        file.set_len(64 * MB).unwrap();
        let reserve = Reserve::new(file.try_clone().unwrap());
        for (start, expected) in [(0, 4), (MB, 4), (2 * MB - PAGE, 4), (2 * MB, 6), (5 * MB, 8)] {
            write(&reserve, start);
            assert_eq!(taken(&file), expected, "at {start}");
        }
        // redb puts pages at the end of a file that it has made longer.
        write(&reserve, 64 * MB - PAGE);
        assert_eq!((taken(&file), file.metadata().unwrap().len()), (12, 64 * MB));
        write(&reserve, 20 * MB);
        assert_eq!(taken(&file), 16);
    }

    #[test]
    fn what_was_cut_off_is_taken_again() {
        let Some(file) = file() else { return };
        file.set_len(64 * MB).unwrap();
        let reserve = Reserve::new(file.try_clone().unwrap());
        reserve.before_write(0, 9 * MB);
        assert_eq!(taken(&file), 12);
        file.set_len(5 * MB).unwrap();
        reserve.cut(5 * MB);
        assert_eq!(taken(&file), 5);
        write(&reserve, 3 * MB);
        assert_eq!((taken(&file), file.metadata().unwrap().len()), (6, 5 * MB));
    }

    #[test]
    fn another_life_begins_with_what_surrounds_that_of_the_last_one() {
        let Some(file) = file() else { return };
        file.set_len(64 * MB).unwrap();
        for at in [0, 8 * MB, 20 * MB - PAGE] {
            file.write_all_at(&[1; PAGE as usize], at).unwrap();
        }
        for _ in 0..3 {
            write(&Reserve::new(file.try_clone().unwrap()), 0);
            assert_eq!(taken(&file), 12, "what a life did not use it leaves to the next");
        }
    }
}
