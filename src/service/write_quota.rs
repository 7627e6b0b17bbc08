//! How much members may write, whichever way they come.

use crate::error::Result;
use crate::service::App;
use crate::service::change::Cost;
use crate::service::payer::{Payer, Payers};
use crate::service::throttle::{Allowance, Key};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
/// A reader, who only comments, may write this part of what others may.
const READERS_PART: u32 = 10;
/// Kilobytes that somebody who writes posts and uploads images may store at once, and in each minute.
const KILOBYTES: (u32, u32) = (256_000, 64_000);
/// The same for a reader, and for all readers of a network.
const READERS_KILOBYTES: (u32, u32) = (4_000, 1_000);
const NETWORKS_KILOBYTES: (u32, u32) = (16_000, 4_000);

impl App {
    /// Counts a change. Readers are counted by their network too, since accounts are easy to make.
    pub(in crate::service) fn charge(&self, payers: Payers, cost: Cost) -> Result<()> {
        let (quota, now) = (self.config.api_quota, self.now());
        if quota == 0 {
            return Ok(());
        }
        let kilobytes = u32::try_from(cost.bytes.div_ceil(1_000)).unwrap_or(u32::MAX);
        for payer in payers.each() {
            let (writes, (at_once, each_minute)) = match payer {
                Payer::Member(_) if payers.is_writer => (quota, KILOBYTES),
                Payer::Member(_) => ((quota / READERS_PART).max(1), READERS_KILOBYTES),
                Payer::Network(_) if !payers.is_writer => (quota, NETWORKS_KILOBYTES),
                Payer::Network(_) | Payer::Connection(_) => continue,
            };
            self.throttle.spend(Key::Writes(payer), Allowance::each(MINUTE, writes, writes), cost.writes, now)?;
            let stored = Allowance::each(MINUTE, each_minute, at_once);
            self.throttle.spend(Key::Stored(payer), stored, kilobytes, now)?;
        }
        Ok(())
    }
}
