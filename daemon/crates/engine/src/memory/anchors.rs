//! Anchors: from what was named to a place in the code and its hash, at the time of writing.
//!
//! A name is a path, `path#symbol`, or a symbol, which is looked up in the published indexes of the project. What is not found
//! is kept as it was given, with a note. Blocks; the stores that it reads are opened by [`Inner::open_indexes`].

use super::inner::Inner;
use super::stale::{Located, Trees};
use super::{MemoryError, types::Caller};
use crate::project::Project;
use crate::repository::{RepositoryHandle, RootHandle};
use crate::view::View;
use codemem_core::memory::{Anchor, ProjectKey};
use codemem_core::path::RepoPath;
use codemem_core::ports::{Stores, SymbolRow};
use codemem_core::unit::{Symbol, SymbolKind};
use std::cmp::Reverse;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Definitions looked up for one name.
const DEFINITIONS: usize = 400;

/// Turns names into anchors.
pub(super) struct Resolver<'a> {
    trees: Trees<'a>,
    project: Option<&'a Project>,
    indexes: Vec<Index>,
    /// What whoever stores the memory should know.
    pub(super) notes: Vec<String>,
}

/// One registered root of a project.
struct Index {
    stores: Arc<Stores>,
    view: Arc<View>,
    /// The root, as the project's paths have it.
    prefix: String,
}

/// A definition that a name may mean.
struct Definition {
    path: String,
    row: SymbolRow,
    is_whole_name: bool,
}

impl Inner {
    /// Has the indexes of a caller's project opened, if it has any and they rest.
    pub(super) async fn open_indexes(self: &Arc<Self>, caller: &Caller) -> Result<(), MemoryError> {
        let path = caller.project.clone();
        let key = self.blocking("project", move |inner| {
            let project = path.map(|path| inner.engine.inner.project(&path));
            // One that cannot be told is reported by the request itself.
            Ok(project.and_then(Result::ok).map(|project| project.key))
        });
        let Some(key) = key.await? else { return Ok(()) };
        for repository in self.engine.inner.repositories.load_full().values() {
            let has_root = of_project(repository, &key).next().is_some();
            if has_root {
                self.engine.awake(repository).await;
            }
        }
        Ok(())
    }

    /// What resolves the anchors of a project's memories.
    pub(super) fn resolver<'a>(&'a self, project: Option<&'a Project>) -> Resolver<'a> {
        Resolver {
            trees: self.trees(project).unbounded(),
            project,
            indexes: project.map(|project| self.indexes(project)).unwrap_or_default(),
            notes: Vec::new(),
        }
    }

    /// The open indexes of a project, those below the caller's own tree first.
    fn indexes(&self, project: &Project) -> Vec<Index> {
        let engine = &self.engine.inner;
        let mut roots = Vec::new();
        for repository in engine.repositories.load().values() {
            if let Some(stores) = repository.published.stores.load_full() {
                roots.extend(of_project(repository, &project.key).map(|(root, handle)| (root, handle, stores.clone())));
            }
        }
        roots.sort_by(|(a, ..), (b, ..)| {
            let order = |root: &Path| (!root.starts_with(&project.base), root.to_path_buf());
            order(a).cmp(&order(b))
        });
        let index = |root: &Path, view: Arc<View>, stores: Arc<Stores>| {
            let prefix = project
                .prefix(root)
                .or_else(|| engine.project(root).ok()?.prefix(root))?;
            Some(Index { stores, view, prefix })
        };
        roots
            .into_iter()
            .filter_map(|(root, handle, stores)| index(&root, handle.view.load_full()?, stores))
            .collect()
    }
}

/// The roots of a project in one index, where those of its clones may be as well.
fn of_project(repository: &RepositoryHandle, project: &ProjectKey) -> impl Iterator<Item = (PathBuf, RootHandle)> {
    let roots = repository.published.roots.load_full();
    let of_it = roots.iter().filter(|(_, handle)| **handle.project.load() == *project);
    let of_it: Vec<_> = of_it.map(|(root, handle)| (root.clone(), handle.clone())).collect();
    of_it.into_iter()
}

impl<'a> Resolver<'a> {
    /// The tree, for showing what was stored.
    pub(super) fn into_trees(self) -> Trees<'a> {
        self.trees
    }

    /// Paths inside the project as they are stored: relative to it.
    pub(super) fn relative(&self, names: &[String]) -> Vec<String> {
        let Some(project) = self.project else {
            return names.to_vec();
        };
        let bases = [project.base.to_str(), project.path.to_str()];
        let relative = |name: &String| {
            let inside = bases
                .iter()
                .flatten()
                .find_map(|base| name.strip_prefix(base)?.strip_prefix('/'));
            inside.unwrap_or(name).to_owned()
        };
        names.iter().map(relative).collect()
    }

    /// The anchors of those names, already validated.
    pub(super) fn resolve(&mut self, names: &[String]) -> Vec<Anchor> {
        names.iter().map(|name| self.anchor(name)).collect()
    }

    fn anchor(&mut self, name: &str) -> Anchor {
        if let Some((path, symbol)) = name.rsplit_once('#')
            && !path.is_empty()
            && !symbol.is_empty()
            && let Some(path) = self.file(path)
        {
            return self.symbol_in(name, &path, symbol);
        }
        if let Some(path) = self.file(name) {
            let located = self.trees.locate(path.as_str(), "");
            return anchor(name, path.as_str(), "", &located);
        }
        if let Some(definition) = self.definition(name) {
            let located = self.trees.locate(&definition.path, &definition.row.qualified_name);
            if located == Located::Gone {
                self.notes.push(format!(
                    "`{name}` is not in `{}` any more; index the project again",
                    definition.path
                ));
            }
            return anchor(name, &definition.path, &definition.row.qualified_name, &located);
        }
        let (path, symbol) = name.rsplit_once('#').unwrap_or((name, ""));
        if let Some(path) = self.looks_like_path(path) {
            self.notes.push(format!(
                "`{path}` is no file of the project that can be read; whether it changes is not noticed"
            ));
            return anchor(name, path.as_str(), symbol, &Located::Unknown);
        }
        self.notes.push(if self.indexes.is_empty() {
            format!(
                "`{name}` was not looked up, for the project is not indexed; run `codemem index`, then store it again"
            )
        } else {
            format!("`{name}` is neither a file nor a symbol of the project; whether it changes is not noticed")
        });
        anchor(name, "", name, &Located::Unknown)
    }

    /// A symbol in a file, by the file as it is now.
    fn symbol_in(&mut self, name: &str, path: &RepoPath, symbol: &str) -> Anchor {
        let meant = |defined: &&Symbol| is_meant(symbol, &defined.name, &defined.qualified_name).is_some();
        let symbols = self.trees.symbols_of(path).unwrap_or_default();
        let best = symbols.iter().filter(meant).min_by_key(|defined| {
            let strength = is_meant(symbol, &defined.name, &defined.qualified_name);
            (Reverse(strength), worth(defined.kind), defined.lines.start)
        });
        let Some(qualified_name) = best.map(|defined| defined.qualified_name.clone()) else {
            self.notes.push(format!(
                "`{path}` defines no `{symbol}`; whether it changes is not noticed"
            ));
            return anchor(name, path.as_str(), symbol, &Located::Unknown);
        };
        let located = self.trees.locate(path.as_str(), &qualified_name);
        anchor(name, path.as_str(), &qualified_name, &located)
    }

    /// The file that a name means: from the project's top, or from where the caller is.
    fn file(&mut self, name: &str) -> Option<RepoPath> {
        let project = self.project?;
        let name = name.trim_start_matches("./");
        let here = project.prefix(&project.path).unwrap_or_default();
        let from_top = RepoPath::new(name)?;
        if self.trees.is_file(&from_top) {
            return Some(from_top);
        }
        let from_here = RepoPath::new(&format!("{here}{name}"))?;
        (!here.is_empty() && self.trees.is_file(&from_here)).then_some(from_here)
    }

    /// The definition that a name means, of all that are indexed; a note when there are several.
    fn definition(&mut self, name: &str) -> Option<Definition> {
        let names = lookups(name);
        let mut found: Vec<Definition> = Vec::new();
        for index in &self.indexes {
            let rows = match index.stores.catalog.definitions(&names, None, DEFINITIONS) {
                Ok(rows) => rows,
                Err(error) => {
                    tracing::warn!(%error, "an anchor is not looked up");
                    continue;
                }
            };
            for row in rows {
                let Some(is_whole_name) = is_meant(name, &row.name, &row.qualified_name) else {
                    continue;
                };
                for number in index.view.holding(row.content) {
                    found.push(Definition {
                        path: format!("{}{}", index.prefix, index.view.file(number).path),
                        row: row.clone(),
                        is_whole_name,
                    });
                }
            }
            if !found.is_empty() {
                break;
            }
        }
        let distinct: HashSet<(&str, &str)> = found
            .iter()
            .map(|one| (one.path.as_str(), one.row.qualified_name.as_str()))
            .collect();
        let n_distinct = distinct.len();
        let best = found.into_iter().min_by(|a, b| {
            let order = |one: &Definition| (!one.is_whole_name, worth(one.row.kind), one.path.len());
            order(a)
                .cmp(&order(b))
                .then_with(|| (&a.path, a.row.lines.start).cmp(&(&b.path, b.row.lines.start)))
        })?;
        if n_distinct > 1 {
            self.notes.push(format!(
                "`{name}` has {n_distinct} definitions; `{}#{}` is taken, name another one like that",
                best.path, best.row.qualified_name
            ));
        }
        Some(best)
    }

    /// The path that a name is, though nothing is there.
    fn looks_like_path(&self, name: &str) -> Option<RepoPath> {
        self.project?;
        let path = RepoPath::new(name.trim_start_matches("./"))?;
        let is_known = |extension: &str| {
            let languages = self.trees.languages();
            languages
                .iter()
                .any(|language| language.extensions.iter().any(|known| known == extension))
        };
        let is_path = name.contains('/') || path.extension().is_some_and(is_known);
        (is_path && !name.contains(char::is_whitespace)).then_some(path)
    }
}

fn anchor(name: &str, path: &str, symbol: &str, located: &Located) -> Anchor {
    Anchor {
        name: name.to_owned(),
        path: path.to_owned(),
        symbol: symbol.to_owned(),
        hash: match located {
            Located::Code(hash, _) => Some(*hash),
            Located::Gone | Located::Unknown => None,
        },
    }
}

/// Whether a definition is what a name means; `true` when the name is its whole qualified name.
fn is_meant(asked: &str, name: &str, qualified_name: &str) -> Option<bool> {
    if asked == qualified_name {
        return Some(true);
    }
    if asked == name {
        return Some(false);
    }
    // People join names as they please: `Server.accept`, `Server#accept`.
    let plain = |text: &str| text.replace("::", ".").replace(['#', ':'], ".");
    let (asked, qualified) = (plain(asked), plain(qualified_name));
    // Where the arity follows the name, it can be left out.
    let without_arity = qualified.rsplit_once('/').map_or(qualified.as_str(), |(name, _)| name);
    let ends = |whole: &str| {
        whole
            .strip_suffix(asked.as_str())
            .is_some_and(|before| before.is_empty() || before.ends_with('.'))
    };
    (ends(&qualified) || ends(without_arity)).then_some(asked == qualified)
}

/// The names under which a catalog may have what is asked for, lower-cased.
fn lookups(asked: &str) -> Vec<String> {
    let whole = asked.to_lowercase();
    let without_arity = whole.rsplit_once('/').map_or(whole.as_str(), |(name, _)| name);
    let last = without_arity.rsplit(['.', ':', '#']).next().unwrap_or(without_arity);
    let mut names = vec![last.to_owned(), without_arity.to_owned(), whole.clone()];
    names.sort();
    names.dedup();
    names.retain(|name| !name.is_empty());
    names
}

/// Which of several definitions of a name is rather meant: smaller is better.
fn worth(kind: SymbolKind) -> u8 {
    match kind {
        SymbolKind::Class
        | SymbolKind::Struct
        | SymbolKind::Enum
        | SymbolKind::Union
        | SymbolKind::Trait
        | SymbolKind::Interface
        | SymbolKind::Type => 0,
        SymbolKind::Function | SymbolKind::Method | SymbolKind::Macro => 1,
        SymbolKind::Module | SymbolKind::Constant | SymbolKind::Variable => 2,
        SymbolKind::Field => 3,
        SymbolKind::Impl | SymbolKind::Section => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_mean_definitions_however_they_are_joined() {
        let table = [
            ("accept", "accept", "Server::accept", Some(false)),
            ("Server::accept", "accept", "Server::accept", Some(true)),
            ("Server.accept", "accept", "net::Server::accept", Some(false)),
            ("Server#accept", "accept", "Server.accept", Some(true)),
            ("pool:checkout", "checkout", "pool:checkout/2", Some(false)),
            ("pool:checkout/2", "checkout", "pool:checkout/2", Some(true)),
            ("Accept", "accept", "Server::accept", None),
            ("ver::accept", "accept", "Server::accept", None),
            ("Client::accept", "accept", "Server::accept", None),
        ];
        for (asked, name, qualified, expected) in table {
            assert_eq!(is_meant(asked, name, qualified), expected, "{asked} {qualified}");
            if expected.is_some() {
                assert!(lookups(asked).contains(&name.to_lowercase()), "{asked}");
            }
        }
    }
}
