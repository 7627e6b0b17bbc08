//! Reading single values of settings; each error is a sentence that names the value.

use crate::error::Checked;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

pub fn last(values: &[String]) -> &str {
    values.last().map_or("", String::as_str)
}

pub fn each<T>(values: &[String], read: fn(&str) -> Checked<T>) -> Checked<Vec<T>> {
    values.iter().map(|value| read(value.trim())).collect()
}

/// `on` or `off`.
pub fn switch(text: &str) -> Checked<bool> {
    match text.trim() {
        "on" => Ok(true),
        "off" => Ok(false),
        other => Err(format!("“{other}” is neither on nor off.").into()),
    }
}

/// A bearer token. The message does not repeat a secret.
pub fn token(text: &str) -> Checked<String> {
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    if text.len() < 16 || !visible {
        return Err("Please use 16 or more letters, digits and signs, without spaces.".into());
    }
    Ok(text.to_owned())
}

pub fn address(text: &str) -> Checked<SocketAddr> {
    let local = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    local
        .as_deref()
        .unwrap_or(text)
        .parse()
        .map_err(|_| format!("“{text}” is not an address with a port, such as 127.0.0.1:8080 or [::1]:8080.").into())
}

pub fn network(text: &str) -> Checked<IpNet> {
    let single = text.parse::<IpAddr>().map(IpNet::from);
    single
        .or_else(|_| text.parse())
        .map_err(|_| format!("“{text}” is not a network or an address, such as 10.0.0.0/8 or 127.0.0.1.").into())
}

/// An origin as browsers send it (RFC 6454, section 6.2), or `*`.
pub fn origin(text: &str) -> Checked<String> {
    let wrong = || format!("“{text}” is not an origin such as https://example.org or http://localhost:3000, nor *.");
    if text == "*" {
        return Ok(text.to_owned());
    }
    let (scheme, host) = text.split_once("://").ok_or_else(wrong)?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:[]_".contains(&byte);
    let good = matches!(scheme, "http" | "https") && !host.is_empty() && host.bytes().all(plain);
    if good { Ok(text.to_owned()) } else { Err(wrong().into()) }
}

pub fn number(text: &str, low: u64, high: u64) -> Checked<u64> {
    match text.trim().parse() {
        Ok(number) if (low..=high).contains(&number) => Ok(number),
        _ => Err(format!("“{text}” is not a whole number from {low} to {high}.").into()),
    }
}

/// Bytes: a number with `B`, `KB`, `MB`, `GB`, `TB` (thousands) or `KiB`, `MiB`, `GiB`, `TiB`.
pub fn size(text: &str, low: usize) -> Checked<usize> {
    const TB: u64 = 1_000_000_000_000;
    let wrong = || format!("“{text}” is not a size such as 8MB or 64MiB.");
    let trimmed = text.trim();
    let digits = trimmed.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = trimmed.split_at(digits);
    let count: u64 = count.parse().map_err(|_| wrong())?;
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "t" | "tb" => TB,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        _ => return Err(wrong().into()),
    };
    let bytes = count.checked_mul(factor).filter(|bytes| *bytes <= TB).and_then(|bytes| usize::try_from(bytes).ok());
    match bytes {
        Some(bytes) if bytes >= low => Ok(bytes),
        Some(_) => Err(format!("“{text}” is too small; please give at least 1MB.").into()),
        None => Err(format!("“{text}” is more than a machine has; please give less.").into()),
    }
}

pub fn level(text: &str) -> Checked<String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let good = |part: &str| {
        let level = part.rsplit_once('=').map_or(part, |(_, level)| level);
        LEVELS.contains(&level.trim().to_ascii_lowercase().as_str())
    };
    if text.split(',').all(good) {
        Ok(text.trim().to_owned())
    } else {
        Err(format!("“{text}” is no log level; please choose one of {} or write warn,request=info.", LEVELS.join(", "))
            .into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_as_browsers_send_them() {
        for good in ["https://example.org", "http://localhost:3000", "https://[::1]:8443", "*"] {
            assert_eq!(origin(good).as_deref(), Ok(good));
        }
        for bad in ["", "example.org", "https://example.org/", "https://Example.org", "null", "https://a, https://b"] {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(size("8MB", 0), Ok(8_000_000));
        assert_eq!(size("8 MiB", 0), Ok(8 << 20));
        assert_eq!(size("64k", 0), Ok(64_000));
        assert_eq!(size("0", 0), Ok(0));
        for bad in ["", "MB", "-1", "8 miles", "1.5MB", "99999999999999999999", "2TB", "999999999TB"] {
            assert!(size(bad, 0).is_err(), "{bad}");
        }
        assert!(size("1k", 1_000_000).is_err());
    }
}
