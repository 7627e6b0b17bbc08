//! Brings in Markdown files with front matter, again and again without doubling anything.
//!
//! Heads first: addresses are given out before any text is read, so that texts can link to each
//! other. Then each text with its images, a bounded number in one commit.

mod images;
mod names;
mod plan;
mod put;
mod report;
mod scan;
mod targets;
#[cfg(test)]
mod tests;

use crate::content::highlight::Grammars;
use crate::content::interchange::{self, Outcome, Translated};
use crate::content::markdown;
use crate::content::relink::{self, Change, Use};
use crate::domain::media::{Media, alt_text};
use crate::domain::post::{Kind, MAX_EXCERPT, PostInput, ValidPost};
use crate::domain::text;
use crate::domain::time::Zone;
use crate::error::{Error, Result};
use crate::service::import::images::Images;
use crate::service::import::plan::Plan;
use crate::service::import::put::{Rehearsal, Taken};
use crate::service::import::scan::{Header, Tree};
use crate::service::import::targets::{Target, Targets};
use crate::service::{App, media, settings, writing};
use crate::store;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

pub use crate::service::import::report::{Remark, Report};

/// Changes when the same file would become something else than before.
const VERSION: &str = "pamphlet markdown import 3";
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
    tree: Tree,
    report: Report,
    targets: Targets,
    zone: Zone,
    images: Images<'a>,
    grammars: Grammars,
    rehearsal: Rehearsal,
    batch: Vec<Taken>,
}

/// Imports `path`, a folder or one file. What cannot be taken is in the report; an error means
/// that nothing more could be done.
pub fn markdown(app: &App, path: &Path, mode: Mode, progress: &mut dyn FnMut(&Progress<'_>)) -> Result<Report> {
    let mut tree = scan::tree(path)?;
    let zone = settings::current(&app.read()?)?.zone();
    let report = Report { sections: tree.sections, refused: std::mem::take(&mut tree.problems), ..Report::default() };
    let targets = Targets::new(tree.root.clone());
    let mut run = Run {
        app,
        mode,
        tree,
        report,
        targets,
        zone,
        images: Images::new(app, mode),
        grammars: Grammars::default(),
        rehearsal: Rehearsal::default(),
        batch: Vec::new(),
    };
    let headers = run.headers();
    let plans = plan::plan(&app.read()?, headers, &mut run.targets)?;
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

/// Under this name a file is remembered.
fn import_key(key: &str) -> String {
    format!("markdown:{key}")
}

impl Run<'_> {
    /// The heads of all files, the oldest first: posts are numbered in the order of their dates.
    fn headers(&mut self) -> Vec<Header> {
        let mut headers = Vec::new();
        for key in &self.tree.keys {
            match self.tree.header(key, &self.zone, self.app.now()) {
                Ok(Some(header)) => headers.push(header),
                Ok(None) => self.report.remarks.push((key.clone(), PASSED_OVER.into())),
                Err(reason) => self.report.refused.push((key.clone(), reason)),
            }
        }
        headers.sort_by(|a, b| (a.date, &a.key).cmp(&(b.date, &b.key)));
        headers
    }

    fn take(&mut self, plan: &Plan) -> Result<()> {
        let key = &plan.header.key;
        let (bytes, document) = match self.tree.read(key) {
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
            if known.fingerprint == fingerprint {
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
        match self.checked(plan, source, cover) {
            Ok(valid) => self.batch.push(self.taken(plan, valid, fingerprint)?),
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
        for (address, target) in found {
            digest.update([0]);
            digest.update(address);
            digest.update([0]);
            match target {
                Target::Post { key, .. } => digest.update(key),
                Target::Missing(reason) => digest.update(reason),
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
            ..PostInput::default()
        };
        let mut valid = input.validate(Kind::Post, &self.zone)?;
        valid.tags = put::tags(&document.tags);
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
        let rendered = writing::stored_form(self.app, markdown::post_with(&valid.source, &site, &self.grammars));
        let document = &plan.header.document;
        let updated = document.updated.as_deref().and_then(|text| names::moment(text, &self.zone));
        Ok(Taken {
            key: plan.header.key.clone(),
            fingerprint,
            old_paths: plan.header.old_paths.clone(),
            default_paths: plan.header.default_paths.clone(),
            authors: document.authors.clone(),
            category: document.category.clone(),
            draft: plan.header.draft,
            date: plan.header.date,
            updated: updated.filter(|updated| *updated > plan.header.date),
            known: plan.known.as_ref().and_then(|known| known.head.as_ref()).map(|head| (head.id, head.version)),
            valid,
            rendered,
        })
    }

    /// Counts what was in the text that Markdown does not have.
    fn constructs(&mut self, key: &str, translated: &Translated) {
        for finding in &translated.findings {
            let outcome = match finding.outcome {
                Outcome::Translated => "translated",
                Outcome::Text => "left as text",
                Outcome::LeftOut => "not shown",
            };
            self.report.constructs.add(format!("{}, {outcome}", finding.kind), key);
        }
    }

    fn remark(&mut self, plan: &Plan) {
        let (header, tags) = (&plan.header, &plan.header.document.tags);
        let mut remark = |text: String| self.report.remarks.push((header.key.clone(), text));
        if header.undated && !header.document.draft {
            remark("It has no date, so it is a draft now.".into());
        }
        if plan.slug != header.slug && plan.known.is_none() {
            remark(format!("Its address “{}” is taken; it is “{}” now.", header.slug, plan.slug));
        }
        if put::tags(tags).len() < tags.len() {
            remark("Some of its tags are doubled, too many or have no letter, and are left out.".into());
        }
    }

    fn flush(&mut self) -> Result<()> {
        self.images.flush()?;
        let batch = Arc::new(std::mem::take(&mut self.batch));
        if self.mode == Mode::DryRun {
            return self.rehearse(&batch);
        }
        if batch.is_empty() {
            return Ok(());
        }
        match self.write(&batch, 0..batch.len()) {
            Ok(()) => Ok(()),
            // One of them is refused: each for itself, so that the others come in.
            Err(Error::Invalid(_) | Error::Conflict(_) | Error::NotFound(_)) => {
                for index in 0..batch.len() {
                    match (self.write(&batch, index..index + 1), batch.get(index)) {
                        (Err(error @ (Error::Invalid(_) | Error::Conflict(_) | Error::NotFound(_))), Some(taken)) => {
                            self.report.refused.push((taken.key.clone(), error.to_string()));
                        }
                        (outcome, _) => outcome?,
                    }
                }
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn write(&mut self, batch: &Arc<Vec<Taken>>, range: std::ops::Range<usize>) -> Result<()> {
        let (now, shared, part) = (self.app.now(), Arc::clone(batch), range.clone());
        let done = self.app.store.write_blocking(move |txn| {
            let posts = shared.get(part.clone()).unwrap_or_default();
            posts.iter().map(|taken| put::post(txn, taken, now)).collect::<Result<Vec<put::Done>>>()
        })?;
        for (taken, done) in batch.get(range).unwrap_or_default().iter().zip(done) {
            self.count(taken, done);
        }
        Ok(())
    }

    fn rehearse(&mut self, batch: &[Taken]) -> Result<()> {
        let txn = self.app.read()?;
        for taken in batch {
            let done = self.rehearsal.post(&txn, taken)?;
            self.count(taken, done);
        }
        Ok(())
    }

    fn count(&mut self, taken: &Taken, done: put::Done) {
        self.report.accounts += done.accounts;
        self.report.categories += done.categories;
        self.report.remarks.extend(done.remarks.into_iter().map(|remark| (taken.key.clone(), remark)));
        self.report.drafts += usize::from(taken.draft);
        if taken.known.is_some() {
            self.report.changed += 1;
        } else {
            self.report.new += 1;
        }
    }
}
