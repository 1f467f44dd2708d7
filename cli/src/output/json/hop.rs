//! What is one step away from a hit, and the hits that it stands for.

use codemem_proto::v1;
use codemem_proto::v1::neighbour::Kind;
use serde::Serialize;

#[derive(Serialize, Debug)]
pub(super) struct Hop {
    calls: Vec<Neighbour>,
    callers: Vec<Neighbour>,
    /// Definitions that it calls and that the budget has no room for.
    calls_left_out: u32,
    callers_left_out: u32,
    /// Call sites of which the files do not say what they mean.
    open_calls: u32,
}

#[derive(Serialize, Debug)]
struct Neighbour {
    path: String,
    start_line: u32,
    end_line: u32,
    /// Where the first call stands.
    line: u32,
    name: String,
    kind: String,
    signature: String,
    evidence: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    same_signature: Option<Alike>,
}

#[derive(Serialize, Debug)]
pub(super) struct Alike {
    places: Vec<Place>,
    left_out: u32,
}

#[derive(Serialize, Debug)]
struct Place {
    path: String,
    start_line: u32,
    end_line: u32,
    name: String,
}

impl From<v1::Hop> for Hop {
    fn from(hop: v1::Hop) -> Self {
        let of_kind = hop.neighbours.into_iter().partition(|one| one.kind() != Kind::Callers);
        let (calls, callers): (Vec<_>, Vec<_>) = of_kind;
        Self {
            calls: calls.into_iter().map(Neighbour::from).collect(),
            callers: callers.into_iter().map(Neighbour::from).collect(),
            calls_left_out: hop.calls_left_out,
            callers_left_out: hop.callers_left_out,
            open_calls: hop.open,
        }
    }
}

impl From<v1::Neighbour> for Neighbour {
    fn from(one: v1::Neighbour) -> Self {
        Self {
            path: one.path,
            start_line: one.start_line,
            end_line: one.end_line,
            line: one.line,
            name: one.name,
            kind: one.symbol_kind,
            signature: one.signature,
            evidence: one.evidence,
            same_signature: one.alike.map(Alike::from),
        }
    }
}

impl From<v1::Alike> for Alike {
    fn from(alike: v1::Alike) -> Self {
        let place = |place: v1::Place| Place {
            path: place.path,
            start_line: place.start_line,
            end_line: place.end_line,
            name: place.name,
        };
        Self {
            places: alike.places.into_iter().map(place).collect(),
            left_out: alike.left_out,
        }
    }
}
