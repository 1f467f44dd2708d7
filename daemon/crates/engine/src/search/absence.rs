//! What an empty answer proves: how many files were looked into, and how often what was asked for stands in them all the
//! same, as one string and name by name.

use super::exact::{self, Finder, Listing, Looked, Mode, Pattern, Sweep, Swept, Tree};
use crate::EngineError;
use codemem_core::query::Query;
use codemem_core::token;
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::time::Duration;

/// Longest that a proof takes: nobody has asked for it.
const TIME: Duration = Duration::from_secs(2);

/// Most names of a query that are counted.
const MAX_NAMES: usize = 8;

/// Queries up to this many words are about each of them; of longer ones, only what is written as a name is one.
const FEW_WORDS: usize = 4;

/// Shortest name counted, in bytes: shorter ones stand everywhere.
const SHORTEST: usize = 3;

/// What an empty answer rests on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Absence {
    /// The query as one string, or as one pattern; `None` where it is too long to stand in a line, or time was up.
    pub query: Option<Counted>,
    /// The names in it.
    pub names: Vec<Counted>,
    /// Text files that were searched whole, as they stand now.
    pub files_searched: u64,
    /// Text files there are: as many, where nothing is left to doubt.
    pub files_total: u64,
    /// Files that are no text, and are not counted above.
    pub files_binary: u64,
    /// Whether time was up before every file was searched.
    pub cut_short: bool,
}

/// How often something stands in the files.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Counted {
    /// What was counted.
    pub text: String,
    /// Lines that have it as it is written.
    pub matches: u64,
    /// Lines that have it in whatever case, those included.
    pub matches_any_case: u64,
}

/// A string that is counted.
struct Needle {
    text: String,
    as_written: Pattern,
    in_any_case: Pattern,
}

impl Needle {
    /// `None` for what cannot stand in a line.
    fn new(text: &str, mode: Mode) -> Option<Self> {
        Some(Self {
            text: text.to_owned(),
            as_written: Pattern::read(text, mode, false).ok()?,
            in_any_case: Pattern::read(text, mode, true).ok()?,
        })
    }
}

/// Counts what was asked for in the files that were searched in vain.
pub(super) fn prove(
    trees: &[(Tree<'_>, Listing)],
    query: &str,
    mode: Mode,
    n_threads: usize,
) -> Result<Absence, EngineError> {
    let whole = match mode {
        Mode::Meaning => Needle::new(query.trim(), Mode::Exact),
        Mode::Exact | Mode::Regex => Needle::new(query, mode),
    };
    let names = names(query, mode);
    let names = names.iter().filter_map(|name| Needle::new(name, Mode::Exact));
    let has_whole = whole.is_some();
    let needles: Vec<Needle> = whole.into_iter().chain(names).collect();
    let bounds = exact::bounds(TIME, n_threads);
    let mut counts = vec![(0, 0); needles.len()];
    let mut absence = Absence::default();
    for (tree, listing) in trees {
        let (found, swept) = Sweep::run(tree, listing, bounds, || look(&needles))?;
        absence.add(swept);
        for (_, of_file) in found {
            for (sum, (as_written, in_any_case)) in counts.iter_mut().zip(of_file) {
                sum.0 += as_written;
                sum.1 += in_any_case;
            }
        }
    }
    let mut counted: Vec<Counted> = needles
        .into_iter()
        .zip(counts)
        .map(|(needle, (matches, matches_any_case))| Counted {
            text: needle.text,
            matches,
            matches_any_case,
        })
        .collect();
    if has_whole {
        absence.query = Some(counted.remove(0));
    }
    absence.names = counted;
    Ok(absence)
}

impl Absence {
    /// Adds what the files of one more root were.
    pub(super) fn add(&mut self, swept: Swept) {
        self.files_searched += swept.n_searched;
        self.files_total += swept.n_searched + swept.n_unread;
        self.files_binary += swept.n_binary;
        self.cut_short |= swept.cut_short;
    }
}

/// Counts the lines of one file that have each needle.
fn look(needles: &[Needle]) -> impl FnMut(&Sweep<'_>, &exact::Listed, &[u8]) -> Looked<Vec<(u64, u64)>> + '_ {
    let mut finders: Vec<(Finder<'_>, Finder<'_>)> = needles
        .iter()
        .map(|needle| (Finder::new(&needle.in_any_case), Finder::new(&needle.as_written)))
        .collect();
    move |sweep, _, bytes| {
        let mut counts = vec![(0, 0); finders.len()];
        let mut is_whole = true;
        for ((in_any_case, as_written), count) in finders.iter_mut().zip(&mut counts) {
            is_whole &= in_any_case.lines(bytes, &|| sweep.goes_on(), |_, line| {
                count.0 += u64::from(as_written.in_line(&bytes[line]).is_some());
                count.1 += 1;
                ControlFlow::Continue(())
            });
        }
        Looked {
            found: counts.iter().any(|count| count.1 > 0).then_some(counts),
            is_whole,
        }
    }
}

/// The names in a query that are worth counting, as they are written; none where the query is one itself.
fn names(query: &str, mode: Mode) -> Vec<String> {
    let query = match mode {
        // `\bopen` has no name that begins with b.
        Mode::Regex => without_escapes(query),
        Mode::Meaning | Mode::Exact => query.to_owned(),
    };
    let words: Vec<&str> = token::words(&query).map(|word| &query[word]).collect();
    let asks: HashSet<String> = Query::parse(&query).names.into_iter().map(|name| name.text).collect();
    let is_name = |word: &&str| {
        let is_written_as_one = word.contains('_') || token::parts(word).count() > 1;
        word.len() >= SHORTEST
            && word.chars().any(char::is_alphabetic)
            && asks.contains(&word.to_lowercase())
            && (words.len() <= FEW_WORDS || is_written_as_one)
            && **word != *query.trim()
    };
    let mut names: Vec<String> = Vec::new();
    for word in words.iter().filter(|word| is_name(word)) {
        if names.len() < MAX_NAMES && !names.iter().any(|name| name == word) {
            names.push((*word).to_owned());
        }
    }
    names
}

fn without_escapes(pattern: &str) -> String {
    let mut chars = pattern.chars();
    let mut text = String::with_capacity(pattern.len());
    while let Some(c) = chars.next() {
        if c == '\\' {
            chars.next();
            text.push(' ');
        } else {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_a_reader_would_look_for() {
        let prompt = "please find out where the RetryPolicy is used and why open_socket is called twice by it";
        for (query, mode, expected) in [
            ("zanzibar quota", Mode::Meaning, &["zanzibar", "quota"][..]),
            ("where is the zanzibar", Mode::Meaning, &["zanzibar"]),
            ("open_socket", Mode::Meaning, &[]),
            ("net::open_socket", Mode::Meaning, &["net", "open_socket"]),
            (prompt, Mode::Meaning, &["RetryPolicy", "open_socket"]),
            ("fn open_socket(", Mode::Exact, &["open_socket"]),
            (r"\bopen\(.{1,100}socket", Mode::Regex, &["open", "socket"]),
            ("", Mode::Meaning, &[]),
        ] {
            assert_eq!(names(query, mode), expected, "{query}");
        }
        let many: Vec<String> = (0..100).map(|n| format!("name_{n}")).collect();
        assert_eq!(names(&many.join(" "), Mode::Meaning).len(), MAX_NAMES);
    }
}
