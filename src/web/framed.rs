//! Puts a page into the frame of the site.

use crate::domain::actor::Actor;
use crate::error::{Error, FieldError, Result};
use crate::service::{App, ReadTxn, settings};
use crate::view::layout::Frame;
use crate::web::Site;
use crate::web::request::Req;
use http::StatusCode;
use maud::Markup;

/// A page in its frame. `known` are the query parameters that belong to its address: a login
/// leads back there, and the rest of the query must not get into a page that others share.
pub fn framed(
    site: &Site,
    req: &Req,
    txn: &ReadTxn,
    known: &[&str],
    show: impl FnOnce(&Frame<'_>) -> Markup,
) -> Result<Markup> {
    let address = address(&site.app, req, known);
    // Only somebody who just did something is told so: visitors share their pages.
    let notice = req.query("done").filter(|_| !req.actor.is_anonymous()).and_then(notice);
    in_frame(&site.app, txn, &req.actor, (&address, notice), show)
}

/// A page in the frame, where there is no request to take it from.
pub fn in_frame(
    app: &App,
    txn: &ReadTxn,
    actor: &Actor,
    (path, notice): (&str, Option<&str>),
    show: impl FnOnce(&Frame<'_>) -> Markup,
) -> Result<Markup> {
    let settings = settings::current(txn)?;
    let zone = settings.zone();
    let now = app.now();
    Ok(show(&Frame { links: app.links(), settings: &settings, zone: &zone, actor, path, notice, now }))
}

/// The page's own address, base path included.
fn address(app: &App, req: &Req, known: &[&str]) -> String {
    let mut address = app.links().to(&req.path);
    for name in known {
        if let Some(value) = req.query(name) {
            address.push(if address.contains('?') { '&' } else { '?' });
            address.push_str(&form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish());
        }
    }
    address
}

/// What the `done` parameter of a redirect after a form says.
fn notice(word: &str) -> Option<&'static str> {
    Some(match word {
        "saved" => "Saved.",
        "published" => "Published.",
        "scheduled" => "Scheduled. It will appear by itself at its time.",
        "unpublished" => "Unpublished. It is a draft again.",
        "deleted" => "Deleted.",
        "uploaded" => "Uploaded.",
        "merged" => "Merged.",
        "added" => "Added.",
        "password" => "Your password is changed, and your other devices are signed out.",
        "password-set" => "The new password is set, and they are signed out everywhere.",
        "reset" => "Your new password is set, and you are signed out everywhere else.",
        "revoked" => "Revoked. Programs that used it are locked out from now on.",
        "already-made" => {
            "This token was made already, and its secret is shown once. If you have lost it, revoke the token and make another."
        }
        "ended" => "Ended. It opens nothing from now on.",
        "signed-out" => "That device is signed out.",
        "welcome" => "Your blog is ready. Here is where you write.",
        _ => return None,
    })
}

/// What a form says whose sender is not signed in any more.
pub fn signed_out() -> FieldError {
    let message = "You are not signed in any more. Please log in in another window, then send this again: your text is still here.";
    FieldError { field: "".into(), message: message.into() }
}

/// Status and messages with which a form is shown again; an error that no form can mend comes
/// back as it is.
pub fn refused(error: Error) -> Result<(StatusCode, Vec<FieldError>)> {
    let status = match &error {
        Error::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Error::Conflict(_) | Error::Stale(_) => StatusCode::CONFLICT,
        Error::Busy | Error::Unavailable | Error::NoSpace => StatusCode::SERVICE_UNAVAILABLE,
        Error::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        Error::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
        _ => return Err(error),
    };
    Ok(match error {
        Error::Invalid(fields) => (status, fields),
        other => (status, vec![FieldError { field: "".into(), message: other.to_string().into() }]),
    })
}
