//! What the graph is made of: files with what they say, and where to find them.

use super::content::Content;
use crate::path::RepoPath;
use std::ops::Deref;
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

/// One file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileFacts {
    /// Where.
    pub path: RepoPath,
    /// Its language's stable name.
    pub language: String,
    /// What it says.
    pub content: Arc<Content>,
}

impl Deref for FileFacts {
    type Target = Content;

    fn deref(&self) -> &Content {
        &self.content
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
        // By what a path ends with: every path of a tree is looked at.
        ["go.mod", "Cargo.toml", "package.json"]
            .iter()
            .filter_map(|name| path.as_str().strip_suffix(name))
            .any(|directory| directory.is_empty() || directory.ends_with('/'))
    }

    /// What a manifest says of the package that it stands for.
    pub fn of(path: &RepoPath, content: &Content) -> Option<Self> {
        let name = content.package().filter(|_| Self::is_manifest(path))?;
        Some(Self {
            manifest: path.file_name().to_owned(),
            name: name.to_owned(),
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
