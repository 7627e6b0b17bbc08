//! The single writer: jobs that wait for the same sync share one commit.
//!
//! There is no timer. Alone, a job commits at once; while a commit is on its way to disk the
//! queue grows, and the next commit takes all of it.

use crate::error::{Error, Result};
use crate::store::WriteTxn;
use crate::store::outlines;
use crate::store::passengers::Passengers;
use crate::store::reopen::Shared;
use crate::store::security_log;
use crate::store::sessions::Visit;
use crate::store::stats::{Stats, Tally};
use crate::store::tokens::Use;
use crate::store::trouble::{damaged_within, has_redb_panicked};
use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Jobs that may wait; one more is `Error::Busy`.
pub(in crate::store) const QUEUE: usize = 1_024;
/// Most jobs in one commit.
const BATCH: usize = 512;
/// First and longest pause between two tries to mend the file.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// Least time between two reopenings for the sake of readers: a sector that cannot be read is asked for at
/// every visit. Not longer, since until then nobody can read what is not kept in memory.
const READ_PAUSE: Duration = Duration::from_millis(200);

/// How long a reader waits for the file to be reopened; usually it takes a few milliseconds.
const MENDING: Duration = Duration::from_millis(500);

type Run = dyn FnMut(&WriteTxn<'_>) -> Result<()> + Send;
type Answer = dyn FnOnce(Result<()>) + Send;

/// One write on its way: what to do, how to answer, and what to.
struct Job {
    run: Box<Run>,
    answer: Box<Answer>,
    /// What came of it in the last transaction; told when that is decided.
    outcome: Result<()>,
    /// Failed after it had begun to write: the transaction went with it, and it takes no part in
    /// the next.
    is_out: bool,
}

enum Message {
    Job(Job),
    /// A reader met an I/O error: the file wants to be reopened.
    Mend,
}

/// The writer's thread and its queue. Dropping it commits what was accepted and joins the thread.
pub(in crate::store) struct Writer {
    queue: Option<SyncSender<Message>>,
    thread: Option<JoinHandle<()>>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    passengers: Mutex<Passengers>,
    in_trouble: AtomicBool,
    mend_asked: AtomicBool,
    tally: Tally,
}

impl State {
    fn passengers(&self) -> MutexGuard<'_, Passengers> {
        self.passengers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    pub(in crate::store) fn start(shared: Arc<Shared>) -> Result<Writer> {
        let (sender, receiver) = sync_channel(QUEUE);
        let state = Arc::new(State::default());
        let mut worker = Worker {
            shared,
            state: Arc::clone(&state),
            comment_ids: 0..0,
            trouble: None,
            is_doubtful: false,
            reopened_at: None,
        };
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
                *filled.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
                Ok(())
            }),
            answer: Box::new(move |result| {
                let value = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
                answer(result.and_then(|()| value.ok_or_else(|| Error::internal("a job left no value"))));
            }),
            outcome: Ok(()),
            is_out: false,
        };
        self.state.tally.joins();
        let sent = self.queue.as_ref().map(|queue| queue.try_send(Message::Job(job)));
        if let Some(Ok(())) = sent {
            return Ok(());
        }
        self.state.tally.leave(1);
        match sent {
            Some(Err(TrySendError::Full(_))) => {
                self.state.tally.refuse();
                Err(Error::Busy)
            }
            _ => Err(Error::Unavailable),
        }
    }

    pub(in crate::store) fn stats(&self) -> Stats {
        self.state.tally.stats()
    }

    pub(in crate::store) fn note_visit(&self, visit: Visit) {
        self.state.passengers().note_visit(visit);
    }

    pub(in crate::store) fn note_use(&self, used: Use) {
        self.state.passengers().note_use(used);
    }

    /// Whether a reader does well to wait a moment: the file is being reopened, or will be at once.
    pub(in crate::store) fn is_mending(&self, shared: &Shared) -> bool {
        shared.is_reopening() || shared.gauge.has_failed() && !self.state.in_trouble.load(Ordering::Acquire)
    }

    /// Asks for the file to be reopened after an error, once until that is heard, and waits a
    /// moment for it. Blocks its thread.
    pub(in crate::store) fn mend(&self, shared: &Shared) {
        let in_trouble = || self.state.in_trouble.load(Ordering::Acquire);
        if shared.gauge.has_failed() && !in_trouble() && !self.state.mend_asked.swap(true, Ordering::AcqRel) {
            let sent = self.queue.as_ref().is_some_and(|queue| queue.try_send(Message::Mend).is_ok());
            if !sent {
                self.state.mend_asked.store(false, Ordering::Release);
            }
        }
        let patience = Instant::now() + MENDING;
        while self.is_mending(shared) && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub(in crate::store) fn is_healthy(&self) -> bool {
        let alive = self.thread.as_ref().is_some_and(|thread| !thread.is_finished());
        alive && !self.state.in_trouble.load(Ordering::Acquire)
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
    trouble: Option<Trouble>,
    /// Whether a commit failed: it may have reached the disk all the same.
    is_doubtful: bool,
    /// When the file was last reopened for readers.
    reopened_at: Option<Instant>,
}

/// The file takes no writes; when to try again, and how long to wait after that.
#[derive(Clone, Copy)]
struct Trouble {
    next: Instant,
    pause: Duration,
}

/// How a transaction ended.
enum Ending {
    Committed,
    /// Nobody wrote anything.
    NothingToWrite,
    /// One job spoiled it; the others run again without that one.
    Spoiled,
}

impl Worker {
    fn run(&mut self, queue: &Receiver<Message>) {
        loop {
            let message = match self.trouble {
                None => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(trouble) if trouble.next <= Instant::now() => Err(RecvTimeoutError::Timeout),
                Some(trouble) => queue.recv_timeout(trouble.next.saturating_duration_since(Instant::now())),
            };
            match message {
                Ok(Message::Job(job)) if self.trouble.is_some() => {
                    self.state.tally.leave(1);
                    (job.answer)(Err(Error::Unavailable));
                }
                Ok(Message::Job(job)) => {
                    let mut batch = vec![job];
                    batch.extend(queue.try_iter().take(BATCH - 1).filter_map(|message| match message {
                        Message::Job(job) => Some(job),
                        Message::Mend => {
                            // The commit meets the error by itself.
                            self.state.mend_asked.store(false, Ordering::Release);
                            None
                        }
                    }));
                    self.state.tally.leave(batch.len());
                    self.commit(batch);
                }
                Ok(Message::Mend) => {
                    self.state.mend_asked.store(false, Ordering::Release);
                    self.mend_for_readers();
                }
                Err(RecvTimeoutError::Timeout) => self.mend(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        // Visits since the last commit are worth one more at the very end.
        if self.trouble.is_none() && !self.state.passengers().is_empty() {
            self.commit(Vec::new());
        }
    }

    /// Runs the jobs in one transaction and answers them when it is durable. Without jobs it is
    /// for the visits alone.
    fn commit(&mut self, mut jobs: Vec<Job>) {
        let passengers = std::mem::take(&mut *self.state.passengers());
        let ending = loop {
            // redb may panic on a damaged file; the thread must outlive that.
            let ending = catch_unwind(AssertUnwindSafe(|| self.attempt(&mut jobs, &passengers)));
            match ending.unwrap_or_else(|_| Err(panicked("the commit panicked"))) {
                Ok(Ending::Spoiled) => {}
                ending => break ending,
            }
        };
        if !matches!(ending, Ok(Ending::Committed)) {
            self.state.passengers().take_back(passengers);
        }
        match ending {
            Ok(_) => jobs.into_iter().for_each(|job| (job.answer)(job.outcome)),
            Err(error) => {
                self.state.tally.fail();
                tracing::error!(%error, jobs = jobs.len(), "a commit failed; reopening the data file");
                self.is_doubtful = true;
                // Mended first if possible, so that whoever is told can read on.
                self.fall_ill();
                self.mend();
                jobs.into_iter().for_each(|job| (job.answer)(Err(Error::Unavailable)));
            }
        }
    }

    /// One transaction; `Err` is the file's own failure. A refusal is told no earlier than a
    /// success: it may rest on what another job of the same transaction wrote.
    fn attempt(&mut self, jobs: &mut [Job], passengers: &Passengers) -> Result<Ending> {
        let mut transaction = self.shared.begin_write()?;
        // Without it the first open after a crash walks the whole file.
        transaction.set_quick_repair(true);
        let txn = WriteTxn {
            txn: &transaction,
            touched: RefCell::default(),
            news: RefCell::default(),
            security: RefCell::default(),
            wrote: Cell::new(false),
            has_room: self.shared.has_room(),
            comment_ids: RefCell::new(self.comment_ids.clone()),
        };
        let alone = jobs.is_empty();
        let mut wrote = false;
        for job in jobs.iter_mut().filter(|job| !job.is_out) {
            txn.wrote.set(false);
            let ran = catch_unwind(AssertUnwindSafe(|| (job.run)(&txn)));
            job.is_out = ran.is_err();
            job.outcome = ran.unwrap_or_else(|_| Err(panicked("a write panicked")));
            match &job.outcome {
                Ok(()) => wrote |= txn.wrote.get(),
                Err(Error::Unavailable) => return Err(Error::Unavailable),
                // Refused before it wrote anything: the others need not run again.
                Err(_) if !txn.wrote.get() && !job.is_out => {}
                // Whatever it had begun goes with the transaction.
                Err(_) => {
                    job.is_out = true;
                    return Ok(Ending::Spoiled);
                }
            }
        }
        if !wrote && !alone {
            return Ok(Ending::NothingToWrite);
        }
        passengers.record(&txn)?;
        let (touched, news, comment_ids) =
            (txn.touched.into_inner(), txn.news.into_inner(), txn.comment_ids.into_inner());
        let security = txn.security.into_inner();
        let during_commit = self.shared.kept.during_commit();
        transaction.commit()?;
        self.state.tally.commit(jobs.iter().filter(|job| job.outcome.is_ok()).count());
        self.comment_ids = comment_ids;
        outlines::follow(&self.shared, &touched, &news);
        // Caches first: who hears of it reads it.
        self.shared.fresh.publish(&touched);
        drop(during_commit);
        self.shared.news.tell(news);
        security.iter().for_each(security_log::write);
        Ok(Ending::Committed)
    }

    /// From now on writes are refused until the file is mended.
    fn fall_ill(&mut self) {
        self.comment_ids = 0..0;
        self.trouble = Some(Trouble { next: Instant::now(), pause: PAUSES.0 });
    }

    fn mend_for_readers(&mut self) {
        if self.trouble.is_some() || !self.shared.gauge.has_failed() {
            return;
        }
        if let Some(left) = self.reopened_at.and_then(|last| READ_PAUSE.checked_sub(last.elapsed())) {
            std::thread::sleep(left);
        }
        self.fall_ill();
        self.mend();
        self.reopened_at = Some(Instant::now());
    }

    /// One try to get the file back.
    fn mend(&mut self) {
        let Some(Trouble { pause, .. }) = self.trouble else { return };
        let tried = catch_unwind(AssertUnwindSafe(|| self.shared.reopen(self.is_doubtful)));
        match tried.unwrap_or_else(|_| Err(Error::internal("reopening panicked"))) {
            Ok(()) => {
                tracing::info!("the data file takes writes again");
                self.trouble = None;
                self.is_doubtful = false;
            }
            Err(error) => {
                tracing::error!(%error, again_in = ?pause, "the data file takes no writes");
                self.trouble = Some(Trouble { next: Instant::now() + pause, pause: (pause * 2).min(PAUSES.1) });
            }
        }
        self.state.in_trouble.store(self.trouble.is_some(), Ordering::Release);
    }
}

/// What a panic on this thread means: a damaged file makes redb panic.
fn panicked(what: &'static str) -> Error {
    if has_redb_panicked() { damaged_within() } else { Error::internal(what) }
}

#[cfg(test)]
mod tests;
