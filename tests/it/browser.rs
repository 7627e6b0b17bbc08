//! The whole story in Chromium: on a phone and on a desk, with scripts and without.
//!
//! Without a browser these tests say that they are skipped; `PAMPHLET_REQUIRE_BROWSER=1` makes that
//! a failure.

use crate::harness::{Blog, PASSWORD, PATIENCE};
use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use pamphlet::service::setup;
use reqwest::Url;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How the browser is used.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    pub width: u32,
    pub scripts: bool,
    pub dark: bool,
}

/// A browser of its own, with its own driver on a port of its own.
pub struct Browser {
    pub client: Client,
    driver: Child,
    origin: String,
    setup: Setup,
    _profile: TempDir,
}

/// A program by its name, wherever the system has it.
fn program(names: &[&str]) -> Option<String> {
    let path = std::env::var("PATH").unwrap_or_default();
    let places = names.iter().flat_map(|name| path.split(':').map(move |folder| format!("{folder}/{name}")));
    places.into_iter().find(|place| std::path::Path::new(place).is_file())
}

impl Browser {
    /// `None` where there is no browser and none is required.
    pub async fn start(blog: &Blog, setup: Setup) -> Option<Browser> {
        let found = program(&["chromedriver"]).zip(program(&["chromium", "chromium-browser", "google-chrome"]));
        let Some((driver, chromium)) = found else {
            let required = std::env::var("PAMPHLET_REQUIRE_BROWSER").is_ok_and(|value| value == "1");
            assert!(!required, "chromium and chromedriver are required and not installed");
            eprintln!("skipped: chromium and chromedriver are not installed");
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port = lines
            .filter_map(|line| line.split_once("started successfully on port ").map(|(_, rest)| rest.to_owned()))
            .next()
            .expect("the port of chromedriver");
        let port = port.trim_end_matches('.').to_owned();
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities(&chromium, &profile, setup));
        let client = builder.connect(&format!("http://127.0.0.1:{port}")).await.expect("a session of the browser");
        // Not `mobileEmulation`, with which the driver waits for ever where scripts are off.
        let mobile = setup.width < 600;
        let size = json!({ "width": setup.width, "height": 900, "deviceScaleFactor": 1, "mobile": mobile });
        let resize = json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": size });
        client.issue_cmd(Special("goog/cdp/execute", resize)).await.unwrap();
        let origin = format!("http://{}", blog.address);
        Some(Browser { client, driver, origin, setup, _profile: profile })
    }

    pub async fn open(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.origin)).await.unwrap();
        self.look().await;
    }

    /// What must hold on every page: nothing is cut off at the side.
    async fn look(&self) {
        let script = "const e = document.documentElement; \
            return [e.scrollWidth, e.clientWidth, location.pathname, document.readyState];";
        let seen = self.client.execute(script, vec![]).await.unwrap();
        let (wide, screen) = (seen[0].as_u64().unwrap(), seen[1].as_u64().unwrap());
        assert!(wide <= screen, "{} is {wide} pixels wide on {screen}", seen[2]);
        assert_eq!(screen, u64::from(self.setup.width), "{}", seen[2]);
    }

    /// Waits for an element, and says which one if it does not come.
    pub async fn element(&self, path: &str) -> fantoccini::elements::Element {
        match self.client.wait().at_most(PATIENCE).for_element(Locator::XPath(path)).await {
            Ok(element) => element,
            Err(error) => {
                let text = self.client.find(Locator::Css("body")).await.unwrap().text().await.unwrap();
                let address = self.client.current_url().await.unwrap();
                panic!("no {path} on {address}: {error}\n{text}")
            }
        }
    }

    /// Waits for this text on the page.
    pub async fn sees(&self, text: &str) {
        self.element(&format!("//body[contains(normalize-space(.), {})]", quoted(text))).await;
        self.look().await;
    }

    pub async fn does_not_see(&self, text: &str) {
        let body = self.client.find(Locator::Css("body")).await.unwrap().text().await.unwrap();
        assert!(!body.contains(text), "“{text}” is on the page:\n{body}");
    }

    pub async fn fill(&self, name: &str, text: &str) {
        let field = self.element(&format!("//*[@name='{name}'][not(@type='hidden')]")).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    async fn choose_file(&self, name: &str, path: &str) {
        self.element(&format!("//input[@name='{name}']")).await.send_keys(path).await.unwrap();
    }

    pub async fn value(&self, name: &str) -> String {
        self.element(&format!("//*[@name='{name}']")).await.prop("value").await.unwrap().unwrap_or_default()
    }

    /// Presses the button of this name.
    pub async fn press(&self, label: &str) {
        self.go(&format!("//button[normalize-space()={}]", quoted(label))).await;
    }

    /// Follows the link whose visible text begins so.
    async fn follow(&self, label: &str) {
        self.go(&format!("//a[starts-with(normalize-space(), {})]", quoted(label))).await;
    }

    /// Clicks, and waits until the page that this opens is there.
    pub async fn go(&self, path: &str) {
        let element = self.element(path).await;
        // Where a person would have it, not half under the bar of the editor.
        let center = "arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })";
        self.client.execute(center, vec![serde_json::to_value(&element).unwrap()]).await.unwrap();
        element.click().await.unwrap_or_else(|error| panic!("{path} cannot be clicked: {error}"));
        let deadline = Instant::now() + PATIENCE;
        // The old page's element is gone once the new page is there.
        while element.tag_name().await.is_ok() {
            assert!(Instant::now() < deadline, "{path} led nowhere");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.look().await;
    }

    /// Presses the preview of the editor, finds `texts` in the tab that opens, and comes back.
    async fn preview(&self, texts: &[&str]) {
        let editor = self.client.window().await.unwrap();
        self.element("//button[starts-with(normalize-space(), 'Preview')]").await.click().await.unwrap();
        let deadline = Instant::now() + PATIENCE;
        let opened = loop {
            let tabs = self.client.windows().await.unwrap();
            if let Some(tab) = tabs.into_iter().find(|tab| *tab != editor) {
                break tab;
            }
            assert!(Instant::now() < deadline, "the preview opened no tab");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        self.client.switch_to_window(opened).await.unwrap();
        for text in texts {
            self.element(&format!("//main[contains(normalize-space(.), {})]", quoted(text))).await;
        }
        self.client.close_window().await.unwrap();
        self.client.switch_to_window(editor).await.unwrap();
    }

    async fn path(&self) -> String {
        self.client.current_url().await.unwrap().path().to_owned()
    }

    /// Fails on every complaint of the browser: policies, missing files, errors of scripts.
    async fn complains_of_nothing(&self) {
        let log = self.client.issue_cmd(Special("se/log", json!({ "type": "browser" }))).await.unwrap();
        let complaints = log.as_array().unwrap().iter().filter(|entry| {
            // A form that comes back with its errors is no failure.
            let refused = entry["message"].as_str().is_some_and(|message| message.contains("status of 422"));
            !refused && matches!(entry["level"].as_str(), Some("WARNING" | "SEVERE"))
        });
        let complaints: Vec<&Value> = complaints.collect();
        assert!(complaints.is_empty(), "{:?}: {complaints:#?}", self.setup);
    }

    pub async fn close(mut self) {
        self.complains_of_nothing().await;
        self.client.clone().close().await.unwrap();
        self.driver.kill().unwrap();
        self.driver.wait().unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// A string of XPath, which knows no escapes.
fn quoted(text: &str) -> String {
    assert!(!text.contains('"'), "{text}");
    format!("\"{text}\"")
}

fn capabilities(chromium: &str, profile: &TempDir, setup: Setup) -> Capabilities {
    let mut args: Vec<String> = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
        // Otherwise the page still scrolls while the driver clicks.
        "--force-prefers-reduced-motion",
        "--lang=en-US",
    ]
    .map(str::to_owned)
    .to_vec();
    args.push(format!("--user-data-dir={}", profile.path().display()));
    if setup.dark {
        args.push("--force-dark-mode".into());
    }
    let mut prefs = json!({});
    if !setup.scripts {
        prefs["profile.managed_default_content_settings.javascript"] = json!(2);
    }
    let options = json!({ "binary": chromium, "args": args, "prefs": prefs });
    let all = json!({ "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" } });
    all.as_object().unwrap().clone()
}

/// A command that only this driver knows: its path in the session, and its body.
#[derive(Debug)]
struct Special(&'static str, Value);

impl WebDriverCompatibleCommand for Special {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, <Url as std::str::FromStr>::Err> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.0))
    }

    fn method_and_body(&self, _: &Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.1.to_string()))
    }
}

/// The story of the first day of a blog, as its people click it.
async fn the_first_day(setup: Setup) {
    let blog = Blog::fresh(|_| {}).await;
    let Some(browser) = Browser::start(&blog, setup).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("Sunset.png");
    std::fs::write(&image, crate::media::png(640, 360, 40)).unwrap();

    set_up(&browser, &setup::link(&blog.site.app).unwrap().unwrap()).await;
    write_and_publish(&browser, image.to_str().unwrap()).await;
    browser.press("Log out").await;
    sign_up_from_the_post(&browser).await;
    converse(&browser).await;
    browser.press("Log out").await;
    close_the_comments(&browser).await;
    browser.close().await;
    blog.stop().await;
}

async fn set_up(browser: &Browser, link: &str) {
    browser.open("/").await;
    browser.open(link).await;
    browser.sees("Set up your blog").await;
    browser.fill("title", "A new blog").await;
    browser.fill("username", "ada").await;
    browser.fill("password", "short").await;
    browser.press("Create the blog").await;
    // Told what is wrong beside the field, nothing else to type again.
    browser.sees("Please have another look").await;
    assert_eq!(browser.value("username").await, "ada");
    assert_eq!(browser.value("password").await, "");
    browser.fill("password", PASSWORD).await;
    browser.press("Create the blog").await;
    browser.sees("Your blog is ready").await;
}

async fn write_and_publish(browser: &Browser, image: &str) {
    browser.fill("title", "A day at the sea").await;
    browser.fill("source", "It was *windy*.\n\n").await;
    browser.choose_file("images", image).await;
    browser.choose_file("cover", image).await;
    browser.fill("cover_alt", "The sea at dusk").await;
    browser.press("Upload and insert").await;
    assert!(browser.value("source").await.contains("/sunset.png)"));
    browser.preview(&["Preview.", "A day at the sea", "By ada", "It was windy."]).await;
    assert_eq!(browser.value("title").await, "A day at the sea");
    browser.press("Publish").await;
    browser.sees("Published").await;
    browser.follow("View").await;
    assert_eq!(browser.path().await, "/posts/a-day-at-the-sea");
    browser.sees("No comments yet. Be the first to comment!").await;
    let loaded = "return [...document.images].map(image => { image.loading = 'eager'; return image.complete && image.naturalWidth; });";
    let deadline = Instant::now() + PATIENCE;
    loop {
        let widths = browser.client.execute(loaded, vec![]).await.unwrap();
        let widths = widths.as_array().unwrap();
        assert!(widths.len() >= 2, "cover and image: {widths:?}");
        if widths.iter().all(|width| *width == 640) {
            break;
        }
        assert!(Instant::now() < deadline, "images did not load: {widths:?}");
    }
}

async fn sign_up_from_the_post(browser: &Browser) {
    browser.open("/").await;
    browser.follow("A day at the sea").await;
    browser.sees("Please Login to add a comment.").await;
    browser.follow("Login").await;
    browser.sees("Log in").await;
    browser.go("//main//a[normalize-space()=\"Sign up\"]").await;
    browser.fill("username", "bob").await;
    browser.fill("password", PASSWORD).await;
    browser.go("//main//button[normalize-space()=\"Sign up\"]").await;
    assert_eq!(browser.path().await, "/posts/a-day-at-the-sea");
}

async fn converse(browser: &Browser) {
    browser.fill("body", "What a **lovely** day").await;
    browser.press("Post comment").await;
    browser.sees("Comments (1)").await;
    browser.follow("Reply").await;
    browser.sees("Write a reply").await;
    browser.fill("body", "I answer myself").await;
    browser.press("Post reply").await;
    browser.sees("Comments (2)").await;
    browser.go("//div[contains(@class, 'comment')][contains(., 'I answer myself')]//a[starts-with(normalize-space(), 'Edit')]").await;
    browser.fill("body", "I answer nobody").await;
    browser.press("Save").await;
    browser.sees("I answer nobody").await;
    browser.sees("(edited)").await;
    browser.go("//div[contains(@class, 'comment')][contains(., 'I answer nobody')]//a[starts-with(normalize-space(), 'Delete')]").await;
    browser.sees("Delete this comment?").await;
    browser.press("Delete comment").await;
    browser.sees("Comments (1)").await;
    browser.does_not_see("I answer nobody").await;
}

async fn close_the_comments(browser: &Browser) {
    browser.follow("Log in").await;
    browser.fill("username", "ada").await;
    browser.fill("password", PASSWORD).await;
    browser.go("//main//button[normalize-space()=\"Log in\"]").await;
    browser.open("/admin/posts").await;
    browser.follow("A day at the sea").await;
    browser.element("//input[@name='comments_open']").await.click().await.unwrap();
    browser.press("Update").await;
    browser.sees("Saved").await;
    browser.follow("View").await;
    browser.sees("Comments are closed").await;
    browser.sees("What a lovely day").await;
    // The rest of the administration, and the account, have nothing cut off either.
    for path in [
        "/admin/pages",
        "/admin/comments",
        "/admin/media",
        "/admin/categories",
        "/admin/users",
        "/admin/settings",
        "/account",
    ] {
        browser.open(path).await;
    }
    browser.press("Log out").await;
    for path in ["/archive", "/author/ada"] {
        browser.open(path).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_day_of_a_blog_on_a_desk() {
    the_first_day(Setup { width: 1280, scripts: true, dark: false }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_day_of_a_blog_on_a_phone_in_the_dark() {
    the_first_day(Setup { width: 390, scripts: true, dark: true }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_day_of_a_blog_on_a_phone_without_scripts() {
    the_first_day(Setup { width: 390, scripts: false, dark: false }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_day_of_a_blog_on_a_desk_without_scripts() {
    the_first_day(Setup { width: 1280, scripts: false, dark: true }).await;
}
