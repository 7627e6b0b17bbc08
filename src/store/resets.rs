//! Links to a new password, one for each account that has one.

use crate::domain::id::UserId;
use crate::domain::reset::Reset;
use crate::domain::time::Timestamp;
use crate::error::Result;
use crate::store::record;
use crate::store::schema::RESETS;
use crate::store::{Snapshot, WriteTxn};
use redb::ReadableTable;

pub fn by_user(txn: &impl Snapshot, user: UserId) -> Result<Option<Reset>> {
    txn.table(RESETS)?.get(user.0)?.map(|row| record::decode(row.value())).transpose()
}

/// Stores a link, which takes the place of an earlier one.
pub fn put(txn: &WriteTxn<'_>, user: UserId, reset: &Reset) -> Result<()> {
    txn.open(RESETS)?.insert(user.0, record::encode(reset)?.as_slice())?;
    Ok(())
}

/// Removes the link of an account, if it has one. An account without one costs no write.
pub fn remove(txn: &WriteTxn<'_>, user: UserId) -> Result<()> {
    if txn.table(RESETS)?.get(user.0)?.is_some() {
        txn.open(RESETS)?.remove(user.0)?;
    }
    Ok(())
}

/// Accounts whose link ended before `now`, at most `take`.
pub fn expired(txn: &impl Snapshot, now: Timestamp, take: usize) -> Result<Vec<UserId>> {
    let mut users = Vec::new();
    for row in txn.table(RESETS)?.iter()? {
        let (user, value) = row?;
        if !record::decode::<Reset>(value.value())?.is_live(now) {
            users.push(UserId(user.value()));
            if users.len() == take {
                break;
            }
        }
    }
    Ok(users)
}
