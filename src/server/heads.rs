//! A connection whose heads are kept, so that hyper's own answers to them can be made into ours, and whose end is
//! told when the last answer is sent.
//!
//! hyper answers a head that it cannot read by itself, with a status and nothing else, and has no hook for
//! that. What it writes while no request has begun since all before was sent can be nothing but such an answer,
//! since everything of ours belongs to a request.
//!
//! A client may say that it will send nothing more, and wait for what it has asked for (RFC 9293, section 3.6). hyper
//! takes that for one that is gone and drops what runs, or, if it is told to wait, never looks for those that are
//! gone; whoever listens to events is.

use hyper::body::Body;
use std::io::{ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes of a head that are kept. hyper gives up on longer ones.
const LONGEST: usize = 64 * 1024;
/// How often it is looked whether the body is read that came before the end of a connection; more often than its
/// parts are handed on one by one.
const LOOKS: u8 = 32;
/// Room for a head that a connection keeps while it is idle.
const IDLE: usize = 1024;

/// What hyper wrote by itself, and the head it did not understand, to the answer that is sent.
pub type Answer = dyn Fn(&[u8], &[u8]) -> Vec<u8> + Send;

/// What a connection and its requests know of each other.
#[derive(Debug, Default)]
pub struct Exchange {
    /// Requests that have begun since all answers before them were sent.
    begun: AtomicUsize,
    /// Whether the last of them has a body: what comes then is no head.
    has_body: AtomicBool,
    /// Whether something of that body has yet to come.
    awaits_body: AtomicBool,
    /// Whether a request stays until the client goes.
    listens: AtomicBool,
    came: Mutex<Came>,
}

/// What came and was no body.
#[derive(Debug, Default)]
struct Came {
    bytes: Vec<u8>,
    /// Requests in these bytes that are answered. They are the first ones.
    answered: usize,
    /// Whether they end with a head: what comes next need not be added to them.
    is_over: bool,
}

impl Exchange {
    /// A request begins.
    pub fn begin<B: Body>(&self, body: &B) {
        let has_body = !body.is_end_stream();
        self.has_body.store(has_body, Ordering::Release);
        self.awaits_body.store(has_body, Ordering::Release);
        self.begun.fetch_add(1, Ordering::AcqRel);
    }

    /// The head of the request that begins next, as far as it came; empty if it came with the body of another.
    pub fn head(&self) -> Vec<u8> {
        self.lock().behind(self.begun.load(Ordering::Acquire)).to_vec()
    }

    /// All of its body came.
    pub fn has_come(&self) {
        self.awaits_body.store(false, Ordering::Release);
    }

    /// It stays until the client goes, and has no more use of its head.
    pub fn listens(&self) {
        self.listens.store(true, Ordering::Release);
        *self.lock() = Came::default();
    }

    /// Whether there is something to send to a client that sends nothing more.
    fn is_answering(&self) -> bool {
        self.has_begun() && !self.listens.load(Ordering::Acquire)
    }

    fn awaits_body(&self) -> bool {
        self.awaits_body.load(Ordering::Acquire)
    }

    fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Acquire) > 0
    }

    fn note(&self, bytes: &[u8]) {
        if bytes.is_empty() || self.has_body.load(Ordering::Acquire) {
            return;
        }
        let mut came = self.lock();
        if came.is_over {
            came.clear();
        }
        let room = LONGEST.saturating_sub(came.bytes.len()).min(bytes.len());
        came.bytes.extend_from_slice(bytes.get(..room).unwrap_or_default());
    }

    /// Everything that has begun is answered.
    fn end(&self) {
        let mut came = self.lock();
        let begun = self.begun.swap(0, Ordering::AcqRel);
        if self.has_body.swap(false, Ordering::AcqRel) {
            came.clear();
        } else if came.bytes.ends_with(b"\r\n\r\n") {
            // There may be more heads, sent ahead of their answers: whoever needs them looks.
            came.answered += begun;
            came.is_over = true;
        } else {
            let left = came.behind(begun).len();
            let end = came.bytes.len() - left;
            came.bytes.drain(..end);
            came.answered = 0;
        }
        if came.bytes.capacity() > IDLE {
            if came.is_over {
                came.clear();
            }
            came.bytes.shrink_to(IDLE);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Came> {
        self.came.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Came {
    fn clear(&mut self) {
        self.bytes.clear();
        (self.answered, self.is_over) = (0, false);
    }

    /// What is behind the heads of the answered requests and of `begun` others.
    fn behind(&self, begun: usize) -> &[u8] {
        let mut rest = self.bytes.as_slice();
        for _ in 0..self.answered + begun {
            rest = behind_head(rest);
        }
        rest
    }
}

/// What is behind the first head. Lines may end without a carriage return, and empty ones stand before a head
/// (RFC 9112, section 2.2).
fn behind_head(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|byte| !b"\r\n".contains(byte)).unwrap_or(bytes.len());
    let head = bytes.get(start..).unwrap_or_default();
    let ends = |at: usize| {
        let behind = head.get(at + 1..).unwrap_or_default();
        behind.strip_prefix(b"\r\n").or_else(|| behind.strip_prefix(b"\n"))
    };
    let lines = head.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    lines.map(|(at, _)| at).find_map(ends).unwrap_or_default()
}

/// A stream of HTTP/1; one of HTTP/2 has no `Talk`.
pub struct Heads<S> {
    inner: S,
    talk: Option<Talk>,
    /// What is left of our answer.
    left: Vec<u8>,
    /// Nothing more will come.
    is_over: bool,
    /// How often it was looked since then whether a body has come that hyper may have and nobody has read yet.
    looks: u8,
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
        Heads { inner, talk, left: Vec::new(), is_over: false, looks: 0 }
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
            self.left = (talk.answer)(own, &talk.exchange.head());
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
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        let (before, has_room) = (buf.filled().len(), buf.remaining() > 0);
        if !this.is_over {
            ready!(Pin::new(&mut this.inner).poll_read(cx, buf))?;
        }
        let Some(talk) = &this.talk else { return Poll::Ready(Ok(())) };
        let came = buf.filled().get(before..).unwrap_or_default();
        talk.exchange.note(came);
        if !came.is_empty() || !has_room || !talk.exchange.is_answering() || this.looks == LOOKS {
            return Poll::Ready(Ok(()));
        }
        this.is_over = true;
        if talk.exchange.awaits_body() {
            this.looks += 1;
            cx.waker().wake_by_ref();
        } else {
            this.looks = 0;
        }
        // hyper reads again when the answer is sent.
        Poll::Pending
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

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http_body_util::{Empty, Full};

    const ONE: &[u8] = b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n";
    const TWO: &[u8] = b"\r\nGET /2 HTTP/1.1\nHost: a\n\n";

    fn exchange(came: &[&[u8]]) -> Exchange {
        let exchange = Exchange::default();
        exchange.note(&came.concat());
        exchange
    }

    #[test]
    fn the_next_head_is_found_behind_those_that_came_with_it() {
        let exchange = exchange(&[ONE, TWO, ONE]);
        for left in [[ONE, TWO, ONE].concat(), [TWO, ONE].concat(), ONE.to_vec(), Vec::new()] {
            assert_eq!(exchange.head(), left);
            exchange.begin(&Empty::<Bytes>::new());
        }
        // Sent ahead, and read one after the other's answer.
        let exchange = self::exchange(&[ONE, TWO, ONE]);
        for left in [[ONE, TWO, ONE].concat(), [TWO, ONE].concat(), ONE.to_vec()] {
            assert_eq!(exchange.head(), left);
            exchange.begin(&Empty::<Bytes>::new());
            exchange.end();
        }
        exchange.note(TWO);
        assert_eq!(exchange.head(), TWO);
    }

    #[test]
    fn a_head_that_comes_in_parts_is_kept_whole_and_a_body_is_not() {
        let exchange = exchange(&[ONE, b"GET"]);
        exchange.begin(&Empty::<Bytes>::new());
        exchange.end();
        assert_eq!(exchange.head(), b"GET");
        exchange.note(b" /2");
        assert_eq!(exchange.head(), b"GET /2");
        exchange.begin(&Full::new(Bytes::from_static(b"body")));
        exchange.note(b"body");
        exchange.end();
        assert_eq!(exchange.head(), b"");
        exchange.note(ONE);
        assert_eq!(exchange.head(), ONE);
    }

    #[test]
    fn a_long_head_takes_no_room_once_it_is_answered() {
        for length in [2 * IDLE, 2 * LONGEST] {
            let exchange = exchange(&[b"GET / HTTP/1.1\r\nX: ", &vec![b'x'; length], b"\r\n\r\n"]);
            assert!(exchange.head().len() >= length.min(LONGEST));
            exchange.begin(&Empty::<Bytes>::new());
            exchange.end();
            assert!(exchange.lock().bytes.capacity() <= IDLE);
        }
    }
}
