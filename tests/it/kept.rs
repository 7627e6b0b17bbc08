//! Nothing that a person typed is lost or changed: what is sent twice, saved without a change, or typed in another zone.

use crate::graphql::{ask, ask_with, data};
use crate::harness::{Blog, page, post};
use serde_json::{Value, json};

async fn read(blog: &Blog, slug: &str) -> Value {
    blog.administrator.get(&format!("/api/v1/posts/{slug}?include=source,comment_count")).await.expect(200).value()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_that_is_sent_twice_is_one() {
    let blog = Blog::start().await;
    let hello = blog.administrator.write(post("Hello")).await;
    let (ada, bob) = (blog.reader("ada").await, blog.reader("bob").await);
    let first = ada.comment(&hello, "Clicked twice").await;
    assert_eq!(ada.comment(&hello, "Clicked twice\r\n").await, first);
    let reply = ada.reply(&hello, &first, "Clicked twice").await;
    assert_eq!(ada.reply(&hello, &first, "Clicked twice").await, reply);
    let others = [bob.comment(&hello, "Clicked twice").await, ada.comment(&hello, "Clicked once").await];
    assert!(!others.contains(&first) && !others.contains(&reply) && reply != first);
    // Whoever waits for an answer and sends it again, by whatever door, has the first one.
    let path = "/api/v1/posts/hello/comments";
    let again = ada.json("POST", path, &json!({ "source": "Clicked twice" })).await.expect(201).value();
    assert_eq!(again["id"], first.as_str());
    let mutation = "mutation($of: String!) { createComment(post: \"hello\", input: { source: \"Clicked twice\", parentId: $of }) { comment { id } } }";
    let again = data(ask_with(&ada, mutation, json!({ "of": first })).await);
    assert_eq!(again["createComment"]["comment"]["id"], reply.as_str());
    // Also after comments were closed, and at the same moment.
    let twice = tokio::join!(ada.comment(&hello, "At once"), ada.comment(&hello, "At once"));
    assert_eq!(twice.0, twice.1);
    blog.administrator
        .save(&hello, &blog.administrator.opened(&hello).await.comments_closed(), "save")
        .await
        .expect(303);
    assert_eq!(ada.comment(&hello, "At once").await, twice.0);
    assert_eq!(read(&blog, "hello").await["comment_count"], 5);
    let open = blog.administrator.opened(&hello).await.with("comments_open", "on");
    blog.administrator.save(&hello, &open, "save").await.expect(303);
    // Later it is said again.
    blog.advance(5 * 60 + 1);
    assert_ne!(ada.comment(&hello, "Clicked twice").await, first);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_comments_without_comments_below_them_disappear() {
    let blog = Blog::start().await;
    let hello = blog.administrator.write(post("Hello")).await;
    let ada = blog.reader("ada").await;
    let root = ada.comment(&hello, "Root").await;
    let left = ada.reply(&hello, &root, "Left").await;
    let deep = ada.reply(&hello, &left, "Deep").await;
    let right = ada.reply(&hello, &root, "Right").await;
    let delete = async |id: &str| {
        ada.post_form(&format!("/posts/hello/comments/{id}/delete"), &[]).await.expect(303);
        let list = blog.visitor().get("/api/v1/posts/hello/comments").await.expect(200).value();
        let ids = list["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned());
        let page = blog.visitor().get("/posts/hello").await.expect(200);
        (ids.collect::<Vec<_>>(), page.count("This comment was deleted"))
    };
    assert_eq!(delete(&root).await, (vec![root.clone(), left.clone(), deep.clone(), right.clone()], 1));
    assert_eq!(delete(&left).await, (vec![root.clone(), left.clone(), deep.clone(), right.clone()], 2));
    assert_eq!(delete(&deep).await, (vec![root.clone(), right.clone()], 1));
    assert_eq!(delete(&right).await, (Vec::new(), 0));
    assert_eq!(read(&blog, "hello").await["comment_count"], 0);
    ada.get(&format!("/posts/hello/comments/{root}")).await.expect(404);
    blog.administrator.get("/admin/comments").await.expect(200).lacks("Right");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_save_without_a_change_changes_nothing() {
    let blog = Blog::start().await;
    let root = &blog.administrator;
    let text = "One\r\ntwo\r\n\r\n    code\r\n";
    let about = root.write(page("About")).await;
    let tagged = post("Hello").body(text).with("tags", "C, C#, \"Berlin, Germany\"").with("excerpt", "Short");
    let hello = root.write(tagged).await;
    let (before, feed) = (read(&blog, "hello").await, blog.visitor().get("/feed.xml").await.text);
    blog.advance(60);
    // The editor as it opens, with line ends as browsers send them.
    let opened = root.opened(&hello).await.with("source", text);
    root.save(&hello, &opened, "save").await.expect(303);
    root.edit(&about, &[], "save").await.expect(303);
    let any = root.with("if-match", "*");
    any.json("PATCH", "/api/v1/posts/hello", &json!({})).await.expect(200);
    any.json("PATCH", "/api/v1/posts/hello", &json!({ "title": "Hello", "source": text })).await.expect(200);
    let update =
        "mutation($input: PostInput!) { updatePost(id: \"2\", version: 1, input: $input) { post { version } } }";
    let update = ask_with(root, update, json!({ "input": { "title": "Hello" } })).await;
    assert_eq!(data(update)["updatePost"]["post"]["version"], 1);
    assert_eq!(read(&blog, "hello").await, before);
    let page = root.get("/api/v1/pages/about").await.expect(200).value();
    assert_eq!((&page["version"], &page["updated_at"]), (&json!(1), &page["created_at"]));
    // To close comments is a change, but no news for readers.
    any.json("PATCH", "/api/v1/posts/hello", &json!({ "comments_open": false })).await.expect(200);
    let after = read(&blog, "hello").await;
    assert_eq!((&after["version"], &after["updated_at"]), (&json!(2), &before["updated_at"]));
    assert_eq!(blog.visitor().get("/feed.xml").await.text, feed);
    any.json("PATCH", "/api/v1/posts/hello", &json!({ "title": "Hello!" })).await.expect(200);
    assert_ne!(read(&blog, "hello").await["updated_at"], before["updated_at"]);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_saved_without_a_change_is_not_edited() {
    let blog = Blog::start().await;
    let hello = blog.administrator.write(post("Hello")).await;
    let ada = blog.reader("ada").await;
    let id = ada.comment(&hello, "Two\n\nlines").await;
    ada.post_form(&format!("/posts/hello/comments/{id}/edit"), &[("body", "Two\r\n\r\nlines")]).await.expect(303);
    let one = format!("/api/v1/posts/hello/comments/{id}");
    let patched = ada.with("if-match", "*").json("PATCH", &one, &json!({ "source": "Two\n\nlines" })).await.expect(200);
    assert_eq!(patched.value()["edited_at"], Value::Null);
    let etag = data(ask(&ada, "{ post(slug: \"hello\") { comments { nodes { etag } } } }").await);
    let etag = etag["post"]["comments"]["nodes"][0]["etag"].clone();
    let mutation = "mutation($id: ID!, $etag: String!) { updateComment(post: \"hello\", id: $id, etag: $etag, \
        input: { source: \"Two\\n\\nlines\" }) { comment { editedAt etag } errors { message } } }";
    let updated = data(ask_with(&ada, mutation, json!({ "id": id, "etag": etag })).await);
    assert_eq!(updated["updateComment"]["comment"], json!({ "editedAt": null, "etag": etag }));
    blog.visitor().get("/posts/hello").await.expect(200).lacks("(edited)");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_leaves_the_time_of_publication_alone() {
    let blog = Blog::start().await;
    let root = &blog.administrator;
    let times = [
        "2026-10-25T00:30:00Z",
        "2026-10-25T01:30:00Z",
        "2026-03-29T00:59:59Z",
        "2026-03-29T01:00:01Z",
        "2027-01-02T03:04:05.678Z",
    ];
    for time in times {
        let input = json!({ "title": "At", "slug": "at", "source": "x", "status": "published", "published_at": time });
        let made = root.json("POST", "/api/v1/posts", &input).await.expect(201).value();
        let shown = made["published_at"].clone();
        let stored = root.written(made["id"].as_str().unwrap()).await;
        // Opened in one zone, saved when the site has another.
        for zone in ["America/New_York", "Asia/Kathmandu", "Europe/Berlin"] {
            let opened = root.opened(&stored).await;
            let zone_then = root.get(&format!("/admin/posts/{}", stored.id)).await.input("zone");
            root.edit(&stored, &[("source", zone)], "save").await.expect(303);
            assert_eq!(read(&blog, "at").await["published_at"], shown, "{time} in {zone}");
            blog.set("time_zone", zone).await;
            let version = root.opened(&stored).await.fields.into_iter().find(|field| field.0 == "version").unwrap().1;
            let late = opened.with("version", &version).with("zone", &zone_then).with("excerpt", zone);
            root.save(&stored, &late, "save").await.expect(303);
            assert_eq!(read(&blog, "at").await["published_at"], shown, "{time} in {zone}");
        }
        let any = root.with("if-match", "*");
        any.json("PATCH", "/api/v1/posts/at", &json!({ "published_at": shown, "title": "x" })).await.expect(200);
        let exact = blog.site.app.read().unwrap();
        let head = pamphlet::store::posts::by_id(&exact, pamphlet::domain::id::PostId::parse(&stored.id).unwrap());
        let exact = head.unwrap().unwrap().published_at.unwrap();
        assert_eq!(exact.exact().trim_end_matches('Z'), time.trim_end_matches('Z'));
        any.send("DELETE", "/api/v1/posts/at").await.expect(204);
    }
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_show_a_time_that_comes_twice_with_its_offset() {
    let blog = Blog::start().await;
    let root = &blog.administrator;
    let hello = root.write(post("Hello").with("published_at", "2026-10-25T02:30+01:00")).await;
    assert_eq!(root.get("/api/v1/posts/hello").await.value()["published_at"], "2026-10-25T01:30:00Z");
    let editor = root.get(&format!("/admin/posts/{}", hello.id)).await.expect(200);
    assert_eq!(editor.input("published_at"), "2026-10-25T02:30+01:00");
    assert!(editor.contains("id=\"field-published_at\" type=\"text\"").contains("Europe/Berlin").status == 200);
    // To move it within its minute is a change for a program.
    let any = root.with("if-match", "*");
    let moved = any.json("PATCH", "/api/v1/posts/hello", &json!({ "published_at": "2026-10-25T01:30:20Z" })).await;
    assert_eq!(moved.value()["published_at"], "2026-10-25T01:30:20Z");
    let back = any.json("PATCH", "/api/v1/posts/hello", &json!({ "published_at": "2026-10-25T01:30:00Z" })).await;
    assert_eq!(back.value()["published_at"], "2026-10-25T01:30:00Z");
    // What is no time stands in a control that can show it.
    let refused = root.edit(&hello, &[("published_at", "tomorrow")], "save").await.expect(422);
    assert_eq!(refused.input("published_at"), "tomorrow");
    refused.lacks("type=\"datetime-local\"");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_and_categories_that_differ_in_a_sign_stay_different() {
    let blog = Blog::start().await;
    let root = &blog.administrator;
    let slugs = async |slug: &str| {
        let tags = read(&blog, slug).await["tags"].as_array().unwrap().clone();
        tags.iter()
            .map(|tag| format!("{} {}", tag["name"].as_str().unwrap(), tag["slug"].as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    let one = root.write(post("One").with("tags", "C, C#, C++, .NET, Yahoo!, \"Berlin, Germany\"")).await;
    let expected =
        ["C c", "C# c-sharp", "C++ c-plus-plus", ".NET dot-net", "Yahoo! yahoo", "Berlin, Germany berlin-germany"];
    assert_eq!(slugs("one").await, expected);
    // An edit splits nothing and moves nothing.
    root.edit(&one, &[("source", "Edited")], "save").await.expect(303);
    assert_eq!(slugs("one").await, expected);
    let input =
        json!({ "title": "Two", "status": "published", "tags": ["Yahoo", "c++", "Berlin, Germany", "5\" disks"] });
    root.json("POST", "/api/v1/posts", &input).await.expect(201);
    let expected = ["Yahoo yahoo-2", "c++ c-plus-plus", "Berlin, Germany berlin-germany", "5\" disks 5-disks"];
    assert_eq!(slugs("two").await, expected);
    let two = root.written("2").await;
    root.edit(&two, &[("source", "Edited")], "save").await.expect(303);
    assert_eq!(slugs("two").await, expected);
    let visitor = blog.visitor();
    visitor.get("/tag/yahoo").await.expect(200).contains("Yahoo!").lacks(">Two<");
    visitor.get("/tag/yahoo-2").await.expect(200).contains(">Two<");
    for (name, slug) in [("C", "c"), ("C#", "c-sharp"), ("C++", "c-plus-plus"), ("C!", "c-2")] {
        let made = root.json("POST", "/api/v1/categories", &json!({ "name": name })).await.expect(201).value();
        assert_eq!(made["slug"], slug);
    }
    let again = root.json("POST", "/api/v1/categories", &json!({ "name": "c#" })).await.expect(422);
    assert_eq!(again.problem().1, ["slug"]);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_of_a_draft_are_no_links_to_pages_that_are_not_there() {
    let blog = Blog::start().await;
    let draft = blog.administrator.write(post("Hello").with("tags", "Owls").draft()).await;
    let page = blog.administrator.get(&draft.path).await.expect(200).contains("Owls");
    assert!(!page.attributes("href").iter().any(|href| href.starts_with("/tag/")));
    blog.administrator.edit(&draft, &[], "publish").await.expect(303);
    let page = blog.administrator.get(&draft.path).await.expect(200);
    let tag = page.attributes("href").into_iter().find(|href| href.starts_with("/tag/")).unwrap();
    blog.visitor().at(&tag).await.expect(200);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_nothing_says_whether_there_is_more() {
    let blog = Blog::start().await;
    blog.administrator.write(post("Hello")).await;
    let query = "{ posts(first: 0) { nodes { slug } edges { cursor } pageInfo { hasNextPage endCursor } } \
        tags(first: 0) { nodes { slug } pageInfo { hasNextPage } } }";
    let seen = data(ask(&blog.visitor(), query).await);
    let nothing = json!({ "nodes": [], "edges": [], "pageInfo": { "hasNextPage": true, "endCursor": null } });
    assert_eq!(seen["posts"], nothing);
    assert_eq!(seen["tags"], json!({ "nodes": [], "pageInfo": { "hasNextPage": false } }));
    for (query, word) in
        [("{ posts(first: -1) { nodes { slug } } }", "0 to 100"), ("{ posts(last: 1) { nodes { slug } } }", "last")]
    {
        let refused = ask(&blog.visitor(), query).await;
        assert!(refused["errors"][0]["message"].as_str().unwrap().contains(word), "{refused:#}");
    }
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_hides_what_is_still_to_come() {
    let blog = Blog::start().await;
    let start = blog.clock.now();
    blog.administrator.write(post("Later").with("published_at", "2026-05-04T10:28")).await;
    let visitor = blog.visitor();
    let paths = ["/posts/later", "/api/v1/posts/later"];
    let lists = ["/", "/feed.xml", "/sitemap.xml", "/api/v1/posts", "/archive"];
    for path in paths {
        visitor.get(path).await.expect(404);
    }
    blog.advance(30 * 24 * 3600);
    for path in paths.iter().chain(&lists) {
        let answer = visitor.get(path).await.expect(200);
        assert_eq!(answer.header("date"), Some("Tue, 02 Jun 2026 08:28:00 GMT"), "{path}");
    }
    blog.clock.set(start);
    for path in paths {
        let answer = visitor.get(path).await.expect(404);
        assert_eq!(answer.header("date"), Some("Sun, 03 May 2026 08:28:00 GMT"));
    }
    for path in lists {
        visitor.get(path).await.expect(200).lacks("ater<").lacks("posts/later");
    }
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_a_refused_form_leads_to_the_form() {
    let blog = Blog::start().await;
    blog.administrator.write(post("Hello")).await;
    for (form, page) in [
        ("/posts/hello/comments", "/posts/hello#comments"),
        ("/account/password", "/account"),
        ("/account/sessions", "/account"),
        ("/account/tokens/1/revoke", "/account/tokens"),
        ("/logout", "/"),
    ] {
        blog.administrator.get(form).await.expect(303).leads_to(page);
    }
    blog.administrator.get("/account").await.expect(200);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_says_what_its_dates_mean() {
    let blog = Blog::start().await;
    blog.administrator.write(post("Draft").draft()).await;
    blog.administrator.get("/admin/posts").await.expect(200).contains("saved <time");
    blog.administrator.write(post("Later").with("published_at", "2026-05-04T10:28")).await;
    blog.administrator.get("/admin/posts").await.expect(200).contains("appears <time");
    blog.stop().await;
}
