//! What the template tags that themes and plug-ins share stand for.

use crate::content::address;
use crate::content::interchange::forms::{self, Image};
use crate::content::interchange::services;
use crate::content::interchange::tag::{Arguments, Family, Tag};

/// What a tag without content becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Single {
    Image(Image),
    Link {
        words: String,
        address: String,
    },
    /// An address, where one is wanted, or a link with these words.
    Address {
        words: String,
        address: String,
    },
    /// `video` or `audio`, and its file.
    Player(&'static str, String),
    Note {
        title: String,
        body: String,
    },
    Words(String),
    Html(&'static str),
    Nothing,
}

/// What a tag with content becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pair {
    /// The content, below a title if there is one.
    Content(String),
    Note(String),
    /// A quotation, and who said it.
    Quote(String),
    Details(String),
    Link(String),
    /// The content is the caption.
    Figure(Image),
}

/// What a tag with content that nothing reads becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    Code { language: String, title: String },
    Plain,
    Formula,
    Hidden,
}

/// Kinds of note, and names of tags that are one.
const NOTES: &str = "note notice info tip warning danger alert admonition callout hint caution important attention success \
     error example question message todo bug failure fail abstract summary tldr help faq check done missing seealso \
     primary secondary default warn advice remark notification tips block_tip aside";
/// Of these, those that say no more than that it is a note.
const PLAIN_NOTES: &str =
    "notice alert admonition callout hint message primary secondary default notification remark block_tip aside";
const IMAGES: &str = "figure fig img image asset_img picture photo imgcap imgproc responsive_image post_image lightbox \
     figure_image img_responsive image_zoom fancybox zoomable_img thumbnail image_caption bundle_image captioned_image \
     resize_image";
const QUOTES: &str = "quote blockquote pullquote centerquote cq epigraph quotation";
const FOLDS: &str = "details expand collapse fold folding spoiler accordion hidetoggle toggle hideblock collapsible detail \
     accordionitem";
const REFERENCES: &str = "ref relref post_url post_path asset_path post_link asset_link";
const TITLES: [&str; 6] = ["title", "summary", "label", "header", "heading", "caption"];
/// Tags of the template language itself, whose content depends on values nobody knows here.
const LOGIC: &str = "if unless for case tablerow block macro call set filter asynceach asyncall each ifversion with";

/// Whether `name` is one of the words of `list`.
fn is_one(list: &str, name: &str) -> bool {
    list.split_whitespace().any(|word| word == name)
}

/// Whether it is a kind of note.
pub fn is_note(kind: &str) -> bool {
    is_one(NOTES, kind)
}

/// The name of a tag, of an included file that of the file; and its arguments.
pub fn named(tag: &Tag) -> (String, Arguments) {
    let mut arguments = tag.arguments.clone();
    let mut name = tag.name.clone();
    if ["include", "include_relative", "include_cached", "render", "partial"].contains(&name.as_str())
        && let Some(file) = arguments.shift()
    {
        name = file.to_lowercase();
    }
    let name = name.rsplit(['/', ':']).next().unwrap_or_default();
    let name = ["html", "liquid", "md", "njk"]
        .iter()
        .find_map(|end| name.strip_suffix(end)?.strip_suffix('.'))
        .unwrap_or(name);
    (name.replace('-', "_"), arguments)
}

/// What a tag becomes that nothing ends; `None` where nobody can know.
pub fn single(tag: &Tag) -> Option<Single> {
    let (name, arguments) = named(tag);
    let plain = arguments.plain();
    let name = name.as_str();
    if is_one(IMAGES, name) {
        return image(&arguments).map(|mut image| {
            // What Hexo has behind the file is its title.
            if matches!(name, "img" | "asset_img") && tag.family == Family::Liquid && image.caption.is_empty() {
                image.caption = std::mem::take(&mut image.alt);
            }
            Single::Image(image)
        });
    }
    match name {
        "link" | "url_for" | "get_url" | "linkpost" if plain.len() < 2 => {
            let target = arguments.named(&["path", "href", "url"]).or(plain.first().copied())?;
            return Some(reference(target, &arguments));
        }
        "link" => {
            let at = plain.iter().position(|word| address::is_external(word) || word.starts_with('/'))?;
            let words = plain.get(..at)?.join(" ");
            return Some(Single::Link { words, address: (*plain.get(at)?).to_owned() });
        }
        "toc" | "tocinline" | "tableofcontents" | "table_of_contents" | "clear" | "clearfix" | "adsense" | "ad" => {
            return Some(Single::Nothing);
        }
        "br" => return Some(Single::Html("<br>")),
        "kbd" | "mark" | "abbr" => return Some(Single::Words(plain.join(" "))).filter(|_| !plain.is_empty()),
        "label" => return plain.join(" ").split_once('@').map(|(_, words)| Single::Words(words.trim().to_owned())),
        _ => {}
    }
    if is_one(REFERENCES, name) {
        let target = arguments.named(&["path", "name", "page"]).or(plain.first().copied())?;
        return Some(reference(target, &arguments));
    }
    if is_note(name) {
        let body = arguments.named(&["content", "text", "body", "message"])?.to_owned();
        return Some(Single::Note { title: note_title(name, &arguments), body });
    }
    embedded(name, &arguments).or_else(|| button(&arguments))
}

fn reference(target: &str, arguments: &Arguments) -> Single {
    let words = match arguments.plain().get(1..).unwrap_or_default().join(" ") {
        words if words.is_empty() => arguments.named(&["title", "text"]).unwrap_or_default().to_owned(),
        words => words,
    };
    let bare = target.split(['?', '#']).next().unwrap_or_default();
    let name = bare.rsplit('/').find(|part| !part.is_empty()).unwrap_or(target);
    let address = match target {
        target if address::is_external(target) => target.to_owned(),
        target if target.starts_with('#') => target.to_owned(),
        target => forms::by_name(target.trim_start_matches('/')),
    };
    Single::Address { words: if words.is_empty() { name.to_owned() } else { words }, address }
}

fn embedded(name: &str, arguments: &Arguments) -> Option<Single> {
    let source = arguments.named(&["src", "url", "file", "href", "path", "link", "mp4", "source"]);
    let plain = arguments.plain();
    let file = source.or(plain.first().copied());
    if let Some(file) = file
        && let Some(element) = player(file)
        && (["video", "audio", "mp4", "html5video", "videoplayer", "music", "movie"].contains(&name)
            || source.is_some())
    {
        return Some(Single::Player(element, file.to_owned()));
    }
    let id = arguments.named(&["id", "video_id", "videoid", "gist_id"]).or(source);
    if id.or(plain.first().copied()).is_some_and(is_variable) {
        return None;
    }
    let service = arguments.named(&["provider", "service"]).unwrap_or(name);
    let mut values: Vec<&str> = arguments.named(&["user", "username"]).into_iter().chain(id).collect();
    if values.is_empty() || id.is_none() {
        values.extend(plain);
    }
    let file = arguments.named(&["file"]).filter(|file| service == "gist" && Some(*file) != source);
    let mut found = match service {
        "iframe" | "video" | "embed" | "twitter" | "oembed" | "audio" | "embedly" | "pdf" | "linkpreview" => {
            let outside = values.iter().find(|value| address::is_external(value)).map(|value| services::at(value));
            outside.or_else(|| services::named(service, &values))?
        }
        "gist" if values.len() > 1 && plain_gist(&values) => services::named(service, values.get(..2)?)?,
        _ => services::named(service, &values)?,
    };
    if let Some(title) = arguments.named(&["title", "caption"]).or(file) {
        found.words = format!("{} ({})", title, found.words);
    }
    Some(Single::Link { words: found.words, address: found.address })
}

/// `user id file`, or `id file`.
fn plain_gist(values: &[&str]) -> bool {
    !values
        .first()
        .is_some_and(|first| first.contains('/') || first.len() >= 20 && first.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// The element that plays a file.
pub fn player(file: &str) -> Option<&'static str> {
    let path = file.split(['?', '#']).next().unwrap_or_default();
    match path.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
        "mp4" | "webm" | "m4v" | "ogv" | "mov" => Some("video"),
        "mp3" | "m4a" | "ogg" | "oga" | "opus" | "wav" | "flac" | "aac" => Some("audio"),
        _ => None,
    }
}

/// Any tag that has an address and words.
fn button(arguments: &Arguments) -> Option<Single> {
    let named = arguments.named(&["href", "url", "link", "to"]);
    let plain = arguments.plain();
    let first = plain.first().copied().filter(|first| named.is_none() && address::is_external(first));
    let address = named.or(first)?.to_owned();
    let words = arguments.named(&["text", "title", "label", "content", "name"]);
    let words =
        words.or_else(|| plain.get(usize::from(first.is_some())..)?.first().copied()).unwrap_or(&address).to_owned();
    Some(Single::Link { words, address })
}

/// The image that these arguments describe.
fn image(arguments: &Arguments) -> Option<Image> {
    const SOURCES: [&str; 12] = [
        "src",
        "image_path",
        "path",
        "image",
        "img",
        "file",
        "filename",
        "source",
        "url",
        "imgsrc",
        "image_url",
        "href",
    ];
    let mut plain = arguments.plain().into_iter();
    let named = arguments.named(&SOURCES);
    let (mut width, mut words) = (None, Vec::new());
    // Hexo has classes before the file, and width, height and a title behind it.
    let source = named.map(str::to_owned).or_else(|| plain.by_ref().find(|word| is_file(word)).map(str::to_owned))?;
    for word in plain {
        match word.parse::<u32>() {
            Ok(pixels) if words.is_empty() => width = width.or(Some(pixels)),
            _ => words.push(word),
        }
    }
    if is_variable(&source) {
        return None;
    }
    let joined = words.join(" ");
    // `"title 'alt'"` in Hexo.
    let (title, alt) = match joined.strip_suffix('\'').and_then(|text| text.rsplit_once('\'')) {
        Some((title, alt)) => (title.trim().to_owned(), alt.to_owned()),
        None => (String::new(), joined),
    };
    let text = |names: &[&str]| arguments.named(names).map(str::to_owned);
    let mut caption = text(&["caption", "description", "text", "legend", "cap"]).unwrap_or_default();
    match text(&["title"]).unwrap_or(title) {
        title if title.is_empty() || title == caption => {}
        title if caption.is_empty() => caption = title,
        title => caption = format!("{title}: {caption}"),
    }
    if let Some(attribution) = text(&["attr", "credit"]) {
        caption = if caption.is_empty() { attribution } else { format!("{caption} ({attribution})") };
    }
    let alt = text(&["alt", "alt_text"]).unwrap_or(alt);
    let link = arguments
        .named(&["link", "target_url"])
        .or(arguments.named(&["url", "href"]).filter(|url| Some(*url) != named));
    let width = arguments.named(&["width", "w"]).and_then(|width| width.trim_end_matches("px").parse().ok()).or(width);
    Some(Image { address: source, alt, caption, width, link: link.unwrap_or_default().to_owned() })
}

/// Whether it is the name of a value that only the site knows.
fn is_variable(word: &str) -> bool {
    ["page.", "site.", "include.", "post."].iter().any(|variable| word.starts_with(variable))
}

fn is_file(word: &str) -> bool {
    address::is_external(word)
        || word.starts_with('/')
        || word.rsplit_once('.').is_some_and(|(_, end)| (2..=5).contains(&end.len()))
}

/// What a tag becomes with its content; `None`: it is one of the language itself.
pub fn pair(tag: &Tag) -> Option<Pair> {
    let (name, arguments) = named(tag);
    let name = name.as_str();
    let plain = arguments.plain();
    let title = arguments.named(&TITLES).map(str::to_owned);
    if is_one(LOGIC, name) {
        return None;
    }
    if let Some(image) = is_one(IMAGES, name).then(|| image(&arguments)).flatten() {
        return Some(Pair::Figure(image));
    }
    if is_note(name) {
        return Some(Pair::Note(note_title(name, &arguments)));
    }
    if is_one(QUOTES, name) {
        let named: Vec<&str> = ["author", "by", "who", "name", "cite", "source", "title"]
            .iter()
            .filter_map(|key| arguments.named(&[key]))
            .collect();
        let mut who = if named.is_empty() { plain.clone() } else { named };
        let address =
            arguments.named(&["url", "href", "link"]).or(who.iter().copied().find(|word| address::is_external(word)));
        who.retain(|word| Some(*word) != address);
        let who = who.join(if plain.is_empty() { ", " } else { " " });
        let shown = match address {
            Some(address) => forms::link(if who.is_empty() { address } else { &who }, address, false),
            None => forms::words(&who),
        };
        return Some(Pair::Quote(shown));
    }
    if is_one(FOLDS, name.trim_end_matches('s')) || is_one(FOLDS, name) {
        let plain = plain.into_iter().filter(|word| !["open", "close", "closed", "true", "false"].contains(word));
        return Some(Pair::Details(title.unwrap_or_else(|| plain.collect::<Vec<_>>().join(" "))));
    }
    if let Some(address) = arguments.named(&["href", "url", "link", "to"]) {
        return Some(Pair::Link(address.to_owned()));
    }
    if let Some(target) = arguments.named(&["relref", "ref"]) {
        return Some(Pair::Link(forms::by_name(target)));
    }
    let titled = ["tab", "step", "card", "panel", "section", "codetab", "timeline", "item"].contains(&name);
    let first = plain.first().filter(|_| titled).map(|first| (*first).to_owned());
    Some(Pair::Content(title.or(first).unwrap_or_default()))
}

/// The heading of a note: what it says, else its kind.
fn note_title(name: &str, arguments: &Arguments) -> String {
    let plain = arguments.plain();
    let is_kind = |word: &&str| is_note(&word.to_lowercase());
    let kind = arguments.named(&["type", "kind", "level", "class", "style", "status"]).filter(is_kind);
    let kind = kind.or_else(|| plain.first().copied().filter(is_kind)).unwrap_or(name);
    if let Some(title) = arguments.named(&TITLES) {
        return title.to_owned();
    }
    let idle =
        |word: &&&str| !is_kind(word) && !["true", "false", "no-icon", "simple", "modern", "flat"].contains(*word);
    let rest: Vec<&str> = plain.iter().filter(idle).copied().collect();
    // A single word is the name of an icon in some themes.
    if name != "alert" && !rest.is_empty() || rest.iter().any(|word| word.contains(' ')) {
        return rest.join(" ");
    }
    kind_title(kind)
}

/// The title of a note that has none.
pub fn kind_title(kind: &str) -> String {
    let kind = kind.to_lowercase();
    if is_one(PLAIN_NOTES, &kind) {
        return "Note".into();
    }
    let mut letters = kind.chars();
    letters.next().map_or_else(|| "Note".into(), |first| first.to_uppercase().chain(letters).collect())
}

/// What a tag becomes whose content nothing reads.
pub fn literal(tag: &Tag) -> Literal {
    let plain = tag.arguments.plain();
    match tag.name.as_str() {
        "comment" => Literal::Hidden,
        "raw" | "verbatim" | "rawhtml" | "html" | "unsafe" => Literal::Plain,
        "math" | "katex" | "latex" | "mathjax" => Literal::Formula,
        "mermaid" => Literal::Code { language: "mermaid".into(), title: String::new() },
        _ => {
            let given = tag.arguments.named(&["lang", "language", "lexer"]).map(str::to_owned);
            let marked = plain.iter().find_map(|word| word.strip_prefix("lang:")).map(str::to_owned);
            // Hexo's codeblock begins with a title; the others with the language.
            let is_titled = tag.name == "codeblock";
            let first =
                plain.first().filter(|first| !is_titled && !first.contains('=')).map(|first| (*first).to_owned());
            let language = given.or(marked).or(first).unwrap_or_default();
            let is_option = |word: &&&str| word.contains(':') && !address::is_external(word);
            let titled =
                plain.iter().filter(|word| is_titled && !is_option(word)).copied().collect::<Vec<_>>().join(" ");
            let title = tag.arguments.named(&["title", "file", "filename", "caption"]).map_or(titled, str::to_owned);
            let language = language.chars().filter(|c| c.is_alphanumeric() || "+#-_.".contains(*c)).collect();
            Literal::Code { language, title }
        }
    }
}
