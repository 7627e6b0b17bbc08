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
        "mutation($input: PostInput!) { createPost(input: $input) { post { id slug url version state } errors { field } } }",
        json!({ "input": {
            "title": "Owls at night", "source": "They **hoot**.", "category": "birds", "tags": ["Owls"],
            "status": "PUBLISHED",
        } }),
    )
    .await;
    let created = data(created)["createPost"].clone();
    assert_eq!(created["post"]["slug"], "owls-at-night", "{created:#}");
    assert_eq!(created["post"]["state"], "PUBLISHED");
    let grace = blog.reader("grace").await;
    let written = ask(
        &grace,
        r#"mutation { createComment(post: "owls-at-night", input: { body: "*Nice*" }) { comment { id html } } }"#,
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
}
