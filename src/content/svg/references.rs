//! What parts of a drawing repeat each other, so that a small file cannot make a browser draw for minutes.

use std::collections::HashMap;

/// Most elements that references may repeat, each time counted.
const MAX_DRAWN: u64 = 200_000;

/// The parts of a drawing that have an id, with what they hold and refer to.
#[derive(Debug, Default)]
pub struct References {
    parts: HashMap<String, Part>,
    /// Ids of the open elements; `None` for those without.
    open: Vec<Option<String>>,
    /// The targets of all references.
    used: Vec<String>,
}

#[derive(Debug, Default)]
struct Part {
    elements: u64,
    /// Ids of parts in it, and those it refers to.
    uses: Vec<String>,
}

impl References {
    /// An element begins.
    pub fn open(&mut self, id: Option<&str>) {
        if let Some(id) = id {
            self.belongs(id);
        }
        self.open.push(id.map(str::to_owned));
        if let Some(around) = self.open.iter().rev().flatten().next() {
            self.parts.entry(around.clone()).or_default().elements += 1;
        }
    }

    /// The element that began last repeats the one with this id.
    pub fn repeats(&mut self, id: &str) {
        self.used.push(id.to_owned());
        self.belongs(id);
    }

    /// The element that began last has an attribute or a text with CSS.
    pub fn css(&mut self, value: &str) {
        for rest in value.split("url(").skip(1) {
            let rest = rest.trim_start_matches(['"', '\'', '#', ' ']);
            self.repeats(rest.split(['"', '\'', ')']).next().unwrap_or_default().trim());
        }
    }

    /// The element that began last among the open ones ends.
    pub fn close(&mut self) {
        self.open.pop();
    }

    /// Whether all that references repeat stays within bounds. What repeats itself does not.
    pub fn are_bounded(&self) -> bool {
        let mut counts = HashMap::new();
        let mut drawn = 0u64;
        for target in &self.used {
            let Some(count) = self.count(target, &mut counts) else { return false };
            drawn = drawn.saturating_add(count);
        }
        drawn <= MAX_DRAWN
    }

    fn belongs(&mut self, id: &str) {
        if let Some(around) = self.open.iter().rev().flatten().next() {
            self.parts.entry(around.clone()).or_default().uses.push(id.to_owned());
        }
    }

    /// Elements that one reference repeats; `None` if it repeats itself. In `counts` stands what is known, and nothing
    /// for parts whose count has begun. A stack instead of recursion: how deep parts refer to each other is up to the
    /// file.
    fn count<'a>(&'a self, target: &'a str, counts: &mut HashMap<&'a str, Option<u64>>) -> Option<u64> {
        if let Some(known) = counts.get(target) {
            return *known;
        }
        counts.insert(target, None);
        let mut stack = vec![(target, 0)];
        while let Some((id, next)) = stack.last_mut() {
            let part = self.parts.get(*id);
            if let Some(used) = part.and_then(|part| part.uses.get(*next)) {
                match counts.get(used.as_str()) {
                    Some(Some(_)) => *next += 1,
                    Some(None) => return None,
                    None => {
                        counts.insert(used, None);
                        stack.push((used, 0));
                    }
                }
                continue;
            }
            let of = |used: &String| counts.get(used.as_str()).copied().flatten().unwrap_or(0);
            let sum = part.map_or(0, |part| part.uses.iter().map(of).fold(part.elements, u64::saturating_add));
            counts.insert(id, Some(sum));
            stack.pop();
        }
        counts.get(target).copied().flatten()
    }
}
