//! Opening the data file, and saying in plain words why it cannot be opened.

use crate::error::{Error, Result};
use crate::store::copy::sync_folder;
use crate::store::disk::{Gauge, Space, Watched};
use crate::store::frozen::Frozen;
use crate::store::migrate::{self, Step};
use crate::store::reserve::Reserve;
use crate::store::trouble::{cannot_open, damaged, explain, unreadable, unwritable, without_panic};
use redb::backends::{FileBackend, InMemoryBackend};
use redb::{BackendError, Builder, ConcurrencyMode, Database, DatabaseError, ReadOnlyDatabase, StorageBackend};
use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// redb's cache for a store in memory, whose backend is itself the memory.
const MEMORY_CACHE: usize = 1024 * 1024;
/// Largest file that can be one whose making was interrupted: redb begins with one of 1 MB.
const LARGEST_UNBEGUN: u64 = 2 * 1024 * 1024;

/// Whether a missing file is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    Create,
    Existing,
}

/// Opens the same storage anew each time.
type Reopen = dyn Fn() -> Box<dyn StorageBackend> + Send + Sync;
/// Free bytes of it, as far as is known.
type Free = dyn Fn() -> Option<u64> + Send + Sync;

/// Where the data are.
pub(in crate::store) enum Place {
    File {
        path: PathBuf,
        cache: usize,
    },
    /// Memory, or what a test makes of it.
    Backend {
        reopen: Box<Reopen>,
        free: Box<Free>,
    },
}

impl Place {
    /// Memory that lasts as long as this value.
    pub(in crate::store) fn memory() -> Place {
        let memory = Arc::new(InMemoryBackend::new());
        let reopen = Box::new(move || Box::new(Kept(Arc::clone(&memory))) as Box<dyn StorageBackend>);
        Place::Backend { reopen, free: Box::new(|| None) }
    }

    /// Opens it to write, and brings its schema up to date.
    pub(in crate::store) fn open(&self, opening: Opening, gauge: &Arc<Gauge>) -> Result<Database> {
        self.open_with(opening, gauge, migrate::STEPS)
    }

    fn open_with(&self, opening: Opening, gauge: &Arc<Gauge>, steps: &[Step]) -> Result<Database> {
        let path = self.path();
        let (inner, reserve) = self.backend(opening)?;
        let is_new = inner.len().map_err(|cause| cannot_open(path, &cause))? == 0;
        if !is_new {
            self.prepare(steps)?;
        }
        let watched = Watched { inner, gauge: Arc::clone(gauge), reserve };
        let db = guarded(path, || self.builder().create_with_backend(watched))?;
        let brought_up = without_panic(path, || {
            let version = migrate::version(&db, steps).map_err(|error| unreadable(path, error))?;
            migrate::run(&db, version, steps).map_err(|error| unwritable(path, error))
        });
        brought_up??;
        if is_new && let Place::File { path, .. } = self {
            sync_folder(path);
        }
        Ok(db)
    }

    /// Refuses a file of a newer program before anything touches it, and copies one that will be
    /// migrated.
    fn prepare(&self, steps: &[Step]) -> Result<()> {
        let version = match self.frozen(false) {
            Ok(db) => migrate::version(&db, steps).map_err(|error| unreadable(self.path(), error))?,
            // It has to be walked through first; its version is looked at afterwards.
            Err(Frost::NeedsWalk) => return Ok(()),
            Err(Frost::Error(error)) => return Err(error),
        };
        match self {
            Place::File { path, .. } if version > 0 && version < steps.len() as u64 => copy_beside(path, version),
            _ => Ok(()),
        }
    }

    /// What is there, to read only; nothing is changed. For a storage that takes no writes.
    pub(in crate::store) fn look(&self) -> Result<Database> {
        self.frozen(true).map_err(|frost| match frost {
            Frost::NeedsWalk => damaged(self.path()),
            Frost::Error(error) => error,
        })
    }

    fn frozen(&self, walk: bool) -> std::result::Result<Database, Frost> {
        let path = self.path();
        let (inner, locks) = match self {
            Place::File { path, .. } => match open_to_write(path, Opening::Existing) {
                Ok(file) => (boxed(path, file)?, true),
                Err(_) => (boxed(path, open_to_read(path)?)?, false),
            },
            Place::Backend { reopen, .. } => (reopen(), false),
        };
        let frozen = Frozen::new(inner, locks).map_err(|cause| cannot_open(path, &cause))?;
        let mut builder = self.builder();
        if !locks {
            builder.set_concurrency_mode(ConcurrencyMode::ExclusiveWriter);
        }
        builder.set_repair_callback(move |session| {
            if !walk {
                session.abort();
            }
        });
        without_panic(path, || builder.create_with_backend(frozen))?.map_err(|cause| match cause {
            DatabaseError::RepairAborted => Frost::NeedsWalk,
            cause => Frost::Error(explain(path, cause)),
        })
    }

    /// Room where the data are, as far as is known.
    pub(in crate::store) fn space(&self) -> Option<Space> {
        match self {
            Place::File { path, .. } => Space::of(path),
            Place::Backend { free, .. } => free().map(|free| Space { free, total: u64::MAX }),
        }
    }

    fn backend(&self, opening: Opening) -> Result<(Box<dyn StorageBackend>, Option<Reserve>)> {
        let path = self.path();
        let (inner, reserve) = match self {
            Place::Backend { reopen, .. } => (reopen(), None),
            Place::File { .. } => {
                let file = open_to_write(path, opening).map_err(|cause| cannot_open(path, &cause))?;
                if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
                    return Err(Error::Failed(format!("“{}” is a folder; please name a file.", path.display())));
                }
                let reserve = file.try_clone().ok().map(Reserve::new);
                (boxed(path, file)?, reserve)
            }
        };
        if opening == Opening::Create {
            clear_unbegun(&*inner).map_err(|cause| cannot_open(path, &cause))?;
        }
        Ok((inner, reserve))
    }

    /// Bytes of the file; `None` in memory, or if it cannot be told.
    pub(in crate::store) fn bytes(&self) -> Option<u64> {
        match self {
            Place::Backend { .. } => None,
            Place::File { path, .. } => std::fs::metadata(path).ok().map(|metadata| metadata.len()),
        }
    }

    fn builder(&self) -> Builder {
        match self {
            Place::File { cache, .. } => builder(*cache, ConcurrencyMode::SingleWriter),
            Place::Backend { .. } => builder(MEMORY_CACHE, ConcurrencyMode::ExclusiveWriter),
        }
    }

    fn path(&self) -> &Path {
        match self {
            Place::File { path, .. } => path,
            Place::Backend { .. } => Path::new("memory"),
        }
    }
}

/// Why a look was not possible.
enum Frost {
    NeedsWalk,
    Error(Error),
}

impl From<Error> for Frost {
    fn from(error: Error) -> Frost {
        Frost::Error(error)
    }
}

fn boxed(path: &Path, file: File) -> Result<Box<dyn StorageBackend>> {
    FileBackend::new(file)
        .map(|backend| Box::new(backend) as Box<dyn StorageBackend>)
        .map_err(|cause| explain(path, cause))
}

/// Opens a file beside the process that serves it, to read only.
pub(in crate::store) fn open_read_only(path: &Path, cache: usize) -> Result<ReadOnlyDatabase> {
    let file = open_to_read(path)?;
    guarded(path, || builder(cache, ConcurrencyMode::SingleWriter).open_read_only_with_backend(FileBackend::new(file)?))
}

/// Opens a file that no other process has, without bringing its schema up to date.
pub(in crate::store) fn open_alone(path: &Path, cache: usize) -> Result<Database> {
    let file = open_to_write(path, Opening::Existing).map_err(|cause| cannot_open(path, &cause))?;
    guarded(path, || builder(cache, ConcurrencyMode::SingleWriter).create_with_backend(FileBackend::new(file)?))
}

fn builder(cache: usize, mode: ConcurrencyMode) -> Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(cache).set_concurrency_mode(mode);
    builder
}

/// The file holds password hashes and drafts: nobody but its owner may read it.
fn open_to_write(path: &Path, opening: Opening) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(opening == Opening::Create);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    open_quietly(path, &mut options)
}

fn open_to_read(path: &Path) -> Result<File> {
    open_quietly(path, OpenOptions::new().read(true)).map_err(|cause| cannot_open(path, &cause))
}

/// Nothing is written because something was read: most systems note the time of the first read after each
/// write, which is a write too. Only the file's owner may ask them not to.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn open_quietly(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let quiet = options.clone().custom_flags(rustix::fs::OFlags::NOATIME.bits().cast_signed()).open(path);
    match quiet {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => options.open(path),
        opened => opened,
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn open_quietly(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    options.open(path)
}

fn guarded<T>(path: &Path, open: impl FnOnce() -> std::result::Result<T, DatabaseError>) -> Result<T> {
    without_panic(path, open)?.map_err(|cause| explain(path, cause))
}

/// A way back: before the first migration the file is copied as it was.
fn copy_beside(path: &Path, version: u64) -> Result<()> {
    let mut copy = path.as_os_str().to_owned();
    copy.push(format!(".v{version}"));
    let copy = PathBuf::from(copy);
    let copied = std::fs::copy(path, &copy).and_then(|_| File::open(&copy)?.sync_all());
    sync_folder(&copy);
    copied.map_err(|cause| {
        drop(std::fs::remove_file(&copy));
        Error::Failed(format!("The data file could not be copied to “{}” before its upgrade: {cause}.", copy.display()))
    })
}

/// Empties a storage that a power cut left before redb had begun to use it: it writes its mark
/// last, and nothing behind the first sector before that.
fn clear_unbegun(storage: &dyn StorageBackend) -> io::Result<()> {
    const SECTOR: usize = 512;
    const WHOLE: (Bound<u64>, Bound<u64>) = (Bound::Unbounded, Bound::Unbounded);
    let len = storage.len()?;
    if len == 0 || len > LARGEST_UNBEGUN {
        return Ok(());
    }
    let mut mark = [0; 8];
    storage.read(0, mark.get_mut(..usize::try_from(len).unwrap_or(8).min(8)).unwrap_or_default())?;
    if mark != [0; 8] {
        return Ok(());
    }
    // Another process may be making it this very moment: it holds its locks while it does.
    let locked = match storage.try_lock_range(WHOLE.0, WHOLE.1) {
        Ok(locked) => locked,
        Err(BackendError::Unsupported) => true,
        Err(_) => false,
    };
    if !locked {
        return Ok(());
    }
    let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
    storage.read(0, &mut bytes)?;
    let unbegun = bytes.iter().take(8).chain(bytes.iter().skip(SECTOR)).all(|byte| *byte == 0);
    let emptied = if unbegun { storage.set_len(0) } else { Ok(()) };
    drop(storage.unlock_range(WHOLE.0, WHOLE.1));
    emptied
}

/// Memory that several backends can share, one after the other.
#[derive(Debug)]
struct Kept(Arc<InMemoryBackend>);

impl StorageBackend for Kept {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }
}

#[cfg(test)]
mod tests;
