//! The REST API below `/api/v1`: one table of operations, from which routes, the OpenAPI document and the
//! reference follow.

pub mod batch;
pub mod categories;
pub mod changes;
pub mod comments;
pub mod docs;
pub mod me;
pub mod media;
pub mod members;
pub mod openapi;
pub mod operation;
pub mod perform;
pub mod posts;
pub mod query;
pub mod resource;
pub mod shape;
pub mod site;
pub mod users;

use crate::web::api::operation::Operation;
use crate::web::router::Route;

/// The table, in the order of the reference.
pub fn operations() -> Vec<Operation> {
    let mut operations = posts::operations();
    operations.extend(comments::operations());
    operations.extend(categories::operations());
    operations.extend(media::operations());
    operations.extend(me::operations());
    operations.extend(users::operations());
    operations.extend(site::operations());
    operations.extend(batch::operations());
    operations.extend(openapi::operations());
    operations
}

/// The routes of the table.
pub fn routes() -> Vec<Route> {
    operations().into_iter().map(|operation| operation.route).collect()
}
