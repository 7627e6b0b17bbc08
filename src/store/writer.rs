//! The single writer: jobs that wait for the same sync share one commit.
//!
//! There is no timer. Alone, a job commits at once; while a commit is on its way to disk the
//! queue grows, and the next commit takes all of it.

use crate::error::{Error, Result};
use crate::store::sessions::{self, Visit};
use crate::store::{Opening, Shared, WriteTxn};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Jobs that may wait; one more is `Error::Busy`.
const QUEUE: usize = 1_024;
/// Most jobs in one commit.
const BATCH: usize = 512;
/// Visits kept for the next commit; more are forgotten, which only ends a session earlier.
const MAX_VISITS: usize = 4_096;
/// Largest number of jobs that each bucket of batch sizes counts; larger ones are beyond the last.
pub const BATCH_BUCKETS: [usize; 6] = [1, 4, 16, 64, 256, 512];
/// First and longest pause before the file is reopened again.
const REOPEN_PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(60));

type Run = dyn FnMut(&WriteTxn<'_>) -> Result<()> + Send;
type Answer = dyn FnOnce(Result<()>) + Send;

/// One write on its way: what to do, and how to answer afterwards.
struct Job {
    run: Box<Run>,
    answer: Box<Answer>,
}

/// The writer's thread and its queue. Dropping it commits what was accepted and joins the thread.
pub(in crate::store) struct Writer {
    queue: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    visits: Mutex<HashMap<[u8; 32], Visit>>,
    unhealthy: AtomicBool,
    /// Commits by the number of jobs they took: see `BATCH_BUCKETS`.
    batches: [AtomicU64; BATCH_BUCKETS.len()],
    jobs: AtomicU64,
    waiting: AtomicU64,
    refused: AtomicU64,
    failures: AtomicU64,
}

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

impl State {
    fn count_batch(&self, jobs: usize) {
        let bucket = BATCH_BUCKETS.iter().zip(&self.batches).find(|(most, _)| jobs <= **most);
        if let Some((_, count)) = bucket {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.jobs.fetch_add(jobs as u64, Ordering::Relaxed);
    }
}

impl Writer {
    pub(in crate::store) fn start(shared: Arc<Shared>) -> Result<Writer> {
        let (sender, receiver) = sync_channel(QUEUE);
        let state = Arc::new(State::default());
        let mut worker = Worker { shared, state: Arc::clone(&state), comment_ids: 0..0 };
        let thread = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || worker.run(&receiver))
            .map_err(|cause| Error::Failed(format!("The writer's thread could not be started: {cause}.")))?;
        Ok(Writer { queue: Some(sender), thread: Some(thread), state })
    }

    /// Queues `work`; `answer` is called once, on the writer's thread, when all is decided.
    pub(in crate::store) fn submit<T, F>(
        &self,
        mut work: F,
        answer: impl FnOnce(Result<T>) + Send + 'static,
    ) -> Result<()>
    where
        F: FnMut(&WriteTxn<'_>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let slot = Arc::new(Mutex::new(None));
        let filled = Arc::clone(&slot);
        let job = Job {
            run: Box::new(move |txn| {
                let value = work(txn)?;
                *filled.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(value);
                Ok(())
            }),
            answer: Box::new(move |result| {
                let value = slot.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
                answer(result.and_then(|()| value.ok_or_else(|| Error::internal("a job left no value"))));
            }),
        };
        // Counted before it can be taken, so that the number never falls below none.
        self.state.waiting.fetch_add(1, Ordering::Relaxed);
        let sent = self.queue.as_ref().map(|queue| queue.try_send(job));
        if let Some(Ok(())) = sent {
            return Ok(());
        }
        self.state.waiting.fetch_sub(1, Ordering::Relaxed);
        match sent {
            Some(Err(TrySendError::Full(_))) => {
                self.state.refused.fetch_add(1, Ordering::Relaxed);
                Err(Error::Busy)
            }
            _ => Err(Error::Unavailable),
        }
    }

    pub(in crate::store) fn stats(&self) -> Stats {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            batches: self.state.batches.each_ref().map(count),
            jobs: count(&self.state.jobs),
            waiting: count(&self.state.waiting),
            refused: count(&self.state.refused),
            failures: count(&self.state.failures),
        }
    }

    pub(in crate::store) fn note_visit(&self, visit: Visit) {
        let mut visits = self.state.visits.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if visits.len() < MAX_VISITS || visits.contains_key(&visit.key.0) {
            visits.insert(visit.key.0, visit);
        }
    }

    pub(in crate::store) fn is_healthy(&self) -> bool {
        !self.state.unhealthy.load(Ordering::Relaxed)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// What the thread owns.
struct Worker {
    shared: Arc<Shared>,
    state: Arc<State>,
    /// Comment numbers reserved by an earlier commit.
    comment_ids: Range<u64>,
}

impl Worker {
    fn run(&mut self, queue: &Receiver<Job>) {
        while let Ok(first) = queue.recv() {
            let mut batch = vec![first];
            batch.extend(queue.try_iter().take(BATCH - 1));
            self.state.waiting.fetch_sub(batch.len() as u64, Ordering::Relaxed);
            self.commit(batch, queue);
        }
        // Visits since the last commit are worth one more at the very end.
        if !self.visits().is_empty() {
            self.commit(Vec::new(), queue);
        }
    }

    /// Runs the jobs in one transaction. A job that fails is answered and left out; if it had
    /// already written, the others run again without it.
    fn commit(&mut self, mut jobs: Vec<Job>, queue: &Receiver<Job>) {
        let visits = self.visits();
        loop {
            match self.attempt(&mut jobs, &visits) {
                Ok(None) => {
                    self.state.unhealthy.store(false, Ordering::Relaxed);
                    return jobs.into_iter().for_each(|job| (job.answer)(Ok(())));
                }
                Ok(Some((index, error))) => {
                    (jobs.remove(index).answer)(Err(error));
                    if jobs.is_empty() {
                        visits.into_values().for_each(|visit| self.keep_visit(visit));
                        return;
                    }
                }
                Err(error) => {
                    self.state.failures.fetch_add(1, Ordering::Relaxed);
                    tracing::error!(%error, jobs = jobs.len(), "a commit failed; reopening the data file");
                    jobs.into_iter().for_each(|job| (job.answer)(Err(Error::Unavailable)));
                    return self.reopen(queue);
                }
            }
        }
    }

    /// One try. `Ok(Some(…))` names a job that must be left out of the next; `Err` is the file's
    /// own failure.
    fn attempt(&mut self, jobs: &mut Vec<Job>, visits: &HashMap<[u8; 32], Visit>) -> Result<Option<(usize, Error)>> {
        let mut transaction = self.shared.database()?.begin_write()?;
        // Without it the first open after a crash walks the whole file.
        transaction.set_quick_repair(true);
        let txn = WriteTxn {
            txn: &transaction,
            touched: RefCell::default(),
            wrote: Cell::new(false),
            comment_ids: RefCell::new(self.comment_ids.clone()),
        };
        let mut index = 0;
        while let Some(job) = jobs.get_mut(index) {
            let wrote_before = txn.wrote.replace(false);
            match catch_unwind(AssertUnwindSafe(|| (job.run)(&txn))) {
                Ok(Ok(())) => index += 1,
                Ok(Err(Error::Unavailable)) => return Err(Error::Unavailable),
                // Refused before it wrote anything: the others need not run again.
                Ok(Err(error)) if !txn.wrote.get() => (jobs.remove(index).answer)(Err(error)),
                Ok(Err(error)) => return Ok(Some((index, error))),
                // Whatever it had begun goes with the transaction.
                Err(_) => return Ok(Some((index, Error::internal("a write panicked")))),
            }
            txn.wrote.set(txn.wrote.get() || wrote_before);
        }
        if !txn.wrote.get() && visits.is_empty() {
            return Ok(None);
        }
        sessions::record_visits(&txn, visits.values())?;
        let (touched, comment_ids) = (txn.touched.into_inner(), txn.comment_ids.into_inner());
        transaction.commit()?;
        self.state.count_batch(jobs.len());
        self.comment_ids = comment_ids;
        self.shared.fresh.publish(&touched);
        Ok(None)
    }

    /// redb refuses everything after an I/O error until the file is opened anew. Jobs that come
    /// in meanwhile are told that nothing can be saved.
    fn reopen(&mut self, queue: &Receiver<Job>) {
        self.state.unhealthy.store(true, Ordering::Relaxed);
        self.comment_ids = 0..0;
        let (mut pause, longest) = REOPEN_PAUSES;
        loop {
            let old = self.shared.db.write().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
            // Readers hold the handle only while they begin; the lock goes with the last of them.
            drop(old);
            match self.shared.place.open(Opening::Existing) {
                Ok(db) => {
                    *self.shared.db.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(Arc::new(db));
                    return;
                }
                Err(error) => tracing::error!(%error, "the data file could not be reopened; trying again"),
            }
            match queue.recv_timeout(pause) {
                Ok(job) => {
                    self.state.waiting.fetch_sub(1, Ordering::Relaxed);
                    (job.answer)(Err(Error::Unavailable));
                }
                Err(RecvTimeoutError::Timeout) => pause = (pause * 2).min(longest),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn visits(&self) -> HashMap<[u8; 32], Visit> {
        std::mem::take(&mut *self.state.visits.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }

    fn keep_visit(&self, visit: Visit) {
        let mut visits = self.state.visits.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        visits.entry(visit.key.0).or_insert(visit);
    }
}
