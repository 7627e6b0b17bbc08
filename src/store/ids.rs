//! Numbers for new things, handed out by the writer.

use crate::domain::id::CommentId;
use crate::error::Result;
use crate::store::WriteTxn;
use crate::store::schema::NEXT_IDS;
use redb::ReadableTable;
use std::ops::Range;

/// Comments take their numbers from a block of this size, so that all but one in so many comments
/// touch no table but their own. Numbers left over when the program ends are skipped.
const BLOCK: u64 = 1_024;

/// The next number of `noun`, never given twice, from 1.
pub(in crate::store) fn next(txn: &WriteTxn<'_>, noun: &'static str) -> Result<u64> {
    take(txn, noun, 1).map(|range| range.start)
}

/// The next comment's number.
pub fn next_comment(txn: &WriteTxn<'_>) -> Result<CommentId> {
    let mut block = txn.comment_ids.borrow_mut();
    if block.is_empty() {
        *block = take(txn, "comment", BLOCK)?;
    }
    block.next().map(CommentId).ok_or_else(|| crate::error::Error::internal("no comment numbers left"))
}

fn take(txn: &WriteTxn<'_>, noun: &'static str, count: u64) -> Result<Range<u64>> {
    let mut table = txn.open(NEXT_IDS)?;
    let first = table.get(noun)?.map_or(1, |row| row.value());
    table.insert(noun, first + count)?;
    Ok(first..first + count)
}
