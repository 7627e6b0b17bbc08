//! What one operation of the REST API is: its route with all that is told about it.

use crate::domain::actor::Role;
use crate::domain::token::TokenScope;
use crate::error::Result;
use crate::web::Site;
use crate::web::api::query::{DEFAULT_LIMIT, MAX_LIMIT};
use crate::web::api::shape::Shape;
use crate::web::problem::MERGE_PATCH;
use crate::web::request::Req;
use crate::web::response::Res;
use crate::web::router::{Route, Surface};
use http::Method;
use serde_json::{Value, json};
use std::sync::Arc;

/// Media type of nearly everything.
pub const JSON: &str = "application/json";

/// One line of the table.
pub struct Operation {
    pub route: Route,
    /// Stable name in the OpenAPI document: `list_posts`.
    pub id: String,
    /// The noun it is filed under: `Posts`.
    pub tag: &'static str,
    pub summary: String,
    /// More about it; may be empty.
    pub description: &'static str,
    pub wants: Wants,
    pub parameters: Vec<Parameter>,
    pub body: Option<Payload>,
    /// What it answers when all goes well.
    pub answers: Vec<Answer>,
    /// Whether it takes an `Idempotency-Key`.
    pub is_once: bool,
    /// Whether it may refuse because of what is stored (409).
    pub can_conflict: bool,
}

/// Who may use it. The rule itself is in `service`; this says it.
#[derive(Debug, Clone, Copy)]
pub enum Wants {
    /// Everybody.
    Nothing,
    /// Everybody, and those of a role see more with a token of this scope.
    Optional(TokenScope),
    /// A member of this role or a higher one; a token needs the scope.
    Scope(TokenScope, Role),
    /// Somebody signed in with a session; no token.
    Session,
    /// Whoever is signed in, by a session or any token.
    Member,
}

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Path,
    Query,
    Header,
}

/// A parameter of an operation.
#[derive(Debug, Clone)]
pub struct Parameter {
    pub name: &'static str,
    pub place: Place,
    pub about: &'static str,
    /// JSON Schema of its value.
    pub schema: Value,
    pub is_required: bool,
    pub example: Option<Value>,
}

/// What an operation reads.
pub struct Payload {
    /// Media types with their shapes and examples.
    pub forms: Vec<(&'static str, Shape, Value)>,
}

/// What an operation answers.
pub struct Answer {
    pub status: u16,
    pub about: &'static str,
    pub shape: Option<Shape>,
    /// Headers it carries, with what they are for.
    pub headers: Vec<(&'static str, &'static str)>,
}

impl Operation {
    /// `pattern` begins with `/api/v1`.
    pub fn new<F, A>(method: Method, pattern: &'static str, id: impl Into<String>, handler: F) -> Operation
    where
        F: Fn(Arc<Site>, Req) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Res>> + Send + 'static,
    {
        Operation {
            route: Route::new(method, pattern, Surface::Api, handler).gives(&[JSON]),
            id: id.into(),
            tag: "",
            summary: String::new(),
            description: "",
            wants: Wants::Nothing,
            parameters: Vec::new(),
            body: None,
            answers: Vec::new(),
            is_once: false,
            can_conflict: false,
        }
    }

    /// What it does, in a few words and in some more.
    pub fn about(mut self, summary: impl Into<String>, description: &'static str) -> Operation {
        (self.summary, self.description) = (summary.into(), description);
        self
    }

    /// The noun it is filed under.
    pub fn tag(mut self, noun: &'static str) -> Operation {
        self.tag = noun;
        self
    }

    pub fn wants(mut self, wants: Wants) -> Operation {
        self.wants = wants;
        self
    }

    /// A parameter of the path.
    pub fn path(mut self, name: &'static str, about: &'static str, example: &'static str) -> Operation {
        let schema = json!({ "type": "string", "minLength": 1 });
        let example = Some(example.into());
        self.parameters.push(Parameter { name, place: Place::Path, about, schema, is_required: true, example });
        self
    }

    /// A parameter of the query.
    pub fn query(mut self, name: &'static str, about: &'static str, schema: Value) -> Operation {
        self.parameters.push(Parameter { name, place: Place::Query, about, schema, is_required: false, example: None });
        self
    }

    /// A list that is read part by part.
    pub fn paged(self) -> Operation {
        self.query(
            "limit",
            "At most so many items.",
            json!({ "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT }),
        )
        .query(
            "after",
            "A cursor: the items after this place. `next` of an answer, and its `Link` header, tell it. It holds while \
             others write; a cursor of another list is refused.",
            json!({ "type": "string", "maxLength": 4000 }),
        )
    }

    /// Sparse answers: the members of the shape that `fields` may name.
    pub fn fields(self, names: &[String]) -> Operation {
        let item = json!({ "type": "string", "enum": names });
        self.query("fields", "Only these members of each thing, separated by commas.", list_of(item))
    }

    /// What may be asked for beside the usual.
    pub fn include(self, names: &[&str]) -> Operation {
        let item = json!({ "type": "string", "enum": names });
        self.query("include", "These members too, separated by commas.", list_of(item))
    }

    /// It reads JSON of this shape.
    pub fn reads(mut self, shape: Shape, example: Value) -> Operation {
        self.body = Some(Payload { forms: vec![(JSON, shape, example)] });
        self
    }

    /// It reads a JSON Merge Patch (RFC 7396) of this shape, of which every member may be left out.
    pub fn patches(mut self, shape: Shape, example: Value) -> Operation {
        self.route = self.route.takes(&[MERGE_PATCH, JSON]);
        let shape = shape.partial();
        self.body =
            Some(Payload { forms: vec![(MERGE_PATCH, shape.clone(), example.clone()), (JSON, shape, example)] });
        self
    }

    /// Largest body, in bytes.
    pub fn body_limit(mut self, bytes: u64) -> Operation {
        self.route = self.route.body_limit(bytes);
        self
    }

    /// It answers so when all goes well.
    pub fn answers(mut self, status: u16, about: &'static str, shape: Option<Shape>) -> Operation {
        self.answers.push(Answer { status, about, shape, headers: Vec::new() });
        self
    }

    /// The last answer carries this header.
    pub fn header(mut self, name: &'static str, about: &'static str) -> Operation {
        if let Some(answer) = self.answers.last_mut() {
            answer.headers.push((name, about));
        }
        self
    }

    /// It changes what has a version: `If-Match` has to name it.
    pub fn conditional(mut self) -> Operation {
        self.route = self.route.conditional();
        self.parameters.push(Parameter {
            name: "If-Match",
            place: Place::Header,
            about: "The `ETag` of what is changed, as it was read without `fields` and `include`; `*` for whatever is \
                    there. Without it: 428. If somebody changed it meanwhile: 412.",
            schema: json!({ "type": "string" }),
            is_required: true,
            example: Some("*".into()),
        });
        self
    }

    /// It is done once for each `Idempotency-Key`.
    pub fn once(mut self) -> Operation {
        self.is_once = true;
        self.parameters.push(Parameter {
            name: "Idempotency-Key",
            place: Place::Header,
            about: "Made up by the client, 1 to 255 printable ASCII characters. The same request with the same key is \
                    done once within 24 hours; sent again it gets the same status, `Location` and what is there now, \
                    with `Idempotency-Replayed: true`.",
            schema: json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x20-\\x7e]*[\\x21-\\x7e][\\x20-\\x7e]*$" }),
            is_required: false,
            example: None,
        });
        self
    }

    /// It may be refused because of what is stored.
    pub fn conflicts(mut self) -> Operation {
        self.can_conflict = true;
        self
    }

    /// Whether somebody has to be signed in.
    pub fn wants_somebody(&self) -> bool {
        !matches!(self.wants, Wants::Nothing | Wants::Optional(_))
    }
}

/// A parameter with values separated by commas.
fn list_of(item: Value) -> Value {
    json!({ "type": "array", "items": item, "minItems": 1 })
}
