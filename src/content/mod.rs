//! Text in, text or pixels out: Markdown, sanitiser, highlighting, images, feeds; no I/O.
