//! The machine as it is just now: whether it has better things to do than background work.

use std::fmt;

/// Why background work that can wait should wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strain {
    /// Memory is short: programs wait for it.
    Memory,
    /// The machine runs on its battery, of which so many percent are left.
    Battery(u8),
}

impl fmt::Display for Strain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory is short"),
            Self::Battery(percent) => write!(f, "the battery is at {percent} %"),
        }
    }
}

/// Tells how strained the machine is.
pub trait SystemLoad: Send + Sync {
    /// Why background work should wait now; `None` when it need not, or nobody can tell. Asked every few
    /// hundred milliseconds while there is such work, so it may not take longer than reading a small file or two.
    fn strain(&self) -> Option<Strain>;
}
