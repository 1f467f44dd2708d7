//! One page of the lines that match: in which order they come, and what is shown of each.

use super::files::Listed;
use super::lines::Finder;
use super::pattern::Pattern;
use super::sweep::Bounds;
use super::symbols::Symbols;
use super::{Found, Tree};
use crate::EngineError;
use crate::pass::hash;
use codemem_core::compose::clip;
use codemem_core::ids::ContentHash;
use std::collections::HashMap;
use std::ops::{ControlFlow, Range};
use std::time::Instant;

/// Longest line shown, in bytes.
const SHOWN_LINE: usize = 200;

/// Bytes shown before a match in a longer line.
const BEFORE_MATCH: usize = 60;

/// Stands for what is left out of a line.
const CUT: &str = "…";

/// A line on a page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::search) struct PageHit {
    /// Which of the roots.
    pub(in crate::search) tree: usize,
    /// Relative to the root.
    pub(in crate::search) path: String,
    /// From 1 on.
    pub(in crate::search) line: u32,
    /// The line itself, or what is around the match in a long one.
    pub(in crate::search) text: String,
    /// Whether it defines the name that is looked for.
    pub(in crate::search) is_definition: bool,
    /// Of what it is part of; `text` where that is nothing.
    pub(in crate::search) kind: &'static str,
    /// Its qualified name, or nothing.
    pub(in crate::search) name: String,
    pub(in crate::search) language: String,
    /// Of the whole file as it stands.
    pub(in crate::search) hash: ContentHash,
}

/// A page of hits.
#[derive(Default, Debug)]
pub(in crate::search) struct Page {
    pub(in crate::search) hits: Vec<PageHit>,
    /// Lines that matched and do no more: their files were changed meanwhile.
    pub(in crate::search) n_dropped: u64,
}

/// Where a hit stands, before it is shown.
#[derive(Clone, Copy)]
struct Spot {
    tree: usize,
    /// Position in the listing.
    file: usize,
    line: u32,
    is_definition: bool,
}

impl Page {
    /// The hits after `offset`, at most `limit`: definitions first, then by the role of the file, root, path and line.
    pub(in crate::search) fn of(
        trees: &[Tree<'_>],
        found: &[Found],
        pattern: &Pattern,
        window: Range<usize>,
        bounds: Bounds,
    ) -> Result<Self, EngineError> {
        let spots = spots(trees, found, window);
        let mut by_file: HashMap<(usize, usize), Vec<usize>> = HashMap::new();
        for (at, spot) in spots.iter().enumerate() {
            by_file.entry((spot.tree, spot.file)).or_default().push(at);
        }
        let mut shown: Vec<Option<PageHit>> = spots.iter().map(|_| None).collect();
        let mut finder = Finder::new(pattern);
        for ((tree, file), at) in by_file {
            if trees[tree].stop.is_requested() {
                return Err(EngineError::GivenUp);
            }
            let wanted: Vec<Spot> = at.iter().map(|at| spots[*at]).collect();
            let listed = &found[tree].listing.files[file];
            let hits = show(&trees[tree], listed, &wanted, &mut finder, bounds)?;
            for (at, hit) in at.into_iter().zip(hits) {
                shown[at] = hit;
            }
        }
        let n_spots = shown.len();
        let hits: Vec<PageHit> = shown.into_iter().flatten().collect();
        Ok(Self {
            n_dropped: (n_spots - hits.len()) as u64,
            hits,
        })
    }
}

/// What is on a page, in order.
fn spots(trees: &[Tree<'_>], found: &[Found], window: Range<usize>) -> Vec<Spot> {
    let mut files = Vec::new();
    for (tree, found) in found.iter().enumerate() {
        for (file, matching) in &found.matching {
            files.push((tree, *file, &found.listing.files[*file], matching));
        }
    }
    files.sort_unstable_by(|(a, _, one, _), (b, _, other, _)| {
        let by_root = || trees[*a].label.cmp(trees[*b].label);
        let by_path = || one.path.cmp(&other.path);
        one.rank.cmp(&other.rank).then_with(by_root).then_with(by_path)
    });
    let definitions = files.iter().flat_map(|&(tree, file, _, matching)| {
        matching.definitions.iter().map(move |&line| Spot {
            tree,
            file,
            line,
            is_definition: true,
        })
    });
    let n_definitions: usize = files.iter().map(|(.., matching)| matching.definitions.len()).sum();
    let mut page: Vec<Spot> = definitions.skip(window.start).take(window.len()).collect();
    // Lines before the page need not be gone through one by one.
    let mut n_before = window.start.saturating_sub(n_definitions) as u64;
    for (tree, file, _, matching) in files {
        if page.len() == window.len() {
            break;
        }
        let n_lines = matching.n_lines - matching.definitions.len() as u64;
        if n_lines <= n_before {
            n_before -= n_lines;
            continue;
        }
        let lines = matching
            .lines
            .iter()
            .filter(|line| !matching.definitions.contains(line));
        let lines = lines.skip(std::mem::take(&mut n_before) as usize);
        page.extend(lines.take(window.len() - page.len()).map(|&line| Spot {
            tree,
            file,
            line,
            is_definition: false,
        }));
    }
    page
}

/// The lines of one file as they stand there now; `None` for one that no longer matches.
fn show(
    tree: &Tree<'_>,
    file: &Listed,
    wanted: &[Spot],
    finder: &mut Finder<'_>,
    bounds: Bounds,
) -> Result<Vec<Option<PageHit>>, EngineError> {
    let Ok(bytes) = tree.ports.source.read(tree.root, &file.path, super::files::MAX_FILE) else {
        return Ok(vec![None; wanted.len()]);
    };
    let last = wanted.iter().map(|spot| spot.line).max().unwrap_or_default();
    let mut standing: HashMap<u32, Option<Range<usize>>> = wanted.iter().map(|spot| (spot.line, None)).collect();
    finder.lines(&bytes, &|| !tree.stop.is_requested(), |number, line| {
        if let Some(standing) = standing.get_mut(&number) {
            *standing = Some(line);
        }
        if number < last {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    // What a line is part of is a help: it may not make a search late.
    let symbols = if Instant::now() < bounds.deadline {
        Symbols::of(tree, file, &bytes)?
    } else {
        Symbols::default()
    };
    let hash = hash(&bytes);
    let language = language(tree, file);
    let hits = wanted.iter().map(|spot| {
        let line = &bytes[standing.get(&spot.line)?.clone()?];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let symbol = symbols.at(spot.line);
        Some(PageHit {
            tree: spot.tree,
            path: file.path.to_string(),
            line: spot.line,
            text: around(line, finder.in_line(line)),
            is_definition: spot.is_definition,
            kind: symbol.map_or("text", |symbol| symbol.kind.as_str()),
            name: symbol.map(|symbol| symbol.name.clone()).unwrap_or_default(),
            language: language.clone(),
            hash,
        })
    });
    Ok(hits.collect())
}

/// The language of a file; of one that is not indexed, as its name tells.
fn language(tree: &Tree<'_>, file: &Listed) -> String {
    if let Some(number) = file.number {
        return tree.view.file(number).language.to_string();
    }
    let known = tree.ports.extractor.languages();
    let name = file.path.extension().unwrap_or(file.path.file_name()).to_lowercase();
    let found = known.into_iter().find(|language| language.extensions.contains(&name));
    found.map_or_else(|| "text".to_owned(), |language| language.name)
}

/// A line, or what is around the match in a long one.
fn around(line: &[u8], found: Option<Range<usize>>) -> String {
    if line.len() <= SHOWN_LINE {
        return String::from_utf8_lossy(line).trim_end().to_owned();
    }
    let from = found.map_or(0, |found| found.start);
    // The end of a line is shown as far as there is room.
    let from = from.saturating_sub(BEFORE_MATCH).min(line.len() - SHOWN_LINE);
    // Not within a character: it would be shown as broken.
    let from = (from..line.len()).find(|at| line[*at] & 0xc0 != 0x80).unwrap_or(from);
    let text = String::from_utf8_lossy(&line[from..line.len().min(from + SHOWN_LINE + 3)]);
    let shown = clip(&text, SHOWN_LINE);
    let before = if from > 0 { CUT } else { "" };
    let after = if from + shown.len() < line.len() { CUT } else { "" };
    format!("{before}{shown}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_line_the_match_is_shown() {
        assert_eq!(around(b"short \r", Some(0..1)), "short");
        let line = "a".repeat(500) + "needle" + &"b".repeat(500);
        let shown = around(line.as_bytes(), Some(500..506));
        assert_eq!(
            shown,
            format!("…{}needle{}…", "a".repeat(60), "b".repeat(SHOWN_LINE - 66))
        );
        let at_the_end = "ä".repeat(300) + "needle";
        let shown = around(at_the_end.as_bytes(), Some(600..606));
        assert!(shown.starts_with("…ää") && shown.ends_with("ääneedle"), "{shown}");
        assert!(!shown.contains('\u{fffd}'), "{shown}");
        let at_the_start = "needle".to_owned() + &"ö".repeat(300);
        let shown = around(at_the_start.as_bytes(), Some(0..6));
        assert!(shown.starts_with("needleö") && shown.ends_with("ö…"), "{shown}");
    }
}
