//! Compiling a grammar's source with the system's compiler.

use super::process::run;
use super::{GrammarError, Toolchain};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Longest that one call of the compiler may take. The largest grammars take two minutes on a slow machine.
const CAP: Duration = Duration::from_mins(10);

/// The source of a grammar: its parser, and its scanner when it has one.
pub(super) struct GrammarSource {
    parser: PathBuf,
    /// In C, or in C++ when the extension says so.
    scanner: Option<PathBuf>,
}

impl GrammarSource {
    /// Finds it below the directory of a grammar, or in the directory itself.
    pub(super) fn find(directory: &Path) -> Option<Self> {
        let inside = [directory.join("src"), directory.to_path_buf()];
        let inside = inside.into_iter().find(|inside| inside.join("parser.c").is_file())?;
        let scanners = ["scanner.c", "scanner.cc", "scanner.cpp"].map(|name| inside.join(name));
        Some(Self {
            parser: inside.join("parser.c"),
            scanner: scanners.into_iter().find(|path| path.is_file()),
        })
    }

    /// Compiles and links it into `library`; intermediate files go to `scratch`.
    pub(super) fn build(&self, tools: &Toolchain, scratch: &Path, library: &Path) -> Result<(), GrammarError> {
        let include = self.parser.parent().unwrap_or(scratch);
        let mut linker = &tools.cc;
        let mut objects = Vec::new();
        for (source, name) in [(Some(&self.parser), "parser.o"), (self.scanner.as_ref(), "scanner.o")] {
            let Some(source) = source else { continue };
            let is_cxx = source.extension().is_some_and(|extension| extension != "c");
            let compiler = if is_cxx { &tools.cxx } else { &tools.cc };
            if is_cxx {
                linker = &tools.cxx;
            }
            let object = scratch.join(name);
            let mut command = command(compiler, scratch);
            command.args(["-O2", "-fPIC", "-c"]);
            command.arg("-I").arg(include).arg(source).arg("-o").arg(&object);
            call(&mut command)?;
            objects.push(object);
        }
        let mut link = command(linker, scratch);
        link.args(["-shared", "-fPIC"]).args(&objects).arg("-o").arg(library);
        call(&mut link)
    }
}

/// The compiler as the user names it: a program, perhaps with arguments (`ccache gcc`). What it puts aside while it
/// works goes to `scratch` as well: elsewhere there may be no place to write.
fn command(compiler: &OsStr, scratch: &Path) -> Command {
    let mut command = match compiler.to_str() {
        Some(text) => {
            let mut words = text.split_ascii_whitespace();
            let mut command = Command::new(words.next().unwrap_or_default());
            command.args(words);
            command
        }
        None => Command::new(compiler),
    };
    command.env("TMPDIR", scratch);
    command
}

fn call(command: &mut Command) -> Result<(), GrammarError> {
    let ended = run(command, CAP)?;
    if ended.status.success() {
        return Ok(());
    }
    Err(GrammarError::Compile {
        program: command.get_program().to_string_lossy().into_owned(),
        output: ended.said,
    })
}
