//! What opening does to files, and what it leaves alone.

use super::{Opening, Place};
use crate::error::{Error, Result};
use crate::store::migrate::{SCHEMA, STEPS, Step};
use crate::store::schema::META;
use crate::store::{Store, settings};
use redb::{ReadableDatabase, TableDefinition, WriteTransaction};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const THINGS: TableDefinition<'static, u64, u64> = TableDefinition::new("things");

fn place(path: &Path) -> Place {
    Place::File { path: path.to_owned(), cache: 1 << 20 }
}

fn add_things(txn: &WriteTransaction) -> Result<()> {
    txn.open_table(THINGS)?.insert(1, 1)?;
    Ok(())
}

fn one_step_more() -> Vec<Step> {
    STEPS.iter().copied().chain([add_things as Step]).collect()
}

fn made(path: &Path) {
    drop(Store::open(path, Opening::Create, 1 << 20).unwrap());
}

/// The file as it is after a crash: copied while it is open.
fn crashed(folder: &Path, path: &Path) -> PathBuf {
    let store = Store::open(path, Opening::Existing, 1 << 20).unwrap();
    store.write_blocking(|txn| settings::put_security(txn, &settings::Security::default())).unwrap();
    let copy = folder.join("crashed.redb");
    std::fs::copy(path, &copy).unwrap();
    copy
}

#[test]
fn a_newer_file_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.redb");
    drop(place(&path).open_with(Opening::Create, &Arc::default(), &one_step_more()).unwrap());
    let newer = [path.clone(), {
        let db = place(&path).open_with(Opening::Existing, &Arc::default(), &one_step_more()).unwrap();
        let copy = folder.path().join("crashed.redb");
        std::fs::copy(&path, &copy).unwrap();
        drop(db);
        copy
    }];
    for path in newer {
        let before = std::fs::read(&path).unwrap();
        let Err(refused) = Store::open(&path, Opening::Existing, 1 << 20) else { panic!("{}", path.display()) };
        assert!(refused.to_string().contains("newer pamphlet"), "{refused}");
        assert!(matches!(refused, Error::DataFile(_)));
        assert!(std::fs::read(&path).unwrap() == before, "{} was changed", path.display());
    }
}

#[test]
fn a_file_of_another_program_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let (text, other) = (folder.path().join("x.txt"), folder.path().join("x.redb"));
    std::fs::write(&text, "Dear diary").unwrap();
    let db = redb::Database::create(&other).unwrap();
    let txn = db.begin_write().unwrap();
    txn.open_table(THINGS).unwrap();
    txn.commit().unwrap();
    drop(db);
    for path in [text, other] {
        let before = std::fs::read(&path).unwrap();
        let Err(refused) = Store::open(&path, Opening::Create, 1 << 20) else { panic!("{}", path.display()) };
        assert!(matches!(refused, Error::DataFile(_)), "{refused}");
        assert!(std::fs::read(&path).unwrap() == before, "{} was changed", path.display());
    }
}

#[test]
fn before_a_migration_the_file_is_copied_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let closed = folder.path().join("x.redb");
    made(&closed);
    let crashed = crashed(folder.path(), &closed);
    for path in [closed, crashed] {
        let before = std::fs::read(&path).unwrap();
        let db = place(&path).open_with(Opening::Existing, &Arc::default(), &one_step_more()).unwrap();
        assert!(db.begin_read().unwrap().open_table(THINGS).is_ok());
        drop(db);
        let copy = PathBuf::from(format!("{}.v{SCHEMA}", path.display()));
        assert!(std::fs::read(&copy).unwrap() == before, "{}", copy.display());
        // It is a whole file of the older program.
        drop(Store::open(&copy, Opening::Existing, 1 << 20).unwrap());
        // Opened again, there is nothing to copy.
        std::fs::remove_file(&copy).unwrap();
        drop(place(&path).open_with(Opening::Existing, &Arc::default(), &one_step_more()).unwrap());
        assert!(!copy.exists());
    }
}

#[test]
fn without_a_copy_there_is_no_migration() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.redb");
    made(&path);
    let before = std::fs::read(&path).unwrap();
    std::fs::create_dir(folder.path().join(format!("x.redb.v{SCHEMA}"))).unwrap();
    let refused = place(&path).open_with(Opening::Existing, &Arc::default(), &one_step_more());
    assert!(matches!(refused, Err(Error::Failed(_))));
    assert!(std::fs::read(&path).unwrap() == before);
}

#[test]
fn a_look_changes_nothing_and_shows_a_file_that_a_crash_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.redb");
    made(&path);
    let crashed = crashed(folder.path(), &path);
    let before = std::fs::read(&crashed).unwrap();
    let db = place(&crashed).look().unwrap();
    assert!(db.begin_read().unwrap().open_table(META).unwrap().get("security").unwrap().is_some());
    drop(db);
    assert!(std::fs::read(&crashed).unwrap() == before);
}

#[test]
fn a_file_whose_making_was_interrupted_is_made_again_and_others_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.redb");
    std::fs::write(&path, vec![0; 1 << 20]).unwrap();
    let existing = Store::open(&path, Opening::Existing, 1 << 20);
    assert!(matches!(existing, Err(Error::DataFile(_))));
    made(&path);
    let mut bytes = vec![0; 1 << 20];
    bytes[700_000] = 1;
    std::fs::write(&path, &bytes).unwrap();
    assert!(matches!(Store::open(&path, Opening::Create, 1 << 20), Err(Error::DataFile(_))));
    assert!(std::fs::read(&path).unwrap() == bytes);
}

#[test]
fn a_file_in_use_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.redb");
    let _store = Store::open(&path, Opening::Create, 1 << 20).unwrap();
    let Err(refused) = Store::open(&path, Opening::Create, 1 << 20) else { panic!() };
    assert!(refused.to_string().contains("in use"), "{refused}");
}

/// Reading wrote 4,096 bytes: the system noted when the file was read first after it was written.
#[cfg(target_os = "linux")]
#[test]
fn reading_leaves_no_note_in_the_file() {
    use std::fs::FileTimes;
    use std::io::Read;
    use std::time::{Duration, SystemTime};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("blog.redb");
    made(&path);
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let noted = |mut file: std::fs::File| {
        file.set_times(FileTimes::new().set_accessed(long_ago)).unwrap();
        file.read_exact(&mut [0; 4096]).unwrap();
        file.metadata().unwrap().accessed().unwrap() != long_ago
    };
    let plainly = std::fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
    if !noted(plainly) {
        return println!("skipped: this file system notes nothing");
    }
    assert!(!noted(super::open_to_write(&path, Opening::Existing).unwrap()));
    // `set_times` needs no more than that the file is ours.
    assert!(!noted(super::open_to_read(&path).unwrap()));
}
