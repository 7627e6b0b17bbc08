//! Every setting, its default and its limits; values only.
