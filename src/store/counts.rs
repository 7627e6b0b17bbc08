//! How many posts lists and months have, kept in memory until a list changes.
//!
//! Scheduled posts are counted as well; a reader takes off those that are still to come, of which
//! there are few. So a post that appears by itself changes nothing here.

use crate::domain::time::{Timestamp, Zone};
use crate::error::Result;
use crate::store::fresh::Scope;
use crate::store::posts::{self, Listing};
use crate::store::schema::POSTS_BY_TIME;
use crate::store::{ReadTxn, Snapshot};
use quick_cache::sync::Cache;
use redb::{ReadableTable, ReadableTableMetadata};
use std::sync::{Arc, Mutex, PoisonError};

/// Lists whose number of posts is kept; a few hundred bytes each at most.
const LISTS: usize = 1_024;

/// Posts of one month: year, month (1 to 12), how many.
pub type Month = (i16, i8, usize);

/// What was counted, each with the number of the snapshot it was counted in.
pub(in crate::store) struct Counts {
    lists: Cache<Listing, (u64, usize)>,
    months: Mutex<Option<(u64, Arc<[Month]>)>>,
}

impl Default for Counts {
    fn default() -> Counts {
        Counts { lists: Cache::new(LISTS), months: Mutex::default() }
    }
}

/// How many posts of a list are public at `now`. Scans the keys of a category, a tag or an author
/// once after a change of lists.
pub fn published(txn: &ReadTxn, listing: &Listing, now: Timestamp) -> Result<usize> {
    let still_to_come = posts::between(txn, listing, (after(now), Timestamp::from_ms(i64::MAX)), 0, usize::MAX)?.len();
    Ok(total(txn, listing)?.saturating_sub(still_to_come))
}

fn total(txn: &ReadTxn, listing: &Listing) -> Result<usize> {
    if let Listing::All = listing {
        return Ok(usize::try_from(txn.table(POSTS_BY_TIME)?.len()?).unwrap_or(usize::MAX));
    }
    let lists = &txn.shared.counts.lists;
    if let Some((number, total)) = lists.get(listing)
        && is_true(txn, number)
    {
        return Ok(total);
    }
    let total = posts::published(txn, listing, Timestamp::from_ms(i64::MAX), 0, usize::MAX)?.len();
    lists.insert(listing.clone(), (txn.number(), total));
    Ok(total)
}

/// The months that have posts public at `now`, the latest first. `zone` is that of the settings in this
/// snapshot; storing those counts as a change of lists.
pub fn by_month(txn: &ReadTxn, zone: &Zone, now: Timestamp) -> Result<Vec<Month>> {
    let mut months = all_months(txn, zone)?.to_vec();
    for row in txn.table(POSTS_BY_TIME)?.range((after(now).ms(), 0)..)? {
        let month = Timestamp::from_ms(row?.0.value().0).year_month(zone);
        if let Some(found) = months.iter_mut().find(|(year, number, _)| (*year, *number) == month) {
            found.2 = found.2.saturating_sub(1);
        }
    }
    months.retain(|(_, _, posts)| *posts > 0);
    Ok(months)
}

fn all_months(txn: &ReadTxn, zone: &Zone) -> Result<Arc<[Month]>> {
    let slot = || txn.shared.counts.months.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((number, months)) = slot().as_ref()
        && is_true(txn, *number)
    {
        return Ok(Arc::clone(months));
    }
    let mut months: Vec<Month> = Vec::new();
    // Of the month counted last: most posts need no calendar.
    let mut first = None;
    for row in txn.table(POSTS_BY_TIME)?.iter()?.rev() {
        let time = Timestamp::from_ms(row?.0.value().0);
        match months.last_mut() {
            Some((_, _, posts)) if first.is_some_and(|first| first <= time) => *posts += 1,
            _ => {
                let (year, month) = time.year_month(zone);
                first = Timestamp::month_start(year, month, zone);
                months.push((year, month, 1));
            }
        }
    }
    let months: Arc<[Month]> = months.into();
    *slot() = Some((txn.number(), Arc::clone(&months)));
    Ok(months)
}

fn is_true(txn: &ReadTxn, number: u64) -> bool {
    !txn.shared.fresh.changed_since(&[Scope::Lists], number)
}

fn after(now: Timestamp) -> Timestamp {
    Timestamp::from_ms(now.ms().saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::html::Html;
    use crate::domain::id::{CategoryId, PostId, UserId};
    use crate::domain::post::{Kind, PostHead, Status};
    use crate::domain::slug::Slug;
    use crate::store::Store;
    use crate::store::posts::{Body, Revision};

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text, &Zone::utc()).unwrap()
    }

    fn post(number: u64, time: &str) -> PostHead {
        PostHead {
            id: PostId(number),
            kind: Kind::Post,
            slug: Slug::parse(&format!("post-{number}")).unwrap(),
            title: "A post".into(),
            authors: vec![UserId(1)],
            status: Status::Published,
            published_at: Some(at(time)),
            created_at: at(time),
            updated_at: at(time),
            version: 1,
            category: Some(CategoryId(1)),
            tags: Vec::new(),
            excerpt: String::new(),
            summary: String::new(),
            cover: None,
            comments_open: true,
            language: None,
            day_only: false,
        }
    }

    fn insert(store: &Store, head: PostHead) {
        let (saved_by, saved_at) = (None, head.created_at);
        let revision = Revision { title: head.title.clone(), source: String::new(), saved_by, saved_at };
        let body = Body { stamp: "1".into(), html: Html::trusted(String::new()) };
        store.write_blocking(move |txn| posts::insert(txn, &head, &revision, &body)).unwrap();
    }

    #[test]
    fn counts_follow_every_change_and_the_clock() {
        let store = Store::memory().unwrap();
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        let months = |now: &str| by_month(&store.read().unwrap(), &berlin, at(now)).unwrap();
        let filed = |now: &str| published(&store.read().unwrap(), &Listing::Category(CategoryId(1)), at(now)).unwrap();
        let late = "2030-01-01T00:00:00Z";
        assert_eq!((months(late), filed(late)), (vec![], 0));
        // An hour before midnight in UTC it is the next month in Berlin already.
        let times = ["2025-12-31T22:59:00Z", "2025-12-31T23:00:00Z", "2026-01-31T22:59:59Z", "2026-03-01T00:00:00Z"];
        for (time, number) in times.into_iter().zip(1..) {
            insert(&store, post(number, time));
        }
        for _ in 0..2 {
            assert_eq!((months(late), filed(late)), (vec![(2026, 3, 1), (2026, 1, 2), (2025, 12, 1)], 4));
            let before = "2026-01-31T22:59:58Z";
            assert_eq!((months(before), filed(before)), (vec![(2026, 1, 1), (2025, 12, 1)], 2));
            assert_eq!(published(&store.read().unwrap(), &Listing::All, at(before)).unwrap(), 2);
        }
        let (old, new) = (post(4, times[3]), PostHead { category: None, ..post(4, "2026-04-01T00:00:00Z") });
        store.write_blocking(move |txn| posts::replace(txn, &old, &new, None)).unwrap();
        assert_eq!((months(late), filed(late)), (vec![(2026, 4, 1), (2026, 1, 2), (2025, 12, 1)], 3));
    }
}
