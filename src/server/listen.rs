//! Sockets that listen.

use socket2::{Domain, Protocol, Socket, Type};
use std::io::Result;
use std::net::{SocketAddr, TcpListener};

/// Connections that may wait to be accepted. The standard library has 128: when a burst fills them, the
/// kernel drops the next visitor's first packet, which costs the visitor a second.
const BACKLOG: i32 = 4096;

/// Bytes that the kernel keeps for a client beyond what is on the wire. Left alone it takes megabytes for
/// each one that does not read, and a thousand of those leave no memory for anybody else.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT: u32 = 128 * 1024;

/// Listens on an address; port 0 takes a free one. `[::]` takes connections over IPv4, too, as the system has it,
/// unless one of `all` addresses is an IPv4 address with the same port.
pub fn listen(address: SocketAddr, all: &[SocketAddr]) -> Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    let is_shared = |other: &SocketAddr| other.is_ipv4() && other.port() == address.port() && address.port() != 0;
    if address.is_ipv6() && all.iter().any(is_shared) {
        socket.set_only_v6(true)?;
    }
    // So that a restart finds its port free. On Windows it would mean that two may listen.
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    // The accepted sockets have it too.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket.set_tcp_notsent_lowat(UNSENT)?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
