//! How many tokens a text costs whoever reads it, estimated.
//!
//! Every model counts with a vocabulary of its own; budgets need a number that is cheap, the same everywhere, and rather too
//! large than too small. Vocabularies cut text at the borders that are counted here: parts of words, numbers, punctuation,
//! line ends. For 340 pieces of search results over source code in 20 languages, one public vocabulary (o200k) makes 0.88
//! tokens for each that is counted here, and 0.79 to 0.99 of the middle nine tenths of them.

/// Counts in parts of a token, so that sums are exact.
const TOKEN: usize = 20;

/// Longest part of a word that is mostly one token, in bytes.
const WORD: usize = 6;

/// Bytes of punctuation that are mostly one token.
const MARKS: usize = 3;

/// Most bytes of a token: a long run of one kind costs something.
const MOST_BYTES: usize = 40;

/// What a byte is part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Lower,
    Upper,
    Digit,
    Space,
    Joint,
    Mark,
    Other,
}

/// Tokens of a text, as a model would count them; never fewer than one for `MOST_BYTES`.
pub fn estimate(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut parts = 0;
    let mut at = 0;
    while at < bytes.len() {
        let (end, cost) = next(bytes, at);
        parts += cost.max((end - at) * TOKEN / MOST_BYTES);
        at = end;
    }
    parts.div_ceil(TOKEN)
}

/// The end of the run that begins at `at`, and what it costs.
fn next(bytes: &[u8], at: usize) -> (usize, usize) {
    let run = |class: Class, from: usize| {
        let of_class = bytes[from..].iter().take_while(|&&byte| classify(byte) == class);
        from + of_class.count()
    };
    match classify(bytes[at]) {
        Class::Lower => {
            let end = run(Class::Lower, at);
            (end, word(end - at))
        }
        Class::Upper => {
            let mut end = run(Class::Upper, at);
            let has_lower = bytes.get(end).is_some_and(|&byte| classify(byte) == Class::Lower);
            if has_lower && end - at == 1 {
                // `Word`.
                end = run(Class::Lower, end);
            } else if has_lower {
                // Of `HTTPServer`, the `S` begins the next part.
                end -= 1;
            }
            (end, word(end - at))
        }
        Class::Digit => {
            let end = run(Class::Digit, at);
            (end, (end - at).div_ceil(3) * TOKEN)
        }
        Class::Space => {
            let end = run(Class::Space, at);
            // A single space belongs to the word behind it.
            let is_free = end - at == 1 && bytes[at] != b'\n';
            (end, if is_free { 0 } else { TOKEN })
        }
        Class::Joint => (at + 1, TOKEN / 2),
        Class::Mark => {
            let end = run(Class::Mark, at);
            (end, (TOKEN * (end - at) / MARKS).max(TOKEN))
        }
        // A character of another script.
        Class::Other => {
            let rest = bytes[at + 1..].iter().take_while(|&&byte| byte & 0xc0 == 0x80);
            (at + 1 + rest.count(), TOKEN)
        }
    }
}

fn word(n_bytes: usize) -> usize {
    if n_bytes <= WORD {
        TOKEN
    } else {
        n_bytes.div_ceil(WORD) * (TOKEN - 1)
    }
}

fn classify(byte: u8) -> Class {
    match byte {
        b'a'..=b'z' => Class::Lower,
        b'A'..=b'Z' => Class::Upper,
        b'0'..=b'9' => Class::Digit,
        b' ' | b'\t' | b'\n' | b'\r' => Class::Space,
        b'_' => Class::Joint,
        0x80.. => Class::Other,
        _ => Class::Mark,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_vocabularies_agree_about() {
        // With o200k: 1, 2, 2, 3, 18, 7, 3 and 0.
        for (text, expected) in [
            ("word", 1),
            ("two words", 2),
            ("HTTPServer", 2),
            ("fn open()", 3),
            ("src/net/retry.rs:10-42@3f2a method Retry::count", 20),
            ("    return self.items[0]\n", 9),
            ("максимум", 8),
            ("", 0),
        ] {
            assert_eq!(estimate(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_text_costs_about_what_its_parts_cost(one in ".{0,60}", other in ".{0,60}") {
            let (apart, joined) = (estimate(&one) + estimate(&other), estimate(&format!("{one}{other}")));
            // Runs may grow together, and what is rounded up is rounded once.
            prop_assert!(joined <= apart + 2, "{joined} {apart}");
            prop_assert!((joined + 2) * MOST_BYTES >= one.len() + other.len());
        }
    }
}
