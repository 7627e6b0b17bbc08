//! Links with which somebody who lost their password chooses another.

use crate::domain::id::UserId;
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long a link that an administrator made works.
pub const RESET_LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// The link of an account as it is stored. An account has one at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reset {
    /// SHA-256 of the secret in the link, which is not stored.
    pub key: [u8; 32],
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

impl Reset {
    /// Whether it still works at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}

/// The token in a link, taken apart: `7-` and 64 hexadecimal digits. `None` if it has another form.
pub fn parse_token(token: &str) -> Option<(UserId, &str)> {
    let (user, secret) = token.split_once('-')?;
    let is_secret = secret.len() == 64 && secret.bytes().all(|byte| byte.is_ascii_hexdigit());
    UserId::parse(user).filter(|_| is_secret).map(|user| (user, secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_another_form_are_none() {
        let secret = "0".repeat(64);
        assert_eq!(parse_token(&format!("7-{secret}")), Some((UserId(7), secret.as_str())));
        for bad in ["", "7", "-", &secret, &format!("x-{secret}"), &format!("7-{secret}0"), &format!("07-{secret}")] {
            assert_eq!(parse_token(bad), None, "{bad}");
        }
    }
}
