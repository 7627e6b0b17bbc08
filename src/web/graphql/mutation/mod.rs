//! What can be changed: everything that a person can change in the pages.

mod categories;
mod comments;
mod people;
mod posts;
mod site;

use crate::web::graphql::mutation::categories::CategoryMutation;
use crate::web::graphql::mutation::comments::CommentMutation;
use crate::web::graphql::mutation::people::PeopleMutation;
use crate::web::graphql::mutation::posts::PostMutation;
use crate::web::graphql::mutation::site::SiteMutation;
use async_graphql::MergedObject;

/// What can be changed. Fields run one after the other, each with a commit of its own. An update names the
/// `version` or the `etag` that it began from and leaves alone what its input leaves out.
#[derive(MergedObject, Default)]
pub struct Mutation(PostMutation, CommentMutation, CategoryMutation, PeopleMutation, SiteMutation);
