//! A connection that gives up on a peer that stalls or dribbles.

use crate::config::Patience;
use std::cell::RefCell;
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// Short answers are copied together and written with one plain call: the system takes a list of parts apart at
/// more cost than that of the copy.
const SHORT: usize = 16 * 1024;

thread_local! {
    /// Where the parts of a short answer are copied together.
    static TOGETHER: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(SHORT));
}

/// Bytes read at a time from a client that is not listened to any more.
const SIP: usize = 8 * 1024;
/// A client that goes on sending after the last answer is heard for so many times `Patience::linger`.
const LONGEST_LINGER: u32 = 5;

/// A stream whose writes fail with `TimedOut` when its peer exhausts the patience. How long its reads may
/// take `Seat::stalled_for` judges, which knows whose turn it is.
pub struct Stalling<S> {
    inner: S,
    patience: Patience,
    /// While the peer blocks our writing.
    window: Option<Window>,
    /// Told to others: whether the peer blocks our writing.
    blocked: Arc<AtomicBool>,
    linger: Option<Linger>,
}

/// The end of a connection. Closing a socket with unread bytes in it makes the kernel throw away what
/// the client has not taken yet, such as the answer that its upload is too large.
struct Linger {
    silence: Pin<Box<Sleep>>,
    end: Instant,
}

/// What the peer takes while it blocks our writing.
struct Window {
    /// When it has taken nothing at all for too long.
    idle: Pin<Box<Sleep>>,
    /// When it is looked at how much it took.
    end: Pin<Box<Sleep>>,
    taken: usize,
}

impl Window {
    fn new(patience: Patience) -> Window {
        let sleep = |limit| Box::pin(tokio::time::sleep(limit));
        Window { idle: sleep(patience.idle), end: sleep(patience.window), taken: 0 }
    }
}

impl<S> Stalling<S> {
    /// `blocked` is set while the peer blocks our writing.
    pub fn new(inner: S, patience: Patience, blocked: Arc<AtomicBool>) -> Stalling<S> {
        Stalling { inner, patience, window: None, blocked, linger: None }
    }

    /// Accounts for a write of at most `offered` bytes.
    fn written(&mut self, cx: &mut Context<'_>, offered: usize, wrote: Poll<Result<usize>>) -> Poll<Result<usize>> {
        match wrote {
            Poll::Ready(Ok(taken)) if taken == offered => {
                if self.window.take().is_some() {
                    self.blocked.store(false, Ordering::Release);
                }
            }
            Poll::Ready(Ok(taken)) => {
                if let Some(window) = &mut self.window {
                    window.taken += taken;
                    window.idle.as_mut().reset(Instant::now() + self.patience.idle);
                }
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => return self.wait_blocked(cx),
        }
        wrote
    }

    fn wait_blocked(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize>> {
        let patience = self.patience;
        self.blocked.store(true, Ordering::Release);
        let window = self.window.get_or_insert_with(|| Window::new(patience));
        while window.end.as_mut().poll(cx).is_ready() {
            if window.taken < patience.least_read {
                return Poll::Ready(Err(gave_up()));
            }
            window.taken = 0;
            window.end.as_mut().reset(Instant::now() + patience.window);
        }
        window.idle.as_mut().poll(cx).map(|()| Err(gave_up()))
    }
}

impl<S: AsyncRead + Unpin> Stalling<S> {
    /// Reads on until the client has closed its side too, or has had time to take the answer.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let limit = self.patience.linger;
        let now = Instant::now();
        let new = || Linger { silence: Box::pin(tokio::time::sleep(limit)), end: now + limit * LONGEST_LINGER };
        let linger = self.linger.get_or_insert_with(new);
        let mut sip = [0; SIP];
        let mut buf = ReadBuf::new(&mut sip);
        match Pin::new(&mut self.inner).poll_read(cx, &mut buf) {
            Poll::Pending => linger.silence.as_mut().poll(cx),
            Poll::Ready(Ok(())) if !buf.filled().is_empty() && now < linger.end => {
                linger.silence.as_mut().reset((now + limit).min(linger.end));
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Poll::Ready(_) => Poll::Ready(()),
        }
    }
}

fn gave_up() -> Error {
    Error::new(ErrorKind::TimedOut, "the peer stalled")
}

impl<S: AsyncRead + Unpin> AsyncRead for Stalling<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stalling<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        let wrote = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.written(cx, buf.len(), wrote)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let offered = bufs.iter().map(|buf| buf.len()).sum();
        let inner = Pin::new(&mut self.inner);
        let wrote = if offered > SHORT {
            inner.poll_write_vectored(cx, bufs)
        } else {
            TOGETHER.with_borrow_mut(|all| {
                all.clear();
                bufs.iter().for_each(|buf| all.extend_from_slice(buf));
                inner.poll_write(cx, all)
            })
        };
        self.written(cx, offered, wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        if self.linger.is_none() {
            match Pin::new(&mut self.inner).poll_shutdown(cx) {
                Poll::Ready(Ok(())) => {}
                other => return other,
            }
        }
        self.poll_linger(cx).map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    fn little() -> Patience {
        Patience {
            idle: Duration::from_millis(300),
            window: Duration::from_millis(50),
            least_read: 1000,
            linger: Duration::from_millis(50),
            ..Patience::default()
        }
    }

    fn impatient<S>(inner: S) -> Stalling<S> {
        Stalling::new(inner, little(), Arc::default())
    }

    #[tokio::test]
    async fn a_peer_that_takes_nothing_is_given_up() {
        let (_peer, here) = tokio::io::duplex(64);
        let patience = Patience { window: Duration::from_secs(3600), ..little() };
        let error = Stalling::new(here, patience, Arc::default()).write_all(&[0; 100]).await.unwrap_err();
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
        let write = async move { impatient(here).write_all(&[0; 100_000]).await };
        let (written, ()) = tokio::join!(write, dribble);
        assert_eq!(written.unwrap_err().kind(), ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_peer_that_reads_gets_everything() {
        let (mut peer, here) = tokio::io::duplex(64);
        let mut here = impatient(here);
        let write = async {
            here.write_all(&[7; 100_000]).await.unwrap();
            assert!(!here.blocked.load(Ordering::Acquire));
            here.shutdown().await.unwrap();
        };
        let mut all = Vec::new();
        let (_, read) = tokio::join!(write, peer.read_to_end(&mut all));
        assert_eq!(read.unwrap(), 100_000);
    }

    #[tokio::test]
    async fn the_end_waits_for_what_is_still_sent_but_not_for_ever() {
        let (mut peer, here) = tokio::io::duplex(64);
        let mut here = impatient(here);
        let finish = async { here.shutdown().await.map(|()| Instant::now()) };
        let send = async {
            peer.write_all(&[7; 10_000]).await.unwrap();
            Instant::now()
        };
        let (ended, sent) = tokio::join!(finish, send);
        assert!(ended.unwrap() >= sent, "all of it was read");
        let (mut peer, here) = tokio::io::duplex(64);
        let mut here = impatient(here);
        let for_ever = async { while peer.write_all(&[7; 64]).await.is_ok() {} };
        tokio::select! {
            ended = here.shutdown() => ended.unwrap(),
            () = for_ever => panic!("the stream was closed before its time"),
        }
    }
}
