//! A conversation that grows in an open page, in Chromium.

use crate::browser::{Browser, Setup};
use crate::harness::{Blog, PASSWORD, PATIENCE, post};
use serde_json::Value;

const DESK: Setup = Setup { width: 1280, scripts: true, dark: false };

async fn run(browser: &Browser, script: &str) -> Value {
    browser.client.execute(script, vec![]).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_write_appears_in_an_open_page() {
    let blog = Blog::start_with(|config| config.public_url = Some("http://127.0.0.1/blog".into())).await;
    let post = blog.administrator.write(post("Owls")).await;
    let Some(browser) = Browser::start(&blog, DESK).await else { return };
    browser.open("/blog/posts/owls").await;
    browser.sees("Be the first to comment").await;
    let first = blog.administrator.comment(&post, "I hear *owls* at night").await;
    browser.sees("I hear owls at night").await;
    browser.sees("Comments (1)").await;
    browser.sees("1 new comment").await;
    browser.does_not_see("Be the first to comment").await;
    // A reply stands below what it answers, and says so quietly.
    let reply = blog.administrator.reply(&post, &first, "So do I").await;
    browser.element(&format!("//li[div[@id='comment-{first}']]/ol/li/div[@id='comment-{reply}']")).await;
    browser.element("//p[@role='status'][normalize-space()='2 new comments']").await;
    let edit = format!("/posts/owls/comments/{reply}/edit");
    blog.administrator.post_form(&edit, &[("body", "So do we")]).await.expect(303);
    browser.sees("So do we").await;
    blog.administrator.post_form(&format!("/posts/owls/comments/{first}/delete"), &[]).await.expect(303);
    browser.sees("This comment was deleted.").await;
    browser.sees("Comments (1)").await;
    blog.administrator.post_form(&format!("/posts/owls/comments/{reply}/delete"), &[]).await.expect(303);
    browser.sees("Comments (0)").await;
    browser.does_not_see("So do we").await;
    browser.does_not_see("new comment").await;
    // Deep replies stand in one row, in the order of reading.
    let mut parent = blog.administrator.comment(&post, "Level 0").await;
    for level in 1..=6 {
        parent = blog.administrator.reply(&post, &parent, &format!("Level {level}")).await;
    }
    browser.sees("Level 6").await;
    let ours = run(&browser, "return document.querySelector('#comments > .thread').innerText").await;
    browser.open("/blog/posts/owls").await;
    assert_eq!(ours, run(&browser, "return document.querySelector('#comments > .thread').innerText").await);
    browser.close().await;
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_written_and_read_stays_where_it_is() {
    let blog = Blog::start().await;
    let post = blog.administrator.write(post("Owls")).await;
    let first = blog.administrator.comment(&post, "The first of them").await;
    blog.reader("ada").await;
    let Some(browser) = Browser::start(&blog, DESK).await else { return };
    browser.open("/login?next=/posts/owls").await;
    browser.fill("username", "ada").await;
    browser.fill("password", PASSWORD).await;
    browser.go("//main//button[normalize-space()=\"Log in\"]").await;
    browser.fill("body", "A half-written thou").await;
    let second = blog.administrator.comment(&post, "Written meanwhile").await;
    browser.sees("Written meanwhile").await;
    // A member's own links are there, and what was typed, with the cursor in it.
    browser.element(&format!("//div[@id='comment-{second}']//a[starts-with(normalize-space(), 'Reply')]")).await;
    assert_eq!(browser.value("body").await, "A half-written thou");
    assert_eq!(run(&browser, "return document.activeElement.name").await, "body");
    // A comment whose link has the focus is changed when that moves on.
    run(&browser, &format!("document.querySelector('#comment-{first} .actions a').focus()")).await;
    let edit = format!("/posts/owls/comments/{first}/edit");
    blog.administrator.post_form(&edit, &[("body", "The last of them")]).await.expect(303);
    let third = blog.administrator.comment(&post, "One more").await;
    browser.element(&format!("//div[@id='comment-{third}']")).await;
    browser.sees("The first of them").await;
    run(&browser, "document.activeElement.blur()").await;
    browser.sees("The last of them").await;
    assert_eq!(browser.value("body").await, "A half-written thou");
    browser.press("Post comment").await;
    browser.sees("Comments (4)").await;
    browser.close().await;
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_broke_is_taken_up_again() {
    let blog = Blog::start().await;
    let post = blog.administrator.write(post("Owls")).await;
    let Some(browser) = Browser::start(&blog, DESK).await else { return };
    browser.open("/posts/owls").await;
    browser.sees("Comments (0)").await;
    // A post that is hidden ends its streams; before the browser asks again it is back.
    blog.administrator.edit(&post, &[], "unpublish").await.expect(303);
    blog.administrator.edit(&post, &[], "publish").await.expect(303);
    blog.administrator.comment(&post, "Written while nobody listened").await;
    browser.sees("Written while nobody listened").await;
    browser.close().await;
    blog.stop().await;
}

/// Six connections to a host are all that a browser has over HTTP/1.1.
#[tokio::test(flavor = "multi_thread")]
async fn many_open_posts_leave_connections_free_and_the_one_looked_at_grows() {
    let blog = Blog::start().await;
    let mut posts = Vec::new();
    for number in 1..=8 {
        posts.push(blog.administrator.write(post(&format!("Post {number}"))).await);
    }
    let Some(browser) = Browser::start(&blog, DESK).await else { return };
    browser.open(&posts[0].path).await;
    let first = browser.client.window().await.unwrap();
    for post in &posts[1..] {
        let tab = browser.client.new_window(true).await.unwrap();
        browser.client.switch_to_window(tab.handle).await.unwrap();
        // Without a free connection this never ends.
        let address = format!("http://{}{}", blog.address, post.path);
        tokio::time::timeout(PATIENCE, browser.client.goto(&address)).await.expect("a page that loads").unwrap();
        browser.element("//h2[@id='comments-title']").await;
    }
    // The first is looked at again: it reads what it missed, and goes on growing.
    blog.administrator.comment(&posts[0], "Written while nobody looked").await;
    browser.client.switch_to_window(first).await.unwrap();
    run(&browser, "window.dispatchEvent(new Event('focus'))").await;
    browser.sees("Written while nobody looked").await;
    blog.administrator.comment(&posts[0], "Written before our eyes").await;
    browser.sees("Written before our eyes").await;
    browser.close().await;
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_page_holds_no_stream_and_catches_up() {
    let blog = Blog::start().await;
    let post = blog.administrator.write(post("Owls")).await;
    let Some(browser) = Browser::start(&blog, DESK).await else { return };
    browser.open("/posts/owls").await;
    blog.administrator.comment(&post, "While it was open").await;
    browser.sees("While it was open").await;
    let turn = |hidden: bool| {
        format!(
            "Object.defineProperty(document, 'hidden', {{ value: {hidden}, configurable: true }}); \
             document.dispatchEvent(new Event('visibilitychange'));"
        )
    };
    run(&browser, &turn(true)).await;
    blog.administrator.comment(&post, "While it was hidden").await;
    // A stream would have brought it while the page asks for other things.
    let ask = "const ask = () => fetch(location.href, { cache: 'no-store' }).then(answer => answer.text()); \
        return ask().then(ask).then(ask).then(() => document.body.innerText.includes('While it was hidden'));";
    assert_eq!(run(&browser, ask).await, false);
    run(&browser, &turn(false)).await;
    browser.sees("While it was hidden").await;
    browser.close().await;
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_windows_side_by_side_grow_both() {
    let blog = Blog::start().await;
    let (owls, bats) = (blog.administrator.write(post("Owls")).await, blog.administrator.write(post("Bats")).await);
    let Some(browser) = Browser::start(&blog, DESK).await else { return };
    browser.open(&owls.path).await;
    let first = browser.client.window().await.unwrap();
    let second = browser.client.new_window(false).await.unwrap().handle;
    browser.client.switch_to_window(second).await.unwrap();
    browser.client.goto(&format!("http://{}{}", blog.address, bats.path)).await.unwrap();
    browser.element("//h2[normalize-space()='Comments (0)']").await;
    blog.administrator.comment(&bats, "Of bats").await;
    browser.element("//p[normalize-space()='Of bats']").await;
    browser.client.switch_to_window(first).await.unwrap();
    blog.administrator.comment(&owls, "Of owls").await;
    browser.element("//p[normalize-space()='Of owls']").await;
    browser.close().await;
    blog.stop().await;
}
