//! What the members of resources say, to whom, and that it can be written back.

use crate::client::Client;
use crate::graphql;
use crate::harness::{Blog, post};
use serde_json::{Value, json};

/// `status` was written and `state` read, of which `scheduled` could not be written.
#[tokio::test(flavor = "multi_thread")]
async fn the_status_that_is_read_can_be_written() {
    let blog = Blog::start().await;
    let ada = blog.author("ada").await;
    let write = |more: Value| {
        let mut input = json!({ "title": "Owls" });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let (ahead, past) = ("2030-01-01T12:00:00Z", "2020-01-01T12:00:00Z");
    for (more, status) in [
        (json!({}), "draft"),
        (json!({ "status": "published" }), "published"),
        (json!({ "status": "scheduled", "published_at": ahead }), "scheduled"),
        (json!({ "status": "published", "published_at": ahead }), "scheduled"),
    ] {
        let made = ada.json("POST", "/api/v1/posts", &write(more)).await.expect(201);
        let post = made.value();
        assert_eq!(post["status"], status);
        let same = json!({ "status": post["status"], "published_at": post["published_at"] });
        let careful = ada.with("if-match", made.header("etag").unwrap());
        let again = careful.json("PATCH", made.location(), &same).await.expect(200).value();
        assert_eq!((&again["status"], &again["published_at"]), (&post["status"], &post["published_at"]));
        // A change of something else changes no status.
        let sure = ada.with("if-match", "*");
        let other = sure.json("PATCH", made.location(), &json!({ "title": "Bats" })).await.expect(200).value();
        assert_eq!(other["status"], status);
        // Who says that it is published and names no time does not want it to wait.
        let out = sure.json("PATCH", made.location(), &json!({ "status": "published" })).await.expect(200).value();
        assert_eq!(out["status"], "published");
    }
    for more in [json!({ "status": "scheduled" }), json!({ "status": "scheduled", "published_at": past })] {
        let refused = ada.json("POST", "/api/v1/posts", &write(more)).await.expect(422);
        assert_eq!(refused.problem(), ("invalid".into(), vec!["published_at".into()]));
    }
    let input = json!({ "status": "scheduled", "category": "nowhere", "title": 7 });
    let refused = ada.json("POST", "/api/v1/posts", &input).await.expect(422);
    assert_eq!(refused.problem().1, ["title", "published_at", "category"]);
    blog.stop().await;
}

/// The Markdown of a comment could not be read through REST, so that no program could edit one.
#[tokio::test(flavor = "multi_thread")]
async fn the_markdown_of_a_comment_is_for_its_author_and_those_who_moderate() {
    let blog = Blog::start().await;
    blog.administrator.write(post("Hello")).await;
    let (rita, edda, eve) = (blog.reader("rita").await, blog.editor("edda").await, blog.reader("eve").await);
    let all = "/api/v1/posts/hello/comments";
    let made = rita.json("POST", all, &json!({ "source": "*Hi*" })).await.expect(201);
    eve.json("POST", all, &json!({ "source": "**Yes**" })).await.expect(201);
    let one = made.location();
    let program = async |who: &Client, scope: &str| {
        let made = json!({ "name": "Script", "scopes": [scope] });
        let made = who.json("POST", "/api/v1/me/tokens", &made).await.expect(201).value();
        blog.visitor().with("authorization", &format!("Bearer {}", made["secret"].as_str().unwrap()))
    };
    let (writing, other) = (program(&rita, "comments:write").await, program(&rita, "posts:read").await);
    let asked = "{ post(slug: \"hello\") { comments { nodes { source } } } }";
    for (who, sources) in [
        (&rita, json!(["*Hi*", null])),
        (&writing, json!(["*Hi*", null])),
        (&eve, json!([null, "**Yes**"])),
        (&edda, json!(["*Hi*", "**Yes**"])),
        (&program(&edda, "comments:read").await, json!(["*Hi*", "**Yes**"])),
        (&program(&edda, "comments:write").await, json!([null, null])),
    ] {
        let list = who.get(&format!("{all}?include=source&fields=source")).await.expect(200).value();
        assert_eq!(list["items"], json!([{ "source": sources[0] }, { "source": sources[1] }]));
        let single = who.get(&format!("{one}?include=source")).await.expect(200).value();
        assert_eq!(single["source"], sources[0]);
        let nodes = graphql::data(graphql::ask(who, asked).await)["post"]["comments"]["nodes"].clone();
        assert_eq!(nodes, list["items"]);
    }
    let list = edda.get("/api/v1/comments?include=source").await.expect(200).value();
    assert_eq!((&list["items"][0]["source"], &list["items"][1]["source"]), (&json!("**Yes**"), &json!("*Hi*")));
    // Whoever cannot see any is told why.
    assert_eq!(blog.visitor().get(&format!("{one}?include=source")).await.expect(401).problem().0, "unauthenticated");
    assert_eq!(other.get(&format!("{all}?fields=source")).await.expect(403).problem().0, "scope-missing");
    // What is read without it stays what `If-Match` names, and has no such member.
    let read = writing.get(one).await.expect(200).lacks("\"source\"");
    let careful = writing.with("if-match", read.header("etag").unwrap());
    careful.json("PATCH", one, &json!({ "source": "*Hi* there" })).await.expect(200);
    // What is deleted has no text for anybody.
    eve.json("POST", all, &json!({ "source": "No", "parent_id": made.value()["id"] })).await.expect(201);
    rita.with("if-match", "*").send("DELETE", one).await.expect(204);
    assert_eq!(edda.get(&format!("{one}?include=source")).await.expect(200).value()["source"], Value::Null);
    blog.stop().await;
}
