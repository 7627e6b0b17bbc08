//! Writes of posts, pages, comments and categories: the same alone and in a batch.

use crate::domain::actor::Actor;
use crate::domain::id::{CategoryId, CommentId, PostId, UserId};
use crate::domain::link::Links;
use crate::domain::post::{Kind, PostHead};
use crate::domain::user;
use crate::error::{Error, FieldErrors, Result};
use crate::service::change::{Change, Seen};
use crate::service::{categories, comments, media, posts, users, writing};
use crate::web::Site;
use crate::web::api::resource::{CategoryResource, PostResource};
use crate::web::response;
use crate::web::strict;
use crate::web::variants;
use crate::web::wire::comments::{Comment, CommentInput, CommentPatch};
use crate::web::wire::media::Media;
use crate::web::wire::people::User;
use crate::web::wire::posts::PostInput;
use crate::web::wire::site::{Category, CategoryInput};
use bytes::Bytes;
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};
use utoipa::ToSchema;

/// What is asked for.
pub struct Call {
    pub method: Method,
    /// The decoded segments below `/api/v1`.
    pub path: Vec<String>,
    pub if_match: Option<String>,
    pub body: Option<Value>,
    /// What is wrong with the types of its members, once they are read.
    pub faults: Mutex<FieldErrors>,
}

/// What came of it: enough to answer again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Post { id: u64 },
    Comment { post: u64, id: u64 },
    Category { id: u64 },
    Media { id: String },
    User { id: u64 },
    Gone,
}

impl Outcome {
    /// What it is called.
    pub fn noun(&self) -> &'static str {
        match self {
            Outcome::Post { .. } => "post",
            Outcome::Comment { .. } => "comment",
            Outcome::Category { .. } => "category",
            Outcome::Media { .. } => "image",
            Outcome::User { .. } => "account",
            Outcome::Gone => "thing",
        }
    }

    /// In a few bytes, for a receipt.
    pub fn text(&self) -> String {
        match self {
            Outcome::Post { id } => format!("p{id}"),
            Outcome::Comment { post, id } => format!("c{post}.{id}"),
            Outcome::Category { id } => format!("k{id}"),
            Outcome::Media { id } => format!("m{id}"),
            Outcome::User { id } => format!("u{id}"),
            Outcome::Gone => "-".into(),
        }
    }

    /// What `text` wrote.
    pub fn parse(text: &str) -> Option<Outcome> {
        let (noun, rest) = text.split_at_checked(1)?;
        Some(match noun {
            "p" => Outcome::Post { id: rest.parse().ok()? },
            "c" => {
                let (post, id) = rest.split_once('.')?;
                Outcome::Comment { post: post.parse().ok()?, id: id.parse().ok()? }
            }
            "k" => Outcome::Category { id: rest.parse().ok()? },
            "m" => Outcome::Media { id: rest.into() },
            "u" => Outcome::User { id: rest.parse().ok()? },
            _ => Outcome::Gone,
        })
    }
}

/// Which category takes the posts.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeInput {
    /// The slug of the category that takes the posts.
    #[schema(example = "field-notes")]
    pub into: String,
}

/// The change that a call asks for; nothing is done yet. All that is wrong with its fields is told at once.
pub async fn prepare(site: &Arc<Site>, actor: &Actor, call: Call) -> Result<Change<Outcome>> {
    let made = made(site, actor, &call).await;
    call.faults.into_inner().unwrap_or_else(PoisonError::into_inner).join(made)
}

async fn made(site: &Arc<Site>, actor: &Actor, call: &Call) -> Result<Change<Outcome>> {
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    match (call.method.as_str(), path.as_slice()) {
        ("POST", ["posts"]) => create(site, actor, Kind::Post, call).await,
        ("POST", ["pages"]) => create(site, actor, Kind::Page, call).await,
        ("PUT" | "PATCH", ["posts", slug]) => update(site, actor, (Kind::Post, slug), call).await,
        ("PUT" | "PATCH", ["pages", slug]) => update(site, actor, (Kind::Page, slug), call).await,
        ("DELETE", ["posts", slug]) => remove(site, actor, (Kind::Post, slug), call),
        ("DELETE", ["pages", slug]) => remove(site, actor, (Kind::Page, slug), call),
        ("POST", ["posts", slug, "comments"]) => comment(site, actor, slug, call).await,
        ("PATCH", ["posts", slug, "comments", id]) => edit_comment(site, actor, (slug, id), call).await,
        ("DELETE", ["posts", slug, "comments", id]) => remove_comment(site, actor, (slug, id), call),
        ("POST", ["categories"]) => create_category(actor, call),
        ("PUT" | "PATCH", ["categories", slug]) => update_category(site, actor, slug, call),
        ("DELETE", ["categories", slug]) => remove_category(site, actor, slug, call),
        ("POST", ["categories", slug, "merge"]) => merge(site, actor, slug, call),
        _ => Err(Error::NotFound("operation")),
    }
}

impl Call {
    /// The status of this write when it is done.
    pub fn status(&self) -> StatusCode {
        match self.method {
            Method::POST if self.path.last().is_some_and(|word| word == "merge") => StatusCode::OK,
            Method::POST => StatusCode::CREATED,
            Method::DELETE => StatusCode::NO_CONTENT,
            _ => StatusCode::OK,
        }
    }

    fn body<T: Serialize + serde::de::DeserializeOwned>(&self) -> Result<T> {
        let (read, faults) = strict::read(self.body.clone().unwrap_or_default())?;
        self.note(faults);
        Ok(read)
    }

    /// What is stored as this call would have it: all of it for PUT, its members for PATCH.
    fn applied<T: Serialize + serde::de::DeserializeOwned>(&self, stored: impl FnOnce() -> Result<T>) -> Result<T> {
        if self.method != Method::PATCH {
            return self.body();
        }
        let (read, faults) = strict::read_patched(&stored()?, self.body.clone().unwrap_or_default())?;
        self.note(faults);
        Ok(read)
    }

    /// Whether the body has this member.
    fn says(&self, member: &str) -> bool {
        self.body.as_ref().is_some_and(|body| body.get(member).is_some())
    }

    fn note(&self, faults: FieldErrors) {
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// Fails unless `If-Match` names what is shown now. The change itself checks again.
    fn check(&self, shown: &impl Serialize) -> Result<()> {
        matches(self.if_match.as_deref(), &response::json_bytes(shown)?)
    }
}

/// What stands behind a tag of ours in an answer that is coded, by us or by a proxy.
const CODINGS: [&str; 9] = ["", "-gzip", "-br", "--gzip", "--br", "-gzip--gzip", ";gzip", ";br", "-zstd"];

/// Whether an `If-Match` (RFC 9110, section 13.1.1) names these bytes, in whichever coding they were read.
///
/// The standard asks for strong comparison, and a proxy that codes our answers makes their tags weak (nginx with
/// `gzip on`) or adds a suffix (Apache). We make no weak tags ourselves, so such a tag can only be one of ours: it
/// counts, or nobody behind such a proxy could change anything.
pub fn matches(if_match: Option<&str>, shown: &Bytes) -> Result<()> {
    let Some(wanted) = if_match else {
        return Err(Error::field("if_match", "Please send the ETag of what you change."));
    };
    let own = variants::tag(shown);
    let own = own.to_str().unwrap_or("").trim_matches('"');
    let names = |tag: &str| {
        let tag = tag.trim();
        let tag = tag.strip_prefix("W/").unwrap_or(tag);
        let tag = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).unwrap_or("");
        let coding = tag.strip_prefix(own);
        !own.is_empty() && coding.is_some_and(|coding| CODINGS.contains(&coding))
    };
    if wanted.trim() == "*" || wanted.split(',').any(names) {
        return Ok(());
    }
    Err(Error::Stale("This is not what is stored now. Please read it again."))
}

fn of_post(head: PostHead) -> Outcome {
    Outcome::Post { id: head.id.0 }
}

async fn create(site: &Arc<Site>, actor: &Actor, kind: Kind, call: &Call) -> Result<Change<Outcome>> {
    writing::permit(actor, kind)?;
    let (input, intent) = call.body::<PostInput>()?.typed(&site.app.read()?, kind, site.app.now())?;
    Ok(writing::create(&site.app, actor, kind, &input, intent).await?.map(of_post))
}

async fn update(site: &Arc<Site>, actor: &Actor, (kind, slug): (Kind, &str), call: &Call) -> Result<Change<Outcome>> {
    let (head, input, intent) = {
        let txn = site.app.read()?;
        let head = posts::changeable(&site.app, &txn, actor, kind, slug)?;
        call.check(&PostResource::whole(&site.app, &txn, head.clone())?)?;
        let input = call.applied(|| {
            let (_, source) = posts::editable(&site.app, &txn, actor, head.id)?;
            PostInput::of(&txn, &head, source)
        })?;
        let now = site.app.now();
        let input = if call.method == Method::PATCH { input.changed(|member| call.says(member), now) } else { input };
        let (input, intent) = input.typed(&txn, kind, now)?;
        (head, input, intent)
    };
    let change = writing::update(&site.app, actor, (head.id, head.version), &input, intent).await?;
    Ok(change.if_still(Seen::Post(Box::new(head))).map(of_post))
}

fn remove(site: &Arc<Site>, actor: &Actor, (kind, slug): (Kind, &str), call: &Call) -> Result<Change<Outcome>> {
    let txn = site.app.read()?;
    let head = posts::changeable(&site.app, &txn, actor, kind, slug)?;
    call.check(&PostResource::whole(&site.app, &txn, head.clone())?)?;
    let change = writing::remove(&site.app, actor, head.id)?;
    Ok(change.if_still(Seen::Post(Box::new(head))).map(|_| Outcome::Gone))
}

async fn comment(site: &Arc<Site>, actor: &Actor, slug: &str, call: &Call) -> Result<Change<Outcome>> {
    // Whoever may not comment need not be told what is wrong with the comment.
    let input =
        if actor.can_comment() { call.body()? } else { CommentInput { source: String::new(), parent_id: None } };
    let change = comments::submit(&site.app, actor, slug, input.parent()?, &input.source).await?;
    Ok(change.map(|comment| Outcome::Comment { post: comment.post.0, id: comment.id.0 }))
}

/// The comment that a call is about, as it is shown, with its post.
fn shown_comment(site: &Site, actor: &Actor, (slug, id): (&str, &str), call: &Call) -> Result<Comment> {
    let txn = site.app.read()?;
    let head = posts::visible(&site.app, &txn, actor, Kind::Post, slug)?;
    let id = CommentId::parse(id).ok_or(Error::NotFound("comment"))?;
    let shown = Comment::new(comments::by_id(&txn, head.id, id)?, &head.slug, site.app.links());
    if actor.is_anonymous() {
        return Err(Error::Unauthenticated);
    }
    call.check(&shown)?;
    Ok(shown)
}

async fn edit_comment(site: &Arc<Site>, actor: &Actor, place: (&str, &str), call: &Call) -> Result<Change<Outcome>> {
    let shown = shown_comment(site, actor, place, call)?.comment;
    comments::may_edit(actor, &shown, site.app.now())?;
    let patch: CommentPatch = call.applied(|| Ok(CommentPatch { source: shown.source.clone() }))?;
    let change = comments::edit(&site.app, actor, (shown.post, shown.id), &patch.source).await?;
    let change = change.if_still(Seen::Comment(Box::new((*shown).clone())));
    Ok(change.map(|comment| Outcome::Comment { post: comment.post.0, id: comment.id.0 }))
}

fn remove_comment(site: &Arc<Site>, actor: &Actor, place: (&str, &str), call: &Call) -> Result<Change<Outcome>> {
    let shown = shown_comment(site, actor, place, call)?.comment;
    comments::may_delete(actor, &shown)?;
    let change = comments::remove(&site.app, actor, (shown.post, shown.id))?;
    Ok(change.if_still(Seen::Comment(Box::new((*shown).clone()))).map(|()| Outcome::Gone))
}

fn of_category(category: crate::domain::category::Category) -> Outcome {
    Outcome::Category { id: category.id.0 }
}

fn create_category(actor: &Actor, call: &Call) -> Result<Change<Outcome>> {
    categories::permit(actor)?;
    let input: CategoryInput = call.body()?;
    Ok(categories::create(actor, &input.into())?.map(of_category))
}

/// The category that a call is about.
fn seen_category(site: &Site, actor: &Actor, slug: &str, call: &Call) -> Result<crate::domain::category::Category> {
    let category = categories::changeable(&site.app.read()?, actor, slug)?;
    let shown = Category::new(&category, site.app.links());
    call.check(&CategoryResource { category: shown, post_count: None })?;
    Ok(category)
}

fn update_category(site: &Site, actor: &Actor, slug: &str, call: &Call) -> Result<Change<Outcome>> {
    let seen = seen_category(site, actor, slug, call)?;
    let input: CategoryInput = call.applied(|| Ok(CategoryInput::of(&seen)))?;
    let change = categories::update(actor, seen.id, &input.into())?;
    Ok(change.if_still(Seen::Category(seen)).map(of_category))
}

fn remove_category(site: &Site, actor: &Actor, slug: &str, call: &Call) -> Result<Change<Outcome>> {
    let seen = seen_category(site, actor, slug, call)?;
    Ok(categories::remove(actor, seen.id)?.if_still(Seen::Category(seen)).map(|_| Outcome::Gone))
}

fn merge(site: &Site, actor: &Actor, slug: &str, call: &Call) -> Result<Change<Outcome>> {
    let (from, into) = {
        let txn = site.app.read()?;
        let from = categories::changeable(&txn, actor, slug)?;
        let input: MergeInput = call.body()?;
        let into = categories::by_slug(&txn, &input.into);
        let into = into.map_err(|_| Error::field("into", "There is no category of this slug."))?;
        (from.id, into.id)
    };
    Ok(categories::merge(actor, from, into)?.map(of_category))
}

/// The thing that came of a change, as it is now.
pub struct Shown {
    pub location: String,
    pub body: Bytes,
}

impl Shown {
    /// An account as `actor` may see it: a token that may change it and not read it gets no e-mail address.
    pub fn user(user: &user::User, actor: &Actor, links: &Links) -> Result<Shown> {
        let seen = users::without_email(actor, user.clone());
        Ok(Shown { location: links.api_user(&user.username), body: response::json_bytes(&User::new(&seen, links))? })
    }
}

/// Fails unless `If-Match` names an account, as it is or as `actor` may see it.
pub fn matches_user(if_match: Option<&str>, user: &user::User, actor: &Actor, links: &Links) -> Result<()> {
    let whole = response::json_bytes(&User::new(user, links))?;
    matches(if_match, &whole).or_else(|_| matches(if_match, &Shown::user(user, actor, links)?.body))
}

/// What to answer about what came of a change; `None` if it is gone meanwhile.
pub fn show(site: &Site, actor: &Actor, outcome: &Outcome) -> Result<Option<Shown>> {
    let (app, txn) = (&site.app, site.app.read()?);
    let links = app.links();
    let shown = match *outcome {
        Outcome::Post { id } => posts::by_id(app, &txn, actor, PostId(id)).and_then(|head| {
            let location = links.api_content(&head);
            Ok(Shown { location, body: response::json_bytes(&PostResource::whole(app, &txn, head)?)? })
        }),
        Outcome::Comment { post, id } => posts::by_id(app, &txn, actor, PostId(post)).and_then(|post| {
            let id = CommentId(id);
            let comment = Comment::new(comments::by_id(&txn, post.id, id)?, &post.slug, links);
            Ok(Shown { location: links.api_comment(&post.slug, id), body: response::json_bytes(&comment)? })
        }),
        Outcome::Category { id } => categories::by_id(&txn, actor, CategoryId(id)).and_then(|category| {
            let shown = CategoryResource { category: Category::new(&category, links), post_count: None };
            Ok(Shown { location: links.api_category(&category.slug), body: response::json_bytes(&shown)? })
        }),
        Outcome::Media { ref id } => media::by_id(&txn, id).and_then(|media| {
            let location = links.api_media(media.id);
            Ok(Shown { location, body: response::json_bytes(&Media::new(&media, links))? })
        }),
        Outcome::User { id } => users::by_id(&txn, actor, UserId(id)).and_then(|user| Shown::user(&user, actor, links)),
        Outcome::Gone => return Ok(None),
    };
    match shown {
        Ok(shown) => Ok(Some(shown)),
        Err(Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
