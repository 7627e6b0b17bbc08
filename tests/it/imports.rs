//! Blogs of other programs come in with their addresses, dates, languages and authors.

use crate::program::{Ended, Served, run};
use serde_json::Value;
use std::path::Path;
use tempfile::TempDir;

/// A folder with a site.
struct Site {
    folder: TempDir,
}

impl Site {
    fn new(files: &[(&str, &str)]) -> Site {
        let site = Site { folder: tempfile::tempdir().unwrap() };
        files.iter().for_each(|(name, text)| site.write(name, text));
        site
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.folder.path().join("in").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// Imports a folder of the site.
    fn import(&self, path: &str, options: &[&str]) -> Ended {
        let path = Path::new("in").join(path);
        let args = [&["import", "markdown", path.to_str().unwrap(), "--data", "blog.redb"], options].concat();
        run(self.folder.path(), &args)
    }

    fn serve(&self) -> Served {
        Served::blog(self.folder.path(), &[])
    }

    /// Imports a folder and says where each of these addresses leads then.
    async fn leads(&self, path: &str, options: &[&str], addresses: &[(&str, &str)]) {
        let ended = self.import(path, options).expect(0);
        let served = self.serve();
        let visitor = served.visitor();
        for (old, new) in addresses {
            // A slash at the end leads to the address without it first.
            let answer = visitor.get(old.trim_end_matches('/')).await;
            assert_eq!((answer.status, answer.header("location")), (301, Some(*new)), "{old}\n{}", ended.out);
        }
        served.stop();
    }
}

/// The posts, newest first, as the API shows them.
async fn posts(served: &Served) -> Vec<Value> {
    served.visitor().get("/api/v1/posts").await.expect(200).value()["items"].as_array().unwrap().clone()
}

/// Files with their texts, or old addresses with the new ones.
type Pairs<'a> = &'a [(&'a str, &'a str)];

const OWLS: &str = "---\ntitle: Owls at Night\ndate: 2024-05-06 07:08:09\ntags: [a]\n---\nThey hoot.\n";

#[tokio::test(flavor = "multi_thread")]
async fn old_addresses_of_jekyll_follow_its_configuration() {
    let more = "---\ntitle: More\ndate: 2024-05-07\ncategories: Birds Of Night\npermalink: /x/:categories/:title.html\nredirect_from: [/older/, /oldest.html]\n---\n\
                [a](/site/news/2024/05/06/owls/) [b](https://example.org/site/news/2024/05/06/owls/index.html#x) [c](/gone/)\n";
    let site = Site::new(&[
        ("_config.yml", "permalink: /news/:year/:month/:day/:title/\nurl: https://example.org\nbaseurl: /site\n"),
        ("_posts/2024-05-06-owls.md", OWLS),
        ("_posts/2024-05-07-more.md", more),
    ]);
    let addresses = [
        ("/news/2024/05/06/owls/", "/posts/owls"),
        ("/news/2024/05/06/owls/index.html", "/posts/owls"),
        ("/site/news/2024/05/06/owls/", "/posts/owls"),
        ("/x/birds/of/night/more.html", "/posts/more"),
        ("/older/", "/posts/more"),
        ("/site/oldest.html", "/posts/more"),
        ("/posts/owls/index.html", "/posts/owls"),
    ];
    site.leads("", &[], &addresses).await;
    let served = site.serve();
    let page = served.visitor().get("/posts/more").await.expect(200);
    assert_eq!((page.count("href=\"/posts/owls\""), page.count("href=\"/posts/owls#x\"")), (1, 1));
    served.stop();
    let again = site.import("_posts", &["--dry-run", "--report", "report.txt"]).expect(0);
    let report = std::fs::read_to_string(site.folder.path().join("report.txt")).unwrap();
    assert!(again.out.contains("0 new posts") && report.contains("/gone/: nothing that is imported was"), "{report}");

    for (style, old) in [
        ("date", "/birds/2024/05/06/owls.html"),
        ("pretty", "/birds/2024/05/06/owls/"),
        ("ordinal", "/birds/2024/127/owls.html"),
        ("weekdate", "/birds/2024/W19/Mon/owls.html"),
        ("none", "/birds/owls.html"),
        ("/:collection/:short_year/:i_month/:slug", "/posts/24/5/owls"),
    ] {
        let site =
            Site::new(&[("_config.yml", &format!("permalink: {style}\n")), ("birds/_posts/2024-05-06-owls.md", OWLS)]);
        site.leads("birds/_posts", &[], &[(old, "/posts/owls")]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_addresses_of_hugo_follow_its_configuration() {
    let site = Site::new(&[
        (
            "hugo.toml",
            "baseURL = 'https://example.org/blog/'\n[permalinks]\nposts = '/:year/:month/:slug/'\n[permalinks.page]\nnotes = '/:sections[1:]/:title'\n[languages.en]\n[languages.fr]\n",
        ),
        (
            "content/posts/owls.md",
            "+++\ntitle = 'Owls'\ndate = 2024-05-06\nslug = 'hoot'\naliases = ['old', '/older']\n+++\nx",
        ),
        ("content/notes/deep/One Two.md", "{\n \"title\": \"Number: One!\", \"date\": \"2024-05-07\"\n}\nx"),
        ("content/other/My Owl.md", OWLS),
        ("content/other/bundle/index.md", OWLS),
        ("content/other/bundle/index.fr.md", OWLS),
        ("content/other/direct.md", "---\ndate: 2024-05-06\nurl: /straight/here.html\n---\nx"),
    ]);
    let addresses = [
        ("/2024/05/hoot/", "/posts/hoot"),
        ("/blog/2024/05/hoot/", "/posts/hoot"),
        ("/2024/05/old/", "/posts/hoot"),
        ("/older", "/posts/hoot"),
        ("/deep/number-one", "/posts/one-two"),
        ("/other/my-owl/", "/posts/my-owl"),
        ("/other/bundle/", "/posts/bundle"),
        ("/fr/other/bundle/", "/posts/bundle-fr"),
        ("/straight/here.html", "/posts/here"),
    ];
    site.leads("content", &[], &addresses).await;
    let served = site.serve();
    served.visitor().get("/posts/bundle-fr").await.expect(200).contains("<article class=\"post\" lang=\"fr\">");
    let french = posts(&served).await.into_iter().find(|post| post["slug"] == "bundle-fr").unwrap();
    assert_eq!(french["language"], "fr");
    served.visitor().get("/feed.xml").await.expect(200).contains("<entry xml:lang=\"fr\">");
    served.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn old_addresses_of_other_generators_follow_their_configurations() {
    let plain = "---\ntitle: Owls at Night\ndate: 2024-05-06\ncategories: [Big Birds]\nabbrlink: 7f3a\n---\nx";
    let cases: &[(&str, Pairs, Pairs)] = &[
        (
            "source/_posts",
            &[
                (
                    "_config.yml",
                    "new_post_name: :title.md\nroot: /b/\npermalink: :year/:category/:abbrlink/:title.html\n",
                ),
                ("source/_posts/owls.md", plain),
            ],
            &[("/2024/Big-Birds/7f3a/owls.html", "/posts/owls"), ("/b/2024/Big-Birds/7f3a/owls.html", "/posts/owls")],
        ),
        (
            "content",
            &[("config.toml", "base_url = 'https://example.org'\n"), ("content/blog/2024-05-06-Some Owls.md", plain)],
            &[("/blog/some-owls/", "/posts/some-owls")],
        ),
        (
            "content",
            &[
                ("pelicanconf.py", "PATH = 'content'\nARTICLE_URL = 'posts/{date:%Y}/{date:%b}/{category}/{slug}/'\n"),
                (
                    "content/birds/a.md",
                    "Title: Owls at Night\nDate: 2024-05-06 07:08\nAuthor: Ada\nTags: x, y\n\n[b]({filename}../b.md)\n",
                ),
                ("content/b.md", "Title: B\nDate: 2024-05-07\nSlug: bee\nStatus: published\n\nx"),
            ],
            &[("/posts/2024/May/birds/owls-at-night/", "/posts/a"), ("/posts/2024/May/misc/bee/", "/posts/bee")],
        ),
        (
            "src/posts",
            &[
                (".eleventy.js", "module.exports = () => ({ dir: { input: 'src' } })\n"),
                ("src/posts/2024-05-06-owls.md", plain),
                (
                    "src/posts/other.md",
                    "---\ntitle: Other Owl\ndate: 2024-05-06\npermalink: '/p/{{ page.date | date: \"%Y\" }}/{{ title | slugify }}/'\n---\nx",
                ),
            ],
            &[("/posts/owls/", "/posts/owls"), ("/p/2024/other-owl/", "/posts/other")],
        ),
        (
            "blog",
            &[
                (
                    "docusaurus.config.js",
                    "module.exports = { baseUrl: '/docs/', presets: [['classic', { blog: { routeBasePath: 'news' } }]] }\n",
                ),
                ("blog/2024-05-06-owls.md", "---\ntitle: x\n---\nx"),
                ("blog/2024-05-07-more/index.mdx", "---\nslug: /other\n---\nx"),
            ],
            &[("/news/2024/05/06/owls", "/posts/owls"), ("/docs/news/other", "/posts/other")],
        ),
        ("blog", &[("blog/owls.md", plain)], &[("/blog/owls", "/posts/owls"), ("/owls/", "/posts/owls")]),
    ];
    for (path, files, addresses) in cases {
        let addresses: Vec<_> =
            addresses.iter().filter(|(old, new)| old.trim_end_matches('/') != *new).copied().collect();
        Site::new(files).leads(path, &[], &addresses).await;
    }
    let site = Site::new(&[("data/owls.mdx", plain)]);
    let options = ["--permalink", "/:categories/:year-:i_month/:title", "--base", "/old"];
    site.leads(
        "data",
        &options,
        &[("/big-birds/2024-5/owls", "/posts/owls"), ("/old/big-birds/2024-5/owls/", "/posts/owls")],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_address_belongs_to_the_post_that_had_it() {
    let site = Site::new(&[
        ("notes/play.md", "---\ntitle: Note\ndate: 2020-01-01\n---\nx"),
        ("posts/play.md", "---\ntitle: Post\ndate: 2024-05-06\naliases: [old]\n---\ny"),
    ]);
    site.leads("", &[], &[("/notes/play/", "/posts/play-2"), ("/posts/old", "/posts/play"), ("/old", "/posts/play")])
        .await;
    let served = site.serve();
    served.visitor().get("/posts/play").await.expect(200).contains("Post");
    served.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_moved_is_the_same_post() {
    let site = Site::new(&[("a/_drafts/owls.md", "---\ntitle: Owls\n---\nThey hoot.\n"), ("a/notes/n.md", OWLS)]);
    site.import("a", &[]).expect(0).says("2 new posts (1 draft)");
    site.write("b/_posts/2024-05-06-owls.md", "---\ntitle: Owls\n---\nThey hoot.\n");
    site.write("b/n.md", OWLS.replace("They", "Owls"));
    site.import("b", &[]).expect(0).says("0 new posts (0 drafts), 2 changed");
    site.import("b", &[]).expect(0).says("0 changed, 2 unchanged");
    let served = site.serve();
    assert_eq!(posts(&served).await.len(), 2);
    served.visitor().get("/2024/05/06/owls.html").await.expect(301);
    served.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_headers_say_becomes_of_the_post() {
    let site = Site::new(&[
        (
            "_posts/2024-05-06-words.md",
            "---\ntitle: No\nslug: 2024_01\ntags: [on, 0777]\nauthor: '[Ada Lovelace](https://example.org), Inc.'\n---\nx",
        ),
        ("_posts/2023-03-01-fallback.md", "---\ntitle: Fallback\ndate: 2023-02-29T11:00:00\n---\nx"),
        ("_posts/hexo.md", "title: Hexo\ndate: 2022-5-6 7:08:09\nauthor: grace\n---\nx"),
        ("_posts/Page.HTML", "---\ntitle: Page\ndate: 2021-05-06\n---\n<p>One</p>\n\n    <p>*Two*</p>\n"),
        ("_data/authors.yml", "grace:\n  name: Grace Hopper\n"),
        ("notes/2020/05/06/1/index.md", "Today I saw an owl. It hooted."),
        ("notes/2020/05/07/1/index.md", "And then another."),
        ("hidden.md", "---\ntitle: Hidden\ndate: 2020-01-01\nexpiryDate: 2021-01-01\n---\nx"),
        ("e.rst", "x"),
        ("f.adoc", "x"),
        ("CONTRIBUTING.md", "# How"),
        ("tags.md", "---\ntitle: Tags\ndate: 2019-01-01\ncategories: [Birds]\ntags: [owl, Owl, Birds]\n---\nx"),
    ]);
    let ended = site.import("", &[]).expect(0);
    for part in [
        "“2023-02-29T11:00:00” cannot be read; the date of its name counts",
        "AsciiDoc: 1",
        "reStructuredText: 1",
        "until 2021-01-01",
        "8 new posts (1 draft)",
    ] {
        assert!(ended.out.contains(part), "{part}\n{}", ended.out);
    }
    assert!(!ended.out.contains("tags.md"), "nothing is lost: {}", ended.out);
    let served = site.serve();
    let all = posts(&served).await;
    let of = |title: &str| {
        all.iter().find(|post| post["title"] == title).unwrap_or_else(|| panic!("{title}: {all:?}")).clone()
    };
    let no = of("No");
    assert_eq!((&no["slug"], &no["authors"][0]["display_name"]), (&"2024_01".into(), &"Ada Lovelace".into()));
    assert_eq!(no["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect::<Vec<_>>(), ["on", "0777"]);
    assert_eq!(of("Hexo")["authors"][0]["display_name"], "Grace Hopper");
    assert_eq!(of("Today I saw an owl")["slug"], "today-i-saw-an-owl");
    assert_eq!(of("And then another")["slug"], "and-then-another");
    let visitor = served.visitor();
    visitor.get("/posts/page").await.expect(200).contains("<p>One</p>").contains("<p>*Two*</p>");
    let day = visitor.get("/posts/fallback").await.expect(200).contains("March 1, 2023").lacks("p.m.");
    assert!(day.text.contains("<time datetime=\"2023-03-01\">"));
    visitor.get("/posts/hexo").await.expect(200).contains("May 6, 2022, 7:08 a.m.");
    served.stop();
}

#[test]
fn what_is_no_markdown_is_named_and_leaves_no_data_file() {
    let site = Site::new(&[
        ("wxr.xml", "<?xml version=\"1.0\"?><rss xmlns:wp=\"http://wordpress.org/export/1.2/\"></rss>"),
        ("ghost.json", "{\"db\":[{\"meta\":{},\"data\":{\"posts\":[]}}]}"),
        ("a.rst", "x"),
        ("only/a.org", "x"),
    ]);
    site.import("wxr.xml", &[]).expect(1).says("“wxr.xml” is a WordPress export");
    site.import("ghost.json", &[]).expect(1).says("“ghost.json” is a Ghost export");
    site.import("a.rst", &[]).expect(1).says("reStructuredText");
    site.import("only", &[]).expect(1).says("Nothing was imported");
    site.import("gone", &[]).expect(1);
    let ended = site.import("", &[]).expect(1);
    assert!(ended.out.contains("a WordPress export: 1 in 1 file: wxr.xml"), "{}", ended.out);
    assert!(!site.folder.path().join("blog.redb").exists());
}

#[cfg(unix)]
#[test]
fn a_file_whose_name_is_not_utf_8_is_read() {
    use std::os::unix::ffi::OsStrExt;
    let site = Site::new(&[("a.md", OWLS)]);
    let name = std::ffi::OsStr::from_bytes(b"\xca\xb1.md");
    std::fs::write(site.folder.path().join("in").join(name), OWLS.replace("Owls at Night", "Hoot")).unwrap();
    site.import("", &[]).expect(0).says("2 new posts (0 drafts)");
    site.import("", &[]).expect(0).says("2 unchanged");
}

#[tokio::test(flavor = "multi_thread")]
async fn images_of_the_site_come_along_from_above() {
    let site =
        Site::new(&[("_posts/2024-05-06-owls.md", "---\ntitle: Owls\n---\n![a](/assets/p.png) ![b](../img/q.png)\n")]);
    site.write("assets/p.png", crate::media::png(4, 3, 1));
    site.write("img/q.png", crate::media::png(4, 3, 2));
    site.import("_posts", &[]).expect(0).says("2 images stored").says("0 files missing");
}
