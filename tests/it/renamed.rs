//! What hangs on the earlier address of a post or a category is found there.

use crate::client::Client;
use crate::graphql::{ask, data};
use crate::harness::{Blog, Written, post};
use serde_json::json;

/// A post with a comment by Ada, renamed from `early` to `late`; tells the post and the comment.
async fn renamed(blog: &Blog, ada: &Client) -> (Written, String) {
    let early = blog.administrator.write(post("Early")).await;
    let comment = ada.comment(&early, "Written before").await;
    blog.administrator.edit(&early, &[("slug", "late")], "save").await.expect(303);
    (early, comment)
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_streams_of_a_renamed_post_lead_to_its_address() {
    let blog = Blog::start().await;
    let ada = blog.reader("ada").await;
    let (_, id) = renamed(&blog, &ada).await;
    for (old, new) in [
        ("/posts/early?comments=1", "/posts/late?comments=1".to_owned()),
        (&format!("/posts/early/comments/{id}"), format!("/posts/late/comments/{id}")),
        (&format!("/posts/early/comments/{id}/edit"), format!("/posts/late/comments/{id}/edit")),
        (&format!("/posts/early/comments/{id}/delete"), format!("/posts/late/comments/{id}/delete")),
        (&format!("/posts/early/comments/{id}/reply"), format!("/posts/late/comments/{id}/reply")),
        ("/posts/early/events", "/posts/late/events".to_owned()),
        ("/api/v1/posts/early?fields=title", "/api/v1/posts/late?fields=title".to_owned()),
        ("/api/v1/posts/early/comments?limit=5", "/api/v1/posts/late/comments?limit=5".to_owned()),
        (&format!("/api/v1/posts/early/comments/{id}"), format!("/api/v1/posts/late/comments/{id}")),
    ] {
        ada.get(old).await.expect(301).leads_to(&new);
    }
    // What is hidden now does not tell its new address.
    let late = blog.administrator.written("1").await;
    blog.administrator.edit(&late, &[], "unpublish").await.expect(303);
    for old in ["/posts/early", "/posts/early/events", "/api/v1/posts/early", "/api/v1/posts/early/comments"] {
        ada.get(old).await.expect(404).lacks("late");
    }
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_of_pages_opened_before_a_rename_are_taken() {
    let blog = Blog::start().await;
    let ada = blog.reader("ada").await;
    let (early, id) = renamed(&blog, &ada).await;
    let answer = ada.post_form("/posts/early/comments", &[("body", "Written in the meantime")]).await.expect(303);
    assert!(answer.location().starts_with("/posts/late#comment-"), "{}", answer.location());
    ada.reply(&early, &id, "A reply").await;
    // A form that is refused comes back with its text.
    ada.post_form("/posts/early/comments", &[("body", "bell \u{7}")]).await.expect(422).contains("bell");
    let edit = format!("/posts/early/comments/{id}/edit");
    ada.post_form(&edit, &[("body", "Changed")]).await.expect(303).leads_to(&format!("/posts/late#comment-{id}"));
    let page = blog.visitor().get("/posts/late").await.expect(200);
    page.contains("<p>Changed</p>").contains("Written in the meantime").contains("A reply").contains("Comments (3)");
    ada.post_form(&format!("/posts/early/comments/{id}/delete"), &[])
        .await
        .expect(303)
        .leads_to("/posts/late#comments");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_write_at_the_earlier_address() {
    let blog = Blog::start().await;
    let ada = blog.reader("ada").await;
    let (_, id) = renamed(&blog, &ada).await;
    let made = ada.json("POST", "/api/v1/posts/early/comments", &json!({ "source": "By a program" })).await.expect(201);
    assert!(made.location().starts_with("/api/v1/posts/late/comments/"));
    let any = ada.with("if-match", "*");
    let one = format!("/api/v1/posts/early/comments/{id}");
    any.json("PATCH", &one, &json!({ "source": "Changed" })).await.expect(200);
    any.send("DELETE", &one).await.expect(204);
    let any = blog.administrator.with("if-match", "*");
    let patched = any.json("PATCH", "/api/v1/posts/early", &json!({ "title": "Later" })).await.expect(200).value();
    assert_eq!((&patched["slug"], &patched["title"]), (&json!("late"), &json!("Later")));
    let batch = json!([{ "method": "PATCH", "path": "/posts/early", "if_match": "*", "body": { "title": "Latest" } }]);
    blog.administrator.json("POST", "/api/v1/batch", &batch).await.expect(200);
    let query = r#"mutation { createComment(post: "early", input: { source: "By GraphQL" }) { comment { html } } }"#;
    assert_eq!(data(ask(&ada, query).await)["createComment"]["comment"]["html"], "<p>By GraphQL</p>\n");
    let seen = data(ask(&ada, r#"{ post(slug: "early") { slug title commentCount } }"#).await);
    assert_eq!(seen["post"], json!({ "slug": "late", "title": "Latest", "commentCount": 2 }));
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_category_is_found_by_its_earlier_address() {
    let blog = Blog::start().await;
    let id = blog.category("Birds").await;
    blog.administrator.write(post("Owls").with("category", &id)).await;
    let renamed = [("name", "Feathers"), ("slug", "feathers"), ("description", "")];
    blog.administrator.post_form(&format!("/admin/categories/{id}"), &renamed).await.expect(303);
    let visitor = blog.visitor();
    visitor.get("/category/birds?page=1").await.expect(301).leads_to("/category/feathers?page=1");
    visitor.get("/api/v1/categories/birds").await.expect(301).leads_to("/api/v1/categories/feathers");
    visitor.get("/api/v1/posts?category=birds").await.expect(200).contains("owls");
    let seen = data(
        ask(&visitor, r#"{ category(slug: "birds") { slug } posts(category: "birds") { nodes { slug } } }"#).await,
    );
    assert_eq!(seen, json!({ "category": { "slug": "feathers" }, "posts": { "nodes": [{ "slug": "owls" }] } }));
    let made = json!({ "title": "Hawks", "category": "birds" });
    let made = blog.administrator.json("POST", "/api/v1/posts", &made).await.expect(201).value();
    assert_eq!(made["category"]["slug"], "feathers");
    // It may be another category by now, so a change is not done but sent on.
    let patch = blog.administrator.with("if-match", "*").json("PATCH", "/api/v1/categories/birds", &json!({})).await;
    patch.expect(308).leads_to("/api/v1/categories/feathers");
    blog.stop().await;
}
