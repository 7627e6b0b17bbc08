//! Looks at every record of the data file and at everything that refers to another.

mod rules;

use crate::error::{Error, Result};
use crate::store::file::Place;
use crate::store::{Snapshot, Store, file, migrate, record, trouble};
use redb::{Key, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, Value};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::path::Path;

/// redb's cache while checking.
const CACHE: usize = 16 * 1024 * 1024;
/// Findings that are kept in words; the rest is counted.
const MAX_FINDINGS: usize = 100;

/// What a check found.
#[derive(Debug, Default)]
pub struct Checkup {
    /// Schema version of the file; 0: it is empty.
    pub schema: u64,
    /// Whether every page was walked, for which no other process may have the file.
    pub walked: bool,
    /// What is damaged, a sentence each; none: nothing is.
    pub findings: Vec<String>,
    /// Findings beyond those kept.
    pub more: usize,
    /// Records by noun.
    pub counts: BTreeMap<&'static str, usize>,
}

/// Checks the file at `path`, which may be served meanwhile. An error: it cannot be looked at.
pub fn check(path: &Path) -> Result<Checkup> {
    trouble::without_panic(path, || open_and_look(path))?.map_err(|error| trouble::unreadable(path, error))
}

fn open_and_look(path: &Path) -> Result<Checkup> {
    let mut checkup = Checkup::default();
    match file::open_read_only(path, CACHE) {
        // Refused untouched if a newer program wrote it.
        Ok(db) => checkup.schema = migrate::version(&db, migrate::STEPS)?,
        // After a crash it wants its quick repair first.
        Err(Error::DataFile(_)) => {}
        Err(error) => return Err(error),
    }
    // Whatever redb has to write to look at it, a file that may be the only copy stays as it is.
    match (Place::File { path: path.to_owned(), cache: CACHE }).look() {
        Ok(mut db) => {
            checkup.schema = migrate::version(&db, migrate::STEPS)?;
            checkup.walked = true;
            let sound = db.check_integrity()?;
            checkup.expect(sound, || "The checksums do not agree: what was committed last is damaged.".into());
            checkup.look(Look(&db.begin_read()?))?;
        }
        // Anything else that is wrong with the file is no reason to look at what still can be read.
        Err(Error::DataFile(message)) if message == trouble::in_use(path) => {
            let db = file::open_read_only(path, CACHE).map_err(|_| Error::DataFile(message))?;
            checkup.look(Look(&db.begin_read()?))?;
        }
        Err(error) => return Err(error),
    }
    Ok(checkup)
}

/// Checks the records of an open store, without walking the pages beneath them.
pub fn check_store(store: &Store) -> Result<Checkup> {
    let mut checkup = Checkup { schema: migrate::SCHEMA, ..Checkup::default() };
    checkup.look(Look(&store.shared.reading()?.txn))?;
    Ok(checkup)
}

/// A snapshot of a database, whoever opened it.
struct Look<'a>(&'a ReadTransaction);

impl Snapshot for Look<'_> {
    type Table<'a, K: Key + Send + Sync + 'static, V: Value + Send + Sync + 'static>
        = Box<ReadOnlyTable<K, V>>
    where
        Self: 'a;

    fn table<K: Key + Send + Sync + 'static, V: Value + Send + Sync + 'static>(
        &self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<Self::Table<'_, K, V>> {
        Ok(Box::new(self.0.open_table(table)?))
    }
}

impl Look<'_> {
    /// What `read` makes of every row of a table.
    fn rows<K, V, T>(
        &self,
        table: TableDefinition<'static, K, V>,
        mut read: impl for<'k, 'v> FnMut(K::SelfType<'k>, V::SelfType<'v>) -> T,
    ) -> Result<Vec<T>>
    where
        K: Key + Send + Sync + 'static,
        V: Value + Send + Sync + 'static,
    {
        let mut rows = Vec::new();
        for row in self.table(table)?.iter()? {
            let (key, value) = row?;
            rows.push(read(key.value(), value.value()));
        }
        Ok(rows)
    }
}

impl Checkup {
    fn add(&mut self, finding: String) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        } else {
            self.more += 1;
        }
    }

    /// A finding unless `sound`.
    fn expect(&mut self, sound: bool, finding: impl FnOnce() -> String) {
        if !sound {
            self.add(finding());
        }
    }

    /// What was read, or a finding.
    fn readable<T>(&mut self, value: Result<T>, what: impl FnOnce() -> String) -> Option<T> {
        value.map_err(|error| self.add(format!("{} cannot be read: {error}", what()))).ok()
    }

    /// Every record of a table that is kept by number.
    fn records<T: DeserializeOwned>(
        &mut self,
        txn: &Look,
        table: TableDefinition<'static, u64, &'static [u8]>,
        noun: &'static str,
    ) -> Result<BTreeMap<u64, T>> {
        let rows = txn.rows(table, |id, value| (id, record::decode(value)))?;
        let mut records = BTreeMap::new();
        for (id, record) in rows {
            let record = self.readable(record, || format!("The record of {noun} {id}"));
            records.extend(record.map(|record| (id, record)));
        }
        self.counts.insert(noun, records.len());
        Ok(records)
    }

    /// An index holds what follows from the records, no less and no more.
    fn same<T: Ord + Debug>(
        &mut self,
        what: &str,
        expected: impl IntoIterator<Item = T>,
        found: impl IntoIterator<Item = T>,
    ) {
        let (expected, found): (BTreeSet<T>, BTreeSet<T>) =
            (expected.into_iter().collect(), found.into_iter().collect());
        for entry in expected.difference(&found) {
            self.add(format!("In {what} an entry is missing: {entry:?}."));
        }
        for entry in found.difference(&expected) {
            self.add(format!("In {what} an entry belongs to nothing: {entry:?}."));
        }
    }
}

/// The records of a database that is open already; its pages are not walked.
pub(in crate::store) fn records(db: &impl ReadableDatabase) -> Result<Checkup> {
    let mut checkup = Checkup { schema: migrate::version(db, migrate::STEPS)?, ..Checkup::default() };
    checkup.look(Look(&db.begin_read()?))?;
    Ok(checkup)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::actor::Role;
    use crate::domain::html::Html;
    use crate::domain::id::{PostId, UserId};
    use crate::domain::post::{Kind, PostHead, Status};
    use crate::domain::slug::Slug;
    use crate::domain::time::Timestamp;
    use crate::domain::user::{User, Username};
    use crate::store::posts::{Body, Revision};
    use crate::store::schema::{BODIES, POSTS_BY_TIME, USERS};
    use crate::store::{Opening, posts, users};

    fn head(id: PostId, author: UserId) -> PostHead {
        let time = Timestamp::from_ms(1_000);
        PostHead {
            id,
            kind: Kind::Post,
            slug: Slug::parse("hello").unwrap(),
            title: "Hello".into(),
            authors: vec![author],
            status: Status::Published,
            published_at: Some(time),
            created_at: time,
            updated_at: time,
            version: 1,
            category: None,
            tags: Vec::new(),
            excerpt: String::new(),
            summary: String::new(),
            cover: None,
            comments_open: true,
            language: None,
            day_only: false,
        }
    }

    /// A file with one post of one author.
    fn small_file(path: &Path) {
        let store = Store::open(path, Opening::Create, CACHE).unwrap();
        let insert = |txn: &crate::store::WriteTxn<'_>| {
            let user = User {
                id: users::next_id(txn)?,
                username: Username::parse_any("ada").unwrap(),
                display_name: "Ada".into(),
                email: None,
                bio: String::new(),
                role: Role::Author,
                disabled: false,
                created_at: Timestamp::from_ms(0),
            };
            users::insert(txn, &user)?;
            let head = head(posts::next_id(txn)?, user.id);
            let saved_at = head.created_at;
            let revision = Revision { title: "Hello".into(), source: "Hi".into(), saved_by: Some(user.id), saved_at };
            posts::insert(txn, &head, &revision, &Body { stamp: String::new(), html: Html::default() })
        };
        store.write_blocking(insert).unwrap();
    }

    #[test]
    fn a_sound_file_has_no_findings_and_each_kind_of_damage_has_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.redb");
        small_file(&path);
        let before = std::fs::read(&path).unwrap();
        let checkup = check(&path).unwrap();
        assert_eq!(checkup.findings, Vec::<String>::new());
        assert!(checkup.walked);
        assert_eq!(checkup.counts["post"], 1);
        assert!(std::fs::read(&path).unwrap() == before, "it is looked at and not touched");

        let db = file::open_alone(&path, CACHE).unwrap();
        let txn = db.begin_write().unwrap();
        txn.open_table(BODIES).unwrap().remove(1).unwrap();
        txn.open_table(POSTS_BY_TIME).unwrap().insert((5, 9), ()).unwrap();
        txn.open_table(USERS).unwrap().insert(1, [1u8, 0xc1].as_slice()).unwrap();
        txn.commit().unwrap();
        drop(db);
        let before = std::fs::read(&path).unwrap();
        let findings = check(&path).unwrap().findings.join("\n");
        assert!(std::fs::read(&path).unwrap() == before, "a damaged one above all");
        for expected in ["lacks its rendered text", "the list of all posts", "The record of account 1", "by account 1"]
        {
            assert!(findings.contains(expected), "{expected} in {findings}");
        }
    }

    #[test]
    fn a_file_in_use_is_checked_beside_its_server() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.redb");
        small_file(&path);
        let _served = Store::open(&path, Opening::Existing, CACHE).unwrap();
        let checkup = check(&path).unwrap();
        assert_eq!((checkup.walked, checkup.findings.len()), (false, 0));
    }

    #[test]
    fn a_file_cut_short_or_of_something_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.redb");
        small_file(&path);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        let cut = check(&path);
        assert!(matches!(&cut, Err(Error::DataFile(message)) if message.contains("x.redb")), "{cut:?}");
        std::fs::write(&path, "something else").unwrap();
        assert!(matches!(check(&path), Err(Error::DataFile(_))));
    }
}
