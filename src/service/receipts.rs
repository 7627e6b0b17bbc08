//! Requests that are done once, however often they are sent (draft-ietf-httpapi-idempotency-key-header).

use crate::domain::actor::{Actor, Via};
use crate::domain::time::Timestamp;
use crate::error::{Error, Result};
use crate::service::change::Change;
use crate::service::payer::Payers;
use crate::service::{App, random_token};
use crate::store;
use crate::store::receipts::{Receipt, ReceiptKey};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// How long a key is remembered.
pub const LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// Longest key, in bytes.
pub const MAX_KEY: usize = 255;

/// A key with the request it was sent with.
#[derive(Debug, Clone)]
pub struct Once {
    key: ReceiptKey,
    request: Vec<u8>,
}

/// What came of a request that carries a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done<T> {
    Now(T),
    /// It was done before; what `describe` said then.
    Before(String),
}

impl Once {
    /// For `key` as `actor` sent it, with the parts of the request that say what is asked for: method,
    /// address, body. Keys of different people, and of a person's different tokens, never meet.
    pub fn new(actor: &Actor, key: &str, request: &[&[u8]]) -> Result<Once> {
        if key.is_empty() || key.len() > MAX_KEY || !key.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            let message = format!("An idempotency key has 1 to {MAX_KEY} printable ASCII characters.");
            return Err(Error::field("Idempotency-Key", message));
        }
        let Some(member) = actor.member() else { return Err(Error::Unauthenticated) };
        let via = match member.via {
            Via::Session(_) => 0,
            Via::Token(id, _) => id.0,
        };
        let who = format!("{} {via} ", member.id);
        // A body may hold a password, which a plain hash would give away to whoever guesses. The raw key, which
        // is not stored, keys this one.
        let request = hash(&[&[key.as_bytes()], request].concat());
        let key = ReceiptKey::new(member.id, Sha256::digest([who.as_bytes(), key.as_bytes()].concat()).into());
        Ok(Once { key, request })
    }

    /// For a form that was shown with `key` in it, and what was typed into it. The same form sent again is the
    /// same request; one that was changed in between, after the way back in a browser, is another.
    pub fn of_form(actor: &Actor, key: &str, typed: &[&[u8]]) -> Result<Once> {
        let Some(member) = actor.member() else { return Err(Error::Unauthenticated) };
        let (who, request) = (format!("{} form ", member.id), hash(typed));
        let key = Sha256::digest([who.as_bytes(), &hash(&[key.as_bytes(), &request])].concat());
        let key = ReceiptKey::new(member.id, key.into());
        Ok(Once { key, request })
    }

    /// A key for a form that is shown now.
    pub fn form_key() -> Result<String> {
        random_token::<16>()
    }

    /// What `describe` said when this was done before; `None` if it was not. `KeyReused` if the key was sent
    /// with another request. Asked before work that would be in vain; `commit` asks again.
    pub fn before(&self, app: &App) -> Result<Option<String>> {
        let receipt = store::receipts::by_key(&app.read()?, &self.key)?;
        self.recognise(receipt, app.now())
    }

    fn recognise(&self, receipt: Option<Receipt>, now: Timestamp) -> Result<Option<String>> {
        match receipt.filter(|receipt| now.since(receipt.made_at) < LIFETIME) {
            Some(receipt) if receipt.request != self.request => Err(Error::KeyReused),
            Some(receipt) => Ok(Some(receipt.outcome)),
            None => Ok(None),
        }
    }

    /// Commits `change` and its receipt together, or neither if it was done before. `describe` says what
    /// whoever sends it again needs to know, in a few hundred bytes.
    pub async fn commit<T: Send + 'static>(
        self,
        app: &App,
        payers: Payers,
        mut change: Change<T>,
        describe: impl Fn(&T) -> String + Send + 'static,
    ) -> Result<Done<T>> {
        let now = app.now();
        let since = Timestamp::from_ms(now.ms() - i64::try_from(LIFETIME.as_millis()).unwrap_or(i64::MAX));
        app.charge(payers, change.cost())?;
        app.store
            .write(move |txn| {
                if let Some(outcome) = self.recognise(store::receipts::by_key(txn, &self.key)?, now)? {
                    return Ok(Done::Before(outcome));
                }
                let value = change.run(txn)?;
                let receipt = Receipt { request: self.request.clone(), outcome: describe(&value), made_at: now };
                store::receipts::put(txn, &self.key, &receipt, since)?;
                Ok(Done::Now(value))
            })
            .await
    }
}

fn hash(parts: &[&[u8]]) -> Vec<u8> {
    let mut hash = Sha256::new();
    for part in parts {
        // The length in front keeps parts apart.
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::actor::{Member, Role};
    use crate::domain::id::{TokenId, UserId};
    use crate::domain::token::TokenScopes;
    use crate::domain::user::Username;

    #[test]
    fn what_is_stored_of_a_body_cannot_be_checked_without_the_key() {
        let actor = Actor::Member(Member {
            id: UserId(1),
            username: Username::parse("ada").unwrap(),
            display_name: "Ada".into(),
            role: Role::Administrator,
            via: Via::Token(TokenId(1), TokenScopes::all()),
        });
        let body: &[&[u8]] = &[b"POST", b"/api/v1/users", b"{\"password\":\"guessable\"}"];
        let (one, same, other) = (
            Once::new(&actor, "key-1", body).unwrap(),
            Once::new(&actor, "key-1", body).unwrap(),
            Once::new(&actor, "key-2", body).unwrap(),
        );
        assert_eq!(one.request, same.request);
        assert_ne!(one.request, other.request);
        assert_ne!(one.request, hash(body));
    }
}
