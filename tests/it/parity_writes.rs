//! A write as a form, a call of REST and a mutation of GraphQL, with what comes of it for whom: the tables are beside.

use crate::parity_world::Subject;
use serde_json::{Map, Value};

/// A password that nobody has yet.
pub const NEW_PASSWORD: &str = "battery horse correct";
/// What `PEOPLE` get where this is the least role.
pub const READERS: &str = "unauthenticated done done done done done";
pub const AUTHORS: &str = "unauthenticated forbidden done done done done";
pub const EDITORS: &str = "unauthenticated forbidden forbidden forbidden done done";
pub const ADMINISTRATORS: &str = "unauthenticated forbidden forbidden forbidden forbidden done";

/// A write and what comes of it.
pub struct Write {
    pub name: &'static str,
    /// `done` or the word of the refusal, for each of `PEOPLE`.
    pub expected: &'static str,
    pub page: Option<fn(&Subject) -> Form>,
    pub rest: fn(&Subject) -> Call,
    pub graphql: Option<fn(&Subject) -> Mutation>,
    /// No token may do it.
    pub wants_session: bool,
    /// Pages ask visitors to log in beside the post, so that there has to be one.
    pub visitor_at_pages: Option<&'static str>,
    /// Whether this name can sign in with this password is part of what came of it. No name: whoever asked;
    /// `subject`: the account that the row is about.
    pub opens: Option<(&'static str, &'static str)>,
}

/// A form as a browser sends it.
pub struct Form {
    pub path: String,
    pub fields: Vec<(&'static str, String)>,
    pub image: Option<Vec<u8>>,
}

/// A call of REST, below `/api/v1`.
pub struct Call {
    pub method: &'static str,
    pub path: String,
    /// What is sent as `If-Match`; whoever may not change a thing may not read its tag either.
    pub if_match: &'static str,
    pub body: Asks,
}

/// The body of a call.
pub enum Asks {
    Nothing,
    Json(Value),
    Image(Vec<u8>),
}

/// A mutation of GraphQL.
pub struct Mutation {
    pub document: String,
    pub variables: Value,
}

pub fn write(
    name: &'static str,
    expected: &'static str,
    page: fn(&Subject) -> Form,
    rest: fn(&Subject) -> Call,
    graphql: fn(&Subject) -> Mutation,
) -> Write {
    let (page, graphql) = (Some(page), Some(graphql));
    Write { name, expected, page, rest, graphql, wants_session: false, visitor_at_pages: None, opens: None }
}

impl Write {
    pub fn in_session(self) -> Write {
        Write { wants_session: true, ..self }
    }
}

pub fn form(path: impl Into<String>, fields: &[(&'static str, &str)]) -> Form {
    let fields = fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Form { path: path.into(), fields, image: None }
}

pub fn call(method: &'static str, path: impl Into<String>, body: Value) -> Call {
    let body = if body.is_null() { Asks::Nothing } else { Asks::Json(body) };
    Call { method, path: path.into(), if_match: "*", body }
}

/// Arguments are (name, type, value).
pub fn mutation(name: &str, arguments: &[(&str, &str, Value)]) -> Mutation {
    let declared: Vec<String> = arguments.iter().map(|(name, kind, _)| format!("${name}: {kind}")).collect();
    let passed: Vec<String> = arguments.iter().map(|(name, ..)| format!("{name}: ${name}")).collect();
    let variables: Map<String, Value> =
        arguments.iter().map(|(name, _, value)| ((*name).to_owned(), value.clone())).collect();
    Mutation {
        document: format!(
            "mutation({}) {{ {name}({}) {{ errors {{ code }} }} }}",
            declared.join(", "),
            passed.join(", ")
        ),
        variables: variables.into(),
    }
}

impl Subject {
    /// A name, and an address, that nothing has yet.
    pub fn new_name(&self) -> String {
        format!("new-{}", self.number)
    }
}

pub fn post_path(subject: &Subject) -> String {
    format!("/posts/{}", subject.slug)
}
