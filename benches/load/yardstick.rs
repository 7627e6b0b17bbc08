//! Answers of a server against hyper alone with the same bytes and headers, in turn.

use crate::Result;
use crate::process::{Rate, Server};
use crate::table::{at_least, median};
use crate::{bare, client, number};
use std::path::Path;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// Clients that ask at the same time.
pub const CONNECTIONS: usize = 32;
/// What `measure` gives of a case.
pub const HEAD: [&str; 8] =
    ["answer", "bytes", "per second", "bare", "ratio", "CPU us", "bare", "CPU ratio (bare / ours)"];

/// Requests that are made in turn.
pub struct Case {
    pub name: &'static str,
    /// Each with its target.
    pub requests: Vec<(String, Vec<u8>)>,
    /// The least ratio to the yardstick.
    pub goal: Option<f64>,
}

/// Rounds of ours and the yardstick's in turn; the median of each round's ratio.
pub fn measure(runtime: &Runtime, folder: &Path, case: &Case, ours: &Server) -> Result<Vec<String>> {
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
