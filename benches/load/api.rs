//! A post through REST and GraphQL against hyper alone with the same bytes and headers.

use crate::Result;
use crate::client;
use crate::fill;
use crate::folder;
use crate::process::Server;
use crate::table::Table;
use crate::yardstick::{self, Case};
use pamphlet::store::{Opening, Store};
use tokio::runtime::Runtime;

/// Posts that each case goes round: of those who miss the same answer at the same time one makes it.
const POSTS: u64 = 64;
const COMMENTS: u64 = 10;
const CACHE: usize = 16_000_000;
const COMPRESSED: (&str, &str) = ("accept-encoding", "gzip, deflate, br");
const PLAIN: (&str, &str) = ("accept-encoding", "identity");

/// What REST tells of a post, in the words of GraphQL.
const MEMBERS: &str = "id kind slug title url status publishedAt createdAt updatedAt version excerpt html \
    authors { username displayName url } category { slug name url } tags { slug name url } \
    cover { media url width height alt } commentsOpen";

type Requests = Vec<(String, Vec<u8>)>;

pub fn run() -> Result<()> {
    let folder = folder()?;
    let original = folder.path().join("blog.redb");
    fill::fill(
        &Store::open(&original, Opening::Create, CACHE)?,
        &fill::Plan { posts: POSTS, comments: COMMENTS, hash: None },
    )?;
    let start = |name: &str, options: &[&str]| {
        let file = folder.path().join(name);
        std::fs::copy(&original, &file)?;
        Server::pamphlet(&file, &[&["--bcrypt-cost", "10", "--api-quota", "0"], options].concat())
    };
    let cached = start("cached", &[])?;
    let uncached = start("uncached", &["--page-cache", "0"])?;
    let runtime = client::runtime()?;
    let case = |name, requests, goal| Case { name, requests, goal };
    let unchanged = unchanged(&runtime, &cached)?;
    let cases = [
        (&uncached, case("REST post, uncached", rest(PLAIN), Some(0.4))),
        (&cached, case("REST post, cached, plain", rest(PLAIN), Some(0.8))),
        (&cached, case("REST post, cached, br", rest(COMPRESSED), Some(0.8))),
        (&cached, case("REST post, 304", unchanged, Some(0.8))),
        (&uncached, case("GraphQL post, by POST", by_post(), Some(0.15))),
        (&uncached, case("GraphQL post, by GET", by_get(), None)),
    ];
    let only = std::env::var("PAMPHLET_BENCH_CASE").unwrap_or_default();
    let mut table = Table::new(&yardstick::HEAD);
    for (server, case) in cases.into_iter().filter(|(_, case)| case.name.contains(&only)) {
        table.row(yardstick::measure(&runtime, folder.path(), &case, server)?);
    }
    table.print();
    println!("{POSTS} posts, {} connections.", yardstick::CONNECTIONS);
    Ok(())
}

fn targets() -> impl Iterator<Item = String> {
    (1..=POSTS).map(|number| format!("/api/v1{}", fill::address(number)))
}

fn rest(coding: (&str, &str)) -> Requests {
    targets().map(|target| (target.clone(), client::get(&target, &[coding]))).collect()
}

/// Asks for what has changed since, which is nothing.
fn unchanged(runtime: &Runtime, server: &Server) -> Result<Requests> {
    let with_tag = |target: String| {
        let answer = runtime.block_on(client::fetch(server.address, &client::get(&target, &[PLAIN])))?;
        let tag = answer.headers.iter().find(|(name, _)| name == "etag").ok_or("an answer without an ETag")?;
        let request = client::get(&target, &[PLAIN, ("if-none-match", &tag.1)]);
        let again = runtime.block_on(client::fetch(server.address, &request))?;
        if again.status == 304 { Ok((target, request)) } else { Err(format!("{} and no 304", again.status).into()) }
    };
    targets().map(with_tag).collect()
}

fn query(number: u64) -> String {
    let slug = fill::address(number).replace("/posts/", "");
    format!("{{ post(slug: \"{slug}\") {{ {MEMBERS} }} }}")
}

fn by_post() -> Requests {
    let request = |number| {
        let body = serde_json::json!({ "query": query(number) }).to_string();
        ("/graphql".to_owned(), client::json("/graphql", &[PLAIN], &body))
    };
    (1..=POSTS).map(request).collect()
}

fn by_get() -> Requests {
    let request = |number| {
        let query: String = form_urlencoded::byte_serialize(query(number).as_bytes()).collect();
        let target = format!("/graphql?query={query}");
        (target.clone(), client::get(&target, &[PLAIN]))
    };
    (1..=POSTS).map(request).collect()
}
