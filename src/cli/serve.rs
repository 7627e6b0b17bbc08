//! `pamphlet serve`: from the configuration to a server that answers.

#[cfg(unix)]
use crate::cli::admin_socket::Socket;
use crate::cli::args::Call;
use crate::cli::terminal::{note, say};
use crate::cli::{Failure, Outcome};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::server;
use crate::server::listen::listen;
use crate::server::log::Log;
use crate::service::{App, Clock, jobs, setup};
use crate::store::{Opening, Store};
use crate::web::Site;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Runtime;

/// How often ended sessions are forgotten.
const SWEEP: Duration = Duration::from_secs(24 * 3600);
/// How long the end of the program waits for a job in the middle of something.
const LAST_JOBS: Duration = Duration::from_secs(2);

pub fn run(call: &Call) -> Outcome {
    let mut config = call.config()?;
    let log = start_log(&config)?;
    config.max_connections = server::files::connections(config.max_connections);
    // The port first: if it is taken no data file is made.
    let listeners = bind(&config.listen)?;
    let store = Store::open(&config.data, Opening::Create, config.cache_size())?;
    let data = config.data.clone();
    let app = Arc::new(App::new(store, Clock::System, config)?);
    let runtime = runtime()?;
    let addresses = addresses(&listeners);
    #[cfg(unix)]
    let socket = Socket::open(&runtime, &app, &data);
    let announced = Arc::clone(&app);
    let site = Site::new(app)?.with_access_log(log.access());
    until_stopped(&runtime, site, listeners, server::stop::signal(), move || announce(&announced, &data, &addresses))?;
    // While the data file is still ours: later it would be the socket of another server.
    #[cfg(unix)]
    drop(socket);
    runtime.shutdown_timeout(LAST_JOBS);
    Ok(())
}

/// Starts the log as configured.
pub fn start_log(config: &Config) -> std::result::Result<Log, Failure> {
    server::log::init(config.log, &config.log_level).map_err(Failure::Usage)
}

/// Threads that take over while others render, or run a job. Each keeps some megabytes of what it
/// once had allocated, so they are few; and with the async threads they are more than may render at
/// once (see `web::cache`), so that one is always left to answer from memory.
fn blocking_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).clamp(2, 8)
}

/// More than a long page takes.
const LARGER_THAN_PAGES: usize = 256 * 1024;

/// glibc gives memory back to the system whenever 128 KB are free at the end of a heap, and takes it again for
/// the next page. Once it has seen a larger block come and go it begins at twice that block's size
/// (mallopt(3), `M_TRIM_THRESHOLD`). Other allocators do not mind.
fn settle_allocator() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(LARGER_THAN_PAGES)));
}

/// The runtime.
pub fn runtime() -> Result<Runtime> {
    settle_allocator();
    tokio::runtime::Builder::new_multi_thread()
        .thread_name("serve")
        .max_blocking_threads(blocking_threads())
        .enable_all()
        .build()
        .map_err(|cause| Error::Failed(format!("The server could not start its threads: {cause}.")))
}

/// Serves until `stop` ends. `ready` is called once the listeners are served; the jobs begin then.
pub fn until_stopped(
    runtime: &Runtime,
    site: Site,
    listeners: Vec<TcpListener>,
    stop: impl Future<Output = ()>,
    ready: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let (app, site) = (Arc::clone(&site.app), Arc::new(site));
    let ended = Arc::new(AtomicBool::new(false));
    runtime.block_on(async {
        let listeners = listeners.into_iter().map(to_async).collect::<Result<Vec<_>>>()?;
        let stop = async {
            stop.await;
            ended.store(true, Ordering::Relaxed);
            tokio::spawn(end_at_once_when_asked_again());
        };
        let serving = async {
            server::run(listeners, site, stop).await;
            Ok(())
        };
        // Whoever is told that it is ready finds the signals heeded and the listeners served.
        let announcing = async {
            ready()?;
            start_jobs(app, &ended);
            Ok(())
        };
        tokio::try_join!(biased; serving, announcing).map(|_| ())
    })
}

fn to_async(listener: TcpListener) -> Result<tokio::net::TcpListener> {
    listener
        .set_nonblocking(true)
        .and_then(|()| tokio::net::TcpListener::from_std(listener))
        .map_err(|cause| Error::Failed(format!("The server cannot listen: {cause}.")))
}

/// A second signal while the last requests run: every commit is whole, so nothing is lost but them.
async fn end_at_once_when_asked_again() {
    server::stop::signal().await;
    note("pamphlet: Ended at once.");
    std::process::exit(1);
}

fn start_jobs(app: Arc<App>, ended: &Arc<AtomicBool>) {
    let (rendering, ended) = (Arc::clone(&app), Arc::clone(ended));
    tokio::task::spawn_blocking(move || match jobs::rerender(&rendering, &|| !ended.load(Ordering::Relaxed)) {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "rendered posts again"),
        Err(error) => tracing::warn!(%error, "posts could not be rendered again"),
    });
    tokio::spawn(async move {
        let mut days = tokio::time::interval(SWEEP);
        loop {
            days.tick().await;
            if let Err(error) = jobs::sweep_sessions(&app).await {
                tracing::warn!(%error, "ended sessions could not be removed");
            }
        }
    });
}

/// Whether two addresses cannot be listened on side by side: one of them takes all of their family.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let is_wild = one.ip().is_unspecified() || other.ip().is_unspecified();
    let is_same = one.port() == other.port() && one.is_ipv4() == other.is_ipv4();
    is_same && one.port() != 0 && (is_wild || one.ip() == other.ip())
}

/// Takes every address, or says in one sentence why one cannot be taken.
pub fn bind(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>> {
    for (index, address) in addresses.iter().enumerate() {
        match addresses.iter().take(index).find(|earlier| overlap(*address, **earlier)) {
            Some(earlier) if earlier == address => {
                return Err(Error::Failed(format!("--listen names {address} twice; please give each address once.")));
            }
            Some(earlier) => {
                return Err(Error::Failed(format!(
                    "--listen names {earlier} and {address}, one of which takes the connections of the other; please \
                     give that one alone."
                )));
            }
            None => {}
        }
    }
    let bind = |address: &SocketAddr| listen(*address, addresses).map_err(|cause| cannot_listen(*address, &cause));
    addresses.iter().map(bind).collect()
}

fn cannot_listen(address: SocketAddr, cause: &std::io::Error) -> Error {
    let port = address.port();
    Error::Failed(match cause.kind() {
        ErrorKind::AddrInUse => format!(
            "Port {port} on {} is in use, by another program or by another pamphlet; please stop that one or choose \
             another port with --listen.",
            address.ip()
        ),
        ErrorKind::PermissionDenied => format!(
            "Port {port} needs rights that this user does not have; please choose one from 1024 up with --listen."
        ),
        ErrorKind::AddrNotAvailable => {
            format!("This machine does not have the address {}; please choose another with --listen.", address.ip())
        }
        _ => format!("The server cannot listen on {address}: {cause}."),
    })
}

/// Where the listeners really listen: port 0 has become a number.
pub fn addresses(listeners: &[TcpListener]) -> Vec<SocketAddr> {
    listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
}

/// The address to open in a browser on this machine, without a slash at the end.
pub fn origin(address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

fn announce(app: &App, data: &Path, addresses: &[SocketAddr]) -> Result<()> {
    let links = app.links();
    let urls: Vec<String> = addresses.iter().map(|address| format!("{}{}", origin(*address), links.home())).collect();
    let public = links.origin().map_or(String::new(), |origin| format!(" for {origin}{}", links.home()));
    say(format!("pamphlet serves {} on {}{public}", shown(data), urls.join(" and ")));
    if let Some(link) = setup::link(app)? {
        let local = addresses.first().map(|address| origin(*address)).unwrap_or_default();
        let origin = links.origin().map_or(local, str::to_owned);
        say(format!("To set the blog up, open this link; it works once: {origin}{}", links.to(&link)));
    }
    Ok(())
}

/// A bare file name with its folder, so that one sees where it lies.
fn shown(path: &Path) -> String {
    let bare = path.parent().is_some_and(|folder| folder.as_os_str().is_empty());
    if bare { format!("./{}", path.display()) } else { path.display().to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_can_be_opened_in_a_browser() {
        let origin = |text: &str| origin(text.parse().unwrap());
        assert_eq!(origin("0.0.0.0:8080"), "http://127.0.0.1:8080");
        assert_eq!(origin("[::]:80"), "http://[::1]:80");
        assert_eq!(origin("192.0.2.7:1"), "http://192.0.2.7:1");
        assert_eq!(shown(Path::new("pamphlet.redb")), "./pamphlet.redb");
        assert_eq!(shown(Path::new("/srv/blog.redb")), "/srv/blog.redb");
    }

    #[test]
    fn a_taken_port_is_one_plain_sentence() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let message = bind(&[address]).unwrap_err().to_string();
        assert!(message.starts_with(&format!("Port {} on 127.0.0.1 is in use", address.port())), "{message}");
    }
}
