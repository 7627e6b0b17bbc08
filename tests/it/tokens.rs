//! API tokens: making them, what they open, and how they end.

use crate::graphql;
use crate::harness::{Blog, PASSWORD};
use crate::program::{Served, run};
use serde_json::json;

/// The secret that a page or a command shows.
fn secret(text: &str) -> String {
    let start = text.find("pamphlet_").unwrap_or_else(|| panic!("no token in {text}"));
    text[start..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_shown_once_and_listed_until_it_is_revoked() {
    let blog = Blog::start().await;
    let ada = blog.reader("ada").await;
    ada.get("/account").await.expect(200).contains("/account/tokens");
    ada.get("/account/tokens").await.expect(200).contains("posts:write").lacks("Your tokens");
    let form = [("name", "Backup script"), ("expires_in_days", "30"), ("comments:write", "on"), ("account:read", "on")];
    let made = ada.post_form("/account/tokens", &form).await.expect(201).contains("Copy it now");
    assert_eq!(made.header("cache-control"), Some("private, no-store"));
    let secret = secret(&made.text);
    assert_eq!(secret.len(), 9 + 64);
    // Its button leads to "/account/tokens/{id}/revoke".
    let list = ada.get("/account/tokens").await.expect(200).contains("Backup script").contains("never used");
    let list = list.contains("comments:write, account:read").lacks(&secret);
    let revoke = list.attributes("action").into_iter().find(|action| action.ends_with("/revoke")).unwrap();
    // It is nobody else's to revoke.
    blog.reader("eve").await.post_form(&revoke, &[]).await.expect(404);
    ada.post_form(&revoke, &[]).await.expect(303).leads_to("/account/tokens?done=revoked");
    ada.get("/account/tokens").await.expect(200).lacks("Backup script");
    ada.post_form(&revoke, &[]).await.expect(404);
    blog.visitor().get("/account/tokens").await.expect(303);
    blog.stop().await;
}

/// A reload of the page that shows a new token sends its form again, which made a second token.
#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_sent_twice_makes_one_token() {
    let blog = Blog::start().await;
    let ada = blog.reader("ada").await;
    let key = ada.get("/account/tokens").await.expect(200).input("once");
    let form = [("name", "Backup script"), ("expires_in_days", "30"), ("media:read", "on"), ("once", &key)];
    let made = ada.post_form("/account/tokens", &form).await.expect(201).contains("Copy it now");
    let again = ada.post_form("/account/tokens", &form).await.expect(303).leads_to("/account/tokens?done=already-made");
    let list = ada.get(again.location()).await.expect(200).contains("its secret is shown once");
    assert_eq!(list.count("/revoke\""), 1);
    // The form below the secret is another one; one that was changed after the way back is, too.
    assert_ne!(made.input("once"), key);
    let other = [("name", "Another"), ("expires_in_days", "30"), ("media:read", "on"), ("once", &key)];
    ada.post_form("/account/tokens", &other).await.expect(201);
    // A key is nobody else's, and a form that was refused may be mended.
    blog.reader("eve").await.post_form("/account/tokens", &form).await.expect(201);
    let key = ada.get("/account/tokens").await.expect(200).input("once");
    ada.post_form("/account/tokens", &[("name", "Third"), ("once", &key)]).await.expect(422);
    ada.post_form("/account/tokens", &[("name", "Third"), ("media:read", "on"), ("once", &key)]).await.expect(201);
    assert_eq!(ada.get("/account/tokens").await.expect(200).count("/revoke\""), 3);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_of_a_token_at_fault_is_told_and_what_was_ticked_stays() {
    let blog = Blog::start().await;
    let ada = blog.reader("ada").await;
    let wrong = ada.post_form("/account/tokens", &[("name", " "), ("expires_in_days", "soon")]).await.expect(422);
    wrong.contains("error-name").contains("error-scopes").contains("error-expires_in_days");
    let wrong = ada.post_form("/account/tokens", &[("name", ""), ("media:read", "on")]).await.expect(422);
    assert!(wrong.lacks("error-scopes").text.contains("name=\"media:read\" value=\"on\" checked"));
    for n in 0..50 {
        ada.post_form("/account/tokens", &[("name", &format!("No. {n}")), ("media:read", "on")]).await.expect(201);
    }
    ada.post_form("/account/tokens", &[("name", "One more"), ("media:read", "on")]).await.expect(409).contains("50");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_makes_no_administrator() {
    let blog = Blog::start().await;
    blog.reader("ada").await;
    let form = [("name", "Accounts"), ("expires_in_days", "30"), ("users:read", "on"), ("users:write", "on")];
    let made = blog.administrator.post_form("/account/tokens", &form).await.expect(201);
    let program = blog.visitor().with("authorization", &format!("Bearer {}", secret(&made.text)));
    let account = |name: &str, role: &str| json!({ "username": name, "password": PASSWORD, "role": role });
    let refused = program.json("POST", "/api/v1/users", &account("eve", "administrator")).await.expect(403);
    assert_eq!(refused.problem().0, "session-needed");
    let create = "mutation($input: UserInput!) { createUser(input: $input) { errors { code } } }";
    let refused = graphql::ask_with(&program, create, json!({ "input": account("eve", "ADMINISTRATOR") })).await;
    assert!(refused.to_string().contains("session-needed"), "{refused}");
    let sure = program.with("if-match", "*");
    let role = |role: &str| json!({ "role": role });
    let refused = sure.json("PATCH", "/api/v1/users/ada", &role("administrator")).await.expect(403);
    assert_eq!(refused.problem().0, "session-needed");
    // Anything else is what the scope is for; an administrator stays one.
    program.json("POST", "/api/v1/users", &account("grace", "editor")).await.expect(201);
    sure.json("PATCH", "/api/v1/users/ada", &role("editor")).await.expect(200);
    let own = sure.json("PATCH", "/api/v1/users/root", &json!({ "disabled": false })).await.expect(200);
    assert_eq!(own.value()["role"], "administrator");
    let person = blog.administrator.with("if-match", "*");
    person.json("PATCH", "/api/v1/users/ada", &role("administrator")).await.expect(200);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_makes_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::blog(folder.path(), &[]);
    served.set_up().await;
    let user = |args: &[&str]| run(folder.path(), &[&["user", "token"], args, &["--data", "blog.redb"]].concat());
    let beside = user(&["root", "--scopes", "*"]).expect(0);
    assert_eq!(secret(&beside.out).len(), beside.out.trim().len(), "the same beside a server: {}", beside.out);
    served.stop();
    let name = served_name(folder.path());
    user(&[&name]).expect(2).says("--scopes");
    user(&[&name, "--scopes", "everything"]).expect(1).says("no scope");
    user(&[&name, "--scopes", "*", "--days", "0"]).expect(1).says("days");
    user(&["nobody-here", "--scopes", "*"]).expect(1).says("no account");
    let made = user(&[&name, "--scopes", "posts:read,media:read", "--days", "7", "--name", "Nightly"]).expect(0);
    assert_eq!(secret(&made.out).len(), made.out.trim().len(), "the token alone, for scripts: {}", made.out);
    let bytes = std::fs::read(folder.path().join("blog.redb")).unwrap();
    let digits = &secret(&made.out)[9..];
    assert!(!bytes.windows(digits.len()).any(|part| part == digits.as_bytes()), "stored as a hash alone");
}

/// Whoever `Served::set_up` made administrator.
fn served_name(folder: &std::path::Path) -> String {
    let list = run(folder, &["user", "list", "--data", "blog.redb"]).expect(0);
    list.out.lines().nth(1).unwrap().split_whitespace().next().unwrap().to_owned()
}
