//! How long it takes from a save to the hint at it: `cargo run -p codemem-watch --example watch_latency [DIRECTORY]`.
//!
//! In a directory of its own, below the one that is given, with as many files as a middling repository.

use codemem_core::ports::{Hint, SourceTree as _, TreeWatch, TreeWatcher as _, Watching};
use codemem_watch::{FileWatcher, WorkingTree};
use std::fs;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

const FILES: usize = 5_000;
const SAVES: usize = 200;

fn main() -> io::Result<()> {
    let parent = std::env::args_os()
        .nth(1)
        .map_or_else(std::env::temp_dir, PathBuf::from);
    let directory = tempfile::tempdir_in(parent)?;
    let root = directory.path().canonicalize()?;
    for n in 0..FILES {
        let file = file(n);
        fs::create_dir_all(root.join(&file).parent().unwrap_or(&root))?;
        fs::write(root.join(file), format!("fn f{n}() {{}}\n"))?;
    }
    let (hint_tx, hint_rx) = mpsc::sync_channel(1024);
    let began = Instant::now();
    let sink = Arc::new(move |hint: Hint| drop(hint_tx.send((Instant::now(), hint))));
    let watch: Box<dyn TreeWatch> = FileWatcher::default().watch(&root, sink).map_err(io::Error::other)?;
    let Watching::Events { directories } = watch.watching() else {
        return Err(io::Error::other(format!("{:?}", watch.watching())));
    };
    let mut out = io::stdout();
    writeln!(
        out,
        "{FILES} files, {directories} directories watched after {:?}",
        began.elapsed()
    )?;
    let mut looks = Vec::new();
    for n in 0..SAVES {
        let began = Instant::now();
        let look = WorkingTree.look(&root, &[file(n)], 1 << 20, &mut |_| ControlFlow::Continue(()));
        look.map_err(io::Error::other)?;
        looks.push(began.elapsed());
    }
    tell(&mut out, "a look at one path", looks)?;
    for (how, save) in [
        (
            "from a file written to its hint",
            write as fn(&Path, &str) -> io::Result<()>,
        ),
        ("from a file renamed to its hint", replace),
    ] {
        let mut took = Vec::new();
        for n in 0..SAVES {
            let path = file(n * 17 % FILES);
            save(&root.join(&path), &format!("fn g{n}() {{}}\n"))?;
            let saved = Instant::now();
            loop {
                let (hinted, hint) = hint_rx.recv_timeout(Duration::from_secs(5)).map_err(io::Error::other)?;
                if matches!(&hint, Hint::Paths(paths) if paths.iter().any(|hinted| path.starts_with(hinted))) {
                    took.push(hinted.saturating_duration_since(saved));
                    break;
                }
            }
            // As a person would: not while the watcher still paces the last one.
            thread::sleep(Duration::from_millis(30));
        }
        tell(&mut out, how, took)?;
    }
    Ok(())
}

fn tell(out: &mut impl Write, what: &str, mut took: Vec<Duration>) -> io::Result<()> {
    took.sort_unstable();
    let at = |share: usize| took[(took.len() * share / 100).min(took.len() - 1)];
    writeln!(out, "{what}: p50 {:?}, p95 {:?}, most {:?}", at(50), at(95), at(100))
}

fn file(n: usize) -> PathBuf {
    format!("src/{}/{}/file_{n}.rs", n % 20, n % 500).into()
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    fs::write(path, text)
}

/// As editors save.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let aside = path.with_extension("tmp");
    fs::write(&aside, text)?;
    fs::rename(aside, path)
}
