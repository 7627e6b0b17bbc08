//! What can be asked for.

use crate::domain::comment::{PlacedComment, RecentComment};
use crate::domain::id::UserId;
use crate::domain::post::{Kind, PostFilter};
use crate::error::{Error, Result};
use crate::service::{auth, categories, comments, media, posts, redirects, settings, tags, tokens, users};
use crate::web::graphql::connection::{Part, part, part_of, window};
use crate::web::graphql::context::operation;
use crate::web::graphql::nodes;
use crate::web::wire::comments::Comment;
use crate::web::wire::media::Media;
use crate::web::wire::people::{Session, Token, User};
use crate::web::wire::posts::{Post, StatusFilter};
use crate::web::wire::site::{Category, Redirect, Settings, Tag};
use async_graphql::{Context, ID, Object};

/// What can be asked for. A list gives 20 items unless `first` says otherwise, and at most 100.
pub struct Query;

#[Object(serial)]
impl Query {
    /// A post by its slug.
    async fn post(&self, ctx: &Context<'_>, slug: String) -> Result<Option<Post>> {
        by_slug(ctx, Kind::Post, &slug)
    }

    /// A page by its slug.
    async fn page(&self, ctx: &Context<'_>, slug: String) -> Result<Option<Post>> {
        by_slug(ctx, Kind::Page, &slug)
    }

    /// Posts: public ones by publication, newest first; others by when they were made.
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the field")]
    async fn posts(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        #[graphql(default)] status: StatusFilter,
        #[graphql(desc = "Slug of a category.")] category: Option<String>,
        #[graphql(desc = "Slug of a tag.")] tag: Option<String>,
        #[graphql(desc = "A user name.")] author: Option<String>,
    ) -> Result<Part<Post>> {
        nodes::posts(ctx, &PostFilter { kind: Kind::Post, state: status.into(), category, tag, author }, first, after)
    }

    /// Pages, newest made first.
    async fn pages(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        #[graphql(default)] status: StatusFilter,
    ) -> Result<Part<Post>> {
        nodes::posts(ctx, &PostFilter { state: status.into(), ..PostFilter::public(Kind::Page) }, first, after)
    }

    /// The comments of all posts, newest first, for those who moderate.
    async fn comments(&self, ctx: &Context<'_>, first: Option<i32>, after: Option<String>) -> Result<Part<Comment>> {
        let window = window(first, after)?;
        let operation = operation(ctx)?;
        let reading = operation.reading()?;
        let slice = comments::recent_slice(operation.app(), &reading.txn, &operation.actor, &window)?;
        operation.hold(slice.items.iter().map(|(_, recent)| recent.comment.texts()).sum())?;
        let links = operation.app().links();
        let show = |recent: RecentComment| {
            let RecentComment { comment, author, post } = recent;
            let comment = Comment::new(PlacedComment::alone(comment, author), &post.slug, links);
            reading.beside(post);
            comment
        };
        Ok(part(slice.map(show), &window))
    }

    /// A category by its slug.
    async fn category(&self, ctx: &Context<'_>, slug: String) -> Result<Option<Category>> {
        let operation = operation(ctx)?;
        let found = or_none(categories::named(&operation.reading()?.txn, &slug))?;
        Ok(found.map(|category| Category::new(&category, operation.app().links())))
    }

    /// Every category, by name.
    async fn categories(&self, ctx: &Context<'_>, first: Option<i32>, after: Option<String>) -> Result<Part<Category>> {
        let window = window(first, after)?;
        let operation = operation(ctx)?;
        let all = categories::all(&operation.reading()?.txn)?;
        let all = all.iter().map(|category| Category::new(category, operation.app().links())).collect();
        part_of(all, &window, "categories", |category: &Category| category.id.as_str())
    }

    /// The tags of public posts, by slug.
    async fn tags(&self, ctx: &Context<'_>, first: Option<i32>, after: Option<String>) -> Result<Part<Tag>> {
        let window = window(first, after)?;
        let operation = operation(ctx)?;
        let all = tags::all(operation.app(), &operation.reading()?.txn)?;
        let all = all.iter().map(|(tag, _)| Tag::new(tag, operation.app().links())).collect();
        part_of(all, &window, "tags", |tag: &Tag| tag.slug.as_str())
    }

    /// A tag by its slug; null if no public post carries it.
    async fn tag(&self, ctx: &Context<'_>, slug: String) -> Result<Option<Tag>> {
        let operation = operation(ctx)?;
        let found = or_none(tags::by_slug(operation.app(), &operation.reading()?.txn, &slug))?;
        Ok(found.map(|(tag, _)| Tag::new(&tag, operation.app().links())))
    }

    /// Uploaded images, newest first, for those who write.
    async fn media(&self, ctx: &Context<'_>, first: Option<i32>, after: Option<String>) -> Result<Part<Media>> {
        let window = window(first, after)?;
        let operation = operation(ctx)?;
        let slice = media::slice(&operation.reading()?.txn, &operation.actor, &window)?;
        Ok(part(slice.map(|media| Media::new(&media, operation.app().links())), &window))
    }

    /// Accounts in the order they came, for administrators.
    async fn users(&self, ctx: &Context<'_>, first: Option<i32>, after: Option<String>) -> Result<Part<User>> {
        let window = window(first, after)?;
        let operation = operation(ctx)?;
        let slice = users::slice(&operation.reading()?.txn, &operation.actor, &window)?;
        Ok(part(slice.map(|user| User::new(&user, operation.app().links())), &window))
    }

    /// An account, for itself and for administrators.
    async fn user(&self, ctx: &Context<'_>, id: ID) -> Result<Option<User>> {
        let operation = operation(ctx)?;
        let Some(id) = UserId::parse(&id) else { return Ok(None) };
        let found = or_none(users::by_id(&operation.reading()?.txn, &operation.actor, id))?;
        Ok(found.map(|user| User::new(&user, operation.app().links())))
    }

    /// Who asks; null: nobody is signed in.
    async fn me(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let operation = operation(ctx)?;
        if operation.actor.is_anonymous() {
            return Ok(None);
        }
        let user = users::me(&operation.reading()?.txn, &operation.actor)?;
        Ok(Some(User::new(&user, operation.app().links())))
    }

    /// Where whoever asks is signed in.
    async fn sessions(&self, ctx: &Context<'_>) -> Result<Vec<Session>> {
        let operation = operation(ctx)?;
        let own = operation.actor.in_session().ok().map(|(_, key)| key);
        let sessions = auth::sessions(operation.app(), &operation.reading()?.txn, &operation.actor)?;
        Ok(sessions.iter().map(|session| Session::new(session, own)).collect())
    }

    /// The API tokens of whoever asks, newest first.
    async fn tokens(&self, ctx: &Context<'_>) -> Result<Vec<Token>> {
        let operation = operation(ctx)?;
        let tokens = tokens::list(&operation.reading()?.txn, &operation.actor)?;
        Ok(tokens.iter().map(Token::new).collect())
    }

    /// The settings of the site, for administrators.
    async fn settings(&self, ctx: &Context<'_>) -> Result<Settings> {
        let operation = operation(ctx)?;
        let settings = settings::editable(&operation.reading()?.txn, &operation.actor)?;
        Ok(Settings::new(&settings, operation.app().links()))
    }

    /// Addresses that content once had, for those who see to it.
    async fn redirects(&self, ctx: &Context<'_>, first: Option<i32>, after: Option<String>) -> Result<Part<Redirect>> {
        let window = window(first, after)?;
        let operation = operation(ctx)?;
        let slice = redirects::slice(operation.app(), &operation.reading()?.txn, &operation.actor, &window)?;
        Ok(part(slice.map(|(path, url)| Redirect { path, url }), &window))
    }
}

fn by_slug(ctx: &Context<'_>, kind: Kind, slug: &str) -> Result<Option<Post>> {
    let operation = operation(ctx)?;
    let reading = operation.reading()?;
    let Some(head) = or_none(posts::visible(operation.app(), &reading.txn, &operation.actor, kind, slug))? else {
        return Ok(None);
    };
    let card = posts::cards(&reading.txn, vec![head])?.pop();
    Ok(card.map(|card| nodes::post(operation, &reading, card)))
}

/// What is not there is null, as usual in GraphQL.
fn or_none<T>(found: Result<T>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
