//! How many requests a client of the APIs has left (draft-ietf-httpapi-ratelimit-headers), in bounded memory.

use crate::domain::time::Timestamp;
use crate::service::payer::{Payer, Payers};
use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The time for which requests are counted together.
const WINDOW: Duration = Duration::from_secs(60);
/// Clients counted at a time; when there are more, those that have asked least are forgotten.
const MAX_CLIENTS: usize = 16_384;

#[derive(Clone, Copy)]
struct Count {
    since: Timestamp,
    used: u32,
}

/// The counts of everybody who asked lately.
pub struct Quota {
    limit: u32,
    counts: Mutex<HashMap<Payer, Count>>,
}

/// What one client has left.
#[derive(Debug, Clone, Copy)]
pub struct Left {
    limit: u32,
    /// `None`: this request was one too many.
    remaining: Option<u32>,
    reset: Duration,
}

impl Quota {
    /// `limit` requests a minute for each client; 0: as many as they like.
    pub fn new(limit: u32) -> Quota {
        Quota { limit, counts: Mutex::default() }
    }

    /// Counts a request of whoever asks; `None` if there is no limit.
    pub fn take(&self, payers: Payers, now: Timestamp) -> Option<Left> {
        let client = payers.narrowest().filter(|_| self.limit > 0)?;
        let mut counts = self.counts.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if counts.len() >= MAX_CLIENTS && !counts.contains_key(&client) {
            make_room(&mut counts, now);
        }
        let count = counts.entry(client).or_insert(Count { since: now, used: 0 });
        if !is_live(count, now) {
            *count = Count { since: now, used: 0 };
        }
        let remaining = self.limit.checked_sub(count.used + 1);
        if remaining.is_some() {
            count.used += 1;
        }
        Some(Left { limit: self.limit, remaining, reset: WINDOW.saturating_sub(now.since(count.since)) })
    }
}

/// A clock that was set back begins a new window.
fn is_live(count: &Count, now: Timestamp) -> bool {
    now >= count.since && now.since(count.since) < WINDOW
}

fn make_room(counts: &mut HashMap<Payer, Count>, now: Timestamp) {
    counts.retain(|_, count| is_live(count, now));
    if counts.len() >= MAX_CLIENTS {
        let mut used: Vec<u32> = counts.values().map(|count| count.used).collect();
        let middle = used.len() / 2;
        let (_, median, _) = used.select_nth_unstable(middle);
        let median = *median;
        counts.retain(|_, count| count.used > median);
    }
}

impl Left {
    /// Whether the request is one too many.
    pub fn is_over(&self) -> bool {
        self.remaining.is_none()
    }

    /// How long until there are requests again.
    pub fn wait(&self) -> Duration {
        Duration::from_secs(self.seconds())
    }

    fn seconds(&self) -> u64 {
        u64::try_from(self.reset.as_millis()).unwrap_or(0).div_ceil(1_000).max(1)
    }

    /// Says so in an answer.
    pub fn tell(&self, headers: &mut HeaderMap) {
        let window = WINDOW.as_secs();
        let policy = format!("\"api\";q={};w={window}", self.limit);
        let left = format!("\"api\";r={};t={}", self.remaining.unwrap_or(0), self.seconds());
        headers.extend(HeaderValue::try_from(policy).ok().map(|value| (RATE_LIMIT_POLICY, value)));
        headers.extend(HeaderValue::try_from(left).ok().map(|value| (RATE_LIMIT, value)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::actor::Actor;
    use std::net::Ipv4Addr;

    fn take(quota: &Quota, address: u32, ms: i64) -> Left {
        quota.take(Payers::new(&Actor::Anonymous, Ipv4Addr::from(address).into()), Timestamp::from_ms(ms)).unwrap()
    }

    #[test]
    fn requests_run_out_and_come_back_with_the_next_window() {
        let quota = Quota::new(3);
        assert_eq!((0..5).filter(|_| !take(&quota, 1, 0).is_over()).count(), 3);
        assert!(!take(&quota, 2, 0).is_over(), "another client");
        let over = take(&quota, 1, 59_500);
        assert!(over.is_over() && over.wait() == Duration::from_secs(1));
        let mut headers = HeaderMap::new();
        take(&quota, 1, 60_000).tell(&mut headers);
        assert_eq!(
            (&headers["ratelimit"], &headers["ratelimit-policy"]),
            (&HeaderValue::from_static("\"api\";r=2;t=60"), &HeaderValue::from_static("\"api\";q=3;w=60"),)
        );
        let anybody = Payers::new(&Actor::Anonymous, Ipv4Addr::LOCALHOST.into());
        assert!(Quota::new(0).take(anybody, Timestamp::from_ms(0)).is_none());
    }

    #[test]
    fn memory_is_bounded_and_the_busy_are_remembered() {
        let quota = Quota::new(2);
        assert!((0..3).map(|_| take(&quota, 7, 0)).last().unwrap().is_over());
        for address in 100..3 * MAX_CLIENTS as u32 {
            take(&quota, address, 1);
        }
        assert!(quota.counts.lock().unwrap().len() <= MAX_CLIENTS);
        assert!(take(&quota, 7, 1).is_over());
    }
}
