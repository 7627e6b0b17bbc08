//! The page on which somebody sees to their own account.

use crate::domain::session::Session;
use crate::domain::session::SessionKey;
use crate::domain::user::MIN_PASSWORD;
use crate::domain::user::ProfilePatch;
use crate::domain::user::User;
use crate::error::FieldError;
use crate::view::form;
use crate::view::form::Field;
use crate::view::layout;
use crate::view::layout::Frame;
use maud::Markup;
use maud::html;

/// Everything on the account page.
#[derive(Clone, Copy)]
pub struct Account<'a> {
    pub user: &'a User,
    /// The profile form, as stored or as typed.
    pub profile: &'a ProfilePatch,
    /// All sessions of the user; the one in use is told from the frame's actor.
    pub sessions: &'a [(SessionKey, Session)],
}

/// The account page; errors name fields of the profile (`display_name`, `email`, `bio`) or of the
/// password form (`current_password`, `new_password`).
pub fn show(frame: &Frame, account: &Account, errors: &[FieldError]) -> Markup {
    let main = html! {
        div.sheet {
            h1 { "Your account" }
            p.about {
                "You are " strong { bdi { (account.user.username) } } ", "
                (account.user.role.as_str()) ". "
                a href=(frame.links.author(&account.user.username)) { "Your public page" }
            }
            (form::summary(errors))
            (profile(frame, account.profile, errors))
            (password(frame, errors))
            (sessions(frame, account))
            section aria-labelledby="programs" {
                h2 #programs { "Programs" }
                p { "Programs can act for you with an API token. " a href=(frame.links.account_tokens()) { "Your API tokens" } }
            }
        }
    };
    layout::page(frame, "Your account", main)
}

fn profile(frame: &Frame, typed: &ProfilePatch, errors: &[FieldError]) -> Markup {
    html! {
        section aria-labelledby="profile" {
            h2 #profile { "Profile" }
            form method="post" action=(frame.links.account()) {
                (Field::text("display_name", "Display name").value(&typed.display_name).autocomplete("name").required()
                    .hint("Stands beside what you write.").errors(errors))
                (Field::input("email", "email", "E-mail (optional)").value(&typed.email).autocomplete("email")
                    .hint("Never shown. You can log in with it, too.").errors(errors))
                (Field::area("bio", "About you", 4).value(&typed.bio)
                    .hint("A few plain sentences for your public page.").errors(errors))
                p.buttons { (form::submit("Save profile")) }
            }
        }
    }
}

fn password(frame: &Frame, errors: &[FieldError]) -> Markup {
    html! {
        section aria-labelledby="password" {
            h2 #password { "Password" }
            form method="post" action=(frame.links.account_password()) {
                (Field::password("current_password", "Current password", "current-password").errors(errors))
                (Field::password("new_password", "New password", "new-password")
                    .hint(format!("At least {MIN_PASSWORD} characters. Your other devices will be signed out."))
                    .errors(errors))
                (form::checkbox("revoke_tokens", "Revoke my API tokens, too", false, errors))
                p.buttons { (form::submit("Change password")) }
            }
        }
    }
}

/// Posts `session`: the short form of a key, or `all`.
fn sessions(frame: &Frame, account: &Account) -> Markup {
    let own = frame.actor.in_session().ok().map(|(_, key)| key);
    html! {
        section aria-labelledby="sessions" {
            h2 #sessions { "Where you are signed in" }
            ul.rows {
                @for (key, session) in account.sessions {
                    li {
                        div {
                            strong dir="auto" { (browser(&session.user_agent)) }
                            @if own == Some(*key) { " " span.badge { "This device" } }
                            p.hint {
                                "Since " time datetime=(session.created_at.rfc3339()) { (session.created_at.human(frame.zone)) }
                                ", last seen " time datetime=(session.last_seen.rfc3339()) { (session.last_seen.human_date(frame.zone)) }
                            }
                        }
                        form method="post" action=(frame.links.account_sessions()) {
                            button.quiet type="submit" name="session" value=(key.short()) {
                                "Sign out" span.hidden { " " (browser(&session.user_agent)) ", since " (session.created_at.human(frame.zone)) }
                            }
                        }
                    }
                }
            }
            form method="post" action=(frame.links.account_sessions()) {
                p.buttons { button.danger type="submit" name="session" value="all" { "Sign out everywhere" } }
            }
        }
    }
}

/// What a person would call a browser; the string itself where it is none of the usual ones.
pub(in crate::view) fn browser(user_agent: &str) -> String {
    // Order matters: most browsers claim to be several others, too.
    const BROWSERS: [(&str, &str); 7] = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("CriOS/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 7] = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("CrOS", "ChromeOS"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let find = |names: &[(&str, &'static str)]| {
        names.iter().find(|(part, _)| user_agent.contains(part)).map(|(_, name)| *name)
    };
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.into(),
        _ if user_agent.trim().is_empty() => "Unknown browser".into(),
        _ => user_agent.chars().take(60).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_have_the_names_people_use() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
        let safari =
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Safari/604.1";
        assert_eq!(browser(firefox), "Firefox on Linux");
        assert_eq!(browser(safari), "Safari on iPhone");
        assert_eq!(browser("curl/8.5.0"), "curl/8.5.0");
        assert_eq!(browser(" "), "Unknown browser");
    }
}
