//! People, their sessions and tokens, as programs see them.

use crate::domain::link::Links;
use crate::domain::session;
use crate::domain::session::SessionKey;
use crate::domain::token;
use crate::domain::user;
use crate::domain::user::Credit;
use crate::service::resets;
use crate::web::wire::Time;
use async_graphql::{Enum, ID, InputObject, SimpleObject};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an account may do: each role may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Enum, ToSchema)]
#[serde(rename_all = "snake_case")]
#[graphql(remote = "crate::domain::actor::Role")]
pub enum Role {
    Reader,
    Author,
    Editor,
    Administrator,
}

/// Somebody who wrote something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, SimpleObject, ToSchema)]
#[graphql(complex, serial)]
pub struct Author {
    #[schema(example = "ada")]
    pub username: String,
    #[schema(example = "Ada")]
    pub display_name: String,
    /// Address of the list of their posts, beginning with `/`.
    pub url: String,
}

impl Author {
    pub fn new(credit: &Credit, links: &Links) -> Author {
        Author {
            username: credit.username.to_string(),
            display_name: credit.display_name.clone(),
            url: links.author(&credit.username),
        }
    }
}

/// An account, for itself and for administrators.
#[derive(Debug, Clone, Serialize, SimpleObject, ToSchema)]
#[graphql(complex, serial)]
pub struct User {
    #[schema(value_type = String, example = "3")]
    pub id: ID,
    #[schema(example = "ada")]
    pub username: String,
    pub display_name: String,
    pub email: Option<String>,
    pub bio: String,
    pub role: Role,
    /// A disabled account cannot sign in, and its tokens are good for nothing.
    pub disabled: bool,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Time,
    pub url: String,
}

impl User {
    pub fn new(user: &user::User, links: &Links) -> User {
        User {
            id: user.id.to_string().into(),
            username: user.username.to_string(),
            display_name: user.display_name.clone(),
            email: user.email.as_ref().map(|email| email.as_str().to_owned()),
            bio: user.bio.clone(),
            role: user.role.into(),
            disabled: user.disabled,
            created_at: Time(user.created_at),
            url: links.author(&user.username),
        }
    }
}

/// A new account.
#[derive(Clone, Serialize, Deserialize, InputObject, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserInput {
    #[schema(max_length = 40, example = "grace")]
    pub username: String,
    #[serde(default)]
    pub email: Option<String>,
    /// At most 71 bytes of UTF-8 in NFC, and none of the most common passwords.
    #[schema(format = Password, min_length = 8, example = "correct horse battery")]
    pub password: String,
    #[serde(default = "reader")]
    #[graphql(default_with = "reader()")]
    pub role: Role,
}

fn reader() -> Role {
    Role::Reader
}

/// What an administrator changes of an account.
#[derive(Debug, Clone, Serialize, Deserialize, InputObject, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserPatch {
    #[graphql(default_with = "reader()")]
    pub role: Role,
    #[graphql(default)]
    pub disabled: bool,
}

/// What somebody says of themselves.
#[derive(Debug, Clone, Serialize, Deserialize, InputObject, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileInput {
    #[schema(max_length = 80, example = "Ada")]
    #[graphql(default)]
    pub display_name: String,
    pub email: Option<String>,
    #[schema(max_length = 2_000)]
    #[serde(default)]
    #[graphql(default)]
    pub bio: String,
}

/// A link with which an account gets a new password. It is told this once.
#[derive(Debug, Clone, Serialize, SimpleObject, ToSchema)]
#[graphql(serial)]
pub struct ResetLink {
    /// Works once. It begins with the origin where `--public-url` names one, else with `/`.
    #[schema(example = "https://example.org/reset/3-0123456789abcdef")]
    pub url: String,
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Time,
}

impl ResetLink {
    pub fn new(issued: &resets::Issued, links: &Links) -> ResetLink {
        let url = [links.origin().unwrap_or_default(), &links.reset(&issued.token)].concat();
        ResetLink { url, expires_at: Time(issued.expires_at) }
    }
}

/// Where somebody is signed in.
#[derive(Debug, Clone, Serialize, SimpleObject, ToSchema)]
#[graphql(serial)]
pub struct Session {
    #[schema(value_type = String, example = "0123456789abcdef")]
    pub id: ID,
    /// Whether this request came with it.
    pub current: bool,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Time,
    #[schema(value_type = String, format = DateTime)]
    pub last_seen: Time,
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Time,
    pub user_agent: String,
}

impl Session {
    /// `own` is the session that asks, if it is one.
    pub fn new((key, session): &(SessionKey, session::Session), own: Option<SessionKey>) -> Session {
        Session {
            id: key.short().into(),
            current: own == Some(*key),
            created_at: Time(session.created_at),
            last_seen: Time(session.last_seen),
            expires_at: Time(session.expires_at),
            user_agent: session.user_agent.clone(),
        }
    }
}

/// An API token, without its secret.
#[derive(Debug, Clone, Serialize, SimpleObject, ToSchema)]
#[graphql(serial)]
pub struct Token {
    #[schema(value_type = String, example = "2")]
    pub id: ID,
    #[schema(example = "Backup script")]
    pub name: String,
    #[schema(example = json!(["posts:read", "media:read"]))]
    pub scopes: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Time,
    /// Null: it does not end by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Time>,
    /// To within a day; null: never.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used: Option<Time>,
}

impl Token {
    pub fn new(token: &token::Token) -> Token {
        Token {
            id: token.id.to_string().into(),
            name: token.name.clone(),
            scopes: token.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
            created_at: Time(token.created_at),
            expires_at: token.expires_at.map(Time),
            last_used: token.last_used.map(Time),
        }
    }
}

/// A new API token.
#[derive(Debug, Clone, Serialize, Deserialize, InputObject, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenInput {
    #[schema(max_length = 80, example = "Backup script")]
    pub name: String,
    /// What it may be used for; `*` is everything its owner may.
    #[schema(example = json!(["posts:read", "media:read"]))]
    pub scopes: Vec<String>,
    /// Days until it ends; null: it does not end by itself.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 3650)]
    pub expires_in_days: Option<u32>,
}

impl From<TokenInput> for token::NewToken {
    fn from(input: TokenInput) -> token::NewToken {
        token::NewToken {
            name: input.name,
            scopes: input.scopes,
            days: input.expires_in_days.map(|days| days.to_string()).unwrap_or_default(),
        }
    }
}

impl From<ProfileInput> for user::ProfilePatch {
    fn from(input: ProfileInput) -> user::ProfilePatch {
        user::ProfilePatch { display_name: input.display_name, email: input.email.unwrap_or_default(), bio: input.bio }
    }
}

impl ProfileInput {
    /// What would have to be written to have a profile as it is.
    pub fn of(user: &user::User) -> ProfileInput {
        ProfileInput {
            display_name: user.display_name.clone(),
            email: user.email.as_ref().map(|email| email.as_str().to_owned()),
            bio: user.bio.clone(),
        }
    }
}

impl From<UserInput> for user::NewUser {
    fn from(input: UserInput) -> user::NewUser {
        user::NewUser { username: input.username, email: input.email.unwrap_or_default(), password: input.password }
    }
}
