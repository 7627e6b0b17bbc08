//! Every write of categories and images.

use crate::parity_world::Subject;
use crate::parity_writes::{AUTHORS, Asks, Call, EDITORS, Form, Mutation, Write, call, form, mutation, write};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

fn category_path(subject: &Subject) -> String {
    format!("/categories/{}", subject.category_slug)
}

pub fn categories_and_images() -> Vec<Write> {
    vec![
        write(
            "make a category",
            EDITORS,
            |subject| form("/admin/categories", &[("name", &subject.new_name()), ("description", "All of them")]),
            |subject| call("POST", "/categories", json!({ "name": subject.new_name(), "description": "All of them" })),
            |subject| {
                let input = json!({ "name": subject.new_name(), "description": "All of them" });
                mutation("createCategory", &[("input", "CategoryInput!", input)])
            },
        ),
        write(
            "a category of nothing",
            "unauthenticated forbidden forbidden forbidden invalid invalid",
            |_| form("/admin/categories", &[("name", " ")]),
            |_| call("POST", "/categories", json!({ "name": " " })),
            |_| mutation("createCategory", &[("input", "CategoryInput!", json!({ "name": " " }))]),
        ),
        write(
            "a category whose address is taken",
            "unauthenticated forbidden forbidden forbidden invalid invalid",
            |subject| form("/admin/categories", &[("name", "Birds"), ("slug", &subject.category_slug)]),
            |subject| call("POST", "/categories", json!({ "name": "Birds", "slug": subject.category_slug })),
            |subject| {
                let input = json!({ "name": "Birds", "slug": subject.category_slug });
                mutation("createCategory", &[("input", "CategoryInput!", input)])
            },
        ),
        write(
            "rename a category",
            EDITORS,
            |subject| {
                let name = subject.new_name();
                let fields = [("name", name.as_str()), ("slug", &name), ("description", "")];
                form(format!("/admin/categories/{}", subject.category), &fields)
            },
            |subject| {
                let name = subject.new_name();
                call("PATCH", category_path(subject), json!({ "name": name, "slug": name }))
            },
            |subject| {
                let seen = [("id", "ID!", json!(subject.category)), ("etag", "String!", json!(subject.etags.category))];
                let name = subject.new_name();
                let input = ("input", "CategoryInput!", json!({ "name": name, "slug": name }));
                mutation("updateCategory", &[&seen[..], &[input]].concat())
            },
        ),
        write(
            "merge a category",
            EDITORS,
            |subject| form(format!("/admin/categories/{}/merge", subject.category), &[("into", &subject.other)]),
            |subject| call("POST", format!("{}/merge", category_path(subject)), json!({ "into": subject.other_slug })),
            |subject| {
                mutation(
                    "mergeCategory",
                    &[("id", "ID!", json!(subject.category)), ("into", "ID!", json!(subject.other))],
                )
            },
        ),
        write(
            "merge a category into itself",
            "unauthenticated forbidden forbidden forbidden invalid invalid",
            |subject| form(format!("/admin/categories/{}/merge", subject.category), &[("into", &subject.category)]),
            |subject| {
                call("POST", format!("{}/merge", category_path(subject)), json!({ "into": subject.category_slug }))
            },
            |subject| {
                let ids = [("id", "ID!", json!(subject.category)), ("into", "ID!", json!(subject.category))];
                mutation("mergeCategory", &ids)
            },
        ),
        write(
            "delete a category",
            EDITORS,
            |subject| form(format!("/admin/categories/{}/delete", subject.category), &[]),
            |subject| call("DELETE", category_path(subject), Value::Null),
            |subject| {
                let seen = [("id", "ID!", json!(subject.category)), ("etag", "String!", json!(subject.etags.category))];
                mutation("deleteCategory", &seen)
            },
        ),
        write(
            "delete an image",
            "unauthenticated forbidden forbidden done done done",
            |subject| form(format!("/admin/media/{}/delete", subject.image), &[]),
            |subject| call("DELETE", format!("/media/{}", subject.image), Value::Null),
            |subject| mutation("deleteMedia", &[("id", "ID!", json!(subject.image))]),
        ),
        write(
            "upload an image",
            AUTHORS,
            |_| Form { image: Some(crate::media::png(700, 5, 0)), ..form("/admin/media", &[]) },
            |_| upload(crate::media::png(700, 5, 0)),
            |_| upload_media(&crate::media::png(700, 5, 0)),
        ),
        write(
            "upload what is no image",
            "unauthenticated forbidden invalid invalid invalid invalid",
            |_| Form { image: Some(b"no image".to_vec()), ..form("/admin/media", &[]) },
            |_| upload(b"no image".to_vec()),
            |_| upload_media(b"no image"),
        ),
    ]
}

fn upload(image: Vec<u8>) -> Call {
    Call { body: Asks::Image(image), ..call("POST", "/media?name=new.png", Value::Null) }
}

fn upload_media(image: &[u8]) -> Mutation {
    let input = json!({ "name": "new.png", "data": BASE64_STANDARD.encode(image) });
    mutation("uploadMedia", &[("input", "MediaInput!", input)])
}
