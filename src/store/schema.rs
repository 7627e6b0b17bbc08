//! Every table: its key, its value and the module that owns it, the only one to write it.
//!
//! "record" is what `record.rs` writes: a version byte, then MessagePack. Times are milliseconds
//! since the Unix epoch. Indexes hold `()`, so that a scan of the keys is the whole answer.

use redb::TableDefinition;

type Table<K, V> = TableDefinition<'static, K, V>;

// --- migrate, settings, ids ---------------------------------------------------------------

/// "schema_version" -> u64 as eight bytes, little endian; "settings", "security" -> record; "rendered" ->
/// record of the stamp that every row of `BODIES` carries, absent while they differ.
pub(in crate::store) const META: Table<&str, &[u8]> = Table::new("meta");
/// Noun -> the next number nobody has. Owner: `ids`.
pub(in crate::store) const NEXT_IDS: Table<&str, u64> = Table::new("next_ids");

// --- posts --------------------------------------------------------------------------------

/// Post -> record of `PostHead`: what lists need. Owner of this and the next six: `posts`.
pub(in crate::store) const POSTS: Table<u64, &[u8]> = Table::new("posts");
/// (post, version) -> record of `Revision` with its Markdown compressed; append-only.
pub(in crate::store) const REVISIONS: Table<(u64, u32), &[u8]> = Table::new("revisions");
/// Post -> record of `Body`: the stamp of the renderer and the compressed HTML.
pub(in crate::store) const BODIES: Table<u64, &[u8]> = Table::new("bodies");
/// ("post" or "page", slug) -> post; current addresses only, old ones are in `REDIRECTS`.
pub(in crate::store) const POST_BY_SLUG: Table<(&str, &str), u64> = Table::new("post_by_slug");
/// (publication time, post): posts with status published, scheduled ones included; a reader
/// looks only up to now. The three after it have the same rule.
pub(in crate::store) const POSTS_BY_TIME: Table<(i64, u64), ()> = Table::new("posts_by_time");
/// (category, publication time, post).
pub(in crate::store) const POSTS_BY_CATEGORY: Table<(u64, i64, u64), ()> = Table::new("posts_by_category");
/// (tag's slug, publication time, post).
pub(in crate::store) const POSTS_BY_TAG: Table<(&str, i64, u64), ()> = Table::new("posts_by_tag");
/// (user, publication time, post).
pub(in crate::store) const POSTS_BY_AUTHOR: Table<(u64, i64, u64), ()> = Table::new("posts_by_author");
/// Path below the base path -> record of `Target`; never removed while the target lives.
/// Owner: `redirects`.
pub(in crate::store) const REDIRECTS: Table<&str, &[u8]> = Table::new("redirects");
/// What was imported (a file's path, an author's name) -> record of `Imported`. Owner: `imports`.
pub(in crate::store) const IMPORTS: Table<&str, &[u8]> = Table::new("imports");

// --- categories ---------------------------------------------------------------------------

/// Category -> record. Owner of this and the next: `categories`.
pub(in crate::store) const CATEGORIES: Table<u64, &[u8]> = Table::new("categories");
/// Slug -> category.
pub(in crate::store) const CATEGORY_BY_SLUG: Table<&str, u64> = Table::new("category_by_slug");

// --- comments -----------------------------------------------------------------------------

/// (post, thread, comment) -> record of `StoredComment`. A thread is named by its top-level
/// comment, so one range is a thread and a lone comment touches this table alone.
pub(in crate::store) const COMMENTS: Table<(u64, u64, u64), &[u8]> = Table::new("comments");

// --- people -------------------------------------------------------------------------------

/// User -> record of `User`. Owner of this and the next four: `users`.
pub(in crate::store) const USERS: Table<u64, &[u8]> = Table::new("users");
/// User name -> user.
pub(in crate::store) const USER_BY_NAME: Table<&str, u64> = Table::new("user_by_name");
/// What a user name looks like -> user.
pub(in crate::store) const USER_BY_SKELETON: Table<&str, u64> = Table::new("user_by_skeleton");
/// E-mail address in lower case -> user.
pub(in crate::store) const USER_BY_EMAIL: Table<&str, u64> = Table::new("user_by_email");
/// User -> bcrypt hash; absent for accounts that cannot sign in.
pub(in crate::store) const PASSWORDS: Table<u64, &str> = Table::new("passwords");
/// SHA-256 of a token -> record of `Session`. Owner of this and the next: `sessions`.
pub(in crate::store) const SESSIONS: Table<&[u8; 32], &[u8]> = Table::new("sessions");
/// (user, SHA-256 of a token).
pub(in crate::store) const SESSIONS_BY_USER: Table<(u64, &[u8; 32]), ()> = Table::new("sessions_by_user");
/// User -> record of `Reset`: the link with which the account gets a new password. Owner: `resets`. Since schema 3.
pub(in crate::store) const RESETS: Table<u64, &[u8]> = Table::new("resets");

/// SHA-256 of an API token -> record of `Token`. Owner of this and the next: `tokens`. Since schema 2.
pub(in crate::store) const TOKENS: Table<&[u8; 32], &[u8]> = Table::new("tokens");
/// (user, token) -> SHA-256 of the token. Since schema 2.
pub(in crate::store) const TOKENS_BY_USER: Table<(u64, u64), &[u8; 32]> = Table::new("tokens_by_user");
/// SHA-256 of who asked and of an idempotency key -> record of `Receipt`. Owner of this and the
/// next: `receipts`. Since schema 2.
pub(in crate::store) const RECEIPTS: Table<&[u8; 32], &[u8]> = Table::new("receipts");
/// (time made, key in `RECEIPTS`). Since schema 2.
pub(in crate::store) const RECEIPTS_BY_TIME: Table<(i64, &[u8; 32]), ()> = Table::new("receipts_by_time");

// --- media --------------------------------------------------------------------------------

/// Content hash -> record of `Media`. Owner of this and the next two: `media`.
pub(in crate::store) const MEDIA: Table<&[u8; 16], &[u8]> = Table::new("media");
/// (content hash, number from 0) -> up to 65,000 bytes: just under a power of two, because larger
/// values take a power-of-two run of pages.
pub(in crate::store) const MEDIA_CHUNKS: Table<(&[u8; 16], u32), &[u8]> = Table::new("media_chunks");
/// (upload time, content hash).
pub(in crate::store) const MEDIA_BY_TIME: Table<(i64, &[u8; 16]), ()> = Table::new("media_by_time");

/// Runs `$do!(TABLE)` for every table, so that creation, backup and checks cannot leave one out.
macro_rules! for_each_table {
    ($do:ident) => {
        $do!(META);
        $do!(NEXT_IDS);
        $do!(POSTS);
        $do!(REVISIONS);
        $do!(BODIES);
        $do!(POST_BY_SLUG);
        $do!(POSTS_BY_TIME);
        $do!(POSTS_BY_CATEGORY);
        $do!(POSTS_BY_TAG);
        $do!(POSTS_BY_AUTHOR);
        $do!(REDIRECTS);
        $do!(IMPORTS);
        $do!(CATEGORIES);
        $do!(CATEGORY_BY_SLUG);
        $do!(COMMENTS);
        $do!(USERS);
        $do!(USER_BY_NAME);
        $do!(USER_BY_SKELETON);
        $do!(USER_BY_EMAIL);
        $do!(PASSWORDS);
        $do!(SESSIONS);
        $do!(SESSIONS_BY_USER);
        $do!(MEDIA);
        $do!(MEDIA_CHUNKS);
        $do!(MEDIA_BY_TIME);
        $do!(TOKENS);
        $do!(TOKENS_BY_USER);
        $do!(RECEIPTS);
        $do!(RECEIPTS_BY_TIME);
        $do!(RESETS);
    };
}
pub(in crate::store) use for_each_table;
