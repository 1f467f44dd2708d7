//! What the catalog in memory holds, and how it is looked through.

use codemem_core::ids::{ChunkId, ContentHash, ContentId, PathId, TextHash, TextId, WorktreeId};
use codemem_core::path::RepoPath;
use codemem_core::ports::{ChangedLanguage, ChunkRow, FileStamp, Fingerprint, SymbolRow, VectorSpace};
use codemem_core::skip::SkipReason;
use codemem_core::unit::Extraction;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;

#[derive(Default)]
pub(super) struct Data {
    pub(super) worktrees: Vec<(WorktreeId, PathBuf)>,
    pub(super) paths: Vec<RepoPath>,
    pub(super) contents: BTreeMap<ContentId, Content>,
    pub(super) texts: HashMap<TextHash, TextId>,
    pub(super) embedded: HashSet<(VectorSpace, TextId)>,
    pub(super) lexical_paths: HashSet<PathId>,
    pub(super) manifests: BTreeMap<(WorktreeId, PathId), Line>,
    pub(super) summaries: BTreeMap<(PathId, ContentId), TextId>,
    pub(super) users: BTreeMap<(WorktreeId, PathId), u32>,
    pub(super) skipped: HashMap<WorktreeId, Vec<(String, SkipReason)>>,
    pub(super) fingerprint: Option<Fingerprint>,
    pub(super) languages: Vec<ChangedLanguage>,
    pub(super) n_contents: u32,
    pub(super) n_chunks: u32,
    pub(super) n_texts: u32,
}

pub(super) struct Content {
    pub(super) hash: ContentHash,
    pub(super) extraction: Extraction,
    pub(super) chunks: Vec<(ChunkId, TextId)>,
    pub(super) version: u32,
    pub(super) lexical: bool,
}

pub(super) struct Line {
    pub(super) content: ContentId,
    pub(super) stamp: FileStamp,
    pub(super) summary: TextId,
}

impl Data {
    pub(super) fn text(&mut self, hash: TextHash) -> TextId {
        // Never an id that was given out before: the other indexes may still hold it.
        let next = TextId(self.n_texts);
        let text = *self.texts.entry(hash).or_insert(next);
        self.n_texts += u32::from(text == next);
        text
    }

    pub(super) fn path(&mut self, path: &RepoPath) -> PathId {
        let known = self.paths.iter().position(|known| known == path);
        let index = known.unwrap_or_else(|| {
            self.paths.push(path.clone());
            self.paths.len() - 1
        });
        PathId(index as u32)
    }

    pub(super) fn content(
        &mut self,
        hash: ContentHash,
        extraction: Option<&(Extraction, Vec<TextHash>)>,
        version: u32,
    ) -> ContentId {
        let known = self
            .contents
            .iter()
            .find(|(_, content)| content.hash == hash)
            .map(|(id, content)| (*id, content.version));
        match (known, extraction) {
            (Some((id, held)), _) if held == version => return id,
            (Some((id, _)), _) => drop(self.contents.remove(&id)),
            (None, _) => {}
        }
        let (extraction, texts) = extraction
            .expect("a content that is not held comes with its extraction")
            .clone();
        let id = ContentId(self.n_contents);
        self.n_contents += 1;
        let chunks = texts.into_iter().map(|hash| {
            self.n_chunks += 1;
            (ChunkId(self.n_chunks), self.text(hash))
        });
        let chunks = chunks.collect();
        // Another version's id is dropped from every manifest that named it.
        if let Some((old, _)) = known {
            self.manifests
                .values_mut()
                .filter(|line| line.content == old)
                .for_each(|line| line.content = id);
        }
        self.contents.insert(
            id,
            Content {
                hash,
                extraction,
                chunks,
                version,
                lexical: false,
            },
        );
        id
    }

    pub(super) fn held(&self, worktree: WorktreeId) -> HashSet<ContentId> {
        self.manifests
            .iter()
            .filter(|((of, _), _)| *of == worktree)
            .map(|(_, line)| line.content)
            .collect()
    }

    pub(super) fn lines_without(&self, without: &[WorktreeId]) -> impl Iterator<Item = (PathId, &Line)> {
        let lines = self.manifests.iter();
        let lines = lines.filter(|((worktree, _), _)| !without.contains(worktree));
        lines.map(|((_, path), line)| (*path, line))
    }

    /// The summaries of paths and contents that are both held, with each other or not.
    pub(super) fn summaries_in_use(&self, held: &HashSet<ContentId>, without: &[WorktreeId]) -> Vec<TextId> {
        let paths: HashSet<PathId> = self.lines_without(without).map(|(path, _)| path).collect();
        let in_use = |(path, content): &(PathId, ContentId)| paths.contains(path) && held.contains(content);
        let rows = self.summaries.iter().filter(|(key, _)| in_use(key));
        rows.map(|(_, text)| *text).collect()
    }

    pub(super) fn chunk_row(&self, id: ContentId, index: usize) -> ChunkRow {
        let content = &self.contents[&id];
        let chunk = &content.extraction.chunks[index];
        let (chunk_id, text) = content.chunks[index];
        let symbol = chunk.symbol.map(|symbol| symbol_row(id, content, symbol as usize));
        ChunkRow {
            id: chunk_id,
            content: id,
            lines: chunk.lines,
            text,
            symbol,
        }
    }

    pub(super) fn all_chunks(&self) -> impl Iterator<Item = (ContentId, usize, ChunkId, TextId)> + '_ {
        self.contents.iter().flat_map(|(id, content)| {
            content
                .chunks
                .iter()
                .enumerate()
                .map(|(index, (chunk, text))| (*id, index, *chunk, *text))
        })
    }
}

pub(super) fn symbol_row(id: ContentId, content: &Content, index: usize) -> SymbolRow {
    let symbol = &content.extraction.symbols[index];
    SymbolRow {
        content: id,
        name: symbol.name.clone(),
        qualified_name: symbol.qualified_name.clone(),
        kind: symbol.kind,
        visibility: symbol.visibility,
        signature: symbol.signature.clone(),
        docstring: symbol.docstring.clone(),
        lines: symbol.lines,
    }
}
