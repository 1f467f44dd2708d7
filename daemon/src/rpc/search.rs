//! The Search service.

use super::{Context, convert};
use codemem_engine as engine;
use codemem_proto::v1::search_server::Search;
use codemem_proto::v1::{SearchRequest, SearchResponse};
use tonic::{Request, Response, Status};

pub(super) struct Service(pub(super) Context);

#[tonic::async_trait]
impl Search for Service {
    async fn search(&self, request: Request<SearchRequest>) -> Result<Response<SearchResponse>, Status> {
        let request = request.into_inner();
        let answer = self.0.engine.search(engine::SearchRequest {
            query: request.query,
            path: convert::absolute(&request.root)?,
            limit: request.limit as usize,
            language: Some(request.language).filter(|name| !name.is_empty()),
            path_glob: Some(request.path_glob).filter(|glob| !glob.is_empty()),
            explain: request.explain,
        });
        Ok(Response::new(convert::answer(answer.await.map_err(convert::status)?)))
    }
}
