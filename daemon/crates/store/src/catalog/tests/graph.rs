//! What the graph asks: facts of contents, who defines and who uses a name, and when facts may be others.

use super::*;
use codemem_core::graph::{Content, SymbolFact};
use codemem_core::ids::ContentId;
use codemem_core::reference::{Binding, Import, Origin, Reference, ReferenceKind, References};

fn uses(names: &[&str]) -> References {
    let uses = (1..).zip(names).map(|(line, name)| Reference {
        name: (*name).to_owned(),
        of: Origin("@self".to_owned()),
        kind: ReferenceKind::Call,
        line,
        column: 3,
        symbol: Some(0),
    });
    References {
        uses: uses.collect(),
        imports: vec![Import {
            local: "near".to_owned(),
            module: "far".to_owned(),
            name: "Near".to_owned(),
            line: 1,
            is_exported: true,
        }],
        bindings: vec![Binding {
            owner: Some(0),
            name: "held".to_owned(),
            value: Origin::of_type("Shelf"),
        }],
    }
}

/// A file with a type that has a method, and what it uses.
fn using(n_path: u32, n_content: u32, outer: &str, names: &[&str]) -> FileRecord {
    let symbols = vec![symbol(outer, (1, 9), None), symbol("open", (2, 3), Some(0))];
    let (mut extraction, texts) = extraction(&[n_content], symbols);
    extraction.references = uses(names);
    file(n_path, n_content, Some((extraction, texts)))
}

/// What the catalog should say of such a file.
fn expected(record: &FileRecord) -> Content {
    let (extraction, _) = record.extraction.as_ref().expect("given");
    let symbols = extraction.symbols.iter().map(|symbol| SymbolFact {
        name: &symbol.name,
        qualified_name: &symbol.qualified_name,
        kind: symbol.kind,
        lines: symbol.lines,
        parent: symbol.parent,
    });
    Content::of(symbols, &extraction.references)
}

#[test]
fn facts_come_back_as_they_were_recorded() {
    let directory = tempfile::tempdir().expect("dir");
    let catalog = open(directory.path());
    let tree = catalog.worktree(Path::new("/one")).expect("added");
    let files = [
        using(1, 1, "Shelf", &["open", "Open"]),
        using(2, 2, "Store", &["close"]),
    ];
    let plain = file(3, 3, Some(extraction(&[3], Vec::new())));
    let wanted = [
        expected(&files[1]),
        Content::default(),
        expected(&plain),
        expected(&files[0]),
    ];
    let change = put(files.into_iter().chain([plain]).collect());
    let recorded = catalog.record(tree, &change, VERSION).expect("recorded");
    let ids: Vec<ContentId> = recorded.iter().map(|file| file.content).collect();
    let asked = [ids[1], ContentId(99), ids[2], ids[0]];
    assert_eq!(catalog.facts(&asked).expect("read"), wanted);

    let nested = catalog.nested_symbols_of(ids[0]).expect("read");
    let parents: Vec<_> = nested
        .iter()
        .map(|(row, parent)| (row.name.as_str(), *parent))
        .collect();
    assert_eq!(parents, [("Shelf", None), ("open", Some(0))]);
    let row = |content, position| catalog.symbol_at(content, position).expect("looked up");
    assert_eq!(row(ids[0], 1), Some(nested[1].0.clone()));
    // Behind the last one of a content is the first of the next.
    assert_eq!((row(ids[0], 2), row(ContentId(99), 0)), (None, None));
}

#[test]
fn names_lead_to_who_defines_and_who_uses_them() {
    let directory = tempfile::tempdir().expect("dir");
    let catalog = open(directory.path());
    let tree = catalog.worktree(Path::new("/one")).expect("added");
    let change = put(vec![
        using(1, 1, "Shelf", &["close", "Open"]),
        using(2, 2, "shelf", &["open", "open"]),
    ]);
    let recorded = catalog.record(tree, &change, VERSION).expect("recorded");
    let (one, two) = (recorded[0].content, recorded[1].content);
    assert_eq!(catalog.defined("Shelf").expect("found"), [(one, 0)]);
    assert_eq!(catalog.defined("open").expect("found"), [(one, 1), (two, 1)]);
    assert_eq!(
        catalog.using("OPEN").expect("found"),
        [one, two],
        "however it is capitalised"
    );
    assert_eq!(catalog.using("close").expect("found"), [one]);
    catalog.remove_worktree(tree).expect("removed");
    let garbage = catalog.garbage(&[]).expect("found");
    catalog.collect(&garbage).expect("collected");
    assert!(catalog.using("open").expect("found").is_empty());
    assert_eq!(catalog.facts(&[one]).expect("read"), [Content::default()]);
}

#[test]
fn the_revision_is_another_one_when_a_content_says_something_else() {
    let directory = tempfile::tempdir().expect("dir");
    let catalog = open(directory.path());
    let tree = catalog.worktree(Path::new("/one")).expect("added");
    let first = catalog.revision();
    let record = |file, version| catalog.record(tree, &put(vec![file]), version).expect("recorded");
    let old = record(using(1, 1, "Shelf", &["close"]), 1);
    record(using(2, 2, "Store", &["close"]), 1);
    record(file(3, 1, None), 1);
    assert_eq!(catalog.revision(), first, "what is new replaces nothing");
    let new = record(using(1, 1, "Shelf", &["open"]), 2);
    assert_eq!(new[0].content, old[0].content);
    assert_ne!(catalog.revision(), first);
    let other = tempfile::tempdir().expect("dir");
    assert_ne!(open(other.path()).revision(), first);
}

#[test]
fn references_that_cannot_be_read_are_damage() {
    let directory = tempfile::tempdir().expect("dir");
    let catalog = open(directory.path());
    let tree = catalog.worktree(Path::new("/one")).expect("added");
    let recorded = catalog.record(tree, &put(vec![using(1, 1, "Shelf", &["close"])]), VERSION);
    let content = recorded.expect("recorded")[0].content;
    let spoilt = catalog.database.write("spoil", |tx| {
        tx.execute("UPDATE content_references SET facts = x'01ff'", [])?;
        Ok(())
    });
    spoilt.expect("written");
    let error = catalog.facts(&[content]).expect_err("noticed");
    assert_eq!(error.kind, codemem_core::ports::PortErrorKind::Corrupt);
    // It can still be forgotten.
    catalog.remove_worktree(tree).expect("removed");
    catalog
        .collect(&catalog.garbage(&[]).expect("found"))
        .expect("collected");
    assert!(catalog.using("close").expect("found").is_empty());
}
