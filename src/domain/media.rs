//! Uploaded images: named by the hash of their content.

use crate::domain::id::UserId;
use crate::domain::text;
use crate::domain::time::Timestamp;
use crate::error::Checked;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Longest alternative text of an image, in characters.
pub const MAX_ALT: usize = 500;

/// The first 16 bytes of SHA-256 over the stored bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MediaId(pub [u8; 16]);

impl MediaId {
    /// Reads 32 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Option<MediaId> {
        let digits: Vec<u8> = text
            .bytes()
            .map(|byte| (byte as char).to_digit(16).filter(|_| !byte.is_ascii_uppercase()))
            .collect::<Option<Vec<u32>>>()?
            .into_iter()
            .map(|digit| digit as u8)
            .collect();
        let bytes: Vec<u8> =
            digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
        if text.len() == 32 { bytes.try_into().ok().map(MediaId) } else { None }
    }
}

impl fmt::Display for MediaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The kinds of image that are kept and served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageKind {
    Jpeg,
    Png,
    Gif,
    WebP,
}

impl ImageKind {
    /// The media type it is served as.
    pub fn media_type(self) -> &'static str {
        match self {
            ImageKind::Jpeg => "image/jpeg",
            ImageKind::Png => "image/png",
            ImageKind::Gif => "image/gif",
            ImageKind::WebP => "image/webp",
        }
    }

    /// The ending of its file name.
    pub fn extension(self) -> &'static str {
        match self {
            ImageKind::Jpeg => "jpg",
            ImageKind::Png => "png",
            ImageKind::Gif => "gif",
            ImageKind::WebP => "webp",
        }
    }
}

/// What is stored about an upload beside its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    pub id: MediaId,
    /// Last part of its address, made of the uploaded file's name.
    pub name: String,
    pub kind: ImageKind,
    pub width: u32,
    pub height: u32,
    /// Length of the stored bytes.
    pub bytes: u64,
    pub uploaded_by: UserId,
    pub uploaded_at: Timestamp,
}

/// An image as a page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    pub media: MediaId,
    pub name: String,
    pub width: u32,
    pub height: u32,
    /// What the image shows, for those who do not see it; empty for decoration.
    #[serde(default)]
    pub alt: String,
}

impl Media {
    /// This image with an alternative text.
    pub fn picture(&self, alt: String) -> Picture {
        Picture { media: self.id, name: self.name.clone(), width: self.width, height: self.height, alt }
    }
}

/// Checks an alternative text.
pub fn alt_text(text: &str) -> Checked<String> {
    text::optional_line(text, MAX_ALT)
}

/// A name for the address of an upload: letters, digits, hyphens, and the ending of its kind.
pub fn file_name(uploaded: &str, kind: ImageKind) -> String {
    let stem = uploaded.rsplit(['/', '\\']).next().unwrap_or("");
    let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
    let slug = crate::domain::slug::Slug::from_title(stem)
        .map_or_else(|| "image".into(), |slug| slug.as_str().replace('.', "-"));
    let short: String = slug.chars().take(60).collect();
    format!("{}.{}", short.trim_end_matches(['-', '_']), kind.extension())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_prints() {
        let id = MediaId([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 171, 205, 239, 254, 255]);
        assert_eq!(MediaId::parse(&id.to_string()), Some(id));
        for bad in [
            "",
            "00",
            "0001020304050607080900abcdeffe",
            "000102030405060708090aABCDEFFEFF",
            "zz0102030405060708090aabcdeffeff",
            "é",
        ] {
            assert_eq!(MediaId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn names_of_uploads_cannot_lie_about_their_kind() {
        assert_eq!(file_name("../../x.php.svg", ImageKind::Png), "x-php.png");
        assert_eq!(file_name("C:\\My Photo.JPG", ImageKind::Jpeg), "my-photo.jpg");
        assert_eq!(file_name("", ImageKind::Gif), "image.gif");
    }
}
