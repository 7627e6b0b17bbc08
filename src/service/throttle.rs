//! How often somebody may try, in bounded memory.

use crate::domain::time::Timestamp;
use crate::error::{Error, Result};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Duration;

/// Buckets kept; the fullest go first, since they forget the least.
const MAX_BUCKETS: usize = 16_384;

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// Logins from an address (IPv6: a /64, which one subscriber has).
    LoginFrom(IpAddr),
    /// Logins to an account, by the name that was typed.
    LoginTo(String),
    /// New accounts from an address.
    SignUpFrom(IpAddr),
}

impl Key {
    pub(crate) fn login_from(address: IpAddr) -> Key {
        Key::LoginFrom(network(address))
    }

    pub(crate) fn login_to(name: &str) -> Key {
        Key::LoginTo(name.trim().to_lowercase().chars().take(300).collect())
    }

    pub(crate) fn sign_up_from(address: IpAddr) -> Key {
        Key::SignUpFrom(network(address))
    }

    /// Tries at once, and how long until one more is allowed.
    fn allowance(&self) -> (u32, Duration) {
        match self {
            Key::LoginFrom(_) => (20, Duration::from_secs(6)),
            Key::LoginTo(_) => (10, Duration::from_secs(30)),
            Key::SignUpFrom(_) => (10, Duration::from_secs(120)),
        }
    }
}

/// Token buckets by key.
#[derive(Default)]
pub(crate) struct Throttle {
    buckets: Mutex<HashMap<Key, Bucket>>,
}

/// When the bucket will be full again: all that needs to be known of it.
#[derive(Clone, Copy)]
struct Bucket {
    full_at: Timestamp,
}

impl Throttle {
    /// Counts a try, or says when to come back.
    pub(crate) fn take(&self, key: Key, now: Timestamp) -> Result<()> {
        let (tries, refill) = key.allowance();
        let mut buckets = self.buckets.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if buckets.len() >= MAX_BUCKETS && !buckets.contains_key(&key) {
            make_room(&mut buckets, now);
        }
        let bucket = buckets.entry(key).or_insert(Bucket { full_at: now });
        let full_at = bucket.full_at.max(now).plus(refill);
        let over = full_at.since(now).saturating_sub(refill * tries);
        if !over.is_zero() {
            return Err(Error::RateLimited(over));
        }
        bucket.full_at = full_at;
        Ok(())
    }

    /// Forgets the tries of a key: whoever got in has shown who they are.
    pub(crate) fn forgive(&self, key: &Key) {
        self.buckets.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).remove(key);
    }
}

fn make_room(buckets: &mut HashMap<Key, Bucket>, now: Timestamp) {
    buckets.retain(|_, bucket| bucket.full_at > now);
    if buckets.len() >= MAX_BUCKETS {
        let mut times: Vec<Timestamp> = buckets.values().map(|bucket| bucket.full_at).collect();
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable(middle);
        let median = *median;
        buckets.retain(|_, bucket| bucket.full_at > median);
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6((u128::from(v6) >> 64 << 64).into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_run_out_and_come_back() {
        let throttle = Throttle::default();
        let start = Timestamp::from_ms(1_000_000);
        let key = || Key::login_to("ada");
        for _ in 0..10 {
            throttle.take(key(), start).unwrap();
        }
        let Err(Error::RateLimited(wait)) = throttle.take(key(), start) else { panic!("not limited") };
        assert_eq!(wait, Duration::from_secs(30));
        throttle.take(Key::login_to("eve"), start).unwrap();
        throttle.take(key(), start.plus(wait)).unwrap();
        assert!(throttle.take(key(), start.plus(wait)).is_err());
        throttle.forgive(&key());
        throttle.take(key(), start).unwrap();
    }

    #[test]
    fn one_subscriber_is_one_key_and_memory_is_bounded() {
        let throttle = Throttle::default();
        let now = Timestamp::from_ms(0);
        assert_eq!(Key::login_from("2001:db8::1".parse().unwrap()), Key::login_from("2001:db8::ffff".parse().unwrap()));
        for number in 0..3 * MAX_BUCKETS as u32 {
            throttle.take(Key::login_from(IpAddr::V4(number.into())), now).unwrap();
        }
        assert!(throttle.buckets.lock().unwrap().len() <= MAX_BUCKETS);
    }
}
