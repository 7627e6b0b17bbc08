//! `pamphlet backup FILE`: a verified copy, while the file is served too.

use crate::cli::args::Call;
use crate::cli::terminal::{counted, human_size, say};
use crate::cli::{Failure, Outcome};
use crate::error::Error;
use crate::store::copy;
use std::path::PathBuf;
use std::time::Instant;

pub fn run(call: &Call) -> Outcome {
    let started = Instant::now();
    let from = call.config()?.data;
    let to = PathBuf::from(call.argument(0));
    let rows = copy::backup(&from, &to)?;
    let size = std::fs::metadata(&to).map_err(|cause| {
        Failure::Error(Error::Failed(format!("The backup “{}” cannot be read: {cause}.", to.display())))
    })?;
    say(format!(
        "Backed up “{}” to “{}”: {}, {}, verified, {:.1} s.",
        from.display(),
        to.display(),
        human_size(size.len()),
        counted(usize::try_from(rows).unwrap_or(usize::MAX), "record"),
        started.elapsed().as_secs_f64()
    ));
    Ok(())
}
