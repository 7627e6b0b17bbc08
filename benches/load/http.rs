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
    targets: Vec<String>,
    headers: Vec<(&'static str, String)>,
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
    for case in cases() {
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
    let posts = || (1..=POSTS).map(fill::address).collect::<Vec<_>>();
    let some = || posts().into_iter().take(16).collect::<Vec<_>>();
    let visitor = |coding: (&'static str, &str)| vec![(coding.0, coding.1.to_owned())];
    let reader = |coding| [visitor(coding), vec![("cookie", format!("session={}", fill::token(7)))]].concat();
    let case = |name, which, targets, headers, goal| Case { name, which, targets, headers, goal };
    let (home, feed) = (|| vec!["/".to_owned()], || vec!["/feed.xml".to_owned()]);
    let css = vec![pamphlet::assets::url("app.css").to_owned()];
    use Which::{Cached, Silent, Uncached};
    vec![
        case("cached post page, br", Cached, some(), visitor(BROWSER), Some(0.85)),
        case("cached post page, br, no request log", Silent, some(), visitor(BROWSER), None),
        case("cached post page, plain", Cached, some(), visitor(PLAIN), Some(0.85)),
        case("cached list page, br", Cached, home(), visitor(BROWSER), Some(0.85)),
        case("cached feed, br", Cached, feed(), visitor(BROWSER), Some(0.85)),
        case("style sheet, br", Cached, css, visitor(BROWSER), Some(0.85)),
        case("signed-in post page, plain", Cached, posts(), reader(PLAIN), Some(0.25)),
        case("signed-in post page, gzip", Cached, posts(), reader(BROWSER), None),
        case("signed-in list page, plain", Cached, home(), reader(PLAIN), None),
        case("uncached post page, plain", Uncached, posts(), visitor(PLAIN), Some(0.10)),
        case("uncached post page, br", Uncached, posts(), visitor(BROWSER), None),
        case("uncached list page, plain", Uncached, home(), visitor(PLAIN), None),
        case("uncached feed, plain", Uncached, feed(), visitor(PLAIN), None),
    ]
}

/// Rounds of ours and the yardstick's in turn; the median of each round's ratio.
fn measure(runtime: &Runtime, folder: &Path, case: &Case, ours: &Server) -> Result<Vec<String>> {
    let headers: Vec<(&str, &str)> = case.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let requests: Vec<Vec<u8>> = case.targets.iter().map(|target| client::get(target, &headers)).collect();
    let mut learnt = Vec::new();
    for (target, request) in case.targets.iter().zip(&requests) {
        // Twice: the first may find the page in another coding only.
        runtime.block_on(client::fetch(ours.address, request))?;
        learnt.push((target.clone(), runtime.block_on(client::fetch(ours.address, request))?));
    }
    let size = learnt.iter().map(|(_, answer)| answer.body.len()).sum::<usize>() / learnt.len();
    let file = folder.join("answers");
    bare::learn(&file, &learnt)?;
    let bare = Server::bare(&file)?;
    let requests = Arc::new(requests);
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
