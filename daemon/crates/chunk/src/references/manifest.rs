//! What a manifest calls the package that it stands for.

use codemem_core::path::RepoPath;
use codemem_core::reference::{Binding, Origin, References};

/// The name under which [`References`] carry it.
const PACKAGE: &str = "@package";

/// What a manifest says; nothing for any other file.
pub(crate) fn read(path: &RepoPath, text: &str) -> References {
    let name = match path.file_name() {
        "go.mod" => text.lines().find_map(|line| line.trim().strip_prefix("module ")),
        "Cargo.toml" => section(text, "package").and_then(|lines| value(lines, "name", '=')),
        "package.json" => value(text, "\"name\"", ':'),
        _ => None,
    };
    let name = name
        .map(|name| name.trim().trim_matches('"'))
        .filter(|name| !name.is_empty() && name.len() <= Origin::MAX);
    let bindings = name.map(|name| Binding {
        owner: None,
        name: PACKAGE.to_owned(),
        value: Origin(name.to_owned()),
    });
    References {
        bindings: bindings.into_iter().collect(),
        ..References::default()
    }
}

/// The lines of a TOML section.
fn section<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let start = text.find(&format!("[{name}]"))?;
    let rest = &text[start + name.len() + 2..];
    Some(rest.find("\n[").map_or(rest, |end| &rest[..end]))
}

/// The string on the first line that begins with a key.
fn value<'t>(text: &'t str, key: &str, joint: char) -> Option<&'t str> {
    text.lines().find_map(|line| {
        let rest = line.trim().strip_prefix(key)?.trim_start().strip_prefix(joint)?;
        rest.trim_start().strip_prefix('"')?.split('"').next()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_name_their_package() {
        for (path, text, expected) in [
            (
                "go.mod",
                "// x\nmodule github.com/a/b\n\ngo 1.22\n",
                Some("github.com/a/b"),
            ),
            (
                "Cargo.toml",
                "[workspace]\nname = \"no\"\n[package]\nname = \"axum-core\"\n",
                Some("axum-core"),
            ),
            ("Cargo.toml", "[dependencies]\nname = \"1\"\n", None),
            ("a/package.json", "{\n  \"name\": \"@a/b\",\n}", Some("@a/b")),
            ("a/other.json", "{\n  \"name\": \"@a/b\",\n}", None),
        ] {
            let path = RepoPath::new(path).expect("valid");
            let found = read(&path, text).bindings;
            assert_eq!(
                found.first().map(|binding| binding.value.0.as_str()),
                expected,
                "{text}"
            );
        }
    }
}
