//! bcrypt off the async threads, a bounded number at a time, so that logins cannot starve readers.

use crate::domain::user::Password;
use crate::error::{Error, Result};
use crate::service::payer::Payers;
use crate::service::shares::Shares;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, oneshot};

/// Lowest cost that is used for accounts.
pub const MIN_COST: u32 = 10;
/// Highest cost that can be configured: about 10 s on a slow machine.
pub const MAX_COST: u32 = 16;
/// What one hash should take.
const TARGET: Duration = Duration::from_millis(250);
/// Cost of the hash that is timed: short enough not to be felt at start.
const SAMPLE_COST: u32 = 7;
/// Requests that may wait for their turn, a quarter of them of one member or network; more are asked to come back.
const MAX_WAITING: u64 = 32;
/// How much less of a busy processor a hash gets than a page: a third.
#[cfg(target_os = "linux")]
const NICE: i32 = 5;
/// How long those should wait before they come back.
const COME_BACK: Duration = Duration::from_secs(5);

/// Hashes and verifies passwords.
pub struct Passwords {
    cost: u32,
    /// The highest cost of any stored hash; `cost` at least.
    dearest: u32,
    turns: Arc<Semaphore>,
    places: Arc<Shares>,
}

/// The outcome of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Wrong,
    Right,
    /// Right, and the stored hash is weaker than what is made now, or of another form of the password.
    RightButWeak,
}

impl Passwords {
    /// New hashes have this cost; `dearest` is the highest cost of those that are stored, and not below it.
    pub(crate) fn new(cost: u32, dearest: u32) -> Passwords {
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
        let turns = Arc::new(Semaphore::new((cores / 2).max(1)));
        Passwords { cost, dearest, turns, places: Shares::quarters(MAX_WAITING) }
    }

    /// Hashes a new password.
    pub(crate) async fn hash(&self, password: &Password, payers: Payers) -> Result<String> {
        let (password, cost) = (password.clone(), self.cost);
        self.in_turn(payers, move || hash_at(&password, cost)).await?
    }

    /// Compares an attempt with a stored hash. Without one (an unknown name, an account without
    /// a password) the same work is done for nothing, so that the time tells nothing.
    pub(crate) async fn verify(&self, attempt: &Password, hash: Option<String>, payers: Payers) -> Result<Verdict> {
        let (attempt, cost, dearest) = (attempt.clone(), self.cost, self.dearest);
        self.in_turn(payers, move || compare(&attempt, hash.as_deref(), cost, dearest)).await
    }

    async fn in_turn<T: Send + 'static>(&self, payers: Payers, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let place = self.places.take(payers, 1).map_err(|_| Error::RateLimited(COME_BACK))?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|cause| Error::Internal(Box::new(cause)))?;
        // Turn and place go with the work: whoever hangs up early must not start another hash beside it.
        aside(move || {
            let result = work();
            drop((turn, place));
            result
        })
        .await
    }
}

/// Runs `work` on a thread of its own that gives way to those that answer readers.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let (sender, receiver) = oneshot::channel();
    let thread = std::thread::Builder::new().name("password".into()).spawn(move || {
        // On Linux this is about the thread alone, elsewhere about the whole process. One that may
        // not is as good as one that need not.
        #[cfg(target_os = "linux")]
        let _ = rustix::process::setpriority_process(None, NICE);
        drop(sender.send(work()));
    });
    thread.map_err(|cause| Error::Internal(Box::new(cause)))?;
    receiver.await.map_err(|cause| Error::Internal(Box::new(cause)))
}

/// Hashes on this thread: for the command line, which serves nobody meanwhile.
pub fn hash_at(password: &Password, cost: u32) -> Result<String> {
    Ok(bcrypt::non_truncating_hash(password.as_str(), cost)?)
}

/// A wrong attempt takes as long as one at a hash of cost `dearest`, whatever it is compared with.
fn compare(attempt: &Password, hash: Option<&str>, cost: u32, dearest: u32) -> Verdict {
    if attempt.forms().next().is_none() {
        work(dearest);
    }
    let Some(hash) = hash else {
        attempt.forms().for_each(|_| work(dearest));
        return Verdict::Wrong;
    };
    let is_right = |form: &&str| matches!(bcrypt::non_truncating_verify(form, hash), Ok(true));
    match attempt.forms().find(is_right) {
        None => {
            attempt.forms().for_each(|_| make_up(stored_cost(hash), dearest));
            Verdict::Wrong
        }
        Some(_) if !attempt.fits() => Verdict::Right,
        Some(form) if form == attempt.as_str() && stored_cost(hash).is_none_or(|stored| stored >= cost) => {
            Verdict::Right
        }
        Some(_) => Verdict::RightButWeak,
    }
}

/// Does the work that is missing after a comparison of cost `done`. Each step of the cost doubles the work, so what
/// one hash lacks is one of each cost in between.
fn make_up(done: Option<u32>, dearest: u32) {
    match done {
        Some(done) => (done..dearest).for_each(work),
        None => work(dearest),
    }
}

/// The work of a comparison.
fn work(cost: u32) {
    drop(bcrypt::verify("nobody's password", &decoy(cost)));
}

/// A hash of this cost that nothing known matches: comparing with it takes as long as with any.
fn decoy(cost: u32) -> String {
    format!("$2b${cost:02}$abcdefghijklmnopqrstuuPFn0dVMqGS0EXMn1tTnLbGfaAW1Oz5a")
}

/// The cost of a stored hash, if it is one.
pub(in crate::service) fn stored_cost(hash: &str) -> Option<u32> {
    hash.split('$').nth(2)?.parse().ok()
}

/// A cost timed on this machine. Each step of the cost doubles the work, so a cheap hash tells
/// what a dear one would take.
pub(crate) fn timed_cost() -> u32 {
    let start = Instant::now();
    drop(bcrypt::hash("how fast is this machine", SAMPLE_COST));
    let mut took = start.elapsed();
    let mut cost = SAMPLE_COST;
    while cost < MAX_COST && took * 3 / 2 < TARGET {
        took *= 2;
        cost += 1;
    }
    cost.max(MIN_COST)
}

internal_from!(bcrypt::BcryptError);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::user::MAX_PASSWORD;

    #[test]
    fn right_wrong_weak_and_unknown_are_told_apart() {
        let password = Password::attempt("correct horse");
        let hash = hash_at(&password, 4).unwrap();
        assert_eq!(compare(&password, Some(&hash), 4, 5), Verdict::Right);
        assert_eq!(compare(&password, Some(&hash), 5, 5), Verdict::RightButWeak);
        assert_eq!(compare(&Password::attempt("wrong horse"), Some(&hash), 4, 5), Verdict::Wrong);
        assert_eq!(compare(&password, None, 4, 5), Verdict::Wrong);
        assert_eq!(compare(&password, Some("not a hash"), 4, 5), Verdict::Wrong);
    }

    #[test]
    fn a_hash_of_another_form_is_right_and_made_anew() {
        let typed = "passe\u{301} simone";
        let old = bcrypt::non_truncating_hash(typed, 4).unwrap();
        assert_eq!(compare(&Password::attempt(typed), Some(&old), 4, 5), Verdict::RightButWeak);
        let new = hash_at(&Password::attempt(typed), 4).unwrap();
        for form in [typed, "pass\u{e9} simone", "pass\u{e9}\u{a0}simone"] {
            assert_eq!(compare(&Password::attempt(form), Some(&new), 4, 5), Verdict::Right, "{form}");
        }
    }

    #[test]
    fn a_longer_password_with_the_same_beginning_is_wrong() {
        let password = Password::parse(&"x".repeat(MAX_PASSWORD)).unwrap();
        let hash = hash_at(&password, 4).unwrap();
        assert_eq!(compare(&password, Some(&hash), 4, 5), Verdict::Right);
        assert_eq!(compare(&Password::attempt(&"x".repeat(MAX_PASSWORD + 1)), Some(&hash), 4, 5), Verdict::Wrong);
    }

    #[test]
    fn a_wrong_attempt_takes_as_long_at_every_hash_as_at_none() {
        let cheap = hash_at(&Password::attempt("correct horse"), 4).unwrap();
        let fastest = |hash: Option<&str>| {
            let took = |_| {
                let began = Instant::now();
                assert_eq!(compare(&Password::attempt("wrong horse"), hash, 4, 10), Verdict::Wrong);
                began.elapsed()
            };
            (0..3).map(took).min().unwrap()
        };
        let (cheap, unknown, damaged) = (fastest(Some(&cheap)), fastest(None), fastest(Some("not a hash")));
        // Without the work that is made up it would be a sixty-fourth.
        assert!(cheap * 4 > unknown && unknown * 4 > cheap, "{cheap:?} {unknown:?}");
        assert!(damaged * 4 > unknown && unknown * 4 > damaged, "{damaged:?} {unknown:?}");
    }

    #[test]
    fn the_decoy_costs_what_a_hash_costs() {
        assert!(matches!(bcrypt::verify("anything", &decoy(4)), Ok(false)));
    }
}
