//! What the front matter, the path and the name of a file say about its title, date and address.

use crate::content::front_matter::Document;
use crate::domain::slug::Slug;
use crate::domain::time::{Timestamp, Zone};
use percent_encoding::percent_decode_str;

/// The file's name without its ending; of `name/index.md` the folder's.
pub fn name_of(key: &str) -> String {
    let mut parts = key.rsplit('/');
    let file = parts.next().unwrap_or_default();
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let name = if stem == "index" { parts.next().unwrap_or(stem) } else { stem };
    // `roadmap@1` is how a flat folder keeps two files of one name apart.
    match name.rsplit_once('@') {
        Some((before, number)) if !before.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            before.to_owned()
        }
        _ => name.to_owned(),
    }
}

/// `2015-09-17-hello` is a date and a name.
fn split_date(name: &str) -> Option<(String, &str)> {
    let (date, rest) = (name.get(..10)?, name.get(10..)?);
    let shape = date
        .bytes()
        .enumerate()
        .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() });
    let ends = rest.is_empty() || rest.starts_with(['-', '_', ' ']);
    (shape && ends).then(|| (date.to_owned(), rest.trim_start_matches(['-', '_', ' '])))
}

/// `2015-09-17-hello` without its date.
pub fn undated(name: &str) -> &str {
    split_date(name).map_or(name, |(_, rest)| rest)
}

/// `2015/09/17/name` anywhere in a path.
fn date_in_path(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    parts.windows(3).find_map(|window| {
        let [year, month, day] = window else { return None };
        let digits = |text: &str, most: usize| {
            (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        (year.len() == 4 && digits(year, 4) && digits(month, 2) && digits(day, 2))
            .then(|| format!("{year}-{month:0>2}-{day:0>2}"))
    })
}

/// Words for a file that has no title.
pub fn title_of_name(name: &str) -> String {
    let rest = split_date(name).map_or(name, |(_, rest)| if rest.is_empty() { name } else { rest });
    rest.replace(['-', '_'], " ")
}

/// The address asked for: of the front matter, then of the file's name, then of the title.
pub fn slug(document: &Document, key: &str, title: &str) -> Slug {
    let of_path = document.path.as_deref().and_then(|path| path.trim_end_matches('/').rsplit('/').next());
    let of_path = of_path.map(|part| part.strip_suffix(".html").unwrap_or(part).to_owned());
    let name = name_of(key);
    let of_name = split_date(&name).map_or(name.as_str(), |(_, rest)| rest).to_owned();
    [document.slug.clone(), of_path, Some(of_name), Some(title.to_owned()), Some("post".into())]
        .into_iter()
        .flatten()
        .find_map(|text| Slug::from_title(&decoded(&text)))
        // The last of them always gives one.
        .unwrap_or_else(|| slug(document, "post.md", "post"))
}

/// When it was published, wherever that is said, or will be: a time to come counts before a past
/// one. An error: it is said and makes no sense.
pub fn date(document: &Document, key: &str, zone: &Zone, now: Timestamp) -> Result<Option<Timestamp>, String> {
    let publish = said(document.publish.as_deref(), zone)?;
    if publish.is_some_and(|publish| publish > now) {
        return Ok(publish);
    }
    if let Some(date) = said(document.date.as_deref(), zone)? {
        return Ok(Some(date));
    }
    let of_name = || key.rsplit('/').take(2).find_map(|part| split_date(part.strip_suffix(".md").unwrap_or(part)));
    let day = document
        .path
        .as_deref()
        .and_then(date_in_path)
        .or_else(|| of_name().map(|(day, _)| day))
        .or_else(|| date_in_path(key));
    Ok(day.and_then(|day| moment(&day, zone)))
}

fn said(text: Option<&str>, zone: &Zone) -> Result<Option<Timestamp>, String> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(None) };
    moment(text, zone).map(Some).ok_or_else(|| format!("Its date “{text}” cannot be read."))
}

/// A day without a time is taken as its noon: it stays the same day when the blog's zone changes.
pub fn moment(text: &str, zone: &Zone) -> Option<Timestamp> {
    let text = text.trim();
    let zoned = text.replace(" +", "+").replace(" -", "-").replace(" UTC", "Z").replace(" Z", "Z");
    if text.len() == 10 {
        return Timestamp::parse(&format!("{text}T12:00"), zone);
    }
    Timestamp::parse(text, zone).or_else(|| Timestamp::parse(&zoned, zone))
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Addresses that the front matter names, each in its one form.
pub fn old_paths(document: &Document) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for text in document.path.iter().chain(&document.aliases) {
        let path = text
            .split_once("://")
            .map_or(text.as_str(), |(_, rest)| rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"));
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let path = format!("/{}", decoded(path).trim_matches('/'));
        if path != "/" && !paths.contains(&path) {
            paths.push(path);
        }
    }
    paths
}

/// Addresses that site generators make by themselves: of the path, and for a name with a date as
/// Jekyll has it.
pub fn default_paths(key: &str) -> Vec<String> {
    let stem = key.strip_suffix(".markdown").or_else(|| key.strip_suffix(".md")).unwrap_or(key);
    let path = if stem == "index" { "" } else { stem.strip_suffix("/index").unwrap_or(stem) };
    if path.is_empty() {
        return Vec::new();
    }
    let mut paths = vec![format!("/{path}")];
    let name = path.rsplit('/').next().unwrap_or_default();
    if let Some((date, rest)) = split_date(name).filter(|(_, rest)| !rest.is_empty()) {
        let dated = format!("/{}/{rest}", date.replace('-', "/"));
        paths.extend([format!("{dated}.html"), dated]);
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(path: Option<&str>, slug: Option<&str>, date: Option<&str>) -> Document {
        Document {
            path: path.map(Into::into),
            slug: slug.map(Into::into),
            date: date.map(Into::into),
            ..Document::default()
        }
    }

    #[test]
    fn slugs_come_from_front_matter_then_path_then_name() {
        let slug = |path, given, key| slug(&document(path, given, None), key, "The Title").to_string();
        assert_eq!(slug(Some("2021/08/03/Push"), Some("Given"), "a.md"), "given");
        assert_eq!(slug(Some("2021/08/03/Push.html"), None, "a.md"), "push");
        assert_eq!(slug(Some("2017/02/06/roadmap/"), None, "roadmap@0.md"), "roadmap");
        assert_eq!(slug(None, None, "roadmap@0.md"), "roadmap");
        assert_eq!(slug(None, None, "posts/2015-09-17-Hello_World.md"), "hello_world");
        assert_eq!(slug(None, None, "posts/Trip/index.md"), "trip");
        assert_eq!(slug(None, None, "2015-09-17.md"), "the-title");
        assert_eq!(slug(None, None, "index.md"), "index");
        assert_eq!(slug(None, None, "!!!.md"), "the-title");
    }

    #[test]
    fn dates_come_from_front_matter_then_path_then_name() {
        let day = |path, given, key| {
            date(&document(path, None, given), key, &Zone::utc(), Timestamp::from_ms(0))
                .unwrap()
                .map(|time| time.rfc3339()[..10].to_owned())
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(day(Some("2021/08/03/x"), Some("2020-01-02"), "2015-09-17-x.md"), some("2020-01-02"));
        assert_eq!(day(Some("2021/8/3/x"), None, "2015-09-17-x.md"), some("2021-08-03"));
        assert_eq!(day(None, None, "2015-09-17-x.md"), some("2015-09-17"));
        assert_eq!(day(None, None, "2015-09-17-x/index.md"), some("2015-09-17"));
        assert_eq!(day(None, None, "2015/09/17/x.md"), some("2015-09-17"));
        assert_eq!(day(None, None, "x.md"), None);
        assert_eq!(day(None, Some("2015-09-17 10:00:00 +0200"), "x.md"), some("2015-09-17"));
        assert!(date(&document(None, None, Some("yesterday")), "x.md", &Zone::utc(), Timestamp::from_ms(0)).is_err());
    }

    #[test]
    fn generators_addresses_follow_from_the_path() {
        assert_eq!(default_paths("blog/bundle/index.md"), ["/blog/bundle"]);
        assert_eq!(default_paths("blog/Note.markdown"), ["/blog/Note"]);
        assert_eq!(default_paths("2024-01-02.md"), ["/2024-01-02"]);
        assert_eq!(
            default_paths("_posts/2024-01-02-hello.md"),
            ["/_posts/2024-01-02-hello", "/2024/01/02/hello.html", "/2024/01/02/hello"]
        );
        assert_eq!(default_paths("index.md"), Vec::<String>::new());
    }

    #[test]
    fn old_addresses_have_one_form() {
        let mut document = document(Some("2021/08/03/x/"), None, None);
        document.aliases =
            ["/a%20b", "https://example.org/c?d#e", "2021/08/03/x", "/", "x.html"].map(Into::into).into();
        assert_eq!(old_paths(&document), ["/2021/08/03/x", "/a b", "/c", "/x.html"]);
    }
}
