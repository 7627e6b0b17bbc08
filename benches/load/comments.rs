//! Durable comments: how many a second, and how many bytes each costs the disk.

use crate::Result;
use crate::disk::{Neighbour, SLOW, Slow, sync_latency};
use crate::fill;
use crate::process::figure;
use crate::table::{Table, at_least, at_most, median, quantile};
use crate::{folder, number};
use pamphlet::config::Config;
use pamphlet::domain::actor::{Actor, Member, Role, Via};
use pamphlet::domain::comment::Comment;
use pamphlet::domain::id::{PostId, UserId};
use pamphlet::domain::session::SessionKey;
use pamphlet::domain::time::Timestamp;
use pamphlet::domain::user::Username;
use pamphlet::service::{App, Clock};
use pamphlet::store::{self, Opening, Store};
use redb::{ReadableDatabase, ReadableTableMetadata};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

const POSTS: u64 = 256;
const COMMENTS: u64 = 100;
const CACHE: usize = 16_000_000;
const WRITERS: [usize; 4] = [1, 16, 64, 256];
/// Bytes of a comment's stored record, and of its two texts in SQL.
const RECORD: usize = 640;
const TEXT: usize = 280;

type Rows = redb::TableDefinition<'static, (u64, u64, u64), &'static [u8]>;
const ROWS: Rows = Rows::new("comments");

pub fn run() -> Result<()> {
    let folder = folder()?;
    let file = folder.path().join("blog.redb");
    let plan = fill::Plan { posts: POSTS, comments: COMMENTS, hash: None };
    fill::fill(&Store::open(&file, Opening::Create, CACHE)?, &plan)?;
    bytes(&Store::open(&file, Opening::Existing, CACHE)?)?;
    throughput(folder.path(), &file)
}

/// Those who are measured, each with its own file on the same disk.
struct Rivals {
    app: Arc<App>,
    members: Arc<[Actor]>,
    alone: Single,
    sqlite: Single,
    runtime: Runtime,
}

/// Three times: on the disk as it is, beside a neighbour that keeps it busy, and on one whose syncs take long.
fn throughput(folder: &Path, file: &Path) -> Result<()> {
    let alone = folder.join("alone.redb");
    let make = redb::Database::builder().set_cache_size(CACHE).create(&alone)?;
    let rivals = Rivals {
        app: app(Store::open(file, Opening::Existing, CACHE)?)?,
        members: members()?,
        alone: Single::start(one_commit_each(make)?),
        sqlite: Single::start(one_transaction_each(&folder.join("sqlite.db"), Duration::ZERO)?),
        // As many threads for Markdown as the server has.
        runtime: tokio::runtime::Builder::new_multi_thread().max_blocking_threads(8).enable_all().build()?,
    };
    println!("The disk as it is:");
    rates(folder, &rivals)?;
    println!("The same beside a thread that appends to another file on this disk and syncs it, as a backup does:");
    let neighbour = Neighbour::start(folder)?;
    rates(folder, &rivals)?;
    drop(neighbour);
    println!("The same where each sync takes {} ms longer, as on an SD card:", SLOW.as_millis());
    let Rivals { app: usual, alone: single, sqlite, members, runtime } = rivals;
    drop((usual, single, sqlite));
    let (path, backend) = (file.to_owned(), Slow::open(&folder.join("slow.redb")));
    let slow = Rivals {
        app: app(Store::with_backend(move || Slow::open(&path), || None)?)?,
        members,
        alone: Single::start(one_commit_each(
            redb::Database::builder().set_cache_size(CACHE).create_with_backend(backend)?,
        )?),
        sqlite: Single::start(one_transaction_each(&folder.join("slow.db"), SLOW)?),
        runtime,
    };
    rates(folder, &slow)?;
    println!("alone: the same kind of file, a commit each. SQLite: WAL, synchronous=FULL, a transaction each.");
    println!("What a checkpoint of SQLite syncs beside is not made longer.");
    Ok(())
}

fn app(store: Store) -> Result<Arc<App>> {
    Ok(Arc::new(App::new(store, Clock::System, Config { bcrypt_cost: Some(10), ..Config::default() })?))
}

/// Writers that each wait for their comment to be durable before they write the next.
fn rates(folder: &Path, rivals: &Rivals) -> Result<()> {
    let before = sync_latency(folder)?;
    let mut table = Table::new(&[
        "writers",
        "comments/s",
        "p99 ms",
        "alone/s",
        "p99 ms",
        "SQLite/s",
        "p99 ms",
        "to alone",
        "to SQLite",
    ]);
    for writers in WRITERS {
        let mut rounds = Vec::new();
        for _ in 0..number("PAMPHLET_BENCH_ROUNDS", 5)? {
            let Rivals { app, members, alone, sqlite, runtime } = rivals;
            let (app, queue, other) = (Arc::clone(app), alone.queue.clone(), sqlite.queue.clone());
            let members = Arc::clone(members);
            let ours = measure(runtime, writers, move |writer| submit(Arc::clone(&app), Arc::clone(&members), writer))?;
            let alone = measure(runtime, writers, move |_| ask(queue.clone()))?;
            let sqlite = measure(runtime, writers, move |_| ask(other.clone()))?;
            rounds.push([ours, alone, sqlite]);
        }
        let rate = |which: usize| median(rounds.iter().filter_map(|round| round.get(which)).map(|one| one.0));
        let late = |which: usize| median(rounds.iter().filter_map(|round| round.get(which)).map(|one| one.1));
        let ratio = |to: fn(&[(f64, f64); 3]) -> f64| median(rounds.iter().map(to));
        let to_sqlite = ratio(|[ours, _, sqlite]| ours.0 / sqlite.0);
        table.row(vec![
            writers.to_string(),
            format!("{:.0}", rate(0)),
            format!("{:.0}", late(0)),
            format!("{:.0}", rate(1)),
            format!("{:.0}", late(1)),
            format!("{:.0}", rate(2)),
            format!("{:.0}", late(2)),
            format!("{:.1}", ratio(|[ours, alone, _]| ours.0 / alone.0)),
            match writers {
                64 => at_least(to_sqlite, 8.0),
                256 => at_least(to_sqlite, 20.0),
                _ => format!("{to_sqlite:.2}"),
            },
        ]);
    }
    table.print();
    for (when, [middle, mean, late]) in [("before", before), ("after", sync_latency(folder)?)] {
        println!(
            "Appending 4 kB with fdatasync, {when}: {middle:.2} ms, on average {mean:.2}, the 99th of 100 {late:.2}."
        );
    }
    println!();
    Ok(())
}

/// Comments a second and the 99th percentile of their latency in milliseconds.
fn measure<F, W>(runtime: &Runtime, writers: usize, write: F) -> Result<(f64, f64)>
where
    F: Fn(usize) -> W,
    W: Future<Output = Result<()>> + Send + 'static,
    F: Clone + Send + 'static,
{
    let time = Duration::from_secs(1);
    let start = Instant::now();
    let mut latencies = runtime.block_on(async {
        let mut running = JoinSet::new();
        for writer in 0..writers {
            let write = write.clone();
            running.spawn(async move {
                let mut latencies = Vec::new();
                while start.elapsed() < time {
                    let asked = Instant::now();
                    write(writer).await?;
                    latencies.push(asked.elapsed().as_secs_f64() * 1e3);
                }
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(latencies)
            });
        }
        let mut all = Vec::new();
        while let Some(ended) = running.join_next().await {
            all.extend(ended??);
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(all)
    })?;
    let took = start.elapsed().as_secs_f64();
    latencies.shrink_to_fit();
    Ok((latencies.len() as f64 / took, quantile(latencies, 0.99)))
}

/// The whole use case: permission, Markdown, the writer, one durable commit.
async fn submit(app: Arc<App>, members: Arc<[Actor]>, writer: usize) -> Result<()> {
    let actor = members.get(writer % members.len()).ok_or("nobody writes")?;
    let number = u64::try_from(writer)?;
    let slug = format!("post-{}", 1 + number % POSTS);
    app.commit(pamphlet::service::comments::submit(&app, actor, &slug, None, &fill::comment_text(number)).await)
        .await?;
    Ok(())
}

/// Those who write, as a session or a token says who they are.
fn members() -> Result<Arc<[Actor]>> {
    let member = |number| {
        let username = Username::parse(&fill::member(number))?;
        let via = Via::Session(SessionKey([0; 32]));
        let member = Member { id: UserId(1 + number), username, display_name: String::new(), role: Role::Reader, via };
        Ok(Actor::Member(member))
    };
    (0..fill::MEMBERS).map(member).collect()
}

type Commit = Box<dyn FnMut() -> Result<()> + Send>;

/// A thread that commits what it is asked for one by one.
struct Single {
    queue: SyncSender<oneshot::Sender<Result<()>>>,
    _thread: JoinHandle<()>,
}

impl Single {
    fn start(mut commit: Commit) -> Single {
        let (queue, asked): (_, Receiver<oneshot::Sender<Result<()>>>) = sync_channel(1_024);
        let _thread = std::thread::spawn(move || {
            for answer in asked {
                let _ = answer.send(commit());
            }
        });
        Single { queue, _thread }
    }
}

async fn ask(queue: SyncSender<oneshot::Sender<Result<()>>>) -> Result<()> {
    let (answer, answered) = oneshot::channel();
    queue.send(answer)?;
    answered.await?
}

/// A table of the same size and the same kind of commit, but one for each comment.
fn one_commit_each(db: redb::Database) -> Result<Commit> {
    let record = vec![b'x'; RECORD];
    let txn = db.begin_write()?;
    let mut rows = txn.open_table(ROWS)?;
    for number in 0..POSTS * COMMENTS {
        rows.insert((number % POSTS, number, number), record.as_slice())?;
    }
    drop(rows);
    txn.commit()?;
    let mut number = db.begin_read()?.open_table(ROWS)?.len()?;
    Ok(Box::new(move || {
        number += 1;
        let mut txn = db.begin_write()?;
        txn.set_quick_repair(true);
        txn.open_table(ROWS)?.insert((number % POSTS, number, number), record.as_slice())?;
        Ok(txn.commit()?)
    }))
}

/// Each transaction syncs once, which takes this much longer.
fn one_transaction_each(file: &Path, longer: Duration) -> Result<Commit> {
    let db = rusqlite::Connection::open(file)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    let journal: String = db.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    let synchronous: i64 = db.pragma_query_value(None, "synchronous", |row| row.get(0))?;
    if (journal.as_str(), synchronous) != ("wal", 2) {
        return Err(format!("SQLite runs with {journal} and {synchronous}, not as it should").into());
    }
    db.execute_batch(
        "CREATE TABLE comments (id INTEGER PRIMARY KEY, post INTEGER NOT NULL, thread INTEGER NOT NULL,
         author INTEGER NOT NULL, created_at INTEGER NOT NULL, source TEXT NOT NULL, html TEXT NOT NULL);
         CREATE INDEX comments_by_post ON comments (post, thread);
         BEGIN;",
    )?;
    const INSERT: &str =
        "INSERT INTO comments (post, thread, author, created_at, source, html) VALUES (?1, ?2, 1, 0, ?3, ?3)";
    let text = "x".repeat(TEXT);
    let mut number: i64 = 0;
    for _ in 0..POSTS * COMMENTS {
        number += 1;
        db.prepare_cached(INSERT)?.execute((number % 256, number, &text))?;
    }
    db.execute_batch("COMMIT;")?;
    Ok(Box::new(move || {
        number += 1;
        // Outside a transaction each statement is one.
        db.prepare_cached(INSERT)?.execute((number % 256, number, &text))?;
        std::thread::sleep(longer);
        Ok(())
    }))
}

/// Bytes per comment, alone and with 64 in the queue, counted at the file and at the disk.
fn bytes(store: &Store) -> Result<()> {
    let mut table = Table::new(&["in one commit", "kB each, at the file", "kB each, at the disk", "ms for the commit"]);
    for (queued, commits, goal) in [(1, 200, Some(52.0)), (16, 40, None), (64, 20, Some(9.0)), (256, 10, None)] {
        batch(store, queued)?;
        let before = written()?;
        let times = (0..commits).map(|_| batch(store, queued)).collect::<Result<Vec<_>>>()?;
        let after = written()?;
        let kb = |before: u64, after: u64| (after - before) as f64 / 1e3 / f64::from(commits * queued);
        let (file, disk) = (kb(before.0, after.0), kb(before.1, after.1));
        table.row(vec![
            queued.to_string(),
            goal.map_or(format!("{file:.1}"), |goal| at_most(file, goal, "")),
            format!("{disk:.1}"),
            format!("{:.1}", median(times.iter().map(Duration::as_secs_f64)) * 1e3),
        ]);
    }
    table.print();
    let length: usize = (0..64).map(|number| fill::comment_text(number).len()).sum();
    println!("A comment has {} bytes of Markdown on average.", length / 64);
    Ok(())
}

/// Bytes this process handed to `write` and its like, and bytes it made the disk write.
fn written() -> Result<(u64, u64)> {
    let io = Path::new("/proc/self/io");
    Ok((figure(io, "wchar:")?, figure(io, "write_bytes:")?))
}

/// Exactly `queued` comments in one commit: the writer is held until all of them wait. Returns the
/// time from then until the last is told that it is durable.
fn batch(store: &Store, queued: u32) -> Result<Duration> {
    let (release, held) = sync_channel::<()>(0);
    std::thread::scope(|scope| {
        let (begun, running) = sync_channel(1);
        let held = std::sync::Mutex::new(held);
        scope.spawn(move || {
            store.write_blocking(move |_| {
                let _ = begun.send(());
                let _ = held.lock().map(|held| held.recv());
                Ok(())
            })
        });
        let _ = running.recv();
        let writers: Vec<_> = (0..queued).map(|number| scope.spawn(move || write(store, number))).collect();
        // Long enough for every writer to be in the queue; if one is late the figure is only worse.
        std::thread::sleep(Duration::from_millis(2 + u64::from(queued) / 2));
        drop(release);
        let start = Instant::now();
        for writer in writers {
            writer.join().map_err(|_| "a writer panicked")??;
        }
        Ok(start.elapsed())
    })
}

/// Text and job as in `service::comments::submit`.
fn write(store: &Store, number: u32) -> pamphlet::error::Result<()> {
    let post = PostId(1 + u64::from(number) * 37 % POSTS);
    let source = fill::comment_text(u64::from(number));
    let body = pamphlet::content::markdown::comment(&source);
    let created_at = Timestamp::from_ms(1_767_225_600_000);
    store.write_blocking(move |txn| {
        store::posts::by_id(txn, post)?;
        let id = store::ids::next_comment(txn)?;
        let comment = Comment {
            id,
            post,
            thread: id,
            parent: None,
            author: UserId(1),
            created_at,
            edited_at: None,
            deleted: false,
            source: source.clone(),
            body: body.clone(),
        };
        store::comments::put(txn, &comment)
    })
}
