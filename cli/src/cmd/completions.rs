//! `codemem completions`: what a shell needs to complete our arguments. Needs no daemon, no home and
//! no environment that makes sense.

use crate::args::{Cli, CompletionsArgs};
use crate::error::{CliError, Exit};
use crate::output::Output;
use clap::CommandFactory as _;

pub(crate) fn run(args: &CompletionsArgs, output: &mut Output) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "codemem", &mut script);
    output.raw(&script)?;
    Ok(Exit::Success)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::tests::captured;
    use clap::ValueEnum as _;
    use clap_complete::Shell;
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    fn script(shell: Shell) -> String {
        let (mut output, answers, remarks) = captured(false, false);
        let exit = run(&CompletionsArgs { shell }, &mut output).expect("written");
        assert_eq!((exit, remarks.text()), (Exit::Success, String::new()));
        answers.text()
    }

    #[test]
    fn every_shell_completes_our_commands() {
        for shell in Shell::value_variants() {
            let script = script(*shell);
            for word in ["search", "service", "uninstall", "dry-run"] {
                assert!(script.contains(word), "{shell}: {word} is missing");
            }
        }
    }

    #[test]
    fn bash_understands_its_script() {
        let bash = Command::new("bash")
            .args(["-n"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let Ok(mut bash) = bash else {
            // Where there is no bash, at least nothing is left open.
            let script = script(Shell::Bash);
            assert_eq!(script.matches('{').count(), script.matches('}').count());
            return;
        };
        let mut input = bash.stdin.take().expect("piped");
        input.write_all(script(Shell::Bash).as_bytes()).expect("read");
        drop(input);
        let outcome = bash.wait_with_output().expect("it ends");
        assert!(
            outcome.status.success() && outcome.stderr.is_empty(),
            "{}",
            String::from_utf8_lossy(&outcome.stderr)
        );
    }
}
