//! The memories: whether they are sound, and from what they could be restored.

use super::{Finding, size};
use codemem_core::memory::Origin;
use codemem_core::ports::{MemoryStats, Severity, StoreFinding};
use codemem_engine::memory::{Caller, Memories, MemoryError};
use codemem_proto::time::date;

const SUBJECT: &str = "memories";

/// Checks the store, and looks for its newest backup.
pub(crate) async fn examine(memories: &Memories) -> Result<Vec<Finding>, MemoryError> {
    let everything = Caller {
        project: None,
        session: None,
        origin: Origin::User,
        request: String::new(),
    };
    let stats = memories.stats(everything).await?;
    let found = memories.check().await?;
    Ok(findings(&stats, &found))
}

fn findings(stats: &MemoryStats, found: &[StoreFinding]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = found.iter().map(of_store).collect();
    let is_sound = found.iter().all(|finding| finding.severity == Severity::Note);
    let backup = match &stats.newest_backup {
        Some((path, at)) => format!("newest backup {} of {}", path.display(), date(*at)),
        None => "no backup".to_owned(),
    };
    match &stats.problem {
        // Also what a check found is told then, and what to do about it is in the problem.
        Some(problem) => {
            let (what, remedy) = problem
                .split_once("; ")
                .unwrap_or((problem, "see `codemem daemon logs`"));
            findings.insert(0, Finding::bad(SUBJECT, format!("{what}; {backup}"), remedy));
        }
        None if is_sound => {
            let n_memories: u64 = stats.by_level.iter().map(|(_, n_memories)| n_memories).sum();
            let noun = if n_memories == 1 { "memory" } else { "memories" };
            let read_only = if stats.is_read_only { ", read-only" } else { "" };
            let detail = format!(
                "{}: {n_memories} {noun}, {}{read_only}, {backup}",
                stats.database.display(),
                size(stats.disk_bytes)
            );
            findings.insert(0, Finding::good(SUBJECT, detail));
        }
        None => {}
    }
    findings
}

fn of_store(finding: &StoreFinding) -> Finding {
    let detail = format!("`{}`: {}", finding.path.display(), finding.what);
    match finding.severity {
        Severity::Note => Finding::warning(SUBJECT, detail, &finding.remedy),
        Severity::Problem => Finding::bad(SUBJECT, detail, &finding.remedy),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;
    use codemem_core::memory::ContextLevel;
    use codemem_core::ports::StoreKind;

    fn stats() -> MemoryStats {
        MemoryStats {
            by_level: vec![(ContextLevel::UserPreference, 2), (ContextLevel::ProjectContext, 1)],
            database: "/data/memory/memories.db".into(),
            disk_bytes: 3 << 20,
            ..MemoryStats::default()
        }
    }

    #[test]
    fn sound_memories_are_counted_with_their_backup() {
        let found = findings(&stats(), &[]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].verdict, Verdict::Good);
        assert_eq!(
            found[0].detail,
            "/data/memory/memories.db: 3 memories, 3 MiB, no backup"
        );
        let kept = MemoryStats {
            is_read_only: true,
            newest_backup: Some(("/b/1.db".into(), 86_400_000)),
            ..stats()
        };
        assert!(
            findings(&kept, &[])[0]
                .detail
                .ends_with("read-only, newest backup /b/1.db of 1970-01-02")
        );
    }

    #[test]
    fn a_problem_comes_first_with_its_remedy() {
        let damaged = MemoryStats {
            is_read_only: true,
            problem: Some("a page is torn; run `codemem memory restore /b/1.db`".to_owned()),
            ..stats()
        };
        let finding = StoreFinding {
            store: StoreKind::Memories,
            path: "/data/memory/memories.db".into(),
            severity: Severity::Problem,
            what: "a page is torn".to_owned(),
            remedy: "restore".to_owned(),
        };
        let found = findings(&damaged, &[finding]);
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|finding| finding.verdict == Verdict::Bad));
        assert_eq!(found[0].detail, "a page is torn; no backup");
        assert_eq!(found[0].remedy, "run `codemem memory restore /b/1.db`");
    }
}
