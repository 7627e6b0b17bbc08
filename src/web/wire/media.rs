//! Images and other files as programs see them.

use crate::domain::link::Links;
use crate::domain::media;
use crate::error::{Error, Result};
use crate::service::media::MAX_UPLOAD;
use crate::web::wire::Time;
use async_graphql::{ID, InputObject, InputValueError, InputValueResult, Scalar, ScalarType, SimpleObject, Value};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
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

/// An uploaded image, or another file that came with an import.
#[derive(Debug, Clone, Serialize, SimpleObject, ToSchema)]
#[graphql(serial)]
pub struct Media {
    /// Made from its content: the same file has the same.
    #[schema(value_type = String, example = "00112233445566778899aabbccddeeff")]
    pub id: ID,
    #[schema(example = "owl.png")]
    pub name: String,
    #[schema(example = "image/png")]
    pub media_type: String,
    /// In pixels; absent where it is no image.
    pub width: Option<u32>,
    pub height: Option<u32>,
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
            width: media.size().map(|(width, _)| width),
            height: media.size().map(|(_, height)| height),
            bytes: media.bytes,
            url: links.media(media.id, &media.name),
            uploaded_at: Time(media.uploaded_at),
        }
    }
}

/// An image to upload, for GraphQL: REST takes the file as it is.
#[derive(InputObject)]
pub struct MediaInput {
    /// What the file is called.
    #[graphql(default)]
    pub name: String,
    /// The file: PNG, JPEG, GIF or WebP, at most 10 MB.
    pub data: Base64,
}

/// Bytes as Base64 with padding has them (RFC 4648, section 4), in a variable: a document has no room for them.
pub struct Base64(String);

impl Base64 {
    /// The bytes. They are read when it is known who asks, once, and no more of them than an image may have.
    pub fn bytes(self) -> Result<Vec<u8>> {
        if self.0.len() > MAX_UPLOAD.div_ceil(3) * 4 {
            return Err(Error::TooLarge(MAX_UPLOAD as u64));
        }
        let read = BASE64_STANDARD.decode(self.0);
        read.map_err(|_| Error::field("data", "Please send the bytes of the file in Base64, with padding (RFC 4648)."))
    }
}

/// Bytes as Base64 with padding has them (RFC 4648, section 4). A document has no room for many: send them in a
/// variable.
#[Scalar(name = "Base64", specified_by_url = "https://www.rfc-editor.org/rfc/rfc4648")]
impl ScalarType for Base64 {
    fn parse(value: Value) -> InputValueResult<Base64> {
        match value {
            Value::String(text) => Ok(Base64(text)),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(_))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_strictly_and_never_more_than_an_image_has() {
        let read = |text: &str| Base64(text.into()).bytes();
        assert_eq!(read("b3ds").unwrap(), b"owl");
        assert_eq!(read("").unwrap(), b"");
        for bad in ["b3d", "b3ds\n", "b3d_", "ö", "b3d=="] {
            assert!(matches!(read(bad), Err(Error::Invalid(fields)) if fields[0].field == "data"), "{bad}");
        }
        let most = BASE64_STANDARD.encode(vec![0; MAX_UPLOAD]);
        assert_eq!(read(&most).unwrap().len(), MAX_UPLOAD);
        assert!(matches!(read(&format!("{most}AAAA")), Err(Error::TooLarge(_))));
    }
}
