//! Resident memory: a crowd on lists and posts under a limit, and many requests over a blog.

use crate::Result;
use crate::client;
use crate::fill;
use crate::folder;
use crate::process::{Cgroup, Server};
use crate::table::{Table, at_most};
use pamphlet::store::{Opening, Store};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

const LIMIT: u64 = 96_000_000;
const BROWSER: (&str, &str) = ("accept-encoding", "gzip, deflate, br");

pub fn run() -> Result<()> {
    let folder = folder()?;
    crowd(folder.path())?;
    long(folder.path())
}

/// 256 connections on lists and posts of a blog with 10,000 posts, visitors and members.
fn crowd(folder: &Path) -> Result<()> {
    const POSTS: u64 = 10_000;
    let file = folder.join("crowd.redb");
    let plan = fill::Plan { posts: POSTS, comments: 20, hash: None };
    fill::fill(&Store::open(&file, Opening::Create, 16_000_000)?, &plan)?;
    let posts = || (0..2_000).map(|number| fill::address(1 + number * 5)).collect::<Vec<_>>();
    let lists = || {
        let categories = (0..fill::CATEGORIES)
            .flat_map(|number| (1..=100).map(move |page| format!("/category/category-{number}?page={page}")));
        (1..=1_000).map(|page| format!("/?page={page}")).chain(categories).collect::<Vec<_>>()
    };
    let one = |target: &str| vec![target.to_owned()];
    let mixed = posts().into_iter().zip(lists()).flat_map(<[String; 2]>::from).collect();
    let mut table = Table::new(&["256 connections on", "answers/s", "peak MB"]);
    let mut judged = 0.0;
    for (name, targets) in [
        ("lists and posts", mixed),
        ("posts", posts()),
        ("lists", lists()),
        ("the feed", one("/feed.xml")),
        ("the archive", one("/archive")),
        ("the sitemap", one("/sitemap.xml")),
    ] {
        let (rates, peak) = endured(&file, &targets)?;
        // The issue speaks of these.
        judged = if judged == 0.0 { peak } else { judged };
        table.row(vec![name.to_owned(), rates, format!("{peak:.1}")]);
    }
    table.print();
    println!("{POSTS} posts, in a cgroup of 96 MB where there is one; first visitors, then members.");
    println!("Peak resident memory on lists and posts: {}", at_most(judged, 64.0, " MB"));
    Ok(())
}

/// Answers a second to visitors and to members, and the peak; infinite if the server was killed.
fn endured(file: &Path, targets: &[String]) -> Result<(String, f64)> {
    const CONNECTIONS: usize = 256;
    let options = ["--cache", "8MB", "--bcrypt-cost", "10"];
    let limit = Cgroup::new(LIMIT);
    let mut server = match &limit {
        Some(limit) => Server::limited(file, &options, limit)?,
        None => Server::pamphlet(file, &options)?,
    };
    let runtime = client::runtime()?;
    let cookie = format!("session={}", fill::token(9));
    let mut rates = Vec::new();
    for headers in [vec![BROWSER], vec![BROWSER, ("cookie", &cookie)]] {
        let asks = Arc::new(targets.iter().map(|target| client::get(target, &headers)).collect());
        match runtime.block_on(client::load(server.address, &asks, CONNECTIONS, Duration::from_secs(3))) {
            Ok(load) => rates.push(format!("{:.0}", load.all_good()?.per_second())),
            Err(error) => {
                let killed = server.ends_within(Duration::from_secs(2));
                return if killed { Ok(("KILLED".into(), f64::INFINITY)) } else { Err(error) };
            }
        }
    }
    let peak = server.peak()?;
    // The group can be removed only when nobody is in it.
    drop(server);
    Ok((rates.join(", "), peak))
}

/// 100,000 requests over a whole blog of 257 posts, with the default settings.
fn long(folder: &Path) -> Result<()> {
    const POSTS: u64 = 257;
    const REQUESTS: u64 = 100_000;
    let file = folder.join("long.redb");
    match std::env::var_os("PAMPHLET_BENCH_MARKDOWN") {
        Some(source) => import(&file, source.into())?,
        None => {
            let plan = fill::Plan { posts: POSTS, comments: 5, hash: None };
            fill::fill(&Store::open(&file, Opening::Create, 16_000_000)?, &plan)?;
        }
    }
    let server = Server::pamphlet(&file, &["--bcrypt-cost", "10"])?;
    let runtime = client::runtime()?;
    let map = runtime.block_on(client::fetch(server.address, &client::get("/sitemap.xml", &[])))?;
    let map = String::from_utf8(map.body)?;
    let origin = "http://blog.example";
    let targets = map.split("<loc>").skip(1).filter_map(|rest| rest.split("</loc>").next());
    let targets: Vec<&str> = targets
        .filter_map(|url| url.strip_prefix(origin))
        .map(|path| if path.is_empty() { "/" } else { path })
        .collect();
    let asks = Arc::new(targets.iter().map(|target| client::get(target, &[BROWSER])).collect::<Vec<_>>());
    let mut answers = 0;
    while answers < REQUESTS {
        answers +=
            runtime.block_on(client::load(server.address, &asks, 32, Duration::from_secs(1)))?.all_good()?.answers();
    }
    let judged = at_most(server.resident()?, 48.0, " MB");
    println!(
        "Resident memory after {answers} requests for {} addresses: {judged}; peak {:.1} MB",
        targets.len(),
        server.peak()?
    );
    Ok(())
}

fn import(file: &Path, source: PathBuf) -> Result<()> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pamphlet"));
    let status = command.args(["import", "markdown"]).arg(source).arg("--data").arg(file).status()?;
    if status.success() { Ok(()) } else { Err("the import failed".into()) }
}
