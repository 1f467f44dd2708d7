//! Expanding: more of what an answer has shown, as the files stand now.
//!
//! Only files that a search could have shown are read: those of a registered root that its index has, or that a scan of it
//! would find.

use super::entry::Chosen;
use super::handle::{self, Handle, Place};
use super::memo::Memo;
use super::whole::{Kept, Missing, Whole};
use crate::EngineError;
use crate::config::Ports;
use crate::engine::{Engine, blocking};
use crate::pass::{hash, into_text};
use crate::view::View;
use codemem_core::path::RepoPath;
use codemem_core::ports::{PortErrorKind, ScanEntry};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Tokens of an answer when the caller does not say.
const DEFAULT_BUDGET: usize = 4_000;

/// Most handles of a request.
const MAX_HANDLES: usize = 50;

/// Tokens of what is said of each piece of code.
const HEAD: usize = 30;

/// A request for more of what was shown.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ExpandRequest {
    /// `path:start-end@hash` as an answer has it, `path:line` or `path#symbol`.
    pub handles: Vec<String>,
    /// Paths inside the roots that paths are relative to. Handles of other registered roots are understood by their label.
    pub paths: Vec<PathBuf>,
    /// Every registered root, whatever `paths` has.
    pub all: bool,
    /// Most tokens of the answer as text; 0 means 4000.
    pub budget: usize,
}

/// What a handle names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expanded {
    /// The handle as it was asked for.
    pub asked: String,
    /// The code; or why there is none, and what to do about it.
    pub outcome: Result<Code, Refusal>,
}

/// Some code as it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Code {
    /// How it relates to what was named.
    pub kept: Kept,
    /// Relative to the root, behind its label where the handle had one.
    pub path: String,
    /// The root.
    pub root: PathBuf,
    /// First line of the text, from 1 on.
    pub start_line: u32,
    /// Last line of it.
    pub end_line: u32,
    /// Names these lines from now on.
    pub handle: String,
    /// Kind of the definition, `text` where it is none.
    pub kind: String,
    /// Its qualified name, or nothing.
    pub name: String,
    /// The file's language.
    pub language: String,
    /// The lines. Where they are the middle of a definition, its signature and a line `…` come before them.
    pub text: String,
    /// Handles of what did not fit, and of other definitions of the name.
    pub left_out: Vec<String>,
}

/// Why there is no code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// What is wrong.
    pub problem: String,
    /// What to do instead.
    pub hint: String,
}

impl Refusal {
    fn new(problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            hint: hint.into(),
        }
    }
}

/// Where handles may lead.
struct Roots<'a> {
    ports: &'a Ports,
    memo: &'a Memo,
    /// Those that were asked about.
    chosen: &'a [Chosen],
    /// All there are, with the labels that they have together.
    all: &'a [Chosen],
    max_file_bytes: u64,
}

/// A file that may be read.
struct Found<'a> {
    root: &'a Path,
    /// As it is named in the answer.
    shown: String,
    path: RepoPath,
}

impl Engine {
    /// Shows the whole of what handles name, as it stands in the files now.
    pub async fn expand(&self, request: ExpandRequest) -> Result<Vec<Expanded>, EngineError> {
        if request.handles.is_empty() || request.handles.len() > MAX_HANDLES {
            return Err(EngineError::Invalid {
                message: format!(
                    "{} handles are asked for; 1 to {MAX_HANDLES} may be",
                    request.handles.len()
                ),
                hint: "name them as a search shows them: `src/a.rs:10-42@3f2a`".to_owned(),
            });
        }
        let chosen = self.choose(&request.paths, request.all).await?;
        let all = self.choose(&[], true).await?;
        let permits = Arc::clone(self.inner.search_permits());
        let permit = permits.acquire_owned().await.map_err(|_| EngineError::Stopping)?;
        let inner = Arc::clone(&self.inner);
        let expand = blocking("expand", move || {
            let _permit = permit;
            let roots = Roots {
                ports: &inner.ports,
                memo: inner.memo(),
                chosen: &chosen,
                all: &all,
                max_file_bytes: inner.max_file_bytes(),
            };
            roots.expand_each(&request)
        });
        expand.await
    }
}

impl Roots<'_> {
    fn expand_each(&self, request: &ExpandRequest) -> Vec<Expanded> {
        let mut left = match request.budget {
            0 => DEFAULT_BUDGET,
            tokens => tokens,
        };
        let n_handles = request.handles.len();
        let mut expanded = Vec::with_capacity(n_handles);
        for (at, asked) in request.handles.iter().enumerate() {
            // What short pieces leave over, those behind them may use.
            let share = left / (n_handles - at);
            let outcome = self.expand(asked, share.saturating_sub(HEAD));
            let spent = match &outcome {
                Ok(code) => codemem_core::tokens::estimate(&code.text) + HEAD,
                Err(_) => HEAD,
            };
            left = left.saturating_sub(spent);
            expanded.push(Expanded {
                asked: asked.clone(),
                outcome,
            });
        }
        expanded
    }

    fn expand(&self, asked: &str, budget: usize) -> Result<Code, Refusal> {
        let handle = Handle::parse(asked).ok_or_else(|| {
            Refusal::new(
                "this is no handle",
                "name code as a search shows it (`src/a.rs:10-42@3f2a`), or as `path:line` or `path#symbol`",
            )
        })?;
        let found = self.find(handle.path)?;
        let read = self.ports.source.read(found.root, &found.path, self.max_file_bytes);
        let bytes = read.map_err(|error| {
            let hint = match error.kind {
                PortErrorKind::NotFound => "search again: the file is gone",
                PortErrorKind::Unavailable
                | PortErrorKind::Corrupt
                | PortErrorKind::DiskFull
                | PortErrorKind::Denied
                | PortErrorKind::Mismatch
                | PortErrorKind::Failed => "read the file by other means",
            };
            Refusal::new(codemem_core::error::chain(&error), hint)
        })?;
        let hash_now = hash(&bytes);
        let source = into_text(bytes);
        let extract = || self.ports.extractor.extract(&found.path, source.as_bytes());
        // A grammar that gives up on a file must not take the answer with it.
        let now = catch_unwind(AssertUnwindSafe(extract)).ok().and_then(Result::ok);
        let now =
            now.ok_or_else(|| Refusal::new("the file is no source that can be read", "read it by other means"))?;
        let n_lines = source.lines().count() as u32;
        let (is_changed, named) = match &handle.place {
            Place::Lines(start, end, Some(digits)) => {
                let is_changed = !hash_now.to_hex().starts_with(&digits.to_lowercase());
                let named = || self.memo.named(found.root, found.path.as_str(), *start, *end, digits);
                (is_changed, is_changed.then(named).flatten())
            }
            Place::Lines(_, _, None) | Place::Symbol(_) => (false, None),
        };
        let whole = Whole::of(&now, n_lines, &handle.place, is_changed, named.as_ref());
        let whole = whole.map_err(|missing| match (missing, &handle.place) {
            (Missing::Gone, _) => {
                let what = named.map_or_else(|| "what stood there".to_owned(), |named| format!("`{}`", named.name));
                let problem = format!("`{}` has changed since, and {what} is gone from it", found.shown);
                Refusal::new(problem, "search again")
            }
            (Missing::Nowhere, Place::Symbol(name)) => Refusal::new(
                format!("`{}` defines no `{name}`", found.shown),
                "search for the name: it may be defined elsewhere",
            ),
            (Missing::Nowhere, Place::Lines(..)) => Refusal::new(
                format!("`{}` has {n_lines} lines", found.shown),
                "name a line that is there",
            ),
        })?;
        let text = whole.text(&source, &found.shown, hash_now, budget);
        let symbol = whole.symbol.as_ref();
        Ok(Code {
            kept: whole.kept,
            root: found.root.to_path_buf(),
            start_line: text.lines.start,
            end_line: text.lines.end,
            handle: handle::name(&found.shown, text.lines.start, text.lines.end, hash_now),
            kind: symbol.map_or("text", |symbol| symbol.kind.as_str()).to_owned(),
            name: symbol.map(|symbol| symbol.qualified_name.clone()).unwrap_or_default(),
            language: now.language,
            text: text.text,
            left_out: text.left_out,
            path: found.shown,
        })
    }

    /// The file of a path as an answer shows it: relative to the root that is asked about, behind the label of one of
    /// several, behind a label of any, or absolute.
    fn find(&self, path: &str) -> Result<Found<'_>, Refusal> {
        let path = path.trim_start_matches("./");
        if path.starts_with('/') {
            let holders = self.all.iter().filter(|one| Path::new(path).starts_with(&one.root));
            let holder = holders.max_by_key(|one| one.root.as_os_str().len());
            let found = holder.and_then(|one| {
                let relative = Path::new(path).strip_prefix(&one.root).ok()?.to_str()?;
                self.at(one, relative, path)
            });
            return found.ok_or_else(|| not_there(path));
        }
        let plain = self.chosen.iter().filter_map(|one| self.at(one, path, path));
        let labelled = |ones: &'_ [Chosen]| -> Vec<(usize, String)> {
            let strip = |(at, one): (usize, &Chosen)| {
                let rest = path.strip_prefix(one.label.as_str())?.strip_prefix('/')?;
                (!one.label.is_empty()).then(|| (at, rest.to_owned()))
            };
            ones.iter().enumerate().filter_map(strip).collect()
        };
        let mut found: Vec<Found<'_>> = Vec::new();
        for (at, rest) in labelled(self.chosen) {
            found.extend(self.at(&self.chosen[at], &rest, path));
        }
        if found.is_empty() {
            found.extend(plain);
        }
        if found.is_empty() {
            for (at, rest) in labelled(self.all) {
                found.extend(self.at(&self.all[at], &rest, path));
            }
        }
        match found.len() {
            0 => Err(not_there(path)),
            1 => Ok(found.remove(0)),
            _ => Err(Refusal::new(
                format!("several roots have a `{path}`"),
                "put the label of one before it, as a search shows it, or name the root",
            )),
        }
    }

    /// A file of a root, if a search could have shown it.
    fn at<'a>(&self, one: &'a Chosen, relative: &str, shown: &str) -> Option<Found<'a>> {
        let path = RepoPath::new(relative)?;
        let view = one.handle.view.load_full();
        let is_indexed = view
            .as_deref()
            .is_some_and(|view: &View| view.find(path.as_str()).is_some());
        (is_indexed || self.is_scanned(&one.root, &path)).then(|| Found {
            root: &one.root,
            shown: shown.to_owned(),
            path,
        })
    }

    fn is_scanned(&self, root: &Path, path: &RepoPath) -> bool {
        let mut is_there = false;
        let mut sink = |entry: ScanEntry| {
            is_there |= matches!(&entry, ScanEntry::File(found, _) if found == path);
            ControlFlow::Continue(())
        };
        let paths = [PathBuf::from(path.as_str())];
        // What cannot be looked at is not shown.
        let looked = self.ports.source.look(root, &paths, self.max_file_bytes, &mut sink);
        looked.is_ok() && is_there
    }
}

fn not_there(path: &str) -> Refusal {
    Refusal::new(
        format!("no indexed directory that was asked about has a `{path}`"),
        "name the path as a search shows it, and the root with it",
    )
}
