//! Documents that are kept with what is known of them: a program asks the same again and again, and to parse
//! it, to hold it against the limits, to validate it takes as long as to answer.

use crate::web::graphql::answer::Answer;
use crate::web::graphql::limits;
use crate::web::graphql::limits::Weighed;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::{BaseType, ExecutableDocument, VariableDefinition};
use async_graphql::{Number, Value, Variables};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of documents that are kept.
const KEPT: u64 = 2 * 1024 * 1024;
/// Longest document that is kept, in bytes.
const LONGEST_KEPT: usize = 4 * 1024;
/// What a parsed document takes for each byte of its text, about.
const PARSED: u64 = 64;

/// Documents by their text.
pub struct Documents(Cache<String, Arc<Document>, Weight>);

#[derive(Clone)]
struct Weight;

impl Weighter<String, Arc<Document>> for Weight {
    fn weight(&self, text: &String, _: &Arc<Document>) -> u64 {
        text.len() as u64 * PARSED + 512
    }
}

impl Default for Documents {
    fn default() -> Documents {
        Documents(Cache::with_weighter(256, KEPT, Weight))
    }
}

impl Documents {
    /// A document, parsed now or before. Only its text is held against the limits here, which one that is kept was.
    pub fn parsed(&self, text: &str) -> Result<Arc<Document>, Answer> {
        if let Some(document) = self.0.get(text) {
            return Ok(document);
        }
        limits::text(text).map_err(Answer::not_executed)?;
        let parsed = parse_query(text).map_err(Answer::not_parsed)?;
        let document = Arc::new(Document { parsed, passed: Mutex::new(None) });
        if text.len() <= LONGEST_KEPT {
            self.0.insert(text.to_owned(), Arc::clone(&document));
        }
        Ok(document)
    }
}

/// A parsed document with what is known of it.
#[derive(Debug)]
pub struct Document {
    pub parsed: ExecutableDocument,
    /// With which variables it passed limits and validation last, and what it came to.
    passed: Mutex<Option<(Kinds, Weighed)>>,
}

/// What limits and validation see of the variables of a document, in the order it declares them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kinds(Vec<Kind>);

/// Of a value of a simple type limits and validation see no more than this: a number can be the length of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Missing,
    Null,
    Boolean,
    String,
    Number(Number),
    Other,
}

impl Document {
    /// What limits and validation depend on beside the document, the schema being always the same. `None`: on
    /// more than kinds, because a variable is an enum, an input or a list, or an operation has to be chosen.
    pub fn kinds(&self, operation_name: Option<&str>, variables: &Variables) -> Option<Kinds> {
        let mut operations = self.parsed.operations.iter();
        let (Some((own, operation)), None) = (operations.next(), operations.next()) else { return None };
        if operation_name.is_some() && operation_name != own.map(|own| own.as_str()) {
            return None;
        }
        let definitions = operation.node.variable_definitions.iter();
        Some(Kinds(definitions.map(|definition| kind(&definition.node, variables)).collect::<Option<_>>()?))
    }

    /// What it comes to if it is known to pass limits and validation with such variables.
    pub fn known(&self, kinds: &Kinds) -> Option<Weighed> {
        let passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        passed.as_ref().filter(|(known, _)| known == kinds).map(|(_, weighed)| *weighed)
    }

    /// Says that it passed them.
    pub fn pass(&self, kinds: Kinds, weighed: Weighed) {
        *self.passed.lock().unwrap_or_else(PoisonError::into_inner) = Some((kinds, weighed));
    }
}

fn kind(definition: &VariableDefinition, variables: &Variables) -> Option<Kind> {
    let BaseType::Named(name) = &definition.var_type.node.base else { return None };
    if !["String", "ID", "Boolean", "Int", "Float"].contains(&name.as_str()) {
        return None;
    }
    Some(match variables.get(&definition.name.node) {
        None => Kind::Missing,
        Some(Value::Null) => Kind::Null,
        Some(Value::Boolean(_)) => Kind::Boolean,
        Some(Value::String(_)) => Kind::String,
        Some(Value::Number(number)) => Kind::Number(number.clone()),
        Some(_) => Kind::Other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::domain::actor::Actor;
    use crate::service::payer::Payers;
    use crate::web::Site;
    use crate::web::graphql::context::Operation;
    use crate::web::graphql::request::Request;
    use crate::web::graphql::{prepare, run};
    use crate::web::request::RequestId;
    use crate::web::testing::{site, site_with};
    use serde_json::{Value as Json, json};

    fn request(query: &str, variables: &Json) -> Request {
        // Of several operations the first is asked for.
        let name = query.starts_with("query A").then_some("A");
        let body = json!({ "query": query, "variables": variables, "operationName": name });
        Request::from_body(body.to_string().as_bytes()).unwrap()
    }

    /// The response, and whether the document was taken for valid.
    async fn ask(site: &Arc<Site>, query: &str, variables: &Json) -> (Json, bool) {
        let prepared = match prepare(site, request(query, variables)) {
            Ok(prepared) => prepared,
            Err(answer) => return (serde_json::from_str(&answer.json(false)).unwrap(), false),
        };
        let is_known = prepared.asked.is_known;
        let operation = Arc::new(Operation::new(&site.app, &Actor::Anonymous, Payers::default(), RequestId(1)));
        let answer = run(site, &operation, prepared).await.unwrap();
        (serde_json::from_str(&answer.json(false)).unwrap(), is_known)
    }

    #[tokio::test]
    async fn what_is_kept_is_answered_as_if_it_came_for_the_first_time() {
        let simple = "query($n: Int, $slug: String! = \"a\", $with: Boolean = true) {
            posts(first: $n, after: null) @include(if: $with) { nodes { id } }
            post(slug: $slug) { id }
        }";
        let named = "query($status: StatusFilter) { posts(first: 1, status: $status) { nodes { id } } }";
        let several = "query A($n: Int) { posts(first: $n) { nodes { id } } } query B { me { id } }";
        let huge = 10_u64.pow(19);
        let rounds = [
            (simple, json!({ "n": 5, "slug": "a" }), true),
            (simple, json!({ "n": 5, "slug": "b" }), true),
            (simple, json!({ "n": 50, "slug": "b" }), false),
            (simple, json!({ "n": 101, "slug": "b" }), false),
            (simple, json!({ "n": -1, "slug": "b" }), false),
            (simple, json!({ "n": 5_000_000_000_u64, "slug": "b" }), false),
            (simple, json!({ "n": huge, "slug": "b" }), false),
            (simple, json!({ "n": 5.5, "slug": "b" }), false),
            (simple, json!({ "n": "5", "slug": "b" }), false),
            (simple, json!({ "n": [5], "slug": "b" }), false),
            (simple, json!({ "n": 5, "slug": 7 }), false),
            (simple, json!({ "n": 5, "slug": { "a": "b" } }), false),
            (simple, json!({ "n": 5, "slug": null }), false),
            (simple, json!({ "n": 5, "slug": "b", "with": "yes" }), false),
            (simple, json!({ "n": 5, "slug": "b", "unheard": [1] }), true),
            (named, json!({ "status": "PUBLISHED" }), false),
            (named, json!({ "status": "NEVER" }), false),
            (named, json!({ "status": 1 }), false),
            (several, json!({ "n": 1 }), false),
            ("{ post(slug: 1) { id } }", json!({}), false),
            ("{ pots { id } }", json!({}), false),
            ("{ post(slug: \"a\") { id } }", json!({ "slug": [] }), true),
            ("{ __type(name: \"Post\") { name } }", json!({}), true),
        ];
        let (_, usual, _) = &rounds[0];
        for introspection in [true, false] {
            let fresh = || site_with(Config { graphql_introspection: introspection, ..Config::default() }, Vec::new());
            let kept = fresh();
            for (query, variables, is_valid) in &rounds {
                let (first, known) = ask(&fresh(), query, variables).await;
                assert!(!known, "{query}");
                // What passed before is asked for with what may not pass.
                ask(&kept, query, if *query == simple { usual } else { variables }).await;
                let (again, known) = ask(&kept, query, variables).await;
                assert_eq!(again, first, "{query} {variables}");
                let is_refused = query.contains("__type") && !introspection;
                let is_same_kind = *is_valid && !is_refused && again.get("data").is_some();
                assert_eq!(known, is_same_kind, "{query} {variables}");
            }
        }
    }

    #[tokio::test]
    async fn what_failed_in_the_validation_is_validated_again() {
        let site = site(Vec::new());
        let query = "query($n: Int) { posts(first: $n) { nodes { id } } }";
        for (variables, known) in [(json!({ "n": "1" }), false), (json!({ "n": "1" }), false), (json!({}), false)] {
            assert_eq!(ask(&site, query, &variables).await.1, known);
        }
        assert!(ask(&site, query, &json!({})).await.1);
        let other = Request { operation_name: Some("Other".into()), ..request(query, &json!({})) };
        assert!(!prepare(&site, other).unwrap().asked.is_known);
    }

    #[test]
    fn long_documents_and_those_that_cannot_be_parsed_are_not_kept() {
        let documents = Documents::default();
        let is_kept = |text: &str| {
            let (one, other) = (documents.parsed(text), documents.parsed(text));
            matches!((one, other), (Ok(one), Ok(other)) if Arc::ptr_eq(&one, &other))
        };
        assert!(is_kept("{ a }") && !is_kept("{ a"));
        assert!(!is_kept(&format!("{{ a }} # {}", "-".repeat(LONGEST_KEPT))));
        let deep = "{ a ".repeat(limits::MAX_BRACKETS + 1);
        assert!(documents.parsed(&deep).is_err() && documents.parsed(&deep).is_err());
    }
}
