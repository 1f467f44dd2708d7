//! Questions answered from memory against the same questions answered from the catalog.

use super::*;
use crate::graph::Tree;
use codemem_core::graph::{Facts as _, FileId, SymbolAt};
use codemem_core::ids::{Hash128, WorktreeId};
use codemem_core::path::RepoPath;
use codemem_core::ports::{FileRecord, FileStamp, ManifestChange};
use codemem_core::reference::{Import, Origin, Reference, ReferenceKind, References};
use codemem_core::unit::{Extraction, LineSpan, Symbol, SymbolKind};
use codemem_testkit::{Faults, MemoryCatalog};
use proptest::collection::vec;
use proptest::prelude::*;
use std::path::Path;

const NAMES: [&str; 5] = ["Shelf", "shelf", "open", "close", "find_every_book"];

/// What a file defines at its top, and what it calls there; the file that it imports the called names from.
type Source = (Vec<usize>, Vec<usize>, usize);

fn source() -> impl Strategy<Value = Source> {
    (vec(0..NAMES.len(), 0..4), vec(0..NAMES.len(), 0..6), 0..8_usize)
}

fn record(at: usize, (defines, calls, from): &Source) -> FileRecord {
    let symbols = (1..).zip(defines).map(|(line, name)| Symbol {
        name: NAMES[*name].to_owned(),
        qualified_name: NAMES[*name].to_owned(),
        kind: SymbolKind::Function,
        visibility: None,
        signature: String::new(),
        docstring: None,
        lines: LineSpan { start: line, end: line },
        parent: None,
    });
    let uses = (10..).zip(calls).map(|(line, name)| Reference {
        name: NAMES[*name].to_owned(),
        of: Origin::default(),
        kind: ReferenceKind::Call,
        line,
        column: 1,
        symbol: (!defines.is_empty()).then_some(0),
    });
    let imports = calls.iter().map(|name| Import {
        local: NAMES[*name].to_owned(),
        module: format!("m{from}"),
        name: NAMES[*name].to_owned(),
        line: 1,
        is_exported: false,
    });
    let mut hash = [0; 16];
    for (byte, part) in hash
        .iter_mut()
        .zip(defines.iter().chain([&9]).chain(calls).chain([&9, from]))
    {
        *byte = *part as u8;
    }
    let extraction = Extraction {
        language: "python".to_owned(),
        chunks: Vec::new(),
        symbols: symbols.collect(),
        references: References {
            uses: uses.collect(),
            imports: imports.collect(),
            bindings: Vec::new(),
        },
        leading_comment: None,
        has_errors: false,
    };
    FileRecord {
        path: RepoPath::new(&format!("m{at}.py")).expect("valid"),
        stamp: FileStamp { size: 1, mtime_ns: 1 },
        hash: Hash128(hash),
        extraction: Some((extraction, Vec::new())),
        summary: Hash128(hash),
    }
}

/// Records files over those that are there; the view of all of them.
fn edit(catalog: &MemoryCatalog, worktree: WorktreeId, files: impl IntoIterator<Item = (usize, Source)>) -> View {
    let change = ManifestChange {
        put: files.into_iter().map(|(at, source)| record(at, &source)).collect(),
        ..ManifestChange::default()
    };
    catalog.record(worktree, &change, 1).expect("recorded");
    View::new(catalog.manifest(worktree).expect("listed"))
}

fn opened() -> (MemoryCatalog, WorktreeId) {
    let catalog = MemoryCatalog::new(Faults::default());
    let worktree = catalog.worktree(Path::new("/r")).expect("registered");
    (catalog, worktree)
}

/// All that can be asked, of one view.
fn answers(view: &View, catalog: &MemoryCatalog, known: &Known) -> Vec<String> {
    let stop = Stop::default();
    let tree = Tree::new(view, catalog, known, &stop);
    let mut told = Vec::new();
    for name in NAMES {
        told.push(format!("{name} {:?}", tree.defined(name).expect("found")));
    }
    let asked = tree.resolving(|resolver| {
        for file in view.numbers().map(FileId) {
            let facts = resolver.file(file)?;
            told.push(format!("{facts:?}"));
            for symbol in 0..facts.n_symbols() as u32 {
                let users = resolver.users(SymbolAt { file, symbol }, &ReferenceKind::ALL)?;
                told.push(format!("{users:?}"));
            }
        }
        Ok(())
    });
    asked.expect("answered");
    told
}

proptest! {
    #[test]
    fn memory_answers_as_the_catalog_does(
        first in vec(source(), 1..8),
        edits in vec(vec((0..8_usize, source()), 1..4), 0..5),
    ) {
        let (catalog, worktree) = opened();
        let known = Known::default();
        let mut view = edit(&catalog, worktree, first.into_iter().enumerate());
        prop_assert!(known.read(&view, &catalog, &Stop::default()).is_some());
        for files in edits.into_iter().map(Some).chain([None]) {
            prop_assert!(known.of(&view, &catalog, &Stop::default()).is_some());
            let expected = answers(&view, &catalog, &Known::default());
            prop_assert_eq!(&answers(&view, &catalog, &known), &expected);
            prop_assert_eq!(&answers(&view, &catalog, &known), &expected, "with what was found out before");
            if let Some(files) = files {
                view = edit(&catalog, worktree, files);
            }
        }
    }
}

#[test]
fn what_is_found_out_ahead_changes_no_answer_and_is_not_lost_to_a_question_of_the_same_time() {
    let (catalog, worktree) = opened();
    let (known, stop) = (Known::default(), Stop::default());
    // More files than it takes for a name to be much used, and names that most of them define and call.
    let source = |at: usize| (at, (vec![at % 5], (0..NAMES.len()).collect(), at % 8));
    let view = edit(&catalog, worktree, (0..90).map(source));
    let whole = known.read(&view, &catalog, &stop).expect("read");
    let knowing_little = known.recall(&view, &whole);
    Tree::new(&view, &catalog, &known, &stop).foresee().expect("answered");
    known.keep(&view, &whole, knowing_little);
    let foreseen = known.recall(&view, &whole);
    assert!(foreseen.n_names() >= NAMES.len(), "{}", foreseen.n_names());
    known.keep(&view, &whole, foreseen);
    let expected = answers(&view, &catalog, &Known::default());
    assert_eq!(answers(&view, &catalog, &known), expected);
}

#[test]
fn a_question_reads_a_few_contents_and_leaves_many_to_others() {
    let (catalog, worktree) = opened();
    let (known, stop) = (Known::default(), Stop::default());
    let distinct = |at: usize| (at, (vec![at % 5, at / 5 % 5], vec![at / 25 % 5], at / 125));
    let view = edit(&catalog, worktree, (0..FEW + 2).map(distinct));
    assert!(known.of(&view, &catalog, &stop).is_none(), "nothing is there");
    assert!(known.wants(&view, &catalog));
    let few = edit(&opened().0, worktree, []);
    assert!(known.read(&few, &catalog, &stop).is_some());
    assert!(known.of(&view, &catalog, &stop).is_none(), "too many are missing");
    assert!(known.read(&view, &catalog, &stop).is_some());
    assert!(!known.wants(&view, &catalog));
    let view = edit(&catalog, worktree, [(3, (vec![4, 4, 4], vec![], 0))]);
    assert!(known.wants(&view, &catalog), "one is missing");
    assert!(known.of(&view, &catalog, &stop).is_some());
    assert!(!known.wants(&view, &catalog));
    known.forget();
    assert!(known.of(&view, &catalog, &stop).is_none());
}

#[test]
fn another_revision_begins_anew() {
    let (catalog, worktree) = opened();
    let (known, stop) = (Known::default(), Stop::default());
    let view = edit(&catalog, worktree, [(0, (vec![1], vec![2], 0))]);
    assert!(known.read(&view, &catalog, &stop).is_some());
    // The ids are the same there, what they stand for is not.
    let (other, worktree) = opened();
    let view = edit(&other, worktree, [(0, (vec![3], vec![4], 0))]);
    assert!(known.of(&view, &other, &stop).is_none());
    assert_eq!(
        answers(&view, &other, &known),
        answers(&view, &other, &Known::default())
    );
    assert!(known.read(&view, &other, &stop).is_some());
    assert_eq!(
        answers(&view, &other, &known),
        answers(&view, &other, &Known::default())
    );
}

#[test]
fn what_is_too_much_stays_on_the_disk_and_the_past_goes_first() {
    let (catalog, worktree) = opened();
    let (known, stop) = (Known::within(6_000), Stop::default());
    let mut view = edit(&catalog, worktree, [(0, (vec![0], vec![], 0))]);
    for n in 0..40_usize {
        view = edit(&catalog, worktree, [(0, (vec![n % 5, n / 5 % 5], vec![n / 25], 0))]);
        let whole = known.read(&view, &catalog, &stop).expect("one file is not too much");
        assert!(whole.bytes() <= 6_000 && whole.missing(view.contents()).is_empty());
    }
    drop(view);
    let distinct = |at: usize| (at, (vec![at % 5, at / 5 % 5, 4], vec![at / 25 % 5], 0));
    let view = edit(&catalog, worktree, (0..60).map(distinct));
    assert!(known.read(&view, &catalog, &stop).is_none());
    assert!(!known.wants(&view, &catalog), "it would be read in vain");
    assert_eq!(
        answers(&view, &catalog, &known),
        answers(&view, &catalog, &Known::default())
    );
    known.forget();
    assert!(known.wants(&view, &catalog), "as after the repository rested");
}

#[test]
fn a_reading_that_is_stopped_or_fails_leaves_the_catalog_to_answer() {
    let (catalog, worktree) = opened();
    let (known, stop) = (Known::default(), Stop::default());
    let view = edit(&catalog, worktree, [(0, (vec![1], vec![2], 0))]);
    stop.request();
    assert!(known.read(&view, &catalog, &stop).is_none());
    assert!(known.wants(&view, &catalog));
    assert_eq!(
        answers(&view, &catalog, &known),
        answers(&view, &catalog, &Known::default())
    );
}
