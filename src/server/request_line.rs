//! The line of an answer, written straight into the log.
//!
//! Every answer writes one, so this is on the path of every page from the cache.

use crate::config::LogFormat;
use crate::server::line::{Stamp, decimal, fixed, quoted_json, quoted_text};
use crate::web::access_log::Line;
use std::io::Write;
use std::net::IpAddr;

/// What the lines are called where levels are set.
pub const TARGET: &str = "request";

/// Appends the line with its end.
pub fn write(format: LogFormat, line: &Line<'_>, stamp: &mut Stamp, out: &mut Vec<u8>) {
    match format {
        LogFormat::Text => text(line, stamp, out),
        LogFormat::Json => json(line, stamp, out),
    }
}

fn text(line: &Line<'_>, stamp: &mut Stamp, out: &mut Vec<u8>) {
    stamp.write(line.ended, out);
    out.extend_from_slice(b"  INFO request: method=");
    out.extend_from_slice(line.method.as_bytes());
    out.extend_from_slice(b" path=");
    quoted_text(out, line.path);
    out.extend_from_slice(b" route=");
    out.extend_from_slice(line.route.as_bytes());
    out.extend_from_slice(b" status=");
    out.extend_from_slice(&fixed::<3>(line.status.into()));
    out.extend_from_slice(b" bytes=");
    decimal(out, line.bytes);
    out.extend_from_slice(b" ms=");
    milliseconds(out, line);
    out.extend_from_slice(b" client=");
    address(out, line.client);
    out.extend_from_slice(b" id=");
    out.extend_from_slice(&hex(line.id.0));
    out.push(b'\n');
}

fn json(line: &Line<'_>, stamp: &mut Stamp, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"timestamp\":\"");
    stamp.write(line.ended, out);
    out.extend_from_slice(b"\",\"level\":\"INFO\",\"method\":\"");
    out.extend_from_slice(line.method.as_bytes());
    out.extend_from_slice(b"\",\"path\":");
    quoted_json(out, line.path);
    out.extend_from_slice(b",\"route\":");
    quoted_json(out, line.route);
    out.extend_from_slice(b",\"status\":");
    out.extend_from_slice(&fixed::<3>(line.status.into()));
    out.extend_from_slice(b",\"bytes\":");
    decimal(out, line.bytes);
    out.extend_from_slice(b",\"ms\":");
    milliseconds(out, line);
    out.extend_from_slice(b",\"client\":\"");
    address(out, line.client);
    out.extend_from_slice(b"\",\"id\":\"");
    out.extend_from_slice(&hex(line.id.0));
    out.extend_from_slice(b"\",\"target\":\"request\"}\n");
}

/// To the microsecond.
fn milliseconds(out: &mut Vec<u8>, line: &Line<'_>) {
    let micros = u64::try_from(line.took.as_micros()).unwrap_or(u64::MAX);
    decimal(out, micros / 1000);
    out.push(b'.');
    out.extend_from_slice(&fixed::<3>(micros % 1000));
}

/// As the standard library shows it, which for the most common kind takes several times as long.
fn address(out: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            octet(out, a);
            for byte in [b, c, d] {
                out.push(b'.');
                octet(out, byte);
            }
        }
        IpAddr::V6(address) => {
            let _ = write!(out, "{address}");
        }
    }
}

fn octet(out: &mut Vec<u8>, byte: u8) {
    let digits = fixed::<3>(byte.into());
    let zeros = usize::from(byte < 100) + usize::from(byte < 10);
    out.extend_from_slice(digits.get(zeros..).unwrap_or(&digits));
}

/// As `RequestId` is shown.
fn hex(number: u64) -> [u8; 16] {
    let mut text = [0; 16];
    for (place, digit) in text.iter_mut().rev().enumerate() {
        let value = (number >> (4 * place)) as u8 & 0xf;
        *digit = if value < 10 { b'0' + value } else { b'a' + value - 10 };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::request::RequestId;
    use std::time::{Duration, Instant};

    fn written(format: LogFormat, line: &Line<'_>) -> String {
        let mut out = Vec::new();
        write(format, line, &mut Stamp::default(), &mut out);
        String::from_utf8(out).unwrap()
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
        let shown = |text: &str| {
            let mut out = Vec::new();
            address(&mut out, text.parse().unwrap());
            String::from_utf8(out).unwrap()
        };
        for text in ["127.0.0.1", "0.0.0.0", "255.255.255.255", "10.0.100.20", "::1", "2001:db8::ff00"] {
            assert_eq!(shown(text), text);
        }
        for number in [0, 1, 0x0123_4567_89ab_cdef, u64::MAX] {
            assert_eq!(str::from_utf8(&hex(number)).unwrap(), RequestId(number).to_string());
        }
    }
}
