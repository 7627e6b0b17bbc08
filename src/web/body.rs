//! An incoming body under its limits: size, idle time, least rate.

use crate::config::Patience;
use crate::error::{Error, Result};
use crate::service::payer::Payers;
use crate::service::shares::{self, Shares};
use crate::web::form::UPLOAD_LIMIT;
use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// Memory for all bodies that are being received: how far into a body each reserve reaches, and its bytes. Only
/// received bytes count. The beginning of every body has a reserve of its own, so that uploads cannot keep anybody
/// from signing in or commenting.
const RESERVES: [(u64, u64); 3] =
    [(16 * 1024, 4 * 1024 * 1024), (128 * 1024, 16 * 1024 * 1024), (u64::MAX, 4 * UPLOAD_LIMIT)];
/// Bytes by which a reservation grows.
const UNIT: u64 = 1024;

/// Why reading from the client failed, before it is told in the application's words.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Bounds the memory of all bodies that are being received, with a share for each payer.
#[derive(Clone)]
pub struct Room([Arc<Shares>; RESERVES.len()]);

/// The part of the room that one body has taken; dropping it gives it back.
pub struct Held(Mutex<[shares::Held; RESERVES.len()]>);

impl Default for Room {
    fn default() -> Room {
        Room(RESERVES.map(|(_, bytes)| Shares::quarters(bytes / UNIT)))
    }
}

impl Room {
    /// Room for a body of these payers, of which nothing has come yet.
    pub fn hold(&self, payers: Payers) -> Result<Arc<Held>> {
        let [first, second, third] = &self.0;
        let held = [first.take(payers, 0)?, second.take(payers, 0)?, third.take(payers, 0)?];
        Ok(Arc::new(Held(Mutex::new(held))))
    }
}

impl Held {
    fn grow_to(&self, bytes: u64) -> Result<()> {
        let mut parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut start = 0;
        for (part, (end, _)) in parts.iter_mut().zip(RESERVES) {
            part.grow_to(bytes.min(end).saturating_sub(start).div_ceil(UNIT))?;
            start = end;
        }
        Ok(())
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
    use crate::domain::actor::Actor;
    use http_body_util::Full;

    fn boxed(body: impl Body<Data = Bytes, Error = Cause> + Send + Sync + 'static) -> BoxBody<Bytes, Cause> {
        BoxBody::new(body)
    }

    fn full(bytes: &'static [u8]) -> BoxBody<Bytes, Cause> {
        boxed(Full::new(Bytes::from_static(bytes)).map_err(|never| match never {}))
    }

    fn paced(body: BoxBody<Bytes, Cause>, limit: u64) -> Paced {
        Paced::new(body, limit, Room::default().hold(Payers::default()).unwrap(), Patience::default())
    }

    fn payers(address: u8) -> Payers {
        Payers::new(&Actor::Anonymous, [192, 0, 2, address].into())
    }

    #[test]
    fn only_received_bytes_count_and_a_network_gets_a_quarter() {
        let room = Room::default();
        let waiting: Vec<_> = (0..10_000).map(|_| room.hold(payers(1)).unwrap()).collect();
        let upload = room.hold(payers(1)).unwrap();
        upload.grow_to(UPLOAD_LIMIT).unwrap();
        let second = room.hold(payers(1)).unwrap();
        assert!(matches!(second.grow_to(UPLOAD_LIMIT), Err(Error::RateLimited(_))));
        drop(upload);
        assert!(second.grow_to(UPLOAD_LIMIT).is_ok());
        drop(waiting);
    }

    #[test]
    fn uploads_leave_room_for_short_bodies() {
        let room = Room::default();
        let full: Vec<_> = (0..9)
            .map(|number| {
                let held = room.hold(payers(number)).unwrap();
                let _ = held.grow_to(UPLOAD_LIMIT);
                held
            })
            .collect();
        assert!(matches!(full.last().map(|held| held.grow_to(UPLOAD_LIMIT)), Some(Err(Error::Busy))));
        let comment = room.hold(payers(100)).unwrap();
        comment.grow_to(80 * 1024).unwrap();
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
