//! What a GraphQL request holds (GraphQL over HTTP, section "Request"), read strictly.

use crate::web::request::Query;
use async_graphql::indexmap::IndexMap;
use async_graphql::{Name, Value, Variables};
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// A document with what belongs to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    pub query: String,
    pub operation_name: Option<String>,
    pub variables: Variables,
}

/// The members of a request; others are refused by name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object with the member query")]
struct Members {
    query: String,
    #[serde(default)]
    operation_name: Option<String>,
    #[serde(default)]
    variables: Option<Object>,
    /// There are none that mean something here.
    #[serde(default, rename = "extensions")]
    _extensions: Option<Object>,
}

impl From<Members> for Request {
    fn from(members: Members) -> Request {
        let variables = members.variables.map(|Object(map)| Variables::from_value(Value::Object(map)));
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
        let members: Members =
            serde_json::from_slice(body).map_err(|cause| format!("The body is no GraphQL request: {cause}."))?;
        Ok(members.into())
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
fn object(text: &str) -> Result<Option<Object>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    serde_json::from_str::<Option<Object>>(text).map_err(|cause| format!("no object in JSON: {cause}."))
}

/// A JSON object in which no name stands twice, at any depth.
struct Object(IndexMap<Name, Value>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Object, D::Error> {
        struct Whole;
        impl<'de> Visitor<'de> for Whole {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object, A::Error> {
                members(map).map(Object)
            }
        }
        from.deserialize_map(Whole)
    }
}

fn members<'de, A: MapAccess<'de>>(mut map: A) -> Result<IndexMap<Name, Value>, A::Error> {
    let mut members = IndexMap::new();
    while let Some(name) = map.next_key::<String>()? {
        let value = map.next_value_seed(Any)?;
        if members.insert(Name::new(&name), value).is_some() {
            return Err(A::Error::custom(format_args!("duplicate member `{name}`")));
        }
    }
    Ok(members)
}

/// Reads any JSON value.
struct Any;

impl<'de> DeserializeSeed<'de> for Any {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Any {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Boolean(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        serde_json::Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number without end"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Any)? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        members(map).map(Value::Object)
    }
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
        assert!(error(r#"{"query":0}"#).contains("a string"));
        assert!(error(r#"{"query":"{a}","variables":[1]}"#).contains("an object"));
        assert!(error(r#"{"query":"{a}","variables":{"x":1e999}}"#).contains("number"));
        assert!(error("[]").contains("query") && error("").contains("empty") && !error("\u{feff}{}").is_empty());
        let deep = format!(r#"{{"query":"","variables":{{"x":{}1{}}}}}"#, "[".repeat(9_000), "]".repeat(9_000));
        assert!(error(&deep).contains("recursion"));
        assert!(Request::from_body(b"{\"query\":\"\xff\"}").is_err());
        assert!(Request::from_query(&Query::parse(Some("query=a&variables=1"))).is_err());
        assert!(Request::from_query(&Query::parse(None)).is_err());
    }
}
