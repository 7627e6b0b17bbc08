//! The shapes in which both APIs speak: REST as JSON in `snake_case`, GraphQL in `camelCase`.
//!
//! Each noun is one struct from which serde, the OpenAPI document and the GraphQL schema are made, so a
//! field that is added here is in all three. What costs a read of its own (bodies, Markdown,
//! conversations, counts) is not in these structs: REST adds it with `include`, GraphQL by asking for it.
//! Nothing here waits for anything, so that GraphQL resolves the fields one after the other (`serial`), which
//! costs less than to have them side by side.

pub mod comments;
pub mod media;
pub mod people;
pub mod posts;
pub mod site;

use crate::domain::time::Timestamp;
use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A time, written as RFC 3339 has it: in UTC when we write it, with any offset when we read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(pub Timestamp);

impl Time {
    fn parse(text: &str) -> Option<Time> {
        // The domain also reads local times, as forms send them; an API has no zone to read them in.
        let has_offset = text.ends_with(['Z', 'z']) || text.rfind(['+', '-']).is_some_and(|at| at > 10);
        Timestamp::parse(text, &crate::domain::time::Zone::utc()).filter(|_| has_offset).map(Time)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0.rfc3339())
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Time, D::Error> {
        let text = String::deserialize(from)?;
        Time::parse(&text).ok_or_else(|| {
            serde::de::Error::custom("Please send a time with its offset, such as 2026-05-03T10:28:00Z.")
        })
    }
}

/// A time as RFC 3339 has it, such as `2026-05-03T10:28:00Z`.
#[Scalar(name = "DateTime", specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339")]
impl ScalarType for Time {
    fn parse(value: Value) -> InputValueResult<Time> {
        match &value {
            Value::String(text) => {
                Time::parse(text).ok_or_else(|| InputValueError::custom("not a time as RFC 3339 has it"))
            }
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.rfc3339())
    }
}

/// The name of a field as GraphQL has it: `display_name` is `displayName`.
pub fn camel_case(field: &str) -> String {
    let mut name = String::with_capacity(field.len());
    let mut parts = field.split('_');
    name.push_str(parts.next().unwrap_or(""));
    for part in parts {
        let mut letters = part.chars();
        name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_the_names_of_each_api() {
        assert_eq!(camel_case("display_name"), "displayName");
        assert_eq!(camel_case("title"), "title");
        assert_eq!(camel_case("a__b_"), "aB");
    }

    #[test]
    fn times_are_read_with_an_offset_only() {
        let read = |text: &str| serde_json::from_str::<Time>(&format!("\"{text}\"")).map(|time| time.0.rfc3339()).ok();
        assert_eq!(read("2026-05-03T10:28:00Z").as_deref(), Some("2026-05-03T10:28:00Z"));
        assert_eq!(read("2026-05-03T12:28:00+02:00").as_deref(), Some("2026-05-03T10:28:00Z"));
        assert_eq!(read("2026-05-03T10:28"), None);
        assert_eq!(read("2026-05-03"), None);
    }
}
