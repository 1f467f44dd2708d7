//! A worktree as a search sees it: which files it has, and which contents, paths and texts are theirs.
//!
//! A view never changes. An edit makes another one, which shares with the former all that the edit did not touch: what
//! it costs hardly grows with the number of files.

use codemem_core::ids::{ContentHash, ContentId, IdSet, PathId, TextId};
use codemem_core::path::RepoPath;
use codemem_core::ports::{FileStamp, ManifestEntry};
use std::collections::HashMap;
use std::sync::Arc;

/// Files that are copied together when one of them changes.
const BLOCK: usize = 256;

/// Changes above which everything is indexed anew: cheaper than so many insertions.
const MANY: usize = 64;

/// In the table of paths: the worktree does not have it.
const NOWHERE: u32 = u32::MAX;

/// One file of a worktree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ViewFile {
    pub(crate) path: RepoPath,
    pub(crate) path_id: PathId,
    pub(crate) content: ContentId,
    pub(crate) hash: ContentHash,
    /// As recorded: one that is not believed equals no file's.
    pub(crate) stamp: FileStamp,
    pub(crate) language: Arc<str>,
    pub(crate) summary: TextId,
}

/// What makes a view into the next one.
#[derive(Clone, Default, Debug)]
pub(crate) struct Patch {
    /// New or changed files.
    pub(crate) put: Vec<ViewFile>,
    /// Files with a new stamp.
    pub(crate) restamped: Vec<(PathId, FileStamp)>,
    /// Files that are gone.
    pub(crate) removed: Vec<PathId>,
}

/// An immutable snapshot of a worktree's manifest. Replaced whole; a search keeps the one it began with. Files have
/// numbers, which hold for one view.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    /// The files by number; some numbers have none.
    blocks: Vec<Arc<Vec<Option<ViewFile>>>>,
    /// Numbers without a file.
    free: Vec<u32>,
    /// The numbers in the order of the files' paths.
    order: Arc<Vec<u32>>,
    /// The number of the file at a path, by the path's id.
    by_path: Arc<Vec<u32>>,
    /// The files that hold a content, sorted.
    by_content: Arc<Vec<(ContentId, u32)>>,
    /// The files that a summary stands for, sorted.
    by_summary: Arc<Vec<(TextId, u32)>>,
    contents: Arc<IdSet>,
    paths: Arc<IdSet>,
}

/// Which files a view has, and what they hold: the same for views that differ in stamps and summaries only.
#[derive(Clone)]
pub(crate) struct Layout {
    order: Arc<Vec<u32>>,
    by_path: Arc<Vec<u32>>,
    by_content: Arc<Vec<(ContentId, u32)>>,
}

impl Layout {
    /// Whether two views have the same files of the same contents under the same numbers. False may be said of some that have.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.order, &other.order)
            && Arc::ptr_eq(&self.by_path, &other.by_path)
            && Arc::ptr_eq(&self.by_content, &other.by_content)
    }
}

impl View {
    /// Which files it has, and what they hold. What is held of it keeps those that come after from sharing its place in memory.
    pub(crate) fn layout(&self) -> Layout {
        Layout {
            order: Arc::clone(&self.order),
            by_path: Arc::clone(&self.by_path),
            by_content: Arc::clone(&self.by_content),
        }
    }

    /// Builds the view of a manifest.
    pub(crate) fn new(manifest: Vec<ManifestEntry>) -> Self {
        let mut languages: HashMap<String, Arc<str>> = HashMap::new();
        let files = manifest.into_iter().map(|entry| {
            let language = languages
                .entry(entry.language)
                .or_insert_with_key(|name| name.as_str().into());
            ViewFile {
                path: entry.path,
                path_id: entry.path_id,
                content: entry.content,
                hash: entry.hash,
                stamp: entry.stamp,
                language: Arc::clone(language),
                summary: entry.summary,
            }
        });
        Self::of(files.collect())
    }

    fn of(mut files: Vec<ViewFile>) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let (mut contents, mut paths) = (IdSet::default(), IdSet::default());
        let mut by_path = Vec::new();
        let mut by_content = Vec::with_capacity(files.len());
        let mut by_summary = Vec::with_capacity(files.len());
        for (number, file) in (0_u32..).zip(&files) {
            contents.insert(file.content.0);
            paths.insert(file.path_id.0);
            set(&mut by_path, file.path_id, number);
            by_content.push((file.content, number));
            by_summary.push((file.summary, number));
        }
        by_content.sort_unstable();
        by_summary.sort_unstable();
        let order = (0..files.len() as u32).collect();
        let mut blocks = Vec::with_capacity(files.len().div_ceil(BLOCK));
        let mut files = files.into_iter().map(Some).peekable();
        while files.peek().is_some() {
            blocks.push(Arc::new(files.by_ref().take(BLOCK).collect()));
        }
        Self {
            blocks,
            free: Vec::new(),
            order: Arc::new(order),
            by_path: Arc::new(by_path),
            by_content: Arc::new(by_content),
            by_summary: Arc::new(by_summary),
            contents: Arc::new(contents),
            paths: Arc::new(paths),
        }
    }

    /// How many files there are.
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// A file by its number.
    pub(crate) fn file(&self, number: u32) -> &ViewFile {
        let slot = &self.blocks[number as usize / BLOCK][number as usize % BLOCK];
        slot.as_ref().expect("numbers are given to files only")
    }

    /// All files, by path.
    pub(crate) fn files(&self) -> impl Iterator<Item = &ViewFile> {
        self.order.iter().map(|number| self.file(*number))
    }

    /// The numbers of all files, by path.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> + '_ {
        self.order.iter().copied()
    }

    /// Where each file stands in the order of the paths, by its number.
    pub(crate) fn places(&self) -> Vec<u32> {
        let mut places = vec![NOWHERE; self.blocks.len() * BLOCK];
        for (place, &number) in (0_u32..).zip(self.order.iter()) {
            places[number as usize] = place;
        }
        places
    }

    /// The number of the file at a path, given as text.
    pub(crate) fn number_of(&self, path: &str) -> Option<u32> {
        self.place(path).ok().map(|place| self.order[place])
    }

    /// The number of the file at a path.
    pub(crate) fn at(&self, path: PathId) -> Option<u32> {
        let number = self.by_path.get(path.0 as usize).copied();
        number.filter(|number| *number != NOWHERE)
    }

    /// The file at a path.
    pub(crate) fn find(&self, path: &str) -> Option<&ViewFile> {
        self.number_of(path).map(|number| self.file(number))
    }

    /// The file at a path and all below it.
    pub(crate) fn below(&self, path: &str) -> impl Iterator<Item = &ViewFile> {
        let inside = format!("{path}/");
        let first = self
            .order
            .partition_point(|number| self.file(*number).path.as_str() < inside.as_str());
        let rest = self.order[first..].iter().map(|number| self.file(*number));
        let rest = rest.take_while(move |file| file.path.as_str().starts_with(&inside));
        self.find(path).into_iter().chain(rest)
    }

    /// The numbers of the files that hold a content.
    pub(crate) fn holding(&self, content: ContentId) -> impl Iterator<Item = u32> {
        range_of(&self.by_content, content)
    }

    /// The numbers of the files that a summary stands for.
    pub(crate) fn summarised(&self, summary: TextId) -> impl Iterator<Item = u32> {
        range_of(&self.by_summary, summary)
    }

    /// The contents of all files.
    pub(crate) fn contents(&self) -> &IdSet {
        &self.contents
    }

    /// The paths of all files.
    pub(crate) fn paths(&self) -> &IdSet {
        &self.paths
    }

    /// The languages that occur, sorted.
    pub(crate) fn languages(&self) -> Vec<Arc<str>> {
        let mut names: Vec<Arc<str>> = Vec::new();
        for file in self.files() {
            if !names.iter().any(|name| **name == *file.language) {
                names.push(Arc::clone(&file.language));
            }
        }
        names.sort();
        names
    }

    /// The next view.
    pub(crate) fn patched(&self, patch: Patch) -> Self {
        let mut next = self.clone();
        for (path, stamp) in patch.restamped {
            if let Some(number) = next.at(path)
                && let Some(file) = next.slot(number)
            {
                file.stamp = stamp;
            }
        }
        if patch.put.len() + patch.removed.len() > MANY {
            return next.with_many(patch.put, &patch.removed);
        }
        let moves = !patch.removed.is_empty() || patch.put.iter().any(|file| next.at(file.path_id).is_none());
        for path in patch.removed {
            next.remove(path);
        }
        for file in patch.put {
            next.put(file);
        }
        next.contents = Arc::new(next.by_content.iter().map(|(content, _)| content.0).collect());
        if moves {
            next.paths = Arc::new(next.files().map(|file| file.path_id.0).collect());
        }
        next
    }

    fn with_many(&self, put: Vec<ViewFile>, removed: &[PathId]) -> Self {
        let replaced: IdSet = removed
            .iter()
            .copied()
            .chain(put.iter().map(|file| file.path_id))
            .map(|path| path.0)
            .collect();
        let kept = self.files().filter(|file| !replaced.contains(file.path_id.0)).cloned();
        Self::of(kept.chain(put).collect())
    }

    fn put(&mut self, mut file: ViewFile) {
        if let Some(known) = self.files_language(&file.language) {
            file.language = known;
        }
        let (content, summary) = (file.content, file.summary);
        let number = if let Some(number) = self.at(file.path_id) {
            self.unlink(number);
            number
        } else {
            let number = self.free.pop().unwrap_or_else(|| self.grow());
            let (Ok(place) | Err(place)) = self.place(file.path.as_str());
            Arc::make_mut(&mut self.order).insert(place, number);
            set(Arc::make_mut(&mut self.by_path), file.path_id, number);
            number
        };
        insert(Arc::make_mut(&mut self.by_content), (content, number));
        insert(Arc::make_mut(&mut self.by_summary), (summary, number));
        self.block(number)[number as usize % BLOCK] = Some(file);
    }

    fn remove(&mut self, path: PathId) {
        let Some(number) = self.at(path) else { return };
        self.unlink(number);
        if let Ok(place) = self.place(self.file(number).path.as_str()) {
            Arc::make_mut(&mut self.order).remove(place);
        }
        set(Arc::make_mut(&mut self.by_path), path, NOWHERE);
        self.block(number)[number as usize % BLOCK] = None;
        self.free.push(number);
    }

    /// Takes a file out of the tables of contents and summaries.
    fn unlink(&mut self, number: u32) {
        let (content, summary) = (self.file(number).content, self.file(number).summary);
        take(Arc::make_mut(&mut self.by_content), &(content, number));
        take(Arc::make_mut(&mut self.by_summary), &(summary, number));
    }

    /// Where a path is, or would be, in the order.
    fn place(&self, path: &str) -> Result<usize, usize> {
        self.order
            .binary_search_by(|number| self.file(*number).path.as_str().cmp(path))
    }

    /// A number that no file has had.
    fn grow(&mut self) -> u32 {
        if self.blocks.last().is_none_or(|block| block.len() == BLOCK) {
            self.blocks.push(Arc::default());
        }
        let n_before = (self.blocks.len() - 1) * BLOCK;
        let last = Arc::make_mut(self.blocks.last_mut().expect("there is one now"));
        last.push(None);
        (n_before + last.len() - 1) as u32
    }

    fn block(&mut self, number: u32) -> &mut Vec<Option<ViewFile>> {
        Arc::make_mut(&mut self.blocks[number as usize / BLOCK])
    }

    fn slot(&mut self, number: u32) -> Option<&mut ViewFile> {
        self.block(number)[number as usize % BLOCK].as_mut()
    }

    /// The name of a language as some file near the first ones has it: one allocation per language, not per file.
    fn files_language(&self, name: &str) -> Option<Arc<str>> {
        let mut files = self.files().take(BLOCK);
        files
            .find(|file| *file.language == *name)
            .map(|file| Arc::clone(&file.language))
    }
}

fn set(table: &mut Vec<u32>, path: PathId, number: u32) {
    let index = path.0 as usize;
    if index >= table.len() {
        table.resize(index + 1, NOWHERE);
    }
    table[index] = number;
}

fn insert<T: Ord>(sorted: &mut Vec<T>, item: T) {
    if let Err(place) = sorted.binary_search(&item) {
        sorted.insert(place, item);
    }
}

fn take<T: Ord>(sorted: &mut Vec<T>, item: &T) {
    if let Ok(place) = sorted.binary_search(item) {
        sorted.remove(place);
    }
}

fn range_of<K: Ord + Copy>(sorted: &[(K, u32)], key: K) -> impl Iterator<Item = u32> {
    let first = sorted.partition_point(|(known, _)| *known < key);
    let found = sorted[first..].iter().take_while(move |(known, _)| *known == key);
    found.map(|(_, number)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use codemem_core::ids::Hash128;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    /// A file whose ids follow from its path and content.
    fn file(path: &str, path_id: u32, content: u32) -> ViewFile {
        ViewFile {
            path: RepoPath::new(path).expect("valid"),
            path_id: PathId(path_id),
            content: ContentId(content),
            hash: Hash128([content as u8; 16]),
            stamp: FileStamp { size: 1, mtime_ns: 0 },
            language: "text".into(),
            summary: TextId(content % 3),
        }
    }

    /// All that a search can see of a view, in a form that does not depend on numbers.
    fn seen(view: &View, paths: &[String]) -> Vec<String> {
        let name = |number: u32| view.file(number).path.to_string();
        let mut lines: Vec<String> = view.files().map(|file| format!("{file:?}")).collect();
        for id in 0..100 {
            let sorted = |numbers: Vec<u32>| numbers.into_iter().map(name).collect::<BTreeSet<_>>();
            lines.push(format!(
                "{id} {:?} {:?} {:?} {} {}",
                view.at(PathId(id)).map(name),
                sorted(view.holding(ContentId(id)).collect()),
                sorted(view.summarised(TextId(id)).collect()),
                view.contents().contains(id),
                view.paths().contains(id),
            ));
        }
        for path in paths {
            let below: Vec<String> = view.below(path).map(|file| file.path.to_string()).collect();
            lines.push(format!(
                "{path} {:?} {below:?}",
                view.find(path).map(|file| file.content)
            ));
        }
        lines
    }

    proptest! {
        #[test]
        fn a_patched_view_shows_what_a_fresh_one_shows(
            edits in proptest::collection::vec(
                proptest::collection::vec(("[a-f](/[a-c]){0,2}", proptest::option::of(0_u32..12)), 1..120),
                1..8,
            ),
        ) {
            let mut ids: BTreeMap<String, u32> = BTreeMap::new();
            let mut model: BTreeMap<String, u32> = BTreeMap::new();
            let mut view = View::default();
            for edit in edits {
                let last: BTreeMap<String, Option<u32>> = edit.into_iter().collect();
                let mut patch = Patch::default();
                for (path, content) in last {
                    let next = ids.len() as u32;
                    let id = *ids.entry(path.clone()).or_insert(next);
                    if let Some(content) = content {
                        patch.put.push(file(&path, id, content));
                        model.insert(path, content);
                    } else {
                        patch.removed.push(PathId(id));
                        model.remove(&path);
                    }
                }
                let before = view.clone();
                view = view.patched(patch);
                let held = |view: &View| {
                    let file = |number| (number, view.file(number).path.clone(), view.file(number).content);
                    view.numbers().map(file).collect::<Vec<_>>()
                };
                prop_assert!(!view.layout().is(&before.layout()) || held(&view) == held(&before));
                let fresh = View::of(model.iter().map(|(path, content)| file(path, ids[path], *content)).collect());
                let paths: Vec<String> = ids.keys().cloned().collect();
                prop_assert_eq!(view.len(), fresh.len());
                prop_assert_eq!(seen(&view, &paths), seen(&fresh, &paths));
            }
        }
    }

    #[test]
    fn a_patch_shares_what_it_does_not_touch() {
        let files = (0..70_000)
            .map(|n| file(&format!("d{}/f{n}.rs", n % 300), n, n))
            .collect();
        let view = View::of(files);
        let patch = Patch {
            put: vec![file("d0/f0.rs", 0, 70_000)],
            ..Patch::default()
        };
        let next = view.patched(patch);
        let shared = view.blocks.iter().zip(&next.blocks).filter(|(a, b)| Arc::ptr_eq(a, b));
        assert_eq!(shared.count(), view.blocks.len() - 1);
        assert!(Arc::ptr_eq(&view.order, &next.order) && Arc::ptr_eq(&view.by_path, &next.by_path));
        assert_eq!(next.find("d0/f0.rs").map(|file| file.content), Some(ContentId(70_000)));
        assert!(!next.layout().is(&view.layout()), "another content");
        let restamped = Patch {
            restamped: vec![(PathId(0), FileStamp { size: 1, mtime_ns: 2 })],
            ..Patch::default()
        };
        assert!(next.patched(restamped).layout().is(&next.layout()));
    }
}
