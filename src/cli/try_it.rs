//! `pamphlet try`: a blog in memory that is gone when it ends.

use crate::cli::args::Call;
use crate::cli::terminal::say;
use crate::cli::{Failure, Outcome, serve};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::server;
use crate::service::sample::{self, Administrator, Contents};
use crate::service::{App, Clock};
use crate::web::Site;
use serde::Serialize;
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longest life that can be asked for, in seconds: a year.
const MAX_TTL: u64 = 366 * 24 * 3600;

pub fn run(call: &Call) -> Outcome {
    let started = Instant::now();
    let ttl = call.option("ttl").map(|text| seconds(&text)).transpose()?;
    let (json, with_stdin) = (call.flag("json")?, call.flag("exit-with-stdin")?);
    let contents = if call.flag("empty")? { Contents::Empty } else { Contents::Sample };
    let mut config = config(call)?;
    let log = serve::start_log(&config)?;
    let listeners = serve::bind(&config.listen)?;
    let address = *serve::addresses(&listeners)
        .first()
        .ok_or_else(|| Error::Failed("There is no address to listen on; please give one with --listen.".into()))?;
    config.max_connections = server::files::connections(config.max_connections);
    let app = Arc::new(App::in_memory(Clock::System, config)?);
    let administrator = sample::prepare(&app, contents)?;
    let url = format!("{}{}", serve::origin(address), app.links().base());
    let runtime = serve::runtime()?;
    let site = Site::new(app)?.with_access_log(log.access());
    serve::until_stopped(&runtime, site, listeners, until_over(ttl, with_stdin), move || {
        if json { announce_json(&url, &administrator, started) } else { announce(&url, &administrator, ttl) }
    })?;
    // Memory only: nothing that still runs matters.
    runtime.shutdown_background();
    Ok(())
}

fn config(call: &Call) -> std::result::Result<Config, Failure> {
    let mut config = call.config()?;
    if !call.names("listen") {
        config.listen = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))];
    }
    if !call.names("api-quota") {
        // It is there to be tried as hard as one likes.
        config.api_quota = 0;
    }
    if !call.names("log-level") {
        config.log_level = "warn".into();
    }
    // Timing bcrypt would take longer than everything else together.
    config.bcrypt_cost = Some(crate::service::passwords::MIN_COST);
    Ok(config)
}

fn seconds(text: &str) -> std::result::Result<Duration, Failure> {
    match text.trim().parse() {
        Ok(seconds @ 1..=MAX_TTL) => Ok(Duration::from_secs(seconds)),
        _ => Err(Failure::Usage(format!("--ttl: “{text}” is not a number of seconds from 1 to {MAX_TTL}."))),
    }
}

/// Ends with a signal, with the time to live, or with standard input.
async fn until_over(ttl: Option<Duration>, with_stdin: bool) {
    let time = async {
        match ttl {
            Some(ttl) => tokio::time::sleep(ttl).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = server::stop::signal() => {}
        () = time => {}
        () = stdin_closed(with_stdin) => {}
    }
}

/// Reads standard input on a thread of its own, which ends with the process.
async fn stdin_closed(wanted: bool) {
    if !wanted {
        return std::future::pending().await;
    }
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 1_024];
        let mut stdin = std::io::stdin().lock();
        while stdin.read(&mut buffer).is_ok_and(|count| count > 0) {}
        let _ = sender.send(());
    });
    drop(receiver.await);
}

/// The line of `--json`, its members in the order of the contract.
#[derive(Serialize)]
struct Ready<'a> {
    url: &'a str,
    admin: Admin<'a>,
    pid: u32,
    /// Milliseconds from the start of the program.
    ready_ms: u64,
}

#[derive(Serialize)]
struct Admin<'a> {
    username: &'a str,
    password: &'a str,
    token: &'a str,
}

fn announce_json(url: &str, administrator: &Administrator, started: Instant) -> Result<()> {
    let Administrator { username, password, token } = administrator;
    let ready = Ready {
        url,
        admin: Admin { username, password, token },
        pid: std::process::id(),
        ready_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    say(serde_json::to_string(&ready).map_err(|cause| Error::Internal(Box::new(cause)))?);
    Ok(())
}

fn announce(url: &str, administrator: &Administrator, ttl: Option<Duration>) -> Result<()> {
    let end = ttl.map_or("Ctrl-C".to_owned(), |ttl| format!("Ctrl-C or after {} s", ttl.as_secs()));
    say(format!("A throwaway blog: {url}/"));
    say(format!("Log in as {} with the password {}", administrator.username, administrator.password));
    say(format!("It lives in memory and is gone when it ends, with {end}."));
    Ok(())
}
