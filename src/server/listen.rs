//! Sockets that listen.

use socket2::{Domain, Protocol, Socket, Type};
use std::io::Result;
use std::net::{SocketAddr, TcpListener};

/// Connections that may wait to be accepted. The standard library has 128: when a burst fills them, the
/// kernel drops the next visitor's first packet, which costs the visitor a second.
const BACKLOG: i32 = 4096;

/// Listens on an address; port 0 takes a free one.
pub fn listen(address: SocketAddr) -> Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // So that a restart finds its port free. On Windows it would mean that two may listen.
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
