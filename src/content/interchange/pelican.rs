//! Reads the addresses of Pelican: `{filename}more.md`, `{static}/a.png`, `|filename|more.md`.

use crate::content::interchange::forms::BY_NAME;
use crate::content::interchange::regions::Regions;
use crate::content::interchange::replaced;

const FILES: [&str; 6] = ["{filename}", "{static}", "{attach}", "|filename|", "|static|", "|attach|"];
const PLACES: [(&str, &str); 4] =
    [("{tag}", "/tag/"), ("{category}", "/category/"), ("{author}", "/author/"), ("{index}", "/")];

/// Puts addresses that the import looks for in the place of Pelican's.
pub fn translate(text: &str) -> String {
    if !FILES.iter().chain(PLACES.iter().map(|(mark, _)| mark)).any(|mark| text.contains(mark)) {
        return text.to_owned();
    }
    let regions = Regions::of(text);
    let mut edits = Vec::new();
    for (at, _) in text.match_indices(['{', '|']) {
        let before = text.get(..at).unwrap_or_default();
        let is_address = ["](", "](<", "]: ", "=\"", "='", "="].iter().any(|end| before.ends_with(end));
        if !is_address || regions.is_code(at) {
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        if let Some(mark) = FILES.iter().find(|mark| rest.starts_with(**mark)) {
            let root = rest.get(mark.len()..).is_some_and(|path| path.starts_with('/'));
            let place = at..at + mark.len() + usize::from(root);
            edits.push((place, if root { BY_NAME.to_owned() } else { String::new() }));
        } else if let Some((mark, path)) = PLACES.iter().find(|(mark, _)| rest.starts_with(*mark)) {
            edits.push((at..at + mark.len(), (*path).to_owned()));
        }
    }
    replaced(text, edits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lead_to_files_and_lists() {
        assert_eq!(
            translate(
                "[a]({filename}more.md) [b](<{filename}/sub/b c.md#x>) ![c]({static}/c.png)\n\n[d]: |filename|d.md\n"
            ),
            "[a](more.md) [b](<import:sub/b c.md#x>) ![c](import:c.png)\n\n[d]: d.md\n"
        );
        assert_eq!(translate("[t]({tag}owls) <a href=\"{attach}x.pdf\">"), "[t](/tag/owls) <a href=\"x.pdf\">");
        for text in ["`[a]({filename}x)`", "{filename}x", "a |static| b", "{filename"] {
            assert_eq!(translate(text), text);
        }
    }
}
