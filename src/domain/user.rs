//! User accounts: names, e-mail addresses, passwords as typed, and the inputs that change them.

use crate::domain::actor::Role;
use crate::domain::common_passwords::is_common;
use crate::domain::id::UserId;
use crate::domain::look_alike::{look_alike, looks};
use crate::domain::text;
use crate::domain::time::Timestamp;
use crate::error::{Checked, FieldErrors, Result};
use serde::{Deserialize, Serialize};
use std::fmt;
use unicode_normalization::UnicodeNormalization;
use unicode_security::MixedScript;

/// Longest user name, in characters.
pub const MAX_USERNAME: usize = 40;
/// Longest display name, in characters.
pub const MAX_DISPLAY_NAME: usize = 80;
/// Longest biography, in characters.
pub const MAX_BIO: usize = 2_000;
/// bcrypt reads 72 bytes and the terminating NUL counts.
pub const MAX_PASSWORD: usize = 71;
/// Shortest password, in characters (NIST SP 800-63B, section 3.1.1.2, asks for at least 8).
pub const MIN_PASSWORD: usize = 8;

/// Names that would pass for the site itself or for one of its addresses.
const RESERVED: &[&str] = &[
    "about",
    "abuse",
    "account",
    "admin",
    "administrator",
    "anonymous",
    "api",
    "assets",
    "author",
    "blog",
    "contact",
    "deleted",
    "editor",
    "everyone",
    "feed",
    "graphql",
    "guest",
    "help",
    "info",
    "login",
    "logout",
    "mail",
    "me",
    "media",
    "metrics",
    "moderator",
    "news",
    "nobody",
    "noreply",
    "null",
    "official",
    "owner",
    "pamphlet",
    "postmaster",
    "root",
    "security",
    "setup",
    "signup",
    "site",
    "staff",
    "status",
    "support",
    "system",
    "team",
    "undefined",
    "user",
    "webmaster",
    "www",
];

/// An account. The password hash stands elsewhere, so that loading a user never carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub id: UserId,
    pub username: Username,
    /// What pages show.
    pub display_name: String,
    pub email: Option<Email>,
    /// A few plain sentences about the person.
    pub bio: String,
    pub role: Role,
    /// A disabled account cannot sign in; what it wrote stays and is credited.
    pub disabled: bool,
    pub created_at: Timestamp,
}

/// What a page needs to credit somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    pub id: UserId,
    pub username: Username,
    pub display_name: String,
}

impl User {
    /// The public part.
    pub fn credit(&self) -> Credit {
        Credit { id: self.id, username: self.username.clone(), display_name: self.display_name.clone() }
    }
}

/// A user name: lower case, NFKC, letters and digits of one script with `-`, `_` and `.` inside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Username(String);

impl Username {
    /// Checks what somebody typed; reserved names are refused.
    pub fn parse(text: &str) -> Checked<Username> {
        let name = Username::parse_any(text)?;
        let own = looks(&name.0);
        if RESERVED.iter().any(|reserved| look_alike(&own, &looks(reserved))) {
            return Err("This name is reserved. Please choose another.".into());
        }
        Ok(name)
    }

    /// Like `parse`, but takes reserved names: for the administrator who sets the site up and
    /// for the command line.
    pub fn parse_any(text: &str) -> Checked<Username> {
        let line = text::line(text, MAX_USERNAME * 2)?;
        // Keyboards put joiners and direction marks around names; they are no part of them.
        let letters = line.chars().filter(|c| !matches!(c, '\u{61C}' | '\u{200C}'..='\u{200F}'));
        let name: String = letters.nfkc().flat_map(char::to_lowercase).nfkc().collect();
        let length = name.chars().count();
        if !(2..=MAX_USERNAME).contains(&length) {
            return Err(format!("A user name has 2 to {MAX_USERNAME} characters.").into());
        }
        let inner = |c: char| matches!(c, '-' | '_' | '.');
        let valid =
            name.chars().all(|c| c.is_alphanumeric() || inner(c) || unicode_normalization::char::is_combining_mark(c));
        if !valid {
            return Err("A user name has only letters, digits, hyphens, dots and underscores.".into());
        }
        if name.starts_with(inner) || name.ends_with(inner) || name.contains("..") {
            return Err("A user name begins and ends with a letter or digit.".into());
        }
        if !name.as_str().is_single_script() {
            return Err("Please write the name in letters of one alphabet.".into());
        }
        Ok(Username(name))
    }

    /// The name as it stands in addresses before percent-encoding.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the name looks like (UTS #39, section 4): two names with one skeleton would be
    /// mistaken for each other.
    pub fn skeleton(&self) -> String {
        let plain: String = self.0.chars().filter(|c| !matches!(c, '-' | '_' | '.')).collect();
        unicode_security::skeleton(&plain).collect::<String>().to_lowercase()
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An e-mail address; compared without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// The shape the HTML standard's e-mail input takes, at most 254 bytes (RFC 5321, 4.5.3.1.3).
    pub fn parse(text: &str) -> Checked<Email> {
        const WRONG: &str = "Please enter an e-mail address such as name@example.org, or leave this empty.";
        let text = text.trim();
        let (local, host) = text.rsplit_once('@').ok_or(WRONG)?;
        let local_ok = !local.is_empty()
            && local.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte));
        let label_ok = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if text.len() > 254 || !local_ok || !host.contains('.') || !host.split('.').all(label_ok) {
            return Err(WRONG.into());
        }
        Ok(Email(text.to_owned()))
    }

    /// As typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form under which addresses are compared.
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

/// A password somebody typed. Never printed, never stored.
///
/// Passwords compare as the profile OpaqueString of RFC 8265 says: in NFC, and with every space as U+0020, so that
/// what one keyboard composes and another does not is the same password.
#[derive(Clone)]
pub struct Password {
    prepared: String,
    /// What was typed, where that differs: hashes of earlier versions are of this.
    typed: Option<String>,
}

impl Password {
    /// A new password: long enough, short enough that bcrypt reads all of it, and none that is guessed first.
    pub fn parse(text: &str) -> Checked<Password> {
        let password = Password::attempt(text);
        let prepared = password.as_str();
        if prepared.chars().any(char::is_control) {
            return Err("Please remove the control characters.".into());
        }
        if prepared.chars().count() < MIN_PASSWORD {
            return Err(format!("Please use at least {MIN_PASSWORD} characters.").into());
        }
        if prepared.len() > MAX_PASSWORD {
            return Err(format!(
                "Please use at most {MAX_PASSWORD} bytes in UTF-8, and this has {}; accented letters and emoji count \
                 for more than one.",
                prepared.len()
            )
            .into());
        }
        if is_common(prepared) {
            return Err(
                "This is one of the most common passwords, which are guessed first. Please choose another.".into()
            );
        }
        Ok(password)
    }

    /// What was typed to sign in: whatever it is, it is compared, never refused for its form.
    pub fn attempt(text: &str) -> Password {
        let spaced = text.chars().map(|c| if is_other_space(c) { ' ' } else { c });
        let prepared: String = spaced.nfc().collect();
        let typed = (prepared != text).then(|| text.to_owned());
        Password { prepared, typed }
    }

    /// The prepared characters, for the hash function alone.
    pub fn as_str(&self) -> &str {
        &self.prepared
    }

    /// The forms to compare with a hash: the prepared one, then what was typed if that differs. Without those
    /// that bcrypt cannot read to their end.
    pub fn forms(&self) -> impl Iterator<Item = &str> {
        let forms = std::iter::once(self.prepared.as_str()).chain(self.typed.as_deref());
        forms.filter(|form| form.len() <= MAX_PASSWORD)
    }

    /// Whether the prepared form can be hashed.
    pub fn fits(&self) -> bool {
        self.prepared.len() <= MAX_PASSWORD
    }
}

/// Spaces other than U+0020 (general category Zs), which OpaqueString maps to it.
fn is_other_space(c: char) -> bool {
    matches!(c, '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}')
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// The fields of sign-up, as typed.
#[derive(Debug, Clone, Default)]
pub struct NewUser {
    pub username: String,
    pub email: String,
    pub password: String,
}

/// Checked fields of a new account.
#[derive(Debug, Clone)]
pub struct ValidNewUser {
    pub username: Username,
    pub display_name: String,
    pub email: Option<Email>,
    pub password: Password,
}

impl NewUser {
    /// Checks every field; `username_rule` is `Username::parse` or `Username::parse_any`.
    pub fn validate(&self, username_rule: fn(&str) -> Checked<Username>) -> Result<ValidNewUser> {
        let mut errors = FieldErrors::new();
        let username = errors.check("username", username_rule(&self.username));
        let email = errors.check("email", optional_email(&self.email));
        let password = errors.check("password", Password::parse(&self.password));
        match (username, email, password) {
            (Some(username), Some(email), Some(password)) => {
                errors.finish()?;
                let display_name =
                    text::line(&self.username, MAX_DISPLAY_NAME).unwrap_or_else(|_| username.to_string());
                Ok(ValidNewUser { username, display_name, email, password })
            }
            _ => Err(errors.finish().err().unwrap_or_else(|| crate::error::Error::internal("no field at fault"))),
        }
    }
}

/// The fields of the account page, as typed.
#[derive(Debug, Clone, Default)]
pub struct ProfilePatch {
    pub display_name: String,
    pub email: String,
    pub bio: String,
}

/// Checked fields of the account page.
#[derive(Debug, Clone)]
pub struct Profile {
    pub display_name: String,
    pub email: Option<Email>,
    pub bio: String,
}

impl ProfilePatch {
    /// Checks every field.
    pub fn validate(&self) -> Result<Profile> {
        let mut errors = FieldErrors::new();
        let display_name = errors.check("display_name", text::line(&self.display_name, MAX_DISPLAY_NAME));
        let email = errors.check("email", optional_email(&self.email));
        let bio = errors.check("bio", text::block(&self.bio, MAX_BIO));
        errors.finish()?;
        Ok(Profile {
            display_name: display_name.unwrap_or_default(),
            email: email.flatten(),
            bio: bio.unwrap_or_default().trim().to_owned(),
        })
    }
}

fn optional_email(text: &str) -> Checked<Option<Email>> {
    if text.trim().is_empty() { Ok(None) } else { Email::parse(text).map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lower_case_of_one_alphabet_and_not_reserved() {
        assert_eq!(Username::parse("Mikel").unwrap().as_str(), "mikel");
        assert_eq!(Username::parse("Зоя").unwrap().as_str(), "зоя");
        for bad in [
            "a",
            "admin",
            "Аdmin",
            "ad-min",
            "admİn",
            "admın",
            "root",
            "-ada",
            "ada lovelace",
            "ada/..",
            "mikеl",
            "",
            "a\u{202E}b",
        ] {
            assert!(Username::parse(bad).is_err(), "{bad}");
        }
        assert!(Username::parse_any("admin").is_ok());
    }

    #[test]
    fn look_alikes_share_a_skeleton() {
        let skeleton = |name| Username::parse_any(name).unwrap().skeleton();
        assert_eq!(skeleton("paypal"), skeleton("раураӏ"));
        assert_eq!(skeleton("adalovelace"), skeleton("ada.lovelace"));
        assert_ne!(skeleton("ada"), skeleton("eve"));
    }

    #[test]
    fn passwords_are_never_cut() {
        assert!(Password::parse(&"x".repeat(71)).is_ok());
        assert!(Password::parse(&"x".repeat(72)).is_err());
        assert!(Password::parse(&"é".repeat(36)).is_err());
        assert!(Password::parse("short").is_err());
        // What counts is the prepared form.
        assert!(Password::parse(&"e\u{301}".repeat(35)).is_ok());
        assert!(Password::parse(&"e\u{301}".repeat(36)).unwrap_err().contains("this has 72"));
        assert_eq!(format!("{:?}", Password::attempt("secret")), "Password(…)");
    }

    #[test]
    fn passwords_have_one_form() {
        let composed = Password::parse("pass\u{e9} sim\u{f4}ne").unwrap();
        let decomposed = Password::attempt("passe\u{301}\u{3000}simo\u{302}ne");
        assert_eq!(composed.as_str(), decomposed.as_str());
        assert_eq!((composed.forms().count(), decomposed.forms().count()), (1, 2));
        for bad in ["tab\tin the middle", "bell\u{7}in the middle", "next\u{85}line in it", "Password123"] {
            assert!(Password::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn addresses_have_the_usual_shape() {
        assert!(Email::parse("ada@example.org").is_ok());
        for bad in ["ada", "ada@", "@example.org", "ada@localhost", "a b@example.org", "ada@-x.org", "ada@exa mple.org"]
        {
            assert!(Email::parse(bad).is_err(), "{bad}");
        }
    }
}
