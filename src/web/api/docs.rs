//! The reference of the API for people, made from the table of operations.

use crate::error::Result;
use crate::service::Scope;
use crate::view;
use crate::view::reference::{self, Reference, Section, Use};
use crate::web::Site;
use crate::web::api;
use crate::web::api::members;
use crate::web::api::openapi;
use crate::web::api::operation::{Operation, Parameter, Place, Wants};
use crate::web::api::shape::Shape;
use crate::web::cache;
use crate::web::framed::framed;
use crate::web::problems;
use crate::web::request::Req;
use crate::web::response;
use crate::web::response::Res;
use http::Method;
use serde_json::Value;
use std::sync::Arc;

/// The page.
pub async fn show(site: Arc<Site>, req: Req) -> Result<Res> {
    cache::get_or_render_of_origin(&site, &req, &[], |txn| {
        let blog = format!("{}{}", req.origin(), site.app.links().base());
        let reference = reference(blog, site.session.name(req.is_https()));
        let page = framed(&site, &req, txn, &[], |frame| view::reference::show(frame, &reference))?;
        Ok(response::page(page, vec![Scope::Frame], None))
    })
    .await
}

fn reference(blog: String, cookie: &str) -> Reference {
    let mut sections: Vec<Section> = Vec::new();
    let operations = api::operations();
    for operation in &operations {
        let known = sections.iter().position(|section| section.noun == operation.tag).unwrap_or(sections.len());
        if known == sections.len() {
            sections.push(Section { noun: operation.tag, operations: Vec::new() });
        }
        if let Some(section) = sections.get_mut(known) {
            section.operations.push(entry(operation, cookie));
        }
    }
    Reference {
        blog,
        cookie: cookie.to_owned(),
        sections,
        shapes: members::all(&operations),
        problems: problems::kinds(),
    }
}

fn entry(operation: &Operation, cookie: &str) -> reference::Operation {
    let mut answers: Vec<(u16, &'static str, Option<Use>)> = operation
        .answers
        .iter()
        .map(|answer| (answer.status, answer.about, answer.shape.as_ref().and_then(members::used)))
        .collect();
    answers.extend(openapi::failures(operation).into_iter().map(|(status, about)| (status, about, None)));
    reference::Operation {
        id: operation.id.clone(),
        method: operation.route.method.to_string(),
        path: operation.route.pattern,
        summary: operation.summary.clone(),
        description: openapi::description(operation),
        parameters: operation.parameters.iter().map(parameter).collect(),
        body: members::body(operation),
        commands: commands(operation, cookie),
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

/// A command for the shell, of which the values are the examples of the document; where files are sent as a
/// form, also one that sends a file as it is.
fn commands(operation: &Operation, cookie: &str) -> Vec<String> {
    let forms = operation.body.as_ref().map_or(&[][..], |body| body.forms.as_slice());
    let shown = if forms.first().is_some_and(|(_, _, example)| example.is_null()) { 2 } else { 1 };
    match forms {
        [] => vec![command(operation, cookie, Vec::new())],
        forms => forms.iter().take(shown).map(|form| command(operation, cookie, body(form))).collect(),
    }
}

fn command(operation: &Operation, cookie: &str, body: Vec<String>) -> String {
    let mut path = operation.route.pattern.to_owned();
    let mut options = credentials(operation, cookie);
    for parameter in &operation.parameters {
        let Some(example) = parameter.example.as_ref().and_then(|value| value.as_str()) else { continue };
        match parameter.place {
            Place::Path => path = path.replace(&format!("{{{}}}", parameter.name), example),
            Place::Header => options.push(format!("-H '{}: {example}'", parameter.name)),
            Place::Query => {}
        }
    }
    options.extend(body);
    let mut command = String::from("curl");
    if operation.answers.iter().any(|answer| answer.headers.iter().any(|(name, _)| *name == "Set-Cookie")) {
        command.push_str(" -i");
    }
    if operation.route.method != Method::GET {
        command.push_str(&format!(" -X {}", operation.route.method));
    }
    command.push_str(&format!(" \"$BLOG{path}\""));
    for option in options {
        command.push_str(&format!(" \\\n  {option}"));
    }
    command
}

/// What says who asks. A cookie may change something only for what comes from this site, as browsers tell it.
fn credentials(operation: &Operation, cookie: &str) -> Vec<String> {
    match operation.wants {
        Wants::Nothing | Wants::Optional(_) => Vec::new(),
        Wants::Scope(..) | Wants::Member => vec!["-H \"Authorization: Bearer $TOKEN\"".into()],
        Wants::Session => {
            let mut options = vec![format!("-b \"{cookie}=$SESSION\"")];
            if !operation.route.method.is_safe() {
                options.push("-H 'Sec-Fetch-Site: same-origin'".into());
            }
            options
        }
    }
}

/// The options that send a body. The boundary of a form is made up by curl, and with it the media type.
fn body((media_type, shape, example): &(&'static str, Shape, Value)) -> Vec<String> {
    let media_type_header = format!("-H 'Content-Type: {media_type}'");
    if !example.is_null() {
        return vec![media_type_header, format!("-d '{}'", example.to_string().replace('\'', "'\\''"))];
    }
    match shape.schema.pointer("/required/0").and_then(Value::as_str) {
        Some(field) => vec![format!("-F {field}=@owl.png")],
        None => vec![media_type_header, format!("--data-binary @owl.{}", media_type.trim_start_matches("image/"))],
    }
}
