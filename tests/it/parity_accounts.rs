//! Every write of accounts and settings, by those who see to them.

use crate::harness::PASSWORD;
use crate::parity_world::Subject;
use crate::parity_writes::{ADMINISTRATORS, Asks, Call, Mutation, NEW_PASSWORD, Write, call, form, mutation, write};
use serde_json::{Value, json};

fn set_access(id: &str, etag: &str, input: Value) -> Mutation {
    mutation(
        "updateUser",
        &[("id", "ID!", json!(id)), ("etag", "String!", json!(etag)), ("input", "UserPatch!", input)],
    )
}

pub fn accounts() -> Vec<Write> {
    vec![
        Write {
            opens: Some(("grace", PASSWORD)),
            ..write(
                "add an account",
                ADMINISTRATORS,
                |_| {
                    let fields = [("username", "grace"), ("password", PASSWORD), ("role", "editor")];
                    form("/admin/users", &[&fields[..], &[("email", "grace@example.org")]].concat())
                },
                |_| {
                    let body = json!({
                        "username": "grace", "password": PASSWORD, "role": "editor", "email": "grace@example.org",
                    });
                    call("POST", "/users", body)
                },
                |_| {
                    let input = json!({
                        "username": "grace", "password": PASSWORD, "role": "EDITOR", "email": "grace@example.org",
                    });
                    mutation("createUser", &[("input", "UserInput!", input)])
                },
            )
        },
        write(
            "an account whose name is taken",
            "unauthenticated forbidden forbidden forbidden forbidden invalid",
            |_| form("/admin/users", &[("username", "reader"), ("password", PASSWORD), ("role", "reader")]),
            |_| call("POST", "/users", json!({ "username": "reader", "password": PASSWORD })),
            |_| {
                let input = json!({ "username": "reader", "password": PASSWORD });
                mutation("createUser", &[("input", "UserInput!", input)])
            },
        ),
        write(
            "an account with a short password",
            "unauthenticated forbidden forbidden forbidden forbidden invalid",
            |_| form("/admin/users", &[("username", "grace"), ("password", "short"), ("role", "reader")]),
            |_| call("POST", "/users", json!({ "username": "grace", "password": "short" })),
            |_| {
                let input = json!({ "username": "grace", "password": "short" });
                mutation("createUser", &[("input", "UserInput!", input)])
            },
        ),
        Write {
            opens: Some(("subject", PASSWORD)),
            ..write(
                "give a role and disable",
                ADMINISTRATORS,
                |subject| form(format!("/admin/users/{}", subject.user), &[("role", "author"), ("disabled", "on")]),
                |subject| {
                    call("PATCH", format!("/users/{}", subject.username), json!({ "role": "author", "disabled": true }))
                },
                |subject| {
                    let input = json!({ "role": "AUTHOR", "disabled": true });
                    set_access(&subject.user, &subject.etags.user, input)
                },
            )
        },
        write(
            "disable the last administrator",
            "unauthenticated forbidden forbidden forbidden forbidden conflict",
            |_| form("/admin/users/1", &[("role", "administrator"), ("disabled", "on")]),
            |_| call("PATCH", "/users/root", json!({ "role": "administrator", "disabled": true })),
            |subject| {
                let input = json!({ "role": "ADMINISTRATOR", "disabled": true });
                set_access("1", &subject.etags.root, input)
            },
        ),
        Write {
            opens: Some(("subject", NEW_PASSWORD)),
            ..write(
                "give somebody a new password",
                ADMINISTRATORS,
                |subject| form(format!("/admin/users/{}/password", subject.user), &[("password", NEW_PASSWORD)]),
                |subject| {
                    call("POST", format!("/users/{}/password", subject.username), json!({ "password": NEW_PASSWORD }))
                },
                |subject| {
                    let arguments = [("id", "ID!", json!(subject.user)), ("password", "String!", json!(NEW_PASSWORD))];
                    mutation("setPassword", &arguments)
                },
            )
            .in_session()
        },
        write(
            "make a link to a new password",
            ADMINISTRATORS,
            |subject| form(format!("/admin/users/{}/reset", subject.user), &[]),
            |subject| Call {
                body: Asks::Nothing,
                ..call("POST", format!("/users/{}/reset", subject.username), json!({}))
            },
            |subject| mutation("createResetLink", &[("id", "ID!", json!(subject.user))]),
        ),
        write(
            "change the settings",
            ADMINISTRATORS,
            |_| form("/admin/settings", &SETTINGS),
            |_| {
                let (navigation, zone) = (json!([{ "label": "Archive", "address": "/archive" }]), "Europe/Paris");
                let body = json!({
                    "title": "Owls", "tagline": "At night", "time_zone": zone, "posts_per_page": 7, "language": "de",
                    "signup_open": false, "navigation": navigation,
                });
                call("PUT", "/settings", body)
            },
            |subject| {
                let (navigation, zone) = (json!([{ "label": "Archive", "address": "/archive" }]), "Europe/Paris");
                let input = json!({
                    "title": "Owls", "tagline": "At night", "timeZone": zone, "postsPerPage": 7, "language": "de",
                    "signupOpen": false, "navigation": navigation,
                });
                update_settings(subject, input)
            },
        ),
        write(
            "settings that cannot be",
            "unauthenticated forbidden forbidden forbidden forbidden invalid",
            |_| form("/admin/settings", &[("title", ""), ("posts_per_page", "0")]),
            |_| call("PATCH", "/settings", json!({ "title": "", "posts_per_page": 0 })),
            |subject| {
                let input = json!({
                    "title": "", "timeZone": "Mars", "postsPerPage": 0, "language": "en", "signupOpen": false,
                    "navigation": [],
                });
                update_settings(subject, input)
            },
        ),
    ]
}

const SETTINGS: [(&str, &str); 6] = [
    ("title", "Owls"),
    ("tagline", "At night"),
    ("time_zone", "Europe/Paris"),
    ("posts_per_page", "7"),
    ("language", "de"),
    ("navigation", "Archive | /archive"),
];

fn update_settings(subject: &Subject, input: Value) -> Mutation {
    let etag = ("etag", "String!", json!(subject.etags.settings));
    mutation("updateSettings", &[etag, ("input", "SettingsInput!", input)])
}
