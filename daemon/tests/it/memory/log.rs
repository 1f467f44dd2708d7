//! What is written down of memories beside the memories themselves: names of requests, and nothing of contents.

use super::{add, client, fact, find, person, question, read, started};
use crate::sandbox::wait;
use codemem_client::name;
use codemem_proto::request::RequestId;
use codemem_proto::v1;
use std::fs;
use tonic::Request;

/// Found nowhere but in the contents and the questions of the test.
const MARKER: &str = "zanzibar_heron";

#[test]
fn the_log_keeps_memories_to_itself_and_the_audit_names_requests() {
    let sandbox = started();
    let id = RequestId::parse("audited-4711").expect("allowed");
    wait(async {
        let (client, me) = (client(&sandbox).await, person(&sandbox));
        let mut memory = client.memory.clone();
        let mut request = Request::new(v1::AddMemoryRequest {
            tags: vec![MARKER.replace('_', "-")],
            anchors: vec![format!("{MARKER}.rs")],
            ..fact(&me, &format!("{MARKER} says what"))
        });
        name(&mut request, &id);
        let added = read(memory.add(request).await).expect("stored");
        find(&client, question(&me, MARKER)).await.expect("answered");
        // Refusals quote what is wrong, but not to the log.
        for content in [format!("{MARKER}\0"), format!("password = \"{MARKER}x81kQz\"")] {
            let _refused_or_not = add(&client, fact(&me, &content)).await;
        }
        let bad_tag = v1::AddMemoryRequest {
            tags: vec![format!("{MARKER}!")],
            ..fact(&me, "a tag")
        };
        add(&client, bad_tag).await.expect_err("refused");
        let line = v1::ImportedMemory {
            line: 1,
            content: MARKER.to_owned(),
            context_level: MARKER.to_owned(),
            ..v1::ImportedMemory::default()
        };
        let message = v1::ImportMemoriesRequest {
            caller: Some(me.clone()),
            redact: false,
            memories: vec![line],
        };
        let report = read(memory.import(tokio_stream::iter(vec![message])).await).expect("reported");
        assert_eq!(report.rejected.len(), 1);
        let edit = v1::EditMemoryRequest {
            caller: Some(me.clone()),
            id: added.id.clone(),
            content: Some(format!("{MARKER} says something else")),
            ..v1::EditMemoryRequest::default()
        };
        read(memory.edit(edit).await).expect("edited");
        let delete = v1::DeleteMemoryRequest {
            caller: Some(me),
            id: added.id,
            backup: String::new(),
        };
        read(memory.delete(delete).await).expect("deleted");
    });
    sandbox.codemem(["daemon", "stop"]).success();
    let log = sandbox.log();
    assert!(log.contains("refused") && log.contains("Memory/Add"), "{log}");
    for marker in [MARKER.to_owned(), MARKER.replace('_', "-")] {
        assert!(!log.contains(&marker), "{log}");
    }
    let database = fs::read(sandbox.path("data/memory/memories.db")).expect("there");
    let id = id.as_str().as_bytes();
    assert!(
        database.windows(id.len()).any(|window| window == id),
        "the audit log has the request"
    );
}
