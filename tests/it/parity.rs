//! Every write told through the pages, REST and GraphQL, as everybody: the same comes of it, or the same refusal.

use crate::client::{Answer, Client};
use crate::graphql;
use crate::harness::{Blog, PASSWORD};
use crate::parity_writes::{Asks, Write};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// `owner` wrote the post and the comment and uploaded the image that a row is about.
pub const PEOPLE: [&str; 6] = ["visitor", "reader", "author", "owner", "editor", "root"];

/// How a program or a person comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    Pages,
    Rest,
    GraphQl,
}

/// What they show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum With {
    Session,
    /// A token with every scope.
    Token,
    /// A token that is for this kind of write alone, not for reading.
    WriteToken,
    /// A token that is for reading images alone.
    NarrowToken,
}

/// Ways that lead to the same.
const WAYS: [(Door, With); 7] = [
    (Door::Pages, With::Session),
    (Door::Rest, With::Session),
    (Door::GraphQl, With::Session),
    (Door::Rest, With::Token),
    (Door::GraphQl, With::Token),
    (Door::Rest, With::WriteToken),
    (Door::GraphQl, With::WriteToken),
];
/// Ways that lead nowhere, in the same words.
const NARROW_WAYS: [(Door, With); 2] = [(Door::Rest, With::NarrowToken), (Door::GraphQl, With::NarrowToken)];

/// The scope that lets a token do what this call asks for.
fn scope_of(write: &Write) -> &'static str {
    let call = (write.rest)(&Subject::default());
    let nouns = [
        ("/comments", "comments:write"),
        ("/posts", "posts:write"),
        ("/pages", "pages:write"),
        ("/categories", "categories:write"),
        ("/media", "media:write"),
        ("/users", "users:write"),
        ("/settings", "settings:write"),
        ("/me", "account:write"),
    ];
    let found = nouns.iter().find(|(noun, _)| call.path.contains(noun));
    found.unwrap_or_else(|| panic!("say which scope {} wants", call.path)).1
}

/// What a row is about; made anew after each answer that changed it.
#[derive(Default)]
pub struct Subject {
    pub number: usize,
    pub post: String,
    pub slug: String,
    pub published_at: String,
    pub draft: String,
    pub page: String,
    pub page_slug: String,
    pub comment: String,
    pub category: String,
    pub category_slug: String,
    pub other: String,
    pub other_slug: String,
    pub image: String,
    pub user: String,
    pub username: String,
    /// One of the tokens of whoever asks; of the owner if that is a visitor.
    pub token: String,
    pub etags: Etags,
}

/// What GraphQL calls the present state of things.
#[derive(Default)]
pub struct Etags {
    pub comment: String,
    pub category: String,
    pub user: String,
    pub root: String,
    pub settings: String,
    pub profile: String,
}

/// Somebody with a second browser, and with what they show at this door.
struct Person {
    session: Client,
    other: Client,
    asks: Client,
}

/// A blog that is entered by one way.
struct World {
    blog: Blog,
    /// The administrator with a token, which outlives sessions.
    root: Client,
    people: Vec<Person>,
    made: usize,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

impl World {
    async fn new(with: With, scope: &str) -> World {
        let blog = Blog::start_with(|config| config.api_quota = 0).await;
        let keeper = json!({ "name": "Keeper", "scopes": ["*"] });
        let keeper = blog.administrator.json("POST", "/api/v1/me/tokens", &keeper).await.expect(201).value();
        let root = blog.visitor().with("authorization", &format!("Bearer {}", text(&keeper["secret"])));
        let mut people = vec![Person { session: blog.visitor(), other: blog.visitor(), asks: blog.visitor() }];
        for (name, role) in [("reader", "reader"), ("author", "author"), ("owner", "author"), ("editor", "editor")] {
            let fields = [("username", name), ("password", PASSWORD), ("role", role)];
            blog.administrator.post_form("/admin/users", &fields).await.expect(303);
        }
        for name in &PEOPLE[1..] {
            let (session, other) = (blog.log_in(name).await, blog.log_in(name).await);
            let scopes = match with {
                With::Session => None,
                With::Token => Some("*"),
                With::WriteToken => Some(scope),
                With::NarrowToken => Some("media:read"),
            };
            let asks = match scopes {
                None => session.clone(),
                Some(scopes) => {
                    let token = json!({ "name": "Door", "scopes": [scopes] });
                    let token = session.json("POST", "/api/v1/me/tokens", &token).await.expect(201).value();
                    blog.visitor().with("authorization", &format!("Bearer {}", text(&token["secret"])))
                }
            };
            people.push(Person { session, other, asks });
        }
        World { blog, root, people, made: 0 }
    }

    async fn made(&self, who: &Client, path: &str, body: Value) -> Value {
        who.json("POST", &format!("/api/v1/{path}"), &body).await.expect(201).value()
    }

    /// Makes what the next row is about.
    async fn subject(&mut self, who: usize) -> Subject {
        self.made += 1;
        self.blog.advance(600);
        let number = self.made;
        let (root, owner) = (&self.root, &self.people[3].session);
        let category = self.made(root, "categories", json!({ "name": format!("Subject {number}") })).await;
        let other = self.made(root, "categories", json!({ "name": format!("Other {number}") })).await;
        let post = json!({
            "title": format!("Subject {number}"), "source": "Some *text*.", "tags": ["Owls"], "status": "published",
            "category": category["slug"],
        });
        let post = self.made(owner, "posts", post).await;
        let draft = self.made(owner, "posts", json!({ "title": format!("Draft {number}") })).await;
        let page = json!({ "title": format!("Page {number}"), "source": "About.", "status": "published" });
        let page = self.made(root, "pages", page).await;
        let slug = text(&post["slug"]);
        let comment = self.made(owner, &format!("posts/{slug}/comments"), json!({ "body": "Words" })).await;
        let image = crate::media::png(10 + number as u32, 10, 0);
        let image = owner.body("POST", "/api/v1/media?name=owl.png", "image/png", image).await.expect(201).value();
        let username = format!("subject{number}");
        let user = self.made(root, "users", json!({ "username": username, "password": PASSWORD })).await;
        let holder = if who == 0 { owner } else { &self.people[who].session };
        let token = self.made(holder, "me/tokens", json!({ "name": "Old", "scopes": ["posts:read"] })).await;
        let mut subject = Subject {
            number,
            post: text(&post["id"]),
            published_at: text(&post["published_at"]),
            draft: text(&draft["slug"]),
            page: text(&page["id"]),
            page_slug: text(&page["slug"]),
            comment: text(&comment["id"]),
            category: text(&category["id"]),
            category_slug: text(&category["slug"]),
            other: text(&other["id"]),
            other_slug: text(&other["slug"]),
            image: text(&image["id"]),
            user: text(&user["id"]),
            token: text(&token["id"]),
            slug,
            username,
            etags: Etags::default(),
        };
        subject.etags = self.etags(&subject, who).await;
        subject
    }

    async fn etags(&self, subject: &Subject, who: usize) -> Etags {
        let asked = format!(
            "{{ post(slug: \"{}\") {{ comments {{ nodes {{ etag }} }} }} category(slug: \"{}\") {{ etag }}
                user(id: \"{}\") {{ etag }} root: user(id: \"1\") {{ etag }} settings {{ etag }} }}",
            subject.slug, subject.category_slug, subject.user
        );
        let seen = graphql::data(graphql::ask(&self.root, &asked).await);
        let own = graphql::data(graphql::ask(&self.people[who].session, "{ me { etag } }").await);
        Etags {
            comment: text(&seen["post"]["comments"]["nodes"][0]["etag"]),
            category: text(&seen["category"]["etag"]),
            user: text(&seen["user"]["etag"]),
            root: text(&seen["root"]["etag"]),
            settings: text(&seen["settings"]["etag"]),
            profile: own["me"]["etag"].as_str().unwrap_or("none").to_owned(),
        }
    }

    /// All that is stored, as far as a person can tell.
    async fn state(&self, who: usize, subject: &Subject) -> Value {
        let root = &self.root;
        let mut state = json!({});
        for (name, query) in [
            ("posts", "?status=all&limit=100&include=html,source,comment_count"),
            ("pages", "?status=all&limit=100&include=html,source,comment_count"),
            ("comments", "?limit=100"),
            ("categories", "?include=post_count"),
            ("media", "?limit=100"),
            ("users", "?limit=100"),
            ("redirects", "?limit=100"),
        ] {
            let list = root.get(&format!("/api/v1/{name}{query}")).await.expect(200).value();
            assert_eq!(list["next"], Value::Null, "too many {name} to compare");
            state[name] = list["items"].clone();
        }
        state["settings"] = root.get("/api/v1/settings").await.expect(200).value();
        // What editors delete leaves its place in the conversation, if it is answered.
        let conversation = root.get(&format!("/api/v1/posts/{}/comments?limit=100", subject.slug)).await;
        state["conversation"] =
            if conversation.status == 200 { conversation.value()["items"].clone() } else { json!(0) };
        let person = &self.people[who];
        let tokens = person.session.get("/api/v1/me/tokens").await;
        if tokens.status == 200 {
            let tokens = tokens.value()["items"].as_array().unwrap().clone();
            let shown =
                |token: &Value| json!([token["name"], token["scopes"], token["created_at"], token["expires_at"]]);
            state["tokens"] =
                tokens.iter().filter(|token| token["name"] != "Door" && token["name"] != "Keeper").map(shown).collect();
        }
        state["session"] = person.session.get("/api/v1/me").await.status.into();
        state["other_session"] = person.other.get("/api/v1/me").await.status.into();
        state
    }

    /// Whether this name with this password opens the door.
    async fn signs_in(&self, name: &str, password: &str) -> bool {
        self.blog.advance(600);
        let fields = [("username", name), ("password", password)];
        self.blog.visitor().post_form("/login", &fields).await.status == 303
    }
}

/// What came of a write.
struct Told {
    /// `done`, or the word of the refusal.
    word: String,
    state: Value,
}

async fn ask(door: Door, client: &Client, write: &Write, subject: &Subject) -> Option<String> {
    Some(match door {
        Door::Pages => {
            let form = (write.page?)(subject);
            let fields: Vec<(&str, &str)> = form.fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let answer = match &form.image {
                Some(image) => client.post_files(&form.path, &fields, &[("images", "new.png", image)]).await,
                None => client.post_form(&form.path, &fields).await,
            };
            word_of_page(&answer)
        }
        Door::Rest => {
            let call = (write.rest)(subject);
            let client = if call.method == "POST" { client.clone() } else { client.with("if-match", call.if_match) };
            let path = format!("/api/v1{}", call.path);
            let answer = match call.body {
                Asks::Nothing => client.send(call.method, &path).await,
                Asks::Json(value) => client.json(call.method, &path, &value).await,
                Asks::Image(bytes) => client.body(call.method, &path, "image/png", bytes).await,
            };
            if answer.status < 300 { "done".into() } else { answer.problem().0 }
        }
        Door::GraphQl => {
            let mutation = (write.graphql?)(subject);
            let response = graphql::ask_with(client, &mutation.document, mutation.variables).await;
            if response.get("errors").is_some() {
                return Some(graphql::code(&response).to_owned());
            }
            let payload = response["data"].as_object().unwrap().values().next().unwrap();
            payload["errors"][0]["code"].as_str().unwrap_or("done").to_owned()
        }
    })
}

/// The word that the APIs have for what a page answers.
fn word_of_page(answer: &Answer) -> String {
    let to_login = answer.header("location").is_some_and(|location| location.starts_with("/login"));
    let word = match answer.status {
        303 if to_login => "unauthenticated",
        200 | 201 | 303 => "done",
        401 => "unauthenticated",
        403 => "forbidden",
        404 => "not-found",
        409 => "conflict",
        412 => "stale",
        422 => "invalid",
        status => return status.to_string(),
    };
    word.to_owned()
}

/// Tells a write by one way, as everybody in turn. What is refused must leave no trace.
async fn tell((door, with): (Door, With), write: &Write) -> Option<Vec<Told>> {
    let mut world = World::new(with, scope_of(write)).await;
    let mut all = Vec::new();
    for (who, name) in PEOPLE.into_iter().enumerate() {
        let subject = world.subject(who).await;
        let before = world.state(who, &subject).await;
        let word = ask(door, &world.people[who].asks, write, &subject).await?;
        let mut state = world.state(who, &subject).await;
        if word != "done" {
            let mut changed = String::new();
            differences(&before, &state, "", &mut changed);
            assert!(changed.is_empty(), "{}: {word} to {name} by {door:?} with {with:?}, yet{changed}", write.name);
        }
        if let Some((user, password)) = write.opens {
            let user = match user {
                "" => name,
                "subject" => &subject.username,
                user => user,
            };
            state["signs_in"] = world.signs_in(user, password).await.into();
        }
        all.push(Told { word, state });
    }
    world.blog.stop().await;
    Some(all)
}

/// Lists where two states differ.
fn differences(one: &Value, other: &Value, place: &str, list: &mut String) {
    match (one, other) {
        (Value::Object(a), Value::Object(b)) => {
            let names: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            names.into_iter().for_each(|name| differences(&one[name], &other[name], &format!("{place}/{name}"), list));
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let pairs = a.iter().zip(b).enumerate();
            pairs.for_each(|(at, (a, b))| differences(a, b, &format!("{place}/{at}"), list));
        }
        _ if one == other => {}
        _ => drop(write!(list, "\n    {place}: {one} and {other}")),
    }
}

/// Tells each row by all ways and fails if they come to something else than the table says.
async fn compare(writes: Vec<Write>) {
    let mut wrong = String::new();
    for write in writes {
        let write: &'static Write = Box::leak(Box::new(write));
        let expected: Vec<&str> = write.expected.split_whitespace().collect();
        assert_eq!(expected.len(), PEOPLE.len(), "{}", write.name);
        let ways: Vec<(Door, With)> = WAYS.into_iter().chain(NARROW_WAYS).collect();
        let told: Vec<_> = ways.iter().map(|way| tokio::spawn(tell(*way, write))).collect();
        let mut stories = Vec::new();
        for (way, told) in ways.into_iter().zip(told) {
            if let Some(story) = told.await.unwrap() {
                stories.push((way, story));
            }
        }
        for (way, story) in &stories {
            for (who, name) in PEOPLE.into_iter().enumerate() {
                let expected = word_for(*way, write, who, expected[who]);
                if story[who].word != expected {
                    let word = &story[who].word;
                    let _ = write!(wrong, "\n{} as {name} by {way:?}: {word}, not {expected}", write.name);
                }
            }
        }
        // Whatever was refused left no trace, which `tell` has seen; what was done did the same everywhere.
        let (first, rest) = stories.split_first().unwrap();
        for (way, story) in rest {
            for (who, (told, same)) in story.iter().zip(&first.1).enumerate() {
                if told.word == "done" && same.word == "done" {
                    let mut list = String::new();
                    differences(&same.state, &told.state, "", &mut list);
                    if !list.is_empty() {
                        let _ = write!(wrong, "\n{} as {}, {:?} and {way:?}:{list}", write.name, PEOPLE[who], first.0);
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// What somebody gets by one way, where the table says `expected`.
fn word_for(way: (Door, With), write: &Write, who: usize, expected: &'static str) -> &'static str {
    let is_visitor = who == 0;
    match (way, expected) {
        ((Door::Pages, _), _) if is_visitor => write.visitor_at_pages.unwrap_or(expected),
        // A form has no precondition: what it began from is one of its fields.
        ((Door::Pages, _), "stale") => "conflict",
        ((_, With::Session), _) => expected,
        _ if is_visitor => expected,
        _ if write.wants_session => "session-needed",
        ((_, With::NarrowToken), _) => "scope-missing",
        ((_, With::Token | With::WriteToken), _) => expected,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_and_pages_come_out_the_same() {
    compare(crate::parity_writes::posts()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_come_out_the_same() {
    compare(crate::parity_writes::conversations()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn categories_and_images_come_out_the_same() {
    compare(crate::parity_writes::categories_and_images()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_come_out_the_same() {
    compare(crate::parity_writes::accounts()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_ones_own_comes_out_the_same() {
    compare(crate::parity_writes::own_things()).await;
}
