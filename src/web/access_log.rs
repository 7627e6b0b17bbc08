//! The line that each answer leaves in the log.

use crate::service::tokens;
use crate::web::Site;
use crate::web::request::RequestId;
use crate::web::response;
use crate::web::response::Res;
use crate::web::router::Route;
use http::Method;
use http::header::DATE;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Bytes of a path that the log shows.
const LOGGED_PATH: usize = 300;

/// When a request came, and what it is called.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    pub started: Instant,
    pub id: RequestId,
}

/// What the line of an answer tells. Never the query, cookies or bodies: they may hold secrets.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    pub method: &'a str,
    pub path: &'a str,
    /// The pattern of the route, `-` if there was none.
    pub route: &'a str,
    pub status: u16,
    /// Length of the body, 0 for what goes on until it is over.
    pub bytes: u64,
    pub took: Duration,
    /// When the answer was there.
    pub ended: Instant,
    pub client: IpAddr,
    pub id: RequestId,
}

/// Where the lines go. Not by way of `tracing`: to visit its fields one by one costs as much as a kept page.
pub type Lines = Box<dyn Fn(&Line<'_>) + Send + Sync>;

/// What is known of a request when its answer is made.
pub struct Seen<'a> {
    pub arrival: Arrival,
    pub client: IpAddr,
    pub method: &'a Method,
    pub path: &'a str,
}

impl Seen<'_> {
    /// Dates the answer, counts it, writes its line, and takes away the body if nobody asked for it.
    pub fn answered(self, site: &Site, route: Option<usize>, res: Res) -> Res {
        let mut res = if *self.method == Method::HEAD { response::without_body(res) } else { res };
        res.headers_mut().extend(site.dates.at(site.app.now()).map(|date| (DATE, date)));
        let ended = Instant::now();
        let took = ended.duration_since(self.arrival.started);
        site.metrics.answered(route, self.method, res.status(), took);
        let Some(lines) = &site.access_log else { return res };
        let route = route.and_then(|number| site.router.routes().get(number));
        lines(&Line {
            method: self.method.as_str(),
            path: logged(self.path, route),
            route: route.map_or("-", |route| route.pattern),
            status: res.status().as_u16(),
            bytes: res.body().length(),
            took,
            ended,
            client: self.client,
            id: self.arrival.id,
        });
        res
    }
}

/// As much of a path as belongs in the log.
fn logged<'a>(path: &'a str, route: Option<&Route>) -> &'a str {
    match route {
        Some(route) if route.is_secret => route.pattern,
        // Whoever put it there has given it away already, but not by us.
        _ if path.len() >= tokens::LENGTH && path.split('/').any(tokens::is_token) => {
            route.map_or("-", |route| route.pattern)
        }
        _ if path.len() <= LOGGED_PATH => path,
        _ => (0..=LOGGED_PATH).rev().find_map(|end| path.get(..end)).unwrap_or(""),
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
        let token = format!("/api/v1/posts/pamphlet_{}", "0a".repeat(32));
        assert_eq!(logged(&token, Some(&route("/api/v1/posts/{slug}"))), "/api/v1/posts/{slug}");
        assert_eq!(logged(&token, None), "-");
        let long = format!("/{}", "м".repeat(LOGGED_PATH));
        assert_eq!(logged(&long, None).len(), LOGGED_PATH - 1);
    }
}
