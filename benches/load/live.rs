//! A crowd that listens to one post: when each comment has reached all of them, and what they cost.

use crate::Result;
use crate::client;
use crate::fill;
use crate::folder;
use crate::number;
use crate::process::Server;
use crate::table::{at_most, median};
use pamphlet::server::files::raise_limit;
use pamphlet::store::{Opening, Store};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

/// Comments that are written one after the other.
const COMMENTS: u64 = 20;
/// Connections that are opened at a time.
const AT_A_TIME: u64 = 100;
const PATIENCE: Duration = Duration::from_secs(20);

pub fn run() -> Result<()> {
    raise_limit();
    let listeners = number("PAMPHLET_BENCH_LISTENERS", 2_000)?;
    let folder = folder()?;
    let file = folder.path().join("live.redb");
    let plan = fill::Plan { posts: 16, comments: 50, hash: None };
    fill::fill(&Store::open(&file, Opening::Create, 16_000_000)?, &plan)?;
    // All of them come from one address, which gets a quarter.
    let most = (4 * listeners + 64).to_string();
    let server = Server::pamphlet(&file, &["--bcrypt-cost", "10", "--max-connections", &most, "--api-quota", "0"])?;
    client::runtime()?.block_on(crowd(&server, listeners))
}

async fn crowd(server: &Server, listeners: u64) -> Result<()> {
    let post = fill::address(1);
    // What the first page, the first listener and the first comment cost once is no listener's.
    let (sender, mut first) = unbounded_channel();
    let warm = tokio::spawn(listen(server.address, format!("{post}/events"), sender));
    heard(&mut first, 1).await?;
    comment(server.address, &post, 0).await?;
    heard(&mut first, 1).await?;
    warm.abort();
    let before = server.resident()?;
    let (sender, mut receiver) = unbounded_channel();
    let mut crowd = JoinSet::new();
    for opened in 0..listeners {
        crowd.spawn(listen(server.address, format!("{post}/events"), sender.clone()));
        if opened % AT_A_TIME == AT_A_TIME - 1 {
            heard(&mut receiver, AT_A_TIME).await?;
        }
    }
    heard(&mut receiver, listeners % AT_A_TIME).await?;
    let quiet = server.resident()?;
    let mut slowest = Vec::new();
    for number in 1..=COMMENTS {
        let written = Instant::now();
        comment(server.address, &post, number).await?;
        slowest.push((heard(&mut receiver, listeners).await? - written).as_secs_f64() * 1e3);
    }
    let after = server.resident()?;
    crowd.abort_all();
    let each = |now: f64| (now - before) * 1e6 / listeners as f64 / 1024.0;
    let worst = slowest.iter().copied().fold(0.0, f64::max);
    println!("{listeners} listeners on one post, {COMMENTS} comments; from sending the form to the last who heard it:");
    println!(
        "Each comment reaches all within: median {:.0} ms, worst {}",
        median(slowest),
        at_most(worst, 1_000.0, " ms")
    );
    println!("Resident memory: {before:.1} MB, {quiet:.1} MB with all who listen, {after:.1} MB after the comments");
    println!(
        "For each listener: {:.1} KB when quiet, after the comments {}",
        each(quiet),
        at_most(each(after), 16.0, " KB")
    );
    Ok(())
}

/// Waits until that many have heard something; the time of the last.
async fn heard(receiver: &mut UnboundedReceiver<Instant>, count: u64) -> Result<Instant> {
    let mut last = Instant::now();
    for number in 0..count {
        let next = tokio::time::timeout(PATIENCE, receiver.recv()).await;
        let next = next.map_err(|_| format!("only {number} of {count} listeners heard it"))?;
        last = next.ok_or("nobody listens any more")?;
    }
    Ok(last)
}

/// Listens, and tells when the stream begins and when a comment comes.
async fn listen(address: SocketAddr, target: String, to: UnboundedSender<Instant>) -> Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(&client::get(&target, &[("accept", "text/event-stream")])).await?;
    let mut text = Vec::with_capacity(8 * 1024);
    loop {
        if stream.read_buf(&mut text).await? == 0 {
            return Ok(());
        }
        // An event ends with its chunk.
        while let Some(end) = text.windows(4).position(|window| window == b"\n\n\r\n") {
            let event = text.drain(..end + 4).collect::<Vec<u8>>();
            let event = String::from_utf8_lossy(&event);
            if event.contains("event: state") || event.contains("event: comment") {
                to.send(Instant::now())?;
            }
        }
    }
}

async fn comment(address: SocketAddr, post: &str, number: u64) -> Result<()> {
    let cookie = format!("session={}", fill::token(number % 8));
    let body = format!("body=Comment+number+{number}+of+a+long+evening");
    let answer =
        client::fetch(address, &client::form(&format!("{post}/comments"), &[("cookie", &cookie)], &body)).await?;
    if answer.status == 303 { Ok(()) } else { Err(format!("a comment was answered {}", answer.status).into()) }
}
