//! Headers that keep a page from being misused: on every answer, errors included.

use http::HeaderMap;
use http::header::{CONTENT_DISPOSITION, X_CONTENT_TYPE_OPTIONS};
use http::header::{CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY};

/// Nothing but what the site itself serves; pictures also from elsewhere over https, because authors
/// embed them. `connect-src` lets tools and the page's own script read the site.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self' https:; media-src 'self' https:; script-src 'self'; \
     connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
);
/// An upload can never be more than its bytes, whatever they hold. A drawing has its own styles and embedded images.
const MEDIA_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox");
/// Two years, for this host alone: its neighbours are not ours to decide about.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=63072000");
const PERMISSIONS: HeaderValue = HeaderValue::from_static(
    "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
);

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Adds what the handler has not set.
pub fn protect(headers: &mut HeaderMap, https: bool) {
    // Set here alone: what has it was protected before, when it was kept.
    if !headers.contains_key(PERMISSIONS_POLICY) {
        protect_all(headers);
    }
    if https {
        headers.entry(STRICT_TRANSPORT_SECURITY).or_insert(HSTS);
    }
}

fn protect_all(headers: &mut HeaderMap) {
    let same_origin = HeaderValue::from_static("same-origin");
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(PAGE_POLICY);
    headers.entry(X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("strict-origin-when-cross-origin"));
    headers.insert(PERMISSIONS_POLICY, PERMISSIONS);
    headers.entry(OPENER_POLICY).or_insert(same_origin.clone());
    headers.entry(RESOURCE_POLICY).or_insert(same_origin);
}

/// For bytes that somebody uploaded: sandboxed, and free to be shown in feed readers elsewhere; saved unless `shown`.
pub fn isolate(headers: &mut HeaderMap, shown: bool) {
    headers.insert(CONTENT_SECURITY_POLICY, MEDIA_POLICY);
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static(if shown { "inline" } else { "attachment" }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_unsafe_is_allowed_and_uploads_keep_their_own_policy() {
        let mut page = HeaderMap::new();
        protect(&mut page, true);
        let policy = page[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe") && !policy.contains('*'));
        assert!(page.contains_key(STRICT_TRANSPORT_SECURITY));
        let mut media = HeaderMap::new();
        isolate(&mut media, true);
        protect(&mut media, false);
        let policy = media[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && policy.ends_with("; sandbox"), "{policy}");
        assert_eq!(
            (&media[RESOURCE_POLICY], &media[CONTENT_DISPOSITION]),
            (&"cross-origin".parse().unwrap(), &"inline".parse().unwrap())
        );
        assert!(!media.contains_key(STRICT_TRANSPORT_SECURITY));
    }
}
