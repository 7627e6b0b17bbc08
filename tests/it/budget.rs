//! One text, drawing or picture causes a bounded amount of work and output, on every surface.

use crate::harness::{Blog, post};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

/// Few bytes that become very many elements.
fn notes() -> String {
    "[^a]: y\n\n".to_owned() + &"[^a] ".repeat(60_000)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_becomes_too_much_html_is_refused_everywhere_with_the_limit() {
    let blog = Blog::start().await;
    let ada = blog.author("ada").await;
    let limit = "more than 100,000 links, cells, notes";
    let draft = post("Owls").body(&notes());
    for action in ["save", "publish", "preview"] {
        ada.try_write(&draft, action).await.expect(422).contains(limit);
    }
    let input = json!({ "title": "Owls", "source": notes(), "status": "published" });
    let refused = ada.json("POST", "/api/v1/posts", &input).await.expect(422).contains(limit);
    assert_eq!(refused.problem().1, ["source"]);
    let document = "mutation($source: String!) { createPost(input: { title: \"Owls\", source: $source }) { \
                    post { id } errors { field message } } }";
    let call = json!({ "query": document, "variables": { "source": notes() } });
    ada.json("POST", "/graphql", &call).await.contains(limit);
    assert!(!blog.visitor().get("/feed.xml").await.expect(200).text.contains("Owls"));
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_would_take_long_is_plain_and_the_rest_keeps_its_colours() {
    let blog = Blog::start().await;
    let source =
        format!("```rust\nlet owl = 1;\n```\n\n```make\n{}```\n", format!("{}\n", "\t".repeat(900)).repeat(280));
    let made = blog.administrator.json("POST", "/api/v1/posts", &json!({ "title": "Tabs", "source": source })).await;
    let html = made.expect(201).value()["html"].as_str().unwrap().to_owned();
    assert!(html.contains("hl-keyword") && html.contains("<code class=\"language-make\">\t\t\t"));
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_leaves_out_texts_that_do_not_fit_and_names_their_posts() {
    let blog = Blog::start().await;
    for title in ["Barn", "Tawny", "Snowy"] {
        blog.administrator
            .write(post(title).body(&format!("About {title}.\n\n{}", "Owls hoot. ".repeat(160_000))))
            .await;
    }
    let feed = blog.visitor().get("/feed.xml").await.expect(200);
    assert!(feed.text.len() < 5_000_000, "{}", feed.text.len());
    assert_eq!((feed.count("<entry>"), feed.count("<content"), feed.count("<summary>About")), (3, 2, 3));
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_in_the_feed_lead_where_those_on_the_page_lead() {
    let blog = Blog::start().await;
    let source = "[r](other) [s](//owls.example/x) ![i](x.png) n[^1]\n\n<video poster=p.png></video>\n\n[^1]: note";
    let written = blog.administrator.write(post("Owls").body(source)).await;
    let feed = blog.visitor().get("/feed.xml").await.expect(200);
    let here = format!("http://{}/posts/", blog.address);
    let page = format!("http://{}{}", blog.address, written.path);
    for address in [
        format!("href=\"{here}other\""),
        "href=\"http://owls.example/x\"".into(),
        format!("src=\"{here}x.png\""),
        format!("poster=\"{here}p.png\""),
        format!("href=\"{page}#fn-1\""),
    ] {
        assert!(crate::client::unescaped(&feed.text).contains(&address), "{address}: {}", feed.text);
    }
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drawing_is_cleaned_and_served_in_a_sandbox_whoever_sends_it() {
    let blog = Blog::start().await;
    let ada = blog.author("ada").await;
    let drawing = |shade: u8| {
        format!(
            "<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\" width=\"30\" height=\"20\" onload=\"alert(1)\">\
             <script>alert(1)</script><path d=\"M0 0h9v{shade}\"/><image href=\"https://owls.example/x.png\"/></svg>"
        )
    };
    let page = ada.upload("owl.svg", drawing(1).as_bytes()).await;
    let sent = ada.post("/api/v1/media?name=owl.svg", "image/svg+xml", drawing(2)).await.expect(201).value();
    let upload = "mutation($input: MediaInput!) { uploadMedia(input: $input) { media { url width } } }";
    let input = json!({ "name": "owl.svg", "data": BASE64_STANDARD.encode(drawing(3)) });
    let call = json!({ "query": upload, "variables": { "input": input } });
    let asked = ada.json("POST", "/graphql", &call).await.expect(200).value();
    let media = &asked["data"]["uploadMedia"]["media"];
    assert_eq!((&sent["width"], &media["width"]), (&json!(30), &json!(30)));
    for address in [page.as_str(), sent["url"].as_str().unwrap(), media["url"].as_str().unwrap()] {
        let address = address.find("/media/").map(|at| &address[at..]).unwrap();
        let answer = blog.visitor().get(address).await.expect(200).contains("<path").lacks("script").lacks("onload");
        assert!(!answer.text.contains("owls.example"), "{}", answer.text);
        assert_eq!(answer.header("content-type"), Some("image/svg+xml"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && policy.ends_with("; sandbox"), "{policy}");
    }
    let bomb = format!("<svg>{}</svg>", "<g>".repeat(9_000));
    let refused = ada.post("/api/v1/media?name=b.svg", "image/svg+xml", bomb).await.expect(422);
    assert_eq!(refused.problem().1, ["file"]);
    blog.stop().await;
}
