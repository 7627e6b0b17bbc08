//! Listener, limits, drain.

pub mod log;
pub mod stall;
pub mod stop;

use crate::server::stall::{Patience, Stalling};
use crate::web::Site;
use crate::web::pipeline;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

/// How long requests may go on after the signal to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// Time for the head of a request, and longest pause between requests of one connection.
const HEADER_TIME: Duration = Duration::from_secs(10);
/// Pause after an accept that failed for want of something, such as file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Largest head of a request; a longer one is answered 431.
const MAX_HEAD: usize = 32 * 1024;
/// Most header fields of a request.
const MAX_FIELDS: usize = 100;

/// Serves until `stop` ends, then lets running requests finish, for ten seconds at most.
///
/// When all connections are in use, new ones wait in the system's queue until one ends; the limits
/// on idle and slow peers see to it that one does.
pub async fn run(listeners: Vec<TcpListener>, site: Arc<Site>, stop: impl Future<Output = ()>) {
    let permits = Arc::new(Semaphore::new(site.app.config.max_connections.max(1)));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let next = accept(&listeners, &permits);
        tokio::select! {
            () = &mut stop => break,
            Some(_) = connections.join_next() => {}
            (accepted, permit) = next => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(serve(stream, peer, site.clone(), graceful.watcher(), permit));
                }
                Err(error) => pause(&error).await,
            },
        }
    }
    drop(listeners);
    drain(graceful, connections).await;
}

/// The next connection of any listener, once there is a permit for it.
async fn accept(
    listeners: &[TcpListener],
    permits: &Arc<Semaphore>,
) -> (io::Result<(TcpStream, SocketAddr)>, Option<OwnedSemaphorePermit>) {
    let permit = permits.clone().acquire_owned().await.ok();
    let accepted = std::future::poll_fn(|cx| {
        for listener in listeners {
            if let Poll::Ready(accepted) = listener.poll_accept(cx) {
                return Poll::Ready(accepted);
            }
        }
        Poll::Pending
    });
    (accepted.await, permit)
}

async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    site: Arc<Site>,
    watcher: Watcher,
    _permit: Option<OwnedSemaphorePermit>,
) {
    // Answers leave in one piece, so there is nothing to wait for.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let site = site.clone();
        async move { Ok::<_, Infallible>(pipeline::answer(&site, peer, request).await) }
    });
    let stream = TokioIo::new(Stalling::new(stream, Patience::default()));
    let connection = builder().serve_connection(stream, service).into_owned();
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%peer, %error, "connection ended");
    }
}

/// HTTP/1.1 and HTTP/2 without TLS, with limits.
fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // Without a timer hyper ignores its own time limits.
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_FIELDS);
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

async fn drain(graceful: GracefulShutdown, mut connections: JoinSet<()>) {
    let running = connections.len();
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!(running, "some requests did not end in time and were cut");
        connections.shutdown().await;
    }
}
