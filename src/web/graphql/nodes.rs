//! What the nouns have in GraphQL beyond their own fields: texts, conversations, lists of posts.

use crate::domain::post::{Kind, PostCard, PostFilter};
use crate::error::{Error, Result};
use crate::service::{comments, posts};
use crate::web::graphql::connection::{Part, part, window};
use crate::web::graphql::context::{Operation, Reading, operation};
use crate::web::graphql::updates::etag;
use crate::web::wire::comments::Comment;
use crate::web::wire::people::{Author, User};
use crate::web::wire::posts::Post;
use crate::web::wire::site::{Category, Settings, Tag};
use async_graphql::{ComplexObject, Context};

/// A post as a node.
pub fn post(operation: &Operation, reading: &Reading, card: PostCard) -> Post {
    Post::new(card, operation.app().links(), reading.now)
}

/// Part of a list of posts. Whose conversations are asked for is said at once, so that they are read together.
pub fn posts(ctx: &Context<'_>, filter: &PostFilter, first: Option<i32>, after: Option<String>) -> Result<Part<Post>> {
    let window = window(first, after)?;
    let operation = operation(ctx)?;
    let reading = operation.reading()?;
    let slice = posts::slice(operation.app(), &reading.txn, &operation.actor, filter, &window)?;
    let ahead = ctx.look_ahead();
    if ahead.field("edges").field("node").field("comments").exists() || ahead.field("nodes").field("comments").exists()
    {
        let ids: Vec<_> = slice.items.iter().map(|(_, card)| card.head.id).collect();
        reading.together(&ids);
    }
    Ok(part(slice.map(|card| post(operation, &reading, card)), &window))
}

#[ComplexObject]
impl Post {
    /// What it is about.
    async fn category(&self, ctx: &Context<'_>) -> Result<Option<Category>> {
        let links = operation(ctx)?.app().links();
        Ok(self.filed_under.as_ref().map(|category| Category::new(category, links)))
    }

    /// The text as sanitised HTML.
    async fn html(&self, ctx: &Context<'_>) -> Result<String> {
        let operation = operation(ctx)?;
        operation.text(posts::body(operation.app(), &operation.reading()?.txn, &self.head)?.as_str())
    }

    /// The text in Markdown, for those who may see it before it is public.
    async fn source(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let operation = operation(ctx)?;
        let source = posts::source(&operation.reading()?.txn, &operation.actor, &self.head)?;
        operation.text(&source).map(Some)
    }

    /// Comments that are not deleted.
    async fn comment_count(&self) -> usize {
        self.comments
    }

    /// Its conversation in thread order: threads and their comments in the order written.
    async fn comments(&self, ctx: &Context<'_>, first: Option<i32>, after: Option<String>) -> Result<Part<Comment>> {
        let window = window(first, after)?;
        let operation = operation(ctx)?;
        let slice = operation.comments(self.head.id, &window)?;
        let links = operation.app().links();
        Ok(part(slice.map(|placed| Comment::new(placed, &self.head.slug, links)), &window))
    }
}

#[ComplexObject]
impl Comment {
    /// The text as sanitised HTML; empty if it is deleted.
    async fn html(&self, ctx: &Context<'_>) -> Result<String> {
        operation(ctx)?.text(&self.html)
    }

    /// The text in Markdown, for its author and those who moderate; null for others.
    async fn source(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let operation = operation(ctx)?;
        comments::source(&operation.actor, &self.comment).map(|source| operation.text(source)).transpose()
    }

    /// The post it stands under; null for those who may not see that post.
    async fn post(&self, ctx: &Context<'_>) -> Result<Option<Post>> {
        let operation = operation(ctx)?;
        let reading = operation.reading()?;
        let id = self.comment.post;
        let card = match reading.card(id)? {
            Some(card) => Some(card),
            None => {
                match posts::by_id(operation.app(), &reading.txn, &operation.actor, id) {
                    Ok(head) => reading.beside(head),
                    Err(Error::NotFound(_)) => return Ok(None),
                    Err(error) => return Err(error),
                }
                reading.card(id)?
            }
        };
        let card = card.filter(|card| card.head.visible_to(&operation.actor, reading.now));
        Ok(card.map(|card| post(operation, &reading, card)))
    }

    /// Changes whenever the comment does; an update names the one it began from.
    async fn etag(&self) -> String {
        etag(self)
    }
}

/// The public posts of somebody.
fn by(username: &str) -> PostFilter {
    PostFilter { author: Some(username.to_owned()), ..PostFilter::public(Kind::Post) }
}

#[ComplexObject]
impl Author {
    /// Their public posts, the newest first.
    async fn posts(&self, ctx: &Context<'_>, first: Option<i32>, after: Option<String>) -> Result<Part<Post>> {
        posts(ctx, &by(&self.username), first, after)
    }
}

#[ComplexObject]
impl User {
    /// Their public posts, the newest first.
    async fn posts(&self, ctx: &Context<'_>, first: Option<i32>, after: Option<String>) -> Result<Part<Post>> {
        posts(ctx, &by(&self.username), first, after)
    }

    /// Changes whenever the account does; an update names the one it began from.
    async fn etag(&self) -> String {
        etag(self)
    }
}

#[ComplexObject]
impl Category {
    /// Its public posts, the newest first.
    async fn posts(&self, ctx: &Context<'_>, first: Option<i32>, after: Option<String>) -> Result<Part<Post>> {
        let category = Some(self.slug.clone());
        posts(ctx, &PostFilter { category, ..PostFilter::public(Kind::Post) }, first, after)
    }

    /// Changes whenever the category does; an update names the one it began from.
    async fn etag(&self) -> String {
        etag(self)
    }
}

#[ComplexObject]
impl Tag {
    /// Its public posts, the newest first.
    async fn posts(&self, ctx: &Context<'_>, first: Option<i32>, after: Option<String>) -> Result<Part<Post>> {
        let tag = Some(self.slug.clone());
        posts(ctx, &PostFilter { tag, ..PostFilter::public(Kind::Post) }, first, after)
    }
}

#[ComplexObject]
impl Settings {
    /// Changes whenever the settings do; an update names the one it began from.
    async fn etag(&self) -> String {
        etag(self)
    }
}
