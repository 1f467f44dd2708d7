//! Much at once, and always the same.

use crate::support::{PATIENCE, Watched};
use codemem_core::ports::Hint;
use codemem_testkit::wait_until;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

#[test]
fn files_that_come_by_the_thousand_are_all_hinted_at() {
    const FILES: usize = 20_000;
    let mut watched = Watched::new();
    watched.watch();
    for n in 0..FILES {
        if n % 100 == 0 {
            fs::create_dir_all(watched.path(&format!("d/{}", n / 100))).expect("create");
        }
        fs::write(watched.path(&format!("d/{}/{n}.rs", n / 100)), "x").expect("write");
    }
    watched.settle();
    wait_until("all directories", PATIENCE, || {
        watched.n_directories() == Some(2 + FILES as u64 / 100)
    });
    // Either anything was said to have changed after the last file, or each was named.
    let hints = watched.hints();
    let named: Vec<&PathBuf> = hints
        .iter()
        .flat_map(|hint| match hint {
            Hint::Paths(paths) => paths.as_slice(),
            Hint::Head | Hint::Index | Hint::Anything => &[],
        })
        .collect();
    let longest = hints.iter().map(|hint| match hint {
        Hint::Paths(paths) => paths.len(),
        Hint::Head | Hint::Index | Hint::Anything => 0,
    });
    assert!(longest.max().is_some_and(|longest| longest <= 2_000));
    let is_named = |path: &Path| named.iter().any(|hinted| path.starts_with(hinted));
    let all_named = (0..FILES)
        .step_by(97)
        .all(|n| is_named(Path::new(&format!("d/{}/{n}.rs", n / 100))));
    assert!(all_named || watched.count(&Hint::Anything) > 0);
    // What came in the burst is watched like the rest.
    watched.forget();
    watched.write("d/199/19999.rs", "y");
    watched.wait("d/199/19999.rs");
}

#[test]
fn a_file_written_all_the_time_is_hinted_at_now_and_then() {
    let mut watched = Watched::new();
    watched.write("other.rs", "x");
    watched.watch();
    let mut file = File::create(watched.path("app.txt")).expect("create");
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(1_200) {
        file.write_all(b"line\n").expect("write");
    }
    let n_hints = watched.hints().len();
    assert!(watched.is_hinted("app.txt"), "it is not starved");
    assert!(n_hints <= 16, "{n_hints} hints in {:?}", began.elapsed());
    watched.write("other.rs", "y");
    watched.wait("other.rs");
    // What was written last is hinted at, too.
    watched.forget();
    file.write_all(b"the end\n").expect("write");
    watched.wait("app.txt");
}
