//! Which schema the database of memories has.

use crate::sqlite::{Schema, Synchronous};

/// The file inside the directory of memories.
pub(super) const FILE_NAME: &str = "memories.db";

/// The directory of the index beside it.
pub(super) const INDEX_NAME: &str = "index";

/// The directory of backups beside it.
pub(super) const BACKUPS_NAME: &str = "backups";

/// Memories cannot be made again from anything: a commit survives a power cut, and what is deleted is gone.
pub(super) const SCHEMA: Schema = Schema {
    application_id: i32::from_be_bytes(*b"cmmm"),
    migrations: &[include_str!("migrations/001_initial.sql")],
    synchronous: Synchronous::Full,
    erases: true,
    remedy: "restore a backup: `codemem memory restore PATH`",
};

/// What to do about a file that is no backup.
pub(super) const BACKUP_REMEDY: &str = "give a file that `codemem memory backup` made";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_frozen() {
        // One hash per released script. A script that changes breaks every database it has already
        // run on: write the next one instead, and add its hash here.
        let frozen = ["e1d50eb2b97119a32b41b738734e7c7ff06d673c4c935186b10629b9a3fa47bc"];
        let found: Vec<String> = SCHEMA
            .migrations
            .iter()
            .map(|script| blake3::hash(script.as_bytes()).to_hex().to_string())
            .collect();
        assert_eq!(found, frozen);
    }
}
