//! Writes that are checked as far as they can be before their transaction.
//!
//! A use case that changes something returns a `Change`. Whoever called it decides how it is
//! committed: alone (a form), with others or not at all (a batch), or once for a key however often it is
//! sent (`service::receipts`).

use crate::domain::category::Category;
use crate::domain::comment::Comment;
use crate::domain::post::PostHead;
use crate::domain::settings::Settings;
use crate::domain::user::User;
use crate::error::{Error, Result};
use crate::service::App;
use crate::service::payer::Payers;
use crate::store;
use crate::store::WriteTxn;

/// Something as it was read, before somebody decided to change it.
#[derive(Debug, Clone)]
pub enum Seen {
    Post(Box<PostHead>),
    Category(Category),
    Comment(Box<Comment>),
    User(Box<User>),
    Settings(Box<Settings>),
}

impl Seen {
    fn is_current(&self, txn: &WriteTxn<'_>) -> Result<bool> {
        Ok(match self {
            Seen::Post(seen) => store::posts::by_id(txn, seen.id)?.as_ref() == Some(&**seen),
            Seen::Category(seen) => store::categories::by_id(txn, seen.id)?.as_ref() == Some(seen),
            Seen::Comment(seen) => {
                store::comments::by_id(txn, seen.post, seen.thread, seen.id)?.as_ref() == Some(&**seen)
            }
            Seen::User(seen) => store::users::by_id(txn, seen.id)?.as_ref() == Some(&**seen),
            Seen::Settings(seen) => store::settings::settings(txn)?.as_ref() == Some(&**seen),
        })
    }
}

/// Says that somebody else was faster.
pub const CHANGED: &str = "This was changed since you read it. Please read it again.";

type Work<T> = dyn FnMut(&WriteTxn<'_>) -> Result<T> + Send;

/// What a change takes from the write quota of the client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::service) struct Cost {
    pub(in crate::service) writes: u32,
    /// Bytes of texts and images that it stores.
    pub(in crate::service) bytes: u64,
}

/// A write that waits to be committed. Dropping it changes nothing.
#[must_use = "nothing is changed until it is committed"]
pub struct Change<T> {
    work: Box<Work<T>>,
    cost: Cost,
}

impl<T: Send + 'static> Change<T> {
    /// `work` may run more than once, each time on the state without its earlier run.
    pub(in crate::service) fn new(work: impl FnMut(&WriteTxn<'_>) -> Result<T> + Send + 'static) -> Change<T> {
        Change { work: Box::new(work), cost: Cost { writes: 1, bytes: 0 } }
    }

    /// The same change, which stores so many bytes.
    pub(in crate::service) fn storing(mut self, bytes: usize) -> Change<T> {
        self.cost.bytes += bytes as u64;
        self
    }

    pub(in crate::service) fn cost(&self) -> Cost {
        self.cost
    }

    /// The same change with what it returns made into something else.
    pub fn map<U: Send + 'static>(self, mut into: impl FnMut(T) -> U + Send + 'static) -> Change<U> {
        let Change { mut work, cost } = self;
        Change { work: Box::new(move |txn| work(txn).map(&mut into)), cost }
    }

    /// All of them or, if one fails, none; `Error::Item` says which.
    pub fn all(mut changes: Vec<Change<T>>) -> Change<Vec<T>> {
        let costs = changes.iter().map(|change| change.cost);
        let cost = costs
            .fold(Cost::default(), |all, one| Cost { writes: all.writes + one.writes, bytes: all.bytes + one.bytes });
        let work = move |txn: &WriteTxn<'_>| {
            let run = |(number, change): (usize, &mut Change<T>)| {
                change.run(txn).map_err(|error| Error::Item(number, Box::new(error)))
            };
            changes.iter_mut().enumerate().map(run).collect()
        };
        Change { work: Box::new(work), cost }
    }

    /// The same change, as long as `seen` is still what is stored; `Stale` if not.
    pub fn if_still(self, seen: Seen) -> Change<T> {
        let Change { mut work, cost } = self;
        let work = move |txn: &WriteTxn<'_>| {
            if !seen.is_current(txn)? {
                return Err(Error::Stale(CHANGED));
            }
            work(txn)
        };
        Change { work: Box::new(work), cost }
    }

    /// What it does, in a transaction that others share.
    pub(in crate::service) fn run(&mut self, txn: &WriteTxn<'_>) -> Result<T> {
        (self.work)(txn)
    }

    /// Commits it by itself and charges it to `payers`; `RateLimited` if they have written too much lately. Returns
    /// when it is durable.
    pub async fn commit(mut self, app: &App, payers: Payers) -> Result<T> {
        app.charge(payers, self.cost)?;
        app.store.write(move |txn| self.run(txn)).await
    }
}
