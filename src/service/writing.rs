//! Making, changing, publishing and deleting posts and pages.

use crate::content::excerpt;
use crate::content::highlight::Grammars;
use crate::content::markdown;
use crate::domain::actor::Actor;
use crate::domain::category::Tag;
use crate::domain::id::{CategoryId, PostId, UserId};
use crate::domain::media::Picture;
use crate::domain::post::{
    Kind, MAX_EXCERPT, MAX_SOURCE, MAX_TITLE, PostHead, PostInput, PostView, Status, ValidPost, is_reserved_page_slug,
};
use crate::domain::slug::Slug;
use crate::domain::text;
use crate::domain::time::{Timestamp, Zone};
use crate::error::{Error, Result};
use crate::service::change::{CHANGED, Change};
use crate::service::{App, in_turn, posts, settings, tags};
use crate::store::posts::{Body, Revision};
use crate::store::redirects::Target;
use crate::store::{self, Snapshot, WriteTxn};
use std::sync::Arc;

/// What the author wants done beside saving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// A draft stays a draft, a published post stays published.
    Save,
    Publish,
    Unpublish,
}

/// Whether `actor` may make something of this kind.
pub fn permit(actor: &Actor, kind: Kind) -> Result<()> {
    if actor.can_write(kind) { Ok(()) } else { Err(actor.refusal(kind.write_scope())) }
}

/// Makes a post or a page.
pub async fn create(
    app: &Arc<App>,
    actor: &Actor,
    kind: Kind,
    input: &PostInput,
    intent: Intent,
) -> Result<Change<PostHead>> {
    permit(actor, kind)?;
    let author = actor.user_id().ok_or(Error::Forbidden)?;
    let valid = validate(app, kind, input)?;
    let rendered = rendered(app, actor, &valid.source).await?;
    let now = app.now();
    let bytes = valid.source.len();
    Ok(Change::new(move |txn| {
        let mut head = blank(store::posts::next_id(txn)?, kind, author, now);
        head.version = 1;
        head.slug = choose_slug(txn, &head, &valid)?;
        apply(txn, &mut head, &valid, &rendered.0, intent, now)?;
        store::posts::insert(txn, &head, &revision(&head, &valid, Some(author), now), &rendered.1)?;
        Ok(head)
    })
    .storing(bytes))
}

/// Changes a post. `version` is the one the edit began from: if it is no longer the stored one,
/// `Stale`, and nothing is changed.
pub async fn update(
    app: &Arc<App>,
    actor: &Actor,
    (id, version): (PostId, u32),
    input: &PostInput,
    intent: Intent,
) -> Result<Change<PostHead>> {
    let kind = posts::editable_head(app, &app.read()?, actor, id)?.kind;
    permit(actor, kind)?;
    let valid = validate(app, kind, input)?;
    let rendered = rendered(app, actor, &valid.source).await?;
    let (now, actor) = (app.now(), actor.clone());
    let bytes = valid.source.len();
    Ok(Change::new(move |txn| {
        let old =
            store::posts::by_id(txn, id)?.filter(|head| actor.can_edit_post(head)).ok_or(Error::NotFound("post"))?;
        if old.version != version {
            return Err(Error::Stale(CHANGED));
        }
        let mut new = PostHead { version: old.version + 1, updated_at: now, ..old.clone() };
        new.slug = choose_slug(txn, &old, &valid)?;
        apply(txn, &mut new, &valid, &rendered.0, intent, now)?;
        if is_source(txn, &old, &valid.source)? {
            new.summary.clone_from(&old.summary);
            let as_before = PostHead { version: old.version, updated_at: old.updated_at, ..new.clone() };
            if as_before == old {
                return Ok(old);
            }
            // No reader of a feed has to be told that comments were opened or closed.
            if (PostHead { comments_open: old.comments_open, ..as_before }) == old {
                new.updated_at = old.updated_at;
            }
        }
        keep_old_address(txn, &old, &new)?;
        let revision = revision(&new, &valid, actor.user_id(), now);
        store::posts::replace(txn, &old, &new, Some((&revision, &rendered.1)))?;
        Ok(new)
    })
    .storing(bytes))
}

/// Whether a post has this text already. Imported texts may have other ends of lines than forms send.
fn is_source(txn: &WriteTxn<'_>, head: &PostHead, source: &str) -> Result<bool> {
    let stored = store::posts::revision(txn, head.id, head.version)?;
    Ok(stored.is_some_and(|stored| text::unix_lines(&stored.source) == source))
}

/// Deletes a post with its conversation. Its address is gone, not reused.
pub fn remove(app: &App, actor: &Actor, id: PostId) -> Result<Change<PostHead>> {
    permit(actor, posts::editable_head(app, &app.read()?, actor, id)?.kind)?;
    let actor = actor.clone();
    Ok(Change::new(move |txn| {
        let head =
            store::posts::by_id(txn, id)?.filter(|head| actor.can_edit_post(head)).ok_or(Error::NotFound("post"))?;
        store::posts::remove(txn, &head)?;
        Ok(head)
    }))
}

/// The post as its page would show it if the editor were saved now; nothing is stored. Fields that could not be
/// saved yet are shown as far as they go. `stored` is the post that is being changed.
pub async fn preview(
    app: &Arc<App>,
    actor: &Actor,
    (kind, stored): (Kind, Option<PostId>),
    input: &PostInput,
) -> Result<PostView> {
    permit(actor, kind)?;
    let source = text::block(&input.source, MAX_SOURCE).map_err(|message| Error::field("source", message))?;
    let body = render(app, actor, &source).await?.html;
    let (txn, now) = (app.read()?, app.now());
    let mut head = match stored {
        Some(id) => posts::editable_head(app, &txn, actor, id)?,
        None => blank(PostId(0), kind, actor.user_id().ok_or(Error::Forbidden)?, now),
    };
    head.title = text::line(&input.title, MAX_TITLE).unwrap_or_else(|_| "Untitled".into());
    head.category = CategoryId::parse(input.category.trim());
    head.tags = Tag::from_names(&input.tags).unwrap_or_default();
    head.excerpt = text::optional_line(&input.excerpt, MAX_EXCERPT).unwrap_or_default();
    head.cover = input.cover.clone().map(|cover| Picture { alt: input.cover_alt.trim().to_owned(), ..cover });
    let zone = Zone::parse(&input.zone).unwrap_or(settings::current(&txn)?.zone());
    head.published_at = Timestamp::parse(&input.published_at, &zone).or(Some(now));
    Ok(PostView { body, ..posts::view_without_body(&txn, head)? })
}

fn validate(app: &App, kind: Kind, input: &PostInput) -> Result<ValidPost> {
    input.validate(kind, &settings::current(&app.read()?)?.zone())
}

async fn render(app: &Arc<App>, actor: &Actor, source: &str) -> Result<markdown::Rendered> {
    let (site, source) = (Arc::clone(app), source.to_owned());
    let work = move || within_limits(posts::render(&site, &site.read()?, &source, &Grammars::default()));
    in_turn(&app.rendering, actor, work).await?
}

/// Refuses what exceeds the limits of one text.
pub(in crate::service) fn within_limits(rendered: markdown::Rendered) -> Result<markdown::Rendered> {
    rendered.over.map_or(Ok(rendered), |limit| Err(Error::field("source", limit)))
}

/// The summary and the body to store.
async fn rendered(app: &Arc<App>, actor: &Actor, source: &str) -> Result<(String, Body)> {
    let rendered = render(app, actor, source).await?;
    Ok(stored_form(app, rendered))
}

pub(in crate::service) fn stored_form(app: &App, rendered: markdown::Rendered) -> (String, Body) {
    (excerpt::summary(&rendered.text), Body { stamp: markdown::stamp(&app.links), html: rendered.html })
}

pub(in crate::service) fn blank(id: PostId, kind: Kind, author: UserId, now: Timestamp) -> PostHead {
    PostHead {
        id,
        kind,
        slug: Slug::from_title("post").unwrap_or_else(|| unreachable_slug(id)),
        title: String::new(),
        authors: vec![author],
        status: Status::Draft,
        published_at: None,
        created_at: now,
        updated_at: now,
        version: 0,
        category: None,
        tags: Vec::new(),
        excerpt: String::new(),
        summary: String::new(),
        cover: None,
        comments_open: true,
        language: None,
        day_only: false,
    }
}

/// The address asked for, if it is free; else one made from the title, numbered if need be.
pub(in crate::service) fn choose_slug(txn: &WriteTxn<'_>, head: &PostHead, valid: &ValidPost) -> Result<Slug> {
    if let Some(slug) = &valid.slug {
        return match holder(txn, head.kind, slug)? {
            Some(other) if other != head.id => {
                Err(Error::field("slug", "Another post has or had this address. Please choose another."))
            }
            _ => Ok(slug.clone()),
        };
    }
    let wanted = Slug::from_title(&valid.title).unwrap_or_else(|| unreachable_slug(head.id));
    for number in 1..10_000 {
        let slug = if number == 1 { wanted.clone() } else { wanted.numbered(number) };
        let reserved = head.kind == Kind::Page && is_reserved_page_slug(&slug);
        if !reserved && holder(txn, head.kind, &slug)?.is_none_or(|other| other == head.id) {
            return Ok(slug);
        }
    }
    Err(Error::field("slug", "Please choose an address; many posts have this title."))
}

/// A title of punctuation alone still needs an address.
fn unreachable_slug(id: PostId) -> Slug {
    Slug::from_title(&id.to_string()).unwrap_or_else(|| unreachable_slug(PostId(0)))
}

/// Who has the address now, or had it: old addresses redirect for ever.
pub(in crate::service) fn holder(txn: &impl Snapshot, kind: Kind, slug: &Slug) -> Result<Option<PostId>> {
    if let Some(head) = store::posts::by_slug(txn, kind, slug)? {
        return Ok(Some(head.id));
    }
    Ok(match store::redirects::by_path(txn, &posts::path_of(kind, slug))? {
        Some(Target::Post(id)) if store::posts::by_id(txn, id)?.is_some() => Some(id),
        _ => None,
    })
}

/// A draft nobody has seen leaves no redirect behind.
pub(in crate::service) fn keep_old_address(txn: &WriteTxn<'_>, old: &PostHead, new: &PostHead) -> Result<()> {
    if old.slug == new.slug {
        return Ok(());
    }
    if old.published_at.is_some() {
        store::redirects::put(txn, &posts::path_of(old.kind, &old.slug), Target::Post(old.id))?;
    }
    store::redirects::remove(txn, &posts::path_of(new.kind, &new.slug))
}

/// Puts checked fields into a head.
pub(in crate::service) fn apply(
    txn: &WriteTxn<'_>,
    head: &mut PostHead,
    valid: &ValidPost,
    summary: &str,
    intent: Intent,
    now: Timestamp,
) -> Result<()> {
    if let Some(id) = valid.category
        && store::categories::by_id(txn, id)?.is_none()
    {
        return Err(Error::field("category", "This category is gone. Please choose another."));
    }
    head.title.clone_from(&valid.title);
    head.category = valid.category;
    head.tags = tags::settle(txn, head, &valid.tags)?;
    head.excerpt.clone_from(&valid.excerpt);
    head.summary = summary.to_owned();
    head.cover.clone_from(&valid.cover);
    head.comments_open = valid.comments_open;
    head.language.clone_from(&valid.language);
    let before = head.published_at;
    match intent {
        Intent::Save => {}
        Intent::Publish => head.status = Status::Published,
        Intent::Unpublish => head.status = Status::Draft,
    }
    head.published_at = match (&valid.published_at, head.status) {
        // The form shows minutes and APIs seconds; leaving it alone must not move the post by less.
        (Some(typed), _) if head.published_at.is_some_and(|stored| typed.names(stored)) => head.published_at,
        (Some(typed), _) => Some(typed.time()),
        // Emptied: at once. What is out already keeps its time.
        (None, Status::Published) => head.published_at.filter(|time| *time <= now).or(Some(now)),
        (None, Status::Draft) => None,
    };
    head.day_only &= head.published_at == before;
    Ok(())
}

pub(in crate::service) fn revision(
    head: &PostHead,
    valid: &ValidPost,
    saved_by: Option<UserId>,
    now: Timestamp,
) -> Revision {
    Revision { title: head.title.clone(), source: valid.source.clone(), saved_by, saved_at: now }
}
