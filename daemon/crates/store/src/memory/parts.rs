//! The parts of memories and their vectors, from which the index can be made anew. Functions over an open transaction.
//!
//! Only what can be found or may be yet has parts: active and proposed memories. The words of a part are not stored: they
//! follow from the content, are quickly made again, and are then those of this program, which a question's are, too.

use super::facts;
use super::rows::{self, Key};
use crate::sqlite::Fault;
use codemem_core::memory::{Memory, parts};
use codemem_core::ports::{Fingerprint, IndexedMemory, MemoryPart};
use rusqlite::{Connection, OptionalExtension as _, params};

/// Bits of a point's number that count the parts of a memory.
const PART_BITS: u32 = 8;

/// Most parts of a memory. The longest content has a third of them.
pub(super) const MAX_PARTS: usize = 1 << PART_BITS;

/// Stores the parts of a memory; what was there is replaced.
pub(super) fn set(tx: &Connection, key: Key, parts: &[MemoryPart]) -> Result<(), Fault> {
    remove(tx, key)?;
    let mut statement = tx.prepare_cached("INSERT INTO parts (point, vector) VALUES (?1, ?2)")?;
    for (part, point) in parts.iter().zip(points(key)) {
        statement.execute(params![point, part.vector.as_deref().map(to_bytes)])?;
    }
    Ok(())
}

/// Forgets the parts of a memory.
pub(super) fn remove(tx: &Connection, key: Key) -> Result<(), Fault> {
    let points = points(key);
    tx.prepare_cached("DELETE FROM parts WHERE point BETWEEN ?1 AND ?2")?
        .execute([points.start(), points.end()])?;
    Ok(())
}

/// A memory with its words and vectors. Vectors of a content that is split in another way by now are left out.
pub(super) fn load(tx: &Connection, key: Key, memory: &Memory) -> Result<IndexedMemory, Fault> {
    let mut indexed = parts::index(memory, None);
    let points = points(key);
    let vectors: Vec<Option<Vec<u8>>> = tx
        .prepare_cached("SELECT vector FROM parts WHERE point BETWEEN ?1 AND ?2 ORDER BY point")?
        .query_map([points.start(), points.end()], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    if vectors.len() == indexed.parts.len().min(MAX_PARTS) {
        for (part, vector) in indexed.parts.iter_mut().zip(vectors) {
            part.vector = vector.as_deref().map(from_bytes);
        }
    }
    Ok(indexed)
}

/// Length of the stored vectors, if there are any.
pub(super) fn dimension(tx: &Connection) -> Result<Option<usize>, Fault> {
    let bytes: Option<i64> = tx
        .prepare_cached("SELECT length(vector) FROM parts WHERE vector IS NOT NULL LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(bytes.map(|bytes| bytes as usize / size_of::<f32>()))
}

/// Takes away vectors that are not numbers or not as long as the others: they are made again.
pub(super) fn drop_unfit(indexed: &mut IndexedMemory, dimension: &mut Option<usize>) {
    for part in &mut indexed.parts {
        let Some(vector) = &part.vector else { continue };
        let wanted = *dimension.get_or_insert(vector.len());
        if vector.is_empty() || vector.len() != wanted || !vector.iter().all(|component| component.is_finite()) {
            tracing::warn!(
                length = vector.len(),
                wanted,
                "a memory's vector does not fit and will be made again"
            );
            part.vector = None;
        }
    }
}

/// Drops the vectors of every other embedder, and notes whose vectors are stored from now on. True when vectors were
/// dropped: the index has them still.
pub(super) fn keep_only(tx: &Connection, fingerprint: &Fingerprint) -> Result<bool, Fault> {
    let stored = facts::fingerprint(tx)?;
    if stored.as_ref() == Some(fingerprint) {
        return Ok(false);
    }
    facts::set_fingerprint(tx, fingerprint)?;
    // Vectors that nobody has claimed yet are from before the first embedder said its name, in this process.
    if stored.is_none() {
        return Ok(false);
    }
    drop_all(tx)
}

/// Drops the vectors that no embedder has claimed. True when there were any.
pub(super) fn drop_unclaimed(tx: &Connection) -> Result<bool, Fault> {
    if facts::fingerprint(tx)?.is_some() {
        return Ok(false);
    }
    drop_all(tx)
}

fn drop_all(tx: &Connection) -> Result<bool, Fault> {
    Ok(tx.execute("UPDATE parts SET vector = NULL WHERE vector IS NOT NULL", [])? > 0)
}

/// Memories of which a part has no vector.
pub(super) fn without_vectors(tx: &Connection, limit: usize) -> Result<Vec<Memory>, Fault> {
    let keys: Vec<Key> = tx
        .prepare_cached(
            "SELECT DISTINCT point >> 8 FROM parts WHERE vector IS NULL AND EXISTS (
                 SELECT 1 FROM memories m WHERE m.memory = point >> 8
             ) LIMIT ?1",
        )?
        .query_map([limit as i64], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut memories = Vec::with_capacity(keys.len());
    for key in keys {
        memories.extend(rows::load(tx, key)?);
    }
    Ok(memories)
}

fn points(key: Key) -> std::ops::RangeInclusive<i64> {
    let first = i64::from(key) << PART_BITS;
    first..=first + MAX_PARTS as i64 - 1
}

fn to_bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|component| component.to_le_bytes()).collect()
}

fn from_bytes(bytes: &[u8]) -> Vec<f32> {
    bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|component| f32::from_le_bytes(*component))
        .collect()
}
