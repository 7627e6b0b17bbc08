//! Killed in the middle of writing: whatever was acknowledged is there.

use crate::harness::{PATIENCE, post};
use crate::program::{Served, run};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How often the server is killed; the long run sets `PAMPHLET_CRASH_ROUNDS=500`.
const ROUNDS: usize = 5;
const WRITERS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_mid_write_loses_no_acknowledged_comment() {
    let rounds = std::env::var("PAMPHLET_CRASH_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let served = Served::blog(folder.path(), &[]);
    let root = served.set_up().await;
    root.write(post("Hello")).await;
    served.stop();
    let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
    for round in 0..rounds {
        let mut served = Served::blog(folder.path(), &[]);
        let before = acknowledged.lock().unwrap().len();
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..WRITERS {
            let (root, acknowledged) = (root.moved_to(&served.origin, ""), acknowledged.clone());
            writers.spawn(async move {
                for number in 0.. {
                    let text = format!("word-{round}-{writer}-{number}-end");
                    let answer = root.try_post_form("/posts/hello/comments", &[("body", &text)]).await;
                    match answer {
                        Some(303) => drop(acknowledged.lock().unwrap().insert(text)),
                        Some(503) => tokio::task::yield_now().await,
                        Some(status) => panic!("{status} for a comment"),
                        None => return,
                    }
                }
            });
        }
        // Another number of comments in each round, so that the kill meets another moment of a commit.
        let enough = before + 20 + 7 * (round % 11);
        let deadline = Instant::now() + PATIENCE;
        while acknowledged.lock().unwrap().len() < enough {
            assert!(Instant::now() < deadline, "round {round}: no comments are acknowledged");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        served.kill();
        while let Some(ended) = writers.join_next().await {
            ended.unwrap();
        }
    }
    run(folder.path(), &["check", "--data", "blog.redb"]).expect(0).says("is sound");
    let served = Served::blog(folder.path(), &[]);
    let (mut found, visitor) = (BTreeSet::new(), served.visitor());
    for number in 1.. {
        let page = visitor.get(&format!("/posts/hello?comments={number}")).await;
        if page.status == 404 {
            break;
        }
        let comments = page.text.split("<p>word-").skip(1).map(|rest| rest.split('<').next().unwrap());
        found.extend(comments.map(|rest| format!("word-{rest}")));
    }
    let acknowledged = acknowledged.lock().unwrap().clone();
    let lost: Vec<&String> = acknowledged.difference(&found).collect();
    assert!(lost.is_empty(), "{} of {} are lost: {lost:?}", lost.len(), acknowledged.len());
    served.stop();
}
