//! What crawlers, feed readers, caches and proxies go by: robots.txt, other feeds' addresses, times, Vary.

use crate::harness::{Blog, page, post};
use crate::program::{Served, pamphlet, run};

#[tokio::test(flavor = "multi_thread")]
async fn robots_are_kept_out_of_what_is_meant_and_of_nothing_that_begins_the_same() {
    let blog = Blog::start_with(|config| config.public_url = Some("https://example.org/blog".into())).await;
    let text = blog.visitor().get("/robots.txt").await.expect(200).text;
    let rules: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("Disallow: ")).collect();
    // RFC 9309, section 2.2.3: the beginning of the address, up to the end with `$`.
    let is_kept_out = |path: &str| {
        rules.iter().any(|rule| rule.strip_suffix('$').map_or_else(|| path.starts_with(rule), |whole| path == whole))
    };
    for path in ["/blog/admin", "/blog/admin/posts", "/blog/login?next=%2F", "/blog/signup", "/blog/account/tokens"] {
        assert!(is_kept_out(path), "{path}\n{text}");
    }
    for path in ["/blog/administration", "/blog/accounts-of-a-shed", "/blog/login-page", "/blog", "/blog/posts/admin"] {
        assert!(!is_kept_out(path), "{path}\n{text}");
    }
    assert!(text.contains("Sitemap: https://example.org/blog/sitemap.xml"), "{text}");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feeds_addresses_of_other_programs_lead_to_the_feed() {
    let blog = Blog::start().await;
    let visitor = blog.visitor();
    for path in ["/feed", "/rss", "/rss.xml", "/atom.xml", "/index.xml", "/feeds/all.atom.xml", "/feed/atom"] {
        visitor.get(path).await.expect(301).leads_to("/feed.xml");
    }
    for path in ["/feed/", "/rss/", "/feed/atom/", "/feed/feed.xml"] {
        visitor.get(path).await.expect(301).leads_to("/feed.xml");
    }
    visitor.get("/feeds").await.expect(404);
    // A page of that name comes first.
    blog.administrator.write(page("Rss").body("About feeds.").with("slug", "rss")).await;
    visitor.get("/rss").await.expect(200).contains("About feeds.");
    visitor.get("/rss/").await.expect(301).leads_to("/rss");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_feeds_say_when_they_were_made() {
    let blog = Blog::start().await;
    let hello = blog.administrator.write(post("Hello")).await;
    let visitor = blog.visitor();
    for path in ["/", hello.path.as_str(), "/feed.xml"] {
        let made = visitor.get(path).await.expect(200);
        let made = made.header("last-modified").unwrap_or_else(|| panic!("{path}")).to_owned();
        assert_eq!(made, "Sun, 03 May 2026 08:28:00 GMT", "{path}");
        let again = visitor.with("if-modified-since", &made).get(path).await.expect(304);
        assert_eq!(again.header("last-modified"), Some(made.as_str()), "{path}");
        // A tag decides where there is one.
        visitor.with("if-modified-since", &made).with("if-none-match", "\"other\"").get(path).await.expect(200);
    }
    blog.advance(60);
    blog.administrator.edit(&hello, &[("source", "Changed.")], "save").await.expect(303);
    let since = visitor.with("if-modified-since", "Sun, 03 May 2026 08:28:00 GMT");
    let changed =
        since.get(&hello.path).await.expect(200).contains("Changed.").header("last-modified").map(str::to_owned);
    assert_eq!(changed.as_deref(), Some("Sun, 03 May 2026 08:29:00 GMT"));
    // Changed again within the second, which a date cannot tell.
    blog.administrator.edit(&hello, &[("source", "Changed again.")], "save").await.expect(303);
    let since = visitor.with("if-modified-since", &changed.unwrap());
    for _ in 0..2 {
        let again = since.get(&hello.path).await.expect(200).contains("Changed again.");
        assert_eq!(again.header("last-modified"), None);
    }
    // A scheduled post appears by itself, and the list is as new as that.
    blog.administrator.write(post("Later").with("published_at", "2026-05-03T10:35")).await;
    let list = visitor.get("/").await.expect(200).lacks("Later");
    let before = list.header("last-modified").map(str::to_owned);
    blog.advance(600);
    let list = visitor.with("if-modified-since", before.as_deref().unwrap_or("Sun, 03 May 2026 08:29:00 GMT"));
    list.get("/").await.expect(200).contains("Later");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_that_depends_on_the_origin_says_so() {
    let open = Blog::start_with(|config| config.cors_origins = vec!["https://app.example".into()]).await;
    let visitor = open.visitor();
    let says = |answer: &crate::client::Answer| {
        let fields = answer.headers.get_all("vary").iter().map(|value| value.to_str().unwrap().to_ascii_lowercase());
        fields
            .flat_map(|field| field.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>())
            .any(|name| name == "origin")
    };
    for origin in [None, Some("https://app.example"), Some("https://other.example")] {
        let client = origin.map_or(visitor.clone(), |origin| visitor.with("origin", origin));
        // The second time from the cache.
        for path in
            ["/api/v1/posts", "/api/v1/posts", "/api/v1/posts/none", "/api/v1/posts/", "/api/v1/nothing", "/graphql"]
        {
            let answer = client.get(path).await;
            assert!(says(&answer), "{path} {origin:?}: {:?}", answer.headers);
            let allowed = answer.header("access-control-allow-origin");
            assert_eq!(allowed.is_some(), origin == Some("https://app.example"), "{path} {origin:?}");
        }
    }
    assert!(!says(&visitor.get("/").await.expect(200)));
    open.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_that_a_proxy_made_weak_still_names_what_is_changed() {
    let blog = Blog::start().await;
    let root = &blog.administrator;
    root.write(post("Hello")).await;
    let same = root.with("sec-fetch-site", "same-origin");
    for (number, change) in ["W/{}", "{-gzip}", "{;gzip}", "W/{-gzip}"].iter().enumerate() {
        let tag = root.get("/api/v1/posts/hello").await.expect(200).header("etag").unwrap().to_owned();
        let bare = tag.trim_matches('"');
        let weak = change.replace("{", &format!("\"{bare}")).replace('}', "\"");
        let patch = format!("{{\"source\":\"Number {number}\"}}");
        let client = same.with("if-match", &weak);
        client.body("PATCH", "/api/v1/posts/hello", "application/merge-patch+json", patch.clone()).await.expect(200);
        client.body("PATCH", "/api/v1/posts/hello", "application/merge-patch+json", patch).await.expect(412);
    }
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn brotli_alone_is_taken_at_its_word_on_pages_of_members() {
    let blog = Blog::start().await;
    blog.administrator.write(post("Long").body(&"Words and words. ".repeat(300))).await;
    let member = blog.administrator.with("accept-encoding", "br");
    let answer = member.get("/posts/long").await.expect(200);
    assert_eq!(answer.header("content-encoding"), Some("br"));
    assert_eq!(
        member.get("/api/v1/posts/long?include=source").await.expect(200).header("content-encoding"),
        Some("br")
    );
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hang_up_cuts_no_request_and_ends_no_server_without_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let server = Served::blog(folder.path(), &[]);
    server.visitor().get("/healthz").await.expect(200);
    for _ in 0..3 {
        server.signal("HUP");
        server.visitor().get("/healthz").await.expect(200);
    }
    server.signal("TERM");
    server.ended().expect(0).says("SIGHUP");
}

#[tokio::test(flavor = "multi_thread")]
async fn both_wildcards_of_one_port_are_served() {
    let folder = tempfile::tempdir().unwrap();
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for order in [["[::]", "0.0.0.0"], ["0.0.0.0", "[::]"]] {
        let [first, second] = order.map(|host| format!("{host}:{port}"));
        let args = ["serve", "--data", "blog.redb", "--bcrypt-cost", "10", "--listen", &first, "--listen", &second];
        let mut command = pamphlet(folder.path(), &args);
        command.stdout(std::process::Stdio::piped());
        let server = Served::start(command);
        for host in ["127.0.0.1", "[::1]"] {
            crate::client::Client::new(&format!("http://{host}:{port}"), "").get("/healthz").await.expect(200);
        }
        server.stop();
    }
    let twice = ["serve", "--data", "blog.redb", "--listen", "127.0.0.1:1", "--listen", "127.0.0.1:1"];
    run(folder.path(), &twice).expect(1).says("--listen names 127.0.0.1:1 twice");
    let inside = ["serve", "--data", "blog.redb", "--listen", "0.0.0.0:1", "--listen", "127.0.0.1:1"];
    run(folder.path(), &inside).expect(1).says("--listen names 0.0.0.0:1 and 127.0.0.1:1");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_public_list_describes_itself_to_search_engines() {
    let blog = Blog::start().await;
    let category = blog.category("Backend").await;
    blog.administrator.write(post("Hello").with("tags", "rust").with("category", &category)).await;
    for path in ["/archive", "/archive/2026", "/archive/2026/05", "/tag/rust", "/category/backend", "/author/root"] {
        let page = blog.visitor().get(path).await.expect(200);
        let described =
            page.text.split_once("<meta name=\"description\" content=\"").unwrap_or_else(|| panic!("{path}"));
        assert!(described.1.split('"').next().unwrap().contains("Notes on Rust"), "{path}");
    }
    blog.stop().await;
}
