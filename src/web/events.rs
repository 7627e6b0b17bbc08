//! The conversation of a post as it goes on, as server-sent events (WHATWG HTML, section 9.2).
//!
//! An event is made once, by the first of its listeners that comes for it, and shared by all of them.

use crate::domain::id::PostId;
use crate::domain::link::Links;
use crate::error::{Error, Result};
use crate::service::live::{self, Action, CommentNews, Heard, Listener, Position, Seen, Told};
use crate::service::payer::Payers;
use crate::service::settings;
use crate::service::shares::{Held, Shares};
use crate::view;
use crate::web::Site;
use crate::web::request::Req;
use crate::web::response::{self, Body, Res};
use crate::web::wire::comments::Comment;
use bytes::Bytes;
use futures_util::stream;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

pub const MEDIA_TYPE: &str = "text/event-stream";

/// Bytes of events that are kept for those who have not come for them yet.
const KEPT: u64 = 4 * 1024 * 1024;
/// Streams that one connection of HTTP/2 may carry, so that a few connections cannot take the places of many readers.
const ON_A_CONNECTION: u64 = 16;
/// Milliseconds after which a browser comes back when the stream broke.
const RETRY: u64 = 3_000;
/// When the server stops they come back within so many milliseconds, not all at once.
const RETRY_AFTER_STOP: u64 = 10_000;

/// Events by their place, each made once, and room for those who listen.
pub struct Events {
    made: Cache<Position, Say, Weight>,
    places: Arc<Shares>,
    on_connections: Arc<Shares>,
}

/// The right to listen.
pub struct Place {
    _place: Held,
    _on_connection: Option<Held>,
}

/// What to say about a piece of news.
#[derive(Clone)]
enum Say {
    This(Bytes),
    Nothing,
    /// Nothing any more.
    Goodbye,
}

#[derive(Clone)]
struct Weight;

impl Weighter<Position, Say> for Weight {
    fn weight(&self, _: &Position, say: &Say) -> u64 {
        64 + if let Say::This(event) = say { event.len() as u64 } else { 0 }
    }
}

impl Events {
    /// For at most so many listeners, a quarter of them of one member or network.
    pub fn new(listeners: usize) -> Events {
        let listeners = listeners.max(1) as u64;
        let made = Cache::with_weighter(1_024, KEPT, Weight);
        Events { made, places: Shares::quarters(listeners), on_connections: Shares::of(listeners, ON_A_CONNECTION) }
    }

    /// The right to listen, to be held as long.
    pub(in crate::web) fn place(&self, req: &Req) -> Result<Place> {
        let place = self.places.take(req.payers(), 1)?;
        let on_connection =
            req.connection.map(|connection| self.on_connections.take(Payers::connection(connection), 1));
        Ok(Place { _place: place, _on_connection: on_connection.transpose()? })
    }

    async fn of(&self, site: &Arc<Site>, told: &Told) -> Result<Say> {
        self.made.get_or_insert_async(&told.position, make(site, told)).await
    }
}

async fn make(site: &Arc<Site>, told: &Told) -> Result<Say> {
    let (site, told) = (Arc::clone(site), *told);
    let made = tokio::task::spawn_blocking(move || say(&site, &told)).await;
    made.map_err(|cause| Error::Internal(Box::new(cause)))?
}

/// The stream of a post's conversation.
pub async fn show(site: Arc<Site>, req: Req) -> Result<Res> {
    let sent = req.header("last-event-id").filter(|id| !id.is_empty());
    let since = sent.and_then(Position::parse);
    let place = site.events.place(&req)?;
    let (post, mut listener) = live::conversation(&site.app, &req.actor, req.param("slug")?, since)?;
    if !req.is_at(&post.slug)? {
        return Ok(response::moved(&site.app.links().events(&post.slug)));
    }
    // The place before the state: what is in neither comes as an event.
    let position = listener.position();
    let begin = match (sent, since) {
        (Some(_), Some(_)) => Bytes::new(),
        // The id of something else.
        (Some(_), None) => reset(position),
        (None, _) => state(&site, post.id, position)?,
    };
    let begin = [format!("retry: {RETRY}\n\n").as_bytes(), &begin].concat().into();
    let heartbeat = site.app.config().patience.heartbeat;
    let telling = Telling { begin: Some(begin), listener, heartbeat, site, is_over: false, _place: place };
    Ok(response::stream(MEDIA_TYPE, Body::open(stream::unfold(telling, Telling::next))))
}

/// One listener's stream.
struct Telling {
    begin: Option<Bytes>,
    listener: Listener,
    heartbeat: Duration,
    site: Arc<Site>,
    is_over: bool,
    _place: Place,
}

impl Telling {
    /// Those who come back hear late, when what was kept for the others may be deleted.
    async fn look_up(&self, told: &Told, is_catching_up: bool) -> Result<Say> {
        if is_catching_up { make(&self.site, told).await } else { self.site.events.of(&self.site, told).await }
    }

    /// The next piece of the stream and what comes after it; `None` at its end.
    async fn next(mut self) -> Option<(Bytes, Telling)> {
        if let Some(begin) = self.begin.take() {
            return Some((begin, self));
        }
        while !self.is_over {
            let is_catching_up = self.listener.is_catching_up();
            let piece = match tokio::time::timeout(self.heartbeat, self.listener.next()).await {
                Err(_) => heartbeat(self.listener.position()),
                Ok(Heard::Missed) => reset(self.listener.position()),
                Ok(Heard::Ended) => {
                    self.is_over = true;
                    goodbye()
                }
                Ok(Heard::News(told)) => match self.look_up(&told, is_catching_up).await {
                    Ok(Say::This(event)) => event,
                    Ok(Say::Nothing) => continue,
                    Ok(Say::Goodbye) => return None,
                    Err(error) => {
                        tracing::warn!(%error, "an event could not be made");
                        reset(told.position)
                    }
                },
            };
            return Some((piece, self));
        }
        None
    }
}

/// Keeps the connection alive, and the browser's place up to date although nothing happened.
fn heartbeat(position: Position) -> Bytes {
    format!(":\nid: {position}\n\n").into()
}

fn reset(position: Position) -> Bytes {
    event("reset", position, "{}")
}

fn goodbye() -> Bytes {
    // Without random numbers they come back together, which is no more than unkind.
    let wait = RETRY + getrandom::u64().unwrap_or(0) % RETRY_AFTER_STOP;
    format!("retry: {wait}\n: the server stops\n\n").into()
}

/// By which a page that was made a moment ago can tell whether it is still true.
fn state(site: &Site, post: PostId, position: Position) -> Result<Bytes> {
    let (count, newest) = live::state(&site.app.read()?, post)?;
    let data = json!({ "count": count, "newest": newest.map(|id| id.to_string()) });
    Ok(event("state", position, &data.to_string()))
}

/// `data` is one line.
fn event(name: &str, position: Position, data: &str) -> Bytes {
    format!("event: {name}\nid: {position}\ndata: {data}\n\n").into()
}

fn say(site: &Site, told: &Told) -> Result<Say> {
    let txn = site.app.read()?;
    Ok(match live::look_up(&site.app, &txn, told.news)? {
        Seen::Nothing => Say::Nothing,
        Seen::Over => Say::Goodbye,
        Seen::Comment(news) => {
            let zone = settings::current(&txn)?.zone();
            let shown = |placed| view::comment::item(site.app.links(), &zone, &news.post, placed);
            let markup = news.comment.as_ref().map(shown);
            let data = data(site.app.links(), &news, markup)?;
            Say::This(event("comment", told.position, &data))
        }
    })
}

/// A comment in an event: as in the API, with what a page needs.
#[derive(Serialize)]
struct CommentEvent<'a> {
    action: &'static str,
    /// Comments of the post.
    count: usize,
    /// The item of the list as a visitor sees it; null if it is gone.
    markup: Option<String>,
    #[serde(flatten)]
    comment: Option<Comment>,
    #[serde(flatten)]
    gone: Option<Gone<'a>>,
}

/// What is left to say of a comment that is gone.
#[derive(Serialize)]
struct Gone<'a> {
    id: &'a str,
    post_id: &'a str,
}

fn data(links: &Links, news: &CommentNews, markup: Option<String>) -> Result<String> {
    let action = match news.action {
        Action::Created => "created",
        Action::Edited => "edited",
        Action::Removed => "removed",
    };
    let comment = news.comment.clone().map(|placed| Comment::new(placed, &news.post.slug, links));
    let (id, post_id) = (news.id.to_string(), news.post.id.to_string());
    let gone = comment.is_none().then_some(Gone { id: &id, post_id: &post_id });
    let event = CommentEvent { action, count: news.count, markup, comment, gone };
    serde_json::to_string(&event).map_err(|cause| Error::Internal(Box::new(cause)))
}
