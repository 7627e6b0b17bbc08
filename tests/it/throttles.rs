//! Limits on guessing passwords that don't lock members out of their accounts.

use crate::auth::log_in;
use crate::client::Client;
use crate::harness::{Blog, PASSWORD};
use std::net::IpAddr;

/// A blog behind a proxy on this machine, so that clients come from several networks.
async fn proxied() -> Blog {
    let trusted = vec!["127.0.0.1".parse::<IpAddr>().unwrap().into()];
    Blog::start_with(|config| config.trusted_proxies = trusted).await
}

fn from(blog: &Blog, network: usize) -> Client {
    blog.visitor().with("x-forwarded-for", &format!("198.51.100.{network}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_from_one_network_leave_the_member_free_to_log_in_from_another() {
    let blog = proxied().await;
    blog.reader("ada").await;
    let attacker = from(&blog, 1);
    while log_in(&attacker, "ada", "a guess").await.status != 429 {}
    log_in(&attacker, "ada", PASSWORD).await.expect(429);
    log_in(&from(&blog, 2), "ada", PASSWORD).await.expect(303);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_from_everywhere_leave_the_browsers_that_logged_in_before_free() {
    let blog = proxied().await;
    blog.reader("ada").await;
    let known = from(&blog, 200);
    log_in(&known, "ada", PASSWORD).await.expect(303);
    known.post_form("/logout", &[]).await.expect(303);
    let mut guesses = 0;
    for network in 1..=12 {
        let attacker = from(&blog, network);
        while log_in(&attacker, "ada", "a guess").await.status != 429 {
            guesses += 1;
        }
    }
    assert_eq!(guesses, 100);
    log_in(&from(&blog, 201), "ada", PASSWORD).await.expect(429);
    log_in(&known, "ada", PASSWORD).await.expect(303);
    // That browser has a limit of its own, which is low.
    known.post_form("/logout", &[]).await.expect(303);
    let tries = (0..12).map(|_| log_in(&known, "ada", "a guess"));
    let mut refused = 0;
    for answer in tries {
        refused += usize::from(answer.await.status == 429);
    }
    assert_eq!(refused, 2);
    // It is good for one account.
    log_in(&known, "root", PASSWORD).await.expect(303);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_what_browsers_were_trusted_with() {
    let blog = proxied().await;
    blog.reader("ada").await;
    let (known, other) = (from(&blog, 200), from(&blog, 201));
    for client in [&known, &other] {
        log_in(client, "ada", PASSWORD).await.expect(303);
    }
    let fields = [("current_password", PASSWORD), ("new_password", "another password")];
    known.post_form("/account/password", &fields).await.expect(303);
    for network in 1..=12 {
        let attacker = from(&blog, network);
        while log_in(&attacker, "ada", "a guess").await.status != 429 {}
    }
    log_in(&other, "ada", "another password").await.expect(429);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limits_do_not_tell_which_names_and_addresses_there_are() {
    let blog = proxied().await;
    let fields = [("username", "ada"), ("email", "ada@example.org"), ("password", PASSWORD)];
    blog.visitor().post_form("/signup", &fields).await.expect(303);
    let mut told = Vec::new();
    for (network, names) in [(1, ["ada", "ada@example.org"]), (2, ["eve", "eve@example.org"])] {
        let mut statuses = Vec::new();
        for name in [names[0], names[1], names[0]] {
            for _ in 0..12 {
                statuses.push(log_in(&from(&blog, network), name, "a guess").await.status);
            }
        }
        told.push(statuses);
    }
    assert_eq!(told[0], told[1]);
    assert!(told[0].contains(&429) && told[0].contains(&422));
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_password_does_not_make_wrong_ones_forgotten() {
    let blog = Blog::start().await;
    let here = blog.reader("ada").await;
    let change = |current, new| [("current_password", current), ("new_password", new)];
    let mut changes = 0;
    let refused = loop {
        let answer = here.post_form("/account/password", &change(PASSWORD, PASSWORD)).await;
        if answer.status == 429 {
            break answer;
        }
        answer.expect(303);
        changes += 1;
        assert!(changes < 50, "passwords are hashed without end");
    };
    blog.advance(refused.header("retry-after").unwrap().parse().unwrap());
    here.post_form("/account/password", &change(PASSWORD, PASSWORD)).await.expect(303);
    // Logging in is counted apart: changes lock nobody out.
    let other = blog.visitor();
    for _ in 0..9 {
        log_in(&other, "ada", "a guess").await.expect(422);
    }
    log_in(&blog.visitor(), "ada", PASSWORD).await.expect(303);
    log_in(&other, "ada", "a guess").await.expect(422);
    log_in(&other, "ada", "a guess").await.expect(429).contains("name=\"username\"");
    blog.stop().await;
}
