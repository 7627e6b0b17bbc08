//! Web pages as Markdown that gives the same page.

/// Puts HTML into one block of a Markdown text: blank lines would end it, and what is indented after one would be code.
pub fn in_markdown(html: &str) -> String {
    let mut out = String::from("<div>\n");
    let mut in_pre = false;
    for line in html.lines() {
        let lower = line.to_ascii_lowercase();
        if line.trim().is_empty() {
            // A space keeps the line of a listing, and is no blank line.
            out.push_str(if in_pre { "&#32;\n" } else { "" });
            continue;
        }
        out.push_str(line);
        out.push('\n');
        let opened = lower.matches("<pre").count();
        let closed = lower.matches("</pre").count();
        in_pre = if opened == closed { in_pre } else { opened > closed };
    }
    out.push_str("</div>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Parser};

    #[test]
    fn a_page_stays_one_block() {
        let page = "<p>One *two*</p>\n\n    <p>Three</p>\n<pre>\na\n\n  b\n</pre>\n";
        let text = in_markdown(page);
        assert_eq!(text, "<div>\n<p>One *two*</p>\n    <p>Three</p>\n<pre>\na\n&#32;\n  b\n</pre>\n</div>\n");
    }

    proptest! {
        #[test]
        fn nothing_of_it_is_read_as_markdown(page in "(<p>|</p>|<pre>|</pre>|[a*_` ]{1,5}|\n|\n\n){0,12}") {
            let text = in_markdown(&page);
            let read = Parser::new(&text).any(|event| matches!(event, Event::Text(_) | Event::Code(_)));
            prop_assert!(!read);
        }
    }
}
