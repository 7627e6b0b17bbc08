//! `pamphlet import markdown PATH`: progress while it runs, and a summary that names what is missing.

use crate::cli::args::Call;
use crate::cli::terminal::{counted, is_watched, note, say};
use crate::cli::{Failure, Outcome};
use crate::error::Error;
use crate::service::import::{self, Count, Counts, Mode, Options, Progress, Remark, Report};
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
    let options = Options { mode, permalink: call.option("permalink"), base: call.option("base") };
    import::check(&path)?;
    let data = call.config()?.data;
    let is_new = mode == Mode::Write && !data.exists();
    let app = open(call, mode)?;
    let mut shown = Shown::new();
    let imported = import::markdown(&app, &path, &options, &mut |progress| shown.update(progress));
    shown.finish();
    drop(app);
    if is_new && imported.as_ref().map_or(true, |report| report.taken() == 0) {
        // A blog with nothing in it would only be in the way of the next attempt.
        std::fs::remove_file(&data)
            .map_err(|cause| Error::Failed(format!("“{}” cannot be removed: {cause}.", data.display())))?;
    }
    let report = imported?;
    if let Some(file) = call.option("report") {
        let text = summary(&report, mode, None).join("\n") + "\n";
        std::fs::write(&file, text)
            .map_err(|cause| Error::Failed(format!("The report cannot be written to “{file}”: {cause}.")))?;
    }
    summary(&report, mode, Some(MAX_LINES)).iter().for_each(say);
    say(format!("Took {:.1} s.", started.elapsed().as_secs_f64()));
    outcome(&report)
}

fn outcome(report: &Report) -> Outcome {
    let message = match report.refused.len() {
        0 if report.taken() > 0 => return Ok(()),
        0 => "Nothing was imported: there is no Markdown file with a post here.".to_owned(),
        1 => "One file could not be taken; it is named above with the reason.".to_owned(),
        count => format!("{count} files could not be taken; they are named above with the reasons."),
    };
    Err(Error::Failed(message).into())
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

/// What came of it, with at most `most` lines in each list.
fn summary(report: &Report, mode: Mode, most: Option<usize>) -> Vec<String> {
    let mut lines = Vec::new();
    let mut list = |heading: &str, entries: Vec<String>| {
        let shown = most.unwrap_or(entries.len()).min(entries.len());
        lines.extend((!entries.is_empty()).then(|| format!("{heading}:")));
        lines.extend(entries.iter().take(shown).map(|entry| format!("  {entry}")));
        if shown < entries.len() {
            lines.push(format!("  … and {} more; --report FILE names them all", entries.len() - shown));
        }
    };
    list("Could not be taken", named(&report.refused));
    list("Left as they are on the blog", named(&report.kept));
    list("Named in a text, but not brought in", named(&report.missing));
    list("To know", named(&report.remarks));
    list("In the texts", counts(&report.constructs, most));
    list("Passed over", counts(&report.passed_over, most));
    if report.sections > 0 {
        let what = counted(report.sections, "section file");
        lines.push(format!("Passed over {what} (_index.md), which describe lists, not posts."));
    }
    if let Some(generator) = report.generator {
        lines.push(format!("Old addresses are those of {generator}, by the configuration of the site."));
    }
    if let Some((old, new)) = &report.example {
        lines.push(format!("Old addresses lead to the posts, for example {old} to {new}."));
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

fn named(remarks: &[Remark]) -> Vec<String> {
    remarks.iter().map(|(file, text)| format!("{file}: {text}")).collect()
}

/// `3 Word in 2 files: a.docx, b.docx`; without a limit every file is named.
fn counts(counts: &Counts, most: Option<usize>) -> Vec<String> {
    let line = |count: Count<'_>| {
        let named = most.map_or(count.files.len(), |_| 3);
        let mut files: Vec<&str> = count.files.iter().take(named).map(|(file, _)| file.as_str()).collect();
        if files.len() < count.files.len() {
            files.push("…");
        }
        format!("{}: {} in {}: {}", count.kind, count.total, counted(count.files.len(), "file"), files.join(", "))
    };
    counts.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_names_what_could_not_be_taken_and_stays_short() {
        let refused = (0..30).map(|number| (format!("{number}.md"), "Bad.".to_owned())).collect();
        let report = Report { refused, new: 2, drafts: 1, ..Report::default() };
        assert!(summary(&report, Mode::Write, None).iter().any(|line| line == "  29.md: Bad."));
        let lines = summary(&report, Mode::Write, Some(MAX_LINES));
        assert_eq!(lines.len(), 1 + MAX_LINES + 1 + 2);
        assert_eq!(lines[1], "  0.md: Bad.");
        assert_eq!(lines[21], "  … and 10 more; --report FILE names them all");
        assert_eq!(lines[22], "2 new posts (1 draft), 0 changed, 0 unchanged, 0 left as they are, 30 not taken.");
    }
}
