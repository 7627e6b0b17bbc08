//! An incoming body under its limits: size, idle time, least rate.

use crate::config::Patience;
use crate::error::{Error, Result};
use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, Sleep};

/// Memory for the bodies of forms at a time, in bytes; what one has not sent yet does not count.
const FORMS: usize = 16 * 1024 * 1024;
/// The same for bodies that may be larger than `LARGE`; they count from the beginning as long as they
/// say they will be. Apart, so that neither kind keeps the other out.
const UPLOADS: usize = 64 * 1024 * 1024;
const LARGE: u64 = 128 * 1024;
/// Bytes that one permit stands for.
const UNIT: usize = 1024;

/// Why reading from the client failed, before it is told in the application's words.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Bounds the memory of all bodies that are in hand.
#[derive(Clone)]
pub struct Room {
    forms: Arc<Semaphore>,
    uploads: Arc<Semaphore>,
}

/// The part of the room that one body has taken; dropping it gives it back.
pub struct Held {
    room: Arc<Semaphore>,
    units: AtomicUsize,
}

impl Default for Room {
    fn default() -> Room {
        Room { forms: Arc::new(Semaphore::new(FORMS / UNIT)), uploads: Arc::new(Semaphore::new(UPLOADS / UNIT)) }
    }
}

impl Room {
    /// For a body of at most `limit` bytes that says it has `declared`. `Busy` if there is no room.
    pub fn hold(&self, limit: u64, declared: Option<u64>) -> Result<Arc<Held>> {
        let room = if limit > LARGE { &self.uploads } else { &self.forms };
        let held = Held { room: Arc::clone(room), units: AtomicUsize::new(0) };
        if limit > LARGE {
            held.grow_to(declared.unwrap_or(0).min(limit))?;
        }
        Ok(Arc::new(held))
    }
}

impl Held {
    fn grow_to(&self, bytes: u64) -> Result<()> {
        let units = usize::try_from(bytes).unwrap_or(usize::MAX).div_ceil(UNIT);
        let more = units.saturating_sub(self.units.load(Ordering::Relaxed));
        if more > 0 {
            let permits = self.room.try_acquire_many(u32::try_from(more).unwrap_or(u32::MAX));
            permits.map_err(|_| Error::Busy)?.forget();
            self.units.fetch_add(more, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.room.add_permits(self.units.load(Ordering::Relaxed));
    }
}

/// Most bytes of a body that nobody wants which are taken all the same, so that the connection can go on.
const REST: usize = 64 * 1024;

/// A body of which whoever reads it can leave a rest.
#[derive(Clone)]
pub struct Shared(Arc<Mutex<Part>>);

struct Part {
    body: BoxBody<Bytes, Cause>,
    /// The client sends nothing until somebody reads.
    waits: bool,
    /// Fields came behind it. hyper lets a line of them end without a carriage return, so that whoever stands before
    /// us may see them end elsewhere, and another request begin.
    has_trailers: bool,
}

impl Shared {
    /// `waits`: the client has said that it waits to be asked (RFC 9110, section 10.1.1).
    pub fn new(body: BoxBody<Bytes, Cause>, waits: bool) -> Shared {
        Shared(Arc::new(Mutex::new(Part { body, waits, has_trailers: false })))
    }

    /// Takes what was not read. `false` if it is too much, does not come in `time`, would have to be asked for, or
    /// it is in doubt where it ends.
    pub async fn is_taken_within(self, time: Duration) -> bool {
        if self.lock().waits || self.size_hint().lower() > REST as u64 {
            return false;
        }
        // Each part is dropped as it comes: nothing of it lies in memory.
        let mut rest = Limited::new(self.clone(), REST);
        let taken = tokio::time::timeout(time, async {
            while let Some(frame) = rest.frame().await {
                frame?;
            }
            Ok::<_, Cause>(())
        });
        taken.await.is_ok_and(|taken| taken.is_ok()) && !self.lock().has_trailers
    }

    fn lock(&self) -> MutexGuard<'_, Part> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Body for Shared {
    type Data = Bytes;
    type Error = Cause;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, Cause>>> {
        let mut part = self.lock();
        part.waits = false;
        let polled = Pin::new(&mut part.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            part.has_trailers |= frame.is_trailers();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.lock().body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.lock().body.size_hint()
    }
}

/// A body of at most `limit` bytes whose sender keeps up the least rate.
pub struct Paced {
    inner: BoxBody<Bytes, Cause>,
    limit: u64,
    received: u64,
    held: Arc<Held>,
    patience: Patience,
    started: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Paced {
    /// Time runs from now.
    pub fn new(inner: BoxBody<Bytes, Cause>, limit: u64, held: Arc<Held>, patience: Patience) -> Paced {
        let started = Instant::now();
        let timer = Box::pin(tokio::time::sleep_until(started + patience.body));
        Paced { inner, limit, received: 0, held, patience, started, timer }
    }

    /// All of it.
    pub async fn read(self) -> Result<Bytes> {
        Ok(self.collect().await?.to_bytes())
    }

    fn deadline(&self) -> Instant {
        let Patience { body, least_rate, .. } = self.patience;
        let earned = Duration::from_millis(self.received.saturating_mul(1000) / least_rate.max(1));
        (Instant::now() + body).min(self.started + body + earned)
    }
}

impl Body for Paced {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        match Pin::new(&mut this.inner).poll_frame(cx) {
            Poll::Pending => this.timer.as_mut().poll(cx).map(|()| Some(Err(Error::TooSlow))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Ready(Some(Err(_))) => Poll::Ready(Some(Err(Error::Malformed(
                "The upload broke off, or its framing is wrong. Please try again.",
            )))),
            Poll::Ready(Some(Ok(frame))) => {
                this.received += frame.data_ref().map_or(0, |data| data.len() as u64);
                if this.received > this.limit {
                    return Poll::Ready(Some(Err(Error::TooLarge(this.limit))));
                }
                if let Err(busy) = this.held.grow_to(this.received) {
                    return Poll::Ready(Some(Err(busy)));
                }
                let deadline = this.deadline();
                this.timer.as_mut().reset(deadline);
                Poll::Ready(Some(Ok(frame)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::Full;

    fn boxed(body: impl Body<Data = Bytes, Error = Cause> + Send + Sync + 'static) -> BoxBody<Bytes, Cause> {
        BoxBody::new(body)
    }

    fn full(bytes: &'static [u8]) -> BoxBody<Bytes, Cause> {
        boxed(Full::new(Bytes::from_static(bytes)).map_err(|never| match never {}))
    }

    fn paced(body: BoxBody<Bytes, Cause>, limit: u64) -> Paced {
        Paced::new(body, limit, Room::default().hold(limit, None).unwrap(), Patience::default())
    }

    #[tokio::test]
    async fn bodies_that_find_no_room_are_refused_and_those_done_make_room() {
        let room = Room::default();
        let third = UPLOADS as u64 / 3 + 1;
        let first = room.hold(third, Some(third)).unwrap();
        let _second = room.hold(third, Some(third)).unwrap();
        assert!(matches!(room.hold(third, Some(third)), Err(Error::Busy)));
        // What says no length is counted as it comes, and a lie about it gets no more than the limit.
        let unsaid = room.hold(third, None).unwrap();
        assert!(matches!(unsaid.grow_to(third), Err(Error::Busy)));
        assert!(room.hold(LARGE, Some(u64::MAX)).is_ok(), "forms have room of their own");
        drop(first);
        assert!(room.hold(third, Some(u64::MAX)).is_ok());
    }

    /// Gives one byte, then nothing, for ever.
    struct Stalled(bool);

    impl Body for Stalled {
        type Data = Bytes;
        type Error = Cause;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<std::result::Result<Frame<Bytes>, Cause>>> {
            if std::mem::replace(&mut self.0, true) {
                Poll::Pending
            } else {
                Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"x")))))
            }
        }
    }

    #[tokio::test]
    async fn a_body_over_its_limit_is_refused_and_one_at_its_limit_is_read() {
        assert_eq!(paced(full(b"abc"), 3).read().await.unwrap(), "abc");
        assert!(matches!(paced(full(b"abcd"), 3).read().await, Err(Error::TooLarge(3))));
    }

    #[test]
    fn a_body_that_stalls_is_given_up() {
        // The limits are short enough to wait for one; tokio's paused clock needs a feature of its own.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut body = paced(boxed(Stalled(false)), 3);
            assert!(body.frame().await.unwrap().is_ok());
            body.timer.as_mut().reset(Instant::now());
            assert!(matches!(body.frame().await, Some(Err(Error::TooSlow))));
        });
    }
}
