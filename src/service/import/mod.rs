//! Brings in Markdown files with front matter, again and again without doubling anything.
//!
//! Heads first: addresses are given out before any text is read, so that texts can link to each
//! other. Then each text with its images, a bounded number in one commit.

mod addresses;
mod authors;
mod batch;
mod dates;
mod heads;
mod html;
mod images;
mod kinds;
mod languages;
mod names;
mod permalinks;
mod plan;
mod put;
mod remarks;
mod report;
mod scan;
mod site;
mod targets;
#[cfg(test)]
mod tests;

use crate::content::highlight::Grammars;
use crate::content::interchange;
use crate::content::markdown;
use crate::content::relink::{self, Change, Use};
use crate::domain::media::{Media, alt_text};
use crate::domain::post::{Kind, MAX_EXCERPT, PostInput, ValidPost};
use crate::domain::text;
use crate::domain::time::Zone;
use crate::error::{Error, Result};
use crate::service::import::authors::Authors;
use crate::service::import::heads::{Header, Read, Reader};
use crate::service::import::images::Images;
use crate::service::import::languages::Languages;
use crate::service::import::plan::Plan;
use crate::service::import::put::{Rehearsal, Taken};
use crate::service::import::scan::Tree;
use crate::service::import::site::Site;
use crate::service::import::targets::{Target, Targets};
use crate::service::{App, media, settings, writing};
use crate::store;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

pub use crate::service::import::report::{Count, Counts, Remark, Report};

/// Changes when the same file would become something else than before.
const VERSION: &str = "pamphlet markdown import 4";
/// About a file that is no post.
const PASSED_OVER: &str = "It is about the folder and is passed over; with front matter it would be taken.";
/// Posts in one commit.
const BATCH: usize = 50;

/// Whether anything is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Write,
    DryRun,
}

/// How an import is done.
#[derive(Debug, Clone)]
pub struct Options {
    pub mode: Mode,
    /// The pattern of the old addresses, where the site's configuration does not tell, as `/:year/:month/:title/`.
    pub permalink: Option<String>,
    /// The path under which the old site was served, as `/blog`.
    pub base: Option<String>,
}

impl From<Mode> for Options {
    fn from(mode: Mode) -> Options {
        Options { mode, permalink: None, base: None }
    }
}

/// How far it is.
pub struct Progress<'a> {
    pub done: usize,
    pub total: usize,
    /// The file at hand.
    pub file: &'a str,
}

struct Run<'a> {
    app: &'a App,
    mode: Mode,
    site: &'a Site,
    tree: Tree,
    report: Report,
    targets: Targets<'a>,
    zone: Zone,
    language: String,
    images: Images<'a>,
    grammars: Grammars,
    rehearsal: Rehearsal,
    batch: Vec<Taken>,
}

/// Imports `path`, a folder or one file. What cannot be taken is in the report; an error means
/// that nothing more could be done.
pub fn markdown(app: &App, path: &Path, options: &Options, progress: &mut dyn FnMut(&Progress<'_>)) -> Result<Report> {
    let (mode, settings) = (options.mode, settings::current(&app.read()?)?);
    let (site, mut tree) = look(path, options)?;
    let report = Report {
        generator: site.generator(),
        sections: tree.sections,
        refused: std::mem::take(&mut tree.problems),
        passed_over: std::mem::take(&mut tree.others),
        ..Report::default()
    };
    let targets = Targets::new(tree.root.clone(), &site);
    let mut run = Run {
        app,
        mode,
        site: &site,
        tree,
        report,
        targets,
        zone: settings.zone(),
        language: settings.language.clone(),
        images: Images::new(app, mode),
        grammars: Grammars::default(),
        rehearsal: Rehearsal::default(),
        batch: Vec::new(),
    };
    let headers = run.headers(options.permalink.as_deref());
    let plans = plan::plan(&app.read()?, headers, &mut run.targets)?;
    run.report.example = plans.iter().rev().find_map(|plan| {
        let old =
            plan.old_paths.iter().chain(&plan.default_paths).find(|path| **path != format!("/posts/{}", plan.slug))?;
        Some((old.clone(), format!("/posts/{}", plan.slug)))
    });
    for (done, plan) in plans.iter().enumerate() {
        progress(&Progress { done, total: plans.len(), file: &plan.header.key });
        run.take(plan)?;
        if run.batch.len() >= BATCH {
            run.flush()?;
        }
    }
    run.flush()?;
    progress(&Progress { done: plans.len(), total: plans.len(), file: "" });
    run.report.images = run.images.stored;
    run.report.files = run.images.files;
    Ok(run.report)
}

/// Finds out whether there is anything to import, without a data file.
pub fn check(path: &Path) -> Result<()> {
    look(path, &Mode::DryRun.into()).map(drop)
}

/// The files, and the site that they belong to.
fn look(path: &Path, options: &Options) -> Result<(Site, Tree)> {
    let canonical = path.canonicalize().ok();
    let folder = canonical.as_deref().and_then(|path| if path.is_dir() { Some(path) } else { path.parent() });
    let mut site = folder.map(site::find).unwrap_or_default();
    if let Some(base) = &options.base {
        site.set_base(base);
    }
    let whole = site.generator().map(|_| site.root.clone());
    let tree = scan::tree(path, whole.as_deref())?;
    Ok((site, tree))
}

/// Under this name a file is remembered.
fn import_key(key: &str) -> String {
    format!("markdown:{key}")
}

impl Run<'_> {
    /// The heads of all files, the oldest first: posts are numbered in the order of their dates.
    fn headers(&mut self, permalink: Option<&str>) -> Vec<Header> {
        let paths: Vec<String> =
            self.tree.keys.iter().map(|key| kinds::stem(&self.site.path_of(key)).to_owned()).collect();
        let languages = Languages::new(self.site, &paths);
        let authors = Authors::find(self.site, &self.tree.root);
        let reader = Reader {
            tree: &self.tree,
            site: self.site,
            languages: &languages,
            authors: &authors,
            permalink,
            zone: &self.zone,
            language: &self.language,
            now: self.app.now(),
        };
        let mut headers = Vec::new();
        for key in &self.tree.keys {
            match reader.read(key) {
                Ok(Read::Head(header)) => headers.push(*header),
                Ok(Read::About) => self.report.remarks.push((key.clone(), PASSED_OVER.into())),
                Ok(Read::Other(kind)) => self.report.passed_over.add(kind, key),
                Err(reason) => self.report.refused.push((key.clone(), reason)),
            }
        }
        // Of a post and its translation the post comes first.
        headers.sort_by(|a, b| (a.date, a.marked.is_some(), &a.key).cmp(&(b.date, b.marked.is_some(), &b.key)));
        headers
    }

    fn take(&mut self, plan: &Plan) -> Result<()> {
        let key = &plan.header.key;
        let frame = self.site.frame(&self.site.path_of(key));
        let (bytes, document) = match self.tree.read(key, &frame) {
            Ok(read) => read,
            Err(reason) => {
                self.report.refused.push((key.clone(), reason));
                return Ok(());
            }
        };
        let translated = interchange::translate(&document.body, self.tree.runs_liquid(key));
        let found = self.addresses(plan, &translated.text);
        let fingerprint = self.fingerprint(plan, &bytes, &found);
        if let Some(known) = &plan.known {
            if known.fingerprint == fingerprint && known.moved_from.is_none() {
                self.report.unchanged += 1;
                return Ok(());
            }
            if let Some(reason) = known.kept() {
                self.report.kept.push((key.clone(), reason.into()));
                return Ok(());
            }
        }
        self.remark(plan);
        self.constructs(key, &translated);
        let changes = self.bring(key, &found)?;
        let source =
            relink::relink(&translated.text, |_, address| changes.get(address).map(|(change, _)| change.clone()));
        let cover = document.cover.as_ref().and_then(|cover| changes.get(cover)).and_then(|(_, media)| media.clone());
        match self.checked(plan, source, cover).and_then(|valid| self.taken(plan, valid, fingerprint)) {
            Ok(taken) => self.batch.push(taken),
            Err(error @ Error::Internal(_)) => return Err(error),
            Err(error) => self.report.refused.push((key.clone(), error.to_string())),
        }
        Ok(())
    }

    /// Every address of the text and of the cover that this import sees to, once each.
    fn addresses(&self, plan: &Plan, body: &str) -> BTreeMap<String, Target> {
        let mut found = BTreeMap::new();
        let mut note = |usage, address: &str| {
            if !found.contains_key(address)
                && let Some(target) = self.targets.resolve(&plan.header.key, usage, address)
            {
                found.insert(address.to_owned(), target);
            }
        };
        if let Some(cover) = &plan.header.document.cover {
            note(Use::Image, cover);
        }
        relink::relink(body, |usage, address| {
            note(usage, address);
            None
        });
        found
    }

    /// A digest of all that decides what becomes of a file.
    fn fingerprint(&self, plan: &Plan, bytes: &[u8], found: &BTreeMap<String, Target>) -> String {
        let mut digest = Sha256::new();
        digest.update(VERSION);
        digest.update(Sha256::digest(bytes));
        if plan.header.draft {
            digest.update("draft");
        }
        // Another configuration gives other addresses.
        for path in &plan.old_paths {
            digest.update([1]);
            digest.update(path);
        }
        for (address, target) in found {
            digest.update([0]);
            digest.update(address);
            digest.update([0]);
            match target {
                Target::Post { key, .. } => digest.update(key),
                Target::Missing(reason) | Target::Gone(reason) => digest.update(reason),
                Target::File(file) => match std::fs::read(file) {
                    Ok(bytes) => digest.update(Sha256::digest(bytes)),
                    Err(_) => digest.update("unreadable"),
                },
            }
        }
        digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Brings in the images and says what each address becomes.
    fn bring(
        &mut self,
        key: &str,
        found: &BTreeMap<String, Target>,
    ) -> Result<HashMap<String, (Change, Option<Media>)>> {
        let mut changes = HashMap::new();
        for (address, target) in found {
            let (change, media) = match target {
                Target::Post { key: own, tail } if own == key && tail.starts_with('#') => {
                    (Change::To(tail.clone()), None)
                }
                Target::Post { key, tail } => match self.targets.path_of(key) {
                    Some(path) => (Change::To(format!("{path}{tail}")), None),
                    None => continue,
                },
                Target::Missing(reason) => {
                    let shown = address.strip_prefix(interchange::BY_NAME).unwrap_or(address);
                    self.report.missing.push((key.to_owned(), format!("{shown}: {reason}")));
                    (Change::Words, None)
                }
                Target::Gone(reason) => {
                    self.report.missing.push((key.to_owned(), format!("{address}: {reason}")));
                    continue;
                }
                Target::File(file) => match self.images.bring(file)? {
                    Ok(media) => (Change::To(media::source_address(&media)), Some(media)),
                    Err(reason) => {
                        let shown = address.strip_prefix(interchange::BY_NAME).unwrap_or(address);
                        self.report.missing.push((key.to_owned(), format!("{shown}: {reason}")));
                        (Change::Words, None)
                    }
                },
            };
            changes.insert(address.clone(), (change, media));
        }
        Ok(changes)
    }

    /// The fields of the editor, by the editor's rules.
    fn checked(&self, plan: &Plan, source: String, cover: Option<Media>) -> Result<ValidPost> {
        let document = &plan.header.document;
        let excerpt = text::tidied(document.excerpt.as_deref().unwrap_or_default(), MAX_EXCERPT);
        let alt = alt_text(document.cover_alt.as_deref().unwrap_or_default()).unwrap_or_default();
        let input = PostInput {
            title: text::tidied(&plan.header.title, usize::MAX),
            slug: plan.slug.to_string(),
            source,
            excerpt,
            comments_open: document.comments.unwrap_or(true),
            published_at: plan.header.date.rfc3339(),
            cover: cover.map(|media| media.picture(String::new())),
            cover_alt: alt,
            language: plan.header.language.clone().unwrap_or_default(),
            ..PostInput::default()
        };
        let mut valid = input.validate(Kind::Post, &self.zone)?;
        let more = document.categories.get(1..).unwrap_or_default();
        valid.tags = put::tags(&[document.tags.as_slice(), more].concat());
        if plan.header.undated {
            valid.published_at = None;
        }
        Ok(valid)
    }

    fn taken(&self, plan: &Plan, valid: ValidPost, fingerprint: String) -> Result<Taken> {
        let txn = self.app.read()?;
        let size_of = |id| {
            let stored = || store::media::by_id(&txn, id).ok().flatten().and_then(|media| media.size());
            self.images.size_of(id).or_else(stored)
        };
        let site = markdown::Site { links: self.app.links(), size_of: &size_of };
        let rendered = markdown::post_with(&valid.source, &site, &self.grammars);
        let rendered = writing::stored_form(self.app, writing::within_limits(rendered)?);
        let document = &plan.header.document;
        let site_zone = self.site.zone.as_ref().unwrap_or(&self.zone);
        let zones = names::Zones { blog: &self.zone, site: site_zone };
        let updated = document.updated.as_deref().and_then(dates::read).and_then(|written| zones.moment(&written));
        Ok(Taken {
            key: plan.header.key.clone(),
            fingerprint,
            old_paths: plan.old_paths.clone(),
            default_paths: plan.default_paths.clone(),
            text: plan.header.text.clone(),
            moved_from: plan.known.as_ref().and_then(|known| known.moved_from.clone()),
            authors: document.authors.clone(),
            category: document.categories.first().cloned(),
            draft: plan.header.draft,
            day_only: plan.header.day_only,
            date: plan.header.date,
            updated: updated.filter(|updated| *updated > plan.header.date),
            known: plan.known.as_ref().and_then(|known| known.head.as_ref()).map(|head| (head.id, head.version)),
            valid,
            rendered,
        })
    }
}
