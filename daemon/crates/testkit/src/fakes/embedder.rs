//! An embedder whose vectors say which words a text holds, and assets that are there or not.

use super::{Fault, Faults};
use codemem_core::ports::{
    AssetsProgress, AssetsReport, AssetsSource, AssetsState, Embedder, Fingerprint, InstalledModel, ModelAssets,
    PortError, PortErrorKind, PortResult,
};
use codemem_core::token::Tokenizer;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Length of the fake's vectors.
const DIMENSION: usize = 4_096;

/// Embeds by hashing words into buckets; texts with common words are near each other.
#[derive(Debug)]
pub struct FakeEmbedder {
    installed: Arc<AtomicBool>,
    fingerprint: Mutex<String>,
    n_texts: AtomicUsize,
    is_loaded: AtomicBool,
    faults: Faults,
}

impl FakeEmbedder {
    /// An embedder that works once `assets` are installed.
    pub fn new(assets: &FakeAssets, faults: Faults) -> Self {
        Self {
            installed: Arc::clone(&assets.installed),
            fingerprint: Mutex::new("fake".to_owned()),
            n_texts: AtomicUsize::new(0),
            is_loaded: AtomicBool::new(false),
            faults,
        }
    }

    /// How many passages were embedded.
    pub fn n_texts(&self) -> usize {
        self.n_texts.load(Ordering::Relaxed)
    }

    /// Pretends that another model is installed.
    pub fn set_fingerprint(&self, fingerprint: &str) {
        fingerprint.clone_into(&mut self.fingerprint.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn embed(&self, text: &str) -> PortResult<Vec<f32>> {
        self.fingerprint()?;
        self.is_loaded.store(true, Ordering::Relaxed);
        let mut vector = vec![0.0_f32; DIMENSION];
        Tokenizer::default().tokens(text, |token| {
            let bucket = token.bytes().fold(0xcbf2_9ce4_usize, |hash, byte| {
                (hash ^ usize::from(byte)).wrapping_mul(0x0100_0193)
            }) % DIMENSION;
            vector[bucket] += 1.0;
        });
        let length = vector
            .iter()
            .map(|value| value * value)
            .sum::<f32>()
            .sqrt()
            .max(f32::MIN_POSITIVE);
        for value in &mut vector {
            *value /= length;
        }
        Ok(vector)
    }
}

impl Embedder for FakeEmbedder {
    fn fingerprint(&self) -> PortResult<Fingerprint> {
        if !self.installed.load(Ordering::Relaxed) {
            return Err(PortError::new(PortErrorKind::Unavailable, "no model is installed"));
        }
        Ok(Fingerprint(
            self.fingerprint.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        ))
    }

    fn dimension(&self) -> PortResult<usize> {
        Ok(DIMENSION)
    }

    fn embed_query(&self, text: &str) -> PortResult<Vec<f32>> {
        self.faults.check(Fault::EmbedQuery)?;
        self.embed(text)
    }

    fn embed_passages(&self, texts: &[String]) -> PortResult<Vec<Vec<f32>>> {
        self.faults.check(Fault::Embed)?;
        self.n_texts.fetch_add(texts.len(), Ordering::Relaxed);
        texts.iter().map(|text| self.embed(text)).collect()
    }

    fn unload(&self) {
        self.is_loaded.store(false, Ordering::Relaxed);
    }

    fn is_loaded(&self) -> bool {
        self.is_loaded.load(Ordering::Relaxed)
    }
}

/// Assets that are installed at once, or can never be.
#[derive(Debug)]
pub struct FakeAssets {
    installed: Arc<AtomicBool>,
    available: bool,
}

impl FakeAssets {
    /// Assets that are there, that can be had, or (both false) that cannot.
    pub fn new(installed: bool, available: bool) -> Self {
        Self {
            installed: Arc::new(AtomicBool::new(installed)),
            available,
        }
    }
}

impl ModelAssets for FakeAssets {
    fn state(&self) -> AssetsState {
        if self.installed.load(Ordering::Relaxed) {
            AssetsState::Ready
        } else {
            AssetsState::Missing("the fake model".to_owned())
        }
    }

    fn ensure(&self, _source: &AssetsSource, progress: AssetsReport<'_>) -> PortResult<()> {
        let step = AssetsProgress {
            step: "fetching the fake model".to_owned(),
            done: 1,
            total: 2,
        };
        if progress(step).is_break() {
            return Err(PortError::new(PortErrorKind::Unavailable, "given up"));
        }
        if !self.available && !self.installed.load(Ordering::Relaxed) {
            return Err(PortError::new(PortErrorKind::Unavailable, "no network").with_hint("run `codemem setup`"));
        }
        self.installed.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn import(&self, _: &Path, _: Option<&str>, _: AssetsReport<'_>) -> PortResult<InstalledModel> {
        Err(PortError::new(PortErrorKind::Failed, "the fake imports nothing"))
    }

    fn models(&self) -> PortResult<Vec<InstalledModel>> {
        Ok(Vec::new())
    }

    fn runtime(&self) -> Option<PathBuf> {
        None
    }
}
