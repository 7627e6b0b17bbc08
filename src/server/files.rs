//! How many files the process may have open: each connection is one.

/// Files that are not connections: the data file and its copies, listeners, the log, what the runtime needs.
const OWN: u64 = 32;

/// How many of `wanted` connections fit into the limit of open files, which is raised as far as possible. Says so in
/// the log if there are fewer.
pub fn connections(wanted: usize) -> usize {
    raise_limit();
    let fitting = fitting(wanted, limit());
    if fitting < wanted {
        tracing::warn!(
            wanted,
            fitting,
            "the system allows too few open files (ulimit -n) for --max-connections: fewer connections are taken"
        );
    }
    fitting
}

/// A low limit is halved.
fn fitting(wanted: usize, files: Option<u64>) -> usize {
    let Some(files) = files else { return wanted };
    let fitting = files.saturating_sub(OWN).max(files / 2).max(1);
    wanted.min(usize::try_from(fitting).unwrap_or(usize::MAX))
}

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

#[cfg(unix)]
fn limit() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

/// There is no such limit.
#[cfg(not(unix))]
pub fn raise_limit() {}

#[cfg(not(unix))]
fn limit() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_rest() {
        assert_eq!(fitting(1_024, None), 1_024);
        assert_eq!(fitting(1_024, Some(4_096)), 1_024);
        assert_eq!(fitting(1_024, Some(256)), 224);
        assert_eq!(fitting(1_024, Some(40)), 20);
        assert_eq!(fitting(8, Some(256)), 8);
        assert_eq!(fitting(8, Some(0)), 1);
    }
}
