//! The REST API: the same blog for programs.

use crate::harness::{Blog, page, post};
use pamphlet::config::Config;
use serde_json::{Value, json};

fn api(path: &str) -> String {
    format!("/api/v1/{path}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_is_written_changed_and_deleted() {
    let blog = Blog::start().await;
    let author = blog.author("ada").await;
    let input = json!({ "title": "Owls at night", "source": "They **hoot**.", "tags": ["Owls"] });
    let made = author.json("POST", "/api/v1/posts", &input).await.expect(201);
    assert_eq!(made.location(), "/api/v1/posts/owls-at-night");
    let post = made.value();
    assert_eq!((&post["status"], &post["html"]), (&json!("draft"), &json!("<p>They <strong>hoot</strong>.</p>\n")));
    // Nobody else sees a draft, by whatever way.
    let reader = blog.reader("rita").await;
    for path in ["posts/owls-at-night", "posts/owls-at-night/comments", "posts/owls-at-night?include=source"] {
        blog.visitor().get(&api(path)).await.expect(404);
        reader.get(&api(path)).await.expect(404);
    }
    blog.visitor().get("/api/v1/posts?status=draft").await.expect(401);
    blog.visitor().get("/api/v1/posts").await.expect(200).lacks("owls");
    let drafts = author.get("/api/v1/posts?status=draft&include=source&fields=slug,source").await.expect(200).value();
    assert_eq!(drafts["items"], json!([{ "slug": "owls-at-night", "source": "They **hoot**." }]));

    let tag = made.header("etag").unwrap().to_owned();
    let careful = author.with("if-match", &tag);
    let published = careful.json("PATCH", made.location(), &json!({ "status": "published" })).await.expect(200);
    assert_eq!(published.value()["status"], "published");
    assert_eq!(published.value()["title"], "Owls at night");
    assert_eq!(
        careful.json("PATCH", made.location(), &json!({ "title": "Late" })).await.expect(412).problem().0,
        "stale"
    );
    assert_eq!(
        author.json("PATCH", made.location(), &json!({})).await.expect(428).problem().0,
        "precondition-required"
    );

    // What it is called is where it is, for ever.
    let fresh = author.with("if-match", published.header("etag").unwrap());
    let renamed =
        fresh.json("PUT", made.location(), &json!({ "title": "Owls", "slug": "owls", "status": "published" })).await;
    let renamed = renamed.expect(200);
    assert_eq!(renamed.value()["tags"], json!([]));
    assert_eq!(blog.visitor().get("/api/v1/posts/owls-at-night").await.expect(301).location(), "/api/v1/posts/owls");
    let old = author.with("if-match", "*").json("PATCH", "/api/v1/posts/owls-at-night", &json!({ "title": "x" })).await;
    assert_eq!(old.expect(200).value()["slug"], "owls");
    author.with("if-match", "*").send("DELETE", "/api/v1/posts/owls").await.expect(204);
    blog.visitor().get("/api/v1/posts/owls").await.expect(404);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_already_is_not_sent_again() {
    let blog = Blog::start().await;
    blog.administrator.write(post("Hello").body(&"Some text. ".repeat(400))).await;
    for coding in ["identity", "gzip", "br"] {
        let visitor = blog.visitor().with("accept-encoding", coding);
        let first = visitor.get("/api/v1/posts/hello").await.expect(200);
        let tag = first.header("etag").unwrap().to_owned();
        assert!(tag.starts_with('"'), "{tag}");
        for name in ["Accept", "Accept-Encoding", "Authorization", "Cookie"] {
            assert!(first.header("vary").unwrap().contains(name));
        }
        visitor.with("if-none-match", &tag).get("/api/v1/posts/hello").await.expect(304);
        visitor.with("if-none-match", &tag).get("/api/v1/posts/hello?fields=title").await.expect(200);
        // The tag of any coding names what is to be changed.
        let unchanged = blog.administrator.with("if-match", &tag);
        unchanged.json("PATCH", "/api/v1/posts/hello", &json!({ "excerpt": coding })).await.expect(200);
        visitor.with("if-none-match", &tag).get("/api/v1/posts/hello").await.expect(200);
    }
    // Members get the same, with a mark that nobody else may keep it.
    let own = blog.administrator.get("/api/v1/posts/hello").await.expect(200);
    assert!(own.header("cache-control").unwrap().contains("private"));
    let tag = own.header("etag").unwrap().to_owned();
    blog.administrator.with("if-none-match", &tag).get("/api/v1/posts/hello").await.expect(304);
    let head = blog.visitor().head("/api/v1/posts/hello").await.expect(200);
    assert!(head.text.is_empty() && head.header("etag").is_some());
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_walked_while_others_write() {
    let blog = Blog::start().await;
    let admin = &blog.administrator;
    for number in 0..9 {
        admin.write(post(&format!("Post {number}"))).await;
        blog.advance(60);
    }
    let mut address = api("posts?limit=2&fields=slug");
    let mut seen: Vec<String> = Vec::new();
    loop {
        let part = blog.visitor().get(&address).await.expect(200);
        let items = part.value()["items"].as_array().unwrap().clone();
        seen.extend(items.iter().map(|item| item["slug"].as_str().unwrap().to_owned()));
        let link = part.header("link").unwrap().to_owned();
        assert!(link.contains("rel=\"first\""), "{link}");
        let Some(next) = link.split(", ").find(|one| one.ends_with("rel=\"next\"")) else { break };
        address = next.split(['<', '>']).nth(1).unwrap().to_owned();
        admin.write(post(&format!("New {}", seen.len()))).await;
        if seen.len() == 2 {
            admin.with("if-match", "*").send("DELETE", "/api/v1/posts/post-8").await.expect(204);
        }
    }
    let expected: Vec<String> = (0..9).rev().map(|number| format!("post-{number}")).collect();
    assert_eq!(seen, expected);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filtered_as_the_admin_lists_are() {
    let blog = Blog::start().await;
    let (ada, bo) = (blog.author("ada").await, blog.author("bo").await);
    blog.administrator.json("POST", "/api/v1/categories", &json!({ "name": "Birds" })).await.expect(201);
    let write = |title: &str, more: Value| {
        let mut input = json!({ "title": title, "status": "published" });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    ada.json("POST", "/api/v1/posts", &write("Owls", json!({ "category": "birds", "tags": ["Night"] })))
        .await
        .expect(201);
    bo.json("POST", "/api/v1/posts", &write("Bats", json!({ "tags": ["Night", "Caves"] }))).await.expect(201);
    bo.json("POST", "/api/v1/posts", &write("Later", json!({ "published_at": "2030-01-01T00:00:00Z" })))
        .await
        .expect(201);
    blog.administrator.write(page("About")).await;
    let slugs = async |client: &crate::client::Client, query: &str| {
        let list = client.get(&api(query)).await.expect(200).value();
        let slugs = list["items"].as_array().unwrap().iter().map(|item| item["slug"].as_str().unwrap().to_owned());
        slugs.collect::<Vec<String>>()
    };
    let visitor = blog.visitor();
    assert_eq!(slugs(&visitor, "posts").await.len(), 2);
    assert_eq!(slugs(&visitor, "posts?category=birds").await, ["owls"]);
    assert_eq!(slugs(&visitor, "posts?tag=night&author=bo").await, ["bats"]);
    assert!(slugs(&visitor, "posts?category=none").await.is_empty());
    assert_eq!(slugs(&visitor, "pages").await, ["about"]);
    assert_eq!(slugs(&bo, "posts?status=scheduled").await, ["later"]);
    assert!(slugs(&ada, "posts?status=scheduled").await.is_empty(), "authors list their own");
    assert_eq!(slugs(&blog.administrator, "posts?status=all").await, ["later", "bats", "owls"]);
    let tags = visitor.get("/api/v1/tags").await.expect(200).value();
    assert_eq!(tags["items"][1]["post_count"], 2, "{tags}");
    visitor.get("/api/v1/tags/caves").await.expect(200).contains("\"name\":\"Caves\"");
    let category = visitor.get("/api/v1/categories/birds?include=post_count").await.expect(200).value();
    assert_eq!(category["post_count"], 1);
    // What is kept for visitors ends when the scheduled post appears.
    blog.advance(5 * 365 * 24 * 3600);
    assert_eq!(slugs(&visitor, "posts").await.first().map(String::as_str), Some("later"));
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_with_a_key_and_is_gone_is_not_there_again() {
    let blog = Blog::start().await;
    let careful = blog.administrator.with("idempotency-key", "0a4b5a5e-6f0e-4c36-9d3a-2f6a58b5a0b1");
    let input = json!({ "title": "Once", "status": "published" });
    careful.json("POST", "/api/v1/posts", &input).await.expect(201);
    blog.administrator.with("if-match", "*").send("DELETE", "/api/v1/posts/once").await.expect(204);
    assert_eq!(careful.json("POST", "/api/v1/posts", &input).await.expect(404).problem().0, "not-found");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_whose_cover_is_gone_can_be_changed() {
    let blog = Blog::start().await;
    let root = blog.administrator.with("if-match", "*");
    let image = root.body("POST", "/api/v1/media?name=owl.png", "image/png", crate::media::png(3, 3, 7)).await;
    let image = image.expect(201).value()["id"].as_str().unwrap().to_owned();
    let input = json!({ "title": "Owls", "cover": { "media": image, "alt": "An owl" } });
    root.json("POST", "/api/v1/posts", &input).await.expect(201);
    root.send("DELETE", &format!("/api/v1/media/{image}")).await.expect(204);
    let changed = root.json("PATCH", "/api/v1/posts/owls", &json!({ "title": "Owls at night" })).await.expect(200);
    assert_eq!((&changed.value()["title"], &changed.value()["cover"]), (&json!("Owls at night"), &Value::Null));
    // To name it is another thing.
    let named = json!({ "cover": { "media": image } });
    root.json("PATCH", "/api/v1/posts/owls", &named).await.expect(422);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_makes_a_request_happen_once() {
    let blog = Blog::start().await;
    let careful = blog.administrator.with("idempotency-key", "8e03978e-40d5-43dd-bc93-6894a57f9324");
    let input = json!({ "title": "Once", "status": "published" });
    let first = careful.json("POST", "/api/v1/posts", &input).await.expect(201);
    assert_eq!(first.header("idempotency-replayed"), None);
    let again = careful.json("POST", "/api/v1/posts", &input).await.expect(201);
    assert_eq!((again.header("idempotency-replayed"), again.location()), (Some("true"), first.location()));
    assert_eq!(again.value(), first.value());
    assert_eq!(
        careful.json("POST", "/api/v1/posts", &json!({ "title": "Other" })).await.expect(422).problem().0,
        "key-reused"
    );
    let refused = careful.json("POST", "/api/v1/me/tokens", &json!({ "name": "x", "scopes": ["*"] })).await.expect(422);
    assert_eq!(refused.problem().1, ["Idempotency-Key"]);
    let blog = blog.restart().await;
    let careful = blog.administrator.with("idempotency-key", "8e03978e-40d5-43dd-bc93-6894a57f9324");
    let again = careful.json("POST", "/api/v1/posts", &input).await.expect(201);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    blog.advance(25 * 3600);
    let later = careful.json("POST", "/api/v1/posts", &input).await.expect(201);
    assert_eq!(later.location(), "/api/v1/posts/once-2");
    assert_eq!(blog.visitor().get("/api/v1/posts").await.value()["items"].as_array().unwrap().len(), 2);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_images_and_people() {
    let blog = Blog::start().await;
    blog.administrator.write(post("Hello")).await;
    let rita = blog.reader("rita").await;
    let comments = api("posts/hello/comments");
    let first = rita.json("POST", &comments, &json!({ "source": "*Hi*" })).await.expect(201);
    let id = first.value()["id"].as_str().unwrap().to_owned();
    let reply =
        blog.administrator.json("POST", &comments, &json!({ "source": "Yes", "parent_id": id })).await.expect(201);
    assert_eq!(reply.value()["parent_id"], json!(id));
    let (_, fields) =
        rita.json("POST", &comments, &json!({ "source": "No", "parent_id": "999" })).await.expect(422).problem();
    assert_eq!(fields, ["parent_id"]);
    let one = format!("{comments}/{id}");
    rita.with("if-match", first.header("etag").unwrap())
        .json("PATCH", &one, &json!({ "source": "Hey" }))
        .await
        .expect(200);
    rita.with("if-match", first.header("etag").unwrap()).send("DELETE", &one).await.expect(412);
    blog.administrator.with("if-match", "*").json("PATCH", &one, &json!({ "source": "Mine" })).await.expect(403);
    blog.administrator.with("if-match", "*").send("DELETE", &one).await.expect(204);
    let left = blog.visitor().get(&comments).await.expect(200).value();
    assert_eq!((&left["items"][0]["deleted"], &left["items"][0]["author"]), (&json!(true), &Value::Null));
    assert_eq!(
        blog.administrator.get("/api/v1/comments").await.expect(200).value()["items"].as_array().unwrap().len(),
        1
    );
    blog.visitor().get("/api/v1/posts/hello?include=comment_count").await.expect(200).contains("\"comment_count\":1");

    let image = crate::media::png(12, 8, 3);
    let named = blog.administrator.with("content-disposition", "attachment; filename=\"Night owl.png\"");
    let raw = named.body("POST", "/api/v1/media", "image/png", image.clone()).await.expect(201);
    assert_eq!(raw.value()["name"], "night-owl.png");
    let form = blog.administrator.post_files("/api/v1/media", &[], &[("file", "other.png", &image)]).await.expect(201);
    assert_eq!(form.value()["id"], raw.value()["id"]);
    let two = [("file", "a.png", image.as_slice()), ("file", "b.png", image.as_slice())];
    assert_eq!(blog.administrator.post_files("/api/v1/media", &[], &two).await.expect(422).problem().1, ["file"]);
    let media = raw.value()["id"].as_str().unwrap().to_owned();
    let cover = json!({ "cover": { "media": media, "alt": "An owl" } });
    let cover = blog.administrator.with("if-match", "*").json("PATCH", "/api/v1/posts/hello", &cover).await.expect(200);
    assert_eq!(cover.value()["cover"]["alt"], "An owl");
    blog.visitor().get(cover.value()["cover"]["url"].as_str().unwrap()).await.expect(200);
    let path = api(&format!("media/{media}"));
    blog.administrator.with("if-match", "\"other\"").send("DELETE", &path).await.expect(412);
    blog.administrator.with("if-match", raw.header("etag").unwrap()).send("DELETE", &path).await.expect(204);
    blog.visitor().get(&path).await.expect(404);

    let change = json!({ "current_password": "wrong wrong", "new_password": "battery horse correct" });
    let nora = blog.reader("nora").await;
    let (_, fields) = nora.json("POST", "/api/v1/me/password", &change).await.expect(422).problem();
    assert_eq!(fields, ["current_password"]);

    let browser = blog.visitor();
    let sign_in = json!({ "username": "rita", "password": crate::harness::PASSWORD });
    browser.json("POST", "/api/v1/sessions", &sign_in).await.expect(201);
    assert_eq!(browser.get("/api/v1/me").await.expect(200).value()["username"], "rita");
    browser.with("if-match", "*").json("PATCH", "/api/v1/me", &json!({ "bio": "Owls." })).await.expect(200);
    browser.get("/account").await.expect(200).contains("Owls.");
    browser.send("DELETE", "/api/v1/sessions/current").await.expect(204);
    browser.get("/api/v1/me").await.expect(401);
    blog.administrator
        .with("if-match", "*")
        .json("PATCH", "/api/v1/users/rita", &json!({ "disabled": true }))
        .await
        .expect(200);
    browser.json("POST", "/api/v1/sessions", &sign_in).await.expect(422);
    let last = blog
        .administrator
        .with("if-match", "*")
        .json("PATCH", "/api/v1/users/root", &json!({ "role": "reader" }))
        .await;
    assert_eq!(last.expect(409).problem().0, "conflict");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_redirects_and_categories() {
    let blog = Blog::start().await;
    let admin = blog.administrator.with("if-match", "*");
    let stored = admin.get("/api/v1/settings").await.expect(200);
    let changed = json!({ "title": "Owls", "navigation": [{ "label": "Notes", "address": "/archive" }] });
    let careful = blog.administrator.with("if-match", stored.header("etag").unwrap());
    careful.json("PATCH", "/api/v1/settings", &changed).await.expect(200);
    careful.json("PATCH", "/api/v1/settings", &changed).await.expect(412);
    blog.visitor().get("/").await.expect(200).contains("Owls").contains("Notes");
    let bad = json!({ "time_zone": "Nowhere", "posts_per_page": 0, "logo": "none" });
    let (_, mut fields) = admin.json("PATCH", "/api/v1/settings", &bad).await.expect(422).problem();
    fields.sort();
    assert_eq!(fields, ["logo", "posts_per_page", "time_zone"]);
    admin.json("PUT", "/api/v1/settings", &json!({})).await.expect(422);

    admin.json("POST", "/api/v1/categories", &json!({ "name": "Birds" })).await.expect(201);
    admin.json("POST", "/api/v1/categories", &json!({ "name": "Owls" })).await.expect(201);
    admin.json("PATCH", "/api/v1/categories/birds", &json!({ "slug": "feathers" })).await.expect(200);
    assert_eq!(
        blog.visitor().get("/api/v1/categories/birds").await.expect(301).location(),
        "/api/v1/categories/feathers"
    );
    admin.json("POST", "/api/v1/categories/feathers/merge", &json!({ "into": "owls" })).await.expect(200);
    let redirects = admin.get("/api/v1/redirects").await.expect(200).value();
    assert_eq!(
        redirects["items"],
        json!([
            { "path": "/category/birds", "url": "/category/owls" },
            { "path": "/category/feathers", "url": "/category/owls" },
        ])
    );
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_for_editors() {
    let blog = Blog::start().await;
    let about = json!({ "title": "About", "source": "Us.", "status": "published" });
    blog.author("ada").await.json("POST", "/api/v1/pages", &about).await.expect(403);
    let editor = blog.editor("edda").await;
    let made = editor.json("POST", "/api/v1/pages", &about).await.expect(201);
    assert_eq!((made.location(), &made.value()["comments_open"]), ("/api/v1/pages/about", &json!(false)));
    let (_, fields) = editor.json("POST", "/api/v1/pages", &json!({ "title": "x", "slug": "admin" })).await.problem();
    assert_eq!(fields, ["slug"]);
    let listed = blog.visitor().get("/api/v1/pages?fields=slug").await.expect(200).value();
    assert_eq!(listed["items"], json!([{ "slug": "about" }]));
    blog.visitor().get("/about").await.expect(200).contains("Us.");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_forms_and_origins_are_told() {
    let blog = Blog::start_with(|config| config.cors_origins = vec!["https://app.example".into()]).await;
    blog.administrator.write(post("Hello")).await;
    let visitor = blog.visitor();
    let options = visitor.send("OPTIONS", "/api/v1/posts/hello").await.expect(204);
    assert_eq!(options.header("allow"), Some("GET, HEAD, PUT, PATCH, DELETE, OPTIONS"));
    assert_eq!(options.header("accept-patch"), Some("application/merge-patch+json, application/json"));
    let wrong = visitor.send("POST", "/api/v1/posts/hello").await.expect(405);
    assert_eq!((wrong.problem().0.as_str(), wrong.header("allow").is_some()), ("method-not-allowed", true));
    for _ in 0..2 {
        assert_eq!(
            visitor.with("accept", "text/html").get("/api/v1/posts/hello").await.expect(406).problem().0,
            "not-acceptable"
        );
        visitor.with("accept", "text/html, */*;q=0.1").get("/api/v1/posts/hello").await.expect(200);
    }
    visitor.get("/api/v1/nothing").await.expect(404).problem();

    let other = visitor.with("origin", "https://app.example");
    for _ in 0..2 {
        let told = other.get("/api/v1/posts/hello").await.expect(200);
        assert_eq!(told.header("access-control-allow-origin"), Some("https://app.example"));
        assert_eq!(told.header("access-control-allow-credentials"), None);
        let silent = visitor.with("origin", "https://evil.example").get("/api/v1/posts/hello").await.expect(200);
        assert_eq!(silent.header("access-control-allow-origin"), None);
    }
    let preflight = other.with("access-control-request-method", "PATCH").send("OPTIONS", "/api/v1/posts/hello").await;
    assert!(preflight.expect(204).header("access-control-allow-methods").unwrap().contains("PATCH"));
    assert_eq!(other.get("/").await.header("access-control-allow-origin"), None, "pages stay closed");
    // A cookie is no way in from there.
    let stolen = blog.administrator.with("origin", "https://app.example").with("sec-fetch-site", "cross-site");
    stolen.json("POST", "/api/v1/posts", &json!({ "title": "x" })).await.expect(403);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_has_so_many_requests_a_minute() {
    let blog = Blog::start_with(|config: &mut Config| config.api_quota = 3).await;
    let visitor = blog.visitor();
    for left in ["2", "1", "0"] {
        let answer = visitor.get("/api/v1/posts").await.expect(200);
        assert_eq!(answer.header("ratelimit-policy"), Some("\"api\";q=3;w=60"));
        assert_eq!(answer.header("ratelimit"), Some(format!("\"api\";r={left};t=60").as_str()));
    }
    let over = visitor.get("/api/v1/posts").await.expect(429);
    assert_eq!((over.problem().0.as_str(), over.header("retry-after")), ("rate-limited", Some("60")));
    blog.administrator.get("/api/v1/posts").await.expect(200);
    visitor.get("/").await.expect(200);
    blog.advance(60);
    visitor.get("/api/v1/posts").await.expect(200);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_count_for_their_owner_and_wrong_ones_for_their_address() {
    let blog = Blog::start_with(|config: &mut Config| config.api_quota = 3).await;
    let mut clients = Vec::new();
    for name in ["one", "two"] {
        let token = json!({ "name": name, "scopes": ["posts:read"] });
        let token = blog.administrator.json("POST", "/api/v1/me/tokens", &token).await.expect(201).value();
        let secret = format!("Bearer {}", token["secret"].as_str().unwrap());
        clients.push(blog.visitor().with("authorization", &secret));
    }
    clients[0].get("/api/v1/posts").await.expect(200);
    clients[1].get("/api/v1/posts").await.expect(429);
    blog.administrator.get("/api/v1/posts").await.expect(429);
    let wrong = blog.visitor().with("authorization", "Bearer pamphlet_wrong");
    for _ in 0..3 {
        wrong.get("/api/v1/posts").await.expect(401);
    }
    wrong.get("/api/v1/posts").await.expect(429);
    blog.visitor().get("/api/v1/posts").await.expect(429);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_stands_for_an_image_however_its_form_is_framed() {
    let blog = Blog::start().await;
    let image = crate::media::png(10, 10, 0);
    let form = |boundary: &str, name: &str| {
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: image/png\r\n\r\n"
        );
        let body = [head.as_bytes(), &image, format!("\r\n--{boundary}--\r\n").as_bytes()].concat();
        (format!("multipart/form-data; boundary={boundary}"), body)
    };
    let careful = blog.administrator.with("idempotency-key", "an image");
    let (media_type, body) = form("first", "owl.png");
    let first = careful.body("POST", "/api/v1/media", &media_type, body).await.expect(201);
    let (media_type, body) = form("second", "owl.png");
    let again = careful.body("POST", "/api/v1/media", &media_type, body).await.expect(201);
    assert_eq!((again.header("idempotency-replayed"), again.location()), (Some("true"), first.location()));
    let (media_type, body) = form("second", "crow.png");
    let other = careful.body("POST", "/api/v1/media", &media_type, body).await.expect(422);
    assert_eq!(other.problem().0, "key-reused");
    let raw = blog.administrator.with("idempotency-key", "a raw image");
    raw.body("POST", "/api/v1/media?name=owl.png", "image/png", image.clone()).await.expect(201);
    let other = raw.body("POST", "/api/v1/media?name=crow.png", "image/png", image.clone()).await.expect(422);
    assert_eq!(other.problem().0, "key-reused");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_shows_every_operation_with_a_command_to_try_it() {
    let blog = Blog::start().await;
    let page = blog.visitor().get("/api/docs").await.expect(200).lacks("<script");
    let document = blog.visitor().get("/api/v1/openapi.json").await.expect(200);
    let document: serde_json::Value = serde_json::from_str(&document.text).unwrap();
    let mut told = 0;
    for operation in document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values())
    {
        let id = operation["operationId"].as_str().unwrap();
        assert!(page.text.contains(&format!("<div id=\"{id}\">")), "{id} is missing");
        told += 1;
    }
    assert!(told > 40 && page.count("curl") > told, "{told} operations");
    let mut anchors = page.attributes("id");
    anchors.sort();
    assert!(anchors.windows(2).all(|pair| pair[0] != pair[1]), "an anchor stands twice: {anchors:?}");
    for word in ["not-found", "scope-missing", "precondition-required", "internal"] {
        assert!(page.text.contains(&format!("<code>{word}</code>")), "{word} is missing");
    }
    blog.stop().await;
}
