//! The settings of the site, and its images.

use crate::error::Result;
use crate::service::change::Seen;
use crate::service::{media, settings};
use crate::web::graphql::context::{Operation, operation};
use crate::web::graphql::payload::{DeletePayload, MediaPayload, SettingsPayload, settle};
use crate::web::graphql::updates::{check, overlaid};
use crate::web::wire::media::{Media, MediaInput};
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

    /// Uploads an image, as authors may. It is checked, cleaned of what cameras note down, and named by its
    /// content: the same image again is the one that is there. REST takes it as it is, which is shorter.
    async fn upload_media(&self, ctx: &Context<'_>, input: MediaInput) -> Result<MediaPayload> {
        let operation = operation(ctx)?;
        settle(operation, upload(operation, input).await)
    }

    /// Deletes an image: one's own, or any for an editor.
    async fn delete_media(&self, ctx: &Context<'_>, id: ID) -> Result<DeletePayload> {
        let operation = operation(ctx)?;
        let removed = operation.commit(media::remove(operation.app(), &operation.actor, &id)).await;
        settle(operation, removed.map(|()| id))
    }
}

async fn upload(operation: &Operation, input: MediaInput) -> Result<Media> {
    media::may_upload(&operation.actor)?;
    let bytes = input.data.bytes()?;
    let change = media::upload(operation.app(), &operation.actor, "data", &input.name, bytes).await;
    Ok(Media::new(&operation.commit(change).await?, operation.app().links()))
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
