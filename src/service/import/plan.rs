//! Gives every file its place on the blog before any text is looked at.

use crate::domain::post::{Kind, PostHead};
use crate::domain::slug::Slug;
use crate::error::{Error, Result};
use crate::service::import::addresses::Rank;
use crate::service::import::heads::Header;
use crate::service::import::targets::Targets;
use crate::service::import::{import_key, kinds, names};
use crate::service::{ReadTxn, writing};
use crate::store;
use crate::store::imports::Imported;
use std::collections::{BTreeMap, HashMap, HashSet};

/// A file with its place on the blog.
pub struct Plan {
    pub header: Header,
    pub slug: Slug,
    pub known: Option<Known>,
    /// Old addresses that the file says it had.
    pub old_paths: Vec<String>,
    /// Old addresses that it is taken to have had.
    pub default_paths: Vec<String>,
}

/// What an earlier import made of a file.
pub struct Known {
    pub version: u32,
    pub fingerprint: String,
    /// `None` when it was deleted since.
    pub head: Option<PostHead>,
    /// The key that the file had then, if it has another now.
    pub moved_from: Option<String>,
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
    let mut earlier = Earlier::new(txn, &headers)?;
    let claims = Claims::new(&headers);
    let (mut plans, mut planned) = (Vec::new(), HashSet::new());
    for (index, header) in headers.into_iter().enumerate() {
        let known = earlier.known(txn, &header)?;
        let head = known.as_ref().and_then(|known| known.head.as_ref());
        let gone = known.is_some() && head.is_none();
        let slug = match head.filter(|head| is_numbered(&head.slug, &header.slug)) {
            Some(head) => head.slug.clone(),
            None => free_slug(&header, |slug| {
                let holder = writing::holder(txn, Kind::Post, slug)?;
                let is_own = holder.is_none_or(|id| head.is_some_and(|head| head.id == id));
                Ok(is_own && !planned.contains(slug) && claims.grant(index, slug))
            })?,
        };
        planned.insert(slug.clone());
        if !gone {
            targets.add(&header, slug.clone());
        }
        plans.push(Plan { header, slug, known, old_paths: Vec::new(), default_paths: Vec::new() });
    }
    claims.give(&mut plans, targets);
    Ok(plans)
}

/// Which file an old address belongs to: the one that is surest of it, of two that are the same the older post.
struct Claims(HashMap<String, (Rank, usize)>);

impl Claims {
    fn new(headers: &[Header]) -> Claims {
        let mut claims: HashMap<String, (Rank, usize)> = HashMap::new();
        for (index, header) in headers.iter().enumerate() {
            for address in &header.addresses {
                let holder = claims.entry(address.path.clone()).or_insert((address.rank, index));
                if address.rank < holder.0 {
                    *holder = (address.rank, index);
                }
            }
        }
        Claims(claims)
    }

    /// Whether the post `index` may be at this slug: the address of another file stays with that.
    fn grant(&self, index: usize, slug: &Slug) -> bool {
        let holder = self.0.get(&format!("/posts/{slug}"));
        holder.is_none_or(|(rank, holder)| *holder == index || *rank == Rank::Guess)
    }

    /// Gives every file the addresses that are its own.
    fn give(&self, plans: &mut [Plan], targets: &mut Targets) {
        let taken: HashSet<String> = plans.iter().map(|plan| format!("/posts/{}", plan.slug)).collect();
        for (index, plan) in plans.iter_mut().enumerate() {
            for address in std::mem::take(&mut plan.header.addresses) {
                let is_own = self.0.get(&address.path).is_some_and(|(_, holder)| *holder == index);
                if is_own && (address.rank <= Rank::Alias || !taken.contains(&address.path)) {
                    let sure = address.rank <= Rank::Alias;
                    if sure { &mut plan.old_paths } else { &mut plan.default_paths }.push(address.path);
                } else if address.is_asked_for() && !is_own {
                    let path = address.path;
                    plan.header.remarks.push(format!("The old address “{path}” leads to another post already."));
                }
            }
            targets.add_paths(&plan.header.key, &plan.old_paths);
            targets.add_paths(&plan.header.key, &plan.default_paths);
        }
    }
}

/// What earlier imports made, by key, as far as the present one has not found it yet.
struct Earlier {
    files: BTreeMap<String, Imported>,
    /// Keys of files that are not there any more, by digest of their text.
    absent: HashMap<String, Vec<String>>,
}

impl Earlier {
    fn new(txn: &ReadTxn, headers: &[Header]) -> Result<Earlier> {
        let files: BTreeMap<String, Imported> = store::imports::below(txn, &import_key(""))?.into_iter().collect();
        let present: HashSet<&str> = headers.iter().map(|header| header.key.as_str()).collect();
        let mut absent: HashMap<String, Vec<String>> = HashMap::new();
        for (key, imported) in &files {
            if let Imported::Post { text, .. } = imported
                && !present.contains(key.as_str())
            {
                absent.entry(text.clone()).or_default().push(key.clone());
            }
        }
        Ok(Earlier { files, absent })
    }

    fn known(&mut self, txn: &ReadTxn, header: &Header) -> Result<Option<Known>> {
        if let Some(known) = self.take(txn, &header.key)? {
            return Ok(Some(known));
        }
        let Some(key) = self.moved(txn, header)? else { return Ok(None) };
        let known = self.take(txn, &key)?;
        Ok(known.map(|known| Known { moved_from: Some(key), ..known }))
    }

    fn take(&mut self, txn: &ReadTxn, key: &str) -> Result<Option<Known>> {
        Ok(match self.files.remove(key) {
            Some(Imported::Post { post, version, fingerprint, .. }) => {
                Some(Known { version, fingerprint, head: store::posts::by_id(txn, post)?, moved_from: None })
            }
            _ => None,
        })
    }

    /// The key under which a file came in before it was moved or its root changed: one with the same text, of several
    /// the one with the same name; or one whose path ends like it and whose post has the same title.
    fn moved(&self, txn: &ReadTxn, header: &Header) -> Result<Option<String>> {
        let name = |key: &str| names::name_of(kinds::stem(key));
        let is_left = |key: &&String| self.files.contains_key(key.as_str());
        let same: Vec<&String> = match self.absent.get(&header.text).filter(|_| !header.text.is_empty()) {
            Some(keys) => keys.iter().filter(is_left).collect(),
            None => Vec::new(),
        };
        if let [only] = same.as_slice() {
            return Ok(Some((*only).clone()));
        }
        if let Some(key) = same.into_iter().find(|key| name(key) == name(&header.key)) {
            return Ok(Some(key.clone()));
        }
        let ends = |long: &str, short: &str| long.strip_suffix(short).is_some_and(|rest| rest.ends_with('/'));
        for key in self.absent.values().flatten().filter(is_left) {
            let alike = ends(key, &header.key) || ends(&header.key, key);
            if alike
                && name(key) == name(&header.key)
                && let Some(Imported::Post { post, .. }) = self.files.get(key)
                && store::posts::by_id(txn, *post)?.is_some_and(|head| head.title == header.title.trim())
            {
                return Ok(Some(key.clone()));
            }
        }
        Ok(None)
    }
}

/// Whether `slug` is `wanted` or a numbered form of it.
fn is_numbered(slug: &Slug, wanted: &Slug) -> bool {
    let number = slug.as_str().rsplit_once('-').and_then(|(_, number)| number.parse().ok());
    slug == wanted || number.is_some_and(|number| wanted.numbered(number) == *slug)
}

/// The slug that is asked for, with its language or a number if that is what it takes.
fn free_slug(header: &Header, is_free: impl Fn(&Slug) -> Result<bool>) -> Result<Slug> {
    let wanted = &header.slug;
    let translated = || Slug::from_title(&format!("{wanted}-{}", header.marked.as_deref()?));
    if !is_free(wanted)?
        && let Some(slug) = translated()
        && is_free(&slug)?
    {
        return Ok(slug);
    }
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
