//! Every write of comments.

use crate::parity_world::Subject;
use crate::parity_writes::{Mutation, READERS, Write, call, form, mutation, post_path, write};
use serde_json::{Value, json};

fn comment_path(subject: &Subject) -> String {
    format!("/posts/{}/comments/{}", subject.slug, subject.comment)
}

fn create_comment(slug: &str, input: Value) -> Mutation {
    mutation("createComment", &[("post", "String!", json!(slug)), ("input", "CommentInput!", input)])
}

pub fn conversations() -> Vec<Write> {
    let update = |subject: &Subject| {
        let place = [("post", "String!", json!(subject.slug)), ("id", "ID!", json!(subject.comment))];
        let change = [
            ("etag", "String!", json!(subject.etags.comment)),
            ("input", "CommentPatch!", json!({ "source": "Other *words*" })),
        ];
        mutation("updateComment", &[place, change].concat())
    };
    vec![
        write(
            "write a comment",
            READERS,
            |subject| form(format!("{}/comments", post_path(subject)), &[("body", "A *word*")]),
            |subject| call("POST", format!("{}/comments", post_path(subject)), json!({ "source": "A *word*" })),
            |subject| create_comment(&subject.slug, json!({ "source": "A *word*" })),
        ),
        write(
            "answer a comment",
            READERS,
            |subject| {
                let fields = [("body", "Indeed"), ("parent", subject.comment.as_str())];
                form(format!("{}/comments", post_path(subject)), &fields)
            },
            |subject| {
                let body = json!({ "source": "Indeed", "parent_id": subject.comment });
                call("POST", format!("{}/comments", post_path(subject)), body)
            },
            |subject| create_comment(&subject.slug, json!({ "source": "Indeed", "parentId": subject.comment })),
        ),
        write(
            "a comment of nothing",
            "unauthenticated invalid invalid invalid invalid invalid",
            |subject| form(format!("{}/comments", post_path(subject)), &[("body", " ")]),
            |subject| call("POST", format!("{}/comments", post_path(subject)), json!({ "source": " " })),
            |subject| create_comment(&subject.slug, json!({ "source": " " })),
        ),
        Write {
            visitor_at_pages: Some("not-found"),
            ..write(
                "a comment on a post that is not there",
                "unauthenticated not-found not-found not-found not-found not-found",
                |_| form("/posts/nothing/comments", &[("body", "Words")]),
                |_| call("POST", "/posts/nothing/comments", json!({ "source": "Words" })),
                |_| create_comment("nothing", json!({ "source": "Words" })),
            )
        },
        Write {
            visitor_at_pages: Some("not-found"),
            ..write(
                "a comment on a draft",
                "unauthenticated not-found not-found not-found not-found not-found",
                |subject| form(format!("/posts/{}/comments", subject.draft), &[("body", "Words")]),
                |subject| call("POST", format!("/posts/{}/comments", subject.draft), json!({ "source": "Words" })),
                |subject| create_comment(&subject.draft, json!({ "source": "Words" })),
            )
        },
        write(
            "edit a comment",
            "unauthenticated forbidden forbidden done forbidden forbidden",
            |subject| form(format!("{}/edit", comment_path(subject)), &[("body", "Other *words*")]),
            |subject| call("PATCH", comment_path(subject), json!({ "source": "Other *words*" })),
            update,
        ),
        write(
            "delete a comment",
            "unauthenticated forbidden forbidden done done done",
            |subject| form(format!("{}/delete", comment_path(subject)), &[]),
            |subject| call("DELETE", comment_path(subject), Value::Null),
            |subject| {
                let place = [("post", "String!", json!(subject.slug)), ("id", "ID!", json!(subject.comment))];
                mutation("deleteComment", &place)
            },
        ),
    ]
}
