//! Pages over a loopback socket against hyper alone with the same bytes and headers.

use crate::Result;
use crate::client;
use crate::fill;
use crate::folder;
use crate::process::Server;
use crate::table::Table;
use crate::yardstick::{self, Case};
use pamphlet::store::{Opening, Store};

const POSTS: u64 = 256;
const COMMENTS: u64 = 100;
const CACHE: usize = 16_000_000;
/// What browsers send.
const BROWSER: (&str, &str) = ("accept-encoding", "gzip, deflate, br");
const PLAIN: (&str, &str) = ("accept-encoding", "identity");

/// Which of the running servers a case asks.
#[derive(Clone, Copy)]
enum Which {
    Cached,
    /// The same without a line in the log for each request.
    Silent,
    Uncached,
}

pub fn run() -> Result<()> {
    let folder = folder()?;
    let original = folder.path().join("blog.redb");
    let plan = fill::Plan { posts: POSTS, comments: COMMENTS, hash: None };
    fill::fill(&Store::open(&original, Opening::Create, CACHE)?, &plan)?;
    let start = |name: &str, options: &[&str]| {
        let file = folder.path().join(name);
        std::fs::copy(&original, &file)?;
        Server::pamphlet(&file, &[&["--bcrypt-cost", "10"], options].concat())
    };
    let cached = start("cached", &[])?;
    let silent = start("silent", &["--log-level", "warn"])?;
    let uncached = start("uncached", &["--page-cache", "0"])?;
    let of = |which| match which {
        Which::Cached => &cached,
        Which::Silent => &silent,
        Which::Uncached => &uncached,
    };
    let runtime = client::runtime()?;
    let mut written = None;
    let mut table = Table::new(&yardstick::HEAD);
    let only = std::env::var("PAMPHLET_BENCH_CASE").unwrap_or_default();
    for (which, case) in cases().into_iter().filter(|(_, case)| case.name.contains(&only)) {
        table.row(yardstick::measure(&runtime, folder.path(), &case, of(which))?);
        // Whatever the first requests had to write is no page view's.
        written = written.or(Some(cached.written()? + uncached.written()?));
    }
    table.print();
    println!("{POSTS} posts with {COMMENTS} comments each, {} connections.", yardstick::CONNECTIONS);
    let views = cached.written()? + uncached.written()? - written.unwrap_or(0);
    println!("Bytes written by all these page views: {views} (has to be 0).");
    Ok(())
}

fn cases() -> Vec<(Which, Case)> {
    let cookie = format!("session={}", fill::token(7));
    let asks = |targets: Vec<String>, headers: &[(&str, &str)]| {
        targets.into_iter().map(|target| (target.clone(), client::get(&target, headers))).collect::<Vec<_>>()
    };
    let case = |name, which, requests, goal| (which, Case { name, requests, goal });
    // Of those who miss the same page at the same time one renders: so that each answer is really
    // made, there have to be many pages.
    let posts = || (1..=POSTS).map(fill::address).collect::<Vec<_>>();
    let some = || posts().into_iter().take(16).collect::<Vec<_>>();
    let lists = || {
        let pages = (0..fill::CATEGORIES).flat_map(|category| (1..=3).map(move |page| (category, page)));
        pages.map(|(category, page)| format!("/category/category-{category}?page={page}")).collect::<Vec<_>>()
    };
    let feeds =
        (0..64).flat_map(|host| asks(vec!["/feed.xml".into()], &[PLAIN, ("host", &format!("host-{host}.example"))]));
    let (home, feed) = (vec!["/".to_owned()], vec!["/feed.xml".to_owned()]);
    let css = vec![pamphlet::assets::url("app.css").to_owned()];
    let member = |coding| [coding, ("cookie", cookie.as_str())];
    use Which::{Cached, Silent, Uncached};
    vec![
        case("cached post page, br", Cached, asks(some(), &[BROWSER]), Some(0.85)),
        case("cached post page, br, no request log", Silent, asks(some(), &[BROWSER]), None),
        case("cached post page, plain", Cached, asks(some(), &[PLAIN]), Some(0.85)),
        case("cached front page, br", Cached, asks(home, &[BROWSER]), Some(0.85)),
        case("cached list pages, br", Cached, asks(lists(), &[BROWSER]), Some(0.85)),
        case("cached feed, br", Cached, asks(feed, &[BROWSER]), Some(0.85)),
        case("style sheet, br", Cached, asks(css, &[BROWSER]), Some(0.85)),
        case("signed-in post page, plain", Cached, asks(some(), &member(PLAIN)), Some(0.25)),
        case("signed-in post page, more than is kept", Cached, asks(posts(), &member(PLAIN)), None),
        case("signed-in post page, gzip", Cached, asks(some(), &member(BROWSER)), None),
        case("signed-in list page, plain", Cached, asks(lists(), &member(PLAIN)), None),
        case("uncached post page, plain", Uncached, asks(posts(), &[PLAIN]), Some(0.10)),
        case("uncached post page, br", Uncached, asks(posts(), &[BROWSER]), None),
        case("uncached list page, plain", Uncached, asks(lists(), &[PLAIN]), None),
        case("uncached feed, plain", Uncached, feeds.collect(), None),
    ]
}
