//! The line that each answer leaves in the log.

use crate::web::Site;
use crate::web::request::RequestId;
use crate::web::response;
use crate::web::response::Res;
use crate::web::router::Route;
use http::Method;
use std::fmt;
use std::fmt::Write;
use std::net::IpAddr;
use std::time::Instant;

/// Bytes of a path that the log shows.
const LOGGED_PATH: usize = 300;

/// Longest address: IPv6 with an IPv4 address at its end.
const LONGEST_ADDRESS: usize = 45;

/// When a request came, and what it is called.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    pub started: Instant,
    pub id: RequestId,
}

/// What the log shows of a request.
pub struct Seen<'a> {
    pub arrival: Arrival,
    pub client: IpAddr,
    pub method: &'a Method,
    pub path: &'a str,
}

impl Seen<'_> {
    /// Counts the answer, writes its line, and takes away the body if nobody asked for it.
    pub fn answered(self, site: &Site, route: Option<usize>, res: Res) -> Res {
        let res = if *self.method == Method::HEAD { response::without_body(res) } else { res };
        let took = self.arrival.started.elapsed();
        site.metrics.answered(route, self.method, res.status(), took);
        let route = route.and_then(|number| site.router.routes().get(number));
        let (mut client, mut id) = (Text::<LONGEST_ADDRESS>::new(), Text::<16>::new());
        // Never the query, cookies or bodies: they may hold secrets.
        tracing::info!(
            target: "request",
            method = self.method.as_str(),
            path = logged(self.path, route),
            route = route.map_or("-", |route| route.pattern),
            status = res.status().as_u16(),
            bytes = res.body().length(),
            ms = took.as_micros() as f64 / 1000.0,
            client = client.address(self.client),
            id = id.hex(self.arrival.id.0),
        );
        res
    }
}

/// As much of a path as belongs in the log.
fn logged<'a>(path: &'a str, route: Option<&Route>) -> &'a str {
    match route {
        Some(route) if route.is_secret => route.pattern,
        _ if path.len() <= LOGGED_PATH => path,
        _ => (0..=LOGGED_PATH).rev().find_map(|end| path.get(..end)).unwrap_or(""),
    }
}

/// A short text on the stack. Addresses and ids stand in each line, and to format them as the standard
/// library does takes several times as long.
struct Text<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Text<N> {
    fn new() -> Text<N> {
        Text { bytes: [0; N], length: 0 }
    }

    fn address(&mut self, address: IpAddr) -> &str {
        // What does not fit is cut off, and everything fits.
        let _ = match address {
            IpAddr::V4(address) => address.octets().into_iter().enumerate().try_for_each(|(at, octet)| {
                self.write_str(if at == 0 { "" } else { "." })?;
                self.write_str(itoa::Buffer::new().format(octet))
            }),
            IpAddr::V6(address) => write!(self, "{address}"),
        };
        self.as_str()
    }

    /// As `RequestId` is shown.
    fn hex(&mut self, number: u64) -> &str {
        for shift in (0..64).step_by(4).rev() {
            let digit = u32::try_from(number >> shift & 0xf).ok().and_then(|digit| char::from_digit(digit, 16));
            let _ = self.write_char(digit.unwrap_or('-'));
        }
        self.as_str()
    }

    fn as_str(&self) -> &str {
        self.bytes.get(..self.length).and_then(|bytes| str::from_utf8(bytes).ok()).unwrap_or("")
    }
}

impl<const N: usize> Write for Text<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::web::router::Surface;

    #[test]
    fn the_log_shows_neither_secret_nor_endless_paths() {
        let route = |pattern| Route::new(Method::GET, pattern, Surface::Page, |_, _| async { Err(Error::Busy) });
        assert_eq!(logged("/posts/a", Some(&route("/posts/{slug}"))), "/posts/a");
        assert_eq!(logged("/reset/1234", Some(&route("/reset/{token}"))), "/reset/{token}");
        assert_eq!(logged("/nowhere", None), "/nowhere");
        let long = format!("/{}", "м".repeat(LOGGED_PATH));
        assert_eq!(logged(&long, None).len(), LOGGED_PATH - 1);
    }

    #[test]
    fn addresses_and_ids_are_shown_as_everywhere_else() {
        for text in ["127.0.0.1", "0.0.0.0", "255.255.255.255", "10.0.100.20", "::1", "2001:db8::ff00"] {
            assert_eq!(Text::<LONGEST_ADDRESS>::new().address(text.parse().unwrap()), text);
        }
        let longest = "1111:2222:3333:4444:5555:6666:7777:8888";
        assert_eq!(Text::<LONGEST_ADDRESS>::new().address(longest.parse().unwrap()), longest);
        for number in [0, 1, 0x0123_4567_89ab_cdef, u64::MAX] {
            assert_eq!(Text::<16>::new().hex(number), RequestId(number).to_string());
        }
    }
}
