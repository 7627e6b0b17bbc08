//! The program as it is called: commands, exit codes, signals.

use crate::harness::{PASSWORD, post};
use crate::program::{Served, finish, pamphlet, run, run_with_input};
use std::net::TcpListener;
use std::path::Path;
use std::time::Instant;

pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

pub fn file_names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn help_is_complete_and_fits_the_terminal() {
    let folder = folder();
    let help = run(folder.path(), &["--help"]).expect(0);
    for word in ["serve", "try", "user add", "import markdown", "backup", "check", "--data", "--listen", "Exit codes"] {
        assert!(help.out.contains(word), "{word}");
    }
    let mut pages = vec![help.out];
    for command in
        ["serve", "try", "user add", "user list", "user passwd", "user role", "user disable", "import markdown"]
    {
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let page = run(folder.path(), &words).expect(0);
        assert!(page.out.contains("Usage: pamphlet"), "{command}");
        pages.push(page.out);
    }
    pages.push(run(folder.path(), &["help", "config"]).expect(0).says("PAMPHLET_DATA").says("default").out);
    for page in pages {
        let long = page.lines().find(|line| line.chars().count() > 80);
        assert_eq!(long, None);
    }
    let version = run(folder.path(), &["--version"]).expect(0);
    assert_eq!(version.out.trim(), concat!("pamphlet ", env!("CARGO_PKG_VERSION")));
    assert!(file_names(folder.path()).is_empty(), "help makes no file");
}

#[test]
fn wrong_words_are_wrong_usage_and_make_no_file() {
    let folder = folder();
    for args in [
        &["sreve"][..],
        &["--dta", "x"],
        &["serve", "extra"],
        &["serve", "--data"],
        &["serve", "--listen", "here"],
        &["serve", "--listen", "127.0.0.1"],
        &["serve", "--public-url", "example.org"],
        &["serve", "--public-url", "https://example.org/../x"],
        &["serve", "--trusted-proxy", "everybody"],
        &["serve", "--bcrypt-cost", "9"],
        &["serve", "--bcrypt-cost", "17"],
        &["serve", "--data", "a", "--data", "b"],
        &["serve", "--log-level", "loud=very"],
        &["user"],
        &["user", "add"],
        &["user", "role", "ada"],
        &["import", "pdf", "x"],
        &["try", "--ttl", "soon"],
        &["-x"],
    ] {
        let ended = run(folder.path(), args);
        assert_eq!(ended.code, Some(2), "{args:?}: {}{}", ended.out, ended.err);
        ended.expect(2);
    }
    assert!(file_names(folder.path()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_blog_is_set_up_by_its_link_and_nothing_is_lost_at_sigterm() {
    let folder = folder();
    let served = Served::blog(folder.path(), &[]);
    assert!(served.line.starts_with("pamphlet serves ") && served.line.contains("blog.redb"), "{}", served.line);
    let root = served.set_up().await;
    let hello = root.write(post("Hello")).await;
    root.comment(&hello, "The last words").await;
    served.stop();
    let served = Served::blog(folder.path(), &[]);
    served.visitor().get("/posts/hello").await.expect(200).contains("The last words");
    served.signal("INT");
    let ended = served.ended().expect(0);
    assert!(!ended.out.contains("/setup"), "no link once there is an administrator");
    assert_eq!(file_names(folder.path()), ["blog.redb"], "one file, and nothing beside it");
    run(folder.path(), &["check", "--data", "blog.redb"]).expect(0).says("is sound");
}

#[test]
fn a_taken_port_is_one_sentence_and_makes_no_file() {
    let folder = folder();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = run(folder.path(), &["serve", "--listen", &address]).expect(1);
    ended.says(&taken.local_addr().unwrap().port().to_string()).says("in use");
    assert!(file_names(folder.path()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn try_is_ready_at_once_and_says_so_in_one_line_of_json() {
    let folder = folder();
    let started = Instant::now();
    let served = Served::start(pamphlet(folder.path(), &["try", "--json"]));
    let line: serde_json::Value = serde_json::from_str(&served.line).unwrap();
    let keys: Vec<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys.len(), 4, "{keys:?}");
    assert_eq!(line["url"], served.origin);
    assert_eq!(line["pid"], served.pid());
    assert!(line["ready_ms"].as_u64().unwrap() <= started.elapsed().as_millis() as u64);
    assert!(line["admin"]["token"].as_str().is_some_and(|token| token.len() >= 32));
    let positions: Vec<usize> =
        ["\"url\"", "\"admin\"", "\"username\"", "\"password\"", "\"token\"", "\"pid\"", "\"ready_ms\""]
            .map(|key| served.line.find(key).unwrap())
            .to_vec();
    assert!(positions.is_sorted(), "{}", served.line);
    // It answers, has something to show, and the administrator gets in.
    let visitor = served.visitor();
    let home = visitor.get("/").await.expect(200);
    assert!(home.count("<article") >= 5, "sample content");
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let (username, password) = (text(&line["admin"]["username"]), text(&line["admin"]["password"]));
    assert_eq!(username, "admin");
    let fields = [("username", username.as_str()), ("password", password.as_str())];
    visitor.post_form("/login", &fields).await.expect(303);
    visitor.get("/admin/settings").await.expect(200);
    served.signal("TERM");
    let ended = served.ended().expect(0);
    assert_eq!(ended.out, "", "exactly one line");
    assert!(file_names(folder.path()).is_empty(), "memory only");
}

#[tokio::test(flavor = "multi_thread")]
async fn try_can_be_empty_and_ends_as_it_is_told() {
    let folder = folder();
    let served = Served::start(pamphlet(folder.path(), &["try", "--json", "--empty", "--exit-with-stdin"]));
    served.visitor().get("/").await.expect(200).lacks("<article");
    served.visitor().get("/setup").await.expect(404);
    // Standard input closes.
    served.ended().expect(0);
    // Its time is over, while standard input is open.
    let served = Served::start(pamphlet(folder.path(), &["try", "--json", "--empty", "--ttl", "1"]));
    served.left().expect(0);
    let served = Served::start(pamphlet(folder.path(), &["try", "--json", "--empty"]));
    served.signal("INT");
    served.left().expect(0);
    // People get sentences.
    let served = Served::start(pamphlet(folder.path(), &["try"]));
    assert!(served.line.contains("throwaway"), "{}", served.line);
    assert!(served.next_line().contains("admin"));
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_added_listed_changed_and_disabled() {
    let folder = folder();
    let user = |args: &[&str], input: &str| {
        let more = ["--data", "blog.redb", "--bcrypt-cost", "10"];
        let more = if args[0] == "add" || args[0] == "passwd" { &more[..] } else { &more[..2] };
        run_with_input(folder.path(), &[&["user"], args, more].concat(), input)
    };
    let line = format!("{PASSWORD}\n");
    user(&["add", "ada", "--role", "administrator", "--email", "ada@example.org"], &line).expect(0).says("ada");
    user(&["add", "Bob"], &line).expect(0).says("bob");
    user(&["add", "bob"], &line).expect(1).says("taken");
    user(&["add", "b0b"], &line).expect(1).says("looks too much like");
    user(&["add", "eve"], "short\n").expect(1).says("8 characters");
    user(&["add", "eve"], "").expect(2).says("No password");
    user(&["add", "eve", "--role", "queen"], &line).says("role");
    user(&["role", "bob", "author"], "").expect(0);
    user(&["role", "nobody-here", "author"], "").expect(1);
    user(&["role", "ada", "reader"], "").expect(1).says("last administrator");
    user(&["disable", "ada"], "").expect(1).says("last administrator");
    let list = user(&["list"], "").expect(0).says("ada@example.org").says("author");
    assert!(!list.out.contains("$2b$"), "no hash is printed");
    let served = Served::blog(folder.path(), &[]);
    let bob = served.visitor();
    bob.post_form("/login", &[("username", "bob"), ("password", PASSWORD)]).await.expect(303);
    bob.get("/admin/posts/new").await.expect(200);
    served.stop();
    user(&["passwd", "bob"], "another password\n").expect(0);
    user(&["disable", "bob"], "").expect(0);
    let served = Served::blog(folder.path(), &[]);
    let bob = bob.moved_to(&served.origin, "");
    bob.get("/account").await.expect(303);
    bob.post_form("/login", &[("username", "bob"), ("password", "another password")]).await.expect(422);
    served.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn markdown_is_imported_once_and_brought_up_to_date() {
    let folder = folder();
    let content = folder.path().join("content");
    std::fs::create_dir_all(content.join("pictures")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(content.join(name), text).unwrap();
    write(
        "2015-05-15-first.md",
        "+++\ntitle = \"First steps\"\nauthors = [\"Ada Byron\"]\npath = \"2015/05/15/first.html\"\naliases = [\"old/first\"]\n+++\n\nHello *there*.\n",
    );
    write("second.md", "---\ntitle: Second\ndate: 2016-01-02\ntags: [rust, news]\ndraft: true\n---\n\nNot yet.\n");
    write("pictures/index.md", "---\ntitle: Pictures\ndate: 2017-01-02\n---\n\n![A field](field.png)\n");
    std::fs::write(content.join("pictures/field.png"), crate::media::png(12, 8, 1)).unwrap();
    std::fs::write(content.join("broken.md"), b"+++\ntitle = \n+++\n\nNo.\n").unwrap();
    std::fs::write(content.join("latin1.md"), b"+++\ntitle = \"Caf\xe9\"\n+++\n\nNo.\n").unwrap();
    let import =
        |more: &[&str]| run(folder.path(), &[&["import", "markdown", "content", "--data", "blog.redb"], more].concat());
    let dry = import(&["--dry-run"]);
    assert_eq!(dry.code, Some(1), "{}{}", dry.out, dry.err);
    assert_eq!(file_names(folder.path()), ["content"], "a dry run makes no file");
    let first = import(&[]).expect(1);
    assert!(first.out.contains("broken.md") && first.out.contains("latin1.md"), "{}", first.out);
    std::fs::remove_file(content.join("broken.md")).unwrap();
    std::fs::remove_file(content.join("latin1.md")).unwrap();
    let check = |served: &Served, text: &'static str| {
        let visitor = served.visitor();
        async move {
            visitor.get("/2015/05/15/first.html").await.expect_one_of(&[301]);
            let first = visitor.get("/2015/05/15/first.html").await;
            let page = visitor.follow(&first).await.expect(200);
            page.contains(text).contains("Ada Byron").contains("May 15, 2015");
            visitor.get("/old/first").await.expect(301);
            let home = visitor.get("/").await.expect(200).lacks("Second").contains("Pictures");
            assert_eq!(home.count("<article"), 2);
            let pictures = visitor.get("/archive/2017").await.expect(200);
            let address = pictures.attributes("href").into_iter().find(|href| href.starts_with("/posts/pictures"));
            let pictures = visitor.at(&address.unwrap()).await.expect(200);
            let image = pictures.attributes("src").into_iter().find(|src| src.starts_with("/media/")).unwrap();
            assert_eq!(visitor.at(&image).await.expect(200).header("content-type"), Some("image/png"));
        }
    };
    let served = Served::blog(folder.path(), &[]);
    check(&served, "Hello <em>there</em>.").await;
    served.stop();
    let before = run(folder.path(), &["check", "--data", "blog.redb"]).expect(0).out;
    // A second time changes nothing; a changed file updates its post.
    import(&[]).expect(0);
    assert_eq!(run(folder.path(), &["check", "--data", "blog.redb"]).expect(0).out, before);
    let changed = std::fs::read_to_string(content.join("2015-05-15-first.md")).unwrap().replace("there", "again");
    write("2015-05-15-first.md", &changed);
    import(&[]).expect(0);
    let served = Served::blog(folder.path(), &[]);
    check(&served, "Hello <em>again</em>.").await;
    served.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_while_serving_is_a_blog_of_its_own() {
    let folder = folder();
    let served = Served::blog(folder.path(), &[]);
    let root = served.set_up().await;
    let image = root.upload("field.png", &crate::media::png(40, 30, 1)).await;
    let hello = root.write(post("Hello").body(&format!("![]({image})"))).await;
    root.comment(&hello, "Kept words").await;
    let backup = ["backup", "copy.redb", "--data", "blog.redb"];
    run(folder.path(), &backup).expect(0).says("verified");
    run(folder.path(), &backup).expect(1).says("exists already");
    run(folder.path(), &["check", "--data", "blog.redb"]).expect(0).says("is sound");
    root.comment(&hello, "Later words").await;
    served.stop();
    run(folder.path(), &["check", "--data", "copy.redb"]).expect(0);
    let copy = ["serve", "--data", "copy.redb", "--listen", "127.0.0.1:0"];
    let served = Served::start(pamphlet(folder.path(), &copy));
    let root = root.moved_to(&served.origin, "");
    root.get(&hello.path).await.expect(200).contains("Kept words").lacks("Later words").contains("Log out");
    root.get(&image).await.expect(200);
    root.comment(&hello, "New words").await;
    served.stop();
    assert_eq!(file_names(folder.path()), ["blog.redb", "copy.redb"]);
}

#[test]
fn a_flag_counts_before_the_environment_before_the_file_before_the_default() {
    let folder = folder();
    std::fs::write(folder.path().join("pamphlet.toml"), "data = \"file.redb\"\nlisten = [\"127.0.0.1:0\"]\n").unwrap();
    let serve = |args: &[&str], variables: &[(&str, &str)]| {
        let mut command = pamphlet(folder.path(), &[&["serve"], args].concat());
        command.envs(variables.iter().copied());
        let served = Served::start(command);
        let line = served.line.clone();
        served.stop();
        line
    };
    let config = ["--config", "pamphlet.toml"];
    assert!(serve(&config, &[]).contains("file.redb"));
    assert!(serve(&config, &[("PAMPHLET_DATA", "environment.redb")]).contains("environment.redb"));
    let all = [&config[..], &["--data", "flag.redb"]].concat();
    assert!(serve(&all, &[("PAMPHLET_DATA", "environment.redb")]).contains("flag.redb"));
    assert!(serve(&[], &[("PAMPHLET_CONFIG", "pamphlet.toml")]).contains("file.redb"));
    let listen = [("PAMPHLET_LISTEN", "127.0.0.1:0")];
    assert!(serve(&[], &listen).contains("pamphlet.redb"), "the default");
    assert!(serve(&["--public-url", "https://example.org/blog"], &listen).contains("https://example.org/blog/"));
    // A file with mistakes is told by its name.
    for text in ["dta = \"x\"", "data = ", "[serve]\ndata = \"x\"", "bcrypt-cost = 99"] {
        std::fs::write(folder.path().join("bad.toml"), text).unwrap();
        let ended = finish(pamphlet(folder.path(), &["serve", "--config", "bad.toml"]), "");
        assert!(matches!(ended.code, Some(1 | 2)), "{text}: {:?} {}", ended.code, ended.err);
        assert!(ended.err.contains("bad.toml"), "{text}: {}", ended.err);
    }
    let missing = finish(pamphlet(folder.path(), &["serve", "--config", "none.toml"]), "");
    assert!(matches!(missing.code, Some(1 | 2)) && missing.err.contains("none.toml"), "{}", missing.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_names_requests_and_no_secrets() {
    let folder = folder();
    let served = Served::blog(folder.path(), &["--log", "json"]);
    let root = served.set_up().await;
    let session = root.session().unwrap();
    root.get("/account?secret=query").await.expect(200);
    served.visitor().get("/a%0Ab%1B[31m").await.expect(404);
    served.signal("TERM");
    let ended = served.ended().expect(0);
    let log = ended.err;
    assert!(log.lines().count() >= 3, "{log}");
    for line in log.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        assert!(entry.is_object());
    }
    assert!(log.contains("/account") && !log.contains('\u{1b}'));
    for secret in [session.as_str(), PASSWORD, "secret=query", "key="] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}
