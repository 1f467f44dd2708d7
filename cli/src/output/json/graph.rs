//! The code graph: symbols, outlines, maps, what a diff touches.

use super::freshness::Freshness;
use super::hop::Alike;
use codemem_proto::v1;
use serde::Serialize;
use serde_json::{Map as Object, Value, json};
use std::collections::BTreeMap;

/// What an answer rests on.
#[derive(Serialize, Debug)]
struct Ground {
    root: String,
    files_searched: u64,
    files_total: u64,
    /// Null where the daemon tells nothing.
    freshness: Option<Freshness>,
}

impl Ground {
    fn of(ground: Option<v1::Ground>) -> Self {
        let ground = ground.unwrap_or_default();
        Self {
            root: ground.root,
            files_searched: ground.files_searched,
            files_total: ground.files_total,
            freshness: ground.freshness.map(Freshness::from),
        }
    }
}

#[derive(Serialize, Debug)]
struct Definition {
    name: String,
    kind: String,
    /// `public`, `internal`, `protected` or `private`; null where its language knows no such thing, or the file does not say.
    visibility: Option<String>,
    signature: String,
    /// Null where there is none.
    docstring: Option<String>,
    path: String,
    start_line: u32,
    end_line: u32,
    language: String,
    /// Further definitions of the name with the same signature, for which it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    same_signature: Option<Alike>,
}

impl From<v1::Definition> for Definition {
    fn from(one: v1::Definition) -> Self {
        Self {
            name: one.name,
            kind: one.kind,
            visibility: Some(one.visibility).filter(|text| !text.is_empty()),
            signature: one.signature,
            docstring: Some(one.docstring).filter(|text| !text.is_empty()),
            path: one.path,
            start_line: one.start_line,
            end_line: one.end_line,
            language: one.language,
            same_signature: one.alike.map(Alike::from),
        }
    }
}

#[derive(Serialize, Debug)]
struct Use {
    path: String,
    line: u32,
    /// `call`, `type`, `import`, `inherit`, `implement` or `decorate`.
    kind: String,
    /// `local`, `import`, `receiver-type` or `unique-name`.
    evidence: String,
    /// The symbol around; null at the file's top.
    symbol: Option<String>,
    to: String,
    to_place: String,
    depth: u32,
    is_test: bool,
}

impl From<v1::Use> for Use {
    fn from(one: v1::Use) -> Self {
        Self {
            path: one.path,
            line: one.line,
            kind: one.kind,
            evidence: one.evidence,
            symbol: Some(one.within).filter(|name| !name.is_empty()),
            to: one.to,
            to_place: one.to_place,
            depth: one.depth,
            is_test: one.is_test,
        }
    }
}

/// A symbol. What was asked about it stands under the question's name: `callers`, `callees`, `references`, `impact`,
/// `implementations`.
#[derive(Serialize, Debug)]
pub(crate) struct SymbolAnswer {
    definitions: Vec<Definition>,
    definitions_left_out: u64,
    #[serde(flatten)]
    asked: Object<String, Value>,
    /// Names that are nearly this one, when nothing has it.
    nearest: Vec<String>,
    /// Languages of which names are resolved only within a file, or where they are unique.
    unresolved_languages: Vec<String>,
    #[serde(flatten)]
    ground: Ground,
}

impl SymbolAnswer {
    pub(crate) fn new(answer: v1::SymbolResponse, ask: v1::Ask) -> Self {
        let mut asked = Object::new();
        if let Some(name) = asked_name(ask) {
            let uses: Vec<Use> = answer.uses.into_iter().map(Use::from).collect();
            asked.insert(name.to_owned(), json!(uses));
            asked.insert("total".to_owned(), json!(answer.total));
            asked.insert("unresolved".to_owned(), json!(answer.open));
            asked.insert("elsewhere".to_owned(), json!(answer.elsewhere));
            asked.insert("cut".to_owned(), json!(answer.is_cut));
        }
        Self {
            definitions: answer.definitions.into_iter().map(Definition::from).collect(),
            definitions_left_out: answer.definitions_left_out,
            asked,
            nearest: answer.nearest,
            unresolved_languages: answer.unresolved_languages,
            ground: Ground::of(answer.ground),
        }
    }
}

fn asked_name(ask: v1::Ask) -> Option<&'static str> {
    match ask {
        v1::Ask::Definition => None,
        v1::Ask::Callers => Some("callers"),
        v1::Ask::Callees => Some("callees"),
        v1::Ask::References => Some("references"),
        v1::Ask::Impact => Some("impact"),
        v1::Ask::Implementations => Some("implementations"),
    }
}

#[derive(Serialize, Debug)]
struct Node {
    name: String,
    kind: String,
    /// As of a definition.
    visibility: Option<String>,
    signature: String,
    start_line: u32,
    end_line: u32,
    children: Vec<Node>,
}

impl From<v1::OutlineNode> for Node {
    fn from(one: v1::OutlineNode) -> Self {
        Self {
            name: one.name,
            kind: one.kind,
            visibility: Some(one.visibility).filter(|text| !text.is_empty()),
            signature: one.signature,
            start_line: one.start_line,
            end_line: one.end_line,
            children: one.children.into_iter().map(Self::from).collect(),
        }
    }
}

/// A file or a folder.
#[derive(Serialize, Debug)]
pub(crate) struct Outline {
    files: Vec<OutlineFile>,
    left_out: u64,
    files_left_out: u64,
    #[serde(flatten)]
    ground: Ground,
}

#[derive(Serialize, Debug)]
struct OutlineFile {
    path: String,
    language: String,
    nodes: Vec<Node>,
}

impl From<v1::OutlineResponse> for Outline {
    fn from(answer: v1::OutlineResponse) -> Self {
        let file = |file: v1::OutlineFile| OutlineFile {
            path: file.path,
            language: file.language,
            nodes: file.nodes.into_iter().map(Node::from).collect(),
        };
        Self {
            files: answer.files.into_iter().map(file).collect(),
            left_out: answer.left_out,
            files_left_out: answer.files_left_out,
            ground: Ground::of(answer.ground),
        }
    }
}

/// What a tree turns around.
#[derive(Serialize, Debug)]
pub(crate) struct Map {
    symbols: Vec<Central>,
    total: u64,
    edges: u64,
    unresolved: u64,
    #[serde(flatten)]
    ground: Ground,
}

#[derive(Serialize, Debug)]
struct Central {
    path: String,
    line: u32,
    name: String,
    kind: String,
    signature: String,
    rank: f64,
    users: u32,
}

impl From<v1::MapResponse> for Map {
    fn from(answer: v1::MapResponse) -> Self {
        let central = |one: v1::CentralSymbol| Central {
            path: one.path,
            line: one.line,
            name: one.name,
            kind: one.kind,
            signature: one.signature,
            rank: one.rank,
            users: one.users,
        };
        Self {
            symbols: answer.symbols.into_iter().map(central).collect(),
            total: answer.total,
            edges: answer.edges,
            unresolved: answer.open,
            ground: Ground::of(answer.ground),
        }
    }
}

/// What a diff touches.
#[derive(Serialize, Debug)]
pub(crate) struct Affected {
    changed: Vec<Definition>,
    callers: Vec<Use>,
    tests: Vec<String>,
    /// Changed files that the index does not have.
    unknown: Vec<String>,
    unresolved: u64,
    cut: bool,
    #[serde(flatten)]
    ground: Ground,
}

impl From<v1::AffectedResponse> for Affected {
    fn from(answer: v1::AffectedResponse) -> Self {
        Self {
            changed: answer.changed.into_iter().map(Definition::from).collect(),
            callers: answer.callers.into_iter().map(Use::from).collect(),
            tests: answer.tests,
            unknown: answer.unknown,
            unresolved: answer.open,
            cut: answer.is_cut,
            ground: Ground::of(answer.ground),
        }
    }
}

/// A neighbourhood: who calls, who is called.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<GraphNode>,
    pub(crate) edges: Vec<GraphEdge>,
    pub(crate) unresolved: u64,
}

#[derive(Serialize, Clone, Debug)]
pub(crate) struct GraphNode {
    /// `path#name`
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) path: String,
    /// Whether it is what was asked for.
    pub(crate) is_center: bool,
}

#[derive(Serialize, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct GraphEdge {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) evidence: String,
    /// The first line of the call in the caller's file.
    pub(crate) line: u32,
}

impl Graph {
    pub(crate) fn new(callers: &v1::SymbolResponse, callees: &v1::SymbolResponse) -> Self {
        let mut nodes: BTreeMap<String, GraphNode> = BTreeMap::new();
        let mut node = |path: &str, name: &str, is_center: bool| {
            let name = if name.is_empty() { "(file)" } else { name };
            let id = format!("{path}#{name}");
            let entry = nodes.entry(id.clone()).or_insert_with(|| GraphNode {
                id: id.clone(),
                name: name.to_owned(),
                path: path.to_owned(),
                is_center,
            });
            entry.is_center |= is_center;
            id
        };
        for one in &callers.definitions {
            node(&one.path, &one.name, true);
        }
        let uses = callers.uses.iter().chain(&callees.uses);
        let edges = uses.map(|one| {
            let target = one
                .to_place
                .rsplit_once(':')
                .map_or(one.to_place.as_str(), |(path, _)| path);
            GraphEdge {
                from: node(&one.path, &one.within, false),
                to: node(target, &one.to, false),
                evidence: one.evidence.clone(),
                line: one.line,
            }
        });
        let mut edges: Vec<GraphEdge> = edges.collect();
        edges.sort();
        edges.dedup_by(|next, kept| next.from == kept.from && next.to == kept.to);
        Self {
            nodes: nodes.into_values().collect(),
            edges,
            unresolved: callers.open + callees.open,
        }
    }
}
