//! Random histories against a map, with the store closed, killed, and killed between its commit and its index.

use super::*;
use crate::memory::{Writer, write};
use codemem_core::memory::ContextLevel;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::PathBuf;

const N_MEMORIES: u64 = 7;
const CONTENTS: [&str; 5] = [
    "common red",
    "common green",
    "common blue",
    "common red blue",
    "common grey",
];

#[derive(Clone, Debug)]
enum Change {
    Add(Box<Memory>, bool),
    /// Which, its next content, whether it follows the stored version.
    Replace(u64, &'static str, bool),
    Touch(u64, State, Option<i64>),
    Delete(u64),
}

#[derive(Clone, Debug)]
enum Step {
    Apply(Vec<Change>),
    /// The process ends after the commit, before the index is told.
    CommitAndDie(Vec<Change>),
    Reopen,
    Die,
}

fn change() -> impl Strategy<Value = Change> {
    let number = 0..N_MEMORIES;
    let state = proptest::sample::select(vec![State::Active, State::Active, State::Proposed]);
    let content = proptest::sample::select(CONTENTS.to_vec());
    // In steps, of which one passes with each batch.
    let expiry = proptest::option::weighted(0.3, 1_i64..20);
    let added = (
        number.clone(),
        content.clone(),
        0_usize..6,
        state,
        expiry.clone(),
        any::<bool>(),
    );
    let added = (added, proptest::option::weighted(0.3, number.clone())).prop_map(
        |((number, content, place, state, expires_at, has_vector), supersedes)| {
            let memory = Memory {
                place: places()[place].clone(),
                state,
                expires_at,
                supersedes: supersedes.map(id),
                ..memory(number, content)
            };
            Change::Add(Box::new(memory), has_vector)
        },
    );
    prop_oneof![
        5 => added,
        2 => (number.clone(), content, proptest::bool::weighted(0.8)).prop_map(|(n, c, next)| Change::Replace(n, c, next)),
        2 => (number.clone(), proptest::sample::select(State::ALL.to_vec()), expiry).prop_map(|(n, s, e)| Change::Touch(n, s, e)),
        2 => number.prop_map(Change::Delete),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let batch = || proptest::collection::vec(change(), 1..5);
    let step = prop_oneof![
        8 => batch().prop_map(Step::Apply),
        1 => batch().prop_map(Step::CommitAndDie),
        1 => Just(Step::Reopen),
        1 => Just(Step::Die),
    ];
    proptest::collection::vec(step, 1..14)
}

/// What should be stored.
#[derive(Default)]
struct Model {
    memories: BTreeMap<MemoryId, Memory>,
    history: BTreeMap<MemoryId, Vec<Memory>>,
    has_vector: BTreeMap<MemoryId, bool>,
    n_audited: u64,
}

impl Model {
    fn apply(&mut self, change: &MemoryChange, now: i64) -> Applied {
        let applied = match change {
            MemoryChange::Add(indexed) => self.add(indexed, now),
            MemoryChange::Replace(indexed) => self.replace(indexed),
            MemoryChange::Touch(memory) => self.touch(memory),
            MemoryChange::Delete(id) => self.delete(id),
        };
        self.n_audited += u64::from(applied != Applied::Conflict);
        applied
    }

    fn add(&mut self, indexed: &IndexedMemory, now: i64) -> Applied {
        let new = &indexed.memory;
        if new
            .supersedes
            .as_ref()
            .is_some_and(|former| !self.memories.contains_key(former))
        {
            return Applied::Conflict;
        }
        let same = self.memories.values_mut().find(|known| {
            known.place == new.place
                && known.content == new.content
                && known.state != State::Superseded
                && !known.is_expired(now)
        });
        if let Some(known) = same {
            let was_active = known.state == State::Active;
            known.confirmations += 1;
            known.confirmed_at = Some(now);
            known.expires_at = known.expires_at.zip(new.expires_at).map(|(a, b)| a.max(b));
            if new.state == State::Active {
                known.state = State::Active;
            }
            let known = known.clone();
            if !was_active && known.state == State::Active {
                self.supersede(known.supersedes.as_ref(), &known.id);
            }
            if new.state == State::Active {
                self.supersede(new.supersedes.as_ref(), &known.id);
            }
            return Applied::Duplicate(Box::new(known));
        }
        if self.memories.contains_key(&new.id) {
            return Applied::Conflict;
        }
        self.memories.insert(new.id.clone(), new.clone());
        self.has_vector
            .insert(new.id.clone(), indexed.parts[0].vector.is_some());
        if new.state == State::Active {
            self.supersede(new.supersedes.as_ref(), &new.id);
        }
        Applied::Done
    }

    fn replace(&mut self, indexed: &IndexedMemory) -> Applied {
        let new = &indexed.memory;
        let Some(known) = self
            .memories
            .get_mut(&new.id)
            .filter(|known| known.version + 1 == new.version)
        else {
            return Applied::Conflict;
        };
        let former = std::mem::replace(known, new.clone());
        self.history.entry(new.id.clone()).or_default().insert(0, former);
        self.has_vector
            .insert(new.id.clone(), indexed.parts[0].vector.is_some());
        if new.state == State::Active {
            self.supersede(new.supersedes.as_ref(), &new.id);
        }
        Applied::Done
    }

    fn touch(&mut self, new: &Memory) -> Applied {
        let Some(known) = self
            .memories
            .get_mut(&new.id)
            .filter(|known| known.version == new.version)
        else {
            return Applied::Conflict;
        };
        let was = known.clone();
        *known = Memory {
            state: new.state,
            trust: new.trust,
            confirmed_at: new.confirmed_at,
            confirmations: new.confirmations,
            expires_at: new.expires_at,
            superseded_by: new.superseded_by.clone(),
            anchors: new.anchors.clone(),
            ..was.clone()
        };
        if was.state == State::Superseded && new.state != State::Superseded {
            self.has_vector.insert(new.id.clone(), false);
        }
        if was.state != State::Active && new.state == State::Active {
            self.supersede(was.supersedes.as_ref(), &new.id);
        }
        Applied::Done
    }

    fn delete(&mut self, id: &MemoryId) -> Applied {
        if self.memories.remove(id).is_none() {
            return Applied::Conflict;
        }
        self.history.remove(id);
        for memory in self.memories.values_mut() {
            memory.supersedes = memory.supersedes.take().filter(|former| former != id);
            memory.superseded_by = memory.superseded_by.take().filter(|by| by != id);
        }
        Applied::Done
    }

    fn supersede(&mut self, former: Option<&MemoryId>, by: &MemoryId) {
        if let Some(known) = former
            .filter(|former| *former != by)
            .and_then(|id| self.memories.get_mut(id))
        {
            known.state = State::Superseded;
            known.superseded_by = Some(by.clone());
        }
    }

    fn n_without_vector(&self) -> u64 {
        let can_be_found = |memory: &&Memory| memory.state != State::Superseded;
        let without = |memory: &&Memory| !self.has_vector[&memory.id];
        self.memories.values().filter(can_be_found).filter(without).count() as u64
    }
}

/// The store, the model, and a clock that moves on with every step.
struct World {
    // Closed before its files go.
    memories: Option<Memories>,
    root: tempfile::TempDir,
    directory: PathBuf,
    model: Model,
    now: i64,
}

impl World {
    fn new() -> Self {
        let root = tempfile::tempdir().expect("temporary directory");
        let directory = root.path().join("0");
        let mut world = Self {
            memories: Some(open(&directory)),
            root,
            directory,
            model: Model::default(),
            now: 0,
        };
        world.claim();
        world
    }

    fn store(&self) -> &Memories {
        self.memories.as_ref().expect("open")
    }

    /// Vectors are to outlive the process.
    fn claim(&mut self) {
        let fingerprint = codemem_core::ports::Fingerprint("model".to_owned());
        self.store().without_vectors(&fingerprint, 0).expect("claimed");
    }

    /// The changes as the engine would make them of what is stored.
    fn changes(&self, changes: &[Change]) -> Vec<MemoryChange> {
        let stored = |number: &u64| {
            let known = self.model.memories.get(&id(*number));
            known.cloned().unwrap_or_else(|| memory(*number, "common nothing"))
        };
        changes
            .iter()
            .map(|change| match change {
                Change::Add(memory, true) => add(memory),
                Change::Add(memory, false) => MemoryChange::Add(Box::new(parts::index(memory, None))),
                Change::Replace(number, content, follows) => {
                    let stored = stored(number);
                    replace(&Memory {
                        content: (*content).to_owned(),
                        version: stored.version + u32::from(*follows),
                        ..stored
                    })
                }
                Change::Touch(number, state, expires_at) => touch(&Memory {
                    state: *state,
                    expires_at: *expires_at,
                    ..stored(number)
                }),
                Change::Delete(number) => MemoryChange::Delete(id(*number)),
            })
            .collect()
    }

    fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        self.now += 1;
        match step {
            Step::Apply(changes) => {
                // One by one where a later change depends on what an earlier one has made.
                let changes = self.changes(changes);
                let expected: Vec<Applied> = changes
                    .iter()
                    .map(|change| self.model.apply(change, self.now))
                    .collect();
                let applied = self.store().apply(changes, &note(self.now)).expect("applied");
                prop_assert_eq!(applied, expected);
            }
            Step::CommitAndDie(changes) => {
                let changes = self.changes(changes);
                let expected: Vec<Applied> = changes
                    .iter()
                    .map(|change| self.model.apply(change, self.now))
                    .collect();
                let (store, note) = (self.store(), note(self.now));
                let database = store.writable().expect("open");
                let mut writer = store.lock_writer();
                let made = store
                    .commit(&database, &mut writer, "change memories", |tx| {
                        write::apply(tx, &changes, &note)
                    })
                    .expect("committed");
                prop_assert_eq!(made.applied, expected);
                *writer = Writer::default();
                drop(writer);
                drop(database);
                self.die();
            }
            Step::Reopen => {
                self.memories = None;
                self.memories = Some(open(&self.directory));
            }
            Step::Die => self.die(),
        }
        self.compare()
    }

    /// Goes on with the files as they are while the store is open.
    fn die(&mut self) {
        let next = self.root.path().join(self.now.to_string());
        copy_tree(&self.directory, &next);
        self.memories = None;
        self.directory = next;
        self.memories = Some(open(&self.directory));
    }

    fn compare(&self) -> Result<(), TestCaseError> {
        let (store, now) = (self.store(), self.now);
        let everything = MemoryScope::Everything;
        let page = store
            .list(&everything, &MemoryFilter::default(), State::ALL, None, 99, now)
            .expect("listed");
        let listed: BTreeMap<MemoryId, Memory> = page
            .memories
            .into_iter()
            .map(|memory| (memory.id.clone(), memory))
            .collect();
        let unexpired = |memory: &&Memory| !memory.is_expired(now);
        let expected: BTreeMap<MemoryId, Memory> = self
            .model
            .memories
            .values()
            .filter(unexpired)
            .map(|memory| (memory.id.clone(), memory.clone()))
            .collect();
        prop_assert_eq!(listed, expected);
        for memory in self.model.memories.values() {
            let history = self.model.history.get(&memory.id).cloned().unwrap_or_default();
            prop_assert_eq!(store.history(&memory.id).expect("read"), history);
            let got = store.get(&everything, memory.id.as_str()).expect("read");
            prop_assert_eq!(got.as_ref(), Some(memory));
        }
        for reader in &readers() {
            let asked = MemoryQuery {
                now,
                ..query(reader, "common")
            };
            let answer = store.candidates(&asked).expect("found");
            let found: BTreeSet<MemoryId> = answer.candidates.iter().map(|hit| hit.memory.id.clone()).collect();
            let may_answer = |memory: &&Memory| memory.state == State::Active && reader.may_read(&memory.place);
            let expected: BTreeSet<MemoryId> = self
                .model
                .memories
                .values()
                .filter(unexpired)
                .filter(may_answer)
                .map(|memory| memory.id.clone())
                .collect();
            prop_assert_eq!(found, expected.clone(), "{:?}", reader);
            prop_assert_eq!(answer.n_searched, expected.len() as u64);
        }
        let stats = store.stats(&everything).expect("counted");
        prop_assert_eq!(stats.n_without_vector, self.model.n_without_vector());
        prop_assert_eq!(stats.n_audited, self.model.n_audited);
        let n_users = self
            .model
            .memories
            .values()
            .filter(|memory| memory.place == Place::User)
            .count() as u64;
        let counted = stats
            .by_level
            .iter()
            .find(|(level, _)| *level == ContextLevel::UserPreference);
        prop_assert_eq!(counted.map_or(0, |(_, n)| *n), n_users);
        prop_assert_eq!(stats.problem, None);
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn the_store_agrees_with_a_map_whenever_it_is_closed_or_killed(steps in steps()) {
        let mut world = World::new();
        for step in &steps {
            world.step(step)?;
        }
        prop_assert_eq!(world.store().check(), []);
    }
}
