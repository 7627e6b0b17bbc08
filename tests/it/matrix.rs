//! Who may do what: every route of the table, for everybody.

use crate::client::{Answer, Client};
use crate::harness::{Blog, PASSWORD, page, post};
use std::collections::BTreeSet;

/// `owner` wrote the posts that the rows speak of, `author` wrote others.
const PEOPLE: [&str; 6] = ["visitor", "reader", "author", "owner", "editor", "admin"];

/// What each of `PEOPLE` gets: `ok`, `login` (led to it, or asked in a form), `403`, `404`.
///
/// `/graphql` is asked nothing here; what it shows to whom is told in `graphql.rs`.
///
/// A name in braces is the route's parameter, with the thing it stands for behind a colon.
const TABLE: &str = "
    GET  /                                          ok    ok    ok    ok    ok    ok
    GET  /category/{slug}                           ok    ok    ok    ok    ok    ok
    GET  /tag/{slug}                                ok    ok    ok    ok    ok    ok
    GET  /author/{username}                         ok    ok    ok    ok    ok    ok
    GET  /archive                                   ok    ok    ok    ok    ok    ok
    GET  /archive/{year}                            ok    ok    ok    ok    ok    ok
    GET  /archive/{year}/{month}                    ok    ok    ok    ok    ok    ok
    GET  /feed.xml                                  ok    ok    ok    ok    ok    ok
    GET  /sitemap.xml                               ok    ok    ok    ok    ok    ok
    GET  /robots.txt                                ok    ok    ok    ok    ok    ok
    GET  /favicon.ico                               ok    ok    ok    ok    ok    ok
    GET  /healthz                                   ok    ok    ok    ok    ok    ok
    GET  /readyz                                    ok    ok    ok    ok    ok    ok
    GET  /metrics                                   ok    ok    ok    ok    ok    ok
    GET  /assets/{name}                             ok    ok    ok    ok    ok    ok
    GET  /media/{id}/{name}                         ok    ok    ok    ok    ok    ok

    GET  /posts/{slug}                              ok    ok    ok    ok    ok    ok
    GET  /posts/{slug:draft}                        404   404   404   ok    ok    ok
    GET  /posts/{slug:scheduled}                    404   404   404   ok    ok    ok
    GET  /posts/{slug}/events                       ok    ok    ok    ok    ok    ok
    GET  /posts/{slug:draft}/events                 404   404   404   ok    ok    ok
    GET  /posts/{slug:scheduled}/events             404   404   404   ok    ok    ok
    GET  /{*path}                                   ok    ok    ok    ok    ok    ok
    GET  /{*path:draft}                             404   404   404   404   ok    ok

    GET  /posts/{slug}/comments                     ok    ok    ok    ok    ok    ok
    POST /posts/{slug}/comments                     login ok    ok    ok    ok    ok
    POST /posts/{slug:draft}/comments               404   404   404   404   404   404
    POST /posts/{slug:scheduled}/comments           404   404   404   404   404   404
    GET  /posts/{slug}/comments/{id}                ok    ok    ok    ok    ok    ok
    GET  /posts/{slug}/comments/{id}/reply          login ok    ok    ok    ok    ok
    GET  /posts/{slug}/comments/{id}/edit           login ok    403   403   403   403
    POST /posts/{slug}/comments/{id}/edit           login ok    403   403   403   403
    GET  /posts/{slug}/comments/{id}/delete         login ok    403   403   ok    ok
    POST /posts/{slug}/comments/{id}/delete         login ok    403   403   ok    ok

    GET  /setup                                     404   404   404   404   404   404
    POST /setup                                     404   404   404   404   404   404
    GET  /signup                                    ok    ok    ok    ok    ok    ok
    POST /signup                                    ok    ok    ok    ok    ok    ok
    GET  /login                                     ok    ok    ok    ok    ok    ok
    POST /login                                     ok    ok    ok    ok    ok    ok
    GET  /logout                                    ok    ok    ok    ok    ok    ok
    POST /logout                                    ok    ok    ok    ok    ok    ok
    GET  /account                                   login ok    ok    ok    ok    ok
    POST /account                                   login ok    ok    ok    ok    ok
    GET  /account/password                          ok    ok    ok    ok    ok    ok
    POST /account/password                          login ok    ok    ok    ok    ok
    GET  /account/sessions                          ok    ok    ok    ok    ok    ok
    POST /account/sessions                          login ok    ok    ok    ok    ok
    GET  /reset/{token}                             404   404   404   404   404   404
    POST /reset/{token}                             404   404   404   404   404   404
    GET  /account/tokens                            login ok    ok    ok    ok    ok
    POST /account/tokens                            login ok    ok    ok    ok    ok
    GET  /account/tokens/{id}/revoke                ok    ok    ok    ok    ok    ok
    POST /account/tokens/{id}/revoke                login 404   404   404   404   404

    GET  /admin                                     login 403   ok    ok    ok    ok
    GET  /admin/posts                               login 403   ok    ok    ok    ok
    GET  /admin/posts/new                           login 403   ok    ok    ok    ok
    POST /admin/posts/new                           login 403   ok    ok    ok    ok
    GET  /admin/posts/{id}                          login 403   403   ok    ok    ok
    POST /admin/posts/{id}                          login 403   403   ok    ok    ok
    GET  /admin/posts/{id}/delete                   login 403   403   ok    ok    ok
    POST /admin/posts/{id}/delete                   login 403   403   ok    ok    ok
    GET  /admin/posts/{id:page}                     login 403   403   403   ok    ok
    POST /admin/posts/{id:page}                     login 403   403   403   ok    ok
    POST /admin/posts/{id:page}/delete              login 403   403   403   ok    ok
    GET  /admin/pages                               login 403   403   403   ok    ok
    GET  /admin/pages/new                           login 403   403   403   ok    ok
    POST /admin/pages/new                           login 403   403   403   ok    ok
    GET  /admin/media                               login 403   ok    ok    ok    ok
    POST /admin/media                               login 403   ok    ok    ok    ok
    GET  /admin/media/{id}/delete                   login 403   403   ok    ok    ok
    POST /admin/media/{id}/delete                   login 403   403   ok    ok    ok
    GET  /admin/comments                            login 403   403   403   ok    ok
    GET  /admin/categories                          login 403   403   403   ok    ok
    POST /admin/categories                          login 403   403   403   ok    ok
    GET  /admin/categories/{id}                     login 403   403   403   ok    ok
    POST /admin/categories/{id}                     login 403   403   403   ok    ok
    GET  /admin/categories/{id}/merge               login 403   403   403   ok    ok
    POST /admin/categories/{id}/merge               login 403   403   403   ok    ok
    GET  /admin/categories/{id}/delete              login 403   403   403   ok    ok
    POST /admin/categories/{id}/delete              login 403   403   403   ok    ok
    GET  /admin/users                               login 403   403   403   403   ok
    POST /admin/users                               login 403   403   403   403   ok
    GET  /admin/users/{id}                          login 403   403   403   403   ok
    POST /admin/users/{id}                          login 403   403   403   403   ok
    POST /admin/users/{id}/password                 login 403   403   403   403   ok
    POST /admin/users/{id}/reset                    login 403   403   403   403   ok
    POST /admin/users/{id}/revoke                   login 403   403   403   403   404
    GET  /api/docs                                  ok    ok    ok    ok    ok    ok
    GET  /problems/{code}                           ok    ok    ok    ok    ok    ok
    GET  /graphql                                   400   400   400   400   400   400
    POST /graphql                                   400   400   400   400   400   400
    GET  /admin/explorer                            login 403   ok    ok    ok    ok
    POST /admin/explorer                            login 403   ok    ok    ok    ok
    GET  /admin/settings                            login 403   403   403   403   ok
    POST /admin/settings                            login 403   403   403   403   ok
";

/// One line of the table.
struct Row {
    method: &'static str,
    /// `/posts/{slug:draft}`.
    pattern: &'static str,
    expected: Vec<&'static str>,
}

fn rows() -> Vec<Row> {
    let lines = TABLE.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| {
            let mut words = line.split_whitespace();
            let (method, pattern) = (words.next().unwrap(), words.next().unwrap());
            let expected: Vec<&str> = words.collect();
            assert_eq!(expected.len(), PEOPLE.len(), "{line}");
            Row { method, pattern, expected }
        })
        .collect()
}

/// The pattern as the router knows it.
fn route_of(pattern: &str) -> String {
    let mut route = String::new();
    let mut word = false;
    for c in pattern.chars() {
        match c {
            ':' => word = true,
            '}' => {
                word = false;
                route.push(c);
            }
            c if !word => route.push(c),
            _ => {}
        }
    }
    route
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_stands_in_the_matrix() {
    let blog = Blog::start().await;
    let listed: BTreeSet<String> =
        rows().iter().map(|row| format!("{} {}", row.method, route_of(row.pattern))).collect();
    // Who may use the REST API is told by its own table, and tried by `api_operations`.
    let routes = blog.site.router.routes().iter().filter(|route| !route.pattern.starts_with("/api/v1"));
    let routes: BTreeSet<String> = routes.map(|route| format!("{} {}", route.method, route.pattern)).collect();
    let missing: Vec<_> = routes.difference(&listed).collect();
    assert!(missing.is_empty(), "say in the matrix who may use {missing:#?}");
    let gone: Vec<_> = listed.difference(&routes).collect();
    assert!(gone.is_empty(), "the matrix speaks of routes that are gone: {gone:#?}");
    blog.stop().await;
}

/// What a row speaks of; made anew after each answer that may have changed it.
#[derive(Default)]
struct Things {
    slug: String,
    post: String,
    draft: String,
    scheduled: String,
    page: String,
    page_path: String,
    draft_page: String,
    comment: String,
    image: String,
    category: String,
    other_category: String,
    user: String,
}

struct World {
    blog: Blog,
    made: usize,
    owner: Client,
    reader: Client,
    editor: Client,
}

impl World {
    /// Makes what this pattern names.
    async fn things(&mut self, pattern: &str) -> Things {
        self.made += 1;
        let number = self.made;
        let published = self.owner.write(post(&format!("Public {number}")).with("tags", "rust")).await;
        let mut things = Things {
            slug: published.path.trim_start_matches("/posts/").into(),
            post: published.id.clone(),
            ..Things::default()
        };
        if pattern.contains("{slug:draft}") {
            let draft = self.owner.write(post(&format!("Draft {number}")).draft()).await;
            things.draft = draft.path.trim_start_matches("/posts/").into();
        }
        if pattern.contains("{slug:scheduled}") {
            let later = post(&format!("Later {number}")).with("published_at", "2030-01-01T00:00");
            things.scheduled = self.owner.write(later).await.path.trim_start_matches("/posts/").into();
        }
        if pattern.contains("{*path") || pattern.contains("{id:page}") {
            let about = self.editor.write(page(&format!("Page {number}"))).await;
            let hidden = self.editor.write(page(&format!("Hidden {number}")).draft()).await;
            things.page_path = about.path.trim_start_matches('/').into();
            things.page = about.id;
            things.draft_page = hidden.path.trim_start_matches('/').into();
        }
        if pattern.contains("/comments/") {
            things.comment = self.reader.comment(&published, "Words").await;
        }
        if pattern.contains("/media/") {
            let bytes = crate::media::png(10 + number as u32, 10, 0);
            things.image = self.owner.upload(&format!("image{number}.png"), &bytes).await;
        }
        if pattern.contains("categor") {
            things.category = self.blog.category(&format!("Category {number}")).await;
            things.other_category = self.blog.category(&format!("Other {number}")).await;
        }
        if pattern.contains("/users/") {
            let name = format!("subject{number}");
            let fields = [("username", name.as_str()), ("password", PASSWORD), ("role", "reader")];
            self.blog.administrator.post_form("/admin/users", &fields).await.expect(303);
            things.user = self.blog.user_id(&name).await;
        }
        things
    }

    fn address(&self, pattern: &str, things: &Things) -> String {
        let mut parts = things.image.rsplit('/');
        let (name, media) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let id = match pattern {
            pattern if pattern.contains("{id:page}") => &things.page,
            pattern if pattern.contains("/comments/") => &things.comment,
            pattern if pattern.contains("/media/") => media,
            pattern if pattern.contains("/categories/") => &things.category,
            pattern if pattern.contains("/users/") => &things.user,
            _ => &things.post,
        };
        let slug = match pattern {
            pattern if pattern.starts_with("/tag/") => "rust",
            pattern if pattern.starts_with("/category/") => return format!("/category/category-{}", self.made),
            _ => &things.slug,
        };
        let asset = pamphlet::assets::url("app.css");
        let name = if pattern.starts_with("/assets/") { asset.rsplit('/').next().unwrap() } else { name };
        pattern
            .replace("{slug:draft}", &things.draft)
            .replace("{slug:scheduled}", &things.scheduled)
            .replace("{*path:draft}", &things.draft_page)
            .replace("{*path}", &things.page_path)
            .replace("{id:page}", id)
            .replace("{id}", id)
            .replace("{slug}", slug)
            .replace("{name}", name)
            .replace("{username}", "owner")
            .replace("{year}", "2026")
            .replace("{month}", "05")
            .replace("{token}", "1-0")
            .replace("{code}", "not-found")
    }
}

/// A form that would succeed, so that only permission decides.
fn form(pattern: &str, things: &Things, number: usize) -> Vec<(&'static str, String)> {
    let text = |value: &str| value.to_owned();
    let editor = |version: &str| {
        let title = text("Changed");
        vec![("title", title), ("source", text("x")), ("version", text(version)), ("action", text("save"))]
    };
    match pattern {
        "/posts/{slug}/comments" | "/posts/{slug:draft}/comments" | "/posts/{slug:scheduled}/comments" => {
            vec![("body", text("Words"))]
        }
        "/posts/{slug}/comments/{id}/edit" => vec![("body", text("Other words"))],
        "/signup" => vec![("username", format!("newcomer{number}")), ("password", text(PASSWORD))],
        "/login" => vec![("username", text("reader")), ("password", text(PASSWORD))],
        "/account" => vec![("display_name", text("Somebody"))],
        "/account/password" => vec![("current_password", text(PASSWORD)), ("new_password", text(PASSWORD))],
        "/account/sessions" => vec![("session", text("all"))],
        "/account/tokens" => vec![("name", text("Backup")), ("media:read", text("on"))],
        "/admin/posts/new" | "/admin/pages/new" | "/admin/posts/{id}" | "/admin/posts/{id:page}" => editor("1"),
        "/admin/categories" => vec![("name", format!("New {number}"))],
        "/admin/categories/{id}" => vec![("name", format!("Renamed {number}"))],
        "/admin/categories/{id}/merge" => vec![("into", things.other_category.clone())],
        "/admin/users" => {
            vec![("username", format!("added{number}")), ("password", text(PASSWORD)), ("role", text("reader"))]
        }
        "/admin/users/{id}" => vec![("role", text("author"))],
        "/admin/users/{id}/password" | "/reset/{token}" => vec![("password", text(PASSWORD))],
        "/admin/explorer" => vec![("query", text("{ me { username } }"))],
        "/admin/settings" => vec![
            ("title", text("T")),
            ("time_zone", text("Europe/Berlin")),
            ("posts_per_page", text("10")),
            ("language", text("en")),
            ("navigation", String::new()),
            ("signup_open", text("on")),
        ],
        _ => Vec::new(),
    }
}

/// The word of the table for an answer.
fn class(answer: &Answer) -> String {
    let to_login = answer.header("location").is_some_and(|location| location.starts_with("/login"));
    // Whose session ended is led to the login as well, and loses the cookie of it.
    match answer.status {
        303 if to_login && answer.header("set-cookie").is_none() => "login".into(),
        401 => "login".into(),
        200 | 201 | 204 | 301 | 302 | 303 => "ok".into(),
        status => status.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_gets_what_the_matrix_says() {
    let blog = Blog::start().await;
    let mut clients = vec![blog.visitor(), blog.reader("reader").await];
    for (name, role) in [("author", "author"), ("owner", "author"), ("editor", "editor"), ("admin", "administrator")] {
        clients.push(blog.member(name, role).await);
    }
    let (owner, reader, editor) = (clients[3].clone(), clients[1].clone(), clients[4].clone());
    let mut world = World { blog, made: 0, owner, reader, editor };
    let mut wrong = Vec::new();
    for row in rows() {
        let mut things = None;
        for (who, expected) in PEOPLE.iter().zip(&row.expected) {
            // What nobody is let in to do changes nothing, so its subject serves for the next.
            let fresh = match things.take() {
                Some(things) => things,
                None => world.things(row.pattern).await,
            };
            let index = PEOPLE.iter().position(|person| person == who).unwrap();
            let path = world.address(row.pattern, &fresh);
            let answer = if path.ends_with("/events") {
                // A stream has no end to wait for.
                clients[index].head(&path).await
            } else if row.method == "GET" {
                clients[index].get(&path).await
            } else if row.pattern == "/admin/media" {
                let bytes = crate::media::png(500 + world.made as u32, 5, 0);
                clients[index].post_files(&path, &[], &[("images", "new.png", &bytes)]).await
            } else {
                let fields = form(row.pattern, &fresh, world.made);
                let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
                clients[index].post_form(&path, &fields).await
            };
            let got = class(&answer);
            if got != *expected {
                wrong.push(format!("{} {path} as {who}: {got}, not {expected}", row.method));
            }
            if row.method == "GET" || got != "ok" {
                things = Some(fresh);
            }
            // Whoever was signed out or got another session signs in again.
            let signs = ["/logout", "/account/sessions", "/login", "/signup", "/account/password"];
            if row.method == "POST" && signs.contains(&row.pattern) {
                world.blog.advance(600);
                clients[index] = if *who == "visitor" { world.blog.visitor() } else { world.blog.log_in(who).await };
                (world.owner, world.reader, world.editor) =
                    (clients[3].clone(), clients[1].clone(), clients[4].clone());
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    world.blog.stop().await;
}
