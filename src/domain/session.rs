//! Sessions: who is signed in where.

use crate::domain::id::UserId;
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long a session lives without a visit.
pub const SESSION_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);
/// A visit moves the end of a session only after this long, so that visits rarely cost a write.
pub const SESSION_RENEWAL: Duration = Duration::from_secs(24 * 3600);
/// Most sessions of one account; the oldest ends when there are more.
pub const MAX_SESSIONS_PER_USER: usize = 50;

/// SHA-256 of a session's token: what is stored instead of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey(pub [u8; 32]);

impl SessionKey {
    /// The first 16 hexadecimal digits: enough to name one of a user's sessions in a form,
    /// useless for signing in.
    pub fn short(&self) -> String {
        self.0.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A stored session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub user: UserId,
    pub created_at: Timestamp,
    /// To the day; moves with visits.
    pub last_seen: Timestamp,
    pub expires_at: Timestamp,
    /// What the browser calls itself, shortened; untrusted text.
    pub user_agent: String,
}

impl Session {
    /// Whether it still counts at `now`, where no session lives longer than `lifetime`.
    pub fn is_live(&self, now: Timestamp, lifetime: Duration) -> bool {
        now < self.expires_at && now < self.created_at.plus(lifetime)
    }
}
