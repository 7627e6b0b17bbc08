//! Every write of posts and pages.

use crate::parity_world::Subject;
use crate::parity_writes::{AUTHORS, Call, EDITORS, Form, Mutation, Write, call, form, mutation, post_path, write};
use serde_json::{Value, json};

/// The editor of a post with everything that its form sends.
fn editor(subject: &Subject, changes: &[(&'static str, &str)]) -> Form {
    let (title, slug) = (format!("Subject {}", subject.number), subject.slug.as_str());
    let mut fields = vec![
        ("title", title.as_str()),
        ("slug", slug),
        ("source", "Some *text*."),
        ("excerpt", ""),
        ("tags", "Owls"),
        ("category", subject.category.as_str()),
        ("comments_open", "on"),
        ("published_at", subject.published_at.as_str()),
        ("version", "1"),
        ("action", "save"),
    ];
    fields.retain(|(known, _)| changes.iter().all(|(name, _)| name != known));
    fields.extend(changes);
    form(format!("/admin/posts/{}", subject.post), &fields)
}

/// The mutation that changes a post.
fn update_post(subject: &Subject, version: u32, input: Value) -> Mutation {
    let id = ("id", "ID!", json!(subject.post));
    mutation("updatePost", &[id, ("version", "Int!", json!(version)), ("input", "PostInput!", input)])
}

pub fn posts() -> Vec<Write> {
    const OWNERS: &str = "unauthenticated forbidden forbidden done done done";
    vec![
        write(
            "save a new post",
            AUTHORS,
            |_| {
                form(
                    "/admin/posts/new",
                    &[("title", "New"), ("source", "*x*"), ("tags", "A, B"), ("comments_open", "on")],
                )
            },
            |_| call("POST", "/posts", json!({ "title": "New", "source": "*x*", "tags": ["A", "B"] })),
            |_| {
                let input = json!({ "title": "New", "source": "*x*", "tags": ["A", "B"] });
                mutation("createPost", &[("input", "PostInput!", input)])
            },
        ),
        write(
            "publish a new post, for later",
            AUTHORS,
            |_| {
                let time = ("published_at", "2030-01-01T13:00");
                form("/admin/posts/new", &[("title", "Later"), time, ("comments_open", "on"), ("action", "publish")])
            },
            |_| {
                let time = "2030-01-01T12:00:00Z";
                call("POST", "/posts", json!({ "title": "Later", "status": "published", "published_at": time }))
            },
            |_| {
                let time = "2030-01-01T12:00:00Z";
                let input = json!({ "title": "Later", "status": "PUBLISHED", "publishedAt": time });
                mutation("createPost", &[("input", "PostInput!", input)])
            },
        ),
        write(
            "schedule a new post",
            AUTHORS,
            |_| {
                let time = ("published_at", "2030-01-01T13:00");
                form("/admin/posts/new", &[("title", "Later"), time, ("comments_open", "on"), ("action", "publish")])
            },
            |_| {
                let time = "2030-01-01T12:00:00Z";
                call("POST", "/posts", json!({ "title": "Later", "status": "scheduled", "published_at": time }))
            },
            |_| {
                let time = "2030-01-01T12:00:00Z";
                let input = json!({ "title": "Later", "status": "SCHEDULED", "publishedAt": time });
                mutation("createPost", &[("input", "PostInput!", input)])
            },
        ),
        Write {
            // A form has a button to publish and a time, which is all that scheduling takes.
            page: None,
            ..write(
                "schedule a post without a time",
                "unauthenticated forbidden forbidden invalid invalid invalid",
                |_| form("", &[]),
                |subject| call("PATCH", post_path(subject), json!({ "status": "scheduled" })),
                |subject| update_post(subject, 1, json!({ "status": "SCHEDULED" })),
            )
        },
        write(
            "a post without a title",
            "unauthenticated forbidden invalid invalid invalid invalid",
            |_| form("/admin/posts/new", &[("title", " "), ("source", "x")]),
            |_| call("POST", "/posts", json!({ "title": " ", "source": "x" })),
            |_| mutation("createPost", &[("input", "PostInput!", json!({ "title": " ", "source": "x" }))]),
        ),
        write(
            "change a post and its address",
            OWNERS,
            |subject| {
                let slug = subject.new_name();
                editor(subject, &[("title", "Changed"), ("slug", &slug), ("source", "Other."), ("tags", "")])
            },
            |subject| {
                let patch = json!({ "title": "Changed", "slug": subject.new_name(), "source": "Other.", "tags": [] });
                call("PATCH", post_path(subject), patch)
            },
            |subject| {
                let input = json!({ "title": "Changed", "slug": subject.new_name(), "source": "Other.", "tags": [] });
                update_post(subject, 1, input)
            },
        ),
        write(
            "change a post that somebody changed meanwhile",
            "unauthenticated forbidden forbidden stale stale stale",
            |subject| editor(subject, &[("title", "Changed"), ("version", "7")]),
            |subject| Call { if_match: "\"7\"", ..call("PATCH", post_path(subject), json!({ "title": "Changed" })) },
            |subject| update_post(subject, 7, json!({ "title": "Changed" })),
        ),
        write(
            "take a post back",
            OWNERS,
            |subject| editor(subject, &[("action", "unpublish")]),
            |subject| call("PATCH", post_path(subject), json!({ "status": "draft" })),
            |subject| update_post(subject, 1, json!({ "status": "DRAFT" })),
        ),
        write(
            "publish a draft",
            "unauthenticated forbidden not-found done done done",
            |subject| {
                let id = (subject.post.parse::<u64>().unwrap() + 1).to_string();
                let title = format!("Draft {}", subject.number);
                let fields = [("title", title.as_str()), ("slug", subject.draft.as_str()), ("source", "")];
                let rest = [("comments_open", "on"), ("version", "1"), ("action", "publish")];
                form(format!("/admin/posts/{id}"), &[&fields[..], &rest[..]].concat())
            },
            |subject| call("PATCH", format!("/posts/{}", subject.draft), json!({ "status": "published" })),
            |subject| {
                let id = (subject.post.parse::<u64>().unwrap() + 1).to_string();
                let input = ("input", "PostInput!", json!({ "status": "PUBLISHED" }));
                mutation("updatePost", &[("id", "ID!", json!(id)), ("version", "Int!", json!(1)), input])
            },
        ),
        write(
            "a category that is not there",
            "unauthenticated forbidden forbidden invalid invalid invalid",
            |subject| editor(subject, &[("category", "999")]),
            |subject| call("PATCH", post_path(subject), json!({ "category": "nowhere" })),
            |subject| update_post(subject, 1, json!({ "category": "nowhere" })),
        ),
        write(
            "delete a post",
            OWNERS,
            |subject| form(format!("/admin/posts/{}/delete", subject.post), &[]),
            |subject| call("DELETE", post_path(subject), Value::Null),
            |subject| mutation("deletePost", &[("id", "ID!", json!(subject.post)), ("version", "Int!", json!(1))]),
        ),
        write(
            "write a page",
            EDITORS,
            |_| form("/admin/pages/new", &[("title", "About us"), ("source", "x"), ("action", "publish")]),
            |_| call("POST", "/pages", json!({ "title": "About us", "source": "x", "status": "published" })),
            |_| {
                let input = json!({ "title": "About us", "source": "x", "status": "PUBLISHED" });
                mutation("createPage", &[("input", "PostInput!", input)])
            },
        ),
        write(
            "change a page",
            EDITORS,
            |subject| {
                let fields = [("title", "Changed"), ("slug", subject.page_slug.as_str()), ("source", "Other.")];
                let rest = [("version", "1"), ("action", "save")];
                form(format!("/admin/posts/{}", subject.page), &[&fields[..], &rest[..]].concat())
            },
            |subject| {
                let patch = json!({ "title": "Changed", "source": "Other." });
                call("PATCH", format!("/pages/{}", subject.page_slug), patch)
            },
            |subject| {
                let input = ("input", "PostInput!", json!({ "title": "Changed", "source": "Other." }));
                mutation("updatePage", &[("id", "ID!", json!(subject.page)), ("version", "Int!", json!(1)), input])
            },
        ),
        write(
            "delete a page",
            EDITORS,
            |subject| form(format!("/admin/posts/{}/delete", subject.page), &[]),
            |subject| call("DELETE", format!("/pages/{}", subject.page_slug), Value::Null),
            |subject| mutation("deletePage", &[("id", "ID!", json!(subject.page)), ("version", "Int!", json!(1))]),
        ),
    ]
}
