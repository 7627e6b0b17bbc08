//! Parts of lists: numbered pages for people, slices after a cursor for programs.

use crate::error::{Checked, Error, Result};
use std::fmt;

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

/// Longest text of a cursor, in bytes; the path of a redirect is the longest key.
const MAX_CURSOR: usize = 4_000;

/// A place in a list: the sort key of an item, so that what comes or goes elsewhere moves nothing.
///
/// As text it begins with the name of its list, `posts.1777796880000.7`, so that a cursor of one list is
/// refused by another. Programs should not take it apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(String);

impl Cursor {
    /// The place of the item with this key in the list of that name.
    pub fn new(list: &'static str, key: impl fmt::Display) -> Cursor {
        Cursor(format!("{list}.{key}"))
    }

    /// What somebody sent; which list it is for is seen when it is used.
    pub fn parse(text: &str) -> Checked<Cursor> {
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        let whole = text.split_once('.').is_some_and(|(list, key)| !list.is_empty() && !key.is_empty());
        if plain && whole && text.len() <= MAX_CURSOR { Ok(Cursor(text.to_owned())) } else { Err(FOREIGN.into()) }
    }

    /// The key, if the cursor is of this list and `read` understands it; else an error of the field `after`.
    pub fn key<T>(&self, list: &'static str, read: impl FnOnce(&str) -> Option<T>) -> Result<T> {
        let key = self.0.strip_prefix(list).and_then(|rest| rest.strip_prefix('.'));
        key.and_then(read).ok_or_else(|| Error::field("after", FOREIGN))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const FOREIGN: &str = "This is no cursor of this list. Please use one that an answer of this list gave you.";

/// Which part of a list is wanted.
#[derive(Debug, Clone)]
pub struct Window {
    /// The items after this place; `None`: from the beginning.
    pub after: Option<Cursor>,
    /// At most so many, from 1.
    pub limit: usize,
}

impl Window {
    /// The key of the place it begins after, if it does not begin at the beginning.
    pub fn after<T>(&self, list: &'static str, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>> {
        self.after.as_ref().map(|cursor| cursor.key(list, read)).transpose()
    }
}

/// Part of a list, each item with its place.
#[derive(Debug, Clone)]
pub struct Slice<T> {
    pub items: Vec<(Cursor, T)>,
    /// Whether the list goes on after them.
    pub more: bool,
}

impl<T> Slice<T> {
    /// Of items that were read up to one beyond `limit`, with the place of each.
    pub fn of(mut items: Vec<T>, limit: usize, place: impl Fn(&T) -> Cursor) -> Slice<T> {
        let more = items.len() > limit;
        items.truncate(limit);
        Slice { items: items.into_iter().map(|item| (place(&item), item)).collect(), more }
    }

    /// Where the next part begins; `None` if this was the last.
    pub fn next(&self) -> Option<&Cursor> {
        self.items.last().map(|(cursor, _)| cursor).filter(|_| self.more)
    }

    /// The same places with other items, as long as none fails.
    pub fn try_map<U>(self, mut change: impl FnMut(T) -> Result<U>) -> Result<Slice<U>> {
        let items = self.items.into_iter().map(|(cursor, item)| Ok((cursor, change(item)?))).collect::<Result<_>>()?;
        Ok(Slice { items, more: self.more })
    }

    /// The same places with other items.
    pub fn map<U>(self, mut change: impl FnMut(T) -> U) -> Slice<U> {
        let items = self.items.into_iter().map(|(cursor, item)| (cursor, change(item))).collect();
        Slice { items, more: self.more }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(text: &str) -> Option<u64> {
        text.parse().ok()
    }

    #[test]
    fn a_cursor_is_good_for_its_own_list_alone() {
        let cursor = Cursor::parse(Cursor::new("users", 7).as_str()).unwrap();
        assert_eq!(cursor.key("users", number).unwrap(), 7);
        for list in ["media", "user", "use"] {
            assert!(matches!(cursor.key(list, number), Err(Error::Invalid(fields)) if fields[0].field == "after"));
        }
        for bad in ["", "users", "users.", ".7", "users.7 ", "users.ü", &format!("users.{}", "7".repeat(MAX_CURSOR))] {
            assert!(Cursor::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_slice_knows_whether_the_list_goes_on() {
        let slice = Slice::of(vec![1, 2, 3], 2, |item| Cursor::new("numbers", item));
        assert_eq!(slice.next().map(Cursor::as_str), Some("numbers.2"));
        assert!(Slice::of(vec![1, 2], 2, |item| Cursor::new("numbers", item)).next().is_none());
    }

    proptest! {
        #[test]
        fn hostile_cursors_do_not_panic(text in "\\PC{0,60}") {
            if let Ok(cursor) = Cursor::parse(&text) {
                let _ = cursor.key("posts", number);
            }
        }
    }
}
