//! Slow, large, many, malformed: what a public server must not fall for.

use crate::harness::{Blog, PASSWORD, PATIENCE, post};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SAME: &str = "Sec-Fetch-Site: same-origin\r\n";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

/// The status of the first answer in what came.
fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_nobody_has_are_refused_with_those_that_exist() {
    let blog = Blog::start().await;
    let hello = blog.administrator.write(post("Hello")).await;
    let page = json!({ "title": "About", "slug": "about", "status": "published" });
    blog.administrator.json("POST", "/api/v1/pages", &page).await.expect(201);
    let visitor = blog.visitor();
    visitor.send("DELETE", "/nowhere").await.expect(404);
    for (method, path, allow) in [
        ("POST", "/", "GET, HEAD, OPTIONS"),
        ("DELETE", "/about", "GET, HEAD, OPTIONS"),
        ("DELETE", hello.path.as_str(), "GET, HEAD, OPTIONS"),
        ("PUT", "/login", "GET, HEAD, POST, OPTIONS"),
        ("PATCH", "/admin/posts/1", "GET, HEAD, POST, OPTIONS"),
    ] {
        let answer = visitor.send(method, path).await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some(allow)), "{method} {path}");
    }
    for (method, expected) in [("TRACE", 405), ("CONNECT", 405), ("BREW", 405), ("PROPFIND", 405)] {
        let target = if method == "CONNECT" { "a:80" } else { "/" };
        let answer = blog.raw(format!("{method} {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).await;
        assert_eq!(status(&answer), expected, "{method}: {answer:.300}");
        assert!(answer.to_lowercase().contains("\r\nallow: "), "{answer:.300}");
    }
    assert_eq!(visitor.send("OPTIONS", "/about").await.expect(204).header("allow"), Some("GET, HEAD, OPTIONS"));
    let options = visitor.send("OPTIONS", "/login").await.expect(204);
    assert_eq!(options.header("allow"), Some("GET, HEAD, POST, OPTIONS"));
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_long_is_refused_by_its_name() {
    let blog = Blog::start().await;
    let visitor = blog.visitor();
    visitor.get(&format!("/{}", "a".repeat(9_000))).await.expect(414);
    visitor.get(&format!("/?{}", "a".repeat(9_000))).await.expect(414);
    visitor.get(&format!("/tag/{}", "a".repeat(7_000))).await.expect(404);
    let big = blog.raw(format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(64 * 1024))).await;
    assert_eq!(status(&big), 431, "{big:.100}");
    let many = blog.raw(format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(200))).await;
    assert_eq!(status(&many), 431, "{many:.100}");
    // A body that says it is too long is refused before it is sent; one that does not say, while it is.
    let said =
        blog.raw(format!("POST /login HTTP/1.1\r\nHost: a\r\n{SAME}{FORM}Content-Length: 99999999\r\n\r\n")).await;
    assert_eq!(status(&said), 413, "{said:.100}");
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let unsaid =
        format!("POST /login HTTP/1.1\r\nHost: a\r\n{SAME}{FORM}Transfer-Encoding: chunked\r\n\r\n{chunk}{chunk}");
    let answer = blog.raw(unsaid).await;
    assert!(status(&answer) == 413 || answer.is_empty(), "{answer:.100}");
    visitor.get("/").await.expect(200);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_that_no_page_of_ours_sends_are_refused() {
    let blog = Blog::start().await;
    blog.administrator.write(post("Hello")).await;
    let ada = blog.reader("ada").await;
    let (path, form) = ("/posts/hello/comments", "application/x-www-form-urlencoded");
    ada.post(path, "text/plain", "body=x").await.expect(415);
    ada.post(path, "application/json", "{\"body\":\"x\"}").await.expect(415);
    ada.post(path, "application/xml", "<x/>").await.expect(415);
    ada.post(path, form, "body=one&body=two").await.expect(422).contains("sent twice");
    ada.post(path, form, "body=%FF%FE").await.expect(422).contains("not UTF-8");
    ada.post(path, form, b"body=\xff\xfe".to_vec()).await.expect(422);
    ada.post(path, form, (0..200).map(|n| format!("f{n}=1&")).collect::<String>()).await.expect(422);
    ada.post(path, "multipart/form-data", "body=x").await.expect(400);
    ada.post(path, "multipart/form-data; boundary=x", "no boundary").await.expect(400);
    let cut = "--x\r\nContent-Disposition: form-data; name=\"body\"\r\n\r\nhalf";
    ada.post(path, "multipart/form-data; boundary=x", cut).await.expect(400);
    blog.visitor().get("/posts/hello").await.contains("Comments (0)");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_breaks_off_stores_nothing() {
    let blog = Blog::start().await;
    let session = blog.administrator.session().unwrap();
    let head = format!(
        "POST /admin/media HTTP/1.1\r\nHost: a\r\n{SAME}Cookie: session={session}\r\n\
         Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 100000\r\n\r\n\
         --x\r\nContent-Disposition: form-data; name=\"images\"; filename=\"a.png\"\r\n\r\n"
    );
    let mut stream = TcpStream::connect(blog.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&crate::media::png(10, 10, 1)).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("the server gave up");
    assert!(answer.is_empty() || status(&answer) == 400, "{answer:.200}");
    blog.administrator.get("/admin/media").await.expect(200).contains("No images yet");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_in_the_middle_loses_nothing_that_was_acknowledged() {
    let blog = Blog::start().await;
    blog.administrator.write(post("Hello")).await;
    let acknowledged = Arc::new(AtomicU64::new(0));
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..4 {
        let (ada, acknowledged) = (blog.administrator.clone(), acknowledged.clone());
        writers.spawn(async move {
            // The same words twice would be one comment.
            for number in 0.. {
                let words = format!("More, the {number}th of {writer}");
                if ada.try_post_form("/posts/hello/comments", &[("body", &words)]).await != Some(303) {
                    break;
                }
                acknowledged.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    while acknowledged.load(Ordering::SeqCst) < 20 {
        tokio::task::yield_now().await;
    }
    let blog = blog.restart().await;
    writers.join_all().await;
    let page = blog.visitor().get("/posts/hello").await.expect(200);
    let stored: u64 = page.between("Comments (", ")").parse().unwrap();
    assert!(stored >= acknowledged.load(Ordering::SeqCst), "{stored} of {acknowledged:?}");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_of_logins_does_not_starve_readers() {
    let blog = Blog::start_with(|config| config.bcrypt_cost = Some(8)).await;
    blog.administrator.write(post("Hello")).await;
    let mut logins = tokio::task::JoinSet::new();
    for number in 0..60 {
        let client = blog.visitor();
        logins.spawn(async move {
            let fields = [("username", format!("name{number}")), ("password", PASSWORD.to_owned())];
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            client.post_form("/login", &fields).await.status
        });
    }
    for _ in 0..20 {
        let asked = Instant::now();
        blog.visitor().get("/posts/hello").await.expect(200);
        assert!(asked.elapsed().as_secs() < 2, "a reader waited {:?}", asked.elapsed());
    }
    let statuses = logins.join_all().await;
    assert!(statuses.iter().all(|status| matches!(status, 422 | 429)), "{statuses:?}");
    assert!(statuses.contains(&429), "a bounded number waits");
    blog.stop().await;
}
