//! A connection that gives up on a peer that stalls or dribbles.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// Longest time without a byte in either direction. hyper has its own, shorter limits for headers;
/// this one also holds before the first byte, and while a client does not read its answer.
const IDLE: Duration = Duration::from_secs(30);
/// A peer that blocks our writing has to take this many bytes in each window.
const WINDOW: Duration = Duration::from_secs(10);
const LEAST_IN_WINDOW: usize = 16 * 1024;

/// Limits for one connection. Tests have shorter ones.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    pub idle: Duration,
    pub window: Duration,
    pub least: usize,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience { idle: IDLE, window: WINDOW, least: LEAST_IN_WINDOW }
    }
}

/// A stream whose reads and writes fail with `TimedOut` when its peer exhausts the patience.
pub struct Stalling<S> {
    inner: S,
    patience: Patience,
    idle: Pin<Box<Sleep>>,
    /// The window that runs since the peer first blocked a write.
    blocked: Option<Blocked>,
}

struct Blocked {
    end: Pin<Box<Sleep>>,
    taken: usize,
}

impl<S> Stalling<S> {
    /// Patience starts to run at once.
    pub fn new(inner: S, patience: Patience) -> Stalling<S> {
        Stalling { inner, patience, idle: Box::pin(tokio::time::sleep(patience.idle)), blocked: None }
    }

    fn progress(&mut self) {
        let deadline = Instant::now() + self.patience.idle;
        self.idle.as_mut().reset(deadline);
    }

    fn wait<T>(&mut self, cx: &mut Context<'_>) -> Poll<Result<T>> {
        self.idle.as_mut().poll(cx).map(|()| Err(gave_up()))
    }

    /// Accounts for a write of at most `offered` bytes.
    fn written(&mut self, cx: &mut Context<'_>, offered: usize, wrote: Poll<Result<usize>>) -> Poll<Result<usize>> {
        match wrote {
            Poll::Ready(Ok(taken)) => {
                self.progress();
                if taken == offered {
                    self.blocked = None;
                } else if let Some(blocked) = &mut self.blocked {
                    blocked.taken += taken;
                }
                Poll::Ready(Ok(taken))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => self.wait_blocked(cx),
        }
    }

    fn wait_blocked(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize>> {
        let patience = self.patience;
        let new = || Blocked { end: Box::pin(tokio::time::sleep(patience.window)), taken: 0 };
        let blocked = self.blocked.get_or_insert_with(new);
        while blocked.end.as_mut().poll(cx).is_ready() {
            if blocked.taken < patience.least {
                return Poll::Ready(Err(gave_up()));
            }
            *blocked = new();
        }
        self.wait(cx)
    }
}

fn gave_up() -> Error {
    Error::new(ErrorKind::TimedOut, "the peer stalled")
}

impl<S: AsyncRead + Unpin> AsyncRead for Stalling<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        match Pin::new(&mut self.inner).poll_read(cx, buf) {
            Poll::Pending => self.wait(cx),
            ready => {
                self.progress();
                ready
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Stalling<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        let wrote = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.written(cx, buf.len(), wrote)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let wrote = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.written(cx, bufs.iter().map(|buf| buf.len()).sum(), wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const SHORT: Patience =
        Patience { idle: Duration::from_millis(300), window: Duration::from_millis(50), least: 1000 };

    #[tokio::test]
    async fn a_silent_peer_is_given_up() {
        let (_peer, here) = tokio::io::duplex(64);
        let error = Stalling::new(here, SHORT).read_u8().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_peer_that_dribbles_is_given_up_although_it_is_never_silent() {
        let (mut peer, here) = tokio::io::duplex(64);
        let dribble = async {
            loop {
                if peer.read_u8().await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let write = async move { Stalling::new(here, SHORT).write_all(&[0; 100_000]).await };
        let (written, ()) = tokio::join!(write, dribble);
        assert_eq!(written.unwrap_err().kind(), ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_peer_that_reads_gets_everything() {
        let (mut peer, here) = tokio::io::duplex(64);
        let mut here = Stalling::new(here, SHORT);
        let write = async {
            here.write_all(&[7; 100_000]).await.unwrap();
            here.shutdown().await.unwrap();
        };
        let mut all = Vec::new();
        let (_, read) = tokio::join!(write, peer.read_to_end(&mut all));
        assert_eq!(read.unwrap(), 100_000);
    }
}
