//! Start and pages at 1,000 and at 100,000 posts, after a clean end and after `kill -9`.

use crate::Result;
use crate::client;
use crate::fill;
use crate::process::Server;
use crate::table::{Table, at_most, median};
use crate::{bare, folder, number};
use pamphlet::store::{Opening, Store};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const SMALL: u64 = 1_000;
const COMMENTS: u64 = 10;
/// One, since of several that miss a page at the same time one renders.
const CONNECTIONS: usize = 1;
const CACHE: usize = 64_000_000;
/// The cost is fixed, so that no start times it.
const OPTIONS: [&str; 2] = ["--bcrypt-cost", "10"];

pub fn run() -> Result<()> {
    let folder = folder()?;
    let large = number("PAMPHLET_BENCH_POSTS", 100_000)?;
    let small = blog(folder.path(), SMALL)?;
    let large = (large, blog(folder.path(), large)?);
    let runtime = client::runtime()?;
    starts(&runtime, folder.path(), &small, &large)?;
    pages(&runtime, &small, &large)
}

fn blog(folder: &Path, posts: u64) -> Result<PathBuf> {
    let file = folder.join(format!("{posts}.redb"));
    let started = Instant::now();
    fill::fill(&Store::open(&file, Opening::Create, CACHE)?, &fill::Plan { posts, comments: COMMENTS, hash: None })?;
    let size = std::os::unix::fs::MetadataExt::blocks(&std::fs::metadata(&file)?) as f64 * 512.0 / 1e6;
    let rate = posts as f64 / started.elapsed().as_secs_f64();
    println!("{posts} posts with {COMMENTS} comments each: {size:.0} MB on disk, made at {rate:.0} posts/s");
    Ok(file)
}

/// From the start of the process to its first page, beside the yardstick's.
fn starts(runtime: &Runtime, folder: &Path, small: &Path, (posts, large): &(u64, PathBuf)) -> Result<()> {
    let page = client::get("/", &[]);
    let learnt = {
        let server = Server::pamphlet(small, &OPTIONS)?;
        let answer = runtime.block_on(client::fetch(server.address, &page))?;
        server.stop()?;
        folder.join(format!("answers-{}", answer.status))
    };
    bare::learn(&learnt, &[])?;
    let mut table = Table::new(&["start", "ms until it listens", "ms until the first page", "slowest"]);
    let first_page = |start: &dyn Fn() -> Result<Server>| {
        let began = Instant::now();
        let server = start()?;
        let ready = began.elapsed().as_secs_f64() * 1e3;
        runtime.block_on(client::fetch(server.address, &page))?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>((server, ready, began.elapsed().as_secs_f64() * 1e3))
    };
    let names = [
        ("bare hyper".into(), None),
        (format!("{SMALL} posts, clean"), None),
        (format!("{SMALL} posts, after kill -9"), None),
        (format!("{posts} posts, clean"), Some(50.0)),
        (format!("{posts} posts, after kill -9"), Some(100.0)),
    ];
    let mut rows = names.map(|(name, goal)| (name, goal, Vec::new()));
    for _ in 0..number("PAMPHLET_BENCH_ROUNDS", 5)? {
        for (index, (_, _, times)) in rows.iter_mut().enumerate() {
            let file = if index < 3 { small } else { large.as_path() };
            if matches!(index, 2 | 4) {
                kill_in_the_middle(runtime, file)?;
            }
            let (server, ready, page) = match index {
                0 => first_page(&|| Server::bare(&learnt))?,
                _ => first_page(&|| Server::pamphlet(file, &OPTIONS))?,
            };
            times.push((ready, page));
            if index > 0 {
                server.stop()?;
            }
        }
    }
    for (name, goal, times) in rows {
        let page = median(times.iter().map(|time| time.1));
        table.row(vec![
            name,
            format!("{:.1}", median(times.iter().map(|time| time.0))),
            goal.map_or(format!("{page:.1}"), |goal| at_most(page, goal, "")),
            format!("{:.1}", times.iter().map(|time| time.1).fold(0.0, f64::max)),
        ]);
    }
    table.print();
    Ok(())
}

/// Ends a server by SIGKILL while members write comments.
fn kill_in_the_middle(runtime: &Runtime, file: &Path) -> Result<()> {
    let server = Server::pamphlet(file, &OPTIONS)?;
    let address = server.address;
    let written = runtime.spawn(async move {
        let mut connection = client::Connection::open(address).await?;
        let mut written = 0;
        for number in 0.. {
            let cookie = format!("session={}", fill::token(number % fill::MEMBERS));
            let target = format!("{}/comments", fill::address(1 + number % SMALL));
            let Ok(status) = connection.ask(&client::form(&target, &[("cookie", &cookie)], "body=Hello")).await else {
                break;
            };
            if status != 303 {
                return Err(format!("a comment was answered {status}").into());
            }
            written += 1;
        }
        Ok::<u64, Box<dyn std::error::Error + Send + Sync>>(written)
    });
    std::thread::sleep(Duration::from_millis(300));
    drop(server);
    let written = runtime.block_on(written)??;
    if written == 0 { Err("no comment was written before the kill".into()) } else { Ok(()) }
}

/// What pages cost in the large blog compared with the small one, nothing being cached.
fn pages(runtime: &Runtime, small: &Path, (posts, large): &(u64, PathBuf)) -> Result<()> {
    let options = ["--page-cache", "0", "--bcrypt-cost", "10"];
    let (small, large) = (Server::pamphlet(small, &options)?, Server::pamphlet(large, &options)?);
    let mut table =
        Table::new(&["page", "CPU us, small", "CPU us, large", "cost, large to small", "per second, small to large"]);
    let spread = |posts: u64| (0..SMALL).map(move |number| fill::address(1 + number * posts / SMALL)).collect();
    let same = |target: &str| vec![target.to_owned()];
    let cases = [
        ("any post", [spread(SMALL), spread(*posts)], Some(1.2)),
        ("front page", ["/"; 2].map(same), None),
        ("page 50 of the list", ["/?page=50"; 2].map(same), None),
        ("category", ["/category/category-3"; 2].map(same), None),
        ("archive", ["/archive"; 2].map(same), None),
        ("feed", ["/feed.xml"; 2].map(same), None),
    ];
    for (name, [in_small, in_large], goal) in cases {
        let asks = |targets: Vec<String>| Arc::new(targets.iter().map(|target| client::get(target, &[])).collect());
        let (in_small, in_large) = (asks(in_small), asks(in_large));
        let mut pairs = Vec::new();
        for _ in 0..=number("PAMPHLET_BENCH_ROUNDS", 5)? {
            pairs.push((small.rate(runtime, &in_small, CONNECTIONS)?, large.rate(runtime, &in_large, CONNECTIONS)?));
        }
        let pairs = pairs.get(1..).unwrap_or(&[]);
        let cost = median(pairs.iter().map(|(small, large)| large.cpu / small.cpu));
        let speed = median(pairs.iter().map(|(small, large)| small.per_second / large.per_second));
        table.row(vec![
            name.to_owned(),
            format!("{:.0}", median(pairs.iter().map(|pair| pair.0.cpu))),
            format!("{:.0}", median(pairs.iter().map(|pair| pair.1.cpu))),
            goal.map_or(format!("{cost:.2}"), |goal| at_most(cost, goal, "")),
            format!("{speed:.2}"),
        ]);
    }
    table.print();
    Ok(())
}
