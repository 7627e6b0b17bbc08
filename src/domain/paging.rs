//! Pages of lists.

/// Highest page number that is looked at.
pub const MAX_PAGE: usize = 1_000_000;

/// One page of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// From 1.
    pub number: usize,
    pub per_page: usize,
    /// Items on all pages.
    pub total: usize,
}

impl<T> Page<T> {
    /// How many pages there are; at least 1.
    pub fn pages(&self) -> usize {
        self.total.div_ceil(self.per_page.max(1)).max(1)
    }

    /// The same page with other items.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(change).collect(),
            number: self.number,
            per_page: self.per_page,
            total: self.total,
        }
    }
}

/// Reads the number of a page; `None` unless it is a plain number from 1.
pub fn page_number(text: Option<&str>) -> Option<usize> {
    match text {
        None => Some(1),
        Some(text) if text.starts_with(['0', '+']) => None,
        Some(text) => text.parse().ok().filter(|number| (1..=MAX_PAGE).contains(number)),
    }
}
