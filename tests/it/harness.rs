//! A blog that really runs: its own file, its own port, a clock that stands still.

use crate::client::{Answer, Client};
use pamphlet::config::Config;
use pamphlet::domain::time::{Timestamp, Zone};
use pamphlet::server;
use pamphlet::server::listen::listen;
use pamphlet::service::{App, Clock, setup};
use pamphlet::store::{Opening, Store};
use pamphlet::web::Site;
use pamphlet::web::access_log;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// When every story begins: 10:28 in the morning in Berlin, the blog's time zone.
pub const START: &str = "2026-05-03T08:28:00Z";
/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery";
/// Longest time a helper waits before it says what it waited for.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A running blog.
pub struct Blog {
    pub site: Arc<Site>,
    pub clock: Clock,
    pub address: SocketAddr,
    /// What the log says of answers: method, path and status.
    log: Arc<Mutex<Vec<String>>>,
    /// Signed in; the one who set the blog up.
    pub administrator: Client,
    base: String,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
    folder: TempDir,
}

impl Blog {
    /// A blog that is set up and has no posts.
    pub async fn start() -> Blog {
        Blog::start_with(|_| {}).await
    }

    /// The same with other settings of the program.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Blog {
        let mut blog = Blog::fresh(change).await;
        let link = setup::link(&blog.site.app).unwrap().expect("a fresh blog has a set-up link");
        let key = link.split_once("key=").unwrap().1.to_owned();
        let fields = [
            ("key", key.as_str()),
            ("title", "Notes on Rust"),
            ("time_zone", "Europe/Berlin"),
            ("username", "root"),
            ("password", PASSWORD),
        ];
        let administrator = blog.visitor();
        administrator.post_form("/setup", &fields).await.expect(303);
        blog.administrator = administrator;
        blog
    }

    /// A blog that nobody has set up yet.
    pub async fn fresh(change: impl FnOnce(&mut Config)) -> Blog {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config { data: folder.path().join("blog.redb"), bcrypt_cost: Some(4), ..Config::default() };
        change(&mut config);
        let clock = Clock::fixed(Timestamp::parse(START, &Zone::utc()).unwrap());
        Blog::serve(folder, clock, config).await
    }

    async fn serve(folder: TempDir, clock: Clock, config: Config) -> Blog {
        let store = Store::open(&config.data, Opening::Create, config.cache_size()).unwrap();
        let app = Arc::new(App::new(store, clock.clone(), config).unwrap());
        let base = app.links().base().to_owned();
        let log = Arc::<Mutex<Vec<String>>>::default();
        let lines = Arc::clone(&log);
        let lines: access_log::Lines = Box::new(move |line| {
            lines.lock().unwrap().push(format!("{} {} {}", line.method, line.path, line.status));
        });
        let site = Arc::new(Site::new(app).unwrap().with_access_log(Some(lines)));
        let listener = listen(([127, 0, 0, 1], 0).into(), &[]).unwrap();
        listener.set_nonblocking(true).unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let running = server::run(vec![listener], Arc::clone(&site), async {
            let _ = stopped.await;
        });
        let ended = tokio::spawn(running);
        let administrator = Client::new(&format!("http://{address}"), &base);
        Blog { site, clock, address, log, administrator, base, stop, ended, folder }
    }

    /// What the log has said of answers since it was asked last.
    pub fn log(&self) -> Vec<String> {
        std::mem::take(&mut self.log.lock().unwrap())
    }

    /// Stops gracefully and fails if that hangs. The data file is closed afterwards.
    pub async fn stop(self) -> TempDir {
        self.stop.send(()).expect("the server ended by itself");
        let ended = tokio::time::timeout(PATIENCE, self.ended).await;
        ended.expect("the server did not stop").expect("the server panicked");
        let site = Arc::try_unwrap(self.site).ok().expect("something still holds the site");
        drop(site);
        self.folder
    }

    /// Stops and starts again on the same file; the administrator stays signed in.
    pub async fn restart(self) -> Blog {
        self.again(|_| {}, |_| {}).await
    }

    /// Stops and starts again with other settings of the program.
    pub async fn restart_with(self, change: impl FnOnce(&mut Config)) -> Blog {
        self.again(change, |_| {}).await
    }

    /// Stops, lets `change` have the file, and starts again on it.
    pub async fn restart_after(self, change: impl FnOnce(&Store)) -> Blog {
        self.again(|_| {}, change).await
    }

    async fn again(self, configure: impl FnOnce(&mut Config), change: impl FnOnce(&Store)) -> Blog {
        let (clock, mut config) = (self.clock.clone(), self.site.app.config().clone());
        let administrator = self.administrator.clone();
        let folder = self.stop().await;
        configure(&mut config);
        change(&Store::open(&config.data, Opening::Existing, config.cache_size()).unwrap());
        let mut blog = Blog::serve(folder, clock, config).await;
        blog.administrator = administrator.moved_to(&format!("http://{}", blog.address), &blog.base);
        blog
    }

    /// The data file.
    pub fn data(&self) -> PathBuf {
        self.site.app.config().data.clone()
    }

    /// Moves the clock forward.
    pub fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Where the blog lives: empty or `/blog`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Somebody who is not signed in.
    pub fn visitor(&self) -> Client {
        Client::new(&format!("http://{}", self.address), &self.base)
    }

    /// Somebody who signed up.
    pub async fn reader(&self, name: &str) -> Client {
        let client = self.visitor();
        client.post_form("/signup", &[("username", name), ("password", PASSWORD)]).await.expect(303);
        client
    }

    pub async fn author(&self, name: &str) -> Client {
        self.member(name, "author").await
    }

    pub async fn editor(&self, name: &str) -> Client {
        self.member(name, "editor").await
    }

    /// Somebody whom the administrator gave an account of this role, signed in.
    pub async fn member(&self, name: &str, role: &str) -> Client {
        let fields = [("username", name), ("password", PASSWORD), ("role", role)];
        self.administrator.post_form("/admin/users", &fields).await.expect(303);
        self.log_in(name).await
    }

    /// One more browser of somebody who has an account.
    pub async fn log_in(&self, name: &str) -> Client {
        let client = self.visitor();
        client.post_form("/login", &[("username", name), ("password", PASSWORD)]).await.expect(303);
        client
    }

    /// Makes a category and tells its number.
    pub async fn category(&self, name: &str) -> String {
        self.administrator.post_form("/admin/categories", &[("name", name)]).await.expect(303);
        let list = self.administrator.get("/admin/categories").await.expect(200);
        let row = list.text.split("<h2").skip(1).find(|row| row.contains(&format!(">{name}<")));
        row.unwrap().split_once("/admin/categories/").unwrap().1.split('"').next().unwrap().to_owned()
    }

    /// The number of an account.
    pub async fn user_id(&self, name: &str) -> String {
        let list = self.administrator.get("/admin/users").await.expect(200);
        let row = list.text.split("<h2").skip(1).find(|row| row.contains(&format!("<bdi>{name}</bdi>")));
        row.unwrap().split_once("/admin/users/").unwrap().1.split('"').next().unwrap().to_owned()
    }

    /// Changes one of the site's settings; boxes are ticked by `on` and cleared by nothing.
    pub async fn set(&self, name: &str, value: &str) {
        let form = self.administrator.get("/admin/settings").await.expect(200);
        let navigation = form.between("name=\"navigation\"", "</textarea>").split_once('>').unwrap().1;
        let navigation = crate::client::unescaped(navigation.trim_start());
        let zone = form.between("name=\"time_zone\"", "</select>");
        let zone = zone.split("<option value=\"").find(|option| option.contains(" selected")).unwrap();
        let mut fields = vec![
            ("title", form.input("title")),
            ("tagline", form.input("tagline")),
            ("posts_per_page", form.input("posts_per_page")),
            ("language", form.input("language")),
            ("navigation", navigation),
            ("time_zone", zone.split('"').next().unwrap().to_owned()),
            ("signup_open", "on".to_owned()),
        ];
        fields.retain(|(known, _)| *known != name);
        if !value.is_empty() {
            fields.push((name, value.to_owned()));
        }
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.administrator.post_form("/admin/settings", &fields).await.expect(303);
    }

    /// Sends bytes as they are and reads until the server closes.
    pub async fn raw(&self, request: impl AsRef<[u8]>) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_ref()).await.unwrap();
        let mut answer = Vec::new();
        let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        let beginning = String::from_utf8_lossy(request.as_ref()).chars().take(80).collect::<String>();
        let _ = read.unwrap_or_else(|_| panic!("the connection stayed open after {beginning:?}"));
        String::from_utf8_lossy(&answer).into_owned()
    }
}

/// The fields of the editor; `write` sends them as the browser would.
#[derive(Clone)]
pub struct Draft {
    pub fields: Vec<(String, String)>,
    action: &'static str,
    page: bool,
}

/// A post that is stored.
#[derive(Debug, Clone)]
pub struct Written {
    pub id: String,
    /// Below the base path, percent-encoded: `/posts/hello`.
    pub path: String,
}

/// A post that is published as soon as it is written.
pub fn post(title: &str) -> Draft {
    let fields = [("title", title), ("source", "Some text."), ("comments_open", "on")];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    Draft { fields, action: "publish", page: false }
}

/// A static page that is published as soon as it is written.
pub fn page(title: &str) -> Draft {
    Draft { page: true, ..post(title) }
}

impl Draft {
    /// Fills in a field of the editor.
    pub fn with(mut self, name: &str, value: &str) -> Draft {
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.into(), value.into()));
        self
    }

    pub fn body(self, markdown: &str) -> Draft {
        self.with("source", markdown)
    }

    /// Only saved.
    pub fn draft(self) -> Draft {
        Draft { action: "save", ..self }
    }

    /// Leaves the box unticked.
    pub fn comments_closed(mut self) -> Draft {
        self.fields.retain(|(known, _)| known != "comments_open");
        self
    }
}

impl Client {
    /// Writes a post or a page in the editor.
    pub async fn write(&self, draft: Draft) -> Written {
        let answer = self.try_write(&draft, draft.action).await.expect(303);
        let id = answer.location().split_once("/admin/posts/").unwrap().1.split('?').next().unwrap().to_owned();
        self.written(&id).await
    }

    /// Presses a button of the empty editor.
    pub async fn try_write(&self, draft: &Draft, action: &str) -> Answer {
        let path = if draft.page { "/admin/pages/new" } else { "/admin/posts/new" };
        self.post_files(path, &draft.pairs(action), &[]).await
    }

    /// Presses a button of the editor of a stored post, with these fields changed.
    pub async fn edit(&self, post: &Written, changes: &[(&str, &str)], action: &str) -> Answer {
        let draft = changes.iter().fold(self.opened(post).await, |draft, (name, value)| draft.with(name, value));
        self.save(post, &draft, action).await
    }

    /// The editor of a stored post as it opens.
    pub async fn opened(&self, post: &Written) -> Draft {
        let form = self.get(&format!("/admin/posts/{}", post.id)).await.expect(200);
        let area = |name: &str| {
            let rest = form.between(&format!("name=\"{name}\""), "</textarea>");
            crate::client::unescaped(rest.split_once('>').unwrap().1.trim_start_matches('\n'))
        };
        let mut draft = Draft { fields: Vec::new(), action: "save", page: false };
        for name in ["title", "slug", "version", "published_at", "cover_alt"] {
            draft = draft.with(name, &form.input(name));
        }
        for name in ["source", "excerpt"] {
            draft = draft.with(name, &area(name));
        }
        if form.text.contains("name=\"tags\"") {
            draft = draft.with("tags", &form.input("tags"));
            let options = form.between("name=\"category\"", "</select>");
            let chosen = options.split("<option value=\"").find(|option| option.contains(" selected"));
            draft = draft.with("category", chosen.map_or("", |option| option.split('"').next().unwrap()));
        }
        if form.text.contains("name=\"comments_open\" value=\"on\" checked") {
            draft = draft.with("comments_open", "on");
        }
        if form.text.contains("name=\"cover_media\"") {
            draft = draft.with("cover_media", &form.input("cover_media"));
        }
        draft
    }

    /// Sends the editor of a stored post.
    pub async fn save(&self, post: &Written, draft: &Draft, action: &str) -> Answer {
        self.post_files(&format!("/admin/posts/{}", post.id), &draft.pairs(action), &[]).await
    }

    /// What is stored under this number.
    pub async fn written(&self, id: &str) -> Written {
        let editor = self.get(&format!("/admin/posts/{id}")).await.expect(200);
        let head = editor.between("class=\"toolbar\"", "</a>").split_once("href=\"").unwrap().1;
        let address = head.split('"').next().unwrap();
        let path = match address.find("/posts/") {
            Some(at) => &address[at..],
            None => &address[address.rfind('/').unwrap()..],
        };
        Written { id: id.into(), path: path.into() }
    }

    /// Comments on a post and tells the comment's number.
    pub async fn comment(&self, post: &Written, text: &str) -> String {
        self.say(post, &[("body", text)]).await
    }

    /// Answers a comment and tells the reply's number.
    pub async fn reply(&self, post: &Written, parent: &str, text: &str) -> String {
        self.say(post, &[("body", text), ("parent", parent)]).await
    }

    async fn say(&self, post: &Written, fields: &[(&str, &str)]) -> String {
        let answer = self.post_form(&format!("{}/comments", post.path), fields).await.expect(303);
        answer.location().split_once("#comment-").expect("the comment's place").1.to_owned()
    }

    /// Uploads an image and tells its address below the base path.
    pub async fn upload(&self, name: &str, bytes: &[u8]) -> String {
        let before = self.get("/admin/media").await.expect(200);
        self.post_files("/admin/media", &[], &[("images", name, bytes)]).await.expect(303);
        let after = self.get("/admin/media").await.expect(200);
        let mut images = after.text.split("value=\"![](").skip(1).map(|rest| rest.split(')').next().unwrap());
        // The clock stands still, so the order of the list says nothing.
        let new = images.clone().find(|image| !before.text.contains(image));
        new.or(images.next()).expect("no image in the list").to_owned()
    }
}

impl Draft {
    fn pairs<'a>(&'a self, action: &'a str) -> Vec<(&'a str, &'a str)> {
        let fields = self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        fields.chain([("action", action)]).collect()
    }
}
