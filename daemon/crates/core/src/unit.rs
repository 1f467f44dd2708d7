//! Semantic units: what a file is made of once it has been read.

use crate::reference::References;
use std::fmt;
use std::ops::Range;

/// Lines, 1-based, both ends included.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LineSpan {
    /// First line.
    pub start: u32,
    /// Last line, never before `start`.
    pub end: u32,
}

impl LineSpan {
    /// How many lines.
    pub fn len(self) -> u32 {
        self.end - self.start + 1
    }

    /// A span is never empty; here for the lint's sake.
    pub fn is_empty(self) -> bool {
        false
    }

    /// Whether both share a line.
    pub fn overlaps(self, other: Self) -> bool {
        self.start <= other.end && other.start <= self.end
    }
}

/// What a symbol is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum SymbolKind {
    /// A free function.
    Function,
    /// A function that belongs to a type.
    Method,
    /// A class.
    Class,
    /// A struct or record.
    Struct,
    /// An enumeration.
    Enum,
    /// A C-like union.
    Union,
    /// A trait, protocol or mixin.
    Trait,
    /// An interface.
    Interface,
    /// An implementation block.
    Impl,
    /// A module, namespace or package.
    Module,
    /// A type alias or typedef.
    Type,
    /// A macro.
    Macro,
    /// A constant or static.
    Constant,
    /// A module-level or exported variable.
    Variable,
    /// A field, property or enum member.
    Field,
    /// A heading's section in prose.
    Section,
}

impl SymbolKind {
    /// All kinds.
    pub const ALL: [Self; 16] = [
        Self::Function,
        Self::Method,
        Self::Class,
        Self::Struct,
        Self::Enum,
        Self::Union,
        Self::Trait,
        Self::Interface,
        Self::Impl,
        Self::Module,
        Self::Type,
        Self::Macro,
        Self::Constant,
        Self::Variable,
        Self::Field,
        Self::Section,
    ];

    /// The stable lower-case name: in answers, on the wire and in the catalog.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Method => "method",
            Self::Class => "class",
            Self::Struct => "struct",
            Self::Enum => "enum",
            Self::Union => "union",
            Self::Trait => "trait",
            Self::Interface => "interface",
            Self::Impl => "impl",
            Self::Module => "module",
            Self::Type => "type",
            Self::Macro => "macro",
            Self::Constant => "constant",
            Self::Variable => "variable",
            Self::Field => "field",
            Self::Section => "section",
        }
    }

    /// The kind with that stable name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Types in the wide sense: what a reader calls "the X".
    pub fn is_type(self) -> bool {
        matches!(
            self,
            Self::Class | Self::Struct | Self::Enum | Self::Union | Self::Trait | Self::Interface | Self::Type
        )
    }
}

impl fmt::Display for SymbolKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who may use a definition, as its declaration or the customs of its language say: of those who can reach what it is part of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Visibility {
    /// Everybody.
    Public,
    /// The package, module, assembly or crate around it, however the language calls that.
    Internal,
    /// The type that it is part of, and what derives from that.
    Protected,
    /// What it is part of: the type, the function, or the file.
    Private,
}

impl Visibility {
    /// All of them, from the widest to the narrowest.
    pub const ALL: [Self; 4] = [Self::Public, Self::Internal, Self::Protected, Self::Private];

    /// The stable lower-case name: in answers and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Protected => "protected",
            Self::Private => "private",
        }
    }
}

/// One definition found in a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Symbol {
    /// The name as written.
    pub name: String,
    /// The names of the enclosing symbols and this one, joined as the language joins them (`Server::accept`, `Server.accept`).
    /// Where functions of one name are told apart by their arity (Erlang, Elixir), it follows: `pool:checkout/2`. Then this
    /// does not end in `name`.
    pub qualified_name: String,
    /// What it is.
    pub kind: SymbolKind,
    /// Who may use it; `None` where its language knows no such thing, or the file does not say.
    pub visibility: Option<Visibility>,
    /// The declaration without its body, white space folded to single spaces, at most [`Symbol::MAX_SIGNATURE`] bytes.
    pub signature: String,
    /// The documentation as prose, comment markers removed, at most [`Symbol::MAX_DOCSTRING`] bytes.
    pub docstring: Option<String>,
    /// The whole definition, leading decorators, attributes and doc comment included.
    pub lines: LineSpan,
    /// Index of the enclosing symbol in [`Extraction::symbols`]; always smaller than this symbol's own.
    pub parent: Option<u32>,
}

impl Symbol {
    /// Longest signature kept, in bytes: a screen line or three, as shown in an answer.
    pub const MAX_SIGNATURE: usize = 240;
    /// Longest docstring kept, in bytes: the first paragraphs, which is what ranking and answers use.
    pub const MAX_DOCSTRING: usize = 1_000;
}

/// A run of whole lines that is indexed, embedded and shown as one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Chunk {
    /// The lines it covers. The chunks of a file cover every line exactly once, in order.
    pub lines: LineSpan,
    /// The same lines as byte offsets, the last line's break included.
    pub bytes: Range<usize>,
    /// The symbol that the chunk shows or is part of: the largest outermost one that it holds whole, when that is a third
    /// of the chunk; else the innermost one that half of the chunk belongs to; else the largest it holds whole.
    pub symbol: Option<u32>,
    /// Indices of the symbols whose definition starts in the chunk, in order.
    pub defines: Range<u32>,
}

/// All that was learnt from one file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Extraction {
    /// The language's stable lower-case name (`rust`, `csharp`, `text`).
    pub language: String,
    /// The chunks, in file order.
    pub chunks: Vec<Chunk>,
    /// The symbols, in order of their first line, parents before children.
    pub symbols: Vec<Symbol>,
    /// What the file uses; empty for languages of which only definitions are read.
    pub references: References,
    /// The file's leading comment or module docstring, as prose; what the author says the file is for.
    pub leading_comment: Option<String>,
    /// True when the grammar met syntax errors; what parsed is kept all the same.
    pub has_errors: bool,
}
