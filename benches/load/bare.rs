//! The yardstick: hyper with the same settings, sending the same bytes and headers out of memory.

use crate::Result;
use crate::client::Answer;
use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use std::collections::HashMap;
use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The argument that makes this executable the yardstick.
pub const WORD: &str = "bare";

type Answers = HashMap<String, (StatusCode, HeaderMap, Bytes)>;

/// Writes what the yardstick is to answer at each address.
pub fn learn(file: &Path, answers: &[(String, Answer)]) -> Result<()> {
    Ok(std::fs::write(file, rmp_serde::to_vec(answers)?)?)
}

/// Answers what it was taught until it is killed.
pub fn serve(file: &Path) -> Result<()> {
    let learnt: Vec<(String, Answer)> = rmp_serde::from_slice(&std::fs::read(file)?)?;
    let answers = Arc::new(learnt.into_iter().map(prepared).collect::<Result<Answers>>()?);
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("http://{}", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(connection(stream, Arc::clone(&answers)));
        }
    })
}

/// hyper adds the date and the length by itself.
fn prepared((path, answer): (String, Answer)) -> Result<(String, (StatusCode, HeaderMap, Bytes))> {
    let mut headers = HeaderMap::new();
    for (name, value) in answer.headers {
        if !matches!(name.as_str(), "date" | "content-length") {
            headers.append(HeaderName::from_bytes(name.as_bytes())?, HeaderValue::from_str(&value)?);
        }
    }
    Ok((path, (StatusCode::from_u16(answer.status)?, headers, answer.body.into())))
}

async fn connection(stream: tokio::net::TcpStream, answers: Arc<Answers>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let answers = Arc::clone(&answers);
        async move { Ok::<_, Infallible>(answer(&answers, &request)) }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(10)).max_buf_size(32 * 1024);
    builder.http2().timer(TokioTimer::new());
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

fn answer(answers: &Answers, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    match answers.get(request.uri().path_and_query().map_or("", PathAndQuery::as_str)) {
        Some((status, headers, body)) => {
            *response.status_mut() = *status;
            *response.headers_mut() = headers.clone();
            *response.body_mut() = Full::new(body.clone());
        }
        None => *response.status_mut() = StatusCode::NOT_FOUND,
    }
    response
}
