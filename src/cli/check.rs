//! stub
use crate::cli::Outcome;
use crate::cli::args::Call;
pub fn run(_: &Call) -> Outcome {
    Ok(())
}
