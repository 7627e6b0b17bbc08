//! How much members may write, through whichever door.

use crate::harness::{Blog, post};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_writes_a_bounded_number_of_comments_through_all_doors_together() {
    let blog = Blog::start_with(|config| config.api_quota = 100).await;
    let hello = blog.administrator.write(post("Hello")).await;
    let ada = blog.reader("ada").await;
    for number in 0..4 {
        ada.comment(&hello, &format!("Comment {number}")).await;
    }
    let comment = |number: usize| json!({ "source": format!("Comment {number}") });
    for number in 4..6 {
        ada.json("POST", "/api/v1/posts/hello/comments", &comment(number)).await.expect(201);
    }
    let item = |number| json!({ "method": "POST", "path": "/posts/hello/comments", "body": comment(number) });
    // Six of ten are written.
    ada.json("POST", "/api/v1/batch", &json!([item(6), item(7), item(8), item(9), item(10)])).await.expect(429);
    ada.json("POST", "/api/v1/batch", &json!([item(6), item(7)])).await.expect(200);
    let mutation = |text| json!({ "query": format!("mutation {{ createComment(post: \"hello\", input: {{ source: \"{text}\" }}) {{ comment {{ id }} }} }}") });
    ada.json("POST", "/graphql", &mutation("Eight")).await.expect(200).contains("\"id\"");
    ada.json("POST", "/graphql", &mutation("Nine")).await.expect(200).contains("\"id\"");
    ada.json("POST", "/graphql", &mutation("Ten")).await.contains("rate-limited");
    let (word, _) = ada.json("POST", "/api/v1/posts/hello/comments", &comment(10)).await.expect(429).problem();
    assert_eq!(word, "rate-limited");
    let path = format!("{}/comments", hello.path);
    let refused = ada.post_form(&path, &[("body", "What I <wrote>")]).await.expect(429);
    assert_eq!(refused.header("retry-after"), Some("6"));
    refused.contains("What I &lt;wrote&gt;").contains("6 seconds");
    // Those who write posts have room of their own.
    blog.administrator.comment(&hello, "Still here").await;
    blog.advance(6);
    ada.comment(&hello, "Again").await;
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_of_one_network_share_what_they_write() {
    let blog = Blog::start_with(|config| config.api_quota = 20).await;
    let hello = blog.administrator.write(post("Hello")).await;
    let mut readers = Vec::new();
    for number in 0..12 {
        readers.push(blog.member(&format!("reader{number}"), "reader").await);
    }
    let mut written = 0;
    for reader in &readers {
        for number in 0..2 {
            let answer = reader.post_form(&format!("{}/comments", hello.path), &[("body", &number.to_string())]).await;
            written += usize::from(answer.expect_one_of(&[303, 429]).status == 303);
        }
    }
    assert_eq!(written, 20);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_counts_as_many_writes_as_it_has() {
    let blog = Blog::start_with(|config| config.api_quota = 30).await;
    let ada = blog.editor("ada").await;
    let item =
        |number| json!({ "method": "POST", "path": "/categories", "body": { "name": format!("Shelf {number}") } });
    let batch = |from: usize, count: usize| json!((from..from + count).map(item).collect::<Vec<_>>());
    ada.json("POST", "/api/v1/batch", &batch(0, 25)).await.expect(200);
    let refused = ada.json("POST", "/api/v1/batch", &batch(25, 10)).await.expect(429);
    // More than there ever is at once is done when nothing was written for a while.
    blog.advance(refused.header("retry-after").unwrap().parse().unwrap());
    ada.json("POST", "/api/v1/batch", &batch(25, 10)).await.expect(200);
    blog.advance(60);
    ada.json("POST", "/api/v1/batch", &batch(35, 60)).await.expect(200);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_readers_store_is_counted_in_bytes() {
    let blog = Blog::start().await;
    let hello = blog.administrator.write(post("Hello")).await;
    let ada = blog.reader("ada").await;
    let path = format!("{}/comments", hello.path);
    // Each is 20 kB, and as much again when it is rendered.
    let mut comments = 0;
    loop {
        let body = format!("{comments} {}", "owls ".repeat(3_990));
        let answer = ada.post_form(&path, &[("body", &body)]).await.expect_one_of(&[303, 429]);
        if answer.status == 429 {
            break;
        }
        comments += 1;
        assert!(comments < 119, "nobody counts the bytes");
    }
    assert!(comments > 90, "{comments}");
    blog.stop().await;
}
