//! Deleting comments: a deleted comment keeps its place as long as a comment is left below it.

use crate::domain::comment::Comment;
use crate::domain::html::Html;
use crate::domain::id::CommentId;
use crate::error::Result;
use crate::store::WriteTxn;
use crate::store::comments::{self, Mark};
use crate::store::fresh::Scope;
use crate::store::news::News;
use crate::store::record;
use crate::store::schema::COMMENTS;
use redb::ReadableTable;
use std::collections::HashSet;

/// Deletes a comment. While a comment below it is left, its place stays without text; deleted comments of the
/// thread that have none left below them go.
pub fn delete(txn: &WriteTxn<'_>, comment: &Comment) -> Result<()> {
    let Comment { post, thread, id, .. } = *comment;
    let (mut gone, mut needed) = (Vec::new(), HashSet::new());
    let mut table = txn.open(COMMENTS)?;
    // From the latest on: replies come before what they answer.
    for row in table.range((post.0, thread.0, 0)..=(post.0, thread.0, u64::MAX))?.rev() {
        let (key, value) = row?;
        let (_, _, other) = key.value();
        let mark: Mark = record::decode(value.value())?;
        let is_deleted = mark.deleted || other == id.0;
        if is_deleted && !needed.contains(&CommentId(other)) {
            gone.push(CommentId(other));
        } else {
            needed.extend(mark.parent);
        }
    }
    for comment in &gone {
        table.remove((post.0, thread.0, comment.0))?;
        txn.note(News::CommentRemoved { post, thread, comment: *comment });
    }
    drop(table);
    txn.touch(Scope::Post(post));
    if gone.contains(&id) {
        return Ok(());
    }
    comments::put(txn, &Comment { deleted: true, source: String::new(), body: Html::default(), ..comment.clone() })
}

/// Removes the deleted comments that earlier versions kept although no comment was left below them. Part of the
/// step to schema 3.
pub(in crate::store) fn prune(txn: &redb::WriteTransaction) -> Result<()> {
    let mut table = txn.open_table(COMMENTS)?;
    let (mut gone, mut needed, mut place) = (Vec::new(), HashSet::new(), (0, 0));
    for row in table.iter()?.rev() {
        let (key, value) = row?;
        let key = key.value();
        if (key.0, key.1) != place {
            place = (key.0, key.1);
            needed.clear();
        }
        let mark: Mark = record::decode(value.value())?;
        if mark.deleted && !needed.contains(&CommentId(key.2)) {
            gone.push(key);
        } else {
            needed.extend(mark.parent);
        }
    }
    for key in gone {
        table.remove(key)?;
    }
    Ok(())
}
