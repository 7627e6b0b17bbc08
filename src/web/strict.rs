//! Reading JSON strictly: no key twice, no endless depth or number of values, faults told by the way to them.

use crate::error::{Error, FieldErrors, Result};
use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use serde_path_to_error::{Path, Segment};
use std::cell::RefCell;
use std::fmt;

/// How deep arrays and objects may be nested.
const MAX_DEPTH: usize = 32;
/// Values in one body. Read into memory, `[0],` takes ninety times the room it has in the body.
const MAX_VALUES: usize = 50_000;
/// Faults of one body that are told.
const MAX_FAULTS: usize = 20;

/// The value of a body.
pub fn parse(bytes: &[u8]) -> Result<Value> {
    if bytes.is_empty() {
        return Err(Error::Malformed("There is no body; this address takes JSON."));
    }
    if std::str::from_utf8(bytes).is_err() {
        return Err(Error::Malformed("The body is not UTF-8."));
    }
    if values(bytes) > MAX_VALUES {
        return Err(Error::Malformed("The JSON has too many values: at most 50,000."));
    }
    let fault = RefCell::new(None);
    let mut from = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth: 0, fault: &fault }.deserialize(&mut from).and_then(|value| from.end().map(|()| value));
    value.map_err(|_| fault.into_inner().unwrap_or(Error::Malformed("The body is not JSON.")))
}

/// How many values there are at most, from what separates and begins them outside of strings.
fn values(bytes: &[u8]) -> usize {
    let (mut count, mut is_text, mut is_escaped) = (1, false, false);
    for byte in bytes {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_text,
            b'"' => is_text = !is_text,
            b',' | b'[' | b'{' if !is_text => count += 1,
            _ => {}
        }
    }
    count
}

/// A value of this type. All wrong and unknown members are told at once, each by its way: `navigation[2].label`.
pub fn typed<T: DeserializeOwned + Serialize>(value: Value) -> Result<T> {
    let (read, faults) = read(value)?;
    faults.join(Ok(read))
}

/// The same, with the faults beside what is left without the members at fault, so that those who know the rules can
/// look at the others: nothing may come of it if there are any (`FieldErrors::join`).
pub fn read<T: DeserializeOwned + Serialize>(mut value: Value) -> Result<(T, FieldErrors)> {
    let mut faults = FieldErrors::new();
    let read = match T::deserialize(&value) {
        Ok(read) => read,
        Err(_) => {
            faults = self::faults::<T>(&mut value);
            match T::deserialize(&value) {
                Ok(read) => read,
                Err(_) => return Err(faults.finish().err().unwrap_or_else(|| Error::internal("no field at fault"))),
            }
        }
    };
    if let Some(field) = unlike(&value, &as_value(&read)?) {
        return faults.join(Err(Error::field(field, "Please send an object here.")));
    }
    Ok((read, faults))
}

/// What is stored, as a merge patch changes it (RFC 7396).
pub fn patched<T: DeserializeOwned + Serialize>(stored: &impl Serialize, patch: Value) -> Result<T> {
    let (read, faults) = read_patched(stored, patch)?;
    faults.join(Ok(read))
}

/// The same, with the faults beside, as `read` gives them.
pub fn read_patched<T: DeserializeOwned + Serialize>(
    stored: &impl Serialize,
    patch: Value,
) -> Result<(T, FieldErrors)> {
    if !patch.is_object() {
        return Err(Error::field("", "A merge patch of this is an object."));
    }
    read(merged(as_value(stored)?, patch))
}

fn as_value(thing: &impl Serialize) -> Result<Value> {
    serde_json::to_value(thing).map_err(|cause| Error::Internal(Box::new(cause)))
}

/// The way to an array that was read as if it were an object, its items taken for the members in their order,
/// as serde does; `read` is what came of what was sent.
fn unlike(sent: &Value, read: &Value) -> Option<String> {
    let below = |step: String, sent, read| {
        let rest: String = unlike(sent, read)?;
        let dot = if rest.is_empty() || rest.starts_with('[') { "" } else { "." };
        Some(format!("{step}{dot}{rest}"))
    };
    match (sent, read) {
        (Value::Array(_), Value::Object(_)) => Some(String::new()),
        (Value::Array(sent), Value::Array(read)) => {
            sent.iter().zip(read).enumerate().find_map(|(n, (sent, read))| below(format!("[{n}]"), sent, read))
        }
        (Value::Object(sent), Value::Object(read)) => {
            sent.iter().find_map(|(name, sent)| below(name.clone(), sent, read.get(name)?))
        }
        _ => None,
    }
}

/// What keeps a value from being of this type; members at fault are taken out, and something stands in for those that
/// have to be there.
fn faults<T: DeserializeOwned>(value: &mut Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let mut told: Vec<String> = Vec::new();
    while let Err(error) = serde_path_to_error::deserialize::<_, T>(&*value) {
        let (path, message) = (error.path().clone(), error.inner().to_string());
        let missing = path.iter().next().is_none() && message.starts_with("missing field");
        let (field, message) = explained(&path, &message);
        // What was taken out because it is wrong, or because something in it is, is missing now.
        let again = told.iter().any(|told| {
            told.strip_prefix(field.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        });
        if !again {
            errors.add(field.clone(), message);
            told.push(field.clone());
        }
        let goes_on = if missing { stand_in::<T>(value, &field) } else { !again && take_out(value, &path) };
        if told.len() >= MAX_FAULTS || !goes_on {
            break;
        }
    }
    errors
}

/// `target` as `patch` changes it (RFC 7396, section 2).
fn merged(target: Value, patch: Value) -> Value {
    let Value::Object(patch) = patch else { return patch };
    let mut object = if let Value::Object(object) = target { object } else { Map::new() };
    for (name, change) in patch {
        if change.is_null() {
            object.remove(&name);
        } else {
            let old = object.remove(&name).unwrap_or_default();
            object.insert(name, merged(old, change));
        }
    }
    Value::Object(object)
}

/// The field and a sentence about it, from what serde says.
fn explained(path: &Path, message: &str) -> (String, String) {
    let mut field = path.to_string();
    if field == "." {
        field.clear();
    }
    let quoted = |message: &str| message.split('`').nth(1).unwrap_or_default().chars().take(60).collect::<String>();
    if message.starts_with("missing field") {
        let name = quoted(message);
        let field = if field.is_empty() { name } else { format!("{field}.{name}") };
        return (field, "Please send this.".into());
    }
    if message.starts_with("unknown field") {
        let known: Vec<&str> = message.split('`').skip(3).step_by(2).collect();
        let name = quoted(message);
        if field.is_empty() {
            field = name;
        } else if field.rsplit('.').next() != Some(name.as_str()) {
            field = format!("{field}.{name}");
        }
        return (field, format!("There is no such member here; there are: {}.", known.join(", ")));
    }
    (field, wanted(message))
}

/// A sentence that says what to send instead, from what serde says of a value of the wrong kind: it speaks of the
/// types of the program. A message of ours is one already.
fn wanted(message: &str) -> String {
    // What was sent is quoted before, so the last one is serde's.
    let Some((_, expected)) = message.rsplit_once(", expected ") else { return message.to_owned() };
    if message.starts_with("unknown variant") {
        let words: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
        return format!("Please send one of {}.", words.join(", "));
    }
    let whole = |least: i64, most: u64| format!("a whole number from {least} to {most}");
    let what: String = match expected {
        "a string" | "a borrowed string" => "a text".into(),
        "a boolean" => "true or false".into(),
        "a sequence" => "a list".into(),
        "a map" => "an object".into(),
        "u8" => whole(0, u8::MAX.into()),
        "u16" => whole(0, u16::MAX.into()),
        "u32" => whole(0, u32::MAX.into()),
        "u64" | "usize" => whole(0, u64::MAX),
        "i32" => whole(i32::MIN.into(), i32::MAX.unsigned_abs().into()),
        "f32" | "f64" => "a number".into(),
        // Of an enum, which is told by its words once it is a text.
        "string or map" | "unit variant" | "map with a single key" => {
            "one of the words that stand here, as a text".into()
        }
        expected if expected.starts_with("struct ") => "an object".into(),
        expected => expected.to_owned(),
    };
    format!("Please send {what}.")
}

/// Puts something of the right type in the place of a member that is missing, so that the others can be looked at.
/// Whether that is possible.
fn stand_in<T: DeserializeOwned>(value: &mut Value, name: &str) -> bool {
    for substitute in
        [Value::from(""), Value::from(0), Value::from(false), Value::Array(Vec::new()), Value::Object(Map::new())]
    {
        let Value::Object(object) = value else { return false };
        object.insert(name.to_owned(), substitute);
        let Err(error) = serde_path_to_error::deserialize::<_, T>(&*value) else { return true };
        if !matches!(error.path().iter().next(), Some(Segment::Map { key }) if key == name) {
            return true;
        }
    }
    value.as_object_mut().is_some_and(|object| object.remove(name).is_none())
}

/// Takes out the member of the whole that the path begins with, so that the others can be looked at. An
/// item of a list stays: the numbers of those after it would change. Whether anything is gone.
fn take_out(value: &mut Value, path: &Path) -> bool {
    match (path.iter().next(), value) {
        (Some(Segment::Map { key }), Value::Object(object)) => object.remove(key.as_str()).is_some(),
        _ => false,
    }
}

/// Builds a value, refusing what `serde_json::Value` would let pass.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: usize,
    /// What to tell instead of a fault of syntax.
    fault: &'a RefCell<Option<Error>>,
}

impl Strict<'_> {
    fn deeper<E: serde::de::Error>(self) -> std::result::Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            self.fault.replace(Some(Error::Malformed("The JSON is nested too deep: at most 32 levels.")));
            return Err(E::custom("too deep"));
        }
        Ok(Strict { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> std::result::Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> std::result::Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> std::result::Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> std::result::Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> std::result::Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> std::result::Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> std::result::Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(inner)?;
            if object.contains_key(&name) {
                let shown: String = name.chars().take(60).collect();
                self.fault.replace(Some(Error::field(shown, "Please send this member once.")));
                return Err(serde::de::Error::custom("twice"));
            }
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Debug, Serialize, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Owl {
        name: String,
        age: u8,
        #[serde(default)]
        nests: Vec<Nest>,
        #[serde(default)]
        mood: Mood,
    }

    #[derive(Debug, Default, Serialize, Deserialize, PartialEq)]
    #[serde(rename_all = "snake_case")]
    enum Mood {
        #[default]
        Calm,
        Awake,
    }

    #[derive(Debug, Serialize, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Nest {
        eggs: u8,
    }

    fn told(value: Value) -> Vec<(String, String)> {
        let Err(Error::Invalid(fields)) = typed::<Owl>(value) else { panic!("not refused for its fields") };
        fields.into_iter().map(|error| (error.field.into_owned(), error.message.into_owned())).collect()
    }

    #[test]
    fn every_wrong_member_is_told_by_its_way() {
        let found = told(json!({ "name": 7, "age": 300, "nests": [{ "eggs": 1 }, { "eggs": "x" }], "wings": 2 }));
        let mut names: Vec<&str> = found.iter().map(|(field, _)| field.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["age", "name", "nests[1].eggs", "wings"]);
        let (_, wings) = found.iter().find(|(field, _)| field == "wings").unwrap();
        assert_eq!(wings, "There is no such member here; there are: name, age, nests, mood.");
        assert_eq!(told(json!({ "nests": [{}] }))[0].0, "nests[0].eggs");
        let names = |value| told(value).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names(json!({})), ["name", "age"]);
        assert_eq!(names(json!({ "name": 7, "mood": "sad", "x": 1 })), ["mood", "name", "x", "age"]);
        assert_eq!(told(json!([])).len(), 1);
        assert_eq!(told(json!("x"))[0].0, "");
    }

    #[test]
    fn what_is_wanted_is_told_without_the_words_of_the_program() {
        let message = |value: Value| told(value).into_iter().next().unwrap().1;
        let owl =
            |age: Value, nests: Value, mood: Value| json!({ "name": "Eve", "age": age, "nests": nests, "mood": mood });
        for (value, expected) in [
            (json!({ "name": 7, "age": 1 }), "Please send a text."),
            (json!({ "name": ["a"], "age": 1 }), "Please send a text."),
            (json!({ "name": null, "age": 1 }), "Please send a text."),
            (owl(json!(300), json!([]), json!("calm")), "Please send a whole number from 0 to 255."),
            (owl(json!(1.5), json!([]), json!("calm")), "Please send a whole number from 0 to 255."),
            (owl(json!("x, expected a map"), json!([]), json!("calm")), "Please send a whole number from 0 to 255."),
            (owl(json!(1), json!("x"), json!("calm")), "Please send a list."),
            (owl(json!(1), json!(["x"]), json!("calm")), "Please send an object."),
            (owl(json!(1), json!([]), json!("sad")), "Please send one of calm, awake."),
            (owl(json!(1), json!([]), json!(7)), "Please send one of the words that stand here, as a text."),
            (
                owl(json!(1), json!([]), json!({ "sad": 1, "calm": 2 })),
                "Please send one of the words that stand here, as a text.",
            ),
            (json!("x"), "Please send an object."),
            (json!({ "age": 1 }), "Please send this."),
        ] {
            assert_eq!(message(value.clone()), expected, "{value}");
        }
    }

    #[test]
    fn an_array_is_no_object_wherever_it_stands() {
        assert_eq!(told(json!(["Eve", 7, []])), [(String::new(), "Please send an object here.".into())]);
        assert_eq!(told(json!({ "name": "Eve", "age": 7, "nests": [{ "eggs": 1 }, [2]] }))[0].0, "nests[1]");
        let owl = Owl { name: "Eve".into(), age: 7, nests: Vec::new(), mood: Mood::Calm };
        assert_eq!(patched::<Owl>(&owl, json!({ "age": 8 })).unwrap().age, 8);
        for patch in [json!(["Ada", 8]), json!(null), json!("Ada")] {
            assert!(matches!(patched::<Owl>(&owl, patch), Err(Error::Invalid(fields)) if fields[0].field.is_empty()));
        }
        assert!(patched::<Owl>(&owl, json!({ "nests": [[2]] })).is_err());
    }

    #[test]
    fn values_are_counted_outside_of_texts() {
        let many = |count: usize| format!("[{}0]", "0,".repeat(count)).into_bytes();
        assert!(parse(&many(MAX_VALUES - 2)).is_ok());
        assert!(matches!(parse(&many(MAX_VALUES)), Err(Error::Malformed(told)) if told.contains("too many")));
        let text = format!(r#"{{"a":"{}","b\"":"\\"}}"#, r#"\"[{,"#.repeat(MAX_VALUES));
        assert!(parse(text.as_bytes()).is_ok());
        assert!(parse(format!(r#"["\\",{}]"#, "[0],".repeat(MAX_VALUES)).as_bytes()).is_err());
    }

    #[test]
    fn what_json_does_not_forbid_is_refused_all_the_same() {
        assert!(matches!(parse(br#"{"a":1,"a":2}"#), Err(Error::Invalid(fields)) if fields[0].field == "a"));
        assert!(matches!(parse(br#"[{"a":{"b":1,"b":1}}]"#), Err(Error::Invalid(_))));
        for bad in ["", "{", "{}x", "[1,]", "1e999", "\"\\ud800\"", "NaN"] {
            assert!(matches!(parse(bad.as_bytes()), Err(Error::Malformed(_))), "{bad}");
        }
        assert!(matches!(parse(b"\"\xff\""), Err(Error::Malformed(_))));
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
        for depth in [MAX_DEPTH + 1, 100_000] {
            assert!(matches!(parse(nested(depth).as_bytes()), Err(Error::Malformed(_))), "{depth}");
        }
    }

    #[test]
    fn a_patch_merges_as_rfc_7396_has_it() {
        let stored = json!({ "a": 1, "b": { "c": 2, "d": 3 }, "e": [1, 2] });
        let patch = json!({ "a": null, "b": { "d": 4 }, "e": [3], "f": "new" });
        let expected = json!({ "b": { "c": 2, "d": 4 }, "e": [3], "f": "new" });
        assert_eq!(merged(stored, patch), expected);
        assert_eq!(merged(json!({ "a": 1 }), json!("x")), json!("x"));
    }

    proptest! {
        #[test]
        fn hostile_bodies_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(value) = parse(&bytes) {
                let _ = typed::<Owl>(value);
            }
        }

        #[test]
        fn what_is_read_is_what_was_sent(text in "\\PC{0,50}", number in any::<i64>(), flag in any::<bool>()) {
            let value = json!({ "text": text, "list": [number, flag, null, 1.5] });
            prop_assert_eq!(parse(value.to_string().as_bytes()).unwrap(), value);
        }
    }
}
