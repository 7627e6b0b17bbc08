//! Takes turns at work that is heavy on the processor or on memory, with a share for each member.

use crate::domain::id::UserId;
use crate::error::{Error, Result};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A number of places that members use in turn.
///
/// A member's own work goes one after the other: however much of it waits, it holds one place of all, and the next
/// member waits for no more than what runs already.
#[derive(Debug)]
pub struct Turns {
    all: Arc<Semaphore>,
    /// One place for each member who works or waits. Who no longer does is forgotten when the next one comes.
    members: Mutex<HashMap<UserId, Weak<Semaphore>>>,
}

/// A place that is held until this is dropped.
#[derive(Debug)]
pub struct Turn {
    // Fields drop in this order: the place of all first, so that nobody waits for it longer than needed.
    _all: OwnedSemaphorePermit,
    _own: Option<OwnedSemaphorePermit>,
}

impl Turns {
    /// So many at a time.
    pub fn new(places: usize) -> Turns {
        Turns { all: Arc::new(Semaphore::new(places)), members: Mutex::default() }
    }

    /// Waits for a place. Without a member it is only one of all.
    pub async fn take(&self, member: Option<UserId>) -> Result<Turn> {
        let own = match member {
            Some(member) => Some(acquire(self.of(member)).await?),
            None => None,
        };
        Ok(Turn { _all: acquire(Arc::clone(&self.all)).await?, _own: own })
    }

    fn of(&self, member: UserId) -> Arc<Semaphore> {
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = members.get(&member).and_then(Weak::upgrade) {
            return own;
        }
        members.retain(|_, own| own.strong_count() > 0);
        let own = Arc::new(Semaphore::new(1));
        members.insert(member, Arc::downgrade(&own));
        own
    }
}

async fn acquire(places: Arc<Semaphore>) -> Result<OwnedSemaphorePermit> {
    places.acquire_owned().await.map_err(|closed| Error::Internal(Box::new(closed)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn one_member_takes_one_place_however_much_waits() {
        let turns = Turns::new(2);
        let (greedy, other) = (Some(UserId(1)), Some(UserId(2)));
        let first = turns.take(greedy).now_or_never().unwrap().unwrap();
        let mut waiting: Vec<_> = (0..50).map(|_| Box::pin(turns.take(greedy))).collect();
        assert!(waiting.iter_mut().all(|turn| turn.now_or_never().is_none()));
        let second = turns.take(other).now_or_never().unwrap().unwrap();
        drop(waiting);
        drop(first);
        let third = turns.take(greedy).now_or_never().unwrap().unwrap();
        assert!(turns.take(None).now_or_never().is_none(), "both places are taken");
        drop((second, third));
        drop(turns.take(Some(UserId(3))).now_or_never().unwrap().unwrap());
        assert_eq!(turns.members.lock().unwrap().len(), 1);
    }
}
