//! The layer under redb: it passes everything on, counts it and notices trouble.

use crate::store::reserve::Reserve;
use redb::{BackendError, StorageBackend};
use std::io;
use std::ops::Bound;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// Growth is refused below this many free bytes, or a sixteenth of a smaller disk: what is left
/// is for deleting, which has to write too.
const KEEP_FREE: u64 = 32 * 1024 * 1024;
/// Growth is refused for this long after the disk said that it is full, whatever it says of its
/// free space: a quota may be what is full.
const FULL_PAUSE: Duration = Duration::from_secs(5);

/// Room on a disk, in bytes.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Space {
    pub(in crate::store) free: u64,
    pub(in crate::store) total: u64,
}

impl Space {
    /// Room on the disk that holds `path`; `None` where the system does not tell.
    #[cfg(unix)]
    pub(in crate::store) fn of(path: &std::path::Path) -> Option<Space> {
        let disk = rustix::fs::statvfs(path).ok()?;
        let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
        Some(Space { free: bytes(disk.f_bavail), total: bytes(disk.f_blocks) })
    }

    #[cfg(not(unix))]
    pub(in crate::store) fn of(_: &std::path::Path) -> Option<Space> {
        None
    }

    fn is_enough(self) -> bool {
        self.free >= KEEP_FREE.min(self.total / 16)
    }
}

/// What has gone to the disk since the store was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    pub bytes: u64,
    pub writes: u64,
    pub syncs: u64,
}

/// What is known of the disk; shared by all that open it again.
#[derive(Debug, Default)]
pub(in crate::store) struct Gauge {
    failed: AtomicBool,
    full_since: Mutex<Option<Instant>>,
    was_low: AtomicBool,
    bytes: AtomicU64,
    writes: AtomicU64,
    syncs: AtomicU64,
}

impl Gauge {
    /// Whether anything failed since the file was opened: redb refuses the rest then.
    pub(in crate::store) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// The file is opened anew.
    pub(in crate::store) fn reset(&self) {
        self.failed.store(false, Ordering::Release);
    }

    /// Whether the disk said a moment ago that it is full.
    pub(in crate::store) fn is_full(&self) -> bool {
        let full = *self.full_since.lock().unwrap_or_else(PoisonError::into_inner);
        full.is_some_and(|since| since.elapsed() < FULL_PAUSE)
    }

    /// Whether the disk has room to grow, given what it says of itself; logs when that changes.
    pub(in crate::store) fn has_room(&self, space: Option<Space>) -> bool {
        let room = space.is_none_or(Space::is_enough) && !self.is_full();
        if self.was_low.swap(!room, Ordering::Relaxed) == room {
            let free = space.map(|space| space.free);
            if room {
                tracing::info!(free, "the disk has room again");
            } else {
                tracing::error!(free, "the disk is almost full: nothing can be added until there is room");
            }
        }
        room
    }

    pub(in crate::store) fn written(&self) -> Written {
        Written {
            bytes: self.bytes.load(Ordering::Relaxed),
            writes: self.writes.load(Ordering::Relaxed),
            syncs: self.syncs.load(Ordering::Relaxed),
        }
    }

    fn note<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result {
            self.failed.store(true, Ordering::Release);
            if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
                *self.full_since.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            }
        }
        result
    }
}

/// A backend under watch.
#[derive(Debug)]
pub(in crate::store) struct Watched {
    pub(in crate::store) inner: Box<dyn StorageBackend>,
    pub(in crate::store) gauge: Arc<Gauge>,
    /// Of a file.
    pub(in crate::store) reserve: Option<Reserve>,
}

impl StorageBackend for Watched {
    fn len(&self) -> io::Result<u64> {
        self.gauge.note(self.inner.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.gauge.note(self.inner.read(offset, out))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let set = self.gauge.note(self.inner.set_len(len));
        if let Some(reserve) = &self.reserve {
            reserve.cut(len);
        }
        set
    }

    fn sync_data(&self) -> io::Result<()> {
        self.gauge.syncs.fetch_add(1, Ordering::Relaxed);
        self.gauge.note(self.inner.sync_data())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.gauge.writes.fetch_add(1, Ordering::Relaxed);
        self.gauge.bytes.fetch_add(data.len() as u64, Ordering::Relaxed);
        // The last of the room is for those who delete, and what is ahead already is theirs.
        if let Some(reserve) = &self.reserve
            && !self.gauge.was_low.load(Ordering::Relaxed)
        {
            reserve.before_write(offset, offset.saturating_add(data.len() as u64));
        }
        self.gauge.note(self.inner.write(offset, data))
    }

    fn close(&self) -> io::Result<()> {
        self.inner.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.inner.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.inner.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.inner.query_lock_range(start, end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_disk_keeps_less_free_than_a_large_one() {
        let mb = 1024 * 1024;
        assert!(Space { free: 32 * mb, total: 100_000 * mb }.is_enough());
        assert!(!Space { free: 32 * mb - 1, total: 100_000 * mb }.is_enough());
        assert!(Space { free: mb, total: 16 * mb }.is_enough());
        assert!(!Space { free: mb - 1, total: 16 * mb }.is_enough());
    }

    #[test]
    fn a_full_disk_has_no_room_for_a_while_even_if_it_claims_so() {
        let gauge = Gauge::default();
        let claims = Some(Space { free: u64::MAX, total: u64::MAX });
        assert!(gauge.has_room(claims) && gauge.has_room(None) && !gauge.has_failed());
        gauge.note::<()>(Err(io::ErrorKind::StorageFull.into())).unwrap_err();
        assert!(!gauge.has_room(claims) && gauge.has_failed());
        *gauge.full_since.lock().unwrap() = Instant::now().checked_sub(FULL_PAUSE);
        assert!(gauge.has_room(claims));
    }

    #[cfg(unix)]
    #[test]
    fn a_disk_tells_its_room() {
        let space = Space::of(&std::env::temp_dir()).unwrap();
        assert!(space.total > 0 && space.free <= space.total);
    }
}
