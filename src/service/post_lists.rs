//! Lists of posts and pages for programs: filtered, from a cursor on.

use crate::domain::actor::Actor;
use crate::domain::id::{CategoryId, PostId, UserId};
use crate::domain::paging::{Cursor, Slice, Window};
use crate::domain::post::{Kind, PostCard, PostFilter, PostHead, StateFilter};
use crate::domain::slug::Slug;
use crate::domain::time::Timestamp;
use crate::domain::user::Username;
use crate::error::{Error, Result};
use crate::service::categories;
use crate::service::posts::{cards, next_publication};
use crate::service::{App, ReadTxn};
use crate::store;
use crate::store::post_lists::Place;
use crate::store::posts::Listing;

/// The list by publication, in cursors.
const PUBLISHED: &str = "posts";
/// The lists by when something was made, in cursors.
const MADE: &str = "made";
/// Rows read at once when a filter lets few through.
const MOST_AT_ONCE: usize = 500;

/// What a filter names, looked up.
struct Wanted {
    kind: Kind,
    state: StateFilter,
    category: Option<CategoryId>,
    tag: Option<Slug>,
    author: Option<UserId>,
}

/// Part of a list of posts or pages. What everybody sees is in the order of publication (pages: newest
/// made first); what is not public yet is for those who may see it, newest made first.
pub fn slice(app: &App, txn: &ReadTxn, actor: &Actor, filter: &PostFilter, window: &Window) -> Result<Slice<PostCard>> {
    if filter.state != StateFilter::Published && !actor.can_list_unpublished(filter.kind) {
        return Err(actor.refusal(filter.kind.read_scope()));
    }
    let by_time = filter.kind == Kind::Post && filter.state == StateFilter::Published;
    // A cursor from elsewhere is told also where the list would be empty.
    let place = if by_time { window.after(PUBLISHED, read_place)? } else { None };
    let id = if by_time { None } else { window.after(MADE, |text| text.parse::<u64>().ok())? };
    let Some(wanted) = lookup(txn, filter)? else { return Ok(Slice { items: Vec::new(), more: false }) };
    let now = app.now();
    let heads = if by_time {
        let first = (Timestamp::from_ms(now.ms() + 1), PostId(0));
        published(txn, &wanted, place.map_or(first, |place| place.min(first)), window.limit + 1)?
    } else {
        let visible = |head: &PostHead| {
            wanted.holds(head)
                && wanted.state.admits(head.state(now))
                && (wanted.state == StateFilter::Published || actor.can_see_unpublished(head))
        };
        made(txn, &wanted, id.unwrap_or(u64::MAX), window.limit + 1, visible)?
    };
    Ok(Slice::of(cards(txn, heads)?, window.limit, |card| {
        let head = &card.head;
        match (by_time, head.published_at) {
            (true, Some(time)) => Cursor::new(PUBLISHED, format_args!("{}.{}", time.ms(), head.id)),
            _ => Cursor::new(MADE, head.id),
        }
    }))
}

/// When a list of what everybody sees changes by itself: the next scheduled post or page appears.
pub fn next_appearance(app: &App, txn: &ReadTxn, kind: Kind) -> Result<Option<Timestamp>> {
    if kind == Kind::Post {
        return next_publication(app, txn);
    }
    let now = app.now();
    let mut next = None;
    for id in store::post_lists::pages(txn)? {
        let head = store::posts::by_id(txn, id)?.filter(|head| StateFilter::Scheduled.admits(head.state(now)));
        next = [next, head.and_then(|head| head.published_at)].into_iter().flatten().min();
    }
    Ok(next)
}

fn read_place(text: &str) -> Option<Place> {
    let (time, id) = text.split_once('.')?;
    Some((Timestamp::from_ms(time.parse().ok()?), PostId::parse(id)?))
}

/// `None` if the filter names something that is not there.
fn lookup(txn: &ReadTxn, filter: &PostFilter) -> Result<Option<Wanted>> {
    let mut wanted = Wanted { kind: filter.kind, state: filter.state, category: None, tag: None, author: None };
    if let Some(slug) = &filter.category {
        wanted.category = match categories::named(txn, slug) {
            Ok(category) => Some(category.id),
            Err(Error::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
    }
    if let Some(slug) = &filter.tag {
        let Ok(slug) = Slug::parse(slug) else { return Ok(None) };
        wanted.tag = Some(slug);
    }
    if let Some(name) = &filter.author {
        let Ok(name) = Username::parse_any(name) else { return Ok(None) };
        let Some(user) = store::users::by_username(txn, &name)? else { return Ok(None) };
        wanted.author = Some(user.id);
    }
    Ok(Some(wanted))
}

impl Wanted {
    fn holds(&self, head: &PostHead) -> bool {
        head.kind == self.kind
            && self.category.is_none_or(|category| head.category == Some(category))
            && self.tag.as_ref().is_none_or(|slug| head.tags.iter().any(|tag| tag.slug == *slug))
            && self.author.is_none_or(|author| head.authors.contains(&author))
    }

    /// The index that leaves the least to look at.
    fn listing(&self) -> Listing {
        match (&self.tag, self.category, self.author) {
            (Some(tag), ..) => Listing::Tag(tag.clone()),
            (None, Some(category), _) => Listing::Category(category),
            (None, None, Some(author)) => Listing::Author(author),
            (None, None, None) => Listing::All,
        }
    }
}

fn published(txn: &ReadTxn, wanted: &Wanted, mut place: Place, take: usize) -> Result<Vec<PostHead>> {
    let listing = wanted.listing();
    let mut heads = Vec::new();
    let mut at_once = take;
    while heads.len() < take {
        let places = store::post_lists::published_before(txn, &listing, place, at_once)?;
        let Some(last) = places.last() else { break };
        place = *last;
        let all = places.len() < at_once;
        let read = store::post_lists::heads(txn, places.into_iter().map(|(_, id)| id))?;
        heads.extend(read.into_iter().filter(|head| wanted.holds(head)));
        if all {
            break;
        }
        at_once = (at_once * 2).min(MOST_AT_ONCE);
    }
    heads.truncate(take);
    Ok(heads)
}

fn made(
    txn: &ReadTxn,
    wanted: &Wanted,
    before: u64,
    take: usize,
    keep: impl Fn(&PostHead) -> bool,
) -> Result<Vec<PostHead>> {
    if wanted.kind == Kind::Post {
        return store::post_lists::made_before(txn, before, take, keep);
    }
    let pages = store::post_lists::pages(txn)?.into_iter().filter(|id| id.0 < before);
    Ok(store::post_lists::heads(txn, pages)?.into_iter().filter(keep).take(take).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::content::markdown;
    use crate::domain::html::Html;
    use crate::domain::post::Status;
    use crate::error::Error;
    use crate::service::{Clock, writing};
    use crate::store::posts::{Body, Revision};
    use proptest::collection::vec;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// What happens between two parts of a walk.
    #[derive(Debug, Clone)]
    enum Step {
        Insert(bool, i64),
        Remove(usize),
        Read,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            2 => (any::<bool>(), 0..20i64).prop_map(|(published, time)| Step::Insert(published, time)),
            1 => any::<usize>().prop_map(Step::Remove),
            2 => Just(Step::Read),
        ]
    }

    fn app() -> App {
        let clock = Clock::fixed(Timestamp::from_ms(10));
        App::in_memory(clock, Config { bcrypt_cost: Some(4), ..Config::default() }).unwrap()
    }

    fn insert(app: &App, kind: Kind, published: bool, time: i64) -> PostId {
        let stamp = markdown::stamp(&app.links);
        let work = move |txn: &store::WriteTxn<'_>| {
            let id = store::posts::next_id(txn)?;
            let mut head = writing::blank(id, kind, UserId(1), Timestamp::from_ms(0));
            head.slug = head.slug.numbered(u32::try_from(id.0).unwrap());
            head.status = if published { Status::Published } else { Status::Draft };
            head.published_at = Some(Timestamp::from_ms(time));
            let revision = Revision {
                title: String::new(),
                source: String::new(),
                saved_by: None,
                saved_at: Timestamp::from_ms(0),
            };
            store::posts::insert(txn, &head, &revision, &Body { stamp: stamp.clone(), html: Html::default() })?;
            Ok(id)
        };
        app.store.write_blocking(work).unwrap()
    }

    fn owner(app: &App) {
        let new = crate::domain::user::NewUser {
            username: "ada".into(),
            email: String::new(),
            password: "correct horse".into(),
        };
        let change = futures(crate::service::users::add(app, &Actor::System, &new, crate::domain::actor::Role::Editor));
        futures(app.commit(change)).unwrap();
    }

    fn futures<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(future)
    }

    fn public(app: &App, kind: Kind, state: StateFilter) -> BTreeSet<PostId> {
        let heads = store::posts::all(&app.read().unwrap(), 0, usize::MAX, |_| true).unwrap().0;
        let shown = heads.iter().filter(|head| head.kind == kind && state.admits(head.state(app.now())));
        shown.map(|head| head.id).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
        #[test]
        fn a_walk_shows_what_stays_exactly_once(
            start in vec((any::<bool>(), 0..20i64), 0..20),
            steps in vec(step(), 0..30),
            limit in 1..5usize,
            (pages, drafts) in any::<(bool, bool)>(),
        ) {
            let app = app();
            owner(&app);
            let kind = if pages { Kind::Page } else { Kind::Post };
            let state = if drafts { StateFilter::All } else { StateFilter::Published };
            for (published, time) in start {
                insert(&app, kind, published, time);
            }
            let mut staying = public(&app, kind, state);
            let filter = PostFilter { state, ..PostFilter::public(kind) };
            let mut window = Window { after: None, limit };
            let mut seen = Vec::new();
            let mut steps = steps.into_iter();
            loop {
                match steps.next().unwrap_or(Step::Read) {
                    Step::Insert(published, time) => drop(insert(&app, kind, published, time)),
                    Step::Remove(number) => {
                        let all = public(&app, kind, StateFilter::All);
                        let Some(id) = all.iter().nth(number % all.len().max(1)).copied() else { continue };
                        app.store.write_blocking(move |txn| {
                            let head = store::posts::by_id(txn, id)?.ok_or(Error::NotFound("post"))?;
                            store::posts::remove(txn, &head)
                        }).unwrap();
                        staying.remove(&id);
                    }
                    Step::Read => {
                        let slice = slice(&app, &app.read().unwrap(), &Actor::System, &filter, &window).unwrap();
                        prop_assert!(slice.items.len() <= limit);
                        seen.extend(slice.items.iter().map(|(_, card)| card.head.id));
                        let Some(next) = slice.next() else { break };
                        window.after = Some(Cursor::parse(next.as_str()).unwrap());
                    }
                }
            }
            let once: BTreeSet<PostId> = seen.iter().copied().collect();
            prop_assert_eq!(once.len(), seen.len(), "shown twice: {:?}", seen);
            prop_assert!(staying.is_subset(&once), "{:?} of {:?}", once, staying);
        }
    }
}
