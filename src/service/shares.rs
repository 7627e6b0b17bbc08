//! A bounded resource of which each payer holds at most a share, so that nobody can take all of it.

use crate::error::{Error, Result};
use crate::service::payer::{Payer, Payers};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// When somebody who holds a whole share should try again.
const WAIT: Duration = Duration::from_secs(5);

/// A number of units that many share.
#[derive(Debug)]
pub struct Shares {
    total: u64,
    share: u64,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: u64,
    /// Payers that hold something; the holders bound its length.
    by_payer: HashMap<Payer, u64>,
}

/// Units that one request holds. Dropping it gives them back.
#[derive(Debug)]
pub struct Held {
    shares: Arc<Shares>,
    payers: Payers,
    units: u64,
}

impl Shares {
    /// `total` units, of which one payer holds a quarter at most.
    pub fn quarters(total: u64) -> Arc<Shares> {
        Shares::of(total, total.div_ceil(4))
    }

    /// `total` units, of which one payer holds at most `share`.
    pub fn of(total: u64, share: u64) -> Arc<Shares> {
        Arc::new(Shares { total, share, taken: Mutex::default() })
    }

    /// Takes `units`, or says that the payer's share (`RateLimited`) or everything (`Busy`) is taken.
    pub fn take(self: &Arc<Self>, payers: Payers, units: u64) -> Result<Held> {
        let mut held = Held { shares: Arc::clone(self), payers, units: 0 };
        held.grow_to(units)?;
        Ok(held)
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Takes more, so that it holds `units` in all. It keeps what it has if there is no more.
    pub fn grow_to(&mut self, units: u64) -> Result<()> {
        let more = units.saturating_sub(self.units);
        if more == 0 {
            return Ok(());
        }
        let mut taken = self.shares.lock();
        let has_share = |payer| taken.by_payer.get(&payer).copied().unwrap_or(0) + more <= self.shares.share;
        if !self.payers.each().all(has_share) {
            return Err(Error::RateLimited(WAIT));
        }
        if taken.all + more > self.shares.total {
            return Err(Error::Busy);
        }
        taken.all += more;
        for payer in self.payers.each() {
            *taken.by_payer.entry(payer).or_default() += more;
        }
        self.units = units;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.units == 0 {
            return;
        }
        let mut taken = self.shares.lock();
        taken.all = taken.all.saturating_sub(self.units);
        for payer in self.payers.each() {
            let left = taken.by_payer.get(&payer).copied().unwrap_or(0).saturating_sub(self.units);
            if left == 0 {
                taken.by_payer.remove(&payer);
            } else {
                taken.by_payer.insert(payer, left);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::actor::Actor;
    use crate::domain::id::UserId;
    use proptest::prelude::*;

    fn payers(member: u64, address: u32) -> Payers {
        let network = Payers::new(&Actor::Anonymous, std::net::Ipv4Addr::from(address).into());
        Payers { member: (member > 0).then_some(UserId(member)), ..network }
    }

    #[test]
    fn a_payer_gets_a_quarter_and_another_what_is_left() {
        let shares = Shares::quarters(8);
        let mut held = shares.take(payers(1, 1), 1).unwrap();
        held.grow_to(2).unwrap();
        assert!(matches!(held.grow_to(3), Err(Error::RateLimited(_))));
        assert!(matches!(shares.take(payers(1, 2), 1), Err(Error::RateLimited(_))), "the member from elsewhere");
        assert!(matches!(shares.take(payers(2, 1), 1), Err(Error::RateLimited(_))), "another account, same network");
        let others: Vec<Held> = (2..5).map(|number| shares.take(payers(0, number), 2).unwrap()).collect();
        assert!(matches!(shares.take(payers(0, 9), 1), Err(Error::Busy)));
        drop(held);
        assert!(shares.take(payers(0, 9), 2).is_ok());
        drop(others);
        assert!(shares.lock().by_payer.is_empty());
    }

    #[test]
    fn the_smallest_resource_has_a_share_for_somebody() {
        assert!(Shares::quarters(1).take(payers(0, 1), 1).is_ok());
    }

    proptest! {
        #[test]
        fn what_is_held_never_exceeds_the_total_or_a_share(steps in prop::collection::vec((0u64..3, 0u32..6, 0u64..9), 0..60)) {
            let shares = Shares::quarters(16);
            let mut held: Vec<Held> = Vec::new();
            for (member, address, units) in steps {
                match shares.take(payers(member, address), units) {
                    Ok(one) => held.push(one),
                    Err(_) => drop(held.pop()),
                }
                let taken = shares.lock();
                prop_assert_eq!(taken.all, held.iter().map(|held| held.units).sum::<u64>());
                prop_assert!(taken.all <= 16 && taken.by_payer.values().all(|units| (1..=4).contains(units)));
            }
            drop(held);
            let taken = shares.lock();
            prop_assert_eq!((taken.all, taken.by_payer.len()), (0, 0));
        }
    }
}
