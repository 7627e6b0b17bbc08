//! The settings of the site, and deleting images.

use crate::error::Result;
use crate::service::change::Seen;
use crate::service::{media, settings};
use crate::web::graphql::context::operation;
use crate::web::graphql::payload::{DeletePayload, SettingsPayload, settle};
use crate::web::graphql::updates::{check, overlaid};
use crate::web::wire::site::{Settings, SettingsInput};
use async_graphql::{Context, ID, Object};

#[derive(Default)]
pub struct SiteMutation;

#[Object]
impl SiteMutation {
    /// Changes the settings, as administrators may. What `input` leaves out stays as it is.
    async fn update_settings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The etag that the change began from.")] etag: String,
        input: SettingsInput,
    ) -> Result<SettingsPayload> {
        drop(input);
        settle(operation(ctx)?, update_settings(ctx, &etag).await)
    }

    /// Deletes an image: one's own, or any for an editor. Uploads go to REST, `POST /api/v1/media`.
    async fn delete_media(&self, ctx: &Context<'_>, id: ID) -> Result<DeletePayload> {
        let operation = operation(ctx)?;
        let removed = operation.commit(media::remove(operation.app(), &operation.actor, &id)).await;
        settle(operation, removed.map(|()| id))
    }
}

async fn update_settings(ctx: &Context<'_>, etag: &str) -> Result<Settings> {
    let operation = operation(ctx)?;
    let links = operation.app().links();
    let current = settings::changeable(&operation.reading()?.txn, &operation.actor)?;
    check(&Settings::new(&current, links), etag)?;
    let (patch, logo) = overlaid(ctx, &SettingsInput::of(&current))?.typed()?;
    let change = settings::update(operation.app(), &operation.actor, &patch, logo).await;
    let change = change.map(|change| change.if_still(Seen::Settings(Box::new(current))));
    Ok(Settings::new(&operation.commit(change).await?, links))
}
