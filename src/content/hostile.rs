//! Tests of Markdown with hostile texts: none takes long, overflows the stack or gives unsafe HTML.

use crate::content::address;
use crate::content::markdown;
use crate::content::raw_html::Piece;
use crate::content::raw_html::pieces;
use crate::content::sanitize;
use crate::domain::link::Links;
use proptest::prelude::*;

fn html(source: &str) -> String {
    let links = Links::root();
    let site = markdown::Site { links: &links, size_of: &|_| None };
    markdown::post(source, &site).html.as_str().to_owned()
}

fn remark(source: &str) -> String {
    markdown::comment(source).as_str().to_owned()
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
    assert!(took.as_secs() < 20, "{name} took {took:?}");
}

#[test]
fn hostile_texts_take_bounded_time_and_stack() {
    let nested = |unit: &str| unit.repeat(50_000);
    in_time("quotes", nested("> ") + "x");
    in_time("lists", (0..1_000).map(|depth| format!("{}- x\n", "  ".repeat(depth))).collect());
    in_time("lists on a line", nested("- ") + "x");
    in_time("quotes above many lines", nested("> ") + "a\n" + &nested("a\n"));
    in_time("lists above many lines", nested("- ") + "a\n" + &nested(" a\n"));
    in_time("brackets", nested("["));
    in_time("images", nested("![") + "a" + &nested("](b)"));
    in_time("stars", nested("*a **b "));
    in_time("definitions", "a\n".to_owned() + &nested(": "));
    in_time("definitions on lines", "a\n".to_owned() + &nested(": a\n"));
    in_time("dollars", nested("$x$ $$ "));
    in_time("dollar lines", nested("$$\n"));
    in_time("stars beside ideographs", nested("**夜。"));
    in_time("addresses in emphasis", nested("*https://a.b/_c "));
    in_time("markdown in html", nested("<div markdown=1>\n"));
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
    let long = |unit: &str| unit.repeat(300_000 / unit.len());
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
    in_time("entities without end", long("&#"));
    in_time(
        "lists with blank lines",
        (0..300).map(|depth| "  ".repeat(depth) + "- x\n").collect::<String>() + &long("\n"),
    );
    in_time(
        "lists by hundreds",
        (0..9).map(|n| " ".repeat(n * 200) + &"- ".repeat(100) + "x\n").collect::<String>() + &long("\n"),
    );
}

#[test]
fn hostile_code_takes_bounded_time_in_every_language() {
    for (language, line) in
        [("make", "\t".repeat(900)), ("make", "\t".repeat(60)), ("csharp", "_".repeat(700)), ("lisp", "\\".repeat(40))]
    {
        let block = format!("```{language}\n{}```\n\n", (line + "\n").repeat(60));
        in_time(language, block.repeat(250_000 / block.len()));
    }
    in_time(
        "many languages",
        ["rust", "c", "go", "lua", "ruby", "css"].map(|name| format!("```{name}\nx\n```\n")).concat().repeat(3_000),
    );
}

#[test]
fn a_text_that_is_too_much_ends_at_the_limit_and_stays_whole() {
    let notes = "[^a]: y\n\n".to_owned() + &"[^a] ".repeat(100_000);
    let cells = "|a".repeat(40) + "\n" + &"|-".repeat(40) + "\n" + &"|x\n".repeat(20_000);
    for (text, limit) in [(notes, "100,000"), (cells, "100,000"), ("\"".repeat(1_500_000), "8 MB")] {
        let links = Links::root();
        let site = markdown::Site { links: &links, size_of: &|_| None };
        let rendered = markdown::post(&text, &site);
        assert!(rendered.over.is_some_and(|over| over.contains(limit)), "{:?}", rendered.over);
        assert!(rendered.html.as_str().len() < 20_000_000);
        let opened = rendered.html.as_str().matches("<table>").count();
        assert_eq!(opened, rendered.html.as_str().matches("</table>").count());
    }
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
    for piece in pieces(html) {
        match piece {
            Piece::Open(name, attributes) => {
                assert!(
                    !["script", "style", "iframe", "form", "button", "svg", "object"].contains(&name.as_str()),
                    "{html}"
                );
                for (attribute, value) in attributes {
                    assert!(!attribute.starts_with("on") && attribute != "style", "{html}");
                    let value = address::decoded(&value).into_owned();
                    let address = matches!(attribute.as_str(), "href" | "src" | "poster" | "cite");
                    assert!(!address || address::is_link(&value), "{html}");
                }
                if !["br", "col", "hr", "img", "input", "source", "track", "wbr"].contains(&name.as_str()) {
                    open.push(name);
                }
            }
            Piece::Close(name) => assert_eq!(open.pop(), Some(name), "{html}"),
            Piece::Text(text) => assert!(!text.contains('<'), "{html}"),
        }
    }
    assert!(open.is_empty(), "{html}");
}

fn ids(html: &str) -> Vec<String> {
    let of = |piece| match piece {
        Piece::Open(_, attributes) => {
            attributes.into_iter().filter(|(name, _)| name == "id").map(|(_, id)| id.into_owned()).collect()
        }
        _ => Vec::new(),
    };
    pieces(html).flat_map(of).collect()
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
        "http://a.example/_b_*c*[d]~",
        "$x^2$",
        "\n$$\n",
        "$",
        "\\frac{<b>}{\\text{<i>}}",
        "\n: ",
        "<div markdown=\"1\">",
        "**夜。**朝",
        ":owl:",
        "a@b.example",
        "\u{FDD0}",
        "<math><mi href=x>",
        "# Comments\n\n[a](#comments)",
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
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn whatever_an_author_writes_is_safe(source in prop_oneof![any::<String>(), fragments(), fragments()]) {
        let html = html(&source);
        is_safe(&html, sanitize::post);
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
        is_safe(&html, sanitize::comment);
        prop_assert!(ids(&html).is_empty());
        prop_assert!(!html.contains("<img") && !html.contains("<h") || html.contains("<hr"));
    }
}
