//! SIGINT and SIGTERM as one future.

/// Ends at the first SIGINT or SIGTERM. A later one ends the process as usual only if this future
/// is gone, so a second Ctrl-C during the drain does not cut requests.
#[cfg(unix)]
pub async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let term = signal(SignalKind::terminate());
    let int = signal(SignalKind::interrupt());
    match (term, int) {
        (Ok(mut term), Ok(mut int)) => {
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
        }
        // Without handlers the system's own way of stopping a process stays in place.
        _ => std::future::pending().await,
    }
}

/// Ends at the first Ctrl-C.
#[cfg(not(unix))]
pub async fn signal() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
