//! The reference of the API for people, made from the table of operations.

use crate::error::Result;
use crate::service::Scope;
use crate::view;
use crate::view::reference::{self, Reference, Section};
use crate::web::Site;
use crate::web::api;
use crate::web::api::openapi;
use crate::web::api::operation::{Operation, Parameter, Place};
use crate::web::cache;
use crate::web::framed::framed;
use crate::web::problem;
use crate::web::request::Req;
use crate::web::response;
use crate::web::response::Res;
use http::Method;
use std::sync::Arc;

/// The page.
pub async fn show(site: Arc<Site>, req: Req) -> Result<Res> {
    cache::get_or_render(&site, &req, &[], |txn| {
        let reference = reference();
        let page = framed(&site, &req, txn, &[], |frame| view::reference::show(frame, &reference))?;
        Ok(response::page(page, vec![Scope::Frame], None))
    })
    .await
}

fn reference() -> Reference {
    let mut sections: Vec<Section> = Vec::new();
    for operation in api::operations() {
        let known = sections.iter().position(|section| section.noun == operation.tag).unwrap_or(sections.len());
        if known == sections.len() {
            sections.push(Section { noun: operation.tag, operations: Vec::new() });
        }
        if let Some(section) = sections.get_mut(known) {
            section.operations.push(entry(&operation));
        }
    }
    Reference { sections, problems: problem::kinds() }
}

fn entry(operation: &Operation) -> reference::Operation {
    let body = operation.body.as_ref().and_then(|body| body.forms.first()).map(|(_, _, example)| example);
    let body = body.filter(|example| !example.is_null()).map(ToString::to_string);
    let mut answers: Vec<(u16, &'static str)> =
        operation.answers.iter().map(|answer| (answer.status, answer.about)).collect();
    answers.extend(openapi::failures(operation));
    reference::Operation {
        id: operation.id.clone(),
        method: operation.route.method.to_string(),
        path: operation.route.pattern,
        summary: operation.summary.clone(),
        description: openapi::description(operation),
        parameters: operation.parameters.iter().map(parameter).collect(),
        command: command(operation, body.as_deref()),
        answers,
    }
}

fn parameter(parameter: &Parameter) -> reference::Parameter {
    let place = match parameter.place {
        Place::Path => "in the path",
        Place::Query => "in the query",
        Place::Header => "a header",
    };
    reference::Parameter { name: parameter.name, place, about: parameter.about, is_required: parameter.is_required }
}

/// A command for the shell, of which the values are the examples of the document.
fn command(operation: &Operation, body: Option<&str>) -> String {
    let mut path = operation.route.pattern.to_owned();
    let mut command = String::from("curl");
    if operation.route.method != Method::GET {
        command.push_str(&format!(" -X {}", operation.route.method));
    }
    let mut headers = Vec::new();
    for parameter in &operation.parameters {
        let Some(example) = parameter.example.as_ref().and_then(|value| value.as_str()) else { continue };
        match parameter.place {
            Place::Path => path = path.replace(&format!("{{{}}}", parameter.name), example),
            Place::Header => headers.push(format!("'{}: {example}'", parameter.name)),
            Place::Query => {}
        }
    }
    command.push_str(&format!(" \"$BLOG{path}\""));
    if operation.wants_somebody() {
        headers.insert(0, "\"Authorization: Bearer $TOKEN\"".into());
    }
    if let Some((media_type, _, example)) = operation.body.as_ref().and_then(|body| body.forms.first()) {
        headers.push(format!("'Content-Type: {media_type}'"));
        if example.is_null() {
            headers.push("--data-binary @FILE".into());
        }
    }
    for header in headers {
        let option = if header.starts_with("--") { "" } else { "-H " };
        command.push_str(&format!(" \\\n  {option}{header}"));
    }
    if let Some(body) = body {
        command.push_str(&format!(" \\\n  -d '{}'", body.replace('\'', "'\\''")));
    }
    command
}
