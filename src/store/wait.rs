//! Work that takes longer than an async thread should wait.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Runs what takes longer than an async thread should wait: the one place that decides how.
pub fn off_the_loop<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}
