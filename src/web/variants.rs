//! One body in its plain and coded variants, each with its headers, each made once.

use crate::web::encoding;
use crate::web::encoding::Encoding;
use crate::web::response;
use crate::web::response::{Body, Res};
use crate::web::security;
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LAST_MODIFIED, VARY,
};
use http::{HeaderMap, StatusCode};
use std::fmt::Display;
use std::sync::OnceLock;
use twox_hash::XxHash3_128;

/// A body that many clients ask for.
pub struct Variants {
    plain: Variant,
    gzip: OnceLock<Option<Variant>>,
    brotli: OnceLock<Option<Variant>>,
    quality: u32,
}

/// One coding of the body, ready to be sent.
pub struct Variant {
    body: Bytes,
    headers: HeaderMap,
    etag: HeaderValue,
    /// What a 304 says; made when first asked for.
    unchanged: OnceLock<HeaderMap>,
}

/// What to say about a body beside its bytes.
#[derive(Debug, Clone, Copy)]
pub struct About {
    pub media_type: &'static str,
    pub cache_control: &'static str,
    pub vary: &'static str,
    /// Quality of the brotli variant, 0 to 11.
    pub quality: u32,
}

impl Variants {
    /// Codes nothing yet.
    pub fn new(body: Bytes, about: About) -> Variants {
        let etag = tag(&body);
        let mut headers = HeaderMap::with_capacity(16);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(about.media_type));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(about.cache_control));
        headers.insert(VARY, HeaderValue::from_static(about.vary));
        headers.insert(ETAG, etag.clone());
        security::protect(&mut headers, false);
        // Small bodies and pictures have one variant.
        let coded = body.len() >= encoding::LEAST && encoding::pays(about.media_type);
        let slot = || if coded { OnceLock::new() } else { OnceLock::from(None) };
        Variants { plain: Variant::new(body, headers, etag), gzip: slot(), brotli: slot(), quality: about.quality }
    }

    /// With headers of its own, before any coding is made.
    pub fn with(mut self, headers: Vec<(HeaderName, HeaderValue)>) -> Variants {
        self.plain.headers.extend(headers);
        self
    }

    /// Most bytes that all variants together take, headers left aside: `make` keeps no coding that
    /// saves less than half.
    pub fn weight(&self) -> u64 {
        self.plain.body.len() as u64 * 2
    }

    /// The variant for `encoding` if it was made already.
    pub fn ready(&self, encoding: Encoding) -> Option<&Variant> {
        let slot = match encoding {
            Encoding::Plain => return Some(&self.plain),
            Encoding::Gzip => self.gzip.get()?,
            Encoding::Brotli => self.brotli.get()?,
        };
        Some(slot.as_ref().unwrap_or(&self.plain))
    }

    /// The variant for `encoding`; makes it on first use, which takes milliseconds.
    pub fn make(&self, encoding: Encoding) -> &Variant {
        let made = match encoding {
            Encoding::Plain => return &self.plain,
            Encoding::Gzip => self.gzip.get_or_init(|| self.coded("gzip", encoding::gzip(&self.plain.body, 6))),
            Encoding::Brotli => {
                self.brotli.get_or_init(|| self.coded("br", encoding::brotli(&self.plain.body, self.quality)))
            }
        };
        made.as_ref().unwrap_or(&self.plain)
    }

    /// The variant for `encoding` alone, for a body that is sent once; makes it if need be.
    pub fn into_variant(self, encoding: Encoding) -> Variant {
        self.make(encoding);
        let made = match encoding {
            Encoding::Plain => None,
            Encoding::Gzip => self.gzip.into_inner(),
            Encoding::Brotli => self.brotli.into_inner(),
        };
        made.flatten().unwrap_or(self.plain)
    }

    fn coded(&self, name: &'static str, body: Option<Bytes>) -> Option<Variant> {
        let body = body.filter(|body| body.len() <= self.plain.body.len() / 2)?;
        let etag = quoted(self.plain.etag.to_str().ok()?.trim_matches('"'), name);
        let mut headers = self.plain.headers.clone();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
        headers.insert(ETAG, etag.clone());
        // A copy without the spare room of the encoder, so that weights are true.
        Some(Variant::new(Bytes::copy_from_slice(&body), headers, etag))
    }
}

impl Variant {
    fn new(body: Bytes, headers: HeaderMap, etag: HeaderValue) -> Variant {
        Variant { body, headers, etag, unchanged: OnceLock::new() }
    }

    /// 200, or 304 if the client has it already.
    pub fn respond(&self, asked: &HeaderMap) -> Res {
        if encoding::not_changed(asked, &self.etag, self.headers.get(LAST_MODIFIED)) {
            return unchanged(self.unchanged.get_or_init(|| stripped(self.headers.clone())).clone());
        }
        whole(self.headers.clone(), self.body.clone())
    }

    /// The same, for who has no further use of it.
    pub fn into_response(self, asked: &HeaderMap) -> Res {
        if encoding::not_changed(asked, &self.etag, self.headers.get(LAST_MODIFIED)) {
            return unchanged(stripped(self.headers));
        }
        whole(self.headers, self.body)
    }
}

fn whole(headers: HeaderMap, body: Bytes) -> Res {
    let mut res = response::empty(StatusCode::OK);
    *res.headers_mut() = headers;
    *res.body_mut() = Body::Full(body);
    res
}

fn unchanged(headers: HeaderMap) -> Res {
    let mut res = response::empty(StatusCode::NOT_MODIFIED);
    *res.headers_mut() = headers;
    res
}

/// Without what describes a body that is not sent (RFC 9110, section 15.4.5).
fn stripped(mut headers: HeaderMap) -> HeaderMap {
    for name in [CONTENT_TYPE, CONTENT_ENCODING, CONTENT_LENGTH] {
        headers.remove(name);
    }
    headers
}

/// The strong tag of a body (RFC 9110, section 8.8.3), before any coding. Nobody gains by making two bodies
/// with one tag, so it need not be a cryptographic hash, which costs more than to render a short page.
pub fn tag(body: &[u8]) -> HeaderValue {
    quoted(format_args!("{:032x}", XxHash3_128::oneshot(body)), "")
}

fn quoted(hex: impl Display, suffix: &str) -> HeaderValue {
    let dash = if suffix.is_empty() { "" } else { "-" };
    HeaderValue::try_from(format!("\"{hex}{dash}{suffix}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::IF_NONE_MATCH;
    use sha2::{Digest, Sha256};

    const ABOUT: About =
        About { media_type: response::HTML, cache_control: "no-cache", vary: "Accept-Encoding", quality: 5 };

    #[test]
    fn each_coding_has_its_own_strong_tag_and_answers_304() {
        let variants = Variants::new("A page. ".repeat(500).into(), ABOUT);
        assert!(variants.ready(Encoding::Brotli).is_none());
        let mut tags = Vec::new();
        for encoding in [Encoding::Plain, Encoding::Gzip, Encoding::Brotli] {
            let variant = variants.make(encoding);
            assert!(variants.ready(encoding).is_some());
            assert!(!tags.contains(&variant.etag) && !variant.etag.to_str().unwrap().starts_with('W'));
            tags.push(variant.etag.clone());
            let asked = HeaderMap::from_iter([(IF_NONE_MATCH, variant.etag.clone())]);
            let res = variant.respond(&asked);
            assert_eq!((res.status().as_u16(), res.body().length()), (304, 0));
            assert!(res.headers().contains_key(ETAG) && res.headers().contains_key(VARY));
            assert!(!res.headers().contains_key(CONTENT_TYPE));
        }
    }

    #[test]
    fn what_does_not_shrink_is_sent_plain() {
        let small = Variants::new(Bytes::from_static(b"short"), ABOUT);
        assert!(!small.make(Encoding::Gzip).headers.contains_key(CONTENT_ENCODING));
        let noise: Vec<u8> = (0..4096u32).flat_map(|n| Sha256::digest(n.to_le_bytes()).to_vec()).collect();
        let noise = Variants::new(noise.into(), ABOUT);
        assert!(!noise.make(Encoding::Brotli).headers.contains_key(CONTENT_ENCODING));
    }
}
