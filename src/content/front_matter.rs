//! Reads Markdown files as Zola, Hugo, Jekyll and people write them.

use crate::content::header;
use crate::content::header::Header;
use crate::error::Checked;
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// A Markdown file taken apart. Texts stand as written; whoever stores them checks them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    pub title: Option<String>,
    /// RFC 3339, or a date with or without a time, for `Timestamp::parse`; anything else stands
    /// as written.
    pub date: Option<String>,
    /// From when on it is public, where that is said beside the date.
    pub publish: Option<String>,
    pub updated: Option<String>,
    /// The last part of the address.
    pub slug: Option<String>,
    /// The whole address the file had, for example `2024/05/01/hello`.
    pub path: Option<String>,
    /// Older addresses that led to it.
    pub aliases: Vec<String>,
    pub authors: Vec<String>,
    pub draft: bool,
    pub category: Option<String>,
    /// Further categories stand here, too.
    pub tags: Vec<String>,
    pub excerpt: Option<String>,
    /// Address of an image or name of a file beside this one.
    pub cover: Option<String>,
    pub cover_alt: Option<String>,
    /// Whether comments are open, where it is said.
    pub comments: Option<bool>,
    /// Whether there was any front matter.
    pub headed: bool,
    /// Markdown.
    pub body: String,
}

/// Reads a file. Without a title in a header, a heading of the first level at the beginning is
/// the title and leaves the body. The error is a sentence that says where the header is wrong.
pub fn parse(text: &str) -> Checked<Document> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text).replace("\r\n", "\n");
    let (header, body) = header::split(&text)?;
    let mut document = Document { body: body.trim_start_matches('\n').to_owned(), ..read(&header)? };
    if document.title.is_none()
        && let Some((title, rest)) = leading_title(&document.body)
    {
        document.title = Some(title);
        document.body = rest;
    }
    Ok(document)
}

fn read(header: &Header) -> Checked<Document> {
    const COVER: &[&str] = &[
        "cover",
        "image",
        "cover_image",
        "featured_image",
        "feature_image",
        "images",
        "banner",
        "thumbnail",
        "cover.image",
        "extra.cover",
        "extra.image",
        "extra.cover_image",
        "extra.featured_image",
        "extra.banner",
        "extra.thumbnail",
    ];
    const COVER_ALT: &[&str] = &[
        "cover_alt",
        "image_alt",
        "cover.alt",
        "image.alt",
        "featured_image_alt",
        "feature_image_alt",
        "extra.cover_alt",
        "extra.image_alt",
    ];
    let mut aliases = header.list(&["aliases"], false)?;
    aliases.extend(header.list(&["redirect_from"], false)?);
    let mut categories = header.list(&["category", "categories", "taxonomies.categories"], true)?;
    let mut tags = header.list(&["tags", "taxonomies.tags"], true)?;
    let category = if categories.is_empty() { None } else { Some(categories.remove(0)) };
    tags.extend(categories);
    Ok(Document {
        title: header.text(&["title"])?,
        date: date(header, &["date", "publishDate", "publish_date", "publishdate", "created"])?,
        publish: date(header, &["publishDate", "publish_date", "publishdate"])?,
        updated: date(header, &["updated", "lastmod", "last_modified_at", "modified"])?,
        slug: header.text(&["slug"])?,
        path: header.text(&["path", "permalink", "url"])?,
        aliases,
        authors: header.list(&["authors", "author", "taxonomies.authors", "extra.authors", "extra.author"], false)?,
        draft: draft(header)?,
        category,
        tags,
        excerpt: header.text(&["description", "summary", "excerpt"])?,
        cover: header.text(COVER)?,
        cover_alt: header.text(COVER_ALT)?,
        comments: header.flag(&["comments", "extra.comments"])?,
        headed: !header.is_empty(),
        body: String::new(),
    })
}

/// `draft: true`, Jekyll's `published: false`, and a `status` of what nobody but its author sees.
fn draft(header: &Header) -> Checked<bool> {
    let hidden = header.is_flag("published") && header.flag(&["published"])? == Some(false);
    let status = header.text(&["status"]).ok().flatten().unwrap_or_default().to_lowercase();
    let unfinished = ["draft", "pending", "private", "unpublished"].contains(&status.as_str());
    Ok(hidden || unfinished || header.flag(&["draft"])?.unwrap_or(false))
}

/// A date, or `published` where that is one rather than a yes or no.
fn date(header: &Header, paths: &[&'static str]) -> Checked<Option<String>> {
    let mut found = header.text(paths)?;
    if found.is_none() && paths.contains(&"date") && !header.is_flag("published") {
        found = header.text(&["published"])?;
    }
    Ok(found.map(|text| rfc3339(&text)))
}

/// `2024-05-01 10:00:00 +0200` as Jekyll writes it becomes RFC 3339; others stay.
fn rfc3339(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (date, time, zone) = match words.as_slice() {
        [date, time] => (*date, *time, ""),
        [date, time, zone] => (*date, *time, *zone),
        _ => return text.to_owned(),
    };
    let sign_and_digits = |zone: &str| {
        zone.len() == 5 && zone.starts_with(['+', '-']) && zone.bytes().skip(1).all(|byte| byte.is_ascii_digit())
    };
    let zone = match zone {
        "UTC" | "GMT" | "Z" => "Z".to_owned(),
        zone if sign_and_digits(zone) => {
            let (hours, minutes) = zone.split_at(3);
            format!("{hours}:{minutes}")
        }
        zone => zone.to_owned(),
    };
    format!("{date}T{time}{zone}")
}

/// The text of a heading of the first level that the body begins with, and the rest.
fn leading_title(body: &str) -> Option<(String, String)> {
    let mut events = Parser::new_ext(body, Options::empty()).into_offset_iter();
    let (_, range) = events
        .by_ref()
        .find(|(event, _)| !is_comment(event))
        .filter(|(event, _)| matches!(event, Event::Start(Tag::Heading { level: HeadingLevel::H1, .. })))?;
    let mut title = String::new();
    for (event, _) in events {
        match event {
            Event::End(TagEnd::Heading(_)) => break,
            Event::Text(text) | Event::Code(text) => title.push_str(&text),
            Event::SoftBreak | Event::HardBreak => title.push(' '),
            _ => {}
        }
    }
    let rest = format!("{}{}", body.get(..range.start)?, body.get(range.end..)?);
    let title = title.trim().to_owned();
    (!title.is_empty()).then(|| (title, rest.trim_start_matches('\n').to_owned()))
}

fn is_comment(event: &Event<'_>) -> bool {
    match event {
        Event::Html(html) => html.trim_start().starts_with("<!--"),
        Event::Start(Tag::HtmlBlock) | Event::End(TagEnd::HtmlBlock) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn strings(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn zola_is_read() {
        let document = parse(
            "+++\ntitle = \"A \\\"title\\\"\"\ndate = 2024-05-01T10:00:00Z\nupdated = 2024-06-01\npath = \"2024/05/01/a\"\naliases = [\"old.html\"]\n\
             authors = [\"Ada on behalf of the team, and others\"]\ndraft = true\ndescription = \"About\"\n[taxonomies]\ntags = [\"one\", \"two\"]\n\
             categories = [\"Notes\", \"More\"]\n[extra]\nimage = \"cover.png\"\nimage_alt = \"A cover\"\ncomments = false\n+++\n\n# Body\n",
        )
        .unwrap();
        assert_eq!(
            document,
            Document {
                title: Some("A \"title\"".into()),
                date: Some("2024-05-01T10:00:00Z".into()),
                publish: None,
                updated: Some("2024-06-01".into()),
                slug: None,
                path: Some("2024/05/01/a".into()),
                aliases: strings(&["old.html"]),
                authors: strings(&["Ada on behalf of the team, and others"]),
                draft: true,
                category: Some("Notes".into()),
                tags: strings(&["one", "two", "More"]),
                excerpt: Some("About".into()),
                cover: Some("cover.png".into()),
                cover_alt: Some("A cover".into()),
                comments: Some(false),
                headed: true,
                body: "# Body\n".into(),
            }
        );
    }

    #[test]
    fn jekyll_and_hugo_are_read() {
        let document = parse(
            "\u{FEFF}---\r\ntitle: \"It's: here\"\r\ndate: 2024-05-01 10:00:00 +0200\r\ncategories: [Notes]\r\ntags: a, b c\r\npublished: false\r\n\
             author:\r\n  name: Ada\r\nredirect_from:\r\n  - /old/\r\nimage:\r\n  path: /assets/c.jpg\r\n  alt: C\r\n---\r\nText\r\n",
        )
        .unwrap();
        assert_eq!(document.title.as_deref(), Some("It's: here"));
        assert_eq!(document.date.as_deref(), Some("2024-05-01T10:00:00+02:00"));
        assert_eq!((document.category.as_deref(), document.tags), (Some("Notes"), strings(&["a", "b c"])));
        assert!(document.draft);
        assert_eq!((document.authors, document.aliases), (strings(&["Ada"]), strings(&["/old/"])));
        assert_eq!((document.cover.as_deref(), document.cover_alt.as_deref()), (Some("/assets/c.jpg"), Some("C")));
        assert_eq!(document.body, "Text\n");
        let hugo =
            parse("---\ntitle: 2024\ndate: 2024-05-01\nlastmod: 2024-05-02T03:04:05Z\nslug: x\ntags: [1, two]\n---\n")
                .unwrap();
        assert_eq!(
            (hugo.title.as_deref(), hugo.date.as_deref(), hugo.slug.as_deref()),
            (Some("2024"), Some("2024-05-01"), Some("x"))
        );
        assert_eq!(hugo.tags, strings(&["1", "two"]));
    }

    #[test]
    fn files_without_a_header_begin_with_their_title() {
        let title = |text| parse(text).map(|document| (document.title, document.body)).unwrap();
        assert_eq!(title("# The *title*\n\nText\n"), (Some("The title".into()), "Text\n".into()));
        assert_eq!(title("<!-- x -->\n\nTitle\n=====\nText"), (Some("Title".into()), "<!-- x -->\n\nText".into()));
        assert_eq!(title("Text\n\n# Section\n"), (None, "Text\n\n# Section\n".into()));
        assert_eq!(title("## Section\n"), (None, "## Section\n".into()));
        assert_eq!(title("---\n\nProse\n\n---\n"), (None, "---\n\nProse\n\n---\n".into()));
        assert_eq!(title("---\ntags: []\n---\n# T\n"), (Some("T".into()), String::new()));
        assert_eq!(title("---\nNote to all: read on\n"), (None, "---\nNote to all: read on\n".into()));
        assert_eq!(title(""), (None, String::new()));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let error = |text| parse(text).unwrap_err().into_owned();
        assert!(error("+++\ntitle = \"a\"\ndate = = 1\n+++\n").starts_with("The front matter is not TOML: line 3: "));
        assert!(error("---\ntitle: a\ndate: [1\n---\n").starts_with("The front matter is not YAML: line "));
        assert_eq!(error("+++\ntitle = 'x'\n"), "The front matter begins with +++, but no line of +++ ends it.");
        assert_eq!(error("---\ntitle: x\n\nText\n"), "The front matter begins with ---, but no line of --- ends it.");
        assert_eq!(error("---\ntags:\n- x\n"), "The front matter begins with ---, but no line of --- ends it.");
        assert_eq!(error("---\ndraft: perhaps\n---\n"), "The front matter's “draft” should be true or false.");
        assert_eq!(error("---\ntitle: {a: b}\n---\n"), "The front matter's “title” should be a text.");
        assert_eq!(error("+++\n[[tags]]\nx = 1\n+++\n"), "The front matter's “tags” should be a list of texts.");
    }

    #[test]
    fn what_is_not_meant_to_be_public_is_a_draft() {
        let draft = |line: &str| parse(&format!("---\n{line}\n---\n")).unwrap().draft;
        for line in ["draft: true", "published: false", "status: draft", "status: Private", "status: pending"] {
            assert!(draft(line), "{line}");
        }
        for line in ["draft: false", "status: published", "published: 2024-05-01", "status: [x]", "title: draft"] {
            assert!(!draft(line), "{line}");
        }
        let hugo = parse("---\ndate: 2024-05-01\npublishDate: 2034-05-01\n---\n").unwrap();
        assert_eq!((hugo.date.as_deref(), hugo.publish.as_deref()), (Some("2024-05-01"), Some("2034-05-01")));
    }

    #[test]
    fn a_bomb_does_not_go_off() {
        let mut yaml = "---\na0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..30 {
            let alias = format!("*a{}, ", level - 1).repeat(9);
            yaml.push_str(&format!("a{level}: &a{level} [{}]\n", alias.trim_end_matches(", ")));
        }
        yaml.push_str("---\n");
        assert!(parse(&yaml).unwrap_err().contains("not YAML"));
        assert!(parse(&format!("---\na: {}\n---\n", "[".repeat(30_000))).is_err());
        assert!(parse(&format!("+++\na = {}\n+++\n", "[".repeat(30_000))).is_err());
        assert!(parse(&format!("+++\na = '{}'\n+++\n", "x".repeat(100_000))).is_err());
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(fence in prop::sample::select(vec!["+++", "---"]), header in "[ -~\n\t]{0,200}") {
            let _ = parse(&format!("{fence}\n{header}\n{fence}\nText"));
        }
    }
}
