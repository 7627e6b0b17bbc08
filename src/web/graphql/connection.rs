//! Lists as Relay knows them, over the slices of the services (GraphQL Cursor Connections Specification).

use crate::domain::paging::{Cursor, Slice, Window};
use crate::error::{Error, Result};
use crate::web::graphql::costs::{MAX_FIRST, USUAL_FIRST};
use async_graphql::OutputType;
use async_graphql::connection::{Connection, Edge, EmptyFields};

/// Part of a list of `T`.
pub type Part<T> = Connection<String, T, EmptyFields, EmptyFields>;

/// The arguments `first` and `after`.
pub fn window(first: Option<i32>, after: Option<String>) -> Result<Window> {
    let limit = first.unwrap_or(USUAL_FIRST);
    if !(0..=MAX_FIRST).contains(&limit) {
        return Err(Error::field("first", format!("Please ask for 0 to {MAX_FIRST} at once.")));
    }
    let after = after.map(|text| Cursor::parse(&text).map_err(|message| Error::field("after", message))).transpose()?;
    Ok(Window { after, limit: limit.unsigned_abs() as usize })
}

/// A slice as a connection.
pub fn part<T: OutputType>(slice: Slice<T>, window: &Window) -> Part<T> {
    let mut part = Connection::new(window.after.is_some(), slice.more);
    part.edges.extend(slice.items.into_iter().map(|(cursor, node)| Edge::new(cursor.to_string(), node)));
    part
}

/// Part of a list that is read as a whole. `list` is its name in cursors and `key` what an item is called
/// there; an item that is gone is looked for in vain, and the cursor refused.
pub fn part_of<T: OutputType>(
    items: Vec<T>,
    window: &Window,
    list: &'static str,
    key: impl Fn(&T) -> &str,
) -> Result<Part<T>> {
    let after = window.after(list, |text| Some(text.to_owned()))?;
    let start = match after {
        Some(after) => {
            let place = items.iter().position(|item| key(item) == after);
            place
                .map(|place| place + 1)
                .ok_or_else(|| Error::field("after", "What stood here is gone. Please begin anew."))?
        }
        None => 0,
    };
    let rest: Vec<T> = items.into_iter().skip(start).collect();
    Ok(part(Slice::of(rest, window.limit, |item| Cursor::new(list, key(item))), window))
}
