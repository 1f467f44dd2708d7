//! Who holds the daemon's lock, as the holder notes it in the lock file.
//!
//! Says something only while the lock is held: the note of a daemon that has ended stays behind.

use std::fs;
use std::io;
use std::path::Path;

/// The word behind the process id of a daemon whose life a service manager decides.
const MANAGED: &str = "managed";

/// The process that holds a lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// Whether a service manager decides when it lives.
    pub managed: bool,
}

impl Holder {
    /// Notes the holder in its lock file.
    pub fn note(self, lock: &Path) -> io::Result<()> {
        let Self { pid, managed } = self;
        let text = if managed {
            format!("{pid} {MANAGED}\n")
        } else {
            format!("{pid}\n")
        };
        fs::write(lock, text)
    }

    /// Who noted itself last; `None` when nobody did.
    pub fn read(lock: &Path) -> Option<Self> {
        let text = fs::read_to_string(lock).ok()?;
        let mut words = text.split_whitespace();
        Some(Self {
            pid: words.next()?.parse().ok()?,
            managed: words.next() == Some(MANAGED),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_read_as_they_were_written() {
        let directory = tempfile::tempdir().expect("directory");
        let lock = directory.path().join("lock");
        assert_eq!(Holder::read(&lock), None);
        for managed in [false, true] {
            let holder = Holder { pid: 4711, managed };
            holder.note(&lock).expect("written");
            assert_eq!(Holder::read(&lock), Some(holder));
        }
        fs::write(&lock, "").expect("written");
        assert_eq!(Holder::read(&lock), None);
    }
}
