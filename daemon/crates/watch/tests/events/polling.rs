//! Roots of which the system does not tell.

use crate::support::{PATIENCE, Watched, options};
use codemem_core::ports::{Hint, Watching};
use codemem_testkit::wait_until;
use codemem_watch::WatchOptions;
use std::fs;
use std::time::Duration;

fn limited(most: u64) -> WatchOptions {
    WatchOptions {
        most_directories: Some(most),
        poll: Duration::from_millis(20),
        retry: Duration::from_millis(300),
        ..options()
    }
}

fn polled(watched: &Watched) -> Option<String> {
    match watched.watching() {
        Watching::Polling { reason, .. } => Some(reason),
        Watching::Off | Watching::Events { .. } => None,
    }
}

#[test]
fn a_root_with_more_directories_than_may_be_watched_is_polled() {
    let mut watched = Watched::new();
    for n in 0..100 {
        watched.write(&format!("{n}/a.rs"), "x");
    }
    watched.watch_with(limited(64));
    let reason = polled(&watched).expect("polled");
    assert!(reason.contains("64"), "{reason}");
    watched.wait_for(&Hint::Anything);
    for n in 0..3 {
        watched.forget();
        watched.write("99/a.rs", &"y".repeat(n + 2));
        watched.wait_for(&Hint::Anything);
    }
    // Fewer directories, and the system tells again.
    for n in 50..100 {
        fs::remove_dir_all(watched.path(&n.to_string())).expect("remove");
    }
    wait_until("events", PATIENCE, || watched.n_directories() == Some(51));
    watched.write("1/a.rs", "y");
    watched.wait("1/a.rs");
}

#[test]
fn a_root_that_outgrows_the_limit_is_polled_from_then_on() {
    let mut watched = Watched::new();
    watched.watch_with(limited(64));
    assert_eq!(watched.n_directories(), Some(1));
    for n in 0..100 {
        watched.write(&format!("{n}/a.rs"), "x");
    }
    wait_until("polling", PATIENCE, || polled(&watched).is_some());
    watched.wait_for(&Hint::Anything);
    watched.forget();
    watched.write("7/a.rs", "longer than before");
    watched.wait_for(&Hint::Anything);
}

#[test]
fn a_root_that_is_polled_and_goes_is_waited_for() {
    let mut watched = Watched::new();
    watched.write("sub/a.rs", "x");
    watched.watch_with(limited(1));
    assert!(polled(&watched).is_some());
    fs::remove_dir_all(watched.root()).expect("remove");
    wait_until("that it is known", PATIENCE, || {
        polled(&watched).is_some_and(|reason| reason.contains("gone"))
    });
    watched.forget();
    watched.write("a.rs", "x");
    watched.wait_for(&Hint::Anything);
    wait_until("events", PATIENCE, || watched.n_directories() == Some(1));
}
