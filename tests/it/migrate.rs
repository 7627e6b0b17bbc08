//! Files of every schema that was ever released open and show what they showed.
//!
//! `PAMPHLET_WRITE_FIXTURES=1 cargo test migrate` writes a file of the present schema into
//! `tests/files`. Do that once for each new schema, and never for an old one.

use crate::media::noise;
use crate::story::{FULLEST, Life, sign_in};
use pamphlet::domain::id::{CommentId, PostId};
use pamphlet::domain::post::{Kind, Status};
use pamphlet::domain::slug::Slug;
use pamphlet::domain::user::Username;
use pamphlet::store::check::check;
use pamphlet::store::redirects::Target;
use pamphlet::store::{self, Opening, SCHEMA, Store};
use std::path::{Path, PathBuf};

const CACHE: usize = 1 << 20;

fn fixture(schema: u64) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/files/schema-v{schema}.redb"))
}

/// A small file that holds something of everything.
async fn make(path: &Path) {
    let life = Life::on(Store::open(path, Opening::Create, CACHE).unwrap()).unwrap();
    for number in 0..FULLEST {
        match number {
            4 => life.upload(noise(24, 18)).await.unwrap(),
            _ => life.step(number).await.unwrap(),
        }
    }
    drop(life);
    let mut database = redb::Database::create(path).unwrap();
    database.compact().unwrap();
}

/// What every such file shows, whatever has become of the program since.
async fn shows_what_it_showed(path: &Path) {
    let store = Store::open(path, Opening::Existing, CACHE).unwrap();
    let txn = store.read().unwrap();
    let site = store::settings::settings(&txn).unwrap().unwrap();
    assert_eq!((site.title.as_str(), site.tagline.as_str()), ("Field notes", "What moves at night"));

    let user = |name: &str| store::users::by_username(&txn, &Username::parse_any(name).unwrap()).unwrap().unwrap();
    assert_eq!(user("root").email.unwrap().key(), "root@example.org");
    assert_eq!(store::sessions::by_user(&txn, user("ada").id).unwrap().len(), 2);

    let head = store::posts::by_slug(&txn, Kind::Post, &Slug::parse("owls-and-others").unwrap()).unwrap().unwrap();
    assert_eq!((head.id, head.title.as_str(), head.version), (PostId(1), "Owls", 2));
    let tags: Vec<&str> = head.tags.iter().map(|tag| tag.name.as_str()).collect();
    assert_eq!(tags, ["Owls", "Night"]);
    let category = store::categories::by_id(&txn, head.category.unwrap()).unwrap().unwrap();
    assert_eq!((category.slug.as_str(), category.description.as_str()), ("field-notes", "Outdoors."));
    for version in 1..=2 {
        let revision = store::posts::revision(&txn, head.id, version).unwrap().unwrap();
        assert!(revision.source.contains("119. An owl turns its head by 23 degrees."), "{}", revision.source);
    }
    let body = store::posts::body(&txn, head.id).unwrap().unwrap();
    assert!(body.html.as_str().contains("An owl turns its head by 23 degrees."));
    assert_eq!(store::redirects::by_path(&txn, "/posts/owls").unwrap(), Some(Target::Post(head.id)));
    let draft = store::posts::by_slug(&txn, Kind::Post, &Slug::parse("bats").unwrap()).unwrap().unwrap();
    assert_eq!(draft.status, Status::Draft);

    let thread = store::comments::threads(&txn, head.id, CommentId(0), CommentId(u64::MAX)).unwrap();
    let shown: Vec<_> =
        thread.iter().map(|comment| (comment.source.as_str(), comment.deleted, comment.parent)).collect();
    assert_eq!(shown, [("", true, None), ("And by day in winter.", false, Some(thread[0].id))]);
    assert!(thread[1].body.as_str().contains("And by day in winter."));

    let image = &store::media::latest(&txn, 0, 9).unwrap()[0];
    assert_eq!((image.name.as_str(), image.width, image.height), ("image.png", 24, 18));
    let bytes = store::media::bytes(&txn, image, 0..image.bytes).unwrap();
    assert!(bytes.starts_with(b"\x89PNG"));
    drop(txn);

    let life = Life::on(store).unwrap();
    sign_in(&life.app).await.unwrap();
    // The rest of the story can be lived on.
    for number in FULLEST..crate::story::STEPS {
        life.step(number).await.unwrap();
    }
    drop(life);
    let checkup = check(path).unwrap();
    assert_eq!((checkup.schema, checkup.findings), (SCHEMA, Vec::<String>::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_every_schema_opens() {
    let folder = tempfile::tempdir().unwrap();
    for schema in 1..=SCHEMA {
        let copy = folder.path().join(format!("v{schema}.redb"));
        std::fs::copy(fixture(schema), &copy).unwrap();
        assert!(check(&copy).unwrap().findings.is_empty());
        let backup = folder.path().join(format!("v{schema}-backup.redb"));
        pamphlet::store::copy::backup(&copy, &backup).unwrap();
        assert!(check(&backup).unwrap().findings.is_empty());
        shows_what_it_showed(&copy).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_made_now_shows_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("now.redb");
    make(&path).await;
    if std::env::var_os("PAMPHLET_WRITE_FIXTURES").is_some() {
        std::fs::copy(&path, fixture(SCHEMA)).unwrap();
    }
    shows_what_it_showed(&path).await;
}
