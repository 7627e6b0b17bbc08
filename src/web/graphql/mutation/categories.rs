//! Making, renaming, merging and deleting categories.

use crate::domain::category;
use crate::domain::id::CategoryId;
use crate::error::{Error, Result};
use crate::service::categories;
use crate::service::change::{Change, Seen};
use crate::web::graphql::context::{Operation, operation};
use crate::web::graphql::payload::{CategoryPayload, DeletePayload, settle};
use crate::web::graphql::updates::{check, overlaid};
use crate::web::wire::site::{Category, CategoryInput};
use async_graphql::{Context, ID, Object};

#[derive(Default)]
pub struct CategoryMutation;

#[Object]
impl CategoryMutation {
    /// Makes a category.
    async fn create_category(&self, ctx: &Context<'_>, input: CategoryInput) -> Result<CategoryPayload> {
        let operation = operation(ctx)?;
        let change = categories::create(&operation.actor, &input.into());
        settle(operation, written(operation, change).await)
    }

    /// Renames or describes a category; an earlier address redirects. What `input` leaves out stays as it is.
    async fn update_category(
        &self,
        ctx: &Context<'_>,
        id: ID,
        #[graphql(desc = "The etag that the change began from.")] etag: String,
        input: CategoryInput,
    ) -> Result<CategoryPayload> {
        drop(input);
        settle(operation(ctx)?, update(ctx, &id, &etag).await)
    }

    /// Moves all posts of a category to another and deletes it; its address redirects there.
    async fn merge_category(&self, ctx: &Context<'_>, id: ID, into: ID) -> Result<CategoryPayload> {
        let operation = operation(ctx)?;
        let change = number(&id).and_then(|from| {
            let into = number(&into).map_err(|_| Error::field("into", "There is no category of this id."))?;
            categories::merge(&operation.actor, from, into)
        });
        settle(operation, written(operation, change).await)
    }

    /// Deletes a category; its posts stay, without one.
    async fn delete_category(
        &self,
        ctx: &Context<'_>,
        id: ID,
        #[graphql(desc = "The etag that was seen.")] etag: String,
    ) -> Result<DeletePayload> {
        let operation = operation(ctx)?;
        settle(operation, remove(operation, id, &etag).await)
    }
}

fn number(id: &str) -> Result<CategoryId> {
    CategoryId::parse(id).ok_or(Error::NotFound("category"))
}

/// The category as it is, if it is what somebody saw.
fn seen(operation: &Operation, id: &str, etag: &str) -> Result<category::Category> {
    let current = categories::by_id(&operation.reading()?.txn, &operation.actor, number(id)?)?;
    check(&Category::new(&current, operation.app().links()), etag)?;
    Ok(current)
}

async fn update(ctx: &Context<'_>, id: &str, etag: &str) -> Result<Category> {
    let operation = operation(ctx)?;
    let current = seen(operation, id, etag)?;
    let input = overlaid(ctx, &CategoryInput::of(&current))?;
    let change = categories::update(&operation.actor, current.id, &input.into());
    written(operation, change.map(|change| change.if_still(Seen::Category(current)))).await
}

async fn remove(operation: &Operation, id: ID, etag: &str) -> Result<ID> {
    let current = seen(operation, &id, etag)?;
    let change = categories::remove(&operation.actor, current.id);
    operation.commit(change.map(|change| change.if_still(Seen::Category(current)))).await?;
    Ok(id)
}

async fn written(operation: &Operation, change: Result<Change<category::Category>>) -> Result<Category> {
    let category = operation.commit(change).await?;
    Ok(Category::new(&category, operation.app().links()))
}
