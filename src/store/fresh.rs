//! Which commit last changed what: how a cached page knows that it is still good.
//!
//! The writer publishes *after* a commit and *before* it answers; a reader takes the number
//! *before* it opens its snapshot. So a page is never older than an acknowledged write, and a
//! stale page cannot be kept by a slow reader. Who waits for a page takes the number before it asks for it:
//! a page with that number or a later one is new enough for it, whatever is written meanwhile. The test
//! below walks through every order.

use crate::domain::id::PostId;
use std::collections::HashMap;
use std::sync::RwLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// A part of the site that pages show and writes change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// What every page shows: settings, navigation, names of people and categories.
    Frame,
    /// What lists show: which posts there are, with titles and excerpts.
    Lists,
    /// One post with its conversation.
    Post(PostId),
}

/// Most posts remembered one by one; past it the older half is folded into one number.
const MAX_POSTS: usize = 8_192;

/// The number of the last commit and, for each scope, of the last commit that changed it.
#[derive(Debug, Default)]
pub(in crate::store) struct Fresh {
    number: AtomicU64,
    changed: RwLock<Changed>,
}

#[derive(Debug, Default)]
struct Changed {
    frame: u64,
    lists: u64,
    posts: HashMap<PostId, u64>,
    /// Posts that are not in the map may have changed as late as this.
    floor: u64,
}

impl Fresh {
    /// Number of the last published commit. Take it before opening a snapshot.
    pub(in crate::store) fn number(&self) -> u64 {
        self.number.load(Ordering::Acquire)
    }

    /// Makes a commit known. Only the writer calls this, after the commit and before answering.
    pub(in crate::store) fn publish(&self, touched: &[Scope]) {
        let number = self.number.load(Ordering::Relaxed) + 1;
        let mut changed = self.changed.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        for scope in touched {
            match scope {
                Scope::Frame => changed.frame = number,
                Scope::Lists => changed.lists = number,
                Scope::Post(id) => {
                    changed.posts.insert(*id, number);
                }
            }
        }
        if changed.posts.len() > MAX_POSTS {
            changed.fold();
        }
        drop(changed);
        self.number.store(number, Ordering::Release);
    }

    /// Makes known that anything may have changed: a commit that failed may still have reached the
    /// disk, which shows when the file is opened again.
    pub(in crate::store) fn publish_all(&self) {
        let number = self.number.load(Ordering::Relaxed) + 1;
        let mut changed = self.changed.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        *changed = Changed { frame: number, lists: number, posts: HashMap::new(), floor: number };
        drop(changed);
        self.number.store(number, Ordering::Release);
    }

    /// Whether any of `scopes` changed after commit `number`.
    pub(in crate::store) fn changed_since(&self, scopes: &[Scope], number: u64) -> bool {
        // Most often nothing at all did. A write that is acknowledged has raised the number before.
        if self.number() <= number {
            return false;
        }
        let changed = self.changed.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        scopes.iter().any(|scope| changed.at(*scope) > number)
    }
}

impl Changed {
    fn at(&self, scope: Scope) -> u64 {
        match scope {
            Scope::Frame => self.frame,
            Scope::Lists => self.lists,
            Scope::Post(id) => self.posts.get(&id).copied().unwrap_or(self.floor),
        }
    }

    fn fold(&mut self) {
        let mut numbers: Vec<u64> = self.posts.values().copied().collect();
        let middle = numbers.len() / 2;
        let (_, median, _) = numbers.select_nth_unstable(middle);
        self.floor = self.floor.max(*median);
        let floor = self.floor;
        self.posts.retain(|_, number| *number > floor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_seen_in_its_scope_alone() {
        let fresh = Fresh::default();
        let before = fresh.number();
        fresh.publish(&[Scope::Post(PostId(1))]);
        assert!(fresh.changed_since(&[Scope::Lists, Scope::Post(PostId(1))], before));
        assert!(!fresh.changed_since(&[Scope::Frame, Scope::Lists, Scope::Post(PostId(2))], before));
        assert!(!fresh.changed_since(&[Scope::Post(PostId(1))], fresh.number()));
    }

    #[test]
    fn after_a_failure_nothing_counts_as_unchanged() {
        let fresh = Fresh::default();
        fresh.publish(&[Scope::Post(PostId(1))]);
        let before = fresh.number();
        fresh.publish_all();
        for scope in [Scope::Frame, Scope::Lists, Scope::Post(PostId(1)), Scope::Post(PostId(2))] {
            assert!(fresh.changed_since(&[scope], before));
            assert!(!fresh.changed_since(&[scope], fresh.number()));
        }
    }

    #[test]
    fn forgetting_single_posts_errs_on_the_side_of_rendering_again() {
        let fresh = Fresh::default();
        for id in 0..3 * MAX_POSTS as u64 {
            fresh.publish(&[Scope::Post(PostId(id))]);
        }
        let changed = fresh.changed.read().unwrap();
        assert!(changed.posts.len() <= MAX_POSTS);
        for id in 0..3 * MAX_POSTS as u64 {
            assert!(changed.at(Scope::Post(PostId(id))) > id, "the change of post {id} was forgotten");
        }
    }

    /// Reader: take the number, open the snapshot, decide whether the page may be shown later.
    /// Writer: commit, publish, answer. Every one of the 20 orders must keep the rule: a page
    /// asked for after the answer shows the write.
    #[test]
    fn no_order_of_reader_and_writer_shows_a_page_older_than_an_answer() {
        let mut orders = Vec::new();
        for bits in 0u32..64 {
            if bits.count_ones() == 3 {
                orders.push((0..6).map(|step| bits >> step & 1 == 1).collect::<Vec<bool>>());
            }
        }
        assert_eq!(orders.len(), 20);
        for order in orders {
            assert!(rule_holds(&order, false), "{order:?}");
            for asks_before in 0..=order.len() {
                assert!(who_waits_is_served_well(&order, asks_before, false), "{order:?}, {asks_before}");
            }
        }
    }

    /// The wrong order, publishing after the answer, must be caught by the same walk.
    #[test]
    fn answering_before_publishing_would_be_caught() {
        let caught = (0u32..64)
            .filter(|bits| bits.count_ones() == 3)
            .any(|bits| !rule_holds(&(0..6).map(|step| bits >> step & 1 == 1).collect::<Vec<bool>>(), true));
        assert!(caught);
        let caught = (0u32..64).filter(|bits| bits.count_ones() == 3).any(|bits| {
            let order = (0..6).map(|step| bits >> step & 1 == 1).collect::<Vec<bool>>();
            (0..=6).any(|asks_before| !who_waits_is_served_well(&order, asks_before, true))
        });
        assert!(caught);
    }

    /// A second visitor asks before one of the steps, waits for the page of the first and takes it if it is as
    /// new as the question.
    fn who_waits_is_served_well(order: &[bool], asks_before: usize, answer_first: bool) -> bool {
        let fresh = Fresh::default();
        let (mut committed, mut answered) = (false, false);
        let (mut number, mut shows_write) = (0, false);
        let (mut reader, mut writer) = (0, 0);
        let mut asked = None;
        for (step, reads) in order.iter().enumerate() {
            if step == asks_before {
                asked = Some((fresh.number(), answered));
            }
            match (*reads, if *reads { reader } else { writer }, answer_first) {
                (true, 0, _) => number = fresh.number(),
                (true, 1, _) => shows_write = committed,
                (true, ..) => {}
                (false, 0, _) => committed = true,
                (false, 1, false) | (false, 2, true) => fresh.publish(&[Scope::Lists]),
                (false, ..) => answered = true,
            }
            if *reads { reader += 1 } else { writer += 1 }
        }
        let (asked, was_answered) = asked.unwrap_or((fresh.number(), answered));
        let served = number >= asked || !fresh.changed_since(&[Scope::Lists], number);
        shows_write || !was_answered || !served
    }

    fn rule_holds(order: &[bool], answer_first: bool) -> bool {
        let fresh = Fresh::default();
        let scope = [Scope::Lists];
        let (mut committed, mut answered) = (false, false);
        let (mut number, mut shows_write) = (0, false);
        let (mut reader, mut writer) = (0, 0);
        for reads in order {
            if *reads {
                match reader {
                    0 => number = fresh.number(),
                    1 => shows_write = committed,
                    _ => {
                        // The page is kept now; a visitor asks for it.
                        let served = !fresh.changed_since(&scope, number);
                        if answered && served && !shows_write {
                            return false;
                        }
                    }
                }
                reader += 1;
            } else {
                match (writer, answer_first) {
                    (0, _) => committed = true,
                    (1, false) | (2, true) => fresh.publish(&scope),
                    _ => answered = true,
                }
                writer += 1;
            }
        }
        // Afterwards everybody is answered: the kept page must be refused or current.
        fresh.changed_since(&scope, number) || shows_write
    }
}
