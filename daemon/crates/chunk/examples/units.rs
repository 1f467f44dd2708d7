//! Extracts files and prints what was found: `units [--json|--references|--time] PATH…`, folders are walked.
//!
//! `--json` prints one line per symbol, for comparison with another parser; `--time` prints only the rate.

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use codemem_chunk::{Limits, TreeSitterExtractor};
use codemem_core::path::RepoPath;
use codemem_core::ports::Extractor as _;
use codemem_core::unit::Visibility;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut mode = String::new();
    let mut files = Vec::new();
    for argument in std::env::args().skip(1) {
        if argument.starts_with("--") {
            mode = argument;
        } else {
            walk(Path::new(&argument), &mut files)?;
        }
    }
    files.sort();
    let started = Instant::now();
    let extractor = TreeSitterExtractor::new(Limits {
        max_file_bytes: 2 << 20,
    })?;
    let compiled = started.elapsed();
    let mut total = Totals::default();
    for file in &files {
        let bytes = std::fs::read(file)?;
        let Some(path) = file
            .to_str()
            .and_then(|path| RepoPath::new(path.trim_start_matches('/')))
        else {
            continue;
        };
        let started = Instant::now();
        let result = extractor.extract(&path, &bytes);
        let elapsed = started.elapsed();
        match result {
            Err(reason) => {
                total.skipped += 1;
                if mode.is_empty() {
                    println!("{path}: skipped, {reason}");
                }
            }
            Ok(extraction) => {
                total.bytes += bytes.len();
                total.elapsed += elapsed;
                total.chunks += extraction.chunks.len();
                total.symbols += extraction.symbols.len();
                total.errors += usize::from(extraction.has_errors);
                if elapsed > total.slowest.0 {
                    total.slowest = (elapsed, file.clone());
                }
                if mode == "--references" {
                    let of = |index: Option<u32>| {
                        index.map_or("", |index| &extraction.symbols[index as usize].qualified_name)
                    };
                    for found in &extraction.references.uses {
                        println!(
                            "{}:{}:{}\t{}\t{}\t{}\tin {}",
                            file.display(),
                            found.line,
                            found.column,
                            found.kind.as_str(),
                            found.of.0,
                            found.name,
                            of(found.symbol)
                        );
                    }
                    for import in &extraction.references.imports {
                        println!(
                            "{}:{}\timports {} from {} as {}",
                            file.display(),
                            import.line,
                            import.name,
                            import.module,
                            import.local
                        );
                    }
                    for binding in &extraction.references.bindings {
                        println!(
                            "{}\t{}|{} = {}",
                            file.display(),
                            of(binding.owner),
                            binding.name,
                            binding.value.0
                        );
                    }
                }
                for symbol in &extraction.symbols {
                    if mode == "--json" {
                        println!(
                            "{}\t{}\t{}\t{}\t{}\t{}\t{}",
                            file.display(),
                            symbol.kind,
                            symbol.qualified_name.replace(['\t', '\n'], " "),
                            symbol.name,
                            symbol.lines.start,
                            symbol.lines.end,
                            symbol.visibility.map_or("", Visibility::as_str)
                        );
                    } else if mode.is_empty() {
                        let docstring = symbol.docstring.as_deref().and_then(|text| text.lines().next());
                        println!(
                            "{:>5}-{:<5} {} {} | {} | {}",
                            symbol.lines.start,
                            symbol.lines.end,
                            symbol.kind,
                            symbol.qualified_name,
                            symbol.signature,
                            docstring.unwrap_or_default()
                        );
                    }
                }
                if mode.is_empty() {
                    println!("{path}: {}, {:?}", extraction.language, extraction.leading_comment);
                    for chunk in &extraction.chunks {
                        let symbol = chunk
                            .symbol
                            .map(|index| &extraction.symbols[index as usize].qualified_name);
                        println!(
                            "  {}-{} {}b {symbol:?}",
                            chunk.lines.start,
                            chunk.lines.end,
                            chunk.bytes.len()
                        );
                    }
                }
            }
        }
    }
    if mode == "--time" {
        let seconds = total.elapsed.as_secs_f64();
        println!(
            "{} files ({} skipped, {} with errors), {:.1} MB, {} chunks, {} symbols in {:.2} s: {:.1} MB/s, {:.0} chunks/s; queries compiled in {:?}; slowest {:?}",
            files.len(),
            total.skipped,
            total.errors,
            total.bytes as f64 / 1e6,
            total.chunks,
            total.symbols,
            seconds,
            total.bytes as f64 / 1e6 / seconds,
            total.chunks as f64 / seconds,
            compiled,
            total.slowest
        );
    }
    Ok(())
}

#[derive(Default)]
struct Totals {
    bytes: usize,
    chunks: usize,
    symbols: usize,
    skipped: usize,
    errors: usize,
    elapsed: Duration,
    slowest: (Duration, PathBuf),
}

fn walk(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() && entry.file_name() != ".git" {
            walk(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}
