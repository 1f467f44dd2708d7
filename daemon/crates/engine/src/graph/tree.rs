//! A root as the graph sees it: its view says which files there are, its catalog what they define and use.

use crate::EngineError;
use crate::threads::Stop;
use crate::view::View;
use codemem_core::graph::{Facts, FileFacts, FileId, Package, SymbolAt, SymbolFact};
use codemem_core::ids::ContentId;
use codemem_core::ports::{Catalog, SymbolRow};
use codemem_core::unit::SymbolKind;
use std::cell::OnceCell;
use std::sync::Arc;

/// One root, for the time of one answer.
pub(super) struct Tree<'a> {
    pub(super) view: &'a View,
    pub(super) catalog: &'a dyn Catalog,
    stop: &'a Stop,
    packages: OnceCell<Arc<Vec<Package>>>,
}

impl<'a> Tree<'a> {
    pub(super) fn new(view: &'a View, catalog: &'a dyn Catalog, stop: &'a Stop) -> Self {
        Self {
            view,
            catalog,
            stop,
            packages: OnceCell::new(),
        }
    }

    /// Where a symbol of a content stands: in every file of the view that holds it.
    fn holding(&self, content: ContentId) -> impl Iterator<Item = FileId> {
        self.view.holding(content).map(FileId)
    }

    /// Files in the order of their paths.
    pub(super) fn in_order(&self, files: &mut Vec<FileId>) {
        files.sort_by(|a, b| self.view.file(a.0).path.cmp(&self.view.file(b.0).path));
        files.dedup();
    }

    /// The rows of a file's symbols, with all that is shown of them.
    pub(super) fn rows(&self, file: FileId) -> Result<Vec<(SymbolRow, Option<u32>)>, EngineError> {
        let facts = self.catalog.facts(self.view.file(file.0).content);
        Ok(facts.map_err(EngineError::port("read what a file defines"))?.symbols)
    }

    /// Ends an answer that nobody waits for.
    pub(super) fn go_on(&self) -> Result<(), EngineError> {
        if self.stop.is_requested() {
            return Err(EngineError::GivenUp);
        }
        Ok(())
    }
}

/// Headings and keys of data are no code: nothing calls them.
pub(super) fn is_code(kind: SymbolKind) -> bool {
    !matches!(kind, SymbolKind::Section)
}

impl Facts for Tree<'_> {
    type Error = EngineError;

    fn file(&self, file: FileId) -> Result<Arc<FileFacts>, EngineError> {
        self.go_on()?;
        let file = self.view.file(file.0);
        let facts = self.catalog.facts(file.content);
        let facts = facts.map_err(EngineError::port("read what a file defines and uses"))?;
        let symbols = facts.symbols.into_iter().map(|(row, parent)| SymbolFact {
            name: row.name,
            qualified_name: row.qualified_name,
            kind: row.kind,
            lines: row.lines,
            parent,
        });
        Ok(Arc::new(FileFacts::new(
            file.path.clone(),
            file.language.to_string(),
            symbols.collect(),
            facts.references,
        )))
    }

    fn at(&self, path: &str) -> Option<FileId> {
        self.view.number_of(path).map(FileId)
    }

    fn is_directory(&self, directory: &str) -> bool {
        self.view.below(directory).next().is_some()
    }

    fn packages(&self) -> Result<Arc<Vec<Package>>, EngineError> {
        if let Some(known) = self.packages.get() {
            return Ok(Arc::clone(known));
        }
        let mut packages = Vec::new();
        for file in self.view.files() {
            if Package::is_manifest(&file.path) {
                let facts = self.catalog.facts(file.content);
                let facts = facts.map_err(EngineError::port("read a manifest"))?;
                packages.extend(Package::of(&file.path, &facts.references));
            }
        }
        Ok(Arc::clone(self.packages.get_or_init(|| Arc::new(packages))))
    }

    fn using(&self, name: &str) -> Result<Vec<FileId>, EngineError> {
        let contents = self.catalog.using(name);
        let contents = contents.map_err(EngineError::port("find who uses a name"))?;
        let mut files: Vec<FileId> = contents.into_iter().flat_map(|content| self.holding(content)).collect();
        self.in_order(&mut files);
        Ok(files)
    }

    fn defined(&self, name: &str) -> Result<Vec<SymbolAt>, EngineError> {
        let defined = self.catalog.defined(name);
        let defined = defined.map_err(EngineError::port("find where a name is defined"))?;
        let places = defined
            .into_iter()
            .flat_map(|(content, symbol)| self.holding(content).map(move |file| SymbolAt { file, symbol }));
        let mut places: Vec<SymbolAt> = places.collect();
        places.sort_by(|a, b| {
            let path = |at: &SymbolAt| &self.view.file(at.file.0).path;
            path(a).cmp(path(b)).then(a.symbol.cmp(&b.symbol))
        });
        Ok(places)
    }
}
