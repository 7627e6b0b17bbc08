//! Use cases with their permissions: the only door to data.

pub mod auth;
pub mod categories;
pub mod change;
pub mod comments;
pub mod devices;
pub mod feeds;
pub mod import;
pub mod jobs;
pub mod live;
pub mod media;
pub mod passwords;
pub mod payer;
mod post_lists;
pub mod posts;
pub mod receipts;
pub mod redirects;
pub mod resets;
pub mod sample;
pub mod settings;
pub mod setup;
pub mod shares;
mod staff_names;
pub mod tags;
mod throttle;
pub mod tokens;
mod turns;
pub mod users;
mod write_quota;
pub mod writing;

use crate::config::Config;
use crate::content::highlight::Grammars;
use crate::domain::actor::Actor;
use crate::domain::link::Links;
use crate::domain::time::Timestamp;
use crate::error::{Error, Result};
use crate::service::change::Change;
use crate::service::devices::Devices;
use crate::service::passwords::Passwords;
use crate::service::payer::Payers;
use crate::service::throttle::Throttle;
use crate::service::turns::Turns;
use crate::store;
use crate::store::Store;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use crate::store::BATCH_BUCKETS;
pub use crate::store::ReadTxn;
pub use crate::store::fresh::Scope;
pub use crate::store::wait::off_the_loop;

/// What the use cases work with.
pub struct App {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) links: Links,
    pub(crate) config: Config,
    pub(crate) site_id: String,
    pub(crate) passwords: Passwords,
    pub(crate) throttle: Throttle,
    pub(crate) devices: Devices,
    /// Held while a post is rendered for saving: the grammars that colour code take tens of megabytes.
    pub(crate) rendering: Turns,
    /// Held while a comment is rendered.
    pub(crate) commenting: Turns,
    /// Held while an image is taken in: decoding one can take a hundred megabytes.
    pub(crate) imaging: Turns,
    /// For texts that an older renderer had rendered: `jobs` and readers use the same grammars until all are done.
    pub(crate) grammars: Mutex<Grammars>,
    pub(crate) setup: setup::Secret,
}

/// What is counted about the data.
#[derive(Debug, Clone, Copy)]
pub struct Counts {
    pub writer: store::Stats,
    /// Size of the data file; `None` in memory.
    pub file_bytes: Option<u64>,
    /// Sessions stored; `None` while the file cannot be read.
    pub sessions: Option<u64>,
}

/// Where the time comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    System,
    /// Stands still until a test moves it; milliseconds since the Unix epoch.
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that shows `time` until it is moved.
    pub fn fixed(time: Timestamp) -> Clock {
        Clock::Fixed(Arc::new(AtomicI64::new(time.ms())))
    }

    /// Moves a fixed clock; the system's clock goes by itself.
    pub fn advance(&self, by: Duration) {
        if let Clock::Fixed(ms) = self {
            ms.fetch_add(i64::try_from(by.as_millis()).unwrap_or(0), Ordering::SeqCst);
        }
    }

    /// Sets a fixed clock, back too.
    pub fn set(&self, time: Timestamp) {
        if let Clock::Fixed(ms) = self {
            ms.store(time.ms(), Ordering::SeqCst);
        }
    }

    /// The time it shows.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_ms(match self {
            Clock::Fixed(ms) => ms.load(Ordering::SeqCst),
            Clock::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
            }
        })
    }
}

impl App {
    /// Puts the parts together. Times bcrypt if neither the configuration nor the file names a
    /// cost, and makes a set-up secret if there is no administrator yet.
    pub fn new(store: Store, clock: Clock, config: Config) -> Result<App> {
        let links = match &config.public_url {
            Some(url) => Links::from_public_url(url).map_err(Error::Failed)?,
            None => Links::root(),
        };
        let Settled { cost, site_id, device_key } = settle(&store, config.bcrypt_cost)?;
        let dearest = store::users::hashes(&store.read()?, passwords::stored_cost)?;
        let dearest = dearest.into_iter().flatten().max().unwrap_or(cost).max(cost);
        let setup = setup::Secret::for_store(&store)?;
        Ok(App {
            store,
            clock,
            links,
            config,
            site_id,
            passwords: Passwords::new(cost, dearest),
            throttle: Throttle::default(),
            devices: Devices::new(device_key),
            rendering: Turns::new(2),
            commenting: Turns::new(2),
            imaging: Turns::new(1),
            grammars: Mutex::default(),
            setup,
        })
    }

    /// Everything in memory, gone when dropped.
    pub fn in_memory(clock: Clock, config: Config) -> Result<App> {
        App::new(Store::memory()?, clock, config)
    }

    /// Commits what a use case returned, unless that refused: for the program itself. Returns when it is durable.
    pub async fn commit<T: Send + 'static>(&self, change: Result<Change<T>>) -> Result<T> {
        self.commit_for(Payers::default(), change).await
    }

    /// The same for a client, whose writes are counted.
    pub async fn commit_for<T: Send + 'static>(&self, payers: Payers, change: Result<Change<T>>) -> Result<T> {
        change?.commit(self, payers).await
    }

    /// A snapshot to read from; drop it soon.
    pub fn read(&self) -> Result<ReadTxn> {
        self.store.read()
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What the program was started with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Builds addresses.
    pub fn links(&self) -> &Links {
        &self.links
    }

    /// Number of the last commit: what was answered before is in it.
    pub fn number(&self) -> u64 {
        self.store.number()
    }

    /// Whether any of `scopes` changed after commit `number` (see `ReadTxn::number`).
    pub fn changed_since(&self, scopes: &[Scope], number: u64) -> bool {
        self.store.changed_since(scopes, number)
    }

    /// As if a commit had changed `scope`.
    #[cfg(test)]
    pub(crate) fn touch(&self, scope: Scope) {
        self.store.publish(&[scope]);
    }

    /// Moves a fixed clock to `time`.
    #[cfg(test)]
    pub(crate) fn set_now(&self, time: Timestamp) {
        self.clock.advance(time.since(self.now()));
    }

    /// What is counted about the data: for whoever runs the site.
    pub fn counts(&self) -> Counts {
        let sessions = self.read().and_then(|txn| store::sessions::count(&txn)).ok();
        Counts { writer: self.store.stats(), file_bytes: self.store.file_bytes(), sessions }
    }

    /// Whether the blog can save things as far as is known; the error says why not.
    pub fn health(&self) -> Result<()> {
        self.store.health()
    }
}

/// What the program remembers for itself.
struct Settled {
    /// Of bcrypt, configured or measured.
    cost: u32,
    site_id: String,
    device_key: String,
}

/// What is missing in the file is measured or made now and remembered.
fn settle(store: &Store, configured_cost: Option<u32>) -> Result<Settled> {
    let mut security = store::settings::security(&store.read()?)?;
    let known = security.clone();
    if security.site_id.is_empty() {
        security.site_id = random_token::<16>()?;
    }
    if security.device_key.is_empty() {
        security.device_key = random_token::<32>()?;
    }
    if configured_cost.is_none() && security.bcrypt_cost.is_none() {
        security.bcrypt_cost = Some(passwords::timed_cost());
    }
    let remembered = security.bcrypt_cost.unwrap_or(passwords::MIN_COST);
    let (site_id, device_key) = (security.site_id.clone(), security.device_key.clone());
    if security != known {
        store.write_blocking(move |txn| store::settings::put_security(txn, &security))?;
    }
    let cost = configured_cost.unwrap_or(remembered.clamp(passwords::MIN_COST, passwords::MAX_COST));
    Ok(Settled { cost, site_id, device_key })
}

/// Runs CPU-heavy work (rendering, images) off the async threads.
async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|cause| Error::Internal(Box::new(cause)))
}

/// Like `off_thread`, when it is the actor's turn. The turn goes with the work: whoever hangs up early must
/// not start another beside it.
async fn in_turn<T: Send + 'static>(
    turns: &Turns,
    actor: &Actor,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let turn = turns.take(actor.user_id()).await?;
    off_thread(move || {
        let result = work();
        drop(turn);
        result
    })
    .await
}

/// Random bytes from the system as lower-case hexadecimal digits.
fn random_token<const N: usize>() -> Result<String> {
    let mut bytes = [0u8; N];
    getrandom::fill(&mut bytes).map_err(|cause| Error::internal(format!("no random bytes: {cause}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
