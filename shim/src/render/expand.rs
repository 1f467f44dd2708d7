//! Code that handles name.

use super::clean;
use codemem_proto::v1::{ExpandResponse, Expanded, Kept};
use std::fmt::Write as _;

/// Every piece under a line that says what it is, and whether there is any.
pub(crate) fn expanded(answer: &ExpandResponse) -> (String, bool) {
    let texts: Vec<String> = answer.expanded.iter().map(piece).collect();
    let has_any = answer.expanded.iter().any(|one| one.problem.is_empty());
    (texts.join("\n"), has_any)
}

fn piece(one: &Expanded) -> String {
    if !one.problem.is_empty() {
        return format!(
            "{}: {}. What to do: {}",
            clean(&one.asked),
            clean(&one.problem),
            clean(&one.hint)
        );
    }
    let mut text = format!("{} {}", clean(&one.handle), one.kind);
    if !one.name.is_empty() {
        let _ = write!(text, " {}", clean(&one.name));
    }
    match one.kept() {
        Kept::Same => {}
        Kept::Found => text.push_str(" (changed since, found again)"),
        Kept::Unsure => text.push_str(" (changed since: may be something else)"),
    }
    for line in one.text.lines() {
        let _ = write!(text, "\n{}", clean(line));
    }
    if !one.left_out.is_empty() {
        let left_out: Vec<_> = one.left_out.iter().map(|handle| clean(handle)).collect();
        let _ = write!(text, "\n[more: {}]", left_out.join(" "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_says_what_it_is() {
        let code = Expanded {
            handle: "src/a.rs:2-4@3f2a".to_owned(),
            kind: "function".to_owned(),
            name: "run".to_owned(),
            kept: Kept::Unsure.into(),
            text: "fn run() {\n    go();\n}".to_owned(),
            left_out: vec!["src/a.rs:5-9@3f2a".to_owned()],
            ..Expanded::default()
        };
        let refused = Expanded {
            asked: "x".to_owned(),
            problem: "this is no handle".to_owned(),
            hint: "search again".to_owned(),
            ..Expanded::default()
        };
        let answer = ExpandResponse {
            expanded: vec![code, refused.clone()],
            took_ms: 1.0,
        };
        let (text, has_any) = expanded(&answer);
        assert!(has_any);
        assert_eq!(
            text,
            "src/a.rs:2-4@3f2a function run (changed since: may be something else)\nfn run() {\n    go();\n}\n\
             [more: src/a.rs:5-9@3f2a]\nx: this is no handle. What to do: search again"
        );
        let nothing = ExpandResponse {
            expanded: vec![refused],
            took_ms: 1.0,
        };
        assert!(!expanded(&nothing).1);
    }
}
