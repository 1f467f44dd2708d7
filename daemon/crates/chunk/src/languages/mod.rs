//! The languages with a compiled-in grammar, one file each.
//!
//! To add one: write its file, starting from [`Language::BASE`], and name it in [`ALL`].

mod bash;
mod c;
mod cpp;
mod csharp;
mod go;
mod java;
mod javascript;
mod php;
mod python;
mod ruby;
mod rust;
mod typescript;

use crate::language::Language;

/// All of them, sorted by name.
pub(crate) static ALL: &[&Language] = &[
    &bash::BASH,
    &c::C,
    &cpp::CPP,
    &csharp::CSHARP,
    &go::GO,
    &java::JAVA,
    &javascript::JAVASCRIPT,
    &php::PHP,
    &python::PYTHON,
    &ruby::RUBY,
    &rust::RUST,
    &typescript::TSX,
    &typescript::TYPESCRIPT,
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_sorted_and_recognition_is_unambiguous() {
        assert!(ALL.is_sorted_by_key(|language| language.name));
        let mut seen = HashSet::new();
        for language in ALL {
            for key in language.extensions.iter().chain(language.file_names) {
                assert!(seen.insert(*key), "{key} is claimed twice");
            }
        }
    }
}
