//! Pages over a loopback socket against hyper alone with the same bytes and headers.

use crate::Result;
use crate::client;
use crate::fill;
use crate::process::{Rate, Server};
use crate::table::{Table, at_least, median};
use crate::{bare, folder, number};
use pamphlet::store::{Opening, Store};
use std::path::Path;
use std::sync::Arc;
use tokio::runtime::Runtime;

const POSTS: u64 = 256;
const COMMENTS: u64 = 100;
const CONNECTIONS: usize = 32;
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

struct Case {
    name: &'static str,
    which: Which,
    /// Each with its target.
    requests: Vec<(String, Vec<u8>)>,
    goal: Option<f64>,
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
    let mut table =
        Table::new(&["answer", "bytes", "per second", "bare", "ratio", "CPU us", "bare", "CPU ratio (bare / ours)"]);
    let only = std::env::var("PAMPHLET_BENCH_CASE").unwrap_or_default();
    for case in cases().into_iter().filter(|case| case.name.contains(&only)) {
        table.row(measure(&runtime, folder.path(), &case, of(case.which))?);
        // Whatever the first requests had to write is no page view's.
        written = written.or(Some(cached.written()? + uncached.written()?));
    }
    table.print();
    println!("{POSTS} posts with {COMMENTS} comments each, {CONNECTIONS} connections.");
    let views = cached.written()? + uncached.written()? - written.unwrap_or(0);
    println!("Bytes written by all these page views: {views} (has to be 0).");
    Ok(())
}

fn cases() -> Vec<Case> {
    let cookie = format!("session={}", fill::token(7));
    let asks = |targets: Vec<String>, headers: &[(&str, &str)]| {
        targets.into_iter().map(|target| (target.clone(), client::get(&target, headers))).collect::<Vec<_>>()
    };
    let case = |name, which, requests, goal| Case { name, which, requests, goal };
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

/// Rounds of ours and the yardstick's in turn; the median of each round's ratio.
fn measure(runtime: &Runtime, folder: &Path, case: &Case, ours: &Server) -> Result<Vec<String>> {
    let mut learnt = Vec::new();
    for (target, request) in &case.requests {
        // Twice: the first may find the page in another coding only.
        runtime.block_on(client::fetch(ours.address, request))?;
        learnt.push((target.clone(), runtime.block_on(client::fetch(ours.address, request))?));
    }
    let size = learnt.iter().map(|(_, answer)| answer.body.len()).sum::<usize>() / learnt.len();
    let file = folder.join("answers");
    bare::learn(&file, &learnt)?;
    let bare = Server::bare(&file)?;
    let requests = Arc::new(case.requests.iter().map(|(_, request)| request.clone()).collect());
    let round = |server: &Server| server.rate(runtime, &requests, CONNECTIONS);
    round(ours)?;
    let (mut theirs, mut own) = (Vec::new(), Vec::new());
    for _ in 0..number("PAMPHLET_BENCH_ROUNDS", 5)? {
        theirs.push(round(&bare)?);
        own.push(round(ours)?);
    }
    let pairs = || own.iter().zip(&theirs);
    let ratio = median(pairs().map(|(own, bare)| own.per_second / bare.per_second));
    let cpu_ratio = median(pairs().map(|(own, bare)| bare.cpu / own.cpu));
    let speed = |rates: &[Rate]| format!("{:.0}", median(rates.iter().map(|rate| rate.per_second)));
    let cpu = |rates: &[Rate]| format!("{:.1}", median(rates.iter().map(|rate| rate.cpu)));
    Ok(vec![
        case.name.to_owned(),
        size.to_string(),
        speed(&own),
        speed(&theirs),
        case.goal.map_or(format!("{ratio:.2}"), |goal| at_least(ratio, goal)),
        cpu(&own),
        cpu(&theirs),
        format!("{cpu_ratio:.2}"),
    ])
}
