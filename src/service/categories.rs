//! Categories: making, renaming, merging and deleting them.

use crate::domain::actor::Actor;
use crate::domain::category::{Category, CategoryInput, ValidCategory, is_same_name};
use crate::domain::id::CategoryId;
use crate::domain::post::PostHead;
use crate::domain::slug::Slug;
use crate::domain::token::TokenScope;
use crate::error::{Error, Result};
use crate::service::change::Change;
use crate::service::{App, ReadTxn};
use crate::store::posts::Listing;
use crate::store::redirects::Target;
use crate::store::{self, WriteTxn};
use std::fmt::Display;
use std::sync::Arc;

/// Every category, by name.
pub fn all(txn: &ReadTxn) -> Result<Vec<Category>> {
    store::categories::all(txn)
}

/// Every category with the number of posts of every state under it, for those who see to them.
pub fn managed(txn: &ReadTxn, actor: &Actor) -> Result<Vec<(Category, usize)>> {
    permit(actor)?;
    let counts = store::posts::count_by_category(txn)?;
    let count = |category: &Category| counts.get(&category.id).copied().unwrap_or(0);
    Ok(all(txn)?.into_iter().map(|category| (category.clone(), count(&category))).collect())
}

/// The category at this address.
pub fn by_slug(txn: &ReadTxn, slug: &str) -> Result<Category> {
    let slug = Slug::parse(slug).map_err(|_| Error::NotFound("category"))?;
    store::categories::by_slug(txn, &slug)?.ok_or(Error::NotFound("category"))
}

/// The category at this address, or that once was.
pub fn named(txn: &ReadTxn, slug: &str) -> Result<Category> {
    match by_slug(txn, slug) {
        Err(Error::NotFound(noun)) => moved(txn, slug)?.ok_or(Error::NotFound(noun)),
        found => found,
    }
}

/// What a post is filed under; the caller has decided that the post may be shown.
pub fn of_post(txn: &ReadTxn, head: &PostHead) -> Result<Option<Arc<Category>>> {
    head.category.map_or(Ok(None), |id| store::categories::kept(txn, id))
}

/// The number of posts under a category that everybody sees.
pub fn public_posts(app: &App, txn: &ReadTxn, id: CategoryId) -> Result<usize> {
    store::counts::published(txn, &Listing::Category(id), app.now())
}

/// A category that `actor` may change, by its address.
pub fn changeable(txn: &ReadTxn, actor: &Actor, slug: &str) -> Result<Category> {
    permit(actor)?;
    by_slug(txn, slug)
}

/// Where a category is now that once was at this address.
pub fn moved(txn: &ReadTxn, slug: &str) -> Result<Option<Category>> {
    Ok(match store::redirects::by_path(txn, &path_of(slug))? {
        Some(Target::Category(id)) => store::categories::by_id(txn, id)?,
        _ => None,
    })
}

/// One category, for those who see to them.
pub fn by_id(txn: &ReadTxn, actor: &Actor, id: CategoryId) -> Result<Category> {
    permit(actor)?;
    store::categories::by_id(txn, id)?.ok_or(Error::NotFound("category"))
}

/// Makes a category.
pub fn create(actor: &Actor, input: &CategoryInput) -> Result<Change<Category>> {
    permit(actor)?;
    let valid = input.validate()?;
    Ok(Change::new(move |txn| {
        let id = store::categories::next_id(txn)?;
        let category = settled(txn, id, &valid)?;
        store::categories::put(txn, &category)?;
        Ok(category)
    }))
}

/// Renames or describes a category; an earlier address redirects for ever.
pub fn update(actor: &Actor, id: CategoryId, input: &CategoryInput) -> Result<Change<Category>> {
    permit(actor)?;
    let valid = input.validate()?;
    Ok(Change::new(move |txn| {
        let old = store::categories::by_id(txn, id)?.ok_or(Error::NotFound("category"))?;
        let new = settled(txn, id, &valid)?;
        if new == old {
            return Ok(old);
        }
        store::categories::put(txn, &new)?;
        if old.slug != new.slug {
            store::redirects::put(txn, &path_of(&old.slug), Target::Category(id))?;
            store::redirects::remove(txn, &path_of(&new.slug))?;
        }
        Ok(new)
    }))
}

/// Moves all posts of a category to another and deletes it; its address redirects there.
pub fn merge(actor: &Actor, from: CategoryId, into: CategoryId) -> Result<Change<Category>> {
    permit(actor)?;
    if from == into {
        return Err(Error::field("into", "Please choose another category than this one."));
    }
    Ok(Change::new(move |txn| {
        let gone = store::categories::by_id(txn, from)?.ok_or(Error::NotFound("category"))?;
        let kept = store::categories::by_id(txn, into)?
            .ok_or(Error::field("into", "This category is gone. Please choose another."))?;
        refile(txn, from, Some(into))?;
        store::categories::remove(txn, &gone)?;
        store::redirects::retarget(txn, Target::Category(from), Target::Category(into))?;
        store::redirects::put(txn, &path_of(&gone.slug), Target::Category(into))?;
        Ok(kept)
    }))
}

/// Deletes a category; its posts stay, without one.
pub fn remove(actor: &Actor, id: CategoryId) -> Result<Change<Category>> {
    permit(actor)?;
    Ok(Change::new(move |txn| {
        let category = store::categories::by_id(txn, id)?.ok_or(Error::NotFound("category"))?;
        refile(txn, id, None)?;
        store::categories::remove(txn, &category)?;
        Ok(category)
    }))
}

/// Whether `actor` sees to categories.
pub fn permit(actor: &Actor) -> Result<()> {
    if actor.can_edit_categories() { Ok(()) } else { Err(actor.refusal(TokenScope::CategoriesWrite)) }
}

fn refile(txn: &WriteTxn<'_>, from: CategoryId, into: Option<CategoryId>) -> Result<()> {
    for old in store::posts::in_category(txn, from)? {
        let new = PostHead { category: into, ..old.clone() };
        store::posts::replace(txn, &old, &new, None)?;
    }
    Ok(())
}

/// The category of these fields. An address that was made from the name is numbered if a category of another name
/// has it.
fn settled(txn: &WriteTxn<'_>, id: CategoryId, valid: &ValidCategory) -> Result<Category> {
    let ValidCategory { name, slug, description, .. } = valid.clone();
    let mut category = Category { id, slug, name, description };
    for number in 2..100 {
        let other = store::categories::by_slug(txn, &category.slug)?.filter(|other| other.id != id);
        if !valid.is_slug_made || other.is_none_or(|other| is_same_name(&other.name, &category.name)) {
            break;
        }
        category.slug = valid.slug.numbered(number);
    }
    check_free(txn, &category)?;
    Ok(category)
}

fn check_free(txn: &WriteTxn<'_>, category: &Category) -> Result<()> {
    match store::categories::by_slug(txn, &category.slug)? {
        Some(other) if other.id != category.id => {
            Err(Error::field("slug", "Another category has this address. Please choose another."))
        }
        _ => Ok(()),
    }
}

fn path_of(slug: impl Display) -> String {
    format!("/category/{slug}")
}
