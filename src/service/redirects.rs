//! Addresses that content once had, listed for those who see to it.

use crate::domain::actor::Actor;
use crate::domain::paging::{Cursor, Slice, Window};
use crate::domain::token::TokenScope;
use crate::error::Result;
use crate::service::{App, ReadTxn};
use crate::store;
use crate::store::redirects::Target;

/// The name of the list in cursors.
const LIST: &str = "redirects";

/// Old addresses (percent-decoded, no base path) with the addresses they lead to, in the order of their
/// bytes. Those whose content is gone, or hidden from `actor`, are left out.
pub fn slice(app: &App, txn: &ReadTxn, actor: &Actor, window: &Window) -> Result<Slice<(String, String)>> {
    if !actor.can_list_redirects() {
        return Err(actor.refusal(TokenScope::PostsRead));
    }
    let mut place = window.after(LIST, decoded)?.unwrap_or_default();
    let mut found = Vec::new();
    while found.len() <= window.limit {
        let rows = store::redirects::after(txn, &place, window.limit + 1)?;
        let Some((last, _)) = rows.last() else { break };
        place.clone_from(last);
        for (path, target) in rows {
            found.extend(address(app, txn, actor, target)?.map(|address| (path, address)));
        }
    }
    Ok(Slice::of(found, window.limit, |(path, _)| Cursor::new(LIST, encoded(path))))
}

fn address(app: &App, txn: &ReadTxn, actor: &Actor, target: Target) -> Result<Option<String>> {
    Ok(match target {
        Target::Post(id) => {
            let head = store::posts::by_id(txn, id)?.filter(|head| head.visible_to(actor, app.now()));
            head.map(|head| app.links.content(&head))
        }
        Target::Category(id) => store::categories::by_id(txn, id)?.map(|category| app.links.category(&category.slug)),
    })
}

/// A path in letters that a cursor may have.
fn encoded(path: &str) -> String {
    path.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn decoded(text: &str) -> Option<String> {
    let digits: Vec<u8> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|digit| digit.try_into().ok())).collect::<Option<_>>()?;
    let bytes =
        digits.chunks(2).map(|pair| pair.iter().fold(0u8, |byte, digit| byte.wrapping_shl(4) | digit)).collect();
    String::from_utf8(bytes).ok().filter(|_| digits.len().is_multiple_of(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_survive_in_cursors() {
        assert_eq!(decoded(&encoded("/posts/мой-пост")).as_deref(), Some("/posts/мой-пост"));
        for bad in ["2", "zz", "ff"] {
            assert_eq!(decoded(bad), None, "{bad}");
        }
    }
}
