//! What must hold between the records of the data file.

use crate::domain::category::Category;
use crate::domain::id::{CategoryId, PostId, UserId};
use crate::domain::media::{Media, MediaId};
use crate::domain::post::PostHead;
use crate::domain::reset::Reset;
use crate::domain::session::Session;
use crate::domain::token::Token;
use crate::domain::user::User;
use crate::error::Result;
use crate::store::check::{Checkup, Look};
use crate::store::comments::StoredComment;
use crate::store::imports::Imported;
use crate::store::receipts::Receipt;
use crate::store::redirects::Target;
use crate::store::schema::{
    CATEGORIES, CATEGORY_BY_SLUG, COMMENTS, IMPORTS, MEDIA, MEDIA_BY_TIME, MEDIA_CHUNKS, NEXT_IDS, PASSWORDS,
    POST_BY_SLUG, POSTS, POSTS_BY_AUTHOR, POSTS_BY_CATEGORY, POSTS_BY_TAG, POSTS_BY_TIME, RECEIPTS, RECEIPTS_BY_TIME,
    REDIRECTS, RESETS, REVISIONS, SESSIONS, SESSIONS_BY_USER, TOKENS, TOKENS_BY_USER, USER_BY_EMAIL, USER_BY_NAME,
    USER_BY_SKELETON, USERS,
};
use crate::store::{media, posts, record, settings};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashSet};

/// What other records refer to.
struct Known {
    posts: BTreeMap<u64, PostHead>,
    users: BTreeMap<u64, User>,
    categories: BTreeMap<u64, Category>,
}

impl Checkup {
    /// All rules, on one snapshot.
    pub(in crate::store::check) fn look(&mut self, txn: Look) -> Result<()> {
        if self.schema == 0 {
            return Ok(());
        }
        let known = Known {
            posts: self.records(&txn, POSTS, "post")?,
            users: self.records(&txn, USERS, "account")?,
            categories: self.records(&txn, CATEGORIES, "category")?,
        };
        self.readable(settings::settings(&txn), || "The record of the settings".into());
        self.readable(settings::security(&txn), || "The record of what was measured at first start".into());
        self.readable(settings::rendered(&txn), || "The record of what is rendered".into());
        self.posts(&txn, &known)?;
        self.lists(&txn, &known)?;
        self.revisions(&txn, &known)?;
        self.old_addresses(&txn)?;
        self.comments(&txn, &known)?;
        self.people(&txn, &known)?;
        self.sessions(&txn, &known)?;
        if self.schema >= 2 {
            self.tokens(&txn, &known)?;
        }
        self.images(&txn)?;
        self.numbers(&txn, &known)
    }

    fn posts(&mut self, txn: &Look, known: &Known) -> Result<()> {
        for (id, head) in &known.posts {
            let (key, title) = (PostId(*id), &head.title);
            self.expect(head.id == key, || format!("The record of post {id} says that it is post {}.", head.id));
            self.expect(!head.authors.is_empty(), || format!("Post {id} “{title}” has no author."));
            let text = posts::revision(txn, key, head.version);
            if let Some(None) = self.readable(text, || format!("The text of post {id} “{title}”")) {
                self.add(format!("Post {id} “{title}” lacks its text, version {}.", head.version));
            }
            if let Some(None) = self.readable(posts::body(txn, key), || format!("The rendered text of post {id}")) {
                self.add(format!("Post {id} “{title}” lacks its rendered text."));
            }
            for author in head.authors.iter().filter(|author| !known.users.contains_key(&author.0)) {
                self.add(format!("Post {id} “{title}” is by account {author}, which does not exist."));
            }
            self.expect(head.category.is_none_or(|category| known.categories.contains_key(&category.0)), || {
                format!("Post {id} “{title}” is filed under a category that does not exist.")
            });
        }
        let own = |head: &PostHead| (head.kind.as_str().to_owned(), head.slug.to_string(), head.id.0);
        let rows = txn.rows(POST_BY_SLUG, |(kind, slug), id| (kind.to_owned(), slug.to_owned(), id))?;
        self.same("the addresses of posts", known.posts.values().map(own), rows);
        let own = |category: &Category| (category.slug.to_string(), category.id.0);
        let rows = txn.rows(CATEGORY_BY_SLUG, |slug, id| (slug.to_owned(), id))?;
        self.same("the addresses of categories", known.categories.values().map(own), rows);
        Ok(())
    }

    /// The indexes that lists read agree with the heads.
    fn lists(&mut self, txn: &Look, known: &Known) -> Result<()> {
        let listed: Vec<(i64, &PostHead)> =
            known.posts.values().filter_map(|head| posts::index_entry(head).map(|time| (time, head))).collect();
        let expected = listed.iter().map(|(time, head)| (*time, head.id.0));
        self.same("the list of all posts", expected, txn.rows(POSTS_BY_TIME, |key, ()| key)?);
        let expected =
            listed.iter().filter_map(|(time, head)| head.category.map(|CategoryId(id)| (id, *time, head.id.0)));
        self.same("the lists of categories", expected, txn.rows(POSTS_BY_CATEGORY, |key, ()| key)?);
        let tags = |(time, head): &(i64, &PostHead)| {
            let (time, id) = (*time, head.id.0);
            head.tags.iter().map(move |tag| (tag.slug.to_string(), time, id)).collect::<Vec<_>>()
        };
        let rows = txn.rows(POSTS_BY_TAG, |(slug, time, id), ()| (slug.to_owned(), time, id))?;
        self.same("the lists of tags", listed.iter().flat_map(tags), rows);
        let authors = |(time, head): &(i64, &PostHead)| {
            let (time, id) = (*time, head.id.0);
            head.authors.iter().map(move |UserId(user)| (*user, time, id)).collect::<Vec<_>>()
        };
        self.same("the lists of authors", listed.iter().flat_map(authors), txn.rows(POSTS_BY_AUTHOR, |key, ()| key)?);
        Ok(())
    }

    /// Earlier texts are kept for as long as their post.
    fn revisions(&mut self, txn: &Look, known: &Known) -> Result<()> {
        let keys = txn.rows(REVISIONS, |key, _| key)?;
        self.counts.insert("saved text", keys.len());
        for (post, version) in keys {
            match known.posts.get(&post) {
                None => self.add(format!("There is a text of post {post}, which does not exist.")),
                Some(head) => {
                    self.expect(version <= head.version, || format!("Post {post} has a text newer than itself."))
                }
            }
            self.readable(posts::revision(txn, PostId(post), version), || {
                format!("The text of post {post}, version {version},")
            });
        }
        Ok(())
    }

    /// Where they lead may be deleted; that they cannot be read may not be.
    fn old_addresses(&mut self, txn: &Look) -> Result<()> {
        let rows = txn.rows(REDIRECTS, |path, value| (path.to_owned(), record::decode::<Target>(value)))?;
        self.counts.insert("old address", rows.len());
        for (path, target) in rows {
            self.readable(target, || format!("Where the old address “{path}” leads"));
        }
        for (key, imported) in txn.rows(IMPORTS, |key, value| (key.to_owned(), record::decode::<Imported>(value)))? {
            self.readable(imported, || format!("What is remembered of the import of “{key}”"));
        }
        Ok(())
    }

    fn comments(&mut self, txn: &Look, known: &Known) -> Result<()> {
        let rows = txn.rows(COMMENTS, |key, value| (key, record::decode::<StoredComment>(value)))?;
        self.counts.insert("comment", rows.len());
        let keys: HashSet<(u64, u64, u64)> = rows.iter().map(|(key, _)| *key).collect();
        for ((post, thread, id), stored) in rows {
            let Some(stored) = self.readable(stored, || format!("Comment {id} of post {post}")) else { continue };
            self.expect(known.posts.contains_key(&post), || {
                format!("Comment {id} is on post {post}, which does not exist.")
            });
            self.expect(keys.contains(&(post, thread, thread)), || {
                format!("Comment {id} of post {post} lacks the comment that began its thread.")
            });
            self.expect(stored.parent.is_none_or(|parent| keys.contains(&(post, thread, parent.0))), || {
                format!("Comment {id} of post {post} answers a comment that does not exist.")
            });
            self.expect(known.users.contains_key(&stored.author.0), || {
                format!("Comment {id} of post {post} is by account {}, which does not exist.", stored.author)
            });
        }
        Ok(())
    }

    fn people(&mut self, txn: &Look, known: &Known) -> Result<()> {
        let users = || known.users.values();
        let rows = txn.rows(USER_BY_NAME, |name, id| (name.to_owned(), id))?;
        self.same("the names of accounts", users().map(|user| (user.username.to_string(), user.id.0)), rows);
        let rows = txn.rows(USER_BY_SKELETON, |name, id| (name.to_owned(), id))?;
        self.same("the looks of names", users().map(|user| (user.username.skeleton(), user.id.0)), rows);
        let rows = txn.rows(USER_BY_EMAIL, |email, id| (email.to_owned(), id))?;
        let emails = users().filter_map(|user| user.email.as_ref().map(|email| (email.key(), user.id.0)));
        self.same("the e-mail addresses of accounts", emails, rows);
        for (id, is_hash) in txn.rows(PASSWORDS, |id, hash| (id, hash.starts_with("$2")))? {
            self.expect(known.users.contains_key(&id), || {
                format!("There is a password of account {id}, which does not exist.")
            });
            self.expect(is_hash, || format!("The password of account {id} is not stored as a bcrypt hash."));
        }
        if self.schema < 3 {
            return Ok(());
        }
        for (id, reset) in txn.rows(RESETS, |id, value| (id, record::decode::<Reset>(value)))? {
            self.readable(reset, || format!("The link to a new password of account {id}"));
            self.expect(known.users.contains_key(&id), || {
                format!("There is a link to a new password of account {id}, which does not exist.")
            });
        }
        Ok(())
    }

    fn sessions(&mut self, txn: &Look, known: &Known) -> Result<()> {
        let mut expected = Vec::new();
        for (key, session) in txn.rows(SESSIONS, |key, value| (*key, record::decode::<Session>(value)))? {
            let Some(session) = self.readable(session, || "The record of a session".into()) else { continue };
            self.expect(known.users.contains_key(&session.user.0), || {
                format!("A session is of account {}, which does not exist.", session.user)
            });
            expected.push((session.user.0, key));
        }
        self.counts.insert("session", expected.len());
        let rows = txn.rows(SESSIONS_BY_USER, |(user, key), ()| (user, *key))?;
        self.same("the sessions of accounts", expected, rows);
        Ok(())
    }

    fn tokens(&mut self, txn: &Look, known: &Known) -> Result<()> {
        let mut expected = Vec::new();
        for (key, token) in txn.rows(TOKENS, |key, value| (*key, record::decode::<Token>(value)))? {
            let Some(token) = self.readable(token, || "The record of a token".into()) else { continue };
            self.expect(known.users.contains_key(&token.user.0), || {
                format!("Token {} is of account {}, which does not exist.", token.id, token.user)
            });
            expected.push(((token.user.0, token.id.0), key));
        }
        self.counts.insert("token", expected.len());
        let rows = txn.rows(TOKENS_BY_USER, |owner, key| (owner, *key))?;
        self.same("the tokens of accounts", expected, rows);
        let receipts = txn.rows(RECEIPTS, |key, value| (*key, record::decode::<Receipt>(value)))?;
        let mut expected = Vec::new();
        for (key, receipt) in receipts {
            let receipt = self.readable(receipt, || "The record of an idempotency key".into());
            expected.extend(receipt.map(|receipt| (receipt.made_at.ms(), key)));
        }
        let rows = txn.rows(RECEIPTS_BY_TIME, |(at, key), ()| (at, *key))?;
        self.same("the idempotency keys by time", expected, rows);
        Ok(())
    }

    /// Every image is whole: its bytes are what its name says.
    fn images(&mut self, txn: &Look) -> Result<()> {
        let rows = txn.rows(MEDIA, |id, value| (MediaId(*id), record::decode::<Media>(value)))?;
        self.counts.insert("image", rows.len());
        let ids: HashSet<[u8; 16]> = rows.iter().map(|(id, _)| id.0).collect();
        let mut expected = Vec::new();
        for (id, image) in rows {
            let Some(image) = self.readable(image, || format!("The record of image {id}")) else { continue };
            expected.push((image.uploaded_at.ms(), id.0));
            let bytes = media::bytes(txn, &image, 0..image.bytes);
            if let Some(bytes) = self.readable(bytes, || format!("The image “{}” ({id})", image.name)) {
                let digest: [u8; 32] = Sha256::digest(&bytes).into();
                self.expect(digest.starts_with(&id.0), || {
                    format!("The image “{}” ({id}) is not what was stored.", image.name)
                });
            }
        }
        self.same("the list of images", expected, txn.rows(MEDIA_BY_TIME, |(time, id), ()| (time, *id))?);
        let stray: HashSet<[u8; 16]> =
            txn.rows(MEDIA_CHUNKS, |(id, _), _| *id)?.into_iter().filter(|id| !ids.contains(id)).collect();
        for id in stray {
            self.add(format!("There are bytes of image {}, which does not exist.", MediaId(id)));
        }
        Ok(())
    }

    /// A number is never given out twice.
    fn numbers(&mut self, txn: &Look, known: &Known) -> Result<()> {
        let next: BTreeMap<String, u64> =
            txn.rows(NEXT_IDS, |noun, next| (noun.to_owned(), next))?.into_iter().collect();
        let comment = txn.rows(COMMENTS, |(_, _, id), _| id)?.into_iter().max();
        let highest = [
            ("post", known.posts.keys().copied().max()),
            ("user", known.users.keys().copied().max()),
            ("category", known.categories.keys().copied().max()),
            ("comment", comment),
        ];
        for (noun, highest) in highest {
            let next = next.get(noun).copied().unwrap_or(1);
            self.expect(highest.is_none_or(|highest| highest < next), || {
                format!("The next {noun} would get the number {next}, which is taken.")
            });
        }
        Ok(())
    }
}
