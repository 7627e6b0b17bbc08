//! Accounts: the one gate by which they come, and what they and administrators change of them.

use crate::domain::actor::{Actor, Role};
use crate::domain::id::UserId;
use crate::domain::paging::{Cursor, Page, Slice, Window};
use crate::domain::security::SecurityEvent;
use crate::domain::time::Timestamp;
use crate::domain::token::TokenScope;
use crate::domain::user::{NewUser, Password, ProfilePatch, User, Username, ValidNewUser};
use crate::error::{Error, Result};
use crate::service::auth::{self, SignedIn};
use crate::service::change::Change;
use crate::service::passwords::Verdict;
use crate::service::payer::Payers;
use crate::service::resets::{self, Keep};
use crate::service::staff_names;
use crate::service::throttle::Key;
use crate::service::{App, ReadTxn, tokens};
use crate::store::{self, WriteTxn, security_log};
use std::net::IpAddr;

/// The name of the list in cursors.
const LIST: &str = "users";
/// Accounts on a page of the list.
pub const PER_PAGE: usize = 100;

const LAST_ADMINISTRATOR: &str = "This is the last administrator. Please make somebody else an administrator first.";

/// How somebody comes to have an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// A visitor, by the sign-up form or an API: only while sign-up is open.
    SignUp,
    /// The holder of the set-up link.
    Setup,
    /// An administrator or the command line.
    Invitation,
    /// An author credited by imported content; cannot sign in.
    Import,
}

/// The one gate: every new account passes here.
pub(in crate::service) fn join(
    txn: &WriteTxn<'_>,
    door: Door,
    new: &ValidNewUser,
    role: Role,
    hash: Option<&str>,
    now: Timestamp,
) -> Result<User> {
    let open = store::settings::settings(txn)?.is_none_or(|settings| settings.signup_open);
    if door == Door::SignUp && (!open || store::users::administrators(txn)?.is_empty()) {
        return Err(Error::Conflict("Sign-up is closed on this site."));
    }
    // Imported names are credited as the blog's owner has them; a name that is taken is refused below.
    if door != Door::Import && store::users::by_skeleton(txn, &new.username)?.is_none() {
        staff_names::check(txn, "username", new.username.as_str(), role)?;
    }
    let user = User {
        id: store::users::next_id(txn)?,
        username: new.username.clone(),
        display_name: new.display_name.clone(),
        email: new.email.clone(),
        bio: String::new(),
        role: if door == Door::SignUp { Role::Reader } else { role },
        disabled: door == Door::Import,
        created_at: now,
    };
    store::users::insert(txn, &user)?;
    if let Some(hash) = hash {
        store::users::put_password(txn, user.id, hash)?;
    }
    Ok(user)
}

/// Makes a reader's account and signs it in.
pub async fn sign_up(app: &App, input: &NewUser, address: IpAddr, user_agent: &str) -> Result<SignedIn> {
    let now = app.now();
    let new = input.validate(Username::parse)?;
    app.throttle.take(Key::sign_up_from(address), now)?;
    if !is_sign_up_open(&app.read()?)? {
        return Err(Error::Conflict("Sign-up is closed on this site."));
    }
    let hash = app.passwords.hash(&new.password, Payers::new(&Actor::Anonymous, address)).await?;
    let session = auth::NewSession::new(app, user_agent)?;
    app.store
        .write(move |txn| {
            let user = join(txn, Door::SignUp, &new, Role::Reader, Some(&hash), now)?;
            security_log::note(txn, SecurityEvent::new("signed up", &Actor::Anonymous, &user.username).from(address));
            auth::start_session(txn, user.id, &session)
        })
        .await
}

/// Whether visitors may make accounts now.
pub fn is_sign_up_open(txn: &ReadTxn) -> Result<bool> {
    Ok(crate::service::settings::current(txn)?.signup_open && !store::users::administrators(txn)?.is_empty())
}

/// An account for somebody else, checked as far as that costs nothing.
pub fn check(actor: &Actor, input: &NewUser, role: Role) -> Result<ValidNewUser> {
    if !actor.can_manage_users() {
        return Err(actor.refusal(TokenScope::UsersWrite));
    }
    if role == Role::Administrator && !may_give_all(actor) {
        return Err(Error::SessionNeeded);
    }
    input.validate(Username::parse_any)
}

/// Makes an account for somebody else.
pub async fn add(app: &App, actor: &Actor, input: &NewUser, role: Role) -> Result<Change<User>> {
    let new = check(actor, input, role)?;
    let hash = app.passwords.hash(&new.password, Payers::member(actor)).await?;
    let (now, actor) = (app.now(), actor.clone());
    Ok(Change::new(move |txn| {
        let user = join(txn, Door::Invitation, &new, role, Some(&hash), now)?;
        security_log::note(txn, SecurityEvent::new("account made", &actor, &user.username).detail(role.as_str()));
        Ok(user)
    }))
}

/// Whether somebody may see to what opens the accounts of others: an administrator who is signed in. No token may, or
/// whoever stole one could lock everybody out.
pub(in crate::service) fn manages_in_session(actor: &Actor) -> Result<()> {
    actor.in_session()?;
    if actor.can_manage_users() { Ok(()) } else { Err(actor.refusal(TokenScope::UsersWrite)) }
}

/// Whether somebody may make an administrator: with a token one could sign in as that and do what no
/// token may.
pub(in crate::service) fn may_give_all(actor: &Actor) -> bool {
    *actor == Actor::System || actor.in_session().is_ok()
}

/// Page `number` of all accounts, in the order they came.
pub fn list(txn: &ReadTxn, actor: &Actor, number: usize) -> Result<Page<User>> {
    if !actor.can_list_users() {
        return Err(actor.refusal(TokenScope::UsersRead));
    }
    let total = usize::try_from(store::users::count(txn)?).unwrap_or(usize::MAX);
    let items = store::users::list(txn, (number - 1) * PER_PAGE, PER_PAGE)?;
    Ok(Page { items, number, per_page: PER_PAGE, total })
}

/// Part of the list of all accounts, in the order they came.
pub fn slice(txn: &ReadTxn, actor: &Actor, window: &Window) -> Result<Slice<User>> {
    if !actor.can_list_users() {
        return Err(actor.refusal(TokenScope::UsersRead));
    }
    let after = window.after(LIST, UserId::parse)?.unwrap_or(UserId(0));
    let users = store::users::after(txn, after, window.limit + 1)?;
    Ok(Slice::of(users, window.limit, |user| Cursor::new(LIST, user.id)))
}

/// One account, for itself or for an administrator.
pub fn by_id(txn: &ReadTxn, actor: &Actor, id: UserId) -> Result<User> {
    let own = actor.user_id() == Some(id) && actor.can_see_account();
    if !own && !actor.can_list_users() && !actor.can_manage_users() {
        return Err(Error::NotFound("account"));
    }
    let user = store::users::by_id(txn, id)?.ok_or(Error::NotFound("account"))?;
    Ok(without_email(actor, user))
}

/// The account as `actor` may see it: its e-mail address is for itself and for those who may list accounts.
pub fn without_email(actor: &Actor, user: User) -> User {
    let own = actor.user_id() == Some(user.id) && actor.can_see_account();
    if own || actor.can_list_users() { user } else { User { email: None, ..user } }
}

/// An account, for whoever may change it.
pub fn changeable(txn: &ReadTxn, actor: &Actor, id: UserId) -> Result<User> {
    if !actor.can_manage_users() {
        return Err(actor.refusal(TokenScope::UsersWrite));
    }
    store::users::by_id(txn, id)?.ok_or(Error::NotFound("account"))
}

/// The account of whoever asks.
pub fn me(txn: &ReadTxn, actor: &Actor) -> Result<User> {
    let Some(id) = actor.user_id().filter(|_| actor.can_see_account()) else {
        return Err(actor.refusal(TokenScope::AccountRead));
    };
    store::users::by_id(txn, id)?.ok_or(Error::Unauthenticated)
}

/// The account of whoever asks, to change its profile.
pub fn own(txn: &ReadTxn, actor: &Actor) -> Result<User> {
    let Some(id) = actor.user_id().filter(|_| actor.can_edit_profile()) else {
        return Err(actor.refusal(TokenScope::AccountWrite));
    };
    store::users::by_id(txn, id)?.ok_or(Error::Unauthenticated)
}

/// One account by its name, for whoever changes what accounts may do.
pub fn manageable(txn: &ReadTxn, actor: &Actor, name: &str) -> Result<User> {
    if !actor.can_manage_users() {
        return Err(actor.refusal(TokenScope::UsersWrite));
    }
    let name = Username::parse_any(name).map_err(|_| Error::NotFound("account"))?;
    store::users::by_username(txn, &name)?.ok_or(Error::NotFound("account"))
}

/// One account, for an administrator.
pub fn managed(txn: &ReadTxn, actor: &Actor, id: UserId) -> Result<User> {
    if !actor.can_list_users() {
        return Err(actor.refusal(TokenScope::UsersRead));
    }
    by_id(txn, actor, id)
}

/// One account by its name, for an administrator and the command line.
pub fn by_username(txn: &ReadTxn, actor: &Actor, name: &str) -> Result<User> {
    if !actor.can_list_users() {
        return Err(actor.refusal(TokenScope::UsersRead));
    }
    let name = Username::parse_any(name).map_err(|_| Error::NotFound("account"))?;
    store::users::by_username(txn, &name)?.ok_or(Error::NotFound("account"))
}

/// Changes what an account says of itself.
pub fn update_profile(actor: &Actor, patch: &ProfilePatch) -> Result<Change<User>> {
    let Some(id) = actor.user_id().filter(|_| actor.can_edit_profile()) else {
        return Err(actor.refusal(TokenScope::AccountWrite));
    };
    let profile = patch.validate()?;
    Ok(Change::new(move |txn| {
        let old = store::users::by_id(txn, id)?.ok_or(Error::Unauthenticated)?;
        let profile = profile.clone();
        if profile.display_name != old.display_name {
            staff_names::check(txn, "display_name", &profile.display_name, old.role)?;
        }
        let new = User { display_name: profile.display_name, email: profile.email, bio: profile.bio, ..old.clone() };
        if new != old {
            store::users::replace(txn, &old, &new)?;
        }
        Ok(new)
    }))
}

/// A member's wish for another password, and whom its hashes are charged to.
#[derive(Debug, Clone, Copy)]
pub struct NewPassword<'a> {
    pub current: &'a str,
    pub new: &'a str,
    /// Whether the member's API tokens end, too.
    pub revoke_tokens: bool,
    pub payers: Payers,
}

/// Changes the member's password, which ends all their other sessions.
pub async fn change_password(app: &App, actor: &Actor, wish: NewPassword<'_>) -> Result<()> {
    let (member, session) = actor.in_session()?;
    let (member, payers) = (member.clone(), wish.payers);
    let new = Password::parse(wish.new).map_err(|message| Error::field("new_password", message))?;
    // A stolen session must not become a way to guess the password.
    app.throttle.take(Key::PasswordChange(member.id), app.now())?;
    let hash = store::users::password(&app.read()?, member.id)?;
    if app.passwords.verify(&Password::attempt(wish.current), hash.clone(), payers).await? == Verdict::Wrong {
        return Err(Error::field("current_password", "This is not your current password."));
    }
    let new_hash = app.passwords.hash(&new, payers).await?;
    let keep = Keep { session: Some(session), tokens: !wish.revoke_tokens };
    let event = SecurityEvent::new("password changed", actor, &member.username);
    app.store
        .write(move |txn| {
            if store::users::password(txn, member.id)? != hash {
                return Err(Error::Conflict("The password was changed meanwhile. Please try again."));
            }
            security_log::note(txn, event.clone());
            resets::put_password(txn, member.id, &new_hash, keep)
        })
        .await
}

/// Changes what an account may do. The last administrator stays one.
pub fn set_role(actor: &Actor, id: UserId, role: Role) -> Result<Change<User>> {
    change(actor, id, move |user| User { role, ..user })
}

/// Disables an account, which signs it out everywhere and revokes its API tokens, or enables it again.
pub fn set_disabled(actor: &Actor, id: UserId, disabled: bool) -> Result<Change<User>> {
    change(actor, id, move |user| User { disabled, ..user })
}

/// Changes both at once, as the form under `/admin` does.
pub fn set_access(actor: &Actor, id: UserId, role: Role, disabled: bool) -> Result<Change<User>> {
    change(actor, id, move |user| User { role, disabled, ..user })
}

fn change(actor: &Actor, id: UserId, edit: impl Fn(User) -> User + Send + 'static) -> Result<Change<User>> {
    if !actor.can_manage_users() {
        return Err(actor.refusal(TokenScope::UsersWrite));
    }
    let (may_give_all, actor) = (may_give_all(actor), actor.clone());
    Ok(Change::new(move |txn| {
        let old = store::users::by_id(txn, id)?.ok_or(Error::NotFound("account"))?;
        let new = edit(old.clone());
        if new.role == Role::Administrator && old.role != Role::Administrator && !may_give_all {
            return Err(Error::SessionNeeded);
        }
        let stays = new.role == Role::Administrator && !new.disabled;
        if !stays && store::users::administrators(txn)? == [id] {
            return Err(Error::Conflict(LAST_ADMINISTRATOR));
        }
        if new.disabled {
            auth::remove_sessions(txn, id, None)?;
            tokens::remove_all(txn, id)?;
        }
        if new != old {
            note_access(txn, &actor, &old, &new);
            store::users::replace(txn, &old, &new)?;
        }
        Ok(new)
    }))
}

/// Says in the log what became of what an account may do.
fn note_access(txn: &WriteTxn<'_>, actor: &Actor, old: &User, new: &User) {
    let event = |what| SecurityEvent::new(what, actor, &new.username);
    if old.role != new.role {
        let roles = format!("{} to {}", old.role.as_str(), new.role.as_str());
        security_log::note(txn, event("role changed").detail(roles));
    }
    if old.disabled != new.disabled {
        security_log::note(txn, event(if new.disabled { "account disabled" } else { "account enabled" }));
    }
}
