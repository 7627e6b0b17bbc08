//! What feeds and the sitemap show.

use crate::domain::html::Html;
use crate::domain::post::{PostHead, PostView, State};
use crate::domain::time::Timestamp;
use crate::error::{Error, Result};
use crate::service::{App, ReadTxn, posts};
use crate::store;
use crate::store::posts::Listing;
use sha2::{Digest, Sha256};

/// Posts in a feed.
const FEED_LENGTH: usize = 20;
/// Most bytes of texts in a feed. A post whose text does not fit any more has its summary alone.
const MAX_TEXTS: usize = 4 * 1024 * 1024;
/// Addresses in one part of the sitemap: few enough to be made and sent from little memory (the
/// sitemaps.org protocol allows 50,000).
const PART: usize = 1_000;

/// A path with the time of its last change, where that is known.
pub type Address = (String, Option<Timestamp>);

/// What the sitemap says.
pub enum Sitemap {
    /// Everything, or one part of it.
    Addresses(Vec<Address>),
    /// It has parts, numbered from 1 to this.
    Parts(usize),
}

/// The newest posts with their texts, as far as these fit.
pub fn latest(app: &App, txn: &ReadTxn) -> Result<Vec<PostView>> {
    let (mut views, mut room) = (Vec::new(), MAX_TEXTS);
    for id in store::posts::published(txn, &Listing::All, app.now(), 0, FEED_LENGTH)? {
        if let Some(head) = store::posts::by_id(txn, id)? {
            let view = posts::view(app, txn, head)?;
            views.push(match room.checked_sub(view.body.as_str().len()) {
                Some(left) => {
                    room = left;
                    view
                }
                None => PostView { body: Html::default(), ..view },
            });
        }
    }
    Ok(views)
}

/// What the sitemap names: the front page, categories that have posts, static pages, and posts, the oldest
/// first, so that a new one changes the last part alone. Without a `part` the parts of a long one;
/// `NotFound` for a part there is not. Also when the next scheduled post or page joins.
pub fn sitemap(app: &App, txn: &ReadTxn, part: Option<usize>) -> Result<(Sitemap, Option<Timestamp>)> {
    let now = app.now();
    let (others, next_page) = besides_posts(app, txn, now)?;
    let next = [next_page, store::posts::next_publication(txn, now)?].into_iter().flatten().min();
    let posts = store::counts::published(txn, &Listing::All, now)?;
    let parts = (others.len() + posts).div_ceil(PART);
    if part.is_none() && parts > 1 {
        return Ok((Sitemap::Parts(parts), next));
    }
    let part = part.unwrap_or(1);
    if !(1..=parts).contains(&part) {
        return Err(Error::NotFound("page"));
    }
    let first = (part - 1) * PART;
    let oldest = first.saturating_sub(others.len());
    let mut addresses: Vec<Address> = others.into_iter().skip(first).take(PART).collect();
    let end = (oldest + PART - addresses.len()).min(posts);
    // The index is read from its newest end.
    let mut ids = store::posts::published(txn, &Listing::All, now, posts - end, end.saturating_sub(oldest))?;
    ids.reverse();
    for id in ids {
        let head = store::posts::by_id(txn, id)?;
        addresses.extend(head.map(|head| (app.links.content(&head), Some(head.updated_at))));
    }
    Ok((Sitemap::Addresses(addresses), next))
}

/// The front page, categories that have posts, and static pages; also when the next of the pages appears.
fn besides_posts(app: &App, txn: &ReadTxn, now: Timestamp) -> Result<(Vec<Address>, Option<Timestamp>)> {
    let (mut addresses, mut next) = (vec![(app.links.home(), None)], None);
    for category in store::categories::all(txn)? {
        if !store::posts::published(txn, &Listing::Category(category.id), now, 0, 1)?.is_empty() {
            addresses.push((app.links.category(&category.slug), None));
        }
    }
    for page in store::posts::pages(txn)? {
        match page.state(now) {
            State::Published => addresses.push((app.links.content(&page), Some(page.updated_at))),
            State::Scheduled => next = [next, page.published_at].into_iter().flatten().min(),
            State::Draft => {}
        }
    }
    Ok((addresses, next))
}

/// An id that a post keeps for ever, even when its address, the site's or the data file's place
/// changes: a UUID of version 8 (RFC 9562, section 5.8) made from the site's id and the post's.
pub fn entry_id(app: &App, post: &PostHead) -> String {
    let digest = Sha256::digest(format!("{}/{}", app.site_id, post.id));
    let mut digits: Vec<char> =
        digest.iter().take(16).flat_map(|byte| format!("{byte:02x}").into_bytes()).map(char::from).collect();
    if let Some(version) = digits.get_mut(12) {
        *version = '8';
    }
    if let Some(variant) = digits.get_mut(16) {
        *variant = 'a';
    }
    for at in [20, 16, 12, 8] {
        digits.insert(at, '-');
    }
    format!("urn:uuid:{}", digits.into_iter().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::domain::id::{PostId, UserId};
    use crate::domain::post::{Kind, Status};
    use crate::domain::slug::Slug;
    use crate::service::{Clock, writing};
    use crate::store::posts::{Body, Revision};
    use std::collections::BTreeSet;

    const NOW: i64 = 1_700_000_000_000;

    fn blog(posts: u64, pages: u64) -> App {
        let config = Config { bcrypt_cost: Some(10), ..Config::default() };
        let app = App::in_memory(Clock::fixed(Timestamp::from_ms(NOW)), config).unwrap();
        let write = move |txn: &store::WriteTxn<'_>| {
            for number in 1..=posts + pages {
                let kind = if number <= posts { Kind::Post } else { Kind::Page };
                let saved_at = Timestamp::from_ms(NOW - 10_000 + i64::try_from(number).unwrap());
                let mut head = writing::blank(PostId(number), kind, UserId(1), saved_at);
                head.slug = Slug::parse(&format!("post-{number}")).unwrap();
                (head.status, head.published_at) = (Status::Published, Some(saved_at));
                let revision = Revision { title: String::new(), source: String::new(), saved_by: None, saved_at };
                let body = Body { stamp: "1".into(), html: Html::trusted(String::new()) };
                store::posts::insert(txn, &head, &revision, &body)?;
            }
            Ok(())
        };
        app.store.write_blocking(write).unwrap();
        app
    }

    fn part(app: &App, part: Option<usize>) -> Result<Vec<String>> {
        match sitemap(app, &app.read()?, part)?.0 {
            Sitemap::Addresses(addresses) => Ok(addresses.into_iter().map(|(path, _)| path).collect()),
            Sitemap::Parts(parts) => Ok(vec![parts.to_string()]),
        }
    }

    #[test]
    fn the_parts_of_a_sitemap_name_everything_once() {
        for (posts, pages, parts) in [(2_200, 3, 3), (1_500, 1_200, 3), (1_999, 0, 2), (2_000, 0, 3)] {
            let app = blog(posts, pages);
            assert_eq!(part(&app, None).unwrap(), [parts.to_string()]);
            let all: Vec<String> = (1..=parts).flat_map(|number| part(&app, Some(number)).unwrap()).collect();
            let once: BTreeSet<&String> = all.iter().collect();
            assert_eq!((all.len() as u64, once.len()), (1 + posts + pages, all.len()));
            assert!((1..=parts).all(|number| part(&app, Some(number)).unwrap().len() <= PART));
            assert_eq!(all.last().unwrap(), &format!("/posts/post-{posts}"), "the newest stands last");
            assert!(part(&app, Some(parts + 1)).is_err() && part(&app, Some(0)).is_err());
        }
        let small = part(&blog(2, 1), None).unwrap();
        assert_eq!(small, ["/", "/post-3", "/posts/post-1", "/posts/post-2"]);
    }
}
