//! Identifiers: newtypes over `u64`, so that one kind cannot be passed for another.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        $($(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl $name {
            /// Reads the decimal form; `None` for anything else, signs and leading zeros included.
            pub fn parse(text: &str) -> Option<$name> {
                let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
                if plain { text.parse().ok().map($name) } else { None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        })+
    };
}

ids! {
    /// A post or a static page.
    PostId,
    /// A user account.
    UserId,
    /// A comment; unique across posts.
    CommentId,
    /// A category.
    CategoryId,
    /// An API token.
    TokenId,
}
