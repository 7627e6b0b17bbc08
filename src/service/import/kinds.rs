//! Tells files by their names: Markdown, web pages, texts of other kinds, and what is not part of a blog.

/// Endings of Markdown files.
const MARKDOWN: [&str; 8] = ["md", "markdown", "mdown", "mkd", "mkdn", "mdwn", "mdtext", "mdx"];
/// Endings of texts that are not taken, with the name of their kind.
const OTHERS: [(&str, &str); 19] = [
    ("rst", "reStructuredText"),
    ("adoc", "AsciiDoc"),
    ("asciidoc", "AsciiDoc"),
    ("asc", "AsciiDoc"),
    ("org", "Org mode"),
    ("textile", "Textile"),
    ("rmd", "R Markdown"),
    ("qmd", "Quarto"),
    ("ipynb", "Jupyter notebook"),
    ("wiki", "MediaWiki"),
    ("mediawiki", "MediaWiki"),
    ("tex", "LaTeX"),
    ("txt", "plain text"),
    ("rtf", "RTF"),
    ("doc", "Word"),
    ("docx", "Word"),
    ("odt", "OpenDocument"),
    ("pug", "Pug"),
    ("haml", "Haml"),
];
/// Names under which people describe a folder of files.
const ABOUT_FOLDER: [&str; 16] = [
    "readme",
    "license",
    "licence",
    "copying",
    "notice",
    "changelog",
    "changes",
    "history",
    "contributing",
    "contributors",
    "authors",
    "code_of_conduct",
    "code-of-conduct",
    "security",
    "support",
    "pull_request_template",
];
/// Folders that hold the parts and the output of a site, never its posts.
const NO_POSTS: [&str; 8] =
    ["node_modules", "bower_components", "_site", "_layouts", "_includes", "_sass", "_data", "_plugins"];
/// The same, where they lie in the folder of a whole site.
const NO_POSTS_OF_SITE: [&str; 9] =
    ["themes", "archetypes", "scaffolds", "layouts", "vendor", "public", "resources", "output", "templates"];

/// What a file is by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Markdown,
    /// A post if it has a header with a date.
    Html,
    /// Possibly an export of another program.
    Data,
    /// A text that is not taken.
    Other(&'static str),
    /// Nothing that a person would take for a post.
    Nothing,
}

/// The kind of a file by its ending, in whatever case.
pub fn kind(name: &str) -> Kind {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    match ending.as_str() {
        ending if MARKDOWN.contains(&ending) => Kind::Markdown,
        "html" | "htm" => Kind::Html,
        "xml" | "json" => Kind::Data,
        ending => {
            OTHERS.iter().find(|(known, _)| *known == ending).map_or(Kind::Nothing, |(_, kind)| Kind::Other(kind))
        }
    }
}

/// The path without the ending of a Markdown file; `x.html.md` loses both.
pub fn stem(path: &str) -> &str {
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
    if kind(name) == Kind::Nothing {
        return path;
    }
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let stem = stem.strip_suffix(".html").unwrap_or(stem);
    let start = if folder.is_empty() { 0 } else { folder.len() + 1 };
    path.get(..start + stem.len()).unwrap_or(path)
}

/// Whether a folder of this name has no posts. `top`: it lies in the folder of a whole site.
pub fn has_no_posts(name: &str, top: bool) -> bool {
    NO_POSTS.contains(&name) || top && NO_POSTS_OF_SITE.contains(&name)
}

/// Whether a file is about the folder it lies in, in whatever language.
pub fn is_about_folder(name: &str) -> bool {
    let stem = stem(name).to_lowercase();
    let bare = stem.split('.').next().unwrap_or_default();
    ABOUT_FOLDER.contains(&bare)
}

/// What program an export is of, by the beginning of the file.
pub fn export(text: &str) -> Option<&'static str> {
    let has = |part: &str| text.contains(part);
    if has("<wp:wxr_version") || has("wordpress.org/export/") {
        Some("a WordPress export")
    } else if text.trim_start().starts_with('{') && has("\"db\"") && has("\"posts\"") {
        Some("a Ghost export")
    } else if has("<feed") && has("blogger.com") || has("tag:blogger.com") {
        Some("a Blogger export")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_tell_kinds() {
        for name in ["a.md", "B.MD", "c.mkd", "d.mdx", "e.Markdown"] {
            assert_eq!(kind(name), Kind::Markdown, "{name}");
        }
        assert_eq!(
            (kind("a.html"), kind("a.XML"), kind("a.png"), kind("md")),
            (Kind::Html, Kind::Data, Kind::Nothing, Kind::Nothing)
        );
        assert_eq!(kind("a.RST"), Kind::Other("reStructuredText"));
        assert_eq!(
            (stem("a/b.c/d.MD"), stem("a.html.md"), stem("a/b"), stem("x.png")),
            ("a/b.c/d", "a", "a/b", "x.png")
        );
        assert!(
            is_about_folder("README.zh-CN.md") && is_about_folder("CONTRIBUTING.md") && !is_about_folder("read.md")
        );
        assert!(has_no_posts("node_modules", false) && has_no_posts("public", true) && !has_no_posts("public", false));
    }

    #[test]
    fn exports_are_told() {
        assert_eq!(export("<rss xmlns:wp=\"http://wordpress.org/export/1.2/\">"), Some("a WordPress export"));
        assert_eq!(export("{\"db\":[{\"data\":{\"posts\":[]}}]}"), Some("a Ghost export"));
        assert_eq!(export("{\"posts\": []}"), None);
    }
}
