//! The answers for a person. Pure: text in, text out; every text ends with a line end unless empty.

mod config;
mod doctor;
mod exact;
mod expand;
mod freshness;
mod graph;
mod hop;
mod languages;
mod memory;
mod project;
mod search;
mod service;
mod status;
mod units;

pub(crate) use config::{config, example, reloaded};
pub(crate) use doctor::{finding, verdict};
pub(crate) use exact::absence;
pub(crate) use expand::expanded;
pub(crate) use freshness::freshness;
pub(crate) use graph::{affected, dot, ground, map, outline, symbol, symbol_receipt};
pub(crate) use languages::{language_added, language_removed, languages};
pub(crate) use memory::{
    added_memory, confirmed_memory, counted_memories, deleted_memory, edited_memory, found_memories, memories,
    memory_backup, memory_count, memory_import, memory_receipt, memory_restored, memory_stats, memory_with_history,
    write_remarks,
};
pub(crate) use project::project;
pub(crate) use search::{hits, receipt, roots};
pub(crate) use service::{manager_name, service_report, service_status};
pub(crate) use status::status;
pub(crate) use units::{bytes, count, counted, percent, seconds};

use super::Style;
use super::style::clean;
use codemem_proto::v1;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

/// The end of an index pass.
pub(crate) fn indexed(result: &v1::IndexRootResult, style: Style) -> String {
    let mut text = format!(
        "{}: {}, {}, {} in {}\n",
        style.subject(&clean(&result.root)),
        counted(result.files, "file"),
        counted(result.chunks, "chunk"),
        counted(result.symbols, "symbol"),
        seconds(result.seconds),
    );
    let chunks = counted(result.chunks, "chunk");
    let _ = writeln!(text, "  vectors for {} of {chunks}", count(result.vectors));
    if let Some(skipped) = skipped(&result.skipped) {
        let _ = writeln!(text, "  skipped {skipped}");
    }
    text
}

/// Skipped files by reason; `None` when there are none.
fn skipped(reasons: &HashMap<String, u64>) -> Option<String> {
    let sorted: BTreeMap<_, _> = reasons.iter().collect();
    let parts: Vec<String> = sorted
        .into_iter()
        .filter(|(_, n_files)| **n_files > 0)
        .map(|(reason, n_files)| format!("{} {}", count(*n_files), clean(reason).replace('_', " ")))
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// What prune deleted or would delete.
pub(crate) fn pruned(pruned: &v1::PruneResponse, dry_run: bool) -> String {
    let deleted = if dry_run { "would delete" } else { "deleted" };
    let parts = [
        (pruned.roots.len() as u64, "root that is gone", "roots that are gone"),
        (
            pruned.worktrees,
            "working tree that no root names",
            "working trees that no root names",
        ),
        (
            pruned.contents,
            "content that no working tree has",
            "contents that no working tree has",
        ),
        (
            pruned.documents,
            "entry of the index of words",
            "entries of the index of words",
        ),
        (
            pruned.vectors,
            "vector that no content has",
            "vectors that no content has",
        ),
        (pruned.orphans, "index that no root names", "indexes that no root names"),
    ];
    let parts = parts.into_iter().filter(|(number, _, _)| *number > 0);
    let mut text = String::new();
    for (number, one, many) in parts {
        let what = if number == 1 { one } else { many };
        let _ = writeln!(text, "{deleted} {} {what}", count(number));
    }
    if text.is_empty() {
        text.push_str("nothing to delete\n");
    }
    for root in &pruned.roots {
        let _ = writeln!(text, "  {} is gone", clean(root));
    }
    for root in &pruned.missing {
        let root = clean(root);
        let _ = writeln!(
            text,
            "  {root} is not there and is kept: its disk may be away; `codemem remove {root}` forgets it"
        );
    }
    if pruned.freed_bytes > 0 {
        let freed = bytes(pruned.freed_bytes);
        let _ = if dry_run {
            // What is freed within an index is known when it is done.
            writeln!(text, "at least {freed} would be freed")
        } else {
            writeln!(text, "{freed} freed")
        };
    }
    text
}

/// A root that was forgotten.
pub(crate) fn removed(root: &str, freed_bytes: u64) -> String {
    format!("forgot {}, {} freed\n", clean(root), bytes(freed_bytes))
}

/// The models, one a line; the one in use has a star.
pub(crate) fn models(models: &[v1::Model]) -> String {
    let line = |model: &v1::Model| {
        format!(
            "{} {}  {} dimensions, window {}, {}, {}, {}\n",
            if model.active { '*' } else { ' ' },
            clean(&model.name),
            model.dimension,
            model.window,
            model.precision,
            bytes(model.disk_bytes),
            model.fingerprint.get(..12).unwrap_or(&model.fingerprint),
        )
    };
    models.iter().map(line).collect()
}

/// What setup has installed.
pub(crate) fn setup(result: &v1::SetupResult) -> String {
    let model = result.model.as_ref().map_or_else(
        || "no model\n".to_owned(),
        |model| {
            models(std::slice::from_ref(model))
                .trim_start_matches(['*', ' '])
                .to_owned()
        },
    );
    format!("runtime  {}\nmodel    {model}", clean(&result.onnxruntime))
}

/// A daemon that runs.
pub(crate) fn running(hello: &v1::HelloResponse, started: bool) -> String {
    let how = if started { "started" } else { "already running" };
    format!("codememd {}: {how}, process {}\n", hello.version, hello.pid)
}

/// A daemon that does not.
pub(crate) fn stopped(stopped: bool) -> &'static str {
    if stopped {
        "codememd has stopped\n"
    } else {
        "codememd was not running\n"
    }
}

#[cfg(test)]
mod tests;
