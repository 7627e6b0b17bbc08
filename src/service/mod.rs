//! Use cases with their permissions: the only door to data.
//!
//! A stand-in with the agreed signatures, until the real one lands.

use crate::config::Config;
use crate::domain::id::PostId;
use crate::domain::link::Links;
use crate::domain::time::Timestamp;
use crate::error::Result;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    Frame,
    Lists,
    Post(PostId),
}

pub struct ReadTxn(u64);

impl ReadTxn {
    pub fn number(&self) -> u64 {
        self.0
    }
}

pub struct App {
    pub links: Links,
    pub config: Config,
    commit: AtomicU64,
    touched: Mutex<HashMap<Scope, u64>>,
    clock: AtomicU64,
}

impl App {
    pub fn stand_in(links: Links, config: Config) -> App {
        App {
            links,
            config,
            commit: AtomicU64::new(1),
            touched: Mutex::default(),
            clock: AtomicU64::new(1_700_000_000_000),
        }
    }

    pub fn read(&self) -> Result<ReadTxn> {
        Ok(ReadTxn(self.commit.load(Ordering::SeqCst)))
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_ms(i64::try_from(self.clock.load(Ordering::SeqCst)).unwrap_or(0))
    }

    pub fn set_now(&self, now: Timestamp) {
        self.clock.store(u64::try_from(now.ms()).unwrap_or(0), Ordering::SeqCst);
    }

    pub fn touch(&self, scope: Scope) {
        let number = self.commit.fetch_add(1, Ordering::SeqCst) + 1;
        self.touched.lock().unwrap_or_else(|e| e.into_inner()).insert(scope, number);
    }

    pub fn changed_since(&self, scopes: &[Scope], number: u64) -> bool {
        let touched = self.touched.lock().unwrap_or_else(|e| e.into_inner());
        scopes.iter().any(|scope| touched.get(scope).is_some_and(|at| *at > number))
    }
}

pub mod auth {
    use super::App;
    use crate::domain::actor::Actor;
    use crate::error::Result;

    pub fn actor(_app: &App, _token: &str) -> Result<Actor> {
        Ok(Actor::Anonymous)
    }
}
