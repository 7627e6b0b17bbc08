//! Why the data file cannot be used, in plain words.

use crate::error::{Error, Result};
use redb::{DatabaseError, StorageError};
use std::cell::Cell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::Once;

/// A damaged file can make redb panic; that is an answer too.
pub(in crate::store) fn without_panic<T>(path: &Path, work: impl FnOnce() -> T) -> Result<T> {
    let _quiet = Quiet::new();
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| damaged(path))
}

/// Runs a command: if redb panics in it, the data file is damaged. Any other panic goes on.
pub fn if_damaged<T>(work: impl FnOnce() -> T) -> Result<T> {
    OF_REDB_QUIET.set(true);
    let ran = catch_unwind(AssertUnwindSafe(work));
    OF_REDB_QUIET.set(false);
    ran.or_else(|panic| if has_redb_panicked() { Err(damaged_within()) } else { resume_unwind(panic) })
}

/// Whether the last panic of this thread came from redb, once a file was opened.
pub(in crate::store) fn has_redb_panicked() -> bool {
    OF_REDB.get()
}

/// What was read or written cannot be right.
pub(in crate::store) fn damaged_within() -> Error {
    Error::DataFile("The data file is damaged. Please restore it from a backup.".into())
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
    /// Panics of redb are told in other words.
    static OF_REDB_QUIET: Cell<bool> = const { Cell::new(false) };
    /// Whether the last panic was redb's.
    static OF_REDB: Cell<bool> = const { Cell::new(false) };
}

/// While it lives, a panic of this thread is expected and not printed.
struct Quiet;

impl Quiet {
    fn new() -> Quiet {
        // Once for all threads, so that two that open at once cannot keep each other's hook.
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let print = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                let of_redb = info.location().is_some_and(|place| place.file().contains("redb-"));
                OF_REDB.set(of_redb);
                if !(QUIET.get() || of_redb && OF_REDB_QUIET.get()) {
                    print(info);
                }
            }));
        });
        QUIET.set(true);
        Quiet
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        QUIET.set(false);
    }
}

/// The system does not let the file be opened.
pub(in crate::store) fn cannot_open(path: &Path, cause: &io::Error) -> Error {
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

/// redb does not open the file.
pub(in crate::store) fn explain(path: &Path, cause: DatabaseError) -> Error {
    let name = path.display();
    match cause {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => Error::DataFile(in_use(path)),
        DatabaseError::UpgradeRequired(_) => {
            Error::DataFile(format!("The data file “{name}” has an old redb format that this program cannot read."))
        }
        DatabaseError::Storage(StorageError::Io(io)) if !tells_damage(io.kind()) => cannot_open(path, &io),
        _ => damaged(path),
    }
}

/// What is said of a file that another process has open.
pub(in crate::store) fn in_use(path: &Path) -> String {
    let name = path.display();
    format!(
        "The data file “{name}” is in use by another process. Please stop that one first, or name another file with --data."
    )
}

/// Kinds of error that redb gives for what a file holds; `InvalidInput` for one shorter than its header.
fn tells_damage(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof)
}

/// While nothing is served yet, an I/O error is about this file; other errors name it.
pub(in crate::store) fn unreadable(path: &Path, error: Error) -> Error {
    match error {
        Error::Unavailable | Error::Internal(_) => Error::DataFile(format!(
            "The data file “{}” cannot be read to its end: it is damaged, or the disk fails. Please restore it from a backup.",
            path.display()
        )),
        Error::DataFile(message) if !message.contains(&*path.to_string_lossy()) => {
            Error::DataFile(format!("“{}”: {message}", path.display()))
        }
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

/// What is there is no data file, or no longer one.
pub(in crate::store) fn damaged(path: &Path) -> Error {
    Error::DataFile(format!(
        "The data file “{}” is damaged or is not a pamphlet data file. Please restore it from a backup.",
        path.display()
    ))
}
