//! Settings of the site that an administrator changes in the browser.

use crate::domain::media::Picture;
use crate::domain::text;
use crate::domain::time::Zone;
use crate::error::{Checked, FieldErrors, Result};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Most entries in the navigation.
pub const MAX_NAVIGATION: usize = 20;

/// What the site is called and how it behaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    pub title: String,
    #[serde(default)]
    pub tagline: String,
    /// Shown beside the title; `None` shows the program's own mark.
    #[serde(default)]
    pub logo: Option<Picture>,
    /// A name of the IANA database.
    pub time_zone: String,
    /// Posts on a list page, 1 to 100.
    pub posts_per_page: u16,
    /// Whether visitors may make accounts.
    pub signup_open: bool,
    #[serde(default)]
    pub navigation: Vec<NavItem>,
    /// BCP 47 tag of the language most posts are in, for the `lang` attribute.
    #[serde(default = "english")]
    pub language: String,
}

/// One link of the site's navigation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NavItem {
    pub label: String,
    /// A path below the base path, beginning with `/`, or an `http(s)` or `mailto` address.
    pub address: String,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            title: "Pamphlet".into(),
            tagline: String::new(),
            logo: None,
            time_zone: Zone::system_name().unwrap_or_else(|| "UTC".into()),
            posts_per_page: 10,
            signup_open: true,
            navigation: vec![
                NavItem { label: "Home".into(), address: "/".into() },
                NavItem { label: "Archive".into(), address: "/archive".into() },
            ],
            language: english(),
        }
    }
}

impl Settings {
    /// The zone in which times are shown; UTC if the name is no longer known.
    pub fn zone(&self) -> Zone {
        Zone::parse(&self.time_zone).unwrap_or_else(Zone::utc)
    }
}

/// The fields of the settings form, as typed.
#[derive(Debug, Clone, Default)]
pub struct SettingsPatch {
    pub title: String,
    pub tagline: String,
    pub time_zone: String,
    pub posts_per_page: String,
    pub signup_open: bool,
    /// One link a line: `Label | address`.
    pub navigation: String,
    pub language: String,
}

impl SettingsPatch {
    /// The form as it stands for stored settings.
    pub fn from_settings(settings: &Settings) -> SettingsPatch {
        SettingsPatch {
            title: settings.title.clone(),
            tagline: settings.tagline.clone(),
            time_zone: settings.time_zone.clone(),
            posts_per_page: settings.posts_per_page.to_string(),
            signup_open: settings.signup_open,
            navigation: navigation_text(&settings.navigation),
            language: settings.language.clone(),
        }
    }

    /// Checks every field; `logo` is kept from the stored settings or replaced by the caller.
    pub fn validate(&self, logo: Option<Picture>) -> Result<Settings> {
        let mut errors = FieldErrors::new();
        let title = errors.check("title", text::line(&self.title, 100));
        let tagline = errors.check("tagline", text::optional_line(&self.tagline, 200));
        let zone = errors.check("time_zone", time_zone(&self.time_zone));
        let per_page = errors.check("posts_per_page", posts_per_page(&self.posts_per_page));
        let navigation = errors.check("navigation", parse_navigation(&self.navigation));
        let language = errors.check("language", language(&self.language));
        errors.finish()?;
        Ok(Settings {
            title: title.unwrap_or_default(),
            tagline: tagline.unwrap_or_default(),
            logo,
            time_zone: zone.unwrap_or_default(),
            posts_per_page: per_page.unwrap_or(10),
            signup_open: self.signup_open,
            navigation: navigation.unwrap_or_default(),
            language: language.unwrap_or_else(english),
        })
    }
}

/// Checks the name of a time zone.
pub fn time_zone(text: &str) -> Checked<String> {
    let text = text.trim();
    match Zone::parse(text) {
        Some(_) => Ok(text.to_owned()),
        None => Err("Please choose a time zone such as Europe/Berlin.".into()),
    }
}

fn posts_per_page(text: &str) -> Checked<u16> {
    match text.trim().parse() {
        Ok(number @ 1..=100) => Ok(number),
        _ => Err("Please enter a number from 1 to 100.".into()),
    }
}

/// Checks a language tag (BCP 47); the error is a sentence for the form.
pub fn language(text: &str) -> Checked<String> {
    let text = text.trim();
    let subtag = |tag: &str| (1..=8).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let primary = text.split('-').next().unwrap_or("");
    let valid = text.len() <= 35
        && text.split('-').all(subtag)
        && (2..=3).contains(&primary.len())
        && primary.bytes().all(|byte| byte.is_ascii_alphabetic());
    if valid { Ok(text.to_owned()) } else { Err("Please enter a language tag such as en or pt-BR.".into()) }
}

fn parse_navigation(text: &str) -> Checked<Vec<NavItem>> {
    let mut items = Vec::new();
    for (line, number) in text.lines().map(str::trim).zip(1..).filter(|(line, _)| !line.is_empty()) {
        let wrong = |message: &str| Cow::Owned(format!("Line {number}: {message}"));
        let (label, address) = line.split_once('|').ok_or_else(|| wrong("please write it as Label | address."))?;
        let label = text::line(label, 40).map_err(|message| wrong(&message))?;
        let address = address.trim();
        if !is_safe_address(address) {
            return Err(wrong("the address begins with /, https://, http:// or mailto:."));
        }
        items.push(NavItem { label, address: address.to_owned() });
    }
    if items.len() > MAX_NAVIGATION {
        return Err(format!("At most {MAX_NAVIGATION} links.").into());
    }
    Ok(items)
}

fn navigation_text(items: &[NavItem]) -> String {
    items.iter().map(|item| format!("{} | {}\n", item.label, item.address)).collect()
}

fn is_safe_address(address: &str) -> bool {
    let plain = address.len() <= 500 && !address.chars().any(|c| c.is_whitespace() || text::is_hidden(c) || c == '\\');
    let local = address.starts_with('/') && !address.starts_with("//");
    plain && (local || ["https://", "http://", "mailto:"].iter().any(|scheme| address.starts_with(scheme)))
}

fn english() -> String {
    "en".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_stored_settings_gives_them_back() {
        let settings = Settings { time_zone: "Europe/Berlin".into(), ..Settings::default() };
        assert_eq!(SettingsPatch::from_settings(&settings).validate(None).unwrap(), settings);
    }

    #[test]
    fn links_cannot_run_scripts() {
        for bad in ["x", "x | javascript:alert(1)", "x | //evil.example", "x | data:text/html,1", "| /"] {
            assert!(parse_navigation(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_navigation("Home | /\n\nMail | mailto:a@example.org").unwrap().len(), 2);
    }
}
