//! pamphlet: a blog server in one executable that keeps everything in one file.
//!
//! # Bird's-eye view
//!
//! A request comes in at [`server`], walks down the straight line of [`web::pipeline`], finds its
//! handler in [`web::routes`], which parses it, calls a function of [`service`], and shows the
//! result with a function of [`view`] or as XML. `service` decides who may do what and works on
//! the data through [`store`], the only code that knows the file. [`domain`] holds the nouns
//! and rules that all of them speak of; [`content`] turns text into text and pixels into pixels.
//!
//! ```text
//!    cli        commands, configuration, exit codes
//!     │
//!   server      listener, limits, drain
//!     │
//!    web        routes, pipeline, cache, sessions, errors: the only code that knows HTTP
//!     ├──────────────┐
//!   service         view       use cases and permission │ values -> markup, never queries
//!     ├────────┐     │
//!   store   content  │         the only code that knows redb │ Markdown, sanitiser, images, feeds
//!     └────────┴──┬──┘
//!              domain          plain types and rules; no I/O, no clock, no framework
//!                │
//!      error · config · assets
//! ```
//!
//! To see all of a feature, search for its noun: `store/comments.rs`, `service/comments.rs`,
//! `web/pages/comments.rs`, `view/comment.rs`, `web/api/comments.rs`. To see what a click does, begin
//! in `web/routes.rs`; to see what the REST API can do, in [`web::api`], whose one table of operations
//! gives the routes, the OpenAPI document and the reference under `/api/docs`. [`web::wire`] has the shapes that the
//! APIs speak in, and [`web::problems`] says of each kind of failure what it means.
//!
//! # Invariants
//!
//! `tests/it/architecture.rs` checks those that a machine can check.
//!
//! - A module names only itself and what stands before it in this list: error, config, domain,
//!   assets, content, store, service, view, web, server, cli. And never `view -> store`,
//!   `view -> service`, `view -> content`, `web -> store`, `server -> store`.
//! - Permission is decided in `service`, from the [`domain::actor::Actor`].
//! - There is one rule of who sees a post: [`domain::post::PostHead::visible_to`]. Lists read an
//!   index by publication time up to now, so a scheduled post appears by itself.
//! - Every account passes one gate, `service::users::join`.
//! - Addresses are built by [`domain::link::Links`] alone, base path included.
//! - What may be printed unescaped has the type [`domain::html::Html`], which only `content` makes
//!   and only `store` reads back.
//! - Every write touches the scopes it changes inside the store's own function; nobody tells a
//!   cache what to forget ([`store::fresh`]).
//! - A use case that writes returns a [`service::change::Change`]; whoever called it commits it alone,
//!   with others in a batch, or once for an idempotency key.
//! - Cursors are sort keys, never counts ([`domain::paging`]).
//! - A page works without scripts. There are two: `assets/live.js` on posts with open comments, and
//!   `assets/editor.js` in the editor, which asks before text that is not saved is left.
//! - A save that changes nothing writes nothing. A post and its comments answer at every address the post has had.
//! - What many share has a payer and a share ([`service::payer`], [`service::shares`]): bodies that are being received,
//!   password hashes, streams, rendering, receipts. Every write is counted (`web::quota`).
//! - A text has one budget of work (`content::budget`); past it code stays plain, and a text that grows without end is
//!   an error of its field.
//! - Whatever opens an account (sessions, API tokens, links to a new password) ends with what it stands for
//!   ([`service::resets`], [`service::users`]), and the log tells of it in lines of its own (`store::security_log`).
//! - State is checked in the transaction that relies on it. A job may run twice.
//! - Nothing is written because something was read.
//! - Nothing a person wrote is overwritten in place: revisions are appended.
//! - The cause of an internal error goes to the log, never to a client.
//!
//! # Walkthroughs
//!
//! **Reading a post.** The pipeline names the request, checks method, length and host, and works
//! out the client's address. For a visitor it looks into the page cache: a page that was rendered
//! from a snapshot no older than the last change of anything it shows is sent as it is, in the
//! coding the browser takes, and the data file is not touched. Otherwise `web::pages::posts::show`
//! runs under one of a few render permits: one snapshot (readers share it until the next commit, `store::reading`),
//! `service::posts::visible` and `view` (body current?), `service::comments::conversation` (one page of it),
//! `view::post::show`. The page is compressed, kept with the number of its snapshot and its scopes, and sent.
//! Of several visitors who miss the same page one renders and the others wait. A member gets a page of their own,
//! never kept, put together from parts that are the same for everybody, which are (`web::kept`).
//!
//! **A query in GraphQL.** `web::graphql::post` or `get` reads the request ([`web::strict`]), those with a long
//! body one after the other, and `limits` holds the document against what it may ask for before anything expands
//! its fragments. Under a render permit, off the async threads if the query is long, the library then validates the
//! document and walks the selection. One that passed limits and validation before is known to pass them
//! (`documents`). The resolvers (`query`, `nodes`) call the services that the pages call, on the one snapshot of
//! the operation (`context`), which reads together what the items of a list need: people, categories and the
//! beginnings of conversations cost one look at their table each, however long the list is. Errors get their words
//! in `web::problem`, and where a field failed `nulls` puts what the specification wants there. A mutation lets go
//! of its snapshot, commits, and reads anew.
//!
//! **Submitting a comment.** The form must come from this site (`Sec-Fetch-Site`, else `Origin`).
//! `service::comments::submit` checks the member, the post, the parent and the length, renders the
//! Markdown once through the strict sanitiser off the async threads, and hands a job to the writer.
//! The writer takes whatever else is waiting, runs it all in one transaction, checks again that
//! the post is public and open, commits with one sync, publishes "post 7 changed at commit 1234",
//! and only then answers. The browser is sent to the comment's place (303). A lone comment touches
//! one table. If anything goes wrong the form comes back with the text still in it.
//!
//! **Changing a post through the API.** `web::pipeline` finds the token's owner, counts the request
//! (`web::quota`), and asks for `If-Match`. `web::api::perform` reads the body ([`web::strict`]) and hands the call to
//! `web::api::changes`, which compares the tag with what is shown now, merges the patch into the input
//! that would give what is stored, and asks `service::writing` for the change, good only while the post
//! is as it was seen. The commit decides; the answer is what is there now, with its new tag.
//!
//! **A live comment.** The store's functions note what they do as [`store::news::News`] beside the scopes they
//! touch; the writer tells them after the commit and the caches, before it answers. A listener of
//! `/posts/{slug}/events` holds a place in the list of its post's news, which all listeners share. The first who
//! comes for an event looks up what is true now (`service::live::look_up`) and renders it
//! (`view::comment::item`, as in the page); the others take the same bytes. `assets/live.js` puts the item where it
//! belongs; on a member's page it reads the page again instead, since only the server knows what a member may
//! do. Who comes back names the last event it heard (`Last-Event-ID`): what was told since is told again, or,
//! after a restart or too long a time, `reset` says to read the page. Scheduled posts are told of when their time
//! comes ([`service::live::Publications`]).
//!
//! **`pamphlet user` beside a server.** The command line finds the data file locked and connects to the socket that
//! `cli::serve` opened for it (`cli::admin_socket`). It sends one `cli::accounts::Command`; the server performs it with
//! the services that the command line would have used itself, and answers the lines to print.
//!
//! **SIGTERM.** `server::run` stops accepting, tells idle connections to close, ends streams of events, and lets
//! running requests finish for up to ten seconds. The `App` is dropped, the writer's queue closes, the
//! writer commits what it had accepted and the visits of the last while, redb closes the file
//! cleanly, and the process ends with 0. A second signal ends it at once, which is safe too.
//!
//! **An import.** `service::import` reads a folder: `site` finds the generator's configuration, `content::header` reads
//! what stands above a text, `permalinks` works out the addresses it had. [`content::interchange`] turns template tags,
//! shortcodes and wiki links of other programs into Markdown and says what it found; `content::relink` leads links to
//! where posts are now. The report counts each kind with its files.
//!
//! **A power cut.** Every commit is a two-phase commit that also records redb's allocator ("quick
//! repair"), so the file holds the last acknowledged commit whole and the next open takes
//! milliseconds. A write that was not acknowledged is there whole or not at all. Sessions may have
//! lost the note of their last visit, which only makes them end earlier. Nothing else lives
//! outside the file.
//!
//! **A full or failing disk.** Any I/O error spoils redb's handle. The writer closes the file and
//! opens it again; readers wait for that, half a second at most and off the async threads, so that kept pages
//! are answered meanwhile. After a commit that failed it proves with an empty one that the file takes writes;
//! who was waiting is told 503. If that fails, it opens what is there through `store::frozen`, which keeps redb's own
//! writes in memory: everything can be read, also from a card that has gone read-only, and every
//! 0.1 to 10 seconds the writer tries again. A commit that failed may have reached the disk all the same, so
//! every cached page counts as changed; after a read that failed all of them stay. Below 32 MB of free space (a sixteenth of a small disk)
//! the store's functions that add something refuse with `Error::NoSpace`, and the rest is there
//! for deleting, as are a few megabytes of the file that the disk has given in advance, for when another program
//! takes the rest (`store::reserve`). `/readyz` and the log tell.
//!
//! # Known quirks
//!
//! - Comment numbers come in blocks of 1,024 and those left over at stop are skipped: one table
//!   less for a lone comment to touch.
//! - A scheduled post is stored as published with a time to come; the APIs call it `scheduled`, and take both words.
//! - The account that is made by an import has no password and is disabled; it is credited all the
//!   same.
//! - A GraphQL update takes the input of a create, and what the client leaves out of it stays: the resolver
//!   looks at the argument as it was sent (`web::graphql::updates`).
//! - hyper answers a head that it cannot read by itself and has no hook for that. `server::heads` tells by what
//!   is being sent that it does, and sends the answer of `web::raw_head` instead. There too: hyper takes a
//!   client that sends nothing more for one that is gone, so it hears of that when the last answer is sent.
//! - An answer that comes before the body of its request was read leaves a rest where the next request should
//!   begin: `web::body::Shared` takes it, or the answer says that the connection ends.
//! - `pamphlet try` hashes its password at the lowest cost to be ready at once; the first login
//!   raises it.
#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    expect(
        clippy::unwrap_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "a test that fails should say where, and may stop there"
    )
)]

#[macro_use]
pub mod error;
pub mod assets;
pub mod cli;
pub mod config;
pub mod content;
pub mod domain;
pub mod server;
pub mod service;
pub mod store;
pub mod view;
pub mod web;
