//! Stand-in.
use crate::error::Checked;
#[derive(Debug, Clone, Default)]
pub struct Document { pub title: Option<String>, pub date: Option<String>, pub slug: Option<String>, pub path: Option<String>, pub aliases: Vec<String>, pub authors: Vec<String>, pub draft: bool, pub category: Option<String>, pub tags: Vec<String>, pub excerpt: Option<String>, pub cover: Option<String>, pub cover_alt: Option<String>, pub updated: Option<String>, pub comments: Option<bool>, pub body: String }
pub fn parse(text: &str) -> Checked<Document> {
    let Some(rest) = text.strip_prefix("+++\n") else { return Ok(Document { body: text.into(), ..Document::default() }) };
    let (front, body) = rest.split_once("\n+++\n").ok_or("no end")?;
    let t: toml::Table = toml::from_str(front).map_err(|e| e.message().to_owned())?;
    let s = |k: &str| t.get(k).and_then(|v| v.as_str().map(str::to_owned).or_else(|| v.as_datetime().map(|d| d.to_string())));
    let l = |k: &str| t.get(k).and_then(|v| v.as_array()).map(|a| a.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect()).unwrap_or_default();
    Ok(Document { title: s("title"), date: s("date"), slug: s("slug"), path: s("path"), aliases: l("aliases"), authors: l("authors"), draft: false, category: s("category"), tags: l("tags"), excerpt: s("description"), cover: s("cover"), cover_alt: None, updated: None, comments: None, body: body.into() })
}
