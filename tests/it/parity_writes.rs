//! Every write as a form, a call of REST and a mutation of GraphQL, with what comes of it for whom.

use crate::harness::PASSWORD;
use crate::parity::Subject;
use serde_json::{Map, Value, json};

/// A password that nobody has yet.
const NEW_PASSWORD: &str = "battery horse correct";
/// What `PEOPLE` get where this is the least role.
const READERS: &str = "unauthenticated done done done done done";
const AUTHORS: &str = "unauthenticated forbidden done done done done";
const EDITORS: &str = "unauthenticated forbidden forbidden forbidden done done";
const ADMINISTRATORS: &str = "unauthenticated forbidden forbidden forbidden forbidden done";

/// A write and what comes of it.
pub struct Write {
    pub name: &'static str,
    /// `done` or the word of the refusal, for each of `PEOPLE`.
    pub expected: &'static str,
    pub page: Option<fn(&Subject) -> Form>,
    pub rest: fn(&Subject) -> Call,
    pub graphql: Option<fn(&Subject) -> Mutation>,
    /// No token may do it.
    pub wants_session: bool,
    /// Pages ask visitors to log in beside the post, so that there has to be one.
    pub visitor_at_pages: Option<&'static str>,
    /// Whether this name can sign in with this password is part of what came of it. No name: whoever asked;
    /// `subject`: the account that the row is about.
    pub opens: Option<(&'static str, &'static str)>,
}

/// A form as a browser sends it.
pub struct Form {
    pub path: String,
    pub fields: Vec<(&'static str, String)>,
    pub image: Option<Vec<u8>>,
}

/// A call of REST, below `/api/v1`.
pub struct Call {
    pub method: &'static str,
    pub path: String,
    /// What is sent as `If-Match`; whoever may not change a thing may not read its tag either.
    pub if_match: &'static str,
    pub body: Asks,
}

/// The body of a call.
pub enum Asks {
    Nothing,
    Json(Value),
    Image(Vec<u8>),
}

/// A mutation of GraphQL.
pub struct Mutation {
    pub document: String,
    pub variables: Value,
}

fn write(
    name: &'static str,
    expected: &'static str,
    page: fn(&Subject) -> Form,
    rest: fn(&Subject) -> Call,
    graphql: fn(&Subject) -> Mutation,
) -> Write {
    let (page, graphql) = (Some(page), Some(graphql));
    Write { name, expected, page, rest, graphql, wants_session: false, visitor_at_pages: None, opens: None }
}

impl Write {
    fn in_session(self) -> Write {
        Write { wants_session: true, ..self }
    }
}

fn form(path: impl Into<String>, fields: &[(&'static str, &str)]) -> Form {
    let fields = fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Form { path: path.into(), fields, image: None }
}

fn call(method: &'static str, path: impl Into<String>, body: Value) -> Call {
    let body = if body.is_null() { Asks::Nothing } else { Asks::Json(body) };
    Call { method, path: path.into(), if_match: "*", body }
}

/// Arguments are (name, type, value).
fn mutation(name: &str, arguments: &[(&str, &str, Value)]) -> Mutation {
    let declared: Vec<String> = arguments.iter().map(|(name, kind, _)| format!("${name}: {kind}")).collect();
    let passed: Vec<String> = arguments.iter().map(|(name, ..)| format!("{name}: ${name}")).collect();
    let variables: Map<String, Value> =
        arguments.iter().map(|(name, _, value)| ((*name).to_owned(), value.clone())).collect();
    Mutation {
        document: format!(
            "mutation({}) {{ {name}({}) {{ errors {{ code }} }} }}",
            declared.join(", "),
            passed.join(", ")
        ),
        variables: variables.into(),
    }
}

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

impl Subject {
    /// A name, and an address, that nothing has yet.
    fn new_name(&self) -> String {
        format!("new-{}", self.number)
    }
}

fn post_path(subject: &Subject) -> String {
    format!("/posts/{}", subject.slug)
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
            ("input", "CommentPatch!", json!({ "body": "Other *words*" })),
        ];
        mutation("updateComment", &[place, change].concat())
    };
    vec![
        write(
            "write a comment",
            READERS,
            |subject| form(format!("{}/comments", post_path(subject)), &[("body", "A *word*")]),
            |subject| call("POST", format!("{}/comments", post_path(subject)), json!({ "body": "A *word*" })),
            |subject| create_comment(&subject.slug, json!({ "body": "A *word*" })),
        ),
        write(
            "answer a comment",
            READERS,
            |subject| {
                let fields = [("body", "Indeed"), ("parent", subject.comment.as_str())];
                form(format!("{}/comments", post_path(subject)), &fields)
            },
            |subject| {
                let body = json!({ "body": "Indeed", "parent_id": subject.comment });
                call("POST", format!("{}/comments", post_path(subject)), body)
            },
            |subject| create_comment(&subject.slug, json!({ "body": "Indeed", "parentId": subject.comment })),
        ),
        write(
            "a comment of nothing",
            "unauthenticated invalid invalid invalid invalid invalid",
            |subject| form(format!("{}/comments", post_path(subject)), &[("body", " ")]),
            |subject| call("POST", format!("{}/comments", post_path(subject)), json!({ "body": " " })),
            |subject| create_comment(&subject.slug, json!({ "body": " " })),
        ),
        Write {
            visitor_at_pages: Some("not-found"),
            ..write(
                "a comment on a post that is not there",
                "unauthenticated not-found not-found not-found not-found not-found",
                |_| form("/posts/nothing/comments", &[("body", "Words")]),
                |_| call("POST", "/posts/nothing/comments", json!({ "body": "Words" })),
                |_| create_comment("nothing", json!({ "body": "Words" })),
            )
        },
        Write {
            visitor_at_pages: Some("not-found"),
            ..write(
                "a comment on a draft",
                "unauthenticated not-found not-found not-found not-found not-found",
                |subject| form(format!("/posts/{}/comments", subject.draft), &[("body", "Words")]),
                |subject| call("POST", format!("/posts/{}/comments", subject.draft), json!({ "body": "Words" })),
                |subject| create_comment(&subject.draft, json!({ "body": "Words" })),
            )
        },
        write(
            "edit a comment",
            "unauthenticated forbidden forbidden done forbidden forbidden",
            |subject| form(format!("{}/edit", comment_path(subject)), &[("body", "Other *words*")]),
            |subject| call("PATCH", comment_path(subject), json!({ "body": "Other *words*" })),
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

fn category_path(subject: &Subject) -> String {
    format!("/categories/{}", subject.category_slug)
}

pub fn categories_and_images() -> Vec<Write> {
    let mut all = vec![
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
    ];
    let upload = Write {
        graphql: None,
        ..write(
            "upload an image",
            AUTHORS,
            |_| Form { image: Some(crate::media::png(700, 5, 0)), ..form("/admin/media", &[]) },
            |_| Call {
                body: Asks::Image(crate::media::png(700, 5, 0)),
                ..call("POST", "/media?name=new.png", Value::Null)
            },
            |_| mutation("", &[]),
        )
    };
    all.push(upload);
    all
}

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
            page: None,
            opens: Some(("subject", NEW_PASSWORD)),
            ..write(
                "give somebody a new password",
                ADMINISTRATORS,
                |_| form("", &[]),
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
