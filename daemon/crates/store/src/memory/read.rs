//! Finding and counting memories. Functions over an open transaction.
//!
//! Conditions are made of fixed pieces of SQL; what comes from outside is a bound value.

use super::audit;
use super::rows::{self, Key};
use crate::error::StoreError;
use crate::sqlite::Fault;
use codemem_core::memory::{ContextLevel, Memory, MemoryFilter, MemoryId, MemoryKind, Reader, State, TimestampMs};
use codemem_core::ports::{MemoryPage, MemoryScope, MemoryStats};
use rusqlite::types::Value;
use rusqlite::{Connection, Params, params, params_from_iter};
use std::collections::BTreeSet;

/// Fewest characters of the beginning of an id that is looked up.
const MIN_PREFIX: usize = 4;

/// One memory that may be read, by its id or a beginning of it that no other readable memory has.
pub(super) fn get(tx: &Connection, scope: &MemoryScope, id: &str) -> Result<Option<Memory>, Fault> {
    let is_beginning = (MIN_PREFIX..=MemoryId::LENGTH).contains(&id.len())
        && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !is_beginning {
        return Ok(None);
    }
    let sql = format!("{} WHERE m.id >= ?1 AND m.id < ?2", rows::SELECT);
    let mut statement = tx.prepare_cached(&sql)?;
    // After every id with that beginning.
    let end = format!("{id}g");
    let mut found = None;
    for row in statement.query_map([id, &end], rows::read_row)? {
        let (key, memory) = row?;
        if may_read(scope, &memory) && found.replace((key, memory)).is_some() {
            return Ok(None);
        }
    }
    let Some((key, mut memory)) = found else {
        return Ok(None);
    };
    rows::load_anchors(tx, key, &mut memory)?;
    Ok(Some(memory))
}

/// Whether a scope covers a memory.
pub(super) fn may_read(scope: &MemoryScope, memory: &Memory) -> bool {
    match scope {
        MemoryScope::Reader(reader) => reader.may_read(&memory.place),
        MemoryScope::Everything => true,
    }
}

/// A page of what there is, newest first.
pub(super) fn list(
    tx: &Connection,
    scope: &MemoryScope,
    filter: &MemoryFilter,
    states: &[State],
    after: Option<&str>,
    limit: usize,
    now: TimestampMs,
) -> Result<MemoryPage, Fault> {
    let mut condition = Condition::new(tx, scope, filter, states, Some(now))?;
    let total = condition.count(tx)?;
    if let Some(after) = after {
        let (created_at, key) = parse_cursor(after).ok_or_else(|| StoreError::UnknownCursor {
            cursor: after.to_owned(),
        })?;
        condition.and(
            "(m.created_at, m.memory) < (?, ?)",
            [created_at.into(), i64::from(key).into()],
        );
    }
    let sql = format!(
        "SELECT m.memory FROM memories m WHERE {} ORDER BY m.created_at DESC, m.memory DESC LIMIT {}",
        condition.sql,
        limit.saturating_add(1).min(i64::MAX as usize)
    );
    let mut keys: Vec<Key> = tx
        .prepare(&sql)?
        .query_map(params_from_iter(&condition.values), |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let has_more = keys.len() > limit;
    keys.truncate(limit);
    let mut page = MemoryPage {
        memories: Vec::with_capacity(keys.len()),
        next: None,
        total,
    };
    for &key in &keys {
        page.memories.extend(rows::load(tx, key)?);
    }
    if let (true, Some(key), Some(last)) = (has_more, keys.last(), page.memories.last()) {
        page.next = Some(format!("{}.{key}", last.created_at));
    }
    Ok(page)
}

fn parse_cursor(text: &str) -> Option<(TimestampMs, Key)> {
    let (created_at, key) = text.split_once('.')?;
    Some((created_at.parse().ok()?, key.parse().ok()?))
}

/// How many active memories a filter leaves a reader.
pub(super) fn count(tx: &Connection, reader: &Reader, filter: &MemoryFilter, now: TimestampMs) -> Result<u64, Fault> {
    Condition::new(tx, &MemoryScope::Reader(reader.clone()), filter, &[], Some(now))?.count(tx)
}

/// How many active memories there are, expired or not.
pub(super) fn count_active(tx: &Connection) -> Result<u64, Fault> {
    count_of(tx, "SELECT count(*) FROM memories WHERE state = 'active'", [])
}

/// The active memories that a filter leaves a reader.
pub(super) fn keys(
    tx: &Connection,
    reader: &Reader,
    filter: &MemoryFilter,
    now: TimestampMs,
) -> Result<Vec<Key>, Fault> {
    let condition = Condition::new(tx, &MemoryScope::Reader(reader.clone()), filter, &[], Some(now))?;
    let sql = format!("SELECT m.memory FROM memories m WHERE {}", condition.sql);
    let mut statement = tx.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(&condition.values), |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Active memories of the reader's project or session that are anchored to one of the paths.
pub(super) fn anchored(
    tx: &Connection,
    reader: &Reader,
    paths: &[&str],
    now: TimestampMs,
) -> Result<Vec<Memory>, Fault> {
    let place = |level| match reader.place(level) {
        Some(place) => rows::find_place(tx, &place),
        None => Ok(None),
    };
    let (project, session) = (place(ContextLevel::ProjectContext)?, place(ContextLevel::SessionState)?);
    let mut keys: BTreeSet<Key> = BTreeSet::new();
    let mut statement = tx.prepare_cached(
        "SELECT a.memory FROM anchors a JOIN memories m ON m.memory = a.memory AND m.version = a.version
         WHERE a.path = ?1 AND a.place IN (?2, ?3) AND m.state = 'active'
             AND (m.expires_at IS NULL OR m.expires_at > ?4)",
    )?;
    // An anchor whose file is not known has no path.
    for path in paths.iter().filter(|path| !path.is_empty()) {
        for key in statement.query_map(params![path, project, session, now], |row| row.get(0))? {
            keys.insert(key?);
        }
    }
    let mut memories = Vec::with_capacity(keys.len());
    for key in keys {
        memories.extend(rows::load(tx, key)?.filter(|memory| reader.may_read(&memory.place)));
    }
    Ok(memories)
}

/// What has expired by then, the oldest first.
pub(super) fn expired(tx: &Connection, now: TimestampMs, limit: usize) -> Result<Vec<MemoryId>, Fault> {
    let mut statement =
        tx.prepare_cached("SELECT id FROM memories WHERE expires_at <= ?1 ORDER BY expires_at, memory LIMIT ?2")?;
    let rows = statement.query_map(params![now, limit as i64], |row| row.get::<_, String>(0))?;
    let mut ids = Vec::new();
    for id in rows {
        ids.extend(MemoryId::parse(&id?));
    }
    Ok(ids)
}

/// Counts of everything in a scope, expired or not.
pub(super) fn stats(tx: &Connection, scope: &MemoryScope) -> Result<MemoryStats, Fault> {
    let condition = Condition::new(tx, scope, &MemoryFilter::default(), State::ALL, None)?;
    let by = |column: &str| -> Result<Vec<(String, u64)>, Fault> {
        let sql = format!(
            "SELECT {column}, count(*) FROM memories m JOIN places p ON p.place = m.place WHERE {} GROUP BY 1",
            condition.sql
        );
        let mut statement = tx.prepare(&sql)?;
        let rows = statement.query_map(params_from_iter(&condition.values), |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)? as u64))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    };
    let (levels, kinds, states) = (by("p.level")?, by("m.kind")?, by("m.state")?);
    let n_without_vector = format!(
        "SELECT count(*) FROM parts JOIN memories m ON m.memory = point >> 8 WHERE vector IS NULL AND {}",
        condition.sql
    );
    Ok(MemoryStats {
        by_level: named(ContextLevel::ALL, ContextLevel::as_str, &levels),
        by_kind: named(MemoryKind::ALL, MemoryKind::as_str, &kinds),
        by_state: named(State::ALL, State::as_str, &states),
        n_projects: by("p.project")?
            .iter()
            .filter(|(project, _)| !project.is_empty())
            .count() as u64,
        n_without_vector: count_of(tx, &n_without_vector, params_from_iter(&condition.values))?,
        n_audited: audit::count(tx)?,
        ..MemoryStats::default()
    })
}

/// Counts by name as counts by value, in the values' order; what is not there is left out.
fn named<T: Copy>(all: &[T], name: fn(T) -> &'static str, counts: &[(String, u64)]) -> Vec<(T, u64)> {
    let count = |value: T| counts.iter().find(|(text, _)| text == name(value));
    all.iter()
        .filter_map(|&value| count(value).map(|(_, n)| (value, *n)))
        .collect()
}

/// A condition over `memories m` with its values.
struct Condition {
    sql: String,
    values: Vec<Value>,
}

impl Condition {
    /// What a scope, a filter, states (none: active) and a time leave.
    fn new(
        tx: &Connection,
        scope: &MemoryScope,
        filter: &MemoryFilter,
        states: &[State],
        now: Option<TimestampMs>,
    ) -> Result<Self, Fault> {
        let levels = if filter.levels.is_empty() {
            ContextLevel::ALL
        } else {
            &filter.levels
        };
        let mut condition = Self {
            sql: String::new(),
            values: Vec::new(),
        };
        match scope {
            MemoryScope::Reader(reader) => {
                let mut places = BTreeSet::new();
                for place in levels.iter().filter_map(|level| reader.place(*level)) {
                    places.extend(rows::find_place(tx, &place)?);
                }
                condition.one_of("m.place", places.into_iter().map(Value::from));
            }
            MemoryScope::Everything => {
                let levels = levels.iter().map(|level| level.as_str().to_owned().into());
                condition.one_of_places(levels);
            }
        }
        let states = if states.is_empty() { &[State::Active] } else { states };
        condition.one_of("m.state", states.iter().map(|state| state.as_str().to_owned().into()));
        if !filter.kinds.is_empty() {
            condition.one_of(
                "m.kind",
                filter.kinds.iter().map(|kind| kind.as_str().to_owned().into()),
            );
        }
        for tag in &filter.tags {
            condition.and(
                "m.memory IN (SELECT memory FROM tags WHERE tag = ?)",
                [tag.clone().into()],
            );
        }
        if let Some(since) = filter.since {
            condition.and("m.created_at >= ?", [since.into()]);
        }
        if let Some(until) = filter.until {
            condition.and("m.created_at < ?", [until.into()]);
        }
        if let Some(now) = now {
            condition.and("(m.expires_at IS NULL OR m.expires_at > ?)", [now.into()]);
        }
        Ok(condition)
    }

    fn and(&mut self, sql: &str, values: impl IntoIterator<Item = Value>) {
        if !self.sql.is_empty() {
            self.sql.push_str(" AND ");
        }
        self.sql.push_str(sql);
        self.values.extend(values);
    }

    fn one_of(&mut self, column: &str, values: impl Iterator<Item = Value>) {
        let values: Vec<Value> = values.collect();
        self.and(&format!("{column} IN ({})", marks(values.len())), values);
    }

    fn one_of_places(&mut self, levels: impl Iterator<Item = Value>) {
        let levels: Vec<Value> = levels.collect();
        let sql = format!(
            "m.place IN (SELECT place FROM places WHERE level IN ({}))",
            marks(levels.len())
        );
        self.and(&sql, levels);
    }

    fn count(&self, tx: &Connection) -> Result<u64, Fault> {
        let sql = format!("SELECT count(*) FROM memories m WHERE {}", self.sql);
        count_of(tx, &sql, params_from_iter(&self.values))
    }
}

/// The one number that a query yields, which counts something.
pub(super) fn count_of(tx: &Connection, sql: &str, values: impl Params) -> Result<u64, Fault> {
    let count: i64 = tx.prepare_cached(sql)?.query_row(values, |row| row.get(0))?;
    Ok(count as u64)
}

fn marks(n_values: usize) -> String {
    vec!["?"; n_values].join(", ")
}
