//! How many files the process may have open: each connection is one.

/// Raises the soft limit to the hard one. It is low for the sake of programs that use `select`, which this one
/// does not. A failure changes nothing.
#[cfg(unix)]
pub fn raise_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => tracing::debug!(?current, ?maximum, "raised the limit of open files"),
        Err(error) => tracing::warn!(%error, ?current, ?maximum, "the limit of open files stays as it is"),
    }
}

/// There is no such limit.
#[cfg(not(unix))]
pub fn raise_limit() {}
