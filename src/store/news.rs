//! News of commits for those who listen.
//!
//! The store's own functions note what they do; the writer tells it after the commit and before it
//! answers, like the scopes of `fresh`. So whoever asks again after an answer finds the write, and whoever
//! listens hears of it no earlier than it can be read.

use crate::domain::id::{CommentId, PostId};
use crate::domain::time::Timestamp;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// Bytes of news kept for those who come back: some thousands.
const KEPT: usize = 256 * 1024;
/// News that wait for one listener, or for one who comes back; one who is further behind has missed some.
const BACKLOG: usize = 256;
/// From so many channels on it is looked whether some have no listener any more.
const SWEEP: usize = 16;

/// What a commit did. Only numbers: what a listener may see of it is read, and decided, when it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    CommentWritten {
        post: PostId,
        thread: CommentId,
        comment: CommentId,
    },
    CommentEdited {
        post: PostId,
        thread: CommentId,
        comment: CommentId,
    },
    /// It may have left its place to its replies.
    CommentRemoved {
        post: PostId,
        thread: CommentId,
        comment: CommentId,
    },
    /// A post (no static page) became public, by saving it or because its time had come.
    PostPublished {
        post: PostId,
    },
    /// A public post was saved.
    PostEdited {
        post: PostId,
    },
    /// It will become public; `PostPublished` follows then. Not for the public.
    PostScheduled {
        post: PostId,
        at: Timestamp,
    },
    /// A post that was published is a draft again, or gone with its conversation.
    PostHidden {
        post: PostId,
    },
}

impl News {
    /// The post it is about.
    pub fn post(&self) -> PostId {
        match self {
            News::CommentWritten { post, .. }
            | News::CommentEdited { post, .. }
            | News::CommentRemoved { post, .. }
            | News::PostPublished { post }
            | News::PostEdited { post }
            | News::PostScheduled { post, .. }
            | News::PostHidden { post } => *post,
        }
    }
}

/// A piece of news with its place among all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    pub position: Position,
    pub news: News,
}

/// How far somebody has listened. Its text form, `1a2b3c-42`, is the id of a server-sent event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Position {
    /// Drawn when the store is opened: places of another run mean nothing.
    epoch: u64,
    number: u64,
}

impl Position {
    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Position> {
        let (epoch, number) = text.split_once('-')?;
        let digits = |text: &str| (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !digits(epoch) || !digits(number) {
            return None;
        }
        Some(Position { epoch: u64::from_str_radix(epoch, 16).ok()?, number: number.parse().ok()? })
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{}", self.epoch, self.number)
    }
}

/// What to listen to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// One post with its conversation.
    Post(PostId),
    /// Everything.
    Site,
}

/// What a listener hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    News(Arc<Told>),
    /// Something may have happened that cannot be told any more: read again what you show.
    Missed,
    /// The server stops.
    Ended,
}

/// Where news are told and heard.
pub(in crate::store) struct Newsroom(Mutex<Desk>);

struct Desk {
    epoch: u64,
    /// Number of the last piece of news.
    last: u64,
    kept: VecDeque<Arc<Told>>,
    /// A channel for each post that somebody listens to.
    posts: HashMap<PostId, broadcast::Sender<Heard>>,
    /// Channels there may be before those without listeners are looked for: twice those in use at the last
    /// time, so that nobody who comes pays for all of them.
    sweep_at: usize,
    site: broadcast::Sender<Heard>,
    closed: bool,
}

impl Newsroom {
    pub(in crate::store) fn new(epoch: u64) -> Newsroom {
        Newsroom(Mutex::new(Desk {
            epoch,
            last: 0,
            kept: VecDeque::new(),
            posts: HashMap::new(),
            sweep_at: SWEEP,
            site: broadcast::Sender::new(BACKLOG),
            closed: false,
        }))
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells what was committed, in order.
    pub(in crate::store) fn tell(&self, news: impl IntoIterator<Item = News>) {
        let mut desk = self.desk();
        for news in news {
            desk.tell(news);
        }
    }

    /// Makes known that anything may have happened: see `Fresh::publish_all`. Nobody can come back to a
    /// position from before.
    pub(in crate::store) fn interrupt(&self) {
        let mut desk = self.desk();
        desk.kept.clear();
        desk.last += 1;
        desk.send(None, &Heard::Missed);
    }

    /// Ends all listening, now and later.
    pub(in crate::store) fn close(&self) {
        let mut desk = self.desk();
        desk.closed = true;
        desk.send(None, &Heard::Ended);
    }

    /// Listens from now on; with a position, from there. If that is too long ago or of another run, the
    /// first that is heard is `Missed`.
    pub(in crate::store) fn listen(self: &Arc<Self>, topic: Topic, since: Option<Position>) -> Listener {
        let mut desk = self.desk();
        let mut before = VecDeque::new();
        match since.map(|position| desk.since(topic, position)) {
            None => {}
            Some(Some(told)) => before.extend(told.into_iter().map(Heard::News)),
            Some(None) => before.push_back(Heard::Missed),
        }
        if desk.closed {
            before.push_back(Heard::Ended);
        }
        let live = match topic {
            Topic::Site => desk.site.subscribe(),
            Topic::Post(post) => desk.channel(post).subscribe(),
        };
        Listener { before, live, position: since.unwrap_or(desk.position()), room: Arc::clone(self) }
    }
}

impl Desk {
    fn position(&self) -> Position {
        Position { epoch: self.epoch, number: self.last }
    }

    fn tell(&mut self, news: News) {
        self.last += 1;
        let told = Arc::new(Told { position: self.position(), news });
        if self.kept.len() >= KEPT / (size_of::<Told>() + 3 * size_of::<usize>()) {
            self.kept.pop_front();
        }
        self.kept.push_back(Arc::clone(&told));
        self.send(Some(news.post()), &Heard::News(told));
    }

    /// That of a post, made if it has none.
    fn channel(&mut self, post: PostId) -> &broadcast::Sender<Heard> {
        if self.posts.len() >= self.sweep_at {
            self.posts.retain(|_, channel| channel.receiver_count() > 0);
            self.sweep_at = SWEEP.max(2 * self.posts.len());
        }
        self.posts.entry(post).or_insert_with(|| broadcast::Sender::new(BACKLOG))
    }

    /// To those who listen to `post`, or to everybody. A channel without listeners goes.
    fn send(&mut self, post: Option<PostId>, heard: &Heard) {
        // An error means that nobody listens.
        let _ = self.site.send(heard.clone());
        match post {
            None => self.posts.retain(|_, channel| channel.send(heard.clone()).is_ok()),
            Some(post) => {
                if self.posts.get(&post).is_some_and(|channel| channel.send(heard.clone()).is_err()) {
                    self.posts.remove(&post);
                }
            }
        }
    }

    /// What was told about `topic` after `position`; `None` if that is not known any more, or too much.
    fn since(&self, topic: Topic, position: Position) -> Option<Vec<Arc<Told>>> {
        let oldest = self.kept.front().map_or(self.last, |told| told.position.number - 1);
        if position.epoch != self.epoch || position.number < oldest || position.number > self.last {
            return None;
        }
        let concerns = |told: &Told| match topic {
            Topic::Site => true,
            Topic::Post(post) => told.news.post() == post,
        };
        let later = self.kept.iter().filter(|told| told.position.number > position.number && concerns(told));
        let told: Vec<_> = later.take(BACKLOG + 1).cloned().collect();
        (told.len() <= BACKLOG).then_some(told)
    }
}

/// Somebody who listens. Holds a place in a list that all share, and nothing else.
pub struct Listener {
    /// What is heard first, by those who come back.
    before: VecDeque<Heard>,
    live: broadcast::Receiver<Heard>,
    position: Position,
    room: Arc<Newsroom>,
}

impl Listener {
    /// Waits for the next news. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Heard {
        let heard = match self.before.pop_front() {
            Some(heard) => heard,
            None => match self.live.recv().await {
                Ok(heard) => heard,
                Err(RecvError::Lagged(_)) => Heard::Missed,
                Err(RecvError::Closed) => Heard::Ended,
            },
        };
        match &heard {
            Heard::News(told) => self.position = told.position,
            Heard::Missed => self.skip(),
            Heard::Ended => self.before.push_back(Heard::Ended),
        }
        heard
    }

    /// Whether what is heard next is from before: it may be true no more.
    pub fn is_catching_up(&self) -> bool {
        !self.before.is_empty()
    }

    /// Goes to the end of the news: who reads again sees all of them.
    fn skip(&mut self) {
        let desk = self.room.desk();
        self.before.clear();
        self.live = self.live.resubscribe();
        self.position = desk.position();
        if desk.closed {
            self.before.push_back(Heard::Ended);
        }
    }

    /// Up to where everything was heard: nothing of the topic lies between here and the end of the news.
    pub fn position(&mut self) -> Position {
        let desk = self.room.desk();
        if self.before.is_empty() && self.live.is_empty() {
            self.position = desk.position();
        }
        self.position
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::comment::Comment;
    use crate::domain::html::Html;
    use crate::domain::id::UserId;
    use crate::error::Error;
    use crate::store::{Store, comments, tombstones};
    use proptest::prelude::*;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    fn room() -> Arc<Newsroom> {
        Arc::new(Newsroom::new(0xabc))
    }

    fn edited(post: u64) -> News {
        News::PostEdited { post: PostId(post) }
    }

    /// What a listener hears without waiting.
    fn heard(listener: &mut Listener) -> Option<Heard> {
        match pin!(listener.next()).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(heard) => Some(heard),
            Poll::Pending => None,
        }
    }

    fn posts_heard(listener: &mut Listener) -> Vec<u64> {
        let told = |heard| match heard {
            Heard::News(told) => told.news.post().0,
            other => panic!("{other:?}"),
        };
        std::iter::from_fn(|| heard(listener)).map(told).collect()
    }

    #[test]
    fn a_listener_hears_its_post_alone_and_the_site_hears_all() {
        let room = room();
        let mut one = room.listen(Topic::Post(PostId(1)), None);
        let mut all = room.listen(Topic::Site, None);
        room.tell([edited(1), edited(2), edited(1)]);
        assert_eq!(posts_heard(&mut one), [1, 1]);
        assert_eq!(posts_heard(&mut all), [1, 2, 1]);
    }

    #[test]
    fn who_comes_back_hears_what_was_told_meanwhile() {
        let room = room();
        let mut listener = room.listen(Topic::Post(PostId(1)), None);
        room.tell([edited(1), edited(2)]);
        assert_eq!(posts_heard(&mut listener), [1]);
        // The news of the other post are behind it as well.
        let position = listener.position();
        assert_eq!(position.to_string(), "abc-2");
        drop(listener);
        room.tell([edited(1), edited(2), edited(1)]);
        let mut again = room.listen(Topic::Post(PostId(1)), Position::parse(&position.to_string()));
        room.tell([edited(1)]);
        assert_eq!(posts_heard(&mut again), [1, 1, 1]);
    }

    #[test]
    fn who_comes_back_too_late_or_from_another_run_is_told_to_read_again() {
        let room = room();
        let start = room.listen(Topic::Site, None).position();
        let far = KEPT / size_of::<Told>();
        room.tell((0..far as u64).map(edited));
        for wrong in [start, Position { epoch: 1, ..start }, Position { number: u64::MAX, ..start }] {
            let mut listener = room.listen(Topic::Post(PostId(7)), Some(wrong));
            assert_eq!((heard(&mut listener), heard(&mut listener)), (Some(Heard::Missed), None));
            let mut again = room.listen(Topic::Post(PostId(7)), Some(listener.position()));
            assert_eq!(heard(&mut again), None);
        }
    }

    #[test]
    fn who_is_too_slow_is_told_to_read_again_and_then_hears_what_comes() {
        let room = room();
        let mut slow = room.listen(Topic::Post(PostId(1)), None);
        room.tell((0..=BACKLOG as u64).map(|_| edited(1)));
        assert_eq!(heard(&mut slow), Some(Heard::Missed));
        assert_eq!(heard(&mut slow), None);
        room.tell([edited(1)]);
        assert_eq!(posts_heard(&mut slow), [1]);
    }

    #[test]
    fn who_comes_back_to_more_than_a_listener_may_have_waiting_is_told_to_read_again() {
        let room = room();
        let start = room.listen(Topic::Site, None).position();
        room.tell((0..BACKLOG as u64).flat_map(|_| [edited(1), edited(2)]));
        let mut back = room.listen(Topic::Post(PostId(1)), Some(start));
        assert_eq!(posts_heard(&mut back).len(), BACKLOG);
        room.tell([edited(1)]);
        let mut back = room.listen(Topic::Post(PostId(1)), Some(start));
        assert_eq!((heard(&mut back), heard(&mut back)), (Some(Heard::Missed), None));
        room.tell([edited(1)]);
        assert_eq!(posts_heard(&mut back), [1]);
    }

    #[test]
    fn after_trouble_with_the_file_everybody_reads_again() {
        let room = room();
        let mut listener = room.listen(Topic::Post(PostId(1)), None);
        let before = listener.position();
        room.interrupt();
        assert_eq!(heard(&mut listener), Some(Heard::Missed));
        assert_eq!(heard(&mut room.listen(Topic::Post(PostId(1)), Some(before))), Some(Heard::Missed));
    }

    #[test]
    fn the_end_is_heard_by_those_who_listen_and_those_who_come_later() {
        let room = room();
        let mut listener = room.listen(Topic::Post(PostId(1)), None);
        room.tell([edited(1)]);
        room.close();
        assert!(matches!(heard(&mut listener), Some(Heard::News(_))));
        for mut listener in [listener, room.listen(Topic::Site, None)] {
            assert_eq!(heard(&mut listener), Some(Heard::Ended));
            assert_eq!(heard(&mut listener), Some(Heard::Ended));
        }
    }

    #[test]
    fn a_channel_goes_with_its_last_listener() {
        let room = room();
        let (first, second) = (room.listen(Topic::Post(PostId(1)), None), room.listen(Topic::Post(PostId(1)), None));
        drop(first);
        room.tell([edited(1)]);
        assert_eq!(room.desk().posts.len(), 1);
        drop(second);
        room.tell([edited(1)]);
        assert_eq!(room.desk().posts.len(), 0);
    }

    #[test]
    fn channels_that_nobody_listens_to_do_not_pile_up() {
        let room = room();
        let kept: Vec<Listener> = (0..100).map(|post| room.listen(Topic::Post(PostId(post)), None)).collect();
        for post in 100..1_000 {
            drop(room.listen(Topic::Post(PostId(post)), None));
            assert!(room.desk().posts.len() <= 2 * (kept.len() + 1));
        }
        drop(kept);
        (0..200).for_each(|post| drop(room.listen(Topic::Post(PostId(2_000 + post)), None)));
        assert!(room.desk().posts.len() <= SWEEP, "{}", room.desk().posts.len());
    }

    fn comment(id: u64, deleted: bool) -> Comment {
        Comment {
            id: CommentId(id),
            post: PostId(1),
            thread: CommentId(1),
            parent: None,
            author: UserId(1),
            created_at: Timestamp::from_ms(0),
            edited_at: None,
            deleted,
            source: "Owls".into(),
            body: Html::default(),
        }
    }

    #[test]
    fn a_commit_is_told_once_and_can_be_read_by_then() {
        let store = Store::memory().unwrap();
        let mut listener = store.listen(Topic::Post(PostId(1)), None);
        let mut next = || match heard(&mut listener) {
            Some(Heard::News(told)) => Some(told.news),
            None => None,
            other => panic!("{other:?}"),
        };
        let (post, thread, comment_id) = (PostId(1), CommentId(1), CommentId(1));
        store.write_blocking(|txn| comments::put(txn, &comment(1, false))).unwrap();
        assert_eq!(next(), Some(News::CommentWritten { post, thread, comment: comment_id }));
        store.write_blocking(|txn| comments::put(txn, &comment(1, false))).unwrap();
        assert_eq!(next(), Some(News::CommentEdited { post, thread, comment: comment_id }));
        store.write_blocking(|txn| comments::put(txn, &comment(1, true))).unwrap();
        assert_eq!(next(), Some(News::CommentRemoved { post, thread, comment: comment_id }));
        store.write_blocking(|txn| tombstones::delete(txn, &comment(1, true))).unwrap();
        assert_eq!(next(), Some(News::CommentRemoved { post, thread, comment: comment_id }));
        assert_eq!(next(), None);
    }

    #[test]
    fn what_fails_after_it_began_to_write_is_not_told() {
        let store = Store::memory().unwrap();
        let mut listener = store.listen(Topic::Post(PostId(1)), None);
        let failed = store.write_blocking(|txn| {
            comments::put(txn, &comment(1, false))?;
            Err::<(), Error>(Error::Forbidden)
        });
        assert!(failed.is_err());
        assert_eq!(heard(&mut listener), None);
    }

    #[derive(Debug, Clone)]
    enum Act {
        Tell(u64),
        Hear(usize),
        ComeBack(usize),
        Interrupt,
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let act = prop_oneof![
            6 => (0..3u64).prop_map(Act::Tell),
            3 => (0..4usize).prop_map(Act::Hear),
            2 => (0..4usize).prop_map(Act::ComeBack),
            1 => Just(Act::Interrupt),
        ];
        prop::collection::vec(act, 0..200)
    }

    proptest! {
        /// Listeners come, hear some, go and come back where they were: each hears all of its post in
        /// order and once, or is told to read again.
        #[test]
        fn nobody_misses_anything_without_being_told(acts in acts()) {
            let room = room();
            let topics = [Topic::Site, Topic::Post(PostId(0)), Topic::Post(PostId(1)), Topic::Post(PostId(2))];
            let mut listeners: Vec<Listener> = topics.iter().map(|topic| room.listen(*topic, None)).collect();
            // What each has still to hear.
            let mut due: Vec<VecDeque<Option<u64>>> = vec![VecDeque::new(); 4];
            for act in acts {
                match act {
                    Act::Tell(post) => {
                        room.tell([edited(post)]);
                        for who in [0, post as usize + 1] {
                            due[who].push_back(Some(post));
                        }
                    }
                    Act::Interrupt => {
                        room.interrupt();
                        due.iter_mut().for_each(|due| due.push_back(None));
                    }
                    Act::Hear(who) => {
                        let told = heard(&mut listeners[who]).map(|heard| match heard {
                            Heard::News(told) => Some(told.news.post().0),
                            _ => None,
                        });
                        prop_assert_eq!(told, due[who].pop_front());
                        if told == Some(None) {
                            due[who].clear();
                        }
                    }
                    Act::ComeBack(who) => {
                        let position = listeners[who].position();
                        listeners[who] = room.listen(topics[who], Some(position));
                        if due[who].contains(&None) {
                            // What was told after the interruption is read again with the rest.
                            due[who].clear();
                            due[who].push_back(None);
                        }
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn a_position_is_read_back_and_nonsense_is_none(epoch: u64, number: u64, text in "\\PC{0,40}") {
            let position = Position { epoch, number };
            prop_assert_eq!(Position::parse(&position.to_string()), Some(position));
            if let Some(read) = Position::parse(&text) {
                prop_assert!(text.len() <= 41, "{read}");
            }
        }
    }
}
