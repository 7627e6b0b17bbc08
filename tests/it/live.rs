//! Conversations as they go on: streams of server-sent events.

use crate::harness::{Blog, PATIENCE, Written, post};
use http::{Request, Version};
use http_body_util::BodyExt;
use hyper_util::rt::{TokioExecutor, TokioIo};
use pamphlet::config::Config;
use pamphlet::web::pipeline;
use std::net::IpAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An open stream of events, with all that has come of it.
struct Stream {
    socket: TcpStream,
    text: String,
}

impl Stream {
    async fn open(blog: &Blog, post: &Written, headers: &str) -> Stream {
        let mut socket = TcpStream::connect(blog.address).await.unwrap();
        let head = format!("GET {}{}/events HTTP/1.1\r\nHost: a\r\n{headers}\r\n", blog.base(), post.path);
        socket.write_all(head.as_bytes()).await.unwrap();
        Stream { socket, text: String::new() }
    }

    /// A new reader of the post: the stream has begun.
    async fn begin(blog: &Blog, post: &Written) -> Stream {
        let mut stream = Stream::open(blog, post, "").await;
        stream.until("event: state").await;
        stream.until("\n\n").await;
        stream
    }

    /// Reads on; `false` at the end.
    async fn more(&mut self) -> bool {
        let mut some = [0; 16 * 1024];
        let read = tokio::time::timeout(PATIENCE, self.socket.read(&mut some)).await;
        let read = read.unwrap_or_else(|_| panic!("nothing more came after:\n{}", self.text)).unwrap_or(0);
        self.text.push_str(&String::from_utf8_lossy(&some[..read]));
        read > 0
    }

    /// Waits for a text, takes everything up to its end and returns that.
    async fn until(&mut self, part: &str) -> String {
        loop {
            if let Some(at) = self.text.find(part) {
                let rest = self.text.split_off(at + part.len());
                return std::mem::replace(&mut self.text, rest);
            }
            assert!(self.more().await, "the stream ended before “{part}”:\n{}", self.text);
        }
    }

    /// The next event of that name: its id and its data.
    async fn event(&mut self, name: &str) -> (String, serde_json::Value) {
        self.until(&format!("event: {name}\nid: ")).await;
        let id = self.until("\ndata: ").await.replace("\ndata: ", "");
        let data = self.until("\n\n").await;
        (id, serde_json::from_str(data.trim()).unwrap_or_else(|error| panic!("{error}: {data}")))
    }

    /// Reads to the end.
    async fn end(mut self) -> String {
        while self.more().await {}
        self.text
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_listens_hears_what_is_written_changed_and_removed() {
    let blog = Blog::start().await;
    let post = blog.administrator.write(post("Hello")).await;
    let other = blog.administrator.write(crate::harness::post("Other")).await;
    let ada = blog.reader("Ada").await;
    let mut stream = Stream::begin(&blog, &post).await;
    ada.comment(&other, "Elsewhere").await;
    let first = ada.comment(&post, "I <b>hear</b> *owls*.").await;
    let (_, event) = stream.event("comment").await;
    assert_eq!(
        (&event["action"], &event["count"], &event["id"]),
        (&"created".into(), &1.into(), &first.clone().into())
    );
    assert_eq!(event["parent_id"], serde_json::Value::Null);
    assert_eq!(event["author"]["display_name"], "Ada");
    assert!(event["html"].as_str().unwrap().contains("<em>owls</em>"), "{event}");
    // The item is the one of a visitor's page, to the letter.
    let markup = event["markup"].as_str().unwrap().to_owned();
    blog.visitor().get(&post.path).await.expect(200).contains(&markup);
    let reply = ada.reply(&post, &first, "Me too").await;
    let (_, event) = stream.event("comment").await;
    assert_eq!((&event["parent_id"], &event["count"]), (&first.clone().into(), &2.into()));
    let edit = format!("/posts/hello/comments/{reply}/edit");
    ada.post_form(&edit, &[("body", "Me, too")]).await.expect(303);
    let (_, event) = stream.event("comment").await;
    assert_eq!((&event["action"], &event["id"], &event["count"]), (&"edited".into(), &reply.clone().into(), &2.into()));
    assert!(event["markup"].as_str().unwrap().contains("(edited)"), "{event}");
    // With a reply it leaves its place, without one nothing.
    for (id, count, keeps_place) in [(&first, 1, true), (&reply, 0, false)] {
        ada.post_form(&format!("/posts/hello/comments/{id}/delete"), &[]).await.expect(303);
        let (_, event) = stream.event("comment").await;
        assert_eq!((&event["action"], &event["id"]), (&"removed".into(), &id.as_str().into()));
        assert_eq!(event["count"], count);
        let markup = event["markup"].as_str().unwrap_or("");
        assert_eq!(markup.contains("This comment was deleted."), keeps_place, "{event}");
        assert!(!event.to_string().contains("owls") && !event.to_string().contains("Me, too"), "{event}");
    }
    drop(stream);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_stand_in_events_as_on_the_page() {
    let blog = Blog::start().await;
    let post = blog.administrator.write(post("Hello")).await;
    let ada = blog.reader("ada").await;
    let mut stream = Stream::begin(&blog, &post).await;
    let mut parent = ada.comment(&post, "Top").await;
    stream.event("comment").await;
    for depth in 1..=6 {
        parent = ada.reply(&post, &parent, &format!("Depth {depth}")).await;
        let (_, event) = stream.event("comment").await;
        let markup = event["markup"].as_str().unwrap();
        // Without its replies, which come after it in the page.
        let comment = markup.strip_suffix("</li>").unwrap();
        blog.visitor().get(&post.path).await.expect(200).contains(comment);
    }
    drop(stream);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_cut_off_comes_back_to_where_they_were() {
    let blog = Blog::start().await;
    let post = blog.administrator.write(post("Hello")).await;
    let ada = blog.reader("ada").await;
    let mut stream = Stream::begin(&blog, &post).await;
    ada.comment(&post, "First").await;
    let (id, _) = stream.event("comment").await;
    drop(stream);
    let mut other = Stream::begin(&blog, &post).await;
    let gone = ada.comment(&post, "Second").await;
    assert!(other.event("comment").await.1.to_string().contains("Second"));
    ada.comment(&post, "Third").await;
    ada.post_form(&format!("/posts/hello/comments/{gone}/delete"), &[]).await.expect(303);
    let mut stream = Stream::open(&blog, &post, &format!("Last-Event-ID: {id}\r\n")).await;
    let mut heard = Vec::new();
    for _ in 0..3 {
        let (_, event) = stream.event("comment").await;
        assert!(!event.to_string().contains("Second"), "what was deleted is not told again: {event}");
        heard.push(event["action"].as_str().unwrap().to_owned());
    }
    assert_eq!(heard, ["removed", "created", "removed"]);
    drop(stream);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_or_with_an_unknown_place_the_page_is_read_again() {
    let blog = Blog::start().await;
    let post = blog.administrator.write(post("Hello")).await;
    let mut stream = Stream::begin(&blog, &post).await;
    blog.administrator.comment(&post, "First").await;
    let (id, _) = stream.event("comment").await;
    drop(stream);
    let blog = blog.restart().await;
    for id in [id.as_str(), "nonsense", "1-99999999999999999999999", "ffffffffffffffff-1"] {
        let mut stream = Stream::open(&blog, &post, &format!("Last-Event-ID: {id}\r\n")).await;
        let (now, _) = stream.event("reset").await;
        let mut again = Stream::open(&blog, &post, &format!("Last-Event-ID: {now}\r\n")).await;
        blog.administrator.comment(&post, &format!("Next after {id}")).await;
        for stream in [&mut stream, &mut again] {
            assert_eq!(stream.event("comment").await.1["action"], "created");
        }
        assert!(!again.text.contains("reset"));
    }
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_can_tell_at_once_whether_it_is_still_true() {
    let blog = Blog::start().await;
    let post = blog.administrator.write(post("Hello")).await;
    let mut stream = Stream::open(&blog, &post, "Last-Event-ID: \r\n").await;
    assert_eq!(stream.event("state").await.1, serde_json::json!({ "count": 0, "newest": null }));
    let first = blog.administrator.comment(&post, "First").await;
    let reply = blog.administrator.reply(&post, &first, "Reply").await;
    let mut stream = Stream::open(&blog, &post, "").await;
    assert_eq!(stream.event("state").await.1, serde_json::json!({ "count": 2, "newest": reply }));
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_hears_of_what_they_may_not_see() {
    let blog = Blog::start().await;
    let draft = blog.administrator.write(post("Draft").draft()).await;
    let later = blog.administrator.write(post("Later").with("published_at", "2026-06-01T10:00")).await;
    let public = blog.administrator.write(post("Public")).await;
    let visitor = blog.visitor();
    for post in [&draft, &later] {
        visitor.get(&format!("{}/events", post.path)).await.expect(404);
        blog.reader(&format!("r{}", post.id)).await.get(&format!("{}/events", post.path)).await.expect(404);
    }
    visitor.get("/posts/nothing/events").await.expect(404).contains("/problems/not-found");
    // Hidden, it falls silent for all.
    let stream = Stream::begin(&blog, &public).await;
    blog.administrator.edit(&public, &[], "unpublish").await.expect(303);
    let rest = stream.end().await;
    assert!(!rest.contains("event:"), "{rest}");
    visitor.get("/posts/public/events").await.expect(404);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_says_what_it_is_and_refuses_what_it_cannot() {
    let blog = Blog::start().await;
    let post = blog.administrator.write(post("Hello")).await;
    let mut stream = Stream::open(&blog, &post, "Accept: text/event-stream\r\nAccept-Encoding: gzip\r\n").await;
    let head = stream.until("\r\n\r\n").await.to_lowercase();
    for header in [
        "http/1.1 200",
        "content-type: text/event-stream\r\n",
        "cache-control: no-store\r\n",
        "x-accel-buffering: no\r\n",
        "transfer-encoding: chunked\r\n",
    ] {
        assert!(head.contains(header), "no {header} in {head}");
    }
    assert!(!head.contains("content-encoding") && !head.contains("content-length"), "{head}");
    stream.until("retry: ").await;
    drop(stream);
    let visitor = blog.visitor();
    let head = visitor.head("/posts/hello/events").await.expect(200);
    assert_eq!((head.header("content-type"), head.header("content-length")), (Some("text/event-stream"), None));
    let refused = visitor.with("accept", "application/json").get("/posts/hello/events").await.expect(406);
    refused.contains("/problems/not-acceptable").contains("text/event-stream");
    visitor.send("DELETE", "/posts/hello/events").await.expect(405);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_stream_beats_and_is_not_taken_for_a_dead_one() {
    let blog = Blog::start_with(|config| {
        config.patience.heartbeat = Duration::from_millis(60);
        config.patience.idle = Duration::from_millis(400);
        config.patience.head = Duration::from_millis(400);
    })
    .await;
    let post = blog.administrator.write(post("Hello")).await;
    let mut stream = Stream::begin(&blog, &post).await;
    let begun = Instant::now();
    let mut beat = String::new();
    while begun.elapsed() < Duration::from_millis(1_500) {
        stream.until(":\nid: ").await;
        beat = stream.until("\n\n").await.trim().to_owned();
    }
    // A beat brings the place up to date.
    drop(stream);
    let mut stream = Stream::open(&blog, &post, &format!("Last-Event-ID: {beat}\r\n")).await;
    blog.administrator.comment(&post, "At last").await;
    assert_eq!(stream.event("comment").await.1["count"], 1);
    drop(stream);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_never_reads_is_dropped_and_others_hear_all() {
    let blog = Blog::start_with(|config| {
        config.patience.window = Duration::from_millis(300);
        config.patience.idle = Duration::from_secs(2);
    })
    .await;
    let post = blog.administrator.write(post("Hello")).await;
    let mut deaf = Stream::begin(&blog, &post).await;
    let mut good = Stream::begin(&blog, &post).await;
    let long = "owl ".repeat(4_500);
    let mut count = 0;
    // More than the sockets of both sides hold; then until the server does not hear the deaf one either.
    let patience = Instant::now() + PATIENCE;
    while deaf.socket.write_all(b"?").await.is_ok() {
        assert!(Instant::now() < patience, "the deaf listener is still there after {count} comments");
        blog.administrator.comment(&post, &format!("{count} {long}")).await;
        count += 1;
        assert_eq!(good.event("comment").await.1["count"], count);
    }
    let heard = deaf.end().await.matches("event: comment").count();
    assert!(heard < count, "all of it was kept for somebody who did not read");
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_ends_the_streams_at_once_and_says_when_to_come_back() {
    let blog = Blog::start().await;
    let post = blog.administrator.write(post("Hello")).await;
    let mut streams = Vec::new();
    for _ in 0..20 {
        streams.push(Stream::begin(&blog, &post).await);
    }
    let asked = Instant::now();
    let reading = tokio::spawn(async move {
        let mut ends = Vec::new();
        for stream in streams {
            ends.push(stream.end().await);
        }
        ends
    });
    blog.stop().await;
    assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());
    for end in reading.await.unwrap() {
        assert!(end.contains("retry: ") && end.contains(": the server stops"), "{end}");
        assert!(end.ends_with("0\r\n\r\n"), "the answer is whole: {end}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http2_events_come_and_end_too() {
    let blog = Blog::start().await;
    let post = blog.administrator.write(post("Hello")).await;
    let ada = blog.reader("Ada").await;
    let socket = TokioIo::new(TcpStream::connect(blog.address).await.unwrap());
    let (mut http2, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), socket).await.unwrap();
    let connection = tokio::spawn(connection);
    let address = format!("http://{}{}{}/events", blog.address, blog.base(), post.path);
    let asked = http2.send_request(Request::get(address).body(String::new()).unwrap()).await.unwrap();
    assert_eq!((asked.version(), asked.status().as_u16()), (Version::HTTP_2, 200));
    let (mut body, mut text) = (asked.into_body(), String::new());
    let mut more = async || {
        let more = tokio::time::timeout(PATIENCE, body.frame()).await.expect("nothing more came")?;
        Some(String::from_utf8(more.unwrap().into_data().unwrap_or_default().to_vec()).unwrap())
    };
    while !text.contains("event: state") {
        text.push_str(&more().await.expect("the stream ended before it began"));
    }
    ada.comment(&post, "They *hoot*.").await;
    while !text.contains("event: comment") || !text.contains("hoot") {
        text.push_str(&more().await.expect("the stream ended before the comment came"));
    }
    let stop = async {
        blog.stop().await;
        connection.await.unwrap().unwrap();
    };
    tokio::join!(stop, async { while more().await.is_some() {} });
}

#[tokio::test(flavor = "multi_thread")]
async fn listeners_give_their_seats_to_visitors() {
    let trusts = |config: &mut Config| config.trusted_proxies = vec!["127.0.0.1".parse::<IpAddr>().unwrap().into()];
    let blog = Blog::start_with(|config| {
        config.max_connections = 8;
        trusts(config);
    })
    .await;
    let post = blog.administrator.write(post("Hello")).await;
    let mut streams = Vec::new();
    for number in 0..16 {
        let from = format!("X-Forwarded-For: 192.0.2.{number}\r\n");
        streams.push(Stream::open(&blog, &post, &from).await);
    }
    for _ in 0..8 {
        let asked = Instant::now();
        blog.visitor().get(&post.path).await.expect(200);
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    }
    drop(streams);
    blog.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_with_open_comments_names_the_script_and_the_stream() {
    let blog = Blog::start_with(|config| config.public_url = Some("http://127.0.0.1/blog".into())).await;
    let open = blog.administrator.write(post("Open")).await;
    let closed = blog.administrator.write(post("Closed").comments_closed()).await;
    let draft = blog.administrator.write(post("Draft").draft()).await;
    let page = blog.visitor().get(&open.path).await.expect(200);
    page.contains("data-events=\"/blog/posts/open/events\"").contains(" data-last").lacks("data-member");
    blog.administrator.get(&open.path).await.expect(200).contains("data-member");
    for post in [&closed, &draft] {
        blog.administrator.get(&post.path).await.expect(200).lacks("<script").lacks("data-events");
    }
    let mut stream = Stream::begin(&blog, &open).await;
    blog.administrator.comment(&open, "Hello").await;
    let (_, event) = stream.event("comment").await;
    assert!(event["url"].as_str().unwrap().starts_with("/blog/posts/open/comments/"), "{event}");
    drop(stream);
    blog.stop().await;
}

/// One connection of HTTP/2 carries as many streams as it likes; so the listeners are counted, not their
/// connections.
#[tokio::test(flavor = "multi_thread")]
async fn so_many_may_listen_as_there_are_connections() {
    let blog = Blog::start_with(|config| config.max_connections = 3).await;
    blog.administrator.write(post("Hello")).await;
    // One network gets a quarter, and one place at least.
    let network = std::cell::Cell::new(0);
    let ask = |line: &str| {
        network.set(network.get() + 1);
        let peer = ([192, 0, 2, network.get()], 9).into();
        let (method, target) = line.split_once(' ').unwrap();
        let request = http::Request::builder().method(method).uri(target).header("host", "a");
        let request = request.header("accept", "text/event-stream").body(http_body_util::Empty::<bytes::Bytes>::new());
        let (site, request) = (blog.site.clone(), request.unwrap());
        async move { pipeline::answer(&site, peer, request).await }
    };
    let (events, subscription) =
        ("GET /posts/hello/events", "GET /graphql?query=subscription%7BpostPublished%7Bid%7D%7D");
    let mut listening = Vec::new();
    for line in [events, subscription, events] {
        let res = ask(line).await;
        assert_eq!(res.status(), 200, "{line}");
        listening.push(res);
    }
    for line in [events, subscription] {
        let res = ask(line).await;
        assert_eq!(
            (res.status(), res.headers().contains_key("retry-after")),
            (503.try_into().unwrap(), true),
            "{line}"
        );
        // Its body never began; dropping it gives the place back all the same.
        listening.pop();
        listening.push(ask(line).await);
        assert_eq!(listening.last().unwrap().status(), 200, "{line}");
    }
    assert_eq!(ask("GET /posts/hello").await.status(), 200);
    drop(listening);
    blog.stop().await;
}
