//! Gives every file its place on the blog before any text is looked at.

use crate::domain::post::{Kind, PostHead};
use crate::domain::slug::Slug;
use crate::error::{Error, Result};
use crate::service::import::import_key;
use crate::service::import::scan::Header;
use crate::service::import::targets::Targets;
use crate::service::{ReadTxn, writing};
use crate::store;
use crate::store::imports::Imported;
use std::collections::HashSet;

/// A file with its place on the blog.
pub struct Plan {
    pub header: Header,
    pub slug: Slug,
    pub known: Option<Known>,
}

/// What an earlier import made of a file.
pub struct Known {
    pub version: u32,
    pub fingerprint: String,
    /// `None` when it was deleted since.
    pub head: Option<PostHead>,
}

impl Known {
    /// Why a changed file does not change its post.
    pub fn kept(&self) -> Option<&'static str> {
        match &self.head {
            None => Some("The post was deleted on the blog; the file is not brought in again."),
            Some(head) if head.version != self.version => {
                Some("The post was edited on the blog since; the changed file does not replace it.")
            }
            Some(_) => None,
        }
    }
}

/// Gives every file its address, in the order given, and tells `targets`.
pub fn plan(txn: &ReadTxn, headers: Vec<Header>, targets: &mut Targets) -> Result<Vec<Plan>> {
    let (mut plans, mut planned) = (Vec::new(), HashSet::new());
    for header in headers {
        let known = known(txn, &header.key)?;
        let head = known.as_ref().and_then(|known| known.head.as_ref());
        let gone = known.is_some() && head.is_none();
        let slug = match head.filter(|head| is_numbered(&head.slug, &header.slug)) {
            Some(head) => head.slug.clone(),
            None => free_slug(&header.slug, |slug| {
                let holder = writing::holder(txn, Kind::Post, slug)?;
                Ok(!planned.contains(slug) && holder.is_none_or(|id| head.is_some_and(|head| head.id == id)))
            })?,
        };
        planned.insert(slug.clone());
        if !gone {
            targets.add(&header, slug.clone());
        }
        plans.push(Plan { header, slug, known });
    }
    keep_free_paths(&mut plans, targets);
    Ok(plans)
}

/// What a front matter or a post asks for is never taken by an address that a generator would make.
fn keep_free_paths(plans: &mut [Plan], targets: &mut Targets) {
    let mut taken: HashSet<String> = plans.iter().map(|plan| format!("/posts/{}", plan.slug)).collect();
    taken.extend(plans.iter().flat_map(|plan| plan.header.old_paths.iter().cloned()));
    for plan in plans {
        plan.header.default_paths.retain(|path| taken.insert(path.clone()));
        targets.add_paths(&plan.header.key, &plan.header.default_paths);
    }
}

fn known(txn: &ReadTxn, key: &str) -> Result<Option<Known>> {
    Ok(match store::imports::by_key(txn, &import_key(key))? {
        Some(Imported::Post { post, version, fingerprint }) => {
            Some(Known { version, fingerprint, head: store::posts::by_id(txn, post)? })
        }
        _ => None,
    })
}

/// Whether `slug` is `wanted` or a numbered form of it.
fn is_numbered(slug: &Slug, wanted: &Slug) -> bool {
    let number = slug.as_str().rsplit_once('-').and_then(|(_, number)| number.parse().ok());
    slug == wanted || number.is_some_and(|number| wanted.numbered(number) == *slug)
}

/// `wanted`, numbered if that is what it takes.
fn free_slug(wanted: &Slug, is_free: impl Fn(&Slug) -> Result<bool>) -> Result<Slug> {
    for number in 1..10_000 {
        let slug = if number == 1 { wanted.clone() } else { wanted.numbered(number) };
        if is_free(&slug)? {
            return Ok(slug);
        }
    }
    Err(Error::Failed(format!("Too many posts want the address “{wanted}”.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numbered_slug_is_told_from_another() {
        let numbered = |slug, wanted| is_numbered(&Slug::parse(slug).unwrap(), &Slug::parse(wanted).unwrap());
        assert!(numbered("survey", "survey"));
        assert!(numbered("survey-2", "survey"));
        assert!(!numbered("survey-2", "surveying"));
        assert!(!numbered("survey-x", "survey"));
        assert!(!numbered("survey", "survey-2"));
    }
}
