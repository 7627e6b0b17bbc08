//! The first administrator: whoever holds the secret link printed at start.

use crate::domain::actor::{Actor, Role};
use crate::domain::security::SecurityEvent;
use crate::domain::settings::{self, Settings};
use crate::domain::text;
use crate::domain::user::{NewUser, Username};
use crate::error::{Error, FieldErrors, Result};
use crate::service::auth::{self, SignedIn};
use crate::service::payer::Payers;
use crate::service::users::{self, Door};
use crate::service::{App, ReadTxn, random_token};
use crate::store::{self, Store, security_log};
use sha2::{Digest, Sha256};

/// The secret of the set-up link, if there is a link.
pub struct Secret(Option<String>);

impl Secret {
    pub(crate) fn for_store(store: &Store) -> Result<Secret> {
        let needed = store::users::administrators(&store.read()?)?.is_empty();
        Ok(Secret(if needed { Some(random_token::<16>()?) } else { None }))
    }

    /// Compares digests, so that the time taken tells nothing of the secret.
    fn matches(&self, given: &str) -> bool {
        self.0.as_ref().is_some_and(|secret| Sha256::digest(secret) == Sha256::digest(given))
    }
}

/// The fields of the set-up form, as typed.
#[derive(Debug, Clone, Default)]
pub struct SetupInput {
    pub title: String,
    pub time_zone: String,
    pub user: NewUser,
}

/// Whether nobody can administer the blog yet.
pub fn is_needed(txn: &ReadTxn) -> Result<bool> {
    Ok(store::users::administrators(txn)?.is_empty())
}

/// Path and query of the set-up link below the base path, while it is needed.
pub fn link(app: &App) -> Result<Option<String>> {
    let needed = is_needed(&app.read()?)?;
    Ok(app.setup.0.as_ref().filter(|_| needed).map(|secret| format!("/setup?key={secret}")))
}

/// Whether `key` opens the set-up form now. `NotFound` once there is an administrator,
/// `Forbidden` with a wrong key.
pub fn check_key(app: &App, txn: &ReadTxn, key: &str) -> Result<()> {
    if !is_needed(txn)? {
        return Err(Error::NotFound("page"));
    }
    if app.setup.matches(key) { Ok(()) } else { Err(Error::Forbidden) }
}

/// Names the site, makes its first administrator and signs them in.
pub async fn run(app: &App, key: &str, input: &SetupInput, user_agent: &str) -> Result<SignedIn> {
    check_key(app, &app.read()?, key)?;
    let mut errors = FieldErrors::new();
    let title = errors.check("title", text::line(&input.title, 100));
    let time_zone = errors.check("time_zone", settings::time_zone(&input.time_zone));
    let user = match input.user.validate(Username::parse_any) {
        Ok(user) => Some(user),
        Err(Error::Invalid(fields)) => {
            fields.into_iter().for_each(|field| errors.add(field.field, field.message));
            None
        }
        Err(error) => return Err(error),
    };
    errors.finish()?;
    let (Some(title), Some(time_zone), Some(user)) = (title, time_zone, user) else {
        return Err(Error::internal("no field at fault"));
    };
    let hash = app.passwords.hash(&user.password, Payers::default()).await?;
    let now = app.now();
    let session = auth::NewSession::new(app, user_agent)?;
    app.store
        .write(move |txn| {
            if !store::users::administrators(txn)?.is_empty() {
                return Err(Error::NotFound("page"));
            }
            let stored = store::settings::settings(txn)?.unwrap_or_default();
            let site = Settings { title: title.clone(), time_zone: time_zone.clone(), ..stored };
            store::settings::put_settings(txn, &site)?;
            let user = users::join(txn, Door::Setup, &user, Role::Administrator, Some(&hash), now)?;
            let event = SecurityEvent::new("account made", &Actor::Anonymous, &user.username);
            security_log::note(txn, event.detail(user.role.as_str()));
            auth::start_session(txn, user.id, &session)
        })
        .await
}
