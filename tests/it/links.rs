//! Addresses: under a base path, behind a proxy, and no link that leads nowhere.

use crate::client::Client;
use crate::harness::{Blog, PASSWORD, page, post};
use std::collections::{HashMap, VecDeque};

/// A blog with something behind every kind of link.
async fn furnish(blog: &Blog) {
    let category = blog.category("Backend").await;
    blog.set("posts_per_page", "2").await;
    let ada = blog.author("ada").await;
    let image = ada.upload("field.png", &crate::media::png(30, 20, 1)).await;
    for number in 1..=5 {
        let text =
            format!("## Part\n\n![]({image}) [archive](/archive) [first](/posts/post-1#part) [^1]\n\n[^1]: Note.");
        let draft = post(&format!("Post {number}")).with("category", &category).with("tags", "Rust, Мир").body(&text);
        ada.write(draft).await;
    }
    let last = ada.write(post("Последний пост")).await;
    blog.administrator.write(page("About")).await;
    let bob = blog.reader("bob").await;
    let mut parent = bob.comment(&last, "A comment").await;
    for number in 0..5 {
        parent = bob.reply(&last, &parent, &format!("Reply {number}")).await;
    }
    blog.administrator.write(post("Draft").draft()).await;
    blog.administrator.comment(&last, "From above").await;
}

/// Follows every link of this site from home; fails on one that leads nowhere or out of the base path.
async fn crawl(client: &Client, blog: &Blog) -> HashMap<String, u16> {
    let home = format!("{}/", blog.base());
    let own = format!("http://{}", blog.address);
    let (mut seen, mut waiting) = (HashMap::new(), VecDeque::from([(home.clone(), "the beginning".to_owned())]));
    while let Some((address, from)) = waiting.pop_front() {
        if seen.contains_key(&address) {
            continue;
        }
        let answer = client.at(&address).await;
        seen.insert(address.clone(), answer.status);
        // No page has a script or a style in it. Posts with open comments name the script that makes the conversation
        // grow, and the editor the one that asks before text is lost; with scripts off the site is the same.
        let scripts = answer.text.matches("<script").count();
        let named =
            |name: &str| answer.text.matches(&format!("<script type=\"module\" src=\"{home}assets/{name}.")).count();
        let is_live = usize::from(answer.text.contains(" data-events=\""));
        let is_editor = usize::from(answer.text.contains("<form class=\"editor\""));
        let told = (scripts, named("live"), named("editor"));
        assert_eq!(told, (is_live + is_editor, is_live, is_editor), "scripts on {address}");
        for inline in [" onclick=", " onload=", " style=\"", "javascript:"] {
            assert!(!answer.text.to_lowercase().contains(inline), "{inline} on {address}");
        }
        assert!(seen.len() < 2_000, "the site has no end: {address}");
        assert!(matches!(answer.status, 200 | 301 | 302 | 303), "{address}, linked from {from}: {}", answer.status);
        let mut links: Vec<String> =
            ["href", "src", "action"].iter().flat_map(|name| answer.attributes(name)).collect();
        links.extend(answer.text.split("<loc>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()));
        if answer.status != 200 {
            links.push(answer.location().to_owned());
        }
        for link in links {
            let link = link.strip_prefix(&own).unwrap_or(&link).to_owned();
            if link.starts_with('#') || link.starts_with("https://") || link.starts_with("http://") {
                continue;
            }
            assert!(link == blog.base() || link.starts_with(&home), "{link:?} on {address} leaves the blog");
            // Forms and the way out are not for following; what they lead to is tested elsewhere.
            let forms = answer.text.contains(&format!("action=\"{link}\""));
            if !(forms || link.ends_with("/logout")) {
                waiting.push_back((link.split('#').next().unwrap().to_owned(), address.clone()));
            }
        }
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn every_link_leads_somewhere() {
    let blog = Blog::start().await;
    furnish(&blog).await;
    let public = crawl(&blog.visitor(), &blog).await;
    assert!(public.len() > 25, "only {} addresses", public.len());
    assert!(!public.keys().any(|address| address.starts_with("/admin")), "visitors see no link to the administration");
    let all = crawl(&blog.administrator, &blog).await;
    let admin = all.keys().filter(|address| address.starts_with("/admin")).count();
    assert!(admin > 30, "only {admin} addresses of the administration");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_works_under_a_base_path() {
    let blog = Blog::start_with(|config| config.public_url = Some("http://blog.example/blog".into())).await;
    assert_eq!(blog.base(), "/blog");
    furnish(&blog).await;
    crawl(&blog.visitor(), &blog).await;
    crawl(&blog.administrator, &blog).await;
    let visitor = blog.visitor();
    for outside in ["/", "/posts/post-1", "/blogger", "/assets/x", "/healthz"] {
        visitor.at(outside).await.expect(404);
    }
    visitor.at("/blog").await.expect(200);
    visitor.at("/blog/").await.expect_one_of(&[200, 301]);
    // Redirects, cookies and forms know the base path as well.
    visitor.get("/account").await.expect(303).leads_to("/blog/login?next=/blog/account");
    let bob = blog.visitor();
    let fields = [("username", "bob"), ("password", PASSWORD), ("next", "/blog/archive")];
    bob.post_form("/login", &fields).await.expect(303).leads_to("/blog/archive");
    let outside = [("username", "bob"), ("password", PASSWORD), ("next", "/archive")];
    blog.visitor().post_form("/login", &outside).await.expect(303).leads_to("/blog/");
    bob.get("/archive/").await.expect(301).leads_to("/blog/archive");
    // What is printed for others has the public address.
    visitor.get("/feed.xml").await.expect(200).contains("http://blog.example/blog/posts/post-5").lacks("127.0.0.1");
    visitor.get("/sitemap.xml").await.expect(200).contains("<loc>http://blog.example/blog/posts/post-1</loc>");
    visitor.get("/robots.txt").await.expect(200).contains("http://blog.example/blog/sitemap.xml");
    visitor.get("/posts/post-1").await.contains("rel=\"canonical\" href=\"http://blog.example/blog/posts/post-1\"");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn moving_to_another_base_path_moves_the_links_in_the_texts() {
    let blog = Blog::start().await;
    furnish(&blog).await;
    blog.visitor().get("/posts/post-1").await.contains("href=\"/archive\"");
    let blog = blog.restart_with(|config| config.public_url = Some("http://blog.example/blog".into())).await;
    let page = blog.visitor().get("/posts/post-1").await.expect(200);
    page.contains("<a href=\"/blog/archive\">archive</a>").contains("src=\"/blog/media/").lacks("src=\"/media/");
    crawl(&blog.visitor(), &blog).await;
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn under_https_the_cookie_is_bound_to_host_and_https() {
    let blog = Blog::fresh(|config| config.public_url = Some("https://blog.example".into())).await;
    let link = pamphlet::service::setup::link(&blog.site.app).unwrap().unwrap();
    let fields = [
        ("key", link.split_once("key=").unwrap().1),
        ("title", "T"),
        ("time_zone", "UTC"),
        ("username", "ada"),
        ("password", PASSWORD),
    ];
    let ada = blog.visitor();
    let answer = ada.post_form("/setup", &fields).await.expect(303);
    let cookie = answer.header("set-cookie").unwrap();
    assert!(
        cookie.starts_with("__Host-")
            && cookie.contains("-session=")
            && cookie.contains("; Secure")
            && cookie.contains("; Path=/;"),
        "{cookie}"
    );
    assert!(answer.header("strict-transport-security").is_some());
    ada.get("/account").await.expect(200);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forwarded_headers_are_believed_from_trusted_proxies_only() {
    let guess = |client: Client, name: usize| async move {
        let fields = [("username", format!("name{name}")), ("password", "guess guess".to_owned())];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        client.post_form("/login", &fields).await.status
    };
    // Without a trusted proxy, inventing addresses does not help a guesser, nor does it make https.
    let blog = Blog::start().await;
    let mut statuses = Vec::new();
    for number in 0..40 {
        let client = blog.visitor().with("x-forwarded-for", &format!("203.0.113.{number}"));
        statuses.push(guess(client, number).await);
    }
    assert!(statuses.contains(&429), "{statuses:?}");
    let page = blog.visitor().with("x-forwarded-proto", "https").with("x-forwarded-host", "evil.example");
    let feed = page.get("/feed.xml").await.expect(200).lacks("evil.example").lacks("https://");
    assert!(feed.header("strict-transport-security").is_none());
    blog.stop().await;
    // With one, each client has its own allowance, and a chain counts from the right.
    let blog = Blog::start_with(|config| config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()]).await;
    for number in 0..40 {
        let client = blog.visitor().with("x-forwarded-for", &format!("203.0.113.{number}"));
        assert_eq!(guess(client, number).await, 422);
    }
    let mut statuses = Vec::new();
    for number in 0..40 {
        let chain = format!("10.9.8.{number}, 198.51.100.7, 127.0.0.2");
        statuses.push(guess(blog.visitor().with("x-forwarded-for", &chain), 100 + number).await);
    }
    assert!(statuses.contains(&429), "the left of the chain is invented: {statuses:?}");
    let https = blog.visitor().with("x-forwarded-proto", "https").with("x-forwarded-host", "blog.example");
    let feed = https.get("/feed.xml").await.expect(200).contains("https://blog.example/");
    assert!(feed.header("strict-transport-security").is_some());
    // Another origin does not get the page that was kept for this one.
    blog.visitor().get("/feed.xml").await.expect(200).lacks("blog.example");
    blog.stop().await;
}
