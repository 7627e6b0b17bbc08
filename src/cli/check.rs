//! stub
use crate::cli::args::Call;
use crate::cli::Outcome;
pub fn run(_: &Call) -> Outcome { Ok(()) }
