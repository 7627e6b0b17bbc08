//! Requests sent ahead of their answers, whole and in parts: each is answered for itself, in order.

use crate::harness::Blog;
use crate::http_framing::{hasty, rest, statuses};
use proptest::collection::vec;
use proptest::prelude::*;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const FORM: &str = "POST /login HTTP/1.1\r\nHost: a\r\nSec-Fetch-Site: same-origin\r\n\
                    Content-Type: application/x-www-form-urlencoded\r\n";

#[derive(Debug, Clone, Copy)]
enum Sent {
    Get,
    Head,
    BareLines,
    EmptyLineBefore,
    Form,
    Chunks,
    // These end the connection.
    Malformed,
    BothLengths,
    LongHead,
    LongAddress,
    EndlessBody,
    Close,
}

use Sent::*;

impl Sent {
    fn bytes(self) -> String {
        match self {
            Get => "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".into(),
            Head => "HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n".into(),
            BareLines => "GET /healthz HTTP/1.1\nHost: a\n\n".into(),
            EmptyLineBefore => "\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".into(),
            Form => format!("{FORM}Content-Length: 3\r\n\r\na=b"),
            Chunks => format!("{FORM}Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n"),
            Malformed => "GET / HTTP/9.9\r\nHost: a\r\n\r\n".into(),
            BothLengths => {
                format!("{FORM}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n")
            }
            LongHead => format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(70_000)),
            LongAddress => format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(70_000)),
            EndlessBody => format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", u64::MAX),
            Close => "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".into(),
        }
    }

    fn is_last(self) -> bool {
        matches!(self, Malformed | BothLengths | LongHead | LongAddress | EndlessBody | Close)
    }

    fn has_body(self) -> bool {
        matches!(self, Form | Chunks)
    }

    /// What may be answered. Behind a body that came in the same packet the head may not be known any more.
    fn allowed(self, behind_body: bool) -> &'static [u16] {
        match self {
            Get | Head | BareLines | EmptyLineBefore | Close => &[200],
            // Whoever tries to log in all the time has to wait.
            Form | Chunks => &[422, 429],
            Malformed => &[400],
            // RFC 9112, section 6.1: it may be read by its chunks, and the connection closed.
            BothLengths if behind_body => &[400, 422, 429],
            BothLengths => &[400],
            LongHead | LongAddress | EndlessBody if behind_body => &[413, 414, 431],
            LongHead => &[431],
            LongAddress => &[414],
            EndlessBody => &[413],
        }
    }
}

fn sent() -> impl Strategy<Value = Sent> {
    let good = prop_oneof![3 => Just(Get), 1 => Just(Head), 1 => Just(BareLines), 1 => Just(EmptyLineBefore)];
    let bodies = prop_oneof![Just(Form), Just(Chunks)];
    let bad = prop_oneof![Just(Malformed), Just(BothLengths), Just(LongHead), Just(LongAddress), Just(EndlessBody)];
    prop_oneof![6 => good, 2 => bodies, 2 => bad]
}

#[tokio::test]
async fn a_client_that_has_said_everything_gets_its_answers() {
    let blog = hasty().await;
    for requests in [&[Get][..], &[Head], &[Form], &[Chunks], &[Get; 5], &[Form, Get, Chunks, Form], &[Get; 40]] {
        let bytes: String = requests.iter().map(|request| request.bytes()).collect();
        let mut stream = TcpStream::connect(blog.address).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let told = statuses(&rest(&mut stream, bytes.as_bytes()).await);
        assert_eq!(told.len(), requests.len(), "{requests:?}: {told:?}");
    }
    // The end comes before the body does: nobody waits for the rest.
    let mut stream = TcpStream::connect(blog.address).await.unwrap();
    stream.write_all(format!("{FORM}Content-Length: 30\r\n\r\na=b").as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    rest(&mut stream, b"a form that breaks off").await;
    blog.stop().await;
}

/// Sends all of it in parts that end at these places, and gives the statuses of all answers.
async fn answered(blog: &Blog, bytes: &[u8], cuts: &[usize]) -> Vec<u16> {
    let mut stream = TcpStream::connect(blog.address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % bytes.len()).chain([0, bytes.len()]).collect();
    cuts.sort_unstable();
    for part in cuts.windows(2) {
        // The server may have answered and closed.
        let _ = stream.write_all(&bytes[part[0]..part[1]]).await;
        tokio::task::yield_now().await;
    }
    statuses(&rest(&mut stream, bytes).await)
}

#[test]
fn each_is_answered_for_itself_however_they_come() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let blog = runtime.block_on(hasty());
    let config = ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(requests in vec(sent(), 1..8), cuts in vec(any::<usize>(), 0..6))| {
        let requests: Vec<Sent> = requests.into_iter().chain([Close]).collect();
        let bytes: String = requests.iter().map(|request| request.bytes()).collect();
        let told = runtime.block_on(answered(&blog, bytes.as_bytes(), &cuts));
        let end = requests.iter().position(|request| request.is_last()).map_or(requests.len(), |at| at + 1);
        let mut behind_body = false;
        prop_assert_eq!(told.len(), end, "{:?}", &told);
        for (request, status) in requests.iter().zip(&told) {
            prop_assert!(request.allowed(behind_body).contains(status), "{:?}: {:?}", request, &told);
            behind_body |= request.has_body();
        }
    });
    runtime.block_on(blog.stop());
}
