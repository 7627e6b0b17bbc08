//! Blogs of any size with made-up text.

use pamphlet::content::excerpt;
use pamphlet::content::markdown;
use pamphlet::domain::actor::Role;
use pamphlet::domain::category::{Category, Tag};
use pamphlet::domain::comment::Comment;
use pamphlet::domain::html::Html;
use pamphlet::domain::id::{CategoryId, CommentId, PostId, UserId};
use pamphlet::domain::link::Links;
use pamphlet::domain::post::{Kind, PostHead, Status};
use pamphlet::domain::session::{Session, SessionKey};
use pamphlet::domain::slug::Slug;
use pamphlet::domain::time::Timestamp;
use pamphlet::domain::user::{User, Username};
use pamphlet::error::{Error, Result};
use pamphlet::store::posts::{Body, Revision};
use pamphlet::store::{self, Store, WriteTxn};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;

/// Accounts that comment and can be signed in; the first is an administrator.
pub const MEMBERS: u64 = 64;
/// Categories, each with its share of the posts.
pub const CATEGORIES: u64 = 8;
/// Texts that are really different; posts and comments take turns.
const TEXTS: u64 = 64;
/// Posts in one transaction.
const BATCH: u64 = 1_000;
/// When the newest post was published: 2026-01-01.
const NEWEST: i64 = 1_767_225_600_000;
const HOUR: i64 = 3_600_000;

/// How large a blog is to be.
#[derive(Debug, Clone)]
pub struct Plan {
    pub posts: u64,
    /// Comments under each post, two of three being replies.
    pub comments: u64,
    /// The bcrypt hash of everybody's password.
    pub hash: Option<String>,
}

/// Path of a post, counted from 1.
pub fn address(post: u64) -> String {
    format!("/posts/post-{post}")
}

/// Name of a member, counted from 0.
pub fn member(number: u64) -> String {
    format!("member-{number}")
}

/// The session's token of a member.
pub fn token(number: u64) -> String {
    format!("{number:064x}")
}

/// Makes the blog.
pub fn fill(store: &Store, plan: &Plan) -> Result<()> {
    let hash = plan.hash.clone();
    let members = store.write_blocking(move |txn| people(txn, hash.as_deref()))?;
    let texts = Arc::new(Texts::new());
    for first in (1..=plan.posts).step_by(usize::try_from(BATCH).unwrap_or(usize::MAX)) {
        let (texts, members, plan) = (Arc::clone(&texts), members.clone(), plan.clone());
        store.write_blocking(move |txn| {
            (first..(first + BATCH).min(plan.posts + 1))
                .try_for_each(|number| post(txn, number, &plan, &members, &texts))
        })?;
    }
    Ok(())
}

fn people(txn: &WriteTxn<'_>, hash: Option<&str>) -> Result<Vec<UserId>> {
    for number in 0..CATEGORIES {
        let (id, slug) = (store::categories::next_id(txn)?, slug(&format!("category-{number}"))?);
        let name = format!("Category {number}");
        store::categories::put(txn, &Category { id, slug, name, description: String::new() })?;
    }
    let now = Timestamp::from_ms(NEWEST);
    let mut members = Vec::new();
    for number in 0..MEMBERS {
        let id = store::users::next_id(txn)?;
        let user = User {
            id,
            username: Username::parse(&member(number)).map_err(wrong)?,
            display_name: format!("Member {number}"),
            email: None,
            bio: String::new(),
            role: if number == 0 { Role::Administrator } else { Role::Reader },
            disabled: false,
            created_at: now,
        };
        store::users::insert(txn, &user)?;
        if let Some(hash) = hash {
            store::users::put_password(txn, id, hash)?;
        }
        let far = now.plus(Duration::from_secs(10 * 365 * 86_400));
        let session =
            Session { user: id, created_at: now, last_seen: far, expires_at: far, user_agent: "bench".into() };
        store::sessions::insert(txn, &SessionKey(Sha256::digest(token(number)).into()), &session)?;
        members.push(id);
    }
    Ok(members)
}

fn post(txn: &WriteTxn<'_>, number: u64, plan: &Plan, members: &[UserId], texts: &Texts) -> Result<()> {
    let text = pick(&texts.posts, number)?;
    let published = Timestamp::from_ms(NEWEST - i64::try_from(plan.posts - number).unwrap_or(0) * HOUR);
    let author = *pick(members, 0)?;
    let head = PostHead {
        id: store::posts::next_id(txn)?,
        kind: Kind::Post,
        slug: slug(&format!("post-{number}"))?,
        title: format!("{} {number}", text.title),
        authors: vec![author],
        status: Status::Published,
        published_at: Some(published),
        created_at: published,
        updated_at: published,
        version: 1,
        category: Some(CategoryId(1 + number % CATEGORIES)),
        tags: vec![Tag::from_name(&format!("Tag {}", number % 40)).map_err(wrong)?],
        excerpt: String::new(),
        summary: text.summary.clone(),
        cover: None,
        comments_open: true,
        language: None,
        day_only: false,
    };
    let revision = Revision {
        title: head.title.clone(),
        source: text.source.clone(),
        saved_by: Some(author),
        saved_at: published,
    };
    store::posts::insert(txn, &head, &revision, &text.body)?;
    let mut thread = None;
    for count in 0..plan.comments {
        let subject = (head.id, thread.filter(|_| count % 3 != 0));
        let id = comment(txn, subject, *pick(members, number + count)?, texts, number * 7 + count)?;
        thread = subject.1.or(Some(id));
    }
    Ok(())
}

/// Writes one comment, or a reply to the comment that began `thread`.
fn comment(
    txn: &WriteTxn<'_>,
    (post, thread): (PostId, Option<CommentId>),
    author: UserId,
    texts: &Texts,
    number: u64,
) -> Result<CommentId> {
    let (source, body) = pick(&texts.comments, number)?.clone();
    let id = store::ids::next_comment(txn)?;
    let created_at = Timestamp::from_ms(NEWEST);
    let (edited_at, deleted) = (None, false);
    let thread_or_own = thread.unwrap_or(id);
    let comment = Comment {
        id,
        post,
        thread: thread_or_own,
        parent: thread,
        author,
        created_at,
        edited_at,
        deleted,
        source,
        body,
    };
    store::comments::put(txn, &comment)?;
    Ok(id)
}

/// Text of a comment of about 250 bytes.
pub fn comment_text(number: u64) -> String {
    let mut words = Words::new(1_000_000 + number);
    format!("{}\n\n{}", words.sentences(2), words.sentences(2))
}

/// Markdown of a post of about 4 KB.
pub fn article(number: u64) -> String {
    Words::new(number).article()
}

struct Texts {
    posts: Vec<Text>,
    comments: Vec<(String, Html)>,
}

struct Text {
    title: String,
    source: String,
    summary: String,
    body: Body,
}

impl Texts {
    fn new() -> Texts {
        let links = Links::root();
        let site = markdown::Site { links: &links, size_of: &|_| None };
        let post = |number| {
            let mut words = Words::new(number);
            let (title, source) = (words.title(), article(number));
            let rendered = markdown::post(&source, &site);
            let body = Body { stamp: markdown::stamp(&links), html: rendered.html };
            Text { title, source, summary: excerpt::summary(&rendered.text), body }
        };
        let comment = |number| {
            let source = comment_text(number);
            let body = markdown::comment(&source);
            (source, body)
        };
        Texts { posts: (0..TEXTS).map(post).collect(), comments: (0..TEXTS).map(comment).collect() }
    }
}

/// Words of syllables, the same for the same seed.
struct Words(u64);

impl Words {
    fn new(seed: u64) -> Words {
        Words(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// A number below `end` (SplitMix64).
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % end
    }

    fn word(&mut self) -> String {
        const ONSETS: [&str; 16] = ["b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "st", "br"];
        const RIMES: [&str; 12] = ["a", "e", "i", "o", "u", "an", "er", "in", "on", "ul", "ea", "ou"];
        let count = 1 + self.below(3);
        (0..count)
            .map(|_| {
                let onset = ONSETS.get(self.below(16) as usize).copied().unwrap_or("");
                let rime = RIMES.get(self.below(12) as usize).copied().unwrap_or("");
                format!("{onset}{rime}")
            })
            .collect()
    }

    fn sentence(&mut self) -> String {
        let count = 6 + self.below(10);
        let words: Vec<String> = (0..count).map(|_| self.word()).collect();
        let text = words.join(" ");
        let (first, rest) = text.split_at(1);
        format!("{}{rest}.", first.to_uppercase())
    }

    fn sentences(&mut self, count: u64) -> String {
        (0..count).map(|_| self.sentence()).collect::<Vec<_>>().join(" ")
    }

    fn title(&mut self) -> String {
        let sentence = self.sentence();
        sentence.split(' ').take(4).collect::<Vec<_>>().join(" ").trim_end_matches('.').to_owned()
    }

    /// About 4 KB of Markdown with what posts have: headings, emphasis, a list, code, a link.
    fn article(&mut self) -> String {
        let mut text = format!("{}\n\n", self.sentences(4));
        for _ in 0..4 {
            let (emphasis, link) = (self.word(), self.word());
            text.push_str(&format!("## {}\n\n", self.title()));
            text.push_str(&format!("{} *{emphasis}* {}\n\n", self.sentences(4), self.sentences(2)));
            text.push_str(&format!("- {}\n- {}\n\n", self.sentence(), self.sentence()));
            text.push_str(&format!("{} [{link}](https://example.org/{link})\n\n", self.sentences(3)));
        }
        text.push_str("```rust\nfn main() {\n    println!(\"Hello, {}\", 42);\n}\n```\n");
        text
    }
}

fn slug(text: &str) -> Result<Slug> {
    Slug::parse(text).map_err(wrong)
}

fn wrong(message: impl ToString) -> Error {
    Error::Failed(message.to_string())
}

fn pick<T>(all: &[T], number: u64) -> Result<&T> {
    let index = usize::try_from(number).unwrap_or(0) % all.len().max(1);
    all.get(index).ok_or(Error::NotFound("text"))
}
