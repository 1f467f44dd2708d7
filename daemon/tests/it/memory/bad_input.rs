//! What must be refused, by an error that names the field; and what must be made the best of.

use super::{add, agent, client, contents, fact, find, person, question, read, started, stats};
use crate::sandbox::{self, wait};
use codemem_proto::status::{ErrorKind, WireError};
use codemem_proto::v1;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic_prost::ProstCodec;
use tonic_prost::prost;

/// Sends a message of our own making where a request is expected.
async fn send<T: prost::Message + 'static>(
    sandbox: &codemem_testkit::Sandbox,
    method: &'static str,
    message: T,
) -> WireError {
    let mut grpc = Grpc::new(sandbox::channel(sandbox).await);
    grpc.ready().await.expect("connected");
    let codec: ProstCodec<T, v1::AddMemoryResponse> = ProstCodec::default();
    let answer = grpc
        .unary(tonic::Request::new(message), PathAndQuery::from_static(method), codec)
        .await;
    WireError::from_status(&answer.expect_err("refused"))
}

/// What looks like an AddMemoryRequest, of a client that knows more than we do.
#[derive(prost::Message)]
#[prost(prost_path = "tonic_prost::prost")]
struct OfTomorrow {
    #[prost(message, optional, tag = "1")]
    caller: Option<CallerOfTomorrow>,
    #[prost(bytes = "vec", tag = "2")]
    content: Vec<u8>,
    #[prost(int32, tag = "3")]
    context_level: i32,
    #[prost(string, tag = "42")]
    audience: String,
}

#[derive(prost::Message)]
#[prost(prost_path = "tonic_prost::prost")]
struct CallerOfTomorrow {
    #[prost(string, tag = "9")]
    tenant: String,
}

const ADD: &str = "/codemem.v1.Memory/Add";

#[test]
fn what_is_not_in_the_contract_is_refused_by_name() {
    let sandbox = started();
    wait(async {
        let unknown = OfTomorrow {
            audience: "everybody".to_owned(),
            ..OfTomorrow::default()
        };
        let error = send(&sandbox, ADD, unknown).await;
        assert_eq!(
            (error.kind, error.message.as_str()),
            (ErrorKind::Usage, "`AddMemoryRequest` has no field 42")
        );
        let inside = OfTomorrow {
            caller: Some(CallerOfTomorrow { tenant: "x".to_owned() }),
            ..OfTomorrow::default()
        };
        let error = send(&sandbox, ADD, inside).await;
        assert_eq!(error.message, "`AddMemoryRequest.caller` has no field 9");
        // Half of a surrogate pair, and bytes that are no text at all.
        for content in [b"\xed\xa0\x80".to_vec(), vec![0xff, 0xfe, 0x00, 0x80]] {
            let binary = OfTomorrow {
                content,
                context_level: 2,
                ..OfTomorrow::default()
            };
            let error = send(&sandbox, ADD, binary).await;
            assert_eq!(error.kind, ErrorKind::Usage, "{error:?}");
            assert!(
                error.message.contains("AddMemoryRequest.content") && error.message.contains("UTF-8"),
                "{error:?}"
            );
        }
        // Other services read on: a daemon that knows less still answers.
        let client = client(&sandbox).await;
        assert_eq!(stats(&client).await.memories, 0);
    });
}

#[test]
fn every_field_that_cannot_be_is_named() {
    let sandbox = started();
    wait(async {
        let (client, me) = (client(&sandbox).await, person(&sandbox));
        let good = fact(&me, "a good one");
        let tags = |tags: &[&str]| v1::AddMemoryRequest {
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            ..good.clone()
        };
        let of_level = |context_level: i32| v1::AddMemoryRequest {
            context_level,
            ..good.clone()
        };
        let with = |content: &str| fact(&me, content);
        let large = "x".repeat(1 << 20);
        let long_tag = "a".repeat(65);
        let many: Vec<String> = (0..10_000).map(|n| format!("tag{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let by = |caller: v1::MemoryCaller| v1::AddMemoryRequest {
            caller: Some(caller),
            ..good.clone()
        };
        let session = |session: &str| v1::AddMemoryRequest {
            context_level: v1::ContextLevel::SessionState.into(),
            ..by(agent(&sandbox, session))
        };
        for (request, field) in [
            (of_level(0), "context_level"),
            (of_level(77), "context_level"),
            (with(""), "content"),
            (with("  \n\t "), "content"),
            (with(&large), "content"),
            (with("a\0b"), "content"),
            (with("\u{1b}[2J"), "content"),
            (tags(&["Upper"]), "tags[0]"),
            (tags(&["ok", "two words"]), "tags[1]"),
            (tags(&["\u{fc}ber"]), "tags[0]"),
            (tags(&[""]), "tags[0]"),
            (tags(&[&long_tag]), "tags[0]"),
            (tags(&["x' OR '1'='1"]), "tags[0]"),
            (tags(&many), "tags"),
            (session(""), "session"),
            (session("not a session"), "session"),
            (
                by(v1::MemoryCaller {
                    project: "relative".to_owned(),
                    ..me.clone()
                }),
                "caller.project",
            ),
            (
                by(v1::MemoryCaller {
                    project: String::new(),
                    ..me.clone()
                }),
                "project",
            ),
            (
                by(v1::MemoryCaller {
                    origin: 12,
                    ..me.clone()
                }),
                "caller.origin",
            ),
            (
                v1::AddMemoryRequest {
                    kind: 99,
                    ..good.clone()
                },
                "kind",
            ),
            (
                v1::AddMemoryRequest {
                    supersedes: "nothing".to_owned(),
                    ..good.clone()
                },
                "supersedes",
            ),
            (
                v1::AddMemoryRequest {
                    expires_at_ms: -1,
                    ..good.clone()
                },
                "expires_at",
            ),
        ] {
            let error = add(&client, request).await.expect_err(field);
            assert_eq!(error.kind, ErrorKind::Usage, "{field}: {error:?}");
            assert!(error.message.contains(field), "{field}: {error:?}");
            assert!(
                error.message.len() < 600,
                "{field}: what was wrong is not repeated at length: {error:?}"
            );
        }
        assert_eq!(stats(&client).await.memories, 0);
        // More than a message may be.
        let error = add(&client, with(&"x".repeat(5 << 20)))
            .await
            .expect_err("too large to be read");
        assert_eq!(error.kind, ErrorKind::Usage, "{error:?}");
    });
}

#[test]
fn nothing_that_is_asked_leads_out_of_ones_own_place() {
    let sandbox = started();
    wait(async {
        let (client, me) = (client(&sandbox).await, person(&sandbox));
        let (mine, theirs) = (agent(&sandbox, "mine"), agent(&sandbox, "theirs"));
        let secret = v1::AddMemoryRequest {
            context_level: v1::ContextLevel::SessionState.into(),
            ..fact(&theirs, "the bandicoot is under the third stone")
        };
        let id = add(&client, secret).await.expect("stored").id;
        let mut memory = client.memory.clone();
        for caller in [&mine, &me] {
            for query in [
                "bandicoot under the third stone",
                "bandicoot' OR 1=1 --",
                "\"session\": {\"match\": \"theirs\"} bandicoot",
                "level:SESSION_STATE session:theirs bandicoot",
                "bandicoot\0theirs",
            ] {
                let found = find(
                    &client,
                    v1::FindMemoriesRequest {
                        no_floor: true,
                        ..question(caller, query)
                    },
                )
                .await;
                assert_eq!(found.map(|found| found.hits).unwrap_or_default(), Vec::new(), "{query}");
            }
            for id in [id.as_str(), &id[..6]] {
                let get = v1::GetMemoryRequest {
                    caller: Some(caller.clone()),
                    id: id.to_owned(),
                    history: true,
                };
                let error = read(memory.get(get).await).expect_err("nobody else's");
                assert_eq!(error.kind, ErrorKind::Usage, "{error:?}");
                let delete = v1::DeleteMemoryRequest {
                    caller: Some(caller.clone()),
                    id: id.to_owned(),
                    ..Default::default()
                };
                read(memory.delete(delete).await).expect_err("nobody else's");
            }
            let list = v1::ListMemoriesRequest {
                caller: Some(caller.clone()),
                ..Default::default()
            };
            assert_eq!(read(memory.list(list).await).expect("listed").total, 0);
        }
        for tag in ["a\" OR \"a\"=\"a", "*", "%", "{}"] {
            let filter = v1::MemoryFilter {
                tags: vec![tag.to_owned()],
                ..Default::default()
            };
            let error = find(
                &client,
                v1::FindMemoriesRequest {
                    filter: Some(filter),
                    ..question(&me, "bandicoot")
                },
            )
            .await;
            assert!(error.expect_err("no tag").message.contains("tags[0]"), "{tag}");
        }
        let levels = v1::MemoryFilter {
            levels: vec![9],
            ..Default::default()
        };
        let error = find(
            &client,
            v1::FindMemoriesRequest {
                filter: Some(levels),
                ..question(&me, "bandicoot")
            },
        )
        .await;
        assert!(error.expect_err("no level").message.contains("filter.levels[0]"));
        assert_eq!(contents(&client, &theirs, "bandicoot third stone").await.len(), 1);
    });
}

#[test]
fn a_whole_prompt_is_read_for_its_question() {
    let sandbox = started();
    wait(async {
        let (client, me) = (client(&sandbox).await, person(&sandbox));
        add(
            &client,
            fact(&me, "the deploy key of the pangolin server is rotated every March"),
        )
        .await
        .expect("stored");
        let noise = "2026-01-01T00:00:00 INFO worker[7]: processed batch in 12ms\n".repeat(120);
        let prompt = format!(
            "Here is the log of the failing job:\n```\n{noise}```\nWhen is the deploy key of the pangolin server rotated?"
        );
        let found = find(&client, question(&me, &prompt)).await.expect("answered");
        assert!(
            found.query_used.contains("pangolin") && found.query_used.len() < 400,
            "{:?}",
            found.query_used
        );
        assert_eq!(found.hits.len(), 1, "{found:?}");
        let error = find(&client, question(&me, "  ")).await.expect_err("nothing is asked");
        assert!(
            error.kind == ErrorKind::Usage && error.message.contains("query"),
            "{error:?}"
        );
    });
}

#[test]
fn secrets_are_refused_unless_they_are_to_be_taken_out() {
    let sandbox = started();
    wait(async {
        let (client, me) = (client(&sandbox).await, person(&sandbox));
        // Put together here, so that no file of the repository looks like one.
        let key = format!("AK{}{}", "IA", "Q3EGZV7XK2MNP4RT");
        let content = format!("the numbat bucket is read with {key} from the build");
        let error = add(&client, fact(&me, &content)).await.expect_err("refused");
        assert!(
            error.kind == ErrorKind::Usage && !error.message.contains(&key),
            "{error:?}"
        );
        assert!(error.hint.is_some_and(|hint| hint.contains("--redact")));
        let added = add(
            &client,
            v1::AddMemoryRequest {
                redact: true,
                ..fact(&me, &content)
            },
        )
        .await
        .expect("the rest");
        assert_eq!(added.redacted.len(), 1, "{added:?}");
        let stored = contents(&client, &me, "how is the numbat bucket read").await;
        assert!(
            stored.len() == 1 && !stored[0].contains(&key) && stored[0].contains("redacted"),
            "{stored:?}"
        );
        let hash = "commit 0123456789abcdef0123456789abcdef01234567 broke the numbat";
        add(&client, fact(&me, hash)).await.expect("a commit is no secret");
    });
}
