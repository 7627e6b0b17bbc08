//! Asking the GraphQL API by hand.

use crate::error::FieldError;
use crate::view::admin::frame;
use crate::view::admin::frame::Section;
use crate::view::form;
use crate::view::form::Field;
use crate::view::layout::Frame;
use maud::Markup;
use maud::html;

/// What was asked and what came of it.
#[derive(Debug, Default)]
pub struct Asked<'a> {
    pub query: &'a str,
    /// JSON, or empty.
    pub variables: &'a str,
    /// The response as JSON with line breaks; `None`: nothing was asked yet.
    pub response: Option<&'a str>,
}

/// A type of the schema.
#[derive(Debug)]
pub struct Type {
    pub name: String,
    pub about: String,
    pub fields: Vec<Member>,
}

/// A field of a type, or a value of an enumeration.
#[derive(Debug)]
pub struct Member {
    /// With its arguments: `posts(first: Int): PostConnection!`.
    pub signature: String,
    pub about: String,
}

/// The form with the response below it and the types beside it. Sends the fields `query` and `variables`.
pub fn show(frame: &Frame, asked: &Asked<'_>, types: &[Type], errors: &[FieldError]) -> Markup {
    let main = html! {
        (frame::heading("API explorer", None))
        p.about {
            "Ask the GraphQL API as yourself: what you may do here, you may do there. Programs ask "
            code { (frame.links.graphql()) }
            " with a token."
        }
        div.explorer {
            form method="post" action=(frame.links.admin_explorer()) {
                (form::summary(errors))
                (Field::area("query", "Query", 14).value(asked.query).required().errors(errors))
                (Field::area("variables", "Variables", 3).value(asked.variables).errors(errors)
                    .hint(html! { "An object in JSON, such as " code { "{\"slug\": \"owls\"}" } "." }))
                p.buttons { (form::submit("Run")) }
                @if let Some(response) = asked.response {
                    section aria-labelledby="response" {
                        h2 #response { "Response" }
                        pre tabindex="0" { code { (response) } }
                    }
                }
            }
            @if !types.is_empty() {
                section.types aria-labelledby="types" {
                    h2 id="types" { "Types" }
                    @for kind in types { (described(kind)) }
                }
            }
        }
    };
    frame::page(frame, Section::Explorer, "API explorer", main)
}

fn described(kind: &Type) -> Markup {
    html! {
        details {
            summary { code { (kind.name) } }
            @if !kind.about.is_empty() { p.hint { (kind.about) } }
            @if !kind.fields.is_empty() {
                ul {
                    @for field in &kind.fields {
                        li {
                            code { (field.signature) }
                            @if !field.about.is_empty() { p { (field.about) } }
                        }
                    }
                }
            }
        }
    }
}
