//! What roots are called where several are searched together: as little of their paths as tells them apart.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A label for each root, in order: the directory's name, with as many of its parents as it takes.
pub(super) fn labels(roots: &[PathBuf]) -> Vec<String> {
    let parts: Vec<Vec<String>> = roots.iter().map(|root| names(root)).collect();
    let mut depths = vec![1; roots.len()];
    loop {
        let labels: Vec<String> = parts
            .iter()
            .zip(&depths)
            .map(|(parts, depth)| tail(parts, *depth))
            .collect();
        let mut holders: HashMap<&str, usize> = HashMap::new();
        for label in &labels {
            *holders.entry(label).or_default() += 1;
        }
        let mut is_clear = true;
        for ((depth, parts), label) in depths.iter_mut().zip(&parts).zip(&labels) {
            if holders[label.as_str()] > 1 && *depth < parts.len() {
                *depth += 1;
                is_clear = false;
            }
        }
        if is_clear {
            return labels;
        }
    }
}

fn names(root: &Path) -> Vec<String> {
    let parts = root.components().filter_map(|part| match part {
        std::path::Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        std::path::Component::Prefix(_)
        | std::path::Component::RootDir
        | std::path::Component::CurDir
        | std::path::Component::ParentDir => None,
    });
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() {
        // The whole file system has no name.
        return vec!["root".to_owned()];
    }
    parts
}

fn tail(parts: &[String], depth: usize) -> String {
    parts[parts.len() - depth.min(parts.len())..].join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_little_as_tells_them_apart() {
        for (roots, expected) in [
            (&["/a/app"][..], &["app"][..]),
            (&["/a/app", "/a/lib"], &["app", "lib"]),
            (&["/a/app", "/b/app", "/b/lib"], &["a/app", "b/app", "lib"]),
            (&["/x/a/app", "/y/a/app"], &["x/a/app", "y/a/app"]),
            (&["/app", "/b/app"], &["app", "b/app"]),
            (&["/", "/a"], &["root", "a"]),
            (&["/a/app", "/a/app/a/app"], &["a/app", "app/a/app"]),
        ] {
            let roots: Vec<PathBuf> = roots.iter().map(PathBuf::from).collect();
            assert_eq!(labels(&roots), expected, "{roots:?}");
        }
    }
}
