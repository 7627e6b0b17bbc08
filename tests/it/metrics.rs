//! What a blog tells those who watch over it.

use crate::harness::{Blog, post};

/// The value of a line of `/metrics`.
#[track_caller]
fn value(told: &str, name: &str) -> f64 {
    let line = told.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in\n{told}")).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_runs_the_blog_reads_its_numbers() {
    let blog = Blog::start().await;
    let visitor = blog.visitor();
    let before = visitor.get("/metrics").await.expect(200).text;
    let written = blog.administrator.write(post("Hello")).await;
    for _ in 0..3 {
        visitor.get(&written.path).await.expect(200);
    }
    visitor.get(&format!("{}?q=secret", written.path)).await.expect(200);
    visitor.get("/nowhere").await.expect(404);
    let answer = visitor.get("/metrics").await.expect(200);
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("private, no-store"));
    let after = answer.lacks("secret").lacks("hello").text;
    let grown = |name: &str| value(&after, name) - value(&before, name);
    assert_eq!(
        value(&after, "pamphlet_http_requests_total{route=\"/posts/{slug}\",method=\"GET\",status=\"2xx\"}"),
        4.0
    );
    assert_eq!(
        value(&after, "pamphlet_http_request_duration_seconds_count{route=\"/posts/{slug}\",method=\"GET\"}"),
        4.0
    );
    assert_eq!((grown("pamphlet_page_cache_misses_total"), grown("pamphlet_page_cache_hits_total")), (1.0, 3.0));
    assert!(value(&after, "pamphlet_page_cache_bytes") > 1_000.0);
    assert!(grown("pamphlet_commits_total") >= 1.0 && grown("pamphlet_commit_jobs_sum") >= 1.0);
    assert_eq!(value(&after, "pamphlet_write_queue_jobs"), 0.0);
    assert_eq!(value(&after, "pamphlet_data_file_writable"), 1.0);
    assert_eq!(value(&after, "pamphlet_data_file_bytes"), blog.data().metadata().unwrap().len() as f64);
    assert_eq!(value(&after, "pamphlet_sessions"), 1.0, "the administrator's");
    assert!(value(&after, "pamphlet_http_connections") >= 1.0);
    if cfg!(target_os = "linux") {
        assert!(value(&after, "process_resident_memory_bytes") > 1e6);
    }
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_learns_that_there_are_numbers() {
    let token = "0123456789abcdef";
    let blog = Blog::start_with(|config| {
        config.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
        config.metrics_token = Some(token.into());
    })
    .await;
    let stranger = blog.visitor().with("x-forwarded-for", "198.51.100.7");
    let metrics = stranger.get("/metrics").await.expect(404);
    let nowhere = stranger.get("/nowhere").await.expect(404);
    let shape = |text: &str| text.replace("/metrics", "/nowhere");
    assert_eq!(shape(&metrics.text), shape(&nowhere.text), "it looks like any address that is not there");
    blog.administrator.with("x-forwarded-for", "198.51.100.7").get("/metrics").await.expect(404);
    stranger.with("authorization", "Bearer 0123456789abcdeF").get("/metrics").await.expect(404);
    stranger.with("authorization", &format!("Bearer {token}")).get("/metrics").await.expect(200);
    blog.visitor().with("x-forwarded-for", "127.0.0.1").get("/metrics").await.expect(200);
    blog.stop().await;
}
