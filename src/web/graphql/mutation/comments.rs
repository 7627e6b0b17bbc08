//! Writing and deleting comments.

use crate::domain::comment::PlacedComment;
use crate::domain::id::{CommentId, PostId};
use crate::domain::post::{Kind, PostHead};
use crate::error::{Error, Result};
use crate::service::change::Seen;
use crate::service::{comments, posts};
use crate::web::graphql::context::{Operation, operation};
use crate::web::graphql::payload::{CommentPayload, DeletePayload, settle};
use crate::web::graphql::updates::check;
use crate::web::wire::comments::{Comment, CommentInput, CommentPatch};
use async_graphql::{Context, ID, Object};

#[derive(Default)]
pub struct CommentMutation;

#[Object]
impl CommentMutation {
    /// Writes a comment on a public post.
    async fn create_comment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Slug of the post.")] post: String,
        input: CommentInput,
    ) -> Result<CommentPayload> {
        let operation = operation(ctx)?;
        settle(operation, create(operation, &post, input).await)
    }

    /// Changes the text of one's own comment, which is possible for 15 minutes.
    async fn update_comment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Slug of the post.")] post: String,
        id: ID,
        #[graphql(desc = "The etag that the change began from.")] etag: String,
        input: CommentPatch,
    ) -> Result<CommentPayload> {
        let operation = operation(ctx)?;
        settle(operation, update(operation, (&post, &id, &etag), input).await)
    }

    /// Deletes a comment: one's own, or any for an editor. With replies it leaves its place.
    async fn delete_comment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Slug of the post.")] post: String,
        id: ID,
    ) -> Result<DeletePayload> {
        let operation = operation(ctx)?;
        settle(operation, remove(operation, &post, id).await)
    }
}

async fn create(operation: &Operation, slug: &str, input: CommentInput) -> Result<Comment> {
    let change = comments::submit(operation.app(), &operation.actor, slug, input.parent()?, &input.source).await;
    let written = operation.commit(change).await?;
    shown(operation, written.post, written.id)
}

async fn update(operation: &Operation, (slug, id, etag): (&str, &str, &str), input: CommentPatch) -> Result<Comment> {
    let (post, placed) = found(operation, slug, id)?;
    let comment = placed.comment.clone();
    comments::may_edit(&operation.actor, &comment, operation.reading()?.now)?;
    check(&Comment::new(placed, &post.slug, operation.app().links()), etag)?;
    let place = (post.id, comment.id);
    let change = comments::edit(operation.app(), &operation.actor, place, &input.source).await;
    operation.commit(change.map(|change| change.if_still(Seen::Comment(Box::new(comment))))).await?;
    shown(operation, place.0, place.1)
}

async fn remove(operation: &Operation, slug: &str, id: ID) -> Result<ID> {
    let (post, placed) = found(operation, slug, &id)?;
    let place = (post.id, placed.comment.id);
    operation.commit(comments::remove(operation.app(), &operation.actor, place)).await?;
    Ok(id)
}

/// A comment under a post that whoever asks may see.
fn found(operation: &Operation, slug: &str, id: &str) -> Result<(PostHead, PlacedComment)> {
    let reading = operation.reading()?;
    let post = posts::visible(operation.app(), &reading.txn, &operation.actor, Kind::Post, slug)?;
    let id = CommentId::parse(id).ok_or(Error::NotFound("comment"))?;
    let placed = comments::by_id(&reading.txn, post.id, id)?;
    Ok((post, placed))
}

fn shown(operation: &Operation, post: PostId, id: CommentId) -> Result<Comment> {
    let reading = operation.reading()?;
    let post = posts::by_id(operation.app(), &reading.txn, &operation.actor, post)?;
    let placed = comments::by_id(&reading.txn, post.id, id)?;
    Ok(Comment::new(placed, &post.slug, operation.app().links()))
}
