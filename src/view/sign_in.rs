//! Logging in, signing up and the first set-up.

use crate::domain::time::Zone;
use crate::domain::user::MIN_PASSWORD;
use crate::domain::user::NewUser;
use crate::domain::user::Username;
use crate::error::FieldError;
use crate::view::form;
use crate::view::form::Field;
use crate::view::layout;
use crate::view::layout::Frame;
use maud::Markup;
use maud::html;

/// The fields of the login form, as typed; the password is not among them.
#[derive(Clone, Copy, Default)]
pub struct Login<'a> {
    pub username: &'a str,
    /// Where to go afterwards: a path on this site, or empty.
    pub next: &'a str,
}

/// The fields of the set-up form, as typed.
#[derive(Clone, Copy)]
pub struct Setup<'a> {
    /// The secret of the set-up link.
    pub key: &'a str,
    pub title: &'a str,
    pub time_zone: &'a str,
    pub user: &'a NewUser,
}

/// The frame whose header links to login and sign-up lead on to `next` instead of back to this page.
fn leading_to<'a>(frame: &Frame<'a>, next: &'a str) -> Frame<'a> {
    Frame { path: next, ..*frame }
}

/// What the page behind a link to a new password shows.
#[derive(Clone, Copy)]
pub struct Reset<'a> {
    /// The secret of the link.
    pub token: &'a str,
    pub username: &'a Username,
    /// How many API tokens the account has.
    pub tokens: usize,
    /// Whether they stay, as typed.
    pub keep_tokens: bool,
}

/// The login page. A wrong name or password is an error whose field is empty.
pub fn login(frame: &Frame, typed: &Login, errors: &[FieldError]) -> Markup {
    let frame = &leading_to(frame, typed.next);
    let main = html! {
        div.sheet {
            h1 { "Log in" }
            form method="post" action=(frame.links.login("")) {
                (form::summary(errors))
                (form::hidden("next", typed.next))
                (Field::text("username", "User name or e-mail").value(typed.username).autocomplete("username")
                    .required().errors(errors))
                (Field::password("password", "Password", "current-password").errors(errors))
                p.buttons { (form::submit("Log in")) }
            }
            @if frame.settings.signup_open {
                p.aside { "New here? " a href=(frame.links.signup(typed.next)) { "Sign up" } }
            }
            p.hint {
                "Forgot your password? Ask an administrator of this site: they can make a link with which you choose another."
            }
        }
    };
    layout::page(frame, "Log in", main)
}

/// The sign-up page.
pub fn signup(frame: &Frame, typed: &NewUser, next: &str, errors: &[FieldError]) -> Markup {
    let frame = &leading_to(frame, next);
    let main = html! {
        div.sheet {
            h1 { "Sign up" }
            p.about { "With an account you can comment on posts." }
            form method="post" action=(frame.links.signup("")) {
                (form::summary(errors))
                (form::hidden("next", next))
                (new_user(typed, errors))
                p.buttons { (form::submit("Sign up")) }
            }
            p.aside { "Already have an account? " a href=(frame.links.login(next)) { "Log in" } }
        }
    };
    layout::page(frame, "Sign up", main)
}

/// What visitors see while sign-up is closed.
pub fn signup_closed(frame: &Frame, next: &str) -> Markup {
    let frame = &leading_to(frame, next);
    let main = html! {
        div.sheet {
            h1 { "Sign-up is closed" }
            p { "This site takes no new accounts at the moment. Everything can still be read without one." }
            p.buttons {
                a.button href=(frame.links.home()) { "See the newest posts" }
                " "
                a.button.quiet href=(frame.links.login(next)) { "Log in" }
            }
        }
    };
    layout::page(frame, "Sign-up is closed", main)
}

/// The page behind the set-up link: what the site is called and who looks after it.
pub fn setup(frame: &Frame, typed: &Setup, errors: &[FieldError]) -> Markup {
    let zones = Zone::names();
    let main = html! {
        div.sheet {
            h1 { "Set up your blog" }
            p.about { "Two questions about the site, three about you, and you can write your first post." }
            form method="post" action=(frame.links.setup()) {
                (form::summary(errors))
                (form::hidden("key", typed.key))
                fieldset {
                    legend { "The site" }
                    (Field::text("title", "Title").value(typed.title).required().errors(errors)
                        .hint("You can change it later, as everything here."))
                    (time_zone(&zones, typed.time_zone).errors(errors))
                }
                fieldset {
                    legend { "You, its administrator" }
                    (new_user(typed.user, errors))
                }
                p.buttons { (form::submit("Create the blog")) }
            }
        }
    };
    layout::page(frame, "Set up your blog", main)
}

/// What the set-up page says when the link is old or cut off.
pub fn setup_refused(frame: &Frame) -> Markup {
    let main = html! {
        div.sheet {
            h1 { "This set-up link does not work" }
            p {
                "Each start of the server prints a new link, and only the latest one works. "
                "Please copy the whole link from the server's output, or restart the server to get another."
            }
        }
    };
    layout::page(frame, "This set-up link does not work", main)
}

/// The page behind a link to a new password; sends `password` and, if ticked, `keep_tokens`.
pub fn reset(frame: &Frame, reset: &Reset, errors: &[FieldError]) -> Markup {
    let frame = &leading_to(frame, "");
    let main = html! {
        div.sheet {
            h1 { "Choose a new password" }
            p.about { "For the account " strong { bdi { (reset.username) } } ". It will be signed out everywhere else." }
            form method="post" action=(frame.links.reset(reset.token)) {
                (form::summary(errors))
                (new_password("New password").errors(errors))
                @if reset.tokens > 0 {
                    (form::checkbox("keep_tokens", KEEP_TOKENS, reset.keep_tokens, errors))
                }
                p.buttons { (form::submit("Set password")) }
            }
        }
    };
    layout::page(frame, "Choose a new password", main)
}

/// What that page says when the link is used, old or cut off.
pub fn reset_refused(frame: &Frame) -> Markup {
    let frame = &leading_to(frame, "");
    let main = html! {
        div.sheet {
            h1 { "This link does not work" }
            p {
                "A link to a new password works once and for a day. "
                "Please copy the whole link, or ask an administrator of this site for another."
            }
            p.buttons { a.button.quiet href=(frame.links.login("")) { "Log in" } }
        }
    };
    layout::page(frame, "This link does not work", main)
}

/// The label of the box that is ticked to keep API tokens.
pub const KEEP_TOKENS: &str = "Keep the API tokens of this account; otherwise they are revoked";

/// The field for a password that somebody chooses.
pub fn new_password(label: &'static str) -> Field<'static> {
    Field::password("password", label, "new-password")
        .hint(format!("At least {MIN_PASSWORD} characters. A few words are better than one."))
}

/// A choice among all time zones.
pub fn time_zone<'a>(zones: &'a [String], value: &'a str) -> Field<'a> {
    let options = zones.iter().map(|zone| (zone.as_str(), zone.as_str())).collect();
    Field::select("time_zone", "Time zone", options).value(value).hint("Times on the site are shown in this zone.")
}

/// User name, e-mail and password of an account to be made.
pub fn new_user<'a>(typed: &'a NewUser, errors: &'a [FieldError]) -> Markup {
    html! {
        (Field::text("username", "User name").value(&typed.username).autocomplete("username").required()
            .hint("Letters, digits, hyphens, dots and underscores.").errors(errors))
        (Field::input("email", "email", "E-mail (optional)").value(&typed.email).autocomplete("email")
            .hint("Never shown. You can log in with it, too.").errors(errors))
        (new_password("Password").errors(errors))
    }
}
