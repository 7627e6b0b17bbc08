//! Who is asking, and every question of permission.

use crate::domain::comment::Comment;
use crate::domain::id::UserId;
use crate::domain::post::{Kind, PostHead};
use crate::domain::session::SessionKey;
use crate::domain::time::Timestamp;
use crate::domain::user::Username;
use crate::error::Error;
use serde::{Deserialize, Serialize};

/// What an account may do; each role may do what the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Comments.
    Reader,
    /// Writes, publishes and deletes posts of its own.
    Author,
    /// Sees to the posts and comments of all, to pages and categories.
    Editor,
    /// Changes settings, roles and accounts.
    Administrator,
}

impl Role {
    /// All roles, the least first.
    pub const ALL: [Role; 4] = [Role::Reader, Role::Author, Role::Editor, Role::Administrator];

    /// The word used in forms, on the command line and in APIs.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Reader => "reader",
            Role::Author => "author",
            Role::Editor => "editor",
            Role::Administrator => "administrator",
        }
    }

    /// The role of that word; `admin` is taken too.
    pub fn parse(word: &str) -> Option<Role> {
        if word == "admin" {
            return Some(Role::Administrator);
        }
        Role::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

/// Who is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A visitor who is not signed in.
    Anonymous,
    /// A signed-in account that is not disabled.
    Member(Member),
    /// The program itself: the command line and the jobs.
    System,
}

/// The signed-in account behind a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub id: UserId,
    pub username: Username,
    pub display_name: String,
    pub role: Role,
    /// The session that was used.
    pub session: SessionKey,
}

impl Actor {
    /// The signed-in account, if there is one.
    pub fn member(&self) -> Option<&Member> {
        match self {
            Actor::Member(member) => Some(member),
            _ => None,
        }
    }

    /// The id of the signed-in account.
    pub fn user_id(&self) -> Option<UserId> {
        self.member().map(|member| member.id)
    }

    /// Whether this is a visitor who is not signed in.
    pub fn is_anonymous(&self) -> bool {
        *self == Actor::Anonymous
    }

    /// Why an actor who may not do something is turned away: nobody is signed in, or the wrong one.
    pub fn refusal(&self) -> Error {
        if self.is_anonymous() { Error::Unauthenticated } else { Error::Forbidden }
    }

    fn at_least(&self, role: Role) -> bool {
        match self {
            Actor::Anonymous => false,
            Actor::Member(member) => member.role >= role,
            Actor::System => true,
        }
    }

    fn is(&self, user: UserId) -> bool {
        self.user_id() == Some(user)
    }

    /// May write posts and upload images.
    pub fn can_write_posts(&self) -> bool {
        self.at_least(Role::Author)
    }

    /// May write static pages.
    pub fn can_write_pages(&self) -> bool {
        self.at_least(Role::Editor)
    }

    /// May make something of this kind.
    pub fn can_write(&self, kind: Kind) -> bool {
        match kind {
            Kind::Post => self.can_write_posts(),
            Kind::Page => self.can_write_pages(),
        }
    }

    /// May see a post before it is public, change it, publish it and delete it.
    pub fn can_edit_post(&self, post: &PostHead) -> bool {
        self.at_least(Role::Editor)
            || (post.kind == Kind::Post && self.can_write_posts() && post.authors.iter().any(|author| self.is(*author)))
    }

    /// May see to the posts of all.
    pub fn can_edit_all_posts(&self) -> bool {
        self.at_least(Role::Editor)
    }

    /// May make, rename, merge and delete categories.
    pub fn can_edit_categories(&self) -> bool {
        self.at_least(Role::Editor)
    }

    /// May write comments where they are open.
    pub fn can_comment(&self) -> bool {
        self.member().is_some()
    }

    /// May change the text of this comment at `now`.
    pub fn can_edit_comment(&self, comment: &Comment, now: Timestamp) -> bool {
        self.is(comment.author) && comment.is_editable(now)
    }

    /// May delete this comment.
    pub fn can_delete_comment(&self, comment: &Comment) -> bool {
        !comment.deleted && (self.is(comment.author) || self.at_least(Role::Editor))
    }

    /// May delete any comment.
    pub fn can_moderate(&self) -> bool {
        self.at_least(Role::Editor)
    }

    /// May change settings.
    pub fn can_change_settings(&self) -> bool {
        self.at_least(Role::Administrator)
    }

    /// May list accounts, change roles, disable accounts.
    pub fn can_manage_users(&self) -> bool {
        self.at_least(Role::Administrator)
    }

    /// May see the part of the site under `/admin`.
    pub fn can_see_admin(&self) -> bool {
        self.at_least(Role::Author)
    }
}
