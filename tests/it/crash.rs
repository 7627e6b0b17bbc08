//! Killed in the middle of writing: whatever was acknowledged is there.

use crate::harness::{PATIENCE, post};
use crate::program::{Served, run};
use pamphlet::domain::html::Html;
use pamphlet::domain::id::UserId;
use pamphlet::domain::post::{Kind, PostHead, Status};
use pamphlet::domain::slug::Slug;
use pamphlet::domain::time::Timestamp;
use pamphlet::store::posts::{Body, Revision};
use pamphlet::store::{Opening, Store, WriteTxn, posts};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How often the server is killed; the long run sets `PAMPHLET_CRASH_ROUNDS=500`, and beside it, for a file of
/// a gigabyte, `PAMPHLET_CRASH_MEGABYTES=1000`.
const ROUNDS: usize = 5;
const WRITERS: usize = 8;
/// Bytes of text that each post of a large file carries.
const BALLAST: u64 = 1_000_000;
/// How long the first page may take after a kill; a release build needs a tenth of it.
const FIRST_PAGE: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_mid_write_loses_no_acknowledged_comment() {
    let rounds = std::env::var("PAMPHLET_CRASH_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let served = Served::blog(folder.path(), &[]);
    let root = served.set_up().await;
    root.write(post("Hello")).await;
    served.stop();
    // For a file of a gigabyte; without it the file is small.
    let megabytes = std::env::var("PAMPHLET_CRASH_MEGABYTES").map_or(0, |megabytes| megabytes.parse().unwrap());
    grow(&folder.path().join("blog.redb"), megabytes);
    let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
    for round in 0..rounds {
        let started = Instant::now();
        let mut served = Served::blog(folder.path(), &[]);
        served.visitor().get("/").await.expect(200);
        assert!(started.elapsed() < FIRST_PAGE, "the first page took {:?}", started.elapsed());
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

/// Adds drafts of a megabyte each that cannot be compressed.
fn grow(file: &Path, megabytes: u64) {
    let store = Store::open(file, Opening::Existing, 16_000_000).unwrap();
    for number in 0..megabytes {
        let digest = |part: u64| Sha256::digest((number << 32 | part).to_le_bytes());
        let noise: String = (0..BALLAST / 64).flat_map(|part| digest(part).map(|byte| format!("{byte:02x}"))).collect();
        store.write_blocking(move |txn| draft(txn, number, &noise)).unwrap();
    }
}

fn draft(txn: &WriteTxn<'_>, number: u64, noise: &str) -> pamphlet::error::Result<()> {
    let now = Timestamp::from_ms(0);
    let head = PostHead {
        id: posts::next_id(txn)?,
        kind: Kind::Post,
        slug: Slug::parse(&format!("ballast-{number}")).unwrap(),
        title: "Ballast".into(),
        authors: vec![UserId(1)],
        status: Status::Draft,
        published_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
        category: None,
        tags: Vec::new(),
        excerpt: String::new(),
        summary: String::new(),
        cover: None,
        comments_open: true,
        language: None,
        day_only: false,
    };
    let revision = Revision { title: head.title.clone(), source: noise.into(), saved_by: None, saved_at: now };
    posts::insert(txn, &head, &revision, &Body { stamp: String::new(), html: Html::trusted(String::new()) })
}
