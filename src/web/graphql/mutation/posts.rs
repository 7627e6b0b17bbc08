//! Writing posts and pages.

use crate::domain::id::PostId;
use crate::domain::post::{Kind, PostHead};
use crate::error::{Error, Result};
use crate::service::change::Seen;
use crate::service::{posts, writing};
use crate::web::graphql::context::{Operation, operation};
use crate::web::graphql::nodes;
use crate::web::graphql::payload::{DeletePayload, PostPayload, settle};
use crate::web::graphql::updates::{changes, overlaid, stale};
use crate::web::wire::posts::{Post, PostInput};
use async_graphql::{Context, ID, Object};

#[derive(Default)]
pub struct PostMutation;

#[Object]
impl PostMutation {
    /// Writes a post.
    async fn create_post(&self, ctx: &Context<'_>, input: PostInput) -> Result<PostPayload> {
        let operation = operation(ctx)?;
        settle(operation, create(operation, Kind::Post, input).await)
    }

    /// Writes a page.
    async fn create_page(&self, ctx: &Context<'_>, input: PostInput) -> Result<PostPayload> {
        let operation = operation(ctx)?;
        settle(operation, create(operation, Kind::Page, input).await)
    }

    /// Changes a post, publishes it or takes it back. What `input` leaves out stays as it is.
    async fn update_post(
        &self,
        ctx: &Context<'_>,
        id: ID,
        #[graphql(desc = "The version that the change began from.")] version: u32,
        input: PostInput,
    ) -> Result<PostPayload> {
        drop(input);
        settle(operation(ctx)?, update(ctx, Kind::Post, &id, version).await)
    }

    /// Changes a page. What `input` leaves out stays as it is.
    async fn update_page(
        &self,
        ctx: &Context<'_>,
        id: ID,
        #[graphql(desc = "The version that the change began from.")] version: u32,
        input: PostInput,
    ) -> Result<PostPayload> {
        drop(input);
        settle(operation(ctx)?, update(ctx, Kind::Page, &id, version).await)
    }

    /// Deletes a post with its conversation.
    async fn delete_post(
        &self,
        ctx: &Context<'_>,
        id: ID,
        #[graphql(desc = "The version that was seen.")] version: u32,
    ) -> Result<DeletePayload> {
        let operation = operation(ctx)?;
        settle(operation, remove(operation, Kind::Post, id, version).await)
    }

    /// Deletes a page.
    async fn delete_page(
        &self,
        ctx: &Context<'_>,
        id: ID,
        #[graphql(desc = "The version that was seen.")] version: u32,
    ) -> Result<DeletePayload> {
        let operation = operation(ctx)?;
        settle(operation, remove(operation, Kind::Page, id, version).await)
    }
}

async fn create(operation: &Operation, kind: Kind, input: PostInput) -> Result<Post> {
    writing::permit(&operation.actor, kind)?;
    let (input, intent) = {
        let reading = operation.reading()?;
        input.typed(&reading.txn, kind, reading.now)?
    };
    let change = writing::create(operation.app(), &operation.actor, kind, &input, intent).await;
    let head = operation.commit(change).await?;
    written(operation, head)
}

async fn update(ctx: &Context<'_>, kind: Kind, id: &str, version: u32) -> Result<Post> {
    let operation = operation(ctx)?;
    writing::permit(&operation.actor, kind)?;
    let (id, input, intent) = {
        let reading = operation.reading()?;
        let head = changeable(operation, kind, id)?;
        let (_, source) = posts::editable(operation.app(), &reading.txn, &operation.actor, head.id)?;
        let current = PostInput::of(&reading.txn, &head, source)?;
        let changes = changes(ctx)?;
        let says = |member: &str| changes.contains_key(if member == "published_at" { "publishedAt" } else { member });
        let input = overlaid(ctx, &current)?.changed(says, reading.now);
        let (input, intent) = input.typed(&reading.txn, kind, reading.now)?;
        (head.id, input, intent)
    };
    let change = writing::update(operation.app(), &operation.actor, (id, version), &input, intent).await;
    let head = operation.commit(change).await?;
    written(operation, head)
}

async fn remove(operation: &Operation, kind: Kind, id: ID, version: u32) -> Result<ID> {
    writing::permit(&operation.actor, kind)?;
    let head = changeable(operation, kind, &id)?;
    if head.version != version {
        return Err(stale());
    }
    let change = writing::remove(operation.app(), &operation.actor, head.id);
    operation.commit(change.map(|change| change.if_still(Seen::Post(Box::new(head))))).await?;
    Ok(id)
}

fn changeable(operation: &Operation, kind: Kind, id: &str) -> Result<PostHead> {
    let missing = || Error::NotFound(kind.as_str());
    let id = PostId::parse(id).ok_or_else(missing)?;
    let head = posts::editable_head(operation.app(), &operation.reading()?.txn, &operation.actor, id)?;
    if head.kind == kind { Ok(head) } else { Err(missing()) }
}

fn written(operation: &Operation, head: PostHead) -> Result<Post> {
    let reading = operation.reading()?;
    let card = posts::cards(&reading.txn, vec![head])?.pop().ok_or(Error::NotFound("post"))?;
    Ok(nodes::post(operation, &reading, card))
}
