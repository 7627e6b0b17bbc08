//! Two blogs on one host, and cookies of earlier versions.

use crate::auth::{is_signed_in, log_in};
use crate::harness::{Blog, PASSWORD};

/// One browser that visits two blogs whose addresses differ only in port and base path.
async fn signs_in_to_both(one_url: Option<&str>, other_url: Option<&str>) {
    let at = |url: Option<&str>| {
        let url = url.map(str::to_owned);
        move |config: &mut pamphlet::config::Config| config.public_url = url
    };
    let (one, other) = (Blog::start_with(at(one_url)).await, Blog::start_with(at(other_url)).await);
    // A browser sends the cookies of one port to every other port of the host.
    let browser = one.visitor();
    let at_other = browser.moved_to(&format!("http://{}", other.address), other.base());
    log_in(&browser, "root", PASSWORD).await.expect(303);
    log_in(&at_other, "root", PASSWORD).await.expect(303);
    assert!(is_signed_in(&browser).await && is_signed_in(&at_other).await, "{one_url:?} {other_url:?}");
    at_other.post_form("/logout", &[]).await.expect(303);
    assert!(is_signed_in(&browser).await && !is_signed_in(&at_other).await);
    one.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_blogs_on_one_host_do_not_sign_each_other_out() {
    signs_in_to_both(None, None).await;
    signs_in_to_both(None, Some("http://127.0.0.1/two")).await;
    signs_in_to_both(Some("http://127.0.0.1/blog"), Some("http://127.0.0.1/blog2")).await;
    signs_in_to_both(Some("https://example.org"), Some("https://example.org/two")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_an_earlier_version_lasts_until_it_is_ended() {
    let blog = Blog::start().await;
    let token = blog.log_in("root").await.session().unwrap();
    let old = blog.visitor();
    old.set_cookie("session", &token);
    assert!(is_signed_in(&old).await);
    let out = old.post_form("/logout", &[]).await.expect(303);
    let taken_back: Vec<&str> = out.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    assert!(taken_back.iter().any(|cookie| cookie.starts_with("session=; Path=/; Max-Age=0")), "{taken_back:?}");
    assert!(!is_signed_in(&old).await);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_header_of_the_login_page_leads_on_to_where_the_reader_was() {
    let blog = Blog::start().await;
    let (visitor, next) = (blog.visitor(), "?next=/archive");
    for path in ["/login", "/signup"] {
        let page = visitor.get(&format!("{path}{next}")).await.expect(200);
        let header = page.between("<nav class=\"account\"", "</nav>").to_owned();
        for link in ["href=\"/login?next=/archive\"", "href=\"/signup?next=/archive\""] {
            assert!(header.contains(link), "{path}: {header}");
        }
        // Also when the form was refused.
        let refused = [("username", "x"), ("password", "y"), ("next", "/archive")];
        let page = visitor.post_form(path, &refused).await.expect(422);
        let header = page.between("<nav class=\"account\"", "</nav>").to_owned();
        assert!(header.contains("href=\"/signup?next=/archive\""), "{path}: {header}");
    }
    blog.stop().await;
}
