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
    /// Committing documents.
    CommitLexical,
    /// Marking documents.
    MarkLexical,
    /// Embedding passages.
    Embed,
    /// Storing vectors.
    Upsert,
    /// Marking vectors.
    MarkVectors,
    /// Deleting what nothing refers to.
    Collect,
    /// Opening the stores.
    Open,
}

/// Which calls fail. Cheap to clone; clones share the plan.
#[derive(Clone, Default, Debug)]
pub struct Faults(Arc<Mutex<HashMap<Fault, (u32, PortErrorKind)>>>);

impl Faults {
    /// Lets the `nth` next call of an action fail (1 = the very next), once.
    pub fn plan(&self, fault: Fault, nth: u32, kind: PortErrorKind) {
        self.lock().insert(fault, (nth, kind));
    }

    /// To be asked at the start of each action.
    pub(super) fn check(&self, fault: Fault) -> PortResult<()> {
        let mut plan = self.lock();
        let Some((left, kind)) = plan.get_mut(&fault) else {
            return Ok(());
        };
        *left -= 1;
        if *left > 0 {
            return Ok(());
        }
        let kind = *kind;
        plan.remove(&fault);
        Err(PortError::new(kind, format!("planned fault: {fault:?}")))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Fault, (u32, PortErrorKind)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
