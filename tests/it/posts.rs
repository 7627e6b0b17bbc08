//! Reading: the post's page, lists, archive, feeds, old addresses.

use crate::harness::{Blog, page, post};

#[tokio::test(flavor = "multi_thread")]
async fn a_post_says_everything_the_page_promises() {
    let blog = Blog::start().await;
    let category = blog.category("Backend").await;
    let mikel = blog.author("Mikel").await;
    let post = mikel.write(post("Hello, World!").body("First *words*.").with("category", &category)).await;
    assert_eq!(post.path, "/posts/hello-world");
    blog.visitor()
        .get(&post.path)
        .await
        .expect(200)
        .contains("<title>Hello, World! · Notes on Rust</title>")
        .contains("Category: <a href=\"/category/backend\"><bdi>Backend</bdi></a>")
        .contains("<h1 dir=\"auto\">Hello, World!</h1>")
        .contains("By <a href=\"/author/mikel\" rel=\"author\"><bdi>Mikel</bdi></a>")
        .contains("<time datetime=\"2026-05-03T08:28:00Z\">May 3, 2026, 10:28 a.m.</time>")
        .contains("<p>First <em>words</em>.</p>")
        .contains("Comments (0)")
        .contains("No comments yet. Be the first to comment!")
        .contains("Please <a href=\"/login?next=/posts/hello-world%23comments\">Login</a> to add a comment.");
    blog.stop().await;
}
