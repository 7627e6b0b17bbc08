//! No byte of a draft or of a scheduled post in any public answer.

use crate::client::{Answer, Client};
use crate::harness::{Blog, page, post};

/// Words that stand nowhere but in what is not public yet, one for each of its fields.
const WORDS: [&str; 8] =
    ["zyxtitle", "zyxslug", "zyxbody", "zyxtag", "zyxexcerpt", "zyxcover", "zyxlink", "zyxheading"];

fn marked(prefix: &str, media: &str) -> crate::harness::Draft {
    let word = |index: usize| format!("{prefix}{}", WORDS[index]);
    post(&word(0))
        .with("slug", &word(1))
        .body(&format!("## {}\n\n{} [x](/{})", word(7), word(2), word(6)))
        .with("tags", &format!("{}, shared", word(3)))
        .with("excerpt", &word(4))
        .with("cover_media", media)
        .with("cover_alt", &word(5))
}

/// Every word that an answer must not contain, whichever post it is from.
fn leaks(answer: &Answer, path: &str) -> Vec<&'static str> {
    let mut text = answer.text.to_lowercase();
    for (name, value) in &answer.headers {
        text.push_str(&format!("\n{name}: {}", String::from_utf8_lossy(value.as_bytes()).to_lowercase()));
    }
    // What somebody asked for may be repeated to them: the way back after a login.
    let asked = path.to_lowercase();
    // The address of a form leads to the page above it, whether there is one or not.
    let bare = asked.split('?').next().unwrap_or_default();
    let above = bare.strip_suffix("/comments").unwrap_or(bare);
    if bare.len() > 1 {
        text = text.replace(&asked, "").replace(bare, "").replace(above, "");
    }
    WORDS.into_iter().filter(|word| text.contains(word)).collect()
}

async fn fetch(client: &Client, path: &str, found: &mut Vec<String>) {
    for coding in ["identity", "gzip", "br"] {
        let answer = client.with("accept-encoding", coding).get(path).await;
        found.extend(leaks(&answer, path).iter().map(|word| format!("{word} in {path} ({coding})")));
    }
    let head = client.head(path).await;
    found.extend(leaks(&head, path).iter().map(|word| format!("{word} in HEAD {path}")));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_byte_of_what_is_not_public_is_in_a_public_answer() {
    let blog = Blog::start().await;
    blog.set("posts_per_page", "1").await;
    let category = blog.category("Backend").await;
    let ada = blog.author("ada").await;
    let image = ada.upload("plain.png", &crate::media::png(20, 10, 1)).await;
    let media = image.split('/').nth(2).unwrap().to_owned();
    let one = ada.write(post("One").with("tags", "shared").with("category", &category)).await;
    ada.write(post("Two").with("tags", "shared").with("category", &category)).await;
    ada.comment(&one, "Words").await;
    let hidden = [
        ada.write(marked("draft", &media).with("category", &category).draft()).await,
        ada.write(marked("later", &media).with("category", &category).with("published_at", "2026-06-01T00:00")).await,
        blog.administrator.write(page("pagezyxtitle").body("zyxbody").with("slug", "pagezyxslug").draft()).await,
    ];
    // One that was public, was renamed and commented on, and was taken back.
    let back = ada.write(marked("gone", &media).with("slug", "gonezyxslug-before")).await;
    let comment = ada.comment(&back, "On zyxtitle").await;
    ada.edit(&back, &[("slug", "gonezyxslug")], "save").await.expect(303);
    ada.edit(&back, &[], "unpublish").await.expect(303);

    let mut paths: Vec<String> = [
        "/",
        "/?page=2",
        "/?page=3",
        "/category/backend",
        "/category/backend?page=2",
        "/category/backend?page=3",
        "/tag/shared",
        "/tag/shared?page=2",
        "/tag/shared?page=3",
        "/author/ada",
        "/author/ada?page=3",
        "/author/root",
        "/archive",
        "/archive/2026",
        "/archive/2026?page=3",
        "/archive/2026/05",
        "/archive/2026/06",
        "/feed.xml",
        "/sitemap.xml",
        "/robots.txt",
        "/posts/one",
        "/posts/two",
        "/login",
        "/signup",
        "/setup",
        "/account",
        "/admin",
        "/admin/posts",
        "/admin/posts?state=draft",
        "/admin/pages",
        "/admin/comments",
        "/admin/media",
        "/nothing",
        "/healthz",
        "/readyz",
        "/favicon.ico",
        "/posts/gonezyxslug-before",
        "/tag/draftzyxtag",
        "/tag/laterzyxtag",
        "/tag/gonezyxtag",
        "/zyxlink",
    ]
    .map(String::from)
    .to_vec();
    paths.push(image);
    paths.push(format!("/posts/gonezyxslug/comments/{comment}"));
    paths.push(format!("/posts/one/comments/{comment}"));
    for post in hidden.iter().chain([&back]) {
        for suffix in
            ["", "?comments=1", "?comments=2", "/comments", "/comments/1", "/comments/1/reply", "/comments.xml"]
        {
            paths.push(format!("{}{suffix}", post.path));
        }
        paths.push(format!("/admin/posts/{}", post.id));
        paths.push(format!("/admin/posts/{}/delete", post.id));
    }
    let mut found = Vec::new();
    let bob = blog.author("bob").await;
    for client in [&blog.visitor(), &blog.reader("reader").await, &bob] {
        for path in &paths {
            fetch(client, path, &mut found).await;
        }
        // Nor by what is sent: a refused comment shows no post that may not be seen.
        for post in hidden.iter().chain([&back]) {
            let path = format!("{}/comments", post.path);
            let answer = client.post_form(&path, &[("body", "")]).await;
            found.extend(leaks(&answer, &path).iter().map(|word| format!("{word} in POST {path}")));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
    // The test would notice: the same words are there for who wrote them, and when their time has come.
    let own = ada.get(&hidden[0].path).await.expect(200);
    assert!(leaks(&own, "").len() >= 5, "{:?}", leaks(&own, ""));
    blog.advance(60 * 24 * 3600);
    let home = blog.visitor().get("/").await.expect(200);
    assert!(leaks(&home, "").contains(&"zyxtitle"));
    blog.stop().await;
}
