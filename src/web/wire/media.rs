//! Images as programs see them.

use crate::domain::link::Links;
use crate::domain::media;
use crate::web::wire::Time;
use async_graphql::{ID, SimpleObject};
use serde::Serialize;
use utoipa::ToSchema;

/// An image where it is shown.
#[derive(Debug, Clone, Serialize, SimpleObject, ToSchema)]
#[graphql(serial)]
pub struct Picture {
    /// The `id` of the image.
    #[schema(value_type = String)]
    pub media: ID,
    pub url: String,
    pub width: u32,
    pub height: u32,
    /// What it shows, for those who cannot see it.
    pub alt: String,
}

impl Picture {
    pub fn new(picture: &media::Picture, links: &Links) -> Picture {
        Picture {
            media: picture.media.to_string().into(),
            url: links.picture(picture),
            width: picture.width,
            height: picture.height,
            alt: picture.alt.clone(),
        }
    }
}

/// An uploaded image.
#[derive(Debug, Clone, Serialize, SimpleObject, ToSchema)]
#[graphql(serial)]
pub struct Media {
    /// Made from its content: the same image has the same.
    #[schema(value_type = String, example = "00112233445566778899aabbccddeeff")]
    pub id: ID,
    #[schema(example = "owl.png")]
    pub name: String,
    #[schema(example = "image/png")]
    pub media_type: String,
    pub width: u32,
    pub height: u32,
    pub bytes: u64,
    pub url: String,
    #[schema(value_type = String, format = DateTime)]
    pub uploaded_at: Time,
}

impl Media {
    pub fn new(media: &media::Media, links: &Links) -> Media {
        Media {
            id: media.id.to_string().into(),
            name: media.name.clone(),
            media_type: media.kind.media_type().to_owned(),
            width: media.width,
            height: media.height,
            bytes: media.bytes,
            url: links.media(media.id, &media.name),
            uploaded_at: Time(media.uploaded_at),
        }
    }
}
