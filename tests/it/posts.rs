//! Reading: the post's page, lists, archive, feeds, old addresses.

use crate::harness::{Blog, page, post};

#[tokio::test(flavor = "multi_thread")]
async fn a_post_says_everything_the_page_promises() {
    let blog = Blog::start().await;
    let category = blog.category("Backend").await;
    let mikel = blog.author("Mikel").await;
    let post = mikel.write(post("Hello, World!").body("First *words*.").with("category", &category)).await;
    assert_eq!(post.path, "/posts/hello-world");
    blog.visitor()
        .get(&post.path)
        .await
        .expect(200)
        .contains("<title>Hello, World! · Notes on Rust</title>")
        .contains("Category: <a href=\"/category/backend\"><bdi>Backend</bdi></a>")
        .contains("<h1 dir=\"auto\">Hello, World!</h1>")
        .contains("By <a href=\"/author/mikel\" rel=\"author\"><bdi>Mikel</bdi></a>")
        .contains("<time datetime=\"2026-05-03T08:28:00Z\">May 3, 2026, 10:28 a.m.</time>")
        .contains("<p>First <em>words</em>.</p>")
        .contains("Comments (0)")
        .contains("No comments yet. Be the first to comment!")
        .contains("Please <a href=\"/login?next=/posts/hello-world%23comments\">Login</a> to add a comment.");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn home_shows_the_newest_posts_page_by_page() {
    let blog = Blog::start().await;
    blog.set("posts_per_page", "2").await;
    let author = blog.author("ada").await;
    for title in ["One", "Two", "Three", "Four", "Five"] {
        blog.advance(60);
        author.write(post(title)).await;
    }
    let visitor = blog.visitor();
    visitor.get("/").await.expect(200).contains(">Five<").contains(">Four<").lacks(">Three<").contains("/?page=2");
    visitor.get("/?page=3").await.expect(200).contains(">One<").lacks(">Two<");
    visitor.get("/?page=4").await.expect(404);
    for bad in ["0", "-1", "x", "01", "1e3", "99999999999999999999", ""] {
        visitor.get(&format!("/?page={bad}")).await.expect(404);
    }
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_stands_in_the_lists_of_its_category_tags_author_year_and_month() {
    let blog = Blog::start().await;
    let category = blog.category("Backend").await;
    let ada = blog.author("ada").await;
    ada.write(post("Filed").with("category", &category).with("tags", "Rust, Café")).await;
    ada.write(post("Unfiled").with("published_at", "2025-12-31T23:30")).await;
    let visitor = blog.visitor();
    for path in ["/category/backend", "/tag/rust", "/tag/cafe", "/archive/2026", "/archive/2026/05"] {
        visitor.get(path).await.expect(200).contains(">Filed<").lacks(">Unfiled<");
    }
    visitor.get("/author/ada").await.expect(200).contains(">Filed<").contains(">Unfiled<");
    visitor.get("/archive/2025/12").await.expect(200).contains(">Unfiled<").lacks(">Filed<");
    visitor.get("/archive").await.expect(200).contains("/archive/2026/05").contains("/archive/2025/12");
    visitor.get("/archive/2026/5").await.expect(301).leads_to("/archive/2026/05");
    for missing in [
        "/category/frontend",
        "/tag/java",
        "/author/eve",
        "/archive/2024",
        "/archive/2026/06",
        "/archive/2026/13",
        "/archive/26",
        "/archive/2026/00",
        "/posts/none",
        "/none",
        "/none/at/all",
    ] {
        visitor.get(missing).await.expect(404).contains("<main").contains("Notes on Rust");
    }
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_somebody_who_only_comments_says_so() {
    let blog = Blog::start().await;
    blog.reader("eve").await;
    let page = blog.visitor().get("/author/eve").await.expect(200).contains("has not published any posts");
    page.contains("noindex").lacks("0 posts").lacks("There is nothing to read here yet");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_archive_counts_months_in_the_zone_of_the_site() {
    let blog = Blog::start().await;
    // Half past midnight in Berlin is still the evening before in Greenwich.
    blog.administrator.write(post("Late").with("published_at", "2026-03-31T22:30:00Z")).await;
    let visitor = blog.visitor();
    visitor.get("/archive/2026/04").await.expect(200).contains(">April 1, 2026<");
    visitor.get("/archive/2026/03").await.expect(404);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn titles_of_any_script_make_addresses_that_work() {
    let blog = Blog::start().await;
    for title in
        ["Мой первый пост", "日本語のブログ", "مرحبا بالعالم", "Crème brûlée & <b>more</b>", "C'est \"ça\" 100%"]
    {
        let written = blog.administrator.write(post(title)).await;
        let page = blog.visitor().get(&written.path).await.expect(200).lacks("<b>more</b></h1>");
        let heading = page.between("<h1 dir=\"auto\">", "</h1>");
        assert_eq!(crate::client::unescaped(heading), title);
    }
    let twice = [blog.administrator.write(post("Twice")).await, blog.administrator.write(post("Twice")).await];
    assert_eq!(twice.map(|post| post.path), ["/posts/twice", "/posts/twice-2"]);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_post_is_found_under_every_address_it_had() {
    let blog = Blog::start().await;
    let editor = blog.editor("eve").await;
    let first = editor.write(post("First").with("slug", "first")).await;
    let visitor = blog.visitor();
    visitor.get("/posts/first").await.expect(200);
    editor.edit(&first, &[("slug", "second")], "save").await.expect(303);
    visitor.get("/posts/first").await.expect(301).leads_to("/posts/second");
    editor.edit(&first, &[("slug", "third")], "save").await.expect(303);
    visitor.get("/posts/first").await.expect(301).leads_to("/posts/third");
    visitor.get("/posts/second").await.expect(301).leads_to("/posts/third");
    visitor.get("/posts/third").await.expect(200);
    // The old address is not free for another post, but its own post may come back to it.
    let taken = editor.try_write(&post("Thief").with("slug", "first"), "publish").await.expect(422);
    taken.contains("had this address").contains("value=\"Thief\"");
    editor.edit(&first, &[("slug", "first")], "save").await.expect(303);
    visitor.get("/posts/first").await.expect(200);
    visitor.get("/posts/third").await.expect(301).leads_to("/posts/first");
    // What is not public is not betrayed by an old address.
    editor.edit(&first, &[], "unpublish").await.expect(303);
    for address in ["/posts/first", "/posts/second", "/posts/third"] {
        visitor.get(address).await.expect(404);
    }
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_static_page_stands_at_the_root_and_outside_the_lists() {
    let blog = Blog::start().await;
    let about = blog.administrator.write(page("About us").body("Who *we* are.")).await;
    assert_eq!(about.path, "/about-us");
    let visitor = blog.visitor();
    visitor.get("/about-us").await.expect(200).contains("Who <em>we</em> are.").lacks("Comments (");
    visitor.get("/posts/about-us").await.expect(404);
    visitor.get("/").await.expect(200).lacks("About us");
    for reserved in ["admin", "posts", "login", "feed.xml", "healthz", "media", "favicon.ico"] {
        let draft = page("Trap").with("slug", reserved);
        blog.administrator.try_write(&draft, "publish").await.expect(422).contains("used by the site itself");
    }
    // A title of that name gets a number instead.
    assert_eq!(blog.administrator.write(page("Login")).await.path, "/login-2");
    blog.administrator.edit(&about, &[("slug", "who")], "save").await.expect(303);
    visitor.get("/about-us").await.expect(301).leads_to("/who");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trailing_slash_leads_to_the_address_without() {
    let blog = Blog::start().await;
    let written = blog.administrator.write(post("Hello")).await;
    let visitor = blog.visitor();
    visitor.get(&format!("{}/", written.path)).await.expect(301).leads_to("/posts/hello");
    visitor.get("/archive///?page=2").await.expect(301).leads_to("/archive?page=2");
    visitor.get("//evil.example/").await.expect(404);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn markdown_shows_what_authors_expect_and_nothing_runs() {
    let blog = Blog::start().await;
    let text = "## A *heading*\n\n\
        | a | b |\n|---|---|\n| 1 | 2 |\n\n- [x] done\n- [ ] open\n\n~~gone~~ https://example.org\n\n\
        A note.[^n]\n\n[^n]: At the foot.\n\n```rust\nfn main() {}\n```\n\n\
        <details><summary>More</summary>Hidden</details>\n\n\
        <script>alert(1)</script><img src=x onerror=alert(2)><a href=\"javascript:alert(3)\">x</a>\n\n\
        [local](/archive) <iframe src=\"https://evil.example\"></iframe>";
    let written = blog.administrator.write(post("Everything").body(text)).await;
    let page = blog.visitor().get(&written.path).await.expect(200);
    for part in ["<table", "<del>gone</del>", "type=\"checkbox\"", "At the foot.", "<details>", "href=\"/archive\""] {
        assert!(page.text.contains(part), "{part}");
    }
    assert!(page.attributes("id").iter().any(|id| id == "a-heading"), "{:?}", page.attributes("id"));
    assert!(page.text.contains("<pre") && page.text.contains("class=\""), "code is highlighted by classes");
    for danger in ["alert(", "onerror", "javascript:", "<iframe", "<script>", " style="] {
        assert!(!page.text.contains(danger), "{danger}");
    }
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_thousand_nested_quotes_are_no_more_than_a_post() {
    let blog = Blog::start().await;
    for text in [">".repeat(50_000), "- ".repeat(50_000), "[".repeat(50_000), "<b>".repeat(50_000)] {
        let written = blog.administrator.write(post("Deep").body(&text)).await;
        blog.visitor().get(&written.path).await.expect(200);
    }
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn feeds_and_discovery_name_what_is_public() {
    let blog = Blog::start().await;
    let written = blog.administrator.write(post("Hello").body("A *text*.").with("tags", "rust")).await;
    blog.administrator.write(page("Contact")).await;
    let visitor = blog.visitor();
    let feed = visitor.get("/feed.xml").await.expect(200).contains("<feed").contains("Hello").contains(&written.path);
    assert!(feed.header("content-type").unwrap().starts_with("application/atom+xml"));
    assert!(feed.text.contains(&format!("http://{}/posts/hello", blog.address)), "addresses in a feed are absolute");
    visitor.get("/sitemap.xml").await.expect(200).contains("/posts/hello").contains("/contact");
    visitor.get("/robots.txt").await.expect(200).contains("Sitemap: ").contains("/sitemap.xml");
    let icon = visitor.get("/favicon.ico").await.expect(200);
    assert!(icon.header("content-type").unwrap().starts_with("image/"));
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_says_that_it_lives_and_is_ready() {
    let blog = Blog::start().await;
    blog.visitor().get("/healthz").await.expect(200);
    blog.visitor().get("/readyz").await.expect(200);
    // This machine may read the numbers; see `metrics` for who else may.
    blog.visitor().get("/metrics").await.expect(200);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn assets_are_immutable_and_nothing_else_is_read() {
    let blog = Blog::start().await;
    let home = blog.visitor().get("/").await.expect(200);
    let sheets: Vec<String> = home.attributes("href").into_iter().filter(|href| href.starts_with("/assets/")).collect();
    assert!(!sheets.is_empty());
    for sheet in sheets {
        let asset = blog.visitor().at(&sheet).await.expect(200);
        assert!(asset.header("cache-control").unwrap().contains("immutable"), "{sheet}");
        assert!(!asset.bytes.is_empty(), "{sheet}");
    }
    for path in ["/assets/app.css", "/assets/..%2f..%2fCargo.toml", "/assets/%2e%2e/Cargo.toml", "/assets/x.000.css"] {
        blog.visitor().get(path).await.expect(404);
    }
    blog.stop().await;
}
