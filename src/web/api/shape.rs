//! JSON Schemas of what the API reads and answers, made from the types themselves.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A schema with the named ones it refers to.
#[derive(Debug, Clone)]
pub struct Shape {
    pub schema: Value,
    pub parts: BTreeMap<String, Value>,
}

impl Shape {
    /// That of a type, by its name.
    pub fn of<T: ToSchema>() -> Shape {
        let name = T::name().into_owned();
        let mut found = vec![(name.clone(), T::schema())];
        T::schemas(&mut found);
        let parts = found.into_iter().map(|(name, schema)| (name, serde_json::to_value(schema).unwrap_or_default()));
        Shape { schema: reference(&name), parts: parts.collect() }
    }

    /// Any schema that refers to no other.
    pub fn plain(schema: Value) -> Shape {
        Shape { schema, parts: BTreeMap::new() }
    }

    /// Part of a list, or all of one that is not long.
    pub fn list(self) -> Shape {
        let schema = json!({
            "type": "object",
            "required": ["items", "next"],
            "additionalProperties": false,
            "properties": {
                "items": { "type": "array", "items": self.schema },
                "next": { "type": ["string", "null"], "description": "Where the list goes on; null: nowhere." },
            },
        });
        Shape { schema, ..self }
    }

    /// With any member left out, under a name of its own: answers that `fields` made sparse.
    pub fn sparse(self) -> Shape {
        self.loosened("Sparse", |_, _| {})
    }

    /// With any member left out, under a name of its own: a merge patch. Null gives what has a default its
    /// default.
    pub fn partial(self) -> Shape {
        let required = self.named().and_then(|schema| schema.get("required")).cloned().unwrap_or_default();
        let is_required =
            move |name: &str| required.as_array().is_some_and(|names| names.iter().any(|one| one == name));
        self.loosened("Patch", move |name, schema| {
            if !is_required(name) {
                nullable(schema);
            }
        })
    }

    /// The names of its members.
    pub fn names(&self) -> Vec<String> {
        let Some(schema) = self.named() else { return Vec::new() };
        let mut names = Vec::new();
        members(schema, &self.parts, &mut |properties| names.extend(properties.keys().cloned()));
        names
    }

    /// The members of one of its named schemas, with what each is, and whether it is always there.
    pub fn members_of(&self, name: &str) -> Vec<(String, Value, bool)> {
        let mut found = Vec::new();
        let Some(schema) = self.parts.get(name) else { return found };
        objects(schema, &self.parts, &mut |object| {
            let required = object.get("required").and_then(Value::as_array);
            for (name, schema) in object.get("properties").and_then(Value::as_object).into_iter().flatten() {
                let is_required = required.is_some_and(|names| names.iter().any(|one| one == name));
                found.push((name.clone(), schema.clone(), is_required));
            }
        });
        found
    }

    fn named(&self) -> Option<&Value> {
        self.parts.get(self.schema.get("$ref")?.as_str()?.rsplit('/').next()?)
    }

    fn loosened(mut self, prefix: &str, change: impl Fn(&str, &mut Value)) -> Shape {
        let Some(schema) = self.named() else { return self };
        let name = self.schema.get("$ref").and_then(Value::as_str).and_then(|name| name.rsplit('/').next());
        let name = format!("{prefix}{}", name.unwrap_or_default());
        let mut all = Map::new();
        members(schema, &self.parts, &mut |properties| all.extend(properties.clone()));
        all.iter_mut().for_each(|(name, schema)| change(name, schema));
        let mut loose = json!({ "type": "object", "properties": all });
        let strict = schema.get("additionalProperties").cloned();
        if let (Some(object), Some(strict)) = (loose.as_object_mut(), strict) {
            object.insert("additionalProperties".into(), strict);
        }
        self.schema = reference(&name);
        self.parts.insert(name, loose);
        self
    }
}

/// Lets a member be null too.
fn nullable(schema: &mut Value) {
    let word = schema.get("type").and_then(Value::as_str).map(str::to_owned);
    match (word, schema.as_object_mut()) {
        (Some(word), Some(object)) => drop(object.insert("type".into(), json!([word, "null"]))),
        (None, Some(object)) if object.contains_key("$ref") => {
            *schema = json!({ "oneOf": [{ "type": "null" }, schema.clone()] });
        }
        _ => {}
    }
}

/// Visits the members of an object, also where it is put together from several.
fn members(schema: &Value, parts: &BTreeMap<String, Value>, visit: &mut dyn FnMut(&Map<String, Value>)) {
    objects(schema, parts, &mut |object| {
        if let Some(properties) = object.get("properties").and_then(Value::as_object) {
            visit(properties);
        }
    });
}

/// Visits the schemas that an object is put together from.
fn objects(schema: &Value, parts: &BTreeMap<String, Value>, visit: &mut dyn FnMut(&Value)) {
    if let Some(part) = referred(schema).and_then(|name| parts.get(name)) {
        objects(part, parts, visit);
    }
    visit(schema);
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        objects(part, parts, visit);
    }
}

/// The name of the schema that one refers to.
pub fn referred(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.rsplit('/').next()
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::wire::posts::PostInput;

    #[test]
    fn a_patch_may_leave_out_anything_and_null_what_has_a_default() {
        let shape = Shape::of::<PostInput>().partial();
        let patch = &shape.parts["PatchPostInput"];
        assert!(patch.get("required").is_none() && patch["additionalProperties"] == false, "{patch}");
        assert_eq!(patch["properties"]["title"]["type"], "string");
        assert_eq!(patch["properties"]["tags"]["type"], json!(["array", "null"]));
        assert_eq!(patch["properties"]["status"]["oneOf"][0], json!({ "type": "null" }));
    }
}
