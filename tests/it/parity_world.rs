//! The blog in which every write is told, who is there, and what a write is about.

use crate::client::Client;
use crate::graphql;
use crate::harness::{Blog, PASSWORD};
use serde_json::{Value, json};

/// `owner` wrote the post and the comment and uploaded the image that a row is about.
pub const PEOPLE: [&str; 6] = ["visitor", "reader", "author", "owner", "editor", "root"];

/// What they show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum With {
    Session,
    /// A token with every scope.
    Token,
    /// A token that is for this kind of write alone, not for reading.
    WriteToken,
    /// A token that is for reading images alone.
    NarrowToken,
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
pub struct Person {
    pub session: Client,
    other: Client,
    pub asks: Client,
}

/// A blog that is entered by one way.
pub struct World {
    pub blog: Blog,
    /// The administrator with a token, which outlives sessions.
    root: Client,
    pub people: Vec<Person>,
    made: usize,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

impl World {
    pub async fn new(with: With, scope: &str) -> World {
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
    pub async fn subject(&mut self, who: usize) -> Subject {
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
        let comment = self.made(owner, &format!("posts/{slug}/comments"), json!({ "source": "Words" })).await;
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
    pub async fn state(&self, who: usize, subject: &Subject) -> Value {
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
    pub async fn signs_in(&self, name: &str, password: &str) -> bool {
        self.blog.advance(600);
        let fields = [("username", name), ("password", password)];
        self.blog.visitor().post_form("/login", &fields).await.status == 303
    }
}
