//! Room on the disk for the next writes, taken before something else fills it.
//!
//! redb doubles the length of its file, and most systems give a part of it blocks only when that is first
//! written. Deleting writes new pages too, so on a disk that another program has filled it would depend on luck:
//! a page that was used before has its blocks, one that never was has none. redb takes the first free
//! page of a size, so what was never written lies behind what was, but for parts that fall off when a large
//! page is placed. Whence this: everything up to a mark has its blocks, and the mark stays ahead of the writes.
//! It is a few megabytes ahead, and not at the end of a file that was doubled: that would double what each
//! blog takes of its disk. Nothing is synced for it; the commit that uses the blocks does that.
//!
//! It is a favour, not a promise. Where the system cannot do it, or copies what it overwrites, a delete may
//! still be told 503 and work when tried again.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

/// How far ahead of a write blocks are taken.
const AHEAD: u64 = 4 * 1024 * 1024;
/// They are taken when less than this is left.
const LEAST: u64 = 2 * 1024 * 1024;

/// The blocks that a file has ahead of its writes.
#[derive(Debug)]
pub(in crate::store) struct Reserve {
    file: File,
    /// Everything before this has its blocks; 0 before the first write, when it has to be looked up.
    until: AtomicU64,
}

impl Reserve {
    /// Does nothing before the first write: until then the file may be another's.
    pub(in crate::store) fn new(file: File) -> Reserve {
        Reserve { file, until: AtomicU64::new(0) }
    }

    /// Goes on ahead of a write that ends at `end`.
    pub(in crate::store) fn before_write(&self, end: u64) {
        let until = self.until.load(Ordering::Relaxed);
        if end.saturating_add(LEAST) <= until {
            return;
        }
        // The pages that are free lie about anywhere in what was written in an earlier life.
        let end = if until == 0 { end.max(end_of_data(&self.file)) } else { end };
        let wanted = end.saturating_add(AHEAD);
        match allocate(&self.file, until, wanted) {
            Ok(()) => self.until.store(wanted, Ordering::Relaxed),
            Err(error) if error.kind() == io::ErrorKind::Unsupported => self.until.store(u64::MAX, Ordering::Relaxed),
            // Full, or interrupted: the next write tries again.
            Err(_) => {}
        }
    }

    /// The file has this length from now on: what was behind that has no blocks any more if it was longer.
    pub(in crate::store) fn cut(&self, len: u64) {
        self.until.fetch_min(len, Ordering::Relaxed);
    }
}

/// Where the last part ends that was ever written. What has blocks and was not written counts as a hole.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn end_of_data(file: &File) -> u64 {
    use rustix::fs::{SeekFrom, seek};
    let mut end = 0;
    while let Ok(hole) = seek(file, SeekFrom::Data(end)).and_then(|data| seek(file, SeekFrom::Hole(data))) {
        if hole <= end {
            break;
        }
        end = hole;
    }
    end
}

/// Gives blocks to what has none, also behind the end of the file, whose length stays.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn allocate(file: &File, from: u64, to: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    Ok(fallocate(file, FallocateFlags::KEEP_SIZE, from, to.saturating_sub(from))?)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn end_of_data(_: &File) -> u64 {
    0
}

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

    /// A file in which blocks can be taken ahead; `None` where the system cannot.
    fn file() -> Option<File> {
        let file = tempfile::tempfile().unwrap();
        allocate(&file, 0, MB).ok().map(|()| tempfile::tempfile().unwrap())
    }

    /// Megabytes of blocks, but for those in which the system keeps its own books.
    fn taken(file: &File) -> u64 {
        file.metadata().unwrap().blocks() * 512 / MB
    }

    #[test]
    fn blocks_are_ahead_of_every_write_and_not_at_the_end_of_a_long_file() {
        let Some(file) = file() else { return println!("skipped: the file system takes no blocks ahead") };
        file.set_len(64 * MB).unwrap();
        let reserve = Reserve::new(file.try_clone().unwrap());
        for end in [4096, MB, 2 * MB] {
            reserve.before_write(end);
            assert_eq!(taken(&file), 4, "at {end}");
        }
        // Holes before a write are filled.
        reserve.before_write(10 * MB);
        assert_eq!((taken(&file), file.metadata().unwrap().len()), (14, 64 * MB));
        // What was cut off has to be taken again, behind the end too.
        file.set_len(11 * MB).unwrap();
        reserve.cut(11 * MB);
        assert_eq!(taken(&file), 11);
        reserve.before_write(9 * MB + 1);
        assert_eq!((taken(&file), file.metadata().unwrap().len()), (13, 11 * MB));
    }

    #[test]
    fn another_life_begins_ahead_of_what_the_last_one_wrote() {
        let Some(file) = file() else { return println!("skipped: the file system takes no blocks ahead") };
        file.set_len(64 * MB).unwrap();
        for at in [0, 8 * MB, 20 * MB - 4096] {
            file.write_all_at(&[1; 4096], at).unwrap();
        }
        for _ in 0..3 {
            let reserve = Reserve::new(file.try_clone().unwrap());
            assert_eq!(end_of_data(&file), 20 * MB);
            reserve.before_write(4096);
            assert_eq!(taken(&file), 24, "what a life did not use it leaves to the next");
        }
    }
}
