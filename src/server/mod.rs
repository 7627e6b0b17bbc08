//! Listener, limits, drain.
