//! Accounts: their names, who may have one, what each may do.

use crate::auth::{is_signed_in, log_in};
use crate::harness::{Blog, PASSWORD, post};

#[tokio::test(flavor = "multi_thread")]
async fn names_that_mislead_are_refused() {
    let blog = Blog::start().await;
    blog.reader("paypal").await;
    let bad = [
        "admin",
        "Administrator",
        "root",
        "moderator",
        "раураl",
        "pay.pal",
        "paypa1",
        "PayPal",
        "ada\u{202e}nimda",
        "ad\u{200b}a",
        "ada lovelace",
        "../etc",
        "-ada",
        "a",
        "",
        "mikеl",
        "<script>",
        "ada\u{0}",
    ];
    for name in bad {
        let fields = [("username", name), ("password", PASSWORD)];
        let answer = blog.visitor().post_form("/signup", &fields).await;
        assert_eq!(answer.status, 422, "{name:?} was taken");
        answer.contains("error-username").lacks("<script>");
    }
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_display_name_cannot_reorder_or_break_the_page() {
    let blog = Blog::start().await;
    let ada = blog.reader("ada").await;
    let profile = |name, bio| [("display_name", name), ("bio", bio), ("email", "")];
    let (long_name, long_bio) = ("x".repeat(81), "y".repeat(2_001));
    for name in ["", " ", "a\u{202e}b", "a\u{7}b", "a\u{2066}b", &long_name] {
        ada.post_form("/account", &profile(name, "")).await.expect(422).contains("error-display_name");
    }
    ada.post_form("/account", &profile("x", &long_bio)).await.expect(422).contains("error-bio");
    ada.post_form("/account", &profile("<i>Ada</i> & \"Co\"", "Line\r\n\r\n<b>two</b>")).await.expect(303);
    let hello = blog.administrator.write(post("Hello")).await;
    ada.comment(&hello, "Text").await;
    blog.visitor().get(&hello.path).await.contains("&lt;i&gt;Ada&lt;/i&gt; &amp;").lacks("<i>Ada");
    blog.visitor().get("/author/ada").await.expect(200).contains("&lt;b&gt;two").lacks("<b>two");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_sign_up_is_closed_at_every_door() {
    let blog = Blog::start().await;
    blog.set("signup_open", "").await;
    let visitor = blog.visitor();
    visitor.get("/signup").await.expect(200).contains("Sign-up is closed").lacks("name=\"password\"");
    let fields = [("username", "eve"), ("password", PASSWORD)];
    visitor.post_form("/signup", &fields).await.expect(409);
    visitor.post_files("/signup", &fields, &[]).await.expect(409);
    visitor.post_form("/setup", &fields).await.expect(404);
    visitor
        .post_form("/admin/users", &[("username", "eve"), ("password", PASSWORD), ("role", "reader")])
        .await
        .expect(401)
        .contains("Please log in first");
    visitor.get("/").await.expect(200).lacks("Sign up");
    visitor.get("/login").await.expect(200).lacks("Sign up");
    assert!(!is_signed_in(&visitor).await);
    log_in(&visitor, "eve", PASSWORD).await.expect(422);
    // An administrator still lets people in.
    blog.author("ada").await;
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_in_the_sign_up_form_means_nothing() {
    let blog = Blog::start().await;
    let eve = blog.visitor();
    let fields = [("username", "eve"), ("password", PASSWORD), ("role", "administrator"), ("disabled", "")];
    eve.post_form("/signup", &fields).await.expect(303);
    eve.get("/admin/users").await.expect(403);
    eve.get("/admin").await.expect(403);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_account_is_out_at_once_and_its_words_stay() {
    let blog = Blog::start().await;
    let hello = blog.administrator.write(post("Hello")).await;
    let ada = blog.reader("ada").await;
    ada.comment(&hello, "My words").await;
    let id = blog.user_id("ada").await;
    let path = format!("/admin/users/{id}");
    blog.administrator.get(&path).await.expect(200).contains("ada");
    blog.administrator.post_form(&path, &[("role", "reader"), ("disabled", "on")]).await.expect(303);
    assert!(!is_signed_in(&ada).await);
    log_in(&ada, "ada", PASSWORD).await.expect(422).contains("do not match");
    ada.post_form("/posts/hello/comments", &[("body", "More")]).await.expect(401);
    blog.visitor().get(&hello.path).await.contains("My words").contains("<bdi>ada</bdi>");
    blog.administrator.post_form(&path, &[("role", "reader")]).await.expect(303);
    assert!(!is_signed_in(&ada).await, "an old session does not come back");
    log_in(&ada, "ada", PASSWORD).await.expect(303);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_stays() {
    let blog = Blog::start().await;
    let root = format!("/admin/users/{}", blog.user_id("root").await);
    for fields in [vec![("role", "reader")], vec![("role", "administrator"), ("disabled", "on")]] {
        blog.administrator.post_form(&root, &fields).await.expect(409).contains("last administrator");
    }
    let second = blog.member("ada", "administrator").await;
    second.post_form(&root, &[("role", "editor")]).await.expect(303);
    blog.administrator.get("/admin/users").await.expect(403);
    let ada = format!("/admin/users/{}", 2);
    second.post_form(&ada, &[("role", "author")]).await.expect(409);
    // Two who demote each other at the same time: one stays.
    second.post_form(&root, &[("role", "administrator")]).await.expect(303);
    let (a, b) = ([("role", "reader")], [("role", "reader")]);
    let (one, other) = tokio::join!(second.post_form(&root, &a), blog.administrator.post_form(&ada, &b));
    let statuses = [one.status, other.status];
    assert!(statuses.contains(&303) && statuses.iter().any(|status| matches!(status, 403 | 409)), "{statuses:?}");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_role_counts_at_once() {
    let blog = Blog::start().await;
    let ada = blog.author("ada").await;
    ada.get("/admin/posts/new").await.expect(200);
    let path = format!("/admin/users/{}", blog.user_id("ada").await);
    blog.administrator.post_form(&path, &[("role", "reader")]).await.expect(303);
    ada.get("/admin/posts/new").await.expect(403);
    blog.administrator.post_form(&path, &[("role", "emperor")]).await.expect(422);
    blog.administrator.post_form("/admin/users/999", &[("role", "reader")]).await.expect(404);
    blog.stop().await;
}
