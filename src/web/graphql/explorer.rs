//! The explorer: a form that runs through the same function as the API.

use crate::domain::post::Kind;
use crate::error::{FieldError, Result};
use crate::service::writing;
use crate::view::admin::explorer;
use crate::view::admin::explorer::{Asked, Member, Type};
use crate::web::Site;
use crate::web::framed::framed;
use crate::web::graphql::context::Operation;
use crate::web::graphql::request::Request;
use crate::web::graphql::{door, prepare, run};
use crate::web::request::Req;
use crate::web::response;
use crate::web::response::Res;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{FieldDefinition, InputValueDefinition, TypeKind, TypeSystemDefinition};
use http::StatusCode;
use std::sync::Arc;

/// Body limit of the form: a document and its variables, percent-encoded.
pub const BODY_LIMIT: u64 = 128 * 1024;

const EXAMPLE: &str = "{
  posts(first: 5) {
    nodes {
      title
      url
      commentCount
      authors { displayName }
    }
  }
}";

/// The form with an example, for those who write.
pub async fn show(site: Arc<Site>, req: Req) -> Result<Res> {
    writing::permit(&req.actor, Kind::Post)?;
    page(&site, &req, StatusCode::OK, &Asked { query: EXAMPLE, ..Asked::default() }, &[])
}

/// Runs what was typed.
pub async fn run_form(site: Arc<Site>, mut req: Req) -> Result<Res> {
    let form = req.form().await?;
    writing::permit(&req.actor, Kind::Post)?;
    let (query, variables) = (form.text("query"), form.text("variables"));
    let asked = Asked { query, variables, response: None };
    let request = match Request::typed(query, variables) {
        Ok(request) => request,
        Err(message) => {
            let error = FieldError { field: "variables".into(), message: message.into() };
            return page(&site, &req, StatusCode::UNPROCESSABLE_ENTITY, &asked, &[error]);
        }
    };
    let answer = match prepare(&site, request) {
        Ok(prepared) => run(&site, &Operation::of(&site.app, &req), prepared).await?,
        Err(answer) => answer,
    };
    let status = if answer.status == StatusCode::OK { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    page(&site, &req, status, &Asked { response: Some(&answer.json(true)), ..asked }, &[])
}

fn page(site: &Site, req: &Req, status: StatusCode, asked: &Asked<'_>, errors: &[FieldError]) -> Result<Res> {
    let types = types(site);
    let show = |frame: &crate::view::layout::Frame<'_>| explorer::show(frame, asked, &types, errors);
    Ok(response::html_status(status, framed(site, req, &site.app.read()?, &[], show)?))
}

/// The types of the schema, the three with which everything begins first; none if it is not told.
fn types(site: &Site) -> Vec<Type> {
    if !site.app.config().graphql_introspection {
        return Vec::new();
    }
    let document = parse_schema(door(site).schema.sdl());
    let definitions = document.map(|document| document.definitions).unwrap_or_default();
    let mut types: Vec<Type> = definitions.into_iter().filter_map(described).collect();
    let first = ["Query", "Mutation", "Subscription"];
    let rank = |name: &str| first.iter().position(|known| *known == name).unwrap_or(first.len());
    types.sort_by(|a, b| (rank(&a.name), &a.name).cmp(&(rank(&b.name), &b.name)));
    types
}

fn described(definition: TypeSystemDefinition) -> Option<Type> {
    let TypeSystemDefinition::Type(definition) = definition else { return None };
    let definition = definition.node;
    let fields = match definition.kind {
        TypeKind::Object(object) => object.fields.into_iter().map(|field| field_of(field.node)).collect(),
        TypeKind::InputObject(object) => object.fields.into_iter().map(|field| input_of(&field.node)).collect(),
        TypeKind::Enum(values) => {
            let member = |value: async_graphql::parser::types::EnumValueDefinition| Member {
                signature: value.value.node.to_string(),
                about: value.description.map(|text| text.node).unwrap_or_default(),
            };
            values.values.into_iter().map(|value| member(value.node)).collect()
        }
        TypeKind::Scalar | TypeKind::Interface(_) | TypeKind::Union(_) => Vec::new(),
    };
    let about = definition.description.map(|text| text.node).unwrap_or_default();
    Some(Type { name: definition.name.node.to_string(), about, fields })
}

fn field_of(field: FieldDefinition) -> Member {
    let arguments: Vec<String> = field.arguments.iter().map(|argument| input_of(&argument.node).signature).collect();
    let arguments = if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
    Member {
        signature: format!("{}{arguments}: {}", field.name.node, field.ty.node),
        about: field.description.map(|text| text.node).unwrap_or_default(),
    }
}

fn input_of(input: &InputValueDefinition) -> Member {
    let default = input.default_value.as_ref().map(|value| format!(" = {}", value.node)).unwrap_or_default();
    Member {
        signature: format!("{}: {}{default}", input.name.node, input.ty.node),
        about: input.description.as_ref().map(|text| text.node.clone()).unwrap_or_default(),
    }
}
