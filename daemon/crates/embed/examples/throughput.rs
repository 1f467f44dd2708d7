//! Measures the embedding pool: `cargo run -p codemem-embed --example throughput DATA_DIR [THREADS] [PRECISION]`.
//!
//! Fetches the assets into DATA_DIR when they are not there. Prints passages per second, the time of
//! one short query idle and while passages are being embedded, and resident memory at each point.

use codemem_core::ports::Embedder;
use codemem_embed::{AssetConfig, Assets, EmbeddingPool, PoolConfig, Precision};
use std::io::Write as _;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{env, error::Error, fs, io, thread};

/// Words of which each passage takes 125: some 250 word pieces.
const WORDS: [&str; 12] = [
    "connection",
    "parse_header",
    "timeout",
    "fn",
    "buffer",
    "Result",
    "return",
    "socket",
    "self",
    "iterator",
    "0x7f",
    "flush",
];

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut arguments = env::args().skip(1);
    let mut config = AssetConfig::new(arguments.next().ok_or("which data directory?")?);
    let index_threads = arguments.next().map_or(Ok(2), |text| text.parse())?;
    config.precision = arguments
        .next()
        .and_then(|text| Precision::parse(&text))
        .unwrap_or_default();
    let mut out = io::stdout().lock();
    let assets = Arc::new(Assets::new(config));
    assets.ensure(&|_| ControlFlow::Continue(()))?;
    writeln!(out, "{} before anything is loaded", resident())?;

    let pool = EmbeddingPool::new(
        assets,
        PoolConfig {
            index_threads,
            query_threads: 1,
        },
    )?;
    let start = Instant::now();
    pool.embed_query("where is the timeout set")?;
    writeln!(out, "first query: {:.0?}; {}", start.elapsed(), resident())?;
    let mut times = queries(&pool, 100, 0)?;
    writeln!(out, "query: p50 {:.2?} p95 {:.2?}", times[50], times[95])?;

    let passages: Vec<String> = (0..128).map(passage).collect();
    pool.embed_passages(&passages[..1])?;
    let start = Instant::now();
    pool.embed_passages(&passages)?;
    let rate = passages.len() as f64 / start.elapsed().as_secs_f64();
    writeln!(out, "passages of 250 word pieces: {rate:.1}/s; {}", resident())?;

    let done = AtomicBool::new(false);
    times = thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                if pool.embed_passages(&passages).is_err() {
                    break;
                }
            }
        });
        let times = queries(&pool, 100, 1_000);
        done.store(true, Ordering::Relaxed);
        times
    })?;
    writeln!(out, "query while indexing: p50 {:.2?} p95 {:.2?}", times[50], times[95])?;

    pool.unload();
    drop(pool);
    writeln!(out, "unloaded: {}", resident())?;
    Ok(())
}

/// Sorted times of `n` different short queries.
fn queries(pool: &EmbeddingPool, n: usize, salt: usize) -> Result<Vec<Duration>, Box<dyn Error + Send + Sync>> {
    let mut times = Vec::with_capacity(n);
    for query in 0..n {
        let start = Instant::now();
        pool.embed_query(&format!("where is timeout {} set", query + salt))?;
        times.push(start.elapsed());
    }
    times.sort();
    Ok(times)
}

fn passage(seed: usize) -> String {
    let word = |at: usize| WORDS[(seed * 7 + at * at + at / 3) % WORDS.len()];
    (0..125).map(word).collect::<Vec<_>>().join(" ")
}

/// Resident memory of this process, of which anonymous (not backed by a file); zero where the system does not tell.
fn resident() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let megabytes = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        let kilobytes = line.split_whitespace().nth(1).and_then(|text| text.parse::<f64>().ok());
        kilobytes.unwrap_or(0.0) / 1024.0
    };
    format!(
        "{:.0} MB resident, {:.0} anonymous",
        megabytes("VmRSS:"),
        megabytes("RssAnon:")
    )
}
