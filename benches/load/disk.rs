//! What a sync of the disk costs, and two ways to make it cost more for everybody.

use crate::Result;
use crate::table::quantile;
use redb::StorageBackend;
use redb::backends::FileBackend;
use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Syncs that are timed.
const SYNCS: usize = 200;
/// What the neighbour appends between two syncs, as a backup or a copy does.
const PIECE: usize = 4 * 1024 * 1024;
/// Length at which the neighbour begins its file anew.
const LONGEST: u64 = 256 * 1024 * 1024;

/// Milliseconds that it takes to append 4 kB and wait until they are on the disk: the middle one, the mean
/// and the 99th of 100.
pub fn sync_latency(folder: &Path) -> Result<[f64; 3]> {
    let mut file = tempfile::tempfile_in(folder)?;
    let mut times = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let start = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let mean = times.iter().sum::<f64>() / SYNCS as f64;
    Ok([quantile(times.iter().copied(), 0.5), mean, quantile(times, 0.99)])
}

/// A thread that appends to a file of its own and syncs it without pause; ends when dropped.
pub struct Neighbour {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<std::io::Result<()>>>,
}

impl Neighbour {
    pub fn start(folder: &Path) -> Result<Neighbour> {
        let file = tempfile::tempfile_in(folder)?;
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        Ok(Neighbour { stop, thread: Some(std::thread::spawn(move || disturb(file, &told))) })
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(Err(error)) = self.thread.take().and_then(|thread| thread.join().ok()) {
            eprintln!("The neighbour on the disk gave up: {error}");
        }
    }
}

fn disturb(mut file: File, stop: &AtomicBool) -> std::io::Result<()> {
    let piece = vec![b'n'; PIECE];
    while !stop.load(Ordering::Relaxed) {
        if file.stream_position()? >= LONGEST {
            file.rewind()?;
            file.set_len(0)?;
        }
        file.write_all(&piece)?;
        file.sync_data()?;
    }
    Ok(())
}

/// What a sync of `Slow` takes beside that of the disk below: about what SD cards and disks without a write
/// cache need.
pub const SLOW: Duration = Duration::from_millis(3);

/// A file on a disk whose every sync takes `SLOW` longer; or why it could not be opened.
#[derive(Debug)]
pub struct Slow(std::result::Result<FileBackend, String>);

impl Slow {
    pub fn open(path: &Path) -> Slow {
        let file = File::options().read(true).write(true).create(true).truncate(false).open(path);
        let opened = file.map_err(|error| error.to_string());
        Slow(opened.and_then(|file| FileBackend::new(file).map_err(|error| error.to_string())))
    }

    fn file(&self) -> std::io::Result<&FileBackend> {
        self.0.as_ref().map_err(|error| std::io::Error::other(error.clone()))
    }
}

impl StorageBackend for Slow {
    fn len(&self) -> std::io::Result<u64> {
        self.file()?.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        self.file()?.read(offset, out)
    }

    fn set_len(&self, len: u64) -> std::io::Result<()> {
        self.file()?.set_len(len)
    }

    fn sync_data(&self) -> std::io::Result<()> {
        std::thread::sleep(SLOW);
        self.file()?.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        self.file()?.write(offset, data)
    }
}
