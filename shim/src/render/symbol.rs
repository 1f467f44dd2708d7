//! A symbol and its uses as text: `path` once for all lines in it.

use super::clean;
use super::hop::alike;
use codemem_proto::v1;
use std::fmt::Write as _;

/// Documentation lines shown of a definition.
const DOC_LINES: usize = 3;

/// What an agent asked about a symbol, ending with what the answer does not know.
pub(crate) fn symbol(answer: &v1::SymbolResponse, ask: v1::Ask) -> String {
    let mut text = String::new();
    if answer.definitions.is_empty() {
        text.push_str("nothing is called that");
        let nearest: Vec<_> = answer.nearest.iter().map(|name| clean(name)).collect();
        if !nearest.is_empty() {
            let _ = write!(text, "; near are {}", nearest.join(", "));
        }
        text.push('\n');
    }
    for one in &answer.definitions {
        let _ = writeln!(
            text,
            "{}:{}-{} {}{} {}",
            clean(&one.path),
            one.start_line,
            one.end_line,
            restricted(&one.visibility),
            one.kind,
            clean(if one.signature.is_empty() {
                &one.name
            } else {
                &one.signature
            })
        );
        if let Some(alike) = alike(one.alike.as_ref()) {
            let _ = writeln!(text, "  {alike}");
        }
        if ask == v1::Ask::Definition {
            for line in one.docstring.lines().take(DOC_LINES) {
                let _ = writeln!(text, "  {}", clean(line));
            }
        }
    }
    if answer.definitions_left_out > 0 {
        let _ = writeln!(
            text,
            "and {} more definitions; name a path: path#name",
            answer.definitions_left_out
        );
    }
    let mut file = "";
    for one in &answer.uses {
        if one.path != file {
            file = &one.path;
            let _ = writeln!(text, "{}", clean(file));
        }
        let _ = write!(text, " {}", one.line);
        if ask == v1::Ask::Callees {
            let _ = write!(text, " {} {}", clean(&one.to), clean(&one.to_place));
        } else {
            if !one.within.is_empty() {
                let _ = write!(text, " {}", clean(&one.within));
            }
            if one.kind != "call" {
                let _ = write!(text, " ({})", one.kind);
            }
            if one.depth > 1 {
                let _ = write!(text, " -> {}", clean(&one.to));
            }
        }
        text.push_str(if one.is_test { " [test]\n" } else { "\n" });
    }
    text.push_str(&receipt(answer, ask));
    text
}

/// Who alone may use a definition, before its kind; what everybody may use needs no word.
fn restricted(visibility: &str) -> String {
    match visibility {
        "" | "public" => String::new(),
        restricted => format!("{restricted} "),
    }
}

fn receipt(answer: &v1::SymbolResponse, ask: v1::Ask) -> String {
    let mut parts = Vec::new();
    if ask != v1::Ask::Definition && !answer.definitions.is_empty() {
        let shown = answer.uses.len() as u64;
        parts.push(if shown == answer.total {
            format!("{shown} in all")
        } else {
            format!("{shown} of {}", answer.total)
        });
        parts.push(if ask == v1::Ask::Callees {
            format!("{} calls unresolved, {} elsewhere", answer.open, answer.elsewhere)
        } else {
            format!("{} same-name call sites unresolved", answer.open)
        });
        if answer.is_cut {
            parts.push("cut at this depth".to_owned());
        }
        if !answer.unresolved_languages.is_empty() {
            let languages = answer.unresolved_languages.join(", ");
            parts.push(format!("{} resolved within files only", clean(&languages)));
        }
    }
    if let Some(ground) = &answer.ground
        && ground.files_searched < ground.files_total
    {
        parts.push(format!(
            "{} of {} files indexed",
            ground.files_searched, ground.files_total
        ));
    }
    if parts.is_empty() {
        String::new()
    } else {
        format!("{}\n", parts.join(", "))
    }
}
