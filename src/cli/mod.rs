//! Commands, configuration, exit codes.

mod accounts;
#[cfg(unix)]
mod admin_socket;
mod args;
mod backup;
mod check;
mod commands;
mod help;
mod import;
mod serve;
mod terminal;
mod try_it;
mod user;

use crate::cli::args::Request;
use crate::error::Error;
use crate::store::if_damaged;
use std::ffi::OsString;
use std::process::ExitCode;

/// What a command comes to.
type Outcome = Result<(), Failure>;

/// Why a command ended without being done.
#[derive(Debug)]
enum Failure {
    /// The words make no sense; says what would.
    Usage(String),
    Error(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Error(error)
    }
}

/// Runs the program with these arguments, its own name not among them.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let outcome = args::parse(args, |name| std::env::var(name).ok()).and_then(|request| match request {
        Request::Run(call) => if_damaged(|| (call.command.run)(&call))?,
        Request::Help(words) => {
            terminal::say(help::text(&words)?.trim_end());
            Ok(())
        }
        Request::Version => {
            terminal::say(concat!("pamphlet ", env!("CARGO_PKG_VERSION")));
            Ok(())
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal::note(format!("pamphlet: {}", message(&failure)));
            ExitCode::from(exit_code(&failure))
        }
    }
}

fn message(failure: &Failure) -> String {
    match failure {
        Failure::Usage(message) => message.clone(),
        Failure::Error(error) => error.to_string(),
    }
}

fn exit_code(failure: &Failure) -> u8 {
    match failure {
        Failure::Usage(_) => 2,
        Failure::Error(Error::DataFile(_)) => 3,
        Failure::Error(_) => 1,
    }
}
