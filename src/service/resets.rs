//! New passwords for people who lost theirs: set by an administrator, or chosen behind a link that works once.

use crate::domain::actor::{Actor, Role};
use crate::domain::id::UserId;
use crate::domain::reset::{RESET_LIFETIME, Reset, parse_token};
use crate::domain::security::SecurityEvent;
use crate::domain::session::SessionKey;
use crate::domain::time::Timestamp;
use crate::domain::token::TokenScope;
use crate::domain::user::{Password, User};
use crate::error::{Error, Result};
use crate::service::auth::{self, SignedIn};
use crate::service::change::Change;
use crate::service::payer::Payers;
use crate::service::{App, ReadTxn, random_token, tokens, users};
use crate::store::{self, Snapshot, WriteTxn, security_log};
use sha2::{Digest, Sha256};
use std::net::IpAddr;

/// What stays good when an account gets a new password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// The session that asks.
    pub session: Option<SessionKey>,
    pub tokens: bool,
}

impl Keep {
    /// No session, and the API tokens if somebody wants to keep them.
    pub fn tokens(tokens: bool) -> Keep {
        Keep { session: None, tokens }
    }
}

/// The form behind a link, and where it came from.
#[derive(Debug, Clone, Copy)]
pub struct Choice<'a> {
    pub password: &'a str,
    pub keep_tokens: bool,
    pub address: IpAddr,
    pub user_agent: &'a str,
}

/// A new link: the only time its token is known.
#[derive(Clone)]
pub struct Issued {
    /// The account's number and 256 bits in hexadecimal.
    pub token: String,
    pub expires_at: Timestamp,
}

/// Makes a link with which an account gets a new password. An earlier link stops working.
///
/// An API token may not make one for an administrator: whoever has it could sign in as that and do what no token may.
pub fn issue(app: &App, actor: &Actor, user: UserId) -> Result<Change<Issued>> {
    if !actor.can_manage_users() {
        return Err(actor.refusal(TokenScope::UsersWrite));
    }
    let may_give_all = users::may_give_all(actor);
    let (secret, now, actor) = (random_token::<32>()?, app.now(), actor.clone());
    Ok(Change::new(move |txn| {
        let found = store::users::by_id(txn, user)?.ok_or(Error::NotFound("account"))?;
        if found.disabled {
            return Err(Error::Conflict("This account is disabled. Please enable it first."));
        }
        if found.role == Role::Administrator && !may_give_all {
            return Err(Error::SessionNeeded);
        }
        let reset = Reset { key: key_of(&secret), created_at: now, expires_at: now.plus(RESET_LIFETIME) };
        store::resets::put(txn, user, &reset)?;
        security_log::note(txn, SecurityEvent::new("reset link made", &actor, &found.username));
        Ok(Issued { token: format!("{user}-{secret}"), expires_at: reset.expires_at })
    }))
}

/// The account that the link with this token is for. `NotFound` if the link is unknown, used or too old.
fn account(txn: &impl Snapshot, token: &str, now: Timestamp) -> Result<User> {
    const UNKNOWN: Error = Error::NotFound("link");
    let (user, secret) = parse_token(token).ok_or(UNKNOWN)?;
    let reset = store::resets::by_user(txn, user)?.filter(|reset| reset.is_live(now)).ok_or(UNKNOWN)?;
    if reset.key != key_of(secret) {
        return Err(UNKNOWN);
    }
    store::users::by_id(txn, user)?.filter(|user| !user.disabled).ok_or(UNKNOWN)
}

/// What the page behind a link shows: the account, and how many API tokens it has.
pub fn opened(app: &App, txn: &ReadTxn, token: &str) -> Result<(User, usize)> {
    let user = account(txn, token, app.now())?;
    let tokens = tokens::count_live(txn, user.id, app.now())?;
    Ok((user, tokens))
}

/// Gives the account of a link the password that was chosen, and signs it in.
pub async fn redeem(app: &App, token: &str, choice: Choice<'_>) -> Result<SignedIn> {
    let now = app.now();
    account(&app.read()?, token, now)?;
    let new = Password::parse(choice.password).map_err(|message| Error::field("password", message))?;
    let hash = app.passwords.hash(&new, Payers::new(&Actor::Anonymous, choice.address)).await?;
    let session = auth::NewSession::new(app, choice.user_agent)?;
    let (token, keep, address) = (token.to_owned(), Keep::tokens(choice.keep_tokens), choice.address);
    app.store
        .write(move |txn| {
            // Two may hold the link: the first to send the form has it.
            let user = account(txn, &token, now)?;
            put_password(txn, user.id, &hash, keep)?;
            let event = SecurityEvent::new("password reset by link", &Actor::Anonymous, &user.username);
            security_log::note(txn, event.from(address));
            auth::start_session(txn, user.id, &session)
        })
        .await
}

/// Gives somebody a new password and signs them out everywhere.
pub async fn set_password(app: &App, actor: &Actor, id: UserId, new: &str, keep_tokens: bool) -> Result<Change<()>> {
    if *actor != Actor::System {
        // A stolen token must not become an account.
        actor.in_session()?;
    }
    if !actor.can_manage_users() {
        return Err(actor.refusal(TokenScope::UsersWrite));
    }
    let new = Password::parse(new).map_err(|message| Error::field("password", message))?;
    let hash = app.passwords.hash(&new, Payers::member(actor)).await?;
    let actor = actor.clone();
    Ok(Change::new(move |txn| {
        let user = store::users::by_id(txn, id)?.ok_or(Error::NotFound("account"))?;
        security_log::note(txn, SecurityEvent::new("password set", &actor, &user.username));
        put_password(txn, id, &hash, Keep::tokens(keep_tokens))
    }))
}

/// Replaces a password, and ends what the old one had opened except for what is to be kept.
pub(in crate::service) fn put_password(txn: &WriteTxn<'_>, user: UserId, hash: &str, keep: Keep) -> Result<()> {
    store::users::put_password(txn, user, hash)?;
    store::resets::remove(txn, user)?;
    auth::remove_sessions(txn, user, keep.session)?;
    if !keep.tokens {
        tokens::remove_all(txn, user)?;
    }
    Ok(())
}

fn key_of(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.to_ascii_lowercase()).into()
}
