//! Problem documents: their types lead to pages, their messages are for people.

use crate::harness::{Blog, post};

/// The types of problems were addresses at which there was nothing.
#[tokio::test(flavor = "multi_thread")]
async fn the_type_of_a_problem_leads_to_a_page_about_it() {
    let mut blog = Blog::start().await;
    blog.administrator.write(post("Hello")).await;
    for base in ["", "/notes"] {
        let visitor = blog.visitor();
        for (path, code) in [("posts/nothing", "not-found"), ("posts?limit=0", "invalid"), ("me", "unauthenticated")] {
            let problem = visitor.get(&format!("/api/v1/{path}")).await.value();
            assert_eq!(problem["type"], format!("{base}/problems/{code}"));
            let page = visitor.get(problem["type"].as_str().unwrap().trim_start_matches(base)).await.expect(200);
            page.contains(problem["title"].as_str().unwrap()).contains(code).lacks("`");
        }
        // "/problems/{code}" has a page for each that the reference lists.
        let docs = visitor.get("/api/docs").await.expect(200);
        let pages: Vec<String> = docs.attributes("href").into_iter().filter(|to| to.contains("/problems/")).collect();
        assert!(pages.len() > 20, "{pages:?}");
        for page in pages {
            visitor.get(page.trim_start_matches(base)).await.expect(200).contains("/api/docs#problems");
        }
        visitor.get("/problems/nothing").await.expect(404);
        if base.is_empty() {
            blog = blog.restart_with(|config| config.public_url = Some("https://blog.example/notes".into())).await;
        }
    }
    blog.stop().await;
}
