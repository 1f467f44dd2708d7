//! What the doctor found, for a person.

use super::{Style, clean, counted};
use codemem_proto::v1::{Finding, Verdict};
use std::fmt::Write as _;

/// Widest name of a thing: each is printed before the next is known.
const WIDTH: usize = "runtime directory".len();

/// One line for a thing, the remedy below it.
pub(crate) fn finding(finding: &Finding, style: Style) -> String {
    let mark = match finding.verdict() {
        Verdict::Good => style.dim("ok   "),
        Verdict::Warning => style.warning("warn "),
        Verdict::Bad | Verdict::Unspecified => style.error("FAIL "),
    };
    let (subject, detail) = (clean(&finding.subject), clean(&finding.detail));
    let mut text = format!("{mark} {subject:WIDTH$}  {detail}\n");
    if !finding.remedy.is_empty() {
        let (label, remedy) = (style.hint("hint:"), clean(&finding.remedy));
        let _ = writeln!(text, "      {:WIDTH$}  {label} {remedy}", "");
    }
    text
}

/// The sum of all.
pub(crate) fn verdict(findings: &[Finding]) -> String {
    let n_of = |verdict| findings.iter().filter(|finding| finding.verdict() == verdict).count() as u64;
    let (n_bad, n_warnings) = (n_of(Verdict::Bad), n_of(Verdict::Warning));
    if n_bad + n_warnings == 0 {
        return "everything is as it should be\n".to_owned();
    }
    let (problems, warnings) = (counted(n_bad, "problem"), counted(n_warnings, "warning"));
    format!("{problems}, {warnings}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_has_its_line_and_its_remedy() {
        let found = |subject: &str, verdict: Verdict, detail: &str, remedy: &str| Finding {
            subject: subject.to_owned(),
            verdict: verdict.into(),
            detail: detail.to_owned(),
            remedy: remedy.to_owned(),
        };
        let list = [
            found("daemon", Verdict::Good, "0.1.0, pid 7", ""),
            found("watch limit", Verdict::Warning, "only 8 directories", "run `x`"),
            found("data directory", Verdict::Bad, "cannot write\u{1b}[2J", "run `y`"),
        ];
        let expected = "\
ok    daemon             0.1.0, pid 7
warn  watch limit        only 8 directories
                         hint: run `x`
FAIL  data directory     cannot write\u{fffd}[2J
                         hint: run `y`
";
        let lines: String = list.iter().map(|found| finding(found, Style::new(false))).collect();
        assert_eq!(lines, expected);
        assert_eq!(verdict(&list), "1 problem, 1 warning\n");
        assert_eq!(verdict(&list[..1]), "everything is as it should be\n");
    }
}
