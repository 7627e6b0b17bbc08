//! Resources that all clients share: whoever takes as much as they can keeps nobody else out.

use crate::client::Client;
use crate::harness::{Blog, PASSWORD, PATIENCE, Written, post};
use http::Request;
use hyper_util::rt::{TokioExecutor, TokioIo};
use pamphlet::config::Config;
use std::net::IpAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Headers of somebody in a network of their own.
const ATTACKER: &str = "198.51.100.1";
const OTHER: &str = "203.0.113.7";

/// A blog behind a proxy on this machine, so that clients come from several networks.
async fn proxied(change: impl FnOnce(&mut Config)) -> Blog {
    Blog::start_with(|config| {
        config.trusted_proxies = vec!["127.0.0.1".parse::<IpAddr>().unwrap().into()];
        change(config);
    })
    .await
}

fn from(client: &Client, network: &str) -> Client {
    client.with("x-forwarded-for", network)
}

/// Sends a head that announces `length` bytes, and `part` of them.
async fn begin(blog: &Blog, client: &Client, line: &str, content_type: &str, length: usize, part: &[u8]) -> TcpStream {
    let session = client.session().unwrap_or_default();
    let head = format!(
        "{line} HTTP/1.1\r\nHost: a\r\nSec-Fetch-Site: same-origin\r\nX-Forwarded-For: {ATTACKER}\r\n\
         Cookie: session={session}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n"
    );
    let mut stream = TcpStream::connect(blog.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    // A server that refuses reads no more.
    let _ = stream.write_all(part).await;
    stream
}

async fn status(stream: &mut TcpStream) -> String {
    let mut answer = vec![0; 4096];
    let read = tokio::time::timeout(PATIENCE, stream.read(&mut answer)).await.expect("an answer").unwrap_or(0);
    String::from_utf8_lossy(&answer[..read]).split(' ').nth(1).unwrap_or_default().to_owned()
}

async fn upload(client: &Client, shade: u8) -> u16 {
    client.post_files("/admin/media", &[], &[("images", "a.png", &crate::media::png(9, 9, shade))]).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_announced_and_do_not_come_take_no_room() {
    let blog = proxied(|_| {}).await;
    let mut slow = Vec::new();
    for _ in 0..20 {
        slow.push(begin(&blog, &blog.administrator, "POST /graphql", "application/json", 14_000_000, b"{").await);
    }
    assert_eq!(upload(&from(&blog.administrator, ATTACKER), 1).await, 303);
    blog.administrator.write(post("Hello")).await;
    drop(slow);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_member_who_uploads_much_leaves_room_for_others() {
    let blog = proxied(|_| {}).await;
    let (eve, ada) = (blog.author("eve").await, blog.author("ada").await);
    let part = [
        b"--x\r\nContent-Disposition: form-data; name=\"images\"; filename=\"a.png\"\r\n\r\n".as_slice(),
        &vec![7; 20 << 20],
    ]
    .concat();
    let (line, multipart) = ("POST /admin/media", "multipart/form-data; boundary=x");
    let mut uploads = JoinSet::new();
    for _ in 0..6 {
        let mut stream = begin(&blog, &eve, line, multipart, 24 << 20, b"").await;
        let part = part.clone();
        uploads.spawn(async move {
            let _ = stream.write_all(&part).await;
            status(&mut stream).await
        });
    }
    // Of six times 20 MB no more than 24 MB are taken.
    for _ in 0..5 {
        let refused = uploads.join_next().await.unwrap().unwrap();
        assert!(refused == "429" || refused.is_empty(), "{refused}");
    }
    assert_eq!(upload(&from(&ada, OTHER), 2).await, 303);
    uploads.shutdown().await;
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_that_stall_keep_nobody_from_signing_in_or_commenting() {
    let blog = proxied(|_| {}).await;
    let hello = blog.administrator.write(post("Hello")).await;
    let (eve, ada) = (blog.reader("eve").await, blog.reader("ada").await);
    let (line, form) = (format!("POST {}/comments", hello.path), "application/x-www-form-urlencoded");
    let mut stalled = Vec::new();
    for _ in 0..300 {
        stalled.push(begin(&blog, &eve, &line, form, 80 * 1024, &[b'x'; 70 * 1024]).await);
    }
    from(&ada, OTHER).comment(&hello, "Still here").await;
    let fields = [("username", "ada"), ("password", PASSWORD)];
    from(&blog.visitor(), OTHER).post_form("/login", &fields).await.expect(303);
    drop(stalled);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn visitors_and_readers_send_short_queries_alone() {
    let blog = Blog::start().await;
    let reader = blog.reader("ada").await;
    let query = format!("{{\"query\":\"{{ settings {{ title }} }} #{}\"}}", "x".repeat(200_000));
    for (client, status) in [(&blog.visitor(), 413), (&reader, 413), (&blog.administrator, 200)] {
        let answer = client.post("/graphql", "application/json", query.clone()).await;
        assert!(if status == 413 { answer.status == 413 } else { answer.status != 413 }, "{}", answer.text);
    }
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn members_who_change_their_passwords_all_the_time_keep_nobody_from_signing_in() {
    let blog = proxied(|config| config.bcrypt_cost = Some(9)).await;
    let mut changing = JoinSet::new();
    for name in ["eve", "mallory", "oscar", "trudy"] {
        let reader = from(&blog.reader(name).await, ATTACKER);
        for _ in 0..16 {
            let reader = reader.clone();
            changing.spawn(async move {
                let fields = [("current_password", PASSWORD), ("new_password", PASSWORD)];
                reader.post_form("/account/password", &fields).await.status
            });
        }
    }
    // The first of them is refused or done: the rest are on their way.
    let mut statuses = vec![changing.join_next().await.unwrap().unwrap()];
    let fields = [("username", "root"), ("password", PASSWORD)];
    from(&blog.visitor(), OTHER).post_form("/login", &fields).await.expect(303);
    statuses.extend(changing.join_all().await);
    assert!(statuses.iter().all(|status| [303, 409, 429].contains(status)), "{statuses:?}");
    assert!(statuses.contains(&429), "{statuses:?}");
    blog.stop().await;
}

/// The status of a stream of events, and the stream while it lasts.
async fn listen(blog: &Blog, post: &Written, network: &str) -> (String, TcpStream) {
    let mut stream = TcpStream::connect(blog.address).await.unwrap();
    let head = format!(
        "GET {}/events HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\nX-Forwarded-For: {network}\r\n\r\n",
        post.path
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    (status(&mut stream).await, stream)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_network_listens_with_a_quarter_of_the_places() {
    let blog = proxied(|config| config.max_connections = 40).await;
    let hello = blog.administrator.write(post("Hello")).await;
    let mut open = Vec::new();
    for number in 0..12 {
        let (status, stream) = listen(&blog, &hello, ATTACKER).await;
        assert_eq!(status, if number < 10 { "200" } else { "429" }, "stream {number}");
        open.push(stream);
    }
    let (status, _stream) = listen(&blog, &hello, OTHER).await;
    assert_eq!(status, "200");
    blog.visitor().get(&hello.path).await.expect(200);
    drop(open);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_of_http2_carries_so_many_streams_of_events() {
    let blog = Blog::start().await;
    let hello = blog.administrator.write(post("Hello")).await;
    let socket = TokioIo::new(TcpStream::connect(blog.address).await.unwrap());
    let (mut http2, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), socket).await.unwrap();
    let connection = tokio::spawn(connection);
    let address = format!("http://{}{}/events", blog.address, hello.path);
    let mut open = Vec::new();
    for number in 0..20 {
        let request = Request::get(&address).header("accept", "text/event-stream").body(String::new()).unwrap();
        let answer = http2.send_request(request).await.unwrap();
        assert_eq!(answer.status().as_u16(), if number < 16 { 200 } else { 429 }, "stream {number}");
        open.push(answer);
    }
    let (status, _stream) = listen(&blog, &hello, OTHER).await;
    assert_eq!(status, "200", "another connection");
    drop((open, http2));
    connection.abort();
    blog.stop().await;
}

/// With fewer open files than connections.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn fewer_open_files_than_connections_leave_visitors_served() {
    use crate::program::{Served, pamphlet};
    let folder = tempfile::tempdir().unwrap();
    let args = ["serve", "--data", "blog.redb", "--listen", "127.0.0.1:0", "--bcrypt-cost", "10"];
    let inner = pamphlet(folder.path(), &args);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "ulimit -n 80; exec \"$0\" \"$@\""]).arg(inner.get_program()).args(inner.get_args());
    command.current_dir(folder.path());
    for (name, _) in inner.get_envs() {
        command.env_remove(name);
    }
    let piped = std::process::Stdio::piped;
    command.stdin(piped()).stdout(piped()).stderr(piped());
    let served = Served::start(command);
    let administrator = served.set_up().await;
    administrator.write(post("Hello")).await;
    let mut open = Vec::new();
    for _ in 0..100 {
        let mut stream = TcpStream::connect(served.origin.trim_start_matches("http://")).await.unwrap();
        stream
            .write_all(b"GET /posts/hello/events HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n")
            .await
            .unwrap();
        open.push(stream);
    }
    for _ in 0..5 {
        tokio::time::timeout(PATIENCE, served.visitor().get("/posts/hello")).await.expect("an answer").expect(200);
    }
    drop(open);
    served.signal("TERM");
    let ended = served.ended().expect(0);
    assert_eq!(ended.err.matches("--max-connections").count(), 1, "{}", ended.err);
    assert!(!ended.err.contains("cannot accept"), "{}", ended.err);
}
