//! Who is asking: a browser without a screen, and its answers with what a test wants to know of them.

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::multipart;
use std::io::Read;
use std::sync::{Arc, Mutex};

/// One person at one browser: remembers the cookies it is given, follows no redirect by itself.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    /// `http://127.0.0.1:41234`.
    origin: String,
    /// Empty or `/blog`.
    base: String,
    cookies: Arc<Mutex<Vec<(String, String)>>>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// An answer, read to its end.
pub struct Answer {
    /// `GET /posts/hello`, for messages.
    asked: String,
    pub status: u16,
    pub headers: HeaderMap,
    /// As sent.
    pub bytes: Bytes,
    /// Decoded, if it is text.
    pub text: String,
}

impl Client {
    pub fn new(origin: &str, base: &str) -> Client {
        let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        Client {
            http: builder.build().unwrap(),
            origin: origin.into(),
            base: base.into(),
            cookies: Arc::default(),
            headers: Vec::new(),
        }
    }

    /// The same person with one more header on every request.
    pub fn with(&self, name: &'static str, value: &str) -> Client {
        let mut client = self.clone();
        client.headers.retain(|(known, _)| known != name);
        client.headers.push((HeaderName::from_static(name), value.parse().unwrap()));
        client
    }

    /// The same person at another browser, without this one's cookies.
    pub fn elsewhere(&self) -> Client {
        Client { cookies: Arc::default(), ..self.clone() }
    }

    /// The same browser after the server moved to another port or base path.
    pub fn moved_to(&self, origin: &str, base: &str) -> Client {
        Client { origin: origin.into(), base: base.into(), ..self.clone() }
    }

    /// The token of the session, if the browser has one.
    pub fn session(&self) -> Option<String> {
        let cookies = self.cookies.lock().unwrap();
        cookies.iter().find(|(name, _)| name.ends_with("-session")).map(|(_, value)| value.clone())
    }

    /// Puts a cookie into the browser by hand.
    pub fn set_cookie(&self, name: &str, value: &str) {
        let mut cookies = self.cookies.lock().unwrap();
        cookies.retain(|(known, _)| known != name);
        if !value.is_empty() {
            cookies.push((name.into(), value.into()));
        }
    }

    /// `path` is below the base path.
    pub async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, &format!("{}{path}", self.base), None).await
    }

    pub async fn head(&self, path: &str) -> Answer {
        self.request(Method::HEAD, &format!("{}{path}", self.base), None).await
    }

    /// Any method, without a body.
    pub async fn send(&self, method: &str, path: &str) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.request(method, &format!("{}{path}", self.base), None).await
    }

    /// An address as it stands in a link or a redirect, base path included.
    pub async fn at(&self, address: &str) -> Answer {
        let address = address.split('#').next().unwrap();
        self.request(Method::GET, address, None).await
    }

    /// Goes where an answer leads.
    pub async fn follow(&self, answer: &Answer) -> Answer {
        self.at(answer.location()).await
    }

    /// A form as browsers send it.
    pub async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.post(path, "application/x-www-form-urlencoded", body).await
    }

    /// The status of a form's answer; `None` if the server is gone.
    pub async fn try_post_form(&self, path: &str, fields: &[(&str, &str)]) -> Option<u16> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let content_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        let body = Some(Body::Plain(content_type, body.into()));
        let request = self.prepare(&Method::POST, &format!("{}{path}", self.base), body);
        Some(request.send().await.ok()?.status().as_u16())
    }

    /// Any body.
    pub async fn post(&self, path: &str, content_type: &str, body: impl Into<reqwest::Body>) -> Answer {
        let content_type = (reqwest::header::CONTENT_TYPE, content_type.parse().unwrap());
        let body = Body::Plain(content_type.1, body.into());
        self.request(Method::POST, &format!("{}{path}", self.base), Some(body)).await
    }

    /// JSON by any method.
    pub async fn json(&self, method: &str, path: &str, value: &serde_json::Value) -> Answer {
        self.body(method, path, "application/json", value.to_string()).await
    }

    /// Any body by any method.
    pub async fn body(&self, method: &str, path: &str, media_type: &str, body: impl Into<reqwest::Body>) -> Answer {
        let body = Body::Plain(media_type.parse().unwrap(), body.into());
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.request(method, &format!("{}{path}", self.base), Some(body)).await
    }

    /// A form with files as browsers send it; files are (field, file name, bytes).
    pub async fn post_files(&self, path: &str, fields: &[(&str, &str)], files: &[(&str, &str, &[u8])]) -> Answer {
        let mut form = multipart::Form::new();
        for (name, value) in fields {
            form = form.text((*name).to_owned(), (*value).to_owned());
        }
        for (field, name, bytes) in files {
            let part = multipart::Part::bytes(bytes.to_vec()).file_name((*name).to_owned());
            form = form.part((*field).to_owned(), part.mime_str("application/octet-stream").unwrap());
        }
        self.request(Method::POST, &format!("{}{path}", self.base), Some(Body::Files(form))).await
    }

    async fn request(&self, method: Method, address: &str, body: Option<Body>) -> Answer {
        let asked = format!("{method} {address}");
        let answer = self.prepare(&method, address, body).send().await;
        let answer = answer.unwrap_or_else(|error| panic!("{asked}: {error:?}"));
        self.remember(answer.headers());
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = answer.bytes().await.unwrap_or_else(|error| panic!("{asked}: the body broke off: {error:?}"));
        let text = decoded(&headers, &bytes);
        Answer { asked, status, headers, bytes, text }
    }

    fn prepare(&self, method: &Method, address: &str, body: Option<Body>) -> reqwest::RequestBuilder {
        let mut request = self.http.request(method.clone(), format!("{}{address}", self.origin));
        let cookies: Vec<String> =
            self.cookies.lock().unwrap().iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        if !method.is_safe() && !self.headers.iter().any(|(name, _)| name == "sec-fetch-site") {
            request = request.header("sec-fetch-site", "same-origin");
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        match body {
            Some(Body::Plain(content_type, body)) => request.header("content-type", content_type).body(body),
            Some(Body::Files(form)) => request.multipart(form),
            None => request,
        }
    }

    fn remember(&self, headers: &HeaderMap) {
        for value in headers.get_all("set-cookie") {
            let pair = value.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.set_cookie(name, value);
        }
    }
}

enum Body {
    Plain(HeaderValue, reqwest::Body),
    Files(multipart::Form),
}

/// The text of a body in whichever coding it was sent.
fn decoded(headers: &HeaderMap, bytes: &[u8]) -> String {
    let mut plain = Vec::new();
    let coding = headers.get("content-encoding").map(|value| value.to_str().unwrap());
    match coding {
        _ if bytes.is_empty() => {}
        None => plain.extend_from_slice(bytes),
        Some("gzip") => drop(flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain).unwrap()),
        Some("br") => drop(brotli::Decompressor::new(bytes, 4096).read_to_end(&mut plain).unwrap()),
        Some(other) => panic!("coded as {other}, which nobody asked for"),
    }
    String::from_utf8_lossy(&plain).into_owned()
}

impl Answer {
    /// Fails unless the status is this one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{} answered:\n{}", self.asked, self.shortened());
        self
    }

    /// Its JSON.
    #[track_caller]
    pub fn value(&self) -> serde_json::Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{}: {error}:\n{}", self.asked, self.shortened()))
    }

    /// The stable word of its problem, and the fields at fault.
    #[track_caller]
    pub fn problem(&self) -> (String, Vec<String>) {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.asked);
        let problem = self.value();
        assert_eq!(problem["status"], self.status, "{}", self.asked);
        let word = problem["type"].as_str().unwrap().rsplit_once("/problems/").unwrap().1.to_owned();
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        (word, errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect())
    }

    /// Fails unless the status is one of these.
    #[track_caller]
    pub fn expect_one_of(self, statuses: &[u16]) -> Answer {
        assert!(statuses.contains(&self.status), "{} answered:\n{}", self.asked, self.shortened());
        self
    }

    #[track_caller]
    pub fn contains(self, part: &str) -> Answer {
        assert!(self.text.contains(part), "{} lacks “{part}”:\n{}", self.asked, self.shortened());
        self
    }

    #[track_caller]
    pub fn lacks(self, part: &str) -> Answer {
        assert!(!self.text.contains(part), "{} contains “{part}”:\n{}", self.asked, self.shortened());
        self
    }

    /// Where it leads.
    #[track_caller]
    pub fn location(&self) -> &str {
        self.header("location").unwrap_or_else(|| panic!("{} leads nowhere: {}", self.asked, self.shortened()))
    }

    #[track_caller]
    pub fn leads_to(self, address: &str) -> Answer {
        assert_eq!(self.location(), address, "{}", self.asked);
        self
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// What is between two parts of the text.
    #[track_caller]
    pub fn between(&self, before: &str, after: &str) -> &str {
        let Some((_, rest)) = self.text.split_once(before) else {
            panic!("{} lacks “{before}”:\n{}", self.asked, self.shortened())
        };
        rest.split_once(after).unwrap_or_else(|| panic!("{} lacks “{after}” after “{before}”", self.asked)).0
    }

    /// The value of an input of a form.
    #[track_caller]
    pub fn input(&self, name: &str) -> String {
        let tag = self.text.split("<input").skip(1).filter_map(|tag| tag.split('>').next());
        let tag = tag.into_iter().find(|tag| tag.contains(&format!("name=\"{name}\"")));
        let tag = tag.unwrap_or_else(|| panic!("{} has no input {name}:\n{}", self.asked, self.shortened()));
        unescaped(tag.split_once("value=\"").map_or("", |(_, rest)| rest.split('"').next().unwrap()))
    }

    /// The value of an attribute wherever it stands: every `href`, every `src`.
    pub fn attributes(&self, name: &str) -> Vec<String> {
        let before = format!(" {name}=\"");
        self.text.split(&before).skip(1).map(|rest| unescaped(rest.split('"').next().unwrap())).collect()
    }

    pub fn count(&self, part: &str) -> usize {
        self.text.matches(part).count()
    }

    /// The visible beginning of what came, for messages.
    fn shortened(&self) -> String {
        let location = self.header("location").map(|to| format!(" -> {to}")).unwrap_or_default();
        let main = self.text.split_once("<main").map_or(self.text.as_str(), |(_, main)| main);
        format!("{}{location}\n{}", self.status, main.chars().take(3_000).collect::<String>())
    }
}

/// The few entities that pages contain.
pub fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&")
}
