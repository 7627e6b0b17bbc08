//! A clock that is a few milliseconds late and costs next to nothing: for limits that are seconds long.

use std::time::{Duration, Instant};

/// Now, as the system last noted it.
#[cfg(target_os = "linux")]
pub fn now() -> Instant {
    use rustix::time::{ClockId, Timespec, clock_gettime};
    use std::sync::OnceLock;

    fn since_boot(time: Timespec) -> Duration {
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
    }

    /// A moment by both clocks.
    static BOTH: OnceLock<(Instant, Duration)> = OnceLock::new();
    let now = since_boot(clock_gettime(ClockId::MonotonicCoarse));
    let (instant, coarse) = BOTH.get_or_init(|| (Instant::now(), since_boot(clock_gettime(ClockId::Monotonic))));
    // The coarse clock tells a time of the other one, but an earlier one.
    *instant + now.saturating_sub(*coarse)
}

/// Now.
#[cfg(not(target_os = "linux"))]
pub fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_runs_with_the_other_clock_and_is_never_ahead() {
        let start = now();
        let end = Instant::now() + Duration::from_millis(60);
        while Instant::now() < end {
            let coarse = now();
            assert!(coarse <= Instant::now());
        }
        let ran = now().duration_since(start);
        assert!(ran >= Duration::from_millis(20), "{ran:?}");
    }
}
