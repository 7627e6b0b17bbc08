//! Who is asking: the session cookie, and whether a form was sent from this site.

use crate::web::origin::Caller;
use http::header::{AUTHORIZATION, COOKIE, HeaderName, HeaderValue, ORIGIN, SET_COOKIE};
use http::{HeaderMap, Method};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Name of the cookie over plain http.
const NAME: &str = "session";
/// Name over https: the prefix keeps other hosts and plain http from setting it (RFC 6265bis,
/// section 4.1.3.2).
const SECURE_NAME: &str = "__Host-session";
/// Seconds after which a browser forgets the cookie: the most that RFC 6265bis, section 5.5, allows.
/// The server ends sessions far earlier, and moves their end with visits; the cookie need not know.
const MAX_AGE: u32 = 400 * 24 * 3600;
/// Longest token that is looked up.
const MAX_TOKEN: usize = 200;

/// The raw session token of a request; `None` for a visitor.
pub fn token(headers: &HeaderMap, https: bool) -> Option<&str> {
    let name = cookie_name(https);
    let fields = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = fields.flat_map(|field| field.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, token) = pairs.find(|(key, _)| *key == name)?;
    let plain = token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    (!token.is_empty() && token.len() <= MAX_TOKEN && plain).then_some(token)
}

/// The API token of a request (RFC 6750, section 2.1); `None` if there is no such header.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?;
    // What is no text is no token either, and must not pass for a visitor.
    let (scheme, token) = value.to_str().unwrap_or("").split_once(' ').unwrap_or_default();
    Some(if scheme.eq_ignore_ascii_case("bearer") { token.trim() } else { "" })
}

/// Signs the browser in: hands it the token.
pub fn remember(headers: &mut HeaderMap, token: &str, https: bool) {
    set(headers, token, MAX_AGE, https);
}

/// Signs the browser out: takes the token back.
pub fn forget(headers: &mut HeaderMap, https: bool) {
    set(headers, "", 0, https);
}

fn set(headers: &mut HeaderMap, token: &str, max_age: u32, https: bool) {
    let secure = if https { "; Secure" } else { "" };
    let name = cookie_name(https);
    let cookie = format!("{name}={token}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(mut value) = HeaderValue::from_str(&cookie) {
        value.set_sensitive(true);
        headers.append(SET_COOKIE, value);
    }
}

/// Name of the cookie, by how the site is reached.
pub fn cookie_name(https: bool) -> &'static str {
    if https { SECURE_NAME } else { NAME }
}

/// Whether a request may change something: it comes from a page of this site.
///
/// `Sec-Fetch-Site` decides where the browser sends it; over plain http it does not, and then
/// `Origin` has to name this site. Neither header: refused.
pub fn may_change(method: &Method, headers: &HeaderMap, caller: &Caller) -> bool {
    if method.is_safe() {
        return true;
    }
    // No browser sends one of them twice.
    let (mut sites, mut origins) = (headers.get_all(SEC_FETCH_SITE).iter(), headers.get_all(ORIGIN).iter());
    match (sites.next(), sites.next(), origins.next(), origins.next()) {
        (_, Some(_), ..) | (.., Some(_)) => false,
        (Some(site), ..) => site == "same-origin" || site == "none",
        (None, _, Some(origin), _) => origin.to_str().is_ok_and(|origin| caller.is_own_origin(origin)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        headers
    }

    fn caller(host: &str, configured: Option<&str>) -> Caller {
        Caller::new([127, 0, 0, 1].into(), host, &HeaderMap::new(), &[]).at(configured)
    }

    #[test]
    fn the_cookie_comes_back_as_it_was_set() {
        for https in [false, true] {
            let mut answer = HeaderMap::new();
            remember(&mut answer, "t0ken-_", https);
            let cookie = answer[SET_COOKIE].to_str().unwrap().to_owned();
            assert_eq!(cookie.contains("; Secure"), https);
            assert!(cookie.contains("; HttpOnly; SameSite=Lax") && cookie.contains("; Path=/;"), "{cookie}");
            let back = format!("theme=dark; {}", cookie.split(';').next().unwrap());
            assert_eq!(token(&headers(&[("cookie", &back)]), https), Some("t0ken-_"));
            assert_eq!(token(&headers(&[("cookie", &back)]), !https), None);
        }
    }

    #[test]
    fn cookies_that_are_no_token_are_no_session() {
        assert_eq!(token(&headers(&[("cookie", "a=b"), ("cookie", "session=x")]), false), Some("x"));
        for bad in ["", "session", "session=", "session=a b", "session=\"x\"", "xsession=x"] {
            assert_eq!(token(&headers(&[("cookie", bad)]), false), None, "{bad}");
        }
        assert_eq!(token(&headers(&[("cookie", &format!("session={}", "x".repeat(201)))]), false), None);
    }

    #[test]
    fn only_pages_of_this_site_may_change_something() {
        let seen = caller("blog.example:8080", None);
        let post = |pairs: &[(&'static str, &str)]| may_change(&Method::POST, &headers(pairs), &seen);
        assert!(may_change(&Method::GET, &HeaderMap::new(), &seen));
        assert!(post(&[("sec-fetch-site", "same-origin"), ("origin", "null")]));
        assert!(post(&[("sec-fetch-site", "none")]));
        assert!(post(&[("origin", "http://blog.example:8080")]));
        assert!(!post(&[]));
        assert!(!post(&[("sec-fetch-site", "same-site"), ("origin", "http://blog.example:8080")]));
        assert!(!post(&[("sec-fetch-site", "cross-site")]));
        assert!(!post(&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")]));
        assert!(!post(&[("origin", "http://blog.example:8080"), ("origin", "http://evil.example")]));
        for foreign in ["null", "http://blog.example", "https://blog.example:8080", "http://evil.example:8080", ""] {
            assert!(!post(&[("origin", foreign)]), "{foreign}");
        }
    }

    #[test]
    fn the_configured_origin_counts_behind_a_proxy_that_hides_it() {
        let caller = caller("127.0.0.1:8080", Some("https://blog.example"));
        assert!(may_change(&Method::POST, &headers(&[("origin", "https://blog.example")]), &caller));
        assert!(!may_change(&Method::POST, &headers(&[("origin", "http://blog.example")]), &caller));
    }

    #[test]
    fn a_port_that_the_scheme_implies_makes_no_difference() {
        assert!(may_change(
            &Method::POST,
            &headers(&[("origin", "http://blog.example")]),
            &caller("blog.example:80", None)
        ));
    }
}
