//! What the writer has done since the start, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};

/// Largest number of jobs that each bucket of batch sizes counts; larger ones are beyond the last.
pub const BATCH_BUCKETS: [usize; 6] = [1, 4, 16, 64, 256, 512];

/// What the writer has done since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Commits by the number of jobs they took: one for each of `BATCH_BUCKETS`.
    pub batches: [u64; BATCH_BUCKETS.len()],
    /// Jobs in these commits.
    pub jobs: u64,
    /// Jobs that wait now.
    pub waiting: u64,
    /// Jobs refused because too many waited.
    pub refused: u64,
    /// Commits that failed with an error of the file.
    pub failures: u64,
}

/// The counters behind `Stats`.
#[derive(Debug, Default)]
pub(in crate::store) struct Tally {
    batches: [AtomicU64; BATCH_BUCKETS.len()],
    jobs: AtomicU64,
    waiting: AtomicU64,
    refused: AtomicU64,
    failures: AtomicU64,
}

impl Tally {
    /// A job is about to join the queue: counted before it can be taken, so that the number never
    /// falls below none.
    pub(in crate::store) fn joins(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    /// Jobs left the queue, or could not join it.
    pub(in crate::store) fn leave(&self, jobs: usize) {
        self.waiting.fetch_sub(jobs as u64, Ordering::Relaxed);
    }

    /// A job was refused because too many waited.
    pub(in crate::store) fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// A commit took this many jobs.
    pub(in crate::store) fn commit(&self, jobs: usize) {
        let bucket = BATCH_BUCKETS.iter().zip(&self.batches).find(|(most, _)| jobs <= **most);
        if let Some((_, count)) = bucket {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.jobs.fetch_add(jobs as u64, Ordering::Relaxed);
    }

    /// A commit failed with an error of the file.
    pub(in crate::store) fn fail(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(in crate::store) fn stats(&self) -> Stats {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            batches: self.batches.each_ref().map(count),
            jobs: count(&self.jobs),
            waiting: count(&self.waiting),
            refused: count(&self.refused),
            failures: count(&self.failures),
        }
    }
}
