//! GraphQL over HTTP: media types, statuses, methods, events, and whatever else clients send.

use crate::client::Client;
use crate::graphql::{ask, ask_with, code, data, json};
use crate::harness::{Blog, PATIENCE, post};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const JSON: &str = "application/json";
const GRAPHQL: &str = "application/graphql-response+json";

fn get(query: &str) -> String {
    format!("/graphql?{}", form_urlencoded::Serializer::new(String::new()).append_pair("query", query).finish())
}

async fn send(client: &Client, accept: &str, body: impl Into<reqwest::Body>) -> (u16, String, Value) {
    let answer = client.with("accept", accept).post("/graphql", JSON, body).await;
    let media_type = answer.header("content-type").unwrap_or_default().to_owned();
    (answer.status, media_type, json(&answer))
}

#[tokio::test]
async fn the_status_says_how_it_went_where_the_media_type_lets_it() {
    let blog = Blog::start().await;
    let visitor = blog.visitor();
    for (body, status, word) in [
        (r#"{"query":"{"}"#, 400, "malformed"),
        (r#"{"query":"{ nothing }"}"#, 400, "invalid-query"),
        (r#"{"query":"query A { __typename }","operationName":"B"}"#, 400, "invalid-query"),
        (r#"{"query":"query($s: String!) { post(slug: $s) { id } }"}"#, 400, "invalid-query"),
        (r#"{"query":"subscription { postPublished { id } }"}"#, 406, "not-acceptable"),
    ] {
        let (told, media_type, response) = send(&visitor, GRAPHQL, body).await;
        assert_eq!((told, code(&response)), (status, word), "{body}");
        assert_eq!(media_type, "application/graphql-response+json; charset=utf-8");
        assert!(response.get("data").is_none(), "{body}: nothing was executed");
    }
    // It takes no guess what a subscription wants, whichever way it was asked for.
    let listen = "subscription { postPublished { id } }";
    let asked = json!({ "query": listen }).to_string();
    let any = visitor.with("accept", "*/*");
    for answer in
        [any.post("/graphql", JSON, asked.clone()).await, any.get(&get(listen)).await, visitor.get(&get(listen)).await]
    {
        answer.expect(406).contains("Accept: text/event-stream").contains("not-acceptable");
    }
    let (status, media_type, response) = send(&visitor, JSON, r#"{"query":"{ nothing }"}"#).await;
    assert_eq!((status, media_type.as_str()), (200, "application/json; charset=utf-8"));
    assert_eq!(code(&response), "invalid-query");
    // Executed with an error: a response with data, whatever the media type.
    let (status, _, response) = send(&visitor, GRAPHQL, r#"{"query":"{ me { id } settings { title } }"}"#).await;
    assert_eq!((status, &response["data"], code(&response)), (200, &Value::Null, "unauthenticated"));
    assert!(response.as_object().unwrap().contains_key("data"));
    let answer = visitor.with("accept", "text/html").post("/graphql", JSON, r#"{"query":"{__typename}"}"#).await;
    assert_eq!(code(&json(&answer.expect(406))), "not-acceptable");
}

/// What REST takes, GraphQL takes, and no more; nobody's file is looked at before it is known who sends it.
#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_uploaded_in_a_variable() {
    let blog = Blog::start().await;
    let (ada, rita) = (blog.author("ada").await, blog.reader("rita").await);
    let upload = "mutation($input: MediaInput!) { uploadMedia(input: $input) {
        media { id name url width } errors { field code message } } }";
    let send = async |who: &Client, data: &str| {
        ask_with(who, upload, json!({ "input": { "name": "Night owl.png", "data": data } })).await
    };
    let image = BASE64_STANDARD.encode(crate::media::png(12, 8, 3));
    let made = data(send(&ada, &image).await)["uploadMedia"]["media"].clone();
    assert_eq!((&made["name"], &made["width"]), (&json!("night-owl.png"), &json!(12)));
    blog.visitor().get(made["url"].as_str().unwrap()).await.expect(200);
    assert_eq!(data(send(&ada, &image).await)["uploadMedia"]["media"]["id"], made["id"], "by its content");
    for (who, word) in [(&blog.visitor(), "unauthenticated"), (&rita, "forbidden")] {
        assert_eq!(code(&send(who, "no Base64").await), word);
    }
    let refused = data(send(&ada, "no Base64").await)["uploadMedia"].clone();
    assert_eq!((&refused["media"], &refused["errors"][0]["field"]), (&Value::Null, &json!("data")));
    // The largest that may be is looked at; more is not read.
    let most = vec![0; 10 * 1024 * 1024];
    let looked_at = data(send(&ada, &BASE64_STANDARD.encode(&most)).await)["uploadMedia"].clone();
    assert_eq!(looked_at["errors"][0]["field"], "data");
    let more = BASE64_STANDARD.encode([&most[..], b"owl"].concat());
    assert_eq!(code(&send(&ada, &more).await), "too-large");
    let body = json!({ "query": upload, "variables": { "input": { "data": "A".repeat(15 << 20) } } });
    assert_eq!(code(&json(&ada.post("/graphql", JSON, body.to_string()).await.expect(413))), "too-large");
    blog.stop().await;
}

#[tokio::test]
async fn methods_and_bodies_that_are_not_taken_are_refused() {
    let blog = Blog::start().await;
    let ada = blog.author("ada").await;
    let mutation = r#"mutation { createPost(input: { title: "Forged" }) { post { id } } }"#;
    let answer = ada.get(&get(mutation)).await.expect(405);
    assert_eq!((answer.header("allow"), code(&json(&answer))), (Some("POST"), "method-not-allowed"));
    for method in ["PUT", "DELETE", "PATCH"] {
        let answer = ada.send(method, "/graphql").await.expect(405);
        assert_eq!(answer.header("allow"), Some("GET, HEAD, POST, OPTIONS"));
    }
    let form = ada.post_form("/graphql", &[("query", mutation)]).await.expect(415);
    assert_eq!(code(&json(&form)), "media-type");
    for media_type in
        ["text/plain", "application/graphql", "application/json; charset=utf-16", "multipart/form-data; boundary=x"]
    {
        ada.post("/graphql", media_type, json!({ "query": mutation }).to_string()).await.expect(415);
    }
    // A page of another site makes the browser send the cookie along.
    let elsewhere = ada.with("sec-fetch-site", "cross-site");
    let forged = elsewhere.post("/graphql", JSON, json!({ "query": mutation }).to_string()).await.expect(403);
    assert_eq!(code(&json(&forged)), "other-site");
    let seen = data(ask(&ada, "{ posts(status: ALL) { nodes { title } } }").await);
    assert_eq!(seen["posts"]["nodes"], json!([]), "nothing was written");
}

#[tokio::test]
async fn a_query_by_get_has_a_tag_that_changes_with_what_it_shows() {
    let blog = Blog::start().await;
    let ada = blog.author("ada").await;
    ada.write(post("Owls")).await;
    let (visitor, address) = (blog.visitor(), get("{ posts { nodes { title commentCount } } }"));
    let first = visitor.get(&address).await.expect(200).contains("Owls");
    assert_eq!(first.header("cache-control"), Some("public, max-age=0, must-revalidate"));
    assert!(first.header("vary").unwrap().contains("Accept") && first.header("vary").unwrap().contains("Cookie"));
    let known = visitor.with("if-none-match", first.header("etag").unwrap());
    known.get(&address).await.expect(304);
    ada.write(post("Mice")).await;
    known.get(&address).await.expect(200).contains("Mice");
    assert_eq!(ada.get(&address).await.expect(200).header("cache-control"), Some("private, no-cache"));
    let coded = visitor.with("accept-encoding", "gzip").get(&get("{ __schema { types { name description } } }")).await;
    assert_eq!(coded.expect(200).header("content-encoding"), Some("gzip"));
    let head = visitor.head(&address).await.expect(200);
    assert!(head.text.is_empty() && head.header("etag").is_some());
    let variables = "&variables=%7B%22slug%22:%22owls%22%7D&operationName=A";
    let named = get("query A($slug: String!) { post(slug: $slug) { title } } query B { __typename }");
    visitor.get(&format!("{named}{variables}")).await.expect(200).contains("Owls");
    let wrong = visitor.get("/graphql").await.expect(400);
    assert_eq!(code(&json(&wrong)), "malformed");
}

#[tokio::test]
async fn hostile_documents_are_refused_at_once_and_with_their_cost() {
    let blog = Blog::start().await;
    let visitor = blog.visitor();
    let aliases: String = (0..5_000).map(|number| format!("a{number}: __typename ")).collect();
    let some: String = (0..60).map(|number| format!("a{number}: title ")).collect();
    let roots: String = (0..30).map(|number| format!("post(slug: \"{number}\") {{ id }} ")).collect();
    let deep = format!("{{ post(slug: \"a\") {}{} }}", "{ authors { posts { nodes ".repeat(12), "} } }".repeat(12));
    let doubling: String =
        (0..30).map(|n| format!("fragment F{n} on Query {{ ...F{} ...F{} }} ", n + 1, n + 1)).collect();
    let introspection = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }";
    let documents = [
        format!("{{ {aliases} }}"),
        format!("{{ post(slug: \"a\") {{ {some} }} }}"),
        format!("{{ {roots} }}"),
        deep,
        format!("{}{}", "{a".repeat(10_000), "}".repeat(10_000)),
        format!("{{ post(slug: {}) {{ id }} }}", "[".repeat(50_000)),
        format!("query($a: {}Int{}) {{ __typename }}", "[".repeat(5_000), "]".repeat(5_000)),
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }".into(),
        "{ __typename } fragment A on Query { ...A }".into(),
        format!("{{ ...F0 }} {doubling} fragment F30 on Query {{ __typename }}"),
        "{ posts(first: 100) { nodes { comments(first: 100) { nodes { html } } } } }".into(),
        "query($n: Int = 100) { posts(first: $n) { nodes { comments(first: $n) { nodes { html post { title } } } } } }"
            .into(),
        introspection.into(),
        format!(
            "{{ {} }}",
            "__schema { types { fields { args { type { ofType { name description } } } } } } ".repeat(16)
        ),
        format!("{{ __typename {} }}", "@skip(if: false) ".repeat(4_000)),
        format!("# {}\n{{ __typename }}", "x".repeat(70_000)),
        "subscription { postPublished { id } commentAdded { id } }".into(),
    ];
    for document in documents {
        let began = Instant::now();
        let (status, _, response) = send(&visitor, GRAPHQL, json!({ "query": document }).to_string()).await;
        let shown: String = document.chars().take(80).collect();
        assert!(status == 400, "{shown}: {status} {response}");
        assert!(["too-costly", "invalid-query"].contains(&code(&response)), "{shown}: {response}");
        assert!(began.elapsed() < PATIENCE / 10, "{shown}: {:?}", began.elapsed());
    }
    let (_, _, costly) = send(
        &visitor,
        GRAPHQL,
        r#"{"query":"{ posts(first: 100) { nodes { comments(first: 100) { nodes { id } } } } }"}"#,
    )
    .await;
    let cost = &costly["extensions"]["cost"];
    assert!(cost["requested"].as_u64().unwrap() > cost["limit"].as_u64().unwrap(), "{costly}");
    let told = ask(&visitor, "{ posts(first: 10) { nodes { title } } }").await;
    assert_eq!(told["extensions"]["cost"], json!({ "requested": 21, "limit": 10_000 }));
    // The introspection that tools send is within the limits.
    let tools = "query { __schema { queryType { name } types { ...T } directives { name args { ...I } } } }
        fragment T on __Type { kind name description fields(includeDeprecated: true) { name args { ...I } type { ...R } } inputFields { ...I } interfaces { ...R } enumValues { name } possibleTypes { ...R } }
        fragment I on __InputValue { name type { ...R } defaultValue }
        fragment R on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } }";
    let schema = data(ask(&visitor, tools).await);
    assert!(schema["__schema"]["types"].as_array().unwrap().len() > 30);
}

#[tokio::test]
async fn bodies_that_are_no_request_are_refused_by_name_and_never_fail_the_server() {
    let blog = Blog::start().await;
    // Whoever writes posts may send more than a visitor.
    let visitor = &blog.administrator;
    let bodies: Vec<(Vec<u8>, &str)> = vec![
        (b"".to_vec(), "empty"),
        (b"[]".to_vec(), "query"),
        (br#"["{__typename}"]"#.to_vec(), "an object"),
        (
            [br#"{"query":"{__typename}","variables":{"x":["#.as_slice(), &b"[0],".repeat(60_000), b"0]}}"].concat(),
            "too many values",
        ),
        (b"null".to_vec(), "query"),
        (br#"{"qeury":"{__typename}"}"#.to_vec(), "qeury"),
        (br#"{"query":"{__typename}","query":"{me{id}}"}"#.to_vec(), "query"),
        (br#"{"query":"{__typename}","variables":{"a":1,"a":2}}"#.to_vec(), "`a`"),
        (br#"{"query":"{__typename}","variables":"{}"}"#.to_vec(), "an object"),
        (br#"{"query":"{__typename}","extensions":[]}"#.to_vec(), "an object"),
        (br#"{"query":7}"#.to_vec(), "a text"),
        (b"{\"query\":\"\xff\xfe\"}".to_vec(), "UTF-8"),
        (br#"{"query":"{__typename}","variables":{"n":1e400}}"#.to_vec(), "JSON"),
        ([b"{\"query\":\"{a}\",\"variables\":{\"a\":".as_slice(), &b"[".repeat(40_000)].concat(), "too deep"),
        (br#"[{"query":"{__typename}"},{"query":"{__typename}"}]"#.to_vec(), "GraphQL request"),
    ];
    for (body, named) in bodies {
        let shown = String::from_utf8_lossy(&body).chars().take(60).collect::<String>();
        for accept in [JSON, GRAPHQL] {
            let (status, _, response) = send(visitor, accept, body.clone()).await;
            assert_eq!((status, code(&response)), (400, "malformed"), "{shown}");
            let message = response["errors"][0]["message"].as_str().unwrap();
            assert!(message.contains(named), "{shown}: {message}");
        }
    }
    let huge = json!({ "query": "{__typename}", "variables": { "a": "x".repeat(15_000_000) } }).to_string();
    assert_eq!(code(&json(&visitor.post("/graphql", JSON, huge).await.expect(413))), "too-large");
    for (query, variables) in [
        ("query($n: Int) { posts(first: $n) { nodes { id } } }", json!({ "n": 99_999_999_999_999u64 })),
        ("query($n: Int) { posts(first: $n) { nodes { id } } }", json!({ "n": -1 })),
        ("query($n: Int) { posts(first: $n) { nodes { id } } }", json!({ "n": "7" })),
        ("query($n: Int) { posts(first: $n) { nodes { id } } }", json!({ "n": { "a": [] } })),
        ("query($s: String!) { post(slug: $s) { id } }", json!({ "s": "\u{0}/../\u{202e}" })),
        ("query($a: String) { posts(after: $a) { nodes { id } } }", json!({ "a": "posts.999999999999999999999.x" })),
        ("query($a: String) { posts(after: $a) { nodes { id } } }", json!({ "a": "users.7" })),
        ("query($i: ID!) { user(id: $i) { id } }", json!({ "i": "99999999999999999999999" })),
        (
            "mutation($i: PostInput!) { createPost(input: $i) { post { id } } }",
            json!({ "i": { "title": 7, "nothing": true } }),
        ),
        ("{ posts(first: 1 first: 2) { nodes { id } } }", json!({})),
        ("{ post(slug: \"\\uD800\") { id } }", json!({})),
    ] {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let (status, _, response) = send(visitor, GRAPHQL, body).await;
        assert!(status < 500, "{query} {variables}: {response}");
        if let Some(error) = response["errors"].get(0) {
            assert_ne!(error["extensions"]["code"], "internal", "{query} {variables}: {response}");
        }
    }
}

#[tokio::test]
async fn introspection_is_a_setting() {
    let blog = Blog::start_with(|config| config.graphql_introspection = false).await;
    let refused = ask(&blog.visitor(), "{ __schema { types { name } } }").await;
    assert_eq!(code(&refused), "invalid-query");
    let by_name = ask(&blog.visitor(), "query { ...A } fragment A on Query { __type(name: \"Post\") { name } }").await;
    assert!(by_name["errors"][0]["message"].as_str().unwrap().contains("schema"));
    // A typo is not answered with the names that there are.
    let typo = ask(&blog.visitor(), "{ pots { nodes { id } } }").await;
    assert!(!typo["errors"][0]["message"].as_str().unwrap().contains("posts"), "{typo}");
    assert_eq!(data(ask(&blog.visitor(), "{ __typename }").await)["__typename"], "Query");
}

/// A stream of events, read as it comes.
struct Events {
    stream: TcpStream,
    text: String,
}

impl Events {
    async fn open(blog: &Blog, document: &str) -> Events {
        let mut stream = TcpStream::connect(blog.address).await.unwrap();
        let address = get(document);
        let request = format!("GET {address} HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\n\r\n", blog.address);
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut events = Events { stream, text: String::new() };
        events.until("\r\n\r\n").await;
        events
    }

    /// Reads until `part` has come.
    async fn until(&mut self, part: &str) -> &str {
        let mut buffer = [0; 4096];
        while !self.text.contains(part) {
            let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut buffer)).await;
            let read = read.unwrap_or_else(|_| panic!("no {part:?} in {}", self.text)).unwrap();
            assert!(read > 0, "the stream ended without {part:?}: {}", self.text);
            self.text.push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
        &self.text
    }
}

#[tokio::test]
async fn new_comments_and_posts_are_told_as_events() {
    let blog = Blog::start_with(|config| config.patience.heartbeat = std::time::Duration::from_millis(50)).await;
    let (ada, grace) = (blog.author("ada").await, blog.reader("grace").await);
    let (owls, mice) = (ada.write(post("Owls")).await, ada.write(post("Mice")).await);
    let mut all =
        Events::open(&blog, "subscription { commentAdded { html author { username } post { title commentCount } } }")
            .await;
    let mut one = Events::open(&blog, "subscription { c: commentAdded(post: \"owls\") { html source } }").await;
    let mut posts = Events::open(&blog, "subscription { postPublished { title html } }").await;
    assert!(all.text.contains("200 OK") && all.text.contains("text/event-stream"));
    all.until("\n:\n\n").await;
    grace.comment(&mice, "squeak").await;
    grace.comment(&owls, "hoot").await;
    let told = all.until("hoot").await;
    assert!(
        told.contains(r#"event: next"#)
            && told.contains(
                r#"{"html":"<p>squeak</p>\n","author":{"username":"grace"},"post":{"title":"Mice","commentCount":1}}"#
            ),
        "{told}"
    );
    let told = one.until("hoot").await;
    assert!(!told.contains("squeak") && told.contains(r#""source":null"#), "{told}");
    ada.write(post("Hidden").draft()).await;
    ada.write(post("Bats").body("They *hang*.")).await;
    let told = posts.until("hang").await;
    assert!(!told.contains("Hidden"), "{told}");
    // Every other operation is one response.
    let mut query = Events::open(&blog, "{ posts { nodes { title } } }").await;
    let told = query.until("event: complete").await;
    assert!(told.contains("event: next\ndata: {\"data\":{\"posts\"") && told.contains("Bats"), "{told}");
    // Each listener is told each event, so that one may cost little.
    let costly = "subscription { commentAdded { post { comments(first: 100) { nodes { id } } } } }";
    let mut costly = Events::open(&blog, costly).await;
    let told = costly.until("event: complete").await;
    assert!(told.contains("too-costly") && told.contains(r#""limit":100,"#), "{told}");
    ada.write(post("Long").body(&"owls ".repeat(30_000))).await;
    posts.until("too-large").await;
    drop(costly);
    let mut wrong = Events::open(&blog, "subscription { nothing { id } }").await;
    assert!(wrong.until("event: complete").await.contains("invalid-query"));
    let mut nowhere = Events::open(&blog, "subscription { commentAdded(post: \"nothing\") { id } }").await;
    assert!(nowhere.until("event: complete").await.contains("not-found"));
    // A server that stops ends them, and nobody is told that it is over for good.
    drop((query, wrong, nowhere, one, posts));
    blog.stop().await;
    let told = all.until("the server stops").await;
    assert!(!told.contains("event: complete"), "{told}");
}
