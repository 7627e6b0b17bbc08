//! The local socket by which commands reach the server that has the data file.
//!
//! The client sends a command as one line of JSON; the server carries it out and answers with one line. The owner of
//! the data file may do everything to it anyway, so the socket is open to the owner alone: its mode is 0600, and each
//! side checks the user id of the other.

use crate::cli::accounts::{self, Command};
use crate::cli::{Failure, exit_code};
use crate::error::{Error, Result};
use crate::service::App;
use serde::{Deserialize, Serialize};
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::runtime::{Handle, Runtime};
use tokio::sync::Semaphore;

/// Longest command, in bytes.
const MAX_COMMAND: u64 = 64 * 1024;
/// Longest answer, in bytes: a list of some 50,000 accounts.
const MAX_ANSWER: u64 = 8 * 1024 * 1024;
/// Commands that are done at once; others wait.
const MAX_AT_ONCE: usize = 2;
/// How long the other side may take to send or to read its line.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the client waits for the answer: hashes of the highest cost take seconds, and may wait for their turn.
const LONGEST: Duration = Duration::from_secs(120);
/// Pause after a connection could not be accepted, for want of file descriptors.
const PAUSE: Duration = Duration::from_secs(1);

/// What came of a command.
#[derive(Serialize, Deserialize)]
struct Answer {
    /// As the exit code: 0, and `lines` are to be printed; else `message` says what went wrong.
    code: u8,
    #[serde(default)]
    lines: Vec<String>,
    #[serde(default)]
    message: String,
}

/// Where the socket of a data file may be: beside it, or in a folder for such things if that cannot be, because the
/// path is too long for a socket (108 bytes on Linux) or the folder cannot be written. There, the file's device and
/// number name it, which are the same by whatever path it is reached.
fn places(data: &Path) -> io::Result<Vec<PathBuf>> {
    let data = data.canonicalize()?;
    let metadata = data.metadata()?;
    let name = format!("pamphlet-{:x}-{:x}.sock", metadata.dev(), metadata.ino());
    let mut beside = data.into_os_string();
    beside.push(".sock");
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|folder| folder.is_absolute());
    let folders = runtime.into_iter().chain([PathBuf::from("/tmp")]);
    Ok([PathBuf::from(beside)].into_iter().chain(folders.map(|folder| folder.join(&name))).collect())
}

/// The server's end. Dropping it removes the socket.
pub struct Socket {
    path: PathBuf,
}

impl Socket {
    /// Listens for commands about the data file, which this process holds, on the threads of `runtime`. Without a
    /// place for the socket the server does without, and says so in the log.
    pub fn open(runtime: &Runtime, app: &Arc<App>, data: &Path) -> Option<Socket> {
        let _inside = runtime.enter();
        let mut refusal = None;
        for path in places(data).unwrap_or_default() {
            match listen(&path) {
                Ok(listener) => {
                    runtime.spawn(serve(listener, Arc::clone(app)));
                    return Some(Socket { path });
                }
                Err(cause) => refusal = Some(cause),
            }
        }
        let cause = refusal.map(|cause| cause.to_string()).unwrap_or_default();
        tracing::warn!(%cause, "no local socket could be made; `pamphlet user` will need a stopped server");
        None
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.path));
    }
}

fn listen(path: &Path) -> io::Result<UnixListener> {
    // Only the process that has the data file listens here, so a socket that is there was left by one that was killed.
    if std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket()) {
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).inspect_err(|_| drop(std::fs::remove_file(path)))?;
    Ok(listener)
}

async fn serve(listener: UnixListener, app: Arc<App>) {
    let turns = Arc::new(Semaphore::new(MAX_AT_ONCE));
    while let Ok(turn) = Arc::clone(&turns).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => {
                let app = Arc::clone(&app);
                tokio::spawn(async move {
                    if let Err(cause) = converse(stream, app).await {
                        tracing::warn!(%cause, "a command by the local socket was not answered");
                    }
                    drop(turn);
                });
            }
            Err(cause) => {
                tracing::warn!(%cause, "a connection to the local socket could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Reads a command, does it and answers.
async fn converse(mut stream: UnixStream, app: Arc<App>) -> io::Result<()> {
    let peer = stream.peer_cred()?.uid();
    if peer != own_user() && peer != 0 {
        return Err(io::Error::other(format!("it came from user {peer}")));
    }
    let line = within(PATIENCE, read_line(&mut stream, MAX_COMMAND)).await?;
    let answer = match serde_json::from_slice::<Command>(&line) {
        Ok(command) => {
            // The services read the data file, which takes a thread that may wait.
            let work = move || Handle::current().block_on(accounts::perform(&app, command));
            answer_of(tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?)
        }
        Err(_) => {
            failed(1, "The running server is of another version and does not know this. Please restart it.".into())
        }
    };
    let mut line = serde_json::to_vec(&answer)?;
    if line.len() as u64 >= MAX_ANSWER {
        line = serde_json::to_vec(&failed(
            1,
            "The answer is too long for the local socket. Please stop the server first.".into(),
        ))?;
    }
    line.push(b'\n');
    within(PATIENCE, stream.write_all(&line)).await
}

fn answer_of(result: Result<Vec<String>>) -> Answer {
    match result {
        Ok(lines) => Answer { code: 0, lines, message: String::new() },
        Err(error) => {
            let message = error.to_string();
            failed(exit_code(&Failure::Error(error)), message)
        }
    }
}

fn failed(code: u8, message: String) -> Answer {
    Answer { code, lines: Vec::new(), message }
}

/// Has the server that serves `data` do it. Returns the lines to print; `None` if no server listens.
pub fn ask(data: &Path, command: &Command) -> std::result::Result<Option<Vec<String>>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|cause| Error::Failed(format!("The program could not start: {cause}.")))?;
    let Some(answer) = runtime.block_on(exchange(data, command)).map_err(|cause| {
        Error::Failed(format!("The running server did not answer ({cause}). Please look whether the command was done."))
    })?
    else {
        return Ok(None);
    };
    match answer.code {
        0 => Ok(Some(answer.lines)),
        2 => Err(Failure::Usage(answer.message)),
        3 => Err(Error::DataFile(answer.message).into()),
        _ => Err(Error::Failed(answer.message).into()),
    }
}

async fn exchange(data: &Path, command: &Command) -> io::Result<Option<Answer>> {
    let Some(mut stream) = connect(data).await? else { return Ok(None) };
    let mut line = serde_json::to_vec(command)?;
    line.push(b'\n');
    within(PATIENCE, stream.write_all(&line)).await?;
    let line = within(LONGEST, read_line(&mut stream, MAX_ANSWER)).await?;
    Ok(Some(serde_json::from_slice(&line)?))
}

/// The first place where a server listens that runs as somebody who may: passwords are sent to nobody else.
async fn connect(data: &Path) -> io::Result<Option<UnixStream>> {
    let owner = data.metadata()?.uid();
    for place in places(data)? {
        let Ok(stream) = UnixStream::connect(&place).await else { continue };
        let peer = stream.peer_cred()?.uid();
        if [0, owner, own_user()].contains(&peer) {
            return Ok(Some(stream));
        }
    }
    Ok(None)
}

fn own_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// One line without its end, or an error if it is cut off or longer than `most`.
async fn read_line(stream: &mut UnixStream, most: u64) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    BufReader::new(stream.take(most)).read_until(b'\n', &mut line).await?;
    match line.pop() {
        Some(b'\n') => Ok(line),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

async fn within<T>(time: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(time, work).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_is_beside_the_file_or_named_by_it() {
        let folder = tempfile::tempdir().unwrap();
        let (data, link) = (folder.path().join("blog.redb"), folder.path().join("link.redb"));
        std::fs::write(&data, "").unwrap();
        std::os::unix::fs::symlink(&data, &link).unwrap();
        let found = places(&data).unwrap();
        assert_eq!(found, places(&link).unwrap());
        assert!(found[0].ends_with("blog.redb.sock") && found.len() >= 2);
        assert!(found.last().unwrap().starts_with("/tmp") && found.last().unwrap().as_os_str().len() < 100);
        assert!(places(&folder.path().join("none.redb")).is_err());
    }

    #[test]
    fn a_socket_that_was_left_is_replaced_and_another_file_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = Runtime::new().unwrap();
        let _inside = runtime.enter();
        let path = folder.path().join("blog.redb.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let listener = listen(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        drop(listener);
        let file = folder.path().join("a file");
        std::fs::write(&file, "mine").unwrap();
        assert!(listen(&file).is_err());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    }
}
