//! Listening to what others write, as it is committed.

use crate::domain::actor::Actor;
use crate::domain::comment::PlacedComment;
use crate::domain::id::{CommentId, PostId};
use crate::domain::post::{Kind, PostHead};
use crate::domain::time::Timestamp;
use crate::error::Result;
use crate::service::{App, Clock, ReadTxn, comments, posts};
use crate::store;
use crate::store::posts::Listing;
use std::collections::BTreeSet;
use std::time::Duration;

pub use crate::store::news::{Heard, Listener, News, Position, Told, Topic};

/// Longest sleep until it is looked again whether a scheduled post has become public: clocks are set, and
/// machines sleep.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

impl App {
    /// Hears of commits from now on. For use within the program: what may be shown of the news to whom is
    /// decided by who shows it.
    pub fn listen(&self, topic: Topic) -> Listener {
        self.store.listen(topic, None)
    }

    /// Ends all listening, now and later: the server stops.
    pub fn end_listening(&self) {
        self.store.end_listening();
    }
}

/// Listens to the conversation of a post that `actor` may see; with `since`, from there on.
pub fn conversation(app: &App, actor: &Actor, slug: &str, since: Option<Position>) -> Result<(PostHead, Listener)> {
    // Listening begins before it is asked whether it may: nothing falls between.
    let head = posts::visible(app, &app.read()?, actor, Kind::Post, slug)?;
    let listener = app.store.listen(Topic::Post(head.id), since);
    let head = posts::visible(app, &app.read()?, actor, Kind::Post, slug)?;
    Ok((head, listener))
}

/// What has become of a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Created,
    Edited,
    Removed,
}

/// News of a comment as everybody may see them.
pub struct CommentNews {
    pub action: Action,
    pub post: PostHead,
    pub id: CommentId,
    /// As it is now, which may be later than the news; `None` if it is gone.
    pub comment: Option<PlacedComment>,
    /// Comments of the post now.
    pub count: usize,
}

/// What there is to see of a piece of news.
pub enum Seen {
    Comment(Box<CommentNews>),
    Nothing,
    /// Everybody may see the post no more.
    Over,
}

/// Looks up what news of a conversation are about.
pub fn look_up(app: &App, txn: &ReadTxn, news: News) -> Result<Seen> {
    let (action, at) = match news {
        News::CommentWritten { post, thread, comment } => (Action::Created, (post, thread, comment)),
        News::CommentEdited { post, thread, comment } => (Action::Edited, (post, thread, comment)),
        News::CommentRemoved { post, thread, comment } => (Action::Removed, (post, thread, comment)),
        // It may be back by now, for those who hear of it late.
        News::PostHidden { post } => {
            let is_back = store::posts::by_id(txn, post)?.is_some_and(|post| post.is_public(app.now()));
            return Ok(if is_back { Seen::Nothing } else { Seen::Over });
        }
        News::PostPublished { .. } | News::PostEdited { .. } | News::PostScheduled { .. } => return Ok(Seen::Nothing),
    };
    let Some(post) = store::posts::by_id(txn, at.0)?.filter(|post| post.is_public(app.now())) else {
        return Ok(Seen::Over);
    };
    let comment = comments::placed(txn, at)?;
    // Removed since: who comes back hears both.
    let is_there = comment.as_ref().is_some_and(|placed| !placed.comment.deleted);
    let action = if is_there { action } else { Action::Removed };
    let count = store::comments::outline(txn, post.id)?.total;
    Ok(Seen::Comment(Box::new(CommentNews { action, post, id: at.2, comment, count })))
}

/// How many comments a post has, and which was written last: whether a page is still true.
pub fn state(txn: &ReadTxn, post: PostId) -> Result<(usize, Option<CommentId>)> {
    let outline = store::comments::outline(txn, post)?;
    Ok((outline.total, outline.newest()))
}

/// Posts that will become public, by their time.
type Schedule = BTreeSet<(Timestamp, PostId)>;

/// Tells of scheduled posts when their time has come.
pub struct Publications {
    listener: Listener,
    schedule: Schedule,
    /// When it was last looked whose time has come.
    looked: Timestamp,
}

impl Publications {
    /// Of those that are not public yet.
    pub fn new(app: &App) -> Publications {
        let listener = app.listen(Topic::Site);
        Publications { listener, schedule: scheduled(app), looked: app.now() }
    }

    /// Until listening ends.
    pub async fn tell(mut self, app: &App) {
        loop {
            let heard = tokio::select! {
                heard = self.listener.next() => heard,
                () = sleep_until_first(&app.clock, &self.schedule, self.looked) => {
                    self.look(app);
                    continue;
                }
            };
            match heard {
                Heard::News(told) => {
                    if let News::PostScheduled { post, at } = told.news {
                        self.schedule.insert((at, post));
                    }
                }
                Heard::Missed => self.schedule.append(&mut scheduled(app)),
                Heard::Ended => return,
            }
        }
    }

    fn look(&mut self, app: &App) {
        let now = app.now();
        if now < self.looked {
            // The clock was set back, and what became public before waits again.
            self.schedule = scheduled(app);
        }
        self.looked = now;
        tell_due(app, &mut self.schedule);
    }
}

fn scheduled(app: &App) -> Schedule {
    let later = (Timestamp::from_ms(app.now().ms() + 1), Timestamp::from_ms(i64::MAX));
    let read = || {
        let txn = app.read()?;
        let posts = store::posts::between(&txn, &Listing::All, later, 0, usize::MAX)?;
        let heads = posts.into_iter().map(|post| store::posts::by_id(&txn, post));
        heads.map(|head| Ok(head?.and_then(|head| Some((head.published_at?, head.id))))).collect::<Result<Vec<_>>>()
    };
    let found = read().unwrap_or_else(|error| {
        tracing::warn!(%error, "scheduled posts could not be read");
        Vec::new()
    });
    found.into_iter().flatten().collect()
}

async fn sleep_until_first(clock: &Clock, schedule: &Schedule, looked: Timestamp) {
    let first = schedule.first().map(|(time, _)| *time);
    match clock {
        Clock::System => {
            let wait = first.map_or(LOOK_AGAIN, |time| time.since(clock.now()).min(LOOK_AGAIN));
            tokio::time::sleep(wait).await;
        }
        // Moved by hand: nothing says when.
        Clock::Fixed(_) => {
            while clock.now() >= looked && first.is_none_or(|time| clock.now() < time) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }
}

/// Tells of those whose time has come, unless they were moved or withdrawn meanwhile.
fn tell_due(app: &App, schedule: &mut Schedule) {
    let now = app.now();
    while let Some((time, post)) = schedule.first().copied().filter(|(time, _)| *time <= now) {
        schedule.pop_first();
        let head = app.read().and_then(|txn| store::posts::by_id(&txn, post));
        match head {
            Ok(Some(head)) if head.is_public(now) && head.published_at == Some(time) => {
                app.store.tell([News::PostPublished { post }]);
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, %post, "a scheduled post could not be told of"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::domain::id::UserId;
    use crate::service::writing;
    use crate::store::posts::{Body, Revision};
    use std::sync::Arc;

    fn app() -> Arc<App> {
        let clock = Clock::fixed(Timestamp::from_ms(1_000_000));
        Arc::new(App::in_memory(clock, Config { bcrypt_cost: Some(4), ..Config::default() }).unwrap())
    }

    fn post(app: &App, id: u64, at: i64) -> PostHead {
        let mut head = writing::blank(PostId(id), Kind::Post, UserId(1), app.now());
        head.slug = crate::domain::slug::Slug::parse(&format!("post-{id}")).unwrap();
        head.status = crate::domain::post::Status::Published;
        head.published_at = Some(Timestamp::from_ms(at));
        head
    }

    async fn insert(app: &App, head: &PostHead) {
        let head = head.clone();
        let write = move |txn: &store::WriteTxn<'_>| {
            let saved_at = head.updated_at;
            let revision = Revision { title: String::new(), source: String::new(), saved_by: None, saved_at };
            let body = Body { stamp: String::new(), html: Default::default() };
            store::posts::insert(txn, &head, &revision, &body)
        };
        app.store.write(write).await.unwrap();
    }

    async fn save(app: &App, old: &PostHead, new: &PostHead) {
        let (old, new) = (old.clone(), PostHead { updated_at: app.now(), ..new.clone() });
        app.store.write(move |txn| store::posts::replace(txn, &old, &new, None)).await.unwrap();
    }

    async fn news(listener: &mut Listener) -> News {
        match tokio::time::timeout(Duration::from_secs(10), listener.next()).await.unwrap() {
            Heard::News(told) => told.news,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_save_is_told_as_what_it_means_to_readers() {
        let app = app();
        let mut listener = app.listen(Topic::Post(PostId(1)));
        let (now, at) = (app.now().ms(), Timestamp::from_ms(2_000_000));
        let post = post(&app, 1, now);
        let draft = PostHead { status: crate::domain::post::Status::Draft, ..post.clone() };
        let scheduled = PostHead { published_at: Some(at), ..post.clone() };
        insert(&app, &draft).await;
        save(&app, &draft, &draft).await;
        save(&app, &draft, &post).await;
        save(&app, &post, &post).await;
        save(&app, &post, &draft).await;
        save(&app, &draft, &scheduled).await;
        let expected = [
            News::PostPublished { post: post.id },
            News::PostEdited { post: post.id },
            News::PostHidden { post: post.id },
            News::PostScheduled { post: post.id, at },
        ];
        for expected in expected {
            assert_eq!(news(&mut listener).await, expected);
        }
    }

    #[tokio::test]
    async fn a_scheduled_post_is_told_of_once_when_its_time_comes() {
        let app = app();
        let (early, late) = (post(&app, 1, 1_060_000), post(&app, 2, 1_120_000));
        insert(&app, &early).await;
        let publications = Publications::new(&app);
        let telling = tokio::spawn({
            let app = Arc::clone(&app);
            async move { publications.tell(&app).await }
        });
        let mut listener = app.listen(Topic::Site);
        insert(&app, &late).await;
        assert!(matches!(news(&mut listener).await, News::PostScheduled { .. }));
        app.clock.advance(Duration::from_secs(60));
        assert_eq!(news(&mut listener).await, News::PostPublished { post: early.id });
        // Moved forward by its author: told by that save, and not again at its old time.
        save(&app, &late, &PostHead { published_at: Some(app.now()), ..late.clone() }).await;
        assert_eq!(news(&mut listener).await, News::PostPublished { post: late.id });
        insert(&app, &post(&app, 3, 1_180_000)).await;
        assert!(matches!(news(&mut listener).await, News::PostScheduled { .. }));
        app.clock.advance(Duration::from_secs(600));
        assert_eq!(news(&mut listener).await, News::PostPublished { post: PostId(3) });
        app.end_listening();
        telling.await.unwrap();
        assert_eq!(listener.next().await, Heard::Ended);
    }

    #[tokio::test]
    async fn after_the_clock_was_set_back_a_post_waits_again() {
        let app = app();
        let start = app.now();
        insert(&app, &post(&app, 1, 1_060_000)).await;
        let mut publications = Publications::new(&app);
        app.clock.advance(Duration::from_secs(100));
        publications.look(&app);
        assert!(publications.schedule.is_empty());
        app.clock.set(start);
        publications.look(&app);
        assert_eq!(publications.schedule.first(), Some(&(Timestamp::from_ms(1_060_000), PostId(1))));
    }

    #[tokio::test]
    async fn nobody_listens_to_what_they_may_not_see() {
        let app = app();
        let hidden = post(&app, 1, 9_000_000);
        insert(&app, &hidden).await;
        let visitor = Actor::Anonymous;
        assert!(conversation(&app, &visitor, hidden.slug.as_str(), None).is_err());
        assert!(conversation(&app, &visitor, "no-such-post", None).is_err());
        app.clock.advance(Duration::from_secs(9_000));
        assert!(conversation(&app, &visitor, hidden.slug.as_str(), None).is_ok());
    }
}
