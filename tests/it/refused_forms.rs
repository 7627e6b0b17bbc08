//! A form that is refused, for whatever reason, comes back with what was typed into it.

use crate::harness::{Blog, PASSWORD, post};

/// Every form with a text, with the field that holds it. `{post}`, `{comment}` and `{category}` stand for numbers.
const FORMS: [(&str, &str); 10] = [
    ("/posts/hello/comments", "body"),
    ("/posts/hello/comments/{comment}/edit", "body"),
    ("/admin/posts/new", "source"),
    ("/admin/posts/{post}", "source"),
    ("/admin/settings", "navigation"),
    ("/admin/categories", "description"),
    ("/admin/categories/{category}", "description"),
    ("/admin/explorer", "query"),
    ("/account", "bio"),
    ("/account/tokens", "name"),
];

const TEXT: &str = "My <long> thoughts";
const SHOWN: &str = "My &lt;long&gt; thoughts";

#[tokio::test(flavor = "multi_thread")]
async fn after_a_session_ended_every_form_keeps_its_texts() {
    let blog = Blog::start().await;
    let category = blog.category("Birds").await;
    let hello = blog.administrator.write(post("Hello")).await;
    let comment = blog.administrator.comment(&hello, "A comment").await;
    let visitor = blog.visitor();
    for (path, field) in FORMS {
        let path = path.replace("{post}", &hello.id).replace("{comment}", &comment).replace("{category}", &category);
        let fields = [(field, TEXT), ("version", "1"), ("title", "Kept too")];
        let page = visitor.post_form(&path, &fields).await.expect(401).contains(SHOWN);
        let page = page.contains(&format!("action=\"{path}\"")).contains("og in").contains("/login");
        // The form of a comment has one text.
        if !path.starts_with("/posts/") {
            page.contains("Kept too");
        }
        // From another site nothing is done, and nothing is lost either.
        let elsewhere = blog.administrator.with("sec-fetch-site", "cross-site").post_form(&path, &fields).await;
        elsewhere.expect(403).contains(SHOWN).lacks(&format!("action=\"{path}\"")).lacks("Send again");
    }
    // What has no text leads to the login.
    visitor.post_form("/account/sessions", &[("session", "all")]).await.expect(303).leads_to("/login");
    // Signed in again, the same form is taken.
    let fields = [("body", TEXT)];
    visitor.post_form("/posts/hello/comments", &fields).await.expect(401);
    visitor.post_form("/login", &[("username", "root"), ("password", PASSWORD)]).await.expect(303);
    visitor.post_form("/posts/hello/comments", &fields).await.expect(303);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_not_allowed_any_more_keeps_its_texts() {
    let blog = Blog::start().await;
    let eve = blog.editor("eve").await;
    let id = blog.user_id("eve").await;
    blog.administrator.post_form(&format!("/admin/users/{id}"), &[("role", "reader")]).await.expect(303);
    for (path, field) in
        [("/admin/categories", "description"), ("/admin/settings", "tagline"), ("/admin/explorer", "query")]
    {
        eve.post_form(path, &[("name", "Kept too"), (field, TEXT)])
            .await
            .expect(403)
            .contains(SHOWN)
            .contains("Kept too");
    }
    eve.post_form("/admin/posts/new", &[("title", "Kept too"), ("source", TEXT)]).await.expect(403).contains(SHOWN);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_comes_too_often_keeps_its_texts_but_no_password() {
    let blog = Blog::start().await;
    let visitor = blog.visitor();
    let fields = [("username", "somebody"), ("password", "guessed words"), ("next", "/archive")];
    let refused = loop {
        let answer = visitor.post_form("/login", &fields).await;
        if answer.status != 422 {
            break answer;
        }
    };
    let refused = refused.expect(429).contains("value=\"somebody\"").contains("type=\"password\"").lacks("guessed");
    assert!(refused.header("retry-after").is_some());
    assert_eq!(refused.input("next"), "/archive");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_that_is_far_too_long_comes_back() {
    let blog = Blog::start().await;
    let hello = blog.administrator.write(post("Hello")).await;
    let long = format!("The beginning {}", "long ".repeat(80_000));
    let fields = [("body", long.as_str())];
    blog.administrator
        .post_form(&format!("{}/comments", hello.path), &fields)
        .await
        .expect(422)
        .contains("The beginning");
    blog.stop().await;
}
