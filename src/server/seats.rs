//! Seats for connections, and who gives one up when all are taken.

use crate::server::coarse::Coarse;
use crate::service::payer::network;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// How often a newcomer looks again for somebody to give way when everybody was busy.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Nobody gives way whose request began, or whose last one ended, within this time: a newcomer's first
/// bytes may be on their way. Bytes that dribble do not count.
const GRACE: Duration = Duration::from_millis(100);

/// The part of all seats that is freed at a time.
const AT_A_TIME: usize = 32;

/// A bounded number of seats.
///
/// A newcomer who finds none free gets one of the address that holds most of them: who floods the
/// server loses its own connections first; of addresses that hold as many, those that listen to events go
/// before visitors. Of its connections one that listens goes first, since it comes back by itself, then an
/// idle one, then one whose client we wait for, because it sends or reads slowly; a connection for which we
/// work is never cut.
pub struct Seats {
    free: Arc<Semaphore>,
    taken: Mutex<HashMap<u64, Arc<Occupant>>>,
    next: AtomicU64,
    epoch: Coarse,
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
    /// Requests that have begun and whose answers are not sent.
    running: AtomicUsize,
    /// Those of them in which it is the client's turn: to send a body, or to take an answer.
    waiting: AtomicUsize,
    /// Those that wait for something to happen, which may take for ever: it is nobody's turn.
    listening: AtomicUsize,
    /// When a request last began or ended, in milliseconds since the epoch of `Seats`.
    changed: AtomicU64,
    /// When a part of a body last came or went.
    moved: AtomicU64,
    /// Whether the socket takes no more bytes.
    blocked: Arc<AtomicBool>,
    /// Whether it carries several requests at once.
    multiplexes: AtomicBool,
    /// Of a connection that does: of the others, `changed` and `moved` tell as much.
    turns: Mutex<Turns>,
    evicted: Notify,
    epoch: Coarse,
}

/// When it became the client's turn, or a part last came or went, in each request in which it is.
#[derive(Default)]
struct Turns {
    next: u64,
    theirs: Vec<(u64, u64)>,
}

/// Held while a request runs, its answer included.
pub struct Running(Arc<Occupant>);

/// Whose turn it is in one request.
pub struct Turn {
    occupant: Arc<Occupant>,
    whose: Whose,
    /// Its number on a connection that carries several requests at once.
    number: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Ours,
    Theirs,
    Nobodys,
}

impl Seats {
    pub fn new(count: usize) -> Seats {
        Seats {
            free: Arc::new(Semaphore::new(count.max(1))),
            taken: Mutex::default(),
            next: AtomicU64::new(0),
            epoch: Coarse::start(),
        }
    }

    /// Waits for a seat for `address`.
    pub async fn take(self: &Arc<Self>, address: IpAddr) -> Seat {
        let permit = loop {
            if let Ok(permit) = self.free.clone().try_acquire_owned() {
                break Some(permit);
            }
            self.evict(GRACE);
            match tokio::time::timeout(LOOK_AGAIN, self.free.clone().acquire_owned()).await {
                Ok(permit) => break permit.ok(),
                Err(_elapsed) => {}
            }
        };
        let occupant = Arc::new(Occupant {
            address: network(address),
            running: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            listening: AtomicUsize::new(0),
            changed: AtomicU64::new(elapsed(self.epoch)),
            moved: AtomicU64::new(0),
            blocked: Arc::default(),
            multiplexes: AtomicBool::new(false),
            turns: Mutex::default(),
            evicted: Notify::new(),
            epoch: self.epoch,
        });
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        self.lock().insert(id, occupant.clone());
        Seat { occupant, seats: self.clone(), id, _permit: permit }
    }

    /// Asks connections for which we do not work to end, if there are any that were quiet for `grace`:
    /// some at a time of one address, so that a flood of newcomers is not let in one by one.
    fn evict(&self, grace: Duration) {
        let Some(last) = elapsed(self.epoch).checked_sub(millis(grace)) else { return };
        let taken = self.lock();
        let mut held: HashMap<IpAddr, usize> = HashMap::new();
        for occupant in taken.values() {
            *held.entry(occupant.address).or_default() += 1;
        }
        let quiet = |occupant: &Occupant| occupant.is_free() && occupant.changed.load(Ordering::Acquire) <= last;
        let seats = |occupant: &Occupant| held.get(&occupant.address).copied().unwrap_or(0);
        let quiet: Vec<&Arc<Occupant>> = taken.values().filter(|occupant| quiet(occupant)).collect();
        let greed = |occupant: &&&Arc<Occupant>| (seats(occupant), occupant.is_listening());
        let Some(greediest) = quiet.iter().max_by_key(greed).map(|one| one.address) else {
            return;
        };
        let mut victims: Vec<_> = quiet.into_iter().filter(|occupant| occupant.address == greediest).collect();
        let rank = |occupant: &Occupant| match (occupant.is_listening(), occupant.is_idle()) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 2,
        };
        victims.sort_by_key(|occupant| (rank(occupant), occupant.changed.load(Ordering::Acquire)));
        for victim in victims.into_iter().take((taken.len() / AT_A_TIME).max(1)) {
            victim.evicted.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Occupant>>> {
        self.taken.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Occupant {
    fn is_idle(&self) -> bool {
        self.running.load(Ordering::Acquire) == 0 && !self.blocked.load(Ordering::Acquire)
    }

    /// Whether nothing is left for us to do until the client does something.
    fn waits_for_client(&self) -> bool {
        self.running.load(Ordering::Acquire) <= self.waiting.load(Ordering::Acquire)
    }

    /// Whether nothing is left for us to do until something happens.
    fn is_free(&self) -> bool {
        let (waiting, listening) = (self.waiting.load(Ordering::Acquire), self.listening.load(Ordering::Acquire));
        self.running.load(Ordering::Acquire) <= waiting + listening
    }

    fn is_listening(&self) -> bool {
        self.listening.load(Ordering::Acquire) > 0 && self.is_free()
    }

    /// Since when the client has done nothing although it was its turn: in any request, since one that
    /// goes on does not make up for others that do not. `None` while it has nothing to do.
    fn stalled_since(&self) -> Option<u64> {
        if self.blocked.load(Ordering::Acquire) {
            return None;
        }
        if self.multiplexes.load(Ordering::Relaxed) {
            let oldest = self.turns().theirs.iter().map(|(_, since)| *since).min();
            return oldest.or_else(|| self.idle_since());
        }
        self.waits_for_client().then(|| self.last_moved())
    }

    fn idle_since(&self) -> Option<u64> {
        self.is_idle().then(|| self.last_moved())
    }

    fn last_moved(&self) -> u64 {
        self.changed.load(Ordering::Acquire).max(self.moved.load(Ordering::Acquire))
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// A request begins or ends.
    fn change(&self) {
        self.changed.store(elapsed(self.epoch), Ordering::Release);
    }
}

impl Seat {
    /// Says that a request begins.
    pub fn runner(&self) -> impl Fn() -> Running + Send + Sync + 'static {
        let occupant = self.occupant.clone();
        move || Running::new(occupant.clone())
    }

    /// Tells whether no request runs, its answer included.
    pub fn is_quiet(&self) -> impl Fn() -> bool + Send + 'static {
        let occupant = self.occupant.clone();
        move || occupant.running.load(Ordering::Acquire) == 0
    }

    /// Which of all connections since the start it is.
    pub fn number(&self) -> u64 {
        self.id
    }

    /// Says that the connection carries several requests at once.
    pub fn multiplexes(&self) {
        self.occupant.multiplexes.store(true, Ordering::Relaxed);
    }

    /// Whether there is a request in which it is not the client's turn.
    pub fn is_in_use(&self) -> bool {
        !self.occupant.waits_for_client()
    }

    /// To be set while the socket takes no more bytes.
    pub fn blocked(&self) -> Arc<AtomicBool> {
        self.occupant.blocked.clone()
    }

    /// Ends when a newcomer needs the seat, unless a request has begun since it was asked for.
    pub async fn evicted(&self) {
        loop {
            self.occupant.evicted.notified().await;
            if self.occupant.is_free() {
                return;
            }
        }
    }

    /// Ends when no request has run and nothing was left to send for `limit`.
    pub async fn idle_for(&self, limit: Duration) {
        self.quiet_for(limit, Occupant::idle_since).await;
    }

    /// Ends when the client has done nothing for `limit` although it was its turn. While the socket
    /// is blocked, `Stalling` judges.
    pub async fn stalled_for(&self, limit: Duration) {
        self.quiet_for(limit, Occupant::stalled_since).await;
    }

    async fn quiet_for(&self, limit: Duration, quiet_since: impl Fn(&Occupant) -> Option<u64>) {
        let mut busy_at = 0;
        loop {
            let now = elapsed(self.occupant.epoch);
            let since = quiet_since(&self.occupant).unwrap_or_else(|| {
                busy_at = now;
                now
            });
            let left = millis(limit).saturating_sub(now.saturating_sub(since.max(busy_at)));
            if left == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(left)).await;
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
        occupant.change();
        Running(occupant)
    }

    /// Ours to begin with.
    pub fn turn(&self) -> Turn {
        let number = self.0.multiplexes.load(Ordering::Relaxed).then(|| {
            let mut turns = self.0.turns();
            turns.next += 1;
            turns.next
        });
        Turn { occupant: self.0.clone(), whose: Whose::Ours, number }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.change();
        self.0.running.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Turn {
    /// It is the client's turn.
    pub fn theirs(&mut self) {
        self.set(Whose::Theirs);
    }

    /// It is our turn.
    pub fn ours(&mut self) {
        self.set(Whose::Ours);
    }

    /// Both wait for something to happen.
    pub fn nobodys(&mut self) {
        self.set(Whose::Nobodys);
    }

    fn set(&mut self, whose: Whose) {
        let before = std::mem::replace(&mut self.whose, whose);
        if before == whose {
            return;
        }
        match before {
            Whose::Ours => 0,
            Whose::Theirs => self.occupant.waiting.fetch_sub(1, Ordering::AcqRel),
            Whose::Nobodys => self.occupant.listening.fetch_sub(1, Ordering::AcqRel),
        };
        match whose {
            Whose::Ours => 0,
            Whose::Theirs => self.occupant.waiting.fetch_add(1, Ordering::AcqRel),
            Whose::Nobodys => self.occupant.listening.fetch_add(1, Ordering::AcqRel),
        };
        if let Some(number) = self.number {
            let mut turns = self.occupant.turns();
            match whose {
                Whose::Theirs => turns.theirs.push((number, elapsed(self.occupant.epoch))),
                _ => turns.theirs.retain(|(other, _)| *other != number),
            }
        }
    }

    /// Whether its connection may carry other requests at the same time.
    pub fn is_one_of_many(&self) -> bool {
        self.number.is_some()
    }

    /// A part of a body came or went.
    pub fn moved(&self) {
        let now = elapsed(self.occupant.epoch);
        self.occupant.moved.store(now, Ordering::Release);
        if let Some(number) = self.number
            && let Some(turn) = self.occupant.turns().theirs.iter_mut().find(|(other, _)| *other == number)
        {
            turn.1 = now;
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.ours();
    }
}

fn elapsed(epoch: Coarse) -> u64 {
    millis(epoch.elapsed())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
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
        later.occupant.changed.store(elapsed(seats.epoch) + 5, Ordering::Release);
        seats.evict(Duration::ZERO);
        assert!(asked(&idle).await);
        assert!(!asked(&visitor).await && !asked(&busy).await && !asked(&later).await);
        drop(running);
    }

    #[tokio::test]
    async fn whose_request_came_when_the_seat_was_asked_for_keeps_it() {
        let seats = Arc::new(Seats::new(1));
        let seat = seats.take(VISITOR.into()).await;
        seats.evict(Duration::ZERO);
        let running = seat.runner()();
        assert!(!asked(&seat).await);
        drop(running);
        seats.evict(Duration::ZERO);
        assert!(asked(&seat).await);
    }

    #[tokio::test]
    async fn who_waits_for_its_client_gives_way_after_the_idle_and_before_the_busy() {
        let seats = Arc::new(Seats::new(3));
        let (slow, busy, idle) =
            (seats.take(FLOOD.into()).await, seats.take(FLOOD.into()).await, seats.take(FLOOD.into()).await);
        let (receiving, _running) = (slow.runner()(), busy.runner()());
        let mut turn = receiving.turn();
        turn.theirs();
        seats.evict(Duration::ZERO);
        assert!(asked(&idle).await && !asked(&slow).await);
        drop(idle);
        seats.evict(Duration::ZERO);
        assert!(asked(&slow).await && !asked(&busy).await);
        turn.ours();
        seats.evict(Duration::ZERO);
        assert!(!asked(&slow).await && !asked(&busy).await);
    }

    #[tokio::test]
    async fn a_client_whose_turn_it_is_for_too_long_has_stalled() {
        let seats = Arc::new(Seats::new(1));
        let seat = seats.take(VISITOR.into()).await;
        let running = seat.runner()();
        let stalled = |limit| tokio::time::timeout(Duration::from_millis(200), seat.stalled_for(limit));
        let mut turn = running.turn();
        assert!(stalled(Duration::from_millis(20)).await.is_err());
        turn.theirs();
        assert!(stalled(Duration::from_millis(20)).await.is_ok());
        seat.blocked().store(true, Ordering::Release);
        assert!(stalled(Duration::from_millis(20)).await.is_err());
    }

    #[tokio::test]
    async fn who_listens_gives_way_to_visitors_and_never_counts_as_stalled() {
        let seats = Arc::new(Seats::new(3));
        let (idle, listening) = (seats.take(FLOOD.into()).await, seats.take(FLOOD.into()).await);
        let running = listening.runner()();
        let mut turn = running.turn();
        turn.theirs();
        turn.nobodys();
        let stalled = listening.stalled_for(Duration::from_millis(20));
        assert!(tokio::time::timeout(Duration::from_millis(100), stalled).await.is_err());
        seats.evict(Duration::ZERO);
        assert!(asked(&listening).await && !asked(&idle).await);
        // Of addresses that hold as many seats, too.
        drop(idle);
        let _visitor = seats.take(VISITOR.into()).await;
        seats.evict(Duration::ZERO);
        assert!(asked(&listening).await && !asked(&_visitor).await);
        turn.ours();
        seats.evict(Duration::ZERO);
        assert!(!asked(&listening).await);
    }

    #[tokio::test]
    async fn of_several_requests_at_once_each_has_its_own_time() {
        let seats = Arc::new(Seats::new(1));
        let seat = seats.take(VISITOR.into()).await;
        seat.multiplexes();
        let stalled = |limit| tokio::time::timeout(Duration::from_millis(200), seat.stalled_for(limit));
        let (listening, reading) = (seat.runner()(), seat.runner()());
        let (mut events, mut answer) = (listening.turn(), reading.turn());
        events.nobodys();
        assert!(stalled(Duration::from_millis(20)).await.is_err());
        answer.theirs();
        // Neither another request that goes on makes up for it, nor a new one.
        let others = async {
            loop {
                tokio::time::sleep(Duration::from_millis(1)).await;
                events.moved();
                drop(seat.runner()());
            }
        };
        tokio::select! {
            ended = stalled(Duration::from_millis(20)) => assert!(ended.is_ok()),
            () = others => {}
        }
        assert!(seat.is_in_use());
        answer.ours();
        assert!(stalled(Duration::from_millis(20)).await.is_err());
        assert!(seat.occupant.turns().theirs.is_empty());
        drop((events, answer));
        drop((listening, reading));
        assert!(stalled(Duration::from_millis(20)).await.is_ok());
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
