//! Where a content is cut: windows that one embedding sees whole, cut at the best place there is.

use std::ops::Range;

/// Word pieces of a part, as [`pieces`] counts them. A model sees 256; estimates are kept below that.
const WINDOW: usize = 200;

/// Most parts of one content: the index numbers them with a byte, and every part costs an embedding.
const MAX_PARTS: usize = 128;

/// Share of a window after which the end of a paragraph closes it.
const FULL_ENOUGH: f32 = 0.6;

/// Where the parts of a content begin and end: at least one, in order, without gaps, none of whitespace alone
/// unless the content is.
///
/// A content that fits into one window is one part. A longer one is cut at paragraphs, else between lines (the
/// turns of a conversation), else between sentences, else between words; windows come out about equally long.
pub fn split(content: &str) -> Vec<Range<usize>> {
    let total = pieces(content);
    if total <= WINDOW {
        return std::iter::once(0..content.len()).collect();
    }
    // Windows close a little early, at a boundary: plan for one more than would just do.
    let n_windows = total.div_ceil(WINDOW).min(MAX_PARTS / 2);
    let target = total.div_ceil(n_windows);
    let (mut parts, mut start, mut filled) = (Vec::new(), 0, 0);
    let mut close = |start: &mut usize, end: usize| {
        if !content[*start..end].trim().is_empty() {
            parts.push(*start..end);
            *start = end;
        }
    };
    for atom in atoms(content, target) {
        if filled > 0 && filled + atom.pieces > target {
            close(&mut start, atom.range.start);
            filled = 0;
        }
        filled += atom.pieces;
        if atom.ends_paragraph && filled as f32 >= target as f32 * FULL_ENOUGH {
            close(&mut start, atom.range.end);
            filled = 0;
        }
    }
    close(&mut start, content.len());
    match parts.last_mut() {
        Some(last) => last.end = content.len(),
        None => parts.push(0..content.len()),
    }
    parts
}

/// A stretch of text that is not cut.
struct Atom {
    range: Range<usize>,
    pieces: usize,
    ends_paragraph: bool,
}

/// Lines, or what they consist of where one is longer than `most` pieces. Without gaps.
fn atoms(content: &str, most: usize) -> Vec<Atom> {
    let mut atoms: Vec<Atom> = Vec::new();
    let mut start = 0;
    for line in content.split_inclusive('\n') {
        let range = start..start + line.len();
        start = range.end;
        if line.trim().is_empty()
            && let Some(last) = atoms.last_mut()
        {
            last.ends_paragraph = true;
            last.range.end = range.end;
            continue;
        }
        push(&mut atoms, content, range, most, &[ends_sentence, ends_word]);
    }
    atoms
}

fn push(atoms: &mut Vec<Atom>, content: &str, range: Range<usize>, most: usize, finer: &[fn(&str, usize) -> bool]) {
    let text = &content[range.clone()];
    let n_pieces = pieces(text);
    if n_pieces <= most {
        atoms.push(Atom {
            range,
            pieces: n_pieces,
            ends_paragraph: false,
        });
        return;
    }
    let (is_end, finer) = match finer {
        [first, rest @ ..] => (*first, rest),
        [] => return push_characters(atoms, content, range, most),
    };
    let mut start = range.start;
    for (index, c) in text.char_indices() {
        let end = range.start + index + c.len_utf8();
        if end == range.end || is_end(text, index) {
            push(atoms, content, start..end, most, finer);
            start = end;
        }
    }
}

/// A run of characters without any boundary, in equal stretches.
fn push_characters(atoms: &mut Vec<Atom>, content: &str, range: Range<usize>, most: usize) {
    let mut start = range.start;
    let mut counter = Pieces::default();
    for (index, c) in content[range.clone()].char_indices() {
        counter.push(c);
        let end = range.start + index + c.len_utf8();
        if counter.count >= most || end == range.end {
            atoms.push(Atom {
                range: start..end,
                pieces: std::mem::take(&mut counter).count,
                ends_paragraph: false,
            });
            start = end;
        }
    }
}

/// Whether the character at `index` is the white space after a sentence, or ends one in a script without spaces.
fn ends_sentence(text: &str, index: usize) -> bool {
    let rest = &text[index..];
    let c = rest.chars().next().unwrap_or_default();
    matches!(c, '。' | '！' | '？')
        || c.is_whitespace()
            && text[..index]
                .trim_end_matches(['"', '\'', ')', '”'])
                .ends_with(['.', '!', '?', ';'])
}

fn ends_word(text: &str, index: usize) -> bool {
    text[index..].starts_with(char::is_whitespace)
}

/// About how many word pieces a text has: a word of prose is one, a long or mixed one several, and so is every
/// sign. Rather more than fewer.
fn pieces(text: &str) -> usize {
    let mut counter = Pieces::default();
    text.chars().for_each(|c| counter.push(c));
    counter.count
}

#[derive(Default)]
struct Pieces {
    count: usize,
    /// Letters since the last character that was none.
    run: usize,
}

impl Pieces {
    fn push(&mut self, c: char) {
        if c.is_ascii_alphabetic() {
            // The first piece of a word is long, the ones after it are short.
            self.run += 1;
            self.count += usize::from(self.run == 1 || self.run > 7 && self.run % 3 == 2);
        } else {
            self.run = 0;
            // Digits come in pairs or threes; one each is rather more.
            self.count += usize::from(!c.is_whitespace());
        }
    }
}

#[cfg(test)]
pub(super) mod limits {
    /// For tests of the bounds.
    pub(in crate::memory::parts) const MAX_PARTS: usize = super::MAX_PARTS;
}
