//! Which files a tree's owner does not want to be looked at.
//!
//! The rules are git's, from three files of every directory, strongest first: `.codememignore`,
//! `.ignore` and `.gitignore`; weakest is a repository's own `info/exclude`. An inner directory goes
//! before an outer one, a later line before an earlier one, and nothing inside a directory that is
//! left out comes back. `.gitignore` files reach down to the next repository, the others all the way.
//! Above a root, rules count up to the top of its git worktree, and not at all outside git. What a
//! user has set up for themselves (`core.excludesFile`) does not count: the answer must not depend on
//! whose daemon it is.

use crate::beneath::open_file;
use crate::git::GitDir;
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::ffi::OsStr;
use std::io::Read as _;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;

/// Largest file of rules read, in bytes. People write some kilobytes and programs some hundred; a larger
/// one would take longer to compile than the tree to index, and counts like one that cannot be read.
const MAX_RULES: u64 = 2 * 1024 * 1024;

/// Longest line read, in bytes: no path is longer.
const MAX_LINE: usize = 4096;

/// Patterns compiled together. Each piece is asked about each path, which takes a microsecond; one automaton
/// for any number of patterns could be refused for its size.
const PIECE: usize = 4096;

/// Where rules stand, strongest first.
const SOURCES: [Source; 4] = [Source::Own, Source::Ignore, Source::Git, Source::Exclude];

#[derive(Clone, Copy)]
enum Source {
    Own,
    Ignore,
    Git,
    Exclude,
}

impl Source {
    fn file(self) -> Option<&'static str> {
        match self {
            Self::Own => Some(".codememignore"),
            Self::Ignore => Some(".ignore"),
            Self::Git => Some(".gitignore"),
            Self::Exclude => None,
        }
    }

    /// Whether a repository's rules end where another repository begins.
    fn is_gits(self) -> bool {
        matches!(self, Self::Git | Self::Exclude)
    }
}

/// The rules in force in one directory. Cheap to clone: directories without rules share their parent's.
#[derive(Clone, Default)]
pub(crate) struct Rules(Option<Arc<Layer>>);

/// What one directory adds.
struct Layer {
    /// Bytes of a path up to this directory, its `/` included.
    prefix: usize,
    /// By [`SOURCES`].
    patterns: [Patterns; SOURCES.len()],
    /// A repository begins here.
    is_top: bool,
    outer: Rules,
}

impl Rules {
    /// The rules inside `directory`, whose path from the base of all rules is `path`. `git` when a
    /// repository begins there.
    pub(crate) fn inside(&self, directory: impl AsFd, path: &Path, git: Option<&GitDir>) -> Self {
        let patterns = SOURCES.map(|source| match (source.file(), git) {
            (Some(name), _) => Patterns::read(&directory, name),
            (None, Some(git)) => Patterns::parse(&git.exclude()),
            (None, None) => Patterns::default(),
        });
        if git.is_none() && patterns.iter().all(Patterns::is_empty) {
            return self.clone();
        }
        let bytes = path.as_os_str().len();
        Self(Some(Arc::new(Layer {
            prefix: if bytes == 0 { 0 } else { bytes + 1 },
            patterns,
            is_top: git.is_some(),
            outer: self.clone(),
        })))
    }

    /// Whether a path, relative to the base of all rules, is left out.
    pub(crate) fn leave_out(&self, path: &Path, is_directory: bool) -> bool {
        let bytes = path.as_os_str().as_bytes();
        for (index, source) in SOURCES.into_iter().enumerate() {
            let mut next = self.0.as_deref();
            while let Some(layer) = next {
                let inside = Path::new(OsStr::from_bytes(bytes.get(layer.prefix..).unwrap_or_default()));
                if let Some(verdict) = layer.patterns[index].verdict(inside, is_directory) {
                    return verdict;
                }
                next = layer.outer.0.as_deref().filter(|_| !(layer.is_top && source.is_gits()));
            }
        }
        false
    }
}

/// The patterns of one file, in its order.
#[derive(Default)]
struct Patterns(Vec<Gitignore>);

impl Patterns {
    /// Reads a file of rules; what is none, a link for one, says nothing. So does git.
    fn read(directory: impl AsFd, name: &str) -> Self {
        let Ok((file, stat)) = open_file(directory, OsStr::new(name)) else {
            return Self::default();
        };
        let mut bytes = Vec::new();
        let size = u64::try_from(stat.st_size).unwrap_or(u64::MAX);
        match file.take(MAX_RULES + 1).read_to_end(&mut bytes) {
            Ok(_) if size.max(bytes.len() as u64) <= MAX_RULES => Self::parse(&bytes),
            Ok(_) | Err(_) => Self::default(),
        }
    }

    fn parse(bytes: &[u8]) -> Self {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let lines: Vec<&[u8]> = bytes
            .split(|byte| *byte == b'\n')
            .filter(|line| line.len() <= MAX_LINE && !line.starts_with(b"#") && !is_nothing(line))
            .collect();
        let mut pieces = Vec::new();
        for lines in lines.chunks(PIECE) {
            compile(lines, &mut pieces);
        }
        Self(pieces)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True to leave out, false to keep against weaker rules; the last line that matches decides.
    fn verdict(&self, path: &Path, is_directory: bool) -> Option<bool> {
        let mut pieces = self.0.iter().rev();
        pieces.find_map(|piece| match piece.matched(path, is_directory) {
            Match::None => None,
            Match::Ignore(_) => Some(true),
            Match::Whitelist(_) => Some(false),
        })
    }
}

/// Whether a line names no file at all, which our matcher would take for all of them.
fn is_nothing(line: &[u8]) -> bool {
    line.iter()
        .all(|byte| matches!(byte, b'!' | b'/') || byte.is_ascii_whitespace())
}

/// Compiles lines together; apart when they are too much together, and not at all when one is alone.
fn compile(lines: &[&[u8]], pieces: &mut Vec<Gitignore>) {
    let mut builder = GitignoreBuilder::new("");
    for line in lines {
        // A line that is no pattern says nothing, as in git.
        drop(builder.add_line(None, &String::from_utf8_lossy(line)));
    }
    match builder.build() {
        Ok(piece) if piece.is_empty() => {}
        Ok(piece) => pieces.push(piece),
        Err(_) if lines.len() > 1 => {
            let (first, second) = lines.split_at(lines.len() / 2);
            compile(first, pieces);
            compile(second, pieces);
        }
        Err(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn verdict(text: &str, path: &str) -> Option<bool> {
        Patterns::parse(text.as_bytes()).verdict(Path::new(path), path.ends_with('/'))
    }

    #[test]
    fn the_last_line_that_matches_decides() {
        for (text, path, expected) in [
            ("*.log\n", "a.log", Some(true)),
            ("*.log\n", "b/a.log", Some(true)),
            ("*.log\n!keep.log\n", "keep.log", Some(false)),
            ("/out\n", "b/out", None),
            ("\u{feff}*.log\r\n", "a.log", Some(true)),
            ("a\0b\n[z-a]\n*.log\n", "a.log", Some(true)),
            ("# *.log\n", "a.log", None),
            ("*.log\n!\n!/\n/\n", "a.log", Some(true)),
            ("", "a.log", None),
        ] {
            assert_eq!(verdict(text, path), expected, "{text:?} {path}");
        }
        let later_piece = "a\n".repeat(PIECE) + "!a\n";
        assert_eq!(verdict(&later_piece, "a"), Some(false));
    }

    #[test]
    fn a_megabyte_of_rules_takes_a_moment() {
        let lines: Vec<String> = (0..40_000).map(|n| format!("out_{n}/gen*_{n}?/*.tmp\n")).collect();
        let text = lines.concat();
        assert!(text.len() > 1 << 20, "{}", text.len());
        let began = Instant::now();
        assert_eq!(verdict(&text, "out_39999/generated_399991/a.tmp"), Some(true));
        assert_eq!(verdict(&text, "out_39999/a.tmp"), None);
        assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
    }

    #[test]
    fn what_is_too_much_together_is_compiled_apart() {
        let lines: Vec<String> = (0..200).map(|n| format!("{}{n}\n", "ab?".repeat(1_300))).collect();
        let rules = Patterns::parse((lines.concat() + "*.log\n").as_bytes());
        assert!(rules.0.len() > 1, "one automaton holds them all");
        assert_eq!(rules.verdict(Path::new("a.log"), false), Some(true));
        let long = "abc".repeat(1_300) + "7";
        assert_eq!(rules.verdict(Path::new(&long), false), Some(true));
    }
}
