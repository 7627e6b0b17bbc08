//! Content codings: which one a client takes, and making it.

use crate::domain::time::Timestamp;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderMap;
use http::header::{ACCEPT_ENCODING, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use std::io::Write;

/// How a body is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Plain,
    Gzip,
    Brotli,
}

/// Bodies below this many bytes fit in a packet anyway.
pub const LEAST: usize = 1024;

/// The coding the client likes best; of equals the smaller one. Plain if it names none of ours.
pub fn choose(headers: &HeaderMap) -> Encoding {
    match weights(headers) {
        (0, 0) => Encoding::Plain,
        (gzip, brotli) if brotli >= gzip => Encoding::Brotli,
        _ => Encoding::Gzip,
    }
}

/// The coding for what is sent once: gzip if the client takes it, as the quicker one to make.
pub fn choose_quick(headers: &HeaderMap) -> Encoding {
    match weights(headers) {
        (0, 0) => Encoding::Plain,
        (0, _) => Encoding::Brotli,
        _ => Encoding::Gzip,
    }
}

/// What nearly every browser sends, so that it need not be parsed each time.
const OF_BROWSERS: [&[u8]; 2] = [b"gzip, deflate, br, zstd", b"gzip, deflate, br"];

/// How much the client wants gzip and brotli, in thousandths.
fn weights(headers: &HeaderMap) -> (u32, u32) {
    let mut fields = headers.get_all(ACCEPT_ENCODING).iter();
    if let (Some(only), None) = (fields.next(), fields.next())
        && OF_BROWSERS.contains(&only.as_bytes())
    {
        return (1000, 1000);
    }
    let (mut gzip, mut brotli, mut rest, mut plain) = (None, None, None, 0);
    for value in headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok()) {
        for entry in value.split(',') {
            let (name, weight) = coding(entry);
            match name {
                name if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") => gzip = Some(weight),
                name if name.eq_ignore_ascii_case("br") => brotli = Some(weight),
                name if name.eq_ignore_ascii_case("identity") => plain = weight,
                "*" => rest = Some(weight),
                _ => {}
            }
        }
    }
    // None that the client likes less than the text as it is.
    let liked = |weight: Option<u32>| weight.or(rest).filter(|weight| *weight >= plain).unwrap_or(0);
    (liked(gzip), liked(brotli))
}

/// Name and weight in thousandths of an entry (RFC 9110, section 12.4.2); a weight that is none counts as 0.
fn coding(entry: &str) -> (&str, u32) {
    let Some((name, parameters)) = entry.split_once(';') else { return (entry.trim(), 1000) };
    let name = name.trim();
    let mut parameters = parameters.split(';').map(str::trim);
    let weight = parameters.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    let thousandths = |text: &str| text.parse::<f32>().ok().filter(|q| (0.0..=1.0).contains(q)).map(|q| q * 1000.0);
    match weight {
        None => (name, 1000),
        Some(text) => (name, thousandths(text).map_or(0, |q| q as u32)),
    }
}

/// Least and greatest window of Brotli, as powers of two.
const WINDOWS: (u32, u32) = (17, 22);

/// Brotli at `quality` from 0 to 11.
pub fn brotli(bytes: &[u8], quality: u32) -> Option<Bytes> {
    let mut coded = Vec::with_capacity(bytes.len() / 3);
    // No larger than the text: the encoder takes and clears several times as much memory.
    let window = (usize::BITS - bytes.len().leading_zeros()).clamp(WINDOWS.0, WINDOWS.1);
    let mut writer = brotli::CompressorWriter::new(&mut coded, 4096, quality, window);
    writer.write_all(bytes).ok()?;
    drop(writer);
    Some(coded.into())
}

/// Gzip at `level` from 0 to 9.
pub fn gzip(bytes: &[u8], level: u32) -> Option<Bytes> {
    let mut writer = GzEncoder::new(Vec::with_capacity(bytes.len() / 3), Compression::new(level));
    writer.write_all(bytes).ok()?;
    writer.finish().ok().map(Bytes::from)
}

/// Whether coding text of this media type pays.
pub fn pays(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or("").trim();
    essence.starts_with("text/")
        || essence.ends_with("+xml")
        || essence.ends_with("+json")
        || matches!(essence, "application/json" | "application/xml" | "application/javascript")
}

/// Whether the client has this version already: by its tag (RFC 9110, section 13.1.2, weak comparison) or, where it
/// sends none, by its time (section 13.1.3).
pub fn not_changed(headers: &HeaderMap, etag: &HeaderValue, modified: Option<&HeaderValue>) -> bool {
    if !headers.contains_key(IF_NONE_MATCH) {
        let Some((since, modified)) = headers.get(IF_MODIFIED_SINCE).zip(modified) else { return false };
        let time = |value: &HeaderValue| Timestamp::parse_http_date(value.to_str().ok()?);
        return since == modified || time(since).zip(time(modified)).is_some_and(|(since, modified)| since >= modified);
    }
    let Ok(etag) = etag.to_str() else { return false };
    let own = etag.strip_prefix("W/").unwrap_or(etag);
    let is_it = |tag: &str| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == own;
    let fields = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    fields.flat_map(|field| field.split(',')).any(|tag| is_it(tag.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn chosen(value: &str) -> Encoding {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, value.parse().unwrap());
        choose(&headers)
    }

    #[test]
    fn the_client_chooses_the_coding() {
        assert_eq!(choose(&HeaderMap::new()), Encoding::Plain);
        for (value, encoding) in [
            ("gzip, deflate, br, zstd", Encoding::Brotli),
            ("gzip, deflate, br", Encoding::Brotli),
            ("gzip, deflate", Encoding::Gzip),
            ("br;q=0.5, gzip;q=0.8", Encoding::Gzip),
            ("br;q=0, gzip", Encoding::Gzip),
            ("GZIP;Q=0.001", Encoding::Gzip),
            ("*", Encoding::Brotli),
            ("*;q=0.5, br;q=0", Encoding::Gzip),
            ("identity", Encoding::Plain),
            ("gzip;q=0.5, identity;q=1", Encoding::Plain),
            ("gzip;q=0.5, br;q=0.2, identity;q=0.5", Encoding::Gzip),
            ("gzip;q=0", Encoding::Plain),
            ("gzip;q=x, br;q=2", Encoding::Plain),
            ("gzip;q=NaN", Encoding::Plain),
            ("", Encoding::Plain),
        ] {
            assert_eq!(chosen(value), encoding, "{value}");
        }
    }

    #[test]
    fn coded_text_decodes_to_itself() {
        let text = "A page. ".repeat(500);
        let mut back = String::new();
        brotli::Decompressor::new(&brotli(text.as_bytes(), 5).unwrap()[..], 4096).read_to_string(&mut back).unwrap();
        assert_eq!(back, text);
        back.clear();
        flate2::read::GzDecoder::new(&gzip(text.as_bytes(), 6).unwrap()[..]).read_to_string(&mut back).unwrap();
        assert_eq!(back, text);
    }

    #[test]
    fn a_known_version_is_recognised() {
        let etag = HeaderValue::from_static("\"abc\"");
        for (value, known) in [
            ("\"abc\"", true),
            ("W/\"abc\"", true),
            ("\"x\", \"abc\"", true),
            ("*", true),
            ("\"abc-br\"", false),
            ("abc", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, value.parse().unwrap());
            assert_eq!(not_changed(&headers, &etag, None), known, "{value}");
        }
        assert!(!not_changed(&HeaderMap::new(), &etag, None));
    }

    #[test]
    fn a_time_counts_where_there_is_no_tag() {
        let (etag, modified) = (HeaderValue::from_static("\"abc\""), "Sun, 03 May 2026 08:28:00 GMT");
        for (since, tag, known) in [
            (modified, None, true),
            ("Sun, 03 May 2026 08:28:01 GMT", None, true),
            ("Sun, 03 May 2026 08:27:59 GMT", None, false),
            ("yesterday", None, false),
            (modified, Some("\"other\""), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(IF_MODIFIED_SINCE, since.parse().unwrap());
            headers.extend(tag.map(|tag| (IF_NONE_MATCH, tag.parse().unwrap())));
            assert_eq!(not_changed(&headers, &etag, Some(&modified.parse().unwrap())), known, "{since} {tag:?}");
            assert!(!not_changed(&headers, &etag, None));
        }
    }
}
