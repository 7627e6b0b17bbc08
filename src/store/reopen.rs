//! What readers and the writer share: the open file, and how it is opened again after an error.

use crate::domain::category::Category;
use crate::domain::id::{CategoryId, PostId, UserId};
use crate::domain::settings::Settings;
use crate::domain::user::Credit;
use crate::error::{Error, Result};
use crate::store::comments::Outline;
use crate::store::counts::Counts;
use crate::store::disk::Gauge;
use crate::store::file::{Opening, Place};
use crate::store::fresh::Fresh;
use crate::store::news::Newsroom;
use crate::store::post_heads;
use crate::store::post_heads::Heads;
use crate::store::reading::{Kept, Reading};
use redb::{Database, ReadableDatabase};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// Outlines of conversations kept in memory, in bytes.
const OUTLINE_CACHE: u64 = 2 * 1024 * 1024;
/// People whose names are kept in memory.
const CREDIT_CACHE: usize = 2_048;
/// Categories kept in memory.
const CATEGORY_CACHE: usize = 256;
/// How long the reopening of the file waits for readers to finish; later ones get
/// `Error::Unavailable`.
const READERS_FINISH: Duration = Duration::from_millis(500);

/// What readers and the writer share.
pub(in crate::store) struct Shared {
    pub(in crate::store) place: Place,
    pub(in crate::store) gauge: Arc<Gauge>,
    /// Before `db`: it goes first.
    pub(in crate::store) kept: Kept,
    /// `None` while nothing can be read: see `reopen`. Locked for moments only.
    db: RwLock<Option<Database>>,
    is_reopening: AtomicBool,
    /// One more reference for each read transaction.
    readers: Arc<()>,
    pub(in crate::store) fresh: Fresh,
    /// Names of people; like the settings, true until `Scope::Frame` changes.
    pub(in crate::store) credits: quick_cache::sync::Cache<UserId, (u64, Arc<Credit>)>,
    pub(in crate::store) settings: Mutex<Option<(u64, Arc<Settings>)>>,
    pub(in crate::store) news: Arc<Newsroom>,
    pub(in crate::store) heads: Heads,
    /// Categories; true until `Scope::Frame` changes.
    pub(in crate::store) categories: quick_cache::sync::Cache<CategoryId, (u64, Arc<Category>)>,
    pub(in crate::store) outlines: quick_cache::sync::Cache<PostId, (u64, Arc<Outline>), OutlineWeight>,
    pub(in crate::store) counts: Counts,
}

#[derive(Clone)]
pub(in crate::store) struct OutlineWeight;

impl quick_cache::Weighter<PostId, (u64, Arc<Outline>)> for OutlineWeight {
    fn weight(&self, _: &PostId, entry: &(u64, Arc<Outline>)) -> u64 {
        entry.1.bytes() as u64 + 64
    }
}

impl Shared {
    pub(in crate::store) fn open(place: Place, opening: Opening) -> Result<Shared> {
        let gauge = Arc::<Gauge>::default();
        let db = place.open(opening, &gauge)?;
        let epoch = getrandom::u64().map_err(|cause| Error::internal(cause.to_string()))?;
        Ok(Shared {
            place,
            gauge,
            kept: Kept::default(),
            db: RwLock::new(Some(db)),
            is_reopening: AtomicBool::new(false),
            readers: Arc::default(),
            fresh: Fresh::default(),
            credits: quick_cache::sync::Cache::new(CREDIT_CACHE),
            settings: Mutex::default(),
            news: Arc::new(Newsroom::new(epoch)),
            heads: post_heads::none(),
            categories: quick_cache::sync::Cache::new(CATEGORY_CACHE),
            outlines: quick_cache::sync::Cache::with_weighter(1_024, OUTLINE_CACHE, OutlineWeight),
            counts: Counts::default(),
        })
    }

    /// What is committed, to be read: the kept transaction or a new one.
    pub(in crate::store) fn reading(&self) -> Result<Arc<Reading>> {
        // The number before the snapshot: see `fresh`.
        let number = self.fresh.number();
        if let Some(reading) = self.kept.get(number) {
            return Ok(reading);
        }
        let db = self.db.read().unwrap_or_else(PoisonError::into_inner);
        let txn = db.as_ref().ok_or(Error::Unavailable)?.begin_read()?;
        // Under the lock of the file: none of a file that was closed may come after `put`.
        Ok(self.kept.share(Reading::new(txn, number, Arc::clone(&self.readers)), &self.fresh))
    }

    pub(in crate::store) fn begin_write(&self) -> Result<redb::WriteTransaction> {
        let db = self.db.read().unwrap_or_else(PoisonError::into_inner);
        Ok(db.as_ref().ok_or(Error::Unavailable)?.begin_write()?)
    }

    pub(in crate::store) fn has_room(&self) -> bool {
        self.gauge.has_room(self.place.space())
    }

    /// Whether the file is being opened again: it is worth a moment's wait.
    pub(in crate::store) fn is_reopening(&self) -> bool {
        self.is_reopening.load(Ordering::Acquire)
    }

    /// Closes the file and opens it again, since redb refuses everything after an I/O error. If it
    /// does not open, what is there can still be read afterwards, if anything can; nothing must be
    /// written to that.
    ///
    /// `is_doubtful` after a commit that failed: it may have reached the disk all the same, and the disk
    /// has to prove with an empty commit that it takes writes. After a read that failed nothing has changed,
    /// and everything that is kept in memory stays true.
    pub(in crate::store) fn reopen(&self, is_doubtful: bool) -> Result<()> {
        let _reopening = Reopening::begin(&self.is_reopening);
        let closing = self.put(None);
        let patience = Instant::now() + READERS_FINISH;
        while Arc::strong_count(&self.readers) > 1 && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(1));
        }
        drop(closing);
        self.gauge.reset();
        let mut opened = self.place.open(Opening::Existing, &self.gauge);
        if is_doubtful {
            opened = opened.and_then(prove);
        }
        if self.gauge.is_full() && opened.is_ok() {
            // Closing gives the room back that the failed write took at the end of the file.
            drop(opened);
            opened = self.place.open(Opening::Existing, &self.gauge);
        }
        let (db, outcome) = match opened {
            Ok(db) => (Some(db), Ok(())),
            Err(error) => {
                let looked = self.place.look();
                (looked.map_err(|cause| tracing::error!(%cause, "the data file cannot be read")).ok(), Err(error))
            }
        };
        if is_doubtful {
            // What failed may show now.
            self.fresh.publish_all();
        }
        self.put(db);
        if is_doubtful && outcome.is_ok() {
            self.news.interrupt();
        }
        outcome
    }

    fn put(&self, db: Option<Database>) -> Option<Database> {
        let mut place = self.db.write().unwrap_or_else(PoisonError::into_inner);
        // Nobody may read on in a file that is closed, and what nobody reads is not waited for.
        self.kept.clear();
        std::mem::replace(&mut *place, db)
    }
}

/// Says that the file is being reopened, while it lives.
struct Reopening<'a>(&'a AtomicBool);

impl Reopening<'_> {
    fn begin(is_reopening: &AtomicBool) -> Reopening<'_> {
        is_reopening.store(true, Ordering::Release);
        Reopening(is_reopening)
    }
}

impl Drop for Reopening<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

fn prove(db: Database) -> Result<Database> {
    let mut txn = db.begin_write()?;
    txn.set_quick_repair(true);
    txn.commit()?;
    Ok(db)
}
