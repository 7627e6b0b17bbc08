//! `/metrics`: what the server counts, in Prometheus' text format.

use crate::error::{Error, Result};
use crate::service::{BATCH_BUCKETS, Counts};
use crate::web::Site;
use crate::web::request::Req;
use crate::web::response;
use crate::web::response::Res;
use crate::web::router::Route;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, StatusCode};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The format that everything understands which reads metrics.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
/// Upper ends of the latency buckets, in microseconds.
const LATENCIES: [u64; 11] = [100, 500, 1_000, 2_500, 5_000, 10_000, 50_000, 100_000, 500_000, 1_000_000, 5_000_000];
/// Status classes by their first digit.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Counters of requests and connections. Counting costs a few relaxed additions.
#[derive(Debug)]
pub struct Metrics {
    /// By the number of the route; the last one is for what no route answers.
    routes: Box<[RouteCounts]>,
    /// Connections open now.
    open: AtomicU64,
}

/// What one route answered.
#[derive(Debug)]
struct RouteCounts {
    pattern: &'static str,
    method: String,
    own: Tally,
    /// Requests with HEAD, which find the route of GET.
    head: Tally,
}

/// Answers by status class and by the time they took.
#[derive(Debug, Default)]
struct Tally {
    classes: [AtomicU64; CLASSES.len()],
    /// One more than `LATENCIES` for what took longer than all of them.
    latencies: [AtomicU64; LATENCIES.len() + 1],
    micros: AtomicU64,
}

/// An open connection; dropping it ends the count.
pub struct Open(Arc<Site>);

impl Metrics {
    /// For these routes, in the order of their numbers.
    pub fn new(routes: &[Route]) -> Metrics {
        let known = routes.iter().map(|route| (route.pattern, route.method.as_str()));
        let counts = known.chain([("none", "any")]).map(|(pattern, method)| RouteCounts {
            pattern,
            method: method.to_owned(),
            own: Tally::default(),
            head: Tally::default(),
        });
        Metrics { routes: counts.collect(), open: AtomicU64::new(0) }
    }

    /// Connections open now.
    pub fn connections(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    /// Counts an answer. `route` is the number of the route, if there was one.
    pub fn answered(&self, route: Option<usize>, method: &Method, status: StatusCode, took: Duration) {
        let counts = route.and_then(|route| self.routes.get(route)).or(self.routes.last());
        let Some(counts) = counts else { return };
        let tally = if route.is_some() && *method == Method::HEAD { &counts.head } else { &counts.own };
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        let bucket = LATENCIES.iter().position(|end| micros <= *end).unwrap_or(LATENCIES.len());
        for counter in [tally.classes.get(class), tally.latencies.get(bucket)].into_iter().flatten() {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        tally.micros.fetch_add(micros, Ordering::Relaxed);
    }
}

impl Open {
    /// Counts one more connection.
    pub fn count(site: Arc<Site>) -> Open {
        site.metrics.open.fetch_add(1, Ordering::Relaxed);
        Open(site)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.metrics.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// `/metrics`, to loopback or for the token; to everybody else there is no such page.
pub async fn show(site: Arc<Site>, req: Req) -> Result<Res> {
    if !is_local(&req) && !has_token(site.app.config().metrics_token.as_deref(), &req.headers) {
        return Err(Error::NotFound("page"));
    }
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Scrape { counts: site.app.counts(), site }));
    let mut text = String::new();
    encode_registry(&mut text, &registry).map_err(|cause| Error::Internal(Box::new(cause)))?;
    Ok(response::bytes(StatusCode::OK, TEXT, text))
}

/// Whether the client is on this machine. A request that somebody passed on counts as local only if
/// that proxy is trusted to say for whom.
fn is_local(req: &Req) -> bool {
    req.client().is_loopback() && req.caller.is_direct(&req.headers)
}

/// Digests are compared, whose bytes tell nothing about the token.
fn has_token(token: Option<&str>, headers: &HeaderMap) -> bool {
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.split_once(' '));
    match (token, given) {
        (Some(token), Some((scheme, given))) if !token.is_empty() => {
            scheme.eq_ignore_ascii_case("bearer") && Sha256::digest(token) == Sha256::digest(given.trim())
        }
        _ => false,
    }
}

/// Everything that is told, at one moment.
struct Scrape {
    site: Arc<Site>,
    counts: Counts,
}

impl fmt::Debug for Scrape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scrape")
    }
}

impl Collector for Scrape {
    fn encode(&self, mut to: DescriptorEncoder<'_>) -> fmt::Result {
        self.requests(&mut to)?;
        self.latencies(&mut to)?;
        self.pages(&mut to)?;
        self.data(&mut to)?;
        self.process(&mut to)
    }
}

impl Scrape {
    /// The tallies that counted anything, with the labels of their route.
    fn tallies(&self) -> impl Iterator<Item = (&'static str, &str, &Tally)> {
        self.site
            .metrics
            .routes
            .iter()
            .flat_map(|RouteCounts { pattern, method, own, head }| {
                [(*pattern, method.as_str(), own), (*pattern, "HEAD", head)]
            })
            .filter(|(_, _, tally)| tally.classes.iter().any(|count| count.load(Ordering::Relaxed) > 0))
    }

    fn requests(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Answers by route, method and status class";
        let mut family = to.encode_descriptor("pamphlet_http_requests_total", help, None, MetricType::Counter)?;
        for (route, method, tally) in self.tallies() {
            for (status, count) in CLASSES.iter().zip(&tally.classes) {
                let count = count.load(Ordering::Relaxed);
                if count > 0 {
                    let labels = [("route", route), ("method", method), ("status", status)];
                    family.encode_family(&labels)?.encode_gauge(&count)?;
                }
            }
        }
        Ok(())
    }

    fn latencies(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let (name, help) = ("pamphlet_http_request_duration_seconds", "Time until an answer began to be sent");
        let mut family = to.encode_descriptor(name, help, None, MetricType::Histogram)?;
        for (route, method, tally) in self.tallies() {
            let sum = tally.micros.load(Ordering::Relaxed) as f64 / 1e6;
            let ends = LATENCIES.iter().map(|micros| *micros as f64 / 1e6).chain([f64::INFINITY]);
            let counts = tally.latencies.iter().map(|count| count.load(Ordering::Relaxed));
            let labels = [("route", route), ("method", method)];
            histogram(family.encode_family(&labels)?, sum, ends.zip(counts))?;
        }
        Ok(())
    }

    fn pages(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let cache = &self.site.cache;
        let (hits, misses) = cache.hits_and_misses();
        counter(to, "pamphlet_page_cache_hits_total", "Pages answered from the cache", hits)?;
        counter(to, "pamphlet_page_cache_misses_total", "Pages rendered for the cache", misses)?;
        gauge(to, "pamphlet_page_cache_bytes", "Bytes of pages in the cache", cache.weight())?;
        gauge(to, "pamphlet_http_connections", "Connections open now", self.site.metrics.connections())
    }

    fn data(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let writer = &self.counts.writer;
        let help = "Jobs in each commit to the data file";
        let batches = to.encode_descriptor("pamphlet_commit_jobs", help, None, MetricType::Histogram)?;
        let ends = BATCH_BUCKETS.iter().map(|jobs| *jobs as f64).chain([f64::INFINITY]);
        histogram(batches, writer.jobs as f64, ends.zip(writer.batches.into_iter().chain([0])))?;
        counter(to, "pamphlet_commits_total", "Commits to the data file", writer.batches.iter().sum())?;
        counter(to, "pamphlet_commit_failures_total", "Commits that the data file refused", writer.failures)?;
        counter(
            to,
            "pamphlet_writes_refused_total",
            "Writes refused because too many waited; those of a full disk are answers of status 5xx",
            writer.refused,
        )?;
        gauge(to, "pamphlet_write_queue_jobs", "Writes that wait now", writer.waiting)?;
        let healthy = u64::from(self.site.app.health().is_ok());
        gauge(to, "pamphlet_data_file_writable", "1 if the data file takes writes, 0 if not", healthy)?;
        if let Some(bytes) = self.counts.file_bytes {
            gauge(to, "pamphlet_data_file_bytes", "Size of the data file", bytes)?;
        }
        match self.counts.sessions {
            Some(count) => gauge(to, "pamphlet_sessions", "Sessions stored", count),
            None => Ok(()),
        }
    }

    fn process(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        if let Some(kilobytes) = proc_value("/proc/self/status", "VmRSS:") {
            gauge(to, "process_resident_memory_bytes", "Memory in use", kilobytes * 1024)?;
        }
        if let Some(bytes) = proc_value("/proc/self/io", "write_bytes:") {
            counter(to, "pamphlet_written_bytes_total", "Bytes sent to storage by this process", bytes)?;
        }
        let help = "Always 1; the label says which version runs";
        let mut info = to.encode_descriptor("pamphlet_build_info", help, None, MetricType::Gauge)?;
        info.encode_family(&[("version", env!("CARGO_PKG_VERSION"))])?.encode_gauge(&1_u64)
    }
}

/// The library writes counters with a suffix of their own, as OpenMetrics has them and this format has not.
fn counter(to: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    to.encode_descriptor(name, help, None, MetricType::Counter)?.encode_gauge(&value)
}

fn gauge(to: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    to.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&value)
}

fn histogram(mut to: MetricEncoder<'_>, sum: f64, buckets: impl Iterator<Item = (f64, u64)>) -> fmt::Result {
    let buckets: Vec<(f64, u64)> = buckets.collect();
    let count = buckets.iter().map(|(_, count)| count).sum();
    to.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
}

/// The first number after `name` in one of the kernel's lists; `None` where there is no such list.
fn proc_value(path: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::web::router::Surface;
    use crate::web::testing::{send, site_with, text};

    fn table() -> Vec<Route> {
        vec![
            Route::new(Method::GET, "/metrics", Surface::Page, show),
            Route::new(Method::GET, "/posts/{slug}", Surface::Page, |_, _| async {
                Ok(response::text(StatusCode::OK, "a post"))
            }),
        ]
    }

    fn blog() -> Arc<Site> {
        let trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
        site_with(Config { metrics_token: Some("let me in".into()), trusted_proxies, ..Config::default() }, table())
    }

    #[tokio::test]
    async fn requests_are_told_by_pattern_method_and_status() {
        let site = site_with(Config::default(), table());
        for line in ["GET /posts/a", "GET /posts/b", "HEAD /posts/a", "GET /nowhere", "BREW /posts/a"] {
            send(&site, line, &[], "").await;
        }
        let res = send(&site, "GET /metrics", &[], "").await;
        assert_eq!((res.status().as_u16(), &res.headers()["content-type"]), (200, &TEXT.parse().unwrap()));
        let told = text(res).await;
        let route = "route=\"/posts/{slug}\"";
        for line in [
            format!("pamphlet_http_requests_total{{{route},method=\"GET\",status=\"2xx\"}} 2\n"),
            format!("pamphlet_http_requests_total{{{route},method=\"HEAD\",status=\"2xx\"}} 1\n"),
            "pamphlet_http_requests_total{route=\"none\",method=\"any\",status=\"4xx\"} 2\n".into(),
            format!("pamphlet_http_request_duration_seconds_count{{{route},method=\"GET\"}} 2\n"),
            format!("pamphlet_http_request_duration_seconds_bucket{{le=\"+Inf\",{route},method=\"GET\"}} 2\n"),
            "# TYPE pamphlet_http_requests_total counter\n".into(),
        ] {
            assert!(told.contains(&line), "no {line} in\n{told}");
        }
    }

    #[tokio::test]
    async fn only_this_machine_and_the_token_may_read() {
        let asked = async |headers: &[(&str, &str)]| send(&blog(), "GET /metrics", headers, "").await.status().as_u16();
        let remote = ("x-forwarded-for", "198.51.100.1");
        assert_eq!(asked(&[("x-forwarded-for", "127.0.0.2")]).await, 200);
        assert_eq!(asked(&[remote]).await, 404);
        // Somebody on the machine of the proxy who does not go through it.
        assert_eq!(asked(&[]).await, 200);
        for nobody in
            ["unknown", "_hidden", "", ",", "127.0.0.1, unknown", "unknown, 127.0.0.1", "localhost", "127.0.0.1x"]
        {
            assert_eq!(asked(&[("x-forwarded-for", nobody)]).await, 404, "X-Forwarded-For: {nobody}");
            assert_eq!(asked(&[("forwarded", &format!("for={nobody}"))]).await, 404, "Forwarded: for={nobody}");
        }
        for header in
            [("forwarded", "proto=https"), ("x-forwarded-proto", "https"), ("via", "1.1 proxy"), ("x-real-ip", "")]
        {
            assert_eq!(asked(&[header]).await, 404, "{header:?}");
        }
        for (authorization, status) in [
            ("Bearer let me in", 200),
            ("bearer let me in", 200),
            ("Bearer let me", 404),
            ("Basic let me in", 404),
            ("", 404),
        ] {
            assert_eq!(asked(&[remote, ("authorization", authorization)]).await, status, "{authorization}");
        }
        // Nobody vouches for what an unknown proxy on this machine passes on.
        let site = site_with(Config::default(), table());
        assert_eq!(send(&site, "GET /metrics", &[], "").await.status(), 200);
        for header in ["x-forwarded-for", "forwarded", "via", "x-real-ip"] {
            assert_eq!(send(&site, "GET /metrics", &[(header, "127.0.0.1")], "").await.status(), 404, "{header}");
        }
        assert_eq!(send(&site, "GET /metrics", &[("authorization", "Bearer ")], "").await.status(), 200);
    }

    #[test]
    fn an_empty_token_lets_nobody_in() {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, "Bearer ".parse().unwrap())]);
        assert!(!has_token(Some(""), &headers) && !has_token(None, &headers));
    }
}
