//! Stores what was imported: a post with its authors, category and old addresses.

use crate::domain::actor::Role;
use crate::domain::category::{Category, CategoryInput, MAX_TAGS, Tag, ValidCategory, is_same_name};
use crate::domain::id::{CategoryId, PostId, UserId};
use crate::domain::post::{Kind, PostHead, ValidPost};
use crate::domain::slug::Slug;
use crate::domain::text;
use crate::domain::time::Timestamp;
use crate::domain::user::{MAX_DISPLAY_NAME, MAX_USERNAME, Password, User, Username, ValidNewUser};
use crate::error::{Error, Result};
use crate::service::import::import_key;
use crate::service::users::{self, Door};
use crate::service::writing::{self, Intent};
use crate::store::imports::Imported;
use crate::store::posts::Body;
use crate::store::redirects::Target;
use crate::store::{self, Snapshot, WriteTxn};
use std::collections::HashSet;

/// Who wrote what names nobody, while there is no administrator.
const NOBODY: &str = "Unknown author";

/// A file read, checked and rendered.
pub struct Taken {
    pub key: String,
    pub fingerprint: String,
    pub old_paths: Vec<String>,
    pub default_paths: Vec<String>,
    pub authors: Vec<String>,
    pub category: Option<String>,
    pub draft: bool,
    /// The date is a day without a time.
    pub day_only: bool,
    pub date: Timestamp,
    pub updated: Option<Timestamp>,
    /// The post it made earlier, and its version.
    pub known: Option<(PostId, u32)>,
    /// A digest of the text alone.
    pub text: String,
    /// The key that the file had at the earlier import, if it has another now.
    pub moved_from: Option<String>,
    pub valid: ValidPost,
    /// The summary and the rendered text.
    pub rendered: (String, Body),
}

/// What storing a post brought with it.
#[derive(Default)]
pub struct Done {
    pub accounts: usize,
    pub categories: usize,
    pub remarks: Vec<String>,
}

/// What storing would bring with it, counted without a write.
#[derive(Default)]
pub struct Rehearsal {
    authors: HashSet<String>,
    categories: HashSet<Slug>,
}

impl Rehearsal {
    /// The accounts and categories that this post would be the first to need.
    pub fn post(&mut self, txn: &impl Snapshot, taken: &Taken) -> Result<Done> {
        let mut done = Done::default();
        let mut names = credited(&taken.authors);
        if names.is_empty() && store::users::administrators(txn)?.is_empty() {
            names.push(NOBODY.to_owned());
        }
        for name in names {
            let known = known_author(txn, &name)?.or(writer_named(txn, &name)?).is_some();
            done.accounts += usize::from(!known && self.authors.insert(name));
        }
        if let Some(valid) = named_category(taken.category.as_deref(), &mut done) {
            let known = known_category(txn, &valid)?.is_some();
            done.categories += usize::from(!known && self.categories.insert(valid.slug));
        }
        Ok(done)
    }
}

/// Makes or changes the post of a file.
pub fn post(txn: &WriteTxn<'_>, taken: &Taken, now: Timestamp) -> Result<Done> {
    let mut done = Done::default();
    let authors = authors(txn, &taken.authors, now, &mut done)?;
    let first = authors.first().copied().ok_or_else(|| Error::internal("no author"))?;
    let valid = ValidPost { category: category(txn, taken.category.as_deref(), &mut done)?, ..taken.valid.clone() };
    let intent = if taken.draft { Intent::Unpublish } else { Intent::Publish };
    let (summary, body) = &taken.rendered;
    let head = match taken.known {
        None => {
            let mut head = writing::blank(store::posts::next_id(txn)?, Kind::Post, first, taken.date);
            head.version = 1;
            head.updated_at = taken.updated.unwrap_or(taken.date);
            head.slug = writing::choose_slug(txn, &head, &valid)?;
            writing::apply(txn, &mut head, &valid, summary, intent, taken.date)?;
            head.day_only = taken.day_only;
            head.authors = authors;
            store::posts::insert(txn, &head, &writing::revision(&head, &valid, None, now), body)?;
            head
        }
        Some((id, version)) => {
            let old = store::posts::by_id(txn, id)?
                .filter(|old| old.version == version)
                .ok_or(Error::Conflict("The post was edited or deleted meanwhile."))?;
            let mut head = PostHead { version: version + 1, updated_at: taken.updated.unwrap_or(now), ..old.clone() };
            head.slug = writing::choose_slug(txn, &old, &valid)?;
            writing::apply(txn, &mut head, &valid, summary, intent, taken.date)?;
            head.day_only = taken.day_only;
            head.authors = authors;
            writing::keep_old_address(txn, &old, &head)?;
            store::posts::replace(txn, &old, &head, Some((&writing::revision(&head, &valid, None, now), body)))?;
            head
        }
    };
    redirect(txn, taken, &head, &mut done)?;
    if let Some(key) = &taken.moved_from {
        store::imports::remove(txn, &import_key(key))?;
    }
    let (fingerprint, text) = (taken.fingerprint.clone(), taken.text.clone());
    let imported = Imported::Post { post: head.id, version: head.version, fingerprint, text };
    store::imports::put(txn, &import_key(&taken.key), &imported)?;
    Ok(done)
}

/// Tags by the rules of the editor; those that break them are left out.
pub fn tags(names: &[String]) -> Vec<Tag> {
    let mut tags: Vec<Tag> = Vec::new();
    for tag in names.iter().filter_map(|name| Tag::from_name(name).ok()) {
        if tags.len() < MAX_TAGS && !tags.iter().any(|other| is_same_name(&other.name, &tag.name)) {
            tags.push(tag);
        }
    }
    tags
}

/// The tags that are left out, except those that are there in another spelling.
pub fn lost_tags(names: &[String]) -> Vec<&str> {
    let kept = tags(names);
    let is_kept = |name: &String| Tag::from_name(name).is_ok_and(|tag| kept.iter().any(|other| other.slug == tag.slug));
    names.iter().filter(|name| !is_kept(name)).map(String::as_str).collect()
}

fn redirect(txn: &WriteTxn<'_>, taken: &Taken, head: &PostHead, done: &mut Done) -> Result<()> {
    let own = format!("/posts/{}", head.slug);
    for path in taken.old_paths.iter().filter(|path| **path != own) {
        match store::redirects::by_path(txn, path)? {
            Some(Target::Post(id)) if id == head.id => {}
            _ if is_free(txn, path, head.id)? => store::redirects::put(txn, path, Target::Post(head.id))?,
            _ => done.remarks.push(format!("The old address “{path}” leads to another post already.")),
        }
    }
    for path in taken.default_paths.iter().filter(|path| **path != own) {
        if is_free(txn, path, head.id)? {
            store::redirects::put(txn, path, Target::Post(head.id))?;
        }
    }
    Ok(())
}

/// Whether nothing but the post `id` has or had this address.
fn is_free(txn: &WriteTxn<'_>, path: &str, id: PostId) -> Result<bool> {
    for (kind, prefix) in [(Kind::Post, "/posts/"), (Kind::Page, "/")] {
        if let Some(slug) = path.strip_prefix(prefix).and_then(|slug| Slug::parse(slug).ok())
            && writing::holder(txn, kind, &slug)?.is_some_and(|other| other != id)
        {
            return Ok(false);
        }
    }
    Ok(match store::redirects::by_path(txn, path)? {
        None => true,
        Some(Target::Post(other)) => other == id || store::posts::by_id(txn, other)?.is_none(),
        Some(Target::Category(_)) => false,
    })
}

fn category(txn: &WriteTxn<'_>, name: Option<&str>, done: &mut Done) -> Result<Option<CategoryId>> {
    let Some(valid) = named_category(name, done) else { return Ok(None) };
    if let Some(known) = known_category(txn, &valid)? {
        return Ok(Some(known.id));
    }
    let id = store::categories::next_id(txn)?;
    let category = Category { id, slug: valid.slug, name: valid.name, description: String::new() };
    store::categories::put(txn, &category)?;
    done.categories += 1;
    Ok(Some(id))
}

/// The category at this address, or the one of this name at the address that earlier versions made of it.
fn known_category(txn: &impl Snapshot, valid: &ValidCategory) -> Result<Option<Category>> {
    if let Some(known) = store::categories::by_slug(txn, &valid.slug)? {
        return Ok(Some(known));
    }
    let Some(earlier) = Slug::from_title(&valid.name) else { return Ok(None) };
    let known = store::categories::by_slug(txn, &earlier)?;
    Ok(known.filter(|known| is_same_name(&known.name, &valid.name)))
}

fn named_category(name: Option<&str>, done: &mut Done) -> Option<ValidCategory> {
    let name = name.filter(|name| !name.trim().is_empty())?;
    let valid = CategoryInput { name: name.to_owned(), ..CategoryInput::default() }.validate();
    if valid.is_err() {
        done.remarks.push(format!("The category “{name}” has a name that cannot be taken and is left out."));
    }
    valid.ok()
}

/// Everybody named, in order; nobody: the first administrator.
fn authors(txn: &WriteTxn<'_>, names: &[String], now: Timestamp, done: &mut Done) -> Result<Vec<UserId>> {
    let mut ids = Vec::new();
    for name in credited(names) {
        let id = author(txn, &name, now, done)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    if ids.is_empty() {
        let administrator = store::users::administrators(txn)?.first().copied();
        ids.push(administrator.map_or_else(|| author(txn, NOBODY, now, done), Ok)?);
    }
    Ok(ids)
}

/// Names that an account can have.
fn credited(names: &[String]) -> Vec<String> {
    let short = |name: &String| text::tidied(name, MAX_DISPLAY_NAME);
    names.iter().filter_map(|name| text::line(&short(name), MAX_DISPLAY_NAME).ok()).collect()
}

/// Who this name became at an earlier import.
fn known_author(txn: &impl Snapshot, name: &str) -> Result<Option<UserId>> {
    Ok(match store::imports::by_key(txn, &author_key(name))? {
        Some(Imported::User(id)) => store::users::by_id(txn, id)?.map(|user| user.id),
        _ => None,
    })
}

fn author_key(name: &str) -> String {
    format!("author:{name}")
}

fn author(txn: &WriteTxn<'_>, name: &str, now: Timestamp, done: &mut Done) -> Result<UserId> {
    if let Some(id) = known_author(txn, name)? {
        return Ok(id);
    }
    let id = match writer_named(txn, name)? {
        Some(id) => id,
        None => {
            done.accounts += 1;
            new_account(txn, name, now)?.id
        }
    };
    store::imports::put(txn, &author_key(name), &Imported::User(id))?;
    Ok(id)
}

/// The one account that may write here and has this name already.
fn writer_named(txn: &impl Snapshot, name: &str) -> Result<Option<UserId>> {
    let lower = name.to_lowercase();
    let same = |user: &User| user.username.as_str() == lower || user.display_name.to_lowercase() == lower;
    let writers = store::users::all(txn)?.into_iter().filter(|user| user.role >= Role::Author && !user.disabled);
    let mut named = writers.filter(same).map(|user| user.id);
    Ok(named.next().filter(|_| named.next().is_none()))
}

/// A disabled account for somebody who is credited; its user name is made from the name.
fn new_account(txn: &WriteTxn<'_>, name: &str, now: Timestamp) -> Result<User> {
    let wanted = Slug::from_title(name).map_or_else(|| "author".to_owned(), |slug| slug.as_str().to_owned());
    for number in 1..10_000 {
        let Some(username) = username(&wanted, number) else { continue };
        let new =
            ValidNewUser { username, display_name: name.to_owned(), email: None, password: Password::attempt("") };
        let taken = store::users::by_username(txn, &new.username)?.is_some()
            || store::users::by_skeleton(txn, &new.username)?.is_some();
        if !taken {
            return users::join(txn, Door::Import, &new, Role::Author, None, now);
        }
    }
    Err(Error::Conflict("Too many accounts have this author's name."))
}

fn username(wanted: &str, number: u32) -> Option<Username> {
    let tail = if number == 1 { String::new() } else { format!("-{number}") };
    let cut = |name: &str| name.chars().take(MAX_USERNAME - tail.len()).collect::<String>();
    let named = |name: &str| Username::parse(&format!("{}{tail}", cut(name).trim_end_matches(['-', '.', '_']))).ok();
    // A name of two alphabets, or a single letter, makes no user name.
    named(wanted).or_else(|| if number == 1 { None } else { named("author") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_make_user_names() {
        let name = |wanted: &str, number| username(wanted, number).map(|name| name.to_string());
        assert_eq!(name("jack-huey", 1).as_deref(), Some("jack-huey"));
        assert_eq!(name("jack-huey", 3).as_deref(), Some("jack-huey-3"));
        assert_eq!(name(&"x".repeat(60), 12), Some(format!("{}-12", "x".repeat(37))));
        assert_eq!(name("team", 1), None, "reserved");
        assert_eq!(name("team", 2).as_deref(), Some("team-2"));
        assert_eq!(name("я-x", 2).as_deref(), Some("author-2"), "two alphabets");
    }

    #[test]
    fn tags_that_break_the_rules_are_left_out() {
        let names = ["Rust", "rust", "!!!", "C++"].map(str::to_owned);
        assert_eq!(lost_tags(&names), ["!!!"]);
        assert_eq!(tags(&names).iter().map(|tag| tag.name.as_str()).collect::<Vec<_>>(), ["Rust", "C++"]);
    }
}
