//! Accounts: who there is, what they may do, new ones.

use crate::domain::actor::Role;
use crate::domain::paging::Page;
use crate::domain::session::Session;
use crate::domain::session::SessionKey;
use crate::domain::time::Timestamp;
use crate::domain::token::Token;
use crate::domain::token::TokenScope;
use crate::domain::user::NewUser;
use crate::domain::user::User;
use crate::error::FieldError;
use crate::view::account::browser;
use crate::view::admin::frame;
use crate::view::admin::frame::Section;
use crate::view::form;
use crate::view::form::Field;
use crate::view::layout::Frame;
use crate::view::pager;
use crate::view::sign_in;
use maud::Markup;
use maud::html;

/// The form for a new account, as typed.
#[derive(Clone, Copy)]
pub struct NewAccount<'a> {
    pub user: &'a NewUser,
    pub role: Role,
}

/// All accounts and the form for one more, which sends the fields of sign-up and `role`.
pub fn index(frame: &Frame, users: &Page<User>, new: &NewAccount, errors: &[FieldError]) -> Markup {
    let path = frame.links.admin_users();
    let main = html! {
        (frame::heading("Users", None))
        ul.rows {
            @for user in &users.items { li { (row(frame, user)) } }
        }
        (pager::pager(&pager::IN_ORDER, users.number, users.pages(), |page| frame.links.numbered(&path, page)))
        section aria-labelledby="new" {
            h2 #new { "New user" }
            form method="post" action=(path) {
                (form::summary(errors))
                (sign_in::new_user(new.user, errors))
                (role_field(new.role).errors(errors))
                p.buttons { (form::submit("Add user")) }
            }
        }
    };
    frame::page(frame, Section::Users, "Users", main)
}

/// A link to a new password that was just made: shown now and never again.
#[derive(Clone, Copy)]
pub struct ResetLink<'a> {
    /// With the origin.
    pub url: &'a str,
    pub expires_at: Timestamp,
}

/// An account and what opens it.
#[derive(Clone, Copy)]
pub struct Account<'a> {
    pub user: &'a User,
    /// The newest visit first.
    pub sessions: &'a [(SessionKey, Session)],
    /// Newest first.
    pub tokens: &'a [Token],
}

/// One account; sends `role` and, if ticked, `disabled`. A refusal is an error of the field `role`
/// or `disabled`.
pub fn edit(frame: &Frame, account: &Account, link: Option<&ResetLink>, errors: &[FieldError]) -> Markup {
    let user = account.user;
    let main = html! {
        h1 { bdi { (user.display_name) } }
        p.about {
            "User name " strong { bdi { (user.username) } }
            @if let Some(email) = &user.email { ", e-mail " bdi { (email.as_str()) } }
            ", since " time datetime=(user.created_at.rfc3339()) { (user.created_at.human_date(frame.zone)) } ". "
            a href=(frame.links.author(&user.username)) { "Public page" }
        }
        @if let Some(link) = link { (issued(frame, link)) }
        (form::summary(errors))
        form method="post" action=(frame.links.admin_user(user.id)) {
            (role_field(user.role).errors(errors))
            (form::checkbox("disabled", "Disabled: cannot log in; what they wrote stays", user.disabled, errors))
            p.buttons {
                (form::submit("Save"))
                " " a.button.quiet href=(frame.links.admin_users()) { "Cancel" }
            }
        }
        (password(frame, user, errors))
        @if frame.actor.user_id() != Some(user.id) { (openings(frame, account)) }
    };
    frame::page(frame, Section::Users, &user.display_name, main)
}

fn issued(frame: &Frame, link: &ResetLink) -> Markup {
    html! {
        div.banner role="status" {
            p {
                strong { "The link to a new password. " }
                "Copy it now and send it to them; it cannot be shown again. It works once, until "
                time datetime=(link.expires_at.rfc3339()) { (link.expires_at.human(frame.zone)) }
            }
            p { code.secret { (link.url) } }
        }
    }
}

/// Two ways to a new password; one's own is changed on the account page, which asks for the current one.
fn password(frame: &Frame, user: &User, errors: &[FieldError]) -> Markup {
    if frame.actor.user_id() == Some(user.id) {
        return html! { p.hint { "You change your own password " a href=(frame.links.account()) { "in your account" } "." } };
    }
    html! {
        @if !user.disabled {
            section aria-labelledby="reset" {
                h2 #reset { "Lost password" }
                form method="post" action=(frame.links.admin_user_reset(user.id)) {
                    p.hint { "A link with which they choose a new password works once and for a day." }
                    p.buttons { (form::submit("Make a link")) }
                }
            }
        }
        section aria-labelledby="password" {
            h2 #password { "New password" }
            form method="post" action=(frame.links.admin_user_password(user.id)) {
                (sign_in::new_password("Password").errors(errors))
                (form::checkbox("keep_tokens", sign_in::KEEP_TOKENS, false, errors))
                p.buttons { button.danger type="submit" { "Set password and sign them out" } }
            }
        }
    }
}

/// The sessions and API tokens of an account, each with a button that ends it.
fn openings(frame: &Frame, account: &Account) -> Markup {
    let end = |name: &str, value: &str, label: &str, what: &str| {
        html! {
            form method="post" action=(frame.links.admin_user_revoke(account.user.id)) {
                button.quiet type="submit" name=(name) value=(value) { (label) span.hidden { " " (what) } }
            }
        }
    };
    html! {
        @if !account.sessions.is_empty() {
            section aria-labelledby="sessions" {
                h2 #sessions { "Where they are signed in" }
                ul.rows {
                    @for (key, session) in account.sessions {
                        @let browser = browser(&session.user_agent);
                        li {
                            div {
                                strong dir="auto" { (browser) }
                                p.hint { "Since " (session.created_at.human(frame.zone)) ", last seen " (session.last_seen.human_date(frame.zone)) }
                            }
                            (end("session", &key.short(), "Sign out", &browser))
                        }
                    }
                }
            }
        }
        @if !account.tokens.is_empty() {
            section aria-labelledby="tokens" {
                h2 #tokens { "API tokens" }
                ul.rows {
                    @for token in account.tokens {
                        li {
                            div {
                                strong dir="auto" { (token.name) }
                                @if !token.is_live(frame.now) { " " span.badge { "Ended" } }
                                p.hint { "Made " (token.created_at.human_date(frame.zone)) ": " (token.scopes.iter().map(TokenScope::as_str).collect::<Vec<_>>().join(", ")) }
                            }
                            (end("token", &token.id.to_string(), "Revoke", &token.name))
                        }
                    }
                }
            }
        }
    }
}

fn row(frame: &Frame, user: &User) -> Markup {
    html! {
        div {
            h2 { a href=(frame.links.admin_user(user.id)) { bdi { (user.display_name) } } }
            p.hint {
                span.badge { (role_name(user.role)) }
                @if user.disabled { " " span.badge.draft { "Disabled" } }
                " " bdi { (user.username) }
                ", since " time datetime=(user.created_at.rfc3339()) { (user.created_at.human_date(frame.zone)) }
            }
        }
    }
}

fn role_field<'a>(role: Role) -> Field<'a> {
    let options = Role::ALL.into_iter().map(|role| (role.as_str(), role_name(role))).collect();
    Field::select("role", "Role", options).value(role.as_str()).hint(
        "Readers comment. Authors write posts. Editors see to all posts, pages, comments and categories. \
         Administrators also see to users and settings.",
    )
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Reader => "Reader",
        Role::Author => "Author",
        Role::Editor => "Editor",
        Role::Administrator => "Administrator",
    }
}
