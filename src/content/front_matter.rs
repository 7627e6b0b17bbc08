//! Reads Markdown files with the headers of site generators.

use crate::content::header;
use crate::content::header::Header;
use crate::error::Checked;
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A Markdown file taken apart. Texts stand as written; whoever stores them checks them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    pub title: Option<String>,
    /// As written, in whatever form.
    pub date: Option<String>,
    /// From when on it is public, where that is said beside the date.
    pub publish: Option<String>,
    /// Until when it is public.
    pub expires: Option<String>,
    pub updated: Option<String>,
    /// The last part of the address.
    pub slug: Option<String>,
    /// The whole address the file had, for example `2024/05/01/hello`, or a pattern of it.
    pub path: Option<String>,
    /// Older addresses that led to it.
    pub aliases: Vec<String>,
    pub authors: Vec<String>,
    pub draft: bool,
    /// The first of them is the category of the post, the others become tags.
    pub categories: Vec<String>,
    pub tags: Vec<String>,
    pub excerpt: Option<String>,
    /// Address of an image or name of a file beside this one.
    pub cover: Option<String>,
    pub cover_alt: Option<String>,
    /// Whether comments are open, where it is said.
    pub comments: Option<bool>,
    pub language: Option<String>,
    /// Short texts of the header by their names in lower case, for patterns of addresses.
    pub fields: BTreeMap<String, String>,
    /// Whether there was any front matter.
    pub headed: bool,
    /// Markdown.
    pub body: String,
}

/// What the site says about a file besides its own header.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    /// Values of keys that the header leaves out.
    pub defaults: Map<String, Value>,
    /// Tags and categories in one text are parted by spaces, as Jekyll has it.
    pub words: bool,
}

/// Reads a file. Without a title in a header, a heading of the first level at the beginning is
/// the title and leaves the body. The error is a sentence that says where the header is wrong.
pub fn parse(text: &str, frame: &Frame) -> Checked<Document> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text).replace("\r\n", "\n");
    let (mut header, body) = header::split(&text)?;
    let headed = !header.is_empty();
    header.fill(&frame.defaults);
    let body = body.trim_start_matches('\n').to_owned();
    let mut document = Document { headed, body, ..read(&header, frame.words)? };
    if document.title.is_none()
        && let Some((title, rest)) = leading_title(&document.body)
    {
        document.title = Some(title);
        document.body = rest;
    }
    Ok(document)
}

fn read(header: &Header, words: bool) -> Checked<Document> {
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
    const DATE: &[&str] = &[
        "date",
        "publishDate",
        "publish_date",
        "pubDate",
        "pubDatetime",
        "publishedAt",
        "published_at",
        "datePublished",
        "created",
        "created_at",
        "createdAt",
        "published",
    ];
    const UPDATED: &[&str] = &[
        "updated",
        "lastmod",
        "last_modified_at",
        "modified",
        "updatedDate",
        "updated_at",
        "updatedAt",
        "modDatetime",
        "last_update.date",
    ];
    const PATH: &[&str] = &["path", "permalink", "url", "save_as"];
    let mut aliases = header.list(&["aliases"], false);
    aliases.extend(header.list(&["redirect_from"], false));
    aliases.extend(header.list(&["alias"], true));
    Ok(Document {
        title: header.text(&["title"]),
        date: DATE.iter().filter(|key| !header.is_flag(key)).find_map(|key| header.text(&[key])),
        publish: header.text(&["publishDate", "publish_date"]),
        expires: header.text(&["expiryDate", "expiry_date", "unpublishDate"]),
        updated: header.text(UPDATED),
        slug: header.text(&["slug"]),
        path: PATH.iter().filter(|key| !header.is_flag(key)).find_map(|key| header.text(&[key])),
        aliases,
        authors: header.list(&["authors", "author", "taxonomies.authors", "extra.authors", "extra.author"], false),
        draft: draft(header)?,
        categories: names(header, words, &["category", "categories", "taxonomies.categories"]),
        tags: names(header, words, &["tags", "tag", "taxonomies.tags"]),
        excerpt: header.text(&["description", "summary", "excerpt"]),
        cover: header.text(COVER),
        cover_alt: header.text(COVER_ALT),
        comments: header.flag(&["comments", "extra.comments"]).unwrap_or_default(),
        language: header.text(&["lang", "language", "locale"]),
        fields: header.short_texts(),
        headed: false,
        body: String::new(),
    })
}

/// Tags or categories under all of these keys, each once.
fn names(header: &Header, words: bool, keys: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for key in keys {
        let lone = header.lone_text(key).filter(|text| words && key.ends_with('s') && !text.contains(','));
        let found = match lone {
            Some(text) => text.split_whitespace().map(str::to_owned).collect(),
            None => header.list(&[key], true),
        };
        for name in found {
            let name = name.trim_start_matches('#').trim().to_owned();
            if !name.is_empty() && !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// Whatever says that not everybody may see it: `draft: true`, Jekyll's `published: false`,
/// Obsidian's `publish: false`, Docusaurus's `unlisted`, Hugo's `build`, Eleventy's
/// `permalink: false`, and a `status` of what nobody but its author sees.
fn draft(header: &Header) -> Checked<bool> {
    let says =
        |key: &'static str, answer| header.is_flag(key) && header.flag(&[key]).is_ok_and(|is| is == Some(answer));
    let hidden =
        ["published", "publish", "permalink", "build.render", "_build.render"].into_iter().any(|key| says(key, false));
    let kept = ["isDraft", "unlisted", "private", "headless"].into_iter().any(|key| says(key, true));
    let status = header.text(&["status"]).unwrap_or_default().to_lowercase();
    let unfinished = ["draft", "pending", "private", "unpublished", "hidden", "skip"].contains(&status.as_str());
    let build = ["build.render", "_build.render", "build.list", "_build.list"];
    let unbuilt = build.iter().any(|key| header.text(&[key]).is_some_and(|text| text == "never" || text == "link"));
    Ok(hidden || kept || unfinished || unbuilt || header.flag(&["draft"])?.unwrap_or(false))
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

/// The first words of a text, for one without a title: its first sentence, or as much of it as makes a title.
pub fn first_words(body: &str) -> Option<String> {
    const LONGEST: usize = 80;
    let mut text = String::new();
    for event in Parser::new_ext(body, Options::empty()) {
        match event {
            Event::Text(part) | Event::Code(part) => text.push_str(&part),
            Event::SoftBreak | Event::HardBreak => text.push(' '),
            Event::End(TagEnd::Paragraph | TagEnd::Heading(_)) if !text.trim().is_empty() => break,
            _ => {}
        }
    }
    let ends = |(at, c): (usize, char)| match c {
        '.' | '!' | '?' => {
            text.get(at + 1..).is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
        }
        c => matches!(c, '。' | '！' | '？'),
    };
    let end = text.char_indices().find(|found| ends(*found)).map_or(text.len(), |(at, c)| at + c.len_utf8());
    let sentence = text.get(..end)?.trim().trim_end_matches(['.', '。']);
    if sentence.chars().count() <= LONGEST {
        return (!sentence.is_empty()).then(|| sentence.to_owned());
    }
    let cut: String = sentence.chars().take(LONGEST).collect();
    let words = cut.rsplit_once(' ').map_or(cut.as_str(), |(words, _)| words);
    Some(format!("{}…", words.trim_end_matches([',', ';', ':', '，', '、'])))
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

    fn parse(text: &str) -> Checked<Document> {
        super::parse(text, &Frame::default())
    }

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
            Document { fields: BTreeMap::new(), ..document },
            Document {
                title: Some("A \"title\"".into()),
                date: Some("2024-05-01T10:00:00Z".into()),
                publish: None,
                expires: None,
                updated: Some("2024-06-01".into()),
                slug: None,
                path: Some("2024/05/01/a".into()),
                aliases: strings(&["old.html"]),
                authors: strings(&["Ada on behalf of the team, and others"]),
                draft: true,
                categories: strings(&["Notes", "More"]),
                tags: strings(&["one", "two"]),
                excerpt: Some("About".into()),
                cover: Some("cover.png".into()),
                cover_alt: Some("A cover".into()),
                comments: Some(false),
                language: None,
                fields: BTreeMap::new(),
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
        assert_eq!(document.date.as_deref(), Some("2024-05-01 10:00:00 +0200"));
        assert_eq!((document.categories, document.tags), (strings(&["Notes"]), strings(&["a", "b c"])));
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
        assert!(error("{\n  \"title\": \"a\",\n}\nText").starts_with("The front matter is not JSON: line 3: "));
    }

    #[test]
    fn what_is_not_meant_to_be_public_is_a_draft() {
        let draft = |line: &str| parse(&format!("---\n{line}\n---\n")).unwrap().draft;
        for line in [
            "draft: true",
            "draft: yes",
            "published: false",
            "publish: no",
            "unlisted: true",
            "permalink: false",
            "build: {render: never}",
            "_build: {render: false}",
            "build: {list: never}",
            "status: draft",
            "status: Private",
            "status: hidden",
        ] {
            assert!(draft(line), "{line}");
        }
        for line in [
            "draft: false",
            "status: published",
            "published: 2024-05-01",
            "status: [x]",
            "title: draft",
            "build: {render: always}",
        ] {
            assert!(!draft(line), "{line}");
        }
        let hugo = parse("---\ndate: 2024-05-01\npublishDate: 2034-05-01\n---\n").unwrap();
        assert_eq!((hugo.date.as_deref(), hugo.publish.as_deref()), (Some("2024-05-01"), Some("2034-05-01")));
    }

    #[test]
    fn headers_without_a_fence_and_in_json_are_read() {
        let read = |text| {
            let document = parse(text).unwrap();
            (document.title, document.date, document.tags, document.body)
        };
        let owls = |body: &str| {
            (Some("Owls".to_owned()), Some("2024-05-06".to_owned()), strings(&["a", "b"]), body.to_owned())
        };
        assert_eq!(read("title: Owls\ndate: 2024-05-06\ntags: [a, b]\n---\nThey hoot.\n"), owls("They hoot.\n"));
        assert_eq!(read("Title: Owls\nDate: 2024-05-06\nTags: a, b\n\nThey hoot.\n"), owls("They hoot.\n"));
        assert_eq!(read(":title: Owls\n:date: 2024-05-06\n:tags: a, b\n\nThey hoot.\n"), owls("They hoot.\n"));
        let json = "{\n\"title\": \"Owls\", \"date\": \"2024-05-06\", \"tags\": [\"a\", \"b\"]\n}\n\nThey hoot.\n";
        assert_eq!(read(json), owls("They hoot.\n"));
        assert_eq!(read(&format!("---json\n{json}---\nThey hoot.")).0, Some("Owls".into()));
        for text in ["{% raw %}\n", "{{< x >}}\n", "{\"a", "Note: this is text\n\nMore", "Title\n---\n\nText"] {
            assert!(!parse(text).unwrap().headed, "{text}");
        }
    }

    #[test]
    fn words_stay_as_they_are_and_lists_may_nest() {
        let text = "---\ntitle: No\nslug: 2024_01\ntags: [on, 0777, 1e3]\ncategories: [[Birds, Owls], [Night]]\nimage: {x: y}\n---\n";
        let document = parse(text).unwrap();
        assert_eq!((document.title.as_deref(), document.slug.as_deref()), (Some("No"), Some("2024_01")));
        assert_eq!(document.tags, strings(&["on", "0777", "1e3"]));
        assert_eq!((document.categories, document.cover), (strings(&["Birds", "Owls", "Night"]), None));
        let jekyll = Frame { words: true, ..Frame::default() };
        let document = super::parse("---\ncategory: two words\ntags: a b, c\ncategories: d e\n---\n", &jekyll).unwrap();
        assert_eq!(document.categories, strings(&["two words", "d", "e"]));
        assert_eq!(document.tags, strings(&["a b", "c"]));
    }

    #[test]
    fn a_bomb_does_not_go_off() {
        let mut yaml = "---\na0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..30 {
            let alias = format!("*a{}, ", level - 1).repeat(9);
            yaml.push_str(&format!("a{level}: &a{level} [{}]\n", alias.trim_end_matches(", ")));
        }
        yaml.push_str("---\n");
        assert!(parse(&yaml).unwrap_err().contains("more than"));
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
