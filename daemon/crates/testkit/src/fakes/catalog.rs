//! A catalog in memory, after the port's contract.

mod data;

use self::data::{Content, Data, Line, symbol_row};
use super::{Fault, Faults};
use codemem_core::graph::{self, SymbolFact};
use codemem_core::ids::{ChunkId, ContentHash, ContentId, IdSet, PathId, TextHash, TextId, WorktreeId};
use codemem_core::path::RepoPath;
use codemem_core::ports::{
    Catalog, CatalogIds, ChangedLanguage, ChunkRow, Fingerprint, Garbage, ManifestChange, ManifestEntry, Marks,
    PendingFile, PortResult, RecordedFile, SymbolRow, VectorSpace, WorktreeCounts,
};
use codemem_core::skip::SkipReason;
use codemem_core::unit::SymbolKind;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Everything in maps behind one lock.
#[derive(Default)]
pub struct MemoryCatalog {
    data: Mutex<Data>,
    faults: Faults,
    /// Another one for each: what is replaced gets another id, so its revision stays.
    number: u64,
}

/// How many there have been.
static MADE: AtomicU64 = AtomicU64::new(0);

impl MemoryCatalog {
    /// An empty catalog.
    pub fn new(faults: Faults) -> Self {
        Self {
            data: Mutex::default(),
            faults,
            number: MADE.fetch_add(1, Ordering::Relaxed),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Data> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Catalog for MemoryCatalog {
    fn worktree(&self, root: &Path) -> PortResult<WorktreeId> {
        let mut data = self.lock();
        if let Some((id, _)) = data.worktrees.iter().find(|(_, known)| known == root) {
            return Ok(*id);
        }
        let id = WorktreeId(data.worktrees.iter().map(|(id, _)| id.0 + 1).max().unwrap_or(0));
        data.worktrees.push((id, root.to_path_buf()));
        Ok(id)
    }

    fn find_worktree(&self, root: &Path) -> PortResult<Option<WorktreeId>> {
        let data = self.lock();
        let found = data.worktrees.iter().find(|(_, known)| known == root);
        Ok(found.map(|(id, _)| *id))
    }

    fn worktrees(&self) -> PortResult<Vec<(WorktreeId, PathBuf)>> {
        Ok(self.lock().worktrees.clone())
    }

    fn remove_worktree(&self, worktree: WorktreeId) -> PortResult<()> {
        let mut data = self.lock();
        data.worktrees.retain(|(id, _)| *id != worktree);
        data.manifests.retain(|(of, _), _| *of != worktree);
        data.skipped.remove(&worktree);
        Ok(())
    }

    fn manifest(&self, worktree: WorktreeId) -> PortResult<Vec<ManifestEntry>> {
        let data = self.lock();
        let lines = data.manifests.iter().filter(|((of, _), _)| *of == worktree);
        let mut entries: Vec<ManifestEntry> = lines
            .map(|((_, path_id), line)| {
                let content = &data.contents[&line.content];
                ManifestEntry {
                    path: data.paths[path_id.0 as usize].clone(),
                    path_id: *path_id,
                    content: line.content,
                    hash: content.hash,
                    stamp: line.stamp,
                    language: content.extraction.language.clone(),
                    summary: line.summary,
                    n_chunks: content.chunks.len() as u32,
                }
            })
            .collect();
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    fn recorded(&self, path: &RepoPath, hash: ContentHash, extractor_version: u32) -> PortResult<Option<TextHash>> {
        let data = self.lock();
        let is_it = |content: &Content| content.hash == hash && content.lexical && content.version == extractor_version;
        let Some((id, _)) = data.contents.iter().find(|(_, content)| is_it(content)) else {
            return Ok(None);
        };
        let path = data.paths.iter().position(|known| known == path);
        let summary = path.and_then(|index| data.summaries.get(&(PathId(index as u32), *id)));
        let hash = summary.and_then(|summary| data.texts.iter().find(|(_, text)| *text == summary));
        Ok(hash.map(|(hash, _)| *hash))
    }

    fn record(
        &self,
        worktree: WorktreeId,
        change: &ManifestChange,
        extractor_version: u32,
    ) -> PortResult<Vec<RecordedFile>> {
        self.faults.check(Fault::Record)?;
        let mut data = self.lock();
        for path in &change.removed {
            data.manifests.remove(&(worktree, *path));
        }
        for (path, stamp) in &change.restamped {
            if let Some(line) = data.manifests.get_mut(&(worktree, *path)) {
                line.stamp = *stamp;
            }
        }
        let recorded = change.put.iter().map(|file| {
            let path = data.path(&file.path);
            let content = data.content(file.hash, file.extraction.as_ref(), extractor_version);
            let summary = data.text(file.summary);
            data.summaries.insert((path, content), summary);
            data.manifests.insert(
                (worktree, path),
                Line {
                    content,
                    stamp: file.stamp,
                    summary,
                },
            );
            let held = &data.contents[&content];
            let new_chunks = if held.lexical {
                Vec::new()
            } else {
                held.chunks.iter().map(|(id, _)| *id).collect()
            };
            RecordedFile {
                path,
                new_path: !data.lexical_paths.contains(&path),
                content,
                summary,
                new_chunks,
            }
        });
        Ok(recorded.collect())
    }

    fn mark_lexical(&self, contents: &[ContentId], paths: &[PathId]) -> PortResult<()> {
        self.faults.check(Fault::MarkLexical)?;
        let mut data = self.lock();
        for content in contents {
            if let Some(content) = data.contents.get_mut(content) {
                content.lexical = true;
            }
        }
        data.lexical_paths.extend(paths);
        Ok(())
    }

    fn rewind(&self, extractor_version: u32) -> PortResult<Garbage> {
        let mut data = self.lock();
        let contents: Vec<ContentId> = data
            .contents
            .iter()
            .filter(|(_, content)| !content.lexical || content.version != extractor_version)
            .map(|(id, _)| *id)
            .collect();
        data.manifests.retain(|_, line| !contents.contains(&line.content));
        data.contents.retain(|id, _| !contents.contains(id));
        data.summaries.retain(|(_, content), _| !contents.contains(content));
        Ok(Garbage {
            contents,
            ..Garbage::default()
        })
    }

    fn note_languages(&self, changed: &[ChangedLanguage]) -> PortResult<()> {
        let mut data = self.lock();
        let before = std::mem::replace(&mut data.languages, changed.to_vec());
        let differs = |language: &String| {
            let number = |list: &[ChangedLanguage]| list.iter().find(|row| row.name == *language).map(|row| row.number);
            number(&before) != number(changed)
        };
        for content in data.contents.values_mut() {
            if differs(&content.extraction.language) {
                content.version = 0;
            }
        }
        Ok(())
    }

    fn noted_languages(&self) -> PortResult<Vec<ChangedLanguage>> {
        Ok(self.lock().languages.clone())
    }

    fn set_skipped(&self, worktree: WorktreeId, skipped: &[(String, SkipReason)]) -> PortResult<()> {
        self.lock().skipped.insert(worktree, skipped.to_vec());
        Ok(())
    }

    fn skipped(&self, worktree: WorktreeId) -> PortResult<Vec<(SkipReason, u64)>> {
        let mut counts: BTreeMap<SkipReason, u64> = BTreeMap::new();
        for (_, reason) in self.lock().skipped.get(&worktree).into_iter().flatten() {
            *counts.entry(*reason).or_default() += 1;
        }
        Ok(counts.into_iter().collect())
    }

    fn users(&self, worktree: WorktreeId) -> PortResult<Vec<(PathId, u32)>> {
        let data = self.lock();
        let is_here = |line: &(WorktreeId, PathId)| line.0 == worktree && data.manifests.contains_key(line);
        let users = data.users.iter().filter(|(line, _)| is_here(line));
        Ok(users.map(|((_, path), users)| (*path, *users)).collect())
    }

    fn set_users(&self, worktree: WorktreeId, users: &[(PathId, u32)]) -> PortResult<()> {
        let mut data = self.lock();
        data.users.retain(|(of, _), _| *of != worktree);
        data.users
            .extend(users.iter().map(|(path, users)| ((worktree, *path), *users)));
        Ok(())
    }

    fn counts(&self, worktree: WorktreeId) -> PortResult<WorktreeCounts> {
        let data = self.lock();
        let held = data.held(worktree);
        let chunks: Vec<TextId> = data
            .all_chunks()
            .filter(|(content, ..)| held.contains(content))
            .map(|(.., text)| text)
            .collect();
        let lines: Vec<&Line> = data
            .manifests
            .iter()
            .filter(|((of, _), _)| *of == worktree)
            .map(|(_, line)| line)
            .collect();
        let has = |space, text: TextId| data.embedded.contains(&(space, text));
        Ok(WorktreeCounts {
            files: lines.len() as u64,
            chunks: chunks.len() as u64,
            symbols: held
                .iter()
                .map(|id| data.contents[id].extraction.symbols.len() as u64)
                .sum(),
            chunks_with_vector: chunks.iter().filter(|text| has(VectorSpace::Chunks, **text)).count() as u64,
            files_with_vector: lines
                .iter()
                .filter(|line| has(VectorSpace::Files, line.summary))
                .count() as u64,
        })
    }

    fn chunks(&self, ids: &[ChunkId]) -> PortResult<Vec<ChunkRow>> {
        let data = self.lock();
        let find = |id: &ChunkId| data.all_chunks().find(|(_, _, chunk, _)| chunk == id);
        Ok(ids
            .iter()
            .filter_map(find)
            .map(|(content, index, ..)| data.chunk_row(content, index))
            .collect())
    }

    fn chunks_of(&self, content: ContentId) -> PortResult<Vec<ChunkRow>> {
        let data = self.lock();
        let n_chunks = data.contents.get(&content).map_or(0, |content| content.chunks.len());
        Ok((0..n_chunks).map(|index| data.chunk_row(content, index)).collect())
    }

    fn symbols_of(&self, content: ContentId) -> PortResult<Vec<SymbolRow>> {
        let data = self.lock();
        let Some(held) = data.contents.get(&content) else {
            return Ok(Vec::new());
        };
        let symbols = 0..held.extraction.symbols.len();
        Ok(symbols.map(|index| symbol_row(content, held, index)).collect())
    }

    fn contents_with(&self, kinds: &[SymbolKind]) -> PortResult<IdSet> {
        let data = self.lock();
        let defines = |held: &Content| {
            held.extraction
                .symbols
                .iter()
                .any(|symbol| kinds.contains(&symbol.kind))
        };
        let contents = data.contents.iter().filter(|(_, held)| defines(held));
        Ok(contents.map(|(content, _)| content.0).collect())
    }

    fn chunks_with_texts(&self, texts: &[TextId]) -> PortResult<Vec<(TextId, ChunkId, ContentId)>> {
        let data = self.lock();
        let chunks = data.all_chunks().filter(|(.., text)| texts.contains(text));
        Ok(chunks.map(|(content, _, chunk, text)| (text, chunk, content)).collect())
    }

    fn texts_of(&self, contents: &IdSet) -> PortResult<IdSet> {
        let data = self.lock();
        let chunks = data.all_chunks().filter(|(content, ..)| contents.contains(content.0));
        Ok(chunks.map(|(.., text)| text.0).collect())
    }

    fn definitions(&self, names: &[String], within: Option<&IdSet>, limit: usize) -> PortResult<Vec<SymbolRow>> {
        let data = self.lock();
        let symbols = data.contents.iter().flat_map(|(id, content)| {
            (0..content.extraction.symbols.len()).map(|index| symbol_row(*id, content, index))
        });
        Ok(symbols
            .filter(|row| names.contains(&row.name.to_lowercase()))
            .filter(|row| within.is_none_or(|within| within.contains(row.content.0)))
            .take(limit)
            .collect())
    }

    fn nested_symbols_of(&self, content: ContentId) -> PortResult<Vec<(SymbolRow, Option<u32>)>> {
        let data = self.lock();
        let held = data.contents.get(&content).into_iter();
        let symbols = held.flat_map(|held| {
            let symbols = held.extraction.symbols.iter().enumerate();
            symbols.map(move |(index, symbol)| (symbol_row(content, held, index), symbol.parent))
        });
        Ok(symbols.collect())
    }

    fn symbol_at(&self, content: ContentId, position: u32) -> PortResult<Option<SymbolRow>> {
        Ok(self.symbols_of(content)?.into_iter().nth(position as usize))
    }

    fn facts(&self, contents: &[ContentId]) -> PortResult<Vec<graph::Content>> {
        self.faults.check(Fault::Facts)?;
        let data = self.lock();
        let facts = contents.iter().map(|content| {
            let Some(held) = data.contents.get(content) else {
                return graph::Content::default();
            };
            let symbols = held.extraction.symbols.iter().map(|symbol| SymbolFact {
                name: &symbol.name,
                qualified_name: &symbol.qualified_name,
                kind: symbol.kind,
                lines: symbol.lines,
                parent: symbol.parent,
            });
            graph::Content::of(symbols, &held.extraction.references)
        });
        Ok(facts.collect())
    }

    fn defined(&self, name: &str) -> PortResult<Vec<(ContentId, u32)>> {
        let data = self.lock();
        let symbols = data.contents.iter().flat_map(|(id, content)| {
            let symbols = (0_u32..).zip(&content.extraction.symbols);
            symbols.map(|(index, symbol)| (*id, index, symbol.name.as_str()))
        });
        let named = symbols.filter(|(.., other)| *other == name);
        Ok(named.map(|(id, index, _)| (id, index)).collect())
    }

    fn using(&self, name: &str) -> PortResult<Vec<ContentId>> {
        let data = self.lock();
        let uses = |content: &Content| content.extraction.references.uses.iter().any(|one| one.name == name);
        let contents = data.contents.iter().filter(|(_, content)| uses(content));
        Ok(contents.map(|(id, _)| *id).collect())
    }

    fn names(&self) -> PortResult<Vec<String>> {
        let data = self.lock();
        let symbols = data.contents.values().flat_map(|content| &content.extraction.symbols);
        let names: BTreeSet<&str> = symbols.map(|symbol| symbol.name.as_str()).collect();
        Ok(names.into_iter().map(str::to_owned).collect())
    }

    fn pending_vectors(&self, space: VectorSpace, limit: usize) -> PortResult<Vec<PendingFile>> {
        let data = self.lock();
        let mut seen = HashSet::new();
        let mut files = Vec::new();
        for ((worktree, path), line) in &data.manifests {
            let content = &data.contents[&line.content];
            let candidates: Vec<(u32, TextId)> = match space {
                VectorSpace::Files => vec![(0, line.summary)],
                VectorSpace::Chunks => (0..).zip(content.chunks.iter().map(|(_, text)| *text)).collect(),
            };
            let texts: Vec<_> = candidates
                .into_iter()
                .filter(|(_, text)| !data.embedded.contains(&(space, *text)))
                .collect();
            let once = space == VectorSpace::Files || seen.insert(line.content);
            if !texts.is_empty() && once {
                let path = data.paths[path.0 as usize].clone();
                files.push(PendingFile {
                    worktree: *worktree,
                    path,
                    content: line.content,
                    hash: content.hash,
                    texts,
                });
            }
        }
        files.truncate(limit);
        Ok(files)
    }

    fn mark_vectors(&self, texts: &[TextId]) -> PortResult<()> {
        self.faults.check(Fault::MarkVectors)?;
        let mut data = self.lock();
        for text in texts {
            data.embedded
                .extend([(VectorSpace::Files, *text), (VectorSpace::Chunks, *text)]);
        }
        Ok(())
    }

    fn fingerprint(&self) -> PortResult<Option<Fingerprint>> {
        Ok(self.lock().fingerprint.clone())
    }

    fn set_fingerprint(&self, fingerprint: &Fingerprint) -> PortResult<()> {
        self.lock().fingerprint = Some(fingerprint.clone());
        Ok(())
    }

    fn reset_lexical(&self) -> PortResult<()> {
        let mut data = self.lock();
        data.lexical_paths.clear();
        data.contents.values_mut().for_each(|content| content.lexical = false);
        Ok(())
    }

    fn reset_vectors(&self) -> PortResult<()> {
        let mut data = self.lock();
        data.embedded.clear();
        data.fingerprint = None;
        Ok(())
    }

    fn garbage(&self, without: &[WorktreeId]) -> PortResult<Garbage> {
        let data = self.lock();
        let lines = || data.lines_without(without);
        let held: HashSet<ContentId> = lines().map(|(_, line)| line.content).collect();
        let contents: Vec<ContentId> = data.contents.keys().filter(|id| !held.contains(id)).copied().collect();
        let used: HashSet<TextId> = data
            .all_chunks()
            .filter(|(content, ..)| held.contains(content))
            .map(|(.., text)| text)
            .chain(lines().map(|(_, line)| line.summary))
            .chain(data.summaries_in_use(&held, without))
            .collect();
        let texts = data
            .texts
            .values()
            .filter(|text| !used.contains(text))
            .copied()
            .collect();
        Ok(Garbage {
            contents,
            paths: Vec::new(),
            texts,
        })
    }

    fn unmark(&self, garbage: &Garbage) -> PortResult<()> {
        let mut data = self.lock();
        for content in &garbage.contents {
            if let Some(content) = data.contents.get_mut(content) {
                content.lexical = false;
            }
        }
        data.lexical_paths.retain(|path| !garbage.paths.contains(path));
        data.embedded.retain(|(_, text)| !garbage.texts.contains(text));
        Ok(())
    }

    fn collect(&self, garbage: &Garbage) -> PortResult<()> {
        self.faults.check(Fault::Collect)?;
        let mut data = self.lock();
        data.contents.retain(|id, _| !garbage.contents.contains(id));
        data.summaries
            .retain(|(_, content), _| !garbage.contents.contains(content));
        data.texts.retain(|_, text| !garbage.texts.contains(text));
        Ok(())
    }

    fn ids(&self) -> PortResult<CatalogIds> {
        let data = self.lock();
        Ok(CatalogIds {
            contents: data.contents.keys().map(|content| content.0).collect(),
            paths: (0..data.paths.len() as u32).collect(),
            texts: data.texts.values().map(|text| text.0).collect(),
        })
    }

    fn marks(&self) -> PortResult<Marks> {
        let data = self.lock();
        let marked = data.contents.iter().filter(|(_, content)| content.lexical);
        let summaries: HashSet<TextId> = data.manifests.values().map(|line| line.summary).collect();
        let texts: HashSet<TextId> = data.all_chunks().map(|(.., text)| text).collect();
        let count = |space, texts: HashSet<TextId>| {
            let has_vector = |text: &&TextId| data.embedded.contains(&(space, **text));
            texts.iter().filter(has_vector).count() as u64
        };
        Ok(Marks {
            contents: marked
                .filter(|(_, content)| !content.chunks.is_empty())
                .map(|(id, _)| id.0)
                .collect(),
            paths: data.lexical_paths.iter().map(|path| path.0).collect(),
            file_texts: count(VectorSpace::Files, summaries),
            chunk_texts: count(VectorSpace::Chunks, texts),
        })
    }

    fn check(&self) -> PortResult<()> {
        self.faults.check(Fault::CheckCatalog)
    }

    fn generation(&self) -> u64 {
        1
    }

    fn revision(&self) -> u64 {
        self.number
    }

    fn disk_bytes(&self) -> u64 {
        self.lock().contents.len() as u64 * 1_000
    }
}
