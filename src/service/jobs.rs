//! The few things that happen by themselves.

use crate::content::highlight::Grammars;
use crate::content::markdown;
use crate::error::Result;
use crate::service::{App, posts, writing};
use crate::store;
use std::sync::Arc;

/// Sessions ended in one commit.
const SWEEP: usize = 500;

/// Renders again what an older renderer, or one for another base path, had rendered. Returns how
/// many posts that were. Runs at start, beside the first visitors, for as long as `go_on` says so.
pub fn rerender(app: &App, go_on: &dyn Fn() -> bool) -> Result<usize> {
    let current = markdown::stamp(&app.links);
    let stale = store::posts::body_stamps(&app.read()?)?.into_iter().filter(|(_, stamp)| *stamp != current);
    let grammars = Grammars::default();
    let mut count = 0;
    for (id, _) in stale {
        if !go_on() {
            break;
        }
        let txn = app.read()?;
        let Some(head) = store::posts::by_id(&txn, id)? else { continue };
        let Some(revision) = store::posts::revision(&txn, id, head.version)? else { continue };
        let rendered = posts::render(app, &txn, &revision.source, &grammars);
        drop(txn);
        let (summary, body) = writing::stored_form(app, rendered);
        app.store.write_blocking(move |txn| {
            // Saved meanwhile: then it is current already.
            let Some(now) = store::posts::by_id(txn, id)?.filter(|now| now.version == head.version) else {
                return Ok(());
            };
            store::posts::replace_body(txn, id, &body)?;
            if now.summary != summary {
                let new = crate::domain::post::PostHead { summary: summary.clone(), ..now.clone() };
                store::posts::replace(txn, &now, &new, None)?;
            }
            Ok(())
        })?;
        count += 1;
    }
    Ok(count)
}

/// Forgets sessions that have ended. Returns how many.
pub async fn sweep_sessions(app: &Arc<App>) -> Result<usize> {
    let now = app.now();
    let ended = store::sessions::expired(&app.read()?, now, SWEEP)?;
    let count = ended.len();
    if count > 0 {
        app.store
            .write(move |txn| ended.iter().try_for_each(|(key, user)| store::sessions::remove(txn, key, *user)))
            .await?;
    }
    Ok(count)
}
