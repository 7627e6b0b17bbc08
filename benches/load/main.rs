//! The blog measured from outside: `cargo bench --bench load [-- NAME…]`; see `benches/README.md`.

mod api;
mod bare;
mod client;
mod comments;
mod disk;
mod fill;
mod http;
mod live;
mod logins;
mod memory;
mod process;
mod scale;
mod table;
mod yardstick;

use std::error::Error;
use std::path::PathBuf;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;
type Bench = fn() -> Result<()>;

const BENCHES: &[(&str, Bench)] = &[
    ("http", http::run),
    ("api", api::run),
    ("comments", comments::run),
    ("scale", scale::run),
    ("logins", logins::run),
    ("memory", memory::run),
    ("live", live::run),
];

fn main() -> Result<()> {
    // Cargo adds flags of its own.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    if let [first, answers] = words.as_slice()
        && first == bare::WORD
    {
        return bare::serve(answers.as_ref());
    }
    if let Some(unknown) = words.iter().find(|word| BENCHES.iter().all(|(name, _)| name != word)) {
        let names: Vec<&str> = BENCHES.iter().map(|(name, _)| *name).collect();
        return Err(format!("There is no benchmark “{unknown}”; there are {}.", names.join(", ")).into());
    }
    for (name, run) in BENCHES {
        if words.is_empty() || words.iter().any(|word| word == name) {
            println!("\n# {name}");
            run()?;
        }
    }
    Ok(())
}

/// A folder on a disk, not in memory, that is removed when dropped: beside the build, or where
/// `PAMPHLET_BENCH_DIR` says.
fn folder() -> Result<tempfile::TempDir> {
    let parent = std::env::var_os("PAMPHLET_BENCH_DIR").map_or(env!("CARGO_TARGET_TMPDIR").into(), PathBuf::from);
    Ok(tempfile::TempDir::with_prefix_in("bench-", parent)?)
}

/// Number from the environment.
fn number(name: &str, otherwise: u64) -> Result<u64> {
    match std::env::var(name) {
        Ok(text) => text.parse().map_err(|_| format!("{name} is no number: {text}").into()),
        Err(_) => Ok(otherwise),
    }
}
