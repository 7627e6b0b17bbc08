//! Conversations: writing, answering, changing and deleting comments.

use crate::harness::{Blog, post};
use pamphlet::content::markdown;
use pamphlet::domain::comment::Comment;
use pamphlet::domain::id::{CommentId, PostId, UserId};
use pamphlet::domain::time::Timestamp;
use pamphlet::store::{Store, WriteTxn, comments, ids};
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_comments_and_everybody_reads_it() {
    let blog = Blog::start().await;
    let post = blog.administrator.write(post("Hello")).await;
    let reader = blog.reader("Ada").await;
    let answer = reader.post_form("/posts/hello/comments", &[("body", "Well *said*.")]).await.expect(303);
    let id = answer.location().strip_prefix("/posts/hello#comment-").unwrap().to_owned();
    let page = blog.visitor().get(&post.path).await.expect(200);
    page.contains("Comments (1)")
        .contains("Well <em>said</em>.")
        .contains(&format!("id=\"comment-{id}\""))
        .contains("<bdi>Ada</bdi>")
        .lacks("Be the first to comment");
    blog.visitor()
        .get(&format!("/posts/hello/comments/{id}"))
        .await
        .expect(302)
        .leads_to(&format!("/posts/hello#comment-{id}"));
    blog.visitor().get("/").await.expect(200).contains("1 comment");
    blog.administrator.get("/admin/comments").await.expect(200).contains("Well <em>said</em>.");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_is_asked_to_log_in_and_comes_back_to_the_place() {
    let blog = Blog::start().await;
    blog.administrator.write(post("Hello")).await;
    blog.reader("ada").await;
    let visitor = blog.visitor();
    // What was typed is not lost, although nobody is signed in.
    visitor
        .post_form("/posts/hello/comments", &[("body", "My long thoughts")])
        .await
        .expect(401)
        .contains("My long thoughts");
    visitor.get("/posts/hello").await.expect(200).contains("Comments (0)");
    let page = visitor.get("/posts/hello").await;
    let login = page.attributes("href").into_iter().find(|href| href.contains("%23comments")).unwrap();
    let form = visitor.at(&login).await.expect(200);
    assert_eq!(form.input("next"), "/posts/hello#comments");
    let fields = [("username", "ada"), ("password", crate::harness::PASSWORD), ("next", "/posts/hello#comments")];
    visitor.post_form("/login", &fields).await.expect(303).leads_to("/posts/hello#comments");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_stand_below_what_they_answer() {
    let blog = Blog::start().await;
    let post = blog.administrator.write(post("Hello")).await;
    let (ada, bob) = (blog.reader("ada").await, blog.reader("bob").await);
    let first = ada.comment(&post, "First").await;
    ada.comment(&post, "Second").await;
    let mut parent = first.clone();
    for depth in 1..=6 {
        let who = if depth % 2 == 0 { &ada } else { &bob };
        parent = who.reply(&post, &parent, &format!("Depth {depth}")).await;
    }
    bob.reply(&post, &first, "Another answer").await;
    let page = blog.visitor().get(&post.path).await.expect(200).contains("Comments (9)").contains("in reply to");
    let order: Vec<usize> = ["First", "Depth 1", "Depth 2", "Depth 6", "Another answer", "Second"]
        .map(|text| page.text.find(&format!("<p>{text}</p>")).unwrap_or_else(|| panic!("no {text}")))
        .to_vec();
    assert!(order.is_sorted(), "replies follow their comment: {order:?}");
    // However deep people answer, a phone indents three levels.
    assert!(page.text.matches("<ol class=\"thread\">").count() >= 4);
    let mut open = 0usize;
    let deepest = page.text.split('<').fold(0, |deepest, tag| {
        open = match tag {
            tag if tag.starts_with("ol class=\"thread\"") => open + 1,
            tag if tag.starts_with("/ol>") && open > 0 => open - 1,
            _ => open,
        };
        deepest.max(open)
    });
    assert_eq!(deepest, 4);
    bob.get(&format!("/posts/hello/comments/{first}/reply")).await.expect(200).contains("First");
    blog.visitor().get(&format!("/posts/hello/comments/{first}/reply")).await.expect(303).location();
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_can_be_changed_for_fifteen_minutes_by_its_author_alone() {
    let blog = Blog::start().await;
    let post = blog.administrator.write(post("Hello")).await;
    let (ada, bob) = (blog.reader("ada").await, blog.reader("bob").await);
    let id = ada.comment(&post, "Furst").await;
    let edit = format!("/posts/hello/comments/{id}/edit");
    ada.get(&edit).await.expect(200).contains("Furst");
    for stranger in [&bob, &blog.administrator] {
        stranger.get(&edit).await.expect(403);
        stranger.post_form(&edit, &[("body", "Mine")]).await.expect(403);
    }
    blog.visitor().get(&edit).await.expect(303);
    blog.advance(14 * 60 + 59);
    ada.post_form(&edit, &[("body", "First")]).await.expect(303).leads_to(&format!("/posts/hello#comment-{id}"));
    blog.visitor().get(&post.path).await.contains("<p>First</p>").contains("(edited)").lacks("Furst");
    ada.post_form(&edit, &[("body", " \n ")]).await.expect(422);
    blog.advance(1);
    ada.get(&edit).await.expect(409).contains("15 minutes");
    // The text that came too late is still in the form.
    ada.post_form(&edit, &[("body", "Fiirst")]).await.expect(409).contains("Fiirst");
    blog.visitor().get(&post.path).await.contains("<p>First</p>");
    ada.get(&post.path).await.lacks(&edit);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_comment_leaves_its_place_only_if_it_was_answered() {
    let blog = Blog::start().await;
    let post = blog.administrator.write(post("Hello")).await;
    let (ada, bob) = (blog.reader("ada").await, blog.reader("bob").await);
    let first = ada.comment(&post, "Regretted").await;
    let reply = bob.reply(&post, &first, "An answer").await;
    let lone = ada.comment(&post, "Alone").await;
    let delete = |id: &str| format!("/posts/hello/comments/{id}/delete");
    bob.get(&delete(&first)).await.expect(403);
    bob.post_form(&delete(&first), &[]).await.expect(403);
    blog.visitor().post_form(&delete(&first), &[]).await.expect(303).leads_to("/login");
    ada.get(&delete(&first)).await.expect(200).contains("Regretted");
    ada.post_form(&delete(&first), &[]).await.expect(303);
    ada.post_form(&delete(&lone), &[]).await.expect(303);
    let page = blog.visitor().get(&post.path).await.expect(200);
    page.contains("This comment was deleted.")
        .contains("An answer")
        .contains("Comments (1)")
        .lacks("Regretted")
        .lacks("Alone");
    ada.post_form(&delete(&lone), &[]).await.expect(404);
    ada.post_form(&delete(&first), &[]).await.expect(404);
    ada.get(&format!("/posts/hello/comments/{first}/edit")).await.expect(404);
    // Nobody answers what is gone.
    let late = bob.post_form("/posts/hello/comments", &[("body", "Late"), ("parent", &first)]).await.expect(422);
    late.contains("Late").contains("Your reply: The comment you answer is gone");
    let never = bob.post_form("/posts/hello/comments", &[("body", "Late"), ("parent", &lone)]).await.expect(422);
    never.contains("Late");
    // An editor deletes anybody's.
    let eve = blog.editor("eve").await;
    eve.post_form(&delete(&reply), &[]).await.expect(303);
    blog.visitor().get(&post.path).await.contains("Comments (0)").lacks("An answer");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_comments_are_read_and_not_written() {
    let blog = Blog::start().await;
    let author = blog.author("ada").await;
    let post = author.write(post("Hello")).await;
    let bob = blog.reader("bob").await;
    let id = bob.comment(&post, "In time").await;
    let closed = author.opened(&post).await.comments_closed();
    author.save(&post, &closed, "save").await.expect(303);
    let page = bob.get(&post.path).await.expect(200);
    page.contains("In time").contains("Comments are closed").lacks("/reply\"").lacks("Post comment");
    bob.post_form("/posts/hello/comments", &[("body", "Late")]).await.expect(409).contains("closed").contains("Late");
    bob.post_form("/posts/hello/comments", &[("body", "Late"), ("parent", &id)]).await.expect(409);
    bob.get(&format!("/posts/hello/comments/{id}/reply")).await.expect(409);
    blog.visitor().get(&post.path).await.contains("Comments (1)");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parent_on_another_post_is_refused() {
    let blog = Blog::start().await;
    let here = blog.administrator.write(post("Here")).await;
    let there = blog.administrator.write(post("There")).await;
    let ada = blog.reader("ada").await;
    let id = ada.comment(&here, "On this post").await;
    let answer = ada.post_form("/posts/there/comments", &[("body", "Text"), ("parent", &id)]).await.expect(422);
    answer.contains("Text").lacks("On this post");
    for parent in ["0", "-1", "x", "18446744073709551616", "999999"] {
        let answer = ada.post_form("/posts/there/comments", &[("body", "Text"), ("parent", parent)]).await;
        assert!(matches!(answer.status, 404 | 422), "{parent}: {}", answer.status);
    }
    for action in ["", "/reply", "/edit", "/delete"] {
        ada.get(&format!("/posts/there/comments/{id}{action}")).await.expect(404);
    }
    ada.post_form(&format!("/posts/there/comments/{id}/edit"), &[("body", "x")]).await.expect(404);
    ada.post_form(&format!("/posts/there/comments/{id}/delete"), &[]).await.expect(404);
    blog.visitor().get(&there.path).await.contains("Comments (0)");
    blog.visitor().get(&here.path).await.contains("Comments (1)");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_hold_a_safe_subset_of_markdown() {
    let blog = Blog::start().await;
    let post = blog.administrator.write(post("Hello")).await;
    let ada = blog.reader("ada").await;
    let text = "**bold** [link](https://example.org) <b>raw</b> <script>alert(1)</script>\n\n\
        ![pixel](https://evil.example/p.png) [bad](javascript:alert(2))\n\n# Not a heading of the page\n\n> quote\n\n```\ncode\n```";
    ada.comment(&post, text).await;
    let page = blog.visitor().get(&post.path).await.expect(200);
    let link =
        page.text.split("<a ").find(|tag| tag.contains("https://example.org")).unwrap().split('>').next().unwrap();
    assert!(link.contains("nofollow") && link.contains("ugc"), "{link}");
    page.contains("<strong>bold</strong>")
        .contains("<blockquote>")
        .lacks("<script>")
        .lacks("<b>raw")
        .lacks("<img")
        .lacks("href=\"javascript");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_and_overlong_comments_come_back_with_their_text() {
    let blog = Blog::start().await;
    let post = blog.administrator.write(post("Hello")).await;
    let ada = blog.reader("ada").await;
    ada.post_form("/posts/hello/comments", &[]).await.expect(422);
    ada.post_form("/posts/hello/comments", &[("body", "  \r\n ")]).await.expect(422).contains("write something");
    let long = format!("kept{}", "x".repeat(20_000));
    ada.post_form("/posts/hello/comments", &[("body", &long)])
        .await
        .expect(422)
        .contains("keptxxx")
        .contains("shorten");
    ada.post_form("/posts/hello/comments", &[("body", "bell \u{7}")]).await.expect(422).contains("control");
    blog.visitor().get(&post.path).await.contains("Comments (0)");
    ada.comment(&post, &"ü".repeat(10_000)).await;
    ada.post_form("/posts/none/comments", &[("body", "x")]).await.expect(404);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_comments_are_read_page_by_page() {
    let blog = Blog::start().await;
    let post = blog.administrator.write(post("Popular")).await;
    let ada = blog.reader("ada").await;
    let first = ada.comment(&post, "The very first").await;
    let mut seeded = 0;
    let blog = blog.restart_after(|store| seeded = seed(store, first.parse().unwrap())).await;
    let visitor = blog.visitor();
    let page = visitor.get(&post.path).await.expect(200).contains("Comments (10001)").contains("The very first");
    assert!(page.count("id=\"comment-") <= 100, "{} comments on one page", page.count("id=\"comment-"));
    assert!(page.bytes.len() < 120_000, "{} bytes", page.bytes.len());
    // A permalink leads to the page on which the comment stands.
    for number in [150, 5_000, 9_999] {
        let id = seeded + number;
        let permalink = visitor.get(&format!("/posts/popular/comments/{id}")).await.expect(302);
        let page = visitor.follow(&permalink).await.expect(200);
        page.contains(&format!("id=\"comment-{id}\"")).contains(&format!("<p>Comment {number}</p>"));
    }
    // All pages together show every comment once.
    let (mut seen, mut number) = (Vec::new(), 1);
    loop {
        let page = visitor.get(&format!("/posts/popular?comments={number}")).await;
        if page.status == 404 {
            break;
        }
        let ids = page.attributes("id").into_iter().filter(|id| id.starts_with("comment-"));
        seen.extend(ids.filter(|id| id[8..].bytes().all(|byte| byte.is_ascii_digit())));
        number += 1;
    }
    let total = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!((seen.len(), total), (10_001, 10_001));
    // A page that nobody has asked for since the last comment is still quick.
    ada.moved_to(&format!("http://{}", blog.address), "").comment(&post, "One more").await;
    let asked = Instant::now();
    visitor.get(&post.path).await.expect(200);
    assert!(asked.elapsed() < Duration::from_secs(1), "one page of a long conversation took {:?}", asked.elapsed());
    blog.stop().await;
}

/// 10,000 comments, every tenth of them an answer to `first`. Their numbers follow the one returned.
fn seed(store: &Store, first: u64) -> u64 {
    let write = move |txn: &WriteTxn<'_>| {
        let mut last = 0;
        for number in 1..=10_000u64 {
            let id = ids::next_comment(txn)?;
            let reply = number % 10 == 0;
            let text = format!("Comment {number}");
            let comment = Comment {
                id,
                post: PostId(1),
                thread: if reply { CommentId(first) } else { id },
                parent: reply.then_some(CommentId(first)),
                author: UserId(1),
                created_at: Timestamp::from_ms(0),
                edited_at: None,
                deleted: false,
                body: markdown::comment(&text),
                source: text,
            };
            comments::put(txn, &comment)?;
            last = id.0;
        }
        Ok(last - 10_000)
    };
    store.write_blocking(write).unwrap()
}
