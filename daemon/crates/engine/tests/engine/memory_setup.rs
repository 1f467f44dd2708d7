//! Memories over fakes.

use crate::setup::{ROOT, Running, World};
use codemem_core::memory::{MemoryId, Origin, SessionId};
use codemem_core::ports::MemoryStore;
use codemem_engine::memory::{AddMemory, Added, Caller, FindMemories, Found, ListMemories, Memories};
use std::sync::Arc;

/// Seconds of a day.
pub(crate) const DAY: u64 = 86_400;

/// What the tests' clock shows at first, in milliseconds.
pub(crate) const NOW: i64 = 1_000_000_000;

/// A running engine with its memories.
pub(crate) struct Remembering {
    pub(crate) memories: Memories,
    pub(crate) running: Running,
}

impl World {
    /// Starts the engine and the memories.
    pub(crate) fn remember(&self) -> Remembering {
        let running = self.start();
        let store = Arc::clone(&self.memories) as Arc<dyn MemoryStore>;
        let (cancel, tracker) = (running.cancel.clone(), running.tracker.clone());
        Remembering {
            memories: Memories::start(store, running.engine.clone(), cancel, tracker),
            running,
        }
    }
}

impl Remembering {
    pub(crate) async fn add(&self, caller: Caller, level: &str, content: &str) -> Added {
        self.memories
            .add(caller, draft(level, content))
            .await
            .expect("it is stored")
    }

    /// The id of a fact of the usual project.
    pub(crate) async fn fact(&self, content: &str) -> MemoryId {
        self.add(user(), "PROJECT_CONTEXT", content).await.id
    }

    pub(crate) async fn find(&self, caller: Caller, query: &str) -> Found {
        self.memories.find(caller, question(query)).await.expect("an answer")
    }

    /// Contents of everything active that a caller may read, sorted.
    pub(crate) async fn contents(&self, caller: Caller) -> Vec<String> {
        let listed = self
            .memories
            .list(caller, ListMemories::default())
            .await
            .expect("a list");
        let mut contents: Vec<String> = listed.memories.into_iter().map(|shown| shown.memory.content).collect();
        contents.sort();
        contents
    }

    pub(crate) async fn stop(self) {
        drop(self.memories);
        self.running.stop().await;
    }
}

/// A person in the usual project, in a session.
pub(crate) fn user() -> Caller {
    Caller {
        project: Some(ROOT.into()),
        session: SessionId::new("s1"),
        origin: Origin::User,
        request: "r1".to_owned(),
    }
}

/// An agent at the same place.
pub(crate) fn agent() -> Caller {
    Caller {
        origin: Origin::Agent,
        ..user()
    }
}

pub(crate) fn draft(level: &str, content: &str) -> AddMemory {
    AddMemory {
        content: content.to_owned(),
        level: level.to_owned(),
        ..AddMemory::default()
    }
}

/// A question that is answered with whatever there is.
pub(crate) fn question(query: &str) -> FindMemories {
    FindMemories {
        query: query.to_owned(),
        no_gate: true,
        no_floor: true,
        ..FindMemories::default()
    }
}

pub(crate) fn found(found: &Found) -> Vec<&str> {
    found.hits.iter().map(|hit| hit.shown.memory.content.as_str()).collect()
}
