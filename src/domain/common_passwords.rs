//! The passwords that are guessed first.

use flate2::read::GzDecoder;
use std::io::Read;

/// One a line, in lower case; `SOURCES.md` beside the file says where they come from.
const LIST: &[u8] = include_bytes!("../../assets/passwords/common.txt.gz");
/// More than the list has.
const MAX_LIST: u64 = 1024 * 1024;

/// Whether a password is one of the 10,000 most common, in whatever case.
///
/// The list is decompressed each time and not kept: somebody chooses a password too rarely to pay for it in memory.
pub fn is_common(password: &str) -> bool {
    let wanted = password.to_lowercase();
    let mut list = String::new();
    // The list is part of the program, so this cannot fail; a test reads it.
    let read = GzDecoder::new(LIST).take(MAX_LIST).read_to_string(&mut list);
    read.is_ok() && list.lines().any(|common| common == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_passwords_are_known_in_any_case() {
        for common in ["password1", "PassWord123", "iloveyou", "1qaz2wsx", "TRUSTNO1", "qwertyuiop", "1234567890"] {
            assert!(is_common(common), "{common}");
        }
        for rare in ["correct horse battery", "", "password1 ", "a password nobody has"] {
            assert!(!is_common(rare), "{rare}");
        }
    }
}
