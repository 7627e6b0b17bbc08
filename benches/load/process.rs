//! Servers as processes of their own, and what the kernel says about them.

use crate::Result;
use crate::bare;
use crate::client;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Clock ticks of `/proc/<pid>/stat` in a second.
const TICKS: u64 = 100;

const SECOND: Duration = Duration::from_secs(1);

/// How fast a server answered.
pub struct Rate {
    pub per_second: f64,
    /// Processor time of the server for each answer, in microseconds.
    pub cpu: f64,
}

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    /// Kept open, so that the server can go on writing to it.
    _stdout: BufReader<ChildStdout>,
}

impl Server {
    /// `pamphlet serve` on a free port; its log goes where nothing is kept.
    pub fn pamphlet(file: &Path, options: &[&str]) -> Result<Server> {
        Server::start(Server::command(file, options))
    }

    /// The same in a memory cgroup, where there is one that we may use.
    pub fn limited(file: &Path, options: &[&str], limit: &Cgroup) -> Result<Server> {
        let inner = Server::command(file, options);
        let mut command = Command::new("sh");
        command.args(["-c", "echo $$ > \"$0\" && exec \"$@\""]).arg(limit.procs());
        command.arg(inner.get_program()).args(inner.get_args());
        Server::start(command)
    }

    /// This executable as a server that knows these answers by heart.
    pub fn bare(answers: &Path) -> Result<Server> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(bare::WORD).arg(answers);
        Server::start(command)
    }

    /// Another executable can be named, to compare releases.
    fn command(file: &Path, options: &[&str]) -> Command {
        let own = env!("CARGO_BIN_EXE_pamphlet").into();
        let mut command = Command::new(std::env::var_os("PAMPHLET_BENCH_SERVER").unwrap_or(own));
        command.arg("serve").arg("--data").arg(file).args(["--listen", "127.0.0.1:0"]).args(options);
        command
    }

    fn start(mut command: Command) -> Result<Server> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut stdout = BufReader::new(child.stdout.take().ok_or("no output")?);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        let address = line.split("http://").nth(1).and_then(|rest| rest.split(['/', '\n', ' ']).next());
        let Some(address) = address.and_then(|text| text.parse().ok()) else {
            let _ = child.kill();
            return Err(format!("The server did not start: {:?} {line}", child.wait()?).into());
        };
        Ok(Server { child, address, _stdout: stdout })
    }

    /// Processor time used so far, in all threads.
    pub fn cpu(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(self.proc("stat"))?;
        // The name of the command, in parentheses, may have spaces.
        let fields = stat.rsplit(')').next().unwrap_or("").split_whitespace();
        let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        Ok(Duration::from_millis(ticks * 1000 / TICKS))
    }

    /// What it does for clients that ask for a second without pause; an answer other than 200 or
    /// 304 is an error.
    pub fn rate(&self, runtime: &Runtime, requests: &Arc<Vec<Vec<u8>>>, connections: usize) -> Result<Rate> {
        let before = self.cpu()?;
        let load = runtime.block_on(client::load(self.address, requests, connections, SECOND))?.all_good()?;
        let cpu = (self.cpu()? - before).as_secs_f64() * 1e6 / load.answers() as f64;
        Ok(Rate { per_second: load.per_second(), cpu })
    }

    /// Bytes it caused to be sent to disks.
    pub fn written(&self) -> Result<u64> {
        figure(&self.proc("io"), "write_bytes:")
    }

    /// Resident memory now, in MB.
    pub fn resident(&self) -> Result<f64> {
        Ok(figure(&self.proc("status"), "VmRSS:")? as f64 * 1024.0 / 1e6)
    }

    /// Most resident memory so far, in MB.
    pub fn peak(&self) -> Result<f64> {
        Ok(figure(&self.proc("status"), "VmHWM:")? as f64 * 1024.0 / 1e6)
    }

    /// Whether it ends by itself, or was killed, within this time.
    pub fn ends_within(&mut self, time: Duration) -> bool {
        let start = Instant::now();
        while start.elapsed() < time {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }

    /// SIGTERM, then waits for the end.
    pub fn stop(mut self) -> Result<()> {
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        self.child.wait()?;
        Ok(())
    }

    fn proc(&self, name: &str) -> PathBuf {
        format!("/proc/{}/{name}", self.child.id()).into()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The number after `name` in a file of `/proc`.
pub fn figure(file: &Path, name: &str) -> Result<u64> {
    let text = std::fs::read_to_string(file)?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)).ok_or("no such line")?;
    Ok(line.split_whitespace().next().unwrap_or("").parse()?)
}

/// A memory cgroup of its own; removed when dropped.
pub struct Cgroup(PathBuf);

impl Cgroup {
    /// `None` where there is none, or none that we may make.
    pub fn new(limit: u64) -> Option<Cgroup> {
        let name = format!("pamphlet-bench-{}", std::process::id());
        let places = [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")];
        places.into_iter().find_map(|(root, file)| {
            let group = Cgroup(Path::new(root).join(&name));
            std::fs::create_dir(&group.0).ok()?;
            std::fs::write(group.0.join(file), limit.to_string()).ok()?;
            Some(group)
        })
    }

    fn procs(&self) -> PathBuf {
        self.0.join("cgroup.procs")
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.0);
    }
}
