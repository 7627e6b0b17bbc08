//! What is read and answered, member by member, in words for the reference.

use crate::view::reference::{self, Member, Use};
use crate::web::api::operation::Operation;
use crate::web::api::shape::{Shape, referred};
use serde_json::Value;
use std::collections::BTreeMap;

/// How the names of looser shapes begin.
const LOOSER: [&str; 2] = ["Sparse", "Patch"];

/// Every shape that operations name, and those that these refer to, each once and by name.
pub fn all(operations: &[Operation]) -> Vec<reference::Shape> {
    let mut told = BTreeMap::new();
    let bodies = operations.iter().flat_map(bodies).map(|shape| (shape, true));
    let answers = operations.iter().flat_map(answers).map(|shape| (shape, false));
    for (shape, is_read) in bodies.chain(answers) {
        if let Some(named) = used(shape) {
            tell(shape, &named.name, is_read, &mut told);
        }
    }
    told.into_values().collect()
}

/// What an operation reads.
pub fn body(operation: &Operation) -> Option<Use> {
    used(&operation.body.as_ref()?.forms.first()?.1)
}

/// Which shape something has; `None` if it has no name.
pub fn used(shape: &Shape) -> Option<Use> {
    let items = |path| shape.schema.pointer(path).filter(|items| items.is_object());
    let list = items("/properties/items/items").or_else(|| items("/items"));
    let name = referred(list.unwrap_or(&shape.schema))?;
    let bare =
        LOOSER.iter().find_map(|prefix| name.strip_prefix(prefix)).filter(|bare| shape.parts.contains_key(*bare));
    let is_patch = bare.is_some() && name.starts_with("Patch");
    Some(Use { name: bare.unwrap_or(name).to_owned(), is_list: list.is_some(), is_patch })
}

fn bodies(operation: &Operation) -> impl Iterator<Item = &Shape> {
    operation.body.iter().flat_map(|body| body.forms.iter().map(|(_, shape, _)| shape))
}

fn answers(operation: &Operation) -> impl Iterator<Item = &Shape> {
    operation.answers.iter().filter_map(|answer| answer.shape.as_ref())
}

/// What has to be there is said of what is read alone: of what is answered it is nearly everything.
fn tell(shape: &Shape, name: &str, is_read: bool, told: &mut BTreeMap<String, reference::Shape>) {
    if told.contains_key(name) {
        return;
    }
    let text = |schema: &Value| schema.get("description").and_then(Value::as_str).unwrap_or("").to_owned();
    let found = shape.members_of(name);
    let member = |(name, schema, is_required): &(String, Value, bool)| Member {
        name: name.clone(),
        kind: kind(schema, shape),
        holds: below(schema, shape),
        about: text(schema),
        is_required: *is_required && is_read,
    };
    let about = shape.parts.get(name).map(text).unwrap_or_default();
    let members = found.iter().map(member).collect();
    told.insert(name.to_owned(), reference::Shape { name: name.to_owned(), about, members });
    for holds in found.iter().filter_map(|(_, schema, _)| below(schema, shape)) {
        tell(shape, &holds, is_read, told);
    }
}

/// The name of the objects that a member holds.
fn below(schema: &Value, shape: &Shape) -> Option<String> {
    let one = |schema: &Value| {
        let name = referred(schema)?;
        (!shape.members_of(name).is_empty()).then(|| name.to_owned())
    };
    let choices = schema.get("oneOf").and_then(Value::as_array);
    one(schema)
        .or_else(|| schema.get("items").and_then(one))
        .or_else(|| choices.and_then(|choices| choices.iter().find_map(one)))
}

/// What a value is, in a few words.
fn kind(schema: &Value, shape: &Shape) -> String {
    if let Some(part) = referred(schema).and_then(|name| shape.parts.get(name)) {
        return kind(part, shape);
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
        return format!("one of {}", words.join(", "));
    }
    if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
        let mut choices: Vec<String> = choices.iter().map(|choice| kind(choice, shape)).collect();
        choices.sort_by_key(|choice| choice == "null");
        return choices.join(" or ");
    }
    let types: Vec<&str> = match schema.get("type") {
        Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).collect(),
        one => one.and_then(Value::as_str).into_iter().collect(),
    };
    let words = types.iter().map(|word| match *word {
        "string" => text(schema),
        "integer" => format!("whole number{}", range(schema)),
        "boolean" => "true or false".into(),
        "array" => list(schema, shape),
        word => word.to_owned(),
    });
    if types.is_empty() { "object".into() } else { words.collect::<Vec<_>>().join(" or ") }
}

fn list(schema: &Value, shape: &Shape) -> String {
    match schema.get("items").map(|items| kind(items, shape)).as_deref() {
        Some(one @ ("text" | "object")) => format!("list of {one}s"),
        Some(other) => format!("list, each {other}"),
        None => "list".into(),
    }
}

fn text(schema: &Value) -> String {
    match (schema.get("format").and_then(Value::as_str), schema.get("maxLength")) {
        (Some("date-time"), _) => "time".into(),
        (_, Some(most)) => format!("text of at most {most} characters"),
        _ => "text".into(),
    }
}

fn range(schema: &Value) -> String {
    match (schema.get("minimum"), schema.get("maximum")) {
        (Some(least), Some(most)) => format!(" from {least} to {most}"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::api::operations;

    #[test]
    fn whatever_is_named_is_told_with_all_of_its_members() {
        let operations = operations();
        let all = all(&operations);
        let find = |name: &str| all.iter().find(|shape| shape.name == name).unwrap_or_else(|| panic!("no {name}"));
        assert!(all.iter().all(|shape| !shape.members.is_empty() && !shape.name.starts_with("Sparse")));
        for named in operations.iter().flat_map(|one| bodies(one).chain(answers(one))).filter_map(used) {
            find(&named.name);
        }
        for member in all.iter().flat_map(|shape| &shape.members) {
            assert!(!member.kind.is_empty(), "{}", member.name);
            assert!(member.holds.iter().all(|name| find(name).members.len() > 1), "{}", member.name);
        }
        let member = |shape: &str, name: &str| {
            let member = find(shape).members.iter().find(|member| member.name == name);
            let member = member.unwrap_or_else(|| panic!("no {name} in {shape}"));
            (member.kind.clone(), member.holds.clone(), member.is_required)
        };
        assert_eq!(member("PostInput", "title"), ("text of at most 300 characters".into(), None, true));
        assert_eq!(member("PostInput", "status"), ("one of draft, scheduled, published".into(), None, false));
        assert_eq!(member("PostInput", "published_at"), ("time or null".into(), None, false));
        assert_eq!(member("PostInput", "cover"), ("object or null".into(), Some("CoverInput".into()), false));
        assert_eq!(member("PostResource", "authors"), ("list of objects".into(), Some("Author".into()), false));
        assert_eq!(member("SettingsInput", "posts_per_page").0, "whole number from 1 to 100");
    }
}
