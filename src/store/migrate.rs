//! From the schema a file was written with to the one this program knows.

use crate::error::{Error, Result};
use crate::store::schema::{META, for_each_table};
use redb::{Database, ReadableDatabase, TableHandle, WriteTransaction};

/// One step from a schema to the next.
pub(in crate::store) type Step = fn(&WriteTransaction) -> Result<()>;

/// Append only; a released step is never edited. Each runs in one transaction with its number.
/// A schema that only has new tables (2: tokens, receipts) runs `create_tables` once more, which leaves
/// the tables alone that are there.
pub(in crate::store) const STEPS: &[Step] = &[create_tables, create_tables, to_schema_3];

/// The schema this program reads and writes.
pub const SCHEMA: u64 = STEPS.len() as u64;

/// Creates every table, because redb errors when a read opens a table that does not exist yet.
fn create_tables(txn: &WriteTransaction) -> Result<()> {
    macro_rules! create {
        ($table:ident) => {
            txn.open_table(crate::store::schema::$table)?;
        };
    }
    for_each_table!(create);
    Ok(())
}

/// Schema 3 has resets, and no deleted comments that nothing hangs on.
fn to_schema_3(txn: &WriteTransaction) -> Result<()> {
    create_tables(txn)?;
    crate::store::tombstones::prune(txn)
}

/// The schema version of a file; 0 for a new one. Refuses a file of another program or of a
/// pamphlet that knows more than `steps`, untouched.
pub(in crate::store) fn version(db: &impl ReadableDatabase, steps: &[Step]) -> Result<u64> {
    let txn = db.begin_read()?;
    let names: Vec<String> = txn.list_tables()?.map(|table| table.name().to_owned()).collect();
    if names.is_empty() {
        return Ok(0);
    }
    if !names.iter().any(|name| name == META.name()) {
        return Err(Error::DataFile("This is a redb file of another program, not of pamphlet.".into()));
    }
    let stored = txn.open_table(META)?.get("schema_version")?.map(|row| <[u8; 8]>::try_from(row.value()));
    let version = match stored {
        Some(Ok(bytes)) => u64::from_le_bytes(bytes),
        _ => return Err(Error::DataFile("This is a redb file of another program, not of pamphlet.".into())),
    };
    let known = steps.len() as u64;
    if version > known {
        return Err(Error::DataFile(format!(
            "The data file has schema version {version}, and this pamphlet knows {known} at most: it was written by a newer pamphlet. Please use that one."
        )));
    }
    Ok(version)
}

/// Runs the steps from `version` on.
pub(in crate::store) fn run(db: &Database, version: u64, steps: &[Step]) -> Result<()> {
    for (step, number) in steps.iter().zip(1u64..).skip(usize::try_from(version).unwrap_or(usize::MAX)) {
        let mut txn = db.begin_write()?;
        txn.set_quick_repair(true);
        step(&txn)?;
        txn.open_table(META)?.insert("schema_version", number.to_le_bytes().as_slice())?;
        txn.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use redb::backends::InMemoryBackend;

    fn memory() -> Database {
        Database::builder().create_with_backend(InMemoryBackend::new()).unwrap()
    }

    #[test]
    fn every_table_is_known_and_the_version_is_kept() {
        let db = memory();
        assert_eq!(version(&db, STEPS).unwrap(), 0);
        run(&db, 0, STEPS).unwrap();
        assert_eq!(version(&db, STEPS).unwrap(), SCHEMA);
    }

    const THINGS: redb::TableDefinition<'static, u64, u64> = redb::TableDefinition::new("things");

    fn add_things(txn: &WriteTransaction) -> Result<()> {
        txn.open_table(THINGS)?.insert(1, 1)?;
        Ok(())
    }

    fn fail(txn: &WriteTransaction) -> Result<()> {
        add_things(txn)?;
        Err(Error::internal("expected by this test"))
    }

    #[test]
    fn a_step_and_its_number_are_stored_together_or_not_at_all() {
        let db = memory();
        run(&db, 0, STEPS).unwrap();
        let failing = [STEPS, &[fail as Step]].concat();
        run(&db, SCHEMA, &failing).unwrap_err();
        assert_eq!(version(&db, STEPS).unwrap(), SCHEMA);
        assert!(db.begin_read().unwrap().open_table(THINGS).is_err());

        let steps = [STEPS, &[add_things as Step]].concat();
        run(&db, SCHEMA, &steps).unwrap();
        assert_eq!(version(&db, &steps).unwrap(), SCHEMA + 1);
        assert!(db.begin_read().unwrap().open_table(THINGS).is_ok());
        // Nothing is left to do, and the older program refuses.
        run(&db, SCHEMA + 1, &failing).unwrap();
        version(&db, STEPS).unwrap_err();
    }

    #[test]
    fn newer_files_and_other_programs_files_are_refused() {
        let db = memory();
        run(&db, 0, STEPS).unwrap();
        let txn = db.begin_write().unwrap();
        txn.open_table(META).unwrap().insert("schema_version", 99u64.to_le_bytes().as_slice()).unwrap();
        txn.commit().unwrap();
        assert!(version(&db, STEPS).unwrap_err().to_string().contains("newer pamphlet"));

        let other = memory();
        let txn = other.begin_write().unwrap();
        txn.open_table(redb::TableDefinition::<u64, u64>::new("things")).unwrap();
        txn.commit().unwrap();
        assert!(version(&other, STEPS).unwrap_err().to_string().contains("another program"));
    }
}
