//! Keep-alive clients that ask, read the whole answer, and ask again.

use crate::Result;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// What came back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What some connections achieved together.
#[derive(Debug, Default)]
pub struct Load {
    /// 0 stands for a connection that was closed without an answer.
    pub statuses: BTreeMap<u16, u64>,
    /// Of each answer, in milliseconds.
    pub latencies: Vec<f64>,
    pub took: Duration,
}

impl Load {
    pub fn answers(&self) -> u64 {
        self.statuses.values().sum()
    }

    pub fn per_second(&self) -> f64 {
        self.answers() as f64 / self.took.as_secs_f64()
    }

    /// An answer with another status than 200, or 304 for those who ask so, spoils the figures.
    pub fn all_good(self) -> Result<Load> {
        let good = self.statuses.keys().all(|status| matches!(status, 200 | 304));
        if good { Ok(self) } else { Err(format!("answers by status: {:?}", self.statuses).into()) }
    }
}

/// The threads of the clients.
pub fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// The bytes of a request without a body.
pub fn get(target: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    request("GET", target, headers, "")
}

/// The bytes of a form sent from a page of the site.
pub fn form(target: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let length = body.len().to_string();
    let own = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("content-length", length.as_str()),
        ("sec-fetch-site", "same-origin"),
    ];
    request("POST", target, &[headers, &own].concat(), body)
}

/// The bytes of a request with JSON.
pub fn json(target: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let length = body.len().to_string();
    let own = [("content-type", "application/json"), ("content-length", length.as_str())];
    request("POST", target, &[headers, &own].concat(), body)
}

fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!("{method} {target} HTTP/1.1\r\nuser-agent: bench\r\naccept: */*\r\n");
    if headers.iter().all(|(name, _)| *name != "host") {
        text.push_str("host: blog.example\r\n");
    }
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.push_str(body);
    text.into_bytes()
}

/// `connections` clients ask until `time` is over. Each begins elsewhere in `requests`.
pub async fn load(
    address: SocketAddr,
    requests: &Arc<Vec<Vec<u8>>>,
    connections: usize,
    time: Duration,
) -> Result<Load> {
    let mut clients = Vec::with_capacity(connections);
    for _ in 0..connections {
        clients.push(Connection::open(address).await?);
    }
    let start = Instant::now();
    let mut running = JoinSet::new();
    for (number, mut client) in clients.into_iter().enumerate() {
        let requests = Arc::clone(requests);
        let first = number * requests.len() / connections;
        running.spawn(async move {
            let (mut statuses, mut latencies) = (BTreeMap::new(), Vec::new());
            for request in requests.iter().cycle().skip(first) {
                let asked = Instant::now();
                if asked - start >= time {
                    break;
                }
                let status = match client.ask(request).await {
                    Ok(status) => status,
                    Err(_) => {
                        client = Connection::open(address).await?;
                        0
                    }
                };
                *statuses.entry(status).or_insert(0) += 1;
                latencies.push(asked.elapsed().as_secs_f64() * 1e3);
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>((statuses, latencies))
        });
    }
    let mut load = Load::default();
    while let Some(ended) = running.join_next().await {
        let (statuses, latencies) = ended??;
        for (status, count) in statuses {
            *load.statuses.entry(status).or_insert(0) += count;
        }
        load.latencies.extend(latencies);
    }
    load.took = start.elapsed();
    Ok(load)
}

/// Asks once, on a connection of its own.
pub async fn fetch(address: SocketAddr, request: &[u8]) -> Result<Answer> {
    let mut connection = Connection::open(address).await?;
    let status = connection.ask(request).await?;
    let (head, body) = connection.last();
    let lines = std::str::from_utf8(head)?.lines().skip(1).filter_map(|line| line.split_once(": "));
    let headers = lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Ok(Answer { status, headers, body: body.to_vec() })
}

/// A connection that is kept alive.
pub struct Connection {
    stream: TcpStream,
    address: SocketAddr,
    buffer: Vec<u8>,
    head: usize,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Connection> {
        Ok(Connection { stream: connect(address).await?, address, buffer: Vec::with_capacity(256 * 1024), head: 0 })
    }

    /// Sends a request and reads its answer to the end. Returns the status.
    pub async fn ask(&mut self, request: &[u8]) -> Result<u16> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        self.head = loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the server closed the connection".into());
            }
            if let Some(end) = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let head = std::str::from_utf8(self.buffer.get(..self.head).unwrap_or(&[]))?.to_ascii_lowercase();
        let status: u16 = head.split(' ').nth(1).unwrap_or("").parse()?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map(str::parse::<usize>);
        let length = match length {
            // It may tell the length of what it leaves out.
            _ if matches!(status, 204 | 304) => 0,
            Some(length) => length?,
            None => return Err("an answer without a length".into()),
        };
        while self.buffer.len() < self.head + length {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the server closed the connection in an answer".into());
            }
        }
        if head.contains("connection: close") {
            self.stream = connect(self.address).await?;
        }
        Ok(status)
    }

    /// Head and body of the last answer.
    pub fn last(&self) -> (&[u8], &[u8]) {
        self.buffer.split_at_checked(self.head).unwrap_or((&[], &[]))
    }
}

async fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
