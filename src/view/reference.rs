//! The reference of the API: every operation with what it takes, what it answers and a command to try it.

use crate::view::layout;
use crate::view::layout::Frame;
use crate::view::layout::Head;
use crate::view::problem::Problem;
use maud::Markup;
use maud::html;

/// All that the page shows.
pub struct Reference {
    /// The address of the blog: `https://example.org/blog`.
    pub blog: String,
    /// Name of the cookie of a session.
    pub cookie: String,
    pub sections: Vec<Section>,
    /// What is read and answered, by name.
    pub shapes: Vec<Shape>,
    pub problems: Vec<Problem>,
}

/// The operations on one noun.
pub struct Section {
    pub noun: &'static str,
    pub operations: Vec<Operation>,
}

/// One operation.
pub struct Operation {
    /// Stable: the page's address of it.
    pub id: String,
    pub method: String,
    pub path: &'static str,
    pub summary: String,
    pub description: String,
    pub parameters: Vec<Parameter>,
    /// What it reads.
    pub body: Option<Use>,
    /// Statuses, what they mean, and what the body is.
    pub answers: Vec<(u16, &'static str, Option<Use>)>,
    /// Commands for the shell.
    pub commands: Vec<String>,
}

/// A shape where it is used.
pub struct Use {
    pub name: String,
    pub is_list: bool,
    /// Any of its members may be left out.
    pub is_patch: bool,
}

/// A shape with its members.
pub struct Shape {
    pub name: String,
    pub about: String,
    pub members: Vec<Member>,
}

/// One of the members of a shape.
pub struct Member {
    pub name: String,
    /// What its value is, in a few words.
    pub kind: String,
    /// The shape of what it holds.
    pub holds: Option<String>,
    pub about: String,
    pub is_required: bool,
}

/// A parameter of an operation.
pub struct Parameter {
    pub name: &'static str,
    /// `path`, `query` or `header`.
    pub place: &'static str,
    pub about: &'static str,
    pub is_required: bool,
}

/// The page.
pub fn show(frame: &Frame, reference: &Reference) -> Markup {
    let main = html! {
        article.post {
            header.post-head {
                h1 { "API" }
            }
            div.prose {
                (contents(reference))
                (beginning(frame, reference))
                @for section in &reference.sections {
                    h2 id=(anchor(section.noun)) { (section.noun) }
                    div.operations { @for one in &section.operations { (operation(one)) } }
                }
                (shapes(&reference.shapes))
                (graphql(frame))
                (events())
                (problems(frame, &reference.problems))
            }
        }
    };
    let head = Head {
        title: "API",
        description: "What a person can do on the pages of this blog, a program can do through its API.",
        canonical: Some(frame.links.api_docs()),
        sheet: Some("docs.css"),
        ..Head::default()
    };
    layout::page_with(frame, &head, main)
}

fn beginning(frame: &Frame, reference: &Reference) -> Markup {
    html! {
        p {
            "What a person can do on the pages of this blog, a program can do here, by the same rules. The commands below want "
            "variables: the address of the blog, and a token, which you make "
            a href=(frame.links.account_tokens()) { "in your account" } " or with " code { "pamphlet user token" }
            ". Some want a session in its place: " a href="#sign_in" { "sign in" } " with "
            code { "POST /api/v1/sessions" } "; the header " code { "Set-Cookie" } " of the answer has it as "
            code { (reference.cookie) } ", up to the semicolon."
        }
        pre tabindex="0" { code { "BLOG=" (reference.blog) "\nTOKEN=pamphlet_…\nSESSION=…" } }
        ul {
            li { "Bodies are JSON in " code { "snake_case" } ", times are RFC 3339 in UTC, ids are strings." }
            li {
                "A token is sent as " code { "Authorization: Bearer" } ", never in the address. It can do what its scopes say and its owner "
                "may do now; passwords, sessions and tokens themselves want a session."
            }
            li {
                "Lists come in parts: " code { "next" } " and the " code { "Link" } " header tell the cursor for " code { "after" }
                ". " code { "fields" } " leaves members out, " code { "include" } " adds some."
            }
            li {
                "What is read has an " code { "ETag" } "; PUT, PATCH and DELETE want it in " code { "If-Match" }
                ", so that nobody undoes the change of another. A POST with an " code { "Idempotency-Key" } " is done once."
            }
            li { "For machines there is an " a href=(frame.links.to("/api/v1/openapi.json")) { "OpenAPI 3.1 document" } "." }
        }
    }
}

fn contents(reference: &Reference) -> Markup {
    html! {
        nav.contents aria-label="Contents" {
            ul {
                @for section in &reference.sections {
                    li { a href={ "#" (anchor(section.noun)) } { (section.noun) } }
                }
                li { a href="#shapes" { "Shapes" } }
                li { a href="#graphql" { "GraphQL" } }
                li { a href="#events" { "Live comments" } }
                li { a href="#problems" { "Problems" } }
            }
        }
    }
}

/// Closed at first, so that a section is a list of what there is. Its name is inside, where browsers open what an
/// address leads into.
fn operation(one: &Operation) -> Markup {
    html! {
        details {
            summary {
                h3 { code { (one.method) " " (one.path) } }
                " " span { (marked(&one.summary)) }
            }
            div id=(one.id) { (about(one)) }
        }
    }
}

fn about(one: &Operation) -> Markup {
    html! {
        p { (marked(&one.description)) }
        @if !one.parameters.is_empty() {
            dl {
                @for parameter in &one.parameters {
                    dt {
                        code { (parameter.name) } " " (parameter.place)
                        @if parameter.is_required { ", required" }
                    }
                    dd { (marked(parameter.about)) }
                }
            }
        }
        @for command in &one.commands { pre tabindex="0" { code { (command) } } }
        @if let Some(body) = &one.body {
            p {
                "It reads " (used(body))
                @if body.is_patch { ", of which any member may be left out" }
                "."
            }
        }
        ul {
            @for (status, about, body) in &one.answers {
                li {
                    strong { (status) } " " (marked(about))
                    @if let Some(body) = body { " As " (used(body)) "." }
                }
            }
        }
    }
}

fn used(shape: &Use) -> Markup {
    html! { @if shape.is_list { "a list of " } a href={ "#" (shape.name) } { code { (shape.name) } } }
}

fn shapes(shapes: &[Shape]) -> Markup {
    html! {
        h2 #shapes { "Shapes" }
        p { "What bodies hold, member by member. A list that comes in parts has them in " code { "items" } ", beside " code { "next" } "." }
        div.operations {
            @for shape in shapes {
                details {
                    summary { h3 { code { (shape.name) } } }
                    div id=(shape.name) {
                        @if !shape.about.is_empty() { p { (marked(&shape.about)) } }
                        dl { @for one in &shape.members { (member(one)) } }
                    }
                }
            }
        }
    }
}

fn member(one: &Member) -> Markup {
    html! {
        dt {
            code { (one.name) } " "
            @match &one.holds {
                Some(shape) => a href={ "#" (shape) } { (one.kind) },
                None => (one.kind),
            }
            @if one.is_required { ", required" }
        }
        dd { (marked(&one.about)) }
    }
}

fn graphql(frame: &Frame) -> Markup {
    html! {
        h2 #graphql { "GraphQL" }
        p {
            "The same nouns, rules and names, in " code { "camelCase" } ", are at " code { (frame.links.to("/graphql")) }
            ": queries by GET or POST, mutations by POST, subscriptions as server-sent events. What an operation costs is told in "
            code { "extensions.cost" } ". Two words more than below are told there: " code { "invalid-query" } " and " code { "too-costly" } "."
        }
        pre tabindex="0" {
            code {
                "curl \"$BLOG/graphql\" \\\n  -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' \\\n  "
                "-d '{\"query\": \"{ posts(first: 5) { nodes { title url commentCount } } }\"}'"
            }
        }
    }
}

fn events() -> Markup {
    html! {
        h2 #events { "Live comments" }
        p {
            "New, edited and removed comments of a post come as server-sent events. Whoever was away sends "
            code { "Last-Event-ID" } "; an event " code { "reset" } " says that the conversation has to be read again."
        }
        pre tabindex="0" { code { "curl -N \"$BLOG/posts/owls-at-night/events\"" } }
    }
}

fn problems(frame: &Frame, problems: &[Problem]) -> Markup {
    html! {
        h2 #problems { "Problems" }
        p {
            "Whatever fails is told as " code { "application/problem+json" } " (RFC 9457). " code { "type" } " is "
            code { (frame.links.problem("")) } " with one of these words, which stay the same; each leads to a page about it. " code { "errors" }
            " has all fields at fault, " code { "request_id" } " finds the request in the log. GraphQL has the word in "
            code { "extensions.code" } " and the fields in " code { "extensions.errors" } "."
        }
        div.table role="group" tabindex="0" aria-labelledby="problems" { table {
            thead { tr { th scope="col" { "Word" } th scope="col" { "Status" } th scope="col" { "Meaning" } } }
            tbody {
                @for problem in problems {
                    tr { td { a href=(frame.links.problem(problem.code)) { code { (problem.code) } } } td { (problem.status) } td { (marked(problem.title)) } }
                }
            }
        } }
    }
}

/// The place of a noun on the page; operations have their own names.
fn anchor(noun: &str) -> String {
    format!("{}-operations", noun.to_lowercase().replace(' ', "-"))
}

/// A text in which words between backticks are code; a backtick without a second one is a backtick.
pub(in crate::view) fn marked(text: &str) -> Markup {
    let (whole, rest) = match text.rsplit_once('`') {
        Some((before, after)) if before.matches('`').count() % 2 == 0 => (before, Some(after)),
        _ => (text, None),
    };
    html! {
        @for (number, part) in whole.split('`').enumerate() {
            @if number % 2 == 1 { code { (part) } } @else { (part) }
        }
        @if let Some(rest) = rest { "`" (rest) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_between_backticks_are_code() {
        let shown = |text| marked(text).into_string();
        assert_eq!(shown("Unless `status` says `a<b`."), "Unless <code>status</code> says <code>a&lt;b</code>.");
        assert_eq!(shown("`id`"), "<code>id</code>");
        assert_eq!(shown("none & nothing"), "none &amp; nothing");
        assert_eq!(shown("`id` and a `"), "<code>id</code> and a `");
        assert_eq!(shown("a ` b"), "a ` b");
        assert_eq!(shown(""), "");
    }
}
