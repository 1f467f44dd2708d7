//! Code that handles name.

use super::super::Style;
use super::super::style::clean;
use codemem_proto::v1::{ExpandResponse, Expanded, Kept};
use std::fmt::Write as _;

/// Every piece under a line that says what it is.
pub(crate) fn expanded(answer: &ExpandResponse, style: Style) -> String {
    let texts: Vec<String> = answer.expanded.iter().map(|one| piece(one, style)).collect();
    texts.join("\n")
}

fn piece(one: &Expanded, style: Style) -> String {
    if !one.problem.is_empty() {
        let problem = style.warning(&clean(&one.problem));
        return format!(
            "{}  {problem}; {}\n",
            style.subject(&clean(&one.asked)),
            clean(&one.hint)
        );
    }
    let mut text = format!("{}  {}", style.subject(&clean(&one.handle)), clean(&one.kind));
    if !one.name.is_empty() {
        text.push_str("  ");
        text.push_str(&style.name(&clean(&one.name)));
    }
    match one.kept() {
        Kept::Same => {}
        Kept::Found => text.push_str("  (changed since, found again)"),
        Kept::Unsure => text.push_str("  (changed since: may be something else)"),
    }
    text.push('\n');
    for line in one.text.lines() {
        let _ = writeln!(text, "{}", clean(line));
    }
    if !one.left_out.is_empty() {
        let left_out: Vec<String> = one.left_out.iter().map(|handle| clean(handle).into_owned()).collect();
        let _ = writeln!(text, "{}", style.dim(&format!("more: {}", left_out.join(" "))));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_says_what_it_is() {
        let answer = ExpandResponse {
            expanded: vec![
                Expanded {
                    asked: "src/a.rs:3".to_owned(),
                    kept: Kept::Found.into(),
                    handle: "src/a.rs:2-4@3f2a".to_owned(),
                    kind: "function".to_owned(),
                    name: "run".to_owned(),
                    text: "fn run() {\n\n    go\u{1b}[2J();\n}".to_owned(),
                    left_out: vec!["src/a.rs:5-9@3f2a".to_owned()],
                    ..Expanded::default()
                },
                Expanded {
                    asked: "nothing".to_owned(),
                    problem: "this is no handle".to_owned(),
                    hint: "name code as a search shows it".to_owned(),
                    ..Expanded::default()
                },
            ],
            took_ms: 1.0,
        };
        assert_eq!(
            expanded(&answer, Style::new(false)),
            "src/a.rs:2-4@3f2a  function  run  (changed since, found again)\nfn run() {\n\n    go\u{fffd}[2J();\n}\n\
             more: src/a.rs:5-9@3f2a\n\nnothing  this is no handle; name code as a search shows it\n"
        );
    }
}
