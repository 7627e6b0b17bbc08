//! What the parts of an answer cost, without a socket: `cargo bench --bench parts`.

#[path = "load/fill.rs"]
mod fill;

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use http::Request;
use http_body_util::Empty;
use pamphlet::config::Config;
use pamphlet::content::markdown;
use pamphlet::domain::link::Links;
use pamphlet::service::{App, Clock};
use pamphlet::store::{Opening, Store};
use pamphlet::web::{Site, encoding, pipeline};
use std::error::Error;
use std::sync::Arc;
use tokio::runtime::Runtime;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

criterion_group!(benches, parts);
criterion_main!(benches);

fn parts(criterion: &mut Criterion) {
    if let Err(error) = answers(criterion).and_then(|()| texts(criterion)) {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

/// Whole answers, from the parsed request to the headers and the body.
fn answers(criterion: &mut Criterion) -> Result<()> {
    let folder = tempfile::TempDir::with_prefix_in("bench-", env!("CARGO_TARGET_TMPDIR"))?;
    let store = Store::open(&folder.path().join("blog.redb"), Opening::Create, 16_000_000)?;
    fill::fill(&store, &fill::Plan { posts: 100, comments: 100, hash: None })?;
    let site = site(store, Config::default().page_cache_size())?;
    let none = folder.path().join("none.redb");
    std::fs::copy(folder.path().join("blog.redb"), &none)?;
    let uncached = self::site(Store::open(&none, Opening::Existing, 16_000_000)?, 0)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let session = format!("session={}", fill::token(3));
    let post = fill::address(50);
    let slug = post.rsplit('/').next().unwrap_or("");
    let one = graphql(&format!("{{ post(slug: \"{slug}\") {{ {POST} }} }}"));
    let fifty = graphql(&format!(
        "{{ posts(first: 50) {{ nodes {{ {POST} comments(first: 10) {{ nodes {{ {COMMENT} }} }} }} }} }}"
    ));
    let mut group = criterion.benchmark_group("answer");
    for (name, site, target, cookie, coding) in [
        ("cached post, br", &site, post.as_str(), "", "br"),
        ("signed-in post, plain", &site, &post, &session, "identity"),
        ("signed-in post, gzip", &site, &post, &session, "gzip"),
        ("signed-in front page, plain", &site, "/", &session, "identity"),
        ("signed-in front page, gzip", &site, "/", &session, "gzip"),
        ("uncached post, plain", &uncached, &post, "", "identity"),
        ("uncached front page, plain", &uncached, "/", "", "identity"),
        ("uncached feed, plain", &uncached, "/feed.xml", "", "identity"),
        ("GraphQL, a post", &site, &one, &session, "identity"),
        ("GraphQL, 50 posts with 10 comments each", &site, &fifty, &session, "identity"),
        ("not found", &site, "/nothing/here", "", "identity"),
    ] {
        answer(&runtime, site, (target, cookie, coding))?;
        group.bench_function(name, |bencher| {
            bencher.iter(|| answer(&runtime, site, (target, cookie, coding)));
        });
    }
    group.finish();
    Ok(())
}

fn site(store: Store, page_cache: usize) -> Result<Arc<Site>> {
    let config = Config { bcrypt_cost: Some(10), page_cache: Some(page_cache), api_quota: 0, ..Config::default() };
    Ok(Arc::new(Site::new(Arc::new(App::new(store, Clock::System, config)?))?))
}

/// What is asked of posts and comments.
const POST: &str = "id slug title url publishedAt excerpt version commentCount authors { username displayName } category { slug name } tags { slug name }";
const COMMENT: &str = "id html createdAt author { username displayName }";

fn graphql(document: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("query", document).finish();
    format!("/graphql?{query}")
}

fn answer(runtime: &Runtime, site: &Arc<Site>, (target, cookie, coding): (&str, &str, &str)) -> Result<u16> {
    let mut request = Request::get(target).header("host", "blog.example").header("accept-encoding", coding);
    if !cookie.is_empty() {
        request = request.header("cookie", cookie);
    }
    let request = request.body(Empty::<Bytes>::new())?;
    Ok(runtime.block_on(pipeline::answer(site, ([127, 0, 0, 1], 9).into(), request)).status().as_u16())
}

/// What happens to texts when they are written and before they are sent.
fn texts(criterion: &mut Criterion) -> Result<()> {
    let (article, comment) = (fill::article(5), fill::comment_text(5));
    let links = Links::root();
    let site = markdown::Site { links: &links, size_of: &|_| None };
    let page: Bytes = (0..40)
        .map(|number| markdown::comment(&fill::comment_text(number)).as_str().to_owned())
        .collect::<String>()
        .into();
    let mut group = criterion.benchmark_group("text");
    group.bench_function("Markdown of a post", |bencher| bencher.iter(|| markdown::post(&article, &site)));
    group.bench_function("Markdown of a comment", |bencher| bencher.iter(|| markdown::comment(&comment)));
    group.bench_function("brotli 5", |bencher| bencher.iter(|| encoding::brotli(&page, 5)));
    group.bench_function("gzip 1", |bencher| bencher.iter(|| encoding::gzip(&page, 1)));
    group.bench_function("gzip 6", |bencher| bencher.iter(|| encoding::gzip(&page, 6)));
    group.finish();
    println!("The coded text has {} bytes.", page.len());
    Ok(())
}
