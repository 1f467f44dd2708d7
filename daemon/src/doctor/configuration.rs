//! What the user set and added: the configuration, the log, languages.

use super::{Finding, Patient};
use codemem_core::ports::KnownLanguage;

pub(super) fn examine(patient: &Patient) -> impl Iterator<Item = Finding> + use<> {
    let in_force = patient.settings.now();
    let file = in_force.file.display();
    let configuration = match (&in_force.problem, &in_force.missing_file) {
        (Some(problem), _) => Finding::bad(
            "configuration",
            format!("`{file}` is not valid, what held before goes on: {problem}"),
            "mend it and run `codemem config reload`",
        ),
        (None, Some(missing)) => Finding::warning(
            "configuration",
            missing,
            "mend the path, or write the file with `codemem config init`; then run `codemem config reload`",
        ),
        (None, None) if in_force.file.exists() => Finding::good("configuration", file.to_string()),
        (None, None) => Finding::good("configuration", format!("all defaults, {file} does not exist")),
    };
    let log = match patient.logs.problem() {
        Some(problem) => Finding::bad(
            "log",
            problem,
            "make room and let the log directory be written; the daemon goes on without a log",
        ),
        None => Finding::good("log", patient.logs.file().display().to_string()),
    };
    let mut findings = vec![configuration, log];
    findings.extend(languages(&patient.grammars.list()));
    findings.into_iter()
}

fn languages(known: &[KnownLanguage]) -> Vec<Finding> {
    let subject = "languages";
    let n_read = known.iter().filter(|language| language.origin.is_some()).count();
    let mut findings = vec![Finding::good(
        subject,
        format!("{n_read} are read by their grammar, {} are recognised", known.len()),
    )];
    let broken = known
        .iter()
        .filter_map(|language| Some((&language.name, language.problem.as_ref()?)));
    findings.extend(broken.map(|(name, problem)| {
        Finding::bad(
            subject,
            format!("{name}: {problem}"),
            "mend the query or delete its file; `codemem languages` tells what is wrong with each",
        )
    }));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;
    use codemem_core::ports::GrammarOrigin;

    #[test]
    fn a_query_that_cannot_be_used_is_bad_and_named() {
        let language = |name: &str, origin, problem: Option<&str>| KnownLanguage {
            name: name.to_owned(),
            extensions: Vec::new(),
            symbols: true,
            origin,
            problem: problem.map(str::to_owned),
        };
        let found = languages(&[
            language("go", Some(GrammarOrigin::BuiltIn), Some("go.scm line 3")),
            language("rust", Some(GrammarOrigin::BuiltIn), None),
            language("cobol", None, None),
        ]);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].detail, "2 are read by their grammar, 3 are recognised");
        assert_eq!(
            (found[1].verdict, found[1].detail.as_str()),
            (Verdict::Bad, "go: go.scm line 3")
        );
    }
}
