//! Languages to which the user added something.

use super::{VERSION, extraction, file, mark_all, open, put};
use codemem_core::ids::ContentId;
use codemem_core::ports::{Catalog, ChangedLanguage, Garbage};
use std::path::Path;

fn changed(name: &str, number: u32) -> ChangedLanguage {
    ChangedLanguage {
        name: name.to_owned(),
        number,
    }
}

#[test]
fn only_contents_of_a_language_that_changed_are_rewound_and_only_once() {
    let directory = tempfile::tempdir().expect("dir");
    let catalog = open(directory.path());
    let tree = catalog.worktree(Path::new("/one")).expect("added");
    let ini = |text| {
        let (mut units, texts) = extraction(&[text], vec![]);
        units.language = "ini".to_owned();
        Some((units, texts))
    };
    let files = || vec![file(1, 7, Some(extraction(&[1], vec![]))), file(2, 8, ini(2))];
    let record = |catalog: &dyn Catalog| {
        let recorded = catalog.record(tree, &put(files()), VERSION).expect("recorded");
        mark_all(catalog, &recorded);
        recorded.iter().map(|file| file.content).collect::<Vec<ContentId>>()
    };
    let contents = record(&catalog);
    assert_eq!(catalog.noted_languages().expect("read"), []);
    catalog.note_languages(&[]).expect("noted");
    assert_eq!(catalog.rewind(VERSION).expect("rewound"), Garbage::default());

    // Added, changed, taken away, and another beside it: each time the files of that language alone.
    for now in [
        vec![changed("ini", 5)],
        vec![changed("ini", u32::MAX)],
        vec![],
        vec![changed("ada", 1), changed("ini", 1)],
    ] {
        catalog.note_languages(&now).expect("noted");
        assert_eq!(
            catalog.rewind(VERSION).expect("rewound").contents,
            [contents[1]],
            "{now:?}"
        );
        assert_eq!(catalog.manifest(tree).expect("listed").len(), 1);
        assert_eq!(record(&catalog), contents, "read again under the same number");
        catalog.note_languages(&now).expect("noted");
        assert_eq!(catalog.rewind(VERSION).expect("rewound"), Garbage::default(), "{now:?}");
        assert_eq!(catalog.noted_languages().expect("read"), now);
    }
    catalog.note_languages(&[changed("ini", 1)]).expect("noted");
    assert_eq!(
        catalog.rewind(VERSION).expect("rewound"),
        Garbage::default(),
        "no file was ada"
    );
}
