//! Responses as server-sent events: GraphQL over SSE, distinct connections mode.

use crate::domain::actor::Actor;
use crate::error::Result;
use crate::web::Site;
use crate::web::events::Place;
use crate::web::graphql::accept::Speaks;
use crate::web::graphql::answer::Answer;
use crate::web::graphql::context::Operation;
use crate::web::graphql::limits::Cost;
use crate::web::graphql::{Asked, Prepared, door, run};
use crate::web::request::Req;
use crate::web::response;
use crate::web::response::{Body, Res};
use async_graphql::Response;
use async_graphql::parser::types::OperationType;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;
use futures_util::stream::BoxStream;
use http::Method;
use std::sync::Arc;
use std::time::Duration;

/// The stream of an operation: a response for each event of a subscription, one for anything else. What is
/// wrong with the document is told in the stream, where clients look for it.
pub async fn open(site: &Arc<Site>, req: &Req, prepared: std::result::Result<Prepared, Answer>) -> Result<Res> {
    let media_type = Speaks::Events.media_type();
    let body = match prepared {
        // Nobody would read it, and nothing would end it.
        _ if req.method == Method::HEAD => Body::Empty,
        Ok(prepared) if prepared.weighed.kind == OperationType::Subscription => {
            let place = site.events.place(req)?;
            let operation = Arc::new(Operation::new(&site.app, &Actor::Anonymous, req.payers(), req.id));
            let responses = door(site).schema.execute_stream(prepared.request.data(Arc::clone(&operation)));
            let heartbeat = site.app.config().patience.heartbeat;
            let (site, asked, cost) = (Arc::clone(site), prepared.asked, prepared.weighed.cost);
            let (is_over, is_new) = (false, true);
            let telling =
                Telling { responses, site, operation, asked, cost, heartbeat, is_over, is_new, _place: place };
            Body::open(stream::unfold(telling, Telling::next))
        }
        Ok(prepared) => once(&run(site, &Operation::of(&site.app, req), prepared).await?),
        Err(answer) => once(&answer),
    };
    Ok(response::stream(media_type, body))
}

fn once(answer: &Answer) -> Body {
    let text = [next(answer).as_ref(), COMPLETE.as_bytes()].concat();
    Body::open(stream::once(async { Bytes::from(text) }))
}

const COMPLETE: &str = "event: complete\ndata:\n\n";

/// JSON has no line breaks unless it is written for people.
fn next(answer: &Answer) -> Bytes {
    format!("event: next\ndata: {}\n\n", answer.event()).into()
}

/// One listener's stream.
struct Telling {
    responses: BoxStream<'static, Response>,
    site: Arc<Site>,
    operation: Arc<Operation>,
    asked: Asked,
    cost: Cost,
    heartbeat: Duration,
    is_over: bool,
    is_new: bool,
    _place: Place,
}

impl Telling {
    /// The next piece of the stream and what comes after it; `None` at its end.
    async fn next(mut self) -> Option<(Bytes, Telling)> {
        if self.is_over {
            return None;
        }
        if std::mem::take(&mut self.is_new) {
            // Tells the client, and whatever is on the way, that it has begun.
            return Some((Bytes::from_static(b":\n\n"), self));
        }
        let piece = match tokio::time::timeout(self.heartbeat, self.responses.next()).await {
            Err(_) => Bytes::from_static(b":\n\n"),
            Ok(Some(mut response)) => {
                self.asked.complete(door(&self.site), &mut response);
                next(&Answer::of(response, self.cost, self.operation.id))
            }
            Ok(None) => {
                self.is_over = true;
                // A server that stops says nothing, so that clients come back.
                let is_stopped = self.operation.is_stopped();
                Bytes::from_static(if is_stopped { b": the server stops\n\n" } else { COMPLETE.as_bytes() })
            }
        };
        // The event was read; no snapshot waits for the next one.
        self.operation.look_again();
        Some((piece, self))
    }
}
