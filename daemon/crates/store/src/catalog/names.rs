//! Short keys for names: symbol kinds by number, symbol names by hash.

use crate::error::{DatabaseName, StoreError};
use crate::sqlite::Fault;
use codemem_core::unit::SymbolKind;
use rusqlite::Connection;
use std::collections::HashMap;

/// Which number stands for which kind of symbol in this catalog.
pub(super) struct Kinds {
    numbers: HashMap<SymbolKind, i64>,
    kinds: HashMap<i64, SymbolKind>,
}

impl Kinds {
    /// Gives every kind that the file does not know yet a number.
    pub(super) fn load(tx: &Connection, database: &DatabaseName) -> Result<Self, Fault> {
        let mut insert = tx.prepare("INSERT INTO kinds (name) VALUES (?1) ON CONFLICT (name) DO NOTHING")?;
        for kind in SymbolKind::ALL {
            insert.execute([kind.as_str()])?;
        }
        Self::read(tx, database)
    }

    /// The numbers as they stand. A kind that this program does not know was written by a newer one.
    pub(super) fn read(tx: &Connection, database: &DatabaseName) -> Result<Self, Fault> {
        let mut this = Self {
            numbers: HashMap::new(),
            kinds: HashMap::new(),
        };
        let mut select = tx.prepare("SELECT id, name FROM kinds")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let (number, name): (i64, String) = (row.get(0)?, row.get(1)?);
            let kind = SymbolKind::parse(&name).ok_or_else(|| StoreError::ForeignDatabase {
                database: database.clone(),
            })?;
            this.numbers.insert(kind, number);
            this.kinds.insert(number, kind);
        }
        Ok(this)
    }

    /// The number of a kind.
    pub(super) fn number(&self, kind: SymbolKind) -> i64 {
        self.numbers[&kind]
    }

    /// The kind of a number, as it comes out of column `column`.
    pub(super) fn kind(&self, column: usize, number: i64) -> rusqlite::Result<SymbolKind> {
        self.kinds
            .get(&number)
            .copied()
            .ok_or(rusqlite::Error::IntegralValueOutOfRange(column, number))
    }
}

/// The number under which a lower-cased name is indexed: 48 bits, the widest integer that SQLite
/// stores in six bytes. Two names may share one, so whoever looks up compares the names too.
pub(super) fn name_key(lower: &str) -> i64 {
    const SIX_BYTES_SIGNED: u64 = (1 << 47) - 1;
    (fnv1a(lower.bytes()) & SIX_BYTES_SIGNED) as i64
}

/// FNV-1a. On disk, so it stays what it is.
pub(super) fn fnv1a(bytes: impl Iterator<Item = u8>) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    bytes.fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(fnv1a(b"".iter().copied()), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar".iter().copied()), 0x8594_4171_f739_67e8);
    }
}
