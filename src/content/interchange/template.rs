//! Translates template tags: those of Liquid and Nunjucks, Hugo's and Zola's shortcodes.

use crate::content::interchange::expression;
use crate::content::interchange::forms;
use crate::content::interchange::lines::{Line, unindented};
use crate::content::interchange::meaning::{self, Literal, Pair, Single};
use crate::content::interchange::regions::Regions;
use crate::content::interchange::tag::{self, Family, Shape, Tag};
use crate::content::interchange::{Finding, Outcome};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// Tags in tags that are translated; deeper ones stay as text.
const MAX_DEPTH: usize = 12;

/// Translates the tags of a text. With `liquid`, the program that it was written for reads `{% raw %}` in code, too.
pub fn translate(text: &str, liquid: bool, findings: &mut Vec<Finding>) -> String {
    let regions = Regions::of(text);
    let tags = tags(text, &regions, liquid);
    if tags.is_empty() { text.to_owned() } else { render(text, tags, &regions, findings) }
}

/// Puts what the tags become in their places.
pub fn render(text: &str, tags: Vec<Tag>, regions: &Regions, findings: &mut Vec<Finding>) -> String {
    let (ends, all) = (ends(&tags), 0..tags.len());
    Rendering { text, tags: &tags, ends: &ends, regions, findings, in_address: None }.part(0..text.len(), all, 0)
}

fn tags(text: &str, regions: &Regions, liquid: bool) -> Vec<Tag> {
    let (mut tags, mut at) = (Vec::new(), 0);
    let mut endless = HashSet::new();
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('{')) {
        at += found;
        let read = tag::at(text, at);
        let in_code = regions.is_code(at);
        at += 1;
        let Some(mut tag) = read else { continue };
        let wanted = !in_code || matches!(tag.shape, Shape::Shown(_)) || liquid && tag.name == "raw";
        if !wanted {
            continue;
        }
        if tag.shape == Shape::Open && tag::is_literal(&tag.name) && !endless.contains(&(tag.family, tag.name.clone()))
        {
            tag = tag::literal(text, tag).unwrap_or_else(|open| {
                endless.insert((open.family, open.name.clone()));
                open
            });
        }
        if in_code && tag.shape == Shape::Open {
            continue;
        }
        at = tag.place.end;
        tags.push(tag);
    }
    tags
}

/// For each tag the one that ends it.
fn ends(tags: &[Tag]) -> Vec<Option<usize>> {
    let mut ends = vec![None; tags.len()];
    let mut open: Vec<usize> = Vec::new();
    let mut names: HashMap<(Family, &str), usize> = HashMap::new();
    for (index, tag) in tags.iter().enumerate() {
        // `{% end %}` ends whatever Zola has open.
        let key = (tag.family, if tag.family == Family::Zola { "" } else { tag.name.as_str() });
        match tag.shape {
            Shape::Open => {
                open.push(index);
                *names.entry(key).or_default() += 1;
            }
            Shape::Close if names.get(&key).is_some_and(|count| *count > 0) => {
                while let Some((last, begun)) = open.pop().and_then(|last| tags.get(last).map(|begun| (last, begun))) {
                    let name = if begun.family == Family::Zola { "" } else { begun.name.as_str() };
                    if let Some(count) = names.get_mut(&(begun.family, name)) {
                        *count -= 1;
                    }
                    if (begun.family, name) == key {
                        if let Some(end) = ends.get_mut(last) {
                            *end = Some(index);
                        }
                        break;
                    }
                }
            }
            _ => {}
        }
    }
    ends
}

struct Rendering<'a> {
    text: &'a str,
    tags: &'a [Tag],
    ends: &'a [Option<usize>],
    regions: &'a Regions,
    findings: &'a mut Vec<Finding>,
    /// Where a tag in an address ended: the next one may go on with it.
    in_address: Option<usize>,
}

impl Rendering<'_> {
    fn part(&mut self, place: Range<usize>, tags: Range<usize>, depth: usize) -> String {
        let (mut out, mut at, mut index) = (String::new(), place.start, tags.start);
        while let Some(tag) = self.tags.get(index).filter(|_| index < tags.end) {
            out.push_str(self.text.get(at..tag.place.start).unwrap_or_default());
            let end = self.ends.get(index).copied().flatten().filter(|_| depth < MAX_DEPTH);
            let closing = end.and_then(|end| self.tags.get(end).map(|tag| (end, tag)));
            match (closing, meaning::pair(tag)) {
                (Some((end, closing)), Some(pair)) => {
                    let inner = self.part(tag.place.end..closing.place.start, index + 1..end, depth + 1);
                    let inner = if tag.name == "tabs" { tabs(&inner) } else { inner };
                    self.found(tag, Outcome::Translated);
                    let is_component = tag.family == Family::Component;
                    at = self.pair(&mut out, tag.place.start..closing.place.end, pair, &inner, is_component);
                    index = end + 1;
                }
                _ => {
                    at = self.alone(&mut out, tag);
                    index += 1;
                }
            }
        }
        out.push_str(self.text.get(at..place.end).unwrap_or_default());
        out
    }

    fn found(&mut self, tag: &Tag, outcome: Outcome) {
        let (name, _) = meaning::named(tag);
        let what = match tag.family {
            Family::Liquid if tag.shape == Shape::Value => "Liquid value",
            Family::Liquid => "Liquid tag",
            Family::Hugo => "Hugo shortcode",
            Family::Zola => "Zola shortcode",
            Family::Component => "MDX component",
        };
        let kind = if tag.shape == Shape::Value { what.to_owned() } else { format!("{what} “{name}”") };
        self.findings.push(Finding::new(kind, self.text.get(tag.place.clone()).unwrap_or_default(), outcome));
    }

    /// Puts lines in the place of a tag that stands alone on its line.
    fn block(&self, out: &mut String, place: &Range<usize>, body: &str) -> usize {
        let line = Line::around(self.text, place);
        let next: String = line.prefix.chars().map(|c| if matches!(c, '>' | '\t') { c } else { ' ' }).collect();
        let is_marker = line.prefix.trim() != next.trim();
        let above = out.strip_suffix(line.prefix).filter(|above| above.ends_with('\n'));
        let last = above
            .and_then(|above| above.trim_end_matches('\n').rsplit('\n').next().filter(|_| !above.ends_with("\n\n")));
        if !is_marker && last.is_some_and(|last| !last.trim_matches(['>', ' ', '\t']).is_empty()) {
            out.truncate(out.len() - line.prefix.len());
            out.push_str(next.trim_end());
            out.push('\n');
            out.push_str(line.prefix);
        }
        for (number, text) in body.lines().enumerate() {
            if number > 0 {
                out.push('\n');
                out.push_str(if text.is_empty() { next.trim_end() } else { &next });
            }
            out.push_str(text);
        }
        let after = self.text.get(place.end..).unwrap_or_default();
        let end = place.end + after.find('\n').unwrap_or(after.len());
        let below = after.split('\n').nth(1).unwrap_or_default();
        if !below.trim_matches(['>', ' ', '\t']).is_empty() {
            out.push('\n');
            out.push_str(next.trim_end());
        }
        end
    }

    fn pair(&mut self, out: &mut String, place: Range<usize>, pair: Pair, inner: &str, is_component: bool) -> usize {
        let html = self.regions.is_html(place.start);
        let alone = Line::around(self.text, &place).alone && inner.contains('\n');
        let body = Line::around(self.text, &place).dedented(inner);
        let body = if is_component { unindented(&body) } else { body };
        let body = body.trim_matches('\n');
        match pair {
            Pair::Link(address) if !inner.contains("\n\n") && !html => {
                let target = forms::address(&address);
                out.push_str(&format!("[{}]({target})", inner.trim()));
            }
            Pair::Figure(mut image) => {
                if image.caption.is_empty() {
                    image.caption = inner.trim().to_owned();
                    return self.image(out, &place, &image, html);
                }
                let end = self.image(out, &place, &image, html);
                out.push_str(inner.trim());
                return end;
            }
            Pair::Quote(who) if !html => {
                let end = if who.is_empty() { String::new() } else { format!("\n\n— {who}") };
                let quote = forms::quoted(&format!("{body}{end}"));
                if Line::around(self.text, &place).alone {
                    return self.block(out, &place, &quote);
                }
                out.push_str(inner);
            }
            Pair::Note(title) if Line::around(self.text, &place).alone && !html => {
                return self.block(out, &place, &forms::note(&title, body.trim()));
            }
            Pair::Details(summary) if Line::around(self.text, &place).alone && !html => {
                return self.block(out, &place, &forms::details(&summary, body));
            }
            Pair::Content(title) if alone && !html => {
                let title = if title.is_empty() { title } else { format!("{}\n\n", forms::bold(&title)) };
                return self.block(out, &place, &format!("{title}{body}"));
            }
            Pair::Content(title) if !title.is_empty() && inner.starts_with('\n') && !html => {
                out.push_str(&format!("\n\n{}\n\n{inner}", forms::bold(&title)));
            }
            _ => out.push_str(inner),
        }
        place.end
    }

    fn image(&mut self, out: &mut String, place: &Range<usize>, image: &forms::Image, html: bool) -> usize {
        if Line::around(self.text, place).alone && !html {
            return self.block(out, place, &image.figure(false));
        }
        out.push_str(&if html { image.figure(true) } else { image.inline(false) });
        place.end
    }

    /// A tag that nothing ends, or with content that nothing reads.
    fn alone(&mut self, out: &mut String, tag: &Tag) -> usize {
        match &tag.shape {
            Shape::Shown(text) => {
                let html = self.regions.is_html(tag.place.start);
                let shown =
                    if self.regions.is_code(tag.place.start) { text.clone() } else { forms::as_text(text, html) };
                out.push_str(&shown);
                return tag.place.end;
            }
            Shape::Literal(content) => return self.literal(out, tag, content.clone()),
            Shape::Value => return self.value(out, tag),
            Shape::Open | Shape::Alone => {
                if let Some(single) = meaning::single(tag) {
                    let outcome = if single == Single::Nothing { Outcome::LeftOut } else { Outcome::Translated };
                    self.found(tag, outcome);
                    return self.single(out, &tag.place, single);
                }
                self.found(tag, Outcome::Text);
            }
            Shape::Close => {}
        }
        self.as_text(out, tag)
    }

    fn as_text(&self, out: &mut String, tag: &Tag) -> usize {
        let raw = self.text.get(tag.place.clone()).unwrap_or_default();
        out.push_str(&forms::as_text(raw, self.regions.is_html(tag.place.start)));
        tag.place.end
    }

    fn single(&mut self, out: &mut String, place: &Range<usize>, single: Single) -> usize {
        let html = self.regions.is_html(place.start);
        let body = match single {
            Single::Image(image) => return self.image(out, place, &image, html),
            Single::Address { words, address } => {
                if self.is_address(place.start) {
                    self.in_address = Some(place.end);
                    out.push_str(&address);
                } else {
                    out.push_str(&forms::link(&words, &address, html));
                }
                return place.end;
            }
            Single::Words(words) => {
                out.push_str(&forms::words(&words));
                return place.end;
            }
            Single::Html(text) => {
                out.push_str(text);
                return place.end;
            }
            Single::Nothing => return place.end,
            Single::Link { words, address } => forms::link(&words, &address, html),
            Single::Player(element, file) => forms::player(element, &file),
            Single::Note { title, body } if html => format!("<p><strong>{title}</strong> {body}</p>"),
            Single::Note { title, body } => forms::note(&title, &body),
        };
        if Line::around(self.text, place).alone && !html {
            return self.block(out, place, &body);
        }
        out.push_str(&body);
        place.end
    }

    fn value(&mut self, out: &mut String, tag: &Tag) -> usize {
        let after = self.text.get(tag.place.end..).unwrap_or_default();
        let is_address = self.is_address(tag.place.start);
        match expression::value(&tag.name) {
            Some(value) if value.address && (is_address || after.starts_with('/')) => {
                self.found(tag, Outcome::Translated);
                if is_address {
                    self.in_address = Some(tag.place.end);
                }
                let ends = after.starts_with([')', '"', '\'', '>', ' ', '\n']) || after.is_empty();
                let text = if value.text.is_empty() && ends { "/".into() } else { forms::address(&value.text) };
                // `{{ site.url }}{{ "/x" | relative_url }}` has one slash.
                out.push_str(if out.ends_with("(/") { text.trim_start_matches('/') } else { &text });
                tag.place.end
            }
            Some(value) if !value.address => {
                out.push_str(&forms::as_text(&value.text, self.regions.is_html(tag.place.start)));
                tag.place.end
            }
            // What a tag captured stands where it was captured.
            None if self.is_captured(&tag.name) => {
                self.found(tag, Outcome::LeftOut);
                tag.place.end
            }
            _ => {
                let is_template =
                    ["site.", "page.", "post.", "include.", "config."].iter().any(|start| tag.name.starts_with(start));
                if is_template || tag.name.contains('|') {
                    self.found(tag, Outcome::Text);
                }
                self.as_text(out, tag)
            }
        }
    }

    /// Whether `{{ name | markdownify }}` shows what a tag before it captured.
    fn is_captured(&self, value: &str) -> bool {
        let name = value.split('|').next().unwrap_or_default().trim();
        self.tags.iter().any(|tag| tag.name == "capture" && tag.arguments.plain().first() == Some(&name))
    }

    /// Whether an address begins, or goes on, at `at`.
    fn is_address(&self, at: usize) -> bool {
        if self.in_address == Some(at) {
            return true;
        }
        let before = self.text.get(..at).unwrap_or_default();
        let bare = before.trim_end_matches([' ', '<']);
        ["=\"", "='", "="].iter().any(|end| before.ends_with(end)) || bare.ends_with("](") || bare.ends_with("]:")
    }

    fn literal(&mut self, out: &mut String, tag: &Tag, content: Range<usize>) -> usize {
        let inner = self.text.get(content.clone()).unwrap_or_default();
        if self.regions.is_code(tag.place.start) {
            out.push_str(inner);
            return tag.place.end;
        }
        match meaning::literal(tag) {
            Literal::Hidden => {
                self.found(tag, Outcome::LeftOut);
                out.push_str(&forms::comment(inner));
            }
            Literal::Plain => {
                self.found(tag, Outcome::Translated);
                out.push_str(inner);
            }
            Literal::Formula => {
                self.found(tag, Outcome::Translated);
                let is_marked = ["$", "\\(", "\\["].iter().any(|sign| inner.contains(sign));
                let sign =
                    if inner.trim().contains('\n') || Line::around(self.text, &tag.place).alone { "$$" } else { "$" };
                out.push_str(&if is_marked { inner.to_owned() } else { format!("{sign}{}{sign}", inner.trim()) });
            }
            Literal::Code { language, title } => {
                self.found(tag, Outcome::Translated);
                return self.code(out, tag, &language, &title, inner);
            }
        }
        tag.place.end
    }

    fn code(&mut self, out: &mut String, tag: &Tag, language: &str, title: &str, inner: &str) -> usize {
        if !Line::around(self.text, &tag.place).alone {
            let ticks = if inner.contains('`') { "``" } else { "`" };
            out.push_str(&format!("{ticks}{}{ticks}", inner.trim()));
            return tag.place.end;
        }
        let fence = forms::fence(inner);
        let title = if title.is_empty() { String::new() } else { format!("{}\n\n", forms::bold(&forms::words(title))) };
        let body = Line::around(self.text, &tag.place).dedented(inner);
        let body = body.trim_start_matches([' ', '\t', '\r']).strip_prefix('\n').unwrap_or(&body).trim_end();
        // Jekyll's tag is often indented with its code.
        self.block(out, &tag.place, &format!("{title}{fence}{language}\n{body}\n{fence}"))
    }
}

/// Titles instead of the comments in which Hexo's NexT has them: `<!-- tab Title -->`.
fn tabs(inner: &str) -> String {
    let title = |line: &str| {
        let comment = line.trim().strip_prefix("<!--")?.strip_suffix("-->")?.trim().to_owned();
        let title = comment.strip_prefix("tab").filter(|title| title.is_empty() || title.starts_with(' '));
        match title.map(|title| title.split('@').next().unwrap_or_default().trim()) {
            Some(title) if !title.is_empty() => Some(forms::bold(&forms::words(title))),
            Some(_) => Some(String::new()),
            None => (comment == "endtab").then(String::new),
        }
    };
    inner.lines().map(|line| title(line).unwrap_or_else(|| line.to_owned())).collect::<Vec<_>>().join("\n")
}
