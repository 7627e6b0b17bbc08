//! Every write told through the pages, REST and GraphQL, as everybody: the same comes of it, or the same refusal.

use crate::client::{Answer, Client};
use crate::graphql;
use crate::parity_world::{PEOPLE, Subject, With, World};
use crate::parity_writes::{Asks, Write};
use serde_json::Value;
use std::fmt::Write as _;

/// How a program or a person comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    Pages,
    Rest,
    GraphQl,
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
    compare(crate::parity_posts::posts()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_come_out_the_same() {
    compare(crate::parity_comments::conversations()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn categories_and_images_come_out_the_same() {
    compare(crate::parity_categories::categories_and_images()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_come_out_the_same() {
    compare(crate::parity_accounts::accounts()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_ones_own_comes_out_the_same() {
    compare(crate::parity_own::own_things()).await;
}
