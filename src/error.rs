//! The one error type of the program, free of HTTP, of redb and of every other library.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// Shorthand used in every layer.
pub type Result<T> = std::result::Result<T, Error>;

/// A checked value, or one sentence that says what is wrong with it; the form adds the field.
pub type Checked<T> = std::result::Result<T, Cow<'static, str>>;

/// What can go wrong, in the words of the application.
///
/// `web::problem` turns it into a page or a problem document, `cli` into an exit code.
#[derive(Debug)]
pub enum Error {
    /// The named noun does not exist, or the actor may not know that it does.
    NotFound(&'static str),
    /// Every field at fault, at once.
    Invalid(Vec<FieldError>),
    /// The input is fine, the stored state refuses it; says what to do.
    Conflict(&'static str),
    /// Nobody is signed in and somebody has to be.
    Unauthenticated,
    /// What went wrong with an item of a batch, counted from 0; nothing of the batch was done.
    Item(usize, Box<Error>),
    /// The actor is known and may not do this.
    Forbidden,
    /// The API token is not for this; names the scope it lacks.
    ScopeMissing(&'static str),
    /// Only somebody signed in may do this, no token.
    SessionNeeded,
    /// What was to be changed is not what it was when it was read.
    Stale(&'static str),
    /// The idempotency key belongs to another request.
    KeyReused,
    /// The input is larger than the limit, in bytes.
    TooLarge(u64),
    /// The input cannot be read at all; says why.
    Malformed(&'static str),
    /// The input did not arrive in time.
    TooSlow,
    /// Too many attempts; when to come back.
    RateLimited(Duration),
    /// A bounded queue is full; trying again soon will work.
    Busy,
    /// The store is recovering; reads may still work.
    Unavailable,
    /// The disk is almost full: nothing can be added, but things can be deleted.
    NoSpace,
    /// The data file cannot be used: damaged, newer than this program, or in use.
    DataFile(String),
    /// The machine refuses what was asked for (a port, a folder, a file); says what to do.
    Failed(String),
    /// Anything else. The cause goes to the log, never to a client.
    Internal(Box<dyn std::error::Error + Send + Sync>),
}

/// One field of an input and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Name of the form field or JSON member; in a structure the way to it: `navigation[2].label`.
    pub field: Cow<'static, str>,
    /// One sentence that says what to do.
    pub message: Cow<'static, str>,
}

impl Error {
    /// A single field at fault.
    pub fn field(field: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Error {
        Error::Invalid(vec![FieldError { field: field.into(), message: message.into() }])
    }

    /// Wraps a message for which there is no better variant.
    pub fn internal(message: impl Into<String>) -> Error {
        Error::Internal(message.into().into())
    }
}

/// Collects field errors, so that all of them are reported at once.
#[derive(Debug, Default)]
pub struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// No errors so far.
    pub fn new() -> FieldErrors {
        FieldErrors::default()
    }

    /// Notes that `field` is at fault.
    pub fn add(&mut self, field: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) {
        self.0.push(FieldError { field: field.into(), message: message.into() });
    }

    /// Keeps the value, or notes its error and returns `None`.
    pub fn check<T>(&mut self, field: &'static str, value: Checked<T>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(message) => {
                self.add(field, message);
                None
            }
        }
    }

    /// Notes what another check found; any error that is not about fields is given back.
    pub fn merge(&mut self, other: Result<()>) -> Result<()> {
        match other {
            Err(Error::Invalid(fields)) => self.0.extend(fields),
            other => return other,
        }
        Ok(())
    }

    /// The result, unless something was noted: then that, and what the result says of other fields.
    pub fn join<T>(mut self, result: Result<T>) -> Result<T> {
        if self.is_empty() {
            return result;
        }
        let member = |field: &str| field.split(['.', '[']).next().unwrap_or_default().to_owned();
        let noted: Vec<String> = self.0.iter().map(|error| member(&error.field)).collect();
        if let Err(Error::Invalid(more)) = result {
            self.0.extend(more.into_iter().filter(|error| !noted.contains(&member(&error.field))));
        }
        Err(Error::Invalid(self.0))
    }

    /// Whether nothing was noted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `Err(Error::Invalid)` if anything was noted.
    pub fn finish(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Invalid(self.0)) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NotFound(noun) => write!(f, "There is no such {noun}."),
            Error::Invalid(fields) => {
                for (index, field) in fields.iter().enumerate() {
                    if index > 0 {
                        f.write_str(" ")?;
                    }
                    if !field.field.is_empty() {
                        write!(f, "{}: ", field.field)?;
                    }
                    f.write_str(&field.message)?;
                }
                Ok(())
            }
            Error::Conflict(message) => f.write_str(message),
            Error::Item(number, error) => write!(f, "Item {number}: {error}"),
            Error::Unauthenticated => f.write_str("Please log in first."),
            Error::Forbidden => f.write_str("You may not do this."),
            Error::ScopeMissing(scope) => write!(f, "This token is not for that: it lacks the scope {scope}."),
            Error::SessionNeeded => f.write_str("No token may do this. Please log in with your password."),
            Error::Stale(message) => f.write_str(message),
            Error::KeyReused => f.write_str("This idempotency key was sent with another request. Please use a new one."),
            Error::TooLarge(limit) => write!(f, "That is too large: at most {} can be sent at once.", size(*limit)),
            Error::Malformed(message) => f.write_str(message),
            Error::TooSlow => f.write_str("That took too long to arrive. Please try again."),
            Error::RateLimited(wait) => {
                write!(f, "Too many attempts. Please try again in {} seconds.", wait.as_secs().max(1))
            }
            Error::Busy => f.write_str("The server is busy. Please try again in a moment."),
            Error::Unavailable => {
                f.write_str("The blog cannot save anything right now. Reading still works; please try again soon.")
            }
            Error::NoSpace => f.write_str(
                "The disk of this site is almost full, so nothing can be added until there is room. Reading and deleting still work.",
            ),
            Error::DataFile(message) | Error::Failed(message) => f.write_str(message),
            Error::Internal(cause) => write!(f, "internal error: {cause}"),
        }
    }
}

impl std::error::Error for Error {}

/// A number of bytes as people say it: `64 kB`, `10 MB`.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

/// Lets the layer that uses a library map the library's errors to `Error::Internal`.
#[macro_export]
macro_rules! internal_from {
    ($($error:ty),+ $(,)?) => {
        $(impl From<$error> for $crate::error::Error {
            fn from(cause: $error) -> Self {
                $crate::error::Error::Internal(Box::new(cause))
            }
        })+
    };
}
