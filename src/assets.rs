//! Files in the binary and their hashed addresses.

use rust_embed::{Embed, EmbeddedFile};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

#[derive(Embed)]
#[folder = "$CARGO_MANIFEST_DIR/assets/"]
#[exclude = "readme/*"]
#[exclude = "passwords/*"]
struct Folder;

/// What `pamphlet try` shows, which is content and not part of the site.
const SAMPLE: &str = "sample/";

/// One file of the bundle.
pub struct Asset {
    /// `/assets/app.3f2a9c1b7d20.css`: a path below the base path that changes with the content.
    pub url: String,
    pub media_type: &'static str,
    pub bytes: Cow<'static, [u8]>,
}

/// The address of a bundled file by its name, below the base path: `app.css`. A name that is not in
/// the bundle gives an address that answers 404; a test of the views looks for those.
pub fn url(name: &str) -> &'static str {
    by_name(name).map_or("/assets/missing", |asset| asset.url.as_str())
}

/// A bundled file by its name.
pub fn by_name(name: &str) -> Option<&'static Asset> {
    all().get(name)
}

/// Every bundled file by its name.
pub fn all() -> &'static BTreeMap<String, Asset> {
    static ALL: OnceLock<BTreeMap<String, Asset>> = OnceLock::new();
    ALL.get_or_init(|| {
        let file = |name: Cow<'static, str>| Folder::get(&name).map(|file| (name.to_string(), asset(&name, file)));
        Folder::iter().filter(|name| !name.starts_with(SAMPLE)).filter_map(file).collect()
    })
}

/// A file of the sample content by its path below `assets/sample`. It has no address of its own.
pub fn sample(path: &str) -> Option<Cow<'static, [u8]>> {
    Folder::get(&format!("{SAMPLE}{path}")).map(|file| file.data)
}

/// Paths of all files of the sample content, sorted.
pub fn sample_paths() -> Vec<String> {
    let mut paths: Vec<String> =
        Folder::iter().filter_map(|name| name.strip_prefix(SAMPLE).map(str::to_owned)).collect();
    paths.sort();
    paths
}

fn asset(name: &str, file: EmbeddedFile) -> Asset {
    let hash: String = file.metadata.sha256_hash().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let bytes = match (extension, std::str::from_utf8(&file.data)) {
        ("css" | "js", Ok(text)) => Cow::Owned(without_comments(text).into_bytes()),
        _ => file.data,
    };
    Asset { url: format!("/assets/{stem}.{hash}.{extension}"), media_type: media_type(extension), bytes }
}

/// A style sheet or script without indentation and without comments that have lines of their own.
fn without_comments(text: &str) -> String {
    let mut in_comment = false;
    let mut kept = String::with_capacity(text.len());
    for line in text.lines().map(str::trim) {
        in_comment |= line.starts_with("/*");
        if !(in_comment || line.is_empty() || line.starts_with("//")) {
            kept.push_str(line);
            kept.push('\n');
        }
        in_comment &= !line.ends_with("*/");
    }
    kept
}

fn media_type(extension: &str) -> &'static str {
    match extension {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "ico" => "image/x-icon",
        "png" => "image/png",
        "webp" => "image/webp",
        "jpg" => "image/jpeg",
        "webmanifest" => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_indentation_are_not_sent() {
        let text = "/* One. */\na {\n  b: c; /* kept */\n}\n\n/* Two\n   lines. */\n  // Three.\nd //e\n";
        assert_eq!(without_comments(text), "a {\nb: c; /* kept */\n}\nd //e\n");
    }

    #[test]
    fn an_address_changes_with_the_content_and_has_a_known_type() {
        let css = by_name("app.css").unwrap();
        let hash = css.url.strip_prefix("/assets/app.").unwrap().strip_suffix(".css").unwrap();
        assert!(hash.len() == 12 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_eq!(url("app.css"), css.url);
        for (name, asset) in all() {
            assert_ne!(asset.media_type, "application/octet-stream", "{name}");
        }
    }
}
