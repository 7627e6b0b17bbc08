//! What rides along with the next commit: nothing is written because something was read.

use crate::error::Result;
use crate::store::WriteTxn;
use crate::store::sessions::{self, Visit};
use crate::store::tokens::{self, Use};
use std::collections::HashMap;

/// Visits kept for the next commit, and uses of tokens; more are forgotten, which only ends a session earlier.
const MOST: usize = 4_096;

#[derive(Default)]
pub(in crate::store) struct Passengers {
    visits: HashMap<[u8; 32], Visit>,
    uses: HashMap<[u8; 32], Use>,
}

impl Passengers {
    pub(in crate::store) fn is_empty(&self) -> bool {
        self.visits.is_empty() && self.uses.is_empty()
    }

    pub(in crate::store) fn note_visit(&mut self, visit: Visit) {
        if self.visits.len() < MOST || self.visits.contains_key(&visit.key.0) {
            self.visits.insert(visit.key.0, visit);
        }
    }

    pub(in crate::store) fn note_use(&mut self, used: Use) {
        if self.uses.len() < MOST || self.uses.contains_key(&used.key.0) {
            self.uses.insert(used.key.0, used);
        }
    }

    pub(in crate::store) fn record(&self, txn: &WriteTxn<'_>) -> Result<()> {
        sessions::record_visits(txn, self.visits.values())?;
        tokens::record_uses(txn, self.uses.values())
    }

    /// Takes those back that no commit has carried; later ones of the same session or token win.
    pub(in crate::store) fn take_back(&mut self, earlier: Passengers) {
        for (key, visit) in earlier.visits {
            self.visits.entry(key).or_insert(visit);
        }
        for (key, used) in earlier.uses {
            self.uses.entry(key).or_insert(used);
        }
    }
}
