//! Attributes of the markup, and what an element needs of them.

use crate::content::address;
use crate::content::markdown::Site;
use crate::content::nesting::is_heading;
use crate::content::outline::Outline;
use std::borrow::Cow;

/// Attributes with values ready to stand between double quotes.
pub type Attributes<'a> = Vec<(&'static str, Cow<'a, str>)>;

/// Addresses, ids and what an element needs to be accessible.
pub fn settle(element: &str, attributes: &mut Attributes<'_>, ours: bool, context: (&mut Outline, Option<&Site<'_>>)) {
    let (outline, site) = context;
    attributes.retain_mut(|(name, value)| match *name {
        "id" if !ours || is_heading(element) => outline.claim(value).map(|id| *value = id.into()).is_some(),
        "src" | "poster" if !address::is_web(value) => false,
        "href" if !address::is_link(value) => false,
        _ => true,
    });
    let external = attributes.iter().any(|(name, value)| *name == "href" && address::is_external(value));
    if let Some(site) = site {
        for (_, value) in attributes.iter_mut().filter(|(name, _)| matches!(*name, "href" | "src" | "poster")) {
            *value = address::encoded(&site.links.given(value)).into();
        }
    }
    match element {
        "a" if site.is_some() => settle_rel(attributes, external),
        "pre" => attributes.push(("tabindex", Cow::Borrowed("0"))),
        "audio" | "video" if !attributes.iter().any(|(name, _)| *name == "controls") => {
            attributes.push(("controls", Cow::Borrowed("")));
        }
        _ => {}
    }
}

/// Appends text so that it stands for itself between tags and in attributes.
pub fn escape(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"']) {
        let (plain, tail) = rest.split_at(at);
        out.push_str(plain);
        out.push_str(match tail.as_bytes().first() {
            Some(b'&') => "&amp;",
            Some(b'<') => "&lt;",
            Some(b'>') => "&gt;",
            _ => "&quot;",
        });
        rest = tail.get(1..).unwrap_or("");
    }
    out.push_str(rest);
}

/// The same as a value.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape(&mut out, text);
    out
}

/// Keeps the relations an author may state and adds what a link off the site needs.
fn settle_rel(attributes: &mut Attributes<'_>, external: bool) {
    let mut rel = Vec::new();
    attributes.retain(|(name, value)| {
        if *name == "rel" {
            let words = value.split_ascii_whitespace().map(str::to_ascii_lowercase);
            rel.extend(
                words.filter(|word| matches!(word.as_str(), "nofollow" | "ugc" | "sponsored" | "me" | "license")),
            );
        }
        *name != "rel"
    });
    if external {
        rel.push("noopener".into());
    }
    if !rel.is_empty() {
        attributes.push(("rel", rel.join(" ").into()));
    }
}

/// Gives an image its width and height. Where the author gave one of them, the other follows; so
/// the page knows the proportions and does not jump.
pub fn settle_size(attributes: &mut Attributes<'_>, (width, height): (u32, u32)) {
    let given =
        |name: &str| attributes.iter().find(|(other, _)| *other == name).and_then(|(_, value)| value.parse().ok());
    let scaled = |given: u32, of: u32, to: u32| (u64::from(given) * u64::from(of) / u64::from(to).max(1)).max(1);
    let (width, height) = match (given("width"), given("height")) {
        (Some(_), Some(_)) => return,
        (Some(given), None) => (u64::from(given), scaled(given, height, width)),
        (None, Some(given)) => (scaled(given, width, height), u64::from(given)),
        (None, None) => (u64::from(width), u64::from(height)),
    };
    attributes.retain(|(name, _)| !matches!(*name, "width" | "height"));
    attributes.push(("width", width.to_string().into()));
    attributes.push(("height", height.to_string().into()));
}
