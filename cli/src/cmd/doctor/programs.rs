//! The three programs: found, able to run, of one version.

use super::{bad, good, warning};
use crate::context::Context;
use codemem_proto::env::Variable;
use codemem_proto::v1::Finding;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const OURS: &str = env!("CARGO_PKG_VERSION");

const SHIM: &str = "codemem-mcp";

const REINSTALL: &str = "install codemem again, so that its three programs are of one version";

pub(super) fn examine(context: &Context) -> Vec<Finding> {
    let this = std::env::current_exe().ok();
    let shown = this
        .as_deref()
        .map(|path| path.display().to_string())
        .unwrap_or_default();
    let daemon = match context.launcher.program() {
        Ok(program) => judge("codememd", &program, version(&program)),
        Err(error) => bad("codememd", error.to_string(), error.hint()),
    };
    vec![
        good("codemem", format!("{OURS}, {shown}")),
        daemon,
        shim(context, this.as_deref()),
    ]
}

/// The shim beside this program, else on PATH: an agent looks for it there.
fn shim(context: &Context, this: Option<&Path>) -> Finding {
    let beside = this.and_then(Path::parent).map(|directory| directory.join(SHIM));
    match beside
        .into_iter()
        .chain(on_path(context, SHIM))
        .find(|path| path.is_file())
    {
        Some(program) => judge(SHIM, &program, version(&program)),
        None => warning(
            SHIM,
            "neither beside codemem nor on PATH; agents cannot reach codemem without it",
            "install it beside codemem: `cargo install --path shim`",
        ),
    }
}

/// Where a program may be on PATH.
pub(super) fn on_path(context: &Context, program: &str) -> Vec<PathBuf> {
    let path = context.env.get(Variable::Path);
    let directories = path.map(|path| std::env::split_paths(path).collect::<Vec<_>>());
    let absolute = directories
        .unwrap_or_default()
        .into_iter()
        .filter(|directory| directory.is_absolute());
    absolute.map(|directory| directory.join(program)).collect()
}

/// The last word of what `--version` prints.
fn version(program: &Path) -> io::Result<String> {
    let output = Command::new(program).arg("--version").stdin(Stdio::null()).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    match text.split_whitespace().last() {
        Some(version) if output.status.success() => Ok(version.to_owned()),
        _ => Err(io::Error::other(format!("`--version` ended with {}", output.status))),
    }
}

fn judge(name: &str, program: &Path, version: io::Result<String>) -> Finding {
    let shown = program.display();
    match version {
        Ok(version) if version == OURS => good(name, format!("{version}, {shown}")),
        Ok(version) => warning(name, format!("{version}, {shown}; this program is {OURS}"), REINSTALL),
        Err(error) => bad(name, format!("{shown} does not run: {error}"), REINSTALL),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use codemem_proto::v1::Verdict;

    #[test]
    fn a_program_is_judged_by_its_version() {
        let path = Path::new("/bin/codememd");
        for (version, expected) in [
            (Ok(OURS.to_owned()), Verdict::Good),
            (Ok("0.0.1".to_owned()), Verdict::Warning),
            (Err(io::Error::other("no")), Verdict::Bad),
        ] {
            let finding = judge("codememd", path, version);
            assert_eq!(finding.verdict(), expected, "{finding:?}");
            assert_eq!(finding.remedy.is_empty(), expected == Verdict::Good);
        }
    }

    #[test]
    fn what_does_not_run_is_an_error() {
        assert!(version(Path::new("/no/such/program")).is_err());
        assert!(version(Path::new("/bin/false")).is_err());
    }
}
