//! How often somebody may try, in bounded memory.

use crate::domain::id::UserId;
use crate::domain::time::Timestamp;
use crate::domain::user::Username;
use crate::error::{Error, Result};
use crate::service::payer::{Payer, network};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Duration;

/// Buckets kept; the fullest go first, since they forget the least.
const MAX_BUCKETS: usize = 16_384;

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// Logins from a network.
    LoginFrom(IpAddr),
    /// Logins with a name from a network. What was typed counts, in its normal form, so that the answer does not
    /// tell which names and e-mail addresses belong to one account, or to any.
    Login(Name, IpAddr),
    /// Logins with a name from everywhere.
    LoginTo(Name),
    /// Logins from a browser that has signed in to the account before, by the number in its cookie.
    LoginWith(String),
    /// New passwords that a member has chosen.
    PasswordChange(UserId),
    /// New accounts from a network.
    SignUpFrom(IpAddr),
    /// Writes, and kilobytes stored.
    Writes(Payer),
    Stored(Payer),
}

/// A name that somebody typed to sign in, as a short hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Name(u64);

/// How much of something there is at once, and how long until there is one more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    at_once: u32,
    refill: Duration,
}

impl Allowance {
    /// `count` in each `period`, and `at_once` after a pause.
    pub(crate) fn each(period: Duration, count: u32, at_once: u32) -> Allowance {
        Allowance { at_once, refill: period / count.max(1) }
    }
}

impl Key {
    pub(crate) fn login_from(address: IpAddr) -> Key {
        Key::LoginFrom(network(address))
    }

    pub(crate) fn login(name: Name, address: IpAddr) -> Key {
        Key::Login(name, network(address))
    }

    pub(crate) fn sign_up_from(address: IpAddr) -> Key {
        Key::SignUpFrom(network(address))
    }

    fn allowance(&self) -> Allowance {
        let allowance = |at_once, seconds| Allowance { at_once, refill: Duration::from_secs(seconds) };
        match self {
            Key::LoginFrom(_) => allowance(20, 6),
            Key::Login(..) | Key::LoginWith(_) => allowance(10, 30),
            // Guessing from many networks: about 1,500 a day.
            Key::LoginTo(_) => allowance(100, 60),
            Key::PasswordChange(_) => allowance(10, 60),
            Key::SignUpFrom(_) => allowance(10, 120),
            // Their allowance depends on a setting.
            Key::Writes(_) | Key::Stored(_) => allowance(1, 1),
        }
    }
}

/// Token buckets by key.
#[derive(Default)]
pub(crate) struct Throttle {
    buckets: Mutex<HashMap<Key, Bucket>>,
    names: RandomState,
}

/// When the bucket will be full again: all that needs to be known of it.
#[derive(Clone, Copy)]
struct Bucket {
    full_at: Timestamp,
}

impl Throttle {
    /// A name as it was typed.
    pub(crate) fn name(&self, typed: &str) -> Name {
        let name = Username::parse_any(typed).map_or_else(|_| typed.trim().to_lowercase(), |name| name.to_string());
        Name(self.names.hash_one(name))
    }

    /// Counts a try, or says when to come back.
    pub(crate) fn take(&self, key: Key, now: Timestamp) -> Result<()> {
        let allowance = key.allowance();
        self.spend(key, allowance, 1, now)
    }

    /// Counts `count` of something, or says when to come back. More than there ever is at once waits until nothing
    /// is counted any more.
    pub(crate) fn spend(
        &self,
        key: Key,
        Allowance { at_once, refill }: Allowance,
        count: u32,
        now: Timestamp,
    ) -> Result<()> {
        let mut buckets = self.buckets.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if buckets.len() >= MAX_BUCKETS && !buckets.contains_key(&key) {
            make_room(&mut buckets, now);
        }
        let bucket = buckets.entry(key).or_insert(Bucket { full_at: now });
        let begin = bucket.full_at.max(now);
        let full_at = begin.plus(refill * count);
        let over = full_at.since(now).saturating_sub(refill * at_once.max(count));
        if !over.is_zero() {
            return Err(Error::RateLimited(over));
        }
        bucket.full_at = full_at;
        Ok(())
    }

    /// Gives one try back that was none: of a name and a password that match. Earlier tries stay counted.
    pub(crate) fn give_back(&self, key: &Key) {
        let Allowance { refill, .. } = key.allowance();
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
        let key = |address| Key::login(throttle.name("ada"), IpAddr::V4(u32::into(address)));
        for _ in 0..10 {
            throttle.take(key(1), start).unwrap();
        }
        let Err(Error::RateLimited(wait)) = throttle.take(key(1), start) else { panic!("not limited") };
        assert_eq!(wait, Duration::from_secs(30));
        throttle.take(key(2), start).unwrap();
        throttle.take(key(1), start.plus(wait)).unwrap();
        assert!(throttle.take(key(1), start.plus(wait)).is_err());
    }

    #[test]
    fn spellings_are_one_name_and_a_match_gives_its_own_try_back() {
        let throttle = Throttle::default();
        assert_eq!(throttle.name("ａda "), throttle.name("Ada"));
        assert_ne!(throttle.name("ada"), throttle.name("ada@example.org"));
        let now = Timestamp::from_ms(1_000_000);
        let key = || Key::login_from(IpAddr::V4(1.into()));
        let tries = (0..100).take_while(|_| throttle.take(key(), now).is_ok()).count();
        throttle.give_back(&key());
        assert!(throttle.take(key(), now).is_ok() && throttle.take(key(), now).is_err(), "after {tries} tries");
    }

    #[test]
    fn several_are_spent_together_and_too_many_wait_for_a_full_bucket() {
        let throttle = Throttle::default();
        let now = Timestamp::from_ms(1_000_000);
        let spend = |count, seconds| {
            let allowance = Allowance::each(Duration::from_secs(60), 60, 100);
            throttle.spend(Key::PasswordChange(UserId(1)), allowance, count, now.plus(Duration::from_secs(seconds)))
        };
        spend(60, 0).unwrap();
        let Err(Error::RateLimited(wait)) = spend(60, 0) else { panic!("not limited") };
        assert_eq!(wait, Duration::from_secs(20));
        spend(60, 20).unwrap();
        let Err(Error::RateLimited(wait)) = spend(500, 20) else { panic!("not limited") };
        assert_eq!(wait, Duration::from_secs(100));
        spend(500, 120).unwrap();
        assert!(spend(1, 120).is_err());
    }

    #[test]
    fn one_subscriber_is_one_key_and_memory_is_bounded() {
        let throttle = Throttle::default();
        let now = Timestamp::from_ms(0);
        let from = |text: &str| Key::login_from(text.parse().unwrap());
        assert_eq!(from("2001:db8::1"), from("2001:db8::ffff"));
        for number in 0..3 * MAX_BUCKETS as u32 {
            throttle.take(Key::login_from(IpAddr::V4(number.into())), now).unwrap();
        }
        assert!(throttle.buckets.lock().unwrap().len() <= MAX_BUCKETS);
    }
}
