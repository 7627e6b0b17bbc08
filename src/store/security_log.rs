//! The log lines of security events, under the target `security`.

use crate::domain::security::SecurityEvent;
use crate::store::WriteTxn;

/// Writes the line of an event that no transaction brings, such as a failed login.
pub fn write(event: &SecurityEvent) {
    fn known(text: &str) -> Option<&str> {
        (!text.is_empty()).then_some(text)
    }
    let from = event.from.map(|address| address.to_string()).unwrap_or_default();
    tracing::info!(
        target: "security",
        by = event.by.as_str(),
        user = known(&event.user),
        detail = known(&event.detail),
        from = known(&from),
        "{}", event.what,
    );
}

/// Writes the line once the transaction is committed, and only then.
pub fn note(txn: &WriteTxn<'_>, event: SecurityEvent) {
    txn.security.borrow_mut().push(event);
}
