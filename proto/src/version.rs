//! Versions of the protocol, and who may talk to whom.

use crate::v1;
use std::fmt;

/// The version this build speaks.
///
/// A new optional field, RPC or enum value raises the minor number. Anything that an older program
/// would misread raises the major one. `Hello` and `Shutdown` never change incompatibly: they are
/// how a client of another version finds out, and how it replaces an older daemon.
///
/// 1.3 brought how fresh answers and roots are, what explains a path's project, and more of what a prune counts.
pub const PROTOCOL: Protocol = Protocol { major: 1, minor: 3 };

/// A protocol version.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Protocol {
    /// Programs of different majors do not understand each other.
    pub major: u32,
    /// Within a major, a higher minor understands all lower ones.
    pub minor: u32,
}

/// How a client stands to a daemon.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Compatibility {
    /// They understand each other.
    Compatible,
    /// The daemon is too old for the client: replace the daemon.
    DaemonTooOld,
    /// The client is too old for the daemon: update the client, leave the daemon alone.
    ClientTooOld,
}

/// Whether a client that needs `client` can work with a daemon that speaks `daemon`.
pub fn compatibility(client: Protocol, daemon: Protocol) -> Compatibility {
    if client.major == daemon.major && client.minor <= daemon.minor {
        Compatibility::Compatible
    } else if client > daemon {
        Compatibility::DaemonTooOld
    } else {
        Compatibility::ClientTooOld
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl From<Protocol> for v1::ProtocolVersion {
    fn from(protocol: Protocol) -> Self {
        Self {
            major: protocol.major,
            minor: protocol.minor,
        }
    }
}

impl From<v1::ProtocolVersion> for Protocol {
    fn from(version: v1::ProtocolVersion) -> Self {
        Self {
            major: version.major,
            minor: version.minor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_talk_to_whom() {
        use Compatibility::{ClientTooOld, Compatible, DaemonTooOld};
        for (client, daemon, expected) in [
            ((1, 0), (1, 0), Compatible),
            ((1, 0), (1, 7), Compatible),
            ((1, 7), (1, 7), Compatible),
            ((1, 8), (1, 7), DaemonTooOld),
            ((2, 0), (1, 9), DaemonTooOld),
            ((1, 9), (2, 0), ClientTooOld),
            ((1, 0), (3, 5), ClientTooOld),
            // A daemon that does not say its version is older than every client.
            ((1, 0), (0, 0), DaemonTooOld),
        ] {
            let protocol = |(major, minor)| Protocol { major, minor };
            assert_eq!(
                compatibility(protocol(client), protocol(daemon)),
                expected,
                "client {client:?}, daemon {daemon:?}"
            );
        }
    }
}
