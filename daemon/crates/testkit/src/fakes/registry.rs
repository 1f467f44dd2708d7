//! A registry in memory that hands out the same stores again and again, as a disk would.

use super::{Fault, Faults, MemoryCatalog, MemoryLexical, MemoryVectors};
use codemem_core::ids::RepositoryKey;
use codemem_core::ports::{PortResult, Registry, Root, Stores};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Roots and stores. Survives the engines that use it.
pub struct FakeRegistry {
    roots: Mutex<Vec<Root>>,
    stores: Mutex<HashMap<RepositoryKey, (Stores, Arc<MemoryLexical>)>>,
    faults: Faults,
}

impl FakeRegistry {
    /// A registry without roots.
    pub fn new(faults: Faults) -> Self {
        Self {
            roots: Mutex::default(),
            stores: Mutex::default(),
            faults,
        }
    }

    /// The lexical indexes of all repositories.
    pub fn lexical(&self) -> Vec<Arc<MemoryLexical>> {
        let stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
        stores.values().map(|(_, lexical)| Arc::clone(lexical)).collect()
    }

    /// The stores of all repositories.
    pub fn stores(&self) -> Vec<Stores> {
        let stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
        stores.values().map(|(stores, _)| stores.clone()).collect()
    }
}

impl Registry for FakeRegistry {
    fn roots(&self) -> PortResult<Vec<Root>> {
        Ok(self.roots.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn add(&self, root: &Root) -> PortResult<()> {
        let mut roots = self.roots.lock().unwrap_or_else(PoisonError::into_inner);
        if !roots.contains(root) {
            roots.push(root.clone());
        }
        Ok(())
    }

    fn remove(&self, path: &Path) -> PortResult<bool> {
        let mut roots = self.roots.lock().unwrap_or_else(PoisonError::into_inner);
        let before = roots.len();
        roots.retain(|root| root.path != path);
        Ok(roots.len() < before)
    }

    fn open(&self, repository: &RepositoryKey) -> PortResult<Stores> {
        self.faults.check(Fault::Open)?;
        let mut stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
        let (stores, lexical) = stores.entry(repository.clone()).or_insert_with(|| {
            let lexical = Arc::new(MemoryLexical::new(self.faults.clone()));
            let stores = Stores {
                catalog: Arc::new(MemoryCatalog::new(self.faults.clone())),
                lexical: Arc::clone(&lexical) as _,
                vectors: Arc::new(MemoryVectors::new(self.faults.clone())),
            };
            (stores, lexical)
        });
        lexical.crash();
        Ok(stores.clone())
    }

    fn destroy(&self, repository: &RepositoryKey) -> PortResult<()> {
        self.stores
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(repository);
        Ok(())
    }

    fn repositories(&self) -> PortResult<Vec<RepositoryKey>> {
        Ok(self
            .stores
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .keys()
            .cloned()
            .collect())
    }

    fn disk_bytes(&self, _repository: &RepositoryKey) -> u64 {
        1_000
    }
}
