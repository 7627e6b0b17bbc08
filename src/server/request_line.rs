//! The line of an answer, written straight into the log.
//!
//! Every answer writes one, so this is on the path of every page from the cache.

use crate::config::LogFormat;
use crate::server::line::{Stamp, decimal, digits, quoted_json, quoted_text};
use crate::web::access_log::Line;
use std::fmt::Write;
use std::net::IpAddr;

/// What the lines are called where levels are set.
pub const TARGET: &str = "request";

/// Appends the line with its end.
pub fn write(format: LogFormat, line: &Line<'_>, stamp: &mut Stamp, out: &mut String) {
    match format {
        LogFormat::Text => text(line, stamp, out),
        LogFormat::Json => json(line, stamp, out),
    }
}

fn text(line: &Line<'_>, stamp: &mut Stamp, out: &mut String) {
    stamp.write(line.ended, out);
    out.push_str("  INFO request: method=");
    quoted_text(out, line.method);
    out.push_str(" path=");
    quoted_text(out, line.path);
    out.push_str(" route=");
    out.push_str(line.route);
    out.push_str(" status=");
    decimal(out, line.status.into());
    out.push_str(" bytes=");
    decimal(out, line.bytes);
    out.push_str(" ms=");
    milliseconds(out, line);
    out.push_str(" client=");
    address(out, line.client);
    out.push_str(" id=");
    hex(out, line.id.0);
    out.push('\n');
}

fn json(line: &Line<'_>, stamp: &mut Stamp, out: &mut String) {
    out.push_str("{\"timestamp\":\"");
    stamp.write(line.ended, out);
    out.push_str("\",\"level\":\"INFO\",\"method\":");
    quoted_json(out, line.method);
    out.push_str(",\"path\":");
    quoted_json(out, line.path);
    out.push_str(",\"route\":");
    quoted_json(out, line.route);
    out.push_str(",\"status\":");
    decimal(out, line.status.into());
    out.push_str(",\"bytes\":");
    decimal(out, line.bytes);
    out.push_str(",\"ms\":");
    milliseconds(out, line);
    out.push_str(",\"client\":\"");
    address(out, line.client);
    out.push_str("\",\"id\":\"");
    hex(out, line.id.0);
    out.push_str("\",\"target\":\"request\"}\n");
}

/// To the microsecond.
fn milliseconds(out: &mut String, line: &Line<'_>) {
    let micros = u64::try_from(line.took.as_micros()).unwrap_or(u64::MAX);
    decimal(out, micros / 1000);
    out.push('.');
    digits(out, 1000, micros);
}

/// As the standard library shows it, which for the most common kind takes several times as long.
fn address(out: &mut String, address: IpAddr) {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            decimal(out, a.into());
            for octet in [b, c, d] {
                out.push('.');
                decimal(out, octet.into());
            }
        }
        IpAddr::V6(address) => {
            let _ = write!(out, "{address}");
        }
    }
}

/// As `RequestId` is shown.
fn hex(out: &mut String, number: u64) {
    let digits = number.to_be_bytes().map(|byte| [byte >> 4, byte & 0xf]);
    let digit = |digit: u8| if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
    let text = digits.map(|pair| pair.map(digit));
    out.push_str(str::from_utf8(text.as_flattened()).unwrap_or(""));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::request::RequestId;
    use std::time::{Duration, Instant};

    fn written(format: LogFormat, line: &Line<'_>) -> String {
        let mut out = String::new();
        write(format, line, &mut Stamp::default(), &mut out);
        out
    }

    fn line(path: &str) -> Line<'_> {
        Line {
            method: "GET",
            path,
            route: "/posts/{slug}",
            status: 200,
            bytes: 1646,
            took: Duration::from_nanos(1_050_999),
            ended: Instant::now(),
            client: [127, 0, 0, 1].into(),
            id: RequestId(0x0123_4567_89ab_cdef),
        }
    }

    #[test]
    fn text_is_one_line_whatever_is_in_the_path() {
        let text = written(LogFormat::Text, &line("/posts/\"ü\"\n"));
        let (time, rest) = text.split_once('Z').unwrap();
        assert!(time.len() == 26 && time.contains('T'), "{time}");
        let expected = r#"  INFO request: method=GET path="/posts/\"ü\"\n" route=/posts/{slug} status=200 bytes=1646"#;
        assert_eq!(rest, format!("{expected} ms=1.050 client=127.0.0.1 id=0123456789abcdef\n"));
        assert!(written(LogFormat::Text, &line("/posts/a")).contains(" path=/posts/a route="));
    }

    #[test]
    fn json_is_one_object_with_numbers_as_numbers() {
        for path in ["/posts/\"ü\"\n", "/posts/a"] {
            let text = written(LogFormat::Json, &line(path));
            assert!(text.ends_with('\n') && text.lines().count() == 1);
            let object: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!((&object["level"], &object["target"]), (&"INFO".into(), &TARGET.into()));
            assert_eq!((&object["method"], &object["path"]), (&"GET".into(), &path.into()));
            assert_eq!((&object["status"], &object["bytes"], &object["ms"]), (&200.into(), &1646.into(), &1.05.into()));
            assert_eq!((&object["client"], &object["id"]), (&"127.0.0.1".into(), &"0123456789abcdef".into()));
        }
    }

    #[test]
    fn addresses_and_ids_are_shown_as_everywhere_else() {
        let shown = |write: &dyn Fn(&mut String)| {
            let mut out = String::new();
            write(&mut out);
            out
        };
        for text in ["127.0.0.1", "0.0.0.0", "255.255.255.255", "10.0.100.20", "::1", "2001:db8::ff00"] {
            assert_eq!(shown(&|out| address(out, text.parse().unwrap())), text);
        }
        for number in [0, 1, 0x0123_4567_89ab_cdef, u64::MAX] {
            assert_eq!(shown(&|out| hex(out, number)), RequestId(number).to_string());
        }
    }
}
