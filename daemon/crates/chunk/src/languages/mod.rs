//! The languages with a compiled-in grammar, one file each.
//!
//! To add one: write its file, starting from [`Language::BASE`], and name it in [`ALL`].

mod bash;
mod c;
mod cpp;
mod csharp;
mod css;
mod dart;
mod dockerfile;
mod elixir;
mod erlang;
mod go;
mod haskell;
mod hcl;
mod html;
mod java;
mod javascript;
mod json;
mod julia;
mod kotlin;
mod lua;
mod make;
mod markdown;
mod nix;
mod ocaml;
mod php;
mod proto;
mod python;
mod r;
mod ruby;
mod rust;
mod scala;
mod sql;
mod swift;
mod toml;
mod typescript;
mod yaml;
mod zig;

use crate::language::Language;

/// All of them, sorted by name.
pub(crate) static ALL: &[&Language] = &[
    &bash::BASH,
    &c::C,
    &cpp::CPP,
    &csharp::CSHARP,
    &css::CSS,
    &dart::DART,
    &dockerfile::DOCKERFILE,
    &elixir::ELIXIR,
    &erlang::ERLANG,
    &go::GO,
    &haskell::HASKELL,
    &hcl::HCL,
    &html::HTML,
    &java::JAVA,
    &javascript::JAVASCRIPT,
    &json::JSON,
    &julia::JULIA,
    &kotlin::KOTLIN,
    &lua::LUA,
    &make::MAKE,
    &markdown::MARKDOWN,
    &nix::NIX,
    &ocaml::OCAML,
    &ocaml::OCAML_INTERFACE,
    &php::PHP,
    &proto::PROTO,
    &python::PYTHON,
    &r::R,
    &ruby::RUBY,
    &rust::RUST,
    &scala::SCALA,
    &sql::SQL,
    &swift::SWIFT,
    &toml::TOML,
    &typescript::TSX,
    &typescript::TYPESCRIPT,
    &yaml::YAML,
    &zig::ZIG,
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_sorted_and_recognition_is_unambiguous() {
        assert!(ALL.is_sorted_by_key(|language| language.name));
        assert!(ALL.len() >= 34, "{} languages", ALL.len());
        let mut seen = HashSet::new();
        for language in ALL {
            for key in language.extensions.iter().chain(language.file_names) {
                assert!(seen.insert(*key), "{key} is claimed twice");
            }
        }
    }
}
