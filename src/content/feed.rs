//! Atom feeds and site maps.

use crate::content::address;
use crate::content::attribute::escape;
use crate::content::raw_html;
use crate::content::raw_html::Piece;
use crate::domain::html::Html;
use crate::domain::text::plain_title;
use crate::domain::time::Timestamp;
use ammonia::Url;
use quick_xml::events::{BytesDecl, BytesText, Event};
use quick_xml::writer::Writer;
use std::borrow::Cow;
use std::io;

/// A feed of posts (RFC 4287, section 4.1.1). Addresses are absolute.
#[derive(Debug, Clone)]
pub struct Feed<'a> {
    pub title: &'a str,
    /// Left out when empty.
    pub subtitle: &'a str,
    /// BCP 47 tag.
    pub language: &'a str,
    /// The page that shows the same; also the feed's id.
    pub page: &'a str,
    /// The feed's own address.
    pub address: &'a str,
    /// When anything in it last changed.
    pub updated: Timestamp,
    /// Newest first.
    pub entries: Vec<Entry<'a>>,
}

/// One post of a feed (RFC 4287, section 4.1.2).
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// Never changes, not even when the post moves (RFC 4287, section 4.2.6).
    pub id: &'a str,
    pub title: &'a str,
    /// Where it is read.
    pub address: &'a str,
    pub published: Timestamp,
    pub updated: Timestamp,
    /// Names; at least one.
    pub authors: Vec<&'a str>,
    /// Names of the category and the tags.
    pub categories: Vec<&'a str>,
    /// Plain text; left out when empty.
    pub summary: &'a str,
    /// BCP 47 tag, if it is not that of the feed.
    pub language: Option<&'a str>,
    /// Left out when empty.
    pub content: &'a Html,
}

/// Writes an Atom document. Characters that XML 1.0 (section 2.2) does not allow are left out.
pub fn atom(feed: &Feed<'_>) -> String {
    document(|writer| {
        let root = [("xmlns", "http://www.w3.org/2005/Atom"), ("xml:lang", feed.language)];
        writer.create_element("feed").with_attributes(root).write_inner_content(|writer| {
            text(writer, "id", feed.page)?;
            text(writer, "title", feed.title)?;
            if !feed.subtitle.is_empty() {
                text(writer, "subtitle", feed.subtitle)?;
            }
            link(writer, "alternate", "text/html", feed.page)?;
            link(writer, "self", "application/atom+xml", feed.address)?;
            text(writer, "updated", &feed.updated.rfc3339())?;
            text(writer, "generator", "pamphlet")?;
            feed.entries.iter().try_for_each(|post| entry(writer, post))
        })?;
        Ok(())
    })
}

/// Writes a site map (sitemaps.org, version 0.9) of absolute addresses and the times of their
/// last change.
pub fn sitemap(pages: impl IntoIterator<Item = (String, Option<Timestamp>)>) -> String {
    locations("urlset", "url", pages)
}

/// Writes a sitemap index (sitemaps.org, version 0.9) of the absolute addresses of site maps.
pub fn sitemap_index(maps: impl IntoIterator<Item = String>) -> String {
    locations("sitemapindex", "sitemap", maps.into_iter().map(|map| (map, None)))
}

fn locations(list: &str, one: &str, all: impl IntoIterator<Item = (String, Option<Timestamp>)>) -> String {
    document(|writer| {
        let root = [("xmlns", "http://www.sitemaps.org/schemas/sitemap/0.9")];
        writer.create_element(list).with_attributes(root).write_inner_content(|writer| {
            for (address, changed) in all {
                writer.create_element(one).write_inner_content(|writer| {
                    text(writer, "loc", &address)?;
                    changed.map_or(Ok(()), |time| text(writer, "lastmod", &time.rfc3339()))
                })?;
            }
            Ok(())
        })?;
        Ok(())
    })
}

type Xml = Writer<Vec<u8>>;

fn entry(writer: &mut Xml, post: &Entry<'_>) -> io::Result<()> {
    let language = post.language.map(|language| ("xml:lang", language));
    writer.create_element("entry").with_attributes(language).write_inner_content(|writer| {
        text(writer, "id", post.id)?;
        text(writer, "title", &plain_title(post.title))?;
        link(writer, "alternate", "text/html", post.address)?;
        text(writer, "published", &post.published.rfc3339())?;
        text(writer, "updated", &post.updated.rfc3339())?;
        for name in &post.authors {
            writer.create_element("author").write_inner_content(|writer| text(writer, "name", name))?;
        }
        for name in &post.categories {
            writer.create_element("category").with_attribute(("term", &*allowed(name))).write_empty()?;
        }
        if !post.summary.is_empty() {
            text(writer, "summary", post.summary)?;
        }
        if !post.content.as_str().is_empty() {
            let content = absolute(post.content, post.address);
            let element = writer.create_element("content").with_attribute(("type", "html"));
            element.write_text_content(BytesText::new(&allowed(&content)))?;
        }
        Ok(())
    })?;
    Ok(())
}

fn document(body: impl FnOnce(&mut Xml) -> io::Result<()>) -> String {
    let mut writer = Writer::new(Vec::new());
    let written =
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None))).and_then(|()| body(&mut writer));
    // Writing to memory does not fail, and what was written is text.
    written.ok().and_then(|()| String::from_utf8(writer.into_inner()).ok()).unwrap_or_default()
}

fn text(writer: &mut Xml, name: &str, content: &str) -> io::Result<()> {
    writer.create_element(name).write_text_content(BytesText::new(&allowed(content)))?;
    Ok(())
}

fn link(writer: &mut Xml, relation: &str, kind: &str, address: &str) -> io::Result<()> {
    let attributes = [("rel", relation), ("type", kind), ("href", &*allowed(address))];
    writer.create_element("link").with_attributes(attributes).write_empty()?;
    Ok(())
}

/// Without the characters that XML 1.0 does not allow.
fn allowed(text: &str) -> Cow<'_, str> {
    let forbidden = |c: char| (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{FFFE}' | '\u{FFFF}');
    if text.contains(forbidden) { Cow::Owned(text.replace(forbidden, "")) } else { Cow::Borrowed(text) }
}

/// The article with its addresses resolved against the page it stands on: readers show it elsewhere.
fn absolute(html: &Html, page: &str) -> String {
    let base = Url::parse(page).ok();
    let mut out = String::with_capacity(html.as_str().len() + 256);
    for piece in raw_html::pieces(html.as_str()) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Close(name) => {
                out.push_str("</");
                out.push_str(&name);
                out.push('>');
            }
            Piece::Open(name, attributes) => {
                out.push('<');
                out.push_str(&name);
                for (key, value) in attributes {
                    out.push_str(&format!(" {key}=\""));
                    match resolved(base.as_ref(), &key, &address::decoded(&value)) {
                        Some(address) => escape(&mut out, &address),
                        None => out.push_str(&value),
                    }
                    out.push('"');
                }
                out.push('>');
            }
        }
    }
    out
}

/// The value of an attribute that holds relative addresses, with them resolved; `None` for others.
fn resolved(base: Option<&Url>, key: &str, value: &str) -> Option<String> {
    let join = |address: &str| base.and_then(|base| base.join(address).ok()).map(String::from);
    match key {
        "href" | "src" | "poster" | "cite" if address::scheme(value).is_none() => join(value),
        "srcset" => {
            let candidate = |text: &str| {
                let (address, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
                Some(format!("{} {rest}", join(address)?).trim_end().to_owned())
            };
            Some(value.split(',').map(candidate).collect::<Option<Vec<_>>>()?.join(", "))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Zone;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text, &Zone::utc()).unwrap()
    }

    fn feed<'a>(title: &'a str, content: &'a Html) -> Feed<'a> {
        let post = Entry {
            id: "tag:example.org,2026:post/1",
            title,
            address: "https://example.org/posts/a?b&c",
            published: at("2026-05-03T08:28:00Z"),
            updated: at("2026-05-04T08:28:00Z"),
            authors: vec!["Ada", title],
            categories: vec!["Notes", title],
            summary: title,
            language: None,
            content,
        };
        Feed {
            title,
            subtitle: title,
            language: "en",
            page: "https://example.org/",
            address: "https://example.org/feed.xml",
            updated: at("2026-05-04T08:28:00Z"),
            entries: vec![post],
        }
    }

    /// Names of the elements and the text of a document, or what is wrong with it.
    fn read(xml: &str) -> Result<Vec<(String, String)>, quick_xml::Error> {
        let mut reader = quick_xml::Reader::from_str(xml);
        let mut found: Vec<(String, String)> = Vec::new();
        loop {
            match reader.read_event()? {
                Event::Start(tag) | Event::Empty(tag) => {
                    for attribute in tag.attributes() {
                        attribute?;
                    }
                    found.push((tag.name().as_ref().to_owned(), String::new()));
                }
                Event::Text(text) => found.last_mut().unwrap().1.push_str(&text),
                Event::GeneralRef(name) => {
                    let text = match &*name {
                        "lt" => "<",
                        "gt" => ">",
                        "amp" => "&",
                        "quot" => "\"",
                        "apos" => "'",
                        other => panic!("{other}"),
                    };
                    found.last_mut().unwrap().1.push_str(text);
                }
                Event::Eof => return Ok(found),
                _ => {}
            }
        }
    }

    #[test]
    fn a_feed_carries_whole_articles() {
        let html = Html::trusted("<p>A &lt;b&gt; <a href=\"/x\">x</a><img src=\"/m.png\" alt=\"/\"></p>".into());
        let xml = atom(&feed("Bits & <Bobs>", &html));
        assert!(
            xml.starts_with(
                "<?xml version=\"1.0\" encoding=\"utf-8\"?><feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"en\">"
            ),
            "{xml}"
        );
        let found = read(&xml).unwrap();
        let text = |name: &str| {
            found.iter().filter(|(other, _)| other == name).map(|(_, text)| text.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(text("title"), ["Bits & <Bobs>"; 2]);
        assert_eq!(text("published"), ["2026-05-03T08:28:00Z"]);
        assert_eq!(text("updated"), ["2026-05-04T08:28:00Z"; 2]);
        assert_eq!(text("name"), ["Ada", "Bits & <Bobs>"]);
        assert_eq!(
            text("content"),
            [
                "<p>A &lt;b&gt; <a href=\"https://example.org/x\">x</a><img src=\"https://example.org/m.png\" alt=\"/\"></p>"
            ]
        );
        assert!(
            xml.contains("<link rel=\"self\" type=\"application/atom+xml\" href=\"https://example.org/feed.xml\"/>")
        );
        assert!(xml.contains("href=\"https://example.org/posts/a?b&amp;c\""));
    }

    #[test]
    fn every_address_leads_to_the_same_place_as_on_the_page() {
        for (given, resolved) in [
            ("<a href=\"other\">", "<a href=\"https://example.org/posts/other\">"),
            ("<a href=\"../x?a=1&amp;b=2\">", "<a href=\"https://example.org/x?a=1&amp;b=2\">"),
            ("<a href=\"#fn-1\">", "<a href=\"https://example.org/posts/a?b&amp;c#fn-1\">"),
            ("<a href=\"?d\">", "<a href=\"https://example.org/posts/a?d\">"),
            ("<a href=\"//owls.example/x\">", "<a href=\"https://owls.example/x\">"),
            ("<a href=\"mailto:a@example.org\">", "<a href=\"mailto:a@example.org\">"),
            ("<a href=\"HTTPS://owls.example/%7Ex\">", "<a href=\"HTTPS://owls.example/%7Ex\">"),
            ("<img src=\"x.png\" alt=\"/x\">", "<img src=\"https://example.org/posts/x.png\" alt=\"/x\">"),
            ("<video poster=\"./p.png\">", "<video poster=\"https://example.org/posts/p.png\">"),
            ("<blockquote cite=\"/b\">", "<blockquote cite=\"https://example.org/b\">"),
            (
                "<img srcset=\"a.png 1x, /b.png 2x\">",
                "<img srcset=\"https://example.org/posts/a.png 1x, https://example.org/b.png 2x\">",
            ),
        ] {
            assert_eq!(absolute(&Html::trusted(given.into()), "https://example.org/posts/a?b&c"), resolved);
        }
    }

    #[test]
    fn a_site_map_lists_addresses() {
        let pages = [
            ("https://example.org/?a&b".to_owned(), Some(at("2026-05-03"))),
            ("https://example.org/c".to_owned(), None),
        ];
        assert_eq!(
            sitemap(pages),
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\
             <url><loc>https://example.org/?a&amp;b</loc><lastmod>2026-05-03T00:00:00Z</lastmod></url>\
             <url><loc>https://example.org/c</loc></url></urlset>"
        );
        let index = sitemap_index(["https://example.org/sitemap.xml?part=1".to_owned()]);
        assert!(
            index
                .ends_with("0.9\"><sitemap><loc>https://example.org/sitemap.xml?part=1</loc></sitemap></sitemapindex>"),
            "{index}"
        );
    }

    proptest! {
        #[test]
        fn any_text_gives_well_formed_xml(title: String, source: String) {
            let html = crate::content::markdown::comment(&source);
            let xml = atom(&feed(&title, &html));
            prop_assert!(read(&xml).is_ok(), "{}", xml);
            prop_assert!(!xml.contains(|c: char| c < ' ' && !matches!(c, '\t' | '\n' | '\r')));
        }
    }
}
