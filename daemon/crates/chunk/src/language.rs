//! What makes a language: the descriptor that each file under `languages/` fills in.

use crate::harvest::Harvest;
use crate::lines::Lines;
use crate::references::Visit;
use crate::visibility::Rule;
use codemem_core::unit::SymbolKind;
use std::ops::Range;
use tree_sitter::Node;

/// How a language is read. Start from [`Language::BASE`] and state what differs.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each answers a question about the language, none depends on another"
)]
pub(crate) struct Language {
    /// The stable lower-case name.
    pub(crate) name: &'static str,
    /// Extensions without the dot. Tried as written first, then in lower case.
    pub(crate) extensions: &'static [&'static str],
    /// Whole file names.
    pub(crate) file_names: &'static [&'static str],
    /// Programs named in the first line of a script (`#!`), without version digits.
    pub(crate) interpreters: &'static [&'static str],
    /// The grammar.
    pub(crate) grammar: fn() -> tree_sitter::Language,
    /// The tags queries that grammars bring along and that hold for this language.
    pub(crate) tags: &'static [&'static str],
    /// How those patterns of the tags queries begin that are wrong or too wide and that `query` says better.
    pub(crate) replaced: &'static [&'static str],
    /// Our own patterns. Captures: see [`crate::grammar`].
    pub(crate) query: &'static str,
    /// Finds what a file uses. `None` where only definitions are read.
    pub(crate) references: Option<Visit>,
    /// A text of the same length and the same lines that the grammar reads more of, tried when it stumbles. `None` when there is
    /// nothing to try.
    pub(crate) mend: fn(&str) -> Option<String>,
    /// Reads a text in the place of the grammar, where that reads more of it. Off once a user's query has a pattern: then
    /// all comes from the tree.
    pub(crate) scan: Option<fn(&str, &Lines) -> Harvest>,
    /// What `@definition.x` means where it is not the kind of that name joined by `separator`.
    pub(crate) labels: &'static [Label],
    /// Joins the names of nested symbols.
    pub(crate) separator: &'static str,
    /// Whether a definition inside another carries the other's name. Not so in C.
    pub(crate) nests: bool,
    /// Whether functions directly inside a symbol of this kind are methods.
    pub(crate) owns_methods: fn(SymbolKind) -> bool,
    /// Whether what the query calls a method stays one outside any owner (methods of object literals).
    pub(crate) keeps_methods: bool,
    /// The node that is the name, given the `@name` capture; `None` drops the definition.
    pub(crate) name_node: for<'t> fn(Node<'t>) -> Option<Node<'t>>,
    /// How many arguments a definition takes, where functions of one name are told apart by it. Written behind the
    /// qualified name: `push/2`.
    pub(crate) arity: fn(Node<'_>, &str) -> Option<usize>,
    /// Whether a function may stand in several pieces: a type signature, equations, clauses. Pieces that follow each
    /// other are one symbol, with the signature of the first.
    pub(crate) merges_clauses: bool,
    /// Cuts a name as written into what qualifies it and itself.
    pub(crate) split_name: fn(&str) -> (&str, &str),
    /// What of a `@scope` as written qualifies the name.
    pub(crate) clean_scope: fn(&str) -> &str,
    /// Has the last word on a definition; `None` drops it.
    pub(crate) refine: fn(&Candidate<'_>) -> Option<SymbolKind>,
    /// Who may use a definition.
    pub(crate) visibility: Rule,
    /// The bytes that the signature leaves out; what follows them inside the node belongs to it.
    pub(crate) body: fn(Node<'_>, &str) -> Option<Range<usize>>,
    /// How documentation comments begin. When one stands above a definition, ordinary comments beside it are left out.
    pub(crate) doc_markers: &'static [&'static str],
    /// Whether documentation goes on in the ordinary comments below it.
    pub(crate) doc_runs_on: bool,
    /// How comments begin that document what is around them, not what follows.
    pub(crate) inner_doc_markers: &'static [&'static str],
    /// How comments begin that document what ends before them, unless they stand directly above something else.
    pub(crate) trailing_doc_markers: &'static [&'static str],
    /// Fields of a file's leading comment (`Maintainer : someone`) that say nothing of its content.
    pub(crate) header_fields: &'static [&'static str],
    /// What its files are made of.
    pub(crate) form: Form,
    /// Most symbols that a file may have. With more, what is nested is left out; with more still, everything is:
    /// a table of ten thousand keys defines nothing that anyone looks up by name.
    pub(crate) max_symbols: usize,
    /// Labels whose definitions reach from where they are captured to the next one of such a label.
    pub(crate) runs_on: &'static [&'static str],
}

/// What the files of a language are made of, as far as it decides how they are cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// Statements: only bytes count.
    Code,
    /// Short lines, each of which says something: a chunk holds at most some fifty of them.
    Data,
    /// As data, and the file's title and first paragraph say what it is about.
    Prose,
}

/// What `@definition.NAME` stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Label {
    /// The part after `definition.` or `declaration.`.
    pub(crate) name: &'static str,
    /// The kind.
    pub(crate) kind: SymbolKind,
    /// What stands between the enclosing name and this one.
    pub(crate) joint: &'static str,
    /// True when what follows in the file, rather than what is inside, carries this name.
    pub(crate) prefixes: bool,
}

/// A definition about to be accepted.
#[derive(Debug)]
pub(crate) struct Candidate<'a> {
    /// What nesting made of the captured kind.
    pub(crate) kind: SymbolKind,
    /// The kind of the symbol around it.
    pub(crate) parent: Option<SymbolKind>,
    /// The name.
    pub(crate) name: &'a str,
    /// The source from the name to the end of the definition.
    pub(crate) rest: &'a str,
}

impl Language {
    /// What holds for most languages.
    pub(crate) const BASE: Self = Self {
        name: "",
        extensions: &[],
        file_names: &[],
        interpreters: &[],
        grammar: no_grammar,
        tags: &[],
        replaced: &[],
        query: "",
        references: None,
        mend: |_| None,
        scan: None,
        labels: &[],
        separator: ".",
        nests: true,
        owns_methods: is_type_like,
        keeps_methods: false,
        name_node: captured_node,
        arity: |_, _| None,
        merges_clauses: false,
        split_name: whole_name,
        clean_scope: same_scope,
        refine: as_nested,
        visibility: |_| None,
        body: body_field,
        doc_markers: &[],
        doc_runs_on: false,
        inner_doc_markers: &[],
        trailing_doc_markers: &[],
        header_fields: &[],
        form: Form::Code,
        max_symbols: usize::MAX,
        runs_on: &[],
    };
}

/// Stands in until a language names its grammar; every language is compiled by the tests, so none can forget.
fn no_grammar() -> tree_sitter::Language {
    unreachable!("every language names its grammar")
}

/// Types, interfaces and implementation blocks own methods.
pub(crate) fn is_type_like(kind: SymbolKind) -> bool {
    kind.is_type() || kind == SymbolKind::Impl
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "a descriptor's default; others return nothing at times"
)]
fn captured_node(node: Node<'_>) -> Option<Node<'_>> {
    Some(node)
}

fn whole_name(name: &str) -> (&str, &str) {
    ("", name)
}

fn same_scope(scope: &str) -> &str {
    scope
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "a descriptor's default; others return nothing at times"
)]
fn as_nested(candidate: &Candidate<'_>) -> Option<SymbolKind> {
    Some(candidate.kind)
}

/// From the `body` field to the end.
pub(crate) fn body_field(node: Node<'_>, _source: &str) -> Option<Range<usize>> {
    let body = node.child_by_field_name("body")?;
    Some(body.start_byte()..node.end_byte())
}

/// From the end of the first line to the end.
pub(crate) fn first_line(node: Node<'_>, source: &str) -> Option<Range<usize>> {
    let first_line = source[node.byte_range()].find('\n')?;
    Some(node.start_byte() + first_line..node.end_byte())
}

/// How many arguments a list of them holds: its children, comments aside.
pub(crate) fn count_arguments(list: Node<'_>) -> usize {
    let mut cursor = list.walk();
    let children = list.named_children(&mut cursor);
    children.filter(|child| child.kind() != "comment").count()
}

/// True for names that are constants by convention: capitals, digits and underscores, at least one capital.
pub(crate) fn is_screaming(name: &str) -> bool {
    name.bytes().any(|b| b.is_ascii_uppercase()) && !name.bytes().any(|b| b.is_ascii_lowercase())
}

/// A name without its type arguments: `Map<K, V>` gives `Map`.
pub(crate) fn without_arguments(name: &str) -> &str {
    name.find('<').map_or(name, |at| name[..at].trim_end())
}
