//! API tokens by the hash of their secret.

use crate::domain::id::{TokenId, UserId};
use crate::domain::time::Timestamp;
use crate::domain::token::{Token, TokenKey};
use crate::error::Result;
use crate::store::schema::{TOKENS, TOKENS_BY_USER};
use crate::store::{Snapshot, WriteTxn, ids, record};
use redb::ReadableTable;

/// A use that moves `last_used`; kept in memory until a commit passes by.
#[derive(Debug, Clone, Copy)]
pub struct Use {
    pub key: TokenKey,
    pub at: Timestamp,
}

/// A number for a new token.
pub fn next_id(txn: &WriteTxn<'_>) -> Result<TokenId> {
    ids::next(txn, "token").map(TokenId)
}

pub fn by_key(txn: &impl Snapshot, key: &TokenKey) -> Result<Option<Token>> {
    txn.table(TOKENS)?.get(&key.0)?.map(|row| record::decode(row.value())).transpose()
}

/// The tokens of one account in the order made, expired ones included.
pub fn by_user(txn: &impl Snapshot, user: UserId) -> Result<Vec<(TokenKey, Token)>> {
    let keys: Vec<TokenKey> = txn
        .table(TOKENS_BY_USER)?
        .range((user.0, 0)..=(user.0, u64::MAX))?
        .map(|row| Ok(TokenKey(*row?.1.value())))
        .collect::<Result<_>>()?;
    let mut tokens = Vec::with_capacity(keys.len());
    for key in keys {
        tokens.extend(by_key(txn, &key)?.map(|token| (key, token)));
    }
    Ok(tokens)
}

pub fn insert(txn: &WriteTxn<'_>, key: &TokenKey, token: &Token) -> Result<()> {
    txn.grow()?;
    txn.open(TOKENS)?.insert(&key.0, record::encode(token)?.as_slice())?;
    txn.open(TOKENS_BY_USER)?.insert((token.user.0, token.id.0), &key.0)?;
    Ok(())
}

pub fn remove(txn: &WriteTxn<'_>, key: &TokenKey, token: &Token) -> Result<()> {
    txn.open(TOKENS)?.remove(&key.0)?;
    txn.open(TOKENS_BY_USER)?.remove((token.user.0, token.id.0))?;
    Ok(())
}

/// Carries uses to the file, for tokens that still exist.
pub(in crate::store) fn record_uses<'a>(txn: &WriteTxn<'_>, uses: impl Iterator<Item = &'a Use>) -> Result<()> {
    for used in uses {
        // A record that cannot be read must not keep everybody's writes from being stored.
        if let Ok(Some(mut token)) = by_key(txn, &used.key) {
            token.last_used = Some(used.at);
            txn.open(TOKENS)?.insert(&used.key.0, record::encode(&token)?.as_slice())?;
        }
    }
    Ok(())
}
