//! Writing and looking after the site: the editor, publishing, categories, settings.

use crate::client::Client;
use crate::harness::{Blog, Written, page, post};

/// Every public address on which a post may be found, beside its own.
const PLACES: &[&str] = &[
    "/",
    "/category/backend",
    "/tag/rust",
    "/author/ada",
    "/archive",
    "/archive/2026",
    "/archive/2026/05",
    "/feed.xml",
    "/sitemap.xml",
];

/// The places on which the post is named.
async fn named_on(visitor: &Client, post: &Written) -> Vec<&'static str> {
    let mut found = Vec::new();
    for place in PLACES {
        let answer = visitor.get(place).await;
        let shown = if *place == "/archive" { "/archive/2026/05" } else { post.path.as_str() };
        if answer.status == 200 && answer.text.contains(shown) {
            found.push(*place);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_goes_from_draft_to_published_and_back() {
    let blog = Blog::start().await;
    let category = blog.category("Backend").await;
    let ada = blog.author("ada").await;
    ada.get("/admin").await.expect(303).leads_to("/admin/posts");
    ada.get("/admin/posts").await.expect(200).contains("No posts yet");
    ada.get("/admin/posts/new").await.expect(200).contains("New post");
    let draft = post("Hello").with("category", &category).with("tags", "Rust").draft();
    let hello = ada.write(draft).await;
    let visitor = blog.visitor();
    visitor.get(&hello.path).await.expect(404);
    assert!(named_on(&visitor, &hello).await.is_empty());
    ada.get(&hello.path).await.expect(200).contains("Draft");
    ada.get("/admin/posts?state=draft").await.expect(200).contains("Hello");
    ada.get("/admin/posts?state=published").await.expect(200).lacks(">Hello<");
    ada.edit(&hello, &[], "publish").await.expect(303).leads_to(&format!("/admin/posts/{}?done=published", hello.id));
    visitor.get(&hello.path).await.expect(200);
    assert_eq!(named_on(&visitor, &hello).await, PLACES);
    ada.edit(&hello, &[], "unpublish").await.expect(303);
    visitor.get(&hello.path).await.expect(404);
    assert!(named_on(&visitor, &hello).await.is_empty());
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_post_appears_by_itself_everywhere_at_once_and_nowhere_before() {
    let blog = Blog::start().await;
    let category = blog.category("Backend").await;
    let ada = blog.author("ada").await;
    let soon = post("Soon").with("category", &category).with("tags", "rust").with("published_at", "2026-05-03T11:00");
    let soon = ada.write(soon).await;
    let visitor = blog.visitor();
    ada.get(&soon.path).await.expect(200).contains("Scheduled").contains("May 3, 2026, 11:00 a.m.");
    ada.get("/admin/posts?state=scheduled").await.expect(200).contains("Soon");
    // From 10:28 to one second before 11:00; the pages are now kept by the cache, too.
    for seconds in [0, 32 * 60 - 1] {
        blog.advance(seconds);
        visitor.get(&soon.path).await.expect(404);
        assert!(named_on(&visitor, &soon).await.is_empty());
        let reader = blog.administrator.elsewhere();
        reader.post_form("/posts/soon/comments", &[("body", "Early")]).await.expect(404);
    }
    blog.advance(1);
    assert_eq!(named_on(&visitor, &soon).await, PLACES);
    visitor.get(&soon.path).await.expect(200).contains("May 3, 2026, 11:00 a.m.");
    // Moved into the future again, it is gone everywhere.
    ada.edit(&soon, &[("published_at", "2026-06-01T00:00")], "save").await.expect(303);
    visitor.get(&soon.path).await.expect(404);
    assert!(named_on(&visitor, &soon).await.is_empty());
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_looks_like_the_post_and_stores_nothing() {
    let blog = Blog::start().await;
    let category = blog.category("Backend").await;
    let ada = blog.author("ada").await;
    let unsaved = post("Unsaved").body("Some *new* text.").with("category", &category).with("tags", "rust");
    let preview = ada.try_write(&unsaved, "preview").await.expect(200);
    let preview =
        preview.contains("Some <em>new</em> text.").contains(">Unsaved</h1>").contains("Nothing is saved yet");
    let preview =
        preview.contains("Category: <a href=\"/category/backend\"").contains(">May 3, 2026, 10:28 a.m.</time>");
    preview.contains("By <a href=\"/author/ada\"").contains(">rust</span>").contains("noindex").lacks("<textarea");
    // What could not be saved yet can be looked at.
    let unready = post("").body("Some *new* text.").with("published_at", "someday");
    ada.try_write(&unready, "preview").await.expect(200).contains(">Untitled<").contains("<em>new</em>");
    ada.get("/admin/posts").await.expect(200).lacks("Unsaved");
    let stored = ada.write(post("Stored").body("Old.")).await;
    ada.edit(&stored, &[("source", "Some *new* text.")], "preview").await.expect(200).contains("<em>new</em>");
    blog.visitor().get(&stored.path).await.contains("<p>Old.</p>");
    ada.edit(&stored, &[("source", "Newer.")], "save").await.expect(303);
    blog.visitor().get(&stored.path).await.contains("<p>Newer.</p>");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_edit_is_refused_and_both_texts_are_kept() {
    let blog = Blog::start().await;
    let ada = blog.author("ada").await;
    let hello = ada.write(post("Hello").body("Before.")).await;
    let (here, there) = (ada.opened(&hello).await.body("From this tab."), ada.opened(&hello).await);
    ada.save(&hello, &there.body("From the other tab.").with("title", "Other"), "save").await.expect(303);
    let refused = ada.save(&hello, &here, "save").await.expect(409);
    let refused = refused.contains("From this tab.").contains("From the other tab.").contains("value=\"Other\"");
    blog.visitor().get(&hello.path).await.contains("From the other tab.").lacks("From this tab.");
    // Knowing both, the author decides.
    let again = here.with("version", &refused.input("version"));
    ada.save(&hello, &again, "save").await.expect(303);
    blog.visitor().get(&hello.path).await.contains("From this tab.");
    // A version that never was is stale as well.
    for version in ["0", "999", "", "x", "-1"] {
        let odd = ada.opened(&hello).await.with("version", version).body("Odd.");
        ada.save(&hello, &odd, "save").await.expect(409).contains("Odd.");
    }
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_editors_at_the_same_moment_cannot_both_win() {
    let blog = Blog::start().await;
    let ada = blog.author("ada").await;
    let hello = ada.write(post("Hello")).await;
    let draft = ada.opened(&hello).await;
    let mut tabs = tokio::task::JoinSet::new();
    for tab in 0..8 {
        let (ada, hello, draft) = (ada.clone(), hello.clone(), draft.clone().body(&format!("Tab {tab}.")));
        tabs.spawn(async move { ada.save(&hello, &draft, "save").await.status });
    }
    let mut statuses = tabs.join_all().await;
    statuses.sort();
    assert_eq!(statuses, [303, 409, 409, 409, 409, 409, 409, 409]);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_form_comes_back_as_it_was_filled_in() {
    let blog = Blog::start().await;
    let ada = blog.author("ada").await;
    ada.write(post("First").with("slug", "taken")).await;
    let long = "x".repeat(301);
    let cases = [
        ("slug", "taken", "Another post"),
        ("slug", "Not A Slug", "lower-case letters"),
        ("slug", "../etc", "lower-case letters"),
        ("title", "", "fill this in"),
        ("title", long.as_str(), "300 characters"),
        ("title", "evil\u{202e}eltit", "reverse the direction"),
        ("title", "bell\u{7}", "control"),
        ("published_at", "tomorrow", "date and time"),
        ("published_at", "2026-02-30T10:00", "date and time"),
        ("category", "999", "category"),
        ("category", "x", "category"),
        ("tags", "ok, !!!", "letter or digit"),
        ("source", "nul \u{0}", "control"),
    ];
    for (field, value, message) in cases {
        let draft = post("Second").body("My long text.").with("excerpt", "In short").with(field, value);
        let answer = ada.try_write(&draft, "publish").await;
        assert_eq!(answer.status, 422, "{field} = {value:.40}");
        let answer = answer.contains(message).contains("In short");
        if field != "source" {
            answer.contains("My long text.");
        }
    }
    // All at once, each beside its field.
    let draft = post("").with("slug", "A B").with("published_at", "x").body("Kept.");
    let answer = ada.try_write(&draft, "save").await.expect(422).contains("Kept.");
    answer.contains("id=\"error-title\"").contains("id=\"error-slug\"").contains("id=\"error-published_at\"");
    ada.get("/admin/posts").await.lacks("Second");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_posts_wanting_one_address_at_the_same_moment_do_not_both_get_it() {
    let blog = Blog::start().await;
    let ada = blog.author("ada").await;
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..8 {
        let (ada, draft) = (ada.clone(), post(&format!("Post {number}")).with("slug", "wanted"));
        writers.spawn(async move { ada.try_write(&draft, "publish").await.status });
    }
    let mut statuses = writers.join_all().await;
    statuses.sort();
    assert_eq!(statuses, [303, 422, 422, 422, 422, 422, 422, 422]);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn authors_see_to_their_own_posts_and_editors_to_all() {
    let blog = Blog::start().await;
    let (ada, bob, eve) = (blog.author("ada").await, blog.author("bob").await, blog.editor("eve").await);
    let hers = ada.write(post("Hers").draft()).await;
    let about = eve.write(page("About").draft()).await;
    // Not "forbidden": bob may not know that it exists.
    bob.get(&hers.path).await.expect(404);
    let editor = format!("/admin/posts/{}", hers.id);
    for path in [editor.clone(), format!("{editor}/delete"), format!("/admin/posts/{}", about.id), about.path.clone()] {
        bob.get(&path).await.expect(404).lacks("Hers").lacks("About</h1>");
    }
    let pairs = [("title", "Mine now"), ("source", "x"), ("version", "1"), ("action", "publish")];
    bob.post_form(&editor, &pairs).await.expect(404);
    bob.post_form(&format!("{editor}/delete"), &[]).await.expect(404);
    bob.post_form(&format!("/admin/posts/{}", about.id), &pairs).await.expect(404);
    bob.get("/admin/posts").await.expect(200).lacks("Hers");
    bob.get("/admin/pages").await.expect(403);
    bob.try_write(&page("My page"), "publish").await.expect(403);
    eve.edit(&hers, &[("title", "Ours")], "publish").await.expect(303);
    blog.visitor().get(&hers.path).await.expect(200).contains(">Ours</h1>").contains("By <a href=\"/author/ada\"");
    blog.visitor().get(&editor).await.expect(303).leads_to(&format!("/login?next={editor}"));
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_post_is_gone_with_its_conversation_and_its_address_is_free() {
    let blog = Blog::start().await;
    let ada = blog.author("ada").await;
    let hello = ada.write(post("Hello")).await;
    let comment = ada.comment(&hello, "Words").await;
    ada.edit(&hello, &[("slug", "hi")], "save").await.expect(303);
    let delete = format!("/admin/posts/{}/delete", hello.id);
    ada.get(&delete).await.expect(200).contains("one comment");
    blog.visitor().get("/posts/hi").await.expect(200);
    ada.post_form(&delete, &[]).await.expect(303).leads_to("/admin/posts?done=deleted");
    for path in ["/posts/hi", "/posts/hello", &format!("/posts/hi/comments/{comment}")] {
        blog.visitor().get(path).await.expect(404);
    }
    blog.administrator.get("/admin/comments").await.expect(200).lacks("Words");
    ada.post_form(&delete, &[]).await.expect(404);
    assert_eq!(ada.write(post("Hello")).await.path, "/posts/hello");
    blog.visitor().get("/posts/hello").await.expect(200).contains("Comments (0)");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cover_and_images_come_with_the_form() {
    let blog = Blog::start().await;
    let ada = blog.author("ada").await;
    let (cover, image) = (crate::media::png(40, 30, 1), crate::media::png(20, 10, 2));
    let draft = [("title", "Pictures"), ("source", "Text."), ("cover_alt", "A blue field"), ("action", "insert")];
    let files = [("cover", "Cover.PNG", cover.as_slice()), ("images", "in text.png", image.as_slice())];
    let form = ada.post_files("/admin/posts/new", &draft, &files).await.expect(200);
    // Both are stored, their names are safe, and the text says where the image is.
    let media = form.input("cover_media");
    let source = form.between("name=\"source\"", "</textarea>");
    let inserted = source.split_once("![](").unwrap().1.split(')').next().unwrap().to_owned();
    assert!(inserted.ends_with("/in-text.png"), "{inserted}");
    let text = format!("Text.\n\n![A *small* field]({inserted})");
    let post = post("Pictures").body(&text).with("cover_media", &media).with("cover_alt", "A blue field");
    let written = ada.write(post).await;
    let page = blog.visitor().get(&written.path).await.expect(200);
    let images: Vec<&str> = page.text.split("<img").skip(1).map(|tag| tag.split('>').next().unwrap()).collect();
    let cover = images.iter().find(|tag| tag.contains("A blue field")).unwrap();
    assert!(cover.contains("width=\"40\"") && cover.contains("height=\"30\""), "no layout shift: {cover}");
    let inline = images.iter().find(|tag| tag.contains(&inserted)).unwrap();
    assert!(inline.contains("width=\"20\"") && inline.contains("alt=\"A small field\""), "{inline}");
    for source in page.attributes("src") {
        blog.visitor().at(&source).await.expect(200);
    }
    // Saving again keeps the cover; the box takes it away.
    ada.edit(&written, &[("title", "Still")], "save").await.expect(303);
    blog.visitor().get(&written.path).await.contains("A blue field");
    ada.edit(&written, &[("cover_remove", "on")], "save").await.expect(303);
    blog.visitor().get(&written.path).await.lacks("A blue field");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_image_loses_no_text() {
    let blog = Blog::start().await;
    let ada = blog.author("ada").await;
    let fields = [("title", "Kept title"), ("source", "Kept text."), ("action", "publish")];
    for (field, bytes) in [("cover", b"<svg".as_slice()), ("images", b"not an image")] {
        let answer = ada.post_files("/admin/posts/new", &fields, &[(field, "x.png", bytes)]).await.expect(422);
        answer.contains("Kept text.").contains("Kept title").contains(&format!("error-{field}"));
    }
    let huge = vec![0; 11 << 20];
    let answer = ada.post_files("/admin/posts/new", &fields, &[("cover", "x.png", &huge)]).await.expect(422);
    answer.contains("Kept text.").contains("“x.png” is larger than 10 MB");
    ada.get("/admin/posts").await.lacks("Kept title");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn categories_are_made_renamed_described_merged_and_deleted() {
    let blog = Blog::start().await;
    let eve = blog.editor("eve").await;
    let (backend, frontend) = (blog.category("Backend").await, blog.category("Frontend").await);
    let one = eve.write(post("One").with("category", &backend)).await;
    let two = eve.write(post("Two").with("category", &frontend)).await;
    let visitor = blog.visitor();
    visitor.get("/category/backend").await.expect(200).contains(">One<");
    eve.get("/admin/categories").await.expect(200).contains("1 post").contains("Backend");
    eve.post_form("/admin/categories", &[("name", "BACKEND")]).await.expect(422).contains("Another category");
    eve.post_form("/admin/categories", &[("name", "")]).await.expect(422);
    eve.post_form("/admin/categories", &[("name", "x\u{202e}y")]).await.expect(422);
    // Renamed and described, under a new address.
    let path = format!("/admin/categories/{backend}");
    eve.get(&path).await.expect(200).contains("Backend");
    let fields = [("name", "Servers"), ("slug", "servers"), ("description", "What runs <there>.")];
    eve.post_form(&path, &fields).await.expect(303);
    visitor.get("/category/backend").await.expect(301).leads_to("/category/servers");
    visitor.get("/category/servers").await.expect(200).contains("What runs &lt;there&gt;.").contains(">One<");
    visitor.get(&one.path).await.contains("Category: <a href=\"/category/servers\"><bdi>Servers</bdi></a>");
    // Merged: the posts move, both addresses lead there.
    eve.get(&format!("{path}/merge")).await.expect(200).contains("Frontend");
    for bad in ["", "x", "999", backend.as_str()] {
        eve.post_form(&format!("{path}/merge"), &[("into", bad)]).await.expect(422);
    }
    eve.post_form(&format!("{path}/merge"), &[("into", &frontend)]).await.expect(303);
    for old in ["/category/servers", "/category/backend"] {
        visitor.get(old).await.expect(301).leads_to("/category/frontend");
    }
    visitor.get("/category/frontend").await.expect(200).contains(">One<").contains(">Two<");
    visitor.get(&one.path).await.contains("Category: <a href=\"/category/frontend\">");
    eve.get(&path).await.expect(404);
    // Deleted: the posts stay.
    let path = format!("/admin/categories/{frontend}");
    eve.get(&format!("{path}/delete")).await.expect(200).contains("2 posts");
    eve.post_form(&format!("{path}/delete"), &[]).await.expect(303);
    visitor.get("/category/frontend").await.expect(404);
    visitor.get(&two.path).await.expect(200).lacks("Category:");
    eve.post_form(&format!("{path}/delete"), &[]).await.expect(404);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_change_every_page_at_once() {
    let blog = Blog::start().await;
    let hello = blog.administrator.write(post("Hello")).await;
    let visitor = blog.visitor();
    visitor.get(&hello.path).await.contains("Notes on Rust");
    visitor.get("/").await.contains("Notes on Rust");
    blog.set("title", "Crab <notes>").await;
    blog.set("tagline", "Sideways").await;
    blog.set("navigation", "Start | /\nElsewhere | https://example.org/").await;
    for path in ["/", &hello.path, "/archive", "/nothing"] {
        let page = visitor.get(path).await;
        page.contains("Crab &lt;notes&gt;").contains("href=\"https://example.org/\"").lacks("Notes on Rust");
    }
    blog.set("time_zone", "Asia/Tokyo").await;
    visitor.get(&hello.path).await.contains("May 3, 2026, 5:28 p.m.");
    blog.set("language", "ar").await;
    visitor.get("/").await.contains("lang=\"ar\" dir=\"rtl\"");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_make_no_sense_are_refused_with_the_form() {
    let blog = Blog::start().await;
    let good = [
        ("title", "T"),
        ("time_zone", "UTC"),
        ("posts_per_page", "10"),
        ("language", "en"),
        ("navigation", "Home | /"),
        ("tagline", "kept"),
    ];
    let cases = [
        ("title", ""),
        ("title", "a\u{202e}b"),
        ("time_zone", "Mars/Olympus"),
        ("posts_per_page", "0"),
        ("posts_per_page", "101"),
        ("posts_per_page", "many"),
        ("language", "\"><script>"),
        ("navigation", "Bad | javascript:alert(1)"),
        ("navigation", "Bad | //evil.example"),
        ("navigation", "no address"),
    ];
    for (field, value) in cases {
        let mut fields = good.to_vec();
        fields.retain(|(name, _)| *name != field);
        fields.push((field, value));
        let answer = blog.administrator.post_form("/admin/settings", &fields).await;
        assert_eq!(answer.status, 422, "{field} = {value:?}");
        answer.contains(&format!("error-{field}")).contains("value=\"kept\"").lacks("<script>");
    }
    blog.administrator.get("/admin/settings").await.expect(200).contains("value=\"Notes on Rust\"").lacks("kept");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logo_stands_beside_the_title() {
    let blog = Blog::start().await;
    let fields = [
        ("title", "T"),
        ("time_zone", "UTC"),
        ("posts_per_page", "10"),
        ("language", "en"),
        ("navigation", ""),
        ("tagline", ""),
    ];
    let logo = crate::media::png(32, 32, 3);
    let send = |files: Vec<(&'static str, &'static str, Vec<u8>)>, extra: Option<(&'static str, &'static str)>| {
        let (client, mut fields) = (blog.administrator.clone(), fields.to_vec());
        fields.extend(extra);
        async move {
            let files: Vec<_> = files.iter().map(|(field, name, bytes)| (*field, *name, bytes.as_slice())).collect();
            client.post_files("/admin/settings", &fields, &files).await
        }
    };
    send(vec![("logo", "logo.svg", b"<svg onload='x'".to_vec())], None).await.expect(422);
    send(vec![("logo", "logo.png", logo)], None).await.expect(303);
    let home = blog.visitor().get("/").await.expect(200);
    let image = home.attributes("src").into_iter().find(|src| src.ends_with("/logo.png")).expect("the logo");
    blog.visitor().at(&image).await.expect(200);
    send(vec![], None).await.expect(303);
    blog.visitor().get("/").await.contains("/logo.png");
    send(vec![], Some(("logo_remove", "on"))).await.expect(303);
    blog.visitor().get("/").await.lacks("/logo.png");
    blog.stop().await;
}
