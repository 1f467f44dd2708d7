//! What the paths of all candidates of one root say together: older versions kept beside newer ones, the directory in
//! which most of the answer lies, the package that gave the project its name.

use super::Place;
use super::feature::{Evidence, module_name, plain};
use crate::query::Query;
use std::collections::HashMap;

/// Files of one directory whose scores are summed: a directory does not rank higher for being large.
const FILES_PER_DIRECTORY: usize = 3;

/// How deep a package lies at most: `src/NAME`, `packages/NAME`.
const PACKAGE_DEPTH: usize = 2;

/// Source files directly in the root from which on the root itself is the package: a build script or two are none.
const ROOT_FILES: usize = 8;

/// Adds to the candidates of one root what they say about each other. `project` is what the root is called.
pub fn survey(query: &Query, project: &str, candidates: &mut [&mut Evidence]) {
    let directories = directories(candidates);
    let newest = newest_versions(candidates);
    let project = plain(project);
    // The file that is called so belongs to the package, and makes none.
    let is_inside = |one: &Evidence| is_in_package(one, &project) || plain(module_name(&one.path)) == project;
    let n_in_root = candidates
        .iter()
        .filter(|one| one.path.directory().is_empty() && Place::of(&one.path) == Place::Source)
        .count();
    let has_package = n_in_root <= ROOT_FILES && candidates.iter().any(|one| is_in_package(one, &project));
    // Who names a version wants that one.
    let is_named = |version: u32| {
        let name = format!("v{version}");
        query.terms.iter().any(|term| term.text == name)
    };
    for one in candidates {
        one.directory = directories.get(one.path.directory()).copied().unwrap_or_default();
        one.is_older = versions(one.path.directory())
            .any(|(parent, version)| newest.get(parent).is_some_and(|newest| version < *newest) && !is_named(version));
        one.is_outside = has_package && !is_inside(one);
    }
}

/// The sum of the best file scores of each directory.
fn directories(candidates: &[&mut Evidence]) -> HashMap<String, f32> {
    let mut scores: HashMap<&str, Vec<f32>> = HashMap::new();
    for one in candidates {
        scores.entry(one.path.directory()).or_default().push(one.file);
    }
    let sum = |mut scores: Vec<f32>| {
        scores.sort_by(|a, b| b.total_cmp(a));
        scores.iter().take(FILES_PER_DIRECTORY).sum()
    };
    scores
        .into_iter()
        .map(|(directory, scores)| (directory.to_owned(), sum(scores)))
        .collect()
}

/// The highest version of those that lie in one directory, by that directory.
fn newest_versions(candidates: &[&mut Evidence]) -> HashMap<String, u32> {
    let mut newest: HashMap<String, u32> = HashMap::new();
    for one in candidates {
        for (parent, version) in versions(one.path.directory()) {
            match newest.get_mut(parent) {
                Some(highest) => *highest = version.max(*highest),
                None => {
                    newest.insert(parent.to_owned(), version);
                }
            }
        }
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

fn is_in_package(one: &Evidence, project: &str) -> bool {
    let mut packages = one.path.directory().split('/').take(PACKAGE_DEPTH);
    !project.is_empty() && packages.any(|directory| plain(directory) == project)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::RepoPath;

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
