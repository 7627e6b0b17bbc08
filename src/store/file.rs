//! Opening the data file, and saying in plain words why it cannot be opened.

use crate::error::{Error, Result};
use crate::store::migrate;
use redb::backends::{FileBackend, InMemoryBackend};
use redb::{Builder, ConcurrencyMode, Database, DatabaseError, ReadOnlyDatabase, StorageError};
use std::cell::Cell;
use std::fs::{File, OpenOptions};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Once;

/// redb's cache for a store in memory, whose backend is itself the memory.
const MEMORY_CACHE: usize = 1024 * 1024;

/// Whether a missing file is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    Create,
    Existing,
}

/// Where the data are.
#[derive(Debug)]
pub(in crate::store) enum Place {
    File { path: PathBuf, cache: usize },
    Memory,
}

impl Place {
    /// Opens the file to write, and brings its schema up to date.
    pub(in crate::store) fn open(&self, opening: Opening) -> Result<Database> {
        match self {
            Place::Memory => {
                let db = builder(MEMORY_CACHE, ConcurrencyMode::ExclusiveWriter)
                    .create_with_backend(InMemoryBackend::new())?;
                migrate::run(&db, 0)?;
                Ok(db)
            }
            Place::File { path, cache } => open_file(path, opening, *cache),
        }
    }

    /// Bytes of the file; `None` in memory, or if it cannot be told.
    pub(in crate::store) fn bytes(&self) -> Option<u64> {
        match self {
            Place::Memory => None,
            Place::File { path, .. } => std::fs::metadata(path).ok().map(|metadata| metadata.len()),
        }
    }
}

fn open_file(path: &Path, opening: Opening, cache: usize) -> Result<Database> {
    let file = file_options(opening).open(path).map_err(|cause| cannot_open(path, &cause))?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err(Error::Failed(format!("“{}” is a folder; please name a file.", path.display())));
    }
    let db = guarded(path, || {
        let backend = FileBackend::new(file)?;
        builder(cache, ConcurrencyMode::SingleWriter).create_with_backend(backend)
    })?;
    let version = migrate::version(&db).map_err(|error| unreadable(path, error))?;
    if version > 0 && version < migrate::SCHEMA {
        copy_beside(path, version)?;
    }
    migrate::run(&db, version).map_err(|error| unwritable(path, error))?;
    Ok(db)
}

/// Opens a file beside the process that serves it, to read only.
pub(in crate::store) fn open_read_only(path: &Path, cache: usize) -> Result<ReadOnlyDatabase> {
    let file = File::open(path).map_err(|cause| cannot_open(path, &cause))?;
    guarded(path, || builder(cache, ConcurrencyMode::SingleWriter).open_read_only_with_backend(FileBackend::new(file)?))
}

/// Opens a file that no other process has, without bringing its schema up to date.
pub(in crate::store) fn open_alone(path: &Path, cache: usize) -> Result<Database> {
    let file = file_options(Opening::Existing).open(path).map_err(|cause| cannot_open(path, &cause))?;
    guarded(path, || builder(cache, ConcurrencyMode::SingleWriter).create_with_backend(FileBackend::new(file)?))
}

fn builder(cache: usize, mode: ConcurrencyMode) -> Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(cache).set_concurrency_mode(mode);
    builder
}

/// The file holds password hashes and drafts: nobody but its owner may read it.
fn file_options(opening: Opening) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(opening == Opening::Create);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn guarded<T>(path: &Path, open: impl FnOnce() -> std::result::Result<T, DatabaseError>) -> Result<T> {
    without_panic(path, open)?.map_err(|cause| explain(path, cause))
}

/// A damaged file can make redb panic; that is an answer too.
pub(in crate::store) fn without_panic<T>(path: &Path, work: impl FnOnce() -> T) -> Result<T> {
    let _quiet = silence_panics();
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| damaged(path))
}

thread_local! {
    /// Whether a panic of this thread is expected, and need not be reported.
    static EXPECTED: Cell<bool> = const { Cell::new(false) };
}

/// Keeps this thread's panics from being reported until the guard is dropped. The hook belongs to
/// the whole process, so it is wrapped once and never taken away: other threads still report theirs.
fn silence_panics() -> impl Drop {
    static WRAPPED: Once = Once::new();
    struct Loud;
    impl Drop for Loud {
        fn drop(&mut self) {
            EXPECTED.set(false);
        }
    }
    WRAPPED.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !EXPECTED.get() {
                report(panic);
            }
        }));
    });
    EXPECTED.set(true);
    Loud
}

fn cannot_open(path: &Path, cause: &io::Error) -> Error {
    let path = path.display();
    Error::Failed(match cause.kind() {
        io::ErrorKind::NotFound => {
            format!("The data file “{path}” does not exist and cannot be made here; please check the path.")
        }
        io::ErrorKind::PermissionDenied => {
            format!(
                "The data file “{path}” cannot be opened: permission denied. Please check who owns the file and its folder."
            )
        }
        io::ErrorKind::ReadOnlyFilesystem => format!("The data file “{path}” cannot be opened: the disk is read-only."),
        io::ErrorKind::IsADirectory => format!("“{path}” is a folder; please name a file."),
        _ => format!("The data file “{path}” cannot be opened: {cause}."),
    })
}

fn explain(path: &Path, cause: DatabaseError) -> Error {
    let name = path.display();
    match cause {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => Error::DataFile(format!(
            "The data file “{name}” is in use by another process. Please stop that one first, or name another file with --data."
        )),
        DatabaseError::UpgradeRequired(_) => {
            Error::DataFile(format!("The data file “{name}” has an old redb format that this program cannot read."))
        }
        DatabaseError::Storage(StorageError::Io(io))
            if io.kind() != io::ErrorKind::InvalidData && io.kind() != io::ErrorKind::UnexpectedEof =>
        {
            cannot_open(path, &io)
        }
        _ => damaged(path),
    }
}

/// While nothing is served yet, an I/O error is about this file.
pub(in crate::store) fn unreadable(path: &Path, error: Error) -> Error {
    match error {
        Error::Unavailable | Error::Internal(_) => Error::DataFile(format!(
            "The data file “{}” cannot be read to its end: it is damaged, or the disk fails. Please restore it from a backup.",
            path.display()
        )),
        other => other,
    }
}

/// The same for what is written.
pub(in crate::store) fn unwritable(path: &Path, error: Error) -> Error {
    match error {
        Error::Unavailable => {
            Error::Failed(format!("“{}” cannot be written; please check that the disk is not full.", path.display()))
        }
        other => other,
    }
}

fn damaged(path: &Path) -> Error {
    Error::DataFile(format!(
        "The data file “{}” is damaged or is not a pamphlet data file. Please restore it from a backup.",
        path.display()
    ))
}

/// A way back: before the first migration the file is copied as it was.
fn copy_beside(path: &Path, version: u64) -> Result<()> {
    let mut copy = path.as_os_str().to_owned();
    copy.push(format!(".v{version}"));
    std::fs::copy(path, &copy).map(|_| ()).map_err(|cause| {
        Error::Failed(format!("The data file could not be copied to “{}” before its upgrade: {cause}.", copy.display()))
    })
}
