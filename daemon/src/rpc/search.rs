//! The Search service.
//!
//! A search whose client leaves is given up: dropping the call drops what waits, and what runs ends at
//! its next step.

mod answer;

pub(super) use answer::alike;

use super::{Context, convert};
use codemem_core::memory::SessionId;
use codemem_engine as engine;
use codemem_proto::status::{ErrorKind, WireError};
use codemem_proto::v1::search_server::Search;
use codemem_proto::v1::{ExpandRequest, ExpandResponse, Mode, SearchRequest, SearchResponse, Tests};
use std::borrow::Cow;
use std::path::PathBuf;
use std::time::Instant;
use tokio::sync::{Semaphore, SemaphorePermit};
use tonic::{Request, Response, Status};

/// Searches that run or wait for their turn. Each may hold a query of [`MAX_QUERY`] bytes; on two cores the
/// last of so many is answered after some ten seconds, and whoever comes later should rather come again.
const MAX_SEARCHES: usize = 1024;

/// Longest query kept, in bytes: a whole prompt fits, a pasted file is cut.
const MAX_QUERY: usize = 64 * 1024;

/// Longest value of a filter, in bytes.
const MAX_FILTER: usize = 4096;

/// Most roots that are named one by one.
const MAX_ROOTS: usize = 256;

pub(super) struct Service {
    context: Context,
    places: Semaphore,
}

impl Service {
    pub(super) fn new(context: Context) -> Self {
        Self {
            context,
            places: Semaphore::new(MAX_SEARCHES),
        }
    }

    /// A place among the searches that run or wait.
    fn place(&self) -> Result<SemaphorePermit<'_>, Status> {
        self.places.try_acquire().map_err(|_| {
            let error = WireError::new(ErrorKind::Busy, format!("{MAX_SEARCHES} searches wait already"));
            error.with_hint("try again in a moment").into()
        })
    }
}

#[tonic::async_trait]
impl Search for Service {
    async fn search(&self, request: Request<SearchRequest>) -> Result<Response<SearchResponse>, Status> {
        let request = request.into_inner();
        let _place = self.place()?;
        let read_as = mode(request.mode());
        let answer = self.context.engine.search(engine::SearchRequest {
            limit: request.limit as usize,
            budget: request.budget as usize,
            paths: paths(&request.roots, request.all)?,
            all: request.all,
            filters: engine::Filters {
                tests: tests(request.tests()),
                languages: values(request.languages)?,
                path_globs: values(request.path_globs)?,
                kinds: values(request.kinds)?,
            },
            explain: request.explain,
            expand: request.expand,
            session: session(&request.session)?,
            mode: read_as,
            ignore_case: request.ignore_case,
            offset: request.offset as usize,
            query: match read_as {
                engine::Mode::Meaning => readable(&request.query),
                // What is looked for as it stands is not touched; the engine refuses what is too long.
                engine::Mode::Exact | engine::Mode::Regex => request.query,
            },
        });
        let answer = answer.await.map_err(convert::status)?;
        self.context.activity.work();
        Ok(Response::new(answer::answer(answer)))
    }

    async fn expand(&self, request: Request<ExpandRequest>) -> Result<Response<ExpandResponse>, Status> {
        let request = request.into_inner();
        let _place = self.place()?;
        let began = Instant::now();
        if let Some(long) = request.handles.iter().find(|handle| handle.len() > MAX_FILTER) {
            let message = format!("a handle of {} bytes is too long; {MAX_FILTER} are read", long.len());
            return Err(WireError::new(ErrorKind::Usage, message)
                .with_hint("name code as a search shows it: `src/a.rs:10-42@3f2a`")
                .into());
        }
        let expanded = self.context.engine.expand(engine::ExpandRequest {
            paths: paths(&request.roots, request.all)?,
            all: request.all,
            budget: request.budget as usize,
            handles: request.handles,
        });
        let expanded = expanded.await.map_err(convert::status)?;
        self.context.activity.work();
        Ok(Response::new(ExpandResponse {
            expanded: expanded.into_iter().map(answer::expanded).collect(),
            took_ms: began.elapsed().as_secs_f64() * 1_000.0,
        }))
    }
}

/// The part of a query that is read. Control characters separate words and mean nothing else.
fn readable(query: &str) -> String {
    let query = if query.len() <= MAX_QUERY {
        Cow::Borrowed(query)
    } else {
        // A prompt asks at its end as often as at its beginning.
        let (head, tail) = (MAX_QUERY / 2, query.len() - (MAX_QUERY / 2 - 1));
        let (head, tail) = (query.floor_char_boundary(head), query.ceil_char_boundary(tail));
        Cow::Owned(format!("{} {}", &query[..head], &query[tail..]))
    };
    query.replace(|c: char| c.is_control(), " ")
}

/// The session of whoever asks; whose memories may stand beside hits.
fn session(text: &str) -> Result<Option<SessionId>, Status> {
    if text.is_empty() {
        return Ok(None);
    }
    let session = SessionId::new(text).ok_or_else(|| {
        let what = "`session` is no session's id: 1 to 128 characters of `[A-Za-z0-9._:-]` are";
        WireError::new(ErrorKind::Usage, what)
    });
    Ok(Some(session?))
}

/// The roots that are named; at least one, unless all are meant.
fn paths(roots: &[String], all: bool) -> Result<Vec<PathBuf>, Status> {
    if roots.len() > MAX_ROOTS {
        let error = WireError::new(ErrorKind::Usage, format!("{} roots are too many", roots.len()));
        return Err(error
            .with_hint(format!("name at most {MAX_ROOTS}, or ask for all"))
            .into());
    }
    if roots.is_empty() && !all {
        return Err(WireError::new(ErrorKind::Usage, "no root is named")
            .with_hint("give the absolute path of an indexed directory, or ask for all")
            .into());
    }
    roots.iter().map(|root| convert::absolute(root)).collect()
}

fn mode(mode: Mode) -> engine::Mode {
    match mode {
        Mode::Meaning => engine::Mode::Meaning,
        Mode::Exact => engine::Mode::Exact,
        Mode::Regex => engine::Mode::Regex,
    }
}

fn tests(tests: Tests) -> engine::Tests {
    match tests {
        Tests::Any => engine::Tests::Any,
        Tests::Only => engine::Tests::Only,
        Tests::Without => engine::Tests::Without,
    }
}

/// The values of a filter; empty ones say nothing.
fn values(texts: Vec<String>) -> Result<Vec<String>, Status> {
    if let Some(long) = texts.iter().find(|text| text.len() > MAX_FILTER) {
        let message = format!("a filter of {} bytes is too long; {MAX_FILTER} are read", long.len());
        let error = WireError::new(ErrorKind::Usage, message);
        return Err(error
            .with_hint("filter by language and glob, as in `src/**/*.rs`")
            .into());
    }
    Ok(texts.into_iter().filter(|text| !text.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_of_a_query() {
        assert_eq!(readable("a\0b\u{1b}[2J\nc"), "a b [2J c");
        assert_eq!(readable("\0\u{7f}\u{9b}").trim(), "");
        let long = readable(&format!("first {} last", "ü".repeat(MAX_QUERY)));
        assert!(long.len() <= MAX_QUERY && long.starts_with("first ü") && long.ends_with("ü last"));
        let given = ["", "a"].map(str::to_owned).to_vec();
        assert_eq!(values(given).expect("short"), ["a"]);
        assert_eq!(session("").expect("none"), None);
        assert!(session("s-1").expect("one").is_some());
        assert!(session("' OR 1=1").is_err());
        let error = values(vec!["x".repeat(MAX_FILTER + 1)]).expect_err("long");
        assert_eq!(WireError::from_status(&error).kind, ErrorKind::Usage);
    }
}
