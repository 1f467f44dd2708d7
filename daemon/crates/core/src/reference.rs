//! References: where a file uses what is defined somewhere, and what the file itself says about where that is.
//!
//! Facts of one file, found by syntax alone. What they amount to across files is decided by `graph`.

/// How a place uses a name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum ReferenceKind {
    /// It is called, or an instance of it is made.
    Call,
    /// It is named as a type.
    Type,
    /// It is imported or re-exported.
    Import,
    /// A type extends it.
    Inherit,
    /// A type implements it.
    Implement,
    /// It decorates or annotates a definition.
    Decorate,
}

impl ReferenceKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::Call,
        Self::Type,
        Self::Import,
        Self::Inherit,
        Self::Implement,
        Self::Decorate,
    ];

    /// The stable lower-case name: in answers, on the wire and in the catalog.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Type => "type",
            Self::Import => "import",
            Self::Inherit => "inherit",
            Self::Implement => "implement",
            Self::Decorate => "decorate",
        }
    }

    /// The kind with that stable name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// One use of a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reference {
    /// The name that is used, without what qualifies it.
    pub name: String,
    /// What stands before it.
    pub of: Origin,
    /// How it is used.
    pub kind: ReferenceKind,
    /// 1-based.
    pub line: u32,
    /// 1-based, in bytes.
    pub column: u32,
    /// Index of the innermost symbol around it in `Extraction::symbols`; `None` at the file's top.
    pub symbol: Option<u32>,
}

/// An expression, reduced to what tells where a name comes from. Written as a base and steps from it:
///
/// | text | meaning |
/// |---|---|
/// | (empty) | nothing: the name stands alone |
/// | `name` | what the name means at the file's top: an import, a definition, something built in |
/// | `@self`, `@class`, `@super` | the object that the definition around belongs to; its type; what that inherits from |
/// | `@module` | the file itself |
/// | `<Type>` | a value of this type, which the file states |
/// | `<Type[Held]>`, `<Type[:Held]>`, `<[Held]>` | the same, which holds values of another type: in a row, by keys, or as what calling it yields |
/// | `…name` after a dot | that member of what stands before |
/// | `…()`, `…()?` | what calling it yields; the value inside of that |
/// | `…[]`, `…[*]` | what it holds: at an index or a key, or as loops take it |
/// | `?` | something of which the file does not say what it is |
/// | `?=` | the name is a variable of the function around, of which the file does not say what it holds |
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct Origin(pub String);

impl Origin {
    /// Something of which the file does not say what it is.
    pub const UNKNOWN: &'static str = "?";

    /// Longest origin kept, in bytes; a longer chain of calls is as good as unknown.
    pub const MAX: usize = 160;

    /// The name is a function's own variable, of which no more is known.
    pub const LOCAL: &'static str = "?=";

    /// A value of a type, named as in the file.
    pub fn of_type(name: &str) -> Self {
        Self(format!("<{name}>"))
    }

    /// Nothing stands before the name.
    pub fn bare() -> Self {
        Self::default()
    }

    /// Something of which the file does not say what it is.
    pub fn unknown() -> Self {
        Self(Self::UNKNOWN.to_owned())
    }

    /// Whether nothing stands before the name.
    pub fn is_bare(&self) -> bool {
        self.0.is_empty()
    }

    /// The name is a function's own variable.
    pub fn local() -> Self {
        Self(Self::LOCAL.to_owned())
    }

    /// Whether the name is a function's own variable, of which no more is known.
    pub fn is_local(&self) -> bool {
        self.0 == Self::LOCAL
    }

    /// Whether its type is stated.
    pub fn is_stated(&self) -> bool {
        self.0.starts_with('<') && self.0.ends_with('>')
    }

    /// Whether nothing is known of it.
    pub fn is_unknown(&self) -> bool {
        self.0.starts_with('?')
    }
}

/// A name that a file takes from elsewhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Import {
    /// What it is called in this file; `*` when everything of the module is taken over.
    pub local: String,
    /// The module as written.
    pub module: String,
    /// The name there; empty when the module itself is meant.
    pub name: String,
    /// 1-based.
    pub line: u32,
    /// Whether others can import it from here in turn.
    pub is_exported: bool,
}

/// What a file says that a name of it holds: a variable at its top, an attribute of a type, what a function returns.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Binding {
    /// Index of the symbol it belongs to; `None` at the file's top.
    pub owner: Option<u32>,
    /// The name; `()` for what a function returns.
    pub name: String,
    /// What it holds.
    pub value: Origin,
}

/// All that a file says of what it uses.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct References {
    /// In file order.
    pub uses: Vec<Reference>,
    /// In file order.
    pub imports: Vec<Import>,
    /// Ordered by owner and name; one for each, the first that says something.
    pub bindings: Vec<Binding>,
}
