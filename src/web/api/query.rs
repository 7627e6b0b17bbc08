//! The parameters of a query: known ones, each once, all faults told at once.

use crate::domain::link::Links;
use crate::domain::paging::{Cursor, Slice, Window};
use crate::error::{FieldErrors, Result};
use crate::web::api::shape::Shape;
use crate::web::request::Req;
use http::header::{HeaderName, HeaderValue, LINK};
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::ToSchema;

/// Items of a list when nothing is said.
pub const DEFAULT_LIMIT: usize = 20;
/// Most items of a list at once.
pub const MAX_LIMIT: usize = 100;

/// The parameters of a request, and what is wrong with them so far.
pub struct Reader<'a> {
    req: &'a Req,
    errors: FieldErrors,
}

impl<'a> Reader<'a> {
    /// Refuses by name what is not `known`, and what is there twice.
    pub fn new(req: &'a Req, known: &[&str]) -> Result<Reader<'a>> {
        let mut errors = FieldErrors::new();
        let mut seen: Vec<&str> = Vec::new();
        for (name, _) in req.queries()? {
            let shown: String = name.chars().take(60).collect();
            if !known.contains(&name) {
                let there = if known.is_empty() { "none".into() } else { known.join(", ") };
                errors.add(shown, format!("There is no such parameter here; there are: {there}."));
            } else if seen.contains(&name) {
                errors.add(shown, "Please send this parameter once.");
            }
            seen.push(name);
        }
        Ok(Reader { req, errors })
    }

    /// Which part of a list is wanted.
    pub fn window(&mut self) -> Window {
        let limit = self.req.query("limit").map(|text| match text.parse() {
            Ok(limit @ 1..=MAX_LIMIT) if text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(limit),
            _ => Err(format!("Please send a number from 1 to {MAX_LIMIT}.").into()),
        });
        let limit = limit.and_then(|limit| self.errors.check("limit", limit)).unwrap_or(DEFAULT_LIMIT);
        let after = self.req.query("after").map(Cursor::parse).and_then(|after| self.errors.check("after", after));
        Window { after, limit }
    }

    /// A text, as it is.
    pub fn text(&self, name: &str) -> Option<String> {
        self.req.query(name).map(str::to_owned)
    }

    /// One of the words of a type.
    pub fn word<T: DeserializeOwned + Default>(&mut self, name: &'static str, words: &str) -> T {
        let Some(text) = self.req.query(name) else { return T::default() };
        let read = serde_json::from_value(Value::String(text.to_owned()));
        self.errors.check(name, read.map_err(|_| format!("Please send one of {words}.").into())).unwrap_or_default()
    }

    /// The members that `fields` names, of those that a type has.
    pub fn fields<T: ToSchema>(&mut self) -> Fields {
        self.req.query("fields")?;
        self.names("fields", &Shape::of::<T>().names())
    }

    /// The names in a list such as `fields=id,title`; `None` if it is not there.
    pub fn names(&mut self, name: &'static str, known: &[impl AsRef<str>]) -> Option<Vec<String>> {
        let text = self.req.query(name)?;
        let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
        let known: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
        if let Some(bad) = names.iter().find(|name| !known.contains(&name.as_str())) {
            let shown: String = bad.chars().take(60).collect();
            self.errors.add(name, format!("There is no “{shown}” here; there are: {}.", known.join(", ")));
        }
        Some(names)
    }

    /// Tells every fault.
    pub fn finish(self) -> Result<()> {
        self.errors.finish()
    }
}

/// The parameters of a list that is read part by part.
pub const PAGED: &[&str] = &["limit", "after", "fields"];
/// The parameters of what is read whole.
pub const SPARSE: &[&str] = &["fields"];

/// The members that are wanted of things; `None` is all of them.
pub type Fields = Option<Vec<String>>;

/// Which part of a list of such things is wanted, and which of their members: all of `PAGED`.
pub fn paged<T: ToSchema>(req: &Req) -> Result<(Window, Fields)> {
    let mut reader = Reader::new(req, PAGED)?;
    let (window, fields) = (reader.window(), reader.fields::<T>());
    reader.finish()?;
    Ok((window, fields))
}

/// Which members of such a thing are wanted: all of `SPARSE`.
pub fn sparse<T: ToSchema>(req: &Req) -> Result<Fields> {
    let mut reader = Reader::new(req, SPARSE)?;
    let fields = reader.fields::<T>();
    reader.finish()?;
    Ok(fields)
}

/// Where a list begins and where it goes on (RFC 8288).
pub fn links<T>(links: &Links, req: &Req, slice: &Slice<T>) -> Result<Vec<(HeaderName, HeaderValue)>> {
    let address = |after: Option<&Cursor>| -> Result<String> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(req.queries()?.filter(|(name, _)| *name != "after"));
        query.extend_pairs(after.map(|after| ("after", after.as_str())));
        let query = query.finish();
        let mark = if query.is_empty() { "" } else { "?" };
        Ok(format!("{}{mark}{query}", links.to(&req.path)))
    };
    let mut values = vec![format!("<{}>; rel=\"first\"", address(None)?)];
    if let Some(next) = slice.next() {
        values.push(format!("<{}>; rel=\"next\"", address(Some(next))?));
    }
    Ok(HeaderValue::try_from(values.join(", ")).map(|value| (LINK, value)).into_iter().collect())
}
