//! Listener, limits, drain.

pub mod coarse;
pub mod files;
pub mod heads;
pub mod line;
pub mod listen;
pub mod log;
pub mod memory;
pub mod request_line;
pub mod seats;
pub mod stall;
pub mod stop;
pub mod timer;
pub mod turns;

use crate::config::Patience;
use crate::server::heads::{Exchange, Heads, Talk};
use crate::server::seats::{Seat, Seats};
use crate::server::stall::Stalling;
use crate::server::timer::HeadTimer;
use crate::server::turns::{Receiving, Sending};
use crate::service::live::Publications;
use crate::web::Site;
use crate::web::metrics::Open;
use crate::web::pipeline;
use crate::web::raw_head;
use crate::web::request::ConnectionId;
use futures_util::FutureExt;
use http::HeaderValue;
use http::header::{ACCEPT, HeaderName};
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

/// How long requests may go on after the signal to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// Longest time a connection may stay without a request once the server stops: for one on its way.
const IDLE_AT_STOP: Duration = Duration::from_millis(300);
/// How long those who are connected when the server stops may wait for a seat.
const SEATED_AT_STOP: Duration = Duration::from_secs(1);
/// Pause after an accept that failed for want of something, such as file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// What a client of HTTP/2 sends first (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Pause before it is looked whether the rest of it has come.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// Size of a request's head that is always taken; one of twice that is always answered 431.
const MAX_HEAD: usize = 32 * 1024;

/// Serves until `stop` ends, then lets running requests finish, for ten seconds at most.
pub async fn run(listeners: Vec<TcpListener>, site: Arc<Site>, stop: impl Future<Output = ()>) {
    let seats = Arc::new(Seats::new(site.app.config.max_connections));
    let publications = Publications::new(&site.app);
    let app = Arc::clone(&site.app);
    let telling = tokio::spawn(async move { publications.tell(&app).await });
    let (stopping, _) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    let mut newcomer = None;
    loop {
        while connections.try_join_next().is_some() {}
        tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listeners, &seats, &mut newcomer) => match accepted {
                Ok((stream, peer, seat)) => {
                    connections.spawn(serve(stream, peer, seat, site.clone(), stopping.subscribe()));
                }
                Err(error) => pause(&error).await,
            },
        }
    }
    stopping.send_replace(true);
    site.app.end_listening();
    let seated_by = Instant::now() + SEATED_AT_STOP;
    for (stream, peer) in newcomer.into_iter().chain(arrived(listeners)) {
        let Ok(seat) = tokio::time::timeout_at(seated_by, seats.take(peer.ip())).await else { break };
        connections.spawn(serve(stream, peer, seat, site.clone(), stopping.subscribe()));
    }
    drain(connections).await;
    if let Err(error) = telling.await {
        tracing::error!(%error, "scheduled posts were told of no more");
    }
}

/// The next connection of any listener, with a seat for it. While it has none, it is kept in `newcomer`, so
/// that dropping the future loses nobody.
async fn accept(
    listeners: &[TcpListener],
    seats: &Arc<Seats>,
    newcomer: &mut Option<(TcpStream, SocketAddr)>,
) -> io::Result<(TcpStream, SocketAddr, Seat)> {
    let peer = match newcomer {
        Some((_, peer)) => *peer,
        None => {
            let accepted = std::future::poll_fn(|cx| {
                for listener in listeners {
                    if let Poll::Ready(accepted) = listener.poll_accept(cx) {
                        return Poll::Ready(accepted);
                    }
                }
                Poll::Pending
            });
            newcomer.insert(accepted.await?).1
        }
    };
    let seat = seats.take(peer.ip()).await;
    let (stream, peer) = newcomer.take().ok_or(io::ErrorKind::NotConnected)?;
    Ok((stream, peer, seat))
}

/// Those who are connected and were not accepted yet: a listener that is closed would reset them. Asked of
/// the system itself, since the runtime may not have heard of them.
fn arrived(listeners: Vec<TcpListener>) -> impl Iterator<Item = (TcpStream, SocketAddr)> {
    listeners.into_iter().filter_map(|listener| listener.into_std().ok()).flat_map(|listener| {
        std::iter::from_fn(move || {
            let (stream, peer) = listener.accept().ok()?;
            stream.set_nonblocking(true).ok()?;
            Some((TcpStream::from_std(stream).ok()?, peer))
        })
    })
}

/// One connection from its first byte until it ends, idles, loses its seat or the server stops.
async fn serve(stream: TcpStream, peer: SocketAddr, seat: Seat, site: Arc<Site>, stopping: watch::Receiver<bool>) {
    // Answers leave in one piece, so there is nothing to wait for.
    let _ = stream.set_nodelay(true);
    let _open = Open::count(site.clone());
    let patience = site.app.config().patience;
    let mut stop = stopping.clone();
    let version = tokio::select! {
        // First: whose request has come keeps the seat.
        biased;
        version = spoken(&stream) => version,
        () = seat.evicted() => return,
        () = seat.stalled_for(patience.idle) => return,
        () = async {
            let _ = stop.wait_for(|stopping| *stopping).await;
            seat.idle_for(IDLE_AT_STOP).await;
        } => return,
    };
    if matches!(version, Spoken::Http2) {
        seat.multiplexes();
    }
    let begin = seat.runner();
    let exchange = Arc::<Exchange>::default();
    let talk = matches!(version, Spoken::Http1).then(|| talk(&exchange, &seat, &site, peer));
    let number = matches!(version, Spoken::Http2).then(|| seat.number());
    let service = service_fn(move |request: Request<Incoming>| {
        let running = begin();
        let listens = listens(&request);
        let mut request = if listens { detached(request) } else { request };
        if let Some(number) = number.filter(|_| listens) {
            request.extensions_mut().insert(ConnectionId(number));
        }
        let mut request = request.map(|body| Receiving::new(body, &running, &exchange));
        raw_head::note_lengths(&mut request, || exchange.head());
        exchange.begin(request.body());
        if listens {
            exchange.listens();
        }
        pipeline::answer(&site, peer, request)
            .map(|res| Ok::<_, Infallible>(res.map(|body| Sending::new(body, running))))
    });
    let builder = match version {
        Spoken::Http1 => builder(patience).http1_only(),
        Spoken::Http2 => builder(patience).http2_only(),
    };
    let stream = TokioIo::new(Heads::new(Stalling::new(stream, patience, seat.blocked()), talk));
    let mut connection = std::pin::pin!(builder.serve_connection(stream, service));
    let seat = Arc::new(seat);
    let mut watch = Watch::over(seat.clone(), Some(stopping), patience);
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%peer, %error, "connection ended");
                }
                return;
            }
            seen = &mut watch.0 => match seen {
                Ok(Seen::Stop) => {
                    connection.as_mut().graceful_shutdown();
                    watch = Watch::over(seat.clone(), None, patience);
                }
                // Others may be on it, behind a proxy: they end, and go on with another connection.
                Ok(Seen::Stalled) if seat.is_in_use() => {
                    connection.as_mut().graceful_shutdown();
                    watch = Watch::last(seat.clone(), patience);
                }
                _ => return,
            },
        }
    }
}

/// How a connection of HTTP/1 answers what hyper cannot read.
fn talk(exchange: &Arc<Exchange>, seat: &Seat, site: &Arc<Site>, peer: SocketAddr) -> Talk {
    let site = Arc::clone(site);
    Talk {
        exchange: Arc::clone(exchange),
        is_quiet: Box::new(seat.is_quiet()),
        answer: Box::new(move |own, head| raw_head::refuse(&site, peer.ip(), own, head)),
    }
}

/// Waits for reasons to end a connection, in a task of its own: the connection is woken for each request,
/// and would have to look at all of them each time. Ends when it is dropped.
struct Watch(JoinHandle<Seen>);

enum Seen {
    /// The server stops: requests that run may end.
    Stop,
    /// The client does nothing about a request in which it is its turn.
    Stalled,
    /// The seat is needed, or nothing is left to wait for.
    End,
}

impl Watch {
    /// `stopping` is `None` once the server stops.
    fn over(seat: Arc<Seat>, stopping: Option<watch::Receiver<bool>>, patience: Patience) -> Watch {
        Watch(tokio::spawn(async move {
            let Some(mut stopping) = stopping else {
                tokio::select! {
                    () = seat.evicted() => {}
                    () = seat.idle_for(IDLE_AT_STOP) => {}
                    () = seat.stalled_for(patience.idle) => {}
                }
                return Seen::End;
            };
            tokio::select! {
                Ok(_) = stopping.wait_for(|stopping| *stopping) => Seen::Stop,
                () = seat.evicted() => Seen::End,
                () = seat.stalled_for(patience.idle) => Seen::Stalled,
            }
        }))
    }

    /// A connection that takes no new requests while the last ones end.
    fn last(seat: Arc<Seat>, patience: Patience) -> Watch {
        Watch(tokio::spawn(async move {
            let _ = tokio::time::timeout(patience.window, seat.evicted()).await;
            Seen::End
        }))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What a client speaks, as its first bytes say.
enum Spoken {
    Http1,
    Http2,
}

/// Looks at the first bytes and leaves them where they are. hyper-util would look too, but then it reads the
/// request in two parts, for which hyper takes twice the buffer.
async fn spoken(stream: &TcpStream) -> Spoken {
    let mut seen = [0; PREFACE.len()];
    loop {
        let count = stream.peek(&mut seen).await.unwrap_or(0);
        match seen.get(..count) {
            Some(bytes) if count > 0 && PREFACE.starts_with(bytes) => {
                if count == PREFACE.len() {
                    return Spoken::Http2;
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            _ => return Spoken::Http1,
        }
    }
}

/// Whether somebody asks for a stream of events, and so stays long.
fn listens<B>(request: &Request<B>) -> bool {
    request.headers().get(ACCEPT).is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"))
}

/// The head of a request is a part of hyper's buffer, which takes a second one while somebody has the first: 8 KB for
/// each listener, saved by a copy of a few hundred bytes.
fn detached<B>(request: Request<B>) -> Request<B> {
    let (mut parts, body) = request.into_parts();
    let copied = |(name, value): (&HeaderName, &HeaderValue)| {
        let name = HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
        Some((name, HeaderValue::from_bytes(value.as_bytes()).ok()?))
    };
    parts.headers = parts.headers.iter().filter_map(copied).collect();
    if let Ok(uri) = parts.uri.to_string().parse() {
        parts.uri = uri;
    }
    Request::from_parts(parts, body)
}

/// HTTP/1.1 and HTTP/2 without TLS, with limits.
fn builder(patience: Patience) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // Without a timer hyper ignores its own time limits. It takes 100 header fields; to say so here would
    // make it fill and move lists of that length for each request.
    builder.http1().timer(HeadTimer::start()).header_read_timeout(patience.head).max_buf_size(MAX_HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(15))
        .keep_alive_timeout(Duration::from_secs(10))
        .max_concurrent_streams(64)
        .max_header_list_size(u32::try_from(MAX_HEAD).unwrap_or(u32::MAX))
        .max_send_buf_size(64 * 1024);
    builder
}

/// Some errors belong to one connection that is gone already; others last, and a loop would spin.
async fn pause(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::warn!(%error, "cannot accept connections");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

async fn drain(mut connections: JoinSet<()>) {
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN, all).await.is_err() {
        tracing::warn!(cut = connections.len(), "some requests did not end in time and were cut");
        connections.shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::web::response;
    use crate::web::router::{Route, Surface};
    use crate::web::testing;
    use http::{Method, StatusCode};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::{Notify, oneshot};

    /// Most header fields of a request, which is hyper's own limit.
    const MAX_FIELDS: usize = 100;
    const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: blog.example\r\n\r\n";

    struct Running {
        address: SocketAddr,
        stop: oneshot::Sender<()>,
        ended: tokio::task::JoinHandle<()>,
        /// Lets requests for `/slow` end.
        release: Arc<Notify>,
        /// Says that one of them has begun.
        begun: Arc<Notify>,
    }

    async fn start(max_connections: usize) -> Running {
        let (release, begun) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (wait, say) = (release.clone(), begun.clone());
        let slow = move |_, _| {
            let (wait, say) = (wait.clone(), say.clone());
            async move {
                say.notify_one();
                wait.notified().await;
                Ok(response::text(StatusCode::OK, "done"))
            }
        };
        let routes = vec![
            Route::new(Method::GET, "/", Surface::Feed, |_, _| async { Ok(response::text(StatusCode::OK, "home")) }),
            Route::new(Method::GET, "/slow", Surface::Feed, slow),
        ];
        let site = testing::site_with(Config { max_connections, ..Config::default() }, routes);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(run(vec![listener], site, async {
            let _ = stopped.await;
        }));
        Running { address, stop, ended, release, begun }
    }

    async fn connect(server: &Running, send: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(send).await.unwrap();
        stream
    }

    /// What comes until `end` is in it or the connection ends.
    async fn read_to(stream: &mut TcpStream, end: &str) -> String {
        let mut all = Vec::new();
        while !String::from_utf8_lossy(&all).contains(end) {
            let mut some = [0; 4096];
            match stream.read(&mut some).await {
                Ok(0) | Err(_) => break,
                Ok(count) => all.extend_from_slice(&some[..count]),
            }
        }
        String::from_utf8_lossy(&all).into_owned()
    }

    #[tokio::test]
    async fn one_connection_asks_again_and_again() {
        let server = start(8).await;
        let mut stream = connect(&server, GET).await;
        assert!(read_to(&mut stream, "home").await.starts_with("HTTP/1.1 200"));
        stream.write_all(GET).await.unwrap();
        assert!(read_to(&mut stream, "home").await.starts_with("HTTP/1.1 200"));
    }

    #[tokio::test]
    async fn http2_is_spoken_to_those_who_begin_with_it() {
        let server = start(8).await;
        let mut stream =
            connect(&server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00").await;
        let mut frame = [0; 9];
        stream.read_exact(&mut frame).await.unwrap();
        assert_eq!(frame[3], 4, "the first frame is SETTINGS");
    }

    #[tokio::test]
    async fn doubtful_requests_get_a_4xx_and_the_connection_ends() {
        let server = start(8).await;
        let long = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(2 * MAX_HEAD));
        let many = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(MAX_FIELDS + 1));
        for (request, status) in [
            ("GET / HTTP/1.1\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\nHost: a\r\n folded: x\r\n\r\n", "400"),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", "400"),
            ("nonsense\r\n\r\n", "400"),
            (long.as_str(), "431"),
            (many.as_str(), "431"),
        ] {
            let mut stream = connect(&server, request.as_bytes()).await;
            let answer = tokio::time::timeout(Duration::from_secs(5), read_to(&mut stream, "never")).await;
            let answer = answer.unwrap_or_else(|_| panic!("still open after {request:.60}"));
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request:.60}: {answer:.100}");
        }
    }

    #[tokio::test]
    async fn stopping_lets_a_request_finish_and_waits_for_nobody_idle() {
        let server = start(8).await;
        let mut fresh = connect(&server, b"").await;
        let mut half = connect(&server, b"GET / HTTP/1.1\r\nHo").await;
        let mut kept = connect(&server, GET).await;
        read_to(&mut kept, "home").await;
        let mut slow = connect(&server, b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await;
        server.begun.notified().await;
        let asked = Instant::now();
        server.stop.send(()).unwrap();
        for idle in [&mut fresh, &mut half, &mut kept] {
            assert_eq!(read_to(idle, "never").await, "");
        }
        assert!(!server.ended.is_finished());
        server.release.notify_one();
        assert!(read_to(&mut slow, "done").await.ends_with("done"));
        server.ended.await.unwrap();
        assert!(asked.elapsed() < DRAIN / 2, "{:?}", asked.elapsed());
        assert!(TcpStream::connect(server.address).await.is_err());
    }

    #[tokio::test]
    async fn stopping_answers_those_who_are_connected_and_were_not_accepted_yet() {
        for max_connections in [64, 4] {
            let server = start(max_connections).await;
            tokio::task::yield_now().await;
            // Nothing yields in between, so that the server learns of them with the signal.
            let mut visitors = Vec::new();
            for _ in 0..20 {
                let mut stream = std::net::TcpStream::connect(server.address).unwrap();
                std::io::Write::write_all(&mut stream, GET).unwrap();
                stream.set_nonblocking(true).unwrap();
                visitors.push(stream);
            }
            server.stop.send(()).unwrap();
            for (number, stream) in visitors.into_iter().enumerate() {
                let answer = read_to(&mut TcpStream::from_std(stream).unwrap(), "home").await;
                assert!(answer.starts_with("HTTP/1.1 200"), "visitor {number} of {max_connections} seats: {answer}");
            }
            server.ended.await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_visitor_is_answered_although_slow_connections_hold_every_seat() {
        let server = start(3).await;
        let mut slow = Vec::new();
        for _ in 0..6 {
            slow.push(connect(&server, b"GET / HTTP/1.1\r\nHo").await);
        }
        let mut visitor = connect(&server, GET).await;
        let answer = tokio::time::timeout(Duration::from_secs(5), read_to(&mut visitor, "home")).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}
