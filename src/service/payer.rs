//! Whom a request is charged to: its member and its network.

use crate::domain::actor::Actor;
use crate::domain::id::UserId;
use std::net::IpAddr;

/// One party whose use of a bounded resource is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Payer {
    /// A member in all their sessions and with all their tokens.
    Member(UserId),
    /// An IPv4 address, or the IPv6 /64 that one subscriber has.
    Network(IpAddr),
    /// A connection that carries several requests at once.
    Connection(u64),
}

/// The parties that a request is charged to. Nobody pays for the command line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Payers {
    pub(in crate::service) member: Option<UserId>,
    pub(in crate::service) network: Option<IpAddr>,
    pub(in crate::service) connection: Option<u64>,
    /// Whether the member writes posts, and so is somebody whom an administrator chose.
    pub(in crate::service) is_writer: bool,
}

impl Payers {
    /// `address` is the client's, behind a trusted proxy the one that the proxy names.
    pub fn new(actor: &Actor, address: IpAddr) -> Payers {
        Payers { network: Some(network(address)), ..Payers::member(actor) }
    }

    /// Whoever asks, where no address is known. Nobody for the program itself.
    pub fn member(actor: &Actor) -> Payers {
        Payers { member: actor.user_id(), is_writer: actor.can_see_admin(), ..Payers::default() }
    }

    /// One connection, whoever uses it.
    pub fn connection(number: u64) -> Payers {
        Payers { connection: Some(number), ..Payers::default() }
    }

    /// The member, or whoever shares the network if nobody is signed in.
    pub fn narrowest(&self) -> Option<Payer> {
        self.each().next()
    }

    /// The member if there is one, then the network: several accounts of one network must not take several shares.
    pub fn each(&self) -> impl Iterator<Item = Payer> + use<> {
        let parties = [self.member.map(Payer::Member), self.network.map(Payer::Network)];
        parties.into_iter().flatten().chain(self.connection.map(Payer::Connection))
    }
}

/// The address, or for IPv6 the /64 that one subscriber has.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscriber_is_one_network() {
        let network = |text: &str| network(text.parse().unwrap());
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:1"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_eq!(network("::ffff:192.0.2.7"), network("192.0.2.7"));
        assert_ne!(network("192.0.2.7"), network("192.0.2.8"));
    }
}
