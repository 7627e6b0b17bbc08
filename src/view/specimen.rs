//! Every page of a site whose every text is the same, for tests.

use crate::domain::actor::Actor;
use crate::domain::actor::Member;
use crate::domain::actor::Role;
use crate::domain::actor::Via;
use crate::domain::category::Category;
use crate::domain::category::CategoryInput;
use crate::domain::category::Tag;
use crate::domain::comment::Comment;
use crate::domain::comment::Conversation;
use crate::domain::comment::PlacedComment;
use crate::domain::comment::RecentComment;
use crate::domain::html::Html;
use crate::domain::id::CategoryId;
use crate::domain::id::CommentId;
use crate::domain::id::PostId;
use crate::domain::id::TokenId;
use crate::domain::id::UserId;
use crate::domain::link::Links;
use crate::domain::media::Media;
use crate::domain::media::MediaId;
use crate::domain::media::Picture;
use crate::domain::media::{ImageKind, MediaKind};
use crate::domain::paging::Page;
use crate::domain::post::Kind;
use crate::domain::post::PostCard;
use crate::domain::post::PostHead;
use crate::domain::post::PostInput;
use crate::domain::post::PostView;
use crate::domain::post::Status;
use crate::domain::session::Session;
use crate::domain::session::SessionKey;
use crate::domain::settings::NavItem;
use crate::domain::settings::Settings;
use crate::domain::settings::SettingsPatch;
use crate::domain::slug::Slug;
use crate::domain::time::Timestamp;
use crate::domain::time::Zone;
use crate::domain::token::NewToken;
use crate::domain::token::Token;
use crate::domain::token::TokenScopes;
use crate::domain::user::Credit;
use crate::domain::user::NewUser;
use crate::domain::user::ProfilePatch;
use crate::domain::user::User;
use crate::domain::user::Username;
use crate::error::FieldError;
use crate::view::account;
use crate::view::admin;
use crate::view::comment;
use crate::view::error;
use crate::view::layout::Frame;
use crate::view::list;
use crate::view::post;
use crate::view::sign_in;
use crate::view::tokens;
use std::borrow::Cow;
use std::sync::Arc;

/// A site whose every text is `text`.
pub struct Site {
    pub links: Links,
    pub settings: Settings,
    pub zone: Zone,
    pub actor: Actor,
    pub text: &'static str,
}

impl Site {
    pub fn new(text: &'static str, role: Option<Role>) -> Site {
        let settings = Settings {
            title: text.into(),
            tagline: text.into(),
            logo: Some(picture(text)),
            time_zone: "Europe/Berlin".into(),
            navigation: vec![NavItem { label: text.into(), address: "/archive".into() }],
            ..Settings::default()
        };
        let member = |role| {
            let (username, session) = (username(), SessionKey([1; 32]));
            Actor::Member(Member {
                id: UserId(1),
                username,
                display_name: text.into(),
                role,
                via: Via::Session(session),
            })
        };
        let links = Links::from_public_url("https://example.org/blog").unwrap();
        Site { links, zone: settings.zone(), settings, actor: role.map_or(Actor::Anonymous, member), text }
    }

    pub fn frame(&self) -> Frame<'_> {
        Frame {
            links: &self.links,
            settings: &self.settings,
            zone: &self.zone,
            actor: &self.actor,
            path: "/blog/posts/a?comments=2",
            notice: Some(self.text),
            now: now(),
        }
    }

    fn credit(&self) -> Arc<Credit> {
        Arc::new(Credit { id: UserId(1), username: username(), display_name: self.text.into() })
    }

    fn category(&self) -> Category {
        let slug = Slug::from_title("backend").unwrap();
        Category { id: CategoryId(1), slug, name: self.text.into(), description: self.text.into() }
    }

    pub fn head(&self) -> PostHead {
        PostHead {
            id: PostId(1),
            kind: Kind::Post,
            slug: Slug::from_title("a").unwrap(),
            title: self.text.into(),
            authors: vec![UserId(1)],
            status: Status::Published,
            published_at: Some(now()),
            created_at: now(),
            updated_at: now(),
            version: 1,
            category: Some(CategoryId(1)),
            tags: vec![Tag { slug: Slug::from_title("tag").unwrap(), name: self.text.into() }],
            excerpt: self.text.into(),
            summary: String::new(),
            cover: Some(picture(self.text)),
            comments_open: true,
            language: Some(self.text.into()),
            day_only: false,
        }
    }

    pub fn view(&self) -> PostView {
        let (authors, category) = (vec![self.credit()], Some(self.category()));
        PostView { head: self.head(), authors, category, body: Html::default() }
    }

    fn card(&self) -> PostCard {
        PostCard { head: self.head(), authors: vec![self.credit()], category: Some(self.category()), comments: 2 }
    }

    fn user(&self) -> User {
        User {
            id: UserId(1),
            username: username(),
            display_name: self.text.into(),
            email: None,
            bio: self.text.into(),
            role: Role::Administrator,
            disabled: true,
            created_at: now(),
        }
    }

    fn placed(&self, id: u64, depth: usize) -> PlacedComment {
        let comment = Comment {
            id: CommentId(id),
            post: PostId(1),
            thread: CommentId(1),
            parent: None,
            author: UserId(1),
            created_at: now(),
            edited_at: Some(now()),
            deleted: false,
            source: self.text.into(),
            body: Html::default(),
        };
        PlacedComment { comment, author: self.credit(), depth, in_reply_to: Some(self.credit()) }
    }

    pub fn conversation(&self, depths: &[usize]) -> Conversation {
        let comments: Vec<PlacedComment> = depths.iter().zip(1..).map(|(depth, id)| self.placed(id, *depth)).collect();
        Conversation { total: comments.len(), comments, page: 1, pages: 3 }
    }

    /// The page of a post.
    pub fn post(&self, view: &PostView, conversation: &Conversation) -> maud::Markup {
        post::show(&self.frame(), &post::prepare(&self.links, &self.zone, view, conversation))
    }

    /// Every page of the site.
    pub fn pages(&self) -> Vec<String> {
        let markups = [self.public_pages(), self.people_pages(), self.writing_pages(), self.managing_pages()];
        markups.into_iter().flatten().map(|markup| markup.into_string()).collect()
    }

    fn public_pages(&self) -> Vec<maud::Markup> {
        let frame = self.frame();
        let (posts, user) = (page(self.card()), self.user());
        let draft = PostView { head: PostHead { status: Status::Draft, ..self.head() }, ..self.view() };
        vec![
            self.post(&self.view(), &self.conversation(&[0, 1, 2, 3, 9])),
            self.post(&draft, &Conversation::default()),
            post::page(&frame, &self.view()),
            list::home(&frame, &posts),
            list::category(&frame, &self.category(), &posts),
            list::tag(&frame, &self.head().tags[0], &posts),
            list::author(&frame, &user, &posts),
            list::year(&frame, 2026, &posts),
            list::month(&frame, 2026, 5, &posts),
            list::archive(&frame, &[]),
            error::show(&frame, 404, self.text, self.text),
        ]
    }

    fn people_pages(&self) -> Vec<maud::Markup> {
        let (frame, head, placed) = (self.frame(), self.head(), self.placed(1, 0));
        let new = NewUser { username: self.text.into(), email: self.text.into(), password: "secret words".into() };
        let errors = ["", "username", "body", "bio"]
            .map(|field| FieldError { field: field.into(), message: Cow::Borrowed(self.text) });
        let typed = comment::CommentBox { body: self.text, errors: &errors };
        let profile = ProfilePatch { display_name: self.text.into(), email: self.text.into(), bio: self.text.into() };
        let sessions = [self.session()];
        let setup = sign_in::Setup { key: self.text, title: self.text, time_zone: self.text, user: &new };
        vec![
            comment::write(&frame, &head, Some(&placed), &typed),
            comment::edit(&frame, &head, &placed.comment, &typed),
            comment::confirm_delete(&frame, &head, &placed),
            sign_in::login(&frame, &sign_in::Login { username: self.text, next: self.text }, &errors),
            sign_in::signup(&frame, &new, self.text, &errors),
            sign_in::signup_closed(&frame, ""),
            sign_in::setup(&frame, &setup, &errors),
            sign_in::setup_refused(&frame),
            sign_in::reset(
                &frame,
                &sign_in::Reset { token: "1-a", username: &self.user().username, tokens: 2, keep_tokens: true },
                &errors,
            ),
            sign_in::reset_refused(&frame),
            tokens::show(
                &frame,
                &tokens::Tokens {
                    tokens: &[self.token()],
                    typed: &NewToken::default(),
                    once: "1234",
                    secret: Some("pamphlet_1234"),
                },
                &errors,
            ),
            account::show(
                &frame,
                &account::Account { user: &self.user(), profile: &profile, sessions: &sessions },
                &errors,
            ),
        ]
    }

    fn writing_pages(&self) -> Vec<maud::Markup> {
        let (frame, head, text) = (self.frame(), self.head(), self.text);
        let input = PostInput {
            title: text.into(),
            slug: text.into(),
            source: text.into(),
            category: text.into(),
            tags: vec![text.into()],
            excerpt: text.into(),
            comments_open: true,
            published_at: text.into(),
            zone: text.into(),
            cover: Some(picture(text)),
            cover_alt: text.into(),
            language: text.into(),
        };
        let categories = [self.category()];
        let editor = admin::editor::Editor {
            kind: Kind::Post,
            post_to: None,
            stored: Some(&head),
            input: &input,
            version: 1,
            categories: &categories,
            is_unsaved: true,
            conflict: Some(admin::editor::Conflict { title: text, source: text }),
        };
        let errors = [FieldError { field: "source".into(), message: Cow::Borrowed(text) }];
        vec![
            admin::posts::index(&frame, Kind::Post, None, &page(self.card())),
            admin::editor::edit(&frame, &editor, &errors),
            admin::editor::confirm_delete(&frame, &head, 3),
            admin::media::index(&frame, &page(media(text)), &errors),
            admin::media::confirm_delete(&frame, &media(text)),
        ]
    }

    fn session(&self) -> (SessionKey, Session) {
        let session = Session {
            user: UserId(1),
            created_at: now(),
            last_seen: now(),
            expires_at: now(),
            user_agent: self.text.into(),
        };
        (SessionKey([1; 32]), session)
    }

    fn token(&self) -> Token {
        Token {
            id: TokenId(1),
            user: UserId(1),
            name: self.text.into(),
            scopes: TokenScopes::all(),
            created_at: now(),
            expires_at: Some(now()),
            last_used: Some(now()),
        }
    }

    fn managing_pages(&self) -> Vec<maud::Markup> {
        let (frame, category, text) = (self.frame(), self.category(), self.text);
        let recent = RecentComment { comment: self.placed(1, 0).comment, author: self.credit(), post: self.head() };
        let typed = CategoryInput { name: text.into(), slug: text.into(), description: text.into() };
        let others = [self.category()];
        let new = NewUser { username: text.into(), email: text.into(), password: "secret words".into() };
        let account = admin::users::NewAccount { user: &new, role: Role::Author };
        let asked = admin::explorer::Asked { query: text, variables: text, response: Some(text) };
        let field = admin::explorer::Member { signature: text.into(), about: text.into() };
        let types = [admin::explorer::Type { name: text.into(), about: text.into(), fields: vec![field] }];
        let errors = [FieldError { field: "variables".into(), message: Cow::Borrowed(text) }];
        vec![
            admin::comments::index(&frame, &page(recent)),
            admin::categories::index(&frame, &[(category.clone(), 2)], &typed, &[]),
            admin::categories::edit(&frame, &category, &typed, &[]),
            admin::categories::merge(&frame, &category, &others, &[]),
            admin::categories::confirm_delete(&frame, &category, 2),
            admin::users::index(&frame, &page(self.user()), &account, &[]),
            admin::users::edit(
                &frame,
                &admin::users::Account { user: &self.user(), sessions: &[self.session()], tokens: &[self.token()] },
                Some(&admin::users::ResetLink { url: self.text, expires_at: self.user().created_at }),
                &[],
            ),
            admin::settings::edit(&frame, &SettingsPatch::from_settings(&self.settings), &[]),
            admin::explorer::show(&frame, &asked, &types, &errors),
        ]
    }
}

pub fn now() -> Timestamp {
    Timestamp::parse("2026-05-03T08:28:00Z", &Zone::utc()).unwrap()
}

fn username() -> Username {
    Username::parse("mikel").unwrap()
}

fn picture(text: &str) -> Picture {
    Picture { media: MediaId([7; 16]), name: text.into(), width: 1600, height: 900, alt: text.into() }
}

fn media(text: &str) -> Media {
    Media {
        id: MediaId([7; 16]),
        name: text.into(),
        kind: MediaKind::Image(ImageKind::Png),
        width: 1600,
        height: 900,
        bytes: 1_000,
        uploaded_by: UserId(1),
        uploaded_at: now(),
    }
}

fn page<T>(item: T) -> Page<T> {
    Page { items: vec![item], number: 2, per_page: 1, total: 3 }
}
