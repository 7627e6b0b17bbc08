//! Comments and how a conversation is laid out.

use crate::domain::html::Html;
use crate::domain::id::{CommentId, PostId, UserId};
use crate::domain::post::PostHead;
use crate::domain::time::Timestamp;
use crate::domain::user::Credit;
use crate::error::Checked;
use std::sync::Arc;
use std::time::Duration;

/// How long the author may change a comment.
pub const EDIT_WINDOW: Duration = Duration::from_secs(15 * 60);
/// How long the same comment, sent again, counts as the one that was sent before.
pub const SENT_AGAIN: Duration = Duration::from_secs(5 * 60);
/// Longest comment, in characters of Markdown.
pub const MAX_COMMENT: usize = 20_000;
/// Comments on one page of a conversation; a page ends with the thread that reaches this.
pub const COMMENTS_PER_PAGE: usize = 100;
/// Replies down to this depth are indented; deeper ones say whom they answer instead.
pub const INDENTED_DEPTH: usize = 3;

/// One comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    pub id: CommentId,
    pub post: PostId,
    /// The top-level comment whose thread this is in; its own id at top level.
    pub thread: CommentId,
    /// The comment this replies to.
    pub parent: Option<CommentId>,
    pub author: UserId,
    pub created_at: Timestamp,
    pub edited_at: Option<Timestamp>,
    /// A deleted comment keeps its place, not its text.
    pub deleted: bool,
    /// Markdown as typed; empty when deleted, and where only what is shown was read.
    pub source: String,
    /// Rendered once, when written.
    pub body: Html,
}

impl Comment {
    /// Bytes of its texts in memory.
    pub fn texts(&self) -> usize {
        self.source.len() + self.body.as_str().len()
    }

    /// Whether its author may still change it at `now`.
    pub fn is_editable(&self, now: Timestamp) -> bool {
        !self.deleted && now.since(self.created_at) < EDIT_WINDOW && now >= self.created_at
    }
}

/// A comment where it stands on the page.
#[derive(Debug, Clone)]
pub struct PlacedComment {
    pub comment: Comment,
    pub author: Arc<Credit>,
    /// 0 at top level.
    pub depth: usize,
    /// Whom it answers, where the indentation alone does not say.
    pub in_reply_to: Option<Arc<Credit>>,
}

impl PlacedComment {
    /// By itself: `depth` tells replies from what they answer, no more.
    pub fn alone(comment: Comment, author: Arc<Credit>) -> PlacedComment {
        PlacedComment { author, depth: usize::from(comment.parent.is_some()), in_reply_to: None, comment }
    }
}

/// A comment as the list of the latest ones shows it.
#[derive(Debug, Clone)]
pub struct RecentComment {
    pub comment: Comment,
    pub author: Arc<Credit>,
    pub post: PostHead,
}

/// One page of a conversation in reading order: each comment directly followed by its replies.
#[derive(Debug, Clone, Default)]
pub struct Conversation {
    pub comments: Vec<PlacedComment>,
    /// Comments of the post that are not deleted, on all pages.
    pub total: usize,
    /// This page, from 1.
    pub page: usize,
    pub pages: usize,
}

/// Checks the text of a comment.
pub fn body(text: &str) -> Checked<String> {
    let text = crate::domain::text::block(text, MAX_COMMENT)?;
    if crate::domain::text::is_blank(&text) {
        Err("Please write something first.".into())
    } else {
        Ok(text.trim().to_owned())
    }
}
