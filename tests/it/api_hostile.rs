//! Bad input to the REST API: a problem that says what is wrong, never a 5xx, never half a write.

use crate::client::Client;
use crate::harness::{Blog, post};
use serde_json::{Value, json};
use std::sync::Arc;

/// All that could have been written.
async fn state(client: &Client) -> Vec<Value> {
    let mut state = Vec::new();
    for list in [
        "posts?status=all&limit=100",
        "pages?status=all",
        "categories",
        "tags",
        "users",
        "media",
        "settings",
        "comments",
    ] {
        state.push(client.get(&format!("/api/v1/{list}")).await.expect(200).value());
    }
    state
}

async fn start() -> Blog {
    let blog = Blog::start_with(|config| config.api_quota = 0).await;
    let hello = blog.administrator.write(post("Hello").with("tags", "rust")).await;
    blog.administrator.comment(&hello, "A comment").await;
    blog.category("Notes").await;
    blog
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_make_no_sense_change_nothing() {
    let blog = start().await;
    let admin = blog.administrator.with("if-match", "*");
    let before = state(&admin).await;
    let deep = format!("{{\"title\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let huge = format!("{{\"title\":\"x\",\"excerpt\":\"{}\"}}", "x".repeat(5_000));
    let bodies: Vec<(&str, Vec<u8>, u16)> = vec![
        ("wrong type", br#"{"title":{"a":1}}"#.to_vec(), 422),
        ("wrong type in a list", br#"{"title":"x","tags":["a",7]}"#.to_vec(), 422),
        ("unknown member", br#"{"title":"x","titel":"y"}"#.to_vec(), 422),
        ("key twice", br#"{"title":"x","title":"y"}"#.to_vec(), 422),
        ("huge number", br#"{"title":1e400}"#.to_vec(), 400),
        ("long number", format!("{{\"title\":{}}}", "9".repeat(5_000)).into_bytes(), 400),
        ("not UTF-8", b"{\"title\":\"\xc3\x28\"}".to_vec(), 400),
        ("half a surrogate", br#"{"title":"\ud800"}"#.to_vec(), 400),
        ("control character", br#"{"title":"a\u0000b"}"#.to_vec(), 422),
        ("endless depth", deep.into_bytes(), 400),
        ("too long", huge.into_bytes(), 422),
        ("not an object", b"[]".to_vec(), 422),
        ("an array for an object", br#"["Owls"]"#.to_vec(), 422),
        ("an array for an object in it", br#"{"title":"x","cover":["none","Owls"]}"#.to_vec(), 422),
        ("too many values", format!("{{\"title\":[{}0]}}", "[0],".repeat(60_000)).into_bytes(), 400),
        ("null", b"null".to_vec(), 422),
        ("nothing", Vec::new(), 400),
        ("cut off", br#"{"title":"x"#.to_vec(), 400),
        ("more than one", br#"{"title":"x"}{"title":"y"}"#.to_vec(), 400),
        ("no such category", br#"{"title":"x","category":"none","cover":{"media":"none"},"slug":"A B"}"#.to_vec(), 422),
    ];
    for (what, body, status) in &bodies {
        for (method, path) in
            [("POST", "/api/v1/posts"), ("PUT", "/api/v1/posts/hello"), ("PATCH", "/api/v1/posts/hello")]
        {
            let answer = admin.body(method, path, "application/json", body.clone()).await;
            assert_eq!(answer.status, *status, "{what} by {method}: {}", answer.text);
            answer.problem();
        }
    }
    assert_eq!(state(&admin).await, before);
    let grace = blog.member("grace", "reader").await;
    let members = state(&admin).await;
    for (method, path, body) in [
        ("PATCH", "me", br#"["Eve",null,""]"#.as_slice()),
        ("PUT", "me", br#"["Eve",null,""]"#),
        ("PATCH", "users/grace", br#"["administrator",false]"#),
        ("PATCH", "users/grace", b"null"),
        ("POST", "users", br#"["eve",null,"correct horse","administrator"]"#),
        ("PATCH", "settings", br#"["Mine","",null,"UTC",10,true,[],"en"]"#),
        ("PUT", "settings", br#"["Mine","",null,"UTC",10,true,[],"en"]"#),
        ("PATCH", "settings", br#"{"navigation":[["Home","/"]]}"#),
        ("PATCH", "categories/notes", br#"["Mine",null,""]"#),
        ("POST", "posts/hello/comments", br#"["Mine",null]"#),
        ("POST", "batch", br#"[["POST","/posts",null,{"title":"x"}]]"#),
    ] {
        let path = format!("/api/v1/{path}");
        let answer = admin.body(method, &path, "application/json", body.to_vec()).await;
        assert_eq!(answer.status, 422, "{method} {path}: {}", answer.text);
        assert_eq!(answer.problem().0, "invalid");
    }
    assert_eq!(state(&admin).await, members);
    drop(grace);
    let told = admin.body("POST", "/api/v1/posts", "application/json", bodies.last().unwrap().1.clone()).await;
    let (word, mut fields) = told.problem();
    fields.sort();
    assert_eq!((word.as_str(), fields), ("invalid", vec!["category".into(), "cover.media".into(), "slug".into()]));
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_that_make_no_sense_are_refused_by_name() {
    let blog = start().await;
    let admin = &blog.administrator;
    let foreign = admin.get("/api/v1/users?limit=1").await.value();
    assert_eq!(foreign["next"], Value::Null);
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=99999999999999999999999", "limit"),
        ("limit=%2B5", "limit"),
        ("limit=", "limit"),
        ("limit=1&limit=2", "limit"),
        ("after=users.1", "after"),
        ("after=made.1", "after"),
        ("after=posts.1", "after"),
        ("after=posts.x.y", "after"),
        ("after=%00", "after"),
        ("status=gone", "status"),
        ("fields=title,wings", "fields"),
        ("fields=", "fields"),
        ("include=wings", "include"),
        ("wings=2", "wings"),
        ("utm_source=x", "utm_source"),
    ] {
        let answer = blog.visitor().get(&format!("/api/v1/posts?{query}")).await.expect(422);
        assert_eq!(answer.problem(), ("invalid".into(), vec![field.into()]), "{query}");
    }
    blog.visitor().get("/api/v1/posts?tag=%FF").await.expect(400);
    for list in ["pages", "comments", "media", "users", "redirects", "posts/hello/comments"] {
        let answer = admin.get(&format!("/api/v1/{list}?after=posts.1.1")).await.expect(422);
        assert_eq!(answer.problem(), ("invalid".into(), vec!["after".into()]), "{list}");
        admin.get(&format!("/api/v1/{list}?limit=1")).await.expect(200);
    }
    for path in ["posts/%FF", "posts/a%2Fb", "posts/..%2F..", "media/xyz", "posts/hello/comments/-1", "tags/none"] {
        admin.get(&format!("/api/v1/{path}")).await.expect(404);
    }
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_item_undoes_the_batch_and_is_named() {
    let blog = start().await;
    let admin = &blog.administrator;
    let before = state(admin).await;
    let good = |n: usize| json!({ "method": "POST", "path": "/posts", "body": { "title": format!("Post {n}") } });
    let bad = [
        (json!({ "method": "POST", "path": "/posts", "body": { "title": "" } }), 422),
        (json!({ "method": "POST", "path": "/posts", "body": { "wings": 2 } }), 422),
        (json!({ "method": "POST", "path": "/posts", "body": { "title": "x", "slug": "hello" } }), 422),
        (json!({ "method": "DELETE", "path": "/posts/none", "if_match": "*" }), 404),
        (json!({ "method": "DELETE", "path": "/posts/hello" }), 422),
        (json!({ "method": "DELETE", "path": "/posts/hello", "if_match": "\"stale\"" }), 412),
        (json!({ "method": "PATCH", "path": "/settings", "if_match": "*", "body": {} }), 404),
        (json!({ "method": "POST", "path": "/categories", "body": { "name": "Notes" } }), 422),
        (json!({ "method": "POST", "path": "/posts?x=1", "body": {} }), 422),
    ];
    for (item, status) in bad {
        let answer = admin.json("POST", "/api/v1/batch", &json!([good(1), good(2), item, good(3)])).await;
        assert_eq!((answer.status, &answer.value()["item"]), (status, &json!(2)), "{item}: {}", answer.text);
        answer.problem();
    }
    let unreadable = json!([good(1), { "method": "BREW", "path": "/posts" }, { "path": 7 }]);
    let (word, fields) = admin.json("POST", "/api/v1/batch", &unreadable).await.expect(422).problem();
    assert_eq!(word, "invalid");
    assert!(fields.iter().any(|field| field.starts_with("[1]")), "{fields:?}");
    let many: Vec<Value> = (0..101).map(good).collect();
    admin.json("POST", "/api/v1/batch", &json!(many)).await.expect(422);
    admin.json("POST", "/api/v1/batch", &json!([])).await.expect(422);
    assert_eq!(state(admin).await, before);

    blog.category("Essays").await;
    blog.category("Ideas").await;
    let key = admin.with("idempotency-key", "all of it");
    let batch = json!([
        good(1),
        { "method": "PATCH", "path": "/posts/hello", "if_match": "*", "body": { "title": "Hello again" } },
        { "method": "POST", "path": "/posts/hello/comments", "body": { "source": "Well done" } },
        { "method": "DELETE", "path": "/categories/notes", "if_match": "*" },
        { "method": "POST", "path": "/categories/essays/merge", "body": { "into": "ideas" } },
    ]);
    let done = key.json("POST", "/api/v1/batch", &batch).await.expect(200).value();
    let statuses: Vec<u64> =
        done["results"].as_array().unwrap().iter().map(|one| one["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [201, 200, 201, 204, 200]);
    assert_eq!(done["results"][0]["location"], "/api/v1/posts/post-1");
    let after = state(admin).await;
    let again = key.json("POST", "/api/v1/batch", &batch).await.expect(200);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.value(), done);
    assert_eq!(state(admin).await, after);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_that_lie_are_no_images() {
    let blog = start().await;
    let admin = &blog.administrator;
    let before = state(admin).await;
    let cookie = format!("session={}", admin.session().unwrap());
    let png = crate::media::png(8, 8, 1);
    let head = |length: usize, media_type: &str| {
        format!(
            "POST /api/v1/media HTTP/1.1\r\nHost: {}\r\nCookie: {cookie}\r\nSec-Fetch-Site: same-origin\r\nConnection: close\r\n\
             Content-Type: {media_type}\r\nContent-Length: {length}\r\n\r\n",
            blog.address
        )
    };
    // Says more than the limit: refused before it is read. Says less than it sends: the rest is not its body.
    let answer = blog.raw(head(50_000_000, "image/png")).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    let mut short = head(png.len() / 2, "image/png").into_bytes();
    short.extend_from_slice(&png);
    let answer = blog.raw(short).await;
    assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    for (media_type, body, status) in [
        ("image/png", b"GIF89a".to_vec(), 422),
        ("image/png", Vec::new(), 422),
        ("image/svg+xml", b"<svg".to_vec(), 422),
        ("application/octet-stream", png.clone(), 415),
        ("multipart/form-data", png.clone(), 400),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n".to_vec(), 400),
    ] {
        let answer = admin.body("POST", "/api/v1/media", media_type, body).await;
        assert_eq!(answer.status, status, "{media_type}: {}", answer.text);
        answer.problem();
    }
    admin.post_files("/api/v1/media", &[], &[("picture", "a.png", &png)]).await.expect(422);
    assert_eq!(state(admin).await, before);
    blog.stop().await;
}

#[tokio::test]
async fn wrong_types_and_broken_rules_are_told_at_once() {
    let blog = start().await;
    let admin = &blog.administrator;
    admin.json("POST", "/api/v1/posts", &json!({ "title": "Owls", "status": "published" })).await.expect(201);
    let before = state(admin).await;
    let person = json!({ "username": "zoe", "password": "short", "role": "editor", "email": "x", "foo": 1 });
    let cases = [
        ("POST", "users", person, vec!["email", "foo", "password"]),
        ("POST", "posts", json!({ "title": "", "bogus": 1 }), vec!["bogus", "title"]),
        ("POST", "posts", json!({ "title": 7, "slug": "No Slug", "bogus": 1 }), vec!["bogus", "slug", "title"]),
        ("PATCH", "posts/owls", json!({ "title": "", "tags": "x" }), vec!["tags", "title"]),
        ("PATCH", "settings", json!({ "title": "", "time_zone": "Mars/X", "b": 1 }), vec!["b", "time_zone", "title"]),
        ("POST", "posts/owls/comments", json!({ "source": "", "parent_id": 7 }), vec!["parent_id", "source"]),
        ("POST", "categories", json!({ "name": "", "bogus": 1 }), vec!["bogus", "name"]),
    ];
    for (method, path, body, expected) in cases {
        let address = format!("/api/v1/{path}");
        let told = admin.clone().with("if-match", "*").json(method, &address, &body).await.expect(422);
        let (word, mut fields) = told.problem();
        fields.sort();
        assert_eq!((word.as_str(), fields), ("invalid", expected.iter().map(ToString::to_string).collect()), "{path}");
    }
    assert_eq!(state(admin).await, before);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_the_address_is_refused_and_what_is_no_token_is_nobody() {
    let blog = start().await;
    let made = json!({ "name": "Script", "scopes": ["*"] });
    let made = blog.administrator.json("POST", "/api/v1/me/tokens", &made).await.expect(201).value();
    let secret = made["secret"].as_str().unwrap();
    for query in
        [format!("posts?token={secret}"), format!("me?access_token={secret}&fields=id"), format!("me?{secret}")]
    {
        let address = format!("/api/v1/{query}");
        assert_eq!(blog.visitor().get(&address).await.expect(400).problem().0, "token-in-address");
    }
    for value in ["Bearer", "Bearer x", "Basic YTpi", "bearer pamphlet_0", &format!("Token {secret}")] {
        let answer = blog.visitor().with("authorization", value).get("/api/v1/posts").await.expect(401);
        assert_eq!(answer.problem().0, "bad-token", "{value}");
        assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer"), "{value}");
    }
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_change_one_thing_one_does() {
    let blog = start().await;
    let read = blog.administrator.get("/api/v1/posts/hello").await.expect(200);
    let writer = Arc::new(blog.administrator.with("if-match", read.header("etag").unwrap()));
    let mut crowd = Vec::new();
    for number in 0..16 {
        let writer = Arc::clone(&writer);
        crowd.push(tokio::spawn(async move {
            let body = json!({ "title": format!("Title {number}") });
            writer.json("PATCH", "/api/v1/posts/hello", &body).await.expect_one_of(&[200, 412]).status
        }));
    }
    let mut done = 0;
    for one in crowd {
        done += usize::from(one.await.unwrap() == 200);
    }
    assert_eq!(done, 1);
    blog.stop().await;
}
