//! Rendered pages for visitors, kept as long as they are true.
//!
//! Nobody tells the cache what to forget. A page keeps the number of the snapshot it was rendered
//! from, the scopes it shows and the time of the next scheduled publication; it is served only
//! while none of the scopes changed after that number and that time has not come.

use crate::domain::time::Timestamp;
use crate::error::{Error, Result};
use crate::service::{App, ReadTxn, Scope};
use crate::web::Site;
use crate::web::encoding;
use crate::web::encoding::Encoding;
use crate::web::finish;
use crate::web::origin::Caller;
use crate::web::request::Req;
use crate::web::response;
use crate::web::response::{Rendered, Res};
use crate::web::variants::{About, Variants};
use http::header::{CACHE_CONTROL, HeaderName, HeaderValue, LAST_MODIFIED};
use http::{HeaderMap, Method, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use quick_cache::DefaultHashBuilder;
use quick_cache::Weighter;
use quick_cache::sync::{Cache, DefaultLifecycle, PlaceholderGuard};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::service::off_the_loop;

/// A shared cache may keep the page and has to ask each time whether it still holds.
const PUBLIC: &str = "public, max-age=0, must-revalidate";
/// Brotli of pages: made while a visitor waits.
const QUALITY: u32 = 5;
/// What an entry weighs beside its bodies: key, headers, bookkeeping.
const OVERHEAD: u64 = 2048;
/// Longest value of a query parameter in a key; a page with a longer one is not kept.
const MAX_VALUE: usize = 100;

/// The pages, bounded in bytes, with the permits to render.
pub struct PageCache {
    pages: Cache<String, Arc<Entry>, Weight>,
    /// Whether there is any room.
    keeps: bool,
    /// Held from the read until the page and its coded variant are made, so that a crowd of
    /// misses cannot hold a crowd of pages in memory.
    permits: Semaphore,
    paces: Paces,
    hits: AtomicU64,
    misses: AtomicU64,
}

struct Entry {
    /// The number of the route that answers its address.
    route: usize,
    number: u64,
    scopes: Box<[Scope]>,
    until: Option<Timestamp>,
    /// When it was rendered. If the clock was set back since, it may show what is to come.
    made: Timestamp,
    variants: Variants,
}

impl Entry {
    fn is_true(&self, app: &App) -> bool {
        !app.changed_since(&self.scopes, self.number) && self.is_current(app)
    }

    /// Whether it is as new as a question that was asked when `asked` was the last commit. It may have
    /// changed since.
    fn was_true(&self, app: &App, asked: u64) -> bool {
        (self.number >= asked || !app.changed_since(&self.scopes, self.number)) && self.is_current(app)
    }

    fn is_current(&self, app: &App) -> bool {
        let now = app.now();
        self.made <= now && self.until.is_none_or(|until| now < until)
    }
}

#[derive(Clone)]
struct Weight;

impl Weighter<String, Arc<Entry>> for Weight {
    fn weight(&self, key: &String, entry: &Arc<Entry>) -> u64 {
        entry.variants.weight() + key.len() as u64 + entry.scopes.len() as u64 * 16 + OVERHEAD
    }
}

impl PageCache {
    /// At most `bytes` of pages.
    pub fn new(bytes: usize) -> PageCache {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let items = (bytes / 32_768).max(16);
        PageCache {
            pages: Cache::with_weighter(items, bytes as u64, Weight),
            keeps: bytes > 0,
            permits: Semaphore::new(cores.clamp(2, 8)),
            paces: Paces::default(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// The page with exactly this address, for a visitor, if it is there in the coding the client
    /// takes; with the number of its route. An address that is written otherwise than `key` writes
    /// it has to be parsed first.
    pub fn ready(&self, app: &App, caller: &Caller, address: &str, asked: &HeaderMap) -> Option<(Res, usize)> {
        if !self.keeps {
            return None;
        }
        let of_origin = || if caller.is_guessed() { self.pages.get(&caller.url(address)) } else { None };
        let entry = self.pages.get(address).or_else(of_origin)?;
        let variant = entry.variants.ready(encoding::choose(asked))?;
        if !entry.is_true(app) {
            return None;
        }
        self.hits.fetch_add(1, Ordering::Relaxed);
        Some((variant.respond(asked), entry.route))
    }

    /// Bytes taken now.
    pub fn weight(&self) -> u64 {
        self.pages.weight()
    }

    /// Pages answered from the cache and pages rendered for it, since the start.
    pub fn hits_and_misses(&self) -> (u64, u64) {
        (self.hits.load(Ordering::Relaxed), self.misses.load(Ordering::Relaxed))
    }

    /// Waits for the right to render something.
    pub(in crate::web) async fn permit(&self) -> Result<SemaphorePermit<'_>> {
        self.permits.acquire().await.map_err(|closed| Error::Internal(Box::new(closed)))
    }
}

/// A page of a public address. `known` are the query parameters it understands; others make no
/// difference. Visitors share the kept page; anybody else gets one of their own, never kept.
pub async fn get_or_render<F>(site: &Site, req: &Req, known: &[&str], render: F) -> Result<Res>
where
    F: FnOnce(&ReadTxn) -> Result<Rendered> + Send,
{
    answer(site, req, key("", &req.path, known, req), false, render).await
}

/// Like `get_or_render`, for a page that prints absolute addresses. If no public URL is configured, each
/// origin under which the site is reached has its own.
pub async fn get_or_render_of_origin<F>(site: &Site, req: &Req, known: &[&str], render: F) -> Result<Res>
where
    F: FnOnce(&ReadTxn) -> Result<Rendered> + Send,
{
    answer(site, req, key(&guessed_origin(req), &req.path, known, req), false, render).await
}

/// Like `get_or_render_of_origin`, for what is the same for members: feeds, the sitemap.
pub async fn get_or_render_absolute<F>(site: &Site, req: &Req, known: &[&str], render: F) -> Result<Res>
where
    F: FnOnce(&ReadTxn) -> Result<Rendered> + Send,
{
    answer(site, req, key(&guessed_origin(req), &req.path, known, req), true, render).await
}

/// What stands before the path in the key of a page with absolute addresses; empty if they are configured.
fn guessed_origin(req: &Req) -> String {
    if req.caller.is_guessed() { req.origin() } else { String::new() }
}

async fn answer<F>(site: &Site, req: &Req, key: Option<String>, same_for_all: bool, render: F) -> Result<Res>
where
    F: FnOnce(&ReadTxn) -> Result<Rendered> + Send,
{
    let public = same_for_all || req.actor.is_anonymous();
    match key {
        Some(key) if public && matches!(req.method, Method::GET | Method::HEAD) => {
            shared(site, req, &key, render).await
        }
        _ => own(site, req, render).await,
    }
}

/// The kept page, or a new one that is kept if there is room. Of several requests that miss one page, one
/// renders and the others wait for it. Each gets a page as new as its question, no newer: else who waits while others
/// write would render again, one after the other.
async fn shared<F>(site: &Site, req: &Req, key: &str, render: F) -> Result<Res>
where
    F: FnOnce(&ReadTxn) -> Result<Rendered> + Send,
{
    let cache = &site.cache;
    let (guard, replaced) = match kept(site, key).await {
        Ok(entry) => {
            cache.hits.fetch_add(1, Ordering::Relaxed);
            return coded(cache, &entry, &req.headers).await;
        }
        Err(miss) => miss,
    };
    let _permit = cache.permit().await?;
    let txn = site.app.read()?;
    let rendered = cache.paces.run(req.route, || render(&txn))?;
    let made = site.app.now();
    let (variants, scopes, until) = match rendered {
        Rendered::Other(res) => return Ok(res),
        Rendered::Page { body, media_type, scopes, until, headers } => {
            let about = About { media_type, cache_control: PUBLIC, vary: vary(site, req), quality: QUALITY };
            let date = if guard.is_some() { last_modified(made, replaced) } else { None };
            (Variants::new(body, about).with(headers.into_iter().chain(date).collect()), scopes, until)
        }
    };
    cache.misses.fetch_add(1, Ordering::Relaxed);
    let encoding = encoding::choose(&req.headers);
    if variants.ready(encoding).is_none() {
        off_the_loop(|| variants.make(encoding));
    }
    let Some(guard) = guard else { return Ok(variants.into_variant(encoding).into_response(&req.headers)) };
    let res = variants.make(encoding).respond(&req.headers);
    let entry = Entry { route: req.route, number: txn.number(), scopes: scopes.into(), until, made, variants };
    // A page that is too large for the cache is not kept, which is no failure.
    let _ = guard.insert(Arc::new(entry));
    Ok(res)
}

/// The date of a page that was rendered at `made`, which is no older than anything it shows. Dates are whole seconds: a
/// client that has what this page replaces must not take it for the same, so two versions of one second have no date
/// (RFC 9110, section 8.8.2.2), nor has one that seems older than the version before it, by a clock that was set back.
fn last_modified(made: Timestamp, replaced: Option<Timestamp>) -> Option<(HeaderName, HeaderValue)> {
    let second = |time: Timestamp| time.ms().div_euclid(1_000);
    if replaced.is_some_and(|before| second(before) >= second(made)) {
        return None;
    }
    Some((LAST_MODIFIED, HeaderValue::try_from(made.http_date()).ok()?))
}

/// Why there is no kept page: the place for a new one, where pages are kept, and when the one was made that it replaces.
type Miss<'a> = (Option<Guard<'a>>, Option<Timestamp>);

/// Keeps the place of a page that somebody renders.
type Guard<'a> =
    PlaceholderGuard<'a, String, Arc<Entry>, Weight, DefaultHashBuilder, DefaultLifecycle<String, Arc<Entry>>>;

/// The kept page, or the right to render it; without a place where nothing is kept.
async fn kept<'a>(site: &'a Site, key: &str) -> std::result::Result<Arc<Entry>, Miss<'a>> {
    let pages = &site.cache.pages;
    if !site.cache.keeps {
        return Err((None, None));
    }
    let mut replaced = None;
    let asked = site.app.number();
    loop {
        if let Some((_, old)) = pages.remove_if(key, |entry| !entry.was_true(&site.app, asked)) {
            replaced = Some(old.made);
        }
        match pages.get_value_or_guard_async(key).await {
            // It may have been rendered before a write that was acknowledged before we asked.
            Ok(entry) if entry.was_true(&site.app, asked) => return Ok(entry),
            Ok(_) => {}
            Err(guard) => return Err((Some(guard), replaced)),
        }
    }
}

async fn coded(cache: &PageCache, entry: &Entry, asked: &HeaderMap) -> Result<Res> {
    let encoding = encoding::choose(asked);
    if let Some(variant) = entry.variants.ready(encoding) {
        return Ok(variant.respond(asked));
    }
    let _permit = cache.permit().await?;
    Ok(off_the_loop(|| entry.variants.make(encoding)).respond(asked))
}

/// What an answer depends on, beside its address.
fn vary(site: &Site, req: &Req) -> &'static str {
    if takes_tokens(site, req) { "Accept, Accept-Encoding, Authorization, Cookie" } else { "Accept-Encoding, Cookie" }
}

fn takes_tokens(site: &Site, req: &Req) -> bool {
    site.router.routes().get(req.route).is_some_and(|route| route.surface.takes_tokens())
}

/// An answer of whoever asks, never kept.
pub async fn own<F>(site: &Site, req: &Req, render: F) -> Result<Res>
where
    F: FnOnce(&ReadTxn) -> Result<Rendered> + Send,
{
    let _permit = site.cache.permit().await?;
    let txn = site.app.read()?;
    site.cache.paces.run(req.route, || match render(&txn)? {
        Rendered::Other(res) => Ok(res),
        Rendered::Page { body, media_type, headers, .. } if takes_tokens(site, req) => {
            // A program may keep it, and asks each time whether it still holds.
            let about =
                About { media_type, cache_control: "private, no-cache", vary: vary(site, req), quality: QUALITY };
            let variants = Variants::new(body, about).with(headers);
            Ok(variants.into_variant(encoding::choose_quick(&req.headers)).into_response(&req.headers))
        }
        Rendered::Page { body, media_type, .. } => {
            let mut res = response::bytes(StatusCode::OK, media_type, body);
            res.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
            // Here, while the permit is held.
            let encoding = encoding::choose_quick(&req.headers);
            if encoding != Encoding::Plain {
                finish::code(&mut res, encoding);
            }
            Ok(res)
        }
    })
}

/// What takes no longer runs where it is: to hand the other tasks of an async thread to another costs
/// more than a short page.
const SHORT: Duration = Duration::from_millis(1);

/// From so many points on a route counts as slow.
const SLOW: u8 = 4;

/// Points of each route, by its number: one more for a long page, one less for a short one, so that a
/// short page that was kept waiting by others makes no difference.
struct Paces([AtomicU8; 256]);

impl Default for Paces {
    fn default() -> Paces {
        Paces(std::array::from_fn(|_| AtomicU8::new(0)))
    }
}

impl Paces {
    /// Runs `work` for a route: off the loop if its pages take long.
    fn run<T>(&self, route: usize, work: impl FnOnce() -> T) -> T {
        let Some(slot) = self.0.get(route) else { return off_the_loop(work) };
        let points = slot.load(Ordering::Relaxed);
        let started = Instant::now();
        let made = if points < SLOW { work() } else { off_the_loop(work) };
        let is_long = started.elapsed() > SHORT;
        slot.store(if is_long { (points + 1).min(2 * SLOW) } else { points.saturating_sub(1) }, Ordering::Relaxed);
        made
    }
}

/// `/path?page=2`, with the parameters in the order of `known`; `None` if one is too long to keep.
fn key(origin: &str, path: &str, known: &[&str], req: &Req) -> Option<String> {
    let mut key = format!("{origin}{path}");
    let mut separator = '?';
    for name in known {
        let Some(value) = req.query(name) else { continue };
        if value.len() > MAX_VALUE {
            return None;
        }
        key.push(separator);
        key.push_str(name);
        key.push('=');
        key.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
        separator = '&';
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::domain::id::PostId;
    use crate::web::router::{Route, Surface};
    use crate::web::testing::{get, send, site, site_with, text};
    use http::header::{CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, VARY};
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    /// A page that says how often it was rendered, and shows one post.
    fn counted() -> (Arc<Site>, Arc<AtomicU64>) {
        let renders = Arc::new(AtomicU64::new(0));
        let counter = renders.clone();
        let page = move |site: Arc<Site>, req: Req| {
            let counter = counter.clone();
            async move {
                get_or_render(&site, &req, &["page"], |_| {
                    if req.query("gone").is_some() {
                        return Err(Error::NotFound("post"));
                    }
                    let count = counter.fetch_add(1, Ordering::SeqCst) + 1;
                    let filler = "Words of a page. ".repeat(200);
                    let until = Some(Timestamp::from_ms(1_800_000_000_000));
                    Ok(response::document(
                        response::HTML,
                        format!("{count} {filler}"),
                        vec![Scope::Post(PostId(1))],
                        until,
                    ))
                })
                .await
            }
        };
        (site(vec![Route::new(Method::GET, "/", Surface::Page, page)]), renders)
    }

    async fn number(site: &Arc<Site>, target: &str) -> u64 {
        text(get(site, target).await).await.split(' ').next().unwrap().parse().unwrap()
    }

    #[tokio::test]
    async fn a_page_is_rendered_once_until_something_it_shows_changes() {
        let (site, _) = counted();
        assert_eq!((number(&site, "/").await, number(&site, "/").await), (1, 1));
        site.app.touch(Scope::Post(PostId(2)));
        assert_eq!(number(&site, "/").await, 1);
        site.app.touch(Scope::Post(PostId(1)));
        assert_eq!((number(&site, "/").await, number(&site, "/").await), (2, 2));
    }

    #[tokio::test]
    async fn a_page_ends_when_the_next_publication_comes() {
        let (site, _) = counted();
        assert_eq!(number(&site, "/").await, 1);
        site.app.set_now(Timestamp::from_ms(1_799_999_999_999));
        assert_eq!(number(&site, "/").await, 1);
        site.app.set_now(Timestamp::from_ms(1_800_000_000_000));
        assert_eq!(number(&site, "/").await, 2);
    }

    #[tokio::test]
    async fn unknown_parameters_make_no_new_pages_and_known_ones_do() {
        let (site, _) = counted();
        assert_eq!(number(&site, "/?utm_source=x&a=b").await, 1);
        assert_eq!(number(&site, "/").await, 1);
        assert_eq!(number(&site, "/?page=2").await, 2);
        assert_eq!(number(&site, "/?x&page=2&page=3").await, 2);
        assert_eq!(get(&site, "/?page=3&gone").await.status(), 404);
        assert_eq!(number(&site, "/?page=3").await, 3);
    }

    #[tokio::test]
    async fn codings_differ_in_tag_and_say_what_they_depend_on() {
        let (site, _) = counted();
        let mut tags = Vec::new();
        for coding in ["identity", "gzip", "br", "gzip"] {
            let res = send(&site, "GET /", &[("accept-encoding", coding)], "").await;
            assert_eq!(res.headers()["vary"], "Accept-Encoding, Cookie");
            assert_eq!(res.headers()[CACHE_CONTROL], PUBLIC);
            let tag = res.headers()["etag"].to_str().unwrap().to_owned();
            let asked = [("accept-encoding", coding), ("if-none-match", tag.as_str())];
            assert_eq!(send(&site, "GET /", &asked, "").await.status(), 304);
            tags.push(tag);
        }
        assert!(tags[1] == tags[3] && tags[0] != tags[1] && tags[1] != tags[2]);
        let head = send(&site, "HEAD /", &[("accept-encoding", "br")], "").await;
        assert_eq!((head.status().as_u16(), &head.headers()["content-encoding"]), (200, &"br".parse().unwrap()));
    }

    #[test]
    fn concurrent_misses_of_one_page_render_once() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
        runtime.block_on(async {
            let renders = Arc::new(AtomicU64::new(0));
            let counter = renders.clone();
            let slow = move |site: Arc<Site>, req: Req| {
                let counter = counter.clone();
                async move {
                    get_or_render(&site, &req, &[], |_| {
                        counter.fetch_add(1, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_millis(50));
                        Ok(response::document(response::HTML, "slow".into(), vec![Scope::Lists], None))
                    })
                    .await
                }
            };
            let site = site(vec![Route::new(Method::GET, "/", Surface::Page, slow)]);
            let crowd: Vec<_> = (0..32)
                .map(|_| {
                    tokio::spawn({
                        let site = site.clone();
                        async move { get(&site, "/").await.status() }
                    })
                })
                .collect();
            for one in crowd {
                assert_eq!(one.await.unwrap(), 200);
            }
            assert_eq!(renders.load(Ordering::SeqCst), 1);
        });
    }

    /// Each rendering meets a write of what it shows.
    #[tokio::test]
    async fn who_waits_for_a_page_takes_it_although_something_was_written_meanwhile() {
        let renders = Arc::new(AtomicU64::new(0));
        let counter = renders.clone();
        let busy = move |site: Arc<Site>, req: Req| {
            let counter = counter.clone();
            async move {
                get_or_render(&site, &req, &[], |_| {
                    counter.fetch_add(1, Ordering::SeqCst);
                    site.app.touch(Scope::Lists);
                    Ok(response::document(response::HTML, "busy".into(), vec![Scope::Lists], None))
                })
                .await
            }
        };
        let site = site(vec![Route::new(Method::GET, "/", Surface::Page, busy)]);
        let permits = u32::try_from(site.cache.permits.available_permits()).unwrap();
        let held = site.cache.permits.acquire_many(permits).await.unwrap();
        let mut crowd = futures_util::future::join_all((0..8).map(|_| get(&site, "/")));
        assert!(futures_util::poll!(&mut crowd).is_pending());
        drop(held);
        assert!(crowd.await.iter().all(|res| res.status() == 200));
        assert_eq!(renders.load(Ordering::SeqCst), 1);
        // Who asks now sees the write.
        assert_eq!(get(&site, "/").await.status(), 200);
        assert_eq!(renders.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn without_room_each_page_is_made_anew_with_the_same_headers() {
        let config = |bytes| Config { page_cache: Some(bytes), ..Config::default() };
        let route = || {
            Route::new(Method::GET, "/", Surface::Page, |site: Arc<Site>, req: Req| async move {
                get_or_render(&site, &req, &[], |_| {
                    Ok(response::document(response::HTML, "A page. ".repeat(500), vec![Scope::Lists], None))
                })
                .await
            })
        };
        let (none, some) = (site_with(config(0), vec![route()]), site_with(config(8_000_000), vec![route()]));
        for coding in ["identity", "gzip", "br"] {
            let asked = [("accept-encoding", coding)];
            let (bare, kept) = (send(&none, "GET /", &asked, "").await, send(&some, "GET /", &asked, "").await);
            let names = [ETAG, CONTENT_TYPE, CONTENT_ENCODING, CACHE_CONTROL, VARY, CONTENT_SECURITY_POLICY];
            for name in names {
                assert_eq!(bare.headers().get(&name), kept.headers().get(&name), "{coding}: {name}");
            }
            assert_eq!(bare.body().length(), kept.body().length());
            let asked = [("accept-encoding", coding), ("if-none-match", bare.headers()[ETAG].to_str().unwrap())];
            assert_eq!(send(&none, "GET /", &asked, "").await.status(), 304);
        }
        assert_eq!((none.cache.hits_and_misses(), none.cache.weight()), ((0, 6), 0));
    }

    #[tokio::test]
    async fn the_cache_stays_within_its_bytes() {
        let cache = PageCache::new(200_000);
        let page = |n: u64| {
            let about = About { media_type: response::HTML, cache_control: PUBLIC, vary: "Cookie", quality: QUALITY };
            let variants = Variants::new(format!("{n} {}", "x".repeat(4000)).into(), about);
            Arc::new(Entry {
                route: 0,
                number: n,
                scopes: [Scope::Lists].into(),
                until: None,
                made: Timestamp::default(),
                variants,
            })
        };
        for n in 0..500 {
            cache.pages.insert(format!("/?page={n}"), page(n));
        }
        assert!(cache.weight() <= 200_000 && cache.pages.len() >= 10, "{} {}", cache.weight(), cache.pages.len());
    }
}
