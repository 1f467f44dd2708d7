//! The languages that the language pack knows: their names, and by which extensions it finds them.
//!
//! The pack finds a language by extension but does not list what it finds; the list beside this file does, and a test
//! holds the two together.

use tree_sitter_language_pack::registry::library_file_name;

/// One language a line: its name, then its extensions.
const LIST: &str = include_str!("pack.txt");

/// A language of the pack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PackLanguage {
    line: &'static str,
}

impl PackLanguage {
    /// The stable lower-case name.
    pub(crate) fn name(self) -> &'static str {
        self.line.split(' ').next().unwrap_or_default()
    }

    /// The extensions, without the dot; none for what has no files of its own.
    pub(crate) fn extensions(self) -> impl Iterator<Item = &'static str> {
        self.line.split(' ').skip(1)
    }

    /// The file name of its grammar on this system, as in `libtree_sitter_ini.so`.
    pub(crate) fn library(self) -> String {
        library_file_name(self.name())
    }
}

/// All of them, sorted by name.
pub(crate) fn all() -> impl Iterator<Item = PackLanguage> {
    LIST.lines().map(|line| PackLanguage { line })
}

/// The one with that name.
pub(crate) fn find(name: &str) -> Option<PackLanguage> {
    all().find(|language| language.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tree_sitter_language_pack::{detect_language_from_extension, has_language};

    #[test]
    fn the_list_is_the_packs() {
        assert_eq!(all().count(), 372);
        let names: Vec<_> = all().map(PackLanguage::name).collect();
        assert!(names.is_sorted());
        for language in all() {
            assert!(has_language(language.name()), "{}", language.name());
            for extension in language.extensions() {
                assert_eq!(
                    detect_language_from_extension(extension),
                    Some(language.name()),
                    "{extension}"
                );
            }
        }
    }
}
