//! Where the lines of a text begin.

use std::ops::Range;

/// The line table of one text. Lines are 0-based here; they end after their `\n`, and the last one may lack it.
#[derive(Debug)]
pub(crate) struct Lines {
    /// The first byte of every line, and the text's length.
    starts: Vec<u32>,
}

impl Lines {
    /// Reads the table in one pass. The text must be under 4 GiB.
    pub(crate) fn new(text: &str) -> Self {
        let mut starts = Vec::with_capacity(text.len() / 24 + 2);
        if !text.is_empty() {
            starts.push(0);
        }
        starts.extend(text.match_indices('\n').map(|(at, _)| at as u32 + 1));
        if starts.last().copied() != Some(text.len() as u32) {
            starts.push(text.len() as u32);
        }
        Self { starts }
    }

    /// How many lines; none for the empty text.
    pub(crate) fn count(&self) -> usize {
        self.starts.len() - 1
    }

    /// The first byte of a line; the text's length for the line after the last.
    pub(crate) fn start(&self, line: usize) -> usize {
        self.starts[line] as usize
    }

    /// The bytes of a run of lines, the last line's break included.
    pub(crate) fn bytes(&self, lines: Range<usize>) -> Range<usize> {
        self.start(lines.start)..self.start(lines.end)
    }

    /// The line that holds a byte.
    pub(crate) fn at(&self, byte: usize) -> usize {
        let after = self.starts.partition_point(|&start| start as usize <= byte);
        after.saturating_sub(1).min(self.count().saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_after_their_break() {
        for (text, expected) in [
            ("", vec![]),
            ("a", vec!["a"]),
            ("a\n", vec!["a\n"]),
            ("a\nb", vec!["a\n", "b"]),
            ("\n\n", vec!["\n", "\n"]),
            ("a\r\nb\r\n", vec!["a\r\n", "b\r\n"]),
        ] {
            let lines = Lines::new(text);
            let found: Vec<_> = (0..lines.count()).map(|l| &text[lines.bytes(l..l + 1)]).collect();
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn a_byte_is_on_its_line() {
        let lines = Lines::new("ab\n\nc");
        let found: Vec<_> = (0..=5).map(|byte| lines.at(byte)).collect();
        assert_eq!(found, [0, 0, 0, 1, 2, 2]);
    }
}
