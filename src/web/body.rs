//! An incoming body under its limits: size, idle time, least rate.

use crate::error::{Error, Result};
use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::combinators::BoxBody;
use hyper::body::{Body, Frame};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// Longest time without a byte.
const IDLE: Duration = Duration::from_secs(10);
/// Time before the least rate counts.
const GRACE: Duration = Duration::from_secs(10);
/// Bytes a second that a body has to keep up on average.
const LEAST_RATE: u64 = 8 * 1024;

/// Why reading from the client failed, before it is told in the application's words.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A body of at most `limit` bytes whose sender keeps up the least rate.
pub struct Paced {
    inner: BoxBody<Bytes, Cause>,
    limit: u64,
    received: u64,
    started: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Paced {
    /// Time runs from now.
    pub fn new(inner: BoxBody<Bytes, Cause>, limit: u64) -> Paced {
        let started = Instant::now();
        Paced { inner, limit, received: 0, started, timer: Box::pin(tokio::time::sleep_until(started + IDLE)) }
    }

    /// All of it.
    pub async fn read(self) -> Result<Bytes> {
        Ok(self.collect().await?.to_bytes())
    }

    fn deadline(&self) -> Instant {
        let earned = Duration::from_millis(self.received.saturating_mul(1000) / LEAST_RATE);
        (Instant::now() + IDLE).min(self.started + GRACE + earned)
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
        assert_eq!(Paced::new(full(b"abc"), 3).read().await.unwrap(), "abc");
        assert!(matches!(Paced::new(full(b"abcd"), 3).read().await, Err(Error::TooLarge(3))));
    }

    #[test]
    fn a_body_that_stalls_is_given_up() {
        // The limits are short enough to wait for one; tokio's paused clock needs a feature of its own.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut body = Paced::new(boxed(Stalled(false)), 3);
            assert!(body.frame().await.unwrap().is_ok());
            body.timer.as_mut().reset(Instant::now());
            assert!(matches!(body.frame().await, Some(Err(Error::TooSlow))));
        });
    }
}
