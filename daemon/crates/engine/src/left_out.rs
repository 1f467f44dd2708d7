//! The files of a root that are not indexed, as the last pass and the edits since found them.
//!
//! The catalog keeps them only to be counted; an edit changes this list, which is written whole when things have
//! come to rest.

use codemem_core::skip::SkipReason;

/// A file that is not indexed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct LeftOut {
    /// As far as it can be shown.
    pub(crate) path: String,
    pub(crate) reason: SkipReason,
    /// Whether it was worth reading: then it is one of the files that were seen.
    pub(crate) was_read: bool,
}

impl LeftOut {
    /// One that was left out unread.
    pub(crate) fn unread(path: String, reason: SkipReason) -> Self {
        Self {
            path,
            reason,
            was_read: false,
        }
    }

    /// One that was read, or could not be.
    pub(crate) fn read(path: String, reason: SkipReason) -> Self {
        Self {
            path,
            reason,
            was_read: true,
        }
    }
}

/// All of a root's.
#[derive(Default, Debug)]
pub(crate) struct LeftOutFiles {
    /// Sorted; `None` before the first pass of this process.
    files: Option<Vec<LeftOut>>,
    unsaved: bool,
}

impl LeftOutFiles {
    /// Takes what a whole pass found.
    pub(crate) fn replace(&mut self, mut found: Vec<LeftOut>) {
        found.sort_unstable();
        if self.files.as_ref() != Some(&found) {
            self.files = Some(found);
            self.unsaved = true;
        }
    }

    /// Takes what was found at and below some paths.
    pub(crate) fn replace_below(&mut self, paths: &[String], found: Vec<LeftOut>) {
        let Some(files) = &mut self.files else { return };
        let n_before = files.len();
        files.retain(|file| !paths.iter().any(|path| is_at_or_below(&file.path, path)));
        if files.len() < n_before || !found.is_empty() {
            files.extend(found);
            files.sort_unstable();
            self.unsaved = true;
        }
    }

    /// What is to be written, when it is not yet.
    pub(crate) fn unsaved(&self) -> Option<Vec<(String, SkipReason)>> {
        let files = self.files.as_ref().filter(|_| self.unsaved)?;
        Some(files.iter().map(|file| (file.path.clone(), file.reason)).collect())
    }

    /// What was written may be lost.
    pub(crate) fn distrust(&mut self) {
        self.unsaved = self.files.is_some();
    }

    /// It is written.
    pub(crate) fn saved(&mut self) {
        self.unsaved = false;
    }

    /// How many of them were worth reading.
    pub(crate) fn n_read(&self) -> u64 {
        let files = self.files.iter().flatten();
        files.filter(|file| file.was_read).count() as u64
    }

    /// All of them, by path; `None` before the first pass of this process.
    pub(crate) fn files(&self) -> Option<&[LeftOut]> {
        self.files.as_deref()
    }

    /// Whether a pass has found them.
    pub(crate) fn is_known(&self) -> bool {
        self.files.is_some()
    }
}

/// Whether a path is another one, or inside it.
pub(crate) fn is_at_or_below(path: &str, other: &str) -> bool {
    path.strip_prefix(other)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_replaces_what_is_at_and_below_its_paths() {
        let mut files = LeftOutFiles::default();
        files.replace_below(
            &["a".to_owned()],
            vec![LeftOut::unread("a".to_owned(), SkipReason::Binary)],
        );
        assert!(files.unsaved().is_none(), "what else there is, nobody knows yet");
        files.replace(vec![
            LeftOut::read("a/x".to_owned(), SkipReason::Binary),
            LeftOut::unread("ab".to_owned(), SkipReason::TooLarge),
            LeftOut::unread("a".to_owned(), SkipReason::NotAFile),
        ]);
        files.saved();
        files.replace_below(&["b".to_owned()], Vec::new());
        assert!(files.unsaved().is_none(), "nothing changed");
        files.replace_below(
            &["a".to_owned()],
            vec![LeftOut::read("a/y".to_owned(), SkipReason::Generated)],
        );
        let expected = [
            ("a/y".to_owned(), SkipReason::Generated),
            ("ab".to_owned(), SkipReason::TooLarge),
        ];
        assert_eq!(files.unsaved().expect("changed"), expected);
        assert_eq!(files.n_read(), 1);
    }
}
