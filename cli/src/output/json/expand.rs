//! Code that handles name.

use codemem_proto::v1;
use serde::Serialize;

#[derive(Serialize, Debug)]
pub(crate) struct Expanded {
    /// One for each handle, in order.
    expanded: Vec<Piece>,
    took_ms: f64,
}

#[derive(Serialize, Debug)]
#[serde(untagged)]
enum Piece {
    Code(Code),
    Refusal(Refusal),
}

#[derive(Serialize, Debug)]
struct Code {
    asked: String,
    /// `same`, `found` again in a file that has changed, or `unsure`.
    kept: &'static str,
    path: String,
    root: String,
    start_line: u32,
    end_line: u32,
    handle: String,
    kind: String,
    name: String,
    language: String,
    text: String,
    /// Handles of what did not fit, and of other definitions of the name.
    left_out: Vec<String>,
}

#[derive(Serialize, Debug)]
struct Refusal {
    asked: String,
    problem: String,
    hint: String,
}

impl From<v1::ExpandResponse> for Expanded {
    fn from(answer: v1::ExpandResponse) -> Self {
        Self {
            expanded: answer.expanded.into_iter().map(Piece::from).collect(),
            took_ms: answer.took_ms,
        }
    }
}

impl From<v1::Expanded> for Piece {
    fn from(one: v1::Expanded) -> Self {
        if !one.problem.is_empty() {
            return Self::Refusal(Refusal {
                asked: one.asked,
                problem: one.problem,
                hint: one.hint,
            });
        }
        Self::Code(Code {
            kept: match one.kept() {
                v1::Kept::Same => "same",
                v1::Kept::Found => "found",
                v1::Kept::Unsure => "unsure",
            },
            asked: one.asked,
            path: one.path,
            root: one.root,
            start_line: one.start_line,
            end_line: one.end_line,
            handle: one.handle,
            kind: one.kind,
            name: one.name,
            language: one.language,
            text: one.text,
            left_out: one.left_out,
        })
    }
}
