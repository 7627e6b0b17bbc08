//! Links between the numbered pages of a list.

use maud::Markup;
use maud::html;

/// Numbers shown on either side of the current one.
const AROUND: usize = 1;

/// The names of the links to the page before and the page after.
pub struct Words {
    pub label: &'static str,
    pub before: &'static str,
    pub after: &'static str,
}

/// For lists with the newest first.
pub const NEWEST_FIRST: Words = Words { label: "Pages", before: "Newer", after: "Older" };
/// For everything else.
pub const IN_ORDER: Words = Words { label: "Pages", before: "Previous", after: "Next" };

/// Nothing when there is one page; `address` gives the address of a page from 1.
pub fn pager(words: &Words, current: usize, pages: usize, address: impl Fn(usize) -> String) -> Markup {
    if pages < 2 {
        return html! {};
    }
    let current = current.clamp(1, pages);
    html! {
        nav.pager aria-label=(words.label) {
            ul {
                @if current > 1 {
                    li { a rel="prev" href=(address(current - 1)) { (words.before) } }
                }
                @for step in steps(current, pages) {
                    @match step {
                        Some(number) => li {
                            @let here = (number == current).then_some("page");
                            a href=(address(number)) aria-current=[here] { (number) }
                        },
                        None => li aria-hidden="true" { "…" },
                    }
                }
                @if current < pages {
                    li { a rel="next" href=(address(current + 1)) { (words.after) } }
                }
            }
        }
    }
}

/// The first, the last and those around the current page; `None` for a gap.
fn steps(current: usize, pages: usize) -> Vec<Option<usize>> {
    let from = current.saturating_sub(AROUND).max(2);
    let to = (current + AROUND).min(pages.saturating_sub(1));
    let mut steps = vec![Some(1)];
    // A gap of one number is filled with that number.
    match from {
        3 => steps.push(Some(2)),
        4.. => steps.push(None),
        _ => {}
    }
    steps.extend((from..=to).map(Some));
    match pages.saturating_sub(to.max(1)) {
        2 => steps.push(Some(pages - 1)),
        3.. => steps.push(None),
        _ => {}
    }
    steps.push(Some(pages));
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(current: usize, pages: usize) -> String {
        steps(current, pages)
            .into_iter()
            .map(|step| step.map_or("…".into(), |number| number.to_string()))
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn shows_both_ends_and_the_neighbours() {
        assert_eq!(shown(1, 2), "1 2");
        assert_eq!(shown(2, 3), "1 2 3");
        assert_eq!(shown(1, 26), "1 2 … 26");
        assert_eq!(shown(4, 26), "1 2 3 4 5 … 26");
        assert_eq!(shown(13, 26), "1 … 12 13 14 … 26");
        assert_eq!(shown(23, 26), "1 … 22 23 24 25 26");
        assert_eq!(shown(26, 26), "1 … 25 26");
    }

    #[test]
    fn one_page_needs_no_pager() {
        assert_eq!(pager(&IN_ORDER, 1, 1, |_| String::new()).into_string(), "");
    }

    #[test]
    fn marks_where_one_is() {
        let html = pager(&NEWEST_FIRST, 2, 3, |number| format!("/?page={number}")).into_string();
        assert_eq!(html.matches("aria-current").count(), 1);
        assert!(html.contains(r#"<a href="/?page=2" aria-current="page">2</a>"#));
        assert!(html.contains(r#"<a rel="prev" href="/?page=1">Newer</a>"#));
        assert!(html.contains(r#"<a rel="next" href="/?page=3">Older</a>"#));
    }
}
