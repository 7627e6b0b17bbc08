//! Malformed and hostile requests, as RFC 9112 names them, byte by byte over a socket.

use crate::harness::Blog;
use pamphlet::config::Patience;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What would be answered a second time if the first request ended where an attacker wants it to.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
/// Longest time for an answer and the end of its connection; a hang is a failure.
const HANG: Duration = Duration::from_secs(10);

/// A blog that waits for nobody longer than a second.
pub async fn hasty() -> Blog {
    let second = Duration::from_secs(1);
    let patience = Patience { head: second, body: second, idle: second * 2, linger: second / 2, ..Patience::default() };
    Blog::start_with(|config| config.patience = patience).await
}

/// Everything that comes until the server closes the connection.
async fn told(blog: &Blog, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(blog.address).await.unwrap();
    // The server may answer and close before it has all of it.
    let _ = stream.write_all(request).await;
    rest(&mut stream, request).await
}

pub async fn rest(stream: &mut TcpStream, request: &[u8]) -> String {
    let mut all = Vec::new();
    let read = tokio::time::timeout(HANG, stream.read_to_end(&mut all)).await;
    let request = String::from_utf8_lossy(request);
    read.unwrap_or_else(|_| panic!("still open after {request:.200}"))
        .unwrap_or_else(|error| panic!("{error} after {request:.200}, with {:.200}", String::from_utf8_lossy(&all)));
    String::from_utf8_lossy(&all).into_owned()
}

/// The statuses of all answers that came.
pub fn statuses(told: &str) -> Vec<u16> {
    let starts = told.match_indices("HTTP/1.").filter(|(at, _)| *at == 0 || told[..*at].ends_with(['\n', '>', '}']));
    starts.filter_map(|(at, _)| told[at..].split(' ').nth(1)?.parse().ok()).collect()
}

/// Sends each request with another one after it: the first gets this status, the second nothing.
async fn each_gets_one_4xx(cases: &[(&str, &str)], allowed: &[u16]) {
    let blog = hasty().await;
    blog.log();
    for (name, request) in cases {
        let request = format!("{request}{SMUGGLED}");
        let told = told(&blog, request.as_bytes()).await;
        let statuses = statuses(&told);
        assert!(statuses.len() == 1 && allowed.contains(&statuses[0]), "{name}: {statuses:?}\n{told}");
        is_whole(&blog, name, &told);
    }
    blog.stop().await;
}

/// Whether the only answer of a connection is like every other of this site, and in the log.
fn is_whole(blog: &Blog, name: &str, told: &str) {
    let (head, body) = told.split_once("\r\n\r\n").unwrap();
    for field in [
        "connection: close",
        "cache-control: private, no-store",
        "x-request-id: ",
        "content-security-policy: default-src 'none'; ",
        "x-content-type-options: nosniff",
        "referrer-policy: ",
        "permissions-policy: ",
        "cross-origin-opener-policy: ",
        "cross-origin-resource-policy: ",
        "content-type: ",
        "date: ",
    ] {
        assert_eq!(head.matches(&format!("\r\n{field}")).count(), 1, "{name}: {field}\n{told}");
    }
    assert!(!body.is_empty() && head.contains(&format!("\r\ncontent-length: {}", body.len())), "{name}: {told}");
    let log = blog.log();
    assert!(log.len() == 1 && log[0].ends_with(&format!(" {}", statuses(told)[0])), "{name}: {log:?}\n{told}");
}

#[tokio::test]
async fn a_malformed_head_gets_one_400_and_the_connection_ends() {
    let cases = [
        ("no version", "GET /\r\n\r\n"),
        ("HTTP/0.9", "GET / HTTP/0.9\r\nHost: a\r\n\r\n"),
        ("HTTP/3.0", "GET / HTTP/3.0\r\nHost: a\r\n\r\n"),
        ("HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n"),
        ("lower-case version", "GET / http/1.1\r\nHost: a\r\n\r\n"),
        ("no method", " / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("another scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("space in target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("tab for space", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("NUL in target", "GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("control byte in target", "GET /a\x01b HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("DEL in target", "GET /a\x7fb HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("method that is no token", "G@T / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("line folding", "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n"),
        ("line folding by tab", "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\tc\r\n\r\n"),
        ("space before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
        ("space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
        ("field without a colon", "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n"),
        ("field without a name", "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n"),
        ("field name that is no token", "GET / HTTP/1.1\r\nHost: a\r\nX@Y: x\r\n\r\n"),
        ("NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"),
        ("control byte in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\x02b\r\n\r\n"),
        ("bare CR in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n"),
        ("bare CR in the request line", "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("TLS", "\x16\x03\x01\x02\0\x01\0\x01\r\n\r\n"),
    ];
    each_gets_one_4xx(&cases, &[400]).await;
}

#[tokio::test]
async fn a_request_whose_host_is_in_doubt_gets_one_400() {
    let cases = [
        ("none", "GET / HTTP/1.1\r\n\r\n"),
        ("empty", "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
        ("two", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        ("twice the same", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
        ("two in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"),
        ("a list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
        ("with a path", "GET / HTTP/1.1\r\nHost: a/../b\r\n\r\n"),
        ("with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
        ("with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
        ("with a port that is none", "GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n"),
        ("not the one of the target", "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n"),
        ("only in the target", "GET http://a/ HTTP/1.1\r\n\r\n"),
        ("a user in the target", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("authority form", "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("asterisk form", "GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("path without a slash", "GET index.html HTTP/1.1\r\nHost: a\r\n\r\n"),
    ];
    each_gets_one_4xx(&cases, &[400]).await;
}

#[tokio::test]
async fn a_body_whose_length_is_in_doubt_gets_one_400_and_hides_no_second_request() {
    const FORM: &str = "POST /login HTTP/1.1\r\nHost: a\r\nSec-Fetch-Site: same-origin\r\n\
                        Content-Type: application/x-www-form-urlencoded\r\n";
    let lengths = [
        "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "Content-Length: 1, 2\r\n\r\nab",
        "Content-Length: -1\r\n\r\n",
        "Content-Length: +1\r\n\r\na",
        "Content-Length: 0x1\r\n\r\na",
        "Content-Length: 1 \x0b\r\n\r\na",
        "Content-Length: 1.0\r\n\r\na",
        "Content-Length:\r\n\r\n",
        "Content-Length: a\r\n\r\n",
        "Content-Length: 99999999999999999999999999\r\n\r\na",
        "Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: identity\r\nContent-Length: 1\r\n\r\na",
        "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nx\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\na\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n1\nab\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n1\rXa\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n1;a\nb\r\na\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n 1\r\na\r\n0\r\n\r\n",
    ];
    let cases: Vec<(&str, String)> = lengths.iter().map(|rest| (*rest, format!("{FORM}{rest}"))).collect();
    let cases: Vec<(&str, &str)> = cases.iter().map(|(name, request)| (*name, request.as_str())).collect();
    each_gets_one_4xx(&cases, &[400, 413]).await;
}

/// RFC 9112, section 6.1: such a request may be taken by its chunks alone, but is the last of its connection.
#[tokio::test]
async fn both_kinds_of_length_at_once_end_the_connection() {
    const HEAD: &str = "POST /login HTTP/1.1\r\nHost: a\r\nSec-Fetch-Site: same-origin\r\n\
                        Content-Type: application/x-www-form-urlencoded\r\n";
    let by_length = format!("{HEAD}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    let by_chunks = format!("{HEAD}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n");
    let hidden = format!("{HEAD}Content-Length: 60\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{SMUGGLED}");
    let get = "GET / HTTP/1.1\r\nHost: a\r\ncontent-length:4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let cases = [("length first", &*by_length), ("chunks first", &*by_chunks), ("hidden", &*hidden), ("a read", get)];
    each_gets_one_4xx(&cases, &[400]).await;
    // Sent ahead of the answers to others.
    let blog = hasty().await;
    let get = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    for request in [by_length, by_chunks, hidden] {
        let told = told(&blog, format!("{get}{get}{request}{get}").as_bytes()).await;
        assert_eq!(statuses(&told), [200, 200, 400], "{told}");
    }
    blog.stop().await;
}

/// hyper answers these by itself, and nothing but the status used to be in its answer.
#[tokio::test]
async fn what_cannot_be_read_is_answered_like_everything_else_wherever_it_stands() {
    const GOOD: &str = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    const BAD: &str = "GET / HTTP/9.9\r\nHost: a\r\n\r\n";
    let blog = hasty().await;
    blog.log();
    for (name, status, request) in [
        ("malformed", 400, BAD.to_owned()),
        ("a length in doubt", 400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n".into()),
        ("a length without end", 413, format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", u64::MAX)),
        ("long fields", 431, format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(100_000))),
        ("many fields", 431, format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(200))),
        ("a long address", 414, format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(100_000))),
        ("a long address that does not end", 414, format!("\r\nGET /{}", "a".repeat(70_000))),
    ] {
        let alone = told(&blog, request.as_bytes()).await;
        assert_eq!(statuses(&alone), [status], "{name}: {alone:.500}");
        is_whole(&blog, name, &alone);
        assert!(alone.contains("\r\ncontent-type: text/plain"), "{name}: {alone}");
        // Behind another one, sent with it or after its answer.
        for waits in [false, true] {
            let mut stream = TcpStream::connect(blog.address).await.unwrap();
            let mut answered = Vec::new();
            if waits {
                stream.write_all(GOOD.as_bytes()).await.unwrap();
                while !answered.ends_with(b"\r\n\r\nalive\n") {
                    answered.push(stream.read_u8().await.unwrap());
                }
                let _ = stream.write_all(request.as_bytes()).await;
            } else {
                let _ = stream.write_all(format!("{GOOD}{request}").as_bytes()).await;
            }
            let told = rest(&mut stream, request.as_bytes()).await;
            let last = &told[told.rfind("HTTP/1.1 ").unwrap()..];
            assert_eq!(statuses(last), [status], "{name}, {waits}: {told:.500}");
            assert!(last.contains("content-security-policy") && last.contains("connection: close"), "{name}: {last}");
            assert_eq!(blog.log(), ["GET /healthz 200", &format!("- - {status}")], "{name}, {waits}");
        }
    }
    blog.stop().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_counted() {
    let blog = hasty().await;
    let count = async || {
        let told = blog.visitor().get("/metrics").await.expect(200).text;
        let name = "pamphlet_http_requests_total{route=\"none\",method=\"any\",status=\"4xx\"} ";
        told.lines().find_map(|line| line.strip_prefix(name)?.parse::<u64>().ok()).unwrap_or(0)
    };
    let before = count().await;
    told(&blog, b"nonsense\r\n\r\n").await;
    assert_eq!(count().await, before + 1);
    blog.stop().await;
}

#[tokio::test]
async fn nobody_who_asks_with_head_gets_a_body_although_the_rest_cannot_be_read() {
    let blog = hasty().await;
    let told = told(&blog, b"HEAD / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n").await;
    assert!(statuses(&told) == [400] && told.ends_with("\r\n\r\n"), "{told}");
    blog.stop().await;
}

#[tokio::test]
async fn unusual_framing_that_the_standard_allows_ends_where_it_says() {
    let blog = hasty().await;
    let form = "POST /login HTTP/1.1\r\nHost: a\r\nSec-Fetch-Site: same-origin\r\n\
                Content-Type: application/x-www-form-urlencoded\r\n";
    for body in [
        "Content-Length: 3\r\n\r\na=b",
        "Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n",
        "Transfer-Encoding: CHUNKED\r\n\r\n0003\r\na=b\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n3;name=value\r\na=b\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\n=\r\n1\r\nb\r\n0\r\n\r\n",
    ] {
        let told = told(
            &blog,
            format!("{form}{body}{}", SMUGGLED.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")).as_bytes(),
        )
        .await;
        let statuses = statuses(&told);
        assert_eq!(statuses, [422, 404], "{body}: {told}");
    }
    blog.stop().await;
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let blog = hasty().await;
    let requests = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n\
                    HEAD / HTTP/1.1\r\nHost: a\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n\
                    GET http://a/healthz HTTP/1.1\r\nHost: A\r\nConnection: close\r\n\r\n";
    let told = told(&blog, requests.as_bytes()).await;
    assert_eq!(statuses(&told), [200, 404, 200, 204, 200], "{told}");
    blog.stop().await;
}

#[tokio::test]
async fn what_is_too_long_or_too_much_is_refused_with_its_own_status() {
    let blog = hasty().await;
    let head = "Host: a\r\nConnection: close\r\n";
    let fields: String = (0..2_000).map(|n| format!("X-{n}: y\r\n")).collect();
    let parameters: String = (0..1_000_000).map(|n| format!("p{n}=1&")).collect();
    for (name, request, expected) in [
        ("long address", format!("GET /{} HTTP/1.1\r\n{head}\r\n", "a".repeat(9_000)), vec![414]),
        ("long query", format!("GET /?{} HTTP/1.1\r\n{head}\r\n", "a".repeat(9_000)), vec![414]),
        ("a million parameters", format!("GET /?{parameters} HTTP/1.1\r\n{head}\r\n"), vec![414]),
        ("many fields", format!("GET / HTTP/1.1\r\n{head}{fields}\r\n"), vec![431]),
        ("a long field", format!("GET / HTTP/1.1\r\n{head}X: {}\r\n\r\n", "x".repeat(2_000_000)), vec![431]),
        ("a long method", format!("{} / HTTP/1.1\r\n{head}\r\n", "M".repeat(1_000)), vec![400, 405]),
        ("a method nobody knows", format!("BREW / HTTP/1.1\r\n{head}\r\n"), vec![405]),
        ("TRACE", format!("TRACE / HTTP/1.1\r\n{head}\r\n"), vec![405]),
        ("CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\nConnection: close\r\n\r\n".into(), vec![405]),
    ] {
        let told = told(&blog, request.as_bytes()).await;
        let statuses = statuses(&told);
        assert!(statuses.len() == 1 && expected.contains(&statuses[0]), "{name}: {told:.500}");
        assert!(statuses[0] != 405 || told.contains("\r\nallow: GET, HEAD"), "{name}: {told:.500}");
    }
    blog.stop().await;
}

#[tokio::test]
async fn a_body_that_is_refused_need_not_be_sent() {
    let blog = hasty().await;
    let form = "Host: a\r\nSec-Fetch-Site: same-origin\r\nContent-Type: multipart/form-data; boundary=x\r\n";
    let large = "Content-Length: 999999999\r\nExpect: 100-continue\r\n\r\n";
    let upload = "Content-Length: 20000000\r\nExpect: 100-continue\r\n\r\n";
    for (request, expected) in [
        (format!("POST /admin/media HTTP/1.1\r\n{form}{large}"), 413),
        // Nobody has signed in, so nothing is read.
        (format!("POST /admin/media HTTP/1.1\r\n{form}{upload}"), 303),
        (format!("POST /login HTTP/1.1\r\n{form}{upload}"), 413),
        // The server reads a form from another site to show its text beside the refusal, so the length counts first.
        (format!("POST /login HTTP/1.1\r\nHost: a\r\nSec-Fetch-Site: cross-site\r\n{upload}"), 413),
    ] {
        let told = told(&blog, request.as_bytes()).await;
        assert_eq!(statuses(&told), [expected], "{request}\n{told}");
    }
    let ready = "Content-Length: 3\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n";
    let form = form.replace("multipart/form-data; boundary=x", "application/x-www-form-urlencoded");
    let mut stream = TcpStream::connect(blog.address).await.unwrap();
    stream.write_all(format!("POST /login HTTP/1.1\r\n{form}{ready}").as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"a=b").await.unwrap();
    assert_eq!(statuses(&rest(&mut stream, b"a form").await), [422]);
    blog.stop().await;
}

#[tokio::test]
async fn who_sends_too_much_without_asking_still_gets_the_answer() {
    let blog = hasty().await;
    let body = "x".repeat(30_000_000);
    let request = format!(
        "POST /login HTTP/1.1\r\nHost: a\r\nSec-Fetch-Site: same-origin\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    for _ in 0..3 {
        assert_eq!(statuses(&told(&blog, request.as_bytes()).await), [413]);
    }
    blog.stop().await;
}

#[tokio::test]
async fn nobody_is_upgraded_to_another_protocol() {
    let blog = hasty().await;
    let settings = "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n";
    for upgrade in [
        format!("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n{settings}"),
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n".into(),
        "Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n".into(),
    ] {
        let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        let told = told(&blog, format!("GET /healthz HTTP/1.1\r\nHost: a\r\n{upgrade}\r\n{preface}").as_bytes()).await;
        let statuses = statuses(&told);
        assert!(!statuses.contains(&101) && statuses.first() == Some(&200), "{upgrade}: {told}");
        assert!(statuses.iter().skip(1).all(|status| *status == 400), "{upgrade}: {told}");
    }
    blog.stop().await;
}

#[tokio::test]
async fn old_clients_and_health_checks_are_served() {
    let blog = hasty().await;
    for request in ["GET /healthz HTTP/1.0\r\n\r\n", "GET /healthz HTTP/1.0\r\nHost: a\r\n\r\n"] {
        assert_eq!(statuses(&told(&blog, request.as_bytes()).await), [200], "{request}");
    }
    // RFC 9112, sections 2.2 and 2.3: empty lines before a request, and LF for CRLF, are borne.
    let borne = "\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    assert_eq!(statuses(&told(&blog, borne.as_bytes()).await), [200]);
    let told = told(&blog, b"GET /healthz HTTP/1.1\nHost: a\nConnection: close\n\n").await;
    assert!(matches!(statuses(&told)[..], [200] | [400]), "{told}");
    blog.stop().await;
}

#[tokio::test]
async fn nobody_gets_an_encoding_or_a_range_that_was_not_asked_for() {
    let blog = hasty().await;
    let get = async |headers: &str| {
        told(&blog, format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n").as_bytes()).await
    };
    for none in
        ["", "Accept-Encoding: identity\r\n", "Accept-Encoding: deflate, zstd\r\n", "Accept-Encoding: br;q=0\r\n"]
    {
        let told = get(none).await;
        assert!(statuses(&told) == [200] && !told.contains("content-encoding"), "{none}: {told:.400}");
    }
    let told = get("Accept-Encoding: gzip;q=0, br;q=0, *;q=0\r\n").await;
    assert!(matches!(statuses(&told)[..], [200] | [406]) && !told.contains("content-encoding"), "{told:.400}");
    for range in ["bytes=0-0,0-1,0-2", "bytes=5-1", "bytes=99999999999999999999-", "bytes=--1", "x"] {
        let told = get(&format!("Range: {range}\r\n")).await;
        assert!(matches!(statuses(&told)[..], [200] | [416]), "{range}: {told:.400}");
    }
    blog.stop().await;
}

#[tokio::test]
async fn http2_is_answered_to_those_who_begin_with_it() {
    let blog = hasty().await;
    let mut stream = TcpStream::connect(blog.address).await.unwrap();
    let settings = b"\0\0\0\x04\0\0\0\0\0";
    // HEADERS of stream 1, complete: GET http://a/ in fields of the static table (RFC 7541, appendix A).
    let get = b"\0\0\x06\x01\x05\0\0\0\x01\x82\x86\x84\x41\x01a";
    stream.write_all(&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), settings, get].concat()).await.unwrap();
    let (mut status, mut body) = (0, Vec::new());
    loop {
        let mut head = [0; 9];
        tokio::time::timeout(HANG, stream.read_exact(&mut head)).await.unwrap().unwrap();
        let mut payload = vec![0; usize::from(head[1]) * 256 + usize::from(head[2])];
        stream.read_exact(&mut payload).await.unwrap();
        match head[3] {
            0 => body.extend(payload),
            // The first field is `:status: 200`, entry 8 of the static table, after any change of table size.
            1 => status = payload.into_iter().find(|byte| byte & 0x80 != 0).unwrap(),
            _ => {}
        }
        if head[3] <= 1 && head[4] & 1 == 1 {
            break;
        }
    }
    assert_eq!(status, 0x88);
    assert!(String::from_utf8(body).unwrap().ends_with("</html>"));
    blog.stop().await;
}

/// The next request got no answer, and nobody had said that it would not.
#[tokio::test]
async fn whose_body_is_not_wanted_can_go_on_or_is_told_that_the_connection_ends() {
    let blog = hasty().await;
    for (length, sent, ends) in [(30_000, 30_000, false), (30_000, 10, true), (100_000, 100_000, true)] {
        for line in ["POST /api/v1/nope", "POST /api/v1/posts", "POST /healthz", "GET /"] {
            let kind = "Content-Type: application/json";
            let head = format!("{line} HTTP/1.1\r\nHost: a\r\n{kind}\r\nContent-Length: {length}\r\n\r\n");
            let mut stream = TcpStream::connect(blog.address).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            // What comes a little later than its head.
            tokio::time::sleep(Duration::from_millis(20)).await;
            let _ = stream.write_all("x".repeat(sent).as_bytes()).await;
            if sent == length {
                let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
            }
            let told = rest(&mut stream, head.as_bytes()).await;
            let first = told.split("\r\n\r\n").next().unwrap();
            assert_eq!(first.contains("\r\nconnection: close"), ends, "{line} {length}: {told}");
            assert_eq!(statuses(&told).len(), if ends { 1 } else { 2 }, "{line} {length}: {told}");
        }
    }
    blog.stop().await;
}

/// hyper takes a bare line feed among the fields behind the chunks for a part of one, and so what an attacker puts
/// behind it, where others see the next request.
#[tokio::test]
async fn nothing_is_answered_behind_fields_that_follow_a_body() {
    let blog = hasty().await;
    let json = "Host: a\r\nContent-Type: application/json\r\n";
    let query = "{\"query\":\"{__typename}\"}";
    let hidden = format!("POST /nowhere HTTP/1.1\r\n{json}Content-Length: {}\r\n\r\n{SMUGGLED}", SMUGGLED.len());
    for (target, status) in [("/graphql", 200), ("/nowhere", 404)] {
        for end in ["0\r\n\n", "0\r\nX: y\n\r\n", "0\r\nX: y\n\n", "0\r\nX: y\r\n\r\n"] {
            let chunks = format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{query}\r\n{end}", query.len());
            let told = told(&blog, format!("POST {target} HTTP/1.1\r\n{json}{chunks}{hidden}").as_bytes()).await;
            assert_eq!(statuses(&told), [status], "{target} {end:?}: {told}");
            assert!(told.contains("\r\nconnection: close"), "{target} {end:?}: {told}");
        }
    }
    blog.stop().await;
}
