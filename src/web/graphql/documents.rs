//! Documents that are kept parsed: a program asks the same again and again, and to parse and to validate
//! takes about as long as to answer.

use crate::web::graphql::answer::Answer;
use crate::web::graphql::limits;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::{BaseType, ExecutableDocument, OperationDefinition, VariableDefinition};
use async_graphql::{Value, Variables};
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
    /// With which variables it passed the validation last.
    passed: Mutex<Option<Kinds>>,
}

/// What the validation sees of the variables of a document, in the order it declares them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kinds(Vec<Kind>);

/// Of a value of a simple type the validation sees no more than this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Missing,
    Null,
    Boolean,
    String,
    Number { is_i64: bool, is_u64: bool },
    Other,
}

impl Document {
    /// What the validation depends on beside the document, the schema being always the same. `None`: on more
    /// than kinds, because a variable is an enum, an input or a list, or an operation has to be chosen.
    pub fn kinds(&self, variables: &Variables) -> Option<Kinds> {
        let mut operations = self.parsed.operations.iter();
        let (Some((_, operation)), None) = (operations.next(), operations.next()) else { return None };
        let OperationDefinition { variable_definitions, .. } = &operation.node;
        let each = variable_definitions.iter().map(|definition| kind(&definition.node, variables));
        Some(Kinds(each.collect::<Option<_>>()?))
    }

    /// Whether it would pass the validation with such variables, as far as is known.
    pub fn is_valid(&self, kinds: &Kinds) -> bool {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner).as_ref() == Some(kinds)
    }

    /// Says that it passed the validation with such variables.
    pub fn pass(&self, kinds: Option<Kinds>) {
        if kinds.is_some() {
            *self.passed.lock().unwrap_or_else(PoisonError::into_inner) = kinds;
        }
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
        Some(Value::Number(number)) => Kind::Number { is_i64: number.is_i64(), is_u64: number.is_u64() },
        Some(_) => Kind::Other,
    })
}
