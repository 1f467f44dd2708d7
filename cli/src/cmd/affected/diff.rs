//! The lines that differ from a revision, as `git diff` tells them.

use crate::error::CliError;
use codemem_proto::v1::{ChangedFile, LineRange};
use std::path::Path;
use std::process::Command;

/// Files of a directory with their changed lines, as they stand now; files that are gone are left out.
pub(super) fn since(base: &str, directory: &Path) -> Result<Vec<ChangedFile>, CliError> {
    let flags = [
        "--unified=0",
        "--no-color",
        "--no-ext-diff",
        "--relative",
        "--no-renames",
        "--end-of-options",
    ];
    let mut changes = parse(&git(directory, &[&["diff"], &flags[..], &[base, "--", "."]].concat())?);
    // What git does not know yet is new as a whole.
    let untracked = git(directory, &["ls-files", "--others", "--exclude-standard", "-z"])?;
    changes.extend(
        untracked
            .split('\0')
            .filter(|path| !path.is_empty())
            .map(|path| ChangedFile {
                path: path.to_owned(),
                lines: vec![LineRange {
                    start: 1,
                    end: u32::MAX,
                }],
            }),
    );
    Ok(changes)
}

fn git(directory: &Path, arguments: &[&str]) -> Result<String, CliError> {
    let refused = |message: String| CliError::Usage {
        message,
        hint: "name a revision of the repository with `--base`, as in `--base main`".to_owned(),
    };
    let mut git = Command::new("git");
    git.arg("-C")
        .arg(directory)
        .args(["-c", "core.quotePath=false"])
        .args(arguments);
    let done = git
        .output()
        .map_err(|error| refused(format!("git cannot be run: {error}")))?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        let first = said
            .lines()
            .next()
            .unwrap_or("git failed")
            .trim_start_matches("fatal: ")
            .to_owned();
        return Err(refused(first));
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// Reads a diff without context.
fn parse(diff: &str) -> Vec<ChangedFile> {
    let mut changes: Vec<ChangedFile> = Vec::new();
    // Lines of a hunk that are still to come: they may look like headers.
    let mut inside = 0_u64;
    let mut current: Option<ChangedFile> = None;
    for line in diff.lines() {
        if inside > 0 {
            inside -= u64::from(line.starts_with(['+', '-']));
            continue;
        }
        if let Some(path) = line.strip_prefix("+++ ") {
            changes.extend(current.take());
            let path = path.trim_end_matches('\t').trim_matches('"');
            current = path.strip_prefix("b/").map(|path| ChangedFile {
                path: path.to_owned(),
                lines: Vec::new(),
            });
        } else if let Some(hunk) = line.strip_prefix("@@ -") {
            let mut parts = hunk.split(' ');
            let (old, new) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let (_, n_old) = span(old);
            let (start, n_new) = span(new.trim_start_matches('+'));
            inside = u64::from(n_old) + u64::from(n_new);
            if let Some(file) = &mut current {
                // Where lines were only removed, the line before stands for them.
                let start = start.max(1);
                file.lines.push(LineRange {
                    start,
                    end: start + n_new.max(1) - 1,
                });
            }
        }
    }
    changes.extend(current);
    changes
}

/// `12,3`, or `12` for one line.
fn span(text: &str) -> (u32, u32) {
    let (start, count) = text.split_once(',').unwrap_or((text, "1"));
    (start.parse().unwrap_or(0), count.parse().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hunks_are_read_and_their_lines_are_not_taken_for_headers() {
        let diff = "diff --git a/a.py b/a.py\nindex 1..2 100644\n--- a/a.py\n+++ b/a.py\n@@ -3 +3,2 @@ def f():\n-old\n+++ b/no.py\n+new\n\
                    @@ -9,2 +10,0 @@\n-x\n-y\n\\ No newline at end of file\ndiff --git a/gone.py b/gone.py\n--- a/gone.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n\
                    diff --git a/b c.py b/b c.py\n--- a/b c.py\t\n+++ b/b c.py\t\n@@ -1,0 +2 @@\n+z\n";
        let found: Vec<_> = parse(diff)
            .into_iter()
            .map(|file| {
                let lines: Vec<_> = file.lines.iter().map(|lines| (lines.start, lines.end)).collect();
                (file.path, lines)
            })
            .collect();
        assert_eq!(
            found,
            [
                ("a.py".to_owned(), vec![(3, 4), (10, 10)]),
                ("b c.py".to_owned(), vec![(2, 2)])
            ]
        );
    }
}
