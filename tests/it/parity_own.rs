//! Every write of what is one's own: profile, tokens, password.

use crate::harness::PASSWORD;
use crate::parity_world::Subject;
use crate::parity_writes::{Mutation, NEW_PASSWORD, READERS, Write, call, form, mutation, write};
use serde_json::{Value, json};

fn change_password(current: &str, new: &str) -> Mutation {
    mutation("changePassword", &[("current", "String!", json!(current)), ("new", "String!", json!(new))])
}

pub fn own_things() -> Vec<Write> {
    vec![
        write(
            "change the profile",
            READERS,
            |subject| {
                let email = format!("{}@example.org", subject.username);
                form("/account", &[("display_name", "Somebody"), ("email", &email), ("bio", "Watches owls.")])
            },
            |subject| {
                let email = format!("{}@example.org", subject.username);
                call("PATCH", "/me", json!({ "display_name": "Somebody", "email": email, "bio": "Watches owls." }))
            },
            |subject| {
                let email = format!("{}@example.org", subject.username);
                let input = json!({ "displayName": "Somebody", "email": email, "bio": "Watches owls." });
                update_profile(subject, input)
            },
        ),
        write(
            "a profile with no e-mail address in that field",
            "unauthenticated invalid invalid invalid invalid invalid",
            |_| form("/account", &[("display_name", "Somebody"), ("email", "nowhere"), ("bio", "")]),
            |_| call("PATCH", "/me", json!({ "display_name": "Somebody", "email": "nowhere" })),
            |subject| update_profile(subject, json!({ "displayName": "Somebody", "email": "nowhere" })),
        ),
        write(
            "make a token",
            READERS,
            |_| form("/account/tokens", &[("name", "Nightly"), ("expires_in_days", "30"), ("media:read", "on")]),
            |_| {
                let body = json!({ "name": "Nightly", "scopes": ["media:read"], "expires_in_days": 30 });
                call("POST", "/me/tokens", body)
            },
            |_| {
                let input = json!({ "name": "Nightly", "scopes": ["media:read"], "expiresInDays": 30 });
                mutation("createToken", &[("input", "TokenInput!", input)])
            },
        )
        .in_session(),
        write(
            "a token for nothing",
            "unauthenticated invalid invalid invalid invalid invalid",
            |_| form("/account/tokens", &[("name", "Nightly"), ("expires_in_days", "30")]),
            |_| call("POST", "/me/tokens", json!({ "name": "Nightly", "scopes": [], "expires_in_days": 30 })),
            |_| {
                let input = json!({ "name": "Nightly", "scopes": [], "expiresInDays": 30 });
                mutation("createToken", &[("input", "TokenInput!", input)])
            },
        )
        .in_session(),
        write(
            "revoke a token",
            READERS,
            |subject| form(format!("/account/tokens/{}/revoke", subject.token), &[]),
            |subject| call("DELETE", format!("/me/tokens/{}", subject.token), Value::Null),
            |subject| mutation("revokeToken", &[("id", "ID!", json!(subject.token))]),
        )
        .in_session(),
        write(
            "revoke a token that is not there",
            "unauthenticated not-found not-found not-found not-found not-found",
            |_| form("/account/tokens/999/revoke", &[]),
            |_| call("DELETE", "/me/tokens/999", Value::Null),
            |_| mutation("revokeToken", &[("id", "ID!", json!("999"))]),
        )
        .in_session(),
        Write {
            opens: Some(("", NEW_PASSWORD)),
            ..write(
                "change the password",
                READERS,
                |_| form("/account/password", &[("current_password", PASSWORD), ("new_password", NEW_PASSWORD)]),
                |_| {
                    let body = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
                    call("POST", "/me/password", body)
                },
                |_| change_password(PASSWORD, NEW_PASSWORD),
            )
            .in_session()
        },
        write(
            "change the password without knowing it",
            "unauthenticated invalid invalid invalid invalid invalid",
            |_| form("/account/password", &[("current_password", "wrong words"), ("new_password", NEW_PASSWORD)]),
            |_| {
                let body = json!({ "current_password": "wrong words", "new_password": NEW_PASSWORD });
                call("POST", "/me/password", body)
            },
            |_| change_password("wrong words", NEW_PASSWORD),
        )
        .in_session(),
    ]
}

fn update_profile(subject: &Subject, input: Value) -> Mutation {
    let etag = ("etag", "String!", json!(subject.etags.profile));
    mutation("updateProfile", &[etag, ("input", "ProfileInput!", input)])
}
