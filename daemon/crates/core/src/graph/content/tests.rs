//! Packed facts against the loose ones they were made of.

use super::*;
use crate::reference::{Binding, Import, Origin, Reference};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

fn references(n_symbols: u32) -> impl Strategy<Value = References> {
    let name = || "[a-c]{1,2}";
    let symbol = move || of(0..n_symbols.max(1)).prop_map(move |at| at.filter(|_| n_symbols > 0));
    let uses = (name(), "[a-c.]{0,3}", 0..6_usize, 1..900_u32, 1..90_u32, symbol()).prop_map(
        |(name, of, kind, line, column, symbol)| Reference {
            name,
            of: Origin(of),
            kind: ReferenceKind::ALL[kind],
            line,
            column,
            symbol,
        },
    );
    let imports = (name(), name(), "[a-c]{0,2}", 1..900_u32, any::<bool>()).prop_map(
        |(local, module, name, line, is_exported)| Import {
            local,
            module,
            name,
            line,
            is_exported,
        },
    );
    let bindings = (symbol(), name(), name()).prop_map(|(owner, name, value)| Binding {
        owner,
        name,
        value: Origin(value),
    });
    (vec(uses, 0..20), vec(imports, 0..6), vec(bindings, 0..9)).prop_map(|(uses, imports, bindings)| References {
        uses,
        imports,
        bindings,
    })
}

prop_compose! {
    fn symbols()(rows in vec(("[a-c]{1,2}", of(0..9_u32), any::<bool>()), 0..9)) -> Vec<(String, Option<u32>, bool)> {
        let nested = (0_u32..).zip(rows);
        nested.map(|(index, (name, parent, same))| (name, parent.filter(|parent| *parent < index), same)).collect()
    }
}

fn fact(row: &(String, Option<u32>, bool), line: u32) -> SymbolFact<'_> {
    SymbolFact {
        name: &row.0,
        qualified_name: if row.2 { &row.0 } else { "x.y" },
        kind: SymbolKind::Method,
        lines: LineSpan {
            start: line,
            end: line + 3,
        },
        parent: row.1,
    }
}

proptest! {
    #[test]
    fn packed_facts_say_what_the_loose_ones_do(
        (symbols, references) in symbols().prop_flat_map(|all| {
            let n_symbols = all.len() as u32;
            (Just(all), references(n_symbols))
        }),
    ) {
        let facts: Vec<SymbolFact<'_>> = symbols.iter().zip(1..).map(|(row, line)| fact(row, line)).collect();
        let content = Content::of(facts.iter().copied(), &references);
        prop_assert_eq!(content.symbols().collect::<Vec<_>>(), facts.clone());
        let loose = |one: &Reference| (one.name.clone(), one.of.0.clone(), one.kind, one.line, one.column, one.symbol);
        let told = |one: UseFact<'_>| (one.name.to_owned(), one.of.to_owned(), one.kind, one.line, one.column, one.symbol);
        let uses: Vec<_> = references.uses.iter().map(loose).collect();
        prop_assert_eq!(content.uses().map(told).collect::<Vec<_>>(), uses);
        let imports: Vec<Import> = content.imports().map(|one| Import {
            local: one.local.to_owned(),
            module: one.module.to_owned(),
            name: one.name.to_owned(),
            line: one.line,
            is_exported: one.is_exported,
        }).collect();
        prop_assert_eq!(&imports, &references.imports);
        let passed_on: Vec<_> = content.imports().filter(|one| one.is_exported).collect();
        prop_assert_eq!(content.passed_on().collect::<Vec<_>>(), passed_on);
        for (symbol, one) in (0..).zip(&facts) {
            prop_assert_eq!((content.kind(symbol), content.parent(symbol)), (one.kind, one.parent));
        }
        for name in ["a", "b", "ab", "cc", "zz"] {
            let named: Vec<u32> = (0..).zip(&facts).filter(|(_, one)| one.name == name).map(|(at, _)| at).collect();
            prop_assert_eq!(content.named(name), named);
            for owner in [None, Some(0), Some(1), Some(70)] {
                let mut bindings = references.bindings.iter();
                let first = bindings.find(|one| one.owner == owner && one.name == name);
                prop_assert_eq!(content.binding(owner, name), first.map(|one| one.value.0.as_str()));
            }
            let is_alias = |local: &str| references.imports.iter().any(|one| one.name == name && one.local == local);
            let wanted: Vec<_> = references.uses.iter().filter(|one| one.name == name || is_alias(&one.name)).map(loose).collect();
            prop_assert_eq!(content.uses_of(name).map(|(_, one)| told(one)).collect::<Vec<_>>(), wanted);
            for (position, one) in content.uses_of(name) {
                prop_assert_eq!(content.use_at(position), one);
            }
            let wanted: Vec<_> = content.imports().filter(|one| one.local == name).collect();
            prop_assert_eq!(content.imports_as(name).collect::<Vec<_>>(), wanted);
        }
        for symbol in 0..9 {
            let is_base = |one: &&Reference| one.symbol == Some(symbol) && matches!(one.kind, ReferenceKind::Inherit | ReferenceKind::Implement);
            let wanted: Vec<_> = references.uses.iter().filter(is_base).map(loose).collect();
            prop_assert_eq!(content.bases(symbol).map(told).collect::<Vec<_>>(), wanted);
        }
        let mut names: Vec<&str> = content.used_names().collect();
        names.sort_unstable();
        let mut wanted: Vec<&str> = references.uses.iter().map(|one| one.name.as_str()).collect();
        wanted.sort_unstable();
        wanted.dedup();
        prop_assert_eq!(names, wanted);
    }
}

#[test]
fn what_is_damaged_ends_and_is_dropped() {
    let row = ("a".to_owned(), Some(0), true);
    let mut draft = ContentDraft::default();
    let name = draft.text("used");
    draft.used(name, name, ReferenceKind::Call, (1, 1), Some(7));
    draft.binding(Some(7), name, name);
    draft.symbol(fact(&row, 1));
    let content = draft.pack();
    assert_eq!(content.around(Some(0)).collect::<Vec<_>>(), [0], "its own parent");
    assert_eq!((content.uses().count(), content.binding(Some(7), "used")), (0, None));
}
