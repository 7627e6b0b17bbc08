//! The end of every answer: coding, defaults, security headers.

use crate::service::off_the_loop;
use crate::web::encoding;
use crate::web::encoding::Encoding;
use crate::web::request::RequestId;
use crate::web::response::{Body, Res};
use crate::web::security;
use http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, RETRY_AFTER, VARY,
};
use http::request::Parts;
use http::{StatusCode, Version};

/// Bytes from which coding takes longer than an async thread should wait.
const LONG: usize = 32 * 1024;
/// Level and quality at which answers for one reader are coded: they are sent once.
const GZIP_LEVEL: u32 = 1;
const BROTLI_QUALITY: u32 = 1;

/// Seconds after which what is not possible now is worth another try, where the answer does not say it: a
/// form that is shown again.
const RETRY: u64 = 10;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What an answer needs to know about its request when the request is gone.
pub struct Finish {
    id: RequestId,
    https: bool,
    version: Version,
    encoding: Encoding,
}

impl Finish {
    /// For the answer to this request.
    pub fn new(id: RequestId, https: bool, parts: &Parts) -> Finish {
        Finish { id, https, version: parts.version, encoding: encoding::choose_quick(&parts.headers) }
    }

    /// For the answer to what could not be read.
    pub fn unread(id: RequestId, https: bool) -> Finish {
        Finish { id, https, version: Version::HTTP_11, encoding: Encoding::Plain }
    }

    /// Adds what the handler left open.
    pub fn finish(&self, mut res: Res) -> Res {
        code(&mut res, self.encoding);
        let in_doubt = matches!(
            res.status(),
            StatusCode::BAD_REQUEST | StatusCode::REQUEST_TIMEOUT | StatusCode::PAYLOAD_TOO_LARGE
        );
        let unavailable = res.status() == StatusCode::SERVICE_UNAVAILABLE;
        let headers = res.headers_mut();
        // A body may be left unread, or its end may be unclear; HTTP/2 has frames for that.
        if in_doubt && self.version < Version::HTTP_2 {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if unavailable {
            headers.entry(RETRY_AFTER).or_insert(HeaderValue::from(RETRY));
        }
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-store"));
        if let Ok(id) = HeaderValue::try_from(self.id.to_string()) {
            headers.insert(X_REQUEST_ID, id);
        }
        security::protect(headers, self.https);
        res
    }
}

/// Codes text that has no coded variants of its own, for one client.
pub fn code(res: &mut Res, encoding: Encoding) {
    if !is_codable(res) {
        return;
    }
    res.headers_mut().append(VARY, HeaderValue::from_static("Accept-Encoding"));
    let Body::Full(body) = res.body() else { return };
    let make = || match encoding {
        Encoding::Plain => None,
        Encoding::Gzip => encoding::gzip(body, GZIP_LEVEL).map(|coded| (coded, "gzip")),
        Encoding::Brotli => encoding::brotli(body, BROTLI_QUALITY).map(|coded| (coded, "br")),
    };
    let coded = if body.len() > LONG { off_the_loop(make) } else { make() };
    if let Some((coded, name)) = coded {
        res.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(name));
        *res.body_mut() = Body::Full(coded);
    }
}

/// Whether coding this answer pays. A strong tag names exact bytes, so what has one is left as it is.
fn is_codable(res: &Res) -> bool {
    let Body::Full(body) = res.body() else { return false };
    let headers = res.headers();
    let pays = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(encoding::pays);
    pays && body.len() >= encoding::LEAST
        && res.status() != StatusCode::PARTIAL_CONTENT
        && !headers.contains_key(CONTENT_ENCODING)
        && !headers.contains_key(ETAG)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::response;

    fn finished(res: Res, encoding: Encoding) -> Res {
        Finish { id: RequestId(7), https: false, version: Version::HTTP_11, encoding }.finish(res)
    }

    #[test]
    fn long_text_is_coded_for_those_who_take_it() {
        let long = || response::text(StatusCode::OK, "A page. ".repeat(500));
        let coded = finished(long(), Encoding::Gzip);
        assert_eq!(coded.headers()[CONTENT_ENCODING], "gzip");
        assert_eq!(coded.headers()[VARY], "Accept-Encoding");
        assert!(coded.body().length() < 1000);
        let coded = finished(long(), Encoding::Brotli);
        assert_eq!(coded.headers()[CONTENT_ENCODING], "br");
        assert!(coded.body().length() < 1000);
        let plain = finished(long(), Encoding::Plain);
        assert!(!plain.headers().contains_key(CONTENT_ENCODING));
        assert_eq!(plain.headers()[VARY], "Accept-Encoding");
        assert!(
            !finished(response::text(StatusCode::OK, "short"), Encoding::Gzip).headers().contains_key(CONTENT_ENCODING)
        );
    }

    #[test]
    fn an_answer_says_nothing_can_keep_it_unless_the_handler_does() {
        let res = finished(response::text(StatusCode::OK, "x"), Encoding::Plain);
        assert_eq!(res.headers()[CACHE_CONTROL], "private, no-store");
        assert_eq!(res.headers()[X_REQUEST_ID], "0000000000000007");
        let doubtful = finished(response::text(StatusCode::BAD_REQUEST, "x"), Encoding::Plain);
        assert_eq!(doubtful.headers()[CONNECTION], "close");
        let unavailable = finished(response::text(StatusCode::SERVICE_UNAVAILABLE, "x"), Encoding::Plain);
        assert_eq!(unavailable.headers()[RETRY_AFTER], "10");
    }
}
