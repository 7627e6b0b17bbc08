//! Where a request comes from: client address, scheme, host.

use http::HeaderMap;
use http::header::{FORWARDED, HOST, HeaderName, VIA};
use http::request::Parts;
use ipnet::IpNet;
use std::net::IpAddr;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// Who sent a request and how they addressed the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The client: the peer, or the one that a trusted proxy names.
    pub client: IpAddr,
    pub https: bool,
    /// Host and port as addressed, in lower case.
    pub host: String,
    /// Whether the peer is a proxy that is believed.
    trusted: bool,
    /// Whether that proxy says for whom it asks, and that is an address.
    is_named: bool,
    /// The origin that is configured, which then counts for whatever is printed.
    configured: Option<String>,
}

impl Caller {
    /// `host` is what `host` below found in the request itself. Forwarded headers are believed
    /// only from a peer in `trusted`.
    pub fn new(peer: IpAddr, host: &str, headers: &HeaderMap, trusted: &[IpNet]) -> Caller {
        let peer = peer.to_canonical();
        if !is_trusted(peer, trusted) {
            return Caller {
                client: peer,
                https: false,
                host: host.to_ascii_lowercase(),
                trusted: false,
                is_named: false,
                configured: None,
            };
        }
        let proto = last(headers, &X_FORWARDED_PROTO).or_else(|| forwarded(headers, "proto").pop());
        let named = last(headers, &X_FORWARDED_HOST).or_else(|| forwarded(headers, "host").pop());
        let host = named.filter(|named| is_host(named)).unwrap_or_else(|| host.to_owned());
        let (client, is_named) = client(peer, headers, trusted);
        Caller {
            client,
            https: proto.is_some_and(|proto| proto.eq_ignore_ascii_case("https")),
            host: host.to_ascii_lowercase(),
            trusted: true,
            is_named,
            configured: None,
        }
    }

    /// With the origin of `--public-url`, whose scheme counts even if a proxy does not name it.
    pub fn at(mut self, configured: Option<&str>) -> Caller {
        if let Some(origin) = configured {
            self.https = origin.starts_with("https://");
            self.configured = Some(origin.to_owned());
        }
        self
    }

    /// Whether `client` is who asks as far as can be told: a trusted proxy names its address, or nothing says that
    /// the request was passed on.
    pub fn is_direct(&self, headers: &HeaderMap) -> bool {
        let marks = [FORWARDED, X_FORWARDED_FOR, X_FORWARDED_HOST, X_FORWARDED_PROTO, X_REAL_IP, VIA];
        self.is_named || !marks.iter().any(|name| headers.contains_key(name))
    }

    /// Whether a trusted proxy passed the request on, which does that for many clients on one connection.
    pub fn is_proxied(&self) -> bool {
        self.trusted
    }

    /// The configured origin, else the one as seen: `https://example.org:8443`.
    pub fn origin(&self) -> String {
        self.url("")
    }

    /// `path`, which begins with `/`, behind the origin.
    pub fn url(&self, path: &str) -> String {
        match &self.configured {
            Some(origin) => [origin, path].concat(),
            None => [self.scheme(), "://", &self.host, path].concat(),
        }
    }

    /// Whether no origin is configured, so that what is printed depends on who asks.
    pub fn is_guessed(&self) -> bool {
        self.configured.is_none()
    }

    /// Whether an `Origin` header names this site.
    pub fn is_own_origin(&self, origin: &str) -> bool {
        let origin = bare(origin);
        origin.eq_ignore_ascii_case(bare(&self.seen()))
            || self.configured.as_deref().is_some_and(|own| origin.eq_ignore_ascii_case(bare(own)))
    }

    fn seen(&self) -> String {
        [self.scheme(), "://", &self.host].concat()
    }

    fn scheme(&self) -> &'static str {
        if self.https { "https" } else { "http" }
    }
}

/// An origin without the port that its scheme implies, as browsers write it.
fn bare(origin: &str) -> &str {
    let port = if origin.starts_with("https://") { ":443" } else { ":80" };
    origin.strip_suffix(port).unwrap_or(origin)
}

/// The one host that a request names (RFC 9112, section 3.2): in its target if that is absolute,
/// else in its only `Host`. `None` if there is none, they differ, or one is malformed. HTTP/1.0, which
/// some health checks still speak, need not name one.
pub fn host(parts: &Parts) -> Option<&str> {
    let mut values = parts.headers.get_all(HOST).iter();
    let field = values.next();
    if values.next().is_some() {
        return None;
    }
    let field = match field {
        Some(value) => Some(value.to_str().ok().filter(|host| is_host(host))?),
        None => None,
    };
    let target = match parts.uri.authority() {
        Some(authority) => Some(Some(authority.as_str()).filter(|host| is_host(host))?),
        None => None,
    };
    match (target, field) {
        // Two that differ are one for the proxy and another for us.
        (Some(target), Some(field)) => target.eq_ignore_ascii_case(field).then_some(target),
        (Some(target), None) if parts.version == http::Version::HTTP_2 => Some(target),
        // HTTP/1 asks for Host even where the target is absolute.
        (Some(_), None) => None,
        (None, None) if parts.version == http::Version::HTTP_10 => Some("localhost"),
        (None, field) => field,
    }
}

/// A name or an address with an optional port, and nothing else.
fn is_host(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let (name_ok, rest) = match text.strip_prefix('[') {
        Some(inside) => match inside.split_once(']') {
            Some((address, rest)) => (address.parse::<std::net::Ipv6Addr>().is_ok(), rest),
            None => return false,
        },
        None => {
            let (name, rest) = text.split_at(text.bytes().position(|byte| !plain(byte)).unwrap_or(text.len()));
            (!name.is_empty() && name.len() <= 253, rest)
        }
    };
    let port_ok = rest.is_empty()
        || rest.strip_prefix(':').is_some_and(|port| {
            port.bytes().all(|byte| byte.is_ascii_digit()) && (port.is_empty() || port.parse::<u16>().is_ok())
        });
    name_ok && port_ok
}

/// The rightmost hop that is not a trusted proxy, and whether the headers name it. An entry that is no address ends
/// the walk: what stands left of it cannot be believed, and the client is somebody behind the last proxy.
fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> (IpAddr, bool) {
    let mut hops = list(headers, &X_FORWARDED_FOR);
    if hops.is_empty() {
        // An element without `for` is a hop that names nobody.
        hops = elements(headers).map(|hop| parameter(&hop, "for").unwrap_or_default()).collect();
    }
    let mut client = peer;
    for hop in hops.iter().rev() {
        let Some(address) = address(hop) else { return (client, false) };
        client = address;
        if !is_trusted(address, trusted) {
            break;
        }
    }
    (client, !hops.is_empty())
}

fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|net| net.contains(&address))
}

/// An address with or without a port, IPv6 with or without brackets.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = match text.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(""),
        None if text.matches(':').count() == 1 => text.split(':').next().unwrap_or(""),
        None => text,
    };
    bare.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// The comma-separated entries of all fields of one name, in order.
fn list(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(|entry| entry.trim().to_owned()).collect()
}

fn last(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    list(headers, name).pop()
}

/// The elements of `Forwarded` (RFC 7239, section 4), one for each hop.
fn elements(headers: &HeaderMap) -> impl Iterator<Item = String> {
    list(headers, &FORWARDED).into_iter()
}

/// The value of a parameter in one of these elements.
fn parameter(element: &str, name: &str) -> Option<String> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(key, _)| key.trim().eq_ignore_ascii_case(name))?;
    Some(value.trim().trim_matches('"').to_owned())
}

/// The values of one parameter in `Forwarded`, for the hops that tell it.
fn forwarded(headers: &HeaderMap, name: &str) -> Vec<String> {
    elements(headers).filter_map(|element| parameter(&element, name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{Request, Version};

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    fn caller(peer: &str, pairs: &[(&'static str, &str)]) -> Caller {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        Caller::new(peer.parse().unwrap(), "Blog.example:80", &headers(pairs), &trusted)
    }

    fn found(target: &str, hosts: &[&str], version: Version) -> Option<String> {
        let mut request = Request::builder().uri(target).version(version);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        host(&request.body(()).unwrap().into_parts().0).map(str::to_owned)
    }

    #[test]
    fn a_stranger_cannot_choose_address_scheme_or_host() {
        let lies = [("x-forwarded-for", "1.2.3.4"), ("x-forwarded-proto", "https"), ("x-forwarded-host", "evil")];
        let caller = caller("203.0.113.9", &lies);
        assert_eq!(caller.client.to_string(), "203.0.113.9");
        assert_eq!(caller.origin(), "http://blog.example:80");
    }

    #[test]
    fn the_client_is_the_rightmost_untrusted_hop() {
        let client = |value| caller("10.0.0.1", &[("x-forwarded-for", value)]).client.to_string();
        assert_eq!(client("1.2.3.4"), "1.2.3.4");
        assert_eq!(client("6.6.6.6, 1.2.3.4, 10.1.1.1"), "1.2.3.4");
        assert_eq!(client("6.6.6.6, lies, 10.1.1.1"), "10.1.1.1");
        assert_eq!(client("[2001:db8::1]:443"), "2001:db8::1");
        assert_eq!(client("1.2.3.4:5678"), "1.2.3.4");
        assert_eq!(client("::ffff:1.2.3.4"), "1.2.3.4");
        assert_eq!(client(""), "10.0.0.1");
        assert_eq!(caller("::ffff:10.0.0.1", &[("x-forwarded-for", "1.2.3.4")]).client.to_string(), "1.2.3.4");
    }

    #[test]
    fn a_trusted_proxy_names_scheme_and_host() {
        let set = [("x-forwarded-proto", "https"), ("x-forwarded-host", "Blog.example")];
        assert_eq!(caller("::1", &set).origin(), "https://blog.example");
        let standard = [("forwarded", "for=\"[2001:db8::1]:9\";proto=https;host=blog.example")];
        let caller = caller("::1", &standard);
        assert_eq!((caller.client.to_string().as_str(), caller.https), ("2001:db8::1", true));
    }

    #[test]
    fn there_is_exactly_one_well_formed_host() {
        let v1 = Version::HTTP_11;
        assert_eq!(found("/", &["blog.example"], v1).as_deref(), Some("blog.example"));
        assert_eq!(found("/", &["[::1]:8080"], v1).as_deref(), Some("[::1]:8080"));
        assert_eq!(found("http://a.example/", &["A.example"], v1).as_deref(), Some("a.example"));
        assert_eq!(found("http://a.example/", &["b.example"], v1), None);
        assert_eq!(found("/", &[], Version::HTTP_10).as_deref(), Some("localhost"));
        assert_eq!(found("/", &["a", "a"], Version::HTTP_10), None);
        for bad in ["", "a b", "x/../y", "a@b", "a:b", "a:99999", "a:80:80", "[::1", "[]", "a,b", "ä", "<x>"] {
            assert_eq!(found("/", &[bad], v1), None, "{bad}");
        }
        assert_eq!(found("/", &[], v1), None);
        assert_eq!(found("/", &["a", "a"], v1), None);
        assert_eq!(found("http://a/", &[], v1), None);
        assert_eq!(found("http://u@a/", &["a"], v1), None);
        assert_eq!(found("http://a/", &[], Version::HTTP_2).as_deref(), Some("a"));
        assert_eq!(found("http://a/", &["b"], Version::HTTP_2), None);
    }
}
