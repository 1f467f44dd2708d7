//! Which schema a catalog file has.

use crate::error::REBUILD;
use crate::sqlite::{Schema, Synchronous};

/// The file inside a repository's directory.
pub(super) const FILE_NAME: &str = "catalog.db";

/// The catalog can be made again from the working tree, so a commit need not survive a power cut;
/// it is in order and whole either way.
pub(super) const SCHEMA: Schema = Schema {
    application_id: i32::from_be_bytes(*b"cmct"),
    migrations: &[
        include_str!("migrations/001_initial.sql"),
        include_str!("migrations/002_summaries.sql"),
        include_str!("migrations/003_lean_manifest.sql"),
        include_str!("migrations/004_references.sql"),
        include_str!("migrations/005_users.sql"),
        include_str!("migrations/006_visibility.sql"),
    ],
    synchronous: Synchronous::Normal,
    erases: false,
    remedy: REBUILD,
};

#[cfg(test)]
mod tests {
    use super::super::names::fnv1a;
    use super::*;

    #[test]
    fn migrations_are_frozen() {
        // One number per released script. A script that changes breaks every catalog it has already
        // run on: write the next one instead, and add its number here.
        let frozen: [u64; 6] = [
            6_939_644_144_839_866_702,
            13_403_719_383_379_576_228,
            1_394_237_996_972_514_583,
            171_050_394_190_233_423,
            7_360_265_675_670_024_844,
            10_385_095_832_705_934_896,
        ];
        let found: Vec<u64> = SCHEMA.migrations.iter().map(|script| fnv1a(script.bytes())).collect();
        assert_eq!(found, frozen);
    }
}
