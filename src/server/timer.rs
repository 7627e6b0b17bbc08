//! The timer of a connection's head: cheap to start anew, since each request does.

use crate::server::coarse::Coarse;
use hyper::rt::{Sleep, Timer};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// How long a head may take. hyper starts a time limit for each head, drops it when the head is there, and the
/// runtime takes a lock to know of the one and to forget the other. Here one alarm per connection stays
/// set; a later limit moves it when it rings too early.
#[derive(Clone)]
pub struct HeadTimer {
    clock: Coarse,
    alarm: Arc<Mutex<Option<Pin<Box<tokio::time::Sleep>>>>>,
}

impl HeadTimer {
    /// For one connection.
    pub fn start() -> HeadTimer {
        HeadTimer { clock: Coarse::start(), alarm: Arc::default() }
    }
}

/// A time limit of a `HeadTimer`.
struct Limit {
    deadline: Instant,
    timer: HeadTimer,
}

impl Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Limit { deadline, timer: self.clone() })
    }

    fn now(&self) -> Instant {
        self.clock.now()
    }
}

impl Sleep for Limit {}

impl Future for Limit {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = self.deadline.into();
        let mut alarm = self.timer.alarm.lock().unwrap_or_else(PoisonError::into_inner);
        let alarm = alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        while alarm.as_mut().poll(cx).is_ready() {
            if alarm.deadline() >= deadline {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a limit has passed by `time` after `start`.
    async fn is_over(limit: &mut Pin<Box<dyn Sleep>>, start: Instant, time: Duration) -> bool {
        tokio::time::timeout_at((start + time).into(), limit.as_mut()).await.is_ok()
    }

    #[tokio::test]
    async fn a_limit_ends_at_its_own_time_whatever_was_set_before() {
        let (timer, start) = (HeadTimer::start(), Instant::now());
        let ms = Duration::from_millis;
        let mut first = timer.sleep_until(start + ms(40));
        assert!(!is_over(&mut first, start, ms(5)).await);
        drop(first);
        let mut second = timer.sleep_until(start + ms(150));
        assert!(!is_over(&mut second, start, ms(100)).await, "the first one's end is not its own");
        assert!(is_over(&mut second, start, ms(10_000)).await);
        assert!(start.elapsed() >= ms(150));
    }
}
