//! Property test: the store's posts and comments against a plain map.
