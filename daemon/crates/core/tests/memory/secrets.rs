//! Precision and recall of the rules for secrets.

use crate::support::{drawn, lines};
use codemem_core::memory::secrets;

const POSITIVE: &str = include_str!("secrets_positive.txt");
const NEGATIVE: &str = include_str!("secrets_negative.txt");

/// How often each line that draws is drawn.
const DRAWS: u64 = 8;

/// Least share of secrets that is found.
const RECALL: f64 = 0.98;
/// Least share of what is found that is a secret.
const PRECISION: f64 = 0.99;

#[test]
fn secrets_are_found_and_what_looks_like_them_is_not() {
    let mut listed: Vec<(&str, usize)> = Vec::new();
    let (mut found, mut missed, mut wrong, mut n_negative) = (0_usize, Vec::new(), Vec::new(), 0_usize);
    for line in lines(POSITIVE) {
        let (rule, template) = line.split_once('\t').expect("a rule and a text");
        for seed in 0..DRAWS {
            let (text, pieces) = drawn(template, seed);
            let findings = secrets::find(&text);
            let redacted = secrets::redact(&text, &findings);
            let is_named = findings.iter().any(|finding| rule == "*" || finding.rule == rule);
            // What was drawn is gone; identifiers beside a secret may stay.
            let longest = pieces.iter().map(String::len).max().unwrap_or_default();
            let is_gone = pieces
                .iter()
                .all(|piece| piece.len() < longest || !redacted.contains(piece.as_str()));
            if is_named && is_gone {
                found += 1;
            } else {
                missed.push(format!("{rule}: {text}\n    -> {redacted}"));
                listed.push((template, missed.len() - 1));
            }
        }
    }
    for template in lines(NEGATIVE) {
        for seed in 0..if template.contains('{') { DRAWS } else { 1 } {
            let (text, _) = drawn(template, seed);
            n_negative += 1;
            for finding in secrets::find(&text) {
                wrong.push(format!("{}: {text}", finding.rule));
            }
        }
    }
    let n_positive = found + missed.len();
    assert!(
        n_positive >= 150 && n_negative >= 400,
        "{n_positive} secrets, {n_negative} others"
    );
    listed.dedup_by_key(|(template, _)| *template);
    let missed: Vec<&str> = listed.iter().map(|(_, index)| missed[*index].as_str()).collect();
    let recall = found as f64 / n_positive as f64;
    let precision = found as f64 / (found + wrong.len()) as f64;
    assert!(
        recall >= RECALL && precision >= PRECISION,
        "recall {recall:.4} of {n_positive}, precision {precision:.4} over {n_negative} others\nmissed:\n{}\nwrong:\n{}",
        missed.join("\n"),
        wrong.join("\n")
    );
}
