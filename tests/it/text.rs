//! Text in every script: what titles, names and addresses may hold, and how long they may be.

use crate::client::Client;
use crate::harness::Blog;
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization;

async fn publish(client: &Client, input: Value) -> Value {
    let mut input = input;
    input["status"] = json!("published");
    client.json("POST", "/api/v1/posts", &input).await.expect(201).value()
}

/// A path as a browser sends it.
fn encoded(path: &str) -> String {
    path.bytes()
        .map(|byte| if byte.is_ascii() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn direction_marks_belong_to_text_and_overrides_do_not() {
    let blog = Blog::start().await;
    let root = &blog.administrator;
    let title = "מבוא ל-C#\u{200E}, חלק א\u{200F}";
    let made = publish(root, json!({ "title": title, "excerpt": "\u{61C}١\u{200F}", "tags": ["C#\u{200E}"] })).await;
    assert_eq!((&made["title"], &made["excerpt"]), (&json!(title), &json!("\u{61C}١\u{200F}")));
    assert_eq!(made["slug"], "מבוא-ל-c-חלק-א");
    root.post_form("/admin/categories", &[("name", "نیم\u{200C}فاصله\u{200F}")]).await.expect(303);
    let profile = json!({ "display_name": "עדה\u{200F}" });
    root.with("if-match", "*").json("PATCH", "/api/v1/me", &profile).await.expect(200);
    let query = json!({ "query": "mutation($t: String!) { createPost(input: { title: $t }) { post { title } } }",
        "variables": { "t": title } });
    root.json("POST", "/graphql", &query).await.expect(200).contains(title);
    for mark in ["\u{202A}", "\u{202E}", "\u{2066}", "\u{2069}"] {
        let input = json!({ "title": format!("a{mark}b") });
        root.json("POST", "/api/v1/posts", &input).await.expect(422).contains("direction");
        let profile = json!({ "display_name": format!("a{mark}b") });
        root.with("if-match", "*").json("PATCH", "/api/v1/me", &profile).await.expect(422);
        root.post_form("/admin/categories", &[("name", &format!("x{mark}y"))]).await.expect(422);
    }
    // A name in which nothing can be seen is none.
    let nothing = json!({ "display_name": "\u{200E}\u{200B}" });
    root.with("if-match", "*").json("PATCH", "/api/v1/me", &nothing).await.expect(422);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_forms_of_unicode_lead_to_one_address() {
    let blog = Blog::start().await;
    let root = &blog.administrator;
    let slug = "ぐるぐる";
    let apart: String = slug.nfd().collect();
    root.post_form("/admin/categories", &[("name", "Ёлки")]).await.expect(303);
    let input = json!({ "title": slug, "tags": ["й"], "category": "елки".nfd().collect::<String>() });
    let refused = root.json("POST", "/api/v1/posts", &input).await;
    assert_eq!(refused.status, 422, "another letter is another address");
    let input = json!({ "title": slug, "tags": ["й"], "category": "ёлки".nfd().collect::<String>() });
    assert_eq!(publish(root, input).await["slug"], slug);
    let visitor = blog.visitor();
    for path in [format!("/posts/{slug}"), "/tag/й".into(), "/category/ёлки".into()] {
        let canonical = encoded(&path);
        visitor.get(&canonical).await.expect(200);
        let other = visitor.get(&format!("{}?page=1", encoded(&path.nfd().collect::<String>()))).await;
        assert_eq!(other.expect(301).location(), format!("{canonical}?page=1"));
    }
    visitor.get("//%E3%81%8F%E3%82%99").await.expect(404);
    let path = format!("/api/v1/posts/{}", encoded(&apart));
    assert_eq!(visitor.get(&path).await.expect(200).value()["slug"], slug);
    let list = format!("/api/v1/posts?tag={}", encoded(&"й".nfd().collect::<String>()));
    assert_eq!(visitor.get(&list).await.expect(200).value()["items"][0]["slug"], slug);
    let query = json!({ "query": "query($s: String!) { post(slug: $s) { slug } }", "variables": { "s": apart } });
    assert_eq!(visitor.json("POST", "/graphql", &query).await.expect(200).value()["data"]["post"]["slug"], slug);
    // An address that it once had.
    let new = json!({ "slug": "guruguru" });
    root.with("if-match", "*").json("PATCH", &format!("/api/v1/posts/{}", encoded(slug)), &new).await.expect(200);
    let moved = visitor.get(&encoded(&format!("/posts/{apart}"))).await.expect(301);
    assert_eq!(visitor.follow(&moved).await.expect(301).location(), "/posts/guruguru");
    visitor.get(&path).await.expect(301);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_greek_title_in_capitals_has_a_final_sigma_in_its_address() {
    let blog = Blog::start().await;
    let made = publish(&blog.administrator, json!({ "title": "Ο ΉΛΙΟΣ ΤΗΣ ΣΆΜΟΥ" })).await;
    assert_eq!(made["slug"], "ο-ήλιος-της-σάμου");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn backticks_in_a_title_are_code_on_pages_and_gone_in_plain_text() {
    let blog = Blog::start_with(|config| config.public_url = Some("http://127.0.0.1".into())).await;
    let root = &blog.administrator;
    let title = "Borrowing `&mut <T>` twice";
    assert_eq!(publish(root, json!({ "title": title, "slug": "borrowing" })).await["title"], title);
    root.json("POST", "/api/v1/posts/borrowing/comments", &json!({ "source": "Hm." })).await.expect(201);
    let shown = "Borrowing <code>&amp;mut &lt;T&gt;</code> twice";
    for path in ["/posts/borrowing", "/", "/author/root", "/archive/2026/05"] {
        blog.visitor().get(path).await.expect(200).contains(shown);
    }
    for path in ["/admin/posts", "/admin/comments"] {
        root.get(path).await.expect(200).contains(shown);
    }
    let plain = "Borrowing &amp;mut &lt;T&gt; twice";
    let page = blog.visitor().get("/posts/borrowing").await.expect(200);
    page.contains(&format!("<title>{plain} · ")).contains(&format!("property=\"og:title\" content=\"{plain}\""));
    blog.visitor().get("/feed.xml").await.expect(200).contains(&format!("<title>{plain}</title>"));
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_authors_and_readers_mean_is_rendered_on_every_surface() {
    let blog = Blog::start().await;
    let root = &blog.administrator;
    let source = "**夜は長い。**朝 https://a.example/__x__/_y :owl: $x^2$, $5\n\nOwl\n: A bird<br>of prey\n";
    let made = publish(root, json!({ "title": "Owls", "source": source })).await;
    let html = made["html"].as_str().unwrap().to_owned();
    for part in
        ["<strong>夜は長い。</strong>朝", "href=\"https://a.example/__x__/_y\"", "🦉", "<msup>", "$5", "<dt>Owl</dt>"]
    {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert!(made["excerpt"].as_str().unwrap().ends_with("A bird of prey"), "{}", made["excerpt"]);
    blog.visitor().get("/posts/owls").await.expect(200).contains(html.trim());
    let comment = json!({ "source": "**夜。**朝 https://a.example/__x__/_y me@a.example" });
    let made = root.json("POST", "/api/v1/posts/owls/comments", &comment).await.expect(201).value();
    let html = made["html"].as_str().unwrap();
    for part in ["<strong>夜。</strong>朝", "href=\"https://a.example/__x__/_y\"", "href=\"mailto:me@a.example\""] {
        assert!(html.contains(part), "{part}: {html}");
    }
    blog.visitor().get("/posts/owls").await.expect(200).contains(html.trim());
    blog.stop().await;
}

/// Sends a text of so many characters as the member of a schema, and tells the status.
async fn sent(root: &Client, schema: &str, member: &str, text: &str, round: &str) -> u16 {
    let careful = root.with("if-match", "*");
    let mut input = json!({ member: text });
    let (method, path) = match schema {
        "PostInput" => {
            if member != "title" {
                input["title"] = json!("T");
            }
            ("POST", "/api/v1/posts")
        }
        "CoverInput" => {
            input["media"] = root.get("/api/v1/media").await.value()["items"][0]["id"].clone();
            input = json!({ "title": "T", "cover": input });
            ("POST", "/api/v1/posts")
        }
        "CommentInput" => ("POST", "/api/v1/posts/owls/comments"),
        "CommentPatch" => ("PATCH", "/api/v1/posts/owls/comments/1"),
        "CategoryInput" => {
            if member != "name" {
                input["name"] = json!(format!("C {round}"));
            }
            ("POST", "/api/v1/categories")
        }
        "ProfileInput" => ("PATCH", "/api/v1/me"),
        "SettingsInput" => ("PATCH", "/api/v1/settings"),
        "NavItem" => {
            input["address"] = json!("/");
            input = json!({ "navigation": [input] });
            ("PATCH", "/api/v1/settings")
        }
        "UserInput" => {
            input["password"] = json!(crate::harness::PASSWORD);
            ("POST", "/api/v1/users")
        }
        "TokenInput" => {
            input["scopes"] = json!(["posts:read"]);
            ("POST", "/api/v1/me/tokens")
        }
        other => panic!("the test knows no way to send {other}"),
    };
    let client = if method == "PATCH" { &careful } else { root };
    client.json(method, path, &input).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn every_limit_of_the_document_counts_characters() {
    let blog = Blog::start().await;
    let root = &blog.administrator;
    publish(root, json!({ "title": "Owls" })).await;
    root.upload("owl.png", &crate::media::png(3, 2, 1)).await;
    root.json("POST", "/api/v1/posts/owls/comments", &json!({ "source": "Hoo" })).await.expect(201);
    let document = root.get("/api/v1/openapi.json").await.expect(200).value();
    let mut limits = 0;
    // Those of changes are made of those of what is written.
    let schemas = document["components"]["schemas"].as_object().unwrap().iter();
    for (schema, described) in schemas.filter(|(name, _)| !name.starts_with("Patch")) {
        for (member, rule) in described["properties"].as_object().into_iter().flatten() {
            // A tag of a language has no other letters than those of ASCII (RFC 5646, section 2.1).
            let Some(most) = rule["maxLength"].as_u64().filter(|_| member != "language") else { continue };
            limits += 1;
            for letter in ["ж", "鴞"] {
                let text = letter.repeat(usize::try_from(most).unwrap());
                let status = sent(root, schema, member, &text, letter).await;
                assert!((200..300).contains(&status), "{schema}.{member} of {most} {letter}: {status}");
                let status = sent(root, schema, member, &(text + letter), letter).await;
                assert!(matches!(status, 422 | 400), "{schema}.{member} of more than {most}: {status}");
            }
        }
    }
    assert!(limits > 10, "{limits}");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_comment_form_takes_as_many_characters_as_the_api() {
    let blog = Blog::start().await;
    let root = &blog.administrator;
    publish(root, json!({ "title": "Owls" })).await;
    let text = "鴞".repeat(20_000);
    root.post_form("/posts/owls/comments", &[("body", &text)]).await.expect(303);
    root.post_form("/posts/owls/comments", &[("body", &(text + "鴞"))]).await.expect(422).contains("20001");
    root.post_form("/account", &[("display_name", "Ada"), ("bio", &"鴞".repeat(2_000))]).await.expect(303);
    blog.stop().await;
}
