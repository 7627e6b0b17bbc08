//! Stores the posts of an import, a number of them in one commit, or counts what storing them would bring.

use crate::error::{Error, Result};
use crate::service::import::put::{self, Taken};
use crate::service::import::{Mode, Run};
use std::sync::Arc;

impl Run<'_> {
    /// Stores what was taken since the last time.
    pub(super) fn flush(&mut self) -> Result<()> {
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
