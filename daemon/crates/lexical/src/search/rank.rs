//! The cut: the best contents with their best chunks, the best paths, and their ids.
//!
//! Equal scores are ordered by id, so that the same query on the same commit gives the same answer.

use super::scope::Scope;
use super::score::{BODY, COVERAGE, Chosen, Columns, ContentScores, DOCS, NAMES};
use crate::segment::FileRow;
use crate::snapshot::{Snapshot, View};
use codemem_core::ids::{ChunkId, ContentId, PathId};
use codemem_core::ports::{ChunkEvidence, ContentEvidence, LexicalQuery, PathEvidence};
use std::io;

/// The contents by descending file + names score.
pub(crate) fn contents(
    snapshot: &Snapshot,
    scope: &Scope,
    scores: &ContentScores<'_>,
    query: &LexicalQuery<'_>,
) -> io::Result<Vec<ContentEvidence>> {
    let mut found = Vec::new();
    for (segment, (view, files)) in snapshot.segments.iter().zip(&scores.files).enumerate() {
        for (row, (file, columns)) in view.segment.files.iter().zip(files).enumerate() {
            if columns[COVERAGE] > 0.0 {
                found.push(Found {
                    score: columns[BODY] + columns[NAMES],
                    id: file.content,
                    place: (segment, row),
                });
            }
        }
    }
    best(&mut found, query.limit);
    let rows: Vec<(usize, usize)> = found.iter().map(|found| found.place).collect();
    let chosen = Chosen::score(snapshot, scope, scores, &rows)?;
    let evidence = found.into_iter().enumerate().map(|(number, found)| {
        let (segment, row) = found.place;
        let view = &snapshot.segments[segment];
        let file = &view.segment.files[row];
        let (chunks, body_sum) = chunks(view, file, chosen.chunks(number), scores.chunk_total, query);
        let columns = scores.files[segment][row];
        ContentEvidence {
            content: ContentId(file.content),
            chunks,
            file: columns[BODY],
            body_sum,
            names: columns[NAMES],
            docs: columns[DOCS],
            coverage: share(columns[COVERAGE], scores.file_total),
        }
    });
    Ok(evidence.collect())
}

/// The paths by descending stem + directories score.
pub(crate) fn paths(snapshot: &Snapshot, scores: &[Columns<2>], query: &LexicalQuery<'_>) -> Vec<PathEvidence> {
    let mut found = Vec::new();
    for (view, paths) in snapshot.segments.iter().zip(scores) {
        for (row, columns) in view.segment.paths.iter().zip(paths) {
            let score = columns[0] + columns[1];
            if score > 0.0 {
                found.push(Found {
                    score,
                    id: row.path,
                    place: *columns,
                });
            }
        }
    }
    best(&mut found, query.limit);
    let evidence = found.into_iter().map(|found| PathEvidence {
        path: PathId(found.id),
        stem: found.place[0],
        dirs: found.place[1],
    });
    evidence.collect()
}

/// The chunks of one content that have any term, by descending body score, and the sum of all body scores.
fn chunks(
    view: &View,
    file: &FileRow,
    scores: &Columns<4>,
    total: f32,
    query: &LexicalQuery<'_>,
) -> (Vec<ChunkEvidence>, f32) {
    let mut body_sum = 0.0;
    let mut found = Vec::new();
    for (doc, columns) in file.docs.clone().zip(scores) {
        body_sum += columns[BODY];
        if columns[BODY] + columns[NAMES] + columns[DOCS] > 0.0 {
            found.extend(view.segment.chunk(doc).map(|chunk| ChunkEvidence {
                chunk: ChunkId(chunk),
                body: columns[BODY],
                names: columns[NAMES],
                docs: columns[DOCS],
                coverage: share(columns[COVERAGE], total),
            }));
        }
    }
    found.sort_by(|a, b| {
        let by_score = b.body.total_cmp(&a.body).then(b.names.total_cmp(&a.names));
        by_score.then(b.docs.total_cmp(&a.docs)).then(a.chunk.cmp(&b.chunk))
    });
    found.truncate(query.chunks_per_content);
    (found, body_sum)
}

/// Something with a score; `place` is where the rest is found.
struct Found<P> {
    score: f32,
    id: u32,
    place: P,
}

/// Keeps the `limit` best, best first. Only these are sorted.
fn best<P>(found: &mut Vec<Found<P>>, limit: usize) {
    let order = |a: &Found<P>, b: &Found<P>| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id));
    if limit < found.len() {
        found.select_nth_unstable_by(limit, order);
        found.truncate(limit);
    }
    found.sort_unstable_by(order);
}

/// Sums of the same numbers in another order may differ in the last place, hence the bound.
fn share(part: f32, whole: f32) -> f32 {
    if whole > 0.0 { (part / whole).min(1.0) } else { 0.0 }
}
