//! The fault plan: which call of which action fails, and how.

use codemem_core::ports::{PortError, PortErrorKind, PortResult};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// An action that can be made to fail.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fault {
    /// Listing a root.
    Scan,
    /// Reading a file.
    Read,
    /// Recording a batch.
    Record,
    /// Adding documents.
    PutChunks,
    /// Showing documents.
    RefreshLexical,
    /// Committing documents.
    CommitLexical,
    /// Marking documents.
    MarkLexical,
    /// Embedding passages.
    Embed,
    /// Embedding a query.
    EmbedQuery,
    /// Storing vectors.
    Upsert,
    /// Making searches of vectors faster: it does not come to its end.
    TuneVectors,
    /// Marking vectors.
    MarkVectors,
    /// Deleting what nothing refers to.
    Collect,
    /// Opening the stores.
    Open,
    /// Asking for words.
    SearchLexical,
    /// Asking for the nearest vectors.
    SearchVectors,
    /// Reading what files define and use.
    Facts,
    /// Reading the whole catalog.
    CheckCatalog,
    /// Reading the whole lexical index.
    CheckLexical,
    /// Reading all vectors.
    CheckVectors,
    /// Changing memories.
    StoreMemories,
    /// Reading one memory.
    ReadMemory,
    /// Reading a memory's former versions.
    MemoryHistory,
    /// Listing memories.
    ListMemories,
    /// Looking for memories.
    FindMemories,
    /// Looking for memories about files.
    AnchoredMemories,
    /// Listing expired memories.
    ExpiredMemories,
    /// Listing memories without vectors.
    MemoriesWithoutVectors,
    /// Storing vectors of memories.
    IndexMemories,
    /// Backing memories up.
    BackupMemories,
    /// Restoring memories.
    RestoreMemories,
    /// Counting memories.
    CountMemories,
}

/// Which calls fail. Cheap to clone; clones share the plan.
#[derive(Clone, Default, Debug)]
pub struct Faults(Arc<Mutex<HashMap<Fault, Plan>>>);

#[derive(Clone, Copy, Debug)]
struct Plan {
    /// Calls until it fails.
    left: u32,
    kind: PortErrorKind,
    /// Whether every call after that fails, too.
    always: bool,
}

impl Faults {
    /// Lets the `nth` next call of an action fail (1 = the very next), once.
    pub fn plan(&self, fault: Fault, nth: u32, kind: PortErrorKind) {
        let plan = Plan {
            left: nth,
            kind,
            always: false,
        };
        self.lock().insert(fault, plan);
    }

    /// Lets every call of an action fail from now on.
    pub fn plan_always(&self, fault: Fault, kind: PortErrorKind) {
        let plan = Plan {
            left: 1,
            kind,
            always: true,
        };
        self.lock().insert(fault, plan);
    }

    /// Whether an action is still to fail.
    pub fn is_planned(&self, fault: Fault) -> bool {
        self.lock().contains_key(&fault)
    }

    /// Forgets what was planned.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// To be asked at the start of each action.
    pub(super) fn check(&self, fault: Fault) -> PortResult<()> {
        let mut plans = self.lock();
        let Some(plan) = plans.get_mut(&fault) else {
            return Ok(());
        };
        plan.left = plan.left.saturating_sub(1);
        if plan.left > 0 {
            return Ok(());
        }
        let kind = plan.kind;
        if !plan.always {
            plans.remove(&fault);
        }
        Err(PortError::new(kind, format!("planned fault: {fault:?}")))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Fault, Plan>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
