//! The only code that knows HTTP: routes, pipeline, cache, sessions.
