//! A tree in memory, for programs and tests that ask the graph.

use codemem_chunk::TreeSitterExtractor;
use codemem_core::graph::{Content, Facts, FileFacts, FileId, Package, SymbolAt, SymbolFact};
use codemem_core::path::RepoPath;
use codemem_core::ports::Extractor as _;
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::sync::Arc;

/// Files by number, as they were added.
#[derive(Default)]
pub(crate) struct Tree {
    /// In the order of their numbers.
    pub(crate) files: Vec<Arc<FileFacts>>,
    by_path: BTreeMap<String, FileId>,
    by_name: HashMap<String, Vec<SymbolAt>>,
    packages: Arc<Vec<Package>>,
    using: HashMap<String, Vec<FileId>>,
}

impl Facts for Tree {
    type Error = Infallible;

    fn file(&self, file: FileId) -> Result<Arc<FileFacts>, Infallible> {
        Ok(Arc::clone(&self.files[file.0 as usize]))
    }

    fn at(&self, path: &str) -> Option<FileId> {
        self.by_path.get(path).copied()
    }

    fn is_directory(&self, directory: &str) -> bool {
        let inside = format!("{directory}/");
        let mut below = self.by_path.range(inside.clone()..);
        below.next().is_some_and(|(path, _)| path.starts_with(&inside))
    }

    fn packages(&self) -> Result<Arc<Vec<Package>>, Infallible> {
        Ok(Arc::clone(&self.packages))
    }

    fn using(&self, name: &str) -> Result<Vec<FileId>, Infallible> {
        Ok(self.using.get(name).cloned().unwrap_or_default())
    }

    fn defined(&self, name: &str) -> Result<Vec<SymbolAt>, Infallible> {
        Ok(self.by_name.get(name).cloned().unwrap_or_default())
    }
}

impl Tree {
    /// Adds a file; one that is no text changes nothing.
    pub(crate) fn add(&mut self, extractor: &TreeSitterExtractor, path: &RepoPath, bytes: &[u8]) {
        let Ok(extraction) = extractor.extract(path, bytes) else {
            return;
        };
        let id = FileId(self.files.len() as u32);
        self.by_path.insert(path.to_string(), id);
        let symbols = extraction.symbols.iter().map(|symbol| SymbolFact {
            name: &symbol.name,
            qualified_name: &symbol.qualified_name,
            kind: symbol.kind,
            lines: symbol.lines,
            parent: symbol.parent,
        });
        let content = Content::of(symbols, &extraction.references);
        for (symbol, fact) in (0_u32..).zip(content.symbols()) {
            let at = SymbolAt { file: id, symbol };
            self.by_name.entry(fact.name.to_owned()).or_default().push(at);
        }
        for name in content.used_names() {
            self.using.entry(name.to_owned()).or_default().push(id);
        }
        if let Some(package) = Package::of(path, &content) {
            Arc::make_mut(&mut self.packages).push(package);
        }
        self.files.push(Arc::new(FileFacts {
            path: path.clone(),
            language: extraction.language,
            content: Arc::new(content),
        }));
    }
}
