//! What is one step away from hits in the code graph, a line each.

use super::super::Style;
use super::super::style::clean;
use super::{count, counted};
use codemem_proto::v1;
use codemem_proto::v1::neighbour::Kind;
use std::fmt::Write as _;

/// The lines below a hit: whom it stands for, what it calls, who calls it, and how many of those have no room.
pub(super) fn lines(hit: &v1::Hit, style: Style) -> String {
    let mut text = String::new();
    if let Some(alike) = alike(hit.alike.as_ref()) {
        let _ = writeln!(text, "    {alike}");
    }
    let Some(hop) = &hit.hop else {
        return text;
    };
    for one in &hop.neighbours {
        let path = clean(&one.path);
        match one.kind() {
            Kind::Callers => {
                let place = format!("{path}:{}", one.line);
                let _ = write!(text, "    ← {}", style.subject(&place));
                if !one.name.is_empty() {
                    let _ = write!(text, " in {}", style.name(&clean(&one.name)));
                }
            }
            Kind::Calls | Kind::Unspecified => {
                let place = format!("{path}:{}", one.start_line);
                let label = clean(&one.label);
                let _ = write!(text, "    → {}  {}", style.name(&label), style.subject(&place));
            }
        }
        if let Some(alike) = alike(one.alike.as_ref()) {
            let _ = write!(text, ", {alike}");
        }
        text.push('\n');
    }
    if !hop.neighbours.is_empty()
        && let Some(more) = more(hit, hop)
    {
        let _ = writeln!(text, "    {more}");
    }
    text
}

/// What has no room, and how it is asked for.
fn more(hit: &v1::Hit, hop: &v1::Hop) -> Option<String> {
    let subject = match hit.name.as_str() {
        "" => format!("{}:{}", clean(&hit.path), hit.start_line),
        name => clean(name).into_owned(),
    };
    let mut parts = Vec::new();
    for (n_left_out, what) in [(hop.calls_left_out, "call"), (hop.callers_left_out, "caller")] {
        if n_left_out > 0 {
            parts.push(counted(n_left_out.into(), &format!("more {what}")));
        }
    }
    let flag = if hop.callers_left_out > 0 {
        "--callers"
    } else {
        "--callees"
    };
    (!parts.is_empty()).then(|| format!("… {}: codemem symbol {subject} {flag}", parts.join(", ")))
}

/// What a line says of what is alike.
pub(super) fn alike(alike: Option<&v1::Alike>) -> Option<String> {
    let alike = alike?;
    let n_alike = alike.places.len() as u64 + u64::from(alike.left_out);
    let places = alike
        .places
        .iter()
        .map(|place| format!(" {}:{}", clean(&place.path), place.start_line));
    let places: String = places.collect();
    let more = if alike.left_out > 0 { " …" } else { "" };
    Some(format!(
        "and {} more with this signature:{places}{more}",
        count(n_alike)
    ))
}

/// What a receipt says of hops: for how many hits there is no room, and what the files leave open.
pub(super) fn receipt(answer: &v1::SearchResponse) -> Vec<String> {
    let hops = || answer.hits.iter().filter_map(|hit| hit.hop.as_ref());
    if hops().next().is_none() {
        return Vec::new();
    }
    let is_untold = |hop: &&v1::Hop| hop.neighbours.is_empty() && hop.calls_left_out + hop.callers_left_out > 0;
    let n_untold = hops().filter(is_untold).count() as u64;
    let n_unasked = (answer.hits.len() - hops().count()) as u64;
    let mut parts = Vec::new();
    if n_untold > 0 {
        parts.push(format!(
            "calls and callers of {} left out for the budget",
            counted(n_untold, "hit")
        ));
    }
    if n_unasked > 0 {
        parts.push(format!(
            "calls and callers of {} not looked up in time",
            counted(n_unasked, "hit")
        ));
    }
    match hops().map(|hop| u64::from(hop.open)).sum() {
        0 => {}
        n_open => parts.push(format!("{} unresolved", counted(n_open, "call site"))),
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn neighbour(kind: Kind, name: &str, alike: Option<v1::Alike>) -> v1::Neighbour {
        v1::Neighbour {
            kind: kind.into(),
            name: name.to_owned(),
            label: format!("{name}(self)"),
            path: "a/b.py".to_owned(),
            start_line: 4,
            end_line: 9,
            line: 7,
            alike,
            ..v1::Neighbour::default()
        }
    }

    fn answer(hop: v1::Hop, alike: Option<v1::Alike>) -> v1::SearchResponse {
        let hit = v1::Hit {
            name: "Cart.pay".to_owned(),
            hop: Some(hop),
            alike,
            ..v1::Hit::default()
        };
        v1::SearchResponse {
            hits: vec![hit],
            ..v1::SearchResponse::default()
        }
    }

    #[test]
    fn neighbours_have_a_line_each_and_what_is_missing_is_counted() {
        let place = v1::Place {
            path: "c.py".to_owned(),
            start_line: 3,
            ..v1::Place::default()
        };
        let alike = v1::Alike {
            places: vec![place],
            left_out: 1,
        };
        let hop = v1::Hop {
            neighbours: vec![
                neighbour(Kind::Calls, "Cart.add", Some(alike.clone())),
                neighbour(Kind::Callers, "test\u{1b}[2Jpay", None),
                neighbour(Kind::Callers, "", None),
            ],
            calls_left_out: 1,
            callers_left_out: 1200,
            open: 2,
        };
        let full = answer(hop.clone(), Some(alike));
        let plain = Style::new(false);
        assert_eq!(
            lines(&full.hits[0], plain),
            "    and 2 more with this signature: c.py:3 …\n    \
             → Cart.add(self)  a/b.py:4, and 2 more with this signature: c.py:3 …\n    \
             ← a/b.py:7 in test\u{fffd}[2Jpay\n    \
             ← a/b.py:7\n    \
             … 1 more call, 1,200 more callers: codemem symbol Cart.pay --callers\n"
        );
        assert_eq!(receipt(&full), ["2 call sites unresolved"]);
        let untold = v1::Hop {
            neighbours: Vec::new(),
            open: 0,
            ..hop
        };
        let mut untold = answer(untold, None);
        assert_eq!(lines(&untold.hits[0], plain), "");
        assert_eq!(receipt(&untold), ["calls and callers of 1 hit left out for the budget"]);
        untold.hits.push(v1::Hit::default());
        assert_eq!(
            receipt(&untold).last().map(String::as_str),
            Some("calls and callers of 1 hit not looked up in time")
        );
        assert_eq!(receipt(&v1::SearchResponse::default()), Vec::<String>::new());
    }
}
