//! API tokens: making, listing and revoking them, and who one stands for.

use crate::domain::actor::{Actor, Member, Via};
use crate::domain::id::{TokenId, UserId};
use crate::domain::security::SecurityEvent;
use crate::domain::time::Timestamp;
use crate::domain::token::{
    LAST_USED_STEP, MAX_TOKENS_PER_USER, NewToken, PREFIX, Token, TokenKey, TokenScope, ValidToken,
};
use crate::error::{Error, Result};
use crate::service::change::Change;
use crate::service::{App, ReadTxn, random_token, users};
use crate::store;
use crate::store::security_log;
use crate::store::tokens::Use;
use crate::store::{Snapshot, WriteTxn};
use sha2::{Digest, Sha256};

/// A new token: the only time its secret is known.
#[derive(Clone)]
pub struct Issued {
    /// `pamphlet_` and 256 bits in hexadecimal.
    pub secret: String,
    pub token: Token,
}

/// Makes a token for the member who asks, who has to be signed in: a token makes no tokens.
pub fn create(app: &App, actor: &Actor, input: &NewToken) -> Result<Change<Issued>> {
    let (member, _) = actor.in_session()?;
    issue(app, actor, member.id, input.validate()?)
}

/// Makes a token for somebody else: for the command line, which holds the data file.
pub fn create_for(app: &App, actor: &Actor, user: UserId, input: &NewToken) -> Result<Change<Issued>> {
    if *actor != Actor::System {
        return Err(Error::Forbidden);
    }
    issue(app, actor, user, input.validate()?)
}

fn issue(app: &App, actor: &Actor, user: UserId, valid: ValidToken) -> Result<Change<Issued>> {
    let (secret, now, actor) = (new_secret()?, app.now(), actor.clone());
    Ok(Change::new(move |txn| {
        let issued = insert(txn, user, &secret, &valid, now)?;
        note(txn, ("token made", &actor), &issued.token)?;
        Ok(issued)
    }))
}

/// Says in the log what happened to a token.
fn note(txn: &WriteTxn<'_>, (what, actor): (&'static str, &Actor), token: &Token) -> Result<()> {
    let owner = store::users::by_id(txn, token.user)?.map(|user| user.username.to_string()).unwrap_or_default();
    security_log::note(txn, SecurityEvent::new(what, actor, owner).detail(format!("{} ({})", token.name, token.id)));
    Ok(())
}

/// The secret of a token, not yet anybody's.
pub(in crate::service) fn new_secret() -> Result<String> {
    Ok(format!("{PREFIX}{}", random_token::<32>()?))
}

/// Stores a token for `user`.
pub(in crate::service) fn insert(
    txn: &WriteTxn<'_>,
    user: UserId,
    secret: &str,
    valid: &ValidToken,
    now: Timestamp,
) -> Result<Issued> {
    store::users::by_id(txn, user)?.filter(|user| !user.disabled).ok_or(Error::NotFound("account"))?;
    if store::tokens::by_user(txn, user)?.len() >= MAX_TOKENS_PER_USER {
        return Err(Error::Conflict("This account has 50 tokens, which is the most. Please revoke one first."));
    }
    let token = Token {
        id: store::tokens::next_id(txn)?,
        user,
        name: valid.name.clone(),
        scopes: valid.scopes,
        created_at: now,
        expires_at: valid.life.map(|life| now.plus(life)),
        last_used: None,
    };
    store::tokens::insert(txn, &key_of(secret), &token)?;
    Ok(Issued { secret: secret.to_owned(), token })
}

/// The tokens of the member, newest first, expired ones included.
pub fn list(txn: &ReadTxn, actor: &Actor) -> Result<Vec<Token>> {
    let Some(member) = actor.member().filter(|_| actor.can_see_account()) else {
        return Err(actor.refusal(TokenScope::AccountRead));
    };
    let mut tokens: Vec<Token> = store::tokens::by_user(txn, member.id)?.into_iter().map(|(_, token)| token).collect();
    tokens.reverse();
    Ok(tokens)
}

/// The tokens of somebody else, newest first, for administrators.
pub fn list_of(txn: &ReadTxn, actor: &Actor, user: UserId) -> Result<Vec<Token>> {
    users::manages_in_session(actor)?;
    let mut tokens: Vec<Token> = store::tokens::by_user(txn, user)?.into_iter().map(|(_, token)| token).collect();
    tokens.reverse();
    Ok(tokens)
}

/// Revokes one of somebody else's tokens, for administrators.
pub fn revoke_of(actor: &Actor, user: UserId, id: TokenId) -> Result<Change<()>> {
    users::manages_in_session(actor)?;
    Ok(removal(actor.clone(), user, id))
}

/// One of the tokens of the member.
pub fn by_id(txn: &ReadTxn, actor: &Actor, id: TokenId) -> Result<Token> {
    list(txn, actor)?.into_iter().find(|token| token.id == id).ok_or(Error::NotFound("token"))
}

/// Revokes one of the member's tokens, at once. A token may revoke itself and no other.
pub fn revoke(actor: &Actor, id: TokenId) -> Result<Change<()>> {
    let member = actor.member().ok_or(Error::Unauthenticated)?;
    if let Via::Token(own, _) = member.via
        && own != id
    {
        return Err(Error::SessionNeeded);
    }
    Ok(removal(actor.clone(), member.id, id))
}

fn removal(actor: Actor, user: UserId, id: TokenId) -> Change<()> {
    Change::new(move |txn| {
        let (key, token) = store::tokens::by_user(txn, user)?
            .into_iter()
            .find(|(_, token)| token.id == id)
            .ok_or(Error::NotFound("token"))?;
        note(txn, ("token revoked", &actor), &token)?;
        store::tokens::remove(txn, &key, &token)
    })
}

/// Revokes all tokens of an account.
pub(in crate::service) fn remove_all(txn: &WriteTxn<'_>, user: UserId) -> Result<()> {
    let tokens = store::tokens::by_user(txn, user)?;
    tokens.iter().try_for_each(|(key, token)| store::tokens::remove(txn, key, token))
}

/// How many tokens of an account still open something.
pub(in crate::service) fn count_live(txn: &impl Snapshot, user: UserId, now: Timestamp) -> Result<usize> {
    Ok(store::tokens::by_user(txn, user)?.iter().filter(|(_, token)| token.is_live(now)).count())
}

/// Who a token stands for, with the role its owner has now; `None` when it is unknown, revoked,
/// expired or of a disabled account.
pub fn actor(app: &App, secret: &str) -> Result<Option<Actor>> {
    if !is_token(secret) {
        return Ok(None);
    }
    let (key, now, txn) = (key_of(secret), app.now(), app.read()?);
    let Some(token) = store::tokens::by_key(&txn, &key)?.filter(|token| token.is_live(now)) else { return Ok(None) };
    let Some(user) = store::users::by_id(&txn, token.user)?.filter(|user| !user.disabled) else { return Ok(None) };
    if token.last_used.is_none_or(|last| now.since(last) >= LAST_USED_STEP) {
        app.store.note_use(Use { key, at: now });
    }
    Ok(Some(Actor::Member(Member {
        id: user.id,
        username: user.username,
        display_name: user.display_name,
        role: user.role,
        via: Via::Token(token.id, token.scopes),
    })))
}

/// Bytes of a token.
pub const LENGTH: usize = PREFIX.len() + 64;

/// Whether a text has the form of a token.
pub fn is_token(text: &str) -> bool {
    let digits = text.strip_prefix(PREFIX).unwrap_or("");
    digits.len() == LENGTH - PREFIX.len() && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn key_of(secret: &str) -> TokenKey {
    TokenKey(Sha256::digest(secret).into())
}
