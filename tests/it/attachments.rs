//! Files that came with imported posts, on every surface.

use crate::cli::folder;
use crate::program::{Served, run};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn files_beside_posts_are_served_as_what_they_are_and_listed_like_images() {
    let folder = folder();
    let post = folder.path().join("content/owls");
    std::fs::create_dir_all(&post).unwrap();
    std::fs::write(post.join("hoot.pdf"), "%PDF-1.4\n").unwrap();
    std::fs::write(post.join("hoot.mp4"), b"\0\0\0\x18ftypisom film").unwrap();
    std::fs::write(post.join("page.svgz"), "<script>alert(1)</script>").unwrap();
    let text = "[paper](hoot.pdf) [page](page.svgz) <video src=\"hoot.mp4\" controls></video>\n\n{{< youtube abc >}}\n";
    std::fs::write(post.join("index.md"), format!("---\ntitle: Owls\ndate: 2024-05-06\n---\n{text}")).unwrap();
    run(folder.path(), &["import", "markdown", "content", "--data", "blog.redb"]).expect(0);
    let served = Served::blog(folder.path(), &[]);
    let admin = served.set_up().await;
    let visitor = served.visitor();
    let page = visitor.get("/posts/owls").await.expect(200).contains("https://www.youtube.com/watch?v=abc");
    let file = |end: &str| {
        let mut addresses = page.attributes("href").into_iter().chain(page.attributes("src"));
        addresses.find(|address| address.starts_with("/media/") && address.ends_with(end)).unwrap()
    };

    let paper = visitor.at(&file("/hoot.pdf")).await.expect(200);
    assert_eq!(paper.header("content-type"), Some("application/pdf"));
    assert_eq!(paper.header("content-disposition"), Some("attachment"));
    assert_eq!(paper.header("x-content-type-options"), Some("nosniff"));
    let hidden = visitor.at(&file("/page.svgz")).await.expect(200);
    assert_eq!(hidden.header("content-type"), Some("text/plain; charset=utf-8"), "a page is never served as one");
    assert_eq!(hidden.header("content-disposition"), Some("attachment"));
    let film = visitor.with("range", "bytes=4-11").at(&file("/hoot.mp4")).await.expect(206).contains("ftypisom");
    assert_eq!(film.header("content-type"), Some("video/mp4"));
    assert_eq!(film.header("content-disposition"), Some("inline"));
    assert!(film.header("content-security-policy").unwrap().ends_with("; sandbox"));

    let id = file("/hoot.pdf").split('/').nth(2).unwrap().to_owned();
    let list = admin.get("/api/v1/media").await.expect(200).value();
    assert_eq!(list["items"].as_array().unwrap().len(), 3);
    let one = admin.get(&format!("/api/v1/media/{id}")).await.expect(200).value();
    assert_eq!((&one["width"], &one["media_type"]), (&json!(null), &json!("application/pdf")));
    let query = json!({ "query": "{ media(first: 9) { nodes { name width height mediaType } } }" });
    let answer = admin.json("POST", "/graphql", &query).await.expect(200).value();
    assert_eq!(answer["data"]["media"]["nodes"].as_array().unwrap().len(), 3, "{answer}");
    admin
        .get("/admin/media")
        .await
        .expect(200)
        .contains("hoot.pdf")
        .contains("[hoot.pdf](/media/")
        .lacks("width=\"0\"");
    admin.get(&format!("/admin/media/{id}/delete")).await.expect(200).lacks("<img");

    let draft = json!({ "title": "X", "source": "x", "status": "draft", "cover": { "media": id, "alt": "" } });
    admin.json("POST", "/api/v1/posts", &draft).await.expect(422).contains("no image of this id");
    served.stop();
}
