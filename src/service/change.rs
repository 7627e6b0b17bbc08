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

/// A write that waits to be committed. Dropping it changes nothing.
#[must_use = "nothing is changed until it is committed"]
pub struct Change<T>(Box<Work<T>>);

impl<T: Send + 'static> Change<T> {
    /// `work` may run more than once, each time on the state without its earlier run.
    pub(in crate::service) fn new(work: impl FnMut(&WriteTxn<'_>) -> Result<T> + Send + 'static) -> Change<T> {
        Change(Box::new(work))
    }

    /// The same change with what it returns made into something else.
    pub fn map<U: Send + 'static>(mut self, mut into: impl FnMut(T) -> U + Send + 'static) -> Change<U> {
        Change::new(move |txn| (self.0)(txn).map(&mut into))
    }

    /// All of them or, if one fails, none; `Error::Item` says which.
    pub fn all(mut changes: Vec<Change<T>>) -> Change<Vec<T>> {
        Change::new(move |txn| {
            let run = |(number, change): (usize, &mut Change<T>)| {
                change.run(txn).map_err(|error| Error::Item(number, Box::new(error)))
            };
            changes.iter_mut().enumerate().map(run).collect()
        })
    }

    /// The same change, as long as `seen` is still what is stored; `Stale` if not.
    pub fn if_still(mut self, seen: Seen) -> Change<T> {
        Change::new(move |txn| {
            if !seen.is_current(txn)? {
                return Err(Error::Stale(CHANGED));
            }
            (self.0)(txn)
        })
    }

    /// What it does, in a transaction that others share.
    pub(in crate::service) fn run(&mut self, txn: &WriteTxn<'_>) -> Result<T> {
        (self.0)(txn)
    }

    /// Commits it by itself. Returns when it is durable.
    pub async fn commit(mut self, app: &App) -> Result<T> {
        app.store.write(move |txn| (self.0)(txn)).await
    }
}
