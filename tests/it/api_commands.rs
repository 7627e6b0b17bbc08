//! The reference of the API: it tells of every operation, and its commands work as they are printed.

use crate::api_operations::World;
use crate::client::Answer;
use crate::harness::Blog;
use pamphlet::web::api::operation::Operation;
use pamphlet::web::api::operations;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_tells_of_every_operation_without_a_script() {
    let blog = Blog::start().await;
    let page = blog.visitor().get("/api/docs").await.expect(200).lacks("<script").contains("curl");
    for operation in operations() {
        let told = crate::client::unescaped(&page.text);
        assert!(told.contains(operation.route.pattern), "nothing about {}", operation.id);
    }
    blog.stop().await;
}

/// A command of the reference, as the shell and curl understand it.
#[derive(Default)]
struct Command {
    address: String,
    method: String,
    headers: Vec<(String, String)>,
    cookie: Option<(String, String)>,
    data: Option<String>,
    /// The field of a form that is a file.
    file: Option<String>,
    is_raw: bool,
}

impl Command {
    fn parse(text: &str) -> Command {
        let mut words = words(text).into_iter();
        assert_eq!(words.next().as_deref(), Some("curl"), "{text}");
        let mut command = Command { method: "GET".into(), ..Command::default() };
        let pair = |text: String, by: &str| text.split_once(by).map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        while let Some(word) = words.next() {
            let mut value = || words.next().unwrap();
            match word.as_str() {
                "-i" => {}
                "-X" => command.method = value(),
                "-H" => command.headers.push(pair(value(), ": ")),
                "-b" => command.cookie = Some(pair(value(), "=")),
                "-d" => command.data = Some(value()),
                "-F" => command.file = Some(value().strip_suffix("=@owl.png").unwrap().to_owned()),
                "--data-binary" => command.is_raw = value() == "@owl.png",
                _ => command.address = word.strip_prefix("$BLOG").unwrap().to_owned(),
            }
        }
        command
    }
}

/// The words of a line of the shell, in which variables are left alone.
fn words(line: &str) -> Vec<String> {
    let line = line.replace("\\\n", " ");
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match (character, quote) {
            ('\'' | '"', None) => quote = Some(character),
            (_, Some(open)) if character == open => quote = None,
            ('\\', None) => word.extend(characters.next()),
            (' ', None) => words.push(std::mem::take(&mut word)),
            _ => word.push(character),
        }
    }
    words.push(word);
    words.into_iter().filter(|word| !word.is_empty()).collect()
}

/// The commands that the reference prints for an operation.
fn printed(page: &str, id: &str) -> Vec<String> {
    let (_, rest) = page.split_once(&format!("<div id=\"{id}\">")).unwrap();
    let entry = rest.split("</details>").next().unwrap();
    let commands =
        entry.split("<pre tabindex=\"0\"><code>").skip(1).map(|rest| rest.split("</code></pre>").next().unwrap());
    commands.map(crate::client::unescaped).collect()
}

impl World {
    /// Does what a command says, with no header that it does not name.
    async fn run(&self, operation: &Operation, command: Command, secret: &str) -> Answer {
        // A client of the tests tells that it is on this site unless something else is said.
        let mut client = self.blog.visitor().with("sec-fetch-site", "cross-site");
        let mut media_type = None;
        for (name, value) in command.headers {
            match name.to_lowercase().as_str() {
                "content-type" => media_type = Some(value),
                name => client = client.with(name.to_owned().leak(), &value.replace("$TOKEN", secret)),
            }
        }
        if let Some((name, value)) = command.cookie {
            assert_eq!(value, "$SESSION");
            client.set_cookie(&name, &self.admin.session().unwrap());
        }
        let (method, path) = (command.method.as_str(), self.address(operation));
        let image = crate::media::png(2_000 + self.made, 5, 9);
        match (command.data, command.file) {
            (Some(data), _) => {
                let body = self.fresh(operation, &serde_json::from_str(&data).unwrap());
                client.body(method, &path, &media_type.unwrap(), body).await
            }
            (None, Some(field)) => {
                assert_eq!(media_type, None, "curl makes it up, with the boundary");
                client.post_files(&path, &[], &[(&field, "owl.png", &image)]).await
            }
            (None, None) if command.is_raw => client.body(method, &path, &media_type.unwrap(), image).await,
            (None, None) => client.send(method, &path).await,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_reference_works_as_it_is_printed() {
    let mut world = World::new().await;
    let page = world.blog.visitor().get("/api/docs").await.expect(200).text;
    for operation in operations() {
        let commands = printed(&page, &operation.id);
        assert_eq!(commands.len(), if operation.id == "upload_media" { 2 } else { 1 }, "{}", operation.id);
        for text in commands {
            world.restore().await;
            let made = json!({ "name": "Script", "scopes": ["*"] });
            let made = world.admin.json("POST", "/api/v1/me/tokens", &made).await.expect(201).value();
            let id = made["id"].as_str().unwrap().to_owned();
            if operation.id == "revoke_token" {
                world.ids.insert("tokens", id.clone());
            }
            let command = Command::parse(&text);
            assert!(command.address.starts_with("/api/v1/") && !command.address.contains('{'), "{text}");
            let answer = world.run(&operation, command, made["secret"].as_str().unwrap()).await;
            let good = operation.answers.first().unwrap().status;
            assert_eq!(answer.status, good, "{text}\nanswered {}: {}", answer.status, answer.text);
            world.admin.send("DELETE", &format!("/api/v1/me/tokens/{id}")).await.expect_one_of(&[204, 401, 404]);
        }
    }
    world.blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_speaks_of_the_address_under_which_it_is_read() {
    let blog = Blog::start().await;
    let blog_is = |address: &str| format!("<code>BLOG={address}\n");
    for host in ["owls.example:8081", "crows.example", "owls.example:8081"] {
        let page = blog.visitor().with("host", host).get("/api/docs").await.expect(200);
        page.contains(&blog_is(&format!("http://{host}"))).contains("-session=$SESSION&quot;").lacks("`");
    }
    let member = blog.administrator.with("host", "jays.example").get("/api/docs").await.expect(200);
    member.contains(&blog_is("http://jays.example")).contains("root");
    let stranger = blog.visitor().with("host", "jays.example").get("/api/docs").await.expect(200);
    stranger.contains(&blog_is("http://jays.example")).lacks("root");
    let blog = blog.restart_with(|config| config.public_url = Some("https://blog.example/notes".into())).await;
    let page = blog.visitor().with("host", "owls.example").get("/api/docs").await.expect(200);
    page.contains(&blog_is("https://blog.example/notes"))
        .contains("-b &quot;__Host-")
        .contains("-session=$SESSION&quot;");
    blog.stop().await;
}
