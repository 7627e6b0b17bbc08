//! One event of the log as one line of text or JSON.

use crate::config::LogFormat;
use crate::domain::time::Timestamp;
use std::cell::RefCell;
use std::error::Error;
use std::fmt::Debug;
use std::io::Write;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

thread_local! {
    static DRAFT: RefCell<Draft> = RefCell::default();
}

/// What a thread uses again for its next line.
#[derive(Default)]
struct Draft {
    line: Vec<u8>,
    stamp: Stamp,
}

/// How long the clock of the day is taken to run with the one that never jumps.
const TOGETHER: Duration = Duration::from_secs(1);

/// What is kept from one time stamp for the next.
#[derive(Default)]
pub struct Stamp {
    /// A moment by both clocks: that of the day is looked at once a second.
    seen: Option<(Instant, Duration)>,
    /// The last second that was written out, as `2026-05-03T08:28:00.`.
    second: (u64, String),
}

impl Stamp {
    /// A moment that was just now, to the microsecond: `2026-05-03T08:28:00.123456Z`.
    pub fn write(&mut self, moment: Instant, out: &mut Vec<u8>) {
        let seen = self.seen.filter(|(then, _)| moment.saturating_duration_since(*then) < TOGETHER);
        let (then, day) = seen.unwrap_or_else(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            (moment, now)
        });
        self.seen = Some((then, day));
        let time = day + moment.saturating_duration_since(then);
        if self.second.0 != time.as_secs() || self.second.1.is_empty() {
            let ms = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
            self.second = (time.as_secs(), Timestamp::from_ms(ms).rfc3339().replace('Z', "."));
        }
        out.extend_from_slice(self.second.1.as_bytes());
        out.extend_from_slice(&fixed::<6>(time.subsec_micros().into()));
        out.push(b'Z');
    }
}

/// Hands the line of an event to `take`, its end included.
pub fn write(format: LogFormat, event: &Event<'_>, take: impl FnOnce(&[u8])) {
    DRAFT.with(|draft| match draft.try_borrow_mut() {
        Ok(mut draft) => draft.write(format, event, take),
        // What is being logged logs something itself while it is written out.
        Err(_) => Draft::default().write(format, event, take),
    });
}

impl Draft {
    fn write(&mut self, format: LogFormat, event: &Event<'_>, take: impl FnOnce(&[u8])) {
        self.line.clear();
        let (level, target) = (event.metadata().level(), event.metadata().target());
        match format {
            LogFormat::Text => {
                self.stamp.write(Instant::now(), &mut self.line);
                let padding = if matches!(*level, Level::INFO | Level::WARN) { "  " } else { " " };
                self.push(&[padding, level.as_str(), " ", target, ":"]);
                event.record(&mut Text(&mut self.line));
                self.line.push(b'\n');
            }
            LogFormat::Json => {
                self.push(&["{\"timestamp\":\""]);
                self.stamp.write(Instant::now(), &mut self.line);
                self.push(&["\",\"level\":\"", level.as_str(), "\""]);
                event.record(&mut Json(&mut self.line));
                self.push(&[",\"target\":\"", target, "\"}\n"]);
            }
        }
        take(&self.line);
    }

    fn push(&mut self, parts: &[&str]) {
        parts.iter().for_each(|part| self.line.extend_from_slice(part.as_bytes()));
    }
}

/// ` name=value`, the message without its name. Text that could be taken for something else is quoted and
/// escaped, so that nobody can end a line, or reach the terminal it is read on.
struct Text<'a>(&'a mut Vec<u8>);

impl Text<'_> {
    fn name(&mut self, field: &Field) {
        self.0.push(b' ');
        if field.name() != "message" {
            self.0.extend_from_slice(field.name().as_bytes());
            self.0.push(b'=');
        }
    }
}

impl Visit for Text<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.name(field);
        quoted_text(self.0, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.name(field);
        decimal(self.0, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.name(field);
        thousandths(self.0, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.name(field);
        for char in format!("{value:?}").chars() {
            let _ =
                if char.is_control() { write!(self.0, "{}", char.escape_default()) } else { write!(self.0, "{char}") };
        }
    }
}

/// `,"name":value`.
struct Json<'a>(&'a mut Vec<u8>);

impl Json<'_> {
    fn name(&mut self, field: &Field) {
        let _ = write!(self.0, ",\"{}\":", field.name());
    }
}

impl Visit for Json<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.name(field);
        quoted_json(self.0, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.name(field);
        decimal(self.0, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.name(field);
        let _ = write!(self.0, "{value}");
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.name(field);
        thousandths(self.0, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.name(field);
        let _ = write!(self.0, "{value}");
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

/// Text as it is, or quoted if it could be taken for something else.
pub fn quoted_text(out: &mut Vec<u8>, text: &str) {
    let bare = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b'=');
    if !text.is_empty() && all(text, bare) {
        out.extend_from_slice(text.as_bytes());
    } else {
        let _ = write!(out, "{text:?}");
    }
}

/// A string of JSON.
pub fn quoted_json(out: &mut Vec<u8>, text: &str) {
    if all(text, |byte| (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\') {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        let _ = write!(out, "{}", serde_json::Value::from(text));
    }
}

/// Whether all bytes are such. Without an early end: so they are looked at many at a time.
fn all(text: &str, is_such: impl Fn(u8) -> bool) -> bool {
    text.bytes().fold(true, |all, byte| all & is_such(byte))
}

/// A number as it is.
pub fn decimal(line: &mut Vec<u8>, value: u64) {
    line.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// The last digits of a number.
pub fn fixed<const DIGITS: usize>(mut value: u64) -> [u8; DIGITS] {
    let mut text = [b'0'; DIGITS];
    for digit in text.iter_mut().rev() {
        *digit += (value % 10) as u8;
        value /= 10;
    }
    text
}

/// To three decimals, which is what times have that are measured in microseconds.
fn thousandths(line: &mut Vec<u8>, value: f64) {
    if !value.is_finite() {
        return line.push(b'0');
    }
    let all = (value.abs() * 1000.0).round() as u64;
    if value.is_sign_negative() && all > 0 {
        line.push(b'-');
    }
    decimal(line, all / 1000);
    line.push(b'.');
    line.extend_from_slice(&fixed::<3>(all));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::log::testing::lines_of;

    fn tell() {
        let error = std::io::Error::other("bro\u{1b}[2Jken\nINFO forged");
        tracing::info!(
            target: "request",
            path = "/posts/\"ü\"\n",
            route = "/posts/{slug}",
            status = 200_u16,
            bytes = 0_u64,
            ms = 1.05,
            client = "127.0.0.1",
        );
        tracing::error!(%error, again_in = ?std::time::Duration::from_secs(2), below = -3, really = true, "a commit failed");
    }

    #[test]
    fn text_is_a_line_an_event_whatever_is_in_it() {
        let lines = lines_of(LogFormat::Text, "info", tell);
        let after_time = |line: &str| {
            let (time, rest) = line.split_once('Z').unwrap();
            assert!(time.len() == 26 && time.contains("T"), "{time}");
            rest.to_owned()
        };
        assert_eq!(lines.lines().count(), 2, "{lines}");
        assert_eq!(
            after_time(lines.lines().next().unwrap()),
            r#"  INFO request: path="/posts/\"ü\"\n" route=/posts/{slug} status=200 bytes=0 ms=1.050 client=127.0.0.1"#
        );
        assert_eq!(
            after_time(lines.lines().nth(1).unwrap()),
            r" ERROR pamphlet::server::line::tests: a commit failed error=bro\u{1b}[2Jken\nINFO forged again_in=2s below=-3 really=true"
        );
    }

    #[test]
    fn json_is_an_object_an_event_with_numbers_as_numbers() {
        let lines = lines_of(LogFormat::Json, "info", tell);
        let parsed: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let [request, error] = parsed.as_slice() else { panic!("{lines}") };
        assert_eq!((&request["level"], &request["target"]), (&"INFO".into(), &"request".into()));
        assert_eq!((&request["path"], &request["status"]), (&"/posts/\"ü\"\n".into(), &200.into()));
        assert_eq!((&request["ms"], &request["client"]), (&1.05.into(), &"127.0.0.1".into()));
        assert_eq!((&error["message"], &error["below"]), (&"a commit failed".into(), &(-3).into()));
        assert_eq!((&error["error"], &error["really"]), (&"bro\u{1b}[2Jken\nINFO forged".into(), &true.into()));
    }

    #[test]
    fn numbers_are_written_as_they_are() {
        let text = |value| {
            let mut line = Vec::new();
            thousandths(&mut line, value);
            String::from_utf8(line).unwrap()
        };
        assert_eq!([0.0, 0.031, 12.0, -0.5, 1234.5678].map(text), ["0.000", "0.031", "12.000", "-0.500", "1234.568"]);
        assert_eq!((&fixed::<6>(42), &fixed::<3>(12_345)), (b"000042", b"345"));
    }
}
