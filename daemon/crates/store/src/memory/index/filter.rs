//! What a memory is filtered by: the payload of its points, and the engine's filter for a question.
//!
//! Nothing here is parsed by the engine: fields have fixed names, and values are compared whole. A value starts with
//! what it is of, so that no tag, kind or session can pass for another: `project:` only ever comes from a place.

use codemem_core::memory::{ContextLevel, Memory, MemoryKind, Place, Reader, TimestampMs};
use codemem_core::ports::MemoryQuery;
use qdrant_edge::external::ordered_float::OrderedFloat;
use qdrant_edge::external::serde_json::{Map, Value};
use qdrant_edge::{
    Condition, CreateIndex, FieldCondition, FieldIndexOperations, Filter, JsonPath, Match, Payload, PayloadFieldSchema,
    PayloadSchemaType, Range,
};

/// Place, kind and tags: one field, because each indexed one costs files that a flush has to wait for.
const FACETS: &str = "facets";
/// [`Memory::created_at`].
const CREATED: &str = "created";
/// [`Memory::expires_at`], or [`NEVER`]: the engine estimates badly how many points a condition does not hold for.
const EXPIRES: &str = "expires";

/// When what does not expire does.
const NEVER: TimestampMs = TimestampMs::MAX;

/// What the points of a memory carry. No content.
pub(super) fn payload(memory: &Memory) -> Payload {
    let tags = memory.tags.iter().map(|tag| of_tag(tag));
    let facets = [of_place(&memory.place), of_kind(memory.kind)].into_iter().chain(tags);
    let mut fields = Map::new();
    fields.insert(FACETS.to_owned(), facets.map(Value::String).collect());
    fields.insert(CREATED.to_owned(), memory.created_at.into());
    fields.insert(EXPIRES.to_owned(), memory.expires_at.unwrap_or(NEVER).into());
    Payload(fields)
}

/// The place in a payload, as [`of_place`] writes it: the first facet.
pub(super) fn place_in(payload: &Payload) -> Option<&str> {
    payload.0.get(FACETS)?.get(0)?.as_str()
}

/// When a memory expires, by its payload.
pub(super) fn expiry_in(payload: &Payload) -> Option<TimestampMs> {
    payload.0.get(EXPIRES)?.as_i64().filter(|at| *at != NEVER)
}

/// The fields that [`place_in`] and [`expiry_in`] need.
pub(super) fn counted_fields() -> Vec<JsonPath> {
    vec![field(FACETS), field(EXPIRES)]
}

/// Operations that make the filters fast; without them they are slow and as right.
pub(super) fn field_indexes() -> impl Iterator<Item = FieldIndexOperations> {
    let kinds = [
        (FACETS, PayloadSchemaType::Keyword),
        (CREATED, PayloadSchemaType::Integer),
        (EXPIRES, PayloadSchemaType::Integer),
    ];
    kinds.into_iter().map(|(name, kind)| {
        FieldIndexOperations::CreateIndex(CreateIndex {
            field_name: field(name),
            field_schema: Some(PayloadFieldSchema::FieldType(kind)),
        })
    })
}

/// The places that a reader may read, of the given levels; no levels means all. As [`of_place`] writes them.
pub(super) fn places(reader: &Reader, levels: &[ContextLevel]) -> Vec<String> {
    let wanted = |level: &&ContextLevel| levels.is_empty() || levels.contains(level);
    let levels = ContextLevel::ALL.iter().filter(wanted);
    levels
        .filter_map(|level| reader.place(*level))
        .map(|place| of_place(&place))
        .collect()
}

/// The filter of a question; `None` when the reader is in no place that it asks about. `first_expiry` is when the first
/// of all memories expires: before that none has to be asked about it, and a filter by place alone is read off the
/// field's index instead of being put to each point.
pub(super) fn of_query(query: &MemoryQuery, first_expiry: Option<TimestampMs>) -> Option<Filter> {
    let places = places(&query.reader, &query.filter.levels);
    if places.is_empty() {
        return None;
    }
    let mut must = Vec::new();
    if !query.filter.kinds.is_empty() {
        let kinds: Vec<String> = query.filter.kinds.iter().map(|kind| of_kind(*kind)).collect();
        must.push(has(Match::from(kinds)));
    }
    must.extend(query.filter.tags.iter().map(|tag| has(Match::from(of_tag(tag)))));
    if query.filter.since.is_some() || query.filter.until.is_some() {
        let created = Range {
            gte: query.filter.since,
            lt: query.filter.until,
            ..Range::default()
        };
        must.push(in_range(CREATED, created));
    }
    if first_expiry.is_some_and(|expires_at| expires_at <= query.now) {
        let ahead = Range {
            gt: Some(query.now),
            ..Range::default()
        };
        must.push(in_range(EXPIRES, ahead));
    }
    Some(Filter {
        should: Some(places.into_iter().map(|place| has(Match::from(place))).collect()),
        min_should: None,
        must: Some(must).filter(|must| !must.is_empty()),
        must_not: None,
    })
}

/// A place as a facet.
pub(super) fn of_place(place: &Place) -> String {
    match place {
        Place::User => "user".to_owned(),
        Place::Project(project) => format!("project:{project}"),
        Place::Session(project, session) => format!("session:{project}:{}", session.as_str()),
    }
}

fn of_kind(kind: MemoryKind) -> String {
    format!("kind:{kind}")
}

/// A tag is what somebody wrote, and the engine keeps values that no point has any more for a while: its hash stands for it.
fn of_tag(tag: &str) -> String {
    format!("tag:{}", &blake3::hash(tag.as_bytes()).to_hex()[..16])
}

fn has(facet: Match) -> Condition {
    Condition::Field(FieldCondition::new_match(field(FACETS), facet))
}

/// Milliseconds are exact as the engine's floats for 285,000 years.
fn in_range(name: &str, range: Range<TimestampMs>) -> Condition {
    let exact = |at: TimestampMs| OrderedFloat(at as f64);
    Condition::Field(FieldCondition::new_range(field(name), range.map(exact)))
}

fn field(name: &str) -> JsonPath {
    JsonPath {
        first_key: name.to_owned(),
        rest: Vec::new(),
    }
}
