//! Set-up, sign-up, log in and out, sessions, passwords.

use crate::client::{Answer, Client};
use crate::harness::{Blog, PASSWORD, post};
use crate::program::Served;
use pamphlet::service::setup;
use std::time::Duration;

pub async fn log_in(client: &Client, name: &str, password: &str) -> Answer {
    client.post_form("/login", &[("username", name), ("password", password)]).await
}

pub async fn is_signed_in(client: &Client) -> bool {
    client.get("/account").await.status == 200
}

#[tokio::test(flavor = "multi_thread")]
async fn the_holder_of_the_link_sets_the_blog_up_once() {
    let blog = Blog::fresh(|_| {}).await;
    let visitor = blog.visitor();
    let link = setup::link(&blog.site.app).unwrap().unwrap();
    let key = link.split_once("key=").unwrap().1;
    assert!(key.len() >= 32, "a secret of at least 128 bits");
    let fields =
        |key| [("key", key), ("title", "My blog"), ("time_zone", "UTC"), ("username", "admin"), ("password", PASSWORD)];
    // Nobody gets in without the secret, and sign-up is no way around it.
    visitor.get("/setup").await.expect(403).lacks(key);
    visitor.get("/setup?key=0123456789abcdef0123456789abcdef").await.expect(403).lacks(key);
    visitor.post_form("/setup", &fields("wrong")).await.expect(403).lacks(key);
    visitor.post_form("/signup", &[("username", "eve"), ("password", PASSWORD)]).await.expect(409);
    assert!(!is_signed_in(&visitor).await);
    // What was typed comes back, except for the password.
    visitor.get(&link).await.expect(200).contains("name=\"title\"").contains("name=\"time_zone\"");
    let mut wrong = fields(key);
    wrong[2] = ("time_zone", "Europe/Atlantis");
    wrong[4] = ("password", "short");
    let refused = visitor.post_form("/setup", &wrong).await.expect(422);
    refused.contains("value=\"My blog\"").contains("error-time_zone").contains("error-password").lacks("short\"");
    visitor.post_form("/setup", &fields(key)).await.expect(303).leads_to("/admin/posts/new?done=welcome");
    assert!(is_signed_in(&visitor).await);
    visitor.get("/admin/posts/new").await.expect(200).contains("My blog");
    // Used up.
    blog.visitor().get(&link).await.expect(404);
    blog.visitor().post_form("/setup", &fields(key)).await.expect(404);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_signs_up_and_is_signed_in() {
    let blog = Blog::start().await;
    let ada = blog.visitor();
    ada.get("/signup?next=/archive").await.expect(200).contains("value=\"/archive\"");
    let fields = [("username", "Ada"), ("email", "ada@example.org"), ("password", PASSWORD), ("next", "/archive")];
    let answer = ada.post_form("/signup", &fields).await.expect(303).leads_to("/archive");
    let cookie = answer.header("set-cookie").unwrap();
    assert!(
        cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Lax") && cookie.contains("; Path=/"),
        "{cookie}"
    );
    assert!(ada.session().unwrap().len() >= 43, "256 bits");
    ada.get("/account").await.expect(200).contains("<bdi>ada</bdi>").contains("reader");
    ada.get("/").await.expect(200).contains("<bdi>Ada</bdi>").lacks("href=\"/signup");
    ada.get("/login").await.expect(303).leads_to("/");
    // The same name, the same address.
    let again = blog.visitor().post_form("/signup", &fields).await.expect(422);
    again.contains("taken").contains("Another account has this address").lacks(PASSWORD);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_logs_in_by_name_or_address_and_out_again() {
    let blog = Blog::start().await;
    let fields = [("username", "ada"), ("email", "Ada@Example.org"), ("password", PASSWORD)];
    blog.visitor().post_form("/signup", &fields).await.expect(303);
    for name in ["ada", " ADA ", "ada@example.org"] {
        let ada = blog.visitor();
        log_in(&ada, name, PASSWORD).await.expect(303).leads_to("/");
        assert!(is_signed_in(&ada).await, "{name}");
        let session = ada.session().unwrap();
        let out = ada.post_form("/logout", &[]).await.expect(303).leads_to("/");
        assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
        // The token is worth nothing any more, even to somebody who kept it.
        ada.set_cookie("session", &session);
        assert!(!is_signed_in(&ada).await);
    }
    log_in(&blog.visitor(), "root", PASSWORD).await.expect(303).leads_to("/admin");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_name_and_a_wrong_password_look_the_same() {
    let blog = Blog::start().await;
    blog.reader("ada").await;
    let wrong = log_in(&blog.visitor(), "ada", "wrong password").await.expect(422);
    let unknown = log_in(&blog.visitor(), "eve", "wrong password").await.expect(422);
    assert_eq!(wrong.text.replace("\"ada\"", "NAME"), unknown.text.replace("\"eve\"", "NAME"));
    let long = log_in(&blog.visitor(), "ada", &"x".repeat(5_000)).await.expect(422);
    assert_eq!(wrong.text, long.text);
    let odd = log_in(&blog.visitor(), "", "").await.expect(422);
    assert!(odd.text.contains("do not match"));
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_slowed_down_for_the_account_and_for_the_address() {
    let blog = Blog::start().await;
    blog.reader("ada").await;
    let mut tries = 0;
    let refused = loop {
        let answer = log_in(&blog.visitor(), "ada", &format!("guess {tries}")).await;
        if answer.status == 429 {
            break answer;
        }
        answer.expect(422);
        tries += 1;
        assert!(tries < 50, "nobody stops the guessing");
    };
    assert!((5..=20).contains(&tries), "{tries} guesses");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=300).contains(&wait), "{wait}");
    // Not even the right password is looked at before the time is over.
    log_in(&blog.visitor(), "ada", PASSWORD).await.expect(429);
    blog.advance(wait);
    log_in(&blog.visitor(), "ada", PASSWORD).await.expect(303);
    // From one address against many accounts.
    let mut tries = 0;
    while log_in(&blog.visitor(), &format!("name{tries}"), "guess").await.status != 429 {
        tries += 1;
        assert!(tries < 50, "nobody stops the spraying");
    }
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_up_is_slowed_down_for_an_address() {
    let blog = Blog::start().await;
    let mut made = 0;
    let refused = loop {
        let fields = [("username", format!("reader{made}")), ("password", PASSWORD.to_owned())];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = blog.visitor().post_form("/signup", &fields).await;
        if answer.status == 429 {
            break answer;
        }
        answer.expect(303);
        made += 1;
        assert!(made < 50, "nobody stops the robot");
    };
    blog.advance(refused.header("retry-after").unwrap().parse().unwrap());
    blog.reader("patient").await;
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_login_has_a_new_token_and_a_planted_one_is_worth_nothing() {
    let blog = Blog::start().await;
    let first = blog.reader("ada").await;
    let planted = "f".repeat(64);
    let second = blog.visitor();
    second.set_cookie("session", &planted);
    log_in(&second, "ada", PASSWORD).await.expect(303);
    let tokens = [first.session().unwrap(), second.session().unwrap(), planted.clone()];
    assert!(tokens[0] != tokens[1] && tokens[1] != tokens[2] && tokens[0] != tokens[2]);
    let thief = blog.visitor();
    thief.set_cookie("session", &planted);
    assert!(!is_signed_in(&thief).await);
    // Logging in again at the same browser gives another one, too.
    log_in(&first, "ada", PASSWORD).await.expect(303);
    assert_ne!(first.session().unwrap(), tokens[0]);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_sees_where_one_is_signed_in_and_ends_one_or_all() {
    let blog = Blog::start().await;
    blog.reader("ada").await;
    let phone = blog.visitor().with("user-agent", "Mozilla/5.0 (iPhone) Safari/604.1");
    let desk = blog.visitor().with("user-agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0");
    for client in [&phone, &desk] {
        log_in(client, "ada", PASSWORD).await.expect(303);
    }
    let page = desk.get("/account").await.expect(200).contains("Safari on iPhone").contains("Firefox on Linux");
    let token = phone.session().unwrap();
    assert!(!page.text.contains(&token) && !page.text.contains(&token[..16]));
    let row = page.text.split("<li><div>").find(|row| row.contains("Safari on iPhone")).unwrap();
    let named = row.split_once("name=\"session\" value=\"").unwrap().1.split('"').next().unwrap();
    // Another member cannot end it.
    let eve = blog.reader("eve").await;
    eve.post_form("/account/sessions", &[("session", named)]).await.expect(404);
    assert!(is_signed_in(&phone).await);
    desk.post_form("/account/sessions", &[("session", named)]).await.expect(303);
    assert!(!is_signed_in(&phone).await && is_signed_in(&desk).await);
    log_in(&phone, "ada", PASSWORD).await.expect(303);
    desk.post_form("/account/sessions", &[("session", "all")]).await.expect(303);
    assert!(!is_signed_in(&phone).await && !is_signed_in(&desk).await && is_signed_in(&eve).await);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_lasts_as_long_as_it_is_used() {
    let blog = Blog::start().await;
    let ada = blog.reader("ada").await;
    const DAY: u64 = 24 * 3600;
    for _ in 0..4 {
        blog.advance(20 * DAY);
        assert!(is_signed_in(&ada).await);
        // Visits ride along with the next commit.
        blog.administrator.post_form("/logout", &[]).await;
        blog.log_in("root").await;
    }
    blog.advance(31 * DAY);
    assert!(!is_signed_in(&ada).await);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_after_its_longest_life_however_often_it_is_used() {
    const DAY: u64 = 24 * 3600;
    let blog = Blog::start_with(|config| config.session_lifetime = Duration::from_secs(3 * DAY)).await;
    let ada = blog.reader("ada").await;
    for _ in 0..2 {
        blog.advance(DAY);
        assert!(is_signed_in(&ada).await);
        blog.log_in("root").await;
    }
    blog.advance(DAY);
    assert!(!is_signed_in(&ada).await);
    // A shorter life counts for sessions that began before, too.
    let ada = blog.log_in("ada").await;
    let blog = blog.restart_with(|config| config.session_lifetime = Duration::from_secs(DAY)).await;
    let ada = ada.moved_to(&format!("http://{}", blog.address), "");
    assert!(is_signed_in(&ada).await);
    blog.advance(DAY);
    assert!(!is_signed_in(&ada).await);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_tells_of_security_events_in_lines_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let server = Served::blog(folder.path(), &["--log-level", "warn,security=info"]);
    let root = server.set_up().await;
    let visitor = server.visitor();
    visitor.post_form("/signup", &[("username", "eve"), ("password", PASSWORD)]).await.expect(303);
    log_in(&server.visitor(), "eve", "not the password").await.expect(422);
    log_in(&server.visitor(), "nobody\nby=root", "not the password").await.expect(422);
    root.post_form("/admin/users/2", &[("role", "author")]).await.expect(303);
    root.post_form("/admin/users/2", &[("role", "author"), ("disabled", "on")]).await.expect(303);
    server.signal("TERM");
    let log = server.ended().expect(0).err;
    let lines: Vec<&str> = log.lines().filter_map(|line| line.split_once("security: ").map(|(_, rest)| rest)).collect();
    let told = [
        "account made by=visitor user=root detail=administrator",
        "signed up by=visitor user=eve from=127.0.0.1",
        "login failed by=visitor user=eve from=127.0.0.1",
        "login failed by=visitor from=127.0.0.1",
        "role changed by=root user=eve detail=\"reader to author\"",
        "account disabled by=root user=eve",
    ];
    assert_eq!(lines, told, "{log}");
    assert!(!log.contains("password"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_and_accounts_outlive_a_restart() {
    let blog = Blog::start().await;
    let ada = blog.reader("ada").await;
    let blog = blog.restart().await;
    assert!(is_signed_in(&ada.moved_to(&format!("http://{}", blog.address), "")).await);
    assert!(is_signed_in(&blog.administrator).await);
    blog.log_in("ada").await;
    blog.visitor().get("/setup").await.expect(404);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_every_other_session() {
    let blog = Blog::start().await;
    let (here, there) = (blog.reader("ada").await, blog.log_in("ada").await);
    let change = |current, new| [("current_password", current), ("new_password", new)];
    here.post_form("/account/password", &change("wrong", "another password"))
        .await
        .expect(422)
        .contains("not your current");
    here.post_form("/account/password", &change(PASSWORD, "short")).await.expect(422);
    here.post_form("/account/password", &change(PASSWORD, "another password")).await.expect(303);
    assert!(is_signed_in(&here).await && !is_signed_in(&there).await);
    log_in(&there, "ada", PASSWORD).await.expect(422);
    log_in(&there, "ada", "another password").await.expect(303);
    blog.visitor()
        .post_form("/account/password", &change(PASSWORD, "another password"))
        .await
        .expect(303)
        .leads_to("/login");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_never_cut() {
    let blog = Blog::start().await;
    let (longest, longer, accents) = ("x".repeat(71), "x".repeat(72), "é".repeat(36));
    let sign_up = |name, password| {
        let (blog, fields) = (blog.visitor(), [("username", name), ("password", password)]);
        async move { blog.post_form("/signup", &fields).await }
    };
    sign_up("ada", &longer).await.expect(422).contains("at most 71 bytes").contains("value=\"ada\"");
    sign_up("ada", &accents).await.expect(422).contains("at most 71 bytes");
    sign_up("ada", "short").await.expect(422).contains("at least 8");
    sign_up("ada", &longest).await.expect(303);
    log_in(&blog.visitor(), "ada", &"x".repeat(72)).await.expect(422);
    log_in(&blog.visitor(), "ada", &"x".repeat(70)).await.expect(422);
    log_in(&blog.visitor(), "ada", &longest).await.expect(303);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn next_never_leads_off_the_site() {
    let blog = Blog::start().await;
    let outside = [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "///evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        "/ok\r\nSet-Cookie: x=y",
        "evil.example",
        " //evil.example",
    ];
    for next in outside {
        let encoded = form_urlencoded::byte_serialize(next.as_bytes()).collect::<String>();
        for page in ["login", "signup"] {
            let form = blog.visitor().get(&format!("/{page}?next={encoded}")).await.expect(200);
            assert_eq!(form.input("next"), "", "{next:?}");
            form.lacks("evil.example");
            let member = blog.administrator.get(&format!("/{page}?next={encoded}")).await.expect(303);
            assert_eq!(member.location(), "/", "{next:?}");
        }
        let fields = [("username", "root"), ("password", PASSWORD), ("next", next)];
        let answer = blog.visitor().post_form("/login", &fields).await.expect(303).leads_to("/admin");
        assert_eq!(answer.headers.get_all("set-cookie").iter().count(), 2);
    }
    let fields = [("username", "root"), ("password", PASSWORD), ("next", "/archive?page=1#x")];
    blog.visitor().post_form("/login", &fields).await.expect(303).leads_to("/archive?page=1#x");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_from_another_site_changes_nothing() {
    let blog = Blog::start().await;
    blog.administrator.write(post("Hello")).await;
    for site in ["cross-site", "same-site"] {
        let tricked = blog.administrator.with("sec-fetch-site", site);
        tricked.post_form("/posts/hello/comments", &[("body", "x")]).await.expect(403);
        tricked.post_form("/logout", &[]).await.expect(403);
        tricked
            .post_form("/admin/users", &[("username", "eve"), ("password", PASSWORD), ("role", "administrator")])
            .await
            .expect(403);
        tricked.post_form("/login", &[("username", "root"), ("password", PASSWORD)]).await.expect(403);
    }
    assert!(is_signed_in(&blog.administrator).await);
    blog.visitor().get("/posts/hello").await.contains("Comments (0)");
    blog.stop().await;
}
