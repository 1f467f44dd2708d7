//! Everything that is printed. Answers go to stdout, everything else to stderr.
//!
//! The only module of the command line that touches either stream.

pub(crate) mod human;
pub(crate) mod json;
mod progress;
mod style;

pub(crate) use progress::Progress;
pub(crate) use style::Style;

use crate::error::{CliError, Exit};
use codemem_proto::env::{Env, Variable};
use codemem_proto::request::RequestId;
use serde::Serialize;
use std::io::{self, BufWriter, IsTerminal as _, Write};

/// Where answers and remarks go, and in which form.
pub(crate) struct Output {
    answers: Box<dyn Write>,
    remarks: Box<dyn Write>,
    json: bool,
    quiet: bool,
    answer_style: Style,
    remark_style: Style,
    is_watched: bool,
}

impl Output {
    /// The streams of this process.
    pub(crate) fn of_process(json: bool, quiet: bool, env: &Env) -> Self {
        let colours = env.get(Variable::NoColor).is_none();
        let (stdout, stderr) = (io::stdout(), io::stderr());
        Self {
            json,
            quiet,
            answer_style: Style::new(colours && stdout.is_terminal()),
            remark_style: Style::new(colours && stderr.is_terminal()),
            is_watched: stderr.is_terminal(),
            answers: Box::new(BufWriter::new(stdout)),
            remarks: Box::new(stderr),
        }
    }

    /// Prints the answer in the form that was asked for.
    pub(crate) fn answer<T: Serialize>(
        &mut self,
        human: impl FnOnce(Style) -> String,
        json: impl FnOnce() -> T,
    ) -> Result<(), CliError> {
        let text = if self.json {
            let mut text = serde_json::to_string(&json()).map_err(|error| CliError::Output(error.into()))?;
            text.push('\n');
            style::escaped(text)
        } else {
            human(self.answer_style)
        };
        self.raw(text.as_bytes())
    }

    /// Hands a person a part of the answer as soon as it is known. Programs get the whole from [`Self::answer`].
    pub(crate) fn part(&mut self, human: impl FnOnce(Style) -> String) -> Result<(), CliError> {
        if self.json {
            return Ok(());
        }
        let text = human(self.answer_style);
        self.raw(text.as_bytes())?;
        self.flush()
    }

    /// Prints one line of JSON lines, in whatever form the answer was asked for.
    pub(crate) fn line<T: Serialize>(&mut self, line: &T) -> Result<(), CliError> {
        let mut text = serde_json::to_string(line).map_err(|error| CliError::Output(error.into()))?;
        text.push('\n');
        self.raw(style::escaped(text).as_bytes())
    }

    /// What a search for something that is not there exits with. A program reads in the answer itself that it is empty.
    pub(crate) fn exit_of(&self, is_empty: bool) -> Exit {
        if is_empty && !self.json {
            Exit::NothingFound
        } else {
            Exit::Success
        }
    }

    /// Whether a person sees what is going on.
    pub(crate) fn is_watched(&self) -> bool {
        self.is_watched
    }

    /// Prints bytes as they are.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> Result<(), CliError> {
        self.answers.write_all(bytes).map_err(CliError::Output)
    }

    /// Hands on what was printed so far.
    pub(crate) fn flush(&mut self) -> Result<(), CliError> {
        self.answers.flush().map_err(CliError::Output)
    }

    /// Hands on the rest of the answer.
    pub(crate) fn finish(&mut self) -> Result<(), CliError> {
        self.flush()
    }

    /// A remark for a person.
    pub(crate) fn note(&mut self, text: &str) {
        if !self.quiet {
            self.remark(&style::clean_lines(text));
        }
    }

    /// A remark that matters less.
    pub(crate) fn aside(&mut self, text: &str) {
        if !self.quiet {
            let text = self.remark_style.dim(&style::clean_lines(text));
            self.remark(&text);
        }
    }

    /// Something that went wrong although there is an answer.
    pub(crate) fn warn(&mut self, text: &str) {
        let label = self.remark_style.warning("warning:");
        self.remark(&format!("{label} {}", style::clean_lines(text)));
    }

    /// Why there is no answer, and what to do.
    pub(crate) fn error(&mut self, error: &CliError) {
        let style = self.remark_style;
        self.remark(&format!(
            "{} {}",
            style.error("error:"),
            style::clean_lines(&error.message())
        ));
        self.remark(&format!(
            "{} {}",
            style.hint("hint:"),
            style::clean_lines(&error.hint())
        ));
    }

    /// Under which name the daemon's log has what happened.
    pub(crate) fn request(&mut self, request: &RequestId) {
        let label = self.remark_style.hint("request:");
        self.remark(&format!(
            "{label} {request}; see `codemem daemon logs --request {request}`"
        ));
    }

    fn remark(&mut self, text: &str) {
        // Nobody is left to be told that nobody listens.
        let _ = writeln!(self.remarks, "{text}");
    }
}

/// Prints what clap has to say about the arguments: help and version are answers.
pub(crate) fn usage(error: &clap::Error) -> Exit {
    let plain = error.render().to_string();
    // It repeats the argument that it does not like, whatever that holds.
    let cleaned = style::clean_lines(&plain);
    // Nobody is left to be told that nobody listens.
    let _ = if cleaned == plain {
        error.print()
    } else {
        write!(io::stderr(), "{cleaned}")
    };
    if !error.use_stderr() {
        return Exit::Success;
    }
    let _ = writeln!(
        io::stderr(),
        "hint: `codemem --help` lists the commands, `codemem COMMAND --help` its options"
    );
    Exit::Usage
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    /// What was printed.
    #[derive(Clone, Default)]
    pub(crate) struct Capture(Arc<Mutex<Vec<u8>>>);

    impl Capture {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().expect("whole").clone()).expect("UTF-8")
        }
    }

    impl Write for Capture {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("whole").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// An output that keeps what is printed: answers, remarks.
    pub(crate) fn captured(json: bool, quiet: bool) -> (Output, Capture, Capture) {
        let (answers, remarks) = (Capture::default(), Capture::default());
        let output = Output {
            answers: Box::new(answers.clone()),
            remarks: Box::new(remarks.clone()),
            json,
            quiet,
            answer_style: Style::new(false),
            remark_style: Style::new(false),
            is_watched: false,
        };
        (output, answers, remarks)
    }

    #[test]
    fn errors_say_what_and_what_next() {
        let (mut output, answers, remarks) = captured(false, true);
        output.error(&CliError::NoLog("/logs".into()));
        assert_eq!(
            remarks.text(),
            "error: there is no log in /logs\nhint: start the daemon with `codemem daemon start`\n"
        );
        assert_eq!(answers.text(), "");
    }

    #[test]
    fn quiet_silences_notes_and_nothing_else() {
        let (mut output, _, remarks) = captured(false, true);
        output.note("by the way");
        output.warn("look out");
        assert_eq!(remarks.text(), "warning: look out\n");
    }
}
