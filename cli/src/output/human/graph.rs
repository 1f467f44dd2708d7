//! The code graph for a person: `path:line` lists, grouped by file.

use super::super::Style;
use super::super::json::Graph;
use super::super::style::clean;
use super::hop::alike;
use super::units::{count, counted};
use codemem_proto::v1;
use std::fmt::Write as _;

/// Documentation lines shown of a definition.
const DOC_LINES: usize = 4;

/// The definitions of a symbol, and what was asked about it.
pub(crate) fn symbol(answer: &v1::SymbolResponse, ask: v1::Ask, style: Style) -> String {
    let mut text = String::new();
    if answer.definitions.is_empty() {
        let nearest: Vec<String> = answer.nearest.iter().map(|name| clean(name).to_string()).collect();
        return match nearest.as_slice() {
            [] => "nothing is called that\n".to_owned(),
            names => format!("nothing is called that; near are {}\n", names.join(", ")),
        };
    }
    for one in &answer.definitions {
        definition(&mut text, one, ask == v1::Ask::Definition, style);
    }
    if answer.definitions_left_out > 0 {
        let _ = writeln!(text, "and {} more definitions", count(answer.definitions_left_out));
    }
    if ask != v1::Ask::Definition {
        uses(&mut text, &answer.uses, ask, style);
    }
    text
}

fn definition(text: &mut String, one: &v1::Definition, is_whole: bool, style: Style) {
    let place = format!("{}:{}-{}", clean(&one.path), one.start_line, one.end_line);
    let kind = format!("{} {}", one.visibility, one.kind);
    let _ = writeln!(
        text,
        "{}  {} {}",
        style.subject(&place),
        kind.trim_start(),
        clean(&one.name)
    );
    if !one.signature.is_empty() {
        let _ = writeln!(text, "  {}", clean(&one.signature));
    }
    if let Some(alike) = alike(one.alike.as_ref()) {
        let _ = writeln!(text, "  {alike}");
    }
    if is_whole {
        for line in one.docstring.lines().take(DOC_LINES) {
            let _ = writeln!(text, "  {}", style.dim(&clean(line)));
        }
    }
}

/// Uses by file: callers by where they call, callees by where they are defined.
fn uses(text: &mut String, uses: &[v1::Use], ask: v1::Ask, style: Style) {
    let mut file = "";
    let mut depth = 0;
    for one in uses {
        if one.depth != depth && (one.depth > 1 || depth > 1) {
            depth = one.depth;
            file = "";
            let _ = writeln!(
                text,
                "{}",
                style.dim(&format!("{} away", counted(u64::from(depth), "call")))
            );
        }
        if one.path != file {
            file = &one.path;
            let _ = writeln!(text, "{}", style.subject(&clean(file)));
        }
        let within = if one.within.is_empty() {
            "(top)".to_owned()
        } else {
            clean(&one.within).to_string()
        };
        let test = if one.is_test { " [test]" } else { "" };
        let evidence = style.dim(&one.evidence);
        let _ = match ask {
            v1::Ask::Callees => writeln!(
                text,
                "  {:>5}  {} {}  {evidence}",
                one.line,
                clean(&one.to),
                clean(&one.to_place)
            ),
            v1::Ask::References if one.kind != "call" => {
                writeln!(text, "  {:>5}  {within} ({}){test}  {evidence}", one.line, one.kind)
            }
            v1::Ask::Impact => writeln!(
                text,
                "  {:>5}  {within} -> {}{test}  {evidence}",
                one.line,
                clean(&one.to)
            ),
            v1::Ask::Definition | v1::Ask::Callers | v1::Ask::References | v1::Ask::Implementations => {
                writeln!(text, "  {:>5}  {within}{test}  {evidence}", one.line)
            }
        };
    }
}

/// What a symbol's answer leaves open; `None` where nothing was asked.
pub(crate) fn symbol_receipt(answer: &v1::SymbolResponse, ask: v1::Ask) -> Option<String> {
    if answer.definitions.is_empty() || ask == v1::Ask::Definition {
        return None;
    }
    let noun = match ask {
        v1::Ask::Definition | v1::Ask::References => "reference",
        v1::Ask::Callers => "caller",
        v1::Ask::Callees => "call",
        v1::Ask::Impact => "symbol reached",
        v1::Ask::Implementations => "implementation",
    };
    let mut parts = vec![match noun {
        "symbol reached" => format!("{} reached", counted(answer.total, "symbol")),
        noun => counted(answer.total, noun),
    }];
    if (answer.uses.len() as u64) < answer.total {
        parts.push(format!(
            "{} shown; `--offset` shows more",
            count(answer.uses.len() as u64)
        ));
    }
    if ask == v1::Ask::Impact {
        let n_tests = answer.uses.iter().filter(|one| one.is_test).count() as u64;
        parts.push(counted(n_tests, "test"));
    }
    if ask == v1::Ask::Callees {
        parts.push(format!("{} of something outside of the tree", count(answer.elsewhere)));
        parts.push(format!("{} unresolved", count(answer.open)));
    } else {
        parts.push(format!("{} unresolved", counted(answer.open, "same-name call site")));
    }
    if answer.is_cut {
        parts.push("cut at the depth asked for".to_owned());
    }
    if !answer.unresolved_languages.is_empty() {
        let languages: Vec<String> = answer
            .unresolved_languages
            .iter()
            .map(|one| clean(one).to_string())
            .collect();
        parts.push(format!(
            "{} is resolved within files and by unique names only",
            languages.join(", ")
        ));
    }
    Some(parts.join(", "))
}

/// A file's or a folder's definitions.
pub(crate) fn outline(answer: &v1::OutlineResponse, style: Style) -> String {
    let mut text = String::new();
    for file in &answer.files {
        let _ = writeln!(text, "{}", style.subject(&clean(&file.path)));
        for node in &file.nodes {
            outline_node(&mut text, node, 1);
        }
    }
    if answer.left_out + answer.files_left_out > 0 {
        let files = match answer.files_left_out {
            0 => String::new(),
            n_files => format!(" and {}", counted(n_files, "file")),
        };
        let left_out = counted(answer.left_out, "definition");
        let _ = writeln!(text, "{left_out}{files} left out; `--budget` makes room");
    }
    text
}

fn outline_node(text: &mut String, node: &v1::OutlineNode, depth: usize) {
    let shown = if node.signature.is_empty() {
        &node.name
    } else {
        &node.signature
    };
    let indent = "  ".repeat(depth);
    let _ = writeln!(text, "{indent}{} {}", node.start_line, clean(shown));
    for child in &node.children {
        outline_node(text, child, depth + 1);
    }
}

/// What a tree turns around.
pub(crate) fn map(answer: &v1::MapResponse, style: Style) -> String {
    let mut text = String::new();
    let (mut folder, mut file) = (None, "");
    for one in &answer.symbols {
        let own = one.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if folder != Some(own) {
            folder = Some(own);
            let _ = writeln!(
                text,
                "{}/",
                style.subject(&clean(if own.is_empty() { "." } else { own }))
            );
        }
        if one.path != file {
            file = &one.path;
            let _ = writeln!(text, "  {}", clean(file.rsplit('/').next().unwrap_or(file)));
        }
        let shown = if one.signature.is_empty() {
            &one.name
        } else {
            &one.signature
        };
        let users = style.dim(&counted(u64::from(one.users), "user"));
        let _ = writeln!(text, "    {} {}  {users}", one.line, clean(shown));
    }
    let _ = writeln!(
        text,
        "{}, {} resolved, {} unresolved",
        counted(answer.total, "symbol"),
        counted(answer.edges, "use"),
        count(answer.open)
    );
    text
}

/// What a diff touches.
pub(crate) fn affected(answer: &v1::AffectedResponse, style: Style) -> String {
    let mut text = String::new();
    let section = |title: &str| format!("{}\n", style.subject(title));
    text.push_str(&section(&format!(
        "changed: {}",
        counted(answer.changed.len() as u64, "symbol")
    )));
    for one in &answer.changed {
        let _ = writeln!(
            text,
            "  {}:{} {} {}",
            clean(&one.path),
            one.start_line,
            one.kind,
            clean(&one.name)
        );
    }
    text.push_str(&section(&format!("callers: {}", answer.callers.len())));
    for one in &answer.callers {
        let within = if one.within.is_empty() {
            "(top)".to_owned()
        } else {
            clean(&one.within).to_string()
        };
        let _ = writeln!(
            text,
            "  {}:{} {within} -> {}",
            clean(&one.path),
            one.line,
            clean(&one.to)
        );
    }
    text.push_str(&section(&format!("tests worth running: {}", answer.tests.len())));
    for path in &answer.tests {
        let _ = writeln!(text, "  {}", clean(path));
    }
    if !answer.unknown.is_empty() {
        let _ = writeln!(
            text,
            "{} not indexed",
            counted(answer.unknown.len() as u64, "changed file")
        );
    }
    let cut = if answer.is_cut {
        ", cut at the depth asked for"
    } else {
        ""
    };
    let _ = writeln!(text, "{} unresolved{cut}", counted(answer.open, "same-name call site"));
    text
}

/// A neighbourhood for Graphviz.
pub(crate) fn dot(graph: &Graph) -> String {
    let quoted = |text: &str| format!("\"{}\"", clean(text).replace('\\', "\\\\").replace('"', "\\\""));
    let mut text = String::from("digraph codemem {\n  rankdir=LR;\n  node [shape=box];\n");
    for node in &graph.nodes {
        let center = if node.is_center { ", style=bold" } else { "" };
        let label = quoted(&format!("{}\n{}", node.name, node.path)).replace('\u{fffd}', "\\n");
        let _ = writeln!(text, "  {} [label={label}{center}];", quoted(&node.id));
    }
    for edge in &graph.edges {
        let _ = writeln!(
            text,
            "  {} -> {} [label={}];",
            quoted(&edge.from),
            quoted(&edge.to),
            quoted(&edge.evidence)
        );
    }
    text.push_str("}\n");
    text
}

/// How true an answer is, as under a search.
pub(crate) fn ground(ground: Option<&v1::Ground>, now: i64) -> Option<String> {
    let ground = ground?;
    let answer = v1::SearchResponse {
        freshness: ground.freshness.clone(),
        coverage: Some(v1::Coverage {
            files_searched: ground.files_searched,
            files_total: ground.files_total,
            ..v1::Coverage::default()
        }),
        ..v1::SearchResponse::default()
    };
    super::freshness(&answer, now)
}
