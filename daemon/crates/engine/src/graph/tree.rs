//! A root as the graph sees it: its view says which files there are, its repository's contents what they define and use.
//!
//! Contents are read from memory where all of the view's are there, else one by one from the catalog. Both say the same.

use super::known::Known;
use super::whole::Whole;
use crate::EngineError;
use crate::threads::Stop;
use crate::view::View;
use codemem_core::graph::{Content, Facts, FileFacts, FileId, Package, Resolver, SymbolAt};
use codemem_core::ids::ContentId;
use codemem_core::ports::{Catalog, SymbolRow};
use codemem_core::unit::SymbolKind;
use std::sync::{Arc, OnceLock};

/// Places that are put in order by comparing paths; more are not, though it takes a look at every file.
const FEW: usize = 64;

/// Fewest contents that use a name whose uses are looked at ahead.
const MUCH_USED: usize = 32;

/// Uses that are looked at ahead, about: a second, some megabytes.
const FORESEEN: usize = 1 << 18;

/// One root, for the time of one answer.
pub(crate) struct Tree<'a> {
    pub(super) view: &'a View,
    pub(super) catalog: &'a dyn Catalog,
    known: &'a Known,
    whole: Option<Arc<Whole>>,
    stop: &'a Stop,
    /// Where files stand in the order of their paths, by number: thousands use some names, and paths are slow to compare.
    places: OnceLock<Vec<u32>>,
}

impl<'a> Tree<'a> {
    /// The tree that a view shows.
    pub(crate) fn new(view: &'a View, catalog: &'a dyn Catalog, known: &'a Known, stop: &'a Stop) -> Self {
        Self {
            view,
            catalog,
            known,
            whole: known.of(view, catalog, stop),
            stop,
            places: OnceLock::new(),
        }
    }

    /// Lets a resolver work that knows what those before it have found out, and keeps what it finds out.
    pub(crate) fn resolving<T>(
        &self,
        work: impl FnOnce(&Resolver<'_, Self>) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let Some(whole) = &self.whole else {
            return work(&Resolver::new(self));
        };
        let resolver = Resolver::with(self, self.known.recall(self.view, whole));
        let done = work(&resolver)?;
        self.known.keep(self.view, whole, resolver.into_memo());
        Ok(done)
    }

    /// Finds out what the uses of those names mean that many files use: the questions about them take the longest.
    pub(super) fn foresee(&self) -> Result<(), EngineError> {
        if let Some(whole) = &self.whole {
            let resolver = Resolver::new(self);
            resolver.foresee(whole.much_used(MUCH_USED), FORESEEN)?;
            self.known.keep(self.view, whole, resolver.into_memo());
        }
        Ok(())
    }

    /// Where a symbol of a content stands: in every file of the view that holds it.
    fn holding(&self, content: ContentId) -> impl Iterator<Item = FileId> {
        self.view.holding(content).map(FileId)
    }

    /// Files in the order of their paths.
    pub(super) fn in_order(&self, files: &mut Vec<FileId>) {
        let places = self.places();
        files.sort_unstable_by_key(|file| places[file.0 as usize]);
        files.dedup();
    }

    /// The rows of a file's symbols, with all that is shown of them.
    pub(super) fn rows(&self, file: FileId) -> Result<Vec<(SymbolRow, Option<u32>)>, EngineError> {
        let rows = self.catalog.nested_symbols_of(self.view.file(file.0).content);
        rows.map_err(EngineError::port("read what a file defines"))
    }

    /// The row of one symbol.
    pub(super) fn row(&self, at: SymbolAt) -> Result<Option<SymbolRow>, EngineError> {
        let row = self.catalog.symbol_at(self.view.file(at.file.0).content, at.symbol);
        row.map_err(EngineError::port("read what a file defines"))
    }

    /// Ends an answer that nobody waits for.
    pub(super) fn go_on(&self) -> Result<(), EngineError> {
        if self.stop.is_requested() {
            return Err(EngineError::GivenUp);
        }
        Ok(())
    }

    /// What a file defines and uses.
    pub(super) fn content_of(&self, file: FileId) -> Result<Arc<Content>, EngineError> {
        self.go_on()?;
        self.content(self.view.file(file.0).content)
    }

    /// The definitions of a name, as written, in some files; by path.
    pub(super) fn defined_where(
        &self,
        name: &str,
        is_meant: impl Fn(&SymbolAt) -> bool,
    ) -> Result<Vec<SymbolAt>, EngineError> {
        let defined = match &self.whole {
            Some(whole) => whole.defined(name),
            None => self
                .catalog
                .defined(name)
                .map_err(EngineError::port("find where a name is defined"))?,
        };
        let places = defined
            .into_iter()
            .flat_map(|(content, symbol)| self.holding(content).map(move |file| SymbolAt { file, symbol }));
        let mut places: Vec<SymbolAt> = places.filter(is_meant).collect();
        if places.len() > FEW {
            let in_order = self.places();
            places.sort_unstable_by_key(|at| (in_order[at.file.0 as usize], at.symbol));
        } else {
            let path = |at: &SymbolAt| &self.view.file(at.file.0).path;
            places.sort_unstable_by(|a, b| path(a).cmp(path(b)).then(a.symbol.cmp(&b.symbol)));
        }
        Ok(places)
    }

    fn places(&self) -> &[u32] {
        self.places.get_or_init(|| self.view.places())
    }

    fn content(&self, content: ContentId) -> Result<Arc<Content>, EngineError> {
        if let Some(known) = self.whole.as_ref().and_then(|whole| whole.content(content)) {
            return Ok(Arc::clone(known));
        }
        let facts = self.catalog.facts(&[content]);
        let facts = facts.map_err(EngineError::port("read what a file defines and uses"))?;
        Ok(Arc::new(facts.into_iter().next().unwrap_or_default()))
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
        Ok(Arc::new(FileFacts {
            path: file.path.clone(),
            language: file.language.to_string(),
            content: self.content(file.content)?,
        }))
    }

    fn at(&self, path: &str) -> Option<FileId> {
        self.view.number_of(path).map(FileId)
    }

    fn is_directory(&self, directory: &str) -> bool {
        self.view.below(directory).next().is_some()
    }

    fn packages(&self) -> Result<Arc<Vec<Package>>, EngineError> {
        let mut packages = Vec::new();
        for file in self.view.files() {
            if Package::is_manifest(&file.path) {
                packages.extend(Package::of(&file.path, &*self.content(file.content)?));
            }
        }
        Ok(Arc::new(packages))
    }

    fn using(&self, name: &str) -> Result<Vec<FileId>, EngineError> {
        let contents = match &self.whole {
            Some(whole) => whole.using(name),
            None => self
                .catalog
                .using(name)
                .map_err(EngineError::port("find who uses a name"))?,
        };
        let mut files: Vec<FileId> = contents.into_iter().flat_map(|content| self.holding(content)).collect();
        self.in_order(&mut files);
        Ok(files)
    }

    fn defined(&self, name: &str) -> Result<Vec<SymbolAt>, EngineError> {
        self.defined_where(name, |_| true)
    }
}
