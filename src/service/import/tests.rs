//! Stories of importing small folders.

use crate::config::Config;
use crate::domain::post::{Kind, PostHead, Status};
use crate::domain::slug::Slug;
use crate::domain::time::{Timestamp, Zone};
use crate::service::import::{self, Mode, Report};
use crate::service::{App, Clock, posts};
use crate::store;
use std::path::Path;
use tempfile::TempDir;

struct Story {
    folder: TempDir,
    app: App,
}

impl Story {
    fn new() -> Story {
        let config = Config { bcrypt_cost: Some(10), ..Config::default() };
        let clock = Clock::fixed(Timestamp::parse("2026-01-01", &Zone::utc()).unwrap());
        Story { folder: tempfile::tempdir().unwrap(), app: App::in_memory(clock, config).unwrap() }
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn run(&self, mode: Mode) -> Report {
        import::markdown(&self.app, self.folder.path(), &mode.into(), &mut |_| {}).unwrap()
    }

    fn head(&self, slug: &str) -> Option<PostHead> {
        store::posts::by_slug(&self.app.read().unwrap(), Kind::Post, &Slug::parse(slug).unwrap()).unwrap()
    }

    fn source(&self, slug: &str) -> String {
        let head = self.head(slug).unwrap();
        store::posts::revision(&self.app.read().unwrap(), head.id, head.version).unwrap().unwrap().source
    }

    fn moved(&self, path: &str) -> Option<String> {
        posts::moved(&self.app, &self.app.read().unwrap(), path).unwrap()
    }
}

fn png() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(4, 3).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn numbers(report: &Report) -> [usize; 5] {
    [report.new, report.changed, report.unchanged, report.kept.len(), report.refused.len()]
}

#[test]
fn a_drawing_comes_in_cleaned_and_a_text_beyond_the_limits_is_refused() {
    let story = Story::new();
    story.write(
        "owl.svg",
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"8\"><script>x</script><path/></svg>",
    );
    story.write("owls.md", "---\ntitle: Owls\ndate: 2020-01-01\n---\n![Owl](owl.svg)");
    story.write("notes.md", format!("---\ntitle: Notes\ndate: 2020-01-01\n---\n[^a]: y\n\n{}", "[^a] ".repeat(60_000)));
    let report = story.run(Mode::Write);
    assert_eq!((report.new, report.images, report.missing.len()), (1, 1, 0));
    assert!(report.refused[0].1.contains("100,000"), "{:?}", report.refused);
    let txn = story.app.read().unwrap();
    let id = crate::content::address::media(&story.source("owls")["![Owl](".len()..]).unwrap();
    let media = store::media::by_id(&txn, id).unwrap().unwrap();
    assert_eq!((media.kind.media_type(), media.width, media.height), ("image/svg+xml", 9, 8));
    assert!(!String::from_utf8(store::media::bytes(&txn, &media, 0..media.bytes).unwrap()).unwrap().contains("script"));
}

const TRIP: &str = "+++\npath = \"2015/09/17/Trip\"\ntitle = \"Trip\"\nauthors = [\"Ada Lovelace\"]\naliases = [\"2015/09/17/Trip.html\"]\n+++\n\n![a](a.png) <img src=\"a.png\"> ![b](gone.png) ![c](../../secret.png) [next](../2016-01-02-next.md#x)\n";

#[test]
fn a_folder_comes_in_with_its_images_links_authors_and_old_addresses() {
    let story = Story::new();
    story.write("trip/index.md", TRIP);
    story.write("trip/a.png", png());
    story.write("2016-01-02-next.md", "---\ntitle: Next\ntags: [One, Two]\ncategories: [Notes]\n---\nText");
    story.write("_index.md", "+++\ntitle = \"Section\"\n+++\n");
    story.write(".hidden.md", "Hidden");
    let report = story.run(Mode::Write);
    assert_eq!(numbers(&report), [2, 0, 0, 0, 0]);
    assert_eq!((report.images, report.sections, report.missing.len()), (1, 1, 2), "{:?}", report.missing);

    let trip = story.head("trip").unwrap();
    assert_eq!(trip.published_at.unwrap().rfc3339(), "2015-09-17T12:00:00Z");
    let txn = story.app.read().unwrap();
    let author = store::users::by_id(&txn, trip.authors[0]).unwrap().unwrap();
    assert_eq!(
        (author.display_name.as_str(), author.username.as_str(), author.disabled),
        ("Ada Lovelace", "ada-lovelace", true)
    );
    let source = story.source("trip");
    assert_eq!(source.matches("/media/").count(), 2, "{source}");
    assert!(source.contains(" b c ") && !source.contains("gone.png") && source.contains("](/posts/next#x)"));
    for old in ["/2015/09/17/Trip", "/2015/09/17/Trip.html"] {
        assert_eq!(story.moved(old).as_deref(), Some("/posts/trip"), "{old}");
    }
    let next = story.head("next").unwrap();
    assert_eq!(next.tags.len(), 2);
    assert!(next.category.is_some());
}

#[test]
fn a_second_run_changes_nothing_and_a_changed_file_its_post() {
    let story = Story::new();
    story.write("trip/index.md", TRIP);
    story.write("trip/a.png", png());
    story.write("b.md", "+++\ntitle = \"B\"\ndate = 2020-01-01\n+++\nOne");
    story.run(Mode::Write);
    let before = (story.app.read().unwrap().number(), story.head("trip"), story.head("b"));
    assert_eq!(numbers(&story.run(Mode::Write)), [0, 0, 2, 0, 0]);
    assert_eq!((story.app.read().unwrap().number(), story.head("trip"), story.head("b")), before, "no commit");

    story.write("b.md", "+++\ntitle = \"B\"\ndate = 2020-01-01\n+++\nTwo");
    assert_eq!(numbers(&story.run(Mode::Write)), [0, 1, 1, 0, 0]);
    assert_eq!((story.source("b").trim(), story.head("b").unwrap().version), ("Two", 2));
    assert_eq!(numbers(&story.run(Mode::Write)), [0, 0, 2, 0, 0]);
}

#[test]
fn what_people_did_on_the_blog_is_never_overwritten() {
    let story = Story::new();
    story.write("a.md", "+++\ntitle = \"A\"\ndate = 2020-01-01\n+++\nOne");
    story.write("b.md", "+++\ntitle = \"B\"\ndate = 2020-01-01\n+++\nOne");
    story.run(Mode::Write);
    let (a, b) = (story.head("a").unwrap(), story.head("b").unwrap());
    story
        .app
        .store
        .write_blocking(move |txn| {
            store::posts::replace(txn, &a, &PostHead { version: 2, title: "Mine".into(), ..a.clone() }, None)?;
            store::posts::remove(txn, &b)
        })
        .unwrap();
    assert_eq!(numbers(&story.run(Mode::Write)), [0, 0, 2, 0, 0]);
    story.write("a.md", "+++\ntitle = \"A\"\ndate = 2020-01-01\n+++\nTwo");
    story.write("b.md", "+++\ntitle = \"B\"\ndate = 2020-01-01\n+++\nTwo");
    assert_eq!(numbers(&story.run(Mode::Write)), [0, 0, 0, 2, 0]);
    assert_eq!(story.head("a").unwrap().title, "Mine");
    assert!(story.head("b").is_none());
}

#[test]
fn one_bad_file_does_not_stop_the_rest() {
    let story = Story::new();
    story.write("good.md", "# Good\n\nText\n");
    story.write("latin1.md", b"+++\ntitle = \"B\"\n+++\n\xe9");
    story.write("broken.md", "+++\ntitle = \n+++\nText");
    story.write("date.md", "+++\ntitle = \"B\"\ndate = \"yesterday\"\n+++\nText");
    story.write("title.md", "+++\ntitle = \"a\\u202Eb\"\ndate = 2020-01-01\n+++\nText");
    let report = story.run(Mode::Write);
    assert_eq!(numbers(&report), [3, 0, 0, 0, 2], "{:?}", report.refused);
    assert_eq!(story.head("title").unwrap().title, "ab", "nobody needs the override of a file");
    let names: Vec<&str> = report.refused.iter().map(|(name, _)| name.as_str()).collect();
    for name in ["latin1.md", "broken.md"] {
        assert!(names.contains(&name), "{name}");
    }
    assert_eq!(story.source("good").trim(), "Text");
    assert!(report.remarks.iter().any(|(name, text)| name == "good.md" && text.contains("no date")));
    assert!(report.remarks.iter().any(|(name, text)| name == "date.md" && text.contains("“yesterday”")));
}

#[test]
fn drafts_stay_drafts_and_one_name_twice_is_numbered() {
    let story = Story::new();
    story.write("a@0.md", "+++\npath = \"2016/01/01/same\"\ntitle = \"New\"\n+++\n");
    story.write("a@1.md", "+++\npath = \"2015/01/01/same\"\ntitle = \"Old\"\n+++\n");
    story.write("d.md", "+++\ntitle = \"D\"\ndate = 2020-01-01\ndraft = true\n+++\nText");
    let report = story.run(Mode::Write);
    assert_eq!((numbers(&report), report.drafts), ([3, 0, 0, 0, 0], 1));
    assert_eq!(story.head("same").unwrap().title, "Old", "the oldest keeps the plain address");
    assert_eq!(story.head("same-2").unwrap().title, "New");
    assert_eq!(story.head("d").unwrap().status, Status::Draft);
}

#[test]
fn what_was_not_public_does_not_become_it() {
    let story = Story::new();
    for file in ["_drafts/a", "drafts/b", "blog/_drafts/deep/c", "blog/open"] {
        story.write(&format!("{file}.md"), "---\ntitle: X\ndate: 2020-01-01\n---\nText");
    }
    story.write("status.md", "---\ndate: 2020-01-01\nstatus: draft\n---\nText");
    story.write("later.md", "---\ndate: 2020-01-01\npublishDate: 2027-02-03\n---\nText");
    story.write("past.md", "---\ndate: 2020-01-01\npublish_date: 2021-02-03\n---\nText");
    story.write("undated.md", "---\ntitle: U\n---\nText");
    let report = story.run(Mode::Write);
    assert_eq!((numbers(&report), report.drafts), ([8, 0, 0, 0, 0], 5));
    let status = |slug| story.head(slug).unwrap().status;
    for slug in ["a", "b", "c", "status", "undated"] {
        assert_eq!(status(slug), Status::Draft, "{slug}");
    }
    assert_eq!((status("open"), status("past")), (Status::Published, Status::Published));
    assert_eq!(story.head("past").unwrap().published_at.unwrap().rfc3339(), "2020-01-01T12:00:00Z");
    let later = story.head("later").unwrap();
    assert_eq!(later.published_at.unwrap().rfc3339(), "2027-02-03T12:00:00Z");
    assert!(!later.is_public(story.app.now()));
    assert_eq!(report.remarks, [("undated.md".to_owned(), "It has no date, so it is a draft now.".to_owned())]);
    assert_eq!(story.head("undated").unwrap().published_at, None);
}

#[test]
fn what_is_no_post_is_not_taken() {
    let story = Story::new();
    story.write("empty.md", " \n");
    story.write("open.md", "---\ntitle: X\ndraft: true\n\nSecret");
    story.write("README.md", "# How to write here");
    story.write("posts/Changelog.md", "---\ntitle: Changes\ndate: 2020-01-01\n---\nText");
    let report = story.run(Mode::Write);
    assert_eq!(numbers(&report), [1, 0, 0, 0, 2], "{:?}", report.refused);
    assert_eq!(report.refused[0], ("empty.md".to_owned(), "It is empty.".to_owned()));
    assert!(report.refused[1].1.contains("no line of --- ends it"));
    assert_eq!(report.remarks.len(), 1);
    assert_eq!(report.remarks[0].0, "README.md");
}

#[test]
fn static_images_come_along() {
    let story = Story::new();
    story.write("static/up.png", png());
    story.write("a.md", "---\ndate: 2020-01-01\n---\n![u](/up.png) ![g](/gone.webp)");
    let report = story.run(Mode::Write);
    assert_eq!((report.new, report.images, report.missing.len()), (1, 1, 1), "{:?}", report.missing);
    assert!(story.source("a").contains("![u](/media/") && story.source("a").trim().ends_with(") g"));
}

#[test]
fn constructs_of_other_programs_are_translated_and_counted() {
    let story = Story::new();
    story.write("owl.png", png());
    let text = "{{< figure src=\"owl.png\" caption=\"An owl\" >}}\n\n{{< youtube abc >}}\n\n{% if x %}y{% endif %}\n";
    story.write("a.md", format!("---\ndate: 2020-01-01\n---\n{text}{text}"));
    let report = story.run(Mode::Write);
    let source = story.source("a");
    assert!(source.starts_with("![](/media/") && source.contains("owl.png \"An owl\")"), "{source}");
    assert!(source.contains("](https://www.youtube.com/watch?v=abc)") && source.contains("{% if x %}y{% endif %}"));
    let counts: Vec<_> = report.constructs.iter().map(|count| (count.kind.to_owned(), count.total)).collect();
    let expected = [
        ("Hugo shortcode “figure”, translated", 2),
        ("Hugo shortcode “youtube”, translated", 2),
        ("Liquid tag “if”, left as text", 2),
    ];
    assert_eq!(counts, expected.map(|(kind, total)| (kind.to_owned(), total)));
    assert_eq!(report.images, 1);
}

#[test]
fn files_beside_posts_come_in_unless_they_are_too_large() {
    let story = Story::new();
    story.write("owls/hoot.pdf", "%PDF-1.4\n");
    story.write("owls/hoot.mp4", b"\0\0\0\x18ftypisom");
    story.write("owls/more.rs", "fn main() {}");
    story.write("owls/.secret", "x");
    let large = std::fs::File::create(story.folder.path().join("owls/large.zip")).unwrap();
    large.set_len(crate::service::media::MAX_FILE as u64 + 1).unwrap();
    let text = "[a](hoot.pdf) [b](more.rs) [c](large.zip) [d](.secret) <video src=\"hoot.mp4\" controls></video> ![e](hoot.mp4)";
    story.write("owls/index.md", format!("---\ndate: 2020-01-01\n---\n{text}"));
    let report = story.run(Mode::Write);
    let source = story.source("owls");
    assert_eq!((report.files, report.images, report.missing.len()), (3, 0, 2), "{:?}", report.missing);
    assert!(report.missing.iter().any(|(_, text)| text.starts_with("large.zip: the file has 26214401 bytes")));
    assert!(source.starts_with("[a](/media/") && source.contains("/hoot.pdf) [b](/media/"), "{source}");
    assert!(
        source.contains(" c d <video src=\"/media/") && source.matches("<video src=\"/media/").count() == 2,
        "{source}"
    );
    assert_eq!(numbers(&story.run(Mode::Write)), [0, 0, 1, 0, 0]);
}

#[test]
fn names_of_notes_and_posts_lead_to_them_wherever_they_lie() {
    let story = Story::new();
    let head = "---\ndate: 2020-01-01\n---\n";
    story.write("notes/Deep/Barn Owl.md", format!("{head}## Some part\n\nSee [[#Some part]]."));
    story.write("_posts/2024-05-07-more.md", "Text");
    story.write("attachments/p.png", png());
    let wiki = "[[Barn Owl]] [[barn owl#Some part|p]] [[Deep/Barn Owl]] [[Nobody|no one]] ![[p.png|100]]";
    let jekyll =
        "[a]({% post_url 2024-05-07-more %}) [b]({% link _posts/2024-05-07-more.md %}) [c]({{< ref \"more\" >}})";
    let paths = "[d](notes/Deep/Barn%20Owl.md) [e](../gone.md) ![f](gone.png) [g](missing)";
    story.write("posts/a.md", format!("{head}{wiki}\n\n{jekyll}\n\n{paths}\n"));
    let report = story.run(Mode::Write);
    let source = story.source("a");
    let owl = "/posts/barn-owl";
    assert!(
        source.starts_with(&format!(
            "[Barn Owl]({owl}) [p]({owl}#some-part) [Deep/Barn Owl]({owl}) no one <img src=\"/media/"
        )),
        "{source}"
    );
    assert!(source.contains("[a](/posts/more) [b](/posts/more) [c](/posts/more)"), "{source}");
    assert!(source.contains(&format!("[d]({owl}) e f g")), "{source}");
    assert!(story.source("barn-owl").contains("[Some part](#some-part)"), "{}", story.source("barn-owl"));
    let missing: Vec<&str> = report.missing.iter().map(|(_, text)| text.split(':').next().unwrap()).collect();
    assert_eq!(missing, ["../gone.md", "gone.png", "Nobody", "missing"]);
}

#[test]
fn addresses_that_generators_make_redirect_unless_somebody_asks_for_them() {
    let story = Story::new();
    story.write("blog/bundle/index.md", "---\ntitle: B\ndate: 2020-01-01\n---\nText");
    story.write("_posts/2024-01-02-hello.md", "---\ntitle: H\n---\n[b](/blog/bundle/) [n](/notes/n)");
    story.write("notes/n.md", "---\ntitle: N\ndate: 2020-01-03\n---\nText");
    story.write("other.md", "---\ntitle: O\ndate: 2020-01-04\naliases: [/notes/n]\n---\nText");
    story.write("posts/other.md", "---\ntitle: P\ndate: 2020-01-05\nslug: p\n---\nText");
    story.write("secret.md", "---\ntitle: S\ndate: 2020-01-05\ndraft: true\n---\nText");
    let report = story.run(Mode::Write);
    assert_eq!((numbers(&report), report.remarks.len()), ([6, 0, 0, 0, 0], 0), "{:?}", report.remarks);
    let moved = |path: &str| story.moved(path).unwrap_or_default();
    assert_eq!(moved("/blog/bundle"), "/posts/bundle");
    for path in ["/2024/01/02/hello", "/2024/01/02/hello.html"] {
        assert_eq!(moved(path), "/posts/hello", "{path}");
    }
    assert_eq!(moved("/notes/n"), "/posts/other", "the alias of another file counts");
    assert_eq!(moved("/other"), "/posts/other");
    assert_eq!((moved("/posts/other"), moved("/secret")), (String::new(), String::new()));
    assert!(story.source("hello").contains("[b](/posts/bundle) [n](/posts/other)"));
    story.write("later/hello.md", "---\ntitle: L\ndate: 2024-02-02\nslug: later\n---\nText");
    story.write("2024/01/02/hello.md", "---\ntitle: L\nslug: again\n---\nText");
    assert_eq!(numbers(&story.run(Mode::Write)), [2, 0, 6, 0, 0]);
    assert_eq!(story.moved("/2024/01/02/hello").as_deref(), Some("/posts/hello"), "the first keeps it");
}

#[test]
fn a_dry_run_reports_the_same_and_writes_nothing() {
    let story = Story::new();
    story.write("trip/index.md", TRIP);
    story.write("trip/a.png", png());
    let more = "---\ndate: 2020-01-01\nauthors: [Ada Lovelace, Grace]\ncategory: Notes\n---\nText";
    story.write("more.md", more);
    story.write("same.md", more);
    story.write("nobody.md", "---\ndate: 2020-01-01\ncategory: notes\n---\nText");
    let before = story.app.read().unwrap().number();
    let dry = story.run(Mode::DryRun);
    assert_eq!(story.app.read().unwrap().number(), before);
    assert!(story.head("trip").is_none());
    let wet = story.run(Mode::Write);
    assert_eq!((numbers(&dry), dry.images, &dry.missing), (numbers(&wet), wet.images, &wet.missing));
    assert_eq!((dry.accounts, dry.categories), (3, 1));
    assert_eq!((dry.accounts, dry.categories), (wet.accounts, wet.categories));
    let again = story.run(Mode::DryRun);
    assert_eq!((again.accounts, again.categories), (0, 0));
}

#[test]
fn a_single_file_and_a_path_that_is_not_there() {
    let story = Story::new();
    story.write("x.md", "+++\ntitle = \"X\"\ndate = 2020-01-01\n+++\nText");
    let file = story.folder.path().join("x.md");
    let run = |path: &Path| import::markdown(&story.app, path, &Mode::Write.into(), &mut |_| {});
    assert_eq!(numbers(&run(&file).unwrap()), [1, 0, 0, 0, 0]);
    assert_eq!(numbers(&story.run(Mode::Write)), [0, 0, 1, 0, 0], "the folder knows the file already");
    assert!(run(&story.folder.path().join("gone")).is_err());
}
