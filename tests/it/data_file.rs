//! The data file as the program finds it: whose it is, what is wrong with it.

use crate::cli::{file_names, folder};
use crate::harness::post;
use crate::program::{Served, run};

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_the_owner_reads_the_data_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    Served::blog(folder.path(), &[]).stop();
    let mode = std::fs::metadata(folder.path().join("blog.redb")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_being_served_refuses_everybody_else() {
    let folder = folder();
    let served = Served::blog(folder.path(), &[]);
    served.set_up().await;
    let data = ["--data", "blog.redb"];
    for args in [&["serve", "--listen", "127.0.0.1:0"][..], &["import", "markdown", "."]] {
        run(folder.path(), &[args, &data].concat()).expect(3).says("in use");
    }
    served.visitor().get("/").await.expect(200);
    run(folder.path(), &["user", "list", "--data", "blog.redb"]).expect(0).says("The running server did this.");
    served.stop();
    run(folder.path(), &["user", "list", "--data", "blog.redb"]).expect(0).says("root");
}

#[test]
fn a_file_that_cannot_be_made_is_one_sentence() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("folder")).unwrap();
    for data in ["no/such/folder/blog.redb", "folder", "/proc/blog.redb", "folder/blog.redb/x"] {
        let ended = run(folder.path(), &["serve", "--listen", "127.0.0.1:0", "--data", data]).expect(1);
        assert!(ended.err.contains(data), "{}", ended.err);
    }
    for command in [&["user", "list"][..], &["check"], &["backup", "copy.redb"]] {
        run(folder.path(), &[command, &["--data", "none.redb"]].concat()).expect(1).says("none.redb");
    }
    assert_eq!(file_names(folder.path()), ["folder"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_refused_and_left_as_it_is() {
    let folder = folder();
    let served = Served::blog(folder.path(), &[]);
    let root = served.set_up().await;
    root.write(post("Hello").body(&"Words. ".repeat(10_000))).await;
    served.stop();
    let whole = std::fs::read(folder.path().join("blog.redb")).unwrap();
    let mut zeroed = whole.clone();
    zeroed[..512].fill(0);
    let cases = [
        ("noise.redb", (0..20_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect::<Vec<u8>>()),
        ("text.redb", b"This is a shopping list.\n".to_vec()),
        ("cut.redb", whole[..whole.len() / 2].to_vec()),
        ("head.redb", whole[..100].to_vec()),
        ("zeroed.redb", zeroed),
        ("zeros.redb", vec![0; whole.len().max(4_000_000)]),
    ];
    for (name, bytes) in cases {
        std::fs::write(folder.path().join(name), &bytes).unwrap();
        for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["check"], &["user", "list"]] {
            let ended = run(folder.path(), &[command, &["--data", name]].concat());
            assert_eq!(ended.code, Some(3), "{command:?} {name}: {}{}", ended.out, ended.err);
            ended.expect(3).says(name);
        }
        assert!(std::fs::read(folder.path().join(name)).unwrap() == bytes, "{name} was changed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_a_file_is_damaged_it_is_said_in_plain_words() {
    const PAGE: usize = 4096;
    let folder = folder();
    let served = Served::blog(folder.path(), &[]);
    let root = served.set_up().await;
    root.write(post("Hello")).await;
    served.stop();
    run(folder.path(), &["backup", "small.redb", "--data", "blog.redb"]).expect(0);
    let whole = std::fs::read(folder.path().join("small.redb")).unwrap();
    let mut refused = 0;
    for page in 1..whole.len() / PAGE {
        let mut damaged = whole.clone();
        damaged[page * PAGE..(page + 1) * PAGE].fill(0);
        for command in [&["user", "list"][..], &["check"]] {
            std::fs::write(folder.path().join("damaged.redb"), &damaged).unwrap();
            let ended = run(folder.path(), &[command, &["--data", "damaged.redb"]].concat());
            assert!(!ended.err.contains("panicked"), "{command:?}, page {page}: {}", ended.err);
            assert!(matches!(ended.code, Some(0 | 3)), "{command:?}, page {page}: {:?} {}", ended.code, ended.err);
            refused += usize::from(ended.code == Some(3));
            let same = std::fs::read(folder.path().join("damaged.redb")).unwrap() == damaged;
            assert!(same || command != ["check"], "page {page}: what is checked is not changed");
        }
    }
    assert!(refused > 20, "pages that are in use were zeroed: {refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_a_later_version_is_refused_untouched() {
    let folder = folder();
    Served::blog(folder.path(), &[]).stop();
    let path = folder.path().join("blog.redb");
    {
        let db = redb::Database::open(&path).unwrap();
        let txn = db.begin_write().unwrap();
        let meta = redb::TableDefinition::<&str, &[u8]>::new("meta");
        txn.open_table(meta).unwrap().insert("schema_version", 999u64.to_le_bytes().as_slice()).unwrap();
        txn.commit().unwrap();
    }
    let before = std::fs::read(&path).unwrap();
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["user", "list"], &["check"], &["backup", "copy.redb"]]
    {
        run(folder.path(), &[command, &["--data", "blog.redb"]].concat()).expect(3).says("999");
    }
    assert!(std::fs::read(&path).unwrap() == before, "the file was touched");
    assert_eq!(file_names(folder.path()), ["blog.redb"]);
}
