//! Markdown to HTML that is safe to print: the full language for authors, a part for comments.
//!
//! The source is edited where CommonMark reads it differently from its authors (`prepared`, `cjk`). Text
//! goes from the Markdown crate's events (`writer`) through balanced markup (`markup`, where raw HTML
//! joins it) to the sanitiser (`sanitize`). None of the steps recurses, and each takes
//! time in proportion to the text, so a hostile text costs no more than a long one.

use crate::content::cjk;
use crate::content::highlight::Grammars;
use crate::content::prepared;
use crate::content::shallow::flattened;
use crate::content::writer::Writer;
use crate::domain::html::Html;
use crate::domain::link::Links;
use crate::domain::media::MediaId;
use pulldown_cmark::Options;
use pulldown_cmark::Parser;

/// Grows by one whenever the same source gives other HTML.
const RENDERER: u32 = 2;

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
    /// The limit that the text exceeds, as a sentence for the author; the HTML ends there.
    pub over: Option<&'static str>,
}

/// Identifies the renderer and what of the site it builds in. A stored body whose stamp differs
/// is rendered again.
pub fn stamp(links: &Links) -> String {
    format!("{RENDERER}{}", links.base())
}

/// Renders what an author wrote.
///
/// CommonMark with tables, footnotes, strikethrough, task lists, definition lists, formulas, names of
/// emoji, ids of headings (`# Title {#id}`), bare addresses and safe raw HTML. Punctuation stays as typed: quotes differ by language,
/// and authors who want them typographic type them.
pub fn post(source: &str, site: &Site<'_>) -> Rendered {
    post_with(source, site, &Grammars::default())
}

/// Renders one of many articles: whoever renders them one after the other keeps the grammars, so
/// that they are read once. They take tens of megabytes; drop them afterwards.
pub fn post_with(source: &str, site: &Site<'_>, grammars: &Grammars) -> Rendered {
    let mut prepared = prepared::post(flattened(source));
    let mut writer = Writer::new(Some(site), Some(grammars));
    writer.expect(std::mem::take(&mut prepared.wanted), std::mem::take(&mut prepared.given));
    written(&mut writer, &prepared.source, post_options());
    let (html, text, over) = writer.finish();
    Rendered { html: Html::trusted(html), text, over }
}

/// Writes a prepared text.
fn written(writer: &mut Writer<'_>, source: &str, options: Options) {
    match cjk::lettered(source) {
        None => writer.write(Parser::new_ext(source, options)),
        Some((text, letter)) => {
            writer.write(Parser::new_ext(&text, options).map(|event| cjk::cleaned(event, letter)));
        }
    }
}

/// The extensions of CommonMark that authors have.
pub fn post_options() -> Options {
    options() | Options::ENABLE_DEFINITION_LIST | Options::ENABLE_MATH
}

/// Those of them that can be found without `prepared`, for who looks for links and code.
pub fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
}

/// Renders what a commenter wrote: paragraphs, emphasis, code, lists, quotes and links.
///
/// A line break stays one. Raw HTML is shown as typed, an image becomes a link to it, a heading
/// a bold paragraph; there are no ids. Code is not coloured: reading the grammars for a stranger
/// would cost tens of megabytes and milliseconds at a stranger's will.
pub fn comment(source: &str) -> Html {
    let prepared = prepared::comment(flattened(source), Options::ENABLE_STRIKETHROUGH);
    let mut writer = Writer::new(None, None);
    written(&mut writer, &prepared.source, Options::ENABLE_STRIKETHROUGH);
    let (html, _, _) = writer.finish();
    Html::trusted(html)
}

#[cfg(test)]
mod tests {
    use super::*;

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
             <h2 id=\"one-1\">One<a class=\"anchor\" href=\"#one-1\" aria-hidden=\"true\" tabindex=\"-1\"></a></h2>\n\n\
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
        let raw = "<img height=240 src=/media/00112233445566778899aabbccddeeff/a.png>";
        assert!(html(raw).contains(" alt=\"\" width=\"320\" height=\"240\""), "{}", html(raw));
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
    fn bare_addresses_keep_their_punctuation() {
        for url in [
            "https://docs.example/a/__init__/b",
            "https://chat.example/#/room/#_net_#owl:example",
            "https://x.example/_a_/*b*/c.js",
            "https://x.example/a#:~:text=b",
            "https://x.example/[abc]/d_",
            "www.x.example/~owl/~fox",
        ] {
            let link = format!(">{}</a>", url.trim_end_matches('_'));
            for text in [format!("{url} x"), format!("({url}), *em* {url}")] {
                assert_eq!(html(&text).matches(&link).count(), text.matches(url).count(), "{}", html(&text));
                assert_eq!(remark(&text).matches(&link).count(), text.matches(url).count(), "{}", remark(&text));
            }
        }
        assert_eq!(
            html("*see https://a.example/x* **https://b.example** _https://c.example/d_e_ `https://e.example/_f_`"),
            "<p><em>see <a href=\"https://a.example/x\" rel=\"noopener\">https://a.example/x</a></em> \
             <strong><a href=\"https://b.example\" rel=\"noopener\">https://b.example</a></strong> \
             <em><a href=\"https://c.example/d_e\" rel=\"noopener\">https://c.example/d_e</a></em> \
             <code>https://e.example/_f_</code></p>\n"
        );
        let html = html(
            "https://a.example/#:~:text=b https://a.example/#:~:text=c\n\n[x](https://d.example/_e_) <https://f.example/_g_>",
        );
        assert_eq!(html.matches("<a href").count(), 4, "{html}");
        assert!(!html.contains("<del>") && !html.contains("<em>"), "{html}");
        assert_eq!(
            remark("me@a.example"),
            "<p><a href=\"mailto:me@a.example\" rel=\"nofollow ugc noopener\">me@a.example</a></p>\n"
        );
    }

    #[test]
    fn emphasis_goes_with_east_asian_punctuation() {
        assert_eq!(html("**夜は長い。**朝は来る"), "<p><strong>夜は長い。</strong>朝は来る</p>\n");
        assert_eq!(html("夜**（長い）**朝*「x」*朝"), "<p>夜<strong>（長い）</strong>朝<em>「x」</em>朝</p>\n");
        assert_eq!(remark("**夜。**朝 `**夜。**朝`"), "<p><strong>夜。</strong>朝 <code>**夜。**朝</code></p>\n");
        assert_eq!(
            html("[**夜。**朝](https://x.example/。**y)"),
            "<p><a href=\"https://x.example/%E3%80%82**y\" rel=\"noopener\"><strong>夜。</strong>朝</a></p>\n"
        );
        assert_eq!(html("**a.**b"), "<p>**a.**b</p>\n");
    }

    #[test]
    fn links_with_escaped_punctuation_stay_links() {
        assert_eq!(html("[owl](wing\\)\\:)"), "<p><a href=\"wing):\">owl</a></p>\n");
        for address in [
            "&#x3000;javascript:x",
            "\u{A0}javascript:x",
            "&nbsp;java&Tab;script:x",
            "&#106;avascript:x",
            "\u{FEFF}javascript:x",
        ] {
            assert_eq!(html(&format!("<a href=\"{address}\">owl</a>")), "<p><a>owl</a></p>\n", "{address}");
        }
    }

    #[test]
    fn definitions_have_terms() {
        assert_eq!(
            html("Owl\n: A *bird*\n: A sign"),
            "<dl><dt>Owl</dt>\n<dd>A <em>bird</em></dd>\n<dd>A sign</dd>\n</dl>\n"
        );
        assert_eq!(html("Text\n\n::: tip\nMore\n:::"), "<p>Text</p>\n<p>::: tip\nMore\n:::</p>\n");
        assert!(html("Text\n:fox_face: more").starts_with("<p>Text\n🦊 more"), "{}", html("Text\n:fox_face: more"));
    }

    #[test]
    fn formulas_are_set_and_prices_are_not() {
        assert!(
            html("So $x_1 * y_2$.").contains("<math display=\"inline\"><msub><mi>x</mi><mn>1</mn></msub>"),
            "{}",
            html("So $x_1 * y_2$.")
        );
        for source in ["$$\n\\sum_{i=1}^n i\n- 1\n\n+ 2\n$$", "> $$\n> x\n> $$", "$$x$$", "```math\nx\n```"] {
            let html = html(source);
            assert!(
                html.contains("<math display=\"block\">") && !html.contains("<li>") && !html.contains('$'),
                "{html}"
            );
        }
        for text in [
            "$5 and $6",
            "US$5, CA$6",
            "$HOME/bin:$PATH",
            "it costs $5 (or 10$).",
            "a $ b $ c",
            "$$$ $",
            "$a and b$",
            "5$ *x* 6$",
        ] {
            let html = html(text);
            assert!(!html.contains("<math"), "{html}");
            assert_eq!(html.matches('$').count(), text.matches('$').count(), "{html}");
        }
        assert_eq!(html("$5 *x* $6"), "<p>$5 <em>x</em> $6</p>\n");
        assert_eq!(html("`$x$` $\\bad{x}$"), "<p><code>$x$</code> <code>$\\bad{x}$</code></p>\n");
        assert_eq!(remark("$x$"), "<p>$x$</p>\n");
    }

    #[test]
    fn markdown_in_html_is_rendered_where_it_is_asked_for() {
        assert_eq!(
            html("<div dir=\"rtl\" markdown=\"1\">\n*a* <div>*b*</div>\n</div>\n\n*c*").replace('\n', ""),
            "<div dir=\"rtl\"><p><em>a</em> </p><div><em>b</em></div></div><p><em>c</em></p>"
        );
        assert_eq!(html("<section markdown=1>*a*</section>").replace('\n', ""), "<div><p><em>a</em></p></div>");
        assert_eq!(html("<div>\n*a*\n</div>"), "<div>\n*a*\n</div>\n");
    }

    #[test]
    fn headings_keep_what_links_lead_to() {
        let html = html(
            "[a](#search-results) [b](#map) [c](#comments) [d](#%C3%BCber)\n\n## Search results\n\n## Map {#map}\n\n## Comments\n\n## Über",
        );
        for id in ["search-results", "map", "section-comments", "über"] {
            assert!(html.contains(&format!("id=\"{id}\"")), "{id}: {html}");
        }
        assert!(html.contains("<a href=\"#section-comments\">c</a>"), "{html}");
    }

    #[test]
    fn words_stay_apart_in_the_text() {
        let text = |source| at("", source).text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(text("one<br>two\n<table><tr><td>three</td><td>four</td></tr></table>"), "one two three four");
        assert_eq!(text("<ul><li>one</li><li>two</li></ul>\n<p>three.</p><p>four.</p>"), "one two three. four.");
        assert_eq!(text("- one\n- two\n\n:owl: thr<b>ee</b>"), "one two 🦉 three");
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
    fn code_in_a_comment_asks_for_no_grammar() {
        let html = comment("```rust\nlet x = 1;\n```");
        assert!(html.as_str().contains("let x = 1;") && !html.as_str().contains("hl-"));
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
}
