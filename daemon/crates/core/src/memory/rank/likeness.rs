//! Whether two contents say nearly the same, or the opposite. By their words: cheap, and wrong now and then.

use crate::memory::parts::is_stop_word;

/// Share of all words that two contents have in common when they say nearly the same.
const SAME: f32 = 0.9;

/// Share of the telling words that are in common when both are about the same subject.
const SAME_SUBJECT: f32 = 0.6;

/// Share of all words, at the beginning and the end, that are alike when only a value differs.
const SAME_FRAME: f32 = 0.6;

/// Most words of a value.
const MAX_VALUE: usize = 3;

/// Longest content that is compared for contradictions, in bytes: a longer one says many things.
const MAX_STATEMENT: usize = 1_000;

#[rustfmt::skip]
const NEGATIONS: &[&str] = &[
    "avoid", "cannot", "dont", "forbidden", "neither", "never", "no", "nor", "not", "stop", "without", "wont",
];

#[rustfmt::skip]
const OPPOSITES: &[(&str, &str)] = &[
    ("allowed", "forbidden"), ("always", "never"), ("before", "after"), ("disable", "enable"),
    ("disabled", "enabled"), ("false", "true"), ("off", "on"), ("optional", "required"), ("with", "without"),
];

/// Words after which another word names another subject rather than another value.
const OF_SUBJECT: &[&str] = &["by", "for", "from", "in", "of", "on", "with"];

/// Whether two contents say nearly the same. Numbers and negations have to be the same.
pub fn nearly_same(left: &str, right: &str) -> bool {
    Statement::of(left).nearly_same(&Statement::of(right))
}

/// Whether two contents seem to say the opposite of each other: the same subject, one of them negated, or another value.
pub fn contradicts(left: &str, right: &str) -> bool {
    Statement::of(left).contradicts(&Statement::of(right))
}

/// A content, read for comparing.
#[derive(Debug)]
pub(super) struct Statement {
    /// In order; empty when the content is too long for a statement.
    words: Vec<String>,
    /// Hashes of the words, once each, sorted.
    distinct: Vec<u64>,
    /// Of the words with a digit.
    numbers: Vec<u64>,
    /// Telling words of a short content once each, sorted, without negations.
    telling: Vec<String>,
    is_negated: bool,
}

impl Statement {
    pub(super) fn of(content: &str) -> Self {
        let is_short = content.len() <= MAX_STATEMENT;
        let (mut words, mut distinct, mut numbers, mut n_negations) = (Vec::new(), Vec::new(), Vec::new(), 0);
        let mut word = String::new();
        for raw in content.split_whitespace() {
            word.clear();
            let bare = raw.trim_matches(|c: char| !c.is_alphanumeric());
            word.extend(bare.chars().flat_map(char::to_lowercase));
            if word.is_empty() {
                continue;
            }
            distinct.push(hash(&word));
            if word.bytes().any(|byte| byte.is_ascii_digit()) {
                numbers.push(hash(&word));
            }
            n_negations += usize::from(is_negation(&word));
            if is_short {
                words.push(word.clone());
            }
        }
        let mut telling: Vec<String> = words
            .iter()
            .filter(|word| !is_stop_word(word) && !is_negation(word))
            .cloned()
            .collect();
        telling.sort_unstable();
        telling.dedup();
        for hashes in [&mut distinct, &mut numbers] {
            hashes.sort_unstable();
            hashes.dedup();
        }
        Self {
            words,
            distinct,
            numbers,
            telling,
            is_negated: n_negations % 2 == 1,
        }
    }

    pub(super) fn nearly_same(&self, other: &Self) -> bool {
        self.is_negated == other.is_negated
            && overlap(&self.distinct, &other.distinct) >= SAME
            && self.numbers == other.numbers
            && !self.is_opposite(other)
    }

    pub(super) fn contradicts(&self, other: &Self) -> bool {
        if self.words.is_empty() || other.words.is_empty() || self.words == other.words {
            return false;
        }
        let is_turned = self.is_negated != other.is_negated || self.is_opposite(other);
        (is_turned
            && common(&self.telling, &other.telling) >= 2
            && overlap(&self.telling, &other.telling) >= SAME_SUBJECT)
            || self.has_other_value(other)
    }

    fn is_opposite(&self, other: &Self) -> bool {
        let has = |statement: &Self, word: &str| statement.distinct.binary_search(&hash(word)).is_ok();
        let turned = |left: &Self, right: &Self, (one, two): (&str, &str)| {
            has(left, one) && !has(left, two) && has(right, two) && !has(right, one)
        };
        OPPOSITES
            .iter()
            .any(|pair| turned(self, other, *pair) || turned(other, self, *pair))
    }

    /// Whether both are the same sentence but for a few words that stand where a value stands.
    fn has_other_value(&self, other: &Self) -> bool {
        let (left, right) = (&self.words, &other.words);
        let begins = left.iter().zip(right).take_while(|(left, right)| left == right).count();
        let most = left.len().min(right.len()) - begins;
        let ends = left
            .iter()
            .rev()
            .zip(right.iter().rev())
            .take(most)
            .take_while(|(left, right)| left == right)
            .count();
        let (value, other_value) = (&left[begins..left.len() - ends], &right[begins..right.len() - ends]);
        let alike = (begins + ends) as f32 / left.len().max(right.len()).max(1) as f32;
        if begins + ends < 3
            || alike < SAME_FRAME
            || [value, other_value]
                .iter()
                .any(|value| value.is_empty() || value.len() > MAX_VALUE)
        {
            return false;
        }
        let are_numbers = [value, other_value]
            .iter()
            .all(|value| value.iter().any(|word| word.contains(|c: char| c.is_ascii_digit())));
        let before = left[..begins]
            .iter()
            .rev()
            .find(|word| !matches!(word.as_str(), "a" | "an" | "the"));
        let names_subject = before.is_none_or(|word| OF_SUBJECT.contains(&word.as_str()));
        // What stands behind the first word is part of the subject: `writer 5`, `port 80`.
        begins > 1 && (are_numbers || !names_subject)
    }
}

/// FNV-1a.
fn hash(word: &str) -> u64 {
    word.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn is_negation(word: &str) -> bool {
    NEGATIONS.contains(&word) || word.ends_with("n't") || word.ends_with("n’t")
}

/// How many words two sorted lists have in common.
fn common<T: Ord>(left: &[T], right: &[T]) -> usize {
    left.iter().filter(|word| right.binary_search(word).is_ok()).count()
}

/// Share of all words that are in both; 1 for two empty lists.
fn overlap<T: Ord>(left: &[T], right: &[T]) -> f32 {
    let n_common = common(left, right);
    let n_all = left.len() + right.len() - n_common;
    if n_all == 0 {
        1.0
    } else {
        n_common as f32 / n_all as f32
    }
}
