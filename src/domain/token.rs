//! API tokens: what a program may do in somebody's name.

use crate::domain::id::{TokenId, UserId};
use crate::domain::text;
use crate::domain::time::Timestamp;
use crate::error::{Checked, FieldErrors, Result};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// Longest name of a token, in characters.
pub const MAX_NAME: usize = 80;
/// Tokens that one account may have.
pub const MAX_TOKENS_PER_USER: usize = 50;
/// Longest life that can be asked for, in days; none asked for: it does not end by itself.
pub const MAX_DAYS: u32 = 3_650;
/// How every token begins, so that a secret scanner and a person know one when they see it.
pub const PREFIX: &str = "pamphlet_";
/// How exactly the last use is known. A finer one would cost writes.
pub const LAST_USED_STEP: Duration = Duration::from_secs(24 * 3600);

macro_rules! scopes {
    ($($name:ident = $word:literal: $what:literal),+ $(,)?) => {
        /// One thing a token may be good for: a noun and a verb (RFC 6749, section 3.3).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum TokenScope { $(#[doc = $what] $name),+ }

        impl TokenScope {
            /// Every scope there is.
            pub const ALL: &[TokenScope] = &[$(TokenScope::$name),+];

            /// The stable word, `posts:write`.
            pub fn as_str(self) -> &'static str {
                match self { $(TokenScope::$name => $word),+ }
            }

            /// What it is good for, in a few words.
            pub fn about(self) -> &'static str {
                match self { $(TokenScope::$name => $what),+ }
            }
        }
    };
}

scopes! {
    PostsRead = "posts:read": "See drafts, scheduled posts and their Markdown",
    PostsWrite = "posts:write": "Write, publish and delete posts",
    PagesRead = "pages:read": "See drafts of pages and their Markdown",
    PagesWrite = "pages:write": "Write, publish and delete pages",
    CommentsRead = "comments:read": "List the comments of all posts",
    CommentsWrite = "comments:write": "Write, edit and delete comments",
    CategoriesWrite = "categories:write": "Make, rename, merge and delete categories",
    MediaRead = "media:read": "List images",
    MediaWrite = "media:write": "Upload and delete images",
    UsersRead = "users:read": "List accounts",
    UsersWrite = "users:write": "Make accounts and change what they may do",
    SettingsRead = "settings:read": "See the settings of the site",
    SettingsWrite = "settings:write": "Change the settings of the site",
    AccountRead = "account:read": "See the own account and its sessions",
    AccountWrite = "account:write": "Change the own profile",
}

impl TokenScope {
    /// The scope of that word.
    pub fn parse(word: &str) -> Option<TokenScope> {
        TokenScope::ALL.iter().copied().find(|scope| scope.as_str() == word)
    }
}

/// A set of scopes. Stored as words; words that this program does not know are not kept.
#[derive(Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<&'static str>")]
pub struct TokenScopes(u32);

impl TokenScopes {
    /// Every scope.
    pub fn all() -> TokenScopes {
        TokenScope::ALL.iter().copied().collect()
    }

    pub fn holds(self, scope: TokenScope) -> bool {
        self.0 & (1 << scope as u32) != 0
    }

    /// The scopes in the order of `TokenScope::ALL`.
    pub fn iter(self) -> impl Iterator<Item = TokenScope> {
        TokenScope::ALL.iter().copied().filter(move |scope| self.holds(*scope))
    }

    /// Reads words; `*` is every scope. The error names the first word that is none.
    pub fn parse<'a>(words: impl Iterator<Item = &'a str>) -> Checked<TokenScopes> {
        let mut scopes = TokenScopes::default();
        for word in words.map(str::trim).filter(|word| !word.is_empty()) {
            match TokenScope::parse(word) {
                _ if word == "*" => scopes = TokenScopes::all(),
                Some(scope) => scopes.0 |= 1 << scope as u32,
                None => {
                    let word: String = word.chars().take(40).collect();
                    return Err(format!("“{word}” is no scope. A scope is a word like posts:read.").into());
                }
            }
        }
        if scopes == TokenScopes::default() { Err("Please choose at least one scope.".into()) } else { Ok(scopes) }
    }
}

impl FromIterator<TokenScope> for TokenScopes {
    fn from_iter<I: IntoIterator<Item = TokenScope>>(scopes: I) -> TokenScopes {
        TokenScopes(scopes.into_iter().fold(0, |bits, scope| bits | 1 << scope as u32))
    }
}

impl From<Vec<String>> for TokenScopes {
    fn from(words: Vec<String>) -> TokenScopes {
        words.iter().filter_map(|word| TokenScope::parse(word)).collect()
    }
}

impl From<TokenScopes> for Vec<&'static str> {
    fn from(scopes: TokenScopes) -> Vec<&'static str> {
        scopes.iter().map(TokenScope::as_str).collect()
    }
}

impl fmt::Debug for TokenScopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(TokenScope::as_str)).finish()
    }
}

/// The stored name of a token: SHA-256 of the secret itself, which is not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenKey(pub [u8; 32]);

/// A token as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    pub id: TokenId,
    pub user: UserId,
    /// What its owner calls it.
    pub name: String,
    pub scopes: TokenScopes,
    pub created_at: Timestamp,
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// To within `LAST_USED_STEP`.
    #[serde(default)]
    pub last_used: Option<Timestamp>,
}

impl Token {
    /// Whether it still opens anything.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

/// What is asked for when a token is made, as typed.
#[derive(Debug, Clone, Default)]
pub struct NewToken {
    pub name: String,
    /// Words of scopes; `*` is every one.
    pub scopes: Vec<String>,
    /// Days until it ends; empty: it does not.
    pub days: String,
}

/// `NewToken` after its checks.
#[derive(Debug, Clone)]
pub struct ValidToken {
    pub name: String,
    pub scopes: TokenScopes,
    pub life: Option<Duration>,
}

impl NewToken {
    /// Checks every field.
    pub fn validate(&self) -> Result<ValidToken> {
        let mut errors = FieldErrors::new();
        let name = errors.check("name", text::line(&self.name, MAX_NAME));
        let scopes = errors.check("scopes", TokenScopes::parse(self.scopes.iter().map(String::as_str)));
        let life = errors.check("expires_in_days", life(&self.days));
        errors.finish()?;
        Ok(ValidToken { name: name.unwrap_or_default(), scopes: scopes.unwrap_or_default(), life: life.flatten() })
    }
}

fn life(days: &str) -> Checked<Option<Duration>> {
    match days.trim() {
        "" => Ok(None),
        days => match days.parse() {
            Ok(days @ 1..=MAX_DAYS) => Ok(Some(Duration::from_secs(u64::from(days) * 24 * 3600))),
            _ => Err(format!("Please enter a number of days from 1 to {MAX_DAYS}, or nothing.").into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_back_as_they_were_written() {
        let scopes = TokenScopes::parse(["posts:write", " users:read "].into_iter()).unwrap();
        assert!(scopes.holds(TokenScope::PostsWrite) && !scopes.holds(TokenScope::PostsRead));
        let words: Vec<String> = Vec::<&str>::from(scopes).into_iter().map(str::to_owned).collect();
        assert_eq!(TokenScopes::from(words), scopes);
        assert_eq!(TokenScopes::parse(["*"].into_iter()).unwrap(), TokenScopes::all());
        for bad in ["", "posts", "posts:", "POSTS:WRITE", "posts:write,users:read"] {
            assert!(TokenScopes::parse([bad].into_iter()).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_field_at_fault_is_told_at_once() {
        let new = NewToken { name: String::new(), scopes: vec!["all".into()], days: "0".into() };
        let Err(crate::error::Error::Invalid(fields)) = new.validate() else { panic!("accepted") };
        let fields: Vec<&str> = fields.iter().map(|error| error.field.as_ref()).collect();
        assert_eq!(fields, ["name", "scopes", "expires_in_days"]);
    }
}
