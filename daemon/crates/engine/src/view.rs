//! A worktree as a search sees it: which files it has, and which contents, paths and texts are theirs.

use codemem_core::ids::{ContentHash, ContentId, IdSet, PathId, TextId};
use codemem_core::path::RepoPath;
use codemem_core::ports::ManifestEntry;
use std::collections::HashMap;
use std::sync::Arc;

/// One file of a worktree.
#[derive(Clone, Debug)]
pub(crate) struct ViewFile {
    pub(crate) path: RepoPath,
    pub(crate) path_id: PathId,
    pub(crate) content: ContentId,
    pub(crate) hash: ContentHash,
    pub(crate) language: Arc<str>,
    pub(crate) summary: TextId,
}

/// An immutable snapshot of a worktree's manifest. Replaced whole; a search keeps the one it began with.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    pub(crate) files: Vec<ViewFile>,
    /// Index of the file at a path.
    pub(crate) by_path: HashMap<PathId, u32>,
    /// Indices of the files that hold a content.
    pub(crate) by_content: HashMap<ContentId, Vec<u32>>,
    /// Indices of the files that a summary stands for.
    pub(crate) by_summary: HashMap<TextId, Vec<u32>>,
    pub(crate) contents: IdSet,
    pub(crate) paths: IdSet,
}

impl View {
    /// Builds the view of a manifest.
    pub(crate) fn new(manifest: Vec<ManifestEntry>) -> Self {
        let mut view = Self::default();
        let mut languages: HashMap<String, Arc<str>> = HashMap::new();
        view.files.reserve(manifest.len());
        for (index, entry) in (0_u32..).zip(manifest) {
            view.by_path.insert(entry.path_id, index);
            view.by_content.entry(entry.content).or_default().push(index);
            view.by_summary.entry(entry.summary).or_default().push(index);
            view.contents.insert(entry.content.0);
            view.paths.insert(entry.path_id.0);
            let language = languages
                .entry(entry.language)
                .or_insert_with_key(|name| name.as_str().into());
            view.files.push(ViewFile {
                path: entry.path,
                path_id: entry.path_id,
                content: entry.content,
                hash: entry.hash,
                language: Arc::clone(language),
                summary: entry.summary,
            });
        }
        view
    }

    /// The languages that occur, sorted.
    pub(crate) fn languages(&self) -> Vec<Arc<str>> {
        let mut names: Vec<Arc<str>> = self.files.iter().map(|file| Arc::clone(&file.language)).collect();
        names.sort();
        names.dedup();
        names
    }
}
