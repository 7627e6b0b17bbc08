//! The page on which somebody sees to their API tokens.

use crate::domain::token::NewToken;
use crate::domain::token::Token;
use crate::domain::token::TokenScope;
use crate::error::FieldError;
use crate::view::form;
use crate::view::form::Field;
use crate::view::layout;
use crate::view::layout::Frame;
use maud::Markup;
use maud::html;

/// Everything on the page.
#[derive(Clone, Copy)]
pub struct Tokens<'a> {
    /// Newest first.
    pub tokens: &'a [Token],
    /// The form for one more, as typed.
    pub typed: &'a NewToken,
    /// Tells the form from others, so that sending it again makes nothing.
    pub once: &'a str,
    /// The secret of a token that was just made: shown now and never again.
    pub secret: Option<&'a str>,
}

/// Lives that the form offers: days, and what they are called.
const LIVES: [(&str, &str); 5] =
    [("7", "A week"), ("30", "30 days"), ("90", "90 days"), ("365", "A year"), ("", "Until it is revoked")];

/// The page; errors name `name`, `scopes` or `expires_in_days`.
pub fn show(frame: &Frame, page: &Tokens, errors: &[FieldError]) -> Markup {
    let main = html! {
        div.sheet {
            h1 { "API tokens" }
            p.about {
                "With a token a program does some of what you may do, through the "
                a href=(frame.links.api_docs()) { "API" } ". Whoever has it can do the same, so give it few scopes and an end. "
                a href=(frame.links.account()) { "Back to your account" }
            }
            @if let Some(secret) = page.secret { (issued(secret)) }
            (form::summary(errors))
            @if !page.tokens.is_empty() { (list(frame, page.tokens)) }
            (new(frame, page, errors))
        }
    };
    layout::page(frame, "API tokens", main)
}

fn issued(secret: &str) -> Markup {
    html! {
        div.banner role="status" {
            p { strong { "Your new token. " } "Copy it now: it is stored as a hash, and cannot be shown again." }
            p { code.secret { (secret) } }
        }
    }
}

fn list(frame: &Frame, tokens: &[Token]) -> Markup {
    html! {
        section aria-labelledby="tokens" {
            h2 #tokens { "Your tokens" }
            ul.rows {
                @for token in tokens {
                    li {
                        div {
                            strong dir="auto" { (token.name) }
                            @if !token.is_live(frame.now) { " " span.badge { "Ended" } }
                            p.hint { (scopes(token)) }
                            p.hint {
                                "Made " time datetime=(token.created_at.rfc3339()) { (token.created_at.human_date(frame.zone)) }
                                @match token.last_used {
                                    Some(time) => { ", last used " time datetime=(time.rfc3339()) { (time.human_date(frame.zone)) } }
                                    None => ", never used",
                                }
                                @if let Some(time) = token.expires_at {
                                    (if token.is_live(frame.now) { ", ends " } else { ", ended " })
                                    time datetime=(time.rfc3339()) { (time.human_date(frame.zone)) }
                                }
                            }
                        }
                        form method="post" action=(frame.links.account_token_revoke(token.id)) {
                            button.quiet type="submit" { "Revoke" span.hidden { " " (token.name) } }
                        }
                    }
                }
            }
        }
    }
}

fn scopes(token: &Token) -> String {
    if token.scopes.iter().count() == TokenScope::ALL.len() {
        return "Everything you may do".into();
    }
    token.scopes.iter().map(TokenScope::as_str).collect::<Vec<_>>().join(", ")
}

fn new(frame: &Frame, page: &Tokens, errors: &[FieldError]) -> Markup {
    let typed = page.typed;
    let error = errors.iter().find(|error| error.field == "scopes");
    html! {
        section aria-labelledby="new-token" {
            h2 #new-token { "A new token" }
            form method="post" action=(frame.links.account_tokens()) {
                (form::hidden("once", page.once))
                (Field::text("name", "Name").value(&typed.name).required().hint("What it is for, such as “Nightly export”.")
                    .errors(errors))
                (Field::select("expires_in_days", "Ends after", LIVES.to_vec()).value(&typed.days).errors(errors))
                fieldset #field-scopes tabindex="-1" aria-describedby=[error.map(|_| "error-scopes")] {
                    legend { "What it may be used for" }
                    @if let Some(error) = error { p.error #error-scopes { (error.message) } }
                    @for scope in TokenScope::ALL {
                        @let ticked = typed.scopes.iter().any(|word| word == scope.as_str());
                        (form::checkbox(scope.as_str(), scope.about(), ticked, &[]))
                    }
                }
                p.buttons { (form::submit("Make token")) }
            }
        }
    }
}
