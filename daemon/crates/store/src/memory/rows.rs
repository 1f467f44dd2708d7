//! A memory as rows: read from them and written to them. Functions over an open transaction.

use crate::sqlite::Fault;
use codemem_core::ids::Hash128;
use codemem_core::memory::{
    Anchor, ContextLevel, Memory, MemoryId, MemoryKind, Origin, Place, ProjectKey, SessionId, State,
};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};

/// The number of a memory: its row, and its points in the index.
pub(super) type Key = u32;

/// What [`read_row`] reads, of a table `m` that is joined with `places p`; the id is that of `$id`.
macro_rules! columns {
    ($id:literal) => {
        concat!("m.memory, ", $id, ".id, p.level, p.project, p.session, m.version, m.state, m.kind, m.origin, m.trust, \
             m.created_at, m.updated_at, m.confirmed_at, m.confirmations, m.expires_at, m.supersedes, m.superseded_by, \
             m.project_path, m.tags, m.flags, m.content")
    };
}

/// Selects memories as they are now; a condition over `m` follows.
pub(super) const SELECT: &str = concat!(
    "SELECT ",
    columns!("m"),
    " FROM memories m JOIN places p ON p.place = m.place "
);

const BY_KEY: &str = concat!(
    "SELECT ",
    columns!("m"),
    " FROM memories m JOIN places p ON p.place = m.place WHERE m.memory = ?1"
);

const FORMER: &str = concat!(
    "SELECT ",
    columns!("i"),
    " FROM versions m JOIN memories i ON i.memory = m.memory JOIN places p ON p.place = m.place \
     WHERE m.memory = ?1 ORDER BY m.version DESC"
);

/// Reads a row of [`SELECT`], without its anchors.
pub(super) fn read_row(row: &Row<'_>) -> rusqlite::Result<(Key, Memory)> {
    let text = |column: usize| row.get::<_, String>(column);
    let id = |column: usize| {
        row.get::<_, Option<String>>(column)?
            .map(|id| MemoryId::parse(&id).ok_or_else(|| unfit(column, "id")))
            .transpose()
    };
    let level = ContextLevel::parse(&text(2)?).ok_or_else(|| unfit(2, "level"))?;
    let memory = Memory {
        id: id(1)?.ok_or_else(|| unfit(1, "id"))?,
        place: place(level, &text(3)?, &text(4)?).ok_or_else(|| unfit(3, "place"))?,
        version: row.get(5)?,
        state: State::parse(&text(6)?).ok_or_else(|| unfit(6, "state"))?,
        kind: MemoryKind::parse(&text(7)?).ok_or_else(|| unfit(7, "kind"))?,
        origin: Origin::parse(&text(8)?).ok_or_else(|| unfit(8, "origin"))?,
        trust: row.get::<_, f64>(9)? as f32,
        created_at: row.get(10)?,
        updated_at: row.get(11)?,
        confirmed_at: row.get(12)?,
        confirmations: row.get(13)?,
        expires_at: row.get(14)?,
        supersedes: id(15)?,
        superseded_by: id(16)?,
        project_path: text(17)?,
        tags: split(&text(18)?),
        flags: split(&text(19)?),
        content: text(20)?,
        anchors: Vec::new(),
    };
    Ok((row.get(0)?, memory))
}

/// A memory as it is now.
pub(super) fn load(tx: &Connection, key: Key) -> Result<Option<Memory>, Fault> {
    let found = tx.prepare_cached(BY_KEY)?.query_row([key], read_row).optional()?;
    let Some((key, mut memory)) = found else {
        return Ok(None);
    };
    load_anchors(tx, key, &mut memory)?;
    Ok(Some(memory))
}

/// What a memory was, newest first.
pub(super) fn former(tx: &Connection, key: Key) -> Result<Vec<Memory>, Fault> {
    let rows: Vec<_> = tx
        .prepare_cached(FORMER)?
        .query_map([key], read_row)?
        .collect::<Result<_, _>>()?;
    let mut memories = Vec::with_capacity(rows.len());
    for (key, mut memory) in rows {
        load_anchors(tx, key, &mut memory)?;
        memories.push(memory);
    }
    Ok(memories)
}

/// Reads the anchors of a version of a memory.
pub(super) fn load_anchors(tx: &Connection, key: Key, memory: &mut Memory) -> Result<(), Fault> {
    let mut statement = tx.prepare_cached(
        "SELECT name, path, symbol, hash FROM anchors WHERE memory = ?1 AND version = ?2 ORDER BY position",
    )?;
    let rows = statement.query_map(params![key, memory.version], |row| {
        Ok(Anchor {
            name: row.get(0)?,
            path: row.get(1)?,
            symbol: row.get(2)?,
            hash: row.get::<_, Option<[u8; 16]>>(3)?.map(Hash128),
        })
    })?;
    memory.anchors = rows.collect::<Result<_, _>>()?;
    Ok(())
}

/// The number of a memory.
pub(super) fn find(tx: &Connection, id: &MemoryId) -> Result<Option<Key>, Fault> {
    Ok(tx
        .prepare_cached("SELECT memory FROM memories WHERE id = ?1")?
        .query_row([id.as_str()], |row| row.get(0))
        .optional()?)
}

/// The number of a place that has been written to.
pub(super) fn find_place(tx: &Connection, place: &Place) -> Result<Option<i64>, Fault> {
    let (level, project, session) = place_text(place);
    Ok(tx
        .prepare_cached("SELECT place FROM places WHERE level = ?1 AND project = ?2 AND session = ?3")?
        .query_row([level, project, session], |row| row.get(0))
        .optional()?)
}

/// Adds a memory that is not there, and what hangs on it. Fails when all numbers have been given out.
pub(super) fn insert(tx: &Connection, memory: &Memory) -> Result<Key, Fault> {
    write(
        tx,
        "INSERT INTO memories (memory, id, place, version, state, kind, origin, trust, created_at, updated_at, confirmed_at,
             confirmations, expires_at, supersedes, superseded_by, hash, project_path, tags, flags, content)
         VALUES (:memory, :id, :place, :version, :state, :kind, :origin, :trust, :created_at, :updated_at, :confirmed_at,
             :confirmations, :expires_at, :supersedes, :superseded_by, :hash, :project_path, :tags, :flags, :content)",
        None,
        memory,
    )?;
    let key =
        Key::try_from(tx.last_insert_rowid()).map_err(|_| crate::error::StoreError::IdsExhausted { kind: "memory" })?;
    insert_tags(tx, key, &memory.tags)?;
    insert_anchors(tx, key, memory)?;
    Ok(key)
}

/// Runs a statement that takes every column of a memory; without a key the database gives out the next.
fn write(tx: &Connection, sql: &str, key: Option<Key>, memory: &Memory) -> Result<(), Fault> {
    let place = place_number(tx, &memory.place)?;
    tx.prepare_cached(sql)?.execute(named_params! {
        ":memory": key,
        ":id": memory.id.as_str(),
        ":place": place,
        ":version": memory.version,
        ":state": memory.state.as_str(),
        ":kind": memory.kind.as_str(),
        ":origin": memory.origin.as_str(),
        ":trust": f64::from(memory.trust),
        ":created_at": memory.created_at,
        ":updated_at": memory.updated_at,
        ":confirmed_at": memory.confirmed_at,
        ":confirmations": memory.confirmations,
        ":expires_at": memory.expires_at,
        ":supersedes": memory.supersedes.as_ref().map(MemoryId::as_str),
        ":superseded_by": memory.superseded_by.as_ref().map(MemoryId::as_str),
        ":hash": content_hash(&memory.content),
        ":project_path": memory.project_path,
        ":tags": join(&memory.tags),
        ":flags": join(&memory.flags),
        ":content": memory.content,
    })?;
    Ok(())
}

/// Puts the next version of a memory in the place of the stored one, which becomes history.
pub(super) fn replace(tx: &Connection, key: Key, memory: &Memory) -> Result<(), Fault> {
    tx.prepare_cached(
        "INSERT INTO versions SELECT memory, version, place, state, kind, origin, trust, created_at, updated_at,
             confirmed_at, confirmations, expires_at, supersedes, superseded_by, hash, project_path, tags, flags, content
         FROM memories WHERE memory = ?1",
    )?
    .execute([key])?;
    write(
        tx,
        "UPDATE memories SET place = :place, version = :version, state = :state, kind = :kind, origin = :origin,
             trust = :trust, created_at = :created_at, updated_at = :updated_at, confirmed_at = :confirmed_at,
             confirmations = :confirmations, expires_at = :expires_at, supersedes = :supersedes,
             superseded_by = :superseded_by, hash = :hash, project_path = :project_path, tags = :tags, flags = :flags,
             content = :content
         WHERE memory = :memory AND id = :id",
        Some(key),
        memory,
    )?;
    tx.prepare_cached("DELETE FROM tags WHERE memory = ?1")?
        .execute([key])?;
    insert_tags(tx, key, &memory.tags)?;
    insert_anchors(tx, key, memory)
}

/// Writes what changes without a new version.
pub(super) fn touch(tx: &Connection, key: Key, memory: &Memory) -> Result<(), Fault> {
    tx.prepare_cached(
        "UPDATE memories SET state = :state, trust = :trust, confirmed_at = :confirmed_at,
             confirmations = :confirmations, expires_at = :expires_at, superseded_by = :superseded_by
         WHERE memory = :memory",
    )?
    .execute(named_params! {
        ":memory": key,
        ":state": memory.state.as_str(),
        ":trust": f64::from(memory.trust),
        ":confirmed_at": memory.confirmed_at,
        ":confirmations": memory.confirmations,
        ":expires_at": memory.expires_at,
        ":superseded_by": memory.superseded_by.as_ref().map(MemoryId::as_str),
    })?;
    tx.prepare_cached("DELETE FROM anchors WHERE memory = ?1 AND version = ?2")?
        .execute(params![key, memory.version])?;
    insert_anchors(tx, key, memory)
}

/// Removes a memory with its history, tags and anchors, and the places that nothing is left of.
pub(super) fn delete(tx: &Connection, key: Key, id: &MemoryId) -> Result<(), Fault> {
    tx.prepare_cached("DELETE FROM memories WHERE memory = ?1")?
        .execute([key])?;
    for statement in [
        "UPDATE memories SET supersedes = NULL WHERE supersedes = ?1",
        "UPDATE memories SET superseded_by = NULL WHERE superseded_by = ?1",
    ] {
        tx.prepare_cached(statement)?.execute([id.as_str()])?;
    }
    tx.prepare_cached(
        "DELETE FROM places WHERE NOT EXISTS (SELECT 1 FROM memories m WHERE m.place = places.place)
             AND NOT EXISTS (SELECT 1 FROM versions v WHERE v.place = places.place)
             AND NOT EXISTS (SELECT 1 FROM anchors a WHERE a.place = places.place)",
    )?
    .execute([])?;
    Ok(())
}

/// What decides whether two contents are the same.
pub(super) fn content_hash(content: &str) -> [u8; 16] {
    let mut hash = [0; 16];
    hash.copy_from_slice(&blake3::hash(content.as_bytes()).as_bytes()[..16]);
    hash
}

fn place_number(tx: &Connection, place: &Place) -> Result<i64, Fault> {
    if let Some(number) = find_place(tx, place)? {
        return Ok(number);
    }
    let (level, project, session) = place_text(place);
    tx.execute(
        "INSERT INTO places (level, project, session) VALUES (?1, ?2, ?3)",
        [level, project, session],
    )?;
    Ok(tx.last_insert_rowid())
}

fn insert_tags(tx: &Connection, key: Key, tags: &[String]) -> Result<(), Fault> {
    let mut statement = tx.prepare_cached("INSERT OR IGNORE INTO tags (tag, memory) VALUES (?1, ?2)")?;
    for tag in tags {
        statement.execute(params![tag, key])?;
    }
    Ok(())
}

fn insert_anchors(tx: &Connection, key: Key, memory: &Memory) -> Result<(), Fault> {
    if memory.anchors.is_empty() {
        return Ok(());
    }
    let place = place_number(tx, &memory.place)?;
    let mut statement = tx.prepare_cached(
        "INSERT INTO anchors (memory, version, position, place, name, path, symbol, hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for (position, anchor) in memory.anchors.iter().enumerate() {
        let hash = anchor.hash.map(|hash| hash.0);
        statement.execute(params![
            key,
            memory.version,
            position as i64,
            place,
            anchor.name,
            anchor.path,
            anchor.symbol,
            hash
        ])?;
    }
    Ok(())
}

fn place_text(place: &Place) -> (&str, &str, &str) {
    (
        place.level().as_str(),
        place.project().map_or("", ProjectKey::as_str),
        place.session().map_or("", SessionId::as_str),
    )
}

fn place(level: ContextLevel, project: &str, session: &str) -> Option<Place> {
    Some(match level {
        ContextLevel::UserPreference => Place::User,
        ContextLevel::ProjectContext => Place::Project(ProjectKey::parse(project)?),
        ContextLevel::SessionState => Place::Session(ProjectKey::parse(project)?, SessionId::new(session)?),
    })
}

fn join(list: &[String]) -> String {
    list.join("\n")
}

fn split(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

fn unfit(column: usize, name: &str) -> rusqlite::Error {
    rusqlite::Error::InvalidColumnType(column, name.to_owned(), Type::Text)
}
