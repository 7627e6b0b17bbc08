//! The log on standard error, which can neither block the server nor end it.

use crate::config::LogFormat;
use crate::server::line;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::filter::Targets;

/// Bytes of lines that wait for a slow terminal or pipe; beyond, new ones are dropped and counted.
const QUEUE: usize = 512 * 1024;
/// Lines are written together that come within this time: waking the thread for each costs more
/// than a page from the cache.
const TOGETHER: Duration = Duration::from_millis(5);
/// How long the end of the program waits for the last lines.
const LAST_LINES: Duration = Duration::from_millis(500);

/// Starts the log. `levels` is like `info` or `warn,request=off,pamphlet::store=debug`; the lines of
/// requests have the target `request`. The error is one sentence.
pub fn init(format: LogFormat, levels: &str) -> Result<Log, String> {
    let (log, lines) = Log::to(io::stderr());
    let events = Events { levels: parsed(levels)?, format, lines };
    tracing::subscriber::set_global_default(events).map_err(|_| "The log was started twice.".to_owned())?;
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
        line::write(self.format, event, |line| self.lines.add(line));
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
    done: Receiver<()>,
    _thread: Option<JoinHandle<()>>,
}

impl Log {
    fn to(out: impl Write + Send + 'static) -> (Log, Lines) {
        let (finished, done) = sync_channel(1);
        let lines = Lines::default();
        let waiting = lines.clone();
        let work = move || {
            write_all(out, &waiting);
            let _ = finished.send(());
        };
        let thread = std::thread::Builder::new().name("log".into()).spawn(work).ok();
        (Log { lines: lines.clone(), done, _thread: thread }, lines)
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.lines.lock().closed = true;
        self.lines.0.filled.notify_one();
        // A pipe that nobody reads would hold the thread for ever, so it is not joined.
        let _ = self.done.recv_timeout(LAST_LINES);
    }
}

/// Writes until the log is closed. A failed write loses its lines and nothing else.
fn write_all(mut out: impl Write, lines: &Lines) {
    let mut batch = Vec::new();
    loop {
        let (dropped, closed) = lines.take(&mut batch);
        let _ = out.write_all(&batch);
        batch.clear();
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

/// The way from the formatter to the thread.
#[derive(Clone, Default)]
pub struct Lines(Arc<Shared>);

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    filled: Condvar,
}

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    /// Lines for which there was no room.
    dropped: u64,
    closed: bool,
}

impl Lines {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Waits for lines and swaps them for the empty `batch`. Returns how many were dropped, and
    /// whether these are the last.
    fn take(&self, batch: &mut Vec<u8>) -> (u64, bool) {
        let nothing = |waiting: &mut Waiting| waiting.bytes.is_empty() && !waiting.closed;
        let filled = self.0.filled.wait_while(self.lock(), nothing);
        let mut waiting = filled.unwrap_or_else(|poisoned| poisoned.into_inner());
        std::mem::swap(&mut waiting.bytes, batch);
        (std::mem::take(&mut waiting.dropped), waiting.closed)
    }

    /// Queues a line. Whoever logs is never kept waiting.
    fn add(&self, line: &[u8]) {
        let mut waiting = self.lock();
        if waiting.closed || waiting.bytes.len() + line.len() > QUEUE {
            waiting.dropped += 1;
            return;
        }
        waiting.bytes.extend_from_slice(line);
        if waiting.bytes.len() == line.len() {
            self.0.filled.notify_one();
        }
    }
}

/// What other tests of the log need.
#[cfg(test)]
pub mod testing {
    use super::*;

    /// What is logged meanwhile.
    pub fn lines_of(format: LogFormat, levels: &str, work: impl FnOnce()) -> String {
        let lines = Lines::default();
        let events = Events { levels: parsed(levels).unwrap(), format, lines: lines.clone() };
        tracing::subscriber::with_default(events, work);
        String::from_utf8(lines.lock().bytes.clone()).unwrap()
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
            lines.add(b"line\n");
        }
        drop(read);
        drop(log);
        let text = String::from_utf8(text.lock().unwrap().clone()).unwrap();
        assert!(text.contains("lines of the log were dropped"), "{} bytes", text.len());
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
        lines.add(b"line\n");
        drop(log);
        lines.add(b"after the end\n");
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
