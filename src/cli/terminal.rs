//! Writing to a terminal, a pipe or a full disk: none of them can end the program.

use std::io::{self, IsTerminal, Write};

/// A line for whoever asked, on standard output.
pub fn say(line: impl AsRef<str>) {
    // Nobody listens any more, or the disk is full: there is nowhere to say so.
    drop(write_line(io::stdout().lock(), line.as_ref()));
}

/// A line about how things go, on standard error.
pub fn note(line: impl AsRef<str>) {
    drop(write_line(io::stderr().lock(), line.as_ref()));
}

/// Whether a person sees standard error as it is written.
pub fn is_watched() -> bool {
    io::stderr().is_terminal()
}

fn write_line(mut out: impl Write, line: &str) -> io::Result<()> {
    out.write_all(format!("{line}\n").as_bytes())?;
    out.flush()
}

/// `count` with the right form of its noun: `1 post`, `2 posts`, `2 categories`, `2 addresses`.
pub fn counted(count: usize, noun: &str) -> String {
    match (count, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        (_, None) if noun.ends_with('s') => format!("{count} {noun}es"),
        (_, None) => format!("{count} {noun}s"),
    }
}

/// Bytes for people, in thousands: `1.4 MB`.
pub fn human_size(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["bytes", "kB", "MB"] {
        if value < 999.5 {
            return if unit == "bytes" { format!("{bytes} bytes") } else { format!("{value:.1} {unit}") };
        }
        value /= 1_000.0;
    }
    format!("{value:.1} GB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_counts_read_well() {
        assert_eq!(human_size(12), "12 bytes");
        assert_eq!(human_size(1_440_000), "1.4 MB");
        assert_eq!(human_size(25_300_000_000), "25.3 GB");
        assert_eq!(counted(1, "post"), "1 post");
        assert_eq!(counted(0, "post"), "0 posts");
        assert_eq!(counted(2, "category"), "2 categories");
        assert_eq!(counted(2, "old address"), "2 old addresses");
    }
}
