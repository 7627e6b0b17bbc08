//! The life of a small blog in steps of one write each, and all there is to see of it.

use crate::media::noise;
use pamphlet::config::Config;
use pamphlet::domain::actor::{Actor, Member, Via};
use pamphlet::domain::category::CategoryInput;
use pamphlet::domain::comment::Comment;
use pamphlet::domain::id::{CommentId, PostId};
use pamphlet::domain::post::{Kind, PostHead, PostInput};
use pamphlet::domain::session::SessionKey;
use pamphlet::domain::settings::SettingsPatch;
use pamphlet::domain::slug::Slug;
use pamphlet::domain::user::{NewUser, Username};
use pamphlet::error::Result;
use pamphlet::service::settings::LogoChange;
use pamphlet::service::setup::SetupInput;
use pamphlet::service::writing::Intent;
use pamphlet::service::{App, Clock, auth, categories, comments, media, settings, setup, users, writing};
use pamphlet::store::{self, ReadTxn, Store};
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

/// Number of steps.
pub const STEPS: usize = 16;
/// The step before which the blog holds something of everything.
pub const FULLEST: usize = 13;

const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PASSWORD: &str = "correct horse battery";

/// The blog, with cheap passwords and a clock that stands where `step` puts it.
pub struct Life {
    pub app: Arc<App>,
    now: Arc<AtomicI64>,
}

impl Life {
    pub fn on(store: Store) -> Result<Life> {
        let config = Config { bcrypt_cost: Some(4), ..Config::default() };
        let now = Arc::<AtomicI64>::default();
        Ok(Life { app: Arc::new(App::new(store, Clock::Fixed(Arc::clone(&now)), config)?), now })
    }

    /// Does step `number`. It writes once, and what it does depends on the data and the number
    /// alone.
    pub async fn step(&self, number: usize) -> Result<()> {
        self.now.store(1_750_000_000_000 + 1_000 * i64::try_from(number).unwrap(), Ordering::SeqCst);
        step(&self.app, number).await
    }

    /// Uploads an image as the administrator.
    pub async fn upload(&self, image: Vec<u8>) -> Result<()> {
        self.app.commit(media::upload(&self.app, &root(&self.app)?, "file", "image.png", image).await).await.map(drop)
    }

    /// Publishes a post as the administrator, who comments on it too.
    pub async fn publish(&self, slug: &str) -> Result<()> {
        let (app, root) = (&self.app, root(&self.app)?);
        let input = PostInput { title: slug.into(), slug: slug.into(), category: String::new(), ..post() };
        app.commit(writing::create(app, &root, Kind::Post, &input, Intent::Publish).await).await?;
        app.commit(comments::submit(app, &root, slug, None, "First of all.").await).await.map(drop)
    }

    /// Removes a post as the administrator.
    pub async fn unwrite(&self, slug: &str) -> Result<()> {
        let id = find(&self.app, slug)?.id;
        self.app.commit(writing::remove(&self.app, &root(&self.app)?, id)).await.map(drop)
    }
}

async fn step(app: &Arc<App>, number: usize) -> Result<()> {
    match number {
        0 => set_up(app).await,
        1 => users::sign_up(app, &ada(), HOME, "story").await.map(drop),
        2 => {
            let input =
                CategoryInput { name: "Field notes".into(), slug: String::new(), description: "Outdoors.".into() };
            app.commit(categories::create(&root(app)?, &input)).await.map(drop)
        }
        3 => app.commit(writing::create(app, &root(app)?, Kind::Post, &post(), Intent::Publish).await).await.map(drop),
        4 => app.commit(media::upload(app, &root(app)?, "file", "owls.png", owls()).await).await.map(drop),
        5 => app
            .commit(comments::submit(app, &member(app, "ada")?, "owls", None, "They *hoot* at night.").await)
            .await
            .map(drop),
        6 => {
            let parent = comment(app, "hoot")?.id;
            app.commit(comments::submit(app, &root(app)?, "owls", Some(parent), "And by day in winter.").await)
                .await
                .map(drop)
        }
        7 => {
            let id = comment(app, "hoot")?;
            app.commit(comments::edit(app, &member(app, "ada")?, (id.post, id.id), "They *hoot* at dusk.").await)
                .await
                .map(drop)
        }
        8 => {
            let head = find(app, "owls")?;
            let input =
                PostInput { slug: "owls-and-others".into(), tags: vec!["Owls".into(), "Night".into()], ..post() };
            app.commit(writing::update(app, &root(app)?, (head.id, head.version), &input, Intent::Save).await)
                .await
                .map(drop)
        }
        9 => {
            let id = comment(app, "dusk")?;
            app.commit(comments::remove(app, &member(app, "ada")?, (id.post, id.id))).await
        }
        10 => sign_in(app).await,
        11 => {
            let mut patch = SettingsPatch::from_settings(settings::current(&app.read()?)?.as_ref());
            patch.tagline = "What moves at night".into();
            app.commit(settings::update(app, &root(app)?, &patch, LogoChange::Keep).await).await.map(drop)
        }
        12 => {
            let input = PostInput { title: "Bats".into(), source: "Soon.".into(), ..PostInput::default() };
            app.commit(writing::create(app, &root(app)?, Kind::Post, &input, Intent::Save).await).await.map(drop)
        }
        13 => {
            let images = store::media::latest(&app.read()?, 0, 1)?;
            app.commit(media::remove(app, &root(app)?, &images[0].id.to_string())).await
        }
        14 => app.commit(writing::remove(app, &root(app)?, find(app, "owls-and-others")?.id)).await.map(drop),
        _ => app.commit(users::set_disabled(&root(app)?, user(app, "ada")?.id, true)).await.map(drop),
    }
}

async fn set_up(app: &App) -> Result<()> {
    let link = setup::link(app)?.unwrap();
    let user = NewUser { username: "root".into(), email: "root@example.org".into(), password: PASSWORD.into() };
    let input = SetupInput { title: "Field notes".into(), time_zone: "Europe/Berlin".into(), user };
    setup::run(app, link.split_once("key=").unwrap().1, &input, "story").await.map(drop)
}

/// Ada logs in with her password.
pub async fn sign_in(app: &App) -> Result<()> {
    let login = auth::Login { name: "ada", password: PASSWORD, address: HOME, user_agent: "story", devices: "" };
    auth::sign_in(app, login).await.map(drop)
}

fn ada() -> NewUser {
    NewUser { username: "ada".into(), email: String::new(), password: PASSWORD.into() }
}

/// Large enough that the data file has to grow for it.
fn owls() -> Vec<u8> {
    static IMAGE: OnceLock<Vec<u8>> = OnceLock::new();
    IMAGE.get_or_init(|| noise(600, 500)).clone()
}

fn post() -> PostInput {
    let source: String =
        (0..120).map(|n| format!("{n}. An owl turns its head by {} degrees.\n", n * 7 % 270)).collect();
    PostInput {
        title: "Owls".into(),
        source,
        category: "1".into(),
        tags: vec!["Owls".into(), "Birds".into()],
        comments_open: true,
        ..PostInput::default()
    }
}

fn user(app: &App, name: &str) -> Result<pamphlet::domain::user::User> {
    Ok(store::users::by_username(&app.read()?, &Username::parse_any(name).unwrap())?.unwrap())
}

fn member(app: &App, name: &str) -> Result<Actor> {
    let user = user(app, name)?;
    Ok(Actor::Member(Member {
        id: user.id,
        username: user.username,
        display_name: user.display_name,
        role: user.role,
        via: Via::Session(SessionKey([0; 32])),
    }))
}

fn root(app: &App) -> Result<Actor> {
    member(app, "root")
}

fn find(app: &App, slug: &str) -> Result<PostHead> {
    Ok(store::posts::by_slug(&app.read()?, Kind::Post, &Slug::parse(slug).unwrap())?.unwrap())
}

fn comment(app: &App, says: &str) -> Result<Comment> {
    let comments = conversation(&app.read()?, PostId(1))?;
    Ok(comments.into_iter().find(|comment| comment.source.contains(says)).unwrap())
}

fn conversation(txn: &ReadTxn, post: PostId) -> Result<Vec<Comment>> {
    store::comments::threads(txn, post, CommentId(0), CommentId(u64::MAX))
}

/// All there is to see, except what is random (tokens, salts) and the numbers of comments, of
/// which some are skipped.
pub fn everything(txn: &ReadTxn) -> Result<String> {
    let mut out = String::new();
    writeln!(out, "{:?}", store::settings::settings(txn)?).unwrap();
    for user in store::users::all(txn)? {
        let password = store::users::password(txn, user.id)?.is_some();
        let sessions = store::sessions::by_user(txn, user.id)?.into_iter().map(|(_, session)| session);
        let mut sessions: Vec<_> = sessions.map(|session| (session.created_at, session.user_agent)).collect();
        sessions.sort();
        writeln!(out, "{user:?} {password} {sessions:?}").unwrap();
    }
    writeln!(out, "{:?}", store::categories::all(txn)?).unwrap();
    for head in store::posts::all(txn, 0, usize::MAX, |_| true)?.0 {
        let body = store::posts::body(txn, head.id)?;
        writeln!(out, "{head:?} {body:?}").unwrap();
        for version in 1..=head.version {
            writeln!(out, "{:?}", store::posts::revision(txn, head.id, version)?).unwrap();
        }
        let comments = conversation(txn, head.id)?;
        let place = |id: CommentId| comments.iter().position(|comment| comment.id == id);
        for comment in &comments {
            let (parent, thread) = (comment.parent.map(place), place(comment.thread));
            let shown = (&comment.source, &comment.body, comment.author, comment.created_at, comment.edited_at);
            writeln!(out, "{parent:?} {thread:?} {} {shown:?}", comment.deleted).unwrap();
        }
    }
    for image in store::media::latest(txn, 0, usize::MAX)? {
        let bytes = store::media::bytes(txn, &image, 0..image.bytes)?;
        writeln!(out, "{image:?} {}", bytes.len()).unwrap();
    }
    writeln!(out, "{:?}", store::redirects::by_path(txn, "/posts/owls")?).unwrap();
    Ok(out)
}
