//! What a resolver remembers and does at once, against finding everything out anew.

use super::*;
use crate::path::RepoPath;
use crate::reference::{Binding, Import, Origin, Reference, ReferenceKind, References};
use crate::unit::{LineSpan, SymbolKind};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use std::convert::Infallible;
use std::sync::Arc;

/// Files of one language, by path: modules that import from one another in circles, with classes that inherit in circles.
#[derive(Debug)]
struct Tree(Vec<Arc<FileFacts>>);

impl Facts for Tree {
    type Error = Infallible;

    fn file(&self, file: FileId) -> Result<Arc<FileFacts>, Infallible> {
        Ok(Arc::clone(&self.0[file.0 as usize]))
    }

    fn at(&self, path: &str) -> Option<FileId> {
        let found = self.0.iter().position(|file| file.path.as_str() == path);
        found.map(|file| FileId(file as u32))
    }

    fn is_directory(&self, _directory: &str) -> bool {
        false
    }

    fn packages(&self) -> Result<Arc<Vec<Package>>, Infallible> {
        Ok(Arc::default())
    }

    fn using(&self, name: &str) -> Result<Vec<FileId>, Infallible> {
        let files = (0_u32..)
            .zip(&self.0)
            .filter(|(_, file)| file.used_names().any(|used| used == name));
        Ok(files.map(|(file, _)| FileId(file)).collect())
    }

    fn defined(&self, name: &str) -> Result<Vec<SymbolAt>, Infallible> {
        Ok(self
            .symbols()
            .filter(|at| self.0[at.file.0 as usize].symbol(at.symbol).name == name)
            .collect())
    }
}

impl Tree {
    fn symbols(&self) -> impl Iterator<Item = SymbolAt> {
        (0_u32..).zip(&self.0).flat_map(|(file, facts)| {
            let file = FileId(file);
            (0..facts.n_symbols() as u32).map(move |symbol| SymbolAt { file, symbol })
        })
    }
}

const NAMES: [&str; 6] = ["Shelf", "Store", "open", "close", "__init__", "find_every_book"];

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(&NAMES[..]).prop_map(str::to_owned)
}

fn origin() -> impl Strategy<Value = String> {
    let shaped =
        |before: &'static str, after: &'static str| name().prop_map(move |name| format!("{before}{name}{after}"));
    prop_oneof![
        3 => Just(String::new()),
        2 => Just("@self".to_owned()),
        1 => Just("@super".to_owned()),
        1 => Just("?".to_owned()),
        2 => shaped("<", ">"),
        2 => shaped("", ""),
        2 => shaped("", "()"),
        1 => shaped("@self.", ""),
        1 => shaped("Shelf().", "()"),
    ]
}

prop_compose! {
    fn file(n_files: usize)(
        symbols in vec((name(), 0..3_u8, of(0..6_u32)), 0..6),
        uses in vec((name(), origin(), 0..6_usize, of(0..6_u32)), 0..12),
        imports in vec((of(name()), 0..n_files, of(name())), 0..4),
        bindings in vec((of(0..6_u32), prop_oneof![name(), Just("()".to_owned())], origin()), 0..5),
    ) -> (Vec<(String, SymbolKind, Option<u32>)>, References) {
        let n_symbols = symbols.len() as u32;
        let known = |at: Option<u32>| at.filter(|at| *at < n_symbols);
        let symbols: Vec<_> = (0_u32..).zip(symbols).map(|(index, (name, kind, parent))| {
            let kind = [SymbolKind::Class, SymbolKind::Method, SymbolKind::Function][kind as usize];
            (name, kind, parent.filter(|parent| *parent < index))
        }).collect();
        let uses = (10..).zip(uses).map(|(line, (name, of, kind, symbol))| Reference {
            name,
            of: Origin(of),
            kind: ReferenceKind::ALL[kind],
            line,
            column: 1,
            symbol: known(symbol),
        });
        let imports: Vec<Import> = imports.into_iter().map(|(local, module, name)| {
            let name = name.unwrap_or_default();
            Import {
                local: local.unwrap_or_else(|| if name.is_empty() { "*".to_owned() } else { name.clone() }),
                module: format!("m{module}"),
                name,
                line: 1,
                is_exported: false,
            }
        }).collect();
        let imported = (1..).zip(&imports).filter(|(_, one)| !one.name.is_empty()).map(|(column, one)| Reference {
            name: one.name.clone(),
            of: Origin::default(),
            kind: ReferenceKind::Import,
            line: 1,
            column,
            symbol: None,
        });
        let mut bindings: Vec<Binding> = bindings.into_iter().map(|(owner, name, value)| Binding {
            owner: known(owner),
            name,
            value: Origin(value),
        }).collect();
        bindings.sort_by(|a, b| (a.owner, &a.name).cmp(&(b.owner, &b.name)));
        let uses = imported.chain(uses).collect();
        (symbols, References { uses, imports, bindings })
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    let files = (2..6_usize).prop_flat_map(|n_files| vec(file(n_files), n_files));
    // In one of them types see their members by bare names, in the other one they do not.
    (files, any::<bool>()).prop_map(|(files, is_java)| {
        let (language, extension) = if is_java { ("java", "java") } else { ("python", "py") };
        let facts = files.into_iter().enumerate().map(|(at, (symbols, mut references))| {
            if is_java {
                references.bindings.push(Binding {
                    owner: None,
                    name: "@package".to_owned(),
                    value: Origin(format!("m{at}")),
                });
            }
            let symbols = symbols.iter().zip(1..).map(|((name, kind, parent), line)| SymbolFact {
                name,
                qualified_name: name,
                kind: *kind,
                lines: LineSpan { start: line, end: line },
                parent: *parent,
            });
            Arc::new(FileFacts {
                path: RepoPath::new(&format!("m{at}.{extension}")).expect("valid"),
                language: language.to_owned(),
                content: Arc::new(Content::of(symbols, &references)),
            })
        });
        Tree(facts.collect())
    })
}

/// The places that mean a symbol, found by asking of every use what it means, each time from nothing; and whether its name
/// is the symbol's, or what an import calls it.
fn users_found_anew(tree: &Tree, wanted: SymbolAt, kinds: &[ReferenceKind]) -> (Vec<(Site, bool)>, u64) {
    let facts = &tree.0[wanted.file.0 as usize];
    let own = facts.symbol(wanted.symbol);
    let is_constructor = own.kind == SymbolKind::Method && own.name == "__init__";
    let symbol = own.parent.filter(|_| is_constructor).unwrap_or(wanted.symbol);
    let (target, name) = (SymbolAt { symbol, ..wanted }, facts.symbol(symbol).name);
    let (mut sites, mut open) = (Vec::new(), 0);
    for (file, user) in (0_u32..).map(FileId).zip(&tree.0) {
        let is_used = user.used_names().any(|used| used == name);
        let is_called = |one: &UseFact<'_>| {
            one.name == name
                || user
                    .imports()
                    .any(|import| import.name == name && import.local == one.name)
        };
        for one in user.uses().filter(|one| kinds.contains(&one.kind)) {
            let is_named = is_used && is_called(&one);
            let Ok(meaning) = Resolver::new(tree).resolve(file, one);
            match meaning {
                Meaning::Edge(edge) if edge.to == target => {
                    let site = Site {
                        file,
                        within: one.symbol,
                        to: wanted,
                        kind: one.kind,
                        line: one.line,
                        evidence: edge.evidence,
                    };
                    sites.push((site, is_named));
                }
                Meaning::Edge(_) | Meaning::Elsewhere => {}
                Meaning::Open => open += u64::from(is_named && one.kind == ReferenceKind::Call),
            }
        }
    }
    (sites, open)
}

/// Whether all of the few are among the many, as often and in the same order. Sites do not tell their columns, so two of
/// one line can be equal.
fn are_within<'a>(few: impl IntoIterator<Item = &'a Site>, many: impl IntoIterator<Item = &'a Site>) -> bool {
    let mut many = many.into_iter();
    few.into_iter().all(|site| many.any(|other| other == site))
}

/// Modules that each import a name from the next one; the last defines it. All of them call it.
fn chain(n_files: u32) -> Tree {
    let file = |at: u32| {
        let next = Import {
            local: "open".to_owned(),
            module: format!("m{}", at + 1),
            name: "open".to_owned(),
            line: 1,
            is_exported: true,
        };
        let is_last = at + 1 == n_files;
        let call = Reference {
            name: "open".to_owned(),
            of: Origin::default(),
            kind: ReferenceKind::Call,
            line: 9,
            column: 1,
            symbol: None,
        };
        let own = SymbolFact {
            name: "open",
            qualified_name: "open",
            kind: SymbolKind::Function,
            lines: LineSpan { start: 2, end: 2 },
            parent: None,
        };
        let references = References {
            uses: vec![call],
            imports: if is_last { Vec::new() } else { vec![next] },
            bindings: Vec::new(),
        };
        Arc::new(FileFacts {
            path: RepoPath::new(&format!("m{at}.py")).expect("valid"),
            language: "python".to_owned(),
            content: Arc::new(Content::of(is_last.then_some(own), &references)),
        })
    };
    Tree((0..n_files).map(file).collect())
}

#[test]
fn what_is_not_followed_to_its_end_is_open_and_not_elsewhere() {
    let call = |tree: &Tree| {
        let facts = &tree.0[0];
        let Ok(meaning) = Resolver::new(tree).resolve(FileId(0), facts.uses().next().expect("a call"));
        meaning
    };
    assert!(matches!(call(&chain(4)), Meaning::Edge(edge) if edge.to.file == FileId(3)));
    assert_eq!(call(&chain(60)), Meaning::Open);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_remembered_changes_no_meaning(tree in tree()) {
        let experienced = Resolver::new(&tree);
        for (file, facts) in (0_u32..).map(FileId).zip(&tree.0) {
            for one in facts.uses() {
                prop_assert_eq!(experienced.resolve(file, one), Resolver::new(&tree).resolve(file, one), "{:?}", one);
            }
        }
    }

    #[test]
    fn users_found_together_are_those_found_one_by_one(tree in tree(), foreseen in vec(name(), 0..3)) {
        let symbols: Vec<SymbolAt> = tree.symbols().collect();
        let experienced = Resolver::new(&tree);
        let Ok(()) = experienced.foresee(foreseen.iter().map(String::as_str), usize::MAX);
        // The second time all kinds are asked of what is known of one, the third time all is known.
        for kinds in [&[ReferenceKind::Call][..], &ReferenceKind::ALL, &[ReferenceKind::Call]] {
            let Ok(together) = experienced.users_of(&symbols, kinds);
            for (&symbol, users) in symbols.iter().zip(together) {
                let (anew, open) = users_found_anew(&tree, symbol, kinds);
                prop_assert_eq!(users.open, open, "{:?}", symbol);
                // By further names more may be found, not less, and nothing that does not mean the symbol.
                let named = anew.iter().filter(|(_, is_named)| *is_named).map(|(site, _)| site);
                prop_assert!(are_within(named, &users.sites), "{:?}: {:?} of {:?}", symbol, users.sites, anew);
                prop_assert!(are_within(&users.sites, anew.iter().map(|(site, _)| site)), "{:?}: {:?}", symbol, anew);
            }
        }
    }
}
