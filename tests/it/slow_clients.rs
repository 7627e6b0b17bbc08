//! Clients that send or read as slowly as they can, to hold the server's connections.

use crate::harness::{Blog, PATIENCE, post};
use pamphlet::config::{Config, Patience};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// How many there are of each kind. The long run sets `PAMPHLET_SLOW_CLIENTS=1000`, and then nothing
/// is hurried.
const EACH: usize = 60;
/// A visitor is answered within this time throughout in the long run, where slow clients do not outnumber the
/// connections; everyday runs share their machine with others.
const ANSWERED: Duration = Duration::from_secs(1);
/// Pause between two bytes of a client that is slow but never silent.
const DRIBBLE: Duration = Duration::from_millis(100);

const H2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// SETTINGS with an initial window of nothing, so that not a byte of a body may be sent.
const H2_NO_WINDOW: &[u8] = b"\0\0\x06\x04\0\0\0\0\0\0\x04\0\0\0\0";
const H2_SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";
/// HEADERS of stream 1, complete: GET http://a/ in fields of the static table (RFC 7541, appendix A).
const H2_GET: &[u8] = b"\0\0\x06\x01\x05\0\0\0\x01\x82\x86\x84\x41\x01a";
const H2_PING: &[u8] = b"\0\0\x08\x06\0\0\0\0\0pamphlet";
/// The beginning of a HEADERS frame of 16,000 bytes.
const H2_HALF_HEAD: &[u8] = b"\0\x3e\x80\x01\x05\0\0\0\x01\x82";

/// Listens to events with a window for them, and asks for pages without: the stream that goes on must not
/// keep the others.
fn h2_listener_that_reads_nothing_else() -> Vec<u8> {
    const EVENTS: &[u8] = b"\0\0\x19\x01\x05\0\0\0\x01\x82\x86\x04\x12/posts/long/events\x41\x01a";
    const WINDOW: &[u8] = b"\0\0\x04\x08\0\0\0\0\x01\0\0\xff\xff";
    let mut all = [H2, H2_NO_WINDOW, EVENTS, WINDOW].concat();
    for stream in [3, 5, 7, 9] {
        all.extend_from_slice(&H2_GET[..8]);
        all.push(stream);
        all.extend_from_slice(&H2_GET[9..]);
    }
    all
}

/// A slow client: what it sends at once, then again and again.
struct Slow {
    kind: &'static str,
    first: Vec<u8>,
    then: &'static [u8],
}

fn kinds() -> Vec<Slow> {
    let slow = |kind, first: &[&[u8]], then| Slow { kind, first: first.concat(), then };
    let form = b"POST /login HTTP/1.1\r\nHost: a\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 60000\r\n\
                 Content-Type: application/x-www-form-urlencoded\r\n\r\n";
    // More than the sockets of both sides hold.
    let page = b"GET /posts/long HTTP/1.1\r\nHost: a\r\n\r\n".repeat(40);
    vec![
        slow("silent", &[b""], b""),
        slow("head", &[b"GET / HTTP/1.1\r\nHost: a\r\nX: "], b"x"),
        slow("silent head", &[b"GET / HTTP/1.1\r\nHo"], b""),
        slow("body", &[form], b"x"),
        slow("silent body", &[form], b""),
        slow("reader", &[&page], b""),
        slow("reader of HTTP/2", &[H2, H2_NO_WINDOW, H2_GET], H2_PING),
        slow("listener of HTTP/2", &[&h2_listener_that_reads_nothing_else()], H2_PING),
        slow("silent HTTP/2", &[H2, H2_SETTINGS], b""),
        slow("head of HTTP/2", &[H2, H2_SETTINGS, H2_HALF_HEAD], b"\x82"),
        slow("half a preface", &[b"PRI * HT"], b""),
    ]
}

impl Slow {
    /// Goes on until the server has had enough.
    async fn attack(&self, address: SocketAddr) {
        let Ok(mut stream) = TcpStream::connect(address).await else { return };
        if stream.write_all(&self.first).await.is_err() {
            return;
        }
        loop {
            tokio::time::sleep(DRIBBLE).await;
            // Nothing is read. A reset shows in writing and on the socket.
            if stream.write_all(self.then).await.is_err() || stream.take_error().unwrap().is_some() {
                return;
            }
        }
    }
}

/// How long a visitor with a new connection waits for the front page.
async fn visit(address: SocketAddr) -> Duration {
    let asked = Instant::now();
    let answer = tokio::time::timeout(ANSWERED * 10, asked_until_answered(address)).await;
    let answer = answer.expect("no answer for ten seconds");
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    asked.elapsed()
}

/// A visitor whose request was a tenth of a second late, on a busy machine, may have lost its seat: browsers
/// ask again when a connection ends without a byte, and so does this one.
async fn asked_until_answered(address: SocketAddr) -> Vec<u8> {
    loop {
        let mut answer = Vec::new();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let sent = stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
        let read = stream.read_to_end(&mut answer).await;
        if !answer.is_empty() {
            read.expect("the answer is whole");
            return answer;
        }
        eprintln!("asked again: {sent:?}, {read:?}");
    }
}

/// Attacks with `each` of every kind and visits meanwhile. All of them are to be gone in `limit`.
async fn besieged(blog: &Blog, each: usize, kinds: Vec<Slow>, limit: Duration) -> Duration {
    let mut attackers = JoinSet::new();
    let names: Vec<&str> = kinds.iter().map(|slow| slow.kind).collect();
    for slow in kinds {
        let slow = std::sync::Arc::new(slow);
        for _ in 0..each {
            let (slow, address) = (slow.clone(), blog.address);
            attackers.spawn(async move { slow.attack(address).await });
        }
    }
    let began = Instant::now();
    let mut longest = Duration::ZERO;
    loop {
        longest = longest.max(visit(blog.address).await);
        // The visitor's own connection ends meanwhile.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let left = blog.site.metrics.connections();
        if left == 0 && began.elapsed() > Duration::from_millis(500) {
            break;
        }
        assert!(began.elapsed() < limit, "{left} slow connections are still there: {names:?}");
    }
    eprintln!("{each} each of {names:?}: gone after {:?}, longest visit {longest:?}", began.elapsed());
    attackers.shutdown().await;
    longest
}

/// A blog with a post whose page has a few hundred kilobytes.
async fn wordy(change: impl FnOnce(&mut Config)) -> Blog {
    let blog = Blog::start_with(change).await;
    blog.administrator.write(post("Long").with("source", &"A long story. ".repeat(20_000))).await;
    blog.visitor().get("/posts/long").await.expect(200);
    blog
}

/// With limits short enough to wait for.
async fn hurried(max_connections: usize, limit: Duration) -> Blog {
    let patience = Patience { head: limit, idle: limit * 2, body: limit, window: limit, ..Patience::default() };
    wordy(|config| {
        config.patience = patience;
        config.max_connections = max_connections;
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_clients_of_each_kind_keep_nobody_waiting_and_are_gone_in_time() {
    match std::env::var("PAMPHLET_SLOW_CLIENTS").ok().and_then(|count| count.parse().ok()) {
        Some(each) => {
            let blog = wordy(|_| {}).await;
            let three = kinds().into_iter().filter(|slow| ["head", "body", "reader"].contains(&slow.kind)).collect();
            for kinds in kinds().into_iter().map(|kind| vec![kind]).chain([three]) {
                let longest = besieged(&blog, each, kinds, Duration::from_secs(40)).await;
                assert!(longest < ANSWERED, "a visitor waited {longest:?}");
            }
            blog.stop().await;
        }
        None => {
            let blog = hurried(1_024, Duration::from_secs(1)).await;
            besieged(&blog, EACH, kinds(), Duration::from_secs(8)).await;
            blog.stop().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_clients_that_want_more_connections_than_there_are_keep_nobody_waiting() {
    const SEATS: u64 = 30;
    // As patient as it is with real visitors: nobody is let in because a slow client has had its time.
    let blog = wordy(|config| config.max_connections = SEATS as usize).await;
    for kind in kinds() {
        let (name, slow, address) = (kind.kind, std::sync::Arc::new(kind), blog.address);
        let mut attackers = JoinSet::new();
        for _ in 0..EACH {
            let slow = slow.clone();
            attackers.spawn(async move { slow.attack(address).await });
        }
        until(|| blog.site.metrics.connections() >= SEATS, name).await;
        for _ in 0..3 {
            eprintln!("beside {EACH} of “{name}” a visit took {:?}", visit(address).await);
        }
        attackers.shutdown().await;
        until(|| blog.site.metrics.connections() == 0, name).await;
    }
    blog.stop().await;
}

async fn until(is_so: impl Fn() -> bool, beside: &str) {
    let patience = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < patience, "it did not come to that beside “{beside}”");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_slow_reader_who_does_read_gets_everything_although_the_server_stops() {
    let blog = wordy(|_| {}).await;
    let page = b"GET /posts/long HTTP/1.1\r\nHost: a\r\n\r\n".repeat(40);
    let mut stream = TcpStream::connect(blog.address).await.unwrap();
    stream.write_all(&page).await.unwrap();
    let mut first = [0; 1];
    stream.read_exact(&mut first).await.unwrap();
    let stopping = tokio::spawn(blog.stop());
    // Longer than an idle connection would be left alone.
    tokio::time::sleep(Duration::from_millis(700)).await;
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    let text = String::from_utf8_lossy(&rest);
    let answers = text.matches("content-length: ").count();
    let length: usize = text.split("content-length: ").nth(1).unwrap().split('\r').next().unwrap().parse().unwrap();
    let last = text.rfind("\r\n\r\n").unwrap() + 4;
    assert_eq!(rest.len() - last, length, "the last of {answers} answers is whole");
    stopping.await.unwrap();
}
