//! A consistent copy of the data file, made while it is served.

use crate::error::{Error, Result};
use crate::store::file::{self, open_read_only};
use crate::store::schema::for_each_table;
use crate::store::{check, migrate, trouble};
use redb::{
    Database, Durability, Key, ReadOnlyDatabase, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable,
    ReadableTableMetadata, TableDefinition, TableError, Value,
};
use std::path::Path;

/// redb's cache while copying.
const CACHE: usize = 16 * 1024 * 1024;
/// Rows in one transaction of the copy, bounded also by `BATCH_BYTES`.
const BATCH_ROWS: usize = 10_000;
const BATCH_BYTES: usize = 8 * 1024 * 1024;
/// Findings that a refusal names; the rest is counted.
const NAMED: usize = 3;

/// Copies the snapshot of `from` that is current now into a new file `to`, which must not exist,
/// and verifies the copy. Works beside the process that serves `from`; a file that nobody serves
/// is walked first. Returns the rows copied. `Error::DataFile`: `from` is damaged, and there is no
/// copy.
pub fn backup(from: &Path, to: &Path) -> Result<u64> {
    let partial = partial_name(to)?;
    if !from.exists() {
        return Err(Error::Failed(format!(
            "The data file “{}” does not exist; please name it with --data.",
            from.display()
        )));
    }
    let copied = trouble::without_panic(from, || {
        let source = open_sound(from).map_err(|error| trouble::unreadable(from, error))?;
        copy_and_verify(&source, from, &partial)
    });
    let copied = copied.and_then(|copied| copied);
    let copied = copied.map_err(|error| trouble::unreadable(from, trouble::unwritable(&partial, error)));
    let result = copied.and_then(|rows| {
        std::fs::rename(&partial, to)
            .map_err(|cause| Error::Failed(format!("The backup could not be named “{}”: {cause}.", to.display())))?;
        sync_folder(to);
        Ok(rows)
    });
    if result.is_err() {
        drop(std::fs::remove_file(&partial));
    }
    result
}

/// Opens the file to read only, so that it can be served meanwhile. Before that, its pages are
/// walked and it gets the quick repair it wants after a crash, unless another process has it or
/// it may not be written.
fn open_sound(path: &Path) -> Result<ReadOnlyDatabase> {
    if let Ok(db) = open_read_only(path, CACHE) {
        // Refused untouched if a newer program wrote it.
        migrate::version(&db, migrate::STEPS)?;
    }
    // Otherwise it is served or may not be written, or `open_read_only` says what is wrong.
    if let Ok(mut db) = file::open_alone(path, CACHE)
        && !db.check_integrity()?
    {
        return Err(not_copied(path, "its checksums did not agree"));
    }
    let db = open_read_only(path, CACHE)?;
    if migrate::version(&db, migrate::STEPS)? == 0 {
        return Err(Error::Failed(format!(
            "The data file “{}” is empty; there is nothing to back up.",
            path.display()
        )));
    }
    Ok(db)
}

/// No copy of damaged data pretends to be a backup.
fn not_copied(path: &Path, findings: &str) -> Error {
    Error::DataFile(format!(
        "The data file “{}” is damaged, so no backup was made: {findings}. `pamphlet check` names everything; please \
         restore it from an earlier backup.",
        path.display()
    ))
}

/// The rules of `pamphlet check` hold for the copy, so that it can be restored.
fn check_records(from: &Path, copy: &Database) -> Result<()> {
    let checkup = check::records(copy)?;
    if checkup.findings.is_empty() {
        return Ok(());
    }
    let named: Vec<&str> = checkup.findings.iter().take(NAMED).map(|finding| finding.trim_end_matches('.')).collect();
    let rest = checkup.findings.len() + checkup.more - named.len();
    let and_more = if rest > 0 { format!("; and {rest} more") } else { String::new() };
    Err(not_copied(from, &format!("{}{and_more}", named.join("; "))))
}

fn partial_name(to: &Path) -> Result<std::path::PathBuf> {
    if to.exists() {
        return Err(Error::Failed(format!("“{}” exists already; please name a new file.", to.display())));
    }
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        let folder = folder.display();
        return Err(Error::Failed(format!("The folder “{folder}” does not exist; please make it first.")));
    }
    let mut partial = to.as_os_str().to_owned();
    partial.push(format!(".partial-{}", std::process::id()));
    Ok(partial.into())
}

fn copy_and_verify(source: &ReadOnlyDatabase, from: &Path, partial: &Path) -> Result<u64> {
    let snapshot = source.begin_read()?;
    let place = crate::store::file::Place::File { path: partial.to_owned(), cache: CACHE };
    let mut copy = place.open(crate::store::Opening::Create, &std::sync::Arc::default())?;
    let mut rows = 0;
    macro_rules! copy_one {
        ($table:ident) => {
            rows += copy_table(&snapshot, &copy, crate::store::schema::$table)?;
        };
    }
    for_each_table!(copy_one);
    seal(&copy)?;
    verify(&snapshot, &mut copy)?;
    check_records(from, &copy)?;
    Ok(rows)
}

fn copy_table<K: Key + 'static, V: Value + 'static>(
    from: &ReadTransaction,
    to: &Database,
    table: TableDefinition<'static, K, V>,
) -> Result<u64> {
    let Some(source) = table_of(from, table)? else { return Ok(0) };
    let mut rows = source.iter()?.peekable();
    let mut copied = 0;
    while rows.peek().is_some() {
        let mut txn = to.begin_write()?;
        txn.set_durability(Durability::None).or_else(|_| txn.set_durability(Durability::Immediate))?;
        let mut target = txn.open_table(table)?;
        let mut bytes = 0;
        for row in rows.by_ref().take(BATCH_ROWS) {
            let (key, value) = row?;
            bytes += V::as_bytes(&value.value()).as_ref().len();
            target.insert(key.value(), value.value())?;
            copied += 1;
            if bytes > BATCH_BYTES {
                break;
            }
        }
        drop(target);
        txn.commit()?;
    }
    Ok(copied)
}

/// A table of the source; `None` if the file is of an older schema that lacks it.
fn table_of<K: Key + 'static, V: Value + 'static>(
    txn: &ReadTransaction,
    table: TableDefinition<'static, K, V>,
) -> Result<Option<ReadOnlyTable<K, V>>> {
    match txn.open_table(table) {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(cause) => Err(cause.into()),
    }
}

/// The last commit is durable and lets the copy open without a repair.
fn seal(copy: &Database) -> Result<()> {
    let mut txn = copy.begin_write()?;
    txn.set_quick_repair(true);
    txn.commit()?;
    Ok(())
}

fn verify(snapshot: &ReadTransaction, copy: &mut Database) -> Result<()> {
    let sound = copy.check_integrity()?;
    let txn = copy.begin_read()?;
    let mut equal = true;
    macro_rules! compare {
        ($table:ident) => {
            equal &= table_of(snapshot, crate::store::schema::$table)?.map_or(Ok(0), |table| table.len())?
                == txn.open_table(crate::store::schema::$table)?.len()?;
        };
    }
    for_each_table!(compare);
    if sound && equal {
        Ok(())
    } else {
        Err(Error::Failed("The backup did not verify and was removed; please try again.".into()))
    }
}

/// Makes the new name durable where the system lets a folder be synced.
pub(in crate::store) fn sync_folder(file: &Path) {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    drop(std::fs::File::open(folder).and_then(|folder| folder.sync_all()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema::USERS;
    use crate::store::{Opening, Store};

    fn message(error: &Error) -> String {
        error.to_string()
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_sound_file_is_copied_and_the_copy_can_be_served() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("x.redb"), folder.path().join("y.redb"));
        let store = Store::open(&from, Opening::Create, CACHE).unwrap();
        backup(&from, &to).unwrap();
        drop(store);
        std::fs::remove_file(&to).unwrap();
        backup(&from, &to).unwrap();
        Store::open(&to, Opening::Existing, CACHE).unwrap();
        assert_eq!(names(folder.path()), ["x.redb", "y.redb"]);
    }

    #[test]
    fn damaged_data_are_not_blessed_whether_served_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("x.redb"), folder.path().join("y.redb"));
        drop(Store::open(&from, Opening::Create, CACHE).unwrap());
        let db = file::open_alone(&from, CACHE).unwrap();
        let txn = db.begin_write().unwrap();
        txn.open_table(USERS).unwrap().insert(1, [1u8, 0xc1].as_slice()).unwrap();
        txn.commit().unwrap();
        drop(db);
        let refused = |error: Error| {
            assert!(matches!(error, Error::DataFile(_)), "{error:?}");
            assert!(message(&error).contains("x.redb") && message(&error).contains("account 1"), "{error}");
        };
        refused(backup(&from, &to).unwrap_err());
        let _served = Store::open(&from, Opening::Existing, CACHE).unwrap();
        refused(backup(&from, &to).unwrap_err());
        assert_eq!(names(folder.path()), ["x.redb"]);
    }

    #[test]
    fn pages_that_do_not_agree_are_found_before_anything_is_copied() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("x.redb"), folder.path().join("y.redb"));
        drop(Store::open(&from, Opening::Create, CACHE).unwrap());
        let mut bytes = std::fs::read(&from).unwrap();
        let at = bytes.windows(14).rposition(|window| window == b"schema_version").unwrap();
        bytes[at + 15] ^= 1;
        bytes[at + 16] ^= 1;
        std::fs::write(&from, bytes).unwrap();
        assert!(matches!(backup(&from, &to), Err(Error::DataFile(_))));
        assert_eq!(names(folder.path()), ["x.redb"]);
    }

    #[test]
    fn what_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (from, missing) = (folder.path().join("x.redb"), folder.path().join("nodir"));
        let error = backup(&from, &folder.path().join("y.redb")).unwrap_err();
        assert!(message(&error).contains("x.redb” does not exist"), "{error}");
        std::fs::write(&from, "").unwrap();
        let error = backup(&from, &folder.path().join("y.redb")).unwrap_err();
        assert!(message(&error).contains("is empty"), "{error}");
        let error = backup(&from, &missing.join("y.redb")).unwrap_err();
        assert_eq!(
            message(&error),
            format!("The folder “{}” does not exist; please make it first.", missing.display())
        );
    }
}
