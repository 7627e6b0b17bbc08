//! What a log of security events says: who signed in, failed to, or changed what an account may do.

use crate::domain::actor::Actor;
use std::net::IpAddr;

/// One event, which becomes one line of the log. Names are text that somebody typed.
#[derive(Debug, Clone, Default)]
pub struct SecurityEvent {
    /// What happened, in two or three words.
    pub what: &'static str,
    /// Who did it: a user name, `visitor` or `system` (the command line and jobs).
    pub by: String,
    /// The account that it happened to.
    pub user: String,
    /// What else there is to know, such as the new role.
    pub detail: String,
    /// The client's address, where it is known.
    pub from: Option<IpAddr>,
}

impl SecurityEvent {
    /// `actor` did `what` to the account `user`.
    pub fn new(what: &'static str, actor: &Actor, user: impl ToString) -> SecurityEvent {
        let by = match actor {
            Actor::Anonymous => "visitor".into(),
            Actor::Member(member) => member.username.to_string(),
            Actor::System => "system".into(),
        };
        SecurityEvent { what, by, user: user.to_string(), ..SecurityEvent::default() }
    }

    /// With more to know.
    pub fn detail(self, detail: impl ToString) -> SecurityEvent {
        SecurityEvent { detail: detail.to_string(), ..self }
    }

    /// From this address.
    pub fn from(self, address: IpAddr) -> SecurityEvent {
        SecurityEvent { from: Some(address), ..self }
    }
}
