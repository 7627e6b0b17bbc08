//! Which language a file is in, by its name and its folder.

use crate::service::import::site::Site;
use std::collections::HashSet;

/// Two-letter codes of ISO 639-1.
const CODES: &str = "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz \
    ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv \
    ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn \
    no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg \
    th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu";

/// A path without the mark of its language, and the language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub path: String,
    pub language: Option<String>,
}

/// The languages of a whole import.
pub struct Languages {
    known: Vec<String>,
    folders: Vec<(String, String)>,
    paths: HashSet<String>,
    /// Every folder beside the texts is a language.
    by_folder: bool,
}

impl Languages {
    /// `paths` are those of all files below the root of the site, without endings.
    pub fn new(site: &Site, paths: &[String]) -> Languages {
        let top = |path: &'_ str| in_content(path).1.split_once('/').map_or("", |(top, _)| top).to_owned();
        let tops: HashSet<String> = paths.iter().map(|path| top(path)).collect();
        let by_folder = tops.len() > 1 && tops.iter().all(|top| is_code(top));
        let mut known: Vec<String> = site.languages.clone();
        known.extend(site.language.clone());
        Languages { known, folders: site.language_folders.clone(), paths: paths.iter().cloned().collect(), by_folder }
    }

    /// Tells the language from `owls.fr`, `owls/index.fr`, `fr/owls` or `i18n/fr/…`. A mark that the configuration
    /// does not name counts only where the same text exists in another language.
    pub fn place(&self, path: &str) -> Place {
        if let Some((stem, code)) = path.rsplit_once('.')
            && !stem.ends_with('/')
            && self.is_known(code, || self.paths.contains(stem) || stem.rsplit('/').next() == Some("index"))
        {
            return Place { path: stem.to_owned(), language: Some(tag(code)) };
        }
        for (folder, code) in &self.folders {
            if let Some(below) = path.strip_prefix(folder.as_str()).and_then(|rest| rest.strip_prefix('/')) {
                return Place { path: format!("content/{below}"), language: Some(tag(code)) };
            }
        }
        let (content, rest) = in_content(path);
        if let Some((code, below)) = rest.split_once('/')
            && self.is_known(code, || self.by_folder || self.has_twin(content, code, below))
        {
            return Place { path: format!("{content}{below}"), language: Some(tag(code)) };
        }
        let language = path.strip_prefix("i18n/").and_then(|rest| rest.split_once('/')).map(|(code, _)| tag(code));
        Place { path: path.to_owned(), language }
    }

    fn is_known(&self, code: &str, sure: impl Fn() -> bool) -> bool {
        let listed = self.known.iter().any(|known| known.eq_ignore_ascii_case(code));
        listed && is_code_form(code) || is_code(code) && sure()
    }

    /// Whether the text lies in the folder of another language, too, or in none.
    fn has_twin(&self, content: &str, code: &str, below: &str) -> bool {
        self.paths.contains(&format!("{content}{below}"))
            || self.paths.iter().any(|path| {
                let other = path.strip_prefix(content).and_then(|path| path.split_once('/'));
                other.is_some_and(|(other, rest)| rest == below && other != code && is_code(other))
            })
    }
}

/// Folders in which those of languages lie.
fn in_content(path: &str) -> (&str, &str) {
    let folders =
        ["content/", "src/content/blog/", "src/content/", "source/_posts/", "_posts/", "src/posts/", "posts/", "blog/"];
    let found = folders.into_iter().find(|folder| path.starts_with(folder)).map_or(0, str::len);
    path.split_at(found)
}

/// `fr`, `pt-BR`, `zh_CN`.
fn is_code(text: &str) -> bool {
    let main = text.split(['-', '_']).next().unwrap_or_default();
    is_code_form(text) && CODES.split_whitespace().any(|code| code == main)
}

fn is_code_form(text: &str) -> bool {
    let mut parts = text.split(['-', '_']);
    let main = parts
        .next()
        .is_some_and(|part| (2..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_lowercase()));
    main && parts.all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// `zh_CN` as `zh-CN`.
fn tag(code: &str) -> String {
    code.replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(site: &Site, paths: &[&str]) -> Vec<(String, Option<String>)> {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        let languages = Languages::new(site, &paths);
        paths.iter().map(|path| languages.place(path)).map(|place| (place.path, place.language)).collect()
    }

    #[test]
    fn marks_of_languages_are_found() {
        let some = |path: &str, code: &str| (path.to_owned(), Some(code.to_owned()));
        let none = |path: &str| (path.to_owned(), None);
        let unknown = Site::default();
        assert_eq!(
            places(&unknown, &["posts/a/index", "posts/a/index.fr", "b", "b.pt-br", "node.js", "vue.ts"]),
            [
                none("posts/a/index"),
                some("posts/a/index", "fr"),
                none("b"),
                some("b", "pt-br"),
                none("node.js"),
                none("vue.ts")
            ]
        );
        assert_eq!(places(&unknown, &["a", "fr/a", "it/b"]), [none("a"), some("a", "fr"), none("it/b")]);
        assert_eq!(places(&unknown, &["en/a", "zh_CN/b"]), [some("a", "en"), some("b", "zh-CN")]);
        let site = Site { languages: vec!["de".into()], ..Site::default() };
        assert_eq!(places(&site, &["content/de/a", "x.de"]), [some("content/a", "de"), some("x", "de")]);
    }
}
