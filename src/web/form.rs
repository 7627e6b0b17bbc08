//! Submitted forms: fields and files, in both encodings that HTML knows.

use crate::content::image;
use crate::error::{Error, Result};
use crate::web::body::Paced;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::BodyDataStream;
use multer::{Field, Multipart};
use percent_encoding::percent_decode_str;

/// Body limit of a route that names none: more than any form without a text of its own needs.
pub const DEFAULT_LIMIT: u64 = 64 * 1024;
/// Limit of one uploaded file, in bytes.
pub const FILE_LIMIT: u64 = image::MAX_UPLOAD as u64;
/// Body limit for routes that take files, in bytes.
pub const UPLOAD_LIMIT: u64 = 24 * 1024 * 1024;
/// Most fields and files of one form.
const MAX_FIELDS: usize = 100;

const URLENCODED: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data";

/// The fields and files of a form. Each field is there at most once.
#[derive(Debug, Default)]
pub struct Form {
    fields: Vec<(String, String)>,
    files: Vec<(String, Upload)>,
}

/// A file as it was sent: name and bytes are the client's claims.
#[derive(Debug, Clone)]
pub struct Upload {
    pub name: String,
    pub bytes: Bytes,
    /// It went over `FILE_LIMIT` and was not kept, so that the rest of the form is not lost with it.
    pub too_large: bool,
}

impl Upload {
    /// The bytes, or what is wrong with the field they were sent in.
    pub fn whole(&self, field: &'static str) -> Result<Vec<u8>> {
        if self.too_large {
            let (name, limit) = (shorten(&self.name), crate::error::size(FILE_LIMIT));
            return Err(Error::field(field, format!("“{name}” is larger than {limit}. Please make it smaller.")));
        }
        Ok(self.bytes.to_vec())
    }
}

impl Form {
    /// The text of a field; empty if it was not sent.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or("")
    }

    /// The text of a field, if it was sent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The name of a field or file that is none of `known`.
    pub fn unknown(&self, known: &[&str]) -> Option<&str> {
        let names = self.fields.iter().map(|(name, _)| name).chain(self.files.iter().map(|(name, _)| name));
        names.map(String::as_str).find(|name| !known.contains(name))
    }

    /// Every field in the order sent, without files.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether files were sent with it.
    pub fn has_files(&self) -> bool {
        !self.files.is_empty()
    }

    /// Whether a field was sent: a ticked box, the button that was pressed.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The file chosen in a field; `None` if none was, `Invalid` if several were.
    pub fn file(&self, name: &'static str) -> Result<Option<&Upload>> {
        let mut files = self.files(name);
        let first = files.next();
        match files.next() {
            None => Ok(first),
            Some(_) => Err(Error::field(name, "Please send one image at a time.")),
        }
    }

    /// Every file chosen in a field.
    pub fn files(&self, name: &str) -> impl Iterator<Item = &Upload> {
        self.files.iter().filter(move |(key, _)| key == name).map(|(_, file)| file)
    }

    fn add(&mut self, name: String, value: String) -> Result<()> {
        if self.has(&name) {
            return Err(wrong(format!("The field “{}” was sent twice.", shorten(&name))));
        }
        self.fields.push((name, value));
        self.count()
    }

    fn count(&self) -> Result<()> {
        if self.fields.len() + self.files.len() > MAX_FIELDS {
            return Err(wrong(format!("The form has more than {MAX_FIELDS} fields.")));
        }
        Ok(())
    }
}

/// Whether the body is in one of the two encodings of forms.
pub fn is_form(headers: &HeaderMap) -> bool {
    let essence = essence(headers);
    essence.eq_ignore_ascii_case(URLENCODED) || essence.eq_ignore_ascii_case(MULTIPART)
}

/// The media type of the body without its parameters; empty if there is none.
pub fn essence(headers: &HeaderMap) -> &str {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    value.split(';').next().unwrap_or("").trim()
}

/// Reads a form. `Invalid` for fields that no form of ours would send, `Malformed` if it cannot be
/// parsed, `TooLarge`, `TooSlow`.
pub async fn read(headers: &HeaderMap, body: Paced) -> Result<Form> {
    if essence(headers).eq_ignore_ascii_case(MULTIPART) {
        let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let boundary = multer::parse_boundary(value)
            .map_err(|_| Error::Malformed("The form has no boundary between its parts."))?;
        return multipart(Multipart::new(BodyDataStream::new(body), boundary)).await;
    }
    urlencoded(&body.read().await?)
}

/// `application/x-www-form-urlencoded`, WHATWG URL Standard, section 5.1, but strict about UTF-8.
fn urlencoded(bytes: &[u8]) -> Result<Form> {
    let text = std::str::from_utf8(bytes).map_err(|_| not_utf8())?;
    let mut form = Form::default();
    for part in text.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = pair(part).ok_or_else(not_utf8)?;
        form.add(name, value)?;
    }
    Ok(form)
}

/// Name and value of `name=value`, decoded; `None` if they are not UTF-8.
pub fn pair(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    Some((decode(name)?, decode(value)?))
}

fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(|text| text.into_owned())
}

/// `multipart/form-data`, RFC 7578.
async fn multipart(mut parts: Multipart<'_>) -> Result<Form> {
    let mut form = Form::default();
    while let Some(part) = parts.next_field().await.map_err(explain)? {
        let name = part.name().ok_or_else(|| wrong("A part of the form has no name."))?.to_owned();
        match part.file_name().map(str::to_owned) {
            Some(file) => {
                let bytes = collect(part, FILE_LIMIT).await?;
                let (bytes, too_large) = bytes.map_or((Bytes::new(), true), |bytes| (bytes, false));
                // A file field in which nothing was chosen is sent without a name and without bytes.
                if too_large || !(file.is_empty() && bytes.is_empty()) {
                    form.files.push((name, Upload { name: file, bytes, too_large }));
                    form.count()?;
                }
            }
            None => {
                let bytes = collect(part, UPLOAD_LIMIT).await?.ok_or(Error::TooLarge(UPLOAD_LIMIT))?;
                let value = String::from_utf8(bytes.into()).map_err(|_| not_utf8())?;
                form.add(name, value)?;
            }
        }
    }
    Ok(form)
}

/// The bytes of a part; `None` if there are more than `limit`, which are read and not kept.
async fn collect(mut part: Field<'_>, limit: u64) -> Result<Option<Bytes>> {
    let mut kept = Some(BytesMut::new());
    while let Some(chunk) = part.chunk().await.map_err(explain)? {
        kept = kept.filter(|bytes| (bytes.len() + chunk.len()) as u64 <= limit);
        if let Some(bytes) = &mut kept {
            bytes.extend_from_slice(&chunk);
        }
    }
    Ok(kept.map(BytesMut::freeze))
}

/// What the body said if it was the body, else that the form is malformed.
fn explain(error: multer::Error) -> Error {
    if let multer::Error::StreamReadFailed(cause) = error {
        return match cause.downcast::<Error>() {
            Ok(error) => *error,
            Err(_) => Error::Malformed("The upload broke off. Please try again."),
        };
    }
    Error::Malformed("The form is incomplete or its parts are wrong. Please try again.")
}

fn wrong(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::field("form", message)
}

fn not_utf8() -> Error {
    wrong("The form is not UTF-8 text.")
}

/// A name that a stranger chose, short enough for a message.
fn shorten(name: &str) -> String {
    name.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Patience;
    use crate::service::payer::Payers;
    use crate::web::body::Room;
    use http_body_util::combinators::BoxBody;
    use http_body_util::{BodyExt, Full};

    async fn parts(body: &str) -> Result<Form> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, "multipart/form-data; boundary=xyz".parse().unwrap());
        let body = Full::new(Bytes::from(body.replace('\n', "\r\n"))).map_err(|never| match never {});
        let held = Room::default().hold(Payers::default())?;
        read(&headers, Paced::new(BoxBody::new(body), UPLOAD_LIMIT, held, Patience::default())).await
    }

    #[test]
    fn fields_are_decoded() {
        let form = urlencoded(b"title=a+b%26c&publish=&empty").unwrap();
        assert_eq!(form.text("title"), "a b&c");
        assert!(form.has("publish") && form.has("empty") && !form.has("cover"));
        assert_eq!(form.text("absent"), "");
    }

    #[test]
    fn fields_that_no_form_sends_are_refused() {
        assert!(matches!(urlencoded(b"a=1&a=2"), Err(Error::Invalid(_))));
        assert!(matches!(urlencoded(b"a=%FF"), Err(Error::Invalid(_))));
        assert!(matches!(urlencoded(b"a=\xff"), Err(Error::Invalid(_))));
        let many: String = (0..=MAX_FIELDS).map(|n| format!("f{n}=1&")).collect();
        assert!(matches!(urlencoded(many.as_bytes()), Err(Error::Invalid(_))));
    }

    #[tokio::test]
    async fn a_form_with_files_gives_fields_and_files() {
        let form = parts(
            "--xyz\nContent-Disposition: form-data; name=\"title\"\n\nHello\n\
             --xyz\nContent-Disposition: form-data; name=\"cover\"; filename=\"\"\nContent-Type: application/octet-stream\n\n\n\
             --xyz\nContent-Disposition: form-data; name=\"images\"; filename=\"a.png\"\n\n1\n\
             --xyz\nContent-Disposition: form-data; name=\"images\"; filename=\"b.png\"\n\n2\n--xyz--\n",
        )
        .await
        .unwrap();
        assert_eq!(form.text("title"), "Hello");
        assert!(form.file("cover").unwrap().is_none() && form.file("images").is_err());
        let names: Vec<_> = form.files("images").map(|file| (file.name.as_str(), file.bytes.as_ref())).collect();
        assert_eq!(names, [("a.png", b"1".as_slice()), ("b.png", b"2".as_slice())]);
    }

    #[tokio::test]
    async fn an_upload_that_breaks_off_is_an_error_and_not_a_shorter_file() {
        let cut = "--xyz\nContent-Disposition: form-data; name=\"cover\"; filename=\"a.png\"\n\nhalf";
        assert!(matches!(parts(cut).await, Err(Error::Malformed(_))));
        assert!(matches!(parts("no boundary at all").await, Err(Error::Malformed(_))));
    }
}
