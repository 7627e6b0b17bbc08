//! The log on standard error, which can neither block the server nor end it.

use crate::config::LogFormat;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry};

/// Lines that wait for a slow terminal or pipe; beyond, new ones are dropped and counted.
const QUEUE: usize = 4096;
/// How long the end of the program waits for the last lines.
const LAST_LINES: Duration = Duration::from_millis(500);

/// Starts the log. `levels` is like `info` or `warn,request=off,pamphlet::store=debug`; the lines of
/// requests have the target `request`. The error is one sentence.
pub fn init(format: LogFormat, levels: &str) -> Result<Log, String> {
    let targets: Targets = levels.parse().map_err(|_| {
        format!("“{levels}” is no log level; write one like info, or levels by module like warn,request=info.")
    })?;
    let (log, lines) = Log::to(io::stderr());
    let layer = tracing_subscriber::fmt::layer().with_writer(lines).with_ansi(false);
    let layer = match format {
        LogFormat::Text => layer.boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    let subscriber = Registry::default().with(layer.with_filter(targets));
    tracing::subscriber::set_global_default(subscriber).map_err(|_| "The log was started twice.".to_owned())?;
    std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "panic")));
    Ok(log)
}

/// The running log. Dropping it waits a moment for the last lines.
pub struct Log {
    lines: Lines,
    done: Receiver<()>,
    _thread: Option<JoinHandle<()>>,
}

impl Log {
    fn to(out: impl Write + Send + 'static) -> (Log, Lines) {
        let (sender, receiver) = sync_channel(QUEUE);
        let (finished, done) = sync_channel(1);
        let dropped = Arc::new(AtomicU64::new(0));
        let lines = Lines { sender: Arc::new(Mutex::new(Some(sender))), dropped: dropped.clone() };
        let work = move || {
            write_all(out, &receiver, &dropped);
            let _ = finished.send(());
        };
        let thread = std::thread::Builder::new().name("log".into()).spawn(work).ok();
        (Log { lines: lines.clone(), done, _thread: thread }, lines)
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.lines.sender.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        // A pipe that nobody reads would hold the thread for ever, so it is not joined.
        let _ = self.done.recv_timeout(LAST_LINES);
    }
}

/// Writes until the sender is gone. A failed write loses its line and nothing else.
fn write_all(mut out: impl Write, lines: &Receiver<Vec<u8>>, dropped: &AtomicU64) {
    while let Ok(line) = lines.recv() {
        let _ = out.write_all(&line);
        match dropped.swap(0, Ordering::Relaxed) {
            0 => {}
            count => {
                let _ = writeln!(out, "{count} lines of the log were dropped because nobody read them");
            }
        }
    }
    let _ = out.flush();
}

/// The way from the formatter to the thread.
#[derive(Clone)]
pub struct Lines {
    sender: Arc<Mutex<Option<SyncSender<Vec<u8>>>>>,
    dropped: Arc<AtomicU64>,
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let sender = self.sender.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if sender.as_ref().is_none_or(|sender| sender.try_send(line.to_vec()).is_err()) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Lines;

    fn make_writer(&'a self) -> Lines {
        self.clone()
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
        let (log, mut lines) = Log::to(Stuck(reader, text.clone()));
        for _ in 0..QUEUE * 2 {
            lines.write_all(b"line\n").unwrap();
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
        let (log, mut lines) = Log::to(Broken);
        lines.write_all(b"line\n").unwrap();
        drop(log);
        lines.write_all(b"after the end\n").unwrap();
    }
}
