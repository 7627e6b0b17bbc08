//! Brings in the images and other files that texts name, each once.

use crate::content::image::{self, MAX_UPLOAD};
use crate::domain::id::UserId;
use crate::domain::media::{Media, MediaId};
use crate::error::{Error, Result};
use crate::service::import::Mode;
use crate::service::import::targets::is_image;
use crate::service::media::MAX_FILE;
use crate::service::{App, media};
use crate::store;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// Bytes of images in one commit.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// The images and files of an import.
pub struct Images<'a> {
    app: &'a App,
    mode: Mode,
    /// What files became, or why they could not be taken.
    seen: HashMap<PathBuf, std::result::Result<Media, String>>,
    sizes: HashMap<MediaId, (u32, u32)>,
    kept: HashSet<MediaId>,
    batch: Vec<(Media, Vec<u8>)>,
    /// Images stored that were not there before.
    pub stored: usize,
    /// The same of other files.
    pub files: usize,
}

impl<'a> Images<'a> {
    /// None yet.
    pub fn new(app: &'a App, mode: Mode) -> Images<'a> {
        Images {
            app,
            mode,
            seen: HashMap::new(),
            sizes: HashMap::new(),
            kept: HashSet::new(),
            batch: Vec::new(),
            stored: 0,
            files: 0,
        }
    }

    /// Width and height of an image of this import.
    pub fn size_of(&self, id: MediaId) -> Option<(u32, u32)> {
        self.sizes.get(&id).copied()
    }

    /// What a file becomes, or a reason why it cannot be taken.
    pub fn bring(&mut self, file: &Path) -> Result<std::result::Result<Media, String>> {
        if let Some(seen) = self.seen.get(file) {
            return Ok(seen.clone());
        }
        let outcome = match self.prepare(file) {
            Ok((media, bytes)) => {
                self.keep(&media, bytes)?;
                Ok(media)
            }
            Err(reason) => Err(reason),
        };
        self.seen.insert(file.to_owned(), outcome.clone());
        Ok(outcome)
    }

    fn keep(&mut self, media: &Media, bytes: Vec<u8>) -> Result<()> {
        if let Some(size) = media.size() {
            self.sizes.insert(media.id, size);
        }
        let again = !self.kept.insert(media.id);
        if !again && store::media::by_id(&self.app.read()?, media.id)?.is_none() {
            *if media.size().is_some() { &mut self.stored } else { &mut self.files } += 1;
            self.batch.push((media.clone(), bytes));
        }
        if self.batch.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() > BATCH_BYTES { self.flush() } else { Ok(()) }
    }

    fn prepare(&self, file: &Path) -> std::result::Result<(Media, Vec<u8>), String> {
        let unreadable = |cause: std::io::Error| format!("the file cannot be read: {cause}");
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let length = std::fs::metadata(file).map_err(unreadable)?.len();
        let limit = if is_image(&name) { MAX_UPLOAD } else { MAX_FILE };
        if length > limit as u64 {
            return Err(format!("the file has {length} bytes; at most {limit} can be taken"));
        }
        let bytes = std::fs::read(file).map_err(unreadable)?;
        if !is_image(&name) && image::kind(&bytes).is_none() {
            return Ok((media::file(UserId(0), &name, &bytes, self.app.now()), bytes));
        }
        media::prepare(UserId(0), "image", &name, &bytes, self.app.now()).map_err(|error| match error {
            Error::Invalid(fields) => fields.into_iter().map(|field| field.message.into_owned()).collect(),
            other => other.to_string(),
        })
    }

    /// Stores what was brought in since the last time.
    pub fn flush(&mut self) -> Result<()> {
        let images = std::mem::take(&mut self.batch);
        if images.is_empty() || self.mode == Mode::DryRun {
            return Ok(());
        }
        self.app.store.write_blocking(move |txn| {
            images.iter().try_for_each(|(media, bytes)| store::media::insert(txn, media, bytes).map(drop))
        })
    }
}
