//! Reading and changing the site's settings.

use crate::domain::actor::Actor;
use crate::domain::media::Picture;
use crate::domain::settings::{Settings, SettingsPatch};
use crate::domain::token::TokenScope;
use crate::error::{Checked, FieldErrors, Result};
use crate::service::change::Change;
use crate::service::{App, ReadTxn, media};
use crate::store;
use std::sync::Arc;

/// What to do with the logo when settings are saved.
#[derive(Debug, Clone)]
pub enum LogoChange {
    Keep,
    Remove,
    /// An image that was uploaded before, by its id.
    Use(String),
    /// A new image: its file name and its bytes.
    Upload(String, Vec<u8>),
}

/// The settings in force. Before set-up nobody can sign up.
pub fn current(txn: &ReadTxn) -> Result<Arc<Settings>> {
    let stored = store::settings::kept(txn)?;
    Ok(stored.unwrap_or_else(|| Arc::new(Settings { signup_open: false, ..Settings::default() })))
}

/// The settings in force, for somebody who may change them.
pub fn editable(txn: &ReadTxn, actor: &Actor) -> Result<Settings> {
    if !actor.can_see_settings() {
        return Err(actor.refusal(TokenScope::SettingsRead));
    }
    Ok(current(txn)?.as_ref().clone())
}

/// The settings in force, for somebody who changes them.
pub fn changeable(txn: &ReadTxn, actor: &Actor) -> Result<Settings> {
    if actor.can_change_settings() {
        Ok(current(txn)?.as_ref().clone())
    } else {
        Err(actor.refusal(TokenScope::SettingsWrite))
    }
}

/// Changes the settings.
pub async fn update(app: &App, actor: &Actor, patch: &SettingsPatch, logo: LogoChange) -> Result<Change<Settings>> {
    if !actor.can_change_settings() {
        return Err(actor.refusal(TokenScope::SettingsWrite));
    }
    let mut errors = FieldErrors::new();
    errors.merge(patch.validate(None).map(drop))?;
    let (stored, chosen) = {
        let txn = app.read()?;
        let chosen = match &logo {
            LogoChange::Use(id) => errors.check("logo", chosen_logo(&txn, id)),
            _ => None,
        };
        (current(&txn)?.logo.clone(), chosen)
    };
    errors.finish()?;
    let logo = match logo {
        LogoChange::Keep => stored,
        LogoChange::Remove => None,
        LogoChange::Use(_) => chosen,
        LogoChange::Upload(name, bytes) => {
            Some(app.commit(media::upload(app, actor, "logo", &name, bytes).await).await?.picture(String::new()))
        }
    };
    let settings = patch.validate(logo)?;
    Ok(Change::new(move |txn| {
        if store::settings::settings(txn)?.as_ref() != Some(&settings) {
            store::settings::put_settings(txn, &settings)?;
        }
        Ok(settings.clone())
    }))
}

fn chosen_logo(txn: &ReadTxn, id: &str) -> Checked<Picture> {
    let media = media::image(txn, id).map_err(|_| "There is no such image. Please upload it first.")?;
    Ok(media.picture(String::new()))
}
