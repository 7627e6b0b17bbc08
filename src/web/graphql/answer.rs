//! From what an operation came to, to the response of GraphQL over HTTP.

use crate::error::Error;
use crate::web::graphql::accept::Speaks;
use crate::web::graphql::limits;
use crate::web::graphql::limits::{Cost, INVALID};
use crate::web::problem;
use crate::web::problem::Refusal;
use crate::web::request::RequestId;
use crate::web::response;
use crate::web::response::Res;
use crate::web::wire::camel_case;
use async_graphql::{ServerError, Value};
use http::StatusCode;
use serde::Serialize;
use serde_json::json;

/// Room for the JSON of most answers, in bytes: one that has to grow is copied each time.
const USUAL: usize = 8 * 1024;

/// A GraphQL response with the status it has where the status tells.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    /// Whether there was a request at all: without one, no media type makes it a 200.
    is_response: bool,
    errors: Vec<ServerError>,
    data: Option<Value>,
    cost: Option<Cost>,
}

/// The members in the order that the specification advises.
#[derive(Serialize)]
struct Members<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extensions: Option<serde_json::Value>,
}

impl Answer {
    /// What an executed operation gave. `cost` is what it was reckoned to cost.
    pub fn of(response: async_graphql::Response, cost: Cost, id: RequestId) -> Answer {
        // What fails before anything is executed belongs to no field.
        let is_request_error =
            response.data == Value::Null && response.errors.iter().all(|error| error.path.is_empty());
        let refused = is_request_error && !response.errors.is_empty();
        Answer {
            status: if refused { StatusCode::BAD_REQUEST } else { StatusCode::OK },
            is_response: true,
            errors: response.errors.into_iter().map(|error| told(error, id)).collect(),
            data: (!refused).then_some(response.data),
            cost: Some(cost),
        }
    }

    /// The body or the query holds no request.
    pub fn no_request(message: String) -> Answer {
        Answer { is_response: false, ..Answer::refused(coded(message, "malformed")) }
    }

    /// The document cannot be parsed.
    pub fn not_parsed(error: async_graphql::parser::Error) -> Answer {
        let mut error = ServerError::from(error);
        set(&mut error, "code", "malformed".into());
        Answer::refused(error)
    }

    /// The document is not executed.
    pub fn not_executed(refused: limits::Refused) -> Answer {
        Answer { cost: refused.cost, ..Answer::refused(coded(refused.message, refused.code)) }
    }

    /// The request is one that this address does not take.
    pub fn refusal(refusal: &Refusal) -> Answer {
        let verdict = problem::refused(refusal);
        let error = coded(verdict.message, verdict.code);
        Answer { status: verdict.status, is_response: false, ..Answer::refused(error) }
    }

    fn refused(error: ServerError) -> Answer {
        Answer { status: StatusCode::BAD_REQUEST, is_response: true, errors: vec![error], data: None, cost: None }
    }

    /// Whether everything asked for is there.
    pub fn is_whole(&self) -> bool {
        self.errors.is_empty()
    }

    /// As JSON; `pretty` for people.
    pub fn json(&self, pretty: bool) -> String {
        self.written(pretty, USUAL)
    }

    /// As JSON for an event, which is short, and of which there can be one for each listener at a time.
    pub fn event(&self) -> String {
        self.written(false, 0)
    }

    fn written(&self, pretty: bool, room: usize) -> String {
        let cost = |cost| json!({ "cost": cost });
        let members = Members { errors: &self.errors, data: self.data.as_ref(), extensions: self.cost.map(cost) };
        let mut json = Vec::with_capacity(room);
        let written = if pretty {
            serde_json::to_writer_pretty(&mut json, &members)
        } else {
            serde_json::to_writer(&mut json, &members)
        };
        written.ok().and_then(|()| String::from_utf8(json).ok()).unwrap_or_default()
    }

    /// As an answer in this media type.
    pub fn respond(&self, speaks: Speaks) -> Res {
        let always_ok = speaks == Speaks::Json && self.is_response;
        let status = if always_ok { StatusCode::OK } else { self.status };
        // Whoever wants events and gets none reads the reason as a GraphQL response.
        let speaks = if speaks == Speaks::Events { Speaks::GraphQl } else { speaks };
        response::bytes(status, speaks.media_type(), self.json(false))
    }
}

/// An error with the word of its kind; what is nobody's business goes to the log.
fn told(mut error: ServerError, id: RequestId) -> ServerError {
    let Some(source) = error.source.take() else {
        if error.extensions.as_ref().is_none_or(|values| values.get("code").is_none()) {
            set(&mut error, "code", INVALID.into());
        }
        return error;
    };
    let internal = Error::internal("an error that is not ours");
    let cause = source.downcast_ref::<Error>().unwrap_or(&internal);
    let verdict = problem::verdict(cause, id);
    error.message = verdict.message;
    set(&mut error, "code", verdict.code.into());
    if let Error::Invalid(fields) = cause {
        let each = |field: &crate::error::FieldError| {
            let pair = [("field", camel_case(&field.field)), ("message", field.message.to_string())];
            Value::Object(pair.into_iter().map(|(name, text)| (async_graphql::Name::new(name), text.into())).collect())
        };
        set(&mut error, "errors", Value::List(fields.iter().map(each).collect()));
    }
    error
}

fn coded(message: String, code: &str) -> ServerError {
    let mut error = ServerError::new(message, None);
    set(&mut error, "code", code.into());
    error
}

fn set(error: &mut ServerError, name: &str, value: Value) {
    error.extensions.get_or_insert_default().set(name, value);
}
