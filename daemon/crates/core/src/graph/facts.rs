//! What the graph is made of: files with their symbols and references, and where to find them.

use crate::path::RepoPath;
use crate::reference::References;
use crate::unit::{LineSpan, SymbolKind};
use std::collections::HashMap;
use std::sync::Arc;

/// A file of the tree that is looked at, by number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct FileId(pub u32);

/// A symbol of a file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct SymbolAt {
    /// The file.
    pub file: FileId,
    /// Its position among the file's symbols.
    pub symbol: u32,
}

/// One symbol, as far as the graph asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SymbolFact {
    /// The name as written.
    pub name: String,
    /// With its enclosing names.
    pub qualified_name: String,
    /// What it is.
    pub kind: SymbolKind,
    /// The whole definition.
    pub lines: LineSpan,
    /// Position of the enclosing symbol.
    pub parent: Option<u32>,
}

/// One file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileFacts {
    /// Where.
    pub path: RepoPath,
    /// Its language's stable name.
    pub language: String,
    /// In file order, parents before children.
    pub symbols: Vec<SymbolFact>,
    /// What it uses.
    pub references: References,
    /// Positions of symbols by name.
    by_name: HashMap<String, Vec<u32>>,
}

impl FileFacts {
    /// The facts of a file.
    pub fn new(path: RepoPath, language: String, symbols: Vec<SymbolFact>, references: References) -> Self {
        let mut by_name: HashMap<String, Vec<u32>> = HashMap::new();
        for (index, symbol) in (0_u32..).zip(&symbols) {
            by_name.entry(symbol.name.clone()).or_default().push(index);
        }
        Self {
            path,
            language,
            symbols,
            references,
            by_name,
        }
    }

    /// The symbols of a name, in file order.
    pub fn named(&self, name: &str) -> &[u32] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// A symbol by position.
    pub fn symbol(&self, index: u32) -> &SymbolFact {
        &self.symbols[index as usize]
    }

    /// The symbols around a position, innermost first, itself included.
    pub fn around(&self, symbol: Option<u32>) -> impl Iterator<Item = u32> {
        std::iter::successors(symbol, |&index| self.symbol(index).parent)
    }
}

/// A package that a manifest declares.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Package {
    /// The manifest's file name.
    pub manifest: String,
    /// What it is called.
    pub name: String,
    /// Where it lies; empty for the root.
    pub directory: String,
}

impl Package {
    /// Whether a file is one that declares a package.
    pub fn is_manifest(path: &RepoPath) -> bool {
        matches!(path.file_name(), "go.mod" | "Cargo.toml" | "package.json")
    }

    /// What a manifest says of the package that it stands for.
    pub fn of(path: &RepoPath, references: &References) -> Option<Self> {
        let mut bindings = references.bindings.iter().filter(|_| Self::is_manifest(path));
        let named = bindings.find(|one| one.owner.is_none() && one.name == "@package")?;
        Some(Self {
            manifest: path.file_name().to_owned(),
            name: named.value.0.clone(),
            directory: path.directory().to_owned(),
        })
    }
}

/// Where the graph's files come from. Answers may cost a look into a store; whoever asks remembers none of them.
pub trait Facts {
    /// What reading failed with.
    type Error;

    /// A file's facts.
    fn file(&self, file: FileId) -> Result<Arc<FileFacts>, Self::Error>;

    /// The file at a path.
    fn at(&self, path: &str) -> Option<FileId>;

    /// Whether a directory holds files, at whatever depth.
    fn is_directory(&self, directory: &str) -> bool;

    /// What the manifests in the tree (`go.mod`, `Cargo.toml`, `package.json`) call the packages they stand for: their
    /// language's family, name, directory.
    fn packages(&self) -> Result<Arc<Vec<Package>>, Self::Error>;

    /// The files that use a name, whatever they mean by it, by path.
    fn using(&self, name: &str) -> Result<Vec<FileId>, Self::Error>;

    /// All definitions of a name, as written.
    fn defined(&self, name: &str) -> Result<Vec<SymbolAt>, Self::Error>;
}
