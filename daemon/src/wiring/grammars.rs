//! The grammars port: where the user's additions lie, and the programs that adding one calls.

use crate::config::Settings;
use codemem_chunk::{GrammarError, GrammarStore, Places, Toolchain, TreeSitterExtractor};
use codemem_proto::env::{Env, Variable};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Below the data directory.
const GRAMMARS: &str = "grammars";

/// Beside the configuration file.
const QUERIES: &str = "queries";

/// Where the user's additions lie.
pub(super) fn places(settings: &Settings) -> Places {
    let configuration = settings.directories.config_file().parent();
    Places {
        grammars: settings.directories.data().join(GRAMMARS),
        queries: configuration.unwrap_or(Path::new("/")).join(QUERIES),
    }
}

/// The store of grammars beside the extractor that reads with them.
pub(super) fn store(settings: &Settings, env: &Env, extractor: Arc<TreeSitterExtractor>) -> GrammarStore {
    let program = |variable, fallback: &str| env.get(variable).map_or_else(|| fallback.into(), OsString::from);
    let tools = Toolchain {
        cc: program(Variable::Cc, "cc"),
        cxx: program(Variable::Cxx, "c++"),
        checker: std::env::current_exe().unwrap_or_else(|_| PathBuf::from("codememd")),
    };
    GrammarStore::new(places(settings), tools, !settings.offline, extractor)
}

/// What the checker does: tries the grammar of a language that lies in a directory.
pub(crate) fn check(language: &str, directory: &Path) -> Result<(), GrammarError> {
    codemem_chunk::check_grammar(language, directory)
}
