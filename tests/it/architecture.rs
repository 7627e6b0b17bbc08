//! The rules of the house, read from the sources: direction, sizes, names, where libraries may appear.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Lowest first: a module names only itself and what stands before it.
const LAYERS: [&str; 11] =
    ["error", "config", "domain", "assets", "content", "store", "service", "view", "web", "server", "cli"];
/// Beyond the order: (who, never names).
const NEVER: [(&str, &str); 5] =
    [("view", "store"), ("view", "service"), ("view", "content"), ("web", "store"), ("server", "store")];
/// Names that say nothing about what a module does.
const EMPTY_NAMES: [&str; 14] = [
    "util", "utils", "helper", "helpers", "common", "misc", "shared", "manager", "managers", "handler", "handlers",
    "types", "type", "prelude",
];
const MAX_LINES: usize = 400;
/// Longest first sentence, in bytes.
const MAX_FIRST_SENTENCE: usize = 200;

/// A file of `src` without its tests.
struct Source {
    /// `web/pages/posts.rs`.
    path: String,
    text: String,
    code: String,
}

impl Source {
    fn layer(&self) -> &str {
        self.path.split(['/', '.']).next().unwrap()
    }

    /// The lines that are neither comments nor tests, with their numbers.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.code.lines().enumerate().map(|(index, line)| (index + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn sources() -> Vec<Source> {
    let folder = root().join("src");
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let path = path.strip_prefix(&folder).unwrap().to_str().unwrap().replace('\\', "/");
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
        Source { path, text, code }
    };
    let is_source = |path: &PathBuf| path.extension().is_some_and(|end| end == "rs");
    let mut sources: Vec<Source> = files(&folder).into_iter().filter(is_source).map(read).collect();
    assert!(sources.len() > 80, "only {} files found", sources.len());
    // A file that is declared for tests alone has no other code.
    let tests: Vec<String> = sources.iter().flat_map(test_modules).collect();
    for source in &mut sources {
        if tests.contains(&source.path) {
            source.code.clear();
        }
    }
    sources
}

/// Files that this one declares behind `#[cfg(test)]`.
fn test_modules(source: &Source) -> Vec<String> {
    let folder = source.path.strip_suffix("mod.rs").map_or_else(|| source.path.replace(".rs", "/"), str::to_owned);
    let lines: Vec<&str> = source.text.lines().collect();
    let pairs = lines.windows(2).filter(|pair| pair[0].trim() == "#[cfg(test)]" && pair[1].ends_with(';'));
    let names = pairs.filter_map(|pair| pair[1].split_once("mod ").map(|(_, name)| name.trim_end_matches(';')));
    names.map(|name| format!("{folder}{name}.rs")).collect()
}

/// Fails with every finding at once.
#[track_caller]
fn none(findings: Vec<String>) {
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

/// Every line of the given files that `wrong` says something about.
fn lines_that(wrong: impl Fn(&Source, &str) -> Option<String>) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources() {
        for (number, line) in source.lines() {
            if let Some(message) = wrong(&source, line) {
                findings.push(format!("src/{}:{number}: {message}: {}", source.path, line.trim()));
            }
        }
    }
    findings
}

/// Whether `word` stands in the line as a word of its own.
fn names(line: &str, word: &str) -> bool {
    let apart = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    line.match_indices(word)
        .any(|(at, _)| apart(line[..at].chars().next_back()) && apart(line[at + word.len()..].chars().next()))
}

/// What a path such as `crate::store::posts` names of our own: `store`.
fn own_modules(line: &str) -> Vec<&str> {
    let paths = line.match_indices("crate::").filter(|(at, _)| !line[..*at].ends_with('$'));
    paths.map(|(at, _)| line[at + 7..].split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap()).collect()
}

#[test]
fn modules_name_only_what_stands_below_them() {
    none(lines_that(|source, line| {
        let layer = source.layer();
        let height = LAYERS.iter().position(|known| *known == layer)?;
        own_modules(line).into_iter().find_map(|module| {
            let other = LAYERS.iter().position(|known| *known == module)?;
            let never = NEVER.contains(&(layer, module));
            (other > height || never).then(|| format!("{layer} may not name {module}"))
        })
    }));
}

#[test]
fn every_module_has_its_place_in_the_order() {
    let known = ["lib", "main"];
    none(
        sources()
            .iter()
            .map(Source::layer)
            .filter(|layer| !LAYERS.contains(layer) && !known.contains(layer))
            .map(|layer| format!("src/{layer} stands nowhere in the order of layers"))
            .collect(),
    );
}

#[test]
fn the_doors_of_the_web_do_not_know_each_other() {
    let doors = ["pages", "api", "graphql", "feeds"];
    none(lines_that(|source, line| {
        let mut parts = source.path.strip_prefix("web/")?.split(['/', '.']);
        let here = parts.next().filter(|part| doors.contains(part))?;
        let others = doors.iter().filter(|door| **door != here);
        others
            .into_iter()
            .find(|door| line.contains(&format!("web::{door}")))
            .map(|door| format!("{here} names {door}"))
    }));
}

#[test]
fn what_clients_write_is_counted() {
    none(lines_that(|source, line| {
        let uncounted = source.layer() == "web" && line.contains("app.commit(");
        uncounted.then(|| "commit_for counts the write, and so does Site::commit".to_owned())
    }));
}

#[test]
fn libraries_stay_where_they_belong() {
    // Word, where it may appear.
    let homes: &[(&str, &[&str])] = &[
        ("redb", &["store/"]),
        ("http", &["web/", "server/"]),
        ("hyper", &["web/", "server/"]),
        ("StatusCode", &["web/", "server/"]),
        ("HeaderMap", &["web/", "server/"]),
        ("maud", &["view/", "web/response.rs", "web/framed.rs", "web/pages/lists.rs"]),
        ("matchit", &["web/router.rs"]),
        ("PreEscaped", &["view/mod.rs"]),
        ("lexopt", &["cli/"]),
        ("indicatif", &["cli/"]),
    ];
    none(lines_that(|source, line| {
        let (word, _) = homes.iter().find(|(word, homes)| {
            // As a path or a name, not in a sentence: `http::`, `use http`, `StatusCode`.
            let named = line.contains(&format!("{word}::")) && names(line, word)
                || line.contains(&format!("use {word}"))
                || (word.starts_with(char::is_uppercase) && names(line, word));
            let at_home = homes.iter().any(|home| source.path.starts_with(home));
            named && !at_home
        })?;
        Some(format!("{word} is not for this file"))
    }));
    none(lines_that(|source, line| {
        let calm = ["domain", "content", "view", "error", "config", "assets"].contains(&source.layer());
        (calm && line.contains("tokio")).then(|| "no runtime down here".to_owned())
    }));
}

#[test]
fn markup_is_trusted_only_where_it_is_made_or_read_back() {
    none(lines_that(|source, line| {
        let allowed = matches!(source.layer(), "content" | "store") || source.path == "domain/html.rs";
        (line.contains("Html::trusted") && !allowed).then(|| "markup is trusted here".to_owned())
    }));
}

#[test]
fn paths_are_written_so_that_the_order_can_be_read() {
    none(lines_that(|_, line| {
        let line = line.trim_start();
        let group = line.contains("crate::{");
        (group || line.contains("super::super")).then(|| "one path for each use, from the crate's root".to_owned())
    }));
}

#[test]
fn files_begin_with_one_sentence_and_fit_a_reader() {
    let mut findings = Vec::new();
    for source in sources() {
        let path = &source.path;
        let first: Vec<&str> = source.text.lines().take_while(|line| line.starts_with("//!")).collect();
        let sentence = first.iter().map(|line| line.trim_start_matches("//!").trim());
        let sentence = sentence.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
        if sentence.is_empty() {
            findings.push(format!("src/{path} does not say in its first line what it is for"));
        } else if !sentence.ends_with('.') || sentence.len() > MAX_FIRST_SENTENCE && path != "lib.rs" {
            findings.push(format!("src/{path}: the first line is no single sentence: {sentence}"));
        }
        let lines = source.code.lines().count();
        if lines > MAX_LINES {
            findings.push(format!("src/{path} has {lines} lines without its tests; split it"));
        }
        let name = path.trim_end_matches(".rs").rsplit('/').next().unwrap();
        if EMPTY_NAMES.contains(&name) {
            findings.push(format!("src/{path}: name it after what it does"));
        }
    }
    none(findings);
}

#[test]
fn nothing_is_left_for_later_and_nothing_printed_by_the_way() {
    let words = ["todo!(", "unimplemented!(", "dbg!(", "println!(", "eprintln!(", "print!(", "eprint!("];
    none(lines_that(|_, line| words.iter().find(|word| line.contains(**word)).map(|word| format!("no {word}…)"))));
    none(lines_that(|_, line| line.contains("allow(").then(|| "expect a lint with its reason".to_owned())));
    none(lines_that(|_, line| {
        let expect = line.contains("#[expect(") || line.contains("#![expect(");
        (expect && line.trim_end().ends_with(")]") && !line.contains("reason")).then(|| "without a reason".to_owned())
    }));
    let notes = ["TODO", "FIXME", "XXX", "HACK"];
    let findings = sources().into_iter().filter_map(|source| {
        let note = notes.iter().find(|note| names(&source.text, note))?;
        Some(format!("src/{} has a {note}", source.path))
    });
    none(findings.collect());
}

#[test]
fn state_is_passed_and_traits_are_rare() {
    none(lines_that(|source, line| {
        let global = line.trim_start().trim_start_matches("pub ").starts_with("static ");
        let changes = ["mut ", "Mutex", "RwLock", "Atomic", "OnceLock"].iter().any(|word| line.contains(word));
        (global && changes && source.path != "assets.rs").then(|| "no global state".to_owned())
    }));
    let traits: Vec<String> = sources()
        .iter()
        .flat_map(|source| {
            let traits = source.lines().filter(|(_, line)| {
                let line = line.trim_start();
                line.starts_with("trait ") || line.starts_with("pub trait ") || line.starts_with("pub(crate) trait ")
            });
            traits.map(|(number, line)| format!("src/{}:{number}: {}", source.path, line.trim())).collect::<Vec<_>>()
        })
        .collect();
    assert!(traits.len() <= 1, "one trait of our own is enough:\n{}", traits.join("\n"));
}

#[test]
fn views_have_no_inline_style_and_one_place_for_scripts() {
    none(lines_that(|source, line| {
        let view = source.layer() == "view";
        let bad = [
            " style=",
            "script {",
            "script src",
            "script type",
            "javascript:",
            "style {",
            "onclick",
            "onload",
            "onsubmit",
            "onchange",
        ];
        let module = source.path == "view/layout.rs" && line.contains("script type=\"module\" src=(");
        bad.iter()
            .find(|word| view && !module && line.contains(**word))
            .map(|word| format!("the policy forbids {word}"))
    }));
}

#[test]
fn addresses_are_built_by_links_alone() {
    none(lines_that(|source, line| {
        let view = matches!(source.layer(), "view");
        let fixed = ["href=\"/", "src=\"/", "action=\"/"].iter().any(|part| line.contains(part));
        (view && fixed).then(|| "an address that forgets the base path".to_owned())
    }));
}

#[test]
fn every_asset_that_is_named_exists() {
    let mut named = 0;
    for source in sources() {
        for part in source.code.split("assets::url(\"").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(root().join("assets").join(name).is_file(), "src/{}: no asset {name}", source.path);
            named += 1;
        }
    }
    assert!(named >= 2, "only {named} assets found");
}

#[test]
fn every_test_file_is_a_module_and_every_route_has_a_story() {
    let folder = root().join("tests/it");
    let main = std::fs::read_to_string(folder.join("main.rs")).unwrap();
    let mut stories: BTreeMap<String, String> = BTreeMap::new();
    for path in files(&folder) {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if name != "main" {
            assert!(main.contains(&format!("mod {name};")), "tests/it/{name}.rs is no module of the suite");
            stories.insert(name, std::fs::read_to_string(path).unwrap());
        }
    }
    // The matrix alone is not a story.
    let told: String = stories.iter().filter(|(name, _)| *name != "matrix").map(|(_, text)| text.as_str()).collect();
    let routes = pamphlet::web::routes::table();
    let untold = routes.iter().filter(|route| !named_in(&told, route.pattern));
    none(untold.map(|route| format!("no story names {} {}", route.method, route.pattern)).collect());
}

/// Whether some address in `text` would match the pattern, whatever stands for its parameters. An
/// address may begin with a variable: `{path}/merge`.
fn named_in(text: &str, pattern: &str) -> bool {
    let wanted: Vec<&str> = pattern.split('/').skip(1).collect();
    let addresses = text.split(['"', ' ', '(', ')', '#', '?']).filter(|word| word.contains('/'));
    let mut addresses = addresses.map(|word| word.split('/').collect::<Vec<&str>>());
    addresses.any(|parts| {
        let (start, given) = parts.split_first().unwrap();
        let whole = start.is_empty() && given.len() == wanted.len();
        let rest = start.starts_with('{') && given.len() < wanted.len();
        let fits = |(want, give): (&&str, &&str)| want == give || want.starts_with('{') && !give.is_empty();
        (whole || rest) && wanted.iter().rev().zip(given.iter().rev()).all(fits)
    })
}
