//! The Graph service. A question whose client leaves is given up, as a search is.

use super::{Context, convert, freshness};
use codemem_core::unit::{LineSpan, Visibility};
use codemem_engine::graph;
use codemem_proto::status::{ErrorKind, WireError};
use codemem_proto::v1::graph_server::Graph;
use codemem_proto::v1::{
    AffectedRequest, AffectedResponse, Ask, CentralSymbol, Definition, Ground, MapRequest, MapResponse, OutlineFile,
    OutlineNode, OutlineRequest, OutlineResponse, SymbolRequest, SymbolResponse, Use,
};
use tonic::{Request, Response, Status};

/// Longest name that is asked for, in bytes.
const MAX_NAME: usize = 4096;

/// Most files of a diff.
const MAX_CHANGES: usize = 20_000;

pub(super) struct Service(pub(super) Context);

#[tonic::async_trait]
impl Graph for Service {
    async fn symbol(&self, request: Request<SymbolRequest>) -> Result<Response<SymbolResponse>, Status> {
        let request = request.into_inner();
        if request.name.len() > MAX_NAME {
            let message = format!(
                "a name of {} bytes is too long; {MAX_NAME} are read",
                request.name.len()
            );
            return Err(WireError::new(ErrorKind::Usage, message).into());
        }
        let asked = graph::SymbolRequest {
            path: convert::absolute(&request.root)?,
            ask: ask(request.ask()),
            depth: request.depth,
            limit: request.limit as usize,
            offset: request.offset as usize,
            name: request.name,
        };
        let answer = self.0.engine.symbol(asked).await.map_err(convert::status)?;
        self.0.activity.work();
        Ok(Response::new(SymbolResponse {
            ground: Some(ground(answer.ground)),
            definitions: answer.definitions.into_iter().map(definition).collect(),
            definitions_left_out: answer.definitions_left_out,
            uses: answer.uses.into_iter().map(one_use).collect(),
            total: answer.total,
            open: answer.open,
            elsewhere: answer.elsewhere,
            is_cut: answer.is_cut,
            nearest: answer.nearest,
            unresolved_languages: answer.unresolved_languages,
        }))
    }

    async fn outline(&self, request: Request<OutlineRequest>) -> Result<Response<OutlineResponse>, Status> {
        let request = request.into_inner();
        let asked = graph::OutlineRequest {
            path: convert::absolute(&request.path)?,
            budget: request.budget as usize,
        };
        let answer = self.0.engine.outline(asked).await.map_err(convert::status)?;
        self.0.activity.work();
        let file = |file: graph::OutlineFile| OutlineFile {
            path: file.path,
            language: file.language,
            nodes: file.nodes.into_iter().map(node).collect(),
        };
        Ok(Response::new(OutlineResponse {
            ground: Some(ground(answer.ground)),
            files: answer.files.into_iter().map(file).collect(),
            left_out: answer.left_out,
            files_left_out: answer.files_left_out,
        }))
    }

    async fn map(&self, request: Request<MapRequest>) -> Result<Response<MapResponse>, Status> {
        let request = request.into_inner();
        let asked = graph::MapRequest {
            path: convert::absolute(&request.path)?,
            budget: request.budget as usize,
        };
        let answer = self.0.engine.map(asked).await.map_err(convert::status)?;
        self.0.activity.work();
        let symbol = |one: graph::Central| CentralSymbol {
            path: one.path,
            line: one.line,
            name: one.qualified_name,
            kind: one.kind,
            signature: one.signature,
            rank: one.rank,
            users: one.users,
        };
        Ok(Response::new(MapResponse {
            ground: Some(ground(answer.ground)),
            symbols: answer.symbols.into_iter().map(symbol).collect(),
            total: answer.total,
            edges: answer.edges,
            open: answer.open,
        }))
    }

    async fn affected(&self, request: Request<AffectedRequest>) -> Result<Response<AffectedResponse>, Status> {
        let request = request.into_inner();
        if request.changes.len() > MAX_CHANGES {
            let message = format!(
                "{} changed files are too many; {MAX_CHANGES} are read",
                request.changes.len()
            );
            let error = WireError::new(ErrorKind::Usage, message);
            return Err(error.with_hint("name a nearer base with `--base`").into());
        }
        let change = |file: codemem_proto::v1::ChangedFile| graph::Change {
            path: file.path,
            lines: file
                .lines
                .into_iter()
                .map(|lines| LineSpan {
                    start: lines.start,
                    end: lines.end.max(lines.start),
                })
                .collect(),
        };
        let asked = graph::AffectedRequest {
            path: convert::absolute(&request.root)?,
            changes: request.changes.into_iter().map(change).collect(),
            depth: request.depth,
        };
        let answer = self.0.engine.affected(asked).await.map_err(convert::status)?;
        self.0.activity.work();
        Ok(Response::new(AffectedResponse {
            ground: Some(ground(answer.ground)),
            changed: answer.changed.into_iter().map(definition).collect(),
            callers: answer.callers.into_iter().map(one_use).collect(),
            tests: answer.tests,
            unknown: answer.unknown,
            open: answer.open,
            is_cut: answer.is_cut,
        }))
    }
}

fn ask(ask: Ask) -> graph::Ask {
    match ask {
        Ask::Definition => graph::Ask::Definition,
        Ask::Callers => graph::Ask::Callers,
        Ask::Callees => graph::Ask::Callees,
        Ask::References => graph::Ask::References,
        Ask::Impact => graph::Ask::Impact,
        Ask::Implementations => graph::Ask::Implementations,
    }
}

fn ground(ground: graph::Ground) -> Ground {
    Ground {
        root: ground.root.to_string_lossy().into_owned(),
        files_searched: ground.files_searched,
        files_total: ground.files_total,
        freshness: Some(freshness::wire(ground.freshness)),
    }
}

fn definition(one: graph::Definition) -> Definition {
    Definition {
        name: one.qualified_name,
        kind: one.kind,
        visibility: visibility(one.visibility),
        signature: one.signature,
        docstring: one.docstring,
        path: one.path,
        start_line: one.start_line,
        end_line: one.end_line,
        language: one.language,
        alike: super::search::alike(one.alike),
    }
}

fn visibility(one: Option<Visibility>) -> String {
    one.map_or("", Visibility::as_str).to_owned()
}

fn one_use(one: graph::Use) -> Use {
    Use {
        path: one.path,
        line: one.line,
        kind: one.kind,
        evidence: one.evidence,
        within: one.within,
        to: one.to,
        to_place: one.to_place,
        depth: one.depth,
        is_test: one.is_test,
    }
}

fn node(one: graph::OutlineNode) -> OutlineNode {
    OutlineNode {
        name: one.name,
        kind: one.kind,
        visibility: visibility(one.visibility),
        signature: one.signature,
        start_line: one.start_line,
        end_line: one.end_line,
        children: one.children.into_iter().map(node).collect(),
    }
}
