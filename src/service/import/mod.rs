//! Brings in Markdown files with front matter, again and again without doubling anything.
//!
//! Heads first: addresses are given out before any text is read, so that texts can link to each
//! other. Then each text with its images, a bounded number in one commit.

mod put;
mod scan;
mod targets;

use crate::content::image::MAX_UPLOAD;
use crate::content::markdown;
use crate::content::relink::{self, Use};
use crate::domain::id::UserId;
use crate::domain::media::{Media, MediaId, alt_text};
use crate::domain::post::{Kind, MAX_EXCERPT, PostHead, PostInput, ValidPost};
use crate::domain::slug::Slug;
use crate::domain::time::Zone;
use crate::error::{Error, Result};
use crate::service::import::put::Taken;
use crate::service::import::scan::{Header, Tree};
use crate::service::import::targets::{Target, Targets};
use crate::service::{App, media, settings, writing};
use crate::store;
use crate::store::imports::Imported;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Changes when the same file would become something else than before.
const VERSION: &str = "pamphlet markdown import 1";
/// Posts in one commit.
const BATCH: usize = 50;
/// Bytes of images in one commit.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

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

/// A file and a sentence about it.
pub type Remark = (String, String);

/// What came of an import.
#[derive(Debug, Default)]
pub struct Report {
    pub new: usize,
    pub changed: usize,
    pub unchanged: usize,
    /// Of the new and changed ones.
    pub drafts: usize,
    /// Images stored that were not there before.
    pub images: usize,
    /// Accounts made for authors.
    pub accounts: usize,
    /// Section files of a site generator, which are no posts.
    pub sections: usize,
    /// Files that could not be taken.
    pub refused: Vec<Remark>,
    /// Posts left as they are because somebody changed or deleted them on the blog.
    pub kept: Vec<Remark>,
    /// Images and files that a text names and that could not be brought in.
    pub missing: Vec<Remark>,
    /// Files that were taken, but not quite as they say.
    pub remarks: Vec<Remark>,
}

/// A file with its place on the blog.
struct Plan {
    header: Header,
    slug: Slug,
    known: Option<Known>,
}

/// What an earlier import made of a file.
struct Known {
    version: u32,
    fingerprint: String,
    /// `None` when it was deleted since.
    head: Option<PostHead>,
}

struct Run<'a> {
    app: &'a App,
    mode: Mode,
    tree: Tree,
    report: Report,
    targets: Targets,
    zone: Zone,
    /// What files of images became, so that each is looked at once.
    images: HashMap<PathBuf, std::result::Result<Media, String>>,
    sizes: HashMap<MediaId, (u32, u32)>,
    image_batch: Vec<(Media, Vec<u8>)>,
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
        images: HashMap::new(),
        sizes: HashMap::new(),
        image_batch: Vec::new(),
        batch: Vec::new(),
    };
    let headers = run.headers();
    let plans = run.plan(headers)?;
    for (done, plan) in plans.iter().enumerate() {
        progress(&Progress { done, total: plans.len(), file: &plan.header.key });
        run.take(plan)?;
        if run.batch.len() >= BATCH {
            run.flush()?;
        }
    }
    run.flush()?;
    progress(&Progress { done: plans.len(), total: plans.len(), file: "" });
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
            match self.tree.header(key, &self.zone) {
                Ok(header) => headers.push(header),
                Err(reason) => self.report.refused.push((key.clone(), reason)),
            }
        }
        headers.sort_by(|a, b| (a.date, &a.key).cmp(&(b.date, &b.key)));
        headers
    }

    /// Gives every file its address.
    fn plan(&mut self, headers: Vec<Header>) -> Result<Vec<Plan>> {
        let txn = self.app.read()?;
        let (mut plans, mut planned) = (Vec::new(), HashSet::new());
        for header in headers {
            let known = match store::imports::by_key(&txn, &import_key(&header.key))? {
                Some(Imported::Post { post, version, fingerprint }) => {
                    Some(Known { version, fingerprint, head: store::posts::by_id(&txn, post)? })
                }
                _ => None,
            };
            let head = known.as_ref().and_then(|known| known.head.as_ref());
            let gone = known.is_some() && head.is_none();
            let slug = match head.filter(|head| is_numbered(&head.slug, &header.slug)) {
                Some(head) => head.slug.clone(),
                None => free_slug(&header.slug, |slug| {
                    let holder = writing::holder(&txn, Kind::Post, slug)?;
                    Ok(!planned.contains(slug) && holder.is_none_or(|id| head.is_some_and(|head| head.id == id)))
                })?,
            };
            planned.insert(slug.clone());
            if !gone {
                self.targets.add(&header, slug.clone());
            }
            plans.push(Plan { header, slug, known });
        }
        Ok(plans)
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
        let found = self.addresses(plan, &document.body);
        let fingerprint = self.fingerprint(&bytes, &found);
        if let Some(known) = &plan.known {
            if known.fingerprint == fingerprint {
                self.report.unchanged += 1;
                return Ok(());
            }
            if let Some(reason) = kept(known) {
                self.report.kept.push((key.clone(), reason.into()));
                return Ok(());
            }
        }
        self.remark(plan);
        let changes = self.bring(key, &found)?;
        let source = relink::relink(&document.body, |_, address| changes.get(address).map(|(new, _)| new.clone()));
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
    fn fingerprint(&self, bytes: &[u8], found: &BTreeMap<String, Target>) -> String {
        let mut digest = Sha256::new();
        digest.update(VERSION);
        digest.update(Sha256::digest(bytes));
        for (address, target) in found {
            digest.update([0]);
            digest.update(address);
            digest.update([0]);
            match target {
                Target::Post { key, .. } => digest.update(key),
                Target::Missing(reason) => digest.update(reason),
                Target::Image(file) => match std::fs::read(file) {
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
    ) -> Result<HashMap<String, (String, Option<Media>)>> {
        let mut changes = HashMap::new();
        for (address, target) in found {
            match target {
                Target::Post { key, tail } => {
                    if let Some(path) = self.targets.path_of(key) {
                        changes.insert(address.clone(), (format!("{path}{tail}"), None));
                    }
                }
                Target::Missing(reason) => self.report.missing.push((key.to_owned(), format!("{address}: {reason}"))),
                Target::Image(file) => match self.image(file)? {
                    Ok(media) => {
                        changes.insert(address.clone(), (media::source_address(&media), Some(media)));
                    }
                    Err(reason) => self.report.missing.push((key.to_owned(), format!("{address}: {reason}"))),
                },
            }
        }
        Ok(changes)
    }

    fn image(&mut self, file: &Path) -> Result<std::result::Result<Media, String>> {
        if let Some(known) = self.images.get(file) {
            return Ok(known.clone());
        }
        let outcome = self.prepare(file);
        let media = match outcome {
            Ok((media, bytes)) => {
                self.sizes.insert(media.id, (media.width, media.height));
                let is_new = store::media::by_id(&self.app.read()?, media.id)?.is_none();
                let pending = self.image_batch.iter().any(|(other, _)| other.id == media.id);
                if is_new && !pending {
                    self.report.images += 1;
                    self.image_batch.push((media.clone(), bytes));
                }
                Ok(media)
            }
            Err(reason) => Err(reason),
        };
        self.images.insert(file.to_owned(), media.clone());
        if self.image_batch.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() > BATCH_BYTES {
            self.flush_images()?;
        }
        Ok(media)
    }

    fn prepare(&self, file: &Path) -> std::result::Result<(Media, Vec<u8>), String> {
        let unreadable = |cause: std::io::Error| format!("the file cannot be read: {cause}");
        let length = std::fs::metadata(file).map_err(unreadable)?.len();
        if length > MAX_UPLOAD as u64 {
            return Err(format!("the file has {length} bytes; at most {MAX_UPLOAD} can be taken"));
        }
        let bytes = std::fs::read(file).map_err(unreadable)?;
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        media::prepare(UserId(0), "image", &name, &bytes, self.app.now()).map_err(|error| match error {
            Error::Invalid(fields) => fields.into_iter().map(|field| field.message.into_owned()).collect(),
            other => other.to_string(),
        })
    }

    /// The fields of the editor, by the editor's rules.
    fn checked(&self, plan: &Plan, source: String, cover: Option<Media>) -> Result<ValidPost> {
        let document = &plan.header.document;
        let excerpt: String = document.excerpt.clone().unwrap_or_default().chars().take(MAX_EXCERPT).collect();
        let alt = alt_text(document.cover_alt.as_deref().unwrap_or_default()).unwrap_or_default();
        let input = PostInput {
            title: plan.header.title.clone(),
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
        if document.draft && plan.header.undated {
            valid.published_at = None;
        }
        Ok(valid)
    }

    fn taken(&self, plan: &Plan, valid: ValidPost, fingerprint: String) -> Result<Taken> {
        let txn = self.app.read()?;
        let size_of = |id| {
            let stored = || store::media::by_id(&txn, id).ok().flatten().map(|media| (media.width, media.height));
            self.sizes.get(&id).copied().or_else(stored)
        };
        let site = markdown::Site { links: self.app.links(), size_of: &size_of };
        let rendered = writing::stored_form(self.app, markdown::post(&valid.source, &site));
        let document = &plan.header.document;
        let updated = document.updated.as_deref().and_then(|text| scan::moment(text, &self.zone));
        Ok(Taken {
            key: plan.header.key.clone(),
            fingerprint,
            old_paths: plan.header.old_paths.clone(),
            authors: document.authors.clone(),
            category: document.category.clone(),
            draft: document.draft,
            date: plan.header.date,
            updated: updated.filter(|updated| *updated > plan.header.date),
            known: plan.known.as_ref().and_then(|known| known.head.as_ref()).map(|head| (head.id, head.version)),
            valid,
            rendered,
        })
    }

    fn remark(&mut self, plan: &Plan) {
        let (header, tags) = (&plan.header, &plan.header.document.tags);
        let mut remark = |text: String| self.report.remarks.push((header.key.clone(), text));
        if header.undated {
            remark("It has no date; the time the file was last changed is taken.".into());
        }
        if plan.slug != header.slug && plan.known.is_none() {
            remark(format!("Its address “{}” is taken; it is “{}” now.", header.slug, plan.slug));
        }
        if put::tags(tags).len() < tags.len() {
            remark("Some of its tags are doubled, too many or have no letter, and are left out.".into());
        }
    }

    fn flush(&mut self) -> Result<()> {
        self.flush_images()?;
        let batch = Arc::new(std::mem::take(&mut self.batch));
        if batch.is_empty() || self.mode == Mode::DryRun {
            batch.iter().for_each(|taken| self.count(taken));
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
            self.count(taken);
            self.report.accounts += done.accounts;
            let remarks = done.remarks.into_iter().map(|remark| (taken.key.clone(), remark));
            self.report.remarks.extend(remarks);
        }
        Ok(())
    }

    fn count(&mut self, taken: &Taken) {
        self.report.drafts += usize::from(taken.draft);
        if taken.known.is_some() {
            self.report.changed += 1;
        } else {
            self.report.new += 1;
        }
    }

    fn flush_images(&mut self) -> Result<()> {
        let images = std::mem::take(&mut self.image_batch);
        if images.is_empty() || self.mode == Mode::DryRun {
            return Ok(());
        }
        self.app.store.write_blocking(move |txn| {
            images.iter().try_for_each(|(media, bytes)| store::media::insert(txn, media, bytes).map(drop))
        })
    }
}

/// Why a changed file does not change its post.
fn kept(known: &Known) -> Option<&'static str> {
    match &known.head {
        None => Some("The post was deleted on the blog; the file is not brought in again."),
        Some(head) if head.version != known.version => {
            Some("The post was edited on the blog since; the changed file does not replace it.")
        }
        Some(_) => None,
    }
}

/// Whether `slug` is `wanted` or a numbered form of it.
fn is_numbered(slug: &Slug, wanted: &Slug) -> bool {
    slug == wanted
        || slug.as_str().rsplit_once('-').is_some_and(|(before, number)| {
            number.parse::<u32>().is_ok_and(|number| number > 1) && wanted.as_str().starts_with(before)
        })
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
