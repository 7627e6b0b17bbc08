//! Reading posts, pages and lists of posts.

use crate::content::highlight::Grammars;
use crate::content::markdown;
use crate::domain::actor::Actor;
use crate::domain::category::{Category, Tag};
use crate::domain::html::Html;
use crate::domain::id::{CategoryId, PostId, UserId};
use crate::domain::old_address;
use crate::domain::paging::Page;
use crate::domain::post::{ArchiveYear, Kind, PostCard, PostHead, PostView, State};
use crate::domain::slug::Slug;
use crate::domain::time::{Timestamp, Zone};
use crate::domain::user::{Credit, User, Username};
use crate::error::{Error, Result};
use crate::service::{App, ReadTxn, Scope, categories, off_the_loop, settings, tags};
use crate::store;
use crate::store::posts::Listing;
use crate::store::redirects::Target;
use std::collections::HashMap;
use std::fmt::Display;
use std::sync::{Arc, PoisonError};

pub use crate::service::post_lists::{next_appearance, slice};

/// Rows on a page of the lists under `/admin`.
pub const ADMIN_PER_PAGE: usize = 50;

/// A post or page by its address, as `actor` may see it.
pub fn show(app: &App, txn: &ReadTxn, actor: &Actor, kind: Kind, slug: &str) -> Result<PostView> {
    let head = visible(app, txn, actor, kind, slug)?;
    view(app, txn, head)
}

/// The head of a post or page by its address or one that it once had, if `actor` may see it.
pub fn visible(app: &App, txn: &ReadTxn, actor: &Actor, kind: Kind, slug: &str) -> Result<PostHead> {
    let head = named(txn, kind, slug)?.filter(|head| head.visible_to(actor, app.now()));
    head.ok_or(Error::NotFound(kind.as_str()))
}

/// The post or page that has this address or, if none has, once had it.
fn named(txn: &ReadTxn, kind: Kind, slug: &str) -> Result<Option<PostHead>> {
    if let Ok(slug) = Slug::parse(slug)
        && let Some(head) = store::post_heads::by_slug(txn, kind, slug)?
    {
        return Ok(Some(head));
    }
    match store::redirects::by_path(txn, &path_of(kind, slug))? {
        Some(Target::Post(id)) => Ok(store::posts::by_id(txn, id)?.filter(|head| head.kind == kind)),
        _ => Ok(None),
    }
}

/// A post or page with what is shown beside its text; the caller has decided that it may be shown.
pub fn view(app: &App, txn: &ReadTxn, head: PostHead) -> Result<PostView> {
    let body = body(app, txn, &head)?;
    Ok(PostView { body, ..view_without_body(txn, head)? })
}

/// A post with its authors and its category, and an empty text.
pub(in crate::service) fn view_without_body(txn: &ReadTxn, head: PostHead) -> Result<PostView> {
    let category = head.category.map(|id| store::categories::kept(txn, id)).transpose()?.flatten();
    let authors = credits(txn, &head.authors)?;
    Ok(PostView { authors, category: category.as_deref().cloned(), body: Html::default(), head })
}

/// The rendered text; the caller has decided that it may be shown. One made by an older renderer, or for
/// another base path, is rendered anew here and stored by the next run of `jobs`: reading writes nothing.
pub fn body(app: &App, txn: &ReadTxn, head: &PostHead) -> Result<Html> {
    let stored = store::posts::body(txn, head.id)?;
    match stored {
        Some(body) if body.stamp == markdown::stamp(&app.links) => Ok(body.html),
        _ => {
            let revision = store::posts::revision(txn, head.id, head.version)?;
            let source = revision.map(|revision| revision.source).unwrap_or_default();
            // One at a time, so that the first feed after an upgrade compiles each grammar once.
            Ok(off_the_loop(|| {
                let grammars = app.grammars.lock().unwrap_or_else(PoisonError::into_inner);
                render(app, txn, &source, &grammars).html
            }))
        }
    }
}

/// Renders Markdown as this site shows it. Whoever renders many posts keeps the grammars.
pub(in crate::service) fn render(app: &App, txn: &ReadTxn, source: &str, grammars: &Grammars) -> markdown::Rendered {
    let size_of = |id| store::media::by_id(txn, id).ok().flatten().and_then(|media| media.size());
    markdown::post_with(source, &markdown::Site { links: &app.links, size_of: &size_of }, grammars)
}

/// What a page showing this post depends on.
pub fn scopes(head: &PostHead) -> Vec<Scope> {
    vec![Scope::Frame, Scope::Post(head.id)]
}

/// What a page showing these cards depends on.
pub fn list_scopes(cards: &[PostCard]) -> Vec<Scope> {
    let mut scopes = vec![Scope::Frame, Scope::Lists];
    scopes.extend(cards.iter().map(|card| Scope::Post(card.head.id)));
    scopes
}

/// When the next scheduled post appears, which ends the life of cached lists.
pub fn next_publication(app: &App, txn: &ReadTxn) -> Result<Option<Timestamp>> {
    store::posts::next_publication(txn, app.now())
}

/// Page `number` of the newest posts. `NotFound` past the last page.
pub fn home(app: &App, txn: &ReadTxn, number: usize) -> Result<Page<PostCard>> {
    list(app, txn, &Listing::All, number)
}

/// A category with page `number` of its posts.
pub fn by_category(app: &App, txn: &ReadTxn, slug: &str, number: usize) -> Result<(Category, Page<PostCard>)> {
    let category = categories::by_slug(txn, slug)?;
    let page = list(app, txn, &Listing::Category(category.id), number)?;
    Ok((category, page))
}

/// A tag with page `number` of its posts. A tag without public posts does not exist.
pub fn by_tag(app: &App, txn: &ReadTxn, slug: &str, number: usize) -> Result<(Tag, Page<PostCard>)> {
    let slug = Slug::parse(slug).map_err(|_| Error::NotFound("tag"))?;
    let (tag, _) = tags::by_slug(app, txn, slug.as_str())?;
    let page = list(app, txn, &Listing::Tag(slug), number)?;
    Ok((tag, page))
}

/// An author with page `number` of their posts. Readers have no page until they write.
pub fn by_author(app: &App, txn: &ReadTxn, username: &str, number: usize) -> Result<(User, Page<PostCard>)> {
    let missing = || Error::NotFound("author");
    let username = Username::parse_any(username).map_err(|_| missing())?;
    let user = store::users::by_username(txn, &username)?.ok_or_else(missing)?;
    let page = list(app, txn, &Listing::Author(user.id), number)?;
    Ok((user, page))
}

/// How many posts appeared in each month, newest first, in the site's zone.
pub fn archive(app: &App, txn: &ReadTxn) -> Result<Vec<ArchiveYear>> {
    let zone = settings::current(txn)?.zone();
    let mut years: Vec<ArchiveYear> = Vec::new();
    for (year, month, posts) in store::counts::by_month(txn, &zone, app.now())? {
        match years.last_mut() {
            Some(last) if last.year == year => last.months.push((month, posts)),
            _ => years.push(ArchiveYear { year, months: vec![(month, posts)] }),
        }
    }
    Ok(years)
}

/// Page `number` of the posts of a year, or of one of its months (1 to 12).
pub fn by_month(app: &App, txn: &ReadTxn, year: i16, month: Option<i8>, number: usize) -> Result<Page<PostCard>> {
    let settings = settings::current(txn)?;
    let (zone, now) = (settings.zone(), app.now());
    let (from, before) = span(year, month, &zone).ok_or(Error::NotFound("page"))?;
    let wanted = |known: &(i16, i8, usize)| known.0 == year && month.is_none_or(|month| known.1 == month);
    let total =
        store::counts::by_month(txn, &zone, now)?.iter().filter(|known| wanted(known)).map(|known| known.2).sum();
    if total == 0 {
        return Err(Error::NotFound("page"));
    }
    let last = Timestamp::from_ms(before.ms() - 1).min(now);
    let per_page = usize::from(settings.posts_per_page);
    let ids = store::posts::between(txn, &Listing::All, (from, last), (number - 1) * per_page, per_page)?;
    page_of(txn, ids, number, per_page, total)
}

fn span(year: i16, month: Option<i8>, zone: &Zone) -> Option<(Timestamp, Timestamp)> {
    let (first, next) = match month {
        None => ((year, 1), (year.checked_add(1)?, 1)),
        Some(12) => ((year, 12), (year.checked_add(1)?, 1)),
        Some(month) => ((year, month), (year, month.checked_add(1)?)),
    };
    Some((Timestamp::month_start(first.0, first.1, zone)?, Timestamp::month_start(next.0, next.1, zone)?))
}

fn list(app: &App, txn: &ReadTxn, listing: &Listing, number: usize) -> Result<Page<PostCard>> {
    let now = app.now();
    let per_page = usize::from(settings::current(txn)?.posts_per_page);
    let ids = store::posts::published(txn, listing, now, (number - 1) * per_page, per_page)?;
    let total = store::counts::published(txn, listing, now)?;
    page_of(txn, ids, number, per_page, total)
}

fn page_of(txn: &ReadTxn, ids: Vec<PostId>, number: usize, per_page: usize, total: usize) -> Result<Page<PostCard>> {
    if number > 1 && ids.is_empty() {
        return Err(Error::NotFound("page"));
    }
    Ok(Page { items: cards(txn, store::post_lists::heads(txn, ids)?)?, number, per_page, total })
}

/// The heads with what a list shows beside them, in their order; no texts are read. The caller has decided
/// that they may be shown.
pub fn cards(txn: &ReadTxn, heads: Vec<PostHead>) -> Result<Vec<PostCard>> {
    meet(txn, heads.iter().flat_map(|head| head.authors.iter().copied()))?;
    let filed = heads.iter().any(|head| head.category.is_some());
    let categories = if filed { store::categories::all(txn)? } else { Vec::new() };
    let categories: HashMap<CategoryId, Category> =
        categories.into_iter().map(|category| (category.id, category)).collect();
    let counts = store::comments::counts(txn, heads.iter().map(|head| head.id))?;
    heads
        .into_iter()
        .zip(counts)
        .map(|(head, comments)| {
            let category = head.category.and_then(|id| categories.get(&id).cloned());
            Ok(PostCard { authors: credits(txn, &head.authors)?, category, comments, head })
        })
        .collect()
}

/// How pages name somebody.
pub(in crate::service) fn credit(txn: &ReadTxn, id: UserId) -> Result<Arc<Credit>> {
    store::users::credit(txn, id)?.ok_or_else(|| Error::internal(format!("user {id} is missing")))
}

/// Reads at once the names that will be asked for one by one.
pub(in crate::service) fn meet(txn: &ReadTxn, ids: impl Iterator<Item = UserId>) -> Result<()> {
    store::users::meet(txn, ids)
}

fn credits(txn: &ReadTxn, ids: &[UserId]) -> Result<Vec<Arc<Credit>>> {
    ids.iter().map(|id| credit(txn, *id)).collect()
}

/// The address that content now has which once was at `path` (percent-decoded, no base path).
/// Leads only to what everybody may see.
pub fn moved(app: &App, txn: &ReadTxn, path: &str) -> Result<Option<String>> {
    let plain = old_address::plain(path);
    if let Some(slug) = plain.strip_prefix("/posts/").filter(|_| plain != path)
        && let Ok(slug) = Slug::parse(slug)
        && let Some(head) = store::posts::by_slug(txn, Kind::Post, &slug)?.filter(|head| head.is_public(app.now()))
    {
        return Ok(Some(app.links.content(&head)));
    }
    if plain == "/" && path != "/" {
        return Ok(Some(app.links.home()));
    }
    let exact = store::redirects::by_path(txn, path)?;
    let target = if exact.is_none() && plain != path { store::redirects::by_path(txn, plain)? } else { exact };
    Ok(match target {
        Some(Target::Post(id)) => {
            store::posts::by_id(txn, id)?.filter(|head| head.is_public(app.now())).map(|head| app.links.content(&head))
        }
        Some(Target::Category(id)) => {
            store::categories::by_id(txn, id)?.map(|category| app.links.category(&category.slug))
        }
        None => None,
    })
}

/// Where a post or page of that slug is, as redirects have it: without a base path.
pub(in crate::service) fn path_of(kind: Kind, slug: impl Display) -> String {
    match kind {
        Kind::Post => format!("/posts/{slug}"),
        Kind::Page => format!("/{slug}"),
    }
}

/// The head of a post or page by its address or one that it once had, for somebody who may change it.
pub fn changeable(app: &App, txn: &ReadTxn, actor: &Actor, kind: Kind, slug: &str) -> Result<PostHead> {
    if !actor.can_write(kind) {
        return Err(actor.refusal(kind.write_scope()));
    }
    let head = named(txn, kind, slug)?.ok_or(Error::NotFound(kind.as_str()))?;
    for_change(app, actor, head)
}

/// The Markdown of a post, for somebody who may see it before it is public.
pub fn source(txn: &ReadTxn, actor: &Actor, head: &PostHead) -> Result<String> {
    if !actor.can_see_unpublished(head) {
        return Err(actor.refusal(head.kind.read_scope()));
    }
    current_source(txn, head)
}

fn current_source(txn: &ReadTxn, head: &PostHead) -> Result<String> {
    let revision = store::posts::revision(txn, head.id, head.version)?;
    Ok(revision.ok_or_else(|| Error::internal(format!("post {} has no text", head.id)))?.source)
}

/// The head of a post by its number, for whoever may see it or change it.
pub fn by_id(app: &App, txn: &ReadTxn, actor: &Actor, id: PostId) -> Result<PostHead> {
    let may = |head: &PostHead| head.visible_to(actor, app.now()) || actor.can_edit_post(head);
    store::posts::by_id(txn, id)?.filter(may).ok_or(Error::NotFound("post"))
}

/// A post with its Markdown, for somebody who may change it.
pub fn editable(app: &App, txn: &ReadTxn, actor: &Actor, id: PostId) -> Result<(PostHead, String)> {
    let head = editable_head(app, txn, actor, id)?;
    let source = current_source(txn, &head)?;
    Ok((head, source))
}

/// The head of a post or page by its number, for somebody who may change it.
pub fn editable_head(app: &App, txn: &ReadTxn, actor: &Actor, id: PostId) -> Result<PostHead> {
    // Whoever writes nothing at all need not be told what there is.
    if ![Kind::Post, Kind::Page].iter().any(|kind| actor.can_write(*kind)) {
        return Err(actor.refusal(Kind::Post.write_scope()));
    }
    let head = store::posts::by_id(txn, id)?.ok_or(Error::NotFound("post"))?;
    for_change(app, actor, head)
}

/// Whoever may only read it is told so; for anybody else it is not there.
fn for_change(app: &App, actor: &Actor, head: PostHead) -> Result<PostHead> {
    if actor.can_edit_post(&head) {
        return Ok(head);
    }
    let is_seen = head.visible_to(actor, app.now());
    Err(if is_seen { actor.refusal(head.kind.write_scope()) } else { Error::NotFound(head.kind.as_str()) })
}

/// Posts or pages that `actor` sees to, newest made first.
pub fn managed(
    app: &App,
    txn: &ReadTxn,
    actor: &Actor,
    (kind, state): (Kind, Option<State>),
    number: usize,
) -> Result<Page<PostCard>> {
    if !actor.can_list_unpublished(kind) {
        return Err(actor.refusal(kind.read_scope()));
    }
    let now = app.now();
    let wanted = |head: &PostHead| {
        head.kind == kind && actor.can_see_unpublished(head) && state.is_none_or(|state| head.state(now) == state)
    };
    let (heads, total) = store::posts::all(txn, (number - 1) * ADMIN_PER_PAGE, ADMIN_PER_PAGE, wanted)?;
    Ok(Page { items: cards(txn, heads)?, number, per_page: ADMIN_PER_PAGE, total })
}
