//! The real binary: running a command to its end, and a server that is killed or asked to stop.

use crate::client::Client;
use crate::harness::{PASSWORD, PATIENCE};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// A command that ended.
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// The binary with these arguments, in `folder`, with nothing of our own environment that concerns it.
pub fn pamphlet(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pamphlet"));
    command.args(args).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PAMPHLET_")) {
        command.env_remove(name);
    }
    command
}

/// Runs a command to its end.
pub fn run(folder: &Path, args: &[&str]) -> Ended {
    run_with_input(folder, args, "")
}

/// Runs a command to its end with this on its standard input.
pub fn run_with_input(folder: &Path, args: &[&str], input: &str) -> Ended {
    finish(pamphlet(folder, args), input)
}

/// Runs a command that was prepared to its end.
pub fn finish(mut command: Command, input: &str) -> Ended {
    let mut child = command.spawn().unwrap();
    // One that refuses its arguments ends without reading.
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    let (out, err) = (gather(child.stdout.take().unwrap()), gather(child.stderr.take().unwrap()));
    let code = wait(&mut child, &format!("{command:?}"));
    Ended { code, out: out.recv().unwrap(), err: err.recv().unwrap() }
}

fn gather(mut stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut text = Vec::new();
        let _ = stream.read_to_end(&mut text);
        let _ = sender.send(String::from_utf8_lossy(&text).into_owned());
    });
    receiver
}

/// The exit code; fails with what it waited for if the process does not end.
fn wait(child: &mut Child, what: &str) -> Option<i32> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match child.try_wait().unwrap() {
            Some(status) => return status.code(),
            None if Instant::now() > deadline => {
                child.kill().unwrap();
                panic!("{what} did not end in {PATIENCE:?}");
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

impl Ended {
    /// Fails unless it ended with this code; a failure is one plain sentence on standard error.
    #[track_caller]
    pub fn expect(self, code: i32) -> Ended {
        assert_eq!(self.code, Some(code), "out: {}\nerr: {}", self.out, self.err);
        if code != 0 {
            let lines: Vec<&str> = self.err.lines().filter(|line| !line.starts_with("Importing")).collect();
            assert!(
                lines.len() == 1 && lines[0].starts_with("pamphlet: ") && lines[0].ends_with(['.', '?']),
                "{}",
                self.err
            );
            assert!(!self.err.contains("panicked"), "{}", self.err);
        }
        self
    }

    /// Fails unless this is in what it wrote.
    #[track_caller]
    pub fn says(self, part: &str) -> Ended {
        let all = format!("{}{}", self.out, self.err);
        assert!(all.contains(part), "“{part}” is not in:\n{all}");
        self
    }
}

/// A process that serves; killed when dropped.
pub struct Served {
    child: Child,
    /// Lines of standard output as they come.
    lines: Receiver<String>,
    err: Receiver<String>,
    /// `http://127.0.0.1:41234`, without the base path.
    pub origin: String,
    /// The line that said so.
    pub line: String,
    pub stdin: Option<ChildStdin>,
}

impl Served {
    /// Starts a server and waits for the line that says where it is.
    pub fn start(command: Command) -> Served {
        Served::try_start(command).unwrap_or_else(|ended| panic!("it ended: {}{}", ended.out, ended.err))
    }

    /// The same; what was said if the process ended instead.
    pub fn try_start(mut command: Command) -> Result<Served, Ended> {
        let mut child = command.spawn().unwrap();
        let (sender, lines) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let err = gather(child.stderr.take().unwrap());
        let stdin = child.stdin.take();
        match lines.recv_timeout(PATIENCE) {
            Ok(line) => {
                let at = line.find("http://127.0.0.1:").unwrap_or_else(|| panic!("no address in {line:?}"));
                let rest = &line[at + 7..];
                let host = rest.split(|c: char| !(c.is_ascii_digit() || c == '.' || c == ':')).next().unwrap();
                Ok(Served { child, lines, err, origin: format!("http://{host}"), line, stdin })
            }
            Err(_) => {
                let code = wait(&mut child, "a server that says nothing");
                Err(Ended { code, out: String::new(), err: err.recv().unwrap() })
            }
        }
    }

    /// Serves `blog.redb` of this folder on a free port, with more arguments.
    pub fn blog(folder: &Path, more: &[&str]) -> Served {
        let args = ["serve", "--data", "blog.redb", "--listen", "127.0.0.1:0", "--bcrypt-cost", "10"];
        Served::start(pamphlet(folder, &[&args, more].concat()))
    }

    /// Somebody who is not signed in.
    pub fn visitor(&self) -> Client {
        Client::new(&self.origin, "")
    }

    /// The next line on standard output.
    pub fn next_line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("one more line on standard output")
    }

    /// Sets a fresh blog up by its link; gives the administrator.
    pub async fn set_up(&self) -> Client {
        let link = self.next_line();
        let administrator = self.visitor();
        let fields = [
            ("key", link.split_once("key=").expect("the set-up link").1),
            ("title", "Notes"),
            ("time_zone", "UTC"),
            ("username", "root"),
            ("password", PASSWORD),
        ];
        administrator.post_form("/setup", &fields).await.expect(303);
        administrator
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name: `TERM`, `INT`.
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.pid());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Ends it at once, in the middle of whatever it does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The exit code and what was written on standard error, once it has ended.
    pub fn ended(mut self) -> Ended {
        drop(self.stdin.take());
        self.left()
    }

    /// The same without closing standard input.
    pub fn left(mut self) -> Ended {
        let code = wait(&mut self.child, "the server");
        Ended { code, out: self.lines.iter().collect(), err: self.err.recv().unwrap() }
    }

    /// Asks it to stop; fails unless it does so without complaint.
    pub fn stop(self) {
        self.signal("TERM");
        self.ended().expect(0);
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
