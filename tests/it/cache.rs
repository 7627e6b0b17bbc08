//! The page cache as visitors see it: never older than what was acknowledged.

use crate::harness::{Blog, post};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Asked for after a write was acknowledged, every page shows it. Four writers and four readers at
/// once; each reader notes what was acknowledged before it asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_page_is_older_than_an_acknowledged_write() {
    const WRITERS: usize = 4;
    const ROUNDS: u64 = 40;
    let blog = Blog::start().await;
    blog.set("posts_per_page", "50").await;
    let hello = blog.administrator.write(post("Hello")).await;
    let acknowledged: Arc<Vec<AtomicU64>> = Arc::new((0..WRITERS).map(|_| AtomicU64::new(0)).collect());
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let (client, hello, acknowledged) = (blog.administrator.clone(), hello.clone(), acknowledged.clone());
        tasks.spawn(async move {
            for round in 1..=ROUNDS {
                client.comment(&hello, &format!("writer{writer} round{round:03} end")).await;
                acknowledged[writer].store(round, Ordering::SeqCst);
            }
        });
    }
    for reader in 0..4 {
        let (client, acknowledged) = (blog.visitor(), acknowledged.clone());
        tasks.spawn(async move {
            loop {
                let known: Vec<u64> = acknowledged.iter().map(|round| round.load(Ordering::SeqCst)).collect();
                // Every 100 comments begin a page, so the last page has the newest.
                let first = client.get("/posts/hello").await.expect(200);
                let total: u64 = first.between("Comments (", ")").parse().unwrap();
                assert!(total >= known.iter().sum(), "reader {reader}: {total} comments after {known:?}");
                let home = client.get("/").await.expect(200);
                let shown: u64 = home.between("#comments\">", " comment").parse().unwrap();
                assert!(shown >= known.iter().sum(), "reader {reader}: home says {shown} after {known:?}");
                if known.iter().all(|round| *round == ROUNDS) {
                    return;
                }
            }
        });
    }
    tasks.join_all().await;
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_who_has_the_page_is_told_so() {
    let blog = Blog::start().await;
    let hello = blog.administrator.write(post("Hello")).await;
    let visitor = blog.visitor();
    for path in ["/", &hello.path, "/archive", "/feed.xml", "/sitemap.xml"] {
        let page = visitor.get(path).await.expect(200);
        let tag = page.header("etag").unwrap_or_else(|| panic!("{path} has no tag")).to_owned();
        assert!(tag.starts_with('"'), "a strong one: {tag}");
        let control = page.header("cache-control").unwrap();
        assert!(control.contains("public") && !control.contains("no-store"), "{path}: {control}");
        assert!(page.header("vary").unwrap().to_lowercase().contains("accept-encoding"));
        let known = visitor.with("if-none-match", &tag).get(path).await.expect(304);
        assert_eq!((known.bytes.len(), known.header("etag")), (0, Some(tag.as_str())));
        let head = visitor.head(path).await.expect(200);
        assert_eq!(head.header("etag"), Some(tag.as_str()));
        assert_eq!(head.header("content-length").unwrap(), page.bytes.len().to_string());
    }
    let tag = visitor.get(&hello.path).await.header("etag").unwrap().to_owned();
    blog.administrator.comment(&hello, "New").await;
    visitor.with("if-none-match", &tag).get(&hello.path).await.expect(200).contains("New");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_coded_as_the_client_takes_them() {
    let blog = Blog::start().await;
    let hello = blog.administrator.write(post("Hello").body(&"Some words. ".repeat(200))).await;
    let visitor = blog.visitor();
    let plain = visitor.get(&hello.path).await.expect(200);
    assert!(plain.header("content-encoding").is_none());
    let mut tags = vec![plain.header("etag").unwrap().to_owned()];
    for (asked, coding) in [("br", "br"), ("gzip", "gzip"), ("gzip, deflate, br, zstd", "br"), ("identity", "")] {
        // Twice: made, and kept.
        for _ in 0..2 {
            let page = visitor.with("accept-encoding", asked).get(&hello.path).await.expect(200);
            assert_eq!(page.header("content-encoding").unwrap_or(""), coding);
            assert_eq!(page.text, plain.text);
            if !coding.is_empty() {
                assert!(page.bytes.len() < plain.bytes.len() / 2);
                tags.push(page.header("etag").unwrap().to_owned());
            }
        }
    }
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 3, "a strong tag names exact bytes: {tags:?}");
    // Somebody's own page is coded, too.
    let own = blog.administrator.with("accept-encoding", "gzip").get(&hello.path).await.expect(200);
    assert_eq!(own.header("content-encoding"), Some("gzip"));
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_member_sees_is_kept_for_nobody() {
    let blog = Blog::start().await;
    let hello = blog.administrator.write(post("Hello")).await;
    let (visitor, ada) = (blog.visitor(), blog.reader("Ada").await);
    for path in ["/", &hello.path, "/archive", "/account", "/login"] {
        visitor.get(path).await;
        let own = ada.get(path).await;
        assert_eq!(own.header("cache-control"), Some("private, no-store"), "{path}");
        assert!(own.header("etag").is_none(), "{path}");
        visitor.get(path).await.lacks("<bdi>Ada</bdi>").lacks("Log out");
    }
    ada.get("/").await.contains("<bdi>Ada</bdi>");
    // A cookie that means nothing makes a visitor.
    let stranger = blog.visitor();
    stranger.set_cookie("session", &"0".repeat(64));
    stranger.get("/").await.expect(200).contains("Log in");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_parameters_make_no_entries_and_change_nothing() {
    let blog = Blog::start_with(|config| config.page_cache = Some(1_000_000)).await;
    blog.administrator.write(post("Hello")).await;
    let visitor = blog.visitor();
    let page = visitor.get("/").await.expect(200);
    visitor.get("/posts/hello").await.expect(200);
    let before = blog.site.cache.weight();
    for number in 0..50 {
        let other = visitor.get(&format!("/?utm_source={number}&x=<b>")).await.expect(200);
        assert_eq!(other.text, page.text);
        visitor.get(&format!("/posts/hello?ref={number}")).await.expect(200);
        visitor.get(&format!("/?page={number}x")).await.expect(404);
        visitor.get(&format!("/?page={}", number + 2)).await.expect(404);
        visitor.get(&format!("/nothing/{number}")).await.expect(404);
        visitor.get(&format!("/tag/none{number}")).await.expect(404);
    }
    assert_eq!(blog.site.cache.weight(), before);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cache_stays_within_its_bytes() {
    let blog = Blog::start_with(|config| config.page_cache = Some(200_000)).await;
    let visitor = blog.visitor();
    for number in 0..40 {
        let written = blog.administrator.write(post(&format!("Post {number}")).body(&"Many words. ".repeat(500))).await;
        visitor.get(&written.path).await.expect(200);
    }
    for number in 0..40 {
        visitor.get(&format!("/posts/post-{number}")).await.expect(200).contains("Many words.");
    }
    assert!(blog.site.cache.weight() <= 200_000, "{} bytes", blog.site.cache.weight());
    blog.stop().await;
}
