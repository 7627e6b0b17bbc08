//! Whether two names would be taken for each other.

use crate::domain::text;
use unicode_normalization::UnicodeNormalization;

/// What a name looks like in lower case and in capitals: names that share one of the two look alike.
///
/// This is the skeleton of UTS #39, section 4, of letters and digits alone. It also folds what readers don't tell
/// apart although the skeleton does: `İ` and `ı` are an `i`, and `i` is an `l`, as their capitals suggest.
pub fn looks(name: &str) -> [String; 2] {
    let plain: String = name.nfkc().filter(|c| c.is_alphanumeric() || is_mark(*c)).collect();
    [skeleton(&plain.to_lowercase()), skeleton(&plain.to_uppercase())]
}

/// Whether two names look alike. Names without letters and digits look like none.
pub fn look_alike(one: &[String; 2], other: &[String; 2]) -> bool {
    one.iter().zip(other).any(|(one, other)| one == other && !one.is_empty())
}

fn skeleton(text: &str) -> String {
    let dotless = text.replace(['i', 'ı', 'İ', 'I', 'і', 'І'], "l").replace("l\u{307}", "l");
    let skeleton: String = unicode_security::skeleton(&dotless).collect();
    skeleton.to_lowercase().replace(['i', 'ı'], "l")
}

fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c) && !text::is_hidden(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(one: &str, other: &str) -> bool {
        look_alike(&looks(one), &looks(other))
    }

    #[test]
    fn imitations_look_like_what_they_imitate() {
        for imitation in [
            "Mikel",
            "MIKEL",
            "mikel",
            "Mıkel",
            "MİKEL",
            "mi̇kel",
            "Mikеl",
            "МIKEL",
            "M1kel",
            "MlKEL",
            "M i k e l",
            "Mikel.",
            "Ｍikel",
            "𝗠𝗶𝗸𝗲𝗹",
            "Mіkel",
        ] {
            assert!(alike(imitation, "Mikel"), "{imitation}: {:?} {:?}", looks(imitation), looks("Mikel"));
        }
        assert!(alike("Ada Lovelace", "ada-lovelace") && alike("вoris", "Boris") && alike("paypal", "раураӏ"));
    }

    #[test]
    fn other_names_do_not() {
        for other in ["Mike", "Mikela", "Maike", "Michel", "Anna", "Майкл", "...", ""] {
            assert!(!alike(other, "Mikel"), "{other}");
        }
        assert!(!alike("...", "!!!") && !alike("Anna", "Anne") && !alike("Jens", "Jans"));
    }
}
