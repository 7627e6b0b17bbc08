//! Nobody looks like the people who write and run the blog.

use crate::harness::{Blog, PASSWORD};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn nobody_signs_up_under_a_name_that_looks_like_one_of_the_staff() {
    let blog = Blog::start().await;
    let editor = blog.editor("mikel").await;
    let profile = [("display_name", "Mikel Ibarra"), ("email", ""), ("bio", "")];
    editor.post_form("/account", &profile).await.expect(303);
    for name in ["mikelibarra", "mikel.ibarra", "mıkelıbarra", "mİkelİbarra", "mikel-1barra", "mİkel"] {
        let answer = blog.visitor().post_form("/signup", &[("username", name), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, 422, "{name} was taken");
        answer.contains("error-username");
        let user = json!({ "username": name, "password": PASSWORD });
        blog.administrator.json("POST", "/api/v1/users", &user).await.expect(422);
    }
    for name in ["mikaela", "ibarra"] {
        blog.reader(name).await;
    }
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn display_names_do_not_imitate_staff_and_all_others_are_free() {
    let blog = Blog::start().await;
    let (ada, eve) = (blog.author("ada").await, blog.reader("eve").await);
    let profile = |name| [("display_name", name), ("email", ""), ("bio", "")];
    ada.post_form("/account", &profile("Ada Lovelace")).await.expect(303);
    for name in ["Ada Lovelace", "ADA LOVELACE", "Аda Lovelace", "Ada L0velace", "AdaLovelace.", "root", "R00T", "ADA"]
    {
        let refused = eve.post_form("/account", &profile(name)).await.expect(422);
        refused.contains("error-display_name").contains("looks too much like");
    }
    let me = eve.get("/api/v1/me").await.expect(200);
    let patch = json!({ "display_name": "Аda Lovelace" });
    let changing = eve.with("if-match", me.header("etag").unwrap());
    let refused = changing.json("PATCH", "/api/v1/me", &patch).await.expect(422);
    assert!(refused.text.contains("looks too much like"), "{}", refused.text);
    let mutation = "mutation($etag: String!) { updateProfile(etag: $etag, input: { displayName: \"adalovelace\" }) \
                    { errors { code field } } }";
    let own = crate::graphql::ask_with(&eve, "{ me { etag } }", json!({})).await;
    let etag = own["data"]["me"]["etag"].clone();
    let response = crate::graphql::ask_with(&eve, mutation, json!({ "etag": etag })).await;
    assert_eq!(response["data"]["updateProfile"]["errors"][0]["code"], "invalid", "{response}");
    // Neither does an author look like an administrator.
    ada.post_form("/account", &profile("Root")).await.expect(422).contains("error-display_name");
    // Readers may share a name with each other, and staff may write their own in another way.
    let bob = blog.reader("bob").await;
    eve.post_form("/account", &profile("Sam")).await.expect(303);
    bob.post_form("/account", &profile("Sam")).await.expect(303);
    ada.post_form("/account", &profile("ADA")).await.expect(303);
    // What somebody is called already stays theirs, also beside staff who come to be called so.
    ada.post_form("/account", &profile("Sam")).await.expect(303);
    eve.post_form("/account", &[("display_name", "Sam"), ("email", ""), ("bio", "I was first.")]).await.expect(303);
    blog.stop().await;
}
