//! `pamphlet user …` beside a server that runs.
#![cfg(unix)]

use crate::auth::{is_signed_in, log_in};
use crate::cli::{file_names, folder};
use crate::harness::PASSWORD;
use crate::program::{Served, finish, pamphlet, run_with_input};
use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::Path;

const BY_SERVER: &str = "The running server did this";

fn user(folder: &Path, words: &[&str], input: &str) -> crate::program::Ended {
    let args: Vec<&str> = ["user"].iter().chain(words).chain(&["--data", "blog.redb"]).copied().collect();
    run_with_input(folder, &args, input)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_about_accounts_works_beside_a_running_server() {
    let folder = folder();
    let served = Served::blog(folder.path(), &[]);
    served.set_up().await;
    let mode = std::fs::metadata(folder.path().join("blog.redb.sock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "{mode:o}");

    let add = ["add", "ada", "--role", "author", "--email", "ada@example.org"];
    let added = user(folder.path(), &add, "a password of ada\n").expect(0).says("Made the account ada (author).");
    assert!(added.err.contains(BY_SERVER), "{}", added.err);
    let ada = served.visitor();
    log_in(&ada, "ada", "a password of ada").await.expect(303);
    let list = user(folder.path(), &["list"], "").expect(0).says("ada@example.org");
    assert!(list.out.lines().count() == 3 && list.out.starts_with("NAME"), "{}", list.out);
    let list = user(folder.path(), &["list", "--json"], "").expect(0);
    for line in list.out.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }

    let token = user(folder.path(), &["token", "ada", "--scopes", "account:read"], "").expect(0);
    let program = served.visitor().with("authorization", &format!("Bearer {}", token.out.trim()));
    program.get("/api/v1/me").await.expect(200).contains("\"ada\"");
    user(folder.path(), &["role", "ada", "editor"], "").expect(0).says("ada is now an editor.");
    program.get("/api/v1/me").await.expect(200).contains("\"editor\"");

    user(folder.path(), &["passwd", "ada", "--keep-tokens"], "another of ada\n").expect(0).says("new password");
    assert!(!is_signed_in(&ada).await);
    log_in(&ada, "ada", "another of ada").await.expect(303);
    program.get("/api/v1/me").await.expect(200);
    user(folder.path(), &["passwd", "ada"], "a third of ada\n").expect(0);
    program.get("/api/v1/me").await.expect(401);
    user(folder.path(), &["disable", "ada"], "").expect(0).says("cannot sign in any more");
    log_in(&served.visitor(), "ada", "a third of ada").await.expect(422);
    user(folder.path(), &["enable", "ada"], "").expect(0);
    log_in(&served.visitor(), "ada", "a third of ada").await.expect(303);

    // Refusals and their exit codes are those of a stopped server.
    user(folder.path(), &["add", "ADA"], &format!("{PASSWORD}\n")).expect(1).says("taken");
    user(folder.path(), &["passwd", "eve"], &format!("{PASSWORD}\n")).expect(1).says("no account “eve”");
    user(folder.path(), &["passwd", "ada"], "password1\n").expect(1).says("most common");
    user(folder.path(), &["role", "root", "reader"], "").expect(1).says("last administrator");
    served.stop();
    assert_eq!(file_names(folder.path()), ["blog.redb"]);
    let list = user(folder.path(), &["list"], "").expect(0).says("ada");
    assert!(!list.err.contains(BY_SERVER), "{}", list.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_a_killed_server_left_is_in_nobodys_way() {
    let folder = folder();
    let served = Served::blog(folder.path(), &[]);
    served.set_up().await;
    served.signal("KILL");
    served.ended();
    let socket = folder.path().join("blog.redb.sock");
    assert!(std::fs::metadata(&socket).unwrap().file_type().is_socket());
    let list = user(folder.path(), &["list"], "").expect(0).says("root");
    assert!(!list.err.contains(BY_SERVER), "{}", list.err);
    let served = Served::blog(folder.path(), &[]);
    assert!(user(folder.path(), &["list"], "").expect(0).err.contains(BY_SERVER));
    served.stop();
    assert!(!socket.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_too_long_for_a_socket_has_it_elsewhere() {
    let folder = folder();
    let deep = folder.path().join("a".repeat(100));
    std::fs::create_dir(&deep).unwrap();
    let runtime = folder.path().join("run");
    std::fs::create_dir(&runtime).unwrap();
    let served = {
        let mut command = pamphlet(&deep, &["serve", "--data", "blog.redb", "--listen", "127.0.0.1:0"]);
        command.env("XDG_RUNTIME_DIR", &runtime);
        Served::start(command)
    };
    served.set_up().await;
    assert_eq!(file_names(&deep), ["blog.redb"]);
    let mut command = pamphlet(&deep, &["user", "list", "--data", "blog.redb"]);
    command.env("XDG_RUNTIME_DIR", &runtime);
    let list = finish(command, "").expect(0).says("root");
    assert!(list.err.contains(BY_SERVER), "{}", list.err);
    served.stop();
    assert!(file_names(&runtime).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_on_the_socket_hurts_nobody() {
    let folder = folder();
    let served = Served::blog(folder.path(), &[]);
    served.set_up().await;
    let say = |bytes: &[u8]| {
        let mut stream = UnixStream::connect(folder.path().join("blog.redb.sock")).unwrap();
        // The server may hang up before it has read everything.
        drop(stream.write_all(bytes));
        drop(stream.shutdown(std::net::Shutdown::Write));
        let mut answer = String::new();
        drop(stream.read_to_string(&mut answer));
        answer
    };
    for nonsense in [&b"\n"[..], b"{}\n", b"{\"command\":\"explode\"}\n", b"\xff\xfe\n"] {
        assert!(say(nonsense).contains("another version"), "{nonsense:?}");
    }
    assert_eq!(say(b"cut off"), "");
    assert_eq!(say(&vec![b'x'; 1 << 20]), "");
    assert!(user(folder.path(), &["list"], "").expect(0).err.contains(BY_SERVER));
    served.stop();
}
