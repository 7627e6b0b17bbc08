//! A connection whose heads are kept, so that hyper's own answers to them can be made into ours.
//!
//! hyper answers a head that it cannot read by itself, with a status and nothing else, and has no hook for
//! that. What it writes while no request has begun since all before was sent can be nothing but such an answer,
//! since everything of ours belongs to a request.

use hyper::body::Body;
use std::io::{ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes of a head that are kept. hyper gives up on longer ones.
const LONGEST: usize = 64 * 1024;
/// Room for a head that a connection keeps while it is idle.
const IDLE: usize = 1024;

/// What hyper wrote by itself, and the head it did not understand, to the answer that is sent.
pub type Answer = dyn Fn(&[u8], &[u8]) -> Vec<u8> + Send;

/// What a connection and its requests know of each other.
#[derive(Debug, Default)]
pub struct Exchange {
    /// Whether a request has begun since all answers before it were sent.
    begun: AtomicBool,
    /// Whether it has a body: what comes then is no head.
    has_body: AtomicBool,
    /// What came since then, and was no body.
    head: Mutex<Vec<u8>>,
}

impl Exchange {
    /// A request begins.
    pub fn begin<B: Body>(&self, body: &B) {
        self.has_body.store(!body.is_end_stream(), Ordering::Release);
        self.begun.store(true, Ordering::Release);
    }

    /// The head of the request that begins, but if it came before the last one was answered.
    pub fn head(&self) -> Vec<u8> {
        self.lock().clone()
    }

    /// For a request that stays long and has no more use of it.
    pub fn forget_head(&self) {
        *self.lock() = Vec::new();
    }

    fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Acquire)
    }

    fn note(&self, came: &[u8]) {
        if came.is_empty() || self.has_body.load(Ordering::Acquire) {
            return;
        }
        let mut head = self.lock();
        let room = LONGEST.saturating_sub(head.len()).min(came.len());
        head.extend_from_slice(came.get(..room).unwrap_or_default());
    }

    /// Everything is answered. What came behind the last head, and is no body, is the beginning of the next.
    fn end(&self) {
        let mut head = self.lock();
        if self.has_body.swap(false, Ordering::AcqRel) || head.ends_with(b"\r\n\r\n") {
            head.clear();
        } else {
            let last = head.windows(3).rposition(|bytes| bytes == b"\n\r\n");
            let behind = last.map_or(head.len(), |at| at + 3);
            head.drain(..behind);
        }
        head.shrink_to(IDLE);
        self.begun.store(false, Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream of HTTP/1; one of HTTP/2 has no `Talk`.
pub struct Heads<S> {
    inner: S,
    talk: Option<Talk>,
    /// What is left of our answer.
    left: Vec<u8>,
}

/// What is known of a connection until hyper has answered by itself, after which it ends it.
pub struct Talk {
    pub exchange: Arc<Exchange>,
    /// Whether no request runs, its answer included.
    pub is_quiet: Box<dyn Fn() -> bool + Send>,
    pub answer: Box<Answer>,
}

impl<S> Heads<S> {
    pub fn new(inner: S, talk: Option<Talk>) -> Heads<S> {
        Heads { inner, talk, left: Vec::new() }
    }

    /// Whether what is written now is hyper's own.
    fn is_own(&self) -> bool {
        self.talk.as_ref().is_some_and(|talk| !talk.exchange.has_begun())
    }
}

impl<S: AsyncWrite + Unpin> Heads<S> {
    /// Writes our answer, and only then says that hyper's was.
    fn poll_write_ours(&mut self, cx: &mut Context<'_>, own: &[u8]) -> Poll<Result<usize>> {
        if let Some(talk) = self.talk.as_ref().filter(|_| self.left.is_empty()) {
            self.left = (talk.answer)(own, &talk.exchange.lock());
        }
        while !self.left.is_empty() {
            let taken = ready!(Pin::new(&mut self.inner).poll_write(cx, &self.left))?;
            if taken == 0 {
                return Poll::Ready(Err(ErrorKind::WriteZero.into()));
            }
            self.left.drain(..taken.min(self.left.len()));
        }
        self.talk = None;
        Poll::Ready(Ok(own.len()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Heads<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(cx, buf);
        if let Some(talk) = &self.talk {
            talk.exchange.note(buf.filled().get(before..).unwrap_or_default());
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heads<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        if self.is_own() {
            return self.poll_write_ours(cx, buf);
        }
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        if let Some(own) = bufs.first().filter(|_| self.is_own()) {
            return self.poll_write_ours(cx, own);
        }
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    /// hyper calls it when it has written everything.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        if let Some(talk) = self.talk.as_ref().filter(|talk| talk.exchange.has_begun() && (talk.is_quiet)()) {
            talk.exchange.end();
        }
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
