//! The log on standard error, which can neither block the server nor end it.

use crate::config::LogFormat;
use crate::server::line::{self, Stamp};
use crate::server::request_line;
use crate::web::access_log;
use std::cell::Cell;
use std::io::{self, BufRead, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::thread::{JoinHandle, Thread};
use std::time::Duration;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::Targets;

/// Bytes of lines that wait for a slow terminal or pipe; beyond, new ones are dropped and counted.
const QUEUE: usize = 512 * 1024;
/// Bytes of lines that are gathered before they are added to those that wait: this memory stays in the cache of
/// the processor that writes them, where that of longer queues would have to be fetched anew for each line.
const GATHERED: usize = 4 * 1024;
/// Most places in which lines wait; there are as many as cores, up to this.
const MOST_PLACES: usize = 8;
/// Lines are written together that come within this time: waking the thread for each costs more
/// than a page from the cache.
const TOGETHER: Duration = Duration::from_millis(5);
/// How long the end of the program waits for the last lines.
const LAST_LINES: Duration = Duration::from_millis(500);

/// Starts the log. `levels` is like `info` or `warn,request=off,pamphlet::store=debug`; the lines of
/// requests have the target `request`. The error is one sentence.
pub fn init(format: LogFormat, levels: &str) -> Result<Log, String> {
    let levels = parsed(levels)?;
    let tells_requests = levels.would_enable(request_line::TARGET, &Level::INFO);
    let (mut log, lines) = Log::to(io::stderr());
    log.requests = tells_requests.then(|| (format, lines.clone()));
    tracing::subscriber::set_global_default(Events { levels, format, lines })
        .map_err(|_| "The log was started twice.".to_owned())?;
    std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "panic")));
    Ok(log)
}

fn parsed(levels: &str) -> Result<Targets, String> {
    levels.parse().map_err(|_| {
        format!("“{levels}” is no log level; write one like info, or levels by module like warn,request=info.")
    })
}

/// Where events become lines.
struct Events {
    levels: Targets,
    format: LogFormat,
    lines: Lines,
}

impl Subscriber for Events {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.enabled(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && self.levels.would_enable(metadata.target(), metadata.level())
    }

    fn event(&self, event: &Event<'_>) {
        line::write(self.format, event, |line| self.lines.add(|_, lines| lines.extend_from_slice(line)));
    }

    // There are no spans.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The running log. Dropping it waits a moment for the last lines.
pub struct Log {
    lines: Lines,
    /// If requests are told at all.
    requests: Option<(LogFormat, Lines)>,
    done: Receiver<()>,
    _thread: Option<JoinHandle<()>>,
}

impl Log {
    fn to(out: impl Write + Send + 'static) -> (Log, Lines) {
        let (finished, done) = sync_channel(1);
        let lines = Lines::new();
        let waiting = lines.clone();
        let work = move || {
            write_all(out, &waiting);
            let _ = finished.send(());
        };
        let thread = std::thread::Builder::new().name("log".into()).spawn(work).ok();
        (Log { lines: lines.clone(), requests: None, done, _thread: thread }, lines)
    }

    /// Where answers leave their lines, unless the levels leave them out.
    pub fn access(&self) -> Option<access_log::Lines> {
        let (format, lines) = self.requests.clone()?;
        Some(Box::new(move |line| lines.add(|stamp, out| request_line::write(format, line, stamp, out))))
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.lines.close();
        // A pipe that nobody reads would hold the thread for ever, so it is not joined.
        let _ = self.done.recv_timeout(LAST_LINES);
    }
}

/// Writes until the log is closed. A failed write loses its lines and nothing else.
fn write_all(mut out: impl Write, lines: &Lines) {
    let _ = lines.0.thread.set(std::thread::current());
    let mut batches = vec![Vec::new(); lines.0.places.len()];
    let mut all = Vec::new();
    loop {
        lines.wait();
        // Before the last look: whoever saw it open has added its line by then.
        let closed = lines.0.closed.load(Ordering::SeqCst);
        let dropped = lines.take(&mut batches);
        merge(&batches, &mut all);
        let _ = out.write_all(&all);
        all.clear();
        batches.iter_mut().for_each(Vec::clear);
        if dropped > 0 {
            let _ = writeln!(out, "{dropped} lines of the log were dropped because nobody read them");
        }
        if closed {
            break;
        }
        std::thread::sleep(TOGETHER);
    }
    let _ = out.flush();
}

/// The way to the thread: lines of one thread wait in one of several places, so that threads seldom
/// meet at a lock.
#[derive(Clone)]
pub struct Lines(Arc<Shared>);

struct Shared {
    places: Box<[Place]>,
    /// Which place the next thread takes.
    next: AtomicUsize,
    /// Whether the thread has nothing to do until it is woken.
    sleeps: AtomicBool,
    closed: AtomicBool,
    thread: OnceLock<Thread>,
}

/// Apart from its neighbours: two of them in one line of a processor's cache would be in each other's way.
#[derive(Default)]
#[repr(align(128))]
struct Place(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    /// The last lines.
    gathered: Vec<u8>,
    /// Lines for which there was no room.
    dropped: u64,
    stamp: Stamp,
}

thread_local! {
    /// The place that a thread takes, once it has one.
    static TURN: Cell<Option<usize>> = const { Cell::new(None) };
}

impl Lines {
    fn new() -> Lines {
        let places = std::thread::available_parallelism().map_or(1, usize::from).clamp(1, MOST_PLACES);
        Lines(Arc::new(Shared {
            places: std::iter::repeat_with(Place::default).take(places).collect(),
            next: AtomicUsize::new(0),
            sleeps: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            thread: OnceLock::new(),
        }))
    }

    /// Swaps what waits for the empty `batches`, one for each place. Returns how many lines were dropped.
    fn take(&self, batches: &mut [Vec<u8>]) -> u64 {
        let mut dropped = 0;
        for (place, batch) in self.0.places.iter().zip(batches) {
            let mut waiting = place.lock();
            waiting.gather();
            std::mem::swap(&mut waiting.lines, batch);
            dropped += std::mem::take(&mut waiting.dropped);
        }
        dropped
    }

    /// Waits until there are lines or there will be no more.
    fn wait(&self) {
        self.0.sleeps.store(true, Ordering::SeqCst);
        // Looked at after it is said that the thread sleeps: whoever adds a line later will wake it.
        let nothing = || self.0.places.iter().all(|place| place.lock().is_empty());
        while !self.0.closed.load(Ordering::SeqCst) && nothing() {
            std::thread::park();
        }
        self.0.sleeps.store(false, Ordering::SeqCst);
    }

    /// Queues what `write` appends. Whoever logs is never kept waiting.
    fn add(&self, write: impl FnOnce(&mut Stamp, &mut Vec<u8>)) {
        let turn = TURN.get().unwrap_or_else(|| self.0.next.fetch_add(1, Ordering::Relaxed));
        TURN.set(Some(turn));
        let place = turn % self.0.places.len();
        let Some(place) = self.0.places.get(place) else { return };
        let mut waiting = place.lock();
        if self.0.closed.load(Ordering::Relaxed) || waiting.lines.len() > QUEUE / self.0.places.len() {
            waiting.dropped += 1;
            return;
        }
        let Waiting { gathered, stamp, .. } = &mut *waiting;
        write(stamp, gathered);
        if gathered.len() >= GATHERED {
            waiting.gather();
        }
        drop(waiting);
        if self.0.sleeps.load(Ordering::SeqCst) && self.0.sleeps.swap(false, Ordering::SeqCst) {
            self.wake();
        }
    }

    fn close(&self) {
        self.0.closed.store(true, Ordering::SeqCst);
        self.wake();
    }

    fn wake(&self) {
        if let Some(thread) = self.0.thread.get() {
            thread.unpark();
        }
    }
}

impl Waiting {
    fn gather(&mut self) {
        self.lines.append(&mut self.gathered);
    }

    fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.gathered.is_empty()
    }
}

impl Place {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Appends all lines in the order of their times, with which they begin.
fn merge(batches: &[Vec<u8>], all: &mut Vec<u8>) {
    let mut left: Vec<&[u8]> = batches.iter().map(Vec::as_slice).collect();
    loop {
        left.retain(|lines| !lines.is_empty());
        let several = left.len() > 1;
        match left.iter_mut().min() {
            None => return,
            Some(lines) if several => drop(lines.read_until(b'\n', all)),
            Some(lines) => all.extend_from_slice(std::mem::take(lines)),
        }
    }
}

/// What other tests of the log need.
#[cfg(test)]
pub mod testing {
    use super::*;

    /// What is logged meanwhile.
    pub fn lines_of(format: LogFormat, levels: &str, work: impl FnOnce()) -> String {
        let lines = Lines::new();
        let events = Events { levels: parsed(levels).unwrap(), format, lines: lines.clone() };
        tracing::subscriber::with_default(events, work);
        let mut batches = vec![Vec::new(); lines.0.places.len()];
        lines.take(&mut batches);
        String::from_utf8(batches.concat()).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes a line only when told to.
    struct Stuck(Receiver<()>, Arc<Mutex<Vec<u8>>>);

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            self.1.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_log_that_nobody_reads_blocks_nobody_and_says_what_is_missing() {
        let (read, reader) = sync_channel::<()>(0);
        let text = Arc::new(Mutex::new(Vec::new()));
        let (log, lines) = Log::to(Stuck(reader, text.clone()));
        for _ in 0..QUEUE {
            lines.add(|_, lines| lines.extend_from_slice(b"line\n"));
        }
        drop(read);
        drop(log);
        let text = String::from_utf8(text.lock().unwrap().clone()).unwrap();
        assert!(text.contains("lines of the log were dropped"), "{} bytes", text.len());
    }

    #[test]
    fn no_line_of_several_threads_is_missing() {
        let (read, reader) = sync_channel::<()>(0);
        let text = Arc::new(Mutex::new(Vec::new()));
        let (log, lines) = Log::to(Stuck(reader, text.clone()));
        let fill = |thread: usize| {
            for line in 0..500 {
                lines.add(|_, all| all.extend_from_slice(format!("{thread} {line}\n").as_bytes()));
            }
        };
        std::thread::scope(|scope| (0..4).for_each(|thread| drop(scope.spawn(move || fill(thread)))));
        drop(read);
        drop(log);
        let text = String::from_utf8(text.lock().unwrap().clone()).unwrap();
        let told: std::collections::HashSet<&str> = text.lines().collect();
        assert_eq!((told.len(), text.lines().count()), (2_000, 2_000));
    }

    #[test]
    fn lines_are_written_in_the_order_of_their_times() {
        let batches = ["1 a\n2 b\n4 d\n", "0 x\n3 c\n5 e\n", ""].map(|lines| lines.as_bytes().to_vec());
        let mut all = Vec::new();
        merge(&batches, &mut all);
        assert_eq!(all, b"0 x\n1 a\n2 b\n3 c\n4 d\n5 e\n");
    }

    #[test]
    fn the_lines_of_answers_can_be_left_out() {
        let access = |levels: &str| parsed(levels).unwrap().would_enable(request_line::TARGET, &Level::INFO);
        assert!(access("info") && access("warn,request=info") && !access("warn") && !access("info,request=off"));
    }

    #[test]
    fn a_broken_pipe_is_no_failure() {
        struct Broken;
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
        }
        let (log, lines) = Log::to(Broken);
        lines.add(|_, lines| lines.extend_from_slice(b"line\n"));
        drop(log);
        lines.add(|_, lines| lines.extend_from_slice(b"after the end\n"));
    }

    #[test]
    fn levels_go_by_module() {
        let tell = || {
            tracing::info!(target: "request", "answered");
            tracing::debug!(target: "pamphlet::store", "committed");
            tracing::info!(target: "pamphlet::web", "unheard");
            tracing::warn!(target: "pamphlet::web", "heard");
        };
        let lines = testing::lines_of(LogFormat::Text, "warn,request=info,pamphlet::store=debug", tell);
        assert!(["answered", "committed", " heard"].iter().all(|word| lines.contains(word)), "{lines}");
        assert!(!lines.contains("unheard"), "{lines}");
    }
}
