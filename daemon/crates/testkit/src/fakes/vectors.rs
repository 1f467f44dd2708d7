//! A vector index in memory: exact search.

use super::{Fault, Faults};
use codemem_core::ids::{IdSet, TextId};
use codemem_core::ports::{PortResult, VectorIndex, VectorSpace};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Vectors in a map.
#[derive(Default)]
pub struct MemoryVectors {
    points: Mutex<HashMap<(VectorSpace, TextId), Vec<f32>>>,
    faults: Faults,
}

impl MemoryVectors {
    /// An empty index.
    pub fn new(faults: Faults) -> Self {
        Self {
            faults,
            ..Self::default()
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(VectorSpace, TextId), Vec<f32>>> {
        self.points.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl VectorIndex for MemoryVectors {
    fn upsert(&self, space: VectorSpace, points: &[(TextId, Vec<f32>)]) -> PortResult<()> {
        self.faults.check(Fault::Upsert)?;
        self.lock()
            .extend(points.iter().map(|(text, vector)| ((space, *text), vector.clone())));
        Ok(())
    }

    fn delete(&self, texts: &[TextId]) -> PortResult<()> {
        self.lock().retain(|(_, text), _| !texts.contains(text));
        Ok(())
    }

    fn clear(&self) -> PortResult<()> {
        self.lock().clear();
        Ok(())
    }

    fn flush(&self) -> PortResult<()> {
        Ok(())
    }

    fn search(
        &self,
        space: VectorSpace,
        vector: &[f32],
        within: Option<&IdSet>,
        limit: usize,
    ) -> PortResult<Vec<(TextId, f32)>> {
        self.faults.check(Fault::SearchVectors)?;
        let points = self.lock();
        let near = points
            .iter()
            .filter(|((of, text), _)| *of == space && within.is_none_or(|within| within.contains(text.0)));
        let cosine = |point: &[f32]| point.iter().zip(vector).map(|(a, b)| a * b).sum::<f32>();
        let mut near: Vec<(TextId, f32)> = near.map(|((_, text), point)| (*text, cosine(point))).collect();
        near.sort_by(|a, b| b.1.total_cmp(&a.1));
        near.truncate(limit);
        Ok(near)
    }

    fn held(&self, space: VectorSpace) -> PortResult<IdSet> {
        let points = self.lock();
        let held = points.keys().filter(|(of, _)| *of == space);
        Ok(held.map(|(_, text)| text.0).collect())
    }

    fn count(&self, space: VectorSpace) -> PortResult<u64> {
        Ok(self.lock().keys().filter(|(of, _)| *of == space).count() as u64)
    }

    fn check(&self) -> PortResult<()> {
        self.faults.check(Fault::CheckVectors)
    }

    /// With a planned fault, this takes until it is told to stop.
    fn tune(&self, stop: &dyn Fn() -> bool) -> PortResult<bool> {
        let is_endless = self.faults.check(Fault::TuneVectors).is_err();
        while is_endless && !stop() {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(!is_endless)
    }

    fn generation(&self) -> u64 {
        1
    }

    fn disk_bytes(&self) -> u64 {
        self.lock().len() as u64 * 100
    }
}
