//! Browsers that have signed in to an account before. Somebody else's guesses do not lock them out, wherever these
//! come from (OWASP, "Slow Down Online Guessing Attacks with Device Cookies").

use crate::domain::id::UserId;
use sha2::{Digest, Sha256};

/// Accounts that one browser is known to.
const MAX_ACCOUNTS: usize = 4;

/// Signs what browsers keep, and recognises it.
#[derive(Clone)]
pub(crate) struct Devices {
    key: String,
}

impl Devices {
    pub(crate) fn new(key: String) -> Devices {
        Devices { key }
    }

    /// What a browser keeps that has signed in to an account with this password hash: the account, a random number
    /// of the browser's own, and a signature. A new password ends it.
    pub(in crate::service) fn sign(&self, user: UserId, nonce: &str, hash: &str) -> String {
        // All parts have a fixed length, so that nobody can extend what is signed.
        let signed =
            [self.key.as_bytes(), &user.0.to_le_bytes(), &Sha256::digest(nonce), &Sha256::digest(hash)].concat();
        let signature: String = Sha256::digest(signed).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{user}-{nonce}-{signature}")
    }

    /// The browser's number if it has signed in to the account before; `kept` is all that it keeps.
    pub(in crate::service) fn recognise(&self, kept: &str, user: UserId, hash: &str) -> Option<String> {
        let known = |one: &&str| {
            let nonce = one.split('-').nth(1).unwrap_or_default();
            // The digests' bytes tell nothing about the signature.
            Sha256::digest(one) == Sha256::digest(self.sign(user, nonce, hash))
        };
        let found = kept.split('.').take(MAX_ACCOUNTS).find(known)?;
        found.split('-').nth(1).map(str::to_owned)
    }
}

/// What a browser keeps from now on: `new`, and what it keeps for other accounts.
pub fn keep(kept: &str, new: &str) -> String {
    let account = |one: &str| one.split('-').next().map(str::to_owned);
    let others = kept.split('.').filter(|other| !other.is_empty() && account(other) != account(new));
    [new].into_iter().chain(others).take(MAX_ACCOUNTS).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_known_to_the_accounts_it_signed_in_to() {
        let devices = Devices::new("secret".into());
        let ada = devices.sign(UserId(7), "a1", "hash");
        let both = keep(&ada, &devices.sign(UserId(8), "b2", "other hash"));
        assert_eq!(devices.recognise(&both, UserId(7), "hash").as_deref(), Some("a1"));
        assert_eq!(devices.recognise(&both, UserId(8), "other hash").as_deref(), Some("b2"));
        assert_eq!(devices.recognise(&both, UserId(7), "new hash"), None, "a new password ends it");
        assert_eq!(devices.recognise(&both, UserId(9), "hash"), None);
        assert_eq!(devices.recognise(&ada.replace("a1", "a2"), UserId(7), "hash"), None);
        assert_eq!(Devices::new("another".into()).recognise(&ada, UserId(7), "hash"), None);
        for nothing in ["", ".", "-", "7-a1", "7-a1-", "...--.-"] {
            assert_eq!(devices.recognise(nothing, UserId(7), "hash"), None, "{nothing}");
        }
    }

    #[test]
    fn a_browser_keeps_few_accounts_and_each_once() {
        let devices = Devices::new("secret".into());
        let sign = |user| devices.sign(UserId(user), "n", "hash");
        let kept = (1..9).chain([8]).fold(String::new(), |kept, user| keep(&kept, &sign(user)));
        let accounts: Vec<&str> = kept.split('.').map(|one| one.split('-').next().unwrap()).collect();
        assert_eq!(accounts, ["8", "7", "6", "5"]);
    }
}
