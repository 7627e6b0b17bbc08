//! Passwords: one form for all keyboards, and none that everybody knows.

use crate::auth::{is_signed_in, log_in};
use crate::harness::{Blog, PASSWORD};
use crate::program::{run, run_with_input};
use pamphlet::domain::user::Username;
use pamphlet::store;
use serde_json::json;

/// `é` in one character, and as a letter with a mark.
const COMPOSED: &str = "caf\u{e9} au lait";
const DECOMPOSED: &str = "cafe\u{301} au\u{a0}lait";

#[tokio::test(flavor = "multi_thread")]
async fn composed_and_decomposed_passwords_are_the_same() {
    let blog = Blog::start().await;
    for (name, chosen) in [("ada", COMPOSED), ("grace", DECOMPOSED)] {
        blog.visitor().post_form("/signup", &[("username", name), ("password", chosen)]).await.expect(303);
        for typed in [COMPOSED, DECOMPOSED] {
            let client = blog.visitor();
            log_in(&client, name, typed).await.expect(303);
            assert!(is_signed_in(&client).await);
        }
        let session = json!({ "username": name, "password": DECOMPOSED });
        blog.visitor().json("POST", "/api/v1/sessions", &session).await.expect(201);
        log_in(&blog.visitor(), name, "cafe au lait").await.expect(422);
    }
    let ada = blog.visitor();
    log_in(&ada, "ada", COMPOSED).await.expect(303);
    let change = [("current_password", DECOMPOSED), ("new_password", DECOMPOSED)];
    ada.post_form("/account/password", &change).await.expect(303);
    log_in(&blog.visitor(), "ada", COMPOSED).await.expect(303);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_of_the_raw_password_keeps_working_and_is_made_anew() {
    let blog = Blog::start().await;
    blog.reader("ada").await;
    let blog = blog
        .restart_after(|store| {
            let raw = bcrypt_of(DECOMPOSED);
            let ada = Username::parse("ada").unwrap();
            store
                .write_blocking(move |txn| {
                    let ada = store::users::by_username(txn, &ada)?.unwrap();
                    store::users::put_password(txn, ada.id, &raw)
                })
                .unwrap();
        })
        .await;
    log_in(&blog.visitor(), "ada", COMPOSED).await.expect(422);
    log_in(&blog.visitor(), "ada", DECOMPOSED).await.expect(303);
    log_in(&blog.visitor(), "ada", COMPOSED).await.expect(303);
    blog.stop().await;
}

/// As earlier versions hashed: the bytes as they came.
fn bcrypt_of(password: &str) -> String {
    bcrypt::hash(password, 4).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn common_passwords_are_refused_wherever_one_is_chosen() {
    let blog = Blog::start().await;
    let ada = blog.reader("ada").await;
    let id = blog.user_id("ada").await;
    for common in ["password123", "Football1", "1q2w3e4r5t"] {
        let sign_up = [("username", "eve"), ("password", common)];
        let said = blog.visitor().post_form("/signup", &sign_up).await.expect(422);
        said.contains("most common passwords").contains("value=\"eve\"").lacks(&format!("\"{common}\""));
        let add = [("username", "eve"), ("password", common), ("role", "reader")];
        blog.administrator.post_form("/admin/users", &add).await.expect(422).contains("most common passwords");
        let change = [("current_password", PASSWORD), ("new_password", common)];
        ada.post_form("/account/password", &change).await.expect(422).contains("most common passwords");
        let user = json!({ "username": "eve", "password": common });
        let said = blog.administrator.json("POST", "/api/v1/users", &user).await.expect(422);
        assert!(said.text.contains("most common passwords"), "{}", said.text);
        let password = json!({ "password": common });
        blog.administrator.json("POST", "/api/v1/users/ada/password", &password).await.expect(422);
        let mutation =
            "mutation($id: ID!, $password: String!) { setPassword(id: $id, password: $password) { errors { code } } }";
        let response =
            crate::graphql::ask_with(&blog.administrator, mutation, json!({ "id": id, "password": common })).await;
        assert_eq!(response["data"]["setPassword"]["errors"][0]["code"], "invalid", "{response}");
    }
    blog.stop().await;
}

#[test]
fn the_command_line_refuses_common_passwords_too() {
    let folder = tempfile::tempdir().unwrap();
    let add = |password| run_with_input(folder.path(), &["user", "add", "ada", "--data", "blog.redb"], password);
    add("Password1\n").expect(1).says("most common passwords");
    add("caf\u{e9} au lait\n").expect(0);
    let passwd = run_with_input(folder.path(), &["user", "passwd", "ada", "--data", "blog.redb"], "iloveyou1\n");
    passwd.expect(1).says("most common passwords");
    run(folder.path(), &["check", "--data", "blog.redb"]).expect(0);
}
