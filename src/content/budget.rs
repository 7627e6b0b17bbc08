//! How much work one text may cause: colouring code, and what becomes of it as HTML.
//!
//! Work is counted in steps and bytes, so the same text always gives the same HTML. The processor's time is only the last
//! resort against a grammar that takes far longer than any that was measured.

use std::time::Duration;

/// Steps of colouring for one text. A page of code takes some 150,000.
const STEPS: u64 = 10_000_000;
/// Steps for compiling a grammar.
const COMPILING: u64 = 200_000;
/// Grammars that a text may use in turn without compiling one again; not more than `Grammars` keeps.
const KEPT: usize = 4;
/// Most time of the processor for colouring one text. Ordinary code within the steps takes less than a tenth of it.
const LATE: Duration = Duration::from_secs(10);
/// Most HTML that becomes of one text, in bytes.
pub const MAX_HTML: usize = 8 * 1024 * 1024;
/// Most elements in it: the sanitiser builds a tree of them.
pub const MAX_ELEMENTS: usize = 100_000;

/// What is left for one text.
#[derive(Debug)]
pub struct Budget {
    steps: u64,
    grammars: Vec<&'static str>,
    started: Option<Duration>,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { steps: STEPS, grammars: Vec::new(), started: None }
    }
}

impl Budget {
    /// Takes the steps for colouring `code`; `false`, and nothing is taken, if there are not enough.
    ///
    /// A grammar tries its patterns at each place of a line, and a pattern may look at all that follows: the work
    /// for a line grows with the square of its length.
    pub fn takes(&mut self, code: &str, grammar: &'static str) -> bool {
        let line = |line: &str| (line.len() as u64 + 16).pow(2);
        let is_compiled = self.grammars.contains(&grammar);
        let steps = code.lines().map(line).sum::<u64>() + if is_compiled { 0 } else { COMPILING };
        let Some(left) = self.steps.checked_sub(steps) else { return false };
        self.steps = left;
        self.grammars.retain(|known| *known != grammar);
        if self.grammars.len() >= KEPT {
            self.grammars.remove(0);
        }
        self.grammars.push(grammar);
        true
    }

    /// Whether colouring has taken too long. Then nothing more is coloured.
    pub fn is_late(&mut self) -> bool {
        let now = processor_time();
        let late = now.saturating_sub(*self.started.get_or_insert(now)) > LATE;
        if late {
            self.steps = 0;
        }
        late
    }
}

/// How long this thread has worked.
#[cfg(unix)]
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// Elsewhere the time that has passed stands for it.
#[cfg(not(unix))]
fn processor_time() -> Duration {
    std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default()
}

/// The limit that a text of so much HTML exceeds, as a sentence for the author.
pub fn exceeded(bytes: usize, elements: usize) -> Option<&'static str> {
    if bytes > MAX_HTML {
        return Some("The text becomes more than 8 MB of HTML. Please shorten it or divide it.");
    }
    if elements > MAX_ELEMENTS {
        return Some("The text has more than 100,000 links, cells, notes and other elements. Please divide it.");
    }
    None
}
