//! Property test: the store's posts and comments against plain maps.

use crate::domain::category::Tag;
use crate::domain::comment::Comment;
use crate::domain::html::Html;
use crate::domain::id::{CategoryId, CommentId, PostId, UserId};
use crate::domain::post::{Kind, PostHead, Status};
use crate::domain::slug::Slug;
use crate::domain::time::{Timestamp, Zone};
use crate::error::Result;
use crate::store::fresh::Scope;
use crate::store::posts::{Body, Listing, Revision};
use crate::store::{ReadTxn, Store, comments, counts, ids, post_heads, posts, tombstones};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use std::collections::{BTreeMap, HashMap};

/// Publication times, and the moments at which lists are looked at, lie between 0 and this.
const TIMES: i64 = 6;
const SLUGS: u8 = 5;
const CATEGORIES: u64 = 3;
const TAGS: u8 = 3;
const AUTHORS: u64 = 3;

/// What somebody does. Numbers choose among what is there, whatever that is.
#[derive(Debug, Clone)]
enum Step {
    Insert(Fields),
    Replace(usize, Fields, bool),
    Remove(usize),
    Comment(usize),
    Reply(usize),
    Edit(usize),
    Delete(usize),
}

/// What a post is filed under.
#[derive(Debug, Clone)]
struct Fields {
    page: bool,
    slug: u8,
    published: bool,
    time: Option<i64>,
    category: Option<u64>,
    tags: Vec<u8>,
    authors: Vec<u64>,
}

fn fields() -> impl Strategy<Value = Fields> {
    let tags = proptest::sample::subsequence((0..TAGS).collect::<Vec<u8>>(), 0..=usize::from(TAGS));
    let authors = proptest::sample::subsequence((1..=AUTHORS).collect::<Vec<u64>>(), 1..=2);
    (any::<bool>(), 0..SLUGS, any::<bool>(), option::of(0..TIMES), option::of(1..=CATEGORIES), tags, authors).prop_map(
        |(page, slug, published, time, category, tags, authors)| {
            // Without a time nothing is published.
            Fields { page, slug, published: published && time.is_some(), time, category, tags, authors }
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => fields().prop_map(Step::Insert),
        4 => (any::<usize>(), fields(), any::<bool>()).prop_map(|(at, fields, text)| Step::Replace(at, fields, text)),
        1 => any::<usize>().prop_map(Step::Remove),
        3 => any::<usize>().prop_map(Step::Comment),
        3 => any::<usize>().prop_map(Step::Reply),
        1 => any::<usize>().prop_map(Step::Edit),
        2 => any::<usize>().prop_map(Step::Delete),
    ]
}

/// What the store should hold.
#[derive(Default, Clone)]
struct Model {
    posts: BTreeMap<u64, PostHead>,
    texts: BTreeMap<(u64, u32), String>,
    comments: BTreeMap<(u64, u64, u64), Comment>,
    /// Every number a post ever had.
    made: Vec<u64>,
}

fn slug(number: u8) -> Slug {
    Slug::parse(&format!("slug-{number}")).unwrap()
}

fn tag(number: u8) -> Tag {
    Tag { slug: Slug::parse(&format!("tag-{number}")).unwrap(), name: format!("Tag {number}") }
}

fn head(id: PostId, version: u32, fields: &Fields) -> PostHead {
    PostHead {
        id,
        kind: if fields.page { Kind::Page } else { Kind::Post },
        slug: slug(fields.slug),
        title: format!("Title {version}"),
        authors: fields.authors.iter().map(|id| UserId(*id)).collect(),
        status: if fields.published { Status::Published } else { Status::Draft },
        published_at: fields.time.map(Timestamp::from_ms),
        created_at: Timestamp::from_ms(0),
        updated_at: Timestamp::from_ms(0),
        version,
        category: fields.category.map(CategoryId),
        tags: fields.tags.iter().map(|number| tag(*number)).collect(),
        excerpt: String::new(),
        summary: String::new(),
        cover: None,
        comments_open: true,
        language: None,
        day_only: false,
    }
}

fn text(head: &PostHead) -> (Revision, Body) {
    let source = format!("Text {} of {}", head.version, head.id);
    let html = Html::trusted(format!("<p>{source}</p>"));
    let revision = Revision { title: head.title.clone(), source, saved_by: None, saved_at: Timestamp::from_ms(0) };
    (revision, Body { stamp: "1".into(), html })
}

/// The one a number chooses.
fn chosen<K: Clone, V: Clone>(map: &BTreeMap<K, V>, number: usize) -> Option<(K, V)> {
    let at = number.checked_rem(map.len())?;
    map.iter().nth(at).map(|(key, value)| (key.clone(), value.clone()))
}

impl Model {
    /// Whether another post has this address.
    fn is_taken(&self, head: &PostHead) -> bool {
        let same = |other: &&PostHead| other.kind == head.kind && other.slug == head.slug && other.id != head.id;
        self.posts.values().any(|other| same(&other))
    }

    /// Numbers of the posts of a list, the newest first.
    fn list(&self, listing: &Listing, now: i64) -> Vec<PostId> {
        let listed = self.posts.values().filter(|head| {
            let filed = match listing {
                Listing::All => true,
                Listing::Category(id) => head.category == Some(*id),
                Listing::Tag(slug) => head.tags.iter().any(|tag| tag.slug == *slug),
                Listing::Author(id) => head.authors.contains(id),
            };
            filed && head.kind == Kind::Post && head.is_public(Timestamp::from_ms(now))
        });
        let mut keys: Vec<_> = listed.map(|head| (head.published_at, head.id)).collect();
        keys.sort();
        keys.into_iter().rev().map(|(_, id)| id).collect()
    }

    fn lists(&self) -> Vec<Vec<PostId>> {
        let moments = (0..TIMES).flat_map(|now| listings().into_iter().map(move |listing| (now, listing)));
        moments.map(|(now, listing)| self.list(&listing, now)).collect()
    }

    fn of_post(&self, post: u64) -> impl Iterator<Item = &Comment> {
        self.comments.range((post, 0, 0)..=(post, u64::MAX, u64::MAX)).map(|(_, comment)| comment)
    }
}

fn listings() -> Vec<Listing> {
    let mut listings = vec![Listing::All];
    listings.extend((1..=CATEGORIES).map(|id| Listing::Category(CategoryId(id))));
    listings.extend((0..TAGS).map(|number| Listing::Tag(tag(number).slug)));
    listings.extend((1..=AUTHORS).map(|id| Listing::Author(UserId(id))));
    listings
}

/// Does one thing to both; gives the post it was about.
fn apply(store: &Store, model: &mut Model, step: &Step) -> Option<PostId> {
    match step {
        Step::Insert(fields) => insert(store, model, fields),
        Step::Replace(at, fields, with_text) => replace(store, model, *at, fields, *with_text),
        Step::Remove(at) => {
            let (id, head) = chosen(&model.posts, *at)?;
            store.write_blocking(move |txn| posts::remove(txn, &head)).unwrap();
            model.posts.remove(&id);
            model.texts.retain(|(post, _), _| *post != id);
            model.comments.retain(|(post, ..), _| *post != id);
            Some(PostId(id))
        }
        Step::Comment(at) => {
            let (post, _) = chosen(&model.posts, *at)?;
            say(store, model, PostId(post), None)
        }
        Step::Reply(at) => {
            let (_, parent) = chosen(&model.comments, *at)?;
            say(store, model, parent.post, Some(parent))
        }
        Step::Edit(at) => {
            let (key, old) = chosen(&model.comments, *at)?;
            let new = Comment { source: "Changed".into(), edited_at: Some(Timestamp::from_ms(1)), ..old };
            put(store, model, key, new)
        }
        Step::Delete(at) => delete(store, model, *at),
    }
}

fn insert(store: &Store, model: &mut Model, fields: &Fields) -> Option<PostId> {
    let (wanted, fields) = (fields.clone(), fields.clone());
    let made = store.write_blocking(move |txn| {
        let head = head(posts::next_id(txn)?, 1, &wanted);
        let (revision, body) = text(&head);
        posts::insert(txn, &head, &revision, &body).map(|()| head)
    });
    let expected = head(PostId(0), 1, &fields);
    assert_eq!(made.is_err(), model.is_taken(&expected), "an address is given once");
    let head = made.ok()?;
    assert!(!model.made.contains(&head.id.0), "a number is given once");
    model.made.push(head.id.0);
    model.texts.insert((head.id.0, 1), text(&head).0.source);
    let id = head.id;
    model.posts.insert(id.0, head);
    Some(id)
}

fn replace(store: &Store, model: &mut Model, at: usize, fields: &Fields, with_text: bool) -> Option<PostId> {
    let (id, old) = chosen(&model.posts, at)?;
    let kind = old.kind;
    let new = PostHead { kind, ..head(old.id, old.version + u32::from(with_text), fields) };
    let taken = model.is_taken(&new);
    let (stored, words) = (new.clone(), text(&new));
    let done = store.write_blocking(move |txn| {
        let (revision, body) = &words;
        posts::replace(txn, &old, &stored, with_text.then_some((revision, body)))
    });
    assert_eq!(done.is_err(), taken, "an address is given once");
    if !taken {
        if with_text {
            model.texts.insert((id, new.version), text(&new).0.source);
        }
        model.posts.insert(id, new);
    }
    Some(PostId(id))
}

fn say(store: &Store, model: &mut Model, post: PostId, parent: Option<Comment>) -> Option<PostId> {
    let made = store.write_blocking(move |txn| {
        let id = ids::next_comment(txn)?;
        let comment = Comment {
            id,
            post,
            thread: parent.as_ref().map_or(id, |parent| parent.thread),
            parent: parent.as_ref().map(|parent| parent.id),
            author: UserId(1),
            created_at: Timestamp::from_ms(0),
            edited_at: None,
            deleted: false,
            source: format!("Comment {id}"),
            body: Html::trusted(format!("<p>Comment {id}</p>")),
        };
        comments::put(txn, &comment).map(|()| comment)
    });
    let comment = made.unwrap();
    let known = model.comments.keys().map(|key| key.2).max().unwrap_or(0);
    assert!(comment.id.0 > known, "later comments have higher numbers");
    model.comments.insert((post.0, comment.thread.0, comment.id.0), comment);
    Some(post)
}

fn put(store: &Store, model: &mut Model, key: (u64, u64, u64), comment: Comment) -> Option<PostId> {
    let stored = comment.clone();
    store.write_blocking(move |txn| comments::put(txn, &stored)).unwrap();
    let post = comment.post;
    model.comments.insert(key, comment);
    Some(post)
}

/// Deletes a comment, and the deleted ones of its thread that no comment is left below.
fn delete(store: &Store, model: &mut Model, at: usize) -> Option<PostId> {
    let (key, old) = chosen(&model.comments, at)?;
    let post = old.post;
    let deleted = Comment { deleted: true, source: String::new(), body: Html::default(), ..old.clone() };
    store.write_blocking(move |txn| tombstones::delete(txn, &old)).unwrap();
    model.comments.insert(key, deleted);
    let is_left = |comments: &BTreeMap<_, Comment>, key: &(u64, u64, u64)| {
        comments.values().any(|comment| comment.parent == Some(CommentId(key.2)))
    };
    while let Some(key) = model.comments.iter().find_map(|(other, comment)| {
        let is_of_thread = (other.0, other.1) == (key.0, key.1);
        (is_of_thread && comment.deleted && !is_left(&model.comments, other)).then_some(*other)
    }) {
        model.comments.remove(&key);
    }
    Some(post)
}

/// Everything that can be asked about posts.
fn compare_posts(txn: &ReadTxn, model: &Model) -> Result<()> {
    for id in model.made.iter().copied() {
        assert_eq!(posts::by_id(txn, PostId(id))?.as_ref(), model.posts.get(&id));
        let last = model.posts.get(&id).map(|head| head.version);
        for version in 0..8 {
            let stored = posts::revision(txn, PostId(id), version)?.map(|revision| revision.source);
            assert_eq!(stored.as_ref(), model.texts.get(&(id, version)), "revision {version} of {id}");
        }
        let newest = model.texts.range((id, 0)..=(id, u32::MAX)).next_back().map(|(_, text)| format!("<p>{text}</p>"));
        assert_eq!(posts::body(txn, PostId(id))?.map(|body| body.html.as_str().to_owned()), newest, "{last:?}");
    }
    for (kind, number) in [Kind::Post, Kind::Page].into_iter().flat_map(|kind| (0..SLUGS).map(move |n| (kind, n))) {
        let holder = model.posts.values().find(|head| head.kind == kind && head.slug == slug(number));
        assert_eq!(posts::by_slug(txn, kind, &slug(number))?.as_ref(), holder);
        // Kept now, it is asked for again after the next step.
        assert_eq!(post_heads::by_slug(txn, kind, slug(number))?.as_ref(), holder);
    }
    let mut by_category = HashMap::new();
    for category in model.posts.values().filter_map(|head| head.category) {
        *by_category.entry(category).or_insert(0) += 1;
    }
    assert_eq!(posts::count_by_category(txn)?, by_category);
    let (heads, total) = posts::all(txn, 1, 2, |head| head.kind == Kind::Post)?;
    let all: Vec<&PostHead> = model.posts.values().rev().filter(|head| head.kind == Kind::Post).collect();
    assert_eq!(heads.iter().collect::<Vec<_>>(), all.iter().copied().skip(1).take(2).collect::<Vec<_>>());
    assert_eq!(total, all.len());
    Ok(())
}

/// Every list at every moment.
fn compare_lists(txn: &ReadTxn, model: &Model) -> Result<()> {
    for now in 0..TIMES {
        let at = Timestamp::from_ms(now);
        for listing in listings() {
            let expected = model.list(&listing, now);
            assert_eq!(posts::published(txn, &listing, at, 0, usize::MAX)?, expected, "{listing:?} at {now}");
            assert_eq!(counts::published(txn, &listing, at)?, expected.len());
            let part: Vec<PostId> = expected.iter().copied().skip(1).take(2).collect();
            assert_eq!(posts::published(txn, &listing, at, 1, 2)?, part);
            if let Listing::Tag(slug) = &listing {
                assert_eq!(posts::newest_with_tag(txn, slug, at)?, expected.first().copied());
            }
        }
        let posts_so_far = model.list(&Listing::All, now).len();
        let months = if posts_so_far > 0 { vec![(1970, 1, posts_so_far)] } else { Vec::new() };
        assert_eq!(counts::by_month(txn, &Zone::utc(), at)?, months);
        let later =
            model.list(&Listing::All, i64::MAX).into_iter().filter_map(|id| model.posts.get(&id.0)?.published_at);
        assert_eq!(posts::next_publication(txn, at)?, later.filter(|time| *time > at).min());
    }
    Ok(())
}

/// Everything that can be asked about conversations.
fn compare_comments(txn: &ReadTxn, model: &Model) -> Result<()> {
    for post in model.made.iter().copied() {
        let outline = comments::outline(txn, PostId(post))?;
        let mut threads: Vec<(CommentId, usize)> = Vec::new();
        for comment in model.of_post(post) {
            match threads.last_mut() {
                Some((thread, size)) if *thread == comment.thread => *size += 1,
                _ => threads.push((comment.thread, 1)),
            }
        }
        let total = model.of_post(post).filter(|comment| !comment.deleted).count();
        assert_eq!((outline.total, &outline.threads), (total, &threads));
        assert_eq!(comments::counts(txn, [PostId(post)])?, [total]);
        for (thread, _) in &threads {
            let expected: Vec<Comment> = model.of_post(post).filter(|one| one.thread == *thread).cloned().collect();
            assert_eq!(comments::threads(txn, PostId(post), *thread, *thread)?, expected);
            let without_source = |comment: &Comment| Comment { source: String::new(), ..comment.clone() };
            let shown: Vec<Comment> = expected.iter().skip(1).take(2).map(without_source).collect();
            assert_eq!(comments::shown(txn, PostId(post), (*thread, *thread), (1, 2))?, shown);
        }
        for comment in model.of_post(post) {
            assert_eq!(outline.thread_of(comment.id), Some(comment.thread));
            let place = (PostId(post), comment.thread, comment.id);
            assert_eq!(comments::by_id(txn, place.0, place.1, place.2)?.as_ref(), Some(comment));
            let before = model.of_post(post).filter(|other| other.thread == comment.thread && other.id < comment.id);
            assert_eq!(outline.place_in_thread(comment.thread, comment.id), before.count());
        }
        assert_eq!(outline.thread_of(CommentId(u64::MAX)), None);
    }
    let (_, total) = comments::newest(txn, 0, 0)?;
    assert_eq!(total, model.comments.values().filter(|comment| !comment.deleted).count());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_store_holds_what_plain_maps_hold(steps in vec(step(), 1..30)) {
        let store = Store::memory().unwrap();
        let mut model = Model::default();
        for step in &steps {
            let (before, lists) = (store.read().unwrap().number(), model.lists());
            let texts = (model.posts.clone(), model.comments.clone());
            let subject = apply(&store, &mut model, step);
            let txn = store.read().unwrap();
            compare_posts(&txn, &model).unwrap();
            compare_lists(&txn, &model).unwrap();
            compare_comments(&txn, &model).unwrap();
            // Whoever keeps a page is told what changed.
            if let Some(id) = subject
                && (&texts.0, &texts.1) != (&model.posts, &model.comments)
            {
                prop_assert!(store.changed_since(&[Scope::Post(id)], before), "{step:?}");
            }
            prop_assert!(lists == model.lists() || store.changed_since(&[Scope::Lists], before), "{step:?}");
        }
    }
}
