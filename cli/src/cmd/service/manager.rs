//! Running the tools of systemd and launchd, and remembering what came of it.

use crate::output::json::{Step, StepOutcome};
use std::io;
use std::path::Path;
use std::process::Command;

/// The commands of one run, in order. After one that failed the others are left to the user: they build
/// on each other.
pub(super) struct Steps {
    dry_run: bool,
    steps: Vec<Step>,
}

impl Steps {
    pub(super) fn new(dry_run: bool) -> Self {
        Self {
            dry_run,
            steps: Vec::new(),
        }
    }

    /// Runs a command, unless one before it failed.
    pub(super) fn run(&mut self, line: &str) {
        if !self.may_act() {
            return self.note(line, StepOutcome::ToDo, String::new());
        }
        match run(line) {
            Ok(()) => self.note(line, StepOutcome::Done, String::new()),
            Err(said) => self.note(line, StepOutcome::ToDo, said),
        }
    }

    /// Runs a command; says why when it fails, and leaves it at that.
    pub(super) fn run_or_say(&mut self, line: &str) -> Result<(), String> {
        run(line)?;
        self.note(line, StepOutcome::Done, String::new());
        Ok(())
    }

    /// Runs a command whose failure means that there was nothing to do.
    pub(super) fn try_run(&mut self, line: &str) {
        if self.may_act() && run(line).is_ok() {
            self.note(line, StepOutcome::Done, String::new());
        }
    }

    /// Leaves a command to the user.
    pub(super) fn leave(&mut self, line: &str, why: &str) {
        self.note(line, StepOutcome::ToDo, why.to_owned());
    }

    /// Whether something may be changed besides what the commands change.
    pub(super) fn may_act(&self) -> bool {
        !self.dry_run && self.is_unbroken()
    }

    /// Whether every command so far did what it should.
    pub(super) fn is_unbroken(&self) -> bool {
        self.steps.iter().all(|step| step.outcome == StepOutcome::Done)
    }

    pub(super) fn finish(self) -> Vec<Step> {
        self.steps
    }

    fn note(&mut self, command: &str, outcome: StepOutcome, said: String) {
        self.steps.push(Step {
            command: command.to_owned(),
            outcome,
            said,
        });
    }
}

/// Runs a command to its end, which blocks: this program does nothing else meanwhile. The last line it
/// complained with on failure.
fn run(line: &str) -> Result<(), String> {
    let (program, words) = split(line);
    match Command::new(&program).args(words).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let stderr = String::from_utf8_lossy(&output.stderr);
            let last = stderr.lines().rev().find(|line| !line.trim().is_empty());
            Err(last.map_or_else(
                || format!("it ended with {}", output.status),
                |line| line.trim().to_owned(),
            ))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(format!("there is no `{program}` here")),
        Err(error) => Err(error.to_string()),
    }
}

/// A path as a word of a command line, for shells and for [`split`].
pub(super) fn word(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = path
        .chars()
        .all(|character| character.is_ascii_alphanumeric() || "/._-+@%".contains(character));
    if is_plain { path } else { format!("'{path}'") }
}

/// The program and its arguments; spaces separate words but between single quotes.
fn split(line: &str) -> (String, Vec<String>) {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for character in line.chars() {
        match (character, words.last_mut()) {
            ('\'', _) => is_quoted = !is_quoted,
            (' ', _) if !is_quoted => words.push(String::new()),
            (character, Some(word)) => word.push(character),
            (_, None) => {}
        }
    }
    let program = words.remove(0);
    (program, words)
}

/// What a command prints even when it fails, which is how some tools say no; `None` when it says nothing.
pub(super) fn answer(line: &str) -> Option<String> {
    let (program, words) = split(line);
    let output = Command::new(program).args(words).output().ok()?;
    let stdout = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (!stdout.is_empty()).then_some(stdout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_words_again() {
        for path in ["/home/u/a.plist", "/home/a b/c d.plist"] {
            let line = format!("echo -n {}", word(Path::new(path)));
            assert_eq!(
                split(&line),
                ("echo".to_owned(), vec!["-n".to_owned(), path.to_owned()])
            );
        }
    }

    #[test]
    fn after_a_failure_the_rest_is_left_to_do() {
        let mut steps = Steps::new(false);
        for line in ["true", "sh -c 'echo first >&2; echo why >&2; exit 1'", "true"] {
            steps.run(line);
        }
        let told: Vec<_> = steps
            .finish()
            .into_iter()
            .map(|step| (step.outcome, step.said))
            .collect();
        let expected = [
            (StepOutcome::Done, String::new()),
            (StepOutcome::ToDo, "why".to_owned()),
            (StepOutcome::ToDo, String::new()),
        ];
        assert_eq!(told, expected);
        let mut missing = Steps::new(false);
        missing.run("codemem-no-such-program --now");
        assert_eq!(missing.finish()[0].said, "there is no `codemem-no-such-program` here");
    }
}
