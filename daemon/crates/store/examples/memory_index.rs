//! Measures the index of memories: `cargo run --release --example memory_index -- [MEMORIES]`.
//!
//! Synthetic memories of Zipf-distributed words and random unit vectors, in a temporary directory.

#![expect(
    dead_code,
    reason = "the index is private to its crate, and included here with what it stands on"
)]
#![expect(unreachable_pub, reason = "as above")]
#![expect(clippy::print_stdout, reason = "a report")]

#[path = "../src/engine.rs"]
mod engine;
#[path = "../src/error.rs"]
mod error;
#[path = "../src/files.rs"]
mod files;
#[path = "../src/memory/index/mod.rs"]
mod index;
#[path = "../src/versioned.rs"]
mod versioned;

use codemem_core::ids::{Hash128, RepositoryKey};
use codemem_core::memory::{Memory, MemoryFilter, MemoryId, MemoryKind, Origin, Place, Reader, State};
use codemem_core::ports::{IndexedMemory, MemoryPart, MemoryQuery, SparseTerm};
use index::MemoryIndex;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const DIMENSION: usize = 384;
const WORDS: usize = 40;

struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn word(&mut self) -> u32 {
        // Zipf, about: the log of the rank is uniform over 30,000 words.
        (self.next() * 30_000_f64.ln()).exp() as u32
    }

    fn terms(&mut self, n: usize) -> Vec<SparseTerm> {
        let mut terms = BTreeMap::new();
        while terms.len() < n {
            terms.insert(self.word().wrapping_mul(2_654_435_761), 0.5 + self.next() as f32);
        }
        terms
            .into_iter()
            .map(|(term, weight)| SparseTerm { term, weight })
            .collect()
    }

    fn vector(&mut self) -> Vec<f32> {
        let raw: Vec<f32> = (0..DIMENSION).map(|_| self.next() as f32 - 0.5).collect();
        let length = raw.iter().map(|x| x * x).sum::<f32>().sqrt();
        raw.into_iter().map(|x| x / length).collect()
    }

    fn memory(&mut self, n_parts: usize) -> IndexedMemory {
        let place = match (self.next() * 4.0) as u8 {
            0 => Place::User,
            _ => Place::Project(project(0)),
        };
        let parts = (0..n_parts).map(|_| MemoryPart {
            terms: self.terms(WORDS),
            vector: Some(self.vector()),
        });
        let parts: Vec<MemoryPart> = parts.collect();
        let whole: BTreeMap<u32, f32> = parts
            .iter()
            .flat_map(|part| &part.terms)
            .map(|t| (t.term, t.weight))
            .collect();
        IndexedMemory {
            memory: Memory {
                id: MemoryId::new(1),
                content: String::new(),
                place,
                project_path: String::new(),
                tags: vec!["build".to_owned(), format!("t{}", (self.next() * 50.0) as u32)],
                kind: MemoryKind::ALL[(self.next() * 6.0) as usize],
                origin: Origin::User,
                trust: 1.0,
                state: State::Active,
                created_at: (self.next() * 1e12) as i64,
                updated_at: 0,
                confirmed_at: None,
                confirmations: 0,
                expires_at: (self.next() < 0.1).then_some(2_000_000_000_000),
                supersedes: None,
                superseded_by: None,
                version: 1,
                anchors: Vec::new(),
                flags: Vec::new(),
            },
            whole: whole
                .into_iter()
                .map(|(term, weight)| SparseTerm { term, weight })
                .collect(),
            parts,
        }
    }
}

fn project(number: u8) -> RepositoryKey {
    RepositoryKey::new(Hash128([number; 16]))
}

fn rss() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_whitespace()
            .nth(1)
            .and_then(|kib| kib.parse::<u64>().ok())
            .unwrap_or(0)
            / 1024
    };
    format!(
        "rss {} MiB (anonymous {}, files {})",
        of("VmRSS"),
        of("RssAnon"),
        of("RssFile")
    )
}

/// Resident megabytes of the index's files, and of the program's own.
fn mapped(directory: &std::path::Path) -> String {
    let maps = std::fs::read_to_string("/proc/self/smaps").unwrap_or_default();
    let directory = directory.display().to_string();
    let mut of: BTreeMap<String, u64> = BTreeMap::new();
    let mut name = String::new();
    for line in maps.lines() {
        let first = line.split_whitespace().next().unwrap_or_default();
        if first.contains('-') {
            name = match line.split_once(&directory) {
                Some((_, path)) => path.split('/').skip(4).collect::<Vec<_>>().join("/"),
                None => "other".to_owned(),
            };
        } else if first == "Rss:" {
            let kib = line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok());
            *of.entry(name.clone()).or_default() += kib.unwrap_or(0);
        }
    }
    of.retain(|_, kib| *kib > 300);
    format!("{of:?} KiB")
}

/// Nanoseconds that this thread has run.
fn cpu() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    stat.split_whitespace()
        .next()
        .and_then(|ns| ns.parse().ok())
        .unwrap_or(0)
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    println!(
        "{what}: p50 {:?} p95 {:?} max {:?} (n={})",
        at(50),
        at(95),
        at(100),
        times.len()
    );
}

fn time<T>(times: &mut Vec<Duration>, run: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = run();
    times.push(start.elapsed());
    result
}

fn main() -> Result<(), error::StoreError> {
    let n_memories: u32 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(10_000);
    let root = tempfile_directory();
    let directory = root.join("index");
    let mut random = Random(88_172_645_463_325_252);
    println!("before: {}", rss());
    let index = MemoryIndex::create(&directory, Some(DIMENSION))?;
    println!("created: {}", rss());
    let (mut put, mut flush, mut spent) = (Vec::new(), Vec::new(), 0);
    let start = Instant::now();
    for first in (0..n_memories).step_by(100) {
        let memories: Vec<IndexedMemory> = (first..(first + 100).min(n_memories))
            .map(|key| random.memory(if key % 25 == 0 { 6 } else { 1 }))
            .collect();
        let batch: Vec<(u32, &IndexedMemory)> = (first..).zip(&memories).collect();
        let before = cpu();
        time(&mut put, || index.put_many(&batch))?;
        spent += cpu() - before;
        time(&mut flush, || index.flush())?;
    }
    println!("put_many: {} us of CPU a memory", spent / 1_000 / u64::from(n_memories));
    println!("filled {n_memories} in {:?}: {}", start.elapsed(), rss());
    report("put_many of 100, all along", put.clone());
    report("put_many of 100, last 20", put.split_off(put.len().saturating_sub(20)));
    report("flush after 100", flush);
    let (mut put, mut flush, mut replace) = (Vec::new(), Vec::new(), Vec::new());
    for key in 0..100 {
        let memory = random.memory(1);
        time(&mut put, || index.put_many(&[(n_memories + key, &memory)]))?;
        time(&mut flush, || index.flush())?;
    }
    for key in 0..50 {
        let memory = random.memory(1);
        time(&mut replace, || index.put_many(&[(key * 100, &memory)]))?;
    }
    report("put of one", put);
    report("flush after one", flush);
    report("replace one", replace);
    println!("disk {} MiB", files::disk_bytes(&directory) >> 20);
    searches(&index, &mut random)?;
    println!("searched: {}", rss());
    println!("{}", mapped(&directory));
    let mut times = Vec::new();
    for key in 0..20 {
        time(&mut times, || index.remove(&[key]))?;
    }
    report("remove one", times);
    let keys: Vec<u32> = (20..n_memories / 3).collect();
    let start = Instant::now();
    index.remove(&keys)?;
    println!("remove {} and rewrite: {:?}, {}", keys.len(), start.elapsed(), rss());
    let start = Instant::now();
    drop(index);
    println!("close: {:?}, {}", start.elapsed(), rss());
    let mut opened = Vec::new();
    let before = cpu();
    for _ in 0..3 {
        drop(time(&mut opened, || {
            MemoryIndex::open(&directory, Some(DIMENSION), false)
        })?);
    }
    report(
        &format!("open two thirds ({} us of CPU)", (cpu() - before) / 3_000),
        opened,
    );
    let mut copied = Vec::new();
    for _ in 0..3 {
        drop(time(&mut copied, || {
            MemoryIndex::open(&directory, Some(DIMENSION), true)
        })?);
    }
    report("open for reading alone", copied);
    let index = MemoryIndex::open(&directory, Some(DIMENSION), false)?.expect("there");
    println!("opened: {}", rss());
    searches(&index, &mut random)?;
    println!("searched: {}, {}", rss(), mapped(&directory));
    let start = Instant::now();
    index.check()?;
    println!("check: {:?}", start.elapsed());
    drop(index);
    files::remove_directory(&root)
}

fn searches(index: &MemoryIndex, random: &mut Random) -> Result<(), error::StoreError> {
    let reader = Reader {
        project: Some(project(0)),
        session: None,
    };
    let tagged = MemoryFilter {
        tags: vec!["t7".to_owned()],
        ..MemoryFilter::default()
    };
    let timed = MemoryFilter {
        since: Some(500_000_000_000),
        ..MemoryFilter::default()
    };
    let kinds = [
        ("all, limit 50", MemoryFilter::default(), 50, true, true),
        ("all, limit 100", MemoryFilter::default(), 100, true, true),
        ("words alone", MemoryFilter::default(), 50, true, false),
        ("vector alone", MemoryFilter::default(), 50, false, true),
        ("of a tag", tagged, 50, true, true),
        ("of a time", timed, 50, true, true),
    ];
    for (what, filter, limit, has_words, has_vector) in kinds {
        let (mut times, mut n_hits) = (Vec::new(), 0);
        let queries: Vec<MemoryQuery> = (0..400)
            .map(|_| MemoryQuery {
                reader: reader.clone(),
                filter: filter.clone(),
                terms: if has_words { random.terms(8) } else { Vec::new() },
                vector: has_vector.then(|| random.vector()),
                limit,
                now: 1_000,
            })
            .collect();
        let before = cpu();
        for query in &queries {
            n_hits += time(&mut times, || index.search(query))?.len();
        }
        let cpu = (cpu() - before) / 400_000;
        report(
            &format!("search {what} ({} hits, {cpu} us of CPU)", n_hits / 400),
            times,
        );
    }
    Ok(())
}

fn tempfile_directory() -> std::path::PathBuf {
    std::env::temp_dir().join(format!("codemem-bench-{}", std::process::id()))
}
