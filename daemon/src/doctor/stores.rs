//! The stores: whether they are sound and agree with each other.

use super::Finding;
use codemem_core::ports::{Severity, StoreFinding};
use codemem_engine::{Engine, EngineError, RepositoryHealth};
use std::path::Path;

/// Checks the list of roots, and the stores of every repository or of the one that holds `root`.
pub(crate) async fn examine(engine: &Engine, root: Option<&Path>) -> Result<Vec<Finding>, EngineError> {
    let report = engine.check(root).await?;
    let mut findings = of_roots(&report.roots, report.repositories.len());
    findings.extend(report.repositories.iter().flat_map(of_repository));
    Ok(findings)
}

fn of_roots(found: &[StoreFinding], n_repositories: usize) -> Vec<Finding> {
    let subject = "list of roots";
    if found.is_empty() {
        let plural = if n_repositories == 1 {
            "repository"
        } else {
            "repositories"
        };
        return vec![Finding::good(
            subject,
            format!("sound, {n_repositories} {plural} looked at"),
        )];
    }
    found.iter().map(|finding| of_store(subject, "", finding)).collect()
}

fn of_repository(health: &RepositoryHealth) -> Vec<Finding> {
    let subject = "index";
    let roots: Vec<String> = health.roots.iter().map(|root| root.display().to_string()).collect();
    let roots = roots.join(", ");
    let mut findings: Vec<Finding> = health
        .findings
        .iter()
        .map(|finding| of_store(subject, &format!("{roots}: "), finding))
        .collect();
    if health.findings.iter().all(|finding| finding.severity == Severity::Note) {
        findings.insert(0, Finding::good(subject, format!("{roots}: sound")));
    }
    findings
}

fn of_store(subject: &'static str, of: &str, finding: &StoreFinding) -> Finding {
    let detail = format!("{of}{} `{}`: {}", finding.store, finding.path.display(), finding.what);
    match finding.severity {
        Severity::Note => Finding::warning(subject, detail, &finding.remedy),
        Severity::Problem => Finding::bad(subject, detail, &finding.remedy),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;
    use codemem_core::ports::StoreKind;

    fn finding(severity: Severity) -> StoreFinding {
        StoreFinding {
            store: StoreKind::Lexical,
            path: "/data/lexical".into(),
            severity,
            what: "a file is short".to_owned(),
            remedy: "do this".to_owned(),
        }
    }

    fn health(findings: Vec<StoreFinding>) -> RepositoryHealth {
        RepositoryHealth {
            roots: vec!["/a".into(), "/b".into()],
            findings,
        }
    }

    #[test]
    fn a_repository_is_sound_unless_there_is_a_problem() {
        let verdicts = |findings| -> Vec<Verdict> {
            let findings = of_repository(&health(findings));
            findings.into_iter().map(|finding| finding.verdict).collect()
        };
        assert_eq!(verdicts(Vec::new()), [Verdict::Good]);
        assert_eq!(
            verdicts(vec![finding(Severity::Note)]),
            [Verdict::Good, Verdict::Warning]
        );
        assert_eq!(verdicts(vec![finding(Severity::Problem)]), [Verdict::Bad]);
    }

    #[test]
    fn a_problem_names_the_roots_the_store_and_the_remedy() {
        let found = of_repository(&health(vec![finding(Severity::Problem)]));
        assert_eq!(
            found[0].detail,
            "/a, /b: lexical index `/data/lexical`: a file is short"
        );
        assert_eq!(found[0].remedy, "do this");
    }

    #[test]
    fn the_list_of_roots_is_reported_even_when_it_is_sound() {
        assert_eq!(of_roots(&[], 1)[0].detail, "sound, 1 repository looked at");
        assert_eq!(of_roots(&[finding(Severity::Problem)], 0)[0].verdict, Verdict::Bad);
    }
}
