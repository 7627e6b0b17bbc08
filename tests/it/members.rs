//! Pages of members: what is theirs is on them, what is another's is not, and nothing is old.

use crate::harness::{Blog, post};

#[tokio::test(flavor = "multi_thread")]
async fn members_see_their_own_links_on_a_page_they_share() {
    let blog = Blog::start().await;
    let hello = blog.administrator.write(post("Hello")).await;
    let (ada, bob) = (blog.reader("ada").await, blog.reader("bob").await);
    let of_ada = ada.comment(&hello, "Ada was here.").await;
    let of_bob = bob.comment(&hello, "Bob was here.").await;
    let own = |id: &str, what: &str| format!("/comments/{id}/{what}\"");
    for _ in 0..2 {
        let page = ada.get(&hello.path).await.expect(200).contains("Log out").contains("Ada was here.");
        let page =
            page.contains(&own(&of_ada, "edit")).contains(&own(&of_ada, "delete")).contains(&own(&of_bob, "reply"));
        let page = page.lacks(&own(&of_bob, "edit")).lacks(&own(&of_bob, "delete")).lacks("Edit this post");
        assert_eq!(page.header("cache-control"), Some("private, no-store"));
        assert_eq!(page.header("etag"), None);
        let page = bob.get(&hello.path).await.expect(200).contains(&own(&of_bob, "edit"));
        page.lacks(&own(&of_ada, "edit")).contains(">bob<").lacks("Edit this post");
        let page = blog.administrator.get(&hello.path).await.expect(200).contains("Edit this post");
        page.contains(&own(&of_ada, "delete")).lacks(&own(&of_ada, "edit"));
        let page = blog.visitor().get(&hello.path).await.expect(200).contains("Log in").contains("Bob was here.");
        page.lacks("Log out").lacks("/reply\"").lacks("/delete\"").lacks("<textarea");
    }
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_members_page_is_never_older_than_what_was_answered() {
    let blog = Blog::start().await;
    let hello = blog.administrator.write(post("Hello")).await;
    let (ada, bob) = (blog.reader("ada").await, blog.reader("bob").await);
    for n in 0..20 {
        let id = bob.comment(&hello, &format!("Comment number {n}.")).await;
        ada.get(&hello.path).await.expect(200).contains(&format!("Comment number {n}."));
        if n % 2 == 0 {
            bob.post_form(&format!("{}/comments/{id}/delete", hello.path), &[]).await.expect(303);
            ada.get(&hello.path).await.expect(200).lacks(&format!("Comment number {n}."));
        }
    }
    blog.administrator.edit(&hello, &[("source", "Quite another text.")], "save").await.expect(303);
    ada.get(&hello.path).await.expect(200).contains("Quite another text.");
    blog.set("title", "Another title").await;
    ada.get(&hello.path).await.expect(200).contains("Another title");
    blog.set("time_zone", "Asia/Tokyo").await;
    ada.get(&hello.path).await.expect(200).contains("5:28 p.m.").lacks("10:28 a.m.");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_is_hidden_is_gone_for_members_at_once() {
    let blog = Blog::start().await;
    let hello = blog.administrator.write(post("Hello")).await;
    let ada = blog.reader("ada").await;
    ada.get(&hello.path).await.expect(200);
    blog.administrator.edit(&hello, &[], "unpublish").await.expect(303);
    ada.get(&hello.path).await.expect(404).lacks("Some text.");
    // Those who may see it keep it for themselves.
    blog.administrator.get(&hello.path).await.expect(200).contains("Draft.");
    ada.get(&hello.path).await.expect(404).lacks("Some text.");
    blog.visitor().get(&hello.path).await.expect(404);
    blog.stop().await;
}
