//! Secrets in a text: found by a kept set of rules, to be refused or taken out.
//!
//! Owns the rules and what they must not take for a secret. Pure; runs on whatever thread serves the request, in time
//! that grows with the text and never with what is in it. The rules are scanners over bytes, not expressions: most
//! of them are about what does not count (hashes, placeholders, names of variables), which no expression says well.
//!
//! | file | finds |
//! |---|---|
//! | `block` | private keys in armour |
//! | `token` | tokens with a form of their own |
//! | `url` | passwords in addresses, webhooks, signed links |
//! | `assigned` | values given to a name that promises a secret |

mod assigned;
mod block;
mod key;
mod letters;
#[cfg(test)]
mod tests;
mod token;
mod url;
mod value;

use std::ops::Range;

/// A secret in a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The rule that found it: `aws-access-key`.
    pub rule: &'static str,
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// What it is, for people: `an AWS access key id`.
    pub what: &'static str,
}

/// The secrets in a text, in order, none overlapping another.
pub fn find(text: &str) -> Vec<Finding> {
    let mut rules = Rules::default();
    // What knows a secret by its form comes first: its name is the one that is told.
    block::find(text, &mut rules);
    token::find(text, &mut rules);
    url::find(text, &mut rules);
    assigned::find(text, &mut rules);
    rules.settle()
}

/// The text with each finding replaced by its rule's name: `[redacted: aws-access-key]`. Nothing is found in the result.
///
/// The findings must be those of [`find`] in this text.
pub fn redact(text: &str, findings: &[Finding]) -> String {
    let mut redacted = replace(text, findings);
    // What stood beside a secret may be one of its own now. Each round takes out more than it puts in, so this ends.
    loop {
        let findings = find(&redacted);
        if findings.is_empty() {
            return redacted;
        }
        redacted = replace(&redacted, &findings);
    }
}

fn replace(text: &str, findings: &[Finding]) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut end = 0;
    for finding in findings {
        replaced.push_str(&text[end..finding.range.start]);
        replaced.push_str("[redacted: ");
        replaced.push_str(finding.rule);
        replaced.push(']');
        end = finding.range.end;
    }
    replaced.push_str(&text[end..]);
    replaced
}

/// What the rules have found, the surest rule first.
#[derive(Default)]
struct Rules {
    findings: Vec<Finding>,
}

impl Rules {
    fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// In order of place; what overlaps is one, under the name of the surest.
    fn settle(self) -> Vec<Finding> {
        let mut ranked: Vec<(usize, Finding)> = self.findings.into_iter().enumerate().collect();
        ranked.sort_by_key(|(rank, finding)| (finding.range.start, *rank));
        let mut settled: Vec<(usize, Finding)> = Vec::with_capacity(ranked.len());
        for (rank, finding) in ranked {
            match settled.last_mut() {
                Some((last_rank, last)) if finding.range.start < last.range.end => {
                    last.range.end = last.range.end.max(finding.range.end);
                    if rank < *last_rank {
                        (*last_rank, last.rule, last.what) = (rank, finding.rule, finding.what);
                    }
                }
                Some(_) | None => settled.push((rank, finding)),
            }
        }
        settled.into_iter().map(|(_, finding)| finding).collect()
    }
}
