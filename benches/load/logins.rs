//! Readers while 64 clients log in without pause.

use crate::Result;
use crate::client::{self, Load};
use crate::fill;
use crate::process::Server;
use crate::table::{Table, at_least, median, quantile};
use crate::{folder, number};
use pamphlet::domain::user::Password;
use pamphlet::service::passwords;
use pamphlet::store::{Opening, Store};
use std::sync::Arc;
use std::time::Duration;

const POSTS: u64 = 256;
const CLIENTS: usize = 64;
const READERS: usize = 32;
/// About a quarter of a second for each hash on the machines this was written on.
const COST: u32 = 12;
const PASSWORD: &str = "correct horse battery";

pub fn run() -> Result<()> {
    let folder = folder()?;
    let file = folder.path().join("blog.redb");
    let hash = passwords::hash_at(&Password::parse(PASSWORD)?, COST)?;
    let plan = fill::Plan { posts: POSTS, comments: 20, hash: Some(hash) };
    fill::fill(&Store::open(&file, Opening::Create, 16_000_000)?, &plan)?;
    let cost = COST.to_string();
    let server = Server::pamphlet(&file, &["--bcrypt-cost", &cost, "--trusted-proxy", "127.0.0.1"])?;
    let runtime = client::runtime()?;
    let readers = Arc::new((1..=POSTS).map(|post| client::get(&fill::address(post), &[])).collect::<Vec<_>>());
    let members = Arc::new((0..fill::MEMBERS).map(login).collect::<Vec<_>>());
    let time = Duration::from_secs(2);
    let read = || client::load(server.address, &readers, READERS, time);
    runtime.block_on(read())?;
    let (mut rounds, mut logins) = (Vec::new(), Load::default());
    for _ in 0..number("PAMPHLET_BENCH_ROUNDS", 5)? {
        let alone = runtime.block_on(read())?.all_good()?;
        let storm = client::load(server.address, &members, CLIENTS, time);
        let (beside, storm) = runtime.block_on(async { tokio::join!(read(), storm) });
        for (status, count) in storm?.statuses {
            *logins.statuses.entry(status).or_insert(0) += count;
        }
        logins.took += time;
        rounds.push((alone, beside?.all_good()?));
    }
    let ratio = median(rounds.iter().map(|(alone, beside)| beside.per_second() / alone.per_second()));
    let late = |load: &Load| quantile(load.latencies.iter().copied(), 0.99);
    let mut table = Table::new(&["readers", "pages/s", "p99 ms"]);
    for (name, which) in [("undisturbed", 0), ("beside the logins", 1)] {
        let of =
            |round: &'_ (Load, Load), figure: fn(&Load) -> f64| figure(if which == 0 { &round.0 } else { &round.1 });
        let rate = median(rounds.iter().map(|round| of(round, Load::per_second)));
        let late = median(rounds.iter().map(|round| of(round, late)));
        table.row(vec![name.to_owned(), format!("{rate:.0}"), format!("{late:.1}")]);
    }
    table.print();
    println!("Readers beside {CLIENTS} clients who log in without pause: {}", at_least(ratio, 0.6));
    let other: u64 = logins.statuses.iter().filter(|(status, _)| !matches!(status, 303 | 429)).map(|(_, n)| n).sum();
    println!("Answers to them by status, of which only 303 and 429 may be: {:?}, {other} others", logins.statuses);
    Ok(())
}

/// Each from an address of their own, so that no rule about one address spares the server work.
fn login(number: u64) -> Vec<u8> {
    let body = format!("username={}&password={}", fill::member(number), PASSWORD.replace(' ', "+"));
    client::form("/login", &[("x-forwarded-for", &format!("192.0.2.{}", number + 1))], &body)
}
