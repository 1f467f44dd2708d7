//! What is one step away from hits in the code graph, in as few tokens as tell it.

use super::clean;
use codemem_proto::v1;
use codemem_proto::v1::neighbour::Kind;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The lines below a hit: whom it stands for, what it calls, who calls it, and how many of those have no room.
pub(super) fn lines(hit: &v1::Hit) -> String {
    let mut text = String::new();
    if let Some(alike) = alike(hit.alike.as_ref()) {
        let _ = writeln!(text, "  {alike}");
    }
    let Some(hop) = &hit.hop else {
        return text;
    };
    for one in &hop.neighbours {
        let path = clean(&one.path);
        let _ = match one.kind() {
            Kind::Callers if one.name.is_empty() => write!(text, "  ← {path}:{}", one.line),
            Kind::Callers => write!(text, "  ← {path}:{} in {}", one.line, clean(&one.name)),
            Kind::Calls | Kind::Unspecified => write!(text, "  → {}  {path}:{}", clean(&one.label), one.start_line),
        };
        if let Some(alike) = alike(one.alike.as_ref()) {
            let _ = write!(text, ", {alike}");
        }
        text.push('\n');
    }
    if hop.neighbours.is_empty() || hop.calls_left_out + hop.callers_left_out == 0 {
        return text;
    }
    let subject = match hit.name.as_str() {
        "" => format!("{}:{}", clean(&hit.path), hit.start_line),
        name => clean(name).into_owned(),
    };
    let parts = [(hop.calls_left_out, "calls"), (hop.callers_left_out, "callers")];
    let parts = parts.iter().filter(|(n_left_out, _)| *n_left_out > 0);
    let parts: Vec<String> = parts
        .map(|(n_left_out, what)| format!("{n_left_out} more {what}"))
        .collect();
    let _ = writeln!(text, "  … {}: tool symbol, {subject}", parts.join(", "));
    text
}

/// What a line says of what is alike.
pub(super) fn alike(alike: Option<&v1::Alike>) -> Option<String> {
    let alike = alike?;
    let place = |place: &v1::Place| format!("{}:{}", clean(&place.path), place.start_line);
    let places: Vec<String> = alike.places.iter().map(place).collect();
    let more = if alike.left_out > 0 { " …" } else { "" };
    let n_alike = alike.places.len() + alike.left_out as usize;
    let places = places.join(" ");
    Some(format!("and {n_alike} more with this signature: {places}{more}"))
}

/// What the receipt says of hops: for how many hits there is no room, and what the files leave open.
pub(super) fn receipt(answer: &v1::SearchResponse) -> String {
    let hops = || answer.hits.iter().filter_map(|hit| hit.hop.as_ref());
    let mut text = String::new();
    if hops().next().is_none() {
        return text;
    }
    let is_untold = |hop: &&v1::Hop| hop.neighbours.is_empty() && hop.calls_left_out + hop.callers_left_out > 0;
    let counts = [
        (hops().filter(is_untold).count(), "left out for `budget`"),
        (answer.hits.len() - hops().count(), "not looked up in time"),
    ];
    for (n_hits, what) in counts.into_iter().filter(|(n_hits, _)| *n_hits > 0) {
        let _ = write!(text, "; calls and callers of {n_hits} hits {what}");
    }
    match hops().map(|hop| hop.open).fold(0, u32::saturating_add) {
        0 => {}
        n_open => {
            let _ = write!(text, "; {n_open} call sites unresolved");
        }
    }
    text
}

/// What a hit's JSON has in addition.
pub(super) fn as_json(hit: &v1::Hit) -> serde_json::Map<String, Value> {
    let mut json = serde_json::Map::new();
    if let Some(hop) = &hit.hop {
        for (kind, name) in [(Kind::Calls, "calls"), (Kind::Callers, "callers")] {
            let of_kind = hop.neighbours.iter().filter(|one| one.kind() == kind);
            json.insert(name.to_owned(), of_kind.map(neighbour_as_json).collect());
        }
        json.insert("calls_left_out".to_owned(), hop.calls_left_out.into());
        json.insert("callers_left_out".to_owned(), hop.callers_left_out.into());
        json.insert("open_calls".to_owned(), hop.open.into());
    }
    if let Some(alike) = &hit.alike {
        json.insert("same_signature".to_owned(), alike_as_json(alike));
    }
    json
}

fn neighbour_as_json(one: &v1::Neighbour) -> Value {
    let mut json = json!({
        "path": one.path,
        "start_line": one.start_line,
        "end_line": one.end_line,
        "line": one.line,
        "name": one.name,
        "kind": one.symbol_kind,
        "signature": one.signature,
        "evidence": one.evidence,
    });
    if let Some(alike) = &one.alike {
        json["same_signature"] = alike_as_json(alike);
    }
    json
}

fn alike_as_json(alike: &v1::Alike) -> Value {
    let place = |place: &v1::Place| {
        json!({
            "path": place.path,
            "start_line": place.start_line,
            "end_line": place.end_line,
            "name": place.name,
        })
    };
    json!({
        "places": alike.places.iter().map(place).collect::<Vec<_>>(),
        "left_out": alike.left_out,
    })
}
