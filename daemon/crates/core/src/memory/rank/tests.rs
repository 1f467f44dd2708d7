//! Questions about a small project, and what each rule of an answer does.

use super::fixture::{DAY, NOW, candidates, memory};
use super::*;
use crate::memory::MemoryKind;
use proptest::prelude::*;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// A project's memories; the cosines of a question come with the question.
const NOTES: [&str; 8] = [
    "We keep sessions in Redis and not in Postgres, for they expire by themselves and nobody misses them.",
    "Requests were dropped under load because the pool held 10 connections. POOL_SIZE is 40 since then.",
    "Dates are shown in the reader's time zone and stored in UTC, without exception.",
    "The invoice export writes CSV with semicolons: accountants open it in a German Excel.",
    "Login by single sign-on goes through the gateway; the application never sees a password.",
    "Feature flags live in flags.toml and are read once at start.",
    "The nightly job that removes stale uploads runs at 03:00 and takes about ten minutes.",
    "Public identifiers are ULIDs, for they sort by time and fit into a URL.",
];

fn asked(query: &str) -> Asked<'_> {
    Asked {
        query,
        now: NOW,
        limit: 10,
        token_budget: 0,
        use_floor: true,
    }
}

fn ask_notes(query: &str, cosines: Option<[f32; 8]>) -> Answer {
    let memories = NOTES
        .iter()
        .enumerate()
        .map(|(index, note)| (memory(index as u64, note), cosines.map(|cosines| cosines[index])));
    answer(candidates(query, memories.collect()), &asked(query))
}

fn ask(query: &str, memories: Vec<(Memory, Option<f32>)>) -> Answer {
    answer(candidates(query, memories), &asked(query))
}

fn ids(answer: &Answer) -> Vec<u64> {
    let number = |hit: &Ranked| u64::from_str_radix(hit.memory.id.as_str(), 16).expect("ids are hexadecimal");
    answer.hits.iter().map(number).collect()
}

#[test]
fn questions_of_a_project_are_answered_by_what_answers_them() {
    // Question, cosines as the model gives them, the memory that answers.
    let cases = [
        (
            "Why don't we store sessions in the main database?",
            [0.46, 0.18, 0.21, 0.05, 0.2, 0.02, 0.1, 0.08],
            0,
        ),
        (
            "why did the service lose requests last spring",
            [0.14, 0.41, 0.05, 0.06, 0.15, 0.1, 0.16, 0.09],
            1,
        ),
        ("POOL_SIZE", [0.1, 0.31, 0.02, 0.04, 0.05, 0.12, 0.06, 0.08], 1),
        (
            "What kind of ids do we put in links?",
            [0.12, 0.1, 0.15, 0.04, 0.16, 0.07, 0.05, 0.44],
            7,
        ),
        (
            "when are old files cleaned up",
            [0.15, 0.08, 0.2, 0.07, 0.03, 0.13, 0.45, 0.1],
            6,
        ),
    ];
    let mut table = String::new();
    for (query, cosines, expected) in cases {
        let found = ask_notes(query, Some(cosines));
        assert_eq!(ids(&found).first(), Some(&expected), "{query}");
        let best = &found.hits[0];
        let features = best
            .features
            .iter()
            .map(|(name, value, share)| format!("{name} {value:.2} ({share:.2})"));
        let features: Vec<String> = features.collect();
        writeln!(
            table,
            "{query}\n  {:.2} {}\n  {}",
            best.score,
            best.reason,
            features.join(", ")
        )
        .expect("a string takes text");
    }
    insta::assert_snapshot!(table);
}

#[test]
fn nothing_is_shown_rather_than_noise() {
    let far = [0.18, 0.12, 0.2, 0.1, 0.25, 0.15, 0.22, 0.1];
    for query in [
        "How is the mobile app implemented?",
        "Which Kubernetes cluster runs the video pipeline?",
    ] {
        assert_eq!(ask_notes(query, Some(far)).hits, [], "{query}");
        assert_eq!(ask_notes(query, None).hits, [], "{query}");
        let query = Asked {
            use_floor: false,
            ..asked(query)
        };
        let memories = NOTES
            .iter()
            .enumerate()
            .map(|(index, note)| (memory(index as u64, note), Some(far[index])));
        assert!(
            !answer(candidates(query.query, memories.collect()), &query)
                .hits
                .is_empty()
        );
    }
}

#[test]
fn words_alone_answer_when_they_cover_the_question() {
    assert_eq!(ids(&ask_notes("feature flags toml", None)).first(), Some(&5));
    assert_eq!(ids(&ask_notes("where do feature flags live", None)).first(), Some(&5));
}

#[test]
fn an_answer_to_the_word_is_more_certain_than_a_near_one() {
    let sure = ask_notes(
        "Where are sessions kept in Redis?",
        Some([0.7, 0.1, 0.1, 0.1, 0.2, 0.1, 0.1, 0.1]),
    );
    let unsure = ask_notes(
        "Where is the session state?",
        Some([0.4, 0.1, 0.1, 0.1, 0.2, 0.1, 0.1, 0.1]),
    );
    assert!(sure.hits[0].score > unsure.hits[0].score + 0.2);
}

#[test]
fn names_decide_against_vectors_and_sentences_do_not() {
    let memories = |query: &str| {
        let near = (
            memory(1, "Idle workers are stopped after some minutes without work."),
            Some(0.5),
        );
        let named = (memory(2, "WORKER_IDLE_MAX has a unit test."), Some(0.25));
        ids(&ask(query, vec![near, named]))[0]
    };
    assert_eq!(memories("WORKER_IDLE_MAX"), 2);
    assert_eq!(
        memories("what happens to workers that have nothing to do for a long time"),
        1
    );
}

#[test]
fn near_duplicates_are_folded_into_the_better_one() {
    let one = memory(1, "Run the tests with `make check` before every commit.");
    let two = memory(2, "run the tests with make check before every commit");
    let other = memory(3, "Commit messages are written in the imperative.");
    let found = ask(
        "what to run before a commit",
        vec![(one, Some(0.6)), (two, Some(0.59)), (other, Some(0.4))],
    );
    assert_eq!(ids(&found), [1, 3]);
    assert_eq!(found.hits[0].folded, [MemoryId::new(2)]);
}

#[test]
fn what_contradicts_comes_together_and_the_newer_first() {
    let mut old = memory(1, "The default branch is develop.");
    old.created_at = NOW - 400 * DAY;
    let new = memory(2, "The default branch is main.");
    let other = memory(3, "Branches are deleted after a merge by default.");
    let found = ask(
        "what is the default branch develop",
        vec![(old, Some(0.7)), (other, Some(0.5)), (new, Some(0.6))],
    );
    assert_eq!(ids(&found), [2, 1, 3]);
    assert_eq!(found.hits[0].contradicts, [MemoryId::new(1)]);
    assert_eq!(found.hits[1].contradicts, [MemoryId::new(2)]);
    assert_eq!(found.hits[2].contradicts, []);
}

#[test]
fn a_contradiction_is_not_cut_off_by_the_limit() {
    let memories = vec![
        (memory(1, "Indent with tabs in this project."), Some(0.7)),
        (memory(2, "Files end with a line break, indent or not."), Some(0.5)),
        (memory(3, "Never indent with tabs in this project."), Some(0.4)),
    ];
    let query = "how to indent";
    let found = answer(
        candidates(query, memories),
        &Asked {
            limit: 2,
            ..asked(query)
        },
    );
    let mut both = ids(&found);
    both.sort_unstable();
    assert_eq!(both, [1, 3]);
}

#[test]
fn age_counts_only_when_the_question_asks_for_it() {
    let hits = |query: &str| {
        let mut old = memory(1, "The staging host was moved to fra1 with the database.");
        old.created_at = NOW - 700 * DAY;
        let mut new = memory(2, "A staging host in ams3 was added beside others.");
        new.created_at = NOW - DAY;
        ids(&ask(query, vec![(old, Some(0.6)), (new, Some(0.52))]))[0]
    };
    assert_eq!(hits("where was the staging host moved"), 1);
    assert_eq!(hits("what is the latest staging host"), 2);
}

#[test]
fn the_kind_asked_for_confirmations_and_orders_tip_the_scales() {
    let content = [
        "Caching was done in Redis by spring.",
        "Caching was moved to Redis in spring.",
    ];
    let first = |change: fn(&mut Memory), query: &str| {
        let mut changed = memory(2, content[1]);
        change(&mut changed);
        ids(&ask(
            query,
            vec![(memory(1, content[0]), Some(0.5)), (changed, Some(0.5))],
        ))[0]
    };
    assert_eq!(
        first(
            |memory| memory.kind = MemoryKind::Decision,
            "why did we choose Redis as a cache"
        ),
        2
    );
    assert_eq!(first(|memory| memory.confirmations = 3, "Redis cache"), 2);
    assert_eq!(
        first(|memory| memory.flags = vec!["override".to_owned()], "Redis cache"),
        1
    );
}

#[test]
fn a_budget_shows_what_fits_and_names_the_rest() {
    let long = format!("Deploys go through the pipeline.\n{}", "Deploy notes. ".repeat(200));
    let memories = vec![
        (memory(1, &long), Some(0.7)),
        (memory(2, "Deploys need two approvals."), Some(0.6)),
    ];
    let query = "how do deploys work";
    let found = answer(
        candidates(query, memories),
        &Asked {
            token_budget: 100,
            ..asked(query)
        },
    );
    assert_eq!(ids(&found), [2]);
    assert_eq!(found.more.len(), 1);
    assert_eq!(found.more[0].1, "Deploys go through the pipeline.");
}

#[test]
fn nearly_the_same_is_told_from_another_value() {
    let cases = [
        ("Use 4 spaces.", "use 4 spaces", true),
        ("Use 4 spaces.", "Use 2 spaces.", false),
        ("Always squash commits.", "Never squash commits.", false),
        ("Do not squash commits.", "Do squash commits.", false),
        ("", "", true),
        ("a b c d e f g h i j k l", "a b c d e f g h i j k l m", true),
    ];
    for (left, right, expected) in cases {
        assert_eq!(nearly_same(left, right), expected, "{left} | {right}");
        assert_eq!(nearly_same(right, left), expected, "{right} | {left}");
    }
}

#[test]
fn contradictions_are_the_same_subject_with_another_value() {
    let cases = [
        ("We use tabs for indentation.", "We use spaces for indentation.", true),
        ("The timeout is 30 seconds.", "The timeout is 15 seconds.", true),
        (
            "Squash commits before merging.",
            "Don't squash commits before merging.",
            true,
        ),
        (
            "Caching is enabled in production.",
            "Caching is disabled in production.",
            true,
        ),
        ("Always sign release tags.", "Never sign release tags.", true),
        ("Use Rust for the daemon.", "Use Rust for the client.", false),
        ("We use tabs for indentation.", "We use tabs for indentation.", false),
        (
            "The API returns JSON.",
            "Migrations run at start and never in a request.",
            false,
        ),
        ("Tests run on Linux.", "Deploys run on Fridays.", false),
        ("Note number 1 of the retro.", "Note number 2 of the retro.", true),
        ("Writer 5 says one.", "Writer 7 says one.", false),
        ("Port 8080 serves the API.", "Port 9090 serves the API.", false),
    ];
    for (left, right, expected) in cases {
        assert_eq!(contradicts(left, right), expected, "{left} | {right}");
        assert_eq!(contradicts(right, left), expected, "{right} | {left}");
    }
}

#[test]
fn the_largest_answer_takes_bounded_time() {
    let content = "MEMORY word: what was said, and then some more of it.\n".repeat(600);
    let query = format!("what was said {}", "wordy ".repeat(10_000));
    let memories = (0..100)
        .map(|number| (memory(number, &content[number as usize..]), Some(0.5)))
        .collect();
    let candidates = candidates(&query, memories);
    let start = Instant::now();
    answer(candidates, &asked(&query));
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

proptest! {
    #[test]
    fn any_candidates_give_a_sorted_answer_of_distinct_memories(
        query in "(?s).{0,80}",
        contents in prop::collection::vec(("[a-f ]{1,30}|(?s).{1,60}", prop::option::of(-1.0_f32..1.0)), 0..12),
        limit in 1_usize..6,
        token_budget in 0_usize..40,
        use_floor: bool,
    ) {
        let memories: Vec<_> = contents.iter().enumerate().map(|(index, (content, cosine))| (memory(index as u64, content), *cosine)).collect();
        let n_memories = memories.len();
        let found = answer(candidates(&query, memories), &Asked { query: &query, now: NOW, limit, token_budget, use_floor });
        prop_assert!(found.hits.iter().all(|hit| (0.0..=1.0).contains(&hit.score) && !hit.reason.is_empty()));
        prop_assert!(found.hits.windows(2).all(|pair| pair[0].score >= pair[1].score));
        let mut seen: Vec<&MemoryId> = found.hits.iter().map(|hit| &hit.memory.id).chain(found.more.iter().map(|more| &more.0)).collect();
        prop_assert!(seen.len() <= limit);
        seen.extend(found.hits.iter().flat_map(|hit| &hit.folded));
        let n_seen = seen.len();
        seen.sort_unstable();
        seen.dedup();
        prop_assert_eq!(seen.len(), n_seen);
        prop_assert!(n_seen <= n_memories);
        if token_budget > 0 {
            let tokens: usize = found.hits.iter().map(|hit| hit.memory.content.len().div_ceil(4)).sum();
            prop_assert!(tokens <= token_budget);
        }
    }

    #[test]
    fn likeness_is_symmetric(left in "(?s).{0,60}|[a-c ]{0,20}", right in "(?s).{0,60}|[a-c ]{0,20}") {
        prop_assert_eq!(nearly_same(&left, &right), nearly_same(&right, &left));
        prop_assert_eq!(contradicts(&left, &right), contradicts(&right, &left));
        prop_assert!(!contradicts(&left, &left));
        prop_assert!(nearly_same(&left, &left));
    }
}
