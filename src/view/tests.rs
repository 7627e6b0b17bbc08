//! What must hold for every page, tried with hostile text in every place that people fill.

use crate::assets;
use crate::domain::actor::Role;
use crate::domain::comment::Conversation;
use crate::domain::comment::INDENTED_DEPTH;
use crate::domain::post::PostView;
use crate::domain::post::Status;
use crate::domain::settings::Settings;
use crate::view::specimen::Site;
use crate::view::specimen::now;

const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&</title></textarea>";

/// What a reader sees: the text between the tags, white space collapsed.
fn visible(html: &str) -> String {
    let text: String = html.split('<').filter_map(|part| part.split_once('>').map(|(_, text)| text)).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn every_page(text: &'static str) -> Vec<String> {
    [None, Some(Role::Reader), Some(Role::Administrator)]
        .into_iter()
        .flat_map(|role| Site::new(text, role).pages())
        .collect()
}

/// Without the element that names the script of a page.
fn without_module(html: &str) -> String {
    let name = if html.contains("<form class=\"editor\"") { "editor.js" } else { "live.js" };
    let element = format!("<script type=\"module\" src=\"/blog{}\"></script>", assets::url(name));
    html.replacen(&element, "", 1)
}

#[test]
fn hostile_text_stays_text() {
    for html in every_page(HOSTILE) {
        let html = without_module(&html);
        assert!(html.contains("&lt;script&gt;"), "the text is on the page");
        assert!(!html.contains("<script") && !html.contains("<img src=x"), "{html}");
        assert_eq!(html.matches("</title>").count(), 1);
        assert_eq!(html.matches("<textarea").count(), html.matches("</textarea>").count());
        assert!(!html.contains("href=\"javascript:"));
    }
}

#[test]
fn pages_carry_neither_script_nor_style_nor_password() {
    for html in every_page("Mikel") {
        let has_script = html.contains(" data-events=") || html.contains("<form class=\"editor\"");
        assert_eq!(html != without_module(&html), has_script, "{html}");
        let html = without_module(&html);
        for forbidden in ["<script", "<style", " style=", " onclick=", "secret words"] {
            assert!(!html.contains(forbidden), "{forbidden} in {html}");
        }
        assert_eq!(html.matches("<h1").count(), 1, "{html}");
    }
}

#[test]
fn every_asset_that_is_named_exists() {
    let mut named = 0;
    let pages = Site { settings: Settings::default(), ..Site::new("Mikel", Some(Role::Administrator)) }.pages();
    for html in pages {
        for mention in html.split("\"/blog/assets/").skip(1).filter_map(|rest| rest.split('"').next()) {
            let parts: Vec<&str> = mention.split('.').collect();
            assert_eq!(parts.len(), 3, "{mention} has no hash, so it is not in the binary");
            assert_eq!(format!("/assets/{mention}"), assets::url(&format!("{}.{}", parts[0], parts[2])));
            named += 1;
        }
        assert!(!html.contains("\"/assets/"), "an address without the base path");
    }
    assert!(named > 60, "only {named} mentions found");
}

#[test]
fn a_post_says_what_it_has_to() {
    let site = Site::new("Mikel", None);
    let html = site.post(&site.view(), &Conversation::default()).into_string();
    let text = visible(&html);
    for expected in [
        "Category: Mikel",
        "By Mikel May 3, 2026, 10:28 a.m.",
        "Comments (0)",
        "No comments yet. Be the first to comment!",
        "Please Login to add a comment.",
    ] {
        assert!(text.contains(expected), "{expected} in {text}");
    }
    assert!(html.contains("/blog/login?next=/blog/posts/a%3Fcomments%3D2%23comments\""), "{html}");
    assert!(html.contains("<time datetime=\"2026-05-03T08:28:00Z\">"));
    assert!(html.contains("width=\"1600\" height=\"900\" alt=\"Mikel\" fetchpriority=\"high\""));
    assert!(html.contains("<link rel=\"canonical\" href=\"https://example.org/blog/posts/a\">"));
}

#[test]
fn closed_comments_take_no_more_but_stay() {
    let site = Site::new("Mikel", Some(Role::Reader));
    let mut view = site.view();
    view.head.comments_open = false;
    let html = site.post(&view, &site.conversation(&[0])).into_string();
    assert!(html.contains("Comments are closed.") && html.contains("id=\"comment-1\""));
    assert!(!html.contains("<textarea") && !html.contains("/reply\""));
}

#[test]
fn threads_nest_as_deep_as_they_are_indented() {
    let site = Site::new("Mikel", None);
    let render = |depths: &[usize]| site.post(&site.view(), &site.conversation(depths)).into_string();
    let deep: Vec<usize> = (0..2_000).collect();
    let html = render(&deep);
    assert_eq!(html.matches("<ol class=\"thread\">").count(), INDENTED_DEPTH + 1);
    assert_eq!(html.matches("id=\"comment-").count(), 2_000);
    let html = render(&[0, 1, 1, 0, 1]);
    assert_eq!(html.matches("<ol class=\"thread\">").count(), 3);
    let shape = |html: &str| {
        let marks = [("<ol class=\"thread\">", '('), ("</ol>", ')'), ("<div class=\"comment\"", 'c')];
        let mut found: Vec<(usize, char)> =
            marks.iter().flat_map(|(text, mark)| html.match_indices(text).map(|(at, _)| (at, *mark))).collect();
        found.sort_unstable();
        found.into_iter().map(|(_, mark)| mark).collect::<String>()
    };
    assert_eq!(shape(&render(&[0, 1, 2, 5, 9, 1, 0, 1])), "(c(c(c(cc))c)c(c))");
    assert_eq!(shape(&render(&[0, 2, 1, 0])), "(c(cc)c)");
    // A page that does not begin at the top of a thread loses nothing.
    assert_eq!(render(&[2, 1, 3, 0]).matches("id=\"comment-").count(), 4);
}

#[test]
fn drafts_keep_search_engines_out() {
    let site = Site::new("Mikel", Some(Role::Editor));
    let mut view = site.view();
    let html = |view: &PostView| site.post(view, &Conversation::default()).into_string();
    assert!(!html(&view).contains("noindex"));
    view.head.status = Status::Draft;
    assert!(html(&view).contains("noindex") && visible(&html(&view)).contains("Draft."));
    view.head.status = Status::Published;
    view.head.published_at = Some(now().plus(std::time::Duration::from_secs(60)));
    assert!(html(&view).contains("noindex") && visible(&html(&view)).contains("Scheduled for May 3, 2026, 10:29 a.m."));
}
