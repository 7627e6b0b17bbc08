//! The writer on a disk that can be held up.

use super::{QUEUE, Writer};
use crate::domain::category::Category;
use crate::domain::comment::Comment;
use crate::domain::html::Html;
use crate::domain::id::{CategoryId, CommentId, PostId, UserId};
use crate::domain::session::{Session, SessionKey};
use crate::domain::slug::Slug;
use crate::domain::time::Timestamp;
use crate::error::{Error, Result};
use crate::store::fresh::Scope;
use crate::store::news::Topic;
use crate::store::sessions::Visit;
use crate::store::{Opening, Store, WriteTxn, Written, categories, comments, ids, sessions};
use redb::StorageBackend;
use redb::backends::InMemoryBackend;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Waker};

/// Memory whose syncs wait while the gate is shut.
#[derive(Debug, Clone, Default)]
struct Gated {
    memory: Arc<InMemoryBackend>,
    gate: Arc<Gate>,
}

#[derive(Debug, Default)]
struct Gate {
    /// (shut, somebody waits)
    state: Mutex<(bool, bool)>,
    changed: Condvar,
}

impl Gate {
    fn shut(&self) {
        *self.state.lock().unwrap() = (true, false);
    }

    fn open(&self) {
        self.state.lock().unwrap().0 = false;
        self.changed.notify_all();
    }

    fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        while state.0 {
            state.1 = true;
            self.changed.notify_all();
            state = self.changed.wait(state).unwrap();
        }
    }

    fn wait_for_somebody(&self) {
        drop(self.changed.wait_while(self.state.lock().unwrap(), |state| !state.1).unwrap());
    }
}

impl StorageBackend for Gated {
    fn len(&self) -> io::Result<u64> {
        self.memory.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.memory.read(offset, out)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.memory.set_len(len)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.gate.pass();
        self.memory.sync_data()
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.memory.write(offset, data)
    }
}

fn submit<T: Send + 'static>(
    writer: &Writer,
    work: impl FnMut(&WriteTxn<'_>) -> Result<T> + Send + 'static,
) -> Receiver<Result<T>> {
    let (sender, receiver) = channel();
    writer.submit(work, move |result| drop(sender.send(result))).unwrap();
    receiver
}

/// Keeps the writer busy until the sender is dropped, so that what is submitted meanwhile shares
/// one transaction.
fn hold(store: &Store) -> Sender<()> {
    let (sender, receiver) = channel::<()>();
    let (started, start) = channel();
    let receiver = Mutex::new(receiver);
    submit(&store.writer, move |_| {
        let _ = started.send(());
        let _ = receiver.lock().unwrap().recv();
        Ok(())
    });
    start.recv().unwrap();
    sender
}

fn category(id: u64, slug: &str) -> Category {
    Category { id: CategoryId(id), slug: Slug::parse(slug).unwrap(), name: slug.into(), description: String::new() }
}

fn count(store: &Store) -> usize {
    categories::all(&store.read().unwrap()).unwrap().len()
}

#[test]
fn of_eight_who_want_one_address_one_gets_it_and_nobody_else_is_harmed() {
    let store = Store::memory().unwrap();
    let held = hold(&store);
    let syncs = store.written().syncs;
    let answers: Vec<_> = (0..64u64)
        .map(|number| {
            let slug = if number % 8 == 0 { "wanted".to_owned() } else { format!("own-{number}") };
            submit(&store.writer, move |txn| {
                let id = categories::next_id(txn)?;
                categories::put(txn, &category(id.0, &slug))?;
                Ok(id)
            })
        })
        .collect();
    drop(held);
    let results: Vec<Result<CategoryId>> = answers.iter().map(|answer| answer.recv().unwrap()).collect();
    let refused = results.iter().filter(|result| matches!(result, Err(Error::Invalid(_)))).count();
    let mut made: Vec<u64> = results.into_iter().filter_map(|result| Some(result.ok()?.0)).collect();
    made.sort_unstable();
    assert_eq!((made.len(), refused), (57, 7));
    assert_eq!(made, (1..=57).collect::<Vec<u64>>(), "a refused job left a number behind");
    assert_eq!(count(&store), 57);
    assert_eq!(store.written().syncs - syncs, 2, "they share one commit of two phases");
}

#[test]
fn a_job_that_fails_after_writing_or_panics_leaves_nothing() {
    let store = Store::memory().unwrap();
    let held = hold(&store);
    let before = submit(&store.writer, |txn| categories::put(txn, &category(1, "before")));
    let failed: Receiver<Result<()>> = submit(&store.writer, |txn| {
        categories::put(txn, &category(2, "failed"))?;
        Err(Error::Conflict("no"))
    });
    let panicked: Receiver<Result<()>> = submit(&store.writer, |txn| {
        categories::put(txn, &category(3, "panicked"))?;
        let _open = txn.open(crate::store::schema::META)?;
        panic!("expected by this test");
    });
    let after = submit(&store.writer, |txn| categories::put(txn, &category(4, "after")));
    drop(held);
    assert!(matches!(failed.recv().unwrap(), Err(Error::Conflict("no"))));
    assert!(matches!(panicked.recv().unwrap(), Err(Error::Internal(_))));
    before.recv().unwrap().unwrap();
    after.recv().unwrap().unwrap();
    let slugs: Vec<String> =
        categories::all(&store.read().unwrap()).unwrap().iter().map(|category| category.slug.to_string()).collect();
    assert_eq!(slugs, ["after", "before"]);
    store.write_blocking(|txn| categories::put(txn, &category(5, "later"))).unwrap();
    assert!(store.health().is_ok());
}

#[test]
fn a_full_queue_says_busy_and_forgets_nobody() {
    let store = Store::memory().unwrap();
    let held = hold(&store);
    let answers: Vec<_> = (0..QUEUE as u64)
        .map(|number| submit(&store.writer, move |txn| categories::put(txn, &category(number, &format!("c-{number}")))))
        .collect();
    let refused = store.write_blocking(|txn| categories::put(txn, &category(9_999, "too-many")));
    assert!(matches!(refused, Err(Error::Busy)));
    drop(held);
    assert!(answers.iter().all(|answer| answer.recv().unwrap().is_ok()));
    assert_eq!(count(&store), QUEUE);
}

#[test]
fn dropping_the_store_commits_what_was_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.redb");
    let store = Store::open(&path, Opening::Create, 1 << 20).unwrap();
    let held = hold(&store);
    for number in 0..700 {
        submit(&store.writer, move |txn| categories::put(txn, &category(number, &format!("c-{number}"))));
    }
    let dropping = std::thread::spawn(move || drop(store));
    drop(held);
    dropping.join().unwrap();
    assert_eq!(count(&Store::open(&path, Opening::Existing, 1 << 20).unwrap()), 700);
}

#[test]
fn nobody_is_answered_before_the_commit_is_durable_and_known() {
    let disk = Gated::default();
    let again = disk.clone();
    let store = Arc::new(Store::with_backend(move || again.clone(), || None).unwrap());
    let held = hold(&store);
    let number = store.read().unwrap().number();
    let (sender, made) = channel();
    let reader = Arc::clone(&store);
    let answer = move |result: Result<()>| {
        let seen = count(&reader);
        let known = reader.changed_since(&[Scope::Frame], number);
        let _ = sender.send((result.is_ok(), seen, known));
    };
    store.writer.submit(|txn| categories::put(txn, &category(1, "same")), answer).unwrap();
    // Its refusal rests on the other job's write.
    let refused = submit(&store.writer, |txn| match categories::by_slug(txn, &Slug::parse("same").unwrap())? {
        Some(_) => Err(Error::Conflict("taken")),
        None => categories::put(txn, &category(2, "same")),
    });
    disk.gate.shut();
    drop(held);
    disk.gate.wait_for_somebody();
    assert!(made.try_recv().is_err() && refused.try_recv().is_err());
    assert_eq!(count(&store), 0, "what is not durable is not shown");
    disk.gate.open();
    assert_eq!(made.recv().unwrap(), (true, 1, true));
    assert!(matches!(refused.recv().unwrap(), Err(Error::Conflict("taken"))));
}

#[test]
fn visits_ride_along_and_never_cause_a_commit_while_running() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.redb");
    let store = Store::open(&path, Opening::Create, 1 << 20).unwrap();
    let key = SessionKey([7; 32]);
    let time = Timestamp::from_ms;
    let session = Session {
        user: UserId(1),
        created_at: time(0),
        last_seen: time(0),
        expires_at: time(10),
        user_agent: String::new(),
    };
    store.write_blocking(move |txn| sessions::insert(txn, &key, &session)).unwrap();
    let seen = |store: &Store| sessions::by_key(&store.read().unwrap(), &key).unwrap().unwrap().last_seen.ms();
    let visit = |ms| Visit { key, last_seen: time(ms), expires_at: time(ms + 10) };

    store.note_visit(visit(5));
    let before = store.written();
    let refused: Result<()> = store.write_blocking(|_| Err(Error::Forbidden));
    assert!(matches!(refused, Err(Error::Forbidden)));
    store.write_blocking(|txn| categories::all(txn).map(|_| ())).unwrap();
    assert_eq!((store.written(), seen(&store)), (before, 0), "a visit caused a commit");

    store.write_blocking(|txn| categories::put(txn, &category(1, "a"))).unwrap();
    assert_eq!(seen(&store), 5);
    store.note_visit(visit(8));
    drop(store);
    assert_eq!(seen(&Store::open(&path, Opening::Existing, 1 << 20).unwrap()), 8);
}

/// About as long as comments are: 250 bytes of Markdown, hardly repetitive.
fn comment(txn: &WriteTxn<'_>, post: u64) -> Result<CommentId> {
    let id = ids::next_comment(txn)?;
    let mut source = String::new();
    let mut state = id.0 * 0x9e37_79b9 + 1;
    while source.len() < 250 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let length = 2 + (state >> 60);
        let letter = |n| char::from(b'a' + (state.rotate_right(4 * n + 3) % 26) as u8);
        source.extend((0..=length as u32).map(letter));
        source.push(' ');
    }
    let body = Html::trusted(format!("<p>{source}</p>"));
    let comment = Comment {
        id,
        post: PostId(post),
        thread: id,
        parent: None,
        author: UserId(1 + post % 7),
        created_at: Timestamp::from_ms(1_700_000_000_000),
        edited_at: None,
        deleted: false,
        source,
        body,
    };
    comments::put(txn, &comment)?;
    Ok(id)
}

fn since(store: &Store, before: Written) -> Written {
    let now = store.written();
    Written { bytes: now.bytes - before.bytes, writes: now.writes - before.writes, syncs: now.syncs - before.syncs }
}

/// The promises of storage: what a comment costs an SD card.
#[test]
fn a_comment_costs_few_writes() {
    let store = Store::memory().unwrap();
    for _ in 0..20 {
        store.write_blocking(|txn| (0..1_000).try_for_each(|n| comment(txn, n % 200).map(|_| ()))).unwrap();
    }
    let (mut most, mut total) = (Written::default(), 0);
    for post in 0..50 {
        // Whoever writes has read before, and what was read is kept for others.
        drop(store.read().unwrap());
        let before = store.written();
        store.write_blocking(move |txn| comment(txn, post * 3)).unwrap();
        let cost = since(&store, before);
        total += cost.bytes;
        most = Written {
            bytes: most.bytes.max(cost.bytes),
            writes: most.writes.max(cost.writes),
            syncs: most.syncs.max(cost.syncs),
        };
    }
    println!("alone: {} bytes on average, at most {most:?}", total / 50);
    assert!(total / 50 <= 52_000, "a lone comment writes {} bytes", total / 50);
    assert!(most.writes <= 17 && most.syncs == 2, "{most:?}");

    let (mut bytes, mut post) = (0, 1u64);
    for _ in 0..5 {
        let held = hold(&store);
        drop(store.read().unwrap());
        let before = store.written();
        let answers: Vec<_> = (0..64)
            .map(|_| {
                post = post.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let post = (post >> 33) % 200;
                submit(&store.writer, move |txn| comment(txn, post))
            })
            .collect();
        drop(held);
        assert!(answers.iter().all(|answer| answer.recv().unwrap().is_ok()));
        let cost = since(&store, before);
        assert_eq!(cost.syncs, 2);
        bytes += cost.bytes;
    }
    println!("64 queued: {} bytes each", bytes / 5 / 64);
    assert!(bytes / 5 / 64 <= 9_000, "of 64 comments each writes {} bytes", bytes / 5 / 64);
}

/// Memory in which what holds a certain text cannot be read. By readers only: redb reads no more than it has
/// to when it opens a file, except in builds for debugging, where it walks through all of it.
#[derive(Debug, Clone, Default)]
struct Scratched {
    memory: Arc<InMemoryBackend>,
    is_bad: Arc<AtomicBool>,
}

const SCRATCH: &[u8] = b"a scratch on the disk";

impl StorageBackend for Scratched {
    fn len(&self) -> io::Result<u64> {
        self.memory.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.memory.read(offset, out)?;
        let is_reader = std::thread::current().name() != Some("writer");
        let is_hit =
            is_reader && self.is_bad.load(Ordering::SeqCst) && out.windows(SCRATCH.len()).any(|part| part == SCRATCH);
        if is_hit { Err(io::ErrorKind::Other.into()) } else { Ok(()) }
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.memory.set_len(len)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.memory.sync_data()
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.memory.write(offset, data)
    }
}

#[test]
fn a_sector_that_is_never_read_again_costs_what_is_in_it_alone() {
    let disk = Scratched::default();
    let open = || {
        let again = disk.clone();
        Store::with_backend(move || again.clone(), || None).unwrap()
    };
    let store = open();
    // More than redb keeps in memory.
    let last = 300;
    let long = move |id| {
        let mut state: u64 = id;
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b' ' + (state >> 58) as u8)
        });
        let noise: String = noise.take(6_000).collect();
        let begin = if id == 1 { String::from_utf8_lossy(SCRATCH) } else { "".into() };
        Category { description: format!("{begin}{noise}"), ..category(id, &format!("c-{id}")) }
    };
    store.write_blocking(move |txn| (1..=last).try_for_each(|id| categories::put(txn, &long(id)))).unwrap();
    drop(store);
    let store = open();
    disk.is_bad.store(true, Ordering::SeqCst);
    let (number, mut listener) = (store.read().unwrap().number(), store.listen(Topic::Site, None));
    let one = |id| categories::by_id(&store.read()?, CategoryId(id));
    for _ in 0..4 {
        assert!(matches!(one(1), Err(Error::Unavailable)));
        assert!(one(last).unwrap().is_some());
    }
    assert!(
        !store.changed_since(&[Scope::Frame, Scope::Lists, Scope::Post(PostId(1))], number),
        "all is rendered again"
    );
    let heard = std::pin::pin!(listener.next()).poll(&mut Context::from_waker(Waker::noop()));
    assert!(heard.is_pending(), "{heard:?}");
    store.write_blocking(move |txn| categories::put(txn, &category(last + 1, "one-more"))).unwrap();
    assert!(store.health().is_ok());
}

/// The gate is shut: the file is being reopened until the end of the test.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn while_the_file_is_reopened_readers_keep_no_thread_from_others() {
    let disk = Gated::default();
    let again = disk.clone();
    let store = Arc::new(Store::with_backend(move || again.clone(), || None).unwrap());
    disk.gate.shut();
    let shared = Arc::clone(&store.shared);
    let reopening = std::thread::spawn(move || shared.reopen(true));
    disk.gate.wait_for_somebody();
    let readers: Vec<_> = (0..8)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.read().map(|_| ()) })
        })
        .collect();
    // A kept page is answered meanwhile.
    tokio::spawn(async {}).await.unwrap();
    assert!(matches!(store.health(), Err(Error::Unavailable)));
    for reader in readers {
        assert!(matches!(reader.await.unwrap(), Err(Error::Unavailable)));
    }
    disk.gate.open();
    reopening.join().unwrap().unwrap();
    store.read().unwrap();
    assert!(store.health().is_ok());
}
