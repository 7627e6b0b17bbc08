//! Accounts: those of others, and one's own with its sessions and tokens.

use crate::domain::id::{TokenId, UserId};
use crate::domain::user;
use crate::error::{Error, Result};
use crate::service::change::{Change, Seen};
use crate::service::users::NewPassword;
use crate::service::{auth, resets, tokens, users};
use crate::web::graphql::context::{Operation, operation};
use crate::web::graphql::payload::{
    DeletePayload, DonePayload, Issued, ResetLinkPayload, TokenPayload, UserPayload, settle,
};
use crate::web::graphql::updates::{check, overlaid};
use crate::web::wire::people::{ProfileInput, ResetLink, Token, TokenInput, User, UserInput, UserPatch};
use async_graphql::{Context, ID, Object};

#[derive(Default)]
pub struct PeopleMutation;

#[Object]
impl PeopleMutation {
    /// Makes an account for somebody else, as administrators may. No token may make an administrator.
    async fn create_user(&self, ctx: &Context<'_>, input: UserInput) -> Result<UserPayload> {
        let operation = operation(ctx)?;
        let role = input.role.into();
        let change = users::add(operation.app(), &operation.actor, &input.into(), role).await;
        settle(operation, written(operation, change).await)
    }

    /// Changes what an account may do. What `input` leaves out stays as it is. The last administrator stays one. No
    /// token may make an administrator.
    async fn update_user(
        &self,
        ctx: &Context<'_>,
        id: ID,
        #[graphql(desc = "The etag that the change began from.")] etag: String,
        // Read as it was sent, in `set_access`.
        #[graphql(name = "input")] _input: UserPatch,
    ) -> Result<UserPayload> {
        settle(operation(ctx)?, set_access(ctx, &id, &etag).await)
    }

    /// Gives somebody a new password, signs them out everywhere and revokes their API tokens unless `keepTokens` says
    /// otherwise. Wants a session.
    async fn set_password(
        &self,
        ctx: &Context<'_>,
        id: ID,
        password: String,
        #[graphql(default)] keep_tokens: bool,
    ) -> Result<DonePayload> {
        let operation = operation(ctx)?;
        let (app, id) = (operation.app(), number(&id)?);
        let change = resets::set_password(app, &operation.actor, id, &password, keep_tokens).await;
        settle(operation, operation.commit(change).await.map(|()| true))
    }

    /// Makes a link with which an account gets a new password, once and within a day. It takes the place of an earlier
    /// one. No token may make one for an administrator.
    async fn create_reset_link(&self, ctx: &Context<'_>, id: ID) -> Result<ResetLinkPayload> {
        let operation = operation(ctx)?;
        let issued = operation.commit(resets::issue(operation.app(), &operation.actor, number(&id)?)).await;
        settle(operation, issued.map(|issued| ResetLink::new(&issued, operation.app().links())))
    }

    /// Changes what one's account says of itself. What `input` leaves out stays as it is.
    async fn update_profile(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The etag that the change began from.")] etag: String,
        input: ProfileInput,
    ) -> Result<UserPayload> {
        drop(input);
        settle(operation(ctx)?, update_profile(ctx, &etag).await)
    }

    /// Changes one's password, which ends all other sessions. Wants a session.
    async fn change_password(
        &self,
        ctx: &Context<'_>,
        current: String,
        new: String,
        #[graphql(default, desc = "Whether one's API tokens end, too.")] revoke_tokens: bool,
    ) -> Result<DonePayload> {
        let operation = operation(ctx)?;
        operation.look_again();
        let wish = NewPassword { current: &current, new: &new, revoke_tokens, payers: operation.payers };
        let changed = users::change_password(operation.app(), &operation.actor, wish).await;
        settle(operation, changed.map(|()| true))
    }

    /// Ends one of one's sessions. Wants a session.
    async fn end_session(&self, ctx: &Context<'_>, id: ID) -> Result<DeletePayload> {
        let operation = operation(ctx)?;
        operation.look_again();
        let ended = auth::end_session(operation.app(), &operation.actor, &id).await;
        settle(operation, ended.map(|()| id))
    }

    /// Ends all of one's sessions, the one that asks included. Wants a session.
    async fn end_all_sessions(&self, ctx: &Context<'_>) -> Result<DonePayload> {
        let operation = operation(ctx)?;
        operation.look_again();
        let ended = auth::end_all_sessions(operation.app(), &operation.actor).await;
        settle(operation, ended.map(|()| true))
    }

    /// Makes an API token. Wants a session: a token makes no tokens.
    async fn create_token(&self, ctx: &Context<'_>, input: TokenInput) -> Result<TokenPayload> {
        let operation = operation(ctx)?;
        let change = tokens::create(operation.app(), &operation.actor, &input.into());
        let issued = operation.commit(change).await;
        let issued = issued.map(|issued| Issued { token: Token::new(&issued.token), secret: issued.secret });
        settle(operation, issued)
    }

    /// Revokes one of one's API tokens, at once. A token may revoke itself and no other.
    async fn revoke_token(&self, ctx: &Context<'_>, id: ID) -> Result<DeletePayload> {
        let operation = operation(ctx)?;
        let token = TokenId::parse(&id).ok_or(Error::NotFound("token"))?;
        let revoked = operation.commit(tokens::revoke(&operation.actor, token)).await;
        settle(operation, revoked.map(|()| id))
    }
}

fn number(id: &str) -> Result<UserId> {
    UserId::parse(id).ok_or(Error::NotFound("account"))
}

/// `Stale` unless `etag` names the account, as it is or as whoever asks may see it.
fn check_user(operation: &Operation, user: &user::User, etag: &str) -> Result<()> {
    let links = operation.app().links();
    let seen = users::without_email(&operation.actor, user.clone());
    check(&User::new(user, links), etag).or_else(|_| check(&User::new(&seen, links), etag))
}

/// The account as it is, if it is what somebody saw.
fn seen(operation: &Operation, id: UserId, etag: &str) -> Result<user::User> {
    let current = users::changeable(&operation.reading()?.txn, &operation.actor, id)?;
    check_user(operation, &current, etag)?;
    Ok(current)
}

async fn set_access(ctx: &Context<'_>, id: &str, etag: &str) -> Result<User> {
    let (operation, id) = (operation(ctx)?, number(id)?);
    let current = seen(operation, id, etag)?;
    let input = overlaid(ctx, &UserPatch { role: current.role.into(), disabled: current.disabled })?;
    let change = users::set_access(&operation.actor, id, input.role.into(), input.disabled)?;
    written(operation, Ok(change.if_still(Seen::User(Box::new(current))))).await
}

async fn update_profile(ctx: &Context<'_>, etag: &str) -> Result<User> {
    let operation = operation(ctx)?;
    let current = users::own(&operation.reading()?.txn, &operation.actor)?;
    check_user(operation, &current, etag)?;
    let input = overlaid(ctx, &ProfileInput::of(&current))?;
    let change = users::update_profile(&operation.actor, &input.into());
    written(operation, change.map(|change| change.if_still(Seen::User(Box::new(current))))).await
}

async fn written(operation: &Operation, change: Result<Change<user::User>>) -> Result<User> {
    let user = users::without_email(&operation.actor, operation.commit(change).await?);
    Ok(User::new(&user, operation.app().links()))
}
