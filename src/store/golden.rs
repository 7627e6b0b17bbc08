//! One record of everything, compared byte by byte with what the first release writes.
//!
//! If this fails, an encoding has changed by accident: files of released versions could not be
//! read any more. If it was meant (a new field with a default, say), make the file of bytes again
//! with `PAMPHLET_WRITE_FIXTURES=1 cargo test golden`, and see that the old file of the schema
//! (`tests/it/migrate.rs`) is still read.

use crate::domain::actor::Role;
use crate::domain::category::{Category, Tag};
use crate::domain::comment::Comment;
use crate::domain::html::Html;
use crate::domain::id::{CategoryId, PostId, UserId};
use crate::domain::media::{ImageKind, Media, MediaId, MediaKind, Picture};
use crate::domain::post::{Kind, PostHead, Status};
use crate::domain::reset::Reset;
use crate::domain::session::{Session, SessionKey};
use crate::domain::settings::{NavItem, Settings};
use crate::domain::slug::Slug;
use crate::domain::time::Timestamp;
use crate::domain::token::{Token, TokenKey, TokenScope};
use crate::domain::user::{Email, User, Username};
use crate::error::Result;
use crate::store::imports::Imported;
use crate::store::posts::{Body, Revision};
use crate::store::receipts::{Receipt, ReceiptKey};
use crate::store::redirects::Target;
use crate::store::schema::for_each_table;
use crate::store::settings::Security;
use crate::store::{Snapshot, Store, WriteTxn};
use crate::store::{categories, comments, ids, imports, media, posts, receipts, redirects, resets, sessions, settings};
use crate::store::{tokens, users};
use redb::{Key, ReadableTable, TableDefinition, TableHandle, Value};
use std::fmt::Write;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(1_750_000_000_000 + ms)
}

fn slug(text: &str) -> Slug {
    Slug::parse(text).unwrap()
}

fn picture(bytes: &[u8]) -> (Media, Picture) {
    let media = Media {
        id: MediaId(std::array::from_fn(|n| n as u8 * 17)),
        name: "owl.png".into(),
        kind: MediaKind::Image(ImageKind::Png),
        width: 640,
        height: 480,
        bytes: bytes.len() as u64,
        uploaded_by: UserId(1),
        uploaded_at: at(4),
    };
    let (id, name, alt) = (media.id, media.name.clone(), "An owl".to_owned());
    (media, Picture { media: id, name, width: 640, height: 480, alt })
}

fn one_of_everything(txn: &WriteTxn<'_>) -> Result<()> {
    let (image, cover) = picture(b"not really a picture");
    media::insert(txn, &image, b"not really a picture")?;
    site(txn, &cover)?;
    people(txn)?;
    let category = Category {
        id: categories::next_id(txn)?,
        slug: slug("field-notes"),
        name: "Field notes".into(),
        description: "Outdoors.".into(),
    };
    categories::put(txn, &category)?;
    writing(txn, category.id, cover)?;
    conversation(txn)?;
    redirects::put(txn, "/posts/old", Target::Post(PostId(1)))?;
    redirects::put(txn, "/category/old", Target::Category(category.id))?;
    let imported = Imported::Post { post: PostId(1), version: 1, fingerprint: "00ff".into(), text: String::new() };
    imports::put(txn, "owls.md", &imported)?;
    imports::put(txn, "author:Ada", &Imported::User(UserId(1)))
}

fn site(txn: &WriteTxn<'_>, logo: &Picture) -> Result<()> {
    let site = Settings {
        title: "Field notes".into(),
        tagline: "What moves at night".into(),
        logo: Some(logo.clone()),
        time_zone: "Europe/Berlin".into(),
        posts_per_page: 10,
        signup_open: true,
        navigation: vec![NavItem { label: "Home".into(), address: "/".into() }],
        language: "en".into(),
    };
    settings::put_settings(txn, &site)?;
    settings::put_security(
        txn,
        &Security { bcrypt_cost: Some(11), site_id: "0123456789abcdef".into(), ..Security::default() },
    )
}

fn people(txn: &WriteTxn<'_>) -> Result<()> {
    let user = User {
        id: users::next_id(txn)?,
        username: Username::parse("ada").unwrap(),
        display_name: "Ada".into(),
        email: Some(Email::parse("Ada@example.org").unwrap()),
        bio: "Walks at night.".into(),
        role: Role::Administrator,
        disabled: false,
        created_at: at(1),
    };
    users::insert(txn, &user)?;
    users::put_password(txn, user.id, "$2b$04$not.a.hash")?;
    let session = Session {
        user: user.id,
        created_at: at(2),
        last_seen: at(3),
        expires_at: at(9_000),
        user_agent: "a browser".into(),
    };
    sessions::insert(txn, &SessionKey([0xab; 32]), &session)?;
    let reset = Reset { key: [0x5a; 32], created_at: at(2), expires_at: at(9_000) };
    resets::put(txn, user.id, &reset)?;
    let token = Token {
        id: tokens::next_id(txn)?,
        user: user.id,
        name: "Backup".into(),
        scopes: [TokenScope::PostsRead, TokenScope::MediaWrite].into_iter().collect(),
        created_at: at(2),
        expires_at: Some(at(9_000)),
        last_used: None,
    };
    tokens::insert(txn, &TokenKey([0xcd; 32]), &token)?;
    let receipt = Receipt { request: vec![1, 2, 3], outcome: "/api/v1/posts/owls".into(), made_at: at(5) };
    receipts::put(txn, &ReceiptKey([0xef; 32]), &receipt, at(0))
}

fn writing(txn: &WriteTxn<'_>, category: CategoryId, cover: Picture) -> Result<()> {
    let head = PostHead {
        id: posts::next_id(txn)?,
        kind: Kind::Post,
        slug: slug("owls"),
        title: "Owls".into(),
        authors: vec![UserId(1)],
        status: Status::Published,
        published_at: Some(at(5)),
        created_at: at(5),
        updated_at: at(6),
        version: 1,
        category: Some(category),
        tags: vec![Tag::from_name("Birds").unwrap()],
        excerpt: "On owls.".into(),
        summary: "They hoot.".into(),
        cover: Some(cover),
        comments_open: true,
        language: None,
        day_only: false,
    };
    let body = Body { stamp: "1 /".into(), html: Html::trusted("<p>They hoot.".into()) };
    let revision =
        Revision { title: "Owls".into(), source: "They hoot.".into(), saved_by: Some(UserId(1)), saved_at: at(6) };
    posts::insert(txn, &head, &revision, &body)?;
    let draft = PostHead {
        id: posts::next_id(txn)?,
        kind: Kind::Page,
        slug: slug("about"),
        status: Status::Draft,
        published_at: None,
        category: None,
        tags: Vec::new(),
        cover: None,
        comments_open: false,
        ..head
    };
    posts::insert(txn, &draft, &Revision { saved_by: None, ..revision }, &body)
}

fn conversation(txn: &WriteTxn<'_>) -> Result<()> {
    let first = Comment {
        id: ids::next_comment(txn)?,
        post: PostId(1),
        thread: crate::domain::id::CommentId(1),
        parent: None,
        author: UserId(1),
        created_at: at(7),
        edited_at: None,
        deleted: false,
        source: "By day?".into(),
        body: Html::trusted("<p>Really.".into()),
    };
    comments::put(txn, &first)?;
    let reply = Comment {
        id: ids::next_comment(txn)?,
        parent: Some(first.id),
        edited_at: Some(at(8)),
        source: "Yes".into(),
        body: Html::trusted("<p>No".into()),
        ..first.clone()
    };
    comments::put(txn, &reply)?;
    let gone =
        Comment { id: ids::next_comment(txn)?, deleted: true, source: String::new(), body: Html::default(), ..reply };
    comments::put(txn, &gone)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn rows<K: Key + Send + Sync + 'static, V: Value + Send + Sync + 'static>(
    out: &mut String,
    txn: &impl Snapshot,
    table: TableDefinition<'static, K, V>,
) {
    for row in txn.table(table).unwrap().iter().unwrap() {
        let (key, value) = row.unwrap();
        let (key, value) = (key.value(), value.value());
        let (key, value) = (hex(K::as_bytes(&key).as_ref()), hex(V::as_bytes(&value).as_ref()));
        writeln!(out, "{} {key} {value}", table.name()).unwrap();
    }
}

#[test]
fn every_byte_is_stored_as_before() {
    let store = Store::memory().unwrap();
    store.write_blocking(one_of_everything).unwrap();
    let txn = store.read().unwrap();
    let mut found = String::from("# table, key, value\n");
    macro_rules! show {
        ($table:ident) => {
            rows(&mut found, &txn, crate::store::schema::$table);
        };
    }
    for_each_table!(show);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/records-v1.txt");
    if std::env::var_os("PAMPHLET_WRITE_FIXTURES").is_some() {
        std::fs::write(path, &found).unwrap();
    }
    let expected = std::fs::read_to_string(path).unwrap();
    for (found, expected) in found.lines().zip(expected.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.lines().count(), expected.lines().count());
}
