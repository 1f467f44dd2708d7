//! Memories for a person: what was recorded is quoted, with where it came from and how far it is to be believed.

use super::super::Style;
use super::super::json::ImportReport;
use super::super::style::{clean, clean_lines};
use super::{bytes, count, counted};
use codemem_proto::memory::{kind_name, level_name, origin_name, state_name, title};
use codemem_proto::time;
use codemem_proto::v1;
use codemem_proto::v1::MemoryState;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

/// Most lines of a content among others: `memory get` shows the whole.
const CONTENT_LINES: usize = 12;

/// Longest title in a list, in characters.
const TITLE: usize = 80;

/// A number of memories.
pub(crate) fn counted_memories(number: u64) -> String {
    match number {
        1 => "1 memory".to_owned(),
        number => format!("{} memories", count(number)),
    }
}

/// The hits, best first, and by name those for which no room was left.
pub(crate) fn found_memories(answer: &v1::FindMemoriesResponse, style: Style) -> String {
    let mut texts: Vec<String> = answer.hits.iter().map(|found| hit(found, style)).collect();
    if !answer.more.is_empty() {
        let mut text = "left out for lack of room; `codemem memory get ID` prints one\n".to_owned();
        for handle in &answer.more {
            let _ = writeln!(text, "{}  {}", style.subject(&clean(&handle.id)), clean(&handle.title));
        }
        texts.push(text);
    }
    texts.join("\n")
}

fn hit(hit: &v1::MemoryHit, style: Style) -> String {
    let memory = hit.memory.clone().unwrap_or_default();
    let mut text = head(&memory, style);
    let _ = writeln!(text, "  {:.2}", hit.score);
    text.push_str(&quoted(&memory.content, CONTENT_LINES, style));
    text.push_str(&provenance(&memory, style));
    for id in &hit.contradicts {
        let label = style.warning("contradicted by:");
        let _ = writeln!(text, "    {label} {}", clean(id));
    }
    if !hit.folded.is_empty() {
        let _ = writeln!(text, "    the same in other words: {}", clean(&hit.folded.join(", ")));
    }
    if !hit.features.is_empty() {
        let _ = writeln!(text, "    {}", explanation(hit));
    }
    text
}

/// Id, level, kind and day, without an end.
fn head(memory: &v1::MemoryUnit, style: Style) -> String {
    format!(
        "{}  {}  {}  {}",
        style.subject(&clean(&memory.id)),
        level_name(memory.context_level()),
        style.name(kind_name(memory.kind())),
        time::date(memory.created_at_ms),
    )
}

/// A content as what it is: somebody's words. No line of it can be taken for one of ours.
fn quoted(content: &str, most: usize, style: Style) -> String {
    let mut text = String::new();
    let mut lines = content.lines();
    for line in lines.by_ref().take(most) {
        let _ = writeln!(text, "    {} {}", style.dim(">"), clean(line));
    }
    let n_left = lines.count() as u64;
    if n_left > 0 {
        let _ = writeln!(
            text,
            "    {}",
            style.dim(&format!("… {}", counted(n_left, "more line")))
        );
    }
    text
}

/// Where it comes from, what is known against it.
fn provenance(memory: &v1::MemoryUnit, style: Style) -> String {
    let mut parts = vec![format!(
        "from {}, trust {:.2}",
        origin_name(memory.origin()),
        memory.trust
    )];
    if memory.confirmed_at_ms != 0 {
        parts.push(format!("confirmed {}", time::date(memory.confirmed_at_ms)));
    }
    if memory.expires_at_ms != 0 {
        parts.push(format!("until {}", time::date(memory.expires_at_ms)));
    }
    if !memory.tags.is_empty() {
        parts.push(format!("tags {}", clean(&memory.tags.join(" "))));
    }
    let mut text = format!("    {}\n", parts.join("; "));
    if memory.state() != MemoryState::Active {
        let _ = writeln!(text, "    {}", style.warning(state_name(memory.state())));
    }
    if !memory.stale.is_empty() {
        let _ = writeln!(text, "    {}", style.warning(&clean(&memory.stale)));
    }
    if !memory.flags.is_empty() {
        let label = style.warning("caution:");
        let flags = memory.flags.join(", ");
        let _ = writeln!(
            text,
            "    {label} reads like an order, and is only a record ({})",
            clean(&flags)
        );
    }
    text
}

/// The score and the shares that made it, largest first.
fn explanation(hit: &v1::MemoryHit) -> String {
    let mut shares: Vec<&v1::MemoryFeature> = hit.features.iter().filter(|f| f.share.abs() >= 0.005).collect();
    shares.sort_by(|a, b| b.share.abs().total_cmp(&a.share.abs()));
    let shares: Vec<String> = shares
        .iter()
        .map(|feature| format!("{} {:+.2}", clean(&feature.name), feature.share))
        .collect();
    format!("score {:.2} ({}): {}", hit.score, clean(&hit.reason), shares.join(", "))
}

/// What an answer rests on, in one line.
pub(crate) fn memory_receipt(answer: &v1::FindMemoriesResponse) -> String {
    let gate = answer.gate.clone().unwrap_or_default();
    let found = match answer.hits.len() {
        0 if answer.more.is_empty() => "nothing found".to_owned(),
        n_hits => counted_memories(n_hits as u64),
    };
    let mut parts = vec![format!("{found} in {:.1} ms", answer.took_ms)];
    if gate.decision == "SKIP" {
        parts.push(format!(
            "not searched: {}; --no-gate searches all the same",
            clean(&gate.reason)
        ));
        return parts.join("; ");
    }
    parts.push(format!("searched {}", counted_memories(answer.searched)));
    if !answer.query_used.is_empty() {
        parts.push(format!("asked for `{}`", clean(&answer.query_used)));
    }
    if !answer.vectors_used {
        parts.push(match answer.vectors_reason.as_str() {
            "" => "no vectors".to_owned(),
            reason => format!("no vectors: {}", clean(reason)),
        });
    }
    parts.join("; ")
}

/// One memory a line.
pub(crate) fn memories(memories: &[v1::MemoryUnit], style: Style) -> String {
    let line = |memory: &v1::MemoryUnit| {
        let mut text = format!("{}  {}", head(memory, style), clean(&title(&memory.content, TITLE)));
        let is_plain = memory.state() == MemoryState::Active;
        let marks = [
            (!is_plain).then(|| state_name(memory.state())),
            (!memory.stale.is_empty()).then_some(memory.stale.as_str()),
            (!memory.flags.is_empty()).then_some("reads like an order"),
        ];
        for mark in marks.into_iter().flatten() {
            let _ = write!(text, "  {}", style.warning(&format!("({})", clean(mark))));
        }
        text.push('\n');
        text
    };
    memories.iter().map(line).collect()
}

/// How many a list has, and how to go on.
pub(crate) fn memory_count(answer: &v1::ListMemoriesResponse) -> String {
    let shown = answer.memories.len() as u64;
    if answer.next.is_empty() {
        return counted_memories(answer.total.max(shown));
    }
    format!(
        "{} of {}; go on with --after {}",
        count(shown),
        counted_memories(answer.total),
        clean(&answer.next)
    )
}

/// One memory whole, and what it said before.
pub(crate) fn memory_with_history(answer: &v1::GetMemoryResponse, style: Style) -> String {
    let memory = answer.memory.clone().unwrap_or_default();
    let mut text = whole(&memory, style);
    for former in &answer.history {
        let (version, date) = (former.version, time::date(former.updated_at_ms));
        let _ = writeln!(text, "\nversion {version}, {date}");
        text.push_str(&quoted(&former.content, usize::MAX, style));
    }
    text
}

fn whole(memory: &v1::MemoryUnit, style: Style) -> String {
    let mut text = head(memory, style);
    text.push('\n');
    text.push_str(&quoted(&memory.content, usize::MAX, style));
    text.push_str(&provenance(memory, style));
    for anchor in &memory.anchors {
        let _ = writeln!(text, "    about {} ({})", clean(&anchor.name), clean(&anchor.status));
    }
    let given = [
        ("project", &memory.project),
        ("session", &memory.session),
        ("supersedes", &memory.supersedes),
        ("superseded by", &memory.superseded_by),
    ];
    for (name, value) in given.into_iter().filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(text, "    {name} {}", clean(value));
    }
    let updated = time::date(memory.updated_at_ms);
    let _ = writeln!(
        text,
        "    version {}, {updated}; {}",
        memory.version,
        counted(memory.confirmations.into(), "confirmation")
    );
    text
}

/// What whoever stored something should know, a remark each.
pub(crate) fn added_memory(answer: &v1::AddMemoryResponse) -> Vec<String> {
    let mut remarks = Vec::new();
    if answer.duplicate {
        remarks.push("the same was stored already, and is confirmed by this".to_owned());
    }
    remarks.extend(write_remarks(&answer.redacted, &answer.notes));
    for hit in &answer.related {
        let memory = hit.memory.clone().unwrap_or_default();
        remarks.push(format!(
            "see also {}, {}: {}",
            clean(&memory.id),
            clean(&hit.reason),
            clean(&title(&memory.content, TITLE))
        ));
    }
    remarks
}

/// What was taken out, and what else there is to say of a content.
pub(crate) fn write_remarks(redacted: &[String], notes: &[String]) -> Vec<String> {
    let taken_out = (!redacted.is_empty()).then(|| format!("taken out: {}", clean(&redacted.join(", "))));
    let notes = notes.iter().map(|note| clean_lines(note).into_owned());
    taken_out.into_iter().chain(notes).collect()
}

/// A memory that was changed.
pub(crate) fn edited_memory(memory: &v1::MemoryUnit) -> String {
    format!("{} is at version {}\n", clean(&memory.id), memory.version)
}

/// A memory that is gone.
pub(crate) fn deleted_memory(memory: &v1::MemoryUnit, backup: Option<&str>) -> String {
    let title = title(&memory.content, TITLE);
    let mut text = format!("deleted {}  {}\n", clean(&memory.id), clean(&title));
    if let Some(backup) = backup {
        let _ = writeln!(text, "backed up to {} before", clean(backup));
    }
    text
}

/// A memory that holds.
pub(crate) fn confirmed_memory(memory: &v1::MemoryUnit) -> String {
    let times = counted(memory.confirmations.into(), "confirmation");
    format!("{} holds; {}, {times}\n", clean(&memory.id), state_name(memory.state()))
}

/// What import took, and why it did not take the rest.
pub(crate) fn memory_import(report: &ImportReport, style: Style) -> String {
    let mut text = format!(
        "imported {}, {}, {} rejected\n",
        count(report.imported),
        counted(report.duplicates, "duplicate"),
        count(report.rejected.len() as u64)
    );
    for rejected in &report.rejected {
        let line = style.warning(&format!("line {}:", rejected.line));
        let _ = writeln!(text, "  {line} {}", clean(&rejected.reason));
    }
    text
}

/// A backup that was made.
pub(crate) fn memory_backup(answer: &v1::BackupMemoriesResponse) -> String {
    let memories = counted_memories(answer.memories);
    format!("{}\n  {memories}, {}\n", clean(&answer.path), bytes(answer.bytes))
}

/// A backup that was put in place.
pub(crate) fn memory_restored(answer: &v1::RestoreMemoriesResponse) -> String {
    let mut text = format!("restored {}\n", counted_memories(answer.memories));
    if !answer.kept.is_empty() {
        let _ = writeln!(text, "what was stored before is kept in {}", clean(&answer.kept));
    }
    text
}

/// The state of the store.
pub(crate) fn memory_stats(answer: &v1::MemoryStatsResponse, caller: &v1::MemoryCaller, style: Style) -> String {
    let mut text = format!(
        "{} in {}, {}\n",
        counted_memories(answer.memories),
        counted(answer.projects, "project"),
        bytes(answer.disk_bytes)
    );
    let session = match caller.session.as_str() {
        "" => String::new(),
        session => format!(", those of session {}", clean(session)),
    };
    let _ = writeln!(
        text,
        "  of      the project of {}{session}, and yours in every project",
        clean(&caller.project)
    );
    for (name, counts) in [
        ("levels", &answer.by_level),
        ("kinds", &answer.by_kind),
        ("states", &answer.by_state),
    ] {
        if let Some(counts) = counts_in_words(counts) {
            let _ = writeln!(text, "  {name:7} {counts}");
        }
    }
    if answer.without_vector > 0 {
        let parts = counted(answer.without_vector, "part");
        let _ = writeln!(text, "  {parts} without a vector yet");
    }
    let _ = writeln!(text, "  {} on record", counted(answer.audited, "write"));
    let backup = match answer.newest_backup.as_str() {
        "" => "none; `codemem memory backup` makes one".to_owned(),
        path => format!("{}, {}", clean(path), time::date(answer.newest_backup_at_ms)),
    };
    let _ = writeln!(text, "  database {}\n  backup   {backup}", clean(&answer.database));
    if answer.read_only {
        let _ = writeln!(text, "  {}", style.warning("read-only"));
    }
    text
}

fn counts_in_words(counts: &HashMap<String, u64>) -> Option<String> {
    let sorted: BTreeMap<_, _> = counts.iter().filter(|(_, number)| **number > 0).collect();
    let parts: Vec<String> = sorted
        .into_iter()
        .map(|(name, number)| format!("{} {}", count(*number), clean(name)))
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

#[cfg(test)]
mod tests;
