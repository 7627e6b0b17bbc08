//! How often somebody may try, in bounded memory.

use crate::domain::id::UserId;
use crate::domain::time::Timestamp;
use crate::domain::user::Username;
use crate::error::{Error, Result};
use crate::service::payer::network;
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
    /// Logins to an account, however its name was spelled.
    LoginTo(UserId),
    /// Logins to a name that no account has, in its normal form.
    LoginToNobody(String),
    /// New accounts from an address.
    SignUpFrom(IpAddr),
}

impl Key {
    pub(crate) fn login_from(address: IpAddr) -> Key {
        Key::LoginFrom(network(address))
    }

    /// `typed` counts only where there is no account: an account is one, whichever spelling of
    /// its name or its e-mail address leads to it.
    pub(crate) fn login_to(account: Option<UserId>, typed: &str) -> Key {
        let normal =
            || Username::parse_any(typed).map_or_else(|_| typed.trim().to_lowercase(), |name| name.to_string());
        account.map_or_else(|| Key::LoginToNobody(normal().chars().take(300).collect()), Key::LoginTo)
    }

    pub(crate) fn sign_up_from(address: IpAddr) -> Key {
        Key::SignUpFrom(network(address))
    }

    /// Tries at once, and how long until one more is allowed.
    fn allowance(&self) -> (u32, Duration) {
        match self {
            Key::LoginFrom(_) => (20, Duration::from_secs(6)),
            Key::LoginTo(_) | Key::LoginToNobody(_) => (10, Duration::from_secs(30)),
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

    /// Forgets the tries of a key: whoever got into an account has shown that it is theirs.
    pub(crate) fn forgive(&self, key: &Key) {
        self.buckets.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).remove(key);
    }

    /// Gives one try back. An address keeps its other tries: getting into one account must not
    /// pay for guessing at another.
    pub(crate) fn give_back(&self, key: &Key) {
        let (_, refill) = key.allowance();
        let mut buckets = self.buckets.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(bucket) = buckets.get_mut(key) {
            let refill = i64::try_from(refill.as_millis()).unwrap_or(0);
            bucket.full_at = Timestamp::from_ms(bucket.full_at.ms() - refill);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_run_out_and_come_back() {
        let throttle = Throttle::default();
        let start = Timestamp::from_ms(1_000_000);
        let key = || Key::login_to(None, "ada");
        for _ in 0..10 {
            throttle.take(key(), start).unwrap();
        }
        let Err(Error::RateLimited(wait)) = throttle.take(key(), start) else { panic!("not limited") };
        assert_eq!(wait, Duration::from_secs(30));
        throttle.take(Key::login_to(None, "eve"), start).unwrap();
        throttle.take(key(), start.plus(wait)).unwrap();
        assert!(throttle.take(key(), start.plus(wait)).is_err());
        throttle.forgive(&key());
        throttle.take(key(), start).unwrap();
    }

    #[test]
    fn an_account_is_one_key_and_getting_in_gives_an_address_one_try_back() {
        assert_eq!(Key::login_to(Some(UserId(7)), "ada"), Key::login_to(Some(UserId(7)), "ａda@example.org"));
        assert_eq!(Key::login_to(None, "ａda "), Key::login_to(None, "Ada"));
        let throttle = Throttle::default();
        let now = Timestamp::from_ms(1_000_000);
        let key = || Key::login_from(IpAddr::V4(1.into()));
        let tries = (0..100).take_while(|_| throttle.take(key(), now).is_ok()).count();
        throttle.give_back(&key());
        assert!(throttle.take(key(), now).is_ok() && throttle.take(key(), now).is_err(), "after {tries} tries");
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
