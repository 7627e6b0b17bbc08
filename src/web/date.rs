//! The `Date` of answers. hyper's own stands still after the clock was set back, until its time comes again.

use crate::domain::time::Timestamp;
use http::HeaderValue;
use std::sync::{Mutex, PoisonError};

/// The date as it was sent last: it changes once a second.
#[derive(Default)]
pub struct Dates(Mutex<Option<(i64, HeaderValue)>>);

impl Dates {
    /// The value of the header at `now`.
    pub fn at(&self, now: Timestamp) -> Option<HeaderValue> {
        let second = now.ms().div_euclid(1_000);
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, value)) = &*last
            && *known == second
        {
            return Some(value.clone());
        }
        let value = HeaderValue::try_from(now.http_date()).ok()?;
        *last = Some((second, value.clone()));
        Some(value)
    }
}
