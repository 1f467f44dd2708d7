//! Reads a file of memories on a thread of its own, a batch at a time, whatever its size and whatever is in it.

use super::super::transfer::{Entry, Line, MARKDOWN_HEAD, Markdown};
use codemem_proto::v1::ImportedMemory;
use std::io::{self, BufRead, BufReader, Read};
use tokio::sync::mpsc::Sender;

/// Longest line. A content of the most bytes that are stored takes a fifth of it with every character escaped.
const MAX_LINE: u64 = 1 << 20;

/// Most memories of a batch: enough for one transaction to be worth it.
const MAX_BATCH: usize = 256;

/// Most bytes of a batch: a message on the wire has at most four times as many.
const MAX_BATCH_BYTES: usize = 1 << 20;

/// A part of what was read.
pub(super) enum Piece {
    /// Memories for one project; `None`: for the one that import was called for.
    Batch {
        project: Option<String>,
        memories: Vec<ImportedMemory>,
    },
    /// A line that is no memory.
    Rejected { line: u64, reason: String },
    /// The rest cannot be read.
    Failed(io::Error),
}

/// Reads everything. Ends early when nobody takes the pieces.
pub(super) fn read(source: impl Read, pieces_tx: &Sender<Piece>) {
    let mut batcher = Batcher {
        pieces_tx,
        project: None,
        memories: Vec::new(),
        n_bytes: 0,
    };
    let outcome = read_lines(BufReader::new(source), &mut batcher).and_then(|()| batcher.flush());
    match outcome {
        Ok(()) | Err(Stop::NobodyListens) => {}
        Err(Stop::Io(error)) => {
            // What was read before is stored all the same.
            if batcher.flush().is_ok() {
                drop(pieces_tx.blocking_send(Piece::Failed(error)));
            }
        }
    }
}

enum Stop {
    NobodyListens,
    Io(io::Error),
}

fn read_lines(mut source: impl BufRead, batcher: &mut Batcher<'_>) -> Result<(), Stop> {
    let mut bytes = Vec::new();
    let mut markdown = None;
    for number in 1.. {
        let Some(is_whole) = next_line(&mut source, &mut bytes).map_err(Stop::Io)? else {
            break;
        };
        let start = if number == 1 && bytes.starts_with(b"\xef\xbb\xbf") {
            3
        } else {
            0
        };
        let line = &bytes[start..];
        if number == 1 && line == MARKDOWN_HEAD.trim_end().as_bytes() {
            markdown = Some(Markdown::default());
            continue;
        }
        let too_long = || format!("longer than {} KiB", MAX_LINE / 1024);
        match &mut markdown {
            None if !is_whole => batcher.reject(number, too_long())?,
            None if line.trim_ascii().is_empty() => {}
            None => batcher.add(number, Line::of_json(line).and_then(|line| line.entry(number)))?,
            Some(markdown) if !is_whole || markdown.n_held() as u64 > MAX_LINE => markdown.reject(&too_long()),
            Some(markdown) => {
                if let Some((number, entry)) = markdown.line(number, line) {
                    batcher.add(number, entry)?;
                }
            }
        }
    }
    if let Some((number, entry)) = markdown.as_mut().and_then(Markdown::end) {
        batcher.add(number, entry)?;
    }
    Ok(())
}

/// Reads a line without its end; whether it is whole, or was too long and is cut. `None` at the end.
fn next_line(source: &mut impl BufRead, bytes: &mut Vec<u8>) -> io::Result<Option<bool>> {
    bytes.clear();
    if source.take(MAX_LINE + 1).read_until(b'\n', bytes)? == 0 {
        return Ok(None);
    }
    let is_whole = bytes.ends_with(b"\n") || bytes.len() as u64 <= MAX_LINE;
    if !is_whole {
        source.skip_until(b'\n')?;
    }
    if bytes.ends_with(b"\n") {
        bytes.pop();
    }
    if bytes.ends_with(b"\r") {
        bytes.pop();
    }
    Ok(Some(is_whole))
}

/// Collects memories of one project.
struct Batcher<'a> {
    pieces_tx: &'a Sender<Piece>,
    project: Option<String>,
    memories: Vec<ImportedMemory>,
    n_bytes: usize,
}

impl Batcher<'_> {
    fn add(&mut self, line: u64, entry: Result<Entry, String>) -> Result<(), Stop> {
        let Entry { project, memory } = match entry {
            Ok(entry) => entry,
            Err(reason) => return self.reject(line, reason),
        };
        let n_bytes = size(&memory);
        let is_full = self.memories.len() == MAX_BATCH || self.n_bytes + n_bytes > MAX_BATCH_BYTES;
        if is_full || project != self.project {
            self.flush()?;
            self.project = project;
        }
        self.n_bytes += n_bytes;
        self.memories.push(memory);
        Ok(())
    }

    fn reject(&mut self, line: u64, reason: String) -> Result<(), Stop> {
        self.send(Piece::Rejected { line, reason })
    }

    fn flush(&mut self) -> Result<(), Stop> {
        if self.memories.is_empty() {
            return Ok(());
        }
        self.n_bytes = 0;
        let memories = std::mem::take(&mut self.memories);
        let project = self.project.clone();
        self.send(Piece::Batch { project, memories })
    }

    fn send(&mut self, piece: Piece) -> Result<(), Stop> {
        self.pieces_tx.blocking_send(piece).map_err(|_| Stop::NobodyListens)
    }
}

/// Bytes of what a memory holds, about as many as on the wire.
fn size(memory: &ImportedMemory) -> usize {
    let lists = memory.tags.iter().chain(&memory.anchors);
    let fields = [
        &memory.content,
        &memory.context_level,
        &memory.kind,
        &memory.session,
        &memory.id,
    ];
    fields.into_iter().chain(lists).map(|text| text.len() + 4).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A source that gives what it has, and then an error.
    struct Breaks<'a>(&'a [u8]);

    impl Read for Breaks<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buffer)? {
                0 => Err(io::Error::other("unplugged")),
                n_read => Ok(n_read),
            }
        }
    }

    fn pieces(source: impl Read + Send) -> Vec<Piece> {
        let (pieces_tx, mut pieces_rx) = tokio::sync::mpsc::channel(1);
        std::thread::scope(|scope| {
            scope.spawn(move || read(source, &pieces_tx));
            std::iter::from_fn(|| pieces_rx.blocking_recv()).collect()
        })
    }

    fn shown(pieces: &[Piece]) -> Vec<String> {
        let show = |piece: &Piece| match piece {
            Piece::Batch { project, memories } => {
                let contents: Vec<_> = memories
                    .iter()
                    .map(|memory| format!("{}={}", memory.line, memory.content))
                    .collect();
                format!("{}: {}", project.as_deref().unwrap_or("here"), contents.join(" "))
            }
            Piece::Rejected { line, reason } => format!("{line} {reason}"),
            Piece::Failed(error) => format!("failed {error}"),
        };
        pieces.iter().map(show).collect()
    }

    #[test]
    fn bad_lines_are_told_and_good_ones_kept() {
        let text = "\u{feff}{\"content\":\"a\"}\r\n\n  \nnonsense\n{\"content\":\"b\",\"project\":\"/q\"}\n{\"content\":\"c\"}";
        assert_eq!(
            shown(&pieces(text.as_bytes())),
            ["4 not a JSON object", "here: 1=a", "/q: 5=b", "here: 6=c"]
        );
    }

    #[test]
    fn a_line_without_an_end_does_not_fill_the_memory() {
        let mut text = vec![b'x'; 3 << 20];
        text.extend_from_slice(b"\n{\"content\":\"a\"}\n");
        assert_eq!(shown(&pieces(&text[..])), ["1 longer than 1024 KiB", "here: 2=a"]);
    }

    #[test]
    fn batches_are_bounded() {
        let small = "{\"content\":\"a\"}\n".repeat(600);
        let sizes = |pieces: &[Piece]| -> Vec<usize> {
            let size = |piece: &Piece| match piece {
                Piece::Batch { memories, .. } => memories.len(),
                Piece::Rejected { .. } | Piece::Failed(_) => panic!("no batch"),
            };
            pieces.iter().map(size).collect()
        };
        assert_eq!(sizes(&pieces(small.as_bytes())), [256, 256, 88]);
        let large = format!("{{\"content\":\"{}\"}}\n", "a".repeat(400_000)).repeat(3);
        assert_eq!(sizes(&pieces(large.as_bytes())), [2, 1]);
    }

    #[test]
    fn what_was_read_before_an_error_is_kept() {
        assert_eq!(
            shown(&pieces(Breaks(b"{\"content\":\"a\"}\n"))),
            ["here: 1=a", "failed unplugged"]
        );
    }

    #[test]
    fn markdown_is_known_by_its_first_line() {
        let text = "<!-- codemem memories 1 -->\n\n<!-- codemem:memory {} -->\n### note, 2026-11-02\n\nab\ncd\n";
        assert_eq!(shown(&pieces(text.as_bytes())), ["here: 3=ab\ncd"]);
    }
}
