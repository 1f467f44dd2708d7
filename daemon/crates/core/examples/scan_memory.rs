//! Reads texts as if each were to be stored, and says what the rules for secrets and for orders find in them.
//!
//! usage: `scan_memory lines|files < PATHS`, a path a line. `lines` takes every line of a file by itself, as a memory of one
//! line would be; `files` takes the first 32 KiB of each. Prints `rule <tab> path <tab> line <tab> what was found`, and the counts and
//! the time at the end. Driven by `bench/memory/scan.py`.

use codemem_core::memory::{MAX_CONTENT, flags, secrets};
use std::io::{self, BufRead, Write};
use std::time::{Duration, Instant};

fn main() -> io::Result<()> {
    let by_line = std::env::args().nth(1).as_deref() == Some("lines");
    let mut out = io::BufWriter::new(io::stdout().lock());
    let (mut n_texts, mut n_bytes, mut spent, mut slowest) = (0_u64, 0_u64, [Duration::ZERO; 2], [Duration::ZERO; 2]);
    for path in io::stdin().lock().lines() {
        let path = path?;
        let Ok(whole) = std::fs::read_to_string(&path) else {
            continue;
        };
        let mut end = whole.len().min(MAX_CONTENT);
        while !whole.is_char_boundary(end) {
            end -= 1;
        }
        let texts: Vec<&str> = if by_line {
            whole.lines().collect()
        } else {
            vec![&whole[..end]]
        };
        for (index, text) in texts.into_iter().enumerate() {
            n_texts += 1;
            n_bytes += text.len() as u64;
            let begun = Instant::now();
            let findings = secrets::find(text);
            let between = Instant::now();
            let flags = flags::flags(text);
            let times = [between - begun, between.elapsed()];
            for of in 0..2 {
                spent[of] += times[of];
                slowest[of] = slowest[of].max(times[of]);
            }
            for finding in findings {
                let line = index + 1 + text[..finding.range.start].matches('\n').count();
                let around = text[..finding.range.start].rfind('\n').map_or(0, |newline| newline + 1);
                let shown: String = text[around..finding.range.end].chars().take(200).collect();
                writeln!(out, "{}\t{path}\t{line}\t{}", finding.rule, shown.replace('\n', "\\n"))?;
            }
            for flag in flags {
                let shown: String = text.chars().take(if by_line { 300 } else { 0 }).collect();
                writeln!(out, "flag:{flag}\t{path}\t{}\t{shown}", index + 1)?;
            }
        }
    }
    writeln!(
        out,
        "{n_texts} texts, {n_bytes} bytes; secrets {:?}, slowest {:?}; flags {:?}, slowest {:?}",
        spent[0], slowest[0], spent[1], slowest[1]
    )?;
    out.flush()
}
