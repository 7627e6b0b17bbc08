//! Commands, configuration, exit codes.
