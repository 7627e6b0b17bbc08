//! The signals that stop the server, as one future.

/// Ends at the first SIGINT or SIGTERM. A later one ends the process as usual only if this future
/// is gone, so a second Ctrl-C during the drain does not cut requests.
///
/// SIGHUP stops a server whose terminal was closed in the same way. To a server without a terminal it means that
/// its settings changed (`systemctl reload`): there is nothing that could be read again, so it goes on.
#[cfg(unix)]
pub async fn signal() {
    use std::io::IsTerminal;
    use tokio::signal::unix::{SignalKind, signal};
    let in_terminal = std::io::stdin().is_terminal();
    let term = signal(SignalKind::terminate());
    let int = signal(SignalKind::interrupt());
    let hang_up = signal(SignalKind::hangup());
    match (term, int, hang_up) {
        (Ok(mut term), Ok(mut int), Ok(mut hang_up)) => loop {
            tokio::select! {
                _ = term.recv() => return,
                _ = int.recv() => return,
                _ = hang_up.recv() => {
                    if in_terminal {
                        return;
                    }
                    tracing::info!("SIGHUP: settings are read at start alone; restart the server to change them");
                }
            }
        },
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
