//! What `pamphlet try` begins with: an administrator and, unless unwanted, a blog to look at.

use crate::content::image;
use crate::content::markdown;
use crate::domain::actor::Role;
use crate::domain::category::{Category, Tag};
use crate::domain::comment::Comment;
use crate::domain::html::Html;
use crate::domain::id::{CategoryId, CommentId, PostId, UserId};
use crate::domain::media::{Media, MediaKind, file_name};
use crate::domain::post::{Kind, ValidPost};
use crate::domain::settings::{NavItem, Settings};
use crate::domain::slug::Slug;
use crate::domain::time::{Timestamp, Zone};
use crate::domain::token::{TokenScopes, ValidToken};
use crate::domain::user::{Password, User, Username, ValidNewUser};
use crate::error::{Checked, Error, Result};
use crate::service::users::Door;
use crate::service::writing::{self, Intent};
use crate::service::{App, media, passwords, random_token, tokens, users};
use crate::store::posts::Body;
use crate::store::{self, WriteTxn};
use rust_embed::Embed;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// bcrypt cost of a password that lives as long as the process; the first login raises it.
const QUICK_COST: u32 = 4;

/// The sample is not among the bundled files that are served.
#[derive(Embed)]
#[folder = "$CARGO_MANIFEST_DIR/assets/sample/"]
struct Folder;

/// What a throwaway blog holds beside its administrator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contents {
    Empty,
    Sample,
}

/// How to sign in to a throwaway blog.
pub struct Administrator {
    pub username: String,
    pub password: String,
    /// An API token with every scope.
    pub token: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SiteFile {
    title: String,
    tagline: String,
    time_zone: String,
    language: String,
    navigation: Vec<NavItem>,
    user: Vec<UserEntry>,
    category: Vec<CategoryEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserEntry {
    username: String,
    display_name: String,
    role: Role,
    #[serde(default)]
    bio: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CategoryEntry {
    name: String,
    slug: String,
    description: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Front {
    title: String,
    slug: Option<String>,
    date: toml::value::Datetime,
    authors: Vec<String>,
    category: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    excerpt: String,
    cover: Option<String>,
    #[serde(default)]
    cover_alt: String,
    #[serde(default)]
    draft: bool,
    #[serde(default = "yes")]
    comments: bool,
    #[serde(default)]
    page: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
struct CommentsFile {
    comment: Vec<CommentEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommentEntry {
    post: String,
    id: u64,
    author: String,
    /// After the publication of the post.
    minutes: u64,
    parent: Option<u64>,
    #[serde(default)]
    body: String,
    #[serde(default)]
    deleted: bool,
}

/// All of the sample, read.
struct Sample {
    site: SiteFile,
    posts: Vec<(Front, String)>,
    comments: Vec<CommentEntry>,
    images: Vec<(String, Media, Vec<u8>)>,
}

/// What the entries of the sample have become.
#[derive(Default)]
struct Made {
    users: HashMap<String, UserId>,
    categories: HashMap<String, CategoryId>,
    images: HashMap<String, Media>,
    posts: HashMap<String, (PostId, Timestamp)>,
}

/// Fills an empty store and says how to sign in.
///
/// Texts are stored unrendered: rendering them all would take longer than starting. Each is
/// rendered when it is first looked at, and all by `jobs::rerender`.
pub fn prepare(app: &App, contents: Contents) -> Result<Administrator> {
    let now = app.now();
    let password = random_token::<8>()?;
    let checked = Password::parse(&password).map_err(|message| Error::internal(message.into_owned()))?;
    let hash = passwords::hash_at(&checked, QUICK_COST)?;
    let administrator = account("admin", "Keeper")?;
    let secret = tokens::new_secret()?;
    let everything = ValidToken { name: "pamphlet try".into(), scopes: TokenScopes::all(), life: None };
    let sample = match contents {
        Contents::Empty => None,
        Contents::Sample => Some(Arc::new(read(now)?)),
    };
    let issued = app.store.write_blocking(move |txn| {
        match &sample {
            Some(sample) => fill(txn, sample, now)?,
            None => store::settings::put_settings(txn, &Settings::default())?,
        }
        let user = users::join(txn, Door::Setup, &administrator, Role::Administrator, Some(&hash), now)?;
        tokens::insert(txn, user.id, &secret, &everything, now)
    })?;
    Ok(Administrator { username: "admin".into(), password, token: issued.secret })
}

fn account(username: &str, display_name: &str) -> Result<ValidNewUser> {
    Ok(ValidNewUser {
        username: checked(Username::parse_any(username))?,
        display_name: display_name.to_owned(),
        email: None,
        password: Password::attempt(""),
    })
}

fn checked<T>(value: Checked<T>) -> Result<T> {
    value.map_err(|message| Error::internal(format!("the sample content is wrong: {message}")))
}

fn missing(what: &str) -> Error {
    Error::internal(format!("the sample content lacks “{what}”"))
}

fn read(now: Timestamp) -> Result<Sample> {
    let mut names: Vec<String> = Folder::iter().map(|name| name.into_owned()).collect();
    names.sort();
    let mut sample = Sample {
        site: toml_file("site.toml")?,
        posts: Vec::new(),
        comments: toml_file::<CommentsFile>("comments.toml")?.comment,
        images: Vec::new(),
    };
    for name in &names {
        if let Some(short) = name.strip_prefix("covers/") {
            sample.images.push(image(short, bytes(name)?, now)?);
        } else if name.starts_with("posts/") {
            sample.posts.push(post(&text(name)?)?);
        }
    }
    Ok(sample)
}

fn bytes(name: &str) -> Result<Vec<u8>> {
    Folder::get(name).map(|file| file.data.into_owned()).ok_or_else(|| missing(name))
}

fn text(name: &str) -> Result<String> {
    String::from_utf8(bytes(name)?).map_err(|cause| Error::Internal(Box::new(cause)))
}

fn toml_file<T: DeserializeOwned>(name: &str) -> Result<T> {
    parse_toml(&text(name)?)
}

fn parse_toml<T: DeserializeOwned>(text: &str) -> Result<T> {
    toml::from_str(text).map_err(|cause| Error::Internal(Box::new(cause)))
}

fn post(text: &str) -> Result<(Front, String)> {
    let (front, body) = text
        .strip_prefix("+++\n")
        .and_then(|rest| rest.split_once("\n+++\n"))
        .ok_or_else(|| missing("front matter"))?;
    Ok((parse_toml(front)?, body.trim().to_owned()))
}

/// The sample's images are as they should be: they are measured, not decoded.
fn image(name: &str, bytes: Vec<u8>, now: Timestamp) -> Result<(String, Media, Vec<u8>)> {
    let (kind, width, height) = image::measure(&bytes).ok_or_else(|| missing(name))?;
    let media = Media {
        id: media::content_id(&bytes),
        name: file_name(name, MediaKind::Image(kind)),
        kind: MediaKind::Image(kind),
        width,
        height,
        bytes: bytes.len() as u64,
        uploaded_by: UserId(0),
        uploaded_at: now,
    };
    Ok((name.to_owned(), media, bytes))
}

fn fill(txn: &WriteTxn<'_>, sample: &Sample, now: Timestamp) -> Result<()> {
    let mut made = Made::default();
    let site = &sample.site;
    store::settings::put_settings(
        txn,
        &Settings {
            title: site.title.clone(),
            tagline: site.tagline.clone(),
            time_zone: site.time_zone.clone(),
            language: site.language.clone(),
            navigation: site.navigation.clone(),
            ..Settings::default()
        },
    )?;
    for entry in &site.user {
        let new = account(&entry.username, &entry.display_name)?;
        let user = users::join(txn, Door::Invitation, &new, entry.role, None, now)?;
        store::users::replace(txn, &user, &User { bio: entry.bio.clone(), ..user.clone() })?;
        made.users.insert(entry.username.clone(), user.id);
    }
    for entry in &site.category {
        let (id, slug) = (store::categories::next_id(txn)?, checked(Slug::parse(&entry.slug))?);
        let (name, description) = (entry.name.clone(), entry.description.clone());
        made.categories.insert(name.clone(), id);
        store::categories::put(txn, &Category { id, slug, name, description })?;
    }
    for (name, media, bytes) in &sample.images {
        made.images.insert(name.clone(), store::media::insert(txn, media, bytes)?);
    }
    for (front, source) in &sample.posts {
        insert_post(txn, &mut made, front, source)?;
    }
    insert_comments(txn, &made, &sample.comments)
}

fn insert_post(txn: &WriteTxn<'_>, made: &mut Made, front: &Front, source: &str) -> Result<()> {
    let date = Timestamp::parse(&front.date.to_string(), &Zone::utc()).ok_or_else(|| missing("a date"))?;
    let kind = if front.page { Kind::Page } else { Kind::Post };
    let authors = front.authors.iter().map(|name| made.users.get(name).copied().ok_or_else(|| missing(name)));
    let authors = authors.collect::<Result<Vec<UserId>>>()?;
    let cover = front.cover.as_ref().map(|name| made.images.get(name).ok_or_else(|| missing(name))).transpose()?;
    let category = front.category.as_ref().map(|name| made.categories.get(name).ok_or_else(|| missing(name)));
    let valid = ValidPost {
        title: front.title.clone(),
        slug: front.slug.as_ref().map(|slug| checked(Slug::parse(slug))).transpose()?,
        source: with_images(source, &made.images),
        category: category.transpose()?.copied(),
        tags: checked(front.tags.iter().map(|name| Tag::from_name(name)).collect())?,
        excerpt: front.excerpt.clone(),
        comments_open: front.comments,
        published_at: (!front.draft).then(|| date.into()),
        cover: cover.map(|media| media.picture(front.cover_alt.clone())),
        language: None,
    };
    let first = authors.first().copied().ok_or_else(|| missing("an author"))?;
    let mut head = writing::blank(store::posts::next_id(txn)?, kind, first, date);
    head.version = 1;
    head.slug = writing::choose_slug(txn, &head, &valid)?;
    let intent = if front.draft { Intent::Unpublish } else { Intent::Publish };
    writing::apply(txn, &mut head, &valid, "", intent, date)?;
    head.authors = authors;
    let unrendered = Body { stamp: String::new(), html: Html::default() };
    store::posts::insert(txn, &head, &writing::revision(&head, &valid, Some(first), date), &unrendered)?;
    made.posts.insert(head.slug.to_string(), (head.id, date));
    Ok(())
}

/// `sample:NAME` becomes the address of that image.
fn with_images(source: &str, images: &HashMap<String, Media>) -> String {
    images.iter().fold(source.to_owned(), |text, (name, media)| {
        text.replace(&format!("(sample:{name}"), &format!("({}", media::source_address(media)))
    })
}

fn insert_comments(txn: &WriteTxn<'_>, made: &Made, entries: &[CommentEntry]) -> Result<()> {
    let mut placed: HashMap<u64, (CommentId, CommentId)> = HashMap::new();
    for entry in entries {
        let (post, published) = *made.posts.get(&entry.post).ok_or_else(|| missing(&entry.post))?;
        let author = *made.users.get(&entry.author).ok_or_else(|| missing(&entry.author))?;
        let parent = entry.parent.map(|id| placed.get(&id).copied().ok_or_else(|| missing("a parent"))).transpose()?;
        let id = store::ids::next_comment(txn)?;
        let thread = parent.map_or(id, |(_, thread)| thread);
        placed.insert(entry.id, (id, thread));
        let source = if entry.deleted { "" } else { entry.body.trim() };
        let body = if entry.deleted { Html::default() } else { markdown::comment(source) };
        let comment = Comment {
            id,
            post,
            thread,
            parent: parent.map(|(parent, _)| parent),
            author,
            created_at: published.plus(Duration::from_secs(entry.minutes * 60)),
            edited_at: None,
            deleted: entry.deleted,
            source: source.to_owned(),
            body,
        };
        store::comments::put(txn, &comment)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::domain::actor::Actor;
    use crate::service::{Clock, posts};

    fn app() -> App {
        let config = Config { bcrypt_cost: Some(10), ..Config::default() };
        let clock = Clock::fixed(Timestamp::parse("2026-11-01", &Zone::utc()).unwrap());
        App::in_memory(clock, config).unwrap()
    }

    #[test]
    fn every_sample_post_can_be_looked_at_and_the_administrator_is_signed_in() {
        let app = app();
        let administrator = prepare(&app, Contents::Sample).unwrap();
        let Some(Actor::Member(member)) = tokens::actor(&app, &administrator.token).unwrap() else {
            panic!("no token")
        };
        assert_eq!((member.role, member.username.as_str()), (Role::Administrator, "admin"));
        let txn = app.read().unwrap();
        let page = posts::home(&app, &txn, 1).unwrap();
        assert!(page.total >= 10, "{} posts", page.total);
        assert!(page.items.iter().any(|card| card.comments > 30), "a long conversation");
        assert!(page.items.iter().any(|card| card.head.cover.is_some()));
        for entry in read(app.now()).unwrap().posts {
            assert!(!with_images(&entry.1, &HashMap::new()).is_empty());
        }
        for card in page.items {
            let source = store::posts::revision(&txn, card.head.id, 1).unwrap().unwrap().source;
            assert!(!source.contains("sample:"), "{}", card.head.title);
        }
    }

    #[test]
    fn an_empty_blog_has_its_administrator_alone() {
        let app = app();
        prepare(&app, Contents::Empty).unwrap();
        let txn = app.read().unwrap();
        assert_eq!(posts::home(&app, &txn, 1).unwrap().total, 0);
        assert_eq!(store::users::count(&txn).unwrap(), 1);
        assert!(!crate::service::setup::is_needed(&txn).unwrap());
    }
}
