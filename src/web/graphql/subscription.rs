//! What can be listened to: it rides on the feed of published commits.

use crate::domain::actor::Actor;
use crate::error::{Error, Result};
use crate::service::live;
use crate::service::live::{Heard, Listener, News, Seen, Topic};
use crate::service::posts;
use crate::web::graphql::context::{Operation, operation};
use crate::web::graphql::nodes;
use crate::web::wire::comments::Comment;
use crate::web::wire::posts::Post;
use async_graphql::Context;
use futures_util::stream;
use futures_util::stream::BoxStream;
use std::sync::Arc;

/// Nodes as they come; an error ends nothing.
type Events<T> = BoxStream<'static, std::result::Result<T, async_graphql::Error>>;

/// What can be listened to, as server-sent events (GraphQL over SSE, distinct connections). Whoever listens
/// sees what everybody sees, so that a session that ends or a token that is revoked leaves no door open. An
/// event costs at most 100 and has at most 128 KiB of texts.
pub struct Subscription;

#[async_graphql::Subscription]
impl Subscription {
    /// Each new comment on a public post as it is written.
    async fn comment_added(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Slug of a post; left out: all posts.")] post: Option<String>,
    ) -> Result<Events<Comment>> {
        let operation = operation(ctx)?;
        let listener = match post {
            Some(slug) => live::conversation(operation.app(), &Actor::Anonymous, &slug, None)?.1,
            None => operation.app().listen(Topic::Site),
        };
        Ok(news(operation, listener, comment))
    }

    /// Each post as it becomes public, also when its time has come.
    async fn post_published(&self, ctx: &Context<'_>) -> Result<Events<Post>> {
        let operation = operation(ctx)?;
        Ok(news(operation, operation.app().listen(Topic::Site), post))
    }
}

/// What there is to show of the news that a listener hears. It ends when the server stops.
fn news<T: Send + 'static>(
    operation: &Arc<Operation>,
    listener: Listener,
    show: fn(&Operation, News) -> Result<Option<T>>,
) -> Events<T> {
    let next = move |(operation, mut listener): (Arc<Operation>, Listener)| async move {
        loop {
            let shown = match listener.next().await {
                Heard::Ended => {
                    operation.stop();
                    return None;
                }
                Heard::Missed => Err(Error::Stale("Some of it could not be told in time. Please read again.")),
                Heard::News(told) => {
                    operation.begin_again();
                    match show(&operation, told.news).transpose() {
                        Some(shown) => shown,
                        None => {
                            operation.look_again();
                            continue;
                        }
                    }
                }
            };
            return Some((shown.map_err(Into::into), (operation, listener)));
        }
    };
    Box::pin(stream::unfold((Arc::clone(operation), listener), next))
}

fn comment(operation: &Operation, news: News) -> Result<Option<Comment>> {
    let News::CommentWritten { .. } = news else { return Ok(None) };
    let reading = operation.reading()?;
    let Seen::Comment(seen) = live::look_up(operation.app(), &reading.txn, news)? else { return Ok(None) };
    let Some(placed) = seen.comment.filter(|placed| !placed.comment.deleted) else { return Ok(None) };
    let comment = Comment::new(placed, &seen.post.slug, operation.app().links());
    reading.beside(seen.post);
    Ok(Some(comment))
}

fn post(operation: &Operation, news: News) -> Result<Option<Post>> {
    let News::PostPublished { post } = news else { return Ok(None) };
    let reading = operation.reading()?;
    let head = match posts::by_id(operation.app(), &reading.txn, &Actor::Anonymous, post) {
        Err(Error::NotFound(_)) => return Ok(None),
        head => head?,
    };
    let card = posts::cards(&reading.txn, vec![head])?.pop();
    Ok(card.map(|card| nodes::post(operation, &reading, card)))
}
