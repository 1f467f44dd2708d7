//! The store as its users see it: what each change does, a model, who reads what, copies, and whatever goes wrong.

mod changes;
mod copies;
mod faults;
mod model;
mod reading;
mod scopes;

use super::{Memories, MemoryOptions};
use codemem_core::ids::{Hash128, RepositoryKey};
use codemem_core::memory::{
    Memory, MemoryFilter, MemoryId, MemoryKind, Origin, Place, ProjectKey, Reader, SessionId, State, TimestampMs, parts,
};
use codemem_core::ports::{
    Applied, AuditNote, IndexedMemory, MemoryChange, MemoryQuery, MemoryScope, MemoryStore as _,
};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// When nothing else is said.
const NOW: TimestampMs = 1_000_000;

/// Length of made-up vectors.
const DIMENSION: usize = 8;

fn open(directory: &Path) -> Memories {
    Memories::open(directory, MemoryOptions::default()).expect("opened")
}

fn open_read_only(directory: &Path) -> Memories {
    Memories::open(directory, MemoryOptions { read_only: true }).expect("opened")
}

fn project(number: u8) -> ProjectKey {
    RepositoryKey::new(Hash128([number; 16]))
}

fn session(number: u8) -> SessionId {
    SessionId::new(&format!("session-{number}")).expect("valid")
}

/// User, two projects, a session of each, another session of the first.
fn places() -> [Place; 6] {
    [
        Place::User,
        Place::Project(project(1)),
        Place::Project(project(2)),
        Place::Session(project(1), session(1)),
        Place::Session(project(2), session(1)),
        Place::Session(project(1), session(2)),
    ]
}

/// Nobody in particular, and whoever is somewhere.
fn readers() -> [Reader; 6] {
    let reader = |project, session| Reader { project, session };
    [
        reader(None, None),
        reader(Some(project(1)), None),
        reader(Some(project(2)), Some(session(1))),
        reader(Some(project(1)), Some(session(1))),
        reader(Some(project(1)), Some(session(2))),
        reader(None, Some(session(1))),
    ]
}

fn id(number: u64) -> MemoryId {
    // Spread, as random ids are, and without a common beginning.
    MemoryId::new(number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// A memory of a user in the first project.
fn memory(number: u64, content: &str) -> Memory {
    Memory {
        id: id(number),
        content: content.to_owned(),
        place: Place::Project(project(1)),
        project_path: "/work/one".to_owned(),
        tags: Vec::new(),
        kind: MemoryKind::Note,
        origin: Origin::User,
        trust: 1.0,
        state: State::Active,
        created_at: NOW,
        updated_at: NOW,
        confirmed_at: None,
        confirmations: 0,
        expires_at: None,
        supersedes: None,
        superseded_by: None,
        version: 1,
        anchors: Vec::new(),
        flags: Vec::new(),
    }
}

/// A unit vector that follows from the text.
fn vector(text: &str) -> Vec<f32> {
    let hash = blake3::hash(text.as_bytes());
    let components: Vec<f32> = hash.as_bytes()[..DIMENSION]
        .iter()
        .map(|byte| f32::from(*byte) + 1.0)
        .collect();
    let length = components.iter().map(|x| x * x).sum::<f32>().sqrt();
    components.iter().map(|x| x / length).collect()
}

fn with_vectors(memory: &Memory) -> IndexedMemory {
    let vectors = parts::passages(memory).iter().map(|text| vector(text)).collect();
    parts::index(memory, Some(vectors))
}

fn add(memory: &Memory) -> MemoryChange {
    MemoryChange::Add(Box::new(with_vectors(memory)))
}

fn replace(memory: &Memory) -> MemoryChange {
    MemoryChange::Replace(Box::new(with_vectors(memory)))
}

fn touch(memory: &Memory) -> MemoryChange {
    MemoryChange::Touch(Box::new(memory.clone()))
}

fn note(at: TimestampMs) -> AuditNote {
    AuditNote {
        at,
        action: "test",
        origin: Origin::User,
        request: "request-1".to_owned(),
    }
}

fn apply(memories: &Memories, changes: Vec<MemoryChange>) -> Vec<Applied> {
    memories.apply(changes, &note(NOW)).expect("applied")
}

fn add_all(memories: &Memories, added: &[Memory]) {
    let applied = apply(memories, added.iter().map(add).collect());
    assert!(applied.iter().all(|applied| *applied == Applied::Done), "{applied:?}");
}

fn first_reader() -> Reader {
    Reader {
        project: Some(project(1)),
        session: Some(session(1)),
    }
}

fn query(reader: &Reader, text: &str) -> MemoryQuery {
    MemoryQuery {
        reader: reader.clone(),
        filter: MemoryFilter::default(),
        terms: parts::query_terms(text),
        vector: None,
        limit: 1_000,
        now: NOW,
    }
}

/// The contents that a question finds by words.
fn found(memories: &Memories, reader: &Reader, text: &str) -> BTreeSet<String> {
    let answer = memories.candidates(&query(reader, text)).expect("found");
    answer
        .candidates
        .into_iter()
        .map(|candidate| candidate.memory.content)
        .collect()
}

fn set(contents: &[&str]) -> BTreeSet<String> {
    contents.iter().map(|content| (*content).to_owned()).collect()
}

fn everything(memories: &Memories) -> Vec<Memory> {
    memories
        .list(
            &MemoryScope::Everything,
            &MemoryFilter::default(),
            State::ALL,
            None,
            10_000,
            NOW,
        )
        .expect("listed")
        .memories
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("listed") {
        let entry = entry.expect("read");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("type").is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

/// Every file below a directory with what it holds.
fn all_files(directory: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut pending = vec![directory.to_owned()];
    while let Some(place) = pending.pop() {
        for entry in fs::read_dir(&place).expect("listed") {
            let path = entry.expect("read").path();
            if path.is_dir() {
                pending.push(path);
            } else {
                files.push((path.clone(), fs::read(&path).expect("readable")));
            }
        }
    }
    files.sort();
    files
}
