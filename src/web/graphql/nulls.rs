//! Null where a field failed (GraphQL, section "Handling Execution Errors").
//!
//! The library leaves a field that failed out of its object. Here it becomes null, and where the schema
//! allows none there, the nearest thing around it that may be null does.

use crate::web::graphql::costs::Costs;
use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{
    BaseType, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet, Type,
};
use async_graphql::{Name, PathSegment, Pos, Response, Value};

/// Completes what the operation of that name gave.
pub fn settle(costs: &Costs, document: &ExecutableDocument, name: Option<&str>, response: &mut Response) {
    let mut operations = document.operations.iter();
    let chosen = operations.find(|(own, _)| name.is_none() || own.map(|own| own.as_str()) == name);
    let Some((_, operation)) = chosen else { return };
    let schema = Schema { costs, document, operation: &operation.node };
    let mut gone: Vec<Vec<PathSegment>> = Vec::new();
    for error in &mut response.errors {
        if error.path.is_empty() {
            // An argument that cannot be read is told by its position alone.
            error.path = error.locations.first().map(|pos| schema.place(*pos)).unwrap_or_default();
        }
        if error.path.is_empty() || gone.iter().any(|known| error.path.starts_with(known)) {
            continue;
        }
        let nullable = schema.nullable(&error.path);
        let depth = nullable.iter().rposition(|nullable| *nullable).map_or(0, |at| at + 1);
        let Some(path) = error.path.get(..depth) else { continue };
        put(&mut response.data, path, depth == error.path.len());
        gone.push(path.to_vec());
    }
}

struct Schema<'a> {
    costs: &'a Costs,
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
}

impl<'a> Schema<'a> {
    /// The field at the top that stands last before a position.
    fn place(&self, pos: Pos) -> Vec<PathSegment> {
        let mut fields = Vec::new();
        self.fields(&self.operation.selection_set.node, &mut fields);
        let before = fields.into_iter().filter(|(start, _)| *start <= pos).max_by_key(|(start, _)| *start);
        before.map(|(_, field)| vec![PathSegment::Field(field.response_key().node.to_string())]).unwrap_or_default()
    }

    /// For each segment of a path whether null may stand there.
    fn nullable(&self, path: &[PathSegment]) -> Vec<bool> {
        let mut nullable = Vec::with_capacity(path.len());
        let mut on = self.costs.root(self.operation.ty);
        let mut set = &self.operation.selection_set.node;
        let mut of: Option<&Type> = None;
        for segment in path {
            match segment {
                PathSegment::Field(key) => {
                    let mut fields = Vec::new();
                    self.fields(set, &mut fields);
                    let found = fields.into_iter().find(|(_, field)| field.response_key().node.as_str() == key);
                    let Some((_, field)) = found else { return nullable };
                    let Some(returned) = self.costs.returned(on, field.name.node.as_str()) else { return nullable };
                    nullable.push(returned.nullable);
                    (on, set, of) = (named(returned), &field.selection_set.node, Some(returned));
                }
                PathSegment::Index(_) => {
                    let Some(Type { base: BaseType::List(item), .. }) = of else { return nullable };
                    nullable.push(item.nullable);
                    of = Some(item);
                }
            }
        }
        nullable
    }

    /// The fields of a selection, fragments expanded: no type of ours has others depending on what it is.
    fn fields(&self, set: &'a SelectionSet, found: &mut Vec<(Pos, &'a Field)>) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => found.push((field.pos, &field.node)),
                Selection::InlineFragment(fragment) => self.fields(&fragment.node.selection_set.node, found),
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.document.fragments.get(&spread.node.fragment_name.node) {
                        self.fields(&fragment.node.selection_set.node, found);
                    }
                }
            }
        }
    }
}

fn named(of: &Type) -> &str {
    match &of.base {
        BaseType::Named(name) => name.as_str(),
        BaseType::List(item) => named(item),
    }
}

/// Puts null at a path. What is there already stays if `only_missing`.
fn put(value: &mut Value, path: &[PathSegment], only_missing: bool) {
    let Some((segment, rest)) = path.split_first() else {
        if !only_missing || *value == Value::Null {
            *value = Value::Null;
        }
        return;
    };
    match segment {
        PathSegment::Field(key) => {
            // An object of which every field failed is left out as a whole.
            if *value == Value::Null {
                *value = Value::Object(IndexMap::new());
            }
            if let Value::Object(map) = value {
                put(map.entry(Name::new(key)).or_insert(Value::Null), rest, only_missing);
            }
        }
        PathSegment::Index(at) => {
            if let Value::List(items) = value
                && let Some(item) = items.get_mut(*at)
            {
                put(item, rest, only_missing);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::parser::parse_query;
    use async_graphql::{ServerError, value};

    const SCHEMA: &str = "type Query { post: Post posts: [Post!]! me: Post! }
        type Post { title: String! source: String parent: Post related: [Post]! }";

    fn settled(query: &str, data: Value, path: &[&str]) -> Value {
        let segment = |part: &&str| match part.parse() {
            Ok(index) => PathSegment::Index(index),
            Err(_) => PathSegment::Field((*part).into()),
        };
        let error = ServerError::new("", None).with_path(path.iter().map(segment).collect());
        let mut response = Response::new(data);
        response.errors = vec![error];
        settle(&Costs::of(SCHEMA, true), &parse_query(query).unwrap(), None, &mut response);
        response.data
    }

    #[test]
    fn null_stands_where_the_schema_allows_it() {
        let post = "{ p: post { title source } }";
        let left = value!({ "p": { "title": "a" } });
        assert_eq!(settled(post, left, &["p", "source"]), value!({ "p": { "title": "a", "source": null } }));
        assert_eq!(settled(post, value!({ "p": { "source": "a" } }), &["p", "title"]), value!({ "p": null }));
        assert_eq!(
            settled("{ post { source } }", value!({ "post": null }), &["post", "source"]),
            value!({ "post": { "source": null } })
        );
        assert_eq!(settled("{ me { title } post { title } }", value!({ "post": null }), &["me"]), Value::Null);
        let listed = "query { ...F } fragment F on Query { posts { related { title } } }";
        let left = value!({ "posts": [{ "related": [{ "title": "a" }, null] }] });
        let whole = value!({ "posts": [{ "related": [{ "title": "a" }, null] }] });
        assert_eq!(settled(listed, left, &["posts", "0", "related", "1", "title"]), whole);
        let strict = settled("{ posts { title } }", value!({ "posts": [null] }), &["posts", "0", "title"]);
        assert_eq!(strict, Value::Null);
    }
}
