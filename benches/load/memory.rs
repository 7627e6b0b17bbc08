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
    const CONNECTIONS: usize = 256;
    let file = folder.join("crowd.redb");
    fill::fill(
        &Store::open(&file, Opening::Create, 16_000_000)?,
        &fill::Plan { posts: POSTS, comments: 20, hash: None },
    )?;
    let options = ["--cache", "8MB", "--bcrypt-cost", "10"];
    let limit = Cgroup::new(LIMIT);
    let mut server = match &limit {
        Some(limit) => Server::limited(&file, &options, limit)?,
        None => Server::pamphlet(&file, &options)?,
    };
    let cookie = format!("session={}", fill::token(9));
    let mut table = Table::new(&["256 connections on", "answers/s", "peak MB so far"]);
    let runtime = client::runtime()?;
    let start = server.peak()?;
    table.row(vec!["nothing yet".into(), String::new(), format!("{start:.1}")]);
    let posts = (0..2_000).map(|number| fill::address(1 + number * 5));
    let lists = (1..=1_000).map(|page| format!("/?page={page}"));
    let categories = (0..fill::CATEGORIES)
        .flat_map(|number| (1..=100).map(move |page| format!("/category/category-{number}?page={page}")));
    let others = ["/feed.xml", "/sitemap.xml", "/archive"].map(str::to_owned).into_iter();
    let groups: [(&str, Vec<String>); 4] = [
        ("posts", posts.clone().collect()),
        ("lists", lists.clone().chain(categories.clone()).collect()),
        ("feed, sitemap, archive", others.clone().collect()),
        (
            "all of these",
            posts.zip(lists.cycle()).flat_map(<[String; 2]>::from).chain(categories).chain(others).collect(),
        ),
    ];
    for (name, targets) in groups {
        for (who, headers) in [("visitors", vec![BROWSER]), ("members", vec![BROWSER, ("cookie", &*cookie)])] {
            let asks = Arc::new(targets.iter().map(|target| client::get(target, &headers)).collect::<Vec<_>>());
            let load = runtime.block_on(client::load(server.address, &asks, CONNECTIONS, Duration::from_secs(3)));
            let Ok(load) = load else {
                return Err(format!("the server did not survive {name} ({who}); alive: {}", server.is_alive()).into());
            };
            let rate = load.all_good()?.per_second();
            table.row(vec![format!("{name} ({who})"), format!("{rate:.0}"), format!("{:.1}", server.peak()?)]);
        }
    }
    table.print();
    let place = if limit.is_some() { "in a cgroup of 96 MB" } else { "without a limit, for want of a cgroup" };
    println!("Peak resident memory {place}: {}", at_most(server.peak()?, 64.0, " MB"));
    drop(server);
    Ok(())
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
