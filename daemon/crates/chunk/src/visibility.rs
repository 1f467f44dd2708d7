//! Who may use a definition: what is said where it is declared, else what its language takes for granted.
//!
//! Each language has its rule in its own file, over a [`Declared`]; what several have in common is here. Pure: reads the source
//! and what the query captured.

use crate::harvest::Harvest;
use codemem_core::unit::{Symbol, SymbolKind, Visibility};
use std::collections::HashMap;
use std::ops::Range;

/// A language's rule; `None` when it says nothing.
pub(crate) type Rule = fn(&Declared<'_>) -> Option<Visibility>;

/// A definition of which it is asked who may use it.
#[derive(Debug)]
pub(crate) struct Declared<'a> {
    /// The name.
    pub(crate) name: &'a str,
    /// What it is.
    pub(crate) kind: SymbolKind,
    /// The source from the beginning of the declaration to its name: where modifiers stand.
    pub(crate) before: &'a str,
    /// Whether it stands to the right of where its line begins.
    pub(crate) is_indented: bool,
    /// The comments and attributes above it.
    pub(crate) above: &'a str,
    /// What the section says that it stands in, as `private:` begins one.
    pub(crate) section: Option<Visibility>,
    /// Whether the file says what others may use, so that the rest is its own.
    pub(crate) hides: bool,
    /// The symbol around it.
    pub(crate) around: Option<&'a Symbol>,
}

impl Declared<'_> {
    /// What the rule says, but of what is local to a function, which nobody else can name.
    pub(crate) fn judge(&self, rule: Rule) -> Option<Visibility> {
        let visibility = rule(self)?;
        let in_function = matches!(self.around_kind(), Some(SymbolKind::Function | SymbolKind::Method));
        // What is put into a member (`this.close = function`) is none of the function's own.
        let is_local = in_function && !self.before.ends_with('.');
        Some(if is_local { Visibility::Private } else { visibility })
    }

    /// What the symbol around it is.
    pub(crate) fn around_kind(&self) -> Option<SymbolKind> {
        self.around.map(|around| around.kind)
    }

    /// Who may use the symbol around it: members of interfaces and cases of enumerations are as visible as these.
    pub(crate) fn as_around(&self) -> Option<Visibility> {
        self.around.and_then(|around| around.visibility)
    }

    /// Whether a word stands among its modifiers.
    pub(crate) fn has(&self, word: &str) -> bool {
        self.words().any(|(one, _)| one == word)
    }

    /// The words of its modifiers, each with what follows.
    pub(crate) fn words(&self) -> impl Iterator<Item = (&str, &str)> {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let mut rest = self.before;
        std::iter::from_fn(move || {
            rest = &rest[rest.find(is_word)?..];
            let (word, after) = rest.split_at(rest.find(|c| !is_word(c)).unwrap_or(rest.len()));
            rest = after;
            Some((word, after))
        })
    }

    /// What modifiers of the usual names say, the widest where there are several: `protected internal` is what either may use.
    pub(crate) fn stated(&self) -> Option<Visibility> {
        // `private(set)` is about writing.
        let words = self.words().filter(|(_, after)| !after.starts_with("(set)"));
        words.filter_map(|(word, _)| named(word)).min()
    }
}

/// The visibility that a modifier of the usual names stands for.
pub(crate) fn named(word: &str) -> Option<Visibility> {
    Some(match word {
        "public" => Visibility::Public,
        "internal" => Visibility::Internal,
        "protected" => Visibility::Protected,
        "private" => Visibility::Private,
        _ => return None,
    })
}

/// For languages in which a leading underscore says so.
pub(crate) fn by_underscore(declared: &Declared<'_>) -> Visibility {
    if declared.name.starts_with('_') {
        Visibility::Private
    } else {
        Visibility::Public
    }
}

/// What the query found about visibility, apart from the definitions themselves.
#[derive(Default, Debug)]
pub(crate) struct Spoken {
    /// Stretches of the source and what they say of the definitions that stand directly in them.
    pub(crate) sections: Vec<(Range<usize>, Visibility)>,
    /// Names as written somewhere around their definitions, and what is said of them.
    pub(crate) names: Vec<(Range<usize>, Visibility)>,
    /// Whether the file says what others may use.
    pub(crate) hides: bool,
}

impl Spoken {
    /// Puts everything in order.
    pub(crate) fn settle(&mut self) {
        self.sections.sort_by_key(|(span, _)| span.start);
        self.hides |= self.names.iter().any(|(_, one)| *one == Visibility::Public);
    }

    /// What the section says that a definition stands in which begins at `start`, inside of what begins at `around`.
    pub(crate) fn section(&self, around: Option<usize>, start: usize) -> Option<Visibility> {
        let n_before = self.sections.partition_point(|(span, _)| span.start < start);
        let inside = self.sections[..n_before].iter().rev();
        inside
            .take_while(|(span, _)| around.is_none_or(|around| span.start >= around))
            .find(|(span, _)| start < span.end)
            .map(|(_, visibility)| *visibility)
    }
}

/// Gives definitions the visibility that their names are given beside them: `export { open }`, `private :close`. `spans` are
/// the bytes of the symbols, `own` what of a name as written is the name.
pub(crate) fn apply_names(
    harvest: &Harvest,
    text: &str,
    own: fn(&str) -> (&str, &str),
    spans: &[Range<usize>],
    symbols: &mut [Symbol],
) {
    if harvest.spoken.names.is_empty() {
        return;
    }
    let mut said = HashMap::new();
    for (name, visibility) in &harvest.spoken.names {
        let mut around = spans.partition_point(|span| span.start <= name.start).checked_sub(1);
        while let Some(index) = around.filter(|&index| spans[index].end < name.end) {
            around = symbols[index].parent.map(|parent| parent as usize);
        }
        said.insert((around, own(&text[name.clone()]).1), *visibility);
    }
    for symbol in symbols {
        let around = symbol.parent.map(|parent| parent as usize);
        if let Some(visibility) = said.get(&(around, symbol.name.as_str())) {
            symbol.visibility = Some(*visibility);
        }
    }
}
