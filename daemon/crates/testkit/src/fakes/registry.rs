//! A registry in memory that hands out the same stores again and again, as a disk would.

use super::{Fault, Faults, MemoryCatalog, MemoryLexical, MemoryVectors};
use codemem_core::ids::RepositoryKey;
use codemem_core::ports::{Closing, PortResult, Registry, Repair, Root, StoreFinding, StoreKind, Stores};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Roots and stores. Survives the engines that use it.
pub struct FakeRegistry {
    roots: Mutex<Vec<Root>>,
    stores: Mutex<HashMap<RepositoryKey, (Stores, Arc<MemoryLexical>)>>,
    /// What the next opening finds damaged.
    damaged: Mutex<Vec<StoreKind>>,
    /// What an opening other than the very first finds damaged.
    damaged_later: Mutex<Vec<StoreKind>>,
    n_opened: Mutex<u32>,
    /// What the stores of the next opening end with.
    closing: Mutex<Closing>,
    faults: Faults,
}

impl FakeRegistry {
    /// A registry without roots.
    pub fn new(faults: Faults) -> Self {
        Self {
            roots: Mutex::default(),
            stores: Mutex::default(),
            damaged: Mutex::default(),
            damaged_later: Mutex::default(),
            n_opened: Mutex::default(),
            closing: Mutex::default(),
            faults,
        }
    }

    /// The lexical indexes of all repositories.
    pub fn lexical(&self) -> Vec<Arc<MemoryLexical>> {
        let stores = lock(&self.stores);
        stores.values().map(|(_, lexical)| Arc::clone(lexical)).collect()
    }

    /// The stores of all repositories.
    pub fn stores(&self) -> Vec<Stores> {
        let stores = lock(&self.stores);
        stores.values().map(|(stores, _)| stores.clone()).collect()
    }

    /// Lets the next opening find a store damaged, and make it anew.
    pub fn damage(&self, store: StoreKind) {
        lock(&self.damaged).push(store);
    }

    /// Lets the first opening after the very first find a store damaged.
    pub fn damage_later(&self, store: StoreKind) {
        lock(&self.damaged_later).push(store);
    }

    /// Lets the stores of the next opening run something when they are closed.
    pub fn close_with(&self, closing: Closing) {
        *lock(&self.closing) = closing;
    }

    /// How often stores were opened.
    pub fn n_opened(&self) -> u32 {
        *lock(&self.n_opened)
    }

    fn create(&self) -> (Stores, Arc<MemoryLexical>) {
        let lexical = Arc::new(MemoryLexical::new(self.faults.clone()));
        let stores = Stores {
            catalog: Arc::new(MemoryCatalog::new(self.faults.clone())),
            lexical: Arc::clone(&lexical) as _,
            vectors: Arc::new(MemoryVectors::new(self.faults.clone())),
            repairs: Vec::new(),
            closing: Closing::default(),
        };
        (stores, lexical)
    }
}

fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Registry for FakeRegistry {
    fn roots(&self) -> PortResult<Vec<Root>> {
        Ok(lock(&self.roots).clone())
    }

    fn add(&self, root: &Root) -> PortResult<()> {
        let mut roots = lock(&self.roots);
        let known = roots.iter().position(|known| known.path == root.path);
        let since = known.map_or(root.since, |place| roots.remove(place).since);
        roots.push(Root { since, ..root.clone() });
        Ok(())
    }

    fn remove(&self, path: &Path) -> PortResult<bool> {
        let mut roots = lock(&self.roots);
        let before = roots.len();
        roots.retain(|root| root.path != path);
        Ok(roots.len() < before)
    }

    fn open(&self, repository: &RepositoryKey) -> PortResult<Stores> {
        self.faults.check(Fault::Open)?;
        *lock(&self.n_opened) += 1;
        let mut all = lock(&self.stores);
        let (stores, lexical) = all.entry(repository.clone()).or_insert_with(|| self.create());
        lexical.crash();
        let mut damaged = std::mem::take(&mut *lock(&self.damaged));
        if *lock(&self.n_opened) > 1 {
            damaged.append(&mut lock(&self.damaged_later));
        }
        for store in &damaged {
            let (fresh, words) = self.create();
            match store {
                StoreKind::Roots | StoreKind::Memories => {}
                StoreKind::Catalog => (*stores, *lexical) = (fresh, words),
                StoreKind::Lexical => {
                    stores.catalog.reset_lexical()?;
                    (stores.lexical, *lexical) = (fresh.lexical, words);
                }
                StoreKind::Vectors => {
                    stores.catalog.reset_vectors()?;
                    stores.vectors = fresh.vectors;
                }
            }
        }
        let repairs = damaged.into_iter().map(|store| Repair {
            store,
            what: "planned damage".to_owned(),
            kept: Some("/fake/damaged".into()),
        });
        Ok(Stores {
            repairs: repairs.collect(),
            closing: std::mem::take(&mut *lock(&self.closing)),
            ..stores.clone()
        })
    }

    fn destroy(&self, repository: &RepositoryKey) -> PortResult<()> {
        lock(&self.stores).remove(repository);
        Ok(())
    }

    fn repairs(&self) -> Vec<Repair> {
        Vec::new()
    }

    fn check(&self, _repository: Option<&RepositoryKey>) -> Vec<StoreFinding> {
        Vec::new()
    }

    fn location(&self, repository: &RepositoryKey, store: StoreKind) -> PathBuf {
        Path::new("/fake").join(repository.as_str()).join(store.as_str())
    }

    fn repositories(&self) -> PortResult<Vec<RepositoryKey>> {
        Ok(lock(&self.stores).keys().cloned().collect())
    }

    fn disk_bytes(&self, _repository: &RepositoryKey) -> u64 {
        1_000
    }
}
