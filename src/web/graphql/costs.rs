//! What each field of the schema costs, read from the schema itself.

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{BaseType, FieldDefinition, OperationType, Type, TypeKind, TypeSystemDefinition};
use std::collections::HashMap;

/// Items of a connection that names no number.
pub const USUAL_FIRST: i32 = 20;
/// Most items of a connection.
pub const MAX_FIRST: i32 = 100;
/// What a list without pages counts as: authors, tags, sessions.
const LIST: usize = 5;
/// What a text of its own costs: it has to be read and unpacked.
const TEXT: usize = 10;

/// The price of every field, by type and name.
pub struct Costs {
    fields: HashMap<String, HashMap<String, Known>>,
    /// Whether the schema may be asked what it is.
    pub introspection: bool,
}

struct Known {
    of: Type,
    returns: String,
    cost: usize,
    items: usize,
    is_paged: bool,
}

/// The price of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// The type it gives; empty if that is not known, and `__` within introspection.
    pub returns: &'a str,
    pub cost: usize,
    /// How often what is inside it counts.
    pub items: usize,
    /// Its argument `first` says how often, else this.
    pub first: Option<usize>,
    /// Stands for a list of which a type of the schema has one for itself.
    is_list_of_type: bool,
    is_entrance: bool,
}

impl Field<'_> {
    /// What is told about the schema is made from memory and costs this part.
    pub const INTROSPECTION_DISCOUNT: usize = 20;

    /// Whether it lists what belongs to a type, such as its fields.
    pub fn is_list_of_type(&self) -> bool {
        self.is_list_of_type
    }

    /// Whether introspection begins here.
    pub fn is_entrance(&self) -> bool {
        self.is_entrance
    }
}

impl Costs {
    /// From the schema in its own language.
    pub fn of(schema: &str, introspection: bool) -> Costs {
        let mut types = HashMap::new();
        for definition in parse_schema(schema).map(|document| document.definitions).unwrap_or_default() {
            if let TypeSystemDefinition::Type(definition) = definition
                && let TypeKind::Object(object) = definition.node.kind
            {
                let in_connection = definition.node.name.node.ends_with("Connection");
                let fields = object
                    .fields
                    .iter()
                    .map(|field| (field.node.name.node.to_string(), known(&field.node, in_connection)));
                types.insert(definition.node.name.node.to_string(), fields.collect());
            }
        }
        Costs { fields: types, introspection }
    }

    /// The type whose fields stand at the top of an operation.
    pub fn root(&self, operation: OperationType) -> &'static str {
        match operation {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        }
    }

    /// The type that a field gives, as the schema has it.
    pub fn returned(&self, on: &str, name: &str) -> Option<&Type> {
        self.fields.get(on)?.get(name).map(|known| &known.of)
    }

    /// The price of a field; what the schema does not have costs little and is refused later.
    pub fn field(&self, on: &str, name: &str) -> Field<'_> {
        if matches!(name, "__schema" | "__type") || on.starts_with("__") {
            return about_schema(name);
        }
        let nothing = Field { returns: "", cost: 1, items: 1, first: None, is_list_of_type: false, is_entrance: false };
        match self.fields.get(on).and_then(|fields| fields.get(name)) {
            Some(known) => Field {
                returns: &known.returns,
                cost: known.cost,
                items: known.items,
                first: known.is_paged.then_some(USUAL_FIRST.unsigned_abs() as usize),
                ..nothing
            },
            None => nothing,
        }
    }
}

fn known(field: &FieldDefinition, in_connection: bool) -> Known {
    let (returns, is_list) = named(&field.ty.node);
    let is_paged = field.arguments.iter().any(|argument| argument.node.name.node == "first");
    Known {
        of: field.ty.node.clone(),
        returns: returns.to_owned(),
        cost: if matches!(field.name.node.as_str(), "html" | "source") { TEXT } else { 1 },
        // The items of a connection are counted where it is asked for.
        items: if is_list && !in_connection { LIST } else { 1 },
        is_paged,
    }
}

fn named(of: &Type) -> (&str, bool) {
    match &of.base {
        BaseType::Named(name) => (name.as_str(), false),
        BaseType::List(inner) => (named(inner).0, true),
    }
}

/// Introspection, with numbers about as large as those of our schema.
fn about_schema(name: &str) -> Field<'static> {
    let items = match name {
        "types" => 100,
        "fields" => 10,
        "inputFields" | "directives" => 5,
        "args" | "enumValues" => 3,
        "interfaces" | "possibleTypes" | "locations" => 2,
        _ => 1,
    };
    Field {
        returns: "__",
        cost: 1,
        items,
        first: None,
        is_list_of_type: matches!(name, "fields" | "inputFields" | "interfaces" | "possibleTypes"),
        is_entrance: matches!(name, "__schema" | "__type"),
    }
}
