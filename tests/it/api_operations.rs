//! Every operation of the REST API as its own table and its document tell it: examples, shapes, who may.

use crate::client::{Answer, Client};
use crate::harness::{Blog, PASSWORD, post};
use pamphlet::web::api::openapi::document;
use pamphlet::web::api::operation::{Operation, Place, Wants};
use pamphlet::web::api::operations;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A blog in which everything is there that the examples speak of.
pub struct World {
    pub blog: Blog,
    pub admin: Client,
    /// What stands for the parameters of a path, where the example cannot.
    pub ids: BTreeMap<&'static str, String>,
    pub made: u32,
}

impl World {
    pub async fn new() -> World {
        let blog = Blog::start_with(|config| config.api_quota = 0).await;
        let fields = [("username", "ada"), ("password", PASSWORD), ("role", "administrator")];
        blog.administrator.post_form("/admin/users", &fields).await.expect(303);
        let admin = blog.log_in("ada").await;
        World { blog, admin, ids: BTreeMap::new(), made: 0 }
    }

    /// Puts back whatever earlier operations took away.
    pub async fn restore(&mut self) {
        self.made += 1;
        self.blog.advance(600);
        let root = &self.blog.administrator;
        let sign_in = json!({ "username": "ada", "password": PASSWORD });
        let signed_in = self.blog.visitor().json("POST", "/api/v1/sessions", &sign_in).await.status == 201;
        if !signed_in || self.admin.get("/api/v1/me").await.status != 200 {
            let password = json!({ "password": PASSWORD });
            root.json("POST", "/api/v1/users/ada/password", &password).await.expect(204);
            self.admin = self.blog.log_in("ada").await;
            self.blog.log_in("ada").await;
        }
        for (noun, slug, body) in [
            ("posts", "owls-at-night", json!({ "title": "Owls at night", "tags": ["Owls"], "status": "published" })),
            ("pages", "owls-at-night", json!({ "title": "Owls at night", "status": "published" })),
            ("categories", "field-notes", json!({ "name": "Field notes" })),
            ("categories", "sightings", json!({ "name": "Sightings" })),
        ] {
            if self.admin.get(&format!("/api/v1/{noun}/{slug}")).await.status != 200 {
                self.admin.json("POST", &format!("/api/v1/{noun}"), &body).await.expect(201);
            }
        }
        if root.get("/api/v1/users/grace").await.status != 200 {
            let grace = json!({ "username": "grace", "password": PASSWORD });
            root.json("POST", "/api/v1/users", &grace).await.expect(201);
        }
        let comment = json!({ "source": "They hoot." });
        let comment = self.admin.json("POST", "/api/v1/posts/owls-at-night/comments", &comment).await.expect(201);
        let image = crate::media::png(3 + self.made, 3, 7);
        let image = self.admin.body("POST", "/api/v1/media?name=owl.png", "image/png", image).await.expect(201);
        let token = json!({ "name": "One", "scopes": ["*"] });
        let token = self.admin.json("POST", "/api/v1/me/tokens", &token).await.expect(201);
        if let Some(old) = self.ids.remove("sessions") {
            // There may be so many and no more; the oldest would be ours.
            self.admin.send("DELETE", &format!("/api/v1/me/sessions/{old}")).await.expect_one_of(&[204, 404]);
        }
        let sessions = self.admin.get("/api/v1/me/sessions").await.expect(200).value();
        let other = sessions["items"].as_array().unwrap().iter().find(|session| session["current"] == false).unwrap();
        let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
        let revoked = self.ids.insert("tokens", id(&token.value()));
        if let Some(old) = revoked {
            self.admin.send("DELETE", &format!("/api/v1/me/tokens/{old}")).await.expect_one_of(&[204, 404]);
        }
        self.ids.insert("comments", id(&comment.value()));
        self.ids.insert("media", id(&image.value()));
        self.ids.insert("sessions", id(other));
    }

    pub fn address(&self, operation: &Operation) -> String {
        let mut path = operation.route.pattern.to_owned();
        for parameter in operation.parameters.iter().filter(|parameter| parameter.place == Place::Path) {
            let stored = self.ids.iter().find(|(noun, _)| path.contains(&format!("/{noun}/{{{}}}", parameter.name)));
            let example = parameter.example.as_ref().unwrap().as_str().unwrap();
            let value = stored.map_or(example, |(_, id)| id.as_str());
            path = path.replace(&format!("{{{}}}", parameter.name), value);
        }
        path
    }

    /// Sends one form of an operation with its example.
    async fn send(&self, client: &Client, operation: &Operation, form: usize) -> Answer {
        let (method, path) = (operation.route.method.as_str(), self.address(operation));
        let client = if operation.route.is_conditional { client.with("if-match", "*") } else { client.clone() };
        let Some((media_type, _, example)) = operation.body.as_ref().and_then(|body| body.forms.get(form)) else {
            return client.send(method, &path).await;
        };
        let image = crate::media::png(1_000 + self.made, 5, 9);
        match *media_type {
            "multipart/form-data" => client.post_files(&path, &[], &[("file", "owl.png", &image)]).await,
            media_type if media_type.starts_with("image/") => client.body(method, &path, media_type, image).await,
            media_type => client.body(method, &path, media_type, self.fresh(operation, example)).await,
        }
    }

    /// The example; a name that may be taken once is made a new one.
    pub fn fresh(&self, operation: &Operation, example: &Value) -> String {
        let mut example = example.clone();
        if operation.id == "create_user" {
            example["username"] = format!("grace{}", self.made).into();
        }
        if operation.id == "create_category" {
            example["name"] = format!("Field notes {}", self.made).into();
        }
        if operation.id == "batch" {
            example[1]["body"]["name"] = format!("Notes {}", self.made).into();
        }
        example.to_string()
    }
}

/// Whether an answer is what the document says about this operation.
fn check(document: &Value, operation: &Operation, answer: &Answer) {
    let method = operation.route.method.as_str().to_lowercase();
    let response = &document["paths"][operation.route.pattern][method.as_str()]["responses"][answer.status.to_string()];
    assert!(response.is_object(), "{} may not answer {}: {}", operation.id, answer.status, answer.text);
    let Some(content) = response["content"].as_object() else {
        assert!(answer.text.is_empty(), "{}: {}", operation.id, answer.text);
        return;
    };
    let media_type = answer.header("content-type").unwrap_or_else(|| panic!("{}: no media type", operation.id));
    let mut schema = content[media_type]["schema"].clone();
    schema["components"] = document["components"].clone();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<String> =
        validator.iter_errors(&answer.value()).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(faults.is_empty(), "{} {}: {faults:#?}\n{}", operation.id, answer.status, answer.text);
    for (name, _) in operation.answers.iter().filter(|good| good.status == answer.status).flat_map(|good| &good.headers)
    {
        assert!(answer.header(&name.to_lowercase()).is_some(), "{} says it has {name}", operation.id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_is_answered_as_the_document_says() {
    let mut world = World::new().await;
    let document = document(&world.blog.site);
    for operation in operations() {
        for form in 0..operation.body.as_ref().map_or(1, |body| body.forms.len()) {
            world.restore().await;
            let answer = world.send(&world.admin, &operation, form).await;
            let good = operation.answers.first().unwrap().status;
            assert_eq!(answer.status, good, "{} answered {}: {}", operation.id, answer.status, answer.text);
            check(&document, &operation, &answer);
            // What was made can be read where it is said to be: tokens and sessions once could not.
            if answer.status == 201 {
                world.admin.get(answer.location()).await.expect(200);
            }
        }
    }
    world.blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_body_is_refused_in_a_known_way_if_it_is_wrong() {
    let mut world = World::new().await;
    world.restore().await;
    let document = document(&world.blog.site);
    for operation in operations().iter().filter(|operation| operation.body.is_some()) {
        let (method, path) = (operation.route.method.as_str(), world.address(operation));
        let client = world.admin.with("if-match", "*");
        let bodies: [(&str, &[u8], &[u16]); 7] = [
            ("application/json", b"", &[400]),
            ("application/json", b"{", &[400]),
            ("application/json", b"\"\xff\"", &[400]),
            ("application/json", b"{\"wings\":2}", &[422]),
            ("application/json", b"7", &[422]),
            ("application/json", b"{\"title\":1,\"title\":2}", &[422]),
            ("text/plain", b"{}", &[415]),
        ];
        for (media_type, body, expected) in bodies {
            let answer = client.body(method, &path, media_type, body.to_vec()).await;
            let takes_images = operation.id == "upload_media";
            // Without a body it has no kind.
            let expected = if takes_images { &[415, 422][..] } else { expected };
            assert!(expected.contains(&answer.status), "{} {body:?}: {} {}", operation.id, answer.status, answer.text);
            check(&document, operation, &answer);
            if answer.status == 415 {
                assert!(answer.header("accept").is_some(), "{}", operation.id);
                assert_eq!(answer.header("accept-patch").is_some(), method == "PATCH", "{}", operation.id);
            }
        }
    }
    world.blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_gets_what_the_table_says() {
    let mut world = World::new().await;
    let document = document(&world.blog.site);
    for (name, role) in [("rita", "reader"), ("abel", "author"), ("edda", "editor")] {
        world.blog.member(name, role).await;
    }
    for operation in operations() {
        for (name, rank) in [("", None), ("rita", Some(0)), ("abel", Some(1)), ("edda", Some(2)), ("ada", Some(3))] {
            world.restore().await;
            let client = match name {
                "" => world.blog.visitor(),
                "ada" => world.admin.clone(),
                name => world.blog.log_in(name).await,
            };
            let answer = world.send(&client, &operation, 0).await;
            check(&document, &operation, &answer);
            if operation.id == "change_password" && answer.status == 204 {
                let password = json!({ "password": PASSWORD });
                let address = format!("/api/v1/users/{name}/password");
                world.blog.administrator.json("POST", &address, &password).await.expect(204);
            }
            let (status, who) = (answer.status, format!("{} as {name}: {}", operation.id, answer.text));
            let wanted = match operation.wants {
                Wants::Scope(_, role) => Some(role as usize),
                _ => None,
            };
            match (rank, wanted) {
                (None, _) if operation.wants_somebody() => assert_eq!(status, 401, "{who}"),
                (Some(rank), Some(wanted)) if rank < wanted => assert_eq!(status, 403, "{who}"),
                // Things of others, or of those above, are for editors and administrators.
                (Some(rank), _) if rank < 3 => {
                    assert!(status < 300 || matches!(status, 403 | 404 | 422), "{status} {who}")
                }
                _ => assert!(status < 300, "{status} {who}"),
            }
        }
    }
    world.blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_good_for_its_scopes_and_no_more() {
    let mut world = World::new().await;
    let document = document(&world.blog.site);
    for operation in operations().iter().filter(|operation| operation.wants_somebody()) {
        let scope = match operation.wants {
            Wants::Scope(scope, _) => Some(scope.as_str()),
            _ => None,
        };
        let others: Vec<&str> = pamphlet::domain::token::TokenScope::ALL
            .iter()
            .map(|scope| scope.as_str())
            .filter(|other| Some(*other) != scope)
            .collect();
        for (scopes, is_enough) in [(json!(scope.into_iter().collect::<Vec<_>>()), true), (json!(others), false)] {
            if scopes.as_array().unwrap().is_empty() {
                continue;
            }
            world.restore().await;
            let made = json!({ "name": "Script", "scopes": scopes });
            let made = world.admin.json("POST", "/api/v1/me/tokens", &made).await.expect(201).value();
            if operation.id == "revoke_token" {
                world.ids.insert("tokens", made["id"].as_str().unwrap().to_owned());
            }
            let secret = format!("Bearer {}", made["secret"].as_str().unwrap());
            let program = world.blog.visitor().with("authorization", &secret).with("sec-fetch-site", "cross-site");
            let answer = world.send(&program, operation, 0).await;
            let what = format!("{} with {scopes}: {}", operation.id, answer.text);
            check(&document, operation, &answer);
            match operation.wants {
                Wants::Session => assert_eq!(answer.problem().0, "session-needed", "{what}"),
                Wants::Scope(..) if !is_enough => assert_eq!(answer.problem().0, "scope-missing", "{what}"),
                Wants::Member if operation.id == "batch" => assert!([200, 403].contains(&answer.status), "{what}"),
                _ => assert_eq!(answer.status, operation.answers.first().unwrap().status, "{what}"),
            }
            if operation.id != "revoke_token" {
                let id = made["id"].as_str().unwrap();
                world.admin.send("DELETE", &format!("/api/v1/me/tokens/{id}")).await.expect_one_of(&[204, 401]);
            }
        }
    }
    world.blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_is_whole_and_the_document_valid() {
    let blog = Blog::start().await;
    let document = blog.visitor().get("/api/v1/openapi.json").await.expect(200).value();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    for operation in operations() {
        assert!(ids.insert(operation.id.clone()), "{} twice", operation.id);
        assert!(!operation.tag.is_empty() && !operation.summary.is_empty() && !operation.answers.is_empty());
        let braces = operation.route.pattern.matches('{').count();
        let told = operation.parameters.iter().filter(|parameter| parameter.place == Place::Path).count();
        assert_eq!(braces, told, "{}: parameters of the path", operation.id);
    }
    // Every reference leads somewhere.
    let text = document.to_string();
    for name in text.split("#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(document["components"]["schemas"][name].is_object(), "no schema {name}");
    }
    blog.administrator.write(post("Not needed")).await;
    blog.stop().await;
}
