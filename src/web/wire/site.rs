//! Categories, tags, settings and redirects as programs see them.

use crate::domain::category;
use crate::domain::link::Links;
use crate::domain::settings;
use crate::error::{Error, Result};
use crate::service::settings::LogoChange;
use crate::web::wire::media::Picture;
use async_graphql::{ID, InputObject, SimpleObject};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The category of a post.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CategoryName {
    #[schema(example = "field-notes")]
    pub slug: String,
    #[schema(example = "Field notes")]
    pub name: String,
    pub url: String,
}

impl CategoryName {
    pub fn new(category: &category::Category, links: &Links) -> CategoryName {
        CategoryName {
            slug: category.slug.to_string(),
            name: category.name.clone(),
            url: links.category(&category.slug),
        }
    }
}

/// What posts are about; a post has at most one.
#[derive(Debug, Clone, Serialize, SimpleObject, ToSchema)]
#[graphql(complex, serial)]
pub struct Category {
    #[schema(value_type = String, example = "2")]
    pub id: ID,
    #[schema(example = "field-notes")]
    pub slug: String,
    #[schema(example = "Field notes")]
    pub name: String,
    /// Plain text, shown above the list of its posts.
    pub description: String,
    /// Address of the list of its posts, beginning with `/`.
    pub url: String,
}

impl Category {
    pub fn new(category: &category::Category, links: &Links) -> Category {
        Category {
            id: category.id.to_string().into(),
            slug: category.slug.to_string(),
            name: category.name.clone(),
            description: category.description.clone(),
            url: links.category(&category.slug),
        }
    }
}

/// What can be written of a category.
#[derive(Debug, Clone, Serialize, Deserialize, InputObject, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CategoryInput {
    #[schema(max_length = 60, example = "Field notes")]
    pub name: String,
    /// Null or empty: made from the name.
    #[serde(default)]
    pub slug: Option<String>,
    #[schema(max_length = 500)]
    #[serde(default)]
    #[graphql(default)]
    pub description: String,
}

impl CategoryInput {
    /// What would have to be written to have a category as it is.
    pub fn of(category: &category::Category) -> CategoryInput {
        CategoryInput {
            name: category.name.clone(),
            slug: Some(category.slug.to_string()),
            description: category.description.clone(),
        }
    }
}

impl From<CategoryInput> for category::CategoryInput {
    fn from(input: CategoryInput) -> category::CategoryInput {
        category::CategoryInput {
            name: input.name,
            slug: input.slug.unwrap_or_default(),
            description: input.description,
        }
    }
}

/// A word a post is filed under; it exists as long as a post carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, SimpleObject, ToSchema)]
#[graphql(complex, serial)]
pub struct Tag {
    #[schema(example = "owls")]
    pub slug: String,
    #[schema(example = "Owls")]
    pub name: String,
    /// Address of the list of its posts, beginning with `/`.
    pub url: String,
}

impl Tag {
    pub fn new(tag: &category::Tag, links: &Links) -> Tag {
        Tag { slug: tag.slug.to_string(), name: tag.name.clone(), url: links.tag(tag) }
    }
}

/// Settings of the site.
#[derive(Debug, Clone, Serialize, SimpleObject, ToSchema)]
#[graphql(complex, serial)]
pub struct Settings {
    #[schema(example = "Field notes")]
    pub title: String,
    pub tagline: String,
    pub logo: Option<Picture>,
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
    #[schema(minimum = 1, maximum = 100)]
    pub posts_per_page: u16,
    /// Whether visitors may make accounts.
    pub signup_open: bool,
    /// Links at the top of every page.
    pub navigation: Vec<NavItem>,
    /// A language tag as RFC 5646 has it.
    #[schema(example = "en")]
    pub language: String,
}

/// A link at the top of every page.
#[derive(Debug, Clone, Serialize, Deserialize, SimpleObject, InputObject, ToSchema)]
#[serde(deny_unknown_fields)]
#[graphql(input_name = "NavItemInput")]
pub struct NavItem {
    #[schema(max_length = 40, example = "Archive")]
    pub label: String,
    #[schema(example = "/archive")]
    pub address: String,
}

impl Settings {
    pub fn new(settings: &settings::Settings, links: &Links) -> Settings {
        Settings {
            title: settings.title.clone(),
            tagline: settings.tagline.clone(),
            logo: settings.logo.as_ref().map(|logo| Picture::new(logo, links)),
            time_zone: settings.time_zone.clone(),
            posts_per_page: settings.posts_per_page,
            signup_open: settings.signup_open,
            navigation: navigation(settings),
            language: settings.language.clone(),
        }
    }
}

/// What can be written of the settings.
#[derive(Debug, Clone, Serialize, Deserialize, InputObject, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingsInput {
    #[schema(max_length = 100, example = "Field notes")]
    #[graphql(default)]
    pub title: String,
    #[serde(default)]
    #[schema(max_length = 200)]
    #[graphql(default)]
    pub tagline: String,
    /// The `id` of an uploaded image; null: no logo.
    #[serde(default)]
    pub logo: Option<String>,
    #[schema(example = "Europe/Berlin")]
    #[graphql(default)]
    pub time_zone: String,
    #[schema(minimum = 1, maximum = 100, example = 10)]
    #[graphql(default)]
    pub posts_per_page: u16,
    #[graphql(default)]
    pub signup_open: bool,
    #[schema(max_items = 20)]
    #[graphql(default)]
    pub navigation: Vec<NavItem>,
    #[schema(example = "en")]
    #[graphql(default)]
    pub language: String,
}

impl SettingsInput {
    /// What would have to be written to have the settings as they are.
    pub fn of(settings: &settings::Settings) -> SettingsInput {
        SettingsInput {
            title: settings.title.clone(),
            tagline: settings.tagline.clone(),
            logo: settings.logo.as_ref().map(|logo| logo.media.to_string()),
            time_zone: settings.time_zone.clone(),
            posts_per_page: settings.posts_per_page,
            signup_open: settings.signup_open,
            navigation: navigation(settings),
            language: settings.language.clone(),
        }
    }
}

impl SettingsInput {
    /// In the words of the domain.
    pub fn typed(self) -> Result<(settings::SettingsPatch, LogoChange)> {
        let mut lines = String::new();
        for (number, item) in self.navigation.iter().enumerate() {
            if item.label.contains(['|', '\n', '\r']) || item.address.contains(['\n', '\r']) {
                return Err(Error::field(
                    format!("navigation[{number}]"),
                    "A label has no | and neither has a line break.",
                ));
            }
            lines.push_str(&format!("{} | {}\n", item.label, item.address));
        }
        let patch = settings::SettingsPatch {
            title: self.title,
            tagline: self.tagline,
            time_zone: self.time_zone,
            posts_per_page: self.posts_per_page.to_string(),
            signup_open: self.signup_open,
            navigation: lines,
            language: self.language,
        };
        Ok((patch, self.logo.map_or(LogoChange::Remove, LogoChange::Use)))
    }
}

fn navigation(settings: &settings::Settings) -> Vec<NavItem> {
    let item = |item: &settings::NavItem| NavItem { label: item.label.clone(), address: item.address.clone() };
    settings.navigation.iter().map(item).collect()
}

/// An address that content once had and what it leads to.
#[derive(Debug, Clone, Serialize, SimpleObject, ToSchema)]
#[graphql(serial)]
pub struct Redirect {
    /// The old address below the base path, percent-decoded.
    #[schema(example = "/posts/owls")]
    pub path: String,
    /// Where it leads now, beginning with `/`.
    #[schema(example = "/posts/owls-at-night")]
    pub url: String,
}
