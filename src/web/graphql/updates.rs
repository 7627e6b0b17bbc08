//! What an update begins from: the state somebody saw, with the fields they name changed.

use crate::error::{Error, Result};
use crate::service::change::CHANGED;
use crate::web::variants;
use async_graphql::indexmap::IndexMap;
use async_graphql::{Context, InputType, Name, Value};
use serde::Serialize;

/// A short name of a node as it is now.
pub fn etag(node: &impl Serialize) -> String {
    let bytes = serde_json::to_vec(node).unwrap_or_default();
    variants::tag(&bytes).to_str().unwrap_or_default().trim_matches('"').to_owned()
}

/// `Stale` unless the node is as it was when somebody read this name.
pub fn check(node: &impl Serialize, seen: &str) -> Result<()> {
    if etag(node) == seen { Ok(()) } else { Err(Error::Stale(CHANGED)) }
}

/// The error of an update that began from another version.
pub fn stale() -> Error {
    Error::Stale(CHANGED)
}

/// What would have to be written to have something as it is, with the members of the argument `input`
/// changed: what the client leaves out stays as it is, also where a new one would have a default.
pub fn overlaid<T: InputType>(ctx: &Context<'_>, current: &T) -> Result<T> {
    let Value::Object(mut whole) = current.to_value() else {
        return Err(Error::internal("an update of no object"));
    };
    whole.extend(changes(ctx)?);
    // The changes alone were parsed before, so the whole can be.
    T::parse(Some(Value::Object(whole))).map_err(|_| Error::internal("an update that cannot be parsed"))
}

/// The members of the argument `input` that the client sent.
pub fn changes(ctx: &Context<'_>) -> Result<IndexMap<Name, Value>> {
    let arguments = ctx.field().arguments().map_err(|error| Error::internal(error.message))?;
    match arguments.into_iter().find(|(name, _)| name == "input") {
        Some((_, Value::Object(changes))) => Ok(changes),
        _ => Err(Error::internal("an update without its input")),
    }
}
