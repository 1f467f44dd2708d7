//! The Search service.
//!
//! A search whose client leaves is given up: dropping the call drops what waits, and what runs ends at
//! its next step.

use super::{Context, convert};
use codemem_core::memory::SessionId;
use codemem_engine as engine;
use codemem_proto::status::{ErrorKind, WireError};
use codemem_proto::v1::search_server::Search;
use codemem_proto::v1::{SearchRequest, SearchResponse};
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status};

/// Searches that run or wait for their turn. Each may hold a query of [`MAX_QUERY`] bytes; on two cores the
/// last of so many is answered after some ten seconds, and whoever comes later should rather come again.
const MAX_SEARCHES: usize = 1024;

/// Longest query kept, in bytes: a whole prompt fits, a pasted file is cut.
const MAX_QUERY: usize = 64 * 1024;

/// Longest language name or path glob, in bytes.
const MAX_FILTER: usize = 4096;

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
}

#[tonic::async_trait]
impl Search for Service {
    async fn search(&self, request: Request<SearchRequest>) -> Result<Response<SearchResponse>, Status> {
        let request = request.into_inner();
        let Ok(_place) = self.places.try_acquire() else {
            let error = WireError::new(ErrorKind::Busy, format!("{MAX_SEARCHES} searches wait already"));
            return Err(error.with_hint("try again in a moment").into());
        };
        let answer = self.context.engine.search(engine::SearchRequest {
            path: convert::absolute(&request.root)?,
            limit: request.limit as usize,
            language: filter(request.language)?,
            path_glob: filter(request.path_glob)?,
            explain: request.explain,
            session: session(&request.session)?,
            query: readable(&request.query),
        });
        let answer = answer.await.map_err(convert::status)?;
        self.context.activity.work();
        Ok(Response::new(convert::answer(answer)))
    }
}

/// The part of a query that is read. Control characters separate words and mean nothing else.
fn readable(query: &str) -> String {
    let query = &query[..query.floor_char_boundary(MAX_QUERY)];
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

fn filter(text: String) -> Result<Option<String>, Status> {
    if text.len() > MAX_FILTER {
        let message = format!("a filter of {} bytes is too long; {MAX_FILTER} are read", text.len());
        let error = WireError::new(ErrorKind::Usage, message);
        return Err(error
            .with_hint("filter by one language and one glob, as in `src/**/*.rs`")
            .into());
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_of_a_query() {
        assert_eq!(readable("a\0b\u{1b}[2J\nc"), "a b [2J c");
        assert_eq!(readable("\0\u{7f}\u{9b}").trim(), "");
        assert_eq!(readable(&"ü".repeat(MAX_QUERY)).len(), MAX_QUERY);
        assert_eq!(filter(String::new()).expect("short"), None);
        assert_eq!(session("").expect("none"), None);
        assert!(session("s-1").expect("one").is_some());
        assert!(session("' OR 1=1").is_err());
        let error = filter("x".repeat(MAX_FILTER + 1)).expect_err("long");
        assert_eq!(WireError::from_status(&error).kind, ErrorKind::Usage);
    }
}
