//! What is cut where, and which words count how much.

use super::split::limits::MAX_PARTS;
use super::*;
use crate::memory::rank::fixture;
use proptest::prelude::*;
use std::time::{Duration, Instant};

fn check(content: &str) -> Vec<&str> {
    let parts = split(content);
    assert!(!parts.is_empty() && parts.len() <= MAX_PARTS, "{} parts", parts.len());
    assert_eq!(parts[0].start, 0);
    assert_eq!(parts[parts.len() - 1].end, content.len());
    for pair in parts.windows(2) {
        assert_eq!(pair[0].end, pair[1].start);
    }
    let parts: Vec<&str> = parts.into_iter().map(|part| &content[part]).collect();
    assert!(
        content.trim().is_empty() || parts.iter().all(|part| !part.trim().is_empty()),
        "{parts:?}"
    );
    parts
}

fn weight_of(list: &[SparseTerm], word: &str) -> f32 {
    let [asked] = query_terms(word)[..] else {
        panic!("{word} is one word")
    };
    let found = list.binary_search_by_key(&asked.term, |term| term.term);
    found.map_or(0.0, |index| list[index].weight)
}

#[test]
fn a_short_content_is_one_part() {
    for content in ["x", "", " \n ", "One sentence. And another one.\n\nA paragraph."] {
        assert_eq!(check(content), [content]);
    }
}

#[test]
fn a_conversation_is_cut_between_turns() {
    let turns: Vec<String> = (0..30)
        .map(|turn| {
            format!(
                "{}: what was said in turn {turn}, with {} words more.\n",
                ["Ann", "Bob"][turn % 2],
                "some ".repeat(20)
            )
        })
        .collect();
    let content = turns.concat();
    let parts = check(&content);
    assert!(parts.len() > 3);
    assert!(
        parts
            .iter()
            .all(|part| part.starts_with("Ann: ") || part.starts_with("Bob: "))
    );
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    let (longest, shortest) = (lengths.iter().max(), lengths.iter().min());
    assert!(
        longest
            .zip(shortest)
            .is_some_and(|(longest, shortest)| longest <= &(shortest * 2)),
        "{lengths:?}"
    );
}

#[test]
fn paragraphs_come_before_lines_and_sentences_before_words() {
    let paragraph = format!("{}\n{}\n\n", "word ".repeat(60).trim(), "word ".repeat(60).trim());
    let content = paragraph.repeat(4);
    assert!(check(&content).iter().all(|part| part.ends_with("\n\n")));
    let sentence = format!("{}end. ", "word ".repeat(24));
    let content = sentence.repeat(20);
    let parts = check(content.trim_end());
    assert!(parts.len() > 2);
    assert!(parts.iter().all(|part| part.trim_end().ends_with("end.")));
}

#[test]
fn text_without_boundaries_is_cut_all_the_same() {
    for content in [
        "a".repeat(32_768),
        "検".repeat(10_922),
        "{}".repeat(16_384),
        "9".repeat(32_768),
        "é".repeat(16_384),
    ] {
        assert!(check(&content).len() > 1);
    }
}

#[test]
fn the_longest_content_takes_bounded_time() {
    for line in ["word ", "\n", ". ", "\"", "a.b? ", "\u{301}", "x\n\n"] {
        let content = line.repeat(32_768 / line.len());
        let start = Instant::now();
        check(&content);
        terms(&content);
        assert!(start.elapsed() < Duration::from_secs(2), "{line:?}");
    }
}

#[test]
fn passages_are_the_parts_without_space_around_them() {
    let mut memory = fixture::memory(1, " A note.\n");
    memory.tags = vec!["storage".to_owned()];
    assert_eq!(passages(&memory), ["A note."]);
    let indexed = index(&memory, Some(vec![vec![1.0, 0.0]]));
    assert_eq!(indexed.parts.len(), 1);
    assert_eq!(indexed.parts[0].vector.as_deref(), Some(&[1.0, 0.0][..]));
    assert_eq!(index(&memory, None).parts[0].vector, None);
}

#[test]
fn words_are_stemmed_and_grammar_is_left_out() {
    let list = terms("The servers were serving requests, and the server didn't stop.");
    assert!(weight_of(&list, "server") > weight_of(&list, "request"));
    assert!(weight_of(&list, "requests") > 0.0);
    assert!(weight_of(&list, "the") <= 0.0);
    assert!(weight_of(&list, "client") <= 0.0);
}

#[test]
fn repetition_saturates_and_length_dilutes() {
    let once = weight_of(&terms("cache one two"), "cache");
    let often = weight_of(&terms(&"cache ".repeat(50)), "cache");
    let diluted = weight_of(
        &terms(&format!("cache {}", "other words here now ".repeat(200))),
        "cache",
    );
    assert!(once < often && often < 2.2, "{once} {often}");
    assert!(diluted < once / 2.0, "{diluted} {once}");
}

#[test]
fn tags_count_as_words_of_the_whole_and_of_no_part() {
    let mut memory = fixture::memory(1, "Locked errors go away.");
    memory.tags = vec!["sqlite".to_owned(), "db/wal-mode".to_owned()];
    let indexed = index(&memory, None);
    assert!(weight_of(&indexed.whole, "sqlite") > 0.0);
    assert!(weight_of(&indexed.whole, "wal") > 0.0);
    assert!(weight_of(&indexed.parts[0].terms, "sqlite") <= 0.0);
}

#[test]
fn identifiers_are_asked_for_whole_and_in_parts() {
    let list = terms("Set MCP_INIT_TIMEOUT to 5.");
    let asked = query_terms("what is MCP_INIT_TIMEOUT");
    assert_eq!(asked.len(), 4);
    assert!(
        asked
            .iter()
            .all(|term| list.binary_search_by_key(&term.term, |known| known.term).is_ok())
    );
    assert_eq!(asked.iter().filter(|term| term.weight >= 1.0).count(), 1);
}

#[test]
fn a_question_of_grammar_alone_is_still_a_question() {
    assert!(!query_terms("who are you").is_empty());
    assert!(query_terms(" ?! ").is_empty());
}

proptest! {
    #[test]
    fn any_text_is_covered_by_its_parts(text in "(?s).{0,300}", times in 1_usize..40) {
        check(&text.repeat(times));
    }

    #[test]
    fn prose_is_covered_by_its_parts(words in prop::collection::vec("[a-zA-Z.,?!\n]{1,12}[ \n]", 0..900)) {
        check(&words.concat());
    }

    #[test]
    fn terms_are_sorted_distinct_and_bounded(text in "(?s).{0,300}") {
        for list in [terms(&text), query_terms(&text)] {
            prop_assert!(list.windows(2).all(|pair| pair[0].term < pair[1].term));
            prop_assert!(list.iter().all(|term| term.weight > 0.0 && term.weight <= 2.2));
        }
    }
}
