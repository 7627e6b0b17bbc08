//! Accounts, by number, by name, by what the name looks like and by e-mail address.

use crate::domain::actor::Role;
use crate::domain::id::UserId;
use crate::domain::user::{Credit, Email, User, Username};
use crate::error::{Error, FieldErrors, Result};
use crate::store::fresh::Scope;
use crate::store::record;
use crate::store::schema::{PASSWORDS, USER_BY_EMAIL, USER_BY_NAME, USER_BY_SKELETON, USERS};
use crate::store::{ReadTxn, Snapshot, WriteTxn, ids};
use redb::{ReadableTable, ReadableTableMetadata};
use std::collections::HashSet;
use std::ops::Bound;
use std::sync::Arc;

/// A number for a new account.
pub fn next_id(txn: &WriteTxn<'_>) -> Result<UserId> {
    ids::next(txn, "user").map(UserId)
}

pub fn by_id(txn: &impl Snapshot, id: UserId) -> Result<Option<User>> {
    txn.table(USERS)?.get(id.0)?.map(|row| record::decode(row.value())).transpose()
}

/// How pages name somebody; read once and kept until the name of anybody changes.
pub fn credit(txn: &ReadTxn, id: UserId) -> Result<Option<Arc<Credit>>> {
    let cache = &txn.shared.credits;
    if let Some((number, credit)) = cache.get(&id)
        && !txn.shared.fresh.changed_since(&[Scope::Frame], number)
    {
        return Ok(Some(credit));
    }
    let Some(user) = by_id(txn, id)? else { return Ok(None) };
    let credit = Arc::new(user.credit());
    cache.insert(id, (txn.number(), Arc::clone(&credit)));
    Ok(Some(credit))
}

/// The accounts of these numbers; those that are not there are left out.
pub fn by_ids(txn: &impl Snapshot, ids: impl IntoIterator<Item = UserId>) -> Result<Vec<User>> {
    let table = txn.table(USERS)?;
    let mut users = Vec::new();
    for id in ids {
        if let Some(row) = table.get(id.0)? {
            users.push(record::decode(row.value())?);
        }
    }
    Ok(users)
}

/// Reads and keeps those of these names that are not kept yet, all at once.
pub fn meet(txn: &ReadTxn, ids: impl Iterator<Item = UserId>) -> Result<()> {
    let cache = &txn.shared.credits;
    let kept =
        |id: &UserId| cache.get(id).is_some_and(|(number, _)| !txn.shared.fresh.changed_since(&[Scope::Frame], number));
    let strangers: HashSet<UserId> = ids.filter(|id| !kept(id)).collect();
    if !strangers.is_empty() {
        for user in by_ids(txn, strangers)? {
            cache.insert(user.id, (txn.number(), Arc::new(user.credit())));
        }
    }
    Ok(())
}

pub fn by_username(txn: &impl Snapshot, name: &Username) -> Result<Option<User>> {
    let id = txn.table(USER_BY_NAME)?.get(name.as_str())?.map(|row| row.value());
    id.map_or(Ok(None), |id| by_id(txn, UserId(id)))
}

/// The account whose name looks like this one.
pub fn by_skeleton(txn: &impl Snapshot, name: &Username) -> Result<Option<User>> {
    let id = txn.table(USER_BY_SKELETON)?.get(name.skeleton().as_str())?.map(|row| row.value());
    id.map_or(Ok(None), |id| by_id(txn, UserId(id)))
}

pub fn by_email(txn: &impl Snapshot, email: &Email) -> Result<Option<User>> {
    let id = txn.table(USER_BY_EMAIL)?.get(email.key().as_str())?.map(|row| row.value());
    id.map_or(Ok(None), |id| by_id(txn, UserId(id)))
}

/// Accounts in the order made, after the first `skip`.
pub fn list(txn: &impl Snapshot, skip: usize, take: usize) -> Result<Vec<User>> {
    txn.table(USERS)?.iter()?.skip(skip).take(take).map(|row| record::decode(row?.1.value())).collect()
}

/// Accounts in the order made, after the one of this number.
pub fn after(txn: &impl Snapshot, id: UserId, take: usize) -> Result<Vec<User>> {
    let table = txn.table(USERS)?;
    let rows = table.range((Bound::Excluded(id.0), Bound::Unbounded))?;
    rows.take(take).map(|row| record::decode(row?.1.value())).collect()
}

/// Every account, in the order made.
pub fn all(txn: &impl Snapshot) -> Result<Vec<User>> {
    txn.table(USERS)?.iter()?.map(|row| record::decode(row?.1.value())).collect()
}

/// Number of accounts.
pub fn count(txn: &impl Snapshot) -> Result<u64> {
    Ok(txn.table(USERS)?.len()?)
}

/// Administrators who can sign in.
pub fn administrators(txn: &impl Snapshot) -> Result<Vec<UserId>> {
    let users = all(txn)?.into_iter();
    Ok(users.filter(|user| user.role == Role::Administrator && !user.disabled).map(|user| user.id).collect())
}

/// What `look` says of each bcrypt hash.
pub fn hashes<T>(txn: &impl Snapshot, look: impl Fn(&str) -> T) -> Result<Vec<T>> {
    txn.table(PASSWORDS)?.iter()?.map(|row| Ok(look(row?.1.value()))).collect()
}

/// The bcrypt hash; `None` for accounts that cannot sign in.
pub fn password(txn: &impl Snapshot, id: UserId) -> Result<Option<String>> {
    Ok(txn.table(PASSWORDS)?.get(id.0)?.map(|row| row.value().to_owned()))
}

/// Replaces the bcrypt hash.
pub fn put_password(txn: &WriteTxn<'_>, id: UserId, hash: &str) -> Result<()> {
    txn.open(PASSWORDS)?.insert(id.0, hash)?;
    Ok(())
}

/// Stores a new account. A name that is taken, or looks like a taken one, and a taken e-mail
/// address are errors of their fields, all at once.
pub fn insert(txn: &WriteTxn<'_>, user: &User) -> Result<()> {
    txn.grow()?;
    let mut errors = FieldErrors::new();
    if txn.table(USER_BY_NAME)?.get(user.username.as_str())?.is_some() {
        errors.add("username", "This name is taken. Please choose another.");
    } else if txn.table(USER_BY_SKELETON)?.get(user.username.skeleton().as_str())?.is_some() {
        errors.add("username", "This name looks too much like one that is taken. Please choose another.");
    }
    if let Some(email) = &user.email
        && txn.table(USER_BY_EMAIL)?.get(email.key().as_str())?.is_some()
    {
        errors.add("email", "Another account has this address.");
    }
    errors.finish()?;
    txn.open(USER_BY_NAME)?.insert(user.username.as_str(), user.id.0)?;
    txn.open(USER_BY_SKELETON)?.insert(user.username.skeleton().as_str(), user.id.0)?;
    if let Some(email) = &user.email {
        txn.open(USER_BY_EMAIL)?.insert(email.key().as_str(), user.id.0)?;
    }
    put(txn, user)
}

/// Replaces an account; its name never changes. A taken e-mail address is an error of its field.
pub fn replace(txn: &WriteTxn<'_>, old: &User, new: &User) -> Result<()> {
    let (old_key, new_key) = (old.email.as_ref().map(Email::key), new.email.as_ref().map(Email::key));
    if old_key != new_key {
        if let Some(key) = &new_key
            && txn.table(USER_BY_EMAIL)?.get(key.as_str())?.is_some()
        {
            return Err(Error::field("email", "Another account has this address."));
        }
        let mut table = txn.open(USER_BY_EMAIL)?;
        if let Some(key) = old_key {
            table.remove(key.as_str())?;
        }
        if let Some(key) = new_key {
            table.insert(key.as_str(), new.id.0)?;
        }
    }
    if old.display_name != new.display_name || old.bio != new.bio {
        // The name stands beside posts and comments everywhere.
        txn.touch(Scope::Frame);
    }
    put(txn, new)
}

fn put(txn: &WriteTxn<'_>, user: &User) -> Result<()> {
    txn.open(USERS)?.insert(user.id.0, record::encode(user)?.as_slice())?;
    Ok(())
}
