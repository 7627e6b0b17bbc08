//! Sessions by the hash of their token.

use crate::domain::id::UserId;
use crate::domain::session::{Session, SessionKey};
use crate::domain::time::Timestamp;
use crate::error::Result;
use crate::store::record;
use crate::store::schema::{SESSIONS, SESSIONS_BY_USER};
use crate::store::{Snapshot, WriteTxn};
use redb::{ReadableTable, ReadableTableMetadata};
use std::time::Duration;

/// A visit that moves the end of a session; kept in memory until a commit passes by.
#[derive(Debug, Clone, Copy)]
pub struct Visit {
    pub key: SessionKey,
    pub last_seen: Timestamp,
    pub expires_at: Timestamp,
}

pub fn by_key(txn: &impl Snapshot, key: &SessionKey) -> Result<Option<Session>> {
    txn.table(SESSIONS)?.get(&key.0)?.map(|row| record::decode(row.value())).transpose()
}

/// How many are stored, expired ones that nobody has cleared away yet included. Reads no session.
pub fn count(txn: &impl Snapshot) -> Result<u64> {
    Ok(txn.table(SESSIONS)?.len()?)
}

/// The sessions of one account, expired ones included.
pub fn by_user(txn: &impl Snapshot, user: UserId) -> Result<Vec<(SessionKey, Session)>> {
    let keys: Vec<SessionKey> = txn
        .table(SESSIONS_BY_USER)?
        .range((user.0, &[0; 32])..=(user.0, &[0xff; 32]))?
        .map(|row| Ok(SessionKey(*row?.0.value().1)))
        .collect::<Result<_>>()?;
    let mut sessions = Vec::with_capacity(keys.len());
    for key in keys {
        if let Some(session) = by_key(txn, &key)? {
            sessions.push((key, session));
        }
    }
    Ok(sessions)
}

pub fn insert(txn: &WriteTxn<'_>, key: &SessionKey, session: &Session) -> Result<()> {
    txn.open(SESSIONS)?.insert(&key.0, record::encode(session)?.as_slice())?;
    txn.open(SESSIONS_BY_USER)?.insert((session.user.0, &key.0), ())?;
    Ok(())
}

pub fn remove(txn: &WriteTxn<'_>, key: &SessionKey, user: UserId) -> Result<()> {
    txn.open(SESSIONS)?.remove(&key.0)?;
    txn.open(SESSIONS_BY_USER)?.remove((user.0, &key.0))?;
    Ok(())
}

/// Keys of sessions that ended before `now`, at most `take`. No session lives longer than `lifetime`.
pub fn expired(
    txn: &impl Snapshot,
    now: Timestamp,
    lifetime: Duration,
    take: usize,
) -> Result<Vec<(SessionKey, UserId)>> {
    let mut keys = Vec::new();
    for row in txn.table(SESSIONS)?.iter()? {
        let (key, value) = row?;
        let session: Session = record::decode(value.value())?;
        if !session.is_live(now, lifetime) {
            keys.push((SessionKey(*key.value()), session.user));
            if keys.len() == take {
                break;
            }
        }
    }
    Ok(keys)
}

/// Carries visits to the file, for sessions that still exist.
pub(in crate::store) fn record_visits<'a>(txn: &WriteTxn<'_>, visits: impl Iterator<Item = &'a Visit>) -> Result<()> {
    for visit in visits {
        // A record that cannot be read must not keep everybody's writes from being stored.
        if let Ok(Some(mut session)) = by_key(txn, &visit.key) {
            session.last_seen = visit.last_seen;
            session.expires_at = visit.expires_at;
            txn.open(SESSIONS)?.insert(&visit.key.0, record::encode(&session)?.as_slice())?;
        }
    }
    Ok(())
}
