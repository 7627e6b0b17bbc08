//! Categories, by number and by address.

use crate::domain::category::Category;
use crate::domain::id::CategoryId;
use crate::domain::slug::Slug;
use crate::error::{Error, Result};
use crate::store::fresh::Scope;
use crate::store::record;
use crate::store::schema::{CATEGORIES, CATEGORY_BY_SLUG};
use crate::store::{ReadTxn, Snapshot, WriteTxn, ids};
use redb::ReadableTable;
use std::sync::Arc;

/// A number for a new category.
pub fn next_id(txn: &WriteTxn<'_>) -> Result<CategoryId> {
    ids::next(txn, "category").map(CategoryId)
}

pub fn by_id(txn: &impl Snapshot, id: CategoryId) -> Result<Option<Category>> {
    txn.table(CATEGORIES)?.get(id.0)?.map(|row| record::decode(row.value())).transpose()
}

/// The same, read once and kept until any category changes.
pub fn kept(txn: &ReadTxn, id: CategoryId) -> Result<Option<Arc<Category>>> {
    if !txn.reading.is_exact {
        return Ok(by_id(txn, id)?.map(Arc::new));
    }
    let cache = &txn.shared.categories;
    if let Some((number, category)) = cache.get(&id)
        && number <= txn.number()
        && !txn.shared.fresh.changed_since(&[Scope::Frame], number)
    {
        return Ok(Some(category));
    }
    let Some(category) = by_id(txn, id)?.map(Arc::new) else { return Ok(None) };
    cache.insert(id, (txn.number(), Arc::clone(&category)));
    Ok(Some(category))
}

pub fn by_slug(txn: &impl Snapshot, slug: &Slug) -> Result<Option<Category>> {
    let id = txn.table(CATEGORY_BY_SLUG)?.get(slug.as_str())?.map(|row| row.value());
    id.map_or(Ok(None), |id| by_id(txn, CategoryId(id)))
}

/// Every category, by name.
pub fn all(txn: &impl Snapshot) -> Result<Vec<Category>> {
    let mut categories = Vec::new();
    for row in txn.table(CATEGORIES)?.iter()? {
        categories.push(record::decode::<Category>(row?.1.value())?);
    }
    categories.sort_by_key(|category| category.name.to_lowercase());
    Ok(categories)
}

/// Stores a new or changed category. A taken address is an error of the field `slug`.
pub fn put(txn: &WriteTxn<'_>, category: &Category) -> Result<()> {
    if let Some(old) = by_id(txn, category.id)?
        && old.slug != category.slug
    {
        txn.open(CATEGORY_BY_SLUG)?.remove(old.slug.as_str())?;
    }
    let taken = txn.open(CATEGORY_BY_SLUG)?.insert(category.slug.as_str(), category.id.0)?.map(|row| row.value());
    if taken.is_some_and(|other| other != category.id.0) {
        return Err(Error::field("slug", "Another category has this address. Please choose another."));
    }
    txn.open(CATEGORIES)?.insert(category.id.0, record::encode(category)?.as_slice())?;
    // Its name stands on every post it holds.
    txn.touch(Scope::Frame);
    Ok(())
}

/// Removes a category. Posts must have left it before, in the same transaction.
pub fn remove(txn: &WriteTxn<'_>, category: &Category) -> Result<()> {
    txn.open(CATEGORY_BY_SLUG)?.remove(category.slug.as_str())?;
    txn.open(CATEGORIES)?.remove(category.id.0)?;
    txn.touch(Scope::Frame);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn a_kept_category_is_the_one_that_is_stored() {
        let store = Store::memory().unwrap();
        let id = CategoryId(1);
        for name in ["Owls", "Birds"] {
            let slug = Slug::parse(&name.to_lowercase()).unwrap();
            let category = Category { id, slug, name: name.into(), description: String::new() };
            let stored = category.clone();
            store.write_blocking(move |txn| put(txn, &stored)).unwrap();
            for _ in 0..2 {
                assert_eq!(kept(&store.read().unwrap(), id).unwrap().as_deref(), Some(&category));
            }
        }
        store.write_blocking(move |txn| by_id(txn, id)?.map_or(Ok(()), |category| remove(txn, &category))).unwrap();
        assert_eq!(kept(&store.read().unwrap(), id).unwrap(), None);
    }
}
