//! How changes in registered roots are noticed, and whether the system allows enough of it.

use super::{Finding, limits};
use crate::config::Settings;
use codemem_core::ports::Watching;
use codemem_engine::{Engine, EngineError, RootStatus};
use std::path::Path;

const SUBJECT: &str = "watching";

/// Tells of every root, or of the one that holds `root`, how it is watched; and of the limits, how much of them is used.
pub(crate) async fn examine(
    engine: &Engine,
    root: Option<&Path>,
    unwatched: Option<&str>,
) -> Result<Vec<Finding>, EngineError> {
    let all = engine.status(None).await?;
    let mut findings: Vec<Finding> = limits::watching(n_watched(&all)).into_iter().collect();
    let chosen = match root {
        Some(_) => engine.status(root).await?,
        None => all,
    };
    findings.extend(chosen.iter().map(|row| {
        let root = row.root.display().to_string();
        of_root(&root, &row.freshness.watching, unwatched)
    }));
    Ok(findings)
}

/// Why nothing is watched where that is how it was set; `None` where roots should be watched.
pub(crate) fn unwatched(settings: &Settings) -> Option<&'static str> {
    if settings.read_only {
        Some("for the daemon is read-only")
    } else if settings.watch {
        None
    } else {
        Some("as the key `watch` says")
    }
}

/// Directories that are watched in all roots.
fn n_watched(roots: &[RootStatus]) -> u64 {
    let of_root = |row: &RootStatus| match row.freshness.watching {
        Watching::Events { directories } => directories,
        Watching::Off | Watching::Polling { .. } => 0,
    };
    roots.iter().map(of_root).sum()
}

fn of_root(root: &str, watching: &Watching, unwatched: Option<&str>) -> Finding {
    match watching {
        Watching::Events { directories: 1 } => Finding::good(SUBJECT, format!("{root}: 1 directory is watched")),
        Watching::Events { directories } => {
            Finding::good(SUBJECT, format!("{root}: {directories} directories are watched"))
        }
        Watching::Polling { every, reason } => Finding::warning(
            SUBJECT,
            format!(
                "{root}: looked at every {} s, for the system does not tell: {reason}",
                every.as_secs()
            ),
            "none is needed: changes are found at the next look, and what can be done about it stands beside it",
        ),
        Watching::Off => match unwatched {
            Some(why) => Finding::good(
                SUBJECT,
                format!("{root}: not watched, {why}; changes count when it is indexed again"),
            ),
            None => Finding::warning(
                SUBJECT,
                format!("{root}: not watched"),
                format!("see `codemem daemon logs` for why; `codemem index {root}` looks for changes now"),
            ),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;
    use std::time::Duration;

    #[test]
    fn every_way_of_watching_is_judged() {
        let polling = Watching::Polling {
            every: Duration::from_secs(10),
            reason: "a network file system".to_owned(),
        };
        for (watching, unwatched, verdict, part) in [
            (
                Watching::Events { directories: 1 },
                None,
                Verdict::Good,
                "1 directory is watched",
            ),
            (
                Watching::Events { directories: 7 },
                None,
                Verdict::Good,
                "7 directories are watched",
            ),
            (
                polling,
                None,
                Verdict::Warning,
                "every 10 s, for the system does not tell: a network file system",
            ),
            (
                Watching::Off,
                Some("as the key `watch` says"),
                Verdict::Good,
                "as the key `watch` says",
            ),
            (Watching::Off, None, Verdict::Warning, "not watched"),
        ] {
            let finding = of_root("/r", &watching, unwatched);
            assert_eq!(finding.verdict, verdict, "{finding:?}");
            assert!(
                finding.detail.starts_with("/r: ") && finding.detail.contains(part),
                "{finding:?}"
            );
            assert_eq!(finding.remedy.is_empty(), verdict == Verdict::Good, "{finding:?}");
        }
    }
}
