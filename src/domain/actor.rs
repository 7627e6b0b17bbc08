//! Who is asking, and every question of permission.

use crate::domain::comment::Comment;
use crate::domain::id::{TokenId, UserId};
use crate::domain::post::{Kind, PostHead};
use crate::domain::session::SessionKey;
use crate::domain::time::Timestamp;
use crate::domain::token::{TokenScope, TokenScopes};
use crate::domain::user::Username;
use crate::error::{Error, Result};
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
    pub via: Via,
}

/// How a member has shown who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// Signed in, in a browser.
    Session(SessionKey),
    /// With an API token, which may do some of what its owner may.
    Token(TokenId, TokenScopes),
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

    /// Why an actor who may not do something that wants `scope` is turned away: nobody is signed in, the
    /// token is not for that, or the wrong one asks.
    pub fn refusal(&self, scope: TokenScope) -> Error {
        match self {
            Actor::Anonymous => Error::Unauthenticated,
            _ if !self.holds(scope) => Error::ScopeMissing(scope.as_str()),
            _ => Error::Forbidden,
        }
    }

    /// The member and their session, for what no token may do: passwords, sessions, tokens.
    pub fn in_session(&self) -> Result<(&Member, SessionKey)> {
        match self.member() {
            Some(member) => match member.via {
                Via::Session(key) => Ok((member, key)),
                Via::Token(..) => Err(Error::SessionNeeded),
            },
            None => Err(Error::Unauthenticated),
        }
    }

    /// Whether whatever was used to sign in is good for `scope`: a session is good for everything.
    fn holds(&self, scope: TokenScope) -> bool {
        match self.member().map(|member| &member.via) {
            Some(Via::Token(_, scopes)) => scopes.holds(scope),
            _ => true,
        }
    }

    fn at_least(&self, role: Role) -> bool {
        match self {
            Actor::Anonymous => false,
            Actor::Member(member) => member.role >= role,
            Actor::System => true,
        }
    }

    /// What a role may do, with a token that is for it.
    fn may(&self, role: Role, scope: TokenScope) -> bool {
        self.at_least(role) && self.holds(scope)
    }

    fn is(&self, user: UserId) -> bool {
        self.user_id() == Some(user)
    }

    /// May make something of this kind.
    pub fn can_write(&self, kind: Kind) -> bool {
        self.may(writers(kind), kind.write_scope())
    }

    /// May list what is not public yet of this kind: all of it, or one's own.
    pub fn can_list_unpublished(&self, kind: Kind) -> bool {
        self.may(writers(kind), kind.read_scope())
    }

    /// May see a post before it is public, with its Markdown.
    pub fn can_see_unpublished(&self, post: &PostHead) -> bool {
        self.can_list_unpublished(post.kind) && self.answers_for(post)
    }

    /// May change a post, publish it and delete it.
    pub fn can_edit_post(&self, post: &PostHead) -> bool {
        self.can_write(post.kind) && self.answers_for(post)
    }

    fn answers_for(&self, post: &PostHead) -> bool {
        self.at_least(Role::Editor) || post.authors.iter().any(|author| self.is(*author))
    }

    /// May make, rename, merge and delete categories.
    pub fn can_edit_categories(&self) -> bool {
        self.may(Role::Editor, TokenScope::CategoriesWrite)
    }

    /// May list the addresses that content once had, which tells of posts that are hidden now.
    pub fn can_list_redirects(&self) -> bool {
        self.may(Role::Editor, TokenScope::PostsRead)
    }

    /// May list images.
    pub fn can_list_media(&self) -> bool {
        self.may(Role::Author, TokenScope::MediaRead)
    }

    /// May upload images.
    pub fn can_upload(&self) -> bool {
        self.may(Role::Author, TokenScope::MediaWrite)
    }

    /// May delete an image that `owner` uploaded.
    pub fn can_delete_media(&self, owner: UserId) -> bool {
        self.can_upload() && (self.is(owner) || self.at_least(Role::Editor))
    }

    /// May write comments where they are open.
    pub fn can_comment(&self) -> bool {
        self.member().is_some() && self.holds(TokenScope::CommentsWrite)
    }

    /// May change the text of this comment at `now`.
    pub fn can_edit_comment(&self, comment: &Comment, now: Timestamp) -> bool {
        self.is(comment.author) && self.can_comment() && comment.is_editable(now)
    }

    /// May delete this comment.
    pub fn can_delete_comment(&self, comment: &Comment) -> bool {
        let own = self.is(comment.author) || self.at_least(Role::Editor);
        !comment.deleted && own && self.holds(TokenScope::CommentsWrite)
    }

    /// May see the Markdown of some comments: of one's own at least, with a token for comments.
    pub fn can_see_own_sources(&self) -> bool {
        self.member().is_some() && (self.holds(TokenScope::CommentsRead) || self.holds(TokenScope::CommentsWrite))
    }

    /// May see the Markdown of this comment: whoever wrote it, and those who moderate.
    pub fn can_see_source(&self, comment: &Comment) -> bool {
        !comment.deleted && (self.is(comment.author) && self.can_see_own_sources() || self.can_moderate())
    }

    /// May list the comments of all posts.
    pub fn can_moderate(&self) -> bool {
        self.may(Role::Editor, TokenScope::CommentsRead)
    }

    /// May see the settings as they are stored.
    pub fn can_see_settings(&self) -> bool {
        self.may(Role::Administrator, TokenScope::SettingsRead)
    }

    /// May change settings.
    pub fn can_change_settings(&self) -> bool {
        self.may(Role::Administrator, TokenScope::SettingsWrite)
    }

    /// May list accounts.
    pub fn can_list_users(&self) -> bool {
        self.may(Role::Administrator, TokenScope::UsersRead)
    }

    /// May make accounts, change roles, disable accounts.
    pub fn can_manage_users(&self) -> bool {
        self.may(Role::Administrator, TokenScope::UsersWrite)
    }

    /// May see their own account.
    pub fn can_see_account(&self) -> bool {
        self.member().is_some() && self.holds(TokenScope::AccountRead)
    }

    /// May change their own profile.
    pub fn can_edit_profile(&self) -> bool {
        self.member().is_some() && self.holds(TokenScope::AccountWrite)
    }

    /// May see the part of the site under `/admin`.
    pub fn can_see_admin(&self) -> bool {
        self.at_least(Role::Author)
    }
}

/// The least role that writes this kind.
fn writers(kind: Kind) -> Role {
    match kind {
        Kind::Post => Role::Author,
        Kind::Page => Role::Editor,
    }
}
