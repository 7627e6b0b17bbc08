//! The OpenAPI 3.1 document, made from the table of operations.

use crate::error::{Error, Result};
use crate::web::Site;
use crate::web::api;
use crate::web::api::operation::{Answer, JSON, Operation, Parameter, Place, Wants};
use crate::web::api::query::Reader;
use crate::web::api::shape::Shape;
use crate::web::cache;
use crate::web::request::Req;
use crate::web::response::{Rendered, Res};
use http::Method;
use serde_json::{Map, Value, json};
use std::sync::Arc;

const PROBLEM: &str = "application/problem+json";

pub fn operations() -> Vec<Operation> {
    let document = Operation::new(Method::GET, "/api/v1/openapi.json", "get_openapi", show)
        .about("This document", "OpenAPI 3.1, made from the table of operations.")
        .tag("Document")
        .answers(200, "It.", Some(Shape::plain(json!({ "type": "object" }))))
        .header("ETag", "Its version, for `If-None-Match`.");
    vec![document]
}

async fn show(site: Arc<Site>, req: Req) -> Result<Res> {
    Reader::new(&req, &[])?.finish()?;
    cache::get_or_render(&site, &req, &[], |_| {
        let body = serde_json::to_vec(&document(&site)).map_err(|cause| Error::Internal(Box::new(cause)))?;
        Ok(Rendered::Page { body: body.into(), media_type: JSON, scopes: Vec::new(), until: None, headers: Vec::new() })
    })
    .await
}

/// The whole document.
pub fn document(site: &Site) -> Value {
    let operations = api::operations();
    let mut paths = Map::new();
    let mut schemas = Map::new();
    for operation in &operations {
        let path = paths.entry(operation.route.pattern).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(operation.route.method.as_str().to_lowercase(), described(operation));
        }
        let answers = operation.answers.iter().filter_map(|answer| answer.shape.as_ref());
        let forms = operation.body.iter().flat_map(|body| body.forms.iter().map(|(_, shape, _)| shape));
        for shape in answers.chain(forms) {
            schemas.extend(shape.parts.clone());
        }
    }
    schemas.insert("Problem".into(), problem());
    let mut tags: Vec<&str> = operations.iter().map(|operation| operation.tag).collect();
    tags.dedup();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "pamphlet",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What a person can do on the pages of this blog, a program can do here, by the same rules. \
                Times are RFC 3339 in UTC, ids are strings, and cursors are not to be taken apart. Errors are problem \
                documents (RFC 9457) whose `type` is stable.",
            "license": { "name": "MIT", "identifier": "MIT" },
        },
        "servers": [{ "url": if site.app.links().base().is_empty() { "/" } else { site.app.links().base() } }],
        "tags": tags.iter().map(|tag| json!({ "name": tag })).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "An API token, made under /account or by `pamphlet user token`." },
                "session": {
                    "type": "apiKey", "in": "cookie", "name": site.session.name(false),
                    "description": "The cookie of a session; over https its name begins with `__Host-`. What changes \
                        something has to come from this site: `Sec-Fetch-Site: same-origin` or an `Origin` header.",
                },
            },
        },
    })
}

fn described(operation: &Operation) -> Value {
    let mut about = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": description(operation),
        "security": security(operation.wants),
        "responses": responses(operation),
    });
    let parameters: Vec<Value> = operation.parameters.iter().map(parameter).collect();
    let Some(object) = about.as_object_mut() else { return about };
    if !parameters.is_empty() {
        object.insert("parameters".into(), parameters.into());
    }
    if let Some(body) = &operation.body {
        let content: Map<String, Value> = body
            .forms
            .iter()
            .map(|(media_type, shape, example)| {
                let mut content = json!({ "schema": shape.schema });
                if let (false, Some(content)) = (example.is_null(), content.as_object_mut()) {
                    content.insert("example".into(), example.clone());
                }
                ((*media_type).to_owned(), content)
            })
            .collect();
        object.insert("requestBody".into(), json!({ "required": true, "content": content }));
    }
    about
}

pub(in crate::web::api) fn description(operation: &Operation) -> String {
    let wants = match operation.wants {
        Wants::Nothing => "For everybody.".to_owned(),
        Wants::Optional(scope) => {
            format!("For everybody; a token needs the scope `{}` to see what is not public.", scope.as_str())
        }
        Wants::Scope(scope, role) => {
            format!(
                "For the role `{}` and those above it; a token needs the scope `{}`.",
                role.as_str(),
                scope.as_str()
            )
        }
        Wants::Session => "For whoever is signed in; no token may do this.".to_owned(),
        Wants::Member => "For whoever is signed in or sends a token.".to_owned(),
    };
    let space = if operation.description.is_empty() { "" } else { " " };
    format!("{}{space}{wants}", operation.description)
}

fn security(wants: Wants) -> Value {
    match wants {
        Wants::Nothing => json!([]),
        Wants::Optional(_) => json!([{}, { "token": [] }, { "session": [] }]),
        Wants::Scope(..) | Wants::Member => json!([{ "token": [] }, { "session": [] }]),
        Wants::Session => json!([{ "session": [] }]),
    }
}

fn parameter(parameter: &Parameter) -> Value {
    let place = match parameter.place {
        Place::Path => "path",
        Place::Query => "query",
        Place::Header => "header",
    };
    let mut about = json!({
        "name": parameter.name,
        "in": place,
        "description": parameter.about,
        "required": parameter.is_required,
        "schema": parameter.schema,
    });
    let Some(object) = about.as_object_mut() else { return about };
    if parameter.schema.get("type").is_some_and(|word| word == "array") {
        object.insert("style".into(), "form".into());
        object.insert("explode".into(), false.into());
    }
    if let Some(example) = &parameter.example {
        object.insert("example".into(), example.clone());
    }
    about
}

fn responses(operation: &Operation) -> Value {
    let mut all: Map<String, Value> =
        operation.answers.iter().map(|answer| (answer.status.to_string(), good(operation, answer))).collect();
    for (status, about) in failures(operation) {
        let media = json!({ PROBLEM: { "schema": { "$ref": "#/components/schemas/Problem" } } });
        let mut response = json!({ "description": about, "content": media });
        if let (301 | 304 | 308, Some(object)) = (status, response.as_object_mut()) {
            object.remove("content");
        }
        all.insert(status.to_string(), response);
    }
    Value::Object(all)
}

fn good(operation: &Operation, answer: &Answer) -> Value {
    let mut response = json!({ "description": answer.about });
    let Some(object) = response.as_object_mut() else { return response };
    if let Some(shape) = &answer.shape {
        object.insert("content".into(), json!({ JSON: { "schema": shape.schema } }));
    }
    let mut headers: Map<String, Value> = answer.headers.iter().map(|(name, about)| header(name, about)).collect();
    headers.extend([
        header("RateLimit", "What is left of the quota, if there is one."),
        header("RateLimit-Policy", "The quota, if there is one."),
    ]);
    if operation.is_once {
        headers.extend([header("Idempotency-Replayed", "`true` if it was done by an earlier request.")]);
    }
    object.insert("headers".into(), Value::Object(headers));
    response
}

fn header(name: &str, about: &str) -> (String, Value) {
    (name.to_owned(), json!({ "description": about, "schema": { "type": "string" } }))
}

/// Every other status that can really occur, with why.
pub(in crate::web::api) fn failures(operation: &Operation) -> Vec<(u16, &'static str)> {
    let reads = operation.route.method == Method::GET;
    let has_path = operation.parameters.iter().any(|parameter| parameter.place == Place::Path);
    let moves = ["/posts/{slug}", "/pages/{slug}", "/categories/{slug}"];
    let moves = moves.iter().any(|end| operation.route.pattern.ends_with(end));
    let somebody = operation.wants_somebody() || matches!(operation.wants, Wants::Optional(_));
    let has_body = operation.body.is_some();
    let may = [
        (reads && moves, 301, "Its address changed; `Location` has the new one."),
        (reads, 304, "What `If-None-Match` names is what is there."),
        (!reads && moves, 308, "Its address changed; `Location` has the new one."),
        (true, 400, "The request cannot be read."),
        (true, 401, "Nobody is signed in and somebody has to be, or the token is not valid."),
        (somebody || !reads, 403, "The role or the token is not for this, or a browser sent it from another site."),
        (
            has_path || operation.id == "batch" || operation.is_once,
            404,
            "It is not there, or not for whoever asks. Or what was made with this key is gone.",
        ),
        (true, 406, "`Accept` leaves out JSON."),
        (has_body, 408, "The body did not arrive in time."),
        (operation.can_conflict, 409, "What is stored refuses it."),
        (operation.route.is_conditional || operation.id == "batch", 412, "Somebody changed it meanwhile."),
        (has_body, 413, "The body is too large."),
        (true, 414, "The address is longer than any of ours."),
        (has_body, 415, "The body is of another kind; `Accept` says which there are."),
        (true, 422, "Something in the request is wrong: `errors` has all of it."),
        (operation.route.is_conditional, 428, "`If-Match` is missing."),
        (true, 429, "The quota is used up; `Retry-After` says when to come back."),
        (true, 431, "The head of the request is too large to be read."),
        (true, 503, "The blog is busy or cannot save now; `Retry-After` says when to come back."),
    ];
    may.into_iter().filter(|(can, ..)| *can).map(|(_, status, about)| (status, about)).collect()
}

fn problem() -> Value {
    json!({
        "type": "object",
        "description": "A problem, as RFC 9457 has it.",
        "required": ["type", "title", "status", "detail", "request_id"],
        "properties": {
            "type": { "type": "string", "format": "uri-reference", "description": "Says what kind of problem it is, and stays the same: the address of a page of this blog that says more.", "example": "/problems/invalid" },
            "title": { "type": "string" },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": { "type": "string", "description": "One sentence or two that say what to do." },
            "request_id": { "type": "string", "description": "Names the request in the log of the site." },
            "errors": {
                "type": "array",
                "description": "All that is wrong with the request.",
                "items": {
                    "type": "object",
                    "required": ["field", "message"],
                    "properties": {
                        "field": { "type": "string", "description": "The member, the parameter or the header; empty: all of it." },
                        "message": { "type": "string" },
                    },
                },
            },
            "item": { "type": "integer", "minimum": 0, "description": "The item of a batch that is at fault." },
        },
    })
}
