//! Seats for connections, and who gives one up when all are taken.

use crate::web::response::Body;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// How often a newcomer looks again for somebody idle when everybody was busy.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// A bounded number of seats.
///
/// A newcomer who finds none free gets that of the longest idle connection of the address that holds
/// most of them: who floods the server loses its own connections first. A connection is idle while no
/// request of it runs, so one that sends its first request very slowly is idle as well.
pub struct Seats {
    free: Arc<Semaphore>,
    taken: Mutex<HashMap<u64, Arc<Occupant>>>,
    next: AtomicU64,
    epoch: Instant,
}

/// A taken seat; dropping it frees it.
pub struct Seat {
    occupant: Arc<Occupant>,
    seats: Arc<Seats>,
    id: u64,
    _permit: Option<OwnedSemaphorePermit>,
}

/// What is known about a connection.
struct Occupant {
    address: IpAddr,
    running: AtomicUsize,
    /// Milliseconds since the epoch of `Seats`.
    idle_since: AtomicU64,
    evicted: Notify,
    epoch: Instant,
}

/// Held while a request runs, its answer included.
pub struct Running(Arc<Occupant>);

/// An answer's body that keeps its connection busy until it is sent.
pub struct Sending {
    body: Body,
    _running: Running,
}

impl Seats {
    pub fn new(count: usize) -> Seats {
        Seats {
            free: Arc::new(Semaphore::new(count.max(1))),
            taken: Mutex::default(),
            next: AtomicU64::new(0),
            epoch: Instant::now(),
        }
    }

    /// Waits for a seat for `address`.
    pub async fn take(self: &Arc<Self>, address: IpAddr) -> Seat {
        let permit = loop {
            if let Ok(permit) = self.free.clone().try_acquire_owned() {
                break Some(permit);
            }
            self.evict();
            match tokio::time::timeout(LOOK_AGAIN, self.free.clone().acquire_owned()).await {
                Ok(permit) => break permit.ok(),
                Err(_elapsed) => {}
            }
        };
        let occupant = Arc::new(Occupant {
            address: network(address),
            running: AtomicUsize::new(0),
            idle_since: AtomicU64::new(elapsed(self.epoch)),
            evicted: Notify::new(),
            epoch: self.epoch,
        });
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        self.lock().insert(id, occupant.clone());
        Seat { occupant, seats: self.clone(), id, _permit: permit }
    }

    /// Asks one idle connection to end.
    fn evict(&self) {
        let taken = self.lock();
        let mut held: HashMap<IpAddr, usize> = HashMap::new();
        for occupant in taken.values() {
            *held.entry(occupant.address).or_default() += 1;
        }
        let idle = taken.values().filter(|occupant| occupant.running.load(Ordering::Acquire) == 0);
        let victim = idle.max_by_key(|occupant| {
            let seats = held.get(&occupant.address).copied().unwrap_or(0);
            (seats, u64::MAX - occupant.idle_since.load(Ordering::Acquire))
        });
        if let Some(victim) = victim {
            victim.evicted.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Occupant>>> {
        self.taken.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Seat {
    /// Says that a request begins.
    pub fn runner(&self) -> impl Fn() -> Running + Send + Sync + 'static {
        let occupant = self.occupant.clone();
        move || Running::new(occupant.clone())
    }

    /// Ends when a newcomer needs the seat.
    pub async fn evicted(&self) {
        self.occupant.evicted.notified().await;
    }

    /// Ends when no request has run for `limit`.
    pub async fn idle_for(&self, limit: Duration) {
        loop {
            let idle = if self.occupant.running.load(Ordering::Acquire) > 0 {
                Duration::ZERO
            } else {
                let since = self.occupant.idle_since.load(Ordering::Acquire);
                Duration::from_millis(elapsed(self.occupant.epoch).saturating_sub(since))
            };
            if idle >= limit {
                return;
            }
            tokio::time::sleep(limit - idle + Duration::from_millis(1)).await;
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.lock().remove(&self.id);
    }
}

impl Running {
    fn new(occupant: Arc<Occupant>) -> Running {
        occupant.running.fetch_add(1, Ordering::AcqRel);
        Running(occupant)
    }

    /// Goes on until `body` is sent or dropped.
    pub fn sending(self, body: Body) -> Sending {
        Sending { body, _running: self }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.idle_since.store(elapsed(self.0.epoch), Ordering::Release);
        self.0.running.fetch_sub(1, Ordering::AcqRel);
    }
}

impl hyper::body::Body for Sending {
    type Data = Bytes;
    type Error = crate::error::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, crate::error::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn elapsed(epoch: Instant) -> u64 {
    u64::try_from(epoch.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// The address, or the /64 that one IPv6 client has to itself.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from(u128::from(address) >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOOD: [u8; 4] = [203, 0, 113, 1];
    const VISITOR: [u8; 4] = [198, 51, 100, 1];

    /// Whether a seat was asked to end.
    async fn asked(seat: &Seat) -> bool {
        tokio::time::timeout(Duration::from_millis(20), seat.evicted()).await.is_ok()
    }

    #[tokio::test]
    async fn who_holds_most_seats_gives_up_the_longest_idle_one() {
        let seats = Arc::new(Seats::new(4));
        let visitor = seats.take(VISITOR.into()).await;
        let busy = seats.take(FLOOD.into()).await;
        let running = busy.runner()();
        let idle = seats.take(FLOOD.into()).await;
        let later = seats.take(FLOOD.into()).await;
        later.occupant.idle_since.store(elapsed(seats.epoch) + 5, Ordering::Release);
        seats.evict();
        assert!(asked(&idle).await);
        assert!(!asked(&visitor).await && !asked(&busy).await && !asked(&later).await);
        drop(running);
    }

    #[tokio::test]
    async fn a_newcomer_waits_while_everybody_is_busy() {
        let seats = Arc::new(Seats::new(1));
        let first = seats.take(FLOOD.into()).await;
        let running = first.runner()();
        let newcomer = tokio::spawn({
            let seats = seats.clone();
            async move { seats.take(VISITOR.into()).await.id }
        });
        assert!(!asked(&first).await && !newcomer.is_finished());
        drop(running);
        first.evicted().await;
        drop(first);
        assert_eq!(newcomer.await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_running_request_is_not_idle() {
        let seats = Arc::new(Seats::new(1));
        let seat = seats.take(VISITOR.into()).await;
        let running = seat.runner()();
        let idle = |limit| tokio::time::timeout(Duration::from_millis(100), seat.idle_for(limit));
        assert!(idle(Duration::from_millis(5)).await.is_err());
        drop(running);
        assert!(idle(Duration::from_millis(5)).await.is_ok());
    }

    #[test]
    fn one_ipv6_client_is_its_network() {
        let network = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8::1:2:3:4"), "2001:db8::");
        assert_eq!(network("::ffff:1.2.3.4"), "1.2.3.4");
    }
}
