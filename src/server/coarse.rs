//! A clock that is a few milliseconds late and costs next to nothing: for limits that are seconds long.

use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

/// The clock, with a moment by it and by the exact one.
#[derive(Debug, Clone, Copy)]
pub struct Coarse {
    start: Instant,
    noted: Duration,
}

impl Coarse {
    pub fn start() -> Coarse {
        // In this order: so it is never ahead of the exact one.
        let start = Instant::now();
        Coarse { start, noted: exact() }
    }

    /// Now, as the system last noted it.
    pub fn now(&self) -> Instant {
        self.start + self.elapsed()
    }

    /// Since it was started.
    pub fn elapsed(&self) -> Duration {
        coarse().saturating_sub(self.noted)
    }
}

fn exact() -> Duration {
    by(ClockId::Monotonic)
}

#[cfg(target_os = "linux")]
fn coarse() -> Duration {
    by(ClockId::MonotonicCoarse)
}

/// There is no other.
#[cfg(not(target_os = "linux"))]
fn coarse() -> Duration {
    exact()
}

fn by(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_runs_with_the_exact_clock_and_is_never_ahead() {
        let clock = Coarse::start();
        let end = Instant::now() + Duration::from_millis(60);
        while Instant::now() < end {
            let coarse = clock.now();
            assert!(coarse <= Instant::now());
        }
        assert!(clock.elapsed() >= Duration::from_millis(20), "{:?}", clock.elapsed());
    }
}
