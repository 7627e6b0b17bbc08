//! Every edge of the graph, walked with each scope of a token alone: no byte of what is hidden, no e-mail address.

use crate::client::Client;
use crate::graphql;
use crate::harness::{Blog, PASSWORD, page, post};
use pamphlet::domain::token::TokenScope;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Words of a hidden post, of a hidden page and of an e-mail address.
const POST: &str = "zyxpost";
const PAGE: &str = "zyxpage";
const MAIL: &str = "zyxmail";

/// Edges on the longest path from the query to a node.
const DEPTH: usize = 4;

/// Fields of each type: name, arguments (with whether each is required), and the named type of what comes.
type Schema = BTreeMap<String, Vec<(String, Vec<(String, bool)>, String)>>;

fn named(kind: &Value) -> String {
    match &kind["ofType"] {
        Value::Null => kind["name"].as_str().unwrap().to_owned(),
        inner => named(inner),
    }
}

async fn schema(client: &Client) -> Schema {
    let kind = "kind name ofType { kind name ofType { kind name ofType { kind name } } }";
    let query = format!(
        "{{ __schema {{ types {{ kind name fields {{ name args {{ name type {{ kind name }} }} type {{ {kind} }} }} }} }} }}"
    );
    let answer = graphql::data(graphql::ask(client, &query).await);
    let types = answer["__schema"]["types"].as_array().unwrap().iter().filter(|one| one["kind"] == "OBJECT");
    let field = |field: &Value| {
        let args = field["args"].as_array().unwrap().iter();
        let args = args.map(|arg| (arg["name"].as_str().unwrap().to_owned(), arg["type"]["kind"] == "NON_NULL"));
        (field["name"].as_str().unwrap().to_owned(), args.collect(), named(&field["type"]))
    };
    types
        .map(|one| {
            (one["name"].as_str().unwrap().to_owned(), one["fields"].as_array().unwrap().iter().map(field).collect())
        })
        .collect()
}

/// Ways to write the arguments of a field.
fn arguments(args: &[(String, bool)]) -> Vec<String> {
    let required = args.iter().find(|(_, is_required)| *is_required).map(|(name, _)| name.as_str());
    match required {
        Some("id") => (1..=4).map(|id| format!("(id: \"{id}\")")).collect(),
        Some(name) => ["open", "zyxpost-title", "zyxpage-title", "birds", "shared", "ada"]
            .map(|word| format!("({name}: \"{word}\")"))
            .to_vec(),
        None if args.iter().any(|(name, _)| name == "status") => {
            ["PUBLISHED", "DRAFT", "SCHEDULED", "ALL"].map(|status| format!("(first: 9, status: {status})")).to_vec()
        }
        None if args.iter().any(|(name, _)| name == "first") => vec!["(first: 9)".into()],
        None => vec![String::new()],
    }
}

/// One selection for each path of edges that begins at `name`, with the plain fields of its last node.
fn selections(schema: &Schema, name: &str, depth: usize) -> Vec<String> {
    let fields = &schema[name];
    let plain: Vec<&str> =
        fields.iter().filter(|field| !schema.contains_key(&field.2)).map(|field| field.0.as_str()).collect();
    let mut found = if plain.is_empty() { Vec::new() } else { vec![plain.join(" ")] };
    // `edges` leads where `nodes` leads, and costs the same again.
    for (field, args, to) in fields.iter().filter(|field| schema.contains_key(&field.2) && field.0 != "edges") {
        // A connection is a step to its nodes, not an edge of its own.
        let left = if field == "nodes" { Some(depth) } else { depth.checked_sub(1) };
        let Some(left) = left else { continue };
        for args in arguments(args) {
            found.extend(selections(schema, to, left).iter().map(|rest| format!("{field}{args} {{ {rest} }}")));
        }
    }
    found
}

/// What this token must not see.
fn forbidden(scope: TokenScope) -> Vec<&'static str> {
    [(POST, TokenScope::PostsRead), (PAGE, TokenScope::PagesRead), (MAIL, TokenScope::UsersRead)]
        .into_iter()
        .filter(|(_, opens)| *opens != scope)
        .map(|(word, _)| word)
        .collect()
}

async fn token(blog: &Blog, scope: TokenScope) -> Client {
    let form = [("name", "Edges"), ("expires_in_days", "30"), (scope.as_str(), "on")];
    let made = blog.administrator.post_form("/account/tokens", &form).await.expect(201);
    let start = made.text.find("pamphlet_").unwrap();
    let secret: String = made.text[start..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    blog.visitor().with("authorization", &format!("Bearer {secret}"))
}

/// A blog with a public post, hidden ones with comments, a hidden page, and somebody with an e-mail address.
async fn world() -> Blog {
    let blog = Blog::start_with(|config| config.api_quota = 0).await;
    let category = blog.category("Birds").await;
    let ada = blog.author("ada").await;
    let eve = [("username", "eve"), ("email", "zyxmail@example.org"), ("password", PASSWORD), ("role", "reader")];
    blog.administrator.post_form("/admin/users", &eve).await.expect(303);
    let open = ada.write(post("Open").with("tags", "shared").with("category", &category)).await;
    ada.comment(&open, "Words").await;
    let hidden = post("zyxpost title").body("zyxpost body").with("excerpt", "zyxpost").with("category", &category);
    let hidden = ada.write(hidden.with("tags", "shared, zyxpost")).await;
    ada.comment(&hidden, "On it").await;
    ada.edit(&hidden, &[], "unpublish").await.expect(303);
    ada.write(post("zyxpost later").with("published_at", "2026-06-01T00:00").with("tags", "shared")).await;
    blog.administrator.write(page("zyxpage title").body("zyxpage body").draft()).await;
    blog
}

#[tokio::test(flavor = "multi_thread")]
async fn no_edge_of_the_graph_shows_more_than_the_scope_of_a_token_opens() {
    let blog = world().await;
    let schema = schema(&blog.administrator).await;
    let queries = selections(&schema, "Query", DEPTH);
    assert!(queries.len() > 100, "{} paths", queries.len());
    let mut leaks = Vec::new();
    let mut seen = String::new();
    for scope in TokenScope::ALL {
        let client = token(&blog, *scope).await;
        for query in &queries {
            let body = json!({ "query": format!("{{ {query} }}") }).to_string();
            let answer = client.post("/graphql", "application/json", body).await.expect(200);
            // What was asked for may be repeated.
            let text = answer.text.replace("zyxpost-title\\\"", "").replace("zyxpage-title\\\"", "");
            seen.push_str(if answer.text.contains("\"errors\"") { "" } else { query });
            for word in forbidden(*scope).into_iter().filter(|word| text.contains(word)) {
                leaks.push(format!("{} reads {word}: {query}\n  {text}", scope.as_str()));
            }
        }
    }
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
    // The walk reaches what it is about.
    for part in ["post {", "comments(first: 9) { nodes", "user(id: \"3\")", "authors {"] {
        assert!(seen.contains(part), "nothing was read through {part}");
    }
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_list_of_the_api_shows_more_than_the_scope_of_a_token_opens() {
    let blog = world().await;
    let mut leaks = Vec::new();
    for scope in TokenScope::ALL {
        let client = token(&blog, *scope).await;
        for path in [
            "/posts?status=all&include=html,source",
            "/posts?status=draft",
            "/posts/zyxpost-title",
            "/posts/zyxpost-title/comments",
            "/pages?status=all",
            "/pages/zyxpage-title",
            "/comments?include=source",
            "/comments/1?include=source",
            "/comments/2?include=source",
            "/users",
            "/users/eve",
            "/tags",
            "/categories",
            "/redirects",
            "/media",
        ] {
            let answer = client.get(&format!("/api/v1{path}")).await;
            assert!(answer.status < 500, "{path}: {}", answer.text);
            let text = answer.text.replace(path.split('?').next().unwrap(), "");
            for word in forbidden(*scope).into_iter().filter(|word| text.contains(word)) {
                leaks.push(format!("{} reads {word}: {path}\n  {text}", scope.as_str()));
            }
        }
    }
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_change_an_account_and_not_read_it_is_not_told_its_address() {
    let blog = world().await;
    let writes = token(&blog, TokenScope::UsersWrite).await;
    let change = |role: &'static str| json!({ "role": role });
    let changed = writes.with("if-match", "*").json("PATCH", "/api/v1/users/eve", &change("author")).await.expect(200);
    changed.lacks(MAIL).contains("\"role\":\"author\"");
    // The tag of what it was told is good for its next change, as is that of the whole.
    let told = writes.with("if-match", "*").json("PATCH", "/api/v1/users/eve", &change("reader")).await.expect(200);
    let whole = blog.administrator.get("/api/v1/users/eve").await.expect(200).contains(MAIL);
    let tag = told.header("etag").unwrap();
    writes.with("if-match", tag).json("PATCH", "/api/v1/users/eve", &change("author")).await.expect(200);
    let old = whole.header("etag").unwrap();
    writes.with("if-match", old).json("PATCH", "/api/v1/users/eve", &change("editor")).await.expect(412);
    let id = blog.user_id("eve").await;
    let read = format!("{{ user(id: \"{id}\") {{ etag email }} }}");
    for client in [&writes, &blog.administrator] {
        let etag = graphql::data(graphql::ask(client, &read).await)["user"]["etag"].clone();
        let update = format!(
            "mutation {{ updateUser(id: \"{id}\", etag: {etag}, input: {{ role: READER }}) \
             {{ user {{ email role }} errors {{ message }} }} }}"
        );
        let updated = graphql::data(graphql::ask(&writes, &update).await)["updateUser"].clone();
        assert_eq!(
            (&updated["user"]["role"], &updated["user"]["email"]),
            (&json!("READER"), &Value::Null),
            "{updated}"
        );
    }
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_address_of_a_hidden_page_is_told_to_nobody_who_may_not_see_the_page() {
    let blog = Blog::start().await;
    let made = blog.administrator.write(page("About")).await;
    blog.administrator.edit(&made, &[("slug", PAGE)], "save").await.expect(303);
    let reads = token(&blog, TokenScope::PostsRead).await;
    reads.get("/api/v1/redirects").await.expect(200).contains(PAGE);
    blog.administrator.edit(&made, &[], "unpublish").await.expect(303);
    reads.get("/api/v1/redirects").await.expect(200).lacks(PAGE);
    blog.administrator.get("/api/v1/redirects").await.expect(200).contains(PAGE);
    blog.stop().await;
}
