//! A consistent copy of the data file, made while it is served.

use crate::error::{Error, Result};
use crate::store::file::{self, open_read_only};
use crate::store::migrate;
use crate::store::schema::for_each_table;
use redb::{
    Database, Durability, Key, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata,
    TableDefinition, Value,
};
use std::path::Path;

/// redb's cache while copying.
const CACHE: usize = 16 * 1024 * 1024;
/// Rows in one transaction of the copy, bounded also by `BATCH_BYTES`.
const BATCH_ROWS: usize = 10_000;
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// Copies the snapshot of `from` that is current now into a new file `to`, which must not exist,
/// and verifies the copy. Works beside the process that serves `from`. Returns the rows copied.
pub fn backup(from: &Path, to: &Path) -> Result<u64> {
    let partial = partial_name(to)?;
    let source = Source::open(from)?;
    let copied = copy_and_verify(&source, &partial).map_err(|error| file::unwritable(&partial, error));
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

/// A file at rest needs no lock-sharing; a file being served is opened to read only.
enum Source {
    Shared(redb::ReadOnlyDatabase),
    Alone(Database),
}

impl Source {
    fn open(path: &Path) -> Result<Source> {
        match open_read_only(path, CACHE) {
            Ok(db) => {
                migrate::version(&db, migrate::STEPS)?;
                Ok(Source::Shared(db))
            }
            // After a crash the file wants its quick repair first, which needs to write.
            Err(Error::DataFile(_)) => {
                let place = crate::store::file::Place::File { path: path.to_owned(), cache: CACHE };
                Ok(Source::Alone(place.open(crate::store::Opening::Existing, &std::sync::Arc::default())?))
            }
            Err(error) => Err(error),
        }
    }

    fn read(&self) -> Result<ReadTransaction> {
        Ok(match self {
            Source::Shared(db) => db.begin_read()?,
            Source::Alone(db) => db.begin_read()?,
        })
    }
}

fn partial_name(to: &Path) -> Result<std::path::PathBuf> {
    if to.exists() {
        return Err(Error::Failed(format!("“{}” exists already; please name a new file.", to.display())));
    }
    let mut partial = to.as_os_str().to_owned();
    partial.push(format!(".partial-{}", std::process::id()));
    Ok(partial.into())
}

fn copy_and_verify(source: &Source, partial: &Path) -> Result<u64> {
    let snapshot = source.read()?;
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
    Ok(rows)
}

fn copy_table<K: Key + 'static, V: Value + 'static>(
    from: &ReadTransaction,
    to: &Database,
    table: TableDefinition<'static, K, V>,
) -> Result<u64> {
    let source = from.open_table(table)?;
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
            equal &= snapshot.open_table(crate::store::schema::$table)?.len()?
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
