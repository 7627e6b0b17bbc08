//! Stored images and other files: named by the hash of their content.

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
    /// A drawing. Since schema 3.
    Svg,
}

impl ImageKind {
    /// The media type it is served as.
    pub fn media_type(self) -> &'static str {
        match self {
            ImageKind::Jpeg => "image/jpeg",
            ImageKind::Png => "image/png",
            ImageKind::Gif => "image/gif",
            ImageKind::WebP => "image/webp",
            ImageKind::Svg => "image/svg+xml",
        }
    }

    /// The ending of its file name.
    pub fn extension(self) -> &'static str {
        match self {
            ImageKind::Jpeg => "jpg",
            ImageKind::Png => "png",
            ImageKind::Gif => "gif",
            ImageKind::WebP => "webp",
            ImageKind::Svg => "svg",
        }
    }
}

/// What is kept of a file that is no image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    Pdf,
    Mp4,
    WebM,
    Mp3,
    M4a,
    Ogg,
    Wav,
    Flac,
    Zip,
    /// UTF-8 of whatever language.
    Text,
    Other,
}

impl FileKind {
    /// Told by the bytes; the ending of the name only decides between what they can be.
    pub fn of(name: &str, bytes: &[u8]) -> FileKind {
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
        match bytes {
            [b'%', b'P', b'D', b'F', b'-', ..] => FileKind::Pdf,
            [_, _, _, _, b'f', b't', b'y', b'p', ..] if ending == "m4a" => FileKind::M4a,
            [_, _, _, _, b'f', b't', b'y', b'p', ..] => FileKind::Mp4,
            [0x1A, 0x45, 0xDF, 0xA3, ..] => FileKind::WebM,
            [b'I', b'D', b'3', ..] => FileKind::Mp3,
            [0xFF, second, ..] if second & 0xE0 == 0xE0 && ending == "mp3" => FileKind::Mp3,
            [b'O', b'g', b'g', b'S', ..] => FileKind::Ogg,
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => FileKind::Wav,
            [b'f', b'L', b'a', b'C', ..] => FileKind::Flac,
            [b'P', b'K', 3 | 5, 4 | 6, ..] => FileKind::Zip,
            _ if !bytes.contains(&0) && std::str::from_utf8(bytes).is_ok() => FileKind::Text,
            _ => FileKind::Other,
        }
    }

    /// The media type it is served as.
    pub fn media_type(self) -> &'static str {
        match self {
            FileKind::Pdf => "application/pdf",
            FileKind::Mp4 => "video/mp4",
            FileKind::WebM => "video/webm",
            FileKind::Mp3 => "audio/mpeg",
            FileKind::M4a => "audio/mp4",
            FileKind::Ogg => "audio/ogg",
            FileKind::Wav => "audio/wav",
            FileKind::Flac => "audio/flac",
            FileKind::Zip => "application/zip",
            FileKind::Text => "text/plain; charset=utf-8",
            FileKind::Other => "application/octet-stream",
        }
    }
}

/// What a stored file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum MediaKind {
    Image(ImageKind),
    File(FileKind),
}

impl MediaKind {
    /// The media type it is served as.
    pub fn media_type(self) -> &'static str {
        match self {
            MediaKind::Image(kind) => kind.media_type(),
            MediaKind::File(kind) => kind.media_type(),
        }
    }

    /// Whether a browser may show or play it instead of saving it.
    pub fn is_shown(self) -> bool {
        match self {
            MediaKind::Image(_) => true,
            MediaKind::File(kind) => !matches!(kind, FileKind::Pdf | FileKind::Zip | FileKind::Text | FileKind::Other),
        }
    }
}

/// What is stored about an upload beside its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    pub id: MediaId,
    /// Last part of its address, made of the uploaded file's name.
    pub name: String,
    pub kind: MediaKind,
    /// In pixels; 0 for a file that is no image.
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
    /// Width and height of an image; `None` for another file.
    pub fn size(&self) -> Option<(u32, u32)> {
        matches!(self.kind, MediaKind::Image(_)).then_some((self.width, self.height))
    }

    /// This image with an alternative text.
    pub fn picture(&self, alt: String) -> Picture {
        Picture { media: self.id, name: self.name.clone(), width: self.width, height: self.height, alt }
    }
}

/// Checks an alternative text.
pub fn alt_text(text: &str) -> Checked<String> {
    text::optional_line(text, MAX_ALT)
}

/// A name for the address of an upload: letters, digits, hyphens, and the ending of its kind; a file that is no image
/// keeps its own.
pub fn file_name(uploaded: &str, kind: MediaKind) -> String {
    let name = uploaded.rsplit(['/', '\\']).next().unwrap_or("");
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let (nameless, ending) = match kind {
        MediaKind::Image(kind) => ("image", kind.extension().to_owned()),
        MediaKind::File(_) => {
            let letters = ending.chars().filter(char::is_ascii_alphanumeric).take(10).collect::<String>();
            ("file", if letters.is_empty() { "bin".to_owned() } else { letters.to_ascii_lowercase() })
        }
    };
    let slug = crate::domain::slug::Slug::from_title(stem)
        .map_or_else(|| nameless.into(), |slug| slug.as_str().replace('.', "-"));
    let short: String = slug.chars().take(60).collect();
    format!("{}.{ending}", short.trim_end_matches(['-', '_']))
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
        assert_eq!(file_name("../../x.php.svg", MediaKind::Image(ImageKind::Png)), "x-php.png");
        assert_eq!(file_name("C:\\My Photo.JPG", MediaKind::Image(ImageKind::Jpeg)), "my-photo.jpg");
        assert_eq!(file_name("", MediaKind::Image(ImageKind::Gif)), "image.gif");
        assert_eq!(file_name("../My Owls.tar.GZ", MediaKind::File(FileKind::Other)), "my-owls-tar.gz");
        assert_eq!(file_name("x.h\"t/m", MediaKind::File(FileKind::Text)), "m.bin");
    }

    #[test]
    fn files_are_what_their_bytes_are() {
        for (name, bytes, kind) in [
            ("a.pdf", b"%PDF-1.4\n".as_slice(), FileKind::Pdf),
            ("a.pdf", b"<script>alert(1)</script>", FileKind::Text),
            ("a.mp4", b"\0\0\0\x18ftypisom", FileKind::Mp4),
            ("a.m4a", b"\0\0\0\x18ftypM4A ", FileKind::M4a),
            ("a.html", b"\xff\xfb<html>", FileKind::Other),
            ("a.rs", "fn ö() {}".as_bytes(), FileKind::Text),
            ("a.zip", b"PK\x03\x04", FileKind::Zip),
            ("a", b"a\0b", FileKind::Other),
        ] {
            assert_eq!(FileKind::of(name, bytes), kind, "{name}");
        }
        assert!(!MediaKind::File(FileKind::Text).is_shown() && MediaKind::File(FileKind::WebM).is_shown());
    }

    #[test]
    fn kinds_are_stored_as_one_word() {
        for (kind, word) in
            [(MediaKind::Image(ImageKind::WebP), "\"web_p\""), (MediaKind::File(FileKind::Pdf), "\"pdf\"")]
        {
            assert_eq!(serde_json::to_string(&kind).unwrap(), word);
            assert_eq!(serde_json::from_str::<MediaKind>(word).unwrap(), kind);
            let packed = rmp_serde::to_vec_named(&kind).unwrap();
            assert_eq!(rmp_serde::from_slice::<MediaKind>(&packed).unwrap(), kind);
        }
    }
}
