//! A naive index: keeps all documents as token lists and follows the port's words literally.

use codemem_core::ids::{ChunkId, ContentId, IdSet};
use codemem_core::path::RepoPath;
use codemem_core::ports::{ChunkDocument, LexicalEvidence, LexicalQuery, QueryTerm};
use codemem_core::token::Tokenizer;
use std::collections::BTreeMap;
use tantivy::fieldnorm::FieldNormReader;

#[derive(Clone, Debug)]
pub(crate) struct Chunk {
    pub(crate) content: u32,
    pub(crate) id: u32,
    /// Body, names, docs.
    pub(crate) texts: [String; 3],
}

impl Chunk {
    pub(crate) fn document(&self) -> ChunkDocument<'_> {
        ChunkDocument {
            content: ContentId(self.content),
            chunk: ChunkId(self.id),
            body: &self.texts[0],
            names: &self.texts[1],
            docs: &self.texts[2],
        }
    }
}

type Tokens = Vec<String>;

#[derive(Clone, Default)]
pub(crate) struct Naive {
    contents: BTreeMap<u32, Vec<(u32, [Tokens; 3])>>,
    paths: BTreeMap<u32, [Tokens; 2]>,
}

/// Evidence as plain numbers: body or file, names, docs, coverage.
struct Expected {
    id: u32,
    columns: [f64; 4],
    body_sum: f64,
    chunks: Vec<(u32, [f64; 4])>,
}

impl Naive {
    pub(crate) fn put_chunks(&mut self, chunks: Vec<Chunk>) {
        let mut tokenizer = Tokenizer::default();
        for chunk in &chunks {
            self.contents.remove(&chunk.content);
        }
        for chunk in chunks {
            let tokens = chunk.texts.map(|text| tokenizer.collect(&text));
            self.contents.entry(chunk.content).or_default().push((chunk.id, tokens));
        }
    }

    pub(crate) fn put_paths(&mut self, paths: Vec<(u32, RepoPath)>) {
        let mut tokenizer = Tokenizer::default();
        for (id, path) in paths {
            let tokens = [tokenizer.collect(path.stem()), tokenizer.collect(path.directory())];
            self.paths.insert(id, tokens);
        }
    }

    pub(crate) fn delete(&mut self, contents: &[u32], paths: &[u32]) {
        self.contents.retain(|id, _| !contents.contains(id));
        self.paths.retain(|id, _| !paths.contains(id));
    }

    /// The contents and the paths that are there.
    pub(crate) fn held(&self) -> (IdSet, IdSet) {
        (
            self.contents.keys().copied().collect(),
            self.paths.keys().copied().collect(),
        )
    }

    fn contents(&self, query: &LexicalQuery<'_>) -> Vec<Expected> {
        let scope: Vec<_> = self
            .contents
            .iter()
            .filter(|(id, _)| query.contents.contains(**id))
            .collect();
        let chunks: Vec<&[Tokens; 3]> = scope.iter().flat_map(|(_, chunks)| *chunks).map(|(_, t)| t).collect();
        let terms = used(query);
        let chunk_fields = [0, 1, 2].map(|f| Field::of(chunks.iter().map(|tokens| vec![&tokens[f]])));
        let file_fields = [0, 1, 2].map(|f| {
            Field::of(
                scope
                    .iter()
                    .map(|(_, chunks)| chunks.iter().map(|(_, t)| &t[f]).collect()),
            )
        });
        let has = |tokens: &[Tokens; 3], term: &str| tokens.iter().any(|field| field.iter().any(|t| t == term));
        let any_idf = |term: &str| {
            let having = scope
                .iter()
                .filter(|(_, chunks)| chunks.iter().any(|(_, tokens)| has(tokens, term)));
            idf(scope.len(), having.count())
        };
        let chunk_total: f64 = terms
            .iter()
            .map(|t| f64::from(t.weight) * chunk_fields[0].idf(&t.text))
            .sum();
        let file_total: f64 = terms.iter().map(|t| f64::from(t.weight) * any_idf(&t.text)).sum();
        let mut all = Vec::new();
        for (id, chunks) in &scope {
            let mut expected = Expected {
                id: **id,
                columns: [0.0; 4],
                body_sum: 0.0,
                chunks: Vec::new(),
            };
            for (chunk, tokens) in *chunks {
                let mut columns = [0, 1, 2, 0].map(|f: usize| chunk_fields[f].score(&terms, &[&tokens[f]]));
                columns[3] = terms
                    .iter()
                    .filter(|term| tokens[0].contains(&term.text))
                    .map(|term| f64::from(term.weight) * chunk_fields[0].idf(&term.text) / chunk_total)
                    .sum();
                expected.body_sum += columns[0];
                expected.chunks.push((*chunk, columns));
            }
            for (field, column) in file_fields.iter().zip([0, 1, 2]) {
                let tokens: Vec<&Tokens> = chunks.iter().map(|(_, tokens)| &tokens[column]).collect();
                expected.columns[column] = field.score(&terms, &tokens);
            }
            expected.columns[3] = terms
                .iter()
                .filter(|term| chunks.iter().any(|(_, tokens)| has(tokens, &term.text)))
                .map(|term| f64::from(term.weight) * any_idf(&term.text) / file_total)
                .sum();
            if expected.columns[3] > 0.0 {
                all.push(expected);
            }
        }
        all
    }

    fn paths(&self, query: &LexicalQuery<'_>) -> Vec<(u32, [f64; 2])> {
        let scope: Vec<_> = self.paths.iter().filter(|(id, _)| query.paths.contains(**id)).collect();
        let terms = used(query);
        let fields = [0, 1].map(|f| Field::of(scope.iter().map(|(_, tokens)| vec![&tokens[f]])));
        let scored = scope
            .iter()
            .map(|(id, tokens)| (**id, [0, 1].map(|f| fields[f].score(&terms, &[&tokens[f]]))));
        scored.filter(|(_, scores)| scores[0] + scores[1] > 0.0).collect()
    }
}

/// The documents of one field: each a list of parts whose stored lengths add up.
struct Field<'a> {
    documents: Vec<Vec<&'a Tokens>>,
}

impl<'a> Field<'a> {
    fn of(documents: impl Iterator<Item = Vec<&'a Tokens>>) -> Self {
        Self {
            documents: documents.filter(|parts| length(parts) > 0).collect(),
        }
    }

    fn idf(&self, term: &str) -> f64 {
        let having = self.documents.iter().filter(|parts| frequency(parts, term) > 0);
        idf(self.documents.len(), having.count())
    }

    fn score(&self, terms: &[&QueryTerm], parts: &[&Tokens]) -> f64 {
        let total: u32 = self.documents.iter().map(|parts| length(parts)).sum();
        let average = f64::from(total) / self.documents.len().max(1) as f64;
        let scores = terms.iter().map(|term| {
            let frequency = frequency(parts, &term.text) as f64;
            if frequency == 0.0 {
                return 0.0;
            }
            let pressure = 1.2 * (0.25 + 0.75 * f64::from(length(parts)) / average);
            f64::from(term.weight) * self.idf(&term.text) * frequency * 2.2 / (frequency + pressure)
        });
        scores.sum()
    }
}

fn idf(all: usize, having: usize) -> f64 {
    let (all, having) = (all as f64, having as f64);
    (1.0 + (all - having + 0.5) / (having + 0.5)).ln()
}

fn frequency(parts: &[&Tokens], term: &str) -> usize {
    parts.iter().flat_map(|tokens| *tokens).filter(|t| *t == term).count()
}

/// Lengths are kept in a byte per part.
fn length(parts: &[&Tokens]) -> u32 {
    let kept = parts.iter().map(|tokens| {
        let id = FieldNormReader::fieldnorm_to_id(tokens.len() as u32);
        FieldNormReader::id_to_fieldnorm(id)
    });
    kept.sum()
}

fn used<'a>(query: &LexicalQuery<'a>) -> Vec<&'a QueryTerm> {
    let mut terms: Vec<&QueryTerm> = query.terms.iter().collect();
    terms.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    terms.truncate(LexicalQuery::MAX_TERMS);
    terms
}

pub(crate) fn contents_of(found: &LexicalEvidence) -> Vec<u32> {
    found.contents.iter().map(|evidence| evidence.content.0).collect()
}

#[track_caller]
fn close(what: &str, found: f32, expected: f64) {
    let difference = (f64::from(found) - expected).abs();
    assert!(
        difference <= 1e-4 * expected.abs().max(1.0),
        "{what}: found {found}, expected {expected}"
    );
}

/// Compares by id, so that a tie in the last float digit cannot turn two entries around unnoticed:
/// the order is checked against the scores that were found, the cut against the ones left out.
#[track_caller]
pub(crate) fn assert_same(found: &LexicalEvidence, naive: &Naive, query: &LexicalQuery<'_>) {
    let expected = naive.contents(query);
    assert_eq!(found.contents.len(), expected.len().min(query.limit), "contents");
    let key = |evidence: &codemem_core::ports::ContentEvidence| evidence.file + evidence.names;
    assert!(found.contents.is_sorted_by(|a, b| key(a) >= key(b)));
    let mut rest: BTreeMap<u32, Expected> = expected.into_iter().map(|e| (e.id, e)).collect();
    for evidence in &found.contents {
        let expected = rest.remove(&evidence.content.0).expect("each matching content once");
        close("file", evidence.file, expected.columns[0]);
        close("names", evidence.names, expected.columns[1]);
        close("docs", evidence.docs, expected.columns[2]);
        close("coverage", evidence.coverage, expected.columns[3]);
        close("body sum", evidence.body_sum, expected.body_sum);
        let mut chunks: BTreeMap<u32, [f64; 4]> = expected
            .chunks
            .into_iter()
            .filter(|(_, columns)| columns[0] + columns[1] + columns[2] > 0.0)
            .collect();
        assert_eq!(
            evidence.chunks.len(),
            chunks.len().min(query.chunks_per_content),
            "chunks"
        );
        assert!(evidence.chunks.is_sorted_by(|a, b| a.body >= b.body));
        for chunk in &evidence.chunks {
            let expected = chunks.remove(&chunk.chunk.0).expect("each matching chunk once");
            close("chunk body", chunk.body, expected[0]);
            close("chunk names", chunk.names, expected[1]);
            close("chunk docs", chunk.docs, expected[2]);
            close("chunk coverage", chunk.coverage, expected[3]);
        }
        for (left_out, columns) in chunks {
            if let Some(last) = evidence.chunks.last() {
                assert!(
                    columns[0] <= f64::from(last.body) + 1e-3,
                    "chunk {left_out} was left out"
                );
            }
        }
    }
    for (left_out, expected) in rest {
        if let Some(last) = found.contents.last() {
            let score = expected.columns[0] + expected.columns[1];
            assert!(score <= f64::from(key(last)) + 1e-3, "content {left_out} was left out");
        }
    }
    let mut paths: BTreeMap<u32, [f64; 2]> = naive.paths(query).into_iter().collect();
    assert_eq!(found.paths.len(), paths.len().min(query.limit), "paths");
    assert!(found.paths.is_sorted_by(|a, b| a.stem + a.dirs >= b.stem + b.dirs));
    for evidence in &found.paths {
        let expected = paths.remove(&evidence.path.0).expect("each matching path once");
        close("stem", evidence.stem, expected[0]);
        close("dirs", evidence.dirs, expected[1]);
    }
    for (left_out, columns) in paths {
        if let Some(last) = found.paths.last() {
            let score = columns[0] + columns[1];
            assert!(
                score <= f64::from(last.stem + last.dirs) + 1e-3,
                "path {left_out} was left out"
            );
        }
    }
}
