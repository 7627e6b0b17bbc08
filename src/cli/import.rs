//! `pamphlet import markdown PATH`: progress while it runs, and a summary that names what is missing.

use crate::cli::args::Call;
use crate::cli::terminal::{counted, is_watched, note, say};
use crate::cli::{Failure, Outcome};
use crate::error::Error;
use crate::service::import::{self, Mode, Progress, Remark, Report};
use crate::service::{App, Clock, passwords};
use crate::store::{Opening, Store};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;
use std::time::Instant;

/// Lines of one list in the summary; the rest is counted.
const MAX_LINES: usize = 20;
/// Files between two lines where there is no bar.
const STEP: usize = 50;

pub fn markdown(call: &Call) -> Outcome {
    let started = Instant::now();
    let path = PathBuf::from(call.argument(0));
    let mode = if call.flag("dry-run")? { Mode::DryRun } else { Mode::Write };
    let app = open(call, mode)?;
    let mut shown = Shown::new();
    let report = import::markdown(&app, &path, mode, &mut |progress| shown.update(progress))?;
    shown.finish();
    summary(&report, mode).iter().for_each(say);
    say(format!("Took {:.1} s.", started.elapsed().as_secs_f64()));
    match report.refused.len() {
        0 => Ok(()),
        1 => Err(Error::Failed("One file could not be taken; it is named above with the reason.".into()).into()),
        count => {
            Err(Error::Failed(format!("{count} files could not be taken; they are named above with the reasons."))
                .into())
        }
    }
}

/// A dry run makes no data file and measures nothing.
fn open(call: &Call, mode: Mode) -> std::result::Result<App, Failure> {
    let mut config = call.config()?;
    if mode == Mode::DryRun {
        config.bcrypt_cost = Some(passwords::MIN_COST);
        if !config.data.exists() {
            return Ok(App::in_memory(Clock::System, config)?);
        }
    }
    let store = Store::open(&config.data, Opening::Create, config.cache_size())?;
    Ok(App::new(store, Clock::System, config)?)
}

/// A bar for a person, a line now and then for a log.
struct Shown {
    bar: Option<ProgressBar>,
}

impl Shown {
    fn new() -> Shown {
        let bar = is_watched().then(|| {
            let bar = ProgressBar::new(0);
            if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {eta:>4}  {wide_msg}") {
                bar.set_style(style);
            }
            bar
        });
        Shown { bar }
    }

    fn update(&mut self, progress: &Progress<'_>) {
        match &self.bar {
            Some(bar) => {
                bar.set_length(progress.total as u64);
                bar.set_position(progress.done as u64);
                bar.set_message(progress.file.to_owned());
            }
            None if progress.done > 0 && progress.done.is_multiple_of(STEP) => {
                note(format!("{} of {} files", progress.done, progress.total));
            }
            None => {}
        }
    }

    fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

fn summary(report: &Report, mode: Mode) -> Vec<String> {
    let mut lines = Vec::new();
    list(&mut lines, "Could not be taken", &report.refused);
    list(&mut lines, "Left as they are on the blog", &report.kept);
    list(&mut lines, "Named in a text, but not brought in", &report.missing);
    list(&mut lines, "To know", &report.remarks);
    if report.sections > 0 {
        let what = counted(report.sections, "section file");
        lines.push(format!("Passed over {what} (_index.md), which describe lists, not posts."));
    }
    let would = if mode == Mode::DryRun { "Dry run, nothing was written. It would be: " } else { "" };
    let posts = format!(
        "{would}{} ({}), {} changed, {} unchanged, {} left as they are, {} not taken.",
        counted(report.new, "new post"),
        counted(report.drafts, "draft"),
        report.changed,
        report.unchanged,
        report.kept.len(),
        report.refused.len()
    );
    lines.push(posts);
    lines.push(format!(
        "{} stored, {} made for authors, {} made, {} missing.",
        counted(report.images, "image"),
        counted(report.accounts, "account"),
        counted(report.categories, "category"),
        counted(report.missing.len(), "file")
    ));
    lines
}

fn list(lines: &mut Vec<String>, heading: &str, remarks: &[Remark]) {
    if remarks.is_empty() {
        return;
    }
    lines.push(format!("{heading}:"));
    lines.extend(remarks.iter().take(MAX_LINES).map(|(file, text)| format!("  {file}: {text}")));
    if remarks.len() > MAX_LINES {
        lines.push(format!("  … and {} more", remarks.len() - MAX_LINES));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_names_what_could_not_be_taken_and_stays_short() {
        let refused = (0..30).map(|number| (format!("{number}.md"), "Bad.".to_owned())).collect();
        let lines = summary(&Report { refused, new: 2, drafts: 1, ..Report::default() }, Mode::Write);
        assert_eq!(lines.len(), 1 + MAX_LINES + 1 + 2);
        assert_eq!(lines[1], "  0.md: Bad.");
        assert_eq!(lines[21], "  … and 10 more");
        assert_eq!(lines[22], "2 new posts (1 draft), 0 changed, 0 unchanged, 0 left as they are, 30 not taken.");
    }
}
