//! What the header, the path and the name of a file say about its title, date and last part of the address.

use crate::content::front_matter::{self, Document};
use crate::domain::slug::Slug;
use crate::domain::time::{Timestamp, Zone};
use crate::service::import::dates::{self, Written};
use percent_encoding::percent_decode_str;

/// The name of a file by its path without ending; of `name/index` the folder's.
pub fn name_of(path: &str) -> String {
    let mut parts = path.rsplit('/');
    let stem = parts.next().unwrap_or_default();
    let name = if stem == "index" { parts.next().unwrap_or(stem) } else { stem };
    // `roadmap@1` is how a flat folder keeps two files of one name apart.
    match name.rsplit_once('@') {
        Some((before, number)) if !before.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            before.to_owned()
        }
        _ => name.to_owned(),
    }
}

/// The name without the date that it begins with, if it has a letter: numbers name nothing.
fn words_of(name: &str) -> Option<&str> {
    Some(undated(name)).filter(|words| words.chars().any(char::is_alphabetic))
}

/// A name without the date that it begins with.
pub fn undated(name: &str) -> &str {
    dates::of_name(name).map_or(name, |(_, rest)| rest)
}

/// The title: of the header or the heading of the text, of the name, or the first words of the text.
pub fn title(document: &Document, path: &str) -> String {
    if let Some(title) = &document.title {
        return title.clone();
    }
    let name = name_of(path);
    let of_name = words_of(&name).map(|words| words.replace(['-', '_'], " "));
    of_name.or_else(|| front_matter::first_words(&document.body)).unwrap_or(name)
}

/// The address asked for: of the header, then of the file's name, then of the title.
pub fn slug(document: &Document, path: &str, title: &str) -> Slug {
    let last = |path: &str| path.trim_end_matches('/').rsplit('/').next().map(str::to_owned);
    let is_pattern = |path: &&str| path.contains([':', '{']) && !path.contains("://");
    let asked = document.path.as_deref().filter(|path| !is_pattern(path));
    let asked = asked.map(|path| path.trim_end_matches("index.html").trim_end_matches(".html")).and_then(last);
    let of_name = words_of(&name_of(path)).map(str::to_owned);
    [document.slug.as_deref().and_then(last), asked, of_name, Some(title.to_owned()), Some(name_of(path))]
        .into_iter()
        .flatten()
        .find_map(|text| Slug::from_title(&decoded(&text)))
        .unwrap_or_else(|| slug(&Document::default(), "post", "post"))
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// When a file was or will be published.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Dated {
    pub at: Option<Timestamp>,
    pub written: Option<Written>,
    /// Sentences about dates that cannot be read.
    pub remarks: Vec<String>,
}

/// Zones in which dates count that name none.
pub struct Zones<'a> {
    /// That of the blog: for days.
    pub blog: &'a Zone,
    /// That of the old site: for times.
    pub site: &'a Zone,
}

impl Zones<'_> {
    /// The moment of a written date.
    pub fn moment(&self, written: &Written) -> Option<Timestamp> {
        written.at(if written.time.is_some() { self.site } else { self.blog })
    }
}

/// The date of the header, else that of an address in it, of the path or of the name. A future
/// publication time takes precedence over a past date.
pub fn date(document: &Document, path: &str, zones: &Zones<'_>, now: Timestamp) -> Dated {
    let mut dated = Dated::default();
    let mut said = |text: Option<&str>| {
        let text = text.filter(|text| !text.trim().is_empty())?;
        let written = dates::read(text).and_then(|written| Some((zones.moment(&written)?, written)));
        if written.is_none() {
            dated.remarks.push(format!("Its date “{}” cannot be read", text.trim()));
        }
        written
    };
    let publish = said(document.publish.as_deref()).filter(|(at, _)| *at > now);
    let unread = document.date != document.publish;
    let date = publish.or_else(|| if unread { said(document.date.as_deref()) } else { said_again(document, zones) });
    let named = || {
        let day = document.path.as_deref().and_then(dates::of_path).or_else(|| dates::of_path(path))?;
        let written = Written::day(day);
        Some((zones.moment(&written)?, written))
    };
    let is_said = date.is_some();
    if let Some((at, written)) = date.or_else(named) {
        dated.at = Some(at);
        dated.written = Some(written);
    }
    let outcome = match (is_said, dated.at) {
        (true, _) => "; its other date counts.",
        (false, Some(_)) => "; the date of its name counts.",
        (false, None) => ", so it is a draft now.",
    };
    dated.remarks.iter_mut().for_each(|remark| remark.push_str(outcome));
    dated
}

fn said_again(document: &Document, zones: &Zones<'_>) -> Option<(Timestamp, Written)> {
    let written = dates::read(document.date.as_deref()?)?;
    Some((zones.moment(&written)?, written))
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
    fn slugs_come_from_the_header_then_the_name_then_the_title() {
        let slug = |path, given, key| slug(&document(path, given, None), key, "The Title").to_string();
        assert_eq!(slug(Some("2021/08/03/Push"), Some("Given"), "a"), "given");
        assert_eq!(slug(Some("2021/08/03/Push.html"), None, "a"), "push");
        assert_eq!(slug(Some("/push/index.html"), None, "a"), "push");
        assert_eq!(slug(Some("/:categories/:title/"), None, "a"), "a");
        assert_eq!(slug(None, Some("/2024/given"), "a"), "given");
        assert_eq!(slug(Some("2017/02/06/roadmap/"), None, "roadmap@0"), "roadmap");
        assert_eq!(slug(None, None, "roadmap@0"), "roadmap");
        assert_eq!(slug(None, None, "posts/2015-09-17-Hello_World"), "hello_world");
        assert_eq!(slug(None, None, "posts/Trip/index"), "trip");
        for unnamed in ["2015-09-17", "2015/09/17/1/index", "!!!"] {
            assert_eq!(slug(None, None, unnamed), "the-title", "{unnamed}");
        }
        assert_eq!(slug(None, None, "index"), "index");
    }

    #[test]
    fn a_title_comes_from_the_name_or_the_first_words() {
        let title = |body: &str, path| title(&Document { body: body.into(), ..Document::default() }, path);
        assert_eq!(title("Text", "2024-05-06-my_first-owl"), "my first owl");
        assert_eq!(title("Today *I* saw an owl. It hooted.", "2024/05/06/1/index"), "Today I saw an owl");
        assert_eq!(title("", "2024-05-06"), "2024-05-06");
    }

    #[test]
    fn dates_come_from_the_header_then_the_path_then_the_name() {
        let utc = Zone::utc();
        let zones = Zones { blog: &utc, site: &utc };
        let dated = |path, given, key| date(&document(path, None, given), key, &zones, Timestamp::from_ms(0));
        let day = |path, given, key| dated(path, given, key).at.map(|time| time.rfc3339()[..10].to_owned());
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(day(Some("2021/08/03/x"), Some("2020-01-02"), "2015-09-17-x"), some("2020-01-02"));
        assert_eq!(day(Some("2021/8/3/x"), None, "2015-09-17-x"), some("2021-08-03"));
        assert_eq!(day(None, None, "2015-09-17-x"), some("2015-09-17"));
        assert_eq!(day(None, None, "2015-09-17-x/index"), some("2015-09-17"));
        assert_eq!(day(None, None, "x"), None);
        let remarks = |given, key| dated(None, Some(given), key).remarks;
        assert_eq!(remarks("Maj 6 2024", "x"), ["Its date “Maj 6 2024” cannot be read, so it is a draft now."]);
        assert_eq!(
            remarks("2023-02-29", "2023-03-01-x"),
            ["Its date “2023-02-29” cannot be read; the date of its name counts."]
        );
        let document = Document { publish: some("soon"), ..document(None, None, Some("2020-01-02")) };
        let dated = date(&document, "x", &zones, Timestamp::from_ms(0));
        assert_eq!((dated.at.is_some(), dated.remarks.len()), (true, 1));
    }
}
