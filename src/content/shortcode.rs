//! Finds what a site generator would have replaced, and what stays as text here.

use crate::content::markdown;
use pulldown_cmark::{Event, Parser, Tag};
use std::ops::Range;

/// Longest shortcode that is looked for, in bytes.
const LONGEST: usize = 2_000;

/// The first shortcode of the text as it stands there: `{{< name >}}` and `{{% name %}}` of Hugo,
/// `{{ name(…) }}` and `{% … %}` of Zola and Jekyll. Code is not looked at.
pub fn first(source: &str) -> Option<&str> {
    // Most texts have none, and are not parsed for it.
    let candidates: Vec<Range<usize>> = source.match_indices('{').filter_map(|(at, _)| starting(source, at)).collect();
    if candidates.is_empty() {
        return None;
    }
    let code = code(source);
    let found = candidates.into_iter().find(|place| !code.iter().any(|code| code.contains(&place.start)));
    found.and_then(|place| source.get(place))
}

fn starting(source: &str, at: usize) -> Option<Range<usize>> {
    let rest = source.get(at..)?;
    let ends = [("{{<", ">}}"), ("{{%", "%}}"), ("{{", "}}"), ("{%", "%}")];
    let (begin, end) = ends.into_iter().find(|(begin, _)| rest.starts_with(begin))?;
    let inner = rest.get(begin.len()..)?;
    let length = inner.find(end).filter(|length| *length <= LONGEST)?;
    let is_one = begin != "{{" || is_call(inner.get(..length)?);
    is_one.then(|| at..at + begin.len() + length + end.len())
}

/// `name(…)`, also of a module: `video::youtube(id="x")`.
fn is_call(text: &str) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '.' | '-'))
    };
    let text = text.trim();
    text.ends_with(')') && text.split_once('(').is_some_and(|(name, _)| is_name(name.trim_end()))
}

/// Where code stands.
fn code(source: &str) -> Vec<Range<usize>> {
    let events = Parser::new_ext(source, markdown::options()).into_offset_iter();
    let code = events.filter(|(event, _)| matches!(event, Event::Code(_) | Event::Start(Tag::CodeBlock(_))));
    code.map(|(_, place)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_generators_shortcodes_are_found() {
        for shortcode in [
            "{{< youtube x >}}",
            "{{<figure src=\"a.png\">}}",
            "{{% note %}}",
            "{{ youtube(id=\"x\") }}",
            "{{ a::b() }}",
            "{% include x.html %}",
        ] {
            assert_eq!(first(&format!("Text {shortcode} and {{{{< other >}}}}")), Some(shortcode));
        }
    }

    #[test]
    fn code_and_other_braces_are_left_alone() {
        for text in
            ["`{{< x >}}`", "```\n{% x %}\n```\n", "    {{ x() }}\n", "{{ page.title }}", "{{ a b() }}", "{%", "{"]
        {
            assert_eq!(first(text), None, "{text}");
        }
        assert_eq!(first("`{% a %}` {% b %}"), Some("{% b %}"));
    }

    proptest! {
        #[test]
        fn what_is_found_stands_there(text in "[{}%<>()a é`\n]{0,60}") {
            if let Some(found) = first(&text) {
                prop_assert!(text.contains(found));
            }
        }
    }
}
