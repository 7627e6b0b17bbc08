//! The program: `cli::run` and its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    pamphlet::cli::run(std::env::args_os().skip(1))
}
