//! Bodies on their way in and out that know whose turn it is.

use crate::server::heads::Exchange;
use crate::server::seats::{Running, Turn};
use crate::web::response::Body;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Largest part of a body in memory that is handed over at once where one connection carries several answers:
/// what is handed over counts as sent. Where it carries one, the socket tells how much is taken.
const PIECE: usize = 64 * 1024;

/// The body of a request; while it is awaited, it is the client's turn.
pub struct Receiving<B> {
    body: B,
    /// `None` if there is nothing to wait for.
    turn: Option<Turn>,
    exchange: Option<Arc<Exchange>>,
}

/// The body of an answer: the client's turn, but while we have nothing to send. In a stream of events
/// that is as it should be.
pub struct Sending {
    body: Body,
    turn: Turn,
    _running: Running,
}

impl<B: hyper::body::Body> Receiving<B> {
    pub fn new(body: B, running: &Running, exchange: &Arc<Exchange>) -> Receiving<B> {
        let comes = !body.is_end_stream();
        let (turn, exchange) = (comes.then(|| running.turn()), comes.then(|| Arc::clone(exchange)));
        Receiving { body, turn, exchange }
    }
}

impl Sending {
    /// The request goes on until `body` is sent or dropped.
    pub fn new(body: Body, running: Running) -> Sending {
        let mut turn = running.turn();
        // HTTP/2 asks for the first byte only when the client gives it room.
        turn.theirs();
        Sending { body, turn, _running: running }
    }
}

impl<B: hyper::body::Body + Unpin> hyper::body::Body for Receiving<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.body).poll_frame(cx);
        if let Some(turn) = &mut this.turn {
            if polled.is_pending() {
                turn.theirs();
            } else {
                turn.ours();
                turn.moved();
            }
        }
        if let Some(exchange) = &this.exchange
            && (matches!(polled, Poll::Ready(None)) || this.body.is_end_stream())
        {
            exchange.has_come();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl hyper::body::Body for Sending {
    type Data = Bytes;
    type Error = crate::error::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        let polled = match &mut this.body {
            body @ Body::Full(_) if this.turn.is_one_of_many() => {
                Poll::Ready(body.piece(PIECE).map(|piece| Ok(Frame::data(piece))))
            }
            body => Pin::new(body).poll_frame(cx),
        };
        if polled.is_pending() {
            if this.body.is_open() { this.turn.nobodys() } else { this.turn.ours() }
        } else {
            this.turn.theirs();
            // With its last part the request ends, which is noted then.
            if !this.body.is_end_stream() {
                this.turn.moved();
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
