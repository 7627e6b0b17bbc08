//! Signing in and out, and who a session's token stands for.

use crate::domain::actor::{Actor, Member, Via};
use crate::domain::id::UserId;
use crate::domain::security::SecurityEvent;
use crate::domain::session::{MAX_SESSIONS_PER_USER, SESSION_LIFETIME, SESSION_RENEWAL, Session, SessionKey};
use crate::domain::token::TokenScope;
use crate::domain::user::{Email, Password, User, Username};
use crate::error::{Error, Result};
use crate::service::change::Change;
use crate::service::devices::Devices;
use crate::service::passwords::Verdict;
use crate::service::payer::Payers;
use crate::service::throttle::Key;
use crate::service::{App, ReadTxn, random_token, users};
use crate::store::security_log;
use crate::store::sessions::Visit;
use crate::store::{self, Snapshot, WriteTxn};
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::time::Duration;

/// How long it takes to be told to come back later.
const REFUSAL: Duration = Duration::from_millis(500);

const MISMATCH: &str = "This name and password do not match. Please try again.";

/// A new session: the only time its token is known.
#[derive(Clone)]
pub struct SignedIn {
    /// 256 bits in hexadecimal; goes into the cookie and nowhere else.
    pub token: String,
    pub user: UserId,
    /// What the browser keeps, so that guesses at the account's password do not lock it out.
    pub device: String,
}

/// The fields of the login form and where they came from.
#[derive(Debug, Clone)]
pub struct Login<'a> {
    /// A user name or an e-mail address.
    pub name: &'a str,
    pub password: &'a str,
    pub address: IpAddr,
    pub user_agent: &'a str,
    /// What the browser keeps of earlier logins.
    pub devices: &'a str,
}

/// Signs somebody in. An unknown name, a wrong password and a disabled account are one and the
/// same error, after the same work.
pub async fn sign_in(app: &App, login: Login<'_>) -> Result<SignedIn> {
    let address = login.address;
    let result = verify_and_start(app, login).await;
    if let Err(Error::RateLimited(_)) = result {
        security_log::write(
            &SecurityEvent::new("login refused, too many attempts", &Actor::Anonymous, "").from(address),
        );
        // Somebody who asks again without pause waits here, where it costs the readers nothing.
        tokio::time::sleep(REFUSAL).await;
    }
    result
}

async fn verify_and_start(app: &App, login: Login<'_>) -> Result<SignedIn> {
    let now = app.now();
    let (user, hash) = {
        let txn = app.read()?;
        let user = find(&txn, login.name)?.filter(|user| !user.disabled);
        let hash = user.as_ref().map(|user| store::users::password(&txn, user.id)).transpose()?.flatten();
        (user, hash)
    };
    let known = user.as_ref().map(|user| user.username.to_string()).unwrap_or_default();
    let tries = tries(app, &login, user.as_ref().map(|user| user.id).zip(hash.as_deref()));
    tries.iter().try_for_each(|key| app.throttle.take(key.clone(), now))?;
    let password = Password::attempt(login.password);
    let payers = Payers::new(&Actor::Anonymous, login.address);
    let verdict = app.passwords.verify(&password, hash.clone(), payers).await?;
    let (Some(user), true) = (user, verdict != Verdict::Wrong) else {
        // The typed name is not logged: it may be a password in the wrong field.
        security_log::write(&SecurityEvent::new("login failed", &Actor::Anonymous, known).from(login.address));
        return Err(Error::field("", MISMATCH));
    };
    tries.iter().for_each(|key| app.throttle.give_back(key));
    let stronger = match verdict {
        Verdict::RightButWeak => Some(app.passwords.hash(&password, payers).await?),
        _ => None,
    };
    let session = NewSession::new(app, login.user_agent)?;
    let event = SecurityEvent::new("logged in", &Actor::Anonymous, &user.username).from(login.address);
    app.store
        .write(move |txn| {
            // What was verified must still be so: the password may have changed meanwhile.
            let current = store::users::by_id(txn, user.id)?.filter(|user| !user.disabled);
            if current.is_none() || store::users::password(txn, user.id)? != hash {
                return Err(Error::field("", MISMATCH));
            }
            if let Some(hash) = &stronger {
                store::users::put_password(txn, user.id, hash)?;
            }
            security_log::note(txn, event.clone());
            start_session(txn, user.id, &session)
        })
        .await
}

/// What a login is counted as. The limit for one name from one network is low, the one from everywhere is high, so that
/// somebody else's guesses rarely lock a member out; a browser that has signed in to the account before has a limit of
/// its own.
fn tries(app: &App, login: &Login<'_>, account: Option<(UserId, &str)>) -> Vec<Key> {
    let device = account.and_then(|(user, hash)| app.devices.recognise(login.devices, user, hash));
    if let Some(device) = device {
        return vec![Key::LoginWith(device)];
    }
    let name = app.throttle.name(login.name);
    vec![Key::login_from(login.address), Key::login(name, login.address), Key::LoginTo(name)]
}

fn find(txn: &impl Snapshot, name: &str) -> Result<Option<User>> {
    if let Ok(email) = Email::parse(name) {
        return store::users::by_email(txn, &email);
    }
    Username::parse_any(name).map_or(Ok(None), |name| store::users::by_username(txn, &name))
}

/// Who a token stands for; `Anonymous` when it is unknown, expired or of a disabled account.
pub fn actor(app: &App, token: &str) -> Result<Actor> {
    if token.len() != 64 {
        return Ok(Actor::Anonymous);
    }
    let key = session_key(token);
    let txn = app.read()?;
    let (now, lifetime) = (app.now(), app.config().session_lifetime);
    let Some(session) = store::sessions::by_key(&txn, &key)?.filter(|session| session.is_live(now, lifetime)) else {
        return Ok(Actor::Anonymous);
    };
    let Some(user) = store::users::by_id(&txn, session.user)?.filter(|user| !user.disabled) else {
        return Ok(Actor::Anonymous);
    };
    if now.since(session.last_seen) >= SESSION_RENEWAL {
        app.store.note_visit(Visit { key, last_seen: now, expires_at: now.plus(SESSION_LIFETIME) });
    }
    Ok(Actor::Member(Member {
        id: user.id,
        username: user.username,
        display_name: user.display_name,
        role: user.role,
        via: Via::Session(key),
    }))
}

/// Ends the session that asks.
pub async fn sign_out(app: &App, actor: &Actor) -> Result<()> {
    let Ok((member, key)) = actor.in_session() else { return Ok(()) };
    let user = member.id;
    app.store.write(move |txn| store::sessions::remove(txn, &key, user)).await
}

/// The live sessions of the member: the one that asks first, then the newest visit first.
pub fn sessions(app: &App, txn: &ReadTxn, actor: &Actor) -> Result<Vec<(SessionKey, Session)>> {
    let Some(member) = actor.member().filter(|_| actor.can_see_account()) else {
        return Err(actor.refusal(TokenScope::AccountRead));
    };
    let mut sessions = live_sessions(app, txn, member.id)?;
    sessions.sort_by_key(|(key, session)| (member.via != Via::Session(*key), std::cmp::Reverse(session.last_seen)));
    Ok(sessions)
}

fn live_sessions(app: &App, txn: &ReadTxn, user: UserId) -> Result<Vec<(SessionKey, Session)>> {
    let (now, lifetime) = (app.now(), app.config().session_lifetime);
    let mut sessions = store::sessions::by_user(txn, user)?;
    sessions.retain(|(_, session)| session.is_live(now, lifetime));
    Ok(sessions)
}

/// The live sessions of somebody else, the newest visit first, for administrators.
pub fn sessions_of(app: &App, txn: &ReadTxn, actor: &Actor, user: UserId) -> Result<Vec<(SessionKey, Session)>> {
    users::manages_in_session(actor)?;
    let mut sessions = live_sessions(app, txn, user)?;
    sessions.sort_by_key(|(_, session)| std::cmp::Reverse(session.last_seen));
    Ok(sessions)
}

/// Ends one of somebody else's sessions, named by `SessionKey::short`, for administrators.
pub fn end_session_of(actor: &Actor, user: UserId, short: &str) -> Result<Change<()>> {
    users::manages_in_session(actor)?;
    let (actor, short) = (actor.clone(), short.to_owned());
    Ok(Change::new(move |txn| {
        let account = store::users::by_id(txn, user)?.ok_or(Error::NotFound("account"))?;
        security_log::note(txn, SecurityEvent::new("session ended", &actor, &account.username));
        remove_named(txn, user, &short)
    }))
}

fn remove_named(txn: &WriteTxn<'_>, user: UserId, short: &str) -> Result<()> {
    let sessions = store::sessions::by_user(txn, user)?;
    let (key, _) = sessions.into_iter().find(|(key, _)| key.short() == short).ok_or(Error::NotFound("session"))?;
    store::sessions::remove(txn, &key, user)
}

/// One of the sessions of the member, named by `SessionKey::short`.
pub fn session(app: &App, txn: &ReadTxn, actor: &Actor, short: &str) -> Result<(SessionKey, Session)> {
    let found = sessions(app, txn, actor)?.into_iter().find(|(key, _)| key.short() == short);
    found.ok_or(Error::NotFound("session"))
}

/// Ends one of the member's sessions, named by `SessionKey::short`.
pub async fn end_session(app: &App, actor: &Actor, short: &str) -> Result<()> {
    let (member, _) = actor.in_session()?;
    let (user, short) = (member.id, short.to_owned());
    app.store.write(move |txn| remove_named(txn, user, &short)).await
}

/// Ends all sessions of the member, the one that asks included.
pub async fn end_all_sessions(app: &App, actor: &Actor) -> Result<()> {
    let (member, _) = actor.in_session()?;
    let user = member.id;
    app.store.write(move |txn| remove_sessions(txn, user, None)).await
}

/// A token and its session, not yet anybody's.
pub(in crate::service) struct NewSession {
    token: String,
    session: Session,
    /// The browser's own number.
    nonce: String,
    devices: Devices,
}

impl NewSession {
    pub(in crate::service) fn new(app: &App, user_agent: &str) -> Result<NewSession> {
        let now = app.now();
        let user_agent: String = user_agent.chars().filter(|c| !c.is_control()).take(200).collect();
        let session = Session {
            user: UserId(0),
            created_at: now,
            last_seen: now,
            expires_at: now.plus(SESSION_LIFETIME),
            user_agent,
        };
        let (token, nonce) = (random_token::<32>()?, random_token::<16>()?);
        Ok(NewSession { token, session, nonce, devices: app.devices.clone() })
    }
}

/// Stores a session for `user` and ends the oldest ones beyond the limit.
pub(in crate::service) fn start_session(
    txn: &WriteTxn<'_>,
    user: UserId,
    NewSession { token, session, nonce, devices }: &NewSession,
) -> Result<SignedIn> {
    let mut others = store::sessions::by_user(txn, user)?;
    others.sort_by_key(|(_, session)| std::cmp::Reverse(session.last_seen));
    for (key, _) in others.iter().skip(MAX_SESSIONS_PER_USER - 1) {
        store::sessions::remove(txn, key, user)?;
    }
    store::sessions::insert(txn, &session_key(token), &Session { user, ..session.clone() })?;
    let hash = store::users::password(txn, user)?.unwrap_or_default();
    Ok(SignedIn { token: token.to_owned(), user, device: devices.sign(user, nonce, &hash) })
}

/// Ends the sessions of `user`, all or all but one.
pub(in crate::service) fn remove_sessions(txn: &WriteTxn<'_>, user: UserId, but: Option<SessionKey>) -> Result<()> {
    for (key, _) in store::sessions::by_user(txn, user)? {
        if Some(key) != but {
            store::sessions::remove(txn, &key, user)?;
        }
    }
    Ok(())
}

fn session_key(token: &str) -> SessionKey {
    SessionKey(Sha256::digest(token).into())
}
