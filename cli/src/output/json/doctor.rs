//! What the doctor found.

use codemem_proto::v1;
use serde::Serialize;

#[derive(Serialize, Debug)]
pub(crate) struct Doctor {
    /// True when nothing is broken; warnings are allowed.
    healthy: bool,
    findings: Vec<Finding>,
}

#[derive(Serialize, Debug)]
struct Finding {
    subject: String,
    /// "good", "warning" or "bad".
    verdict: &'static str,
    detail: String,
    /// Empty where there is nothing to do.
    remedy: String,
}

impl From<&[v1::Finding]> for Doctor {
    fn from(findings: &[v1::Finding]) -> Self {
        let finding = |finding: &v1::Finding| Finding {
            subject: finding.subject.clone(),
            verdict: match finding.verdict() {
                v1::Verdict::Good => "good",
                v1::Verdict::Warning => "warning",
                v1::Verdict::Bad | v1::Verdict::Unspecified => "bad",
            },
            detail: finding.detail.clone(),
            remedy: finding.remedy.clone(),
        };
        let findings: Vec<Finding> = findings.iter().map(finding).collect();
        Self {
            healthy: findings.iter().all(|finding| finding.verdict != "bad"),
            findings,
        }
    }
}
