//! What the doctor found, for a person.

use super::{Style, clean, counted};
use codemem_proto::v1::{Finding, Verdict};
use std::fmt::Write as _;

/// One line a thing, the remedy below it, and a sum.
pub(crate) fn findings(findings: &[Finding], style: Style) -> String {
    let width = findings.iter().map(|finding| finding.subject.chars().count()).max();
    let width = width.unwrap_or_default();
    let mut text = String::new();
    for finding in findings {
        let mark = match finding.verdict() {
            Verdict::Good => style.dim("ok   "),
            Verdict::Warning => style.warning("warn "),
            Verdict::Bad | Verdict::Unspecified => style.error("FAIL "),
        };
        let _ = writeln!(
            text,
            "{mark} {:width$}  {}",
            clean(&finding.subject),
            clean(&finding.detail)
        );
        if !finding.remedy.is_empty() {
            let _ = writeln!(
                text,
                "      {:width$}  {} {}",
                "",
                style.hint("hint:"),
                clean(&finding.remedy)
            );
        }
    }
    let n_of = |verdict| findings.iter().filter(|finding| finding.verdict() == verdict).count() as u64;
    let (n_bad, n_warnings) = (n_of(Verdict::Bad), n_of(Verdict::Warning));
    if n_bad + n_warnings == 0 {
        text.push_str("everything is as it should be\n");
    } else {
        let _ = writeln!(
            text,
            "{}, {}",
            counted(n_bad, "problem"),
            counted(n_warnings, "warning")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_has_its_line_and_its_remedy() {
        let finding = |subject: &str, verdict: Verdict, detail: &str, remedy: &str| Finding {
            subject: subject.to_owned(),
            verdict: verdict.into(),
            detail: detail.to_owned(),
            remedy: remedy.to_owned(),
        };
        let list = [
            finding("daemon", Verdict::Good, "0.1.0, pid 7", ""),
            finding("watch limit", Verdict::Warning, "only 8 directories", "run `x`"),
            finding("data directory", Verdict::Bad, "cannot write\u{1b}[2J", "run `y`"),
        ];
        let expected = "\
ok    daemon          0.1.0, pid 7
warn  watch limit     only 8 directories
                      hint: run `x`
FAIL  data directory  cannot write\u{fffd}[2J
                      hint: run `y`
1 problem, 1 warning
";
        assert_eq!(findings(&list, Style::new(false)), expected);
        let fine = findings(&list[..1], Style::new(false));
        assert!(fine.ends_with("everything is as it should be\n"), "{fine}");
    }
}
