//! `codemem affected`: what a git diff touches, on stdout. Git is asked here, in the caller's own terminal and with the caller's
//! own git; the daemon runs none.

mod diff;

use super::{bounded, now_ms};
use crate::args::graph::AffectedArgs;
use crate::context::{Context, wire_path_or_here};
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_proto::v1::AffectedRequest;

pub(super) async fn run(context: &Context, args: AffectedArgs, output: &mut Output) -> Result<Exit, CliError> {
    let root = wire_path_or_here(args.repo.as_deref())?;
    let mut client = context.connect().await?;
    // Paths of a diff are relative to the root that the daemon answers from.
    let place = codemem_proto::v1::ExplainProjectRequest { path: root.clone() };
    let place = client.index.explain_project(bounded(place)).await?.into_inner();
    let base = if place.root.is_empty() { root } else { place.root };
    let changes = diff::since(&args.base, base.as_ref())?;
    if changes.is_empty() {
        output.note(&format!("nothing differs from {}", args.base));
    }
    let request = AffectedRequest {
        root: base,
        changes,
        depth: args.depth,
    };
    let answer = client.graph.affected(bounded(request)).await?.into_inner();
    output.answer(
        |style| human::affected(&answer, style),
        || json::Affected::from(answer.clone()),
    )?;
    if let Some(freshness) = human::ground(answer.ground.as_ref(), now_ms()) {
        output.aside(&freshness);
    }
    Ok(Exit::Success)
}
