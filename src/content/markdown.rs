//! Markdown to HTML that is safe to print: the full language for authors, a part for comments.
//!
//! Text goes from the Markdown crate's events (`writer`) through balanced markup (`markup`, where
//! raw HTML joins it) to the sanitiser (`sanitize`). None of the steps recurses, and each takes
//! time in proportion to the text, so a hostile text costs no more than a long one.

use crate::content::writer::Writer;
use crate::domain::html::Html;
use crate::domain::link::Links;
use crate::domain::media::MediaId;
use pulldown_cmark::Options;
use pulldown_cmark::Parser;

/// Grows by one whenever the same source gives other HTML.
const RENDERER: u32 = 1;

/// What the renderer needs to know of the site.
pub struct Site<'a> {
    /// Puts the base path before addresses of this site.
    pub links: &'a Links,
    /// Width and height in pixels of an uploaded image, so that the page does not jump when it
    /// arrives; `None` if there is no such image.
    pub size_of: &'a dyn Fn(MediaId) -> Option<(u32, u32)>,
}

/// An article ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    pub html: Html,
    /// The beginning of the article as plain text (about 2,000 characters), without headings,
    /// code, tables and notes: what `excerpt::summary` makes a teaser of.
    pub text: String,
}

/// Identifies the renderer and what of the site it builds in. A stored body whose stamp differs
/// is rendered again.
pub fn stamp(links: &Links) -> String {
    format!("{RENDERER}{}", links.base())
}

/// Renders what an author wrote.
///
/// CommonMark with tables, footnotes, strikethrough, task lists, ids of headings (`# Title {#id}`),
/// bare web addresses and safe raw HTML. Punctuation stays as typed: quotes differ by language,
/// and authors who want them typographic type them.
pub fn post(source: &str, site: &Site<'_>) -> Rendered {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES;
    let mut writer = Writer::new(Some(site));
    writer.write(Parser::new_ext(source, options));
    let (html, text) = writer.finish();
    Rendered { html: Html::trusted(html), text }
}

/// Renders what a commenter wrote: paragraphs, emphasis, code, lists, quotes and links.
///
/// A line break stays one. Raw HTML is shown as typed, an image becomes a link to it, a heading
/// a bold paragraph; there are no ids.
pub fn comment(source: &str) -> Html {
    let mut writer = Writer::new(None);
    writer.write(Parser::new_ext(source, Options::ENABLE_STRIKETHROUGH));
    let (html, _) = writer.finish();
    Html::trusted(html)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(base: &str, source: &str) -> Rendered {
        let links = if base.is_empty() {
            Links::root()
        } else {
            Links::from_public_url(&format!("https://example.org{base}")).unwrap()
        };
        let size_of = |_| Some((640, 480));
        post(source, &Site { links: &links, size_of: &size_of })
    }

    fn html(source: &str) -> String {
        at("", source).html.as_str().to_owned()
    }

    fn remark(source: &str) -> String {
        comment(source).as_str().to_owned()
    }

    #[test]
    fn headings_have_levels_ids_and_quiet_anchors() {
        assert_eq!(
            html("# One\n\n## Two *b*\n\n# One\n\n#\n\n## Named {#here}"),
            "<h2 id=\"one\">One<a class=\"anchor\" href=\"#one\" aria-hidden=\"true\" tabindex=\"-1\"></a></h2>\n\
             <h3 id=\"two-b\">Two <em>b</em><a class=\"anchor\" href=\"#two-b\" aria-hidden=\"true\" tabindex=\"-1\"></a></h3>\n\
             <h2 id=\"one-2\">One<a class=\"anchor\" href=\"#one-2\" aria-hidden=\"true\" tabindex=\"-1\"></a></h2>\n\n\
             <h3 id=\"here\">Named<a class=\"anchor\" href=\"#here\" aria-hidden=\"true\" tabindex=\"-1\"></a></h3>\n"
        );
        assert!(html("<h1 id=comments>Raw</h1>").starts_with("<h2 id=\"section-comments\">Raw<a"));
    }

    #[test]
    fn tables_scroll_and_tell_their_columns() {
        assert_eq!(
            html("| |B|\n|-|-:|\n|1|2|"),
            "<div class=\"table\" role=\"group\" aria-label=\"Table\" tabindex=\"0\"><table><thead><tr>\
             <td></td><th class=\"align-right\">B</th></tr></thead><tbody>\n<tr><td>1</td>\
             <td class=\"align-right\">2</td></tr>\n</tbody></table></div>\n"
        );
    }

    #[test]
    fn footnotes_lead_there_and_back() {
        let html = html("A[^x] and[^x] B[^y].\n\n[^y]: Why *so*.\n[^x]: Ex.\n");
        assert!(
            html.contains(
                "A<sup><a id=\"fnref-1\" href=\"#fn-1\" role=\"doc-noteref\" aria-label=\"Footnote 1\">1</a></sup>"
            ),
            "{html}"
        );
        assert!(html.contains("<section class=\"footnotes\" role=\"doc-endnotes\" aria-label=\"Footnotes\"><ol><li id=\"fn-1\"><p>Ex. <a"), "{html}");
        assert!(html.contains("href=\"#fnref-1-2\""), "{html}");
        assert!(
            html.contains("<li id=\"fn-2\"><p>Why <em>so</em>. <a class=\"footnote-back\" href=\"#fnref-2\""),
            "{html}"
        );
    }

    #[test]
    fn images_know_their_size_and_place() {
        let source = "![Alt \"x\"](/media/00112233445566778899aabbccddeeff/a.png)";
        assert_eq!(
            at("/blog", source).html.as_str(),
            "<p><img src=\"/blog/media/00112233445566778899aabbccddeeff/a.png\" alt=\"Alt &quot;x&quot;\" width=\"640\" \
             height=\"480\" loading=\"lazy\" decoding=\"async\"></p>\n"
        );
        assert_eq!(
            html("![Alt](https://example.org/a.png \"Cap & tion\")"),
            "<figure><img src=\"https://example.org/a.png\" alt=\"Alt\" loading=\"lazy\" decoding=\"async\">\
             <figcaption>Cap &amp; tion</figcaption></figure>\n"
        );
        assert_eq!(html("![Alt](data:image/png;base64,AAAA)"), "<p>Alt</p>\n");
        assert!(html("![a](x.png \"t\") text").contains("title=\"t\""));
    }

    #[test]
    fn links_are_named_local_or_noopener() {
        assert_eq!(at("/blog", "[x](/posts/y)").html.as_str(), "<p><a href=\"/blog/posts/y\">x</a></p>\n");
        assert_eq!(
            html("https://example.org/a_b_c. `http://a.example` [](https://b.example)"),
            "<p><a href=\"https://example.org/a_b_c\" rel=\"noopener\">https://example.org/a_b_c</a>. \
             <code>http://a.example</code> <a href=\"https://b.example\" rel=\"noopener\">b.example</a></p>\n"
        );
        assert_eq!(html("[x](javascript:alert(1))"), "<p>x</p>\n");
        assert_eq!(html("<a href=\"/x\">https://example.org</a>"), "<p><a href=\"/x\">https://example.org</a></p>\n");
    }

    #[test]
    fn tasks_are_labelled() {
        assert_eq!(
            html("- [x] Done\n  - sub\n- [ ] Open"),
            "<ul><li><label class=\"task\"><input type=\"checkbox\" disabled=\"\" checked=\"\"> Done</label>\
             <ul><li>sub</li>\n</ul>\n</li>\n<li><label class=\"task\"><input type=\"checkbox\" disabled=\"\"> Open</label></li>\n</ul>\n"
        );
    }

    #[test]
    fn code_is_coloured_by_its_first_word() {
        let html = html("```rust,ignore\nlet x = 1;\n```\n\n```nope\n<b>\n```");
        assert!(
            html.contains("<pre tabindex=\"0\"><code class=\"language-rust\"><span class=\"hl-keyword\">let</span>"),
            "{html}"
        );
        assert!(html.contains("<code class=\"language-nope\">&lt;b&gt;\n</code>"), "{html}");
    }

    #[test]
    fn raw_html_is_kept_where_it_is_safe() {
        assert_eq!(
            html("<details open onclick=x><summary>S</summary>\n\n*a*\n\n</details>"),
            "<details open=\"\"><summary>S</summary>\n\n<p><em>a</em></p>\n</details>\n"
        );
        assert_eq!(
            html("a <kbd class=\"x\" style=\"x\">K</kbd> <script>alert(1)</script>"),
            "<p>a <kbd>K</kbd> alert(1)</p>\n"
        );
        assert_eq!(html("<iframe src=x>y</iframe><form><input name=a><button>b</button></form>"), "b\n");
        assert_eq!(html("<ul>text<li>a<li>b</ul><td>c</td>"), "<ul><li>text</li><li>a</li><li>b</li></ul>c\n");
        assert_eq!(html("> <div>\n\nafter"), "<blockquote><div>\n\n</div></blockquote>\n<p>after</p>\n");
        assert_eq!(html("</div></article></main>\n\nx").trim(), "<p>x</p>");
    }

    #[test]
    fn the_text_is_prose() {
        assert_eq!(
            at("", "# T\n\nOne *two*\nthree[^1].\n\n```\ncode\n```\n\nFour.\n\n[^1]: note").text,
            "One two three.  Four."
        );
    }

    #[test]
    fn comments_are_a_part_of_markdown() {
        assert_eq!(remark("a\nb *c* <b>d</b>"), "<p>a<br>b <em>c</em> &lt;b&gt;d&lt;/b&gt;</p>\n");
        assert_eq!(remark("<script>\nalert(1)\n</script>"), "<p>&lt;script&gt;<br>alert(1)<br>&lt;/script&gt;</p>\n");
        assert_eq!(remark("# H\n"), "<p><strong>H</strong></p>\n");
        assert_eq!(
            remark("[x](https://example.org \"t\") ![pic](https://example.org/p.png) [y](/z) [j](javascript:x)"),
            "<p><a href=\"https://example.org\" title=\"t\" rel=\"nofollow ugc noopener\">x</a> \
             <a href=\"https://example.org/p.png\" rel=\"nofollow ugc noopener\">pic</a> y j</p>\n"
        );
        assert_eq!(remark("|a|\n|-|\n|b|\n\n[^1]"), "<p>|a|<br>|-|<br>|b|</p>\n<p>[^1]</p>\n");
        assert_eq!(
            remark("~~a~~ www.example.org"),
            "<p><del>a</del> <a href=\"http://www.example.org\" rel=\"nofollow ugc noopener\">www.example.org</a></p>\n"
        );
    }

    /// Runs with the stack a thread of the server has, and fails if it takes long. The limit is
    /// far above what an optimised build needs, and far below what quadratic work would take.
    fn in_time(name: &'static str, source: String) {
        let work = move || {
            let start = std::time::Instant::now();
            html(&source);
            remark(source.get(..20_000).unwrap_or(&source));
            start.elapsed()
        };
        let took = std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join().unwrap();
        assert!(took.as_secs() < 40, "{name} took {took:?}");
    }

    #[test]
    fn hostile_texts_take_bounded_time_and_stack() {
        let nested = |unit: &str| unit.repeat(50_000);
        in_time("quotes", nested("> ") + "x");
        in_time("lists", (0..1_000).map(|depth| format!("{}- x\n", "  ".repeat(depth))).collect());
        in_time("lists on a line", nested("- ") + "x");
        in_time("brackets", nested("["));
        in_time("images", nested("![") + "a" + &nested("](b)"));
        in_time("stars", nested("*a **b "));
        in_time("underscores", nested("_") + "a" + &nested("_"));
        in_time("strikes", nested("~~a "));
        in_time("divs", nested("<div>"));
        in_time("inline elements", "a ".to_owned() + &nested("<b>"));
        in_time("links in html", "a ".to_owned() + &nested("<a href=x><b x=1><p>x"));
        in_time("table html", nested("<table><tr><td>"));
        in_time("lists in html", nested("<li><ul>x"));
        in_time("end tags", nested("</div>"));
        in_time("tags without end", nested("<a b=\""));
        in_time("comments without end", nested("<!-- "));
        in_time("scripts without end", nested("<script>"));
    }

    #[test]
    fn long_texts_take_time_in_proportion() {
        let long = |unit: &str| unit.repeat(1_000_000 / unit.len());
        in_time("backticks", (1..1_400).map(|count| "`".repeat(count) + "a").collect());
        in_time("open links", long("[a]("));
        in_time("open angles", long("<a "));
        in_time("references", (0..30_000).map(|n| format!("[{n}]: /x\n\n[{n}] [{n}]\n")).collect());
        in_time("one reference", "[a]: /".to_owned() + &"x".repeat(10_000) + "\n\n" + &long("[a] "));
        in_time("footnotes", (0..20_000).map(|n| format!("x[^{n}]\n\n[^{n}]: y\n\n")).collect());
        in_time("one footnote", "[^a]: y\n\n".to_owned() + &long("[^a]"));
        in_time("wide table", "|a".repeat(1_000) + "\n" + &"|-".repeat(1_000) + "\n" + &long("|x\n"));
        in_time("long table", "|a|b|\n|-|-|\n".to_owned() + &long("|1|2|\n"));
        in_time("headings", long("# a\n\n"));
        in_time("tasks", long("- [ ] a\n"));
        in_time("entities", long("&amp;"));
        in_time("addresses", long("http://a.b "));
        in_time("code", long("```rust\nlet x = 1;\n```\n"));
        in_time("paragraphs in inline html", long("<b>x\n\n"));
        in_time("emphasis", long("*a* "));
    }

    /// Everything the parser of the sanitiser sees in `html` is on the allow-list, which its own
    /// second pass shows by changing nothing; and some plain checks that need no parser.
    fn is_safe(html: &str, pass: fn(&str) -> String) {
        // A parser drops the line break at the beginning of `pre`, at each pass one.
        let settled = |html: &str| {
            html.replace("<pre tabindex=\"0\">", "<pre>").split("<pre>").map(str::trim_start).collect::<String>()
        };
        assert_eq!(settled(&pass(html)), settled(html));
        let mut open: Vec<String> = Vec::new();
        for piece in crate::content::raw_html::pieces(html) {
            match piece {
                crate::content::raw_html::Piece::Open(name, attributes) => {
                    assert!(
                        !["script", "style", "iframe", "form", "button", "svg", "object"].contains(&name.as_str()),
                        "{html}"
                    );
                    for (attribute, value) in attributes {
                        assert!(!attribute.starts_with("on") && attribute != "style", "{html}");
                        let value = crate::content::address::decoded(&value).into_owned();
                        let address = matches!(attribute.as_str(), "href" | "src" | "poster" | "cite");
                        assert!(!address || crate::content::address::is_link(&value), "{html}");
                    }
                    if !["br", "col", "hr", "img", "input", "source", "track", "wbr"].contains(&name.as_str()) {
                        open.push(name);
                    }
                }
                crate::content::raw_html::Piece::Close(name) => assert_eq!(open.pop(), Some(name), "{html}"),
                crate::content::raw_html::Piece::Text(text) => assert!(!text.contains('<'), "{html}"),
            }
        }
        assert!(open.is_empty(), "{html}");
    }

    fn ids(html: &str) -> Vec<String> {
        let of = |piece| match piece {
            crate::content::raw_html::Piece::Open(_, attributes) => {
                attributes.into_iter().filter(|(name, _)| name == "id").map(|(_, id)| id.into_owned()).collect()
            }
            _ => Vec::new(),
        };
        crate::content::raw_html::pieces(html).flat_map(of).collect()
    }

    /// Pieces of markup in any order: what hostile input is made of.
    fn fragments() -> impl Strategy<Value = String> {
        let fragment = prop::sample::select(vec![
            "<script>",
            "</script>",
            "<img src=x onerror=alert(1)>",
            "<a href=\"javascript:alert(1)\">",
            "<svg><style>",
            "<math><mtext>",
            "</p>",
            "<p id=comments>",
            "<b>",
            "</b>",
            "<i x='",
            "\">",
            "'>",
            "<!--",
            "-->",
            "<table>",
            "<td>",
            "<tr>",
            "</table>",
            "<li>",
            "<ul>",
            "</ul>",
            "<div style=\"x\" onclick=y>",
            "</div>",
            "<h1>",
            "</h1>",
            "<h3 id=a>",
            "<a name=x>",
            "</a>",
            "<form><input>",
            "<textarea>",
            "<noscript>",
            "<iframe srcdoc=x>",
            "<details>",
            "<summary>",
            "<video>",
            "\n\n",
            "\n",
            " ",
            "# ",
            "> ",
            "- ",
            "1. ",
            "- [ ] ",
            "```\n",
            "    ",
            "|a|b|\n|-|-|\n|",
            "[^1]",
            "[^1]: ",
            "[a](",
            "[a](javascript:alert(1))",
            "![",
            "](data:text/html,x)",
            "](x \"t\")",
            "**",
            "*",
            "_",
            "~~",
            "`",
            "&lt;",
            "&#106;avascript:",
            "&",
            "<",
            ">",
            "\"",
            "http://a.example/",
            "www.a.example",
            "{#comments}",
            "text",
            "é",
            "\u{0}",
            "<caption>",
            "<tbody>",
            "<dl>",
            "<dt>",
            "<dd>",
            "<figure>",
            "<figcaption>",
            "<pre>",
            "</pre>",
            "<code>",
            "<section>",
            "<label>",
            "<sup>",
            "<ruby><rt>",
            "<ol>",
            "<br>",
            "<hr>",
        ]);
        prop::collection::vec(fragment, 0..40).prop_map(|parts| parts.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 6000, ..ProptestConfig::default() })]

        #[test]
        fn whatever_an_author_writes_is_safe(source in prop_oneof![any::<String>(), fragments(), fragments()]) {
            let html = html(&source);
            is_safe(&html, crate::content::sanitize::post);
            let mut ids = ids(&html);
            ids.sort();
            let count = ids.len();
            ids.dedup();
            prop_assert_eq!(ids.len(), count, "{}", html);
            prop_assert!(!ids.iter().any(|id| id == "comments"));
        }

        #[test]
        fn whatever_a_commenter_writes_is_safe(source in prop_oneof![any::<String>(), fragments(), fragments()]) {
            let html = remark(&source);
            is_safe(&html, crate::content::sanitize::comment);
            prop_assert!(ids(&html).is_empty());
            prop_assert!(!html.contains("<img") && !html.contains("<h") || html.contains("<hr"));
        }
    }
}
