//! Corpora: a text a line, with characters drawn where the line asks for them.
//!
//! `{kind:n}` is replaced by n characters drawn from a fixed sequence, so that a run is the same every time and no file holds
//! anything that looks like a secret.

/// Lines that are no comment, with their line breaks.
pub(crate) fn lines(corpus: &'static str) -> impl Iterator<Item = &'static str> {
    corpus
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("# "))
}

/// A line with everything drawn, and what was drawn.
pub(crate) fn drawn(template: &str, seed: u64) -> (String, Vec<String>) {
    let mut draw = Draw(seed.wrapping_add(template.bytes().fold(7, |sum, b| sum * 31 % 1_000_003 + u64::from(b))));
    let (mut text, mut pieces) = (String::new(), Vec::new());
    let template = template
        .replace("\\\\n", "\u{1}")
        .replace("\\n", "\n")
        .replace('\u{1}', "\\n");
    let mut rest = template.as_str();
    while let Some(open) = rest.find('{') {
        let close = rest[open..].find('}').map(|close| open + close);
        let piece = close.and_then(|close| draw.piece(&rest[open + 1..close]));
        text.push_str(&rest[..open]);
        if let (Some(piece), Some(close)) = (piece, close) {
            text.push_str(&piece);
            pieces.push(piece);
            rest = &rest[close + 1..];
        } else {
            text.push('{');
            rest = &rest[open + 1..];
        }
    }
    text.push_str(rest);
    (text, pieces)
}

const DIGITS: &str = "0123456789";
const SMALL: &str = "abcdefghijklmnopqrstuvwxyz";
const LARGE: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// SplitMix64.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 16) as usize
    }

    fn of(&mut self, alphabet: &str, n: usize) -> String {
        let alphabet: Vec<char> = alphabet.chars().collect();
        (0..n).map(|_| alphabet[self.next() % alphabet.len()]).collect()
    }

    fn piece(&mut self, asked: &str) -> Option<String> {
        let (kind, n) = asked.split_once(':').unwrap_or((asked, "0"));
        let n = n.parse().ok()?;
        Some(match kind {
            "b62" => self.of(&format!("{SMALL}{LARGE}{DIGITS}"), n),
            "b64" => self.of(&format!("{SMALL}{LARGE}{DIGITS}+/"), n),
            "b64u" => self.of(&format!("{SMALL}{LARGE}{DIGITS}-_"), n - 1) + &self.of(SMALL, 1),
            "b36" => self.of(&format!("{SMALL}{DIGITS}"), n),
            "b32" => self.of(&format!("{LARGE}234567"), n),
            "up" => self.of(&format!("{LARGE}{DIGITS}"), n),
            "letters" => self.of(&format!("{SMALL}{LARGE}"), n),
            "dig" => self.of("123456789", 1) + &self.of(DIGITS, n - 1),
            "hex" => self.of("0123456789abcdef", n),
            "HEX" => self.of("0123456789ABCDEF", n),
            "pw" => self.password(n),
            "login" => base64(&format!("deploy:{}", self.of(&format!("{SMALL}{LARGE}{DIGITS}"), n))),
            "ulid" => format!("01{}", self.of("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 24)),
            "uuid" => self.uuid(),
            "uuidq" => format!("\"{}\"", self.uuid()),
            _ => return None,
        })
    }

    fn uuid(&mut self) -> String {
        let parts = [8, 4, 4, 4, 12].map(|n| self.of("0123456789abcdef", n));
        parts.join("-")
    }

    /// Every other one as people make them up, syllables and a few marks; the rest as managers do.
    fn password(&mut self, n: usize) -> String {
        if self.next().is_multiple_of(2) {
            let syllables = (0..(n - 3).div_ceil(2)).map(|_| self.of("bdfgklmnprstvz", 1) + &self.of("aeiou", 1));
            let word: String = syllables.collect();
            let (first, rest) = word.split_at(1);
            return first.to_uppercase() + rest + &self.of("23456789", 2) + &self.of("!#@%", 1);
        }
        let body = self.of(&format!("{SMALL}{LARGE}{DIGITS}"), n - 4);
        body + &self.of("!@#%^*", 1) + &self.of(SMALL, 1) + &self.of(LARGE, 1) + &self.of("23456789", 1)
    }
}

/// Standard, padded.
pub(crate) fn base64(text: &str) -> String {
    let alphabet: Vec<char> = format!("{LARGE}{SMALL}{DIGITS}+/").chars().collect();
    let mut encoded = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - chunk.len()));
        for index in 0..4 {
            let is_there = index <= chunk.len();
            encoded.push(if is_there {
                alphabet[bits >> (18 - 6 * index) & 63]
            } else {
                '='
            });
        }
    }
    encoded
}
