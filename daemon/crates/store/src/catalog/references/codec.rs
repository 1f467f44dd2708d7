//! What a content uses, as bytes: a table of its distinct texts, then rows of small numbers.
//!
//! On disk, so it stays what it is; another layout is another [`VERSION`], and reading the old one stays.

use codemem_core::graph::ContentDraft;
use codemem_core::reference::{ReferenceKind, References};
use std::collections::HashMap;

/// The first byte.
const VERSION: u8 = 1;

/// Bytes of which nothing can be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Unreadable;

/// Writes references.
pub(super) fn encode(references: &References) -> Vec<u8> {
    let mut texts = Texts::default();
    let mut rows = Vec::new();
    put(&mut rows, references.imports.len());
    for import in &references.imports {
        for text in [&import.local, &import.module, &import.name] {
            put(&mut rows, texts.number(text));
        }
        put(&mut rows, import.line as usize * 2 + usize::from(import.is_exported));
    }
    put(&mut rows, references.bindings.len());
    for binding in &references.bindings {
        put(&mut rows, optional(binding.owner));
        put(&mut rows, texts.number(&binding.name));
        put(&mut rows, texts.number(&binding.value.0));
    }
    put(&mut rows, references.uses.len());
    for one in &references.uses {
        put(&mut rows, texts.number(&one.name));
        put(&mut rows, texts.number(&one.of.0));
        put(&mut rows, number(one.kind));
        put(&mut rows, one.line as usize);
        put(&mut rows, one.column as usize);
        put(&mut rows, optional(one.symbol));
    }
    let mut bytes = vec![VERSION];
    put(&mut bytes, texts.all.len());
    for text in &texts.all {
        put(&mut bytes, text.len());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes.extend(rows);
    bytes
}

/// Reads what [`encode`] wrote.
pub(super) fn decode(bytes: &[u8]) -> Result<ContentDraft, Unreadable> {
    let Some((&VERSION, rest)) = bytes.split_first() else {
        return Err(Unreadable);
    };
    let mut reader = Reader { rest };
    let mut draft = ContentDraft::default();
    for _ in 0..reader.count()? {
        let length = reader.take()?;
        let (text, rest) = reader.rest.split_at_checked(length).ok_or(Unreadable)?;
        reader.rest = rest;
        draft.text(std::str::from_utf8(text).map_err(|_not_text| Unreadable)?);
    }
    let n_texts = draft.n_texts();
    for _ in 0..reader.count()? {
        let (local, module, name) = (reader.text(n_texts)?, reader.text(n_texts)?, reader.text(n_texts)?);
        let line = reader.take()?;
        draft.import(local, module, name, small(line / 2)?, line % 2 == 1);
    }
    for _ in 0..reader.count()? {
        let owner = reader.optional()?;
        draft.binding(owner, reader.text(n_texts)?, reader.text(n_texts)?);
    }
    for _ in 0..reader.count()? {
        let (name, of) = (reader.text(n_texts)?, reader.text(n_texts)?);
        let kind = kind(reader.take()?)?;
        let at = (small(reader.take()?)?, small(reader.take()?)?);
        draft.used(name, of, kind, at, reader.optional()?);
    }
    if !reader.rest.is_empty() {
        return Err(Unreadable);
    }
    Ok(draft)
}

/// Distinct texts in order of first occurrence.
#[derive(Default)]
struct Texts<'a> {
    all: Vec<&'a str>,
    numbers: HashMap<&'a str, usize>,
}

impl<'a> Texts<'a> {
    fn number(&mut self, text: &'a str) -> usize {
        *self.numbers.entry(text).or_insert_with(|| {
            self.all.push(text);
            self.all.len() - 1
        })
    }
}

struct Reader<'b> {
    rest: &'b [u8],
}

impl Reader<'_> {
    /// Seven bits a byte, the lowest first; the highest bit says that more follow.
    fn take(&mut self) -> Result<usize, Unreadable> {
        let mut value = 0_usize;
        for shift in (0..35).step_by(7) {
            let (&byte, rest) = self.rest.split_first().ok_or(Unreadable)?;
            self.rest = rest;
            value |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Unreadable)
    }

    fn optional(&mut self) -> Result<Option<u32>, Unreadable> {
        self.take()?.checked_sub(1).map(small).transpose()
    }
}

impl Reader<'_> {
    /// How many rows follow.
    fn count(&mut self) -> Result<usize, Unreadable> {
        // A row takes a byte at least: a count beyond that is damage.
        self.take().and_then(|count| {
            if count > self.rest.len() {
                Err(Unreadable)
            } else {
                Ok(count)
            }
        })
    }

    /// The number of one of so many texts.
    fn text(&mut self, n_texts: u32) -> Result<u32, Unreadable> {
        let number = small(self.take()?)?;
        if number < n_texts { Ok(number) } else { Err(Unreadable) }
    }
}

fn put(bytes: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn small(value: usize) -> Result<u32, Unreadable> {
    u32::try_from(value).map_err(|_too_large| Unreadable)
}

fn optional(value: Option<u32>) -> usize {
    value.map_or(0, |value| value as usize + 1)
}

fn number(kind: ReferenceKind) -> usize {
    match kind {
        ReferenceKind::Call => 0,
        ReferenceKind::Type => 1,
        ReferenceKind::Import => 2,
        ReferenceKind::Inherit => 3,
        ReferenceKind::Implement => 4,
        ReferenceKind::Decorate => 5,
    }
}

fn kind(number: usize) -> Result<ReferenceKind, Unreadable> {
    ReferenceKind::ALL.get(number).copied().ok_or(Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use codemem_core::reference::{Binding, Import, Origin, Reference};
    use proptest::collection::vec;
    use proptest::option::of;
    use proptest::prelude::*;

    fn references() -> impl Strategy<Value = References> {
        let name = "[a-zé.()@<>]{0,9}";
        let uses = (name, name, 0..6_usize, 1..500_000_u32, 1..300_u32, of(0..9_000_u32)).prop_map(
            |(name, origin, kind, line, column, symbol)| Reference {
                name,
                of: Origin(origin),
                kind: ReferenceKind::ALL[kind],
                line,
                column,
                symbol,
            },
        );
        let imports =
            (name, name, name, 1..500_000_u32, any::<bool>()).prop_map(|(local, module, name, line, is_exported)| {
                Import {
                    local,
                    module,
                    name,
                    line,
                    is_exported,
                }
            });
        let bindings = (of(0..9_000_u32), name, name).prop_map(|(owner, name, value)| Binding {
            owner,
            name,
            value: Origin(value),
        });
        (vec(uses, 0..20), vec(imports, 0..9), vec(bindings, 0..9)).prop_map(|(uses, imports, bindings)| References {
            uses,
            imports,
            bindings,
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(references in references()) {
            prop_assert_eq!(decode(&encode(&references)), Ok(ContentDraft::of(&references)));
        }

        #[test]
        fn damage_is_noticed_or_harmless(references in references(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
            let mut bytes = encode(&references);
            let at = at.index(bytes.len());
            if cut {
                bytes.truncate(at);
                prop_assert_eq!(decode(&bytes), Err(Unreadable));
            } else {
                bytes[at] = byte;
                let _no_panic = decode(&bytes).map(ContentDraft::pack);
            }
        }
    }

    #[test]
    fn kinds_keep_their_numbers() {
        for (index, kind) in ReferenceKind::ALL.into_iter().enumerate() {
            assert_eq!(number(kind), index);
        }
    }
}
