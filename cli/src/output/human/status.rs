//! The daemon and its repositories.

use super::super::Style;
use super::super::progress::describe;
use super::super::style::clean;
use super::{bytes, counted, freshness, percent, seconds, skipped};
use codemem_proto::v1;
use std::fmt::Write as _;

/// Everything; `now` in milliseconds since 1970.
pub(crate) fn status(status: &v1::StatusResponse, now: i64, style: Style) -> String {
    let daemon = status.daemon.clone().unwrap_or_default();
    let memory = match daemon.rss_bytes {
        0 => String::new(),
        rss => match daemon.peak_rss_bytes {
            0 => format!(", {}", bytes(rss)),
            peak => format!(", {} (at most {})", bytes(rss), bytes(peak)),
        },
    };
    let mut text = format!(
        "daemon  {}, process {}, up {}{memory}\n        socket {}\n        data   {}\n        log    {}\n",
        daemon.version,
        daemon.pid,
        seconds(daemon.uptime_seconds as f64),
        clean(&daemon.socket),
        clean(&daemon.data_dir),
        clean(&daemon.log_file),
    );
    for problem in &daemon.problems {
        let _ = writeln!(text, "{} {}", style.warning("problem:"), clean(problem));
    }
    let model = status.model.clone().unwrap_or_default();
    text.push_str(format!("model   {} {}", model.state, clean(&model.name)).trim_end());
    if !model.reason.is_empty() {
        let _ = write!(text, ": {}", clean(&model.reason));
    }
    if daemon.model_loaded {
        text.push_str(", in memory");
    }
    text.push('\n');
    if !status.repositories.is_empty() {
        let _ = writeln!(text, "stores  {} open", daemon.open_repositories);
    }
    if status.repositories.is_empty() {
        text.push_str("\nnothing is indexed; `codemem index` in a repository changes that\n");
    }
    for repository in &status.repositories {
        text.push('\n');
        text.push_str(&one(repository, now, style));
    }
    text
}

fn one(repository: &v1::RepositoryStatus, now: i64, style: Style) -> String {
    let mut lines = vec![style.subject(&clean(&repository.root))];
    let indexed = match repository.indexed_at {
        at if at > 0 => format!("indexed {} ago", seconds((now / 1000).saturating_sub(at).max(1) as f64)),
        _ => "not indexed yet".to_owned(),
    };
    let freshness = repository.freshness.clone().unwrap_or_else(|| v1::Freshness {
        branch: repository.branch.clone(),
        commit: repository.commit.clone(),
        ..v1::Freshness::default()
    });
    let parts = [
        freshness::place(&freshness),
        freshness::modified(&freshness),
        Some(indexed),
    ];
    lines.push(format!("  {}", joined(parts)));
    let share = match repository.chunks {
        0 => 1.0,
        chunks => repository.vectors as f64 / chunks as f64,
    };
    lines.push(format!(
        "  {}, {}, {}, vectors {}, {}",
        counted(repository.files, "file"),
        counted(repository.chunks, "chunk"),
        counted(repository.symbols, "symbol"),
        percent(share),
        bytes(repository.disk_bytes),
    ));
    if let Some(skipped) = skipped(&repository.skipped) {
        lines.push(format!("  skipped {skipped}"));
    }
    let checked = freshness::ago(&freshness, now);
    let parts = [
        freshness::watching(&freshness),
        checked.map(|ago| format!("compared with its files {ago} ago")),
        freshness::behind(&freshness),
    ];
    let watched = joined(parts);
    if !watched.is_empty() {
        lines.push(format!("  {watched}"));
    }
    if !repository.paused.is_empty() {
        lines.push(format!("  paused: {}", clean(&repository.paused)));
    }
    let progress = repository.progress.unwrap_or_default();
    match progress.phase() {
        v1::Phase::Idle | v1::Phase::Unspecified => {}
        v1::Phase::Queued | v1::Phase::Scan | v1::Phase::Lexical | v1::Phase::Setup | v1::Phase::Vectors => {
            lines.push(format!("  now {}", describe(&progress)));
        }
    }
    if !repository.problem.is_empty() {
        let label = style.warning("problem:");
        lines.push(format!("  {label} {}", clean(&repository.problem)));
    }
    lines.join("\n") + "\n"
}

fn joined<const N: usize>(parts: [Option<String>; N]) -> String {
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join(", ")
}
