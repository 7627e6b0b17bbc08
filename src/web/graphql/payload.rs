//! What mutations answer: the node as it is now, or what the person who filled in the form can mend.

use crate::error::{Error, Result};
use crate::web::graphql::context::Operation;
use crate::web::problem;
use crate::web::wire::camel_case;
use crate::web::wire::comments::Comment;
use crate::web::wire::media::Media;
use crate::web::wire::people::{ResetLink, Token, User};
use crate::web::wire::posts::Post;
use crate::web::wire::site::{Category, Settings};
use async_graphql::{ID, SimpleObject};

/// Something about the input, or about what is stored meanwhile, that keeps a change from being made.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(serial)]
pub struct UserError {
    /// The member of the input at fault; null: the change as a whole.
    pub field: Option<String>,
    /// A sentence that says what to do.
    pub message: String,
    /// `invalid`, `conflict` or `stale`.
    pub code: &'static str,
}

/// A node, or why there is none.
pub struct Settled<T>(Option<T>, Vec<UserError>);

/// Errors that a person can mend become part of the payload; the rest are errors of the field.
pub fn settle<T, P: From<Settled<T>>>(operation: &Operation, result: Result<T>) -> Result<P> {
    let error = match result {
        Ok(node) => return Ok(Settled(Some(node), Vec::new()).into()),
        Err(error @ (Error::Invalid(_) | Error::Conflict(_) | Error::Stale(_))) => error,
        Err(error) => return Err(error),
    };
    let verdict = problem::verdict(&error, operation.id);
    let code = verdict.code;
    let errors = match error {
        Error::Invalid(fields) => {
            let each = |field: crate::error::FieldError| UserError {
                field: (!field.field.is_empty()).then(|| camel_case(&field.field)),
                message: field.message.into_owned(),
                code,
            };
            fields.into_iter().map(each).collect()
        }
        _ => vec![UserError { field: None, message: verdict.message, code }],
    };
    Ok(Settled(None, errors).into())
}

macro_rules! payloads {
    ($($(#[$doc:meta])* $name:ident { $field:ident: $node:ty }),+ $(,)?) => {
        $($(#[$doc])*
        #[derive(Debug, SimpleObject)]
        #[graphql(serial)]
        pub struct $name {
            /// Null if there are errors.
            pub $field: Option<$node>,
            /// What to mend before it can be done; empty if it was done.
            pub errors: Vec<UserError>,
        }

        impl From<Settled<$node>> for $name {
            fn from(Settled($field, errors): Settled<$node>) -> $name {
                $name { $field, errors }
            }
        })+
    };
}

payloads! {
    /// A post or page that was written.
    PostPayload { post: Post },
    /// A comment that was written.
    CommentPayload { comment: Comment },
    /// An image that was uploaded.
    MediaPayload { media: Media },
    /// A category that was written.
    CategoryPayload { category: Category },
    /// An account that was made or changed.
    UserPayload { user: User },
    /// The settings as they are now.
    SettingsPayload { settings: Settings },
    /// A token that was made.
    TokenPayload { issued: Issued },
    /// A link to a new password.
    ResetLinkPayload { reset_link: ResetLink },
    /// Something that is gone.
    DeletePayload { deleted: ID },
    /// Something that was done and has no node.
    DonePayload { done: bool },
}

/// A new token with its secret, which is told this once.
#[derive(Debug, SimpleObject)]
#[graphql(serial)]
pub struct Issued {
    pub token: Token,
    pub secret: String,
}
