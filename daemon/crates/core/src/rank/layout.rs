//! What the paths of all candidates of one root say together: older versions kept beside newer ones, the directory in
//! which most of the answer lies, the package that gave the project its name.

use super::feature::{module_name, plain};
use super::{Evidence, Place};
use crate::path::RepoPath;
use crate::query::Query;
use std::collections::HashMap;

/// Files of one directory whose scores are summed: a directory does not rank higher for being large.
const FILES_PER_DIRECTORY: usize = 3;

/// How deep a package lies at most: `src/NAME`, `packages/NAME`.
const PACKAGE_DEPTH: usize = 2;

/// Source files directly in the root from which on the root itself is the package: a build script or two are none.
const ROOT_FILES: usize = 8;

/// What the candidates of one directory have in common.
#[derive(Default)]
struct Directory {
    /// Scores of its files.
    files: Vec<f32>,
    /// The sum of the best of them.
    score: f32,
    /// It lies in a version that is not the newest.
    is_older: bool,
    /// It lies in the package that the project is named after.
    is_in_package: bool,
}

/// Adds to the candidates of one root what they say about each other. `project` is what the root is called.
pub fn survey(query: &Query, project: &str, candidates: &mut [&mut Evidence]) {
    let project = plain(project);
    let paths: Vec<RepoPath> = candidates.iter().map(|one| one.path.clone()).collect();
    let mut directories: HashMap<&str, Directory> = HashMap::new();
    for (path, one) in paths.iter().zip(candidates.iter()) {
        let directory = directories.entry(path.directory()).or_default();
        directory.files.push(one.file);
    }
    let newest = newest_versions(directories.keys().copied());
    // Who names a version wants that one.
    let is_named = |version: u32| {
        let name = format!("v{version}");
        query.terms.iter().any(|term| term.text == name)
    };
    for (path, directory) in &mut directories {
        directory.files.sort_by(|a, b| b.total_cmp(a));
        directory.score = directory.files.iter().take(FILES_PER_DIRECTORY).sum();
        directory.is_in_package = is_in_package(path, &project);
        directory.is_older = versions(path)
            .any(|(parent, version)| newest.get(parent).is_some_and(|newest| version < *newest) && !is_named(version));
    }
    let in_root = paths.iter().filter(|path| path.directory().is_empty());
    let n_in_root = in_root.filter(|path| Place::of(path) == Place::Source).count();
    let has_package = n_in_root <= ROOT_FILES && directories.values().any(|directory| directory.is_in_package);
    for (path, one) in paths.iter().zip(candidates) {
        let directory = &directories[path.directory()];
        one.directory = directory.score;
        one.is_older = directory.is_older;
        // The file that is called so belongs to the package, and makes none.
        one.is_outside = has_package && !directory.is_in_package && plain(module_name(path)) != project;
    }
}

/// The highest version of those that lie in one directory, by that directory.
fn newest_versions<'d>(directories: impl Iterator<Item = &'d str>) -> HashMap<&'d str, u32> {
    let mut newest: HashMap<&str, u32> = HashMap::new();
    for (parent, version) in directories.flat_map(versions) {
        let highest = newest.entry(parent).or_insert(version);
        *highest = version.max(*highest);
    }
    newest
}

/// The directories on the way that are called by a version (`v3`), each with what it lies in.
fn versions(directory: &str) -> impl Iterator<Item = (&str, u32)> {
    let mut start = 0;
    directory.split('/').filter_map(move |name| {
        let parent = &directory[..start];
        start += name.len() + 1;
        let number = name.strip_prefix(['v', 'V'])?;
        Some((parent, number.parse().ok()?))
    })
}

fn is_in_package(directory: &str, project: &str) -> bool {
    let mut packages = directory.split('/').take(PACKAGE_DEPTH);
    !project.is_empty() && packages.any(|directory| plain(directory) == project)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surveyed(paths: &[&str]) -> Vec<Evidence> {
        surveyed_for("routes", paths)
    }

    fn surveyed_for(query: &str, paths: &[&str]) -> Vec<Evidence> {
        let mut candidates: Vec<Evidence> = paths
            .iter()
            .map(|path| Evidence {
                file: 1.0,
                ..Evidence::new(RepoPath::new(path).expect("valid"))
            })
            .collect();
        survey(
            &Query::parse(query),
            "Path-Router",
            &mut candidates.iter_mut().collect::<Vec<_>>(),
        );
        candidates
    }

    #[test]
    fn a_version_is_older_than_its_neighbour_and_not_than_others() {
        let all = surveyed(&[
            "src/v3/a.ts",
            "src/v4/core/a.ts",
            "other/v1/a.ts",
            "src/v10x/a.ts",
            "v2.ts",
        ]);
        let older: Vec<bool> = all.iter().map(|one| one.is_older).collect();
        assert_eq!(older, [true, false, false, false, false]);
        let asked = surveyed_for("routes of v3", &["src/v3/a.ts", "src/v4/a.ts"]);
        assert!(asked.iter().all(|one| !one.is_older));
    }

    #[test]
    fn what_is_not_in_the_package_of_the_project_is_outside() {
        let all = surveyed(&[
            "path_router/src/a.rs",
            "packages/path-router/b.ts",
            "path_macros/src/a.rs",
            "a/b/path_router/c.rs",
        ]);
        let outside: Vec<bool> = all.iter().map(|one| one.is_outside).collect();
        assert_eq!(outside, [false, false, true, true]);
        for paths in [["src/a.rs", "lib/b.rs"], ["src/path_router.rs", "lib/b.rs"]] {
            assert!(surveyed(&paths).iter().all(|one| !one.is_outside));
        }
        let mut package: Vec<String> = (0..20).map(|n| format!("{n}.rs")).collect();
        package.push("generators/path_router/a.rs".to_owned());
        let package: Vec<&str> = package.iter().map(String::as_str).collect();
        assert!(surveyed(&package).iter().all(|one| !one.is_outside));
    }

    #[test]
    fn a_directory_counts_its_best_files_only() {
        let all = surveyed(&["a/1.rs", "a/2.rs", "a/3.rs", "a/4.rs", "a/5.rs", "b/1.rs"]);
        let of: Vec<f32> = all.iter().map(|one| one.directory).collect();
        assert_eq!((of[0], of[5]), (3.0, 1.0));
    }
}
