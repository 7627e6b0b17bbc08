//! The few things that happen by themselves.

use crate::content::markdown;
use crate::error::Result;
use crate::service::{App, posts, writing};
use crate::store;
use std::sync::{Arc, PoisonError};

/// Sessions ended in one commit.
const SWEEP: usize = 500;

/// Renders again what an older renderer, or one for another base path, had rendered, and remembers that
/// all is current, so that the next start need not look. Returns how many posts that were. Runs at start,
/// beside the first visitors, for as long as `go_on` says so.
pub fn rerender(app: &App, go_on: &dyn Fn() -> bool) -> Result<usize> {
    let done = rerender_all(app, go_on);
    app.grammars.lock().unwrap_or_else(PoisonError::into_inner).release();
    done
}

fn rerender_all(app: &App, go_on: &dyn Fn() -> bool) -> Result<usize> {
    let current = markdown::stamp(&app.links);
    let txn = app.read()?;
    if store::settings::rendered(&txn)?.is_some_and(|known| known == current) {
        return Ok(0);
    }
    let stale = store::posts::rendered_otherwise(&txn, &current)?;
    drop(txn);
    let mut count = 0;
    for id in stale {
        if !go_on() {
            return Ok(count);
        }
        let txn = app.read()?;
        let Some(head) = store::posts::by_id(&txn, id)? else { continue };
        let Some(revision) = store::posts::revision(&txn, id, head.version)? else { continue };
        let grammars = app.grammars.lock().unwrap_or_else(PoisonError::into_inner);
        let rendered = posts::render(app, &txn, &revision.source, &grammars);
        drop(grammars);
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
    // Whatever was saved meanwhile is of the same stamp, and the next start reads no text.
    app.store.write_blocking(move |txn| store::settings::put_rendered(txn, &current))?;
    Ok(count)
}

/// Forgets sessions and links to a new password that have ended. Returns how many.
pub async fn sweep_sessions(app: &Arc<App>) -> Result<usize> {
    let (now, txn) = (app.now(), app.read()?);
    let ended = store::sessions::expired(&txn, now, app.config().session_lifetime, SWEEP)?;
    let links = store::resets::expired(&txn, now, SWEEP)?;
    drop(txn);
    let count = ended.len() + links.len();
    if count > 0 {
        app.store
            .write(move |txn| {
                ended.iter().try_for_each(|(key, user)| store::sessions::remove(txn, key, *user))?;
                links.iter().try_for_each(|user| store::resets::remove(txn, *user))
            })
            .await?;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::domain::html::Html;
    use crate::domain::time::Timestamp;
    use crate::service::Clock;
    use crate::service::sample::{self, Contents};
    use crate::store::posts::{Body, Listing};

    #[test]
    fn texts_are_looked_through_until_all_are_known_to_be_current() {
        let clock = Clock::fixed(Timestamp::from_ms(1_700_000_000_000));
        let app = App::in_memory(clock, Config { bcrypt_cost: Some(10), ..Config::default() }).unwrap();
        sample::prepare(&app, Contents::Sample).unwrap();
        let known = || store::settings::rendered(&app.read().unwrap()).unwrap();
        assert_eq!((rerender(&app, &|| false).unwrap(), known()), (0, None));
        assert!(rerender(&app, &|| true).unwrap() > 1);
        assert_eq!(known(), Some(markdown::stamp(&app.links)));
        assert_eq!(rerender(&app, &|| true).unwrap(), 0);
        // A program for another base path has saved a post.
        let ever = Timestamp::from_ms(i64::MAX);
        let id = store::posts::published(&app.read().unwrap(), &Listing::All, ever, 0, 1).unwrap()[0];
        let body = Body { stamp: "another".into(), html: Html::trusted(String::new()) };
        app.store.write_blocking(move |txn| store::posts::replace_body(txn, id, &body)).unwrap();
        assert_eq!(known(), None);
        assert_eq!(rerender(&app, &|| true).unwrap(), 1);
        assert_eq!(known(), Some(markdown::stamp(&app.links)));
    }
}
