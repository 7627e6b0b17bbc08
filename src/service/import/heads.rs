//! What is known of a file before its text is looked at.

use crate::content::front_matter::Document;
use crate::domain::settings;
use crate::domain::slug::Slug;
use crate::domain::time::{Timestamp, Zone};
use crate::service::import::addresses::{self, Address};
use crate::service::import::authors::Authors;
use crate::service::import::dates::{self, Written};
use crate::service::import::kinds::{self, Kind};
use crate::service::import::languages::Languages;
use crate::service::import::names::{self, Dated, Zones};
use crate::service::import::permalinks::Facts;
use crate::service::import::scan::Tree;
use crate::service::import::site::Site;
use jiff::civil::DateTime;
use sha2::{Digest, Sha256};
use std::fs;
use std::time::UNIX_EPOCH;

/// What is known of a file before its text is looked at.
pub struct Header {
    /// Its path below the root with `/`; under this name it is remembered.
    pub key: String,
    /// Front matter; its body is emptied, so that a thousand of them take little memory.
    pub document: Document,
    pub title: String,
    pub date: Timestamp,
    /// The date is a day without a time.
    pub day_only: bool,
    /// Neither front matter nor path nor name has a date.
    pub undated: bool,
    /// Not to be public: it says so, lies in a folder of drafts, or has no date.
    pub draft: bool,
    /// The language that its name or folder says, for a post beside others in another language.
    pub marked: Option<String>,
    pub language: Option<String>,
    /// The address asked for, before it is numbered.
    pub slug: Slug,
    /// Addresses it had, best first.
    pub addresses: Vec<Address>,
    /// A digest of the text alone, under which a file that was moved is known again.
    pub text: String,
    pub remarks: Vec<String>,
}

/// What reading a head came to.
pub enum Read {
    Head(Box<Header>),
    /// It is about the folder.
    About,
    /// The file is not a post but something of this kind.
    Other(&'static str),
}

/// What heads are read with.
pub struct Reader<'a> {
    pub tree: &'a Tree,
    pub site: &'a Site,
    pub languages: &'a Languages,
    pub authors: &'a Authors,
    pub permalink: Option<&'a str>,
    /// The zone and the language of the blog.
    pub zone: &'a Zone,
    pub language: &'a str,
    pub now: Timestamp,
}

impl Reader<'_> {
    /// Reads the head of a file. The error is a sentence for the report.
    pub fn read(&self, key: &str) -> Result<Read, String> {
        let path = self.site.path_of(key);
        let (_, mut document) = self.tree.read(key, &self.site.frame(&path))?;
        let name = key.rsplit('/').next().unwrap_or_default();
        if !document.headed && kinds::is_about_folder(name) {
            return Ok(Read::About);
        }
        let place = self.languages.place(kinds::stem(&path));
        let zones = Zones { blog: self.zone, site: self.site.zone.as_ref().unwrap_or(self.zone) };
        let named = if self.tree.is_named(key) { place.path.as_str() } else { "" };
        let dated = names::date(&document, named, &zones, self.now);
        let is_home = matches!(place.path.as_str(), "index" | "content/index" | "src/index" | "source/index");
        if is_home && dated.at.is_none() {
            return Ok(Read::Other("home page of the site"));
        }
        if kinds::kind(name) == Kind::Html && (!document.headed || dated.at.is_none()) {
            return Ok(Read::Other("HTML without a header or a date"));
        }
        let title = names::title(&document, named);
        let slug = names::slug(&document, named, &title);
        let language = document.language.take().map(|tag| tag.replace('_', "-")).or(place.language.clone());
        document.language = language.or_else(|| self.site.language.as_ref().map(|tag| tag.replace('_', "-")));
        let marked = place.language.filter(|tag| self.site.language.as_deref() != Some(tag));
        document.authors = self.authors.named(&document.authors);
        let body = std::mem::take(&mut document.body);
        let days = self.days(&dated);
        let facts =
            Facts { path: &place.path, document: &document, title: &title, days: &days, language: marked.as_deref() };
        let mut addresses = addresses::of(self.site, self.permalink, &self.local_path(&place.path), &facts);
        let hidden = self.is_hidden(&document, key, &zones);
        if hidden.is_some() {
            // A draft was at no address but those it asks for.
            addresses.retain(Address::is_asked_for);
        }
        let mut remarks = dated.remarks;
        if dated.at.is_none() && hidden.is_none() && remarks.is_empty() {
            remarks.push("It has no date, so it is a draft now.".to_owned());
        }
        remarks.extend(hidden.clone().flatten());
        Ok(Read::Head(Box::new(Header {
            key: key.to_owned(),
            day_only: dated.written.as_ref().is_some_and(|written| written.time.is_none()),
            undated: dated.at.is_none(),
            draft: hidden.is_some() || dated.at.is_none(),
            date: dated.at.unwrap_or_else(|| self.modified(key)),
            text: digest(&body),
            // One that is no tag stays out; one that is the blog's need not be said.
            language: document.language.clone().filter(|tag| tag != self.language && settings::language(tag).is_ok()),
            marked,
            title,
            slug,
            addresses,
            remarks,
            document,
        })))
    }

    /// The path below the imported folder, of a path below the root of the site.
    fn local_path(&self, path: &str) -> String {
        let below = self.site.path_of("");
        path.strip_prefix(&below).unwrap_or(path).to_owned()
    }

    /// The day of a date as written, and in the zone of the site where that is another.
    fn days(&self, dated: &Dated) -> Vec<DateTime> {
        let Some(written) = &dated.written else { return Vec::new() };
        let mut days = vec![written.local()];
        let utc = Zone::utc();
        let zone = self.site.zone.as_ref().unwrap_or(&utc);
        if let (Some(_), Some(at)) = (written.time, dated.at)
            && let Ok(local) = at.local_input(zone).parse::<DateTime>()
            && local.date() != written.date
        {
            days.push(local);
        }
        days
    }

    /// Why it is not public, with a remark where that may surprise.
    fn is_hidden(&self, document: &Document, key: &str, zones: &Zones<'_>) -> Option<Option<String>> {
        let expired = document.expires.as_deref().and_then(dates::read);
        let expired = expired.and_then(|written: Written| zones.moment(&written)).is_some_and(|at| at <= self.now);
        if expired {
            let text = document.expires.as_deref().unwrap_or_default();
            return Some(Some(format!("It was public until {text} and is a draft now.")));
        }
        (document.draft || self.is_among_drafts(key)).then_some(None)
    }

    /// Whether one of its folders, the one that is imported among them, is one of drafts.
    fn is_among_drafts(&self, key: &str) -> bool {
        let is_drafts = |name: &str| name == "_drafts" || name == "drafts";
        let root = self.tree.root.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        let folders = key.rsplit_once('/').map_or("", |(folders, _)| folders);
        is_drafts(&root) || folders.split('/').any(is_drafts)
    }

    fn modified(&self, key: &str) -> Timestamp {
        let file = self.tree.file_of(key);
        let time = fs::metadata(file).and_then(|metadata| metadata.modified()).unwrap_or(UNIX_EPOCH);
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap_or(0))
    }
}

/// A digest of the text; empty for a text without a word.
fn digest(body: &str) -> String {
    let text = body.trim();
    if text.is_empty() {
        return String::new();
    }
    Sha256::digest(text).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
