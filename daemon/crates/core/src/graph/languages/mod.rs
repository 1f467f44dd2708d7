//! What languages differ in, as far as the graph asks: how modules are found, who sees whose names, where members stand.
//!
//! One file per language that is resolved across files. All others have what holds everywhere: the scopes of one file, and
//! names that only one definition has.

mod go;
mod java;
mod javascript;
mod python;
mod rust;

use super::facts::{Facts, FileFacts, FileId, Package};
use crate::unit::SymbolKind;

/// What a module's name leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Imported {
    /// One file.
    File(FileId),
    /// All files of a directory.
    Directory(String),
    /// All files that say they belong to a package.
    Whole(String),
    /// A type of such a package.
    Symbol(String, String),
    /// Nothing in the tree: the standard library, a dependency.
    Elsewhere,
    /// It cannot be told.
    Open,
}

/// Languages that call each other's definitions.
pub(super) fn family(language: &str) -> &str {
    match language {
        "javascript" | "typescript" | "tsx" | "vue" | "svelte" => "javascript",
        "c" | "cpp" | "objc" => "c",
        "java" | "kotlin" | "scala" | "groovy" => "jvm",
        other => other,
    }
}

/// The module that a file means by a name.
pub(super) fn module<F: Facts>(facts: &F, packages: &[Package], from: &FileFacts, name: &str) -> Imported {
    match from.language.as_str() {
        "go" => go::module(facts, packages, from, name),
        "java" => java::module(name),
        "javascript" | "typescript" | "tsx" => javascript::module(facts, packages, from, name),
        "python" => python::module(facts, from, name),
        _ => Imported::Open,
    }
}

/// Whether every part of an import's path is a member of the part before.
pub(super) fn imports_by_steps(from: &FileFacts) -> bool {
    from.language == "rust"
}

/// The file that a name stands for by itself: `crate`, `super`.
pub(super) fn base<F: Facts>(facts: &F, from: &FileFacts, name: &str) -> Option<FileId> {
    match from.language.as_str() {
        "rust" => rust::base(facts, from, name),
        _ => None,
    }
}

/// The file that a package of that name begins with.
pub(super) fn package<F: Facts>(facts: &F, packages: &[Package], from: &FileFacts, name: &str) -> Option<FileId> {
    match from.language.as_str() {
        "rust" => rust::package(facts, packages, from, name),
        _ => None,
    }
}

/// The module of that name below a file that stands for a package.
pub(super) fn below<F: Facts>(facts: &F, package: &FileFacts, name: &str) -> Option<FileId> {
    match package.language.as_str() {
        "python" => python::below(facts, package, name),
        "rust" => rust::below(facts, package, name),
        _ => None,
    }
}

/// The module of that name in a directory.
pub(super) fn in_package<F: Facts>(facts: &F, directory: &str, name: &str) -> Option<FileId> {
    python::in_directory(facts, directory, name)
}

/// Whether files see top names of others without importing them.
pub(super) fn has_untold_names(from: &FileFacts) -> bool {
    matches!(from.language.as_str(), "go" | "java")
}

/// Whether a file sees another's top names without importing them.
pub(super) fn shares_names(from: &FileFacts, other: &FileFacts) -> bool {
    match (from.language.as_str(), other.language.as_str()) {
        ("go", "go") => from.path.directory() == other.path.directory(),
        ("java", "java") => java::package_of(from) == java::package_of(other),
        _ => false,
    }
}

/// Whether a file belongs to a package.
pub(super) fn is_of_package(file: &FileFacts, package: &str) -> bool {
    java::package_of(file) == Some(package)
}

/// Whether what is inside a symbol of this kind sees its members by their bare names.
pub(super) fn sees_members(facts: &FileFacts, kind: SymbolKind) -> bool {
    (kind.is_type() || kind == SymbolKind::Impl || kind == SymbolKind::Module)
        && matches!(
            facts.language.as_str(),
            "java" | "csharp" | "cpp" | "kotlin" | "scala" | "swift" | "ruby" | "dart"
        )
}

/// Whether a symbol is a member of a type.
pub(super) fn is_member(facts: &FileFacts, symbol: u32, of: u32) -> bool {
    facts.parent(symbol) == Some(of)
}

/// Whether methods stand beside their type rather than inside of it.
pub(super) fn declares_members_apart(of: &FileFacts) -> bool {
    of.language == "go"
}

/// Whether blocks apart from a type implement it.
pub(super) fn has_implementations(of: &FileFacts) -> bool {
    of.language == "rust"
}

/// Whether a type may be defined several times in a file, each under a condition.
pub(super) fn defines_by_condition(of: &FileFacts) -> bool {
    of.language == "python"
}

/// Whether a method of what holds others yields one of them, whatever the language.
pub(super) fn takes_one(method: &str) -> bool {
    matches!(
        method,
        "get"
            | "get_mut"
            | "pop"
            | "popleft"
            | "setdefault"
            | "next"
            | "first"
            | "last"
            | "at"
            | "shift"
            | "find"
            | "findLast"
            | "peek"
            | "poll"
            | "take"
            | "getFirst"
            | "getLast"
            | "removeFirst"
            | "removeLast"
            | "computeIfAbsent"
            | "getOrDefault"
            | "putIfAbsent"
            | "findFirst"
            | "findAny"
            | "orElse"
            | "orElseThrow"
            | "orElseGet"
            | "join"
            | "unwrap"
            | "expect"
            | "unwrap_or"
            | "unwrap_or_default"
            | "unwrap_or_else"
            | "lock"
            | "read"
            | "write"
            | "load"
            | "upgrade"
            | "__enter__"
            | "__aenter__"
            | "__next__"
            | "__anext__"
            | "__getitem__"
    )
}

/// Whether a method of what holds others yields what holds the same, whatever the language.
pub(super) fn keeps_all(method: &str) -> bool {
    matches!(
        method,
        "iter"
            | "iter_mut"
            | "into_iter"
            | "as_ref"
            | "as_mut"
            | "as_deref"
            | "clone"
            | "copy"
            | "filter"
            | "rev"
            | "skip"
            | "slice"
            | "concat"
            | "reverse"
            | "sort"
            | "sorted"
            | "stream"
            | "limit"
            | "distinct"
            | "toList"
            | "iterator"
            | "borrow"
            | "borrow_mut"
            | "__iter__"
            | "__aiter__"
    )
}

/// Whether constructors are called as their type is.
pub(super) fn names_constructors(of: &FileFacts) -> bool {
    matches!(of.language.as_str(), "java" | "csharp" | "cpp" | "dart" | "scala")
}

/// Whether the imports of a file are all known.
pub(super) fn knows_imports(of: &FileFacts) -> bool {
    resolves(&of.language)
}

/// Whether all functions of a tree have one space of names, so that one definition of a name is the one that is meant.
pub(super) fn has_one_space(of: &FileFacts) -> bool {
    matches!(of.language.as_str(), "c" | "bash" | "lua")
}

/// Whether a file only declares what others define.
pub(super) fn only_declares(file: &FileFacts) -> bool {
    matches!(file.path.extension(), Some("h" | "hh" | "hpp" | "pyi")) || file.path.as_str().ends_with(".d.ts")
}

/// Whether names of a language are resolved across files; otherwise only within one, or when they are unique.
pub fn resolves(language: &str) -> bool {
    matches!(
        language,
        "python" | "rust" | "go" | "java" | "javascript" | "typescript" | "tsx"
    )
}
