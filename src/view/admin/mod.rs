//! Pages for writing and looking after the site.
