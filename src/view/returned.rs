//! Gives back what was typed into a form that could not be taken, to be sent again.

use crate::view::form;
use crate::view::form::Field;
use crate::view::layout;
use crate::view::layout::Frame;
use maud::Markup;
use maud::html;

/// A form as it came.
pub struct Returned<'a> {
    pub fields: Vec<(&'a str, &'a str)>,
    /// Where it was sent; `None`: it is shown to be copied and not to be sent.
    pub post_to: Option<&'a str>,
    pub has_files: bool,
    /// Whether its sender has to log in first.
    pub is_signed_out: bool,
}

/// The texts of all forms with their labels, and whether they have several lines. What else a form holds is sent
/// again as it came.
const TEXTS: &[(&str, &str, bool)] = &[
    ("title", "Title", false),
    ("name", "Name", false),
    ("username", "User name", false),
    ("display_name", "Display name", false),
    ("email", "E-mail", false),
    ("source", "Text", true),
    ("body", "Your comment", true),
    ("bio", "About you", true),
    ("description", "Description", true),
    ("excerpt", "Excerpt", true),
    ("tagline", "Tagline", false),
    ("navigation", "Navigation", true),
    ("tags", "Tags", false),
    ("cover_alt", "What the cover shows", false),
    ("query", "Query", true),
    ("variables", "Variables", true),
];

/// Whether a field of this name holds what a person typed.
pub fn is_text(name: &str) -> bool {
    TEXTS.iter().any(|(known, ..)| *known == name)
}

/// The page that says what went wrong, with the form below.
pub fn show(frame: &Frame, title: &str, message: &str, returned: &Returned) -> Markup {
    let main = html! {
        div.sheet {
            h1 { (title) }
            p role="alert" { (message) }
            @if returned.is_signed_out {
                p {
                    "You are not signed in any more. "
                    a href=(frame.links.login("")) target="_blank" { "Log in in another tab" }
                    ", then come back and send this again."
                }
            }
            @if returned.has_files { p.hint { "Files are not kept. Please choose them again." } }
            @match returned.post_to {
                Some(address) => form method="post" action=(address) {
                    (fields(returned))
                    p.buttons { (form::submit("Send again")) }
                },
                None => (fields(returned)),
            }
        }
    };
    layout::page(frame, title, main)
}

fn fields(returned: &Returned) -> Markup {
    html! {
        @for (name, value) in &returned.fields {
            @match TEXTS.iter().find(|(known, ..)| known == name) {
                Some((name, label, true)) => (Field::area(name, label, 8).value(value).wide()),
                Some((name, label, false)) => (Field::text(name, label).value(value).wide()),
                None if name.contains("password") => {
                    @if let Some((name, label)) = PASSWORDS.iter().find(|(known, _)| known == name) {
                        (Field::password(name, label, "off"))
                    }
                }
                None => (form::hidden(name, value)),
            }
        }
    }
}

/// Passwords are asked for again.
const PASSWORDS: &[(&str, &str)] =
    &[("password", "Password"), ("current_password", "Current password"), ("new_password", "New password")];
