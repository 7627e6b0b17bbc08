//! What a document may ask for: how much of it there may be, how deep it goes, what it costs.
//!
//! All of it is decided before the library looks at the document, because parser and validation are
//! recursive and expand fragments as often as they are named: here each fragment is walked once.

use crate::web::graphql::costs::{Costs, Field as Priced};
use async_graphql::parser::types::{
    ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet, VariableDefinition,
};
use async_graphql::{Name, Value, Variables};
use serde::Serialize;
use std::collections::HashMap;

/// Longest document, in bytes.
pub const MAX_BYTES: usize = 64 * 1024;
/// Most tokens of a document.
pub const MAX_TOKENS: usize = 5_000;
/// Deepest nesting of brackets of any kind: the parser is recursive.
pub const MAX_BRACKETS: usize = 48;
/// Deepest nesting of fields, fragments expanded.
pub const MAX_DEPTH: usize = 20;
/// Most fields of a document, fragments expanded.
pub const MAX_FIELDS: usize = 2_000;
/// Most fields at the top of an operation.
pub const MAX_ROOTS: usize = 20;
/// Most fields that are given another name, fragments expanded.
pub const MAX_ALIASES: usize = 50;
/// Highest cost of a query or a mutation.
pub const MAX_COST: u32 = 10_000;
/// Highest cost of one event of a subscription: each listener is told each event anew.
pub const MAX_EVENT_COST: u32 = 100;
/// How often the lists of a type may be asked for within themselves in introspection.
const MAX_INTROSPECTION: usize = 2;
/// Larger numbers are all the same. Far from overflow, on small machines too.
const CEILING: usize = 1_000_000;

/// The code of a document that means nothing here.
pub const INVALID: &str = "invalid-query";
/// The code of a document that asks for too much.
pub const TOO_COSTLY: &str = "too-costly";

/// Why a document is not executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub code: &'static str,
    /// A sentence that names the limit.
    pub message: String,
    /// What the operation would cost, if that is what is too much.
    pub cost: Option<Cost>,
}

/// What an operation costs, and what it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cost {
    pub requested: u32,
    pub limit: u32,
}

impl Cost {
    /// Of an operation of this kind; of a subscription, for each event.
    fn new(kind: OperationType, requested: usize) -> Cost {
        let limit = if kind == OperationType::Subscription { MAX_EVENT_COST } else { MAX_COST };
        Cost { requested: u32::try_from(requested).unwrap_or(u32::MAX), limit }
    }
}

impl Refused {
    /// It goes over a limit.
    fn new(message: impl Into<String>) -> Refused {
        Refused { code: TOO_COSTLY, message: message.into(), cost: None }
    }

    /// However small it were, it would not do.
    fn invalid(message: impl Into<String>) -> Refused {
        Refused { code: INVALID, message: message.into(), cost: None }
    }
}

/// Looks at the text before it is parsed.
pub fn text(document: &str) -> Result<(), Refused> {
    if document.len() > MAX_BYTES {
        return Err(Refused::new(format!(
            "The document is longer than {MAX_BYTES} bytes. Values belong into variables."
        )));
    }
    let (mut tokens, mut open, mut rest) = (0, 0usize, document.as_bytes());
    while let Some((&byte, after)) = rest.split_first() {
        let length = match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b',' => 0,
            b'#' => {
                rest = after
                    .split_at(after.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(after.len()))
                    .1;
                continue;
            }
            b'"' => string(rest),
            _ => rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count().max(1),
        };
        match byte {
            b'{' | b'[' | b'(' => open += 1,
            b'}' | b']' | b')' => open = open.saturating_sub(1),
            _ => {}
        }
        tokens += usize::from(length > 0);
        if open > MAX_BRACKETS {
            return Err(Refused::new(format!("The document is nested deeper than {MAX_BRACKETS} brackets.")));
        }
        if tokens > MAX_TOKENS {
            return Err(Refused::new(format!("The document has more than {MAX_TOKENS} tokens.")));
        }
        rest = rest.split_at(length.max(1)).1;
    }
    Ok(())
}

/// Bytes of the string at the beginning of `text`, its quotes included.
fn string(text: &[u8]) -> usize {
    let block = text.starts_with(b"\"\"\"");
    let (quotes, mut at): (&[u8], usize) = if block { (b"\"\"\"", 3) } else { (b"\"", 1) };
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(quotes) {
            return at + quotes.len();
        }
        let escaped = if block { rest.starts_with(b"\\\"\"\"") } else { rest.starts_with(b"\\") };
        at += match escaped {
            true if block => 4,
            true => 2,
            false => 1,
        };
    }
    text.len()
}

/// What a parsed document asks for in one of its operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weighed {
    pub kind: OperationType,
    pub cost: Cost,
}

impl Default for Weighed {
    /// What is left when there is nothing to execute.
    fn default() -> Weighed {
        Weighed { kind: OperationType::Query, cost: Cost::new(OperationType::Query, 0) }
    }
}

/// Walks every operation and every fragment of a document. `None`: it has no operation of that name, which
/// the library tells better.
pub fn document(
    costs: &Costs,
    document: &ExecutableDocument,
    (name, variables): (Option<&str>, &Variables),
) -> Result<Option<Weighed>, Refused> {
    let mut chosen = None;
    let mut fragments = HashMap::new();
    // Also those that no operation uses: the library walks them too.
    for fragment in document.fragments.keys() {
        let operation = Operation { costs, document, variables, definitions: None };
        Walk { operation, fragments: &mut fragments }.fragment(fragment.as_str())?;
    }
    for (own, definition) in document.operations.iter() {
        // What a fragment costs depends on variables and their defaults, which each operation has its own of.
        let mut fragments = HashMap::new();
        let operation = Operation { costs, document, variables, definitions: Some(&definition.node) };
        let mut walk = Walk { operation, fragments: &mut fragments };
        let sum = walk.set(&definition.node.selection_set.node, costs.root(definition.node.ty))?;
        if sum.roots > MAX_ROOTS {
            return Err(Refused::new(format!(
                "An operation has at most {MAX_ROOTS} fields at its top; this one has {}.",
                sum.roots
            )));
        }
        if definition.node.ty == OperationType::Subscription && sum.roots != 1 {
            return Err(Refused::invalid("A subscription listens to one thing: it has one field at its top."));
        }
        let is_chosen = name.is_none() || own.map(|own| own.as_str()) == name;
        if is_chosen {
            missing(&definition.node, variables)?;
            let kind = definition.node.ty;
            chosen = Some(Weighed { kind, cost: Cost::new(kind, sum.cost) });
        }
    }
    match chosen {
        Some(Weighed { kind, cost }) if cost.requested > cost.limit => {
            let what = if kind == OperationType::Subscription { "an event of a subscription" } else { "an operation" };
            let Cost { requested, limit } = cost;
            Err(Refused {
                code: TOO_COSTLY,
                message: format!("This costs {requested}, and {what} may cost {limit}. Please ask for less at once."),
                cost: Some(cost),
            })
        }
        chosen => Ok(chosen),
    }
}

/// Refuses an operation whose variables are not all there, as nothing of it can be executed.
fn missing(operation: &OperationDefinition, variables: &Variables) -> Result<(), Refused> {
    let is_missing = |definition: &VariableDefinition| {
        let given = variables.get(&definition.name.node);
        let is_null = given.or(definition.default_value()).is_none_or(|value| *value == Value::Null);
        is_null && !definition.var_type.node.nullable
    };
    match operation.variable_definitions.iter().find(|definition| is_missing(&definition.node)) {
        Some(definition) => {
            let VariableDefinition { name, var_type, .. } = &definition.node;
            Err(Refused::invalid(format!(
                "The variable ${} of the type {} is missing or null.",
                name.node, var_type.node
            )))
        }
        None => Ok(()),
    }
}

/// What a selection comes to, fragments expanded.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    roots: usize,
    fields: usize,
    aliases: usize,
    depth: usize,
    introspection: usize,
    cost: usize,
}

impl Sum {
    fn add(&mut self, other: Sum) -> Result<(), Refused> {
        self.roots += other.roots;
        self.fields += other.fields;
        self.aliases += other.aliases;
        self.depth = self.depth.max(other.depth);
        self.introspection = self.introspection.max(other.introspection);
        self.cost = (self.cost + other.cost).min(CEILING);
        // Each selection comes through here, and hardly any is too much: nothing is put into words before.
        let too_much = if self.fields > MAX_FIELDS {
            format!("A document has at most {MAX_FIELDS} fields, fragments expanded.")
        } else if self.aliases > MAX_ALIASES {
            format!("A document has at most {MAX_ALIASES} aliases, fragments expanded.")
        } else if self.depth > MAX_DEPTH {
            format!("Fields can be nested {MAX_DEPTH} deep, fragments expanded.")
        } else if self.introspection > MAX_INTROSPECTION {
            format!("The fields of types can be asked for {MAX_INTROSPECTION} deep.")
        } else {
            return Ok(());
        };
        Err(Refused::new(too_much))
    }
}

/// What the meaning of a selection depends on.
#[derive(Clone, Copy)]
struct Operation<'a> {
    costs: &'a Costs,
    document: &'a ExecutableDocument,
    variables: &'a Variables,
    definitions: Option<&'a OperationDefinition>,
}

struct Walk<'a, 'm> {
    operation: Operation<'a>,
    /// `None` while a fragment is being walked.
    fragments: &'m mut HashMap<&'a str, Option<Sum>>,
}

impl<'a> Walk<'a, '_> {
    /// `on` is the type that the fields belong to, as far as it is known.
    fn set(&mut self, set: &'a SelectionSet, on: &'a str) -> Result<Sum, Refused> {
        let mut sum = Sum::default();
        for selection in &set.items {
            sum.add(match &selection.node {
                Selection::Field(field) => self.field(&field.node, on)?,
                Selection::FragmentSpread(spread) => self.fragment(spread.node.fragment_name.node.as_str())?,
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    let on = condition.map_or(on, |condition| condition.node.on.node.as_str());
                    self.set(&fragment.node.selection_set.node, on)?
                }
            })?;
        }
        Ok(sum)
    }

    fn fragment(&mut self, name: &'a str) -> Result<Sum, Refused> {
        match self.fragments.get(name) {
            Some(Some(known)) => return Ok(*known),
            Some(None) => return Err(Refused::invalid(format!("The fragment {name} contains itself."))),
            None => {}
        }
        // One that is not there is for the validation to tell.
        let Some(fragment) = self.operation.document.fragments.get(name) else { return Ok(Sum::default()) };
        self.fragments.insert(name, None);
        let on = fragment.node.type_condition.node.on.node.as_str();
        let sum = self.set(&fragment.node.selection_set.node, on)?;
        self.fragments.insert(name, Some(sum));
        Ok(sum)
    }

    fn field(&mut self, field: &'a Field, on: &str) -> Result<Sum, Refused> {
        let priced = self.operation.costs.field(on, field.name.node.as_str());
        if priced.is_entrance() && !self.operation.costs.introspection {
            return Err(Refused::invalid("This site does not tell programs its schema."));
        }
        let inside = self.set(&field.selection_set.node, priced.returns)?;
        let items = match priced.first {
            Some(usual) => self.first(field).unwrap_or(usual),
            None => priced.items,
        };
        let cost = (priced.cost + items.saturating_mul(inside.cost)).min(CEILING);
        Ok(Sum {
            roots: 1,
            fields: inside.fields + 1,
            aliases: inside.aliases + usize::from(field.alias.is_some()),
            depth: inside.depth + 1,
            introspection: inside.introspection + usize::from(priced.is_list_of_type()),
            cost: if priced.is_entrance() { cost.div_ceil(Priced::INTROSPECTION_DISCOUNT) } else { cost },
        })
    }

    /// The page size that a field asks for.
    fn first(&self, field: &Field) -> Option<usize> {
        let argument = field.get_argument("first")?.node.clone();
        let value = argument.into_const_with(|name| self.variable(&name).ok_or(())).ok()?;
        match value {
            Value::Number(number) => {
                Some(number.as_u64().map_or(0, |number| usize::try_from(number).unwrap_or(CEILING)).min(CEILING))
            }
            _ => None,
        }
    }

    fn variable(&self, name: &Name) -> Option<Value> {
        let given = self.operation.variables.get(name);
        let default = || {
            let mut definitions = self.operation.definitions?.variable_definitions.iter();
            definitions.find(|definition| definition.node.name.node == *name)?.node.default_value()
        };
        given.or_else(default).cloned()
    }
}
