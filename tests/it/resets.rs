//! Lost passwords: set by an administrator, or chosen behind a link that works once.

use crate::auth::{is_signed_in, log_in};
use crate::client::{Answer, Client};
use crate::harness::{Blog, PASSWORD};
use serde_json::json;

const NEW: &str = "battery horse correct";

/// The path of the link that an administrator just made.
fn link_in(answer: &Answer) -> String {
    let url = answer.between("<code class=\"secret\">", "</code>").to_owned();
    let at = url.find("/reset/").expect("no link is shown");
    url[at..].to_owned()
}

async fn make_link(administrator: &Client, id: &str) -> String {
    link_in(&administrator.post_form(&format!("/admin/users/{id}/reset"), &[]).await.expect(201))
}

async fn token_of(client: &Client) -> String {
    let input = json!({ "name": "Backup", "scopes": ["account:read"] });
    let answer = client.json("POST", "/api/v1/me/tokens", &input).await.expect(201);
    answer.value()["secret"].as_str().unwrap().to_owned()
}

async fn opens(blog: &Blog, secret: &str) -> bool {
    blog.visitor().with("authorization", &format!("Bearer {secret}")).get("/api/v1/me").await.status == 200
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_forgot_their_password_chooses_another_behind_a_link() {
    let blog = Blog::start().await;
    blog.visitor().get("/login").await.expect(200).contains("Forgot your password? Ask an administrator");
    let ada = blog.reader("ada").await;
    let secret = token_of(&ada).await;
    let id = blog.user_id("ada").await;
    let link = make_link(&blog.administrator, &id).await;
    assert!(link.len() > 64, "256 bits: {link}");

    // To open it changes nothing, however often, and a password that cannot be leaves it as it is.
    let visitor = blog.visitor();
    for _ in 0..2 {
        visitor.get(&link).await.expect(200).contains("<bdi>ada</bdi>").contains("name=\"keep_tokens\"");
    }
    assert!(is_signed_in(&ada).await);
    let refused = visitor.post_form(&link, &[("password", "short"), ("keep_tokens", "on")]).await.expect(422);
    refused.contains("error-password").contains("name=\"keep_tokens\" value=\"on\" checked").lacks("short\"");
    // Only from this site.
    let elsewhere = visitor.with("sec-fetch-site", "cross-site");
    elsewhere.post_form(&link, &[("password", NEW)]).await.expect(403);

    visitor.post_form(&link, &[("password", NEW)]).await.expect(303).leads_to("/account?done=reset");
    visitor.get("/account?done=reset").await.expect(200).contains("signed out everywhere else");
    assert!(!is_signed_in(&ada).await && !opens(&blog, &secret).await);
    log_in(&blog.visitor(), "ada", PASSWORD).await.expect(422);
    log_in(&blog.visitor(), "ada", NEW).await.expect(303);
    // It worked once.
    blog.visitor().get(&link).await.expect(404).contains("This link does not work");
    blog.visitor().post_form(&link, &[("password", PASSWORD)]).await.expect(404).contains("This link does not work");
    // What a secret link is called in the log tells nothing.
    let log = blog.log();
    assert!(log.contains(&"POST /reset/{token} 303".to_owned()), "{log:?}");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_wants_to_keeps_their_api_tokens() {
    let blog = Blog::start().await;
    let ada = blog.reader("ada").await;
    let id = blog.user_id("ada").await;
    let secret = token_of(&ada).await;
    let link = make_link(&blog.administrator, &id).await;
    let fields = [("password", NEW), ("keep_tokens", "on")];
    blog.visitor().post_form(&link, &fields).await.expect(303);
    assert!(!is_signed_in(&ada).await && opens(&blog, &secret).await);
    blog.administrator.post_form(&format!("/admin/users/{id}/password"), &fields).await.expect(303);
    assert!(opens(&blog, &secret).await);
    let input = json!({ "password": NEW });
    blog.administrator.json("POST", "/api/v1/users/ada/password", &input).await.expect(204);
    assert!(!opens(&blog, &secret).await);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_ends_after_a_day_with_a_newer_one_and_with_a_change_of_password() {
    let blog = Blog::start().await;
    let ada = blog.reader("ada").await;
    let id = blog.user_id("ada").await;
    let old = make_link(&blog.administrator, &id).await;
    let newer = make_link(&blog.administrator, &id).await;
    blog.visitor().get(&old).await.expect(404);
    blog.visitor().get(&newer).await.expect(200);
    blog.advance(24 * 3600 - 1);
    blog.visitor().get(&newer).await.expect(200);
    blog.advance(1);
    blog.visitor().get(&newer).await.expect(404);
    blog.visitor().post_form(&newer, &[("password", NEW)]).await.expect(404);

    let link = make_link(&blog.administrator, &id).await;
    let change = [("current_password", PASSWORD), ("new_password", NEW)];
    ada.post_form("/account/password", &change).await.expect(303);
    blog.visitor().get(&link).await.expect(404);

    // A disabled account gets no link, and one made before does not work.
    let link = make_link(&blog.administrator, &id).await;
    let account = format!("/admin/users/{id}");
    blog.administrator.post_form(&account, &[("role", "reader"), ("disabled", "on")]).await.expect(303);
    blog.visitor().get(&link).await.expect(404);
    blog.administrator.post_form(&format!("{account}/reset"), &[]).await.expect(409).contains("is disabled");

    for wrong in ["/reset/x", "/reset/1-", &format!("/reset/{id}-{}", "0".repeat(64))] {
        blog.visitor().get(wrong).await.expect(404).contains("This link does not work");
    }
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_sets_a_password_in_the_browser() {
    let blog = Blog::start().await;
    let ada = blog.reader("ada").await;
    let id = blog.user_id("ada").await;
    let path = format!("/admin/users/{id}/password");
    blog.administrator.get(&format!("/admin/users/{id}")).await.expect(200).contains(&format!("action=\"{path}\""));
    blog.administrator.post_form(&path, &[("password", "short")]).await.expect(422).contains("error-password");
    let set = blog.administrator.post_form(&path, &[("password", NEW)]).await.expect(303);
    blog.administrator.follow(&set).await.expect(200).contains("The new password is set");
    assert!(!is_signed_in(&ada).await);
    log_in(&blog.visitor(), "ada", NEW).await.expect(303);
    // One's own asks for the current one, elsewhere.
    let own = blog.administrator.get("/admin/users/1").await.expect(200);
    own.contains("in your account").lacks("name=\"password\"");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_apis_make_links_too_and_no_token_makes_one_for_an_administrator() {
    let blog = Blog::start().await;
    blog.reader("ada").await;
    let id = blog.user_id("ada").await;
    let input = json!({ "name": "Members", "scopes": ["users:write"] });
    let made = blog.administrator.json("POST", "/api/v1/me/tokens", &input).await.expect(201);
    let bearer = format!("Bearer {}", made.value()["secret"].as_str().unwrap());
    let program = blog.visitor().with("authorization", &bearer);
    let link = program.send("POST", "/api/v1/users/ada/reset").await.expect(200).value();
    assert_eq!(link["expires_at"], "2026-05-04T08:28:00Z");
    blog.visitor().get(link["url"].as_str().unwrap()).await.expect(200);
    let with_key = program.with("idempotency-key", "\"one\"").send("POST", "/api/v1/users/ada/reset").await;
    with_key.expect(422);
    let mutation = "mutation($id: ID!) { createResetLink(id: $id) { resetLink { url expiresAt } errors { code } } }";
    let response = crate::graphql::ask_with(&program, mutation, json!({ "id": id })).await;
    let url = response["data"]["createResetLink"]["resetLink"]["url"].as_str().unwrap().to_owned();
    blog.visitor().get(&url).await.expect(200);
    assert_eq!(program.send("POST", "/api/v1/users/root/reset").await.expect(403).problem().0, "session-needed");
    blog.administrator.send("POST", "/api/v1/users/root/reset").await.expect(200);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_data_file_does_not_hold_the_secret_of_a_link() {
    let blog = Blog::start().await;
    blog.reader("ada").await;
    let link = make_link(&blog.administrator, &blog.user_id("ada").await).await;
    let secret = link.rsplit('-').next().unwrap().to_owned();
    let data = blog.data();
    let folder = blog.stop().await;
    let bytes = std::fs::read(&data).unwrap();
    assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
    drop(folder);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_sees_what_opens_an_account_and_ends_it() {
    let blog = Blog::start().await;
    let ada = blog.reader("ada").await;
    let secret = token_of(&ada).await;
    let page = format!("/admin/users/{}", blog.user_id("ada").await);
    let revoke = format!("{page}/revoke");
    let seen = blog.administrator.get(&page).await.expect(200).contains("Where they are signed in").contains("Backup");
    let session = seen.between("name=\"session\" value=\"", "\"").to_owned();
    let token = seen.between("name=\"token\" value=\"", "\"").to_owned();
    // Nobody else may, and nothing of another account goes by this address.
    blog.member("ed", "editor").await.post_form(&revoke, &[("token", &token)]).await.expect(403);
    blog.administrator.post_form("/admin/users/1/revoke", &[("token", &token)]).await.expect(404);
    blog.administrator.post_form("/admin/users/1/revoke", &[("session", &session)]).await.expect(404);
    assert!(is_signed_in(&ada).await && opens(&blog, &secret).await);
    blog.administrator.post_form(&revoke, &[("session", &session)]).await.expect(303);
    assert!(!is_signed_in(&ada).await && opens(&blog, &secret).await);
    blog.administrator.post_form(&revoke, &[("token", &token)]).await.expect(303);
    assert!(!opens(&blog, &secret).await);
    blog.administrator.get(&page).await.expect(200).lacks("Backup").lacks("Where they are signed in");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_end_with_a_disabled_account_and_with_a_password_if_that_is_asked_for() {
    let blog = Blog::start().await;
    let ada = blog.reader("ada").await;
    let change = |current: &'static str, new: &'static str| [("current_password", current), ("new_password", new)];
    let secret = token_of(&ada).await;
    ada.post_form("/account/password", &change(PASSWORD, NEW)).await.expect(303);
    assert!(opens(&blog, &secret).await);
    let fields = [&change(NEW, PASSWORD)[..], &[("revoke_tokens", "on")]].concat();
    ada.post_form("/account/password", &fields).await.expect(303);
    assert!(!opens(&blog, &secret).await && is_signed_in(&ada).await);
    let secret = token_of(&ada).await;
    let page = format!("/admin/users/{}", blog.user_id("ada").await);
    blog.administrator.post_form(&page, &[("role", "reader"), ("disabled", "on")]).await.expect(303);
    blog.administrator.post_form(&page, &[("role", "reader")]).await.expect(303);
    assert!(!opens(&blog, &secret).await, "enabled again, and the token stays revoked");
    blog.stop().await;
}
