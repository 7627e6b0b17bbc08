//! GraphQL over HTTP: what is asked for comes, in the words of the schema.

use crate::client::{Answer, Client};
use crate::harness::Blog;
use serde_json::{Value, json};

/// Sends a document by POST and gives the response.
pub async fn ask(client: &Client, query: &str) -> Value {
    ask_with(client, query, json!({})).await
}

pub async fn ask_with(client: &Client, query: &str, variables: Value) -> Value {
    let body = json!({ "query": query, "variables": variables }).to_string();
    let answer = client.post("/graphql", "application/json", body).await.expect(200);
    json(&answer)
}

pub fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.text).unwrap_or_else(|error| panic!("{error}: {}", answer.text))
}

/// The data of a response that has no errors.
#[track_caller]
pub fn data(response: Value) -> Value {
    assert!(response.get("errors").is_none(), "{response:#}");
    response["data"].clone()
}

/// The code of the first error.
#[track_caller]
pub fn code(response: &Value) -> &str {
    response["errors"][0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("no code: {response:#}"))
}

#[tokio::test]
async fn a_visitor_reads_posts_with_everything_around_them() {
    let blog = Blog::start().await;
    let ada = blog.author("ada").await;
    blog.category("Birds").await;
    let created = ask_with(
        &ada,
        "mutation($input: PostInput!) { createPost(input: $input) { post { id slug url version status } errors { field } } }",
        json!({ "input": {
            "title": "Owls at night", "source": "They **hoot**.", "category": "birds", "tags": ["Owls"],
            "status": "PUBLISHED",
        } }),
    )
    .await;
    let created = data(created)["createPost"].clone();
    assert_eq!(created["post"]["slug"], "owls-at-night", "{created:#}");
    assert_eq!(created["post"]["status"], "PUBLISHED");
    let grace = blog.reader("grace").await;
    let written = ask(
        &grace,
        r#"mutation { createComment(post: "owls-at-night", input: { source: "*Nice*" }) { comment { id html } } }"#,
    )
    .await;
    assert_eq!(data(written)["createComment"]["comment"]["html"], "<p><em>Nice</em></p>\n");
    let asked = r#"{
        post(slug: "owls-at-night") {
            title html commentCount tags { slug posts { nodes { slug } } } category { slug name posts { edges { node { title } } } }
            authors { username posts(first: 1) { nodes { slug } } }
            comments(first: 5) { edges { cursor node { html author { displayName } } } pageInfo { hasNextPage endCursor } }
        }
        posts(category: "birds") { nodes { slug } }
        tag(slug: "owls") { name posts { nodes { slug } } } nobody: tag(slug: "bats") { name }
        me { username }
        missing: post(slug: "nothing") { title }
    }"#;
    let seen = data(ask(&blog.visitor(), asked).await);
    let owls = &seen["post"];
    assert_eq!(owls["html"], "<p>They <strong>hoot</strong>.</p>\n");
    assert_eq!(owls["commentCount"], 1);
    assert_eq!(owls["category"]["posts"]["edges"][0]["node"]["title"], "Owls at night");
    assert_eq!(owls["comments"]["edges"][0]["node"]["author"]["displayName"], "grace");
    assert_eq!(owls["comments"]["pageInfo"]["hasNextPage"], false);
    assert_eq!((&seen["me"], &seen["missing"]), (&Value::Null, &Value::Null));
    assert_eq!(seen["posts"]["nodes"][0]["slug"], "owls-at-night");
    let tag = json!({ "name": "Owls", "posts": { "nodes": [{ "slug": "owls-at-night" }] } });
    assert_eq!((&seen["tag"], &seen["nobody"]), (&tag, &Value::Null));
}

const WRITE: &str = "mutation($input: PostInput!) { createPost(input: $input) { post { id slug version status source } errors { field message code } } }";

async fn write(client: &Client, input: Value) -> Value {
    data(ask_with(client, WRITE, json!({ "input": input })).await)["createPost"].clone()
}

#[tokio::test]
async fn what_a_person_can_mend_is_told_in_the_payload() {
    let blog = Blog::start().await;
    let ada = blog.author("ada").await;
    let refused = write(&ada, json!({ "title": "", "category": "nowhere", "tags": ["\u{202e}"] })).await;
    assert_eq!(refused["post"], Value::Null);
    let fields: Vec<&str> =
        refused["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["category", "title", "tags"]);
    assert_eq!(refused["errors"][0]["code"], "invalid");
    // Two members of the same account begin from the same version: the second is told.
    let post = write(&ada, json!({ "title": "Owls", "source": "They hoot.", "tags": ["Owls"] })).await["post"].clone();
    let update = "mutation($id: ID!, $version: Int!, $input: PostInput!) {
        updatePost(id: $id, version: $version, input: $input) { post { version title source status tags { name } } errors { field code } } }";
    let publish = json!({ "id": post["id"], "version": 1, "input": { "status": "PUBLISHED" } });
    let updated = data(ask_with(&ada, update, publish.clone()).await)["updatePost"]["post"].clone();
    assert_eq!(
        updated,
        json!({ "version": 2, "title": "Owls", "source": "They hoot.", "status": "PUBLISHED", "tags": [{ "name": "Owls" }] }),
        "what is left out stays"
    );
    let stale = data(ask_with(&ada, update, publish).await)["updatePost"].clone();
    assert_eq!((&stale["post"], &stale["errors"][0]["code"]), (&Value::Null, &json!("stale")));
    let delete =
        "mutation($id: ID!, $version: Int!) { deletePost(id: $id, version: $version) { deleted errors { code } } }";
    let stale = data(ask_with(&ada, delete, json!({ "id": post["id"], "version": 1 })).await)["deletePost"].clone();
    assert_eq!(stale["errors"][0]["code"], "stale");
    let gone = data(ask_with(&ada, delete, json!({ "id": post["id"], "version": 2 })).await)["deletePost"].clone();
    assert_eq!(gone, json!({ "deleted": post["id"], "errors": [] }));
    // Whoever says that it is published and names no time does not want it to wait.
    let later = json!({ "title": "Later", "status": "SCHEDULED", "publishedAt": "2030-01-01T12:00:00Z" });
    let later = write(&ada, later).await["post"].clone();
    for (version, input, status) in
        [(1, json!({ "title": "Soon" }), "SCHEDULED"), (2, json!({ "status": "PUBLISHED" }), "PUBLISHED")]
    {
        let change = json!({ "id": later["id"], "version": version, "input": input });
        assert_eq!(data(ask_with(&ada, update, change).await)["updatePost"]["post"]["status"], status);
    }
}

#[tokio::test]
async fn who_may_not_do_something_is_told_so_with_the_word_of_rest() {
    let blog = Blog::start().await;
    let (ada, grace) = (blog.author("ada").await, blog.reader("grace").await);
    let input = json!({ "input": { "title": "Mine" } });
    assert_eq!(code(&ask_with(&blog.visitor(), WRITE, input.clone()).await), "unauthenticated");
    assert_eq!(code(&ask_with(&grace, WRITE, input).await), "forbidden");
    let draft = write(&ada, json!({ "title": "Secret owls", "source": "Nobody knows." })).await["post"].clone();
    for other in [&grace, &blog.visitor()] {
        let seen = data(ask(other, r#"{ post(slug: "secret-owls") { title } posts { nodes { title } } }"#).await);
        assert_eq!((&seen["post"], &seen["posts"]["nodes"]), (&Value::Null, &json!([])));
        let delete = format!("mutation {{ deletePost(id: {}, version: 1) {{ deleted }} }}", draft["id"]);
        assert!(["not-found", "unauthenticated", "forbidden"].contains(&code(&ask(other, &delete).await)));
        for list in ["users", "comments", "media", "redirects"] {
            let refused = ask(other, &format!("{{ {list} {{ nodes {{ __typename }} }} }}")).await;
            assert!(["unauthenticated", "forbidden"].contains(&code(&refused)), "{list}: {refused:#}");
        }
        assert!(["unauthenticated", "forbidden"].contains(&code(&ask(other, "{ settings { title } }").await)));
        assert!(
            ["unauthenticated", "forbidden"]
                .contains(&code(&ask(other, "{ posts(status: DRAFT) { nodes { title } } }").await))
        );
    }
    // The source of a public post is for those who see it unpublished.
    write(&ada, json!({ "title": "Open owls", "source": "Everybody knows.", "status": "PUBLISHED" })).await;
    let partly = ask(&grace, r#"{ post(slug: "open-owls") { title source } }"#).await;
    assert_eq!(partly["data"]["post"], json!({ "title": "Open owls", "source": null }));
    assert_eq!((code(&partly), &partly["errors"][0]["path"]), ("forbidden", &json!(["post", "source"])));
}

#[tokio::test]
async fn administrators_see_to_people_categories_and_settings() {
    let blog = Blog::start().await;
    let root = &blog.administrator;
    let made = data(ask(root, r#"mutation { createUser(input: { username: "ada", password: "correct horse battery" }) { user { id role etag } errors { field } } }"#).await);
    let user = &made["createUser"]["user"];
    assert_eq!(user["role"], "READER");
    let taken = data(
        ask(root, r#"mutation { createUser(input: { username: "ada", password: "short" }) { errors { field } } }"#)
            .await,
    );
    assert_eq!(taken["createUser"]["errors"][0]["field"], "password");
    let promote = "mutation($id: ID!, $etag: String!) { updateUser(id: $id, etag: $etag, input: { role: AUTHOR, disabled: false }) { user { role } errors { code } } }";
    let variables = json!({ "id": user["id"], "etag": user["etag"] });
    assert_eq!(data(ask_with(root, promote, variables.clone()).await)["updateUser"]["user"]["role"], "AUTHOR");
    assert_eq!(data(ask_with(root, promote, variables).await)["updateUser"]["errors"][0]["code"], "stale");
    let people = data(ask(root, "{ users(first: 1) { nodes { username } pageInfo { hasNextPage endCursor } } me { username } sessions { current } tokens { name } redirects { nodes { path } } media { nodes { name } } pages { nodes { slug } } }").await);
    assert_eq!(people["users"]["nodes"][0]["username"], "root");
    assert_eq!(
        (&people["users"]["pageInfo"]["hasNextPage"], &people["sessions"][0]["current"]),
        (&json!(true), &json!(true))
    );
    let after = people["users"]["pageInfo"]["endCursor"].as_str().unwrap();
    let rest = data(
        ask(
            root,
            &format!(
                "{{ users(after: \"{after}\") {{ nodes {{ username }} pageInfo {{ hasNextPage hasPreviousPage }} }} }}"
            ),
        )
        .await,
    );
    assert_eq!(rest["users"]["nodes"], json!([{ "username": "ada" }]));
    // A cursor from elsewhere is refused.
    let foreign = ask(root, &format!("{{ media(after: \"{after}\") {{ nodes {{ name }} }} }}")).await;
    assert_eq!(
        (code(&foreign), &foreign["errors"][0]["extensions"]["errors"][0]["field"]),
        ("invalid", &json!("after"))
    );
    let settings = data(ask(root, "{ settings { title timeZone etag } }").await)["settings"].clone();
    let change = "mutation($etag: String!) { updateSettings(etag: $etag, input: { title: \"Owls\", timeZone: \"UTC\", postsPerPage: 5, signupOpen: true, navigation: [], language: \"en\" }) { settings { title postsPerPage } errors { field code } } }";
    let changed = data(ask_with(root, change, json!({ "etag": settings["etag"] })).await);
    assert_eq!(changed["updateSettings"]["settings"], json!({ "title": "Owls", "postsPerPage": 5 }));
    assert_eq!(
        data(ask_with(root, change, json!({ "etag": settings["etag"] })).await)["updateSettings"]["errors"][0]["code"],
        "stale"
    );
    // What an input leaves out stays as it is, whatever it is.
    let one = "mutation($etag: String!, $input: SettingsInput!) { updateSettings(etag: $etag, input: $input) { settings { title tagline timeZone postsPerPage signupOpen } } }";
    let etag = data(ask(root, "{ settings { etag } }").await)["settings"]["etag"].clone();
    let changed = data(ask_with(root, one, json!({ "etag": etag, "input": { "tagline": "At night" } })).await);
    let expected =
        json!({ "title": "Owls", "tagline": "At night", "timeZone": "UTC", "postsPerPage": 5, "signupOpen": true });
    assert_eq!(changed["updateSettings"]["settings"], expected);
    let ada = "{ users(first: 5) { nodes { id username role etag } } }";
    let ada = data(ask(root, ada).await)["users"]["nodes"].as_array().unwrap().clone();
    let ada = ada.iter().find(|user| user["username"] == "ada").unwrap().clone();
    let disable = "mutation($id: ID!, $etag: String!) { updateUser(id: $id, etag: $etag, input: { disabled: true }) { user { role disabled } } }";
    let disabled = data(ask_with(root, disable, json!({ "id": ada["id"], "etag": ada["etag"] })).await);
    assert_eq!(disabled["updateUser"]["user"], json!({ "role": "AUTHOR", "disabled": true }));
    let own = data(ask(root, "{ me { displayName etag } }").await)["me"].clone();
    let profile = "mutation($etag: String!) { updateProfile(etag: $etag, input: { bio: \"Keeps owls.\" }) { user { displayName bio } } }";
    let profile = data(ask_with(root, profile, json!({ "etag": own["etag"] })).await);
    let expected = json!({ "displayName": own["displayName"], "bio": "Keeps owls." });
    assert_eq!(profile["updateProfile"]["user"], expected);
    let category = data(
        ask(root, r#"mutation { createCategory(input: { name: "Birds" }) { category { id etag } } }"#).await,
    )["createCategory"]["category"]
        .clone();
    let rename = "mutation($id: ID!, $etag: String!) { updateCategory(id: $id, etag: $etag, input: { name: \"Owls\", slug: \"owls\" }) { category { slug } errors { code } } }";
    let renamed = data(ask_with(root, rename, category.clone()).await);
    assert_eq!(renamed["updateCategory"]["category"]["slug"], "owls");
    let other = data(ask(root, r#"mutation { createCategory(input: { name: "Mice" }) { category { id } } }"#).await)["createCategory"]["category"]["id"].clone();
    let merge = json!({ "id": other, "into": category["id"] });
    let merged = data(
        ask_with(
            root,
            "mutation($id: ID!, $into: ID!) { mergeCategory(id: $id, into: $into) { category { slug } } }",
            merge,
        )
        .await,
    );
    assert_eq!(merged["mergeCategory"]["category"]["slug"], "owls");
    let all = data(ask(root, "{ categories { nodes { slug } } redirects { nodes { path url } } }").await);
    assert_eq!(
        (all["categories"]["nodes"].as_array().unwrap().len(), all["redirects"]["nodes"].as_array().unwrap().len()),
        (1, 2)
    );
}

#[tokio::test]
async fn a_token_does_what_it_is_for_and_never_more_than_its_owner() {
    let blog = Blog::start().await;
    let ada = blog.author("ada").await;
    let make = r#"mutation { createToken(input: { name: "Script", scopes: ["posts:write"] }) { issued { secret token { id } } errors { field } } }"#;
    let issued = data(ask(&ada, make).await)["createToken"]["issued"].clone();
    let secret = issued["secret"].as_str().unwrap();
    let script = blog.visitor().with("authorization", &format!("Bearer {secret}")).with("sec-fetch-site", "cross-site");
    let written =
        ask(&script, r#"mutation { createPost(input: { title: "By a script" }) { post { slug } errors { code } } }"#)
            .await;
    assert_eq!(data(written)["createPost"]["post"]["slug"], "by-a-script");
    let comment =
        ask(&script, r#"mutation { createComment(post: "x", input: { source: "y" }) { comment { id } } }"#).await;
    assert_eq!(code(&comment), "scope-missing");
    assert_eq!(code(&ask(&script, make).await), "session-needed");
    assert_eq!(code(&ask(&script, "{ me { username } }").await), "scope-missing");
    // In the address it would end up in logs.
    let answer = script.elsewhere().get(&format!("/graphql?query={{__typename}}&x={secret}")).await.expect(400);
    assert_eq!(code(&json(&answer)), "token-in-address");
    let revoke = format!("mutation {{ revokeToken(id: {}) {{ deleted }} }}", issued["token"]["id"]);
    data(ask(&ada, &revoke).await);
    let refused = script.post("/graphql", "application/json", r#"{"query":"{__typename}"}"#).await.expect(401);
    assert_eq!(json(&refused)["errors"][0]["extensions"], json!({ "code": "bad-token" }));
}

#[tokio::test]
async fn the_explorer_asks_as_whoever_is_signed_in() {
    let blog = Blog::start().await;
    let ada = blog.author("ada").await;
    ada.get("/admin/posts").await.expect(200).contains("/admin/explorer");
    let form = ada.get("/admin/explorer").await.expect(200).contains("posts(first: 5)").contains("commentAdded");
    assert_eq!(form.count("<script"), 0);
    let run = |query: &'static str, variables: &'static str| {
        let ada = ada.clone();
        async move { ada.post_form("/admin/explorer", &[("query", query), ("variables", variables)]).await }
    };
    let answer = run("query($all: Boolean!) { me { username role @include(if: $all) } }", "{\"all\": true}").await;
    let answer = answer.expect(200).contains("&quot;username&quot;: &quot;ada&quot;").contains("&quot;cost&quot;");
    assert!(answer.contains("AUTHOR").text.contains("query($all"), "what was typed stays");
    run("{ nothing }", "").await.expect(422).contains("invalid-query");
    run("{ me { username } }", "[1]").await.expect(422).contains("field-variables");
    run("{ settings { title } }", "").await.expect(200).contains("forbidden");
    run("mutation { createPost(input: { title: \"By hand\" }) { post { slug } } }", "")
        .await
        .expect(200)
        .contains("by-hand");
    // A page of another site cannot send the form.
    let forged = ada.with("sec-fetch-site", "cross-site");
    forged.post_form("/admin/explorer", &[("query", "{ me { username } }")]).await.expect(403);
    blog.reader("grace").await.get("/admin/explorer").await.expect(403);
    blog.visitor().get("/admin/explorer").await.expect(303);
    let closed = blog.restart_with(|config| config.graphql_introspection = false).await;
    closed.administrator.get("/admin/explorer").await.expect(200).lacks("commentAdded");
}
