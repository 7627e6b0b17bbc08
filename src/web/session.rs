//! Who is asking: the session cookie, and whether a form was sent from this site.

use crate::service::devices;
use crate::web::origin::Caller;
use http::header::{AUTHORIZATION, COOKIE, HeaderName, HeaderValue, ORIGIN, SET_COOKIE};
use http::{HeaderMap, Method};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Seconds after which a browser forgets the cookie: the most that RFC 6265bis, section 5.5, allows.
/// The server ends sessions far earlier, and moves their end with visits; the cookie need not know.
const MAX_AGE: u32 = 400 * 24 * 3600;
/// Longest value that is looked at of what a browser keeps of earlier logins.
const MAX_DEVICES: usize = 800;
/// Longest token that is looked up.
const MAX_TOKEN: usize = 200;

/// The cookie's name in earlier versions, over plain http and over https. It is still read, because browsers
/// keep it for as long as their session lasts.
const OLD_NAME: &str = "session";
const OLD_SECURE_NAME: &str = "__Host-session";

/// The session cookie of one blog.
///
/// A browser sends a cookie to every port of its host (RFC 6265, section 8.5), and one with `Path=/` to every path.
/// So that two blogs on one host don't sign each other out, the name contains the blog's id.
pub struct SessionCookie {
    name: String,
    /// Name over https: the prefix keeps other hosts and plain http from setting it (RFC 6265bis,
    /// section 4.1.3.2). It requires `Path=/`.
    secure_name: String,
    /// Where it is sent over plain http.
    path: String,
    /// Name of the cookie for `service::devices`, and the only path that needs it.
    devices: (String, String),
}

impl SessionCookie {
    /// For the blog with this id below this base path.
    pub fn new(site_id: &str, base: &str) -> SessionCookie {
        let name = format!("{}-{OLD_NAME}", site_id.get(..8).unwrap_or(site_id));
        let path = if base.is_empty() { "/" } else { base };
        let devices = (name.replace(OLD_NAME, "devices"), format!("{base}/login"));
        SessionCookie { secure_name: format!("__Host-{name}"), name, path: path.to_owned(), devices }
    }

    /// Name of the cookie, by how the client reached the site.
    pub fn name(&self, https: bool) -> &str {
        if https { &self.secure_name } else { &self.name }
    }

    /// The raw session token of a request; `None` for a visitor.
    pub fn token<'h>(&self, headers: &'h HeaderMap, https: bool) -> Option<&'h str> {
        let token = value(headers, self.name(https)).or_else(|| value(headers, old_name(https)))?;
        let plain = token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        (!token.is_empty() && token.len() <= MAX_TOKEN && plain).then_some(token)
    }

    /// Signs the browser in: hands it the token.
    pub fn remember(&self, headers: &mut HeaderMap, token: &str, https: bool) {
        let path = if https { "/" } else { &self.path };
        set(headers, (self.name(https), token), path, (MAX_AGE, https));
    }

    /// What the browser keeps of earlier logins; empty if it keeps nothing.
    pub fn devices<'h>(&self, headers: &'h HeaderMap, https: bool) -> &'h str {
        value(headers, &self.devices_name(https)).filter(|kept| kept.len() <= MAX_DEVICES).unwrap_or_default()
    }

    /// Lets the browser keep that it has signed in, beside what it sent with `request`.
    pub fn remember_device(&self, request: &HeaderMap, headers: &mut HeaderMap, device: &str, https: bool) {
        let kept = devices::keep(self.devices(request, https), device);
        set(headers, (&self.devices_name(https), &kept), &self.devices.1, (MAX_AGE, https));
    }

    fn devices_name(&self, https: bool) -> String {
        [if https { "__Secure-" } else { "" }, &self.devices.0].concat()
    }

    /// Signs the browser out: takes the cookie back with which it sent `request`.
    pub fn forget(&self, request: &HeaderMap, headers: &mut HeaderMap, https: bool) {
        let path = if https { "/" } else { &self.path };
        set(headers, (self.name(https), ""), path, (0, https));
        if value(request, self.name(https)).is_none() && value(request, old_name(https)).is_some() {
            set(headers, (old_name(https), ""), "/", (0, https));
        }
    }
}

fn old_name(https: bool) -> &'static str {
    if https { OLD_SECURE_NAME } else { OLD_NAME }
}

/// The value of the first cookie of this name.
fn value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let fields = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = fields.flat_map(|field| field.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

fn set(headers: &mut HeaderMap, (name, token): (&str, &str), path: &str, (max_age, https): (u32, bool)) {
    let secure = if https { "; Secure" } else { "" };
    let cookie = format!("{name}={token}; Path={path}; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(mut value) = HeaderValue::from_str(&cookie) {
        value.set_sensitive(true);
        headers.append(SET_COOKIE, value);
    }
}

/// The API token of a request (RFC 6750, section 2.1); `None` if there is no such header.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?;
    // What is no text is no token either, and must not pass for a visitor.
    let (scheme, token) = value.to_str().unwrap_or("").split_once(' ').unwrap_or_default();
    Some(if scheme.eq_ignore_ascii_case("bearer") { token.trim() } else { "" })
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

    const ID: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn the_cookie_comes_back_as_it_was_set() {
        for (https, base) in [(false, ""), (true, ""), (false, "/blog"), (true, "/blog")] {
            let own = SessionCookie::new(ID, base);
            let mut answer = HeaderMap::new();
            own.remember(&mut answer, "t0ken-_", https);
            let cookie = answer[SET_COOKIE].to_str().unwrap().to_owned();
            assert_eq!((cookie.contains("; Secure"), cookie.starts_with("__Host-")), (https, https));
            let path = if https || base.is_empty() { "; Path=/;" } else { "; Path=/blog;" };
            assert!(cookie.contains("; HttpOnly; SameSite=Lax") && cookie.contains(path), "{cookie}");
            let back = format!("theme=dark; {}", cookie.split(';').next().unwrap());
            assert_eq!(own.token(&headers(&[("cookie", &back)]), https), Some("t0ken-_"));
            assert_eq!(own.token(&headers(&[("cookie", &back)]), !https), None);
            let other = SessionCookie::new("fedcba9876543210fedcba9876543210", base);
            assert_eq!(other.token(&headers(&[("cookie", &back)]), https), None, "another blog on this host");
        }
    }

    #[test]
    fn a_cookie_with_the_old_name_still_counts_unless_there_is_a_new_one() {
        let own = SessionCookie::new(ID, "");
        let old = headers(&[("cookie", "session=old")]);
        assert_eq!(own.token(&old, false), Some("old"));
        assert_eq!(own.token(&headers(&[("cookie", "__Host-session=old")]), true), Some("old"));
        let both = headers(&[("cookie", "session=old; 01234567-session=new")]);
        assert_eq!(own.token(&both, false), Some("new"));
        let forgotten = |request: &HeaderMap| {
            let mut answer = HeaderMap::new();
            own.forget(request, &mut answer, false);
            answer.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(forgotten(&old).len(), 2);
        // The old one beside a new one may be that of another blog.
        let both = forgotten(&both);
        assert!(both.len() == 1 && both[0].starts_with("01234567-session=; "), "{both:?}");
    }

    #[test]
    fn cookies_that_are_no_token_are_no_session() {
        let token = |cookie: &str| {
            let headers = headers(&[("cookie", "a=b"), ("cookie", cookie)]);
            SessionCookie::new(ID, "").token(&headers, false).map(str::to_owned)
        };
        let name = "01234567-session";
        assert_eq!(token(&format!("{name}=x")).as_deref(), Some("x"));
        for bad in ["".into(), name.into(), format!("{name}="), format!("{name}=a b"), format!("x{name}=x")] {
            assert_eq!(token(&bad), None, "{bad}");
        }
        assert_eq!(token(&format!("{name}=\"x\"")), None);
        assert_eq!(token(&format!("{name}={}", "x".repeat(201))), None);
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
