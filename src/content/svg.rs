//! Takes in drawings: rewrites an SVG from allow-lists of elements and attributes, so that it only draws.
//!
//! What is left can neither run scripts nor load anything: references lead into the drawing itself or to an embedded
//! raster image. Size, depth and what references repeat are bounded. Browsers get it with a sandboxed policy besides.

use crate::content::attribute::escape;
use crate::content::svg::allowed::{ATTRIBUTES, ELEMENTS, TEXT};
use crate::content::svg::references::References;
use crate::error::Checked;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use std::borrow::Cow;

mod allowed;
mod references;

/// Largest drawing, in bytes.
pub const MAX_SVG: usize = 2 * 1024 * 1024;
const MAX_ELEMENTS: usize = 50_000;
const MAX_DEPTH: usize = 200;
/// Elements that draw again what they refer to.
const REPEATING: &[&str] = &["linearGradient", "pattern", "radialGradient", "use"];
/// Size of a drawing that has none (CSS 2.1, section 10.3.2), and the largest that is told to pages.
const DEFAULT_SIZE: (u32, u32) = (300, 150);
const MAX_SIDE: f64 = 20_000.0;

const DAMAGED: &str = "The drawing is no well-formed SVG. Please export it again, or save it as a PNG.";
const TOO_LARGE: &str = "The drawing is too large or too complicated. Please simplify it, or save it as a PNG.";
const ENCODING: &str = "The drawing is not encoded as UTF-8. Please export it again, or save it as a PNG.";

/// A drawing that may be stored and shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    pub width: u32,
    pub height: u32,
    pub text: String,
}

/// Whether the bytes begin like an SVG: with its root element, perhaps behind declarations and comments.
pub fn is_svg(bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(16 * 1024)).unwrap_or_default();
    let head: Vec<u8> = head.iter().copied().filter(|byte| *byte != 0).collect();
    let text = String::from_utf8_lossy(&head);
    let text = text.trim_start_matches(['\u{feff}', '\u{fffd}']).trim_start();
    let declared = ["<?xml", "<!--", "<!doctype svg", "<svg"]
        .iter()
        .any(|start| text.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start)));
    declared && (text.contains("<svg") || text.contains(":svg"))
}

/// The drawing without anything that is not on the allow-lists. The error is a sentence for the form.
pub fn sanitised(bytes: &[u8]) -> Checked<Drawing> {
    if bytes.len() > MAX_SVG {
        return Err(TOO_LARGE.into());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| ENCODING)?;
    let mut reader = quick_xml::Reader::from_str(text.trim_start_matches('\u{feff}').trim_start());
    let mut copy = Copy::default();
    loop {
        match reader.read_event().map_err(|_| DAMAGED)? {
            Event::Start(tag) => copy.start(&tag, false)?,
            Event::Empty(tag) => copy.start(&tag, true)?,
            Event::End(_) => copy.end(),
            Event::Text(text) => copy.text(&text),
            Event::CData(text) => copy.text(&text),
            // Entities of a document type are left out.
            Event::GeneralRef(name) => copy.text(&unescape(&format!("&{};", &*name)).unwrap_or_default()),
            Event::Eof => return copy.finish(),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

/// The drawing as it is copied.
#[derive(Default)]
struct Copy {
    out: String,
    /// Open elements that are kept.
    open: Vec<&'static str>,
    /// Open elements within one that is left out, and that one.
    skipped: usize,
    /// Text of the open `style`, which is kept if all of it is harmless.
    style: Option<String>,
    elements: usize,
    size: Option<(u32, u32)>,
    references: References,
}

impl Copy {
    fn start(&mut self, tag: &BytesStart<'_>, empty: bool) -> Checked<()> {
        self.elements += 1;
        if self.elements > MAX_ELEMENTS || self.open.len() >= MAX_DEPTH {
            return Err(TOO_LARGE.into());
        }
        let full = tag.name();
        let name = full.as_ref();
        let name = name.strip_prefix("svg:").unwrap_or(name);
        let is_root = self.open.is_empty();
        let kept = if name == "a" { Some("g") } else { ELEMENTS.iter().copied().find(|known| *known == name) };
        let kept =
            kept.filter(|name| self.skipped == 0 && is_root == self.size.is_none() && (!is_root || *name == "svg"));
        let Some(name) = kept else {
            if is_root && self.size.is_none() {
                return Err(DAMAGED.into());
            }
            self.skipped += usize::from(!empty && (self.skipped > 0 || !is_root));
            return Ok(());
        };
        let attributes = attributes(tag)?;
        if changes_a_link(name, &attributes) {
            self.skipped += usize::from(!empty);
            return Ok(());
        }
        if is_root {
            self.size = Some(size(&attributes));
        }
        self.out.push('<');
        self.out.push_str(name);
        if is_root {
            self.out.push_str(" xmlns=\"http://www.w3.org/2000/svg\"");
        }
        self.references.open(attributes.iter().find(|(name, _)| *name == "id").map(|(_, id)| &**id));
        for (attribute, value) in &attributes {
            match *attribute {
                "href" if REPEATING.contains(&name) => self.references.repeats(value.trim().trim_start_matches('#')),
                "href" => {}
                _ => self.references.css(value),
            }
            self.out.push_str(&format!(" {attribute}=\""));
            escape(&mut self.out, value);
            self.out.push('"');
        }
        self.open.push(name);
        if empty {
            self.out.push_str("/>");
            self.open.pop();
            self.references.close();
        } else {
            self.out.push('>');
            self.style = (name == "style").then(String::new);
        }
        Ok(())
    }

    fn end(&mut self) {
        if self.skipped > 0 {
            self.skipped -= 1;
            return;
        }
        let Some(name) = self.open.pop() else { return };
        if let Some(style) = self.style.take()
            && is_harmless_css(&style)
        {
            self.references.css(&style);
            escape(&mut self.out, &style);
        }
        self.references.close();
        self.out.push_str(&format!("</{name}>"));
    }

    fn text(&mut self, text: &str) {
        if self.skipped > 0 {
            return;
        }
        if let Some(style) = &mut self.style {
            return style.push_str(text);
        }
        let is_shown = self.open.last().is_some_and(|name| TEXT.contains(name));
        if is_shown || (text.trim().is_empty() && !self.open.is_empty()) {
            let text: String = text.chars().filter(|c| !c.is_control() || c.is_whitespace()).collect();
            escape(&mut self.out, &text);
        }
    }

    fn finish(self) -> Checked<Drawing> {
        let Some((width, height)) = self.size.filter(|_| self.open.is_empty() && self.skipped == 0) else {
            return Err(DAMAGED.into());
        };
        if !self.references.are_bounded() {
            return Err(TOO_LARGE.into());
        }
        Ok(Drawing { width, height, text: self.out })
    }
}

type Attributes<'a> = Vec<(&'static str, Cow<'a, str>)>;

/// The attributes that are kept.
fn attributes<'a>(tag: &'a BytesStart<'_>) -> Checked<Attributes<'a>> {
    let mut kept: Attributes<'a> = Vec::new();
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|_| DAMAGED)?;
        let name = attribute.key.as_ref();
        // Browsers have long read `href` without its old prefix.
        let name = if name == "xlink:href" { "href" } else { name };
        let Some(name) = ATTRIBUTES.iter().copied().find(|known| *known == name) else { continue };
        // A value with an entity of the document type is left out.
        let Ok(value) = unescape(&attribute.value) else { continue };
        let value: String = value.chars().filter(|c| !c.is_control() || c.is_whitespace()).collect();
        if is_harmless(name, &value) && !kept.iter().any(|(known, _)| *known == name) {
            kept.push((name, value.into()));
        }
    }
    Ok(kept)
}

fn is_harmless(name: &str, value: &str) -> bool {
    match name {
        "href" => {
            let data = value.trim_start().strip_prefix("data:image/").unwrap_or_default();
            let raster = ["png;base64,", "jpeg;base64,", "jpg;base64,", "gif;base64,", "webp;base64,"];
            value.trim_start().starts_with('#') || raster.iter().any(|kind| data.starts_with(kind))
        }
        _ => is_harmless_css(value),
    }
}

/// Whether CSS loads nothing: a function that takes an address names a part of the drawing.
fn is_harmless_css(css: &str) -> bool {
    const LOADS: &[&str] = &[
        "\\",
        "image(",
        "image-set(",
        "src(",
        "cross-fade(",
        "expression(",
        "behavior",
        "-moz-binding",
        "javascript:",
    ];
    let css = css.to_ascii_lowercase();
    let local = |rest: &str| rest.trim_start().trim_start_matches(['"', '\'']).trim_start().starts_with('#');
    let rule =
        |rest: &str| ["media", "keyframes", "-webkit-keyframes", "supports"].iter().any(|name| rest.starts_with(name));
    !LOADS.iter().any(|load| css.contains(load))
        && css.split("url(").skip(1).all(local)
        && css.split('@').skip(1).all(rule)
}

/// Whether an animation changes something else than how the drawing looks.
fn changes_a_link(name: &str, attributes: &Attributes<'_>) -> bool {
    let of = |wanted: &str| attributes.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.trim());
    let looks = |name: &str| name != "href" && name != "id" && ATTRIBUTES.contains(&name);
    matches!(name, "animate" | "animateTransform" | "set") && !of("attributeName").is_some_and(looks)
}

/// Width and height in pixels, from the attributes or else from the part that is shown.
fn size(attributes: &Attributes<'_>) -> (u32, u32) {
    let of = |wanted: &str| attributes.iter().find(|(name, _)| *name == wanted).map(|(_, value)| &**value);
    let shown = of("viewBox").and_then(|shown| {
        let numbers: Vec<f64> = shown.split([' ', ',', '\n', '\t']).filter_map(|number| number.parse().ok()).collect();
        match numbers[..] {
            [_, _, width, height] if width > 0.0 && height > 0.0 => Some((width, height)),
            _ => None,
        }
    });
    let (width, height) = match (of("width").and_then(pixels), of("height").and_then(pixels), shown) {
        (Some(width), Some(height), _) => (width, height),
        (Some(width), None, Some(shown)) => (width, width * shown.1 / shown.0),
        (None, Some(height), Some(shown)) => (height * shown.0 / shown.1, height),
        (None, None, Some(shown)) => shown,
        (width, height, None) => {
            (width.unwrap_or(f64::from(DEFAULT_SIZE.0)), height.unwrap_or(f64::from(DEFAULT_SIZE.1)))
        }
    };
    // Casts saturate.
    let side = |length: f64| length.round().clamp(1.0, MAX_SIDE) as u32;
    (side(width), side(height))
}

/// A length in CSS pixels; `None` for percentages and what cannot be read.
fn pixels(length: &str) -> Option<f64> {
    let length = length.trim();
    let end = length.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-' | '+')).unwrap_or(length.len());
    let (number, unit) = length.split_at(end);
    let pixels = match unit.trim() {
        "" | "px" => 1.0,
        "pt" => 4.0 / 3.0,
        "pc" | "em" | "rem" => 16.0,
        "mm" => 96.0 / 25.4,
        "cm" => 96.0 / 2.54,
        "in" => 96.0,
        _ => return None,
    };
    number.parse::<f64>().ok().map(|number| number * pixels).filter(|length| length.is_finite() && *length > 0.0)
}

#[cfg(test)]
mod tests;
