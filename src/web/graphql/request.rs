//! What a GraphQL request holds (GraphQL over HTTP, section "Request"), read strictly.

use crate::error::Error;
use crate::web::request::Query;
use crate::web::strict;
use async_graphql::Variables;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A document with what belongs to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    pub query: String,
    pub operation_name: Option<String>,
    pub variables: Variables,
}

/// The members of a request; others are refused by name.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object with the member query")]
struct Members {
    query: String,
    #[serde(default)]
    operation_name: Option<String>,
    #[serde(default)]
    variables: Option<Map<String, Value>>,
    /// There are none that mean something here.
    #[serde(default, rename = "extensions")]
    _extensions: Option<Map<String, Value>>,
}

impl Members {
    /// Reading by types copies, and a variable can hold a whole image: what is in the variables is taken out before.
    fn read(mut request: Value) -> crate::error::Result<Members> {
        let variables = match request.get_mut("variables") {
            Some(Value::Object(variables)) => Some(std::mem::take(variables)),
            _ => None,
        };
        Ok(Members { variables, ..strict::typed(request)? })
    }
}

impl From<Members> for Request {
    fn from(members: Members) -> Request {
        let variables = members.variables.map(|variables| Variables::from_json(Value::Object(variables)));
        let operation_name = members.operation_name.filter(|name| !name.is_empty());
        Request { query: members.query, operation_name, variables: variables.unwrap_or_default() }
    }
}

impl Request {
    /// The body of a POST. The error is a sentence for whoever sent it.
    pub fn from_body(body: &[u8]) -> Result<Request, String> {
        if body.is_empty() {
            return Err("The body is empty; it should be an object with the member query.".into());
        }
        // A byte order mark is no JSON (RFC 8259, section 8.1), and no client sends one.
        let members = strict::parse(body).and_then(Members::read);
        Ok(members.map_err(|fault| format!("The body is no GraphQL request: {}", told(&fault)))?.into())
    }

    /// What somebody typed into a form.
    pub fn typed(query: &str, variables: &str) -> Result<Request, String> {
        let variables = object(variables).map_err(|fault| format!("This is {fault}"))?;
        Ok(Members { query: query.to_owned(), operation_name: None, variables, _extensions: None }.into())
    }

    /// The query of a GET; members are parameters, and objects are JSON in them. Empty is as good as left out.
    pub fn from_query(query: &Query) -> Result<Request, String> {
        let text = query.get("query").ok_or("The parameter query is missing, which holds the document.")?;
        let object = |name: &str| {
            object(query.get(name).unwrap_or("")).map_err(|fault| format!("The parameter {name} is {fault}"))
        };
        let (variables, extensions) = (object("variables")?, object("extensions")?);
        let operation_name = query.get("operationName").map(str::to_owned);
        Ok(Members { query: text.to_owned(), operation_name, variables, _extensions: extensions }.into())
    }
}

/// Empty is as good as left out.
fn object(text: &str) -> Result<Option<Map<String, Value>>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let read = strict::parse(text.as_bytes()).and_then(strict::typed);
    read.map_err(|fault| format!("no object in JSON: {}", told(&fault)))
}

/// What is wrong, and where.
fn told(fault: &Error) -> String {
    let Error::Invalid(fields) = fault else { return fault.to_string() };
    let each = fields.iter().map(|fault| match fault.field.as_ref() {
        "" => fault.message.to_string(),
        field => format!("`{field}`: {}", fault.message),
    });
    each.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(body: &str) -> String {
        Request::from_body(body.as_bytes()).unwrap_err()
    }

    #[test]
    fn a_request_is_read_with_its_variables() {
        let body =
            r#"{"query":"{a}","operationName":null,"extensions":{"x":1},"variables":{"a":[1,-2,0.5,null,{"b":"c"}]}}"#;
        let request = Request::from_body(body.as_bytes()).unwrap();
        assert_eq!((request.query.as_str(), request.operation_name), ("{a}", None));
        let variables = serde_json::to_string(&request.variables).unwrap();
        assert_eq!(variables, r#"{"a":[1,-2,0.5,null,{"b":"c"}]}"#);
        let query = Query::parse(Some("query=%7Ba%7D&variables=%7B%22n%22:1%7D&operationName=A"));
        let request = Request::from_query(&query).unwrap();
        assert_eq!((request.operation_name.as_deref(), request.variables.len()), (Some("A"), 1));
    }

    #[test]
    fn what_is_no_request_is_told_by_name() {
        assert!(error(r#"{"qeury":"{a}"}"#).contains("qeury"));
        assert!(error(r#"{"query":"{a}","query":"{b}"}"#).contains("query"));
        assert!(error(r#"{"query":"{a}","variables":{"x":{"y":1,"y":2}}}"#).contains("`y`"));
        assert!(error(r#"{"query":0}"#).contains("a text"));
        assert!(error(r#"{"query":"{a}","variables":[1]}"#).contains("an object"));
        assert!(error(r#"{"query":"{a}","variables":{"x":1e999}}"#).contains("JSON"));
        assert!(error("[]").contains("query") && error("").contains("empty") && !error("\u{feff}{}").is_empty());
        let deep = format!(r#"{{"query":"","variables":{{"x":{}1{}}}}}"#, "[".repeat(9_000), "]".repeat(9_000));
        assert!(error(&deep).contains("too deep"));
        assert!(error(r#"["{a}"]"#).contains("an object"));
        let many = format!(r#"{{"query":"{{a}}","variables":{{"x":[{}0]}}}}"#, "[0],".repeat(30_000));
        assert!(error(&many).contains("too many values"));
        assert!(Request::from_body(b"{\"query\":\"\xff\"}").is_err());
        assert!(Request::from_query(&Query::parse(Some("query=a&variables=1"))).is_err());
        assert!(Request::from_query(&Query::parse(None)).is_err());
    }
}
