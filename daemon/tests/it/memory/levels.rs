//! Nobody reads what is not theirs, with the real store: whatever is asked, by every request that reads or changes.

use super::{add, client, exported, find, person, question, read, started, text};
use crate::sandbox::wait;
use codemem_client::Client;
use codemem_proto::v1;
use std::collections::HashMap;
use std::fs;

const WORDS: [&str; 6] = ["broker", "port", "tabs", "release", "parser", "migration"];
const TAGS: [&str; 2] = ["net", "style"];
const LEVELS: [v1::ContextLevel; 3] = [
    v1::ContextLevel::UserPreference,
    v1::ContextLevel::ProjectContext,
    v1::ContextLevel::SessionState,
];

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % n
    }

    fn words(&mut self) -> String {
        let n = 1 + self.below(3);
        (0..n)
            .map(|_| WORDS[self.below(WORDS.len())])
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// Everything that a caller is shown by one round of requests, with the request's name.
async fn shown(
    client: &Client,
    caller: &v1::MemoryCaller,
    numbers: &mut Numbers,
    ids: &[String],
) -> Vec<(&'static str, v1::MemoryUnit)> {
    let mut memory = client.memory.clone();
    let caller = Some(caller.clone());
    let filter = Some(v1::MemoryFilter {
        levels: (0..numbers.below(3)).map(|_| LEVELS[numbers.below(3)].into()).collect(),
        tags: (0..numbers.below(2))
            .map(|_| TAGS[numbers.below(2)].to_owned())
            .collect(),
        until_ms: [0, i64::MAX][numbers.below(2)],
        ..v1::MemoryFilter::default()
    });
    let mut seen = Vec::new();
    let mut see = |name: &'static str, answer: Option<v1::FindMemoriesResponse>| {
        let hits = answer.map(|answer| answer.hits).unwrap_or_default();
        seen.extend(hits.into_iter().filter_map(|hit| hit.memory).map(|unit| (name, unit)));
    };
    for filter in [None, filter.clone()] {
        let request = v1::FindMemoriesRequest {
            filter,
            limit: 100,
            no_floor: true,
            ..question(caller.as_ref().expect("given"), &numbers.words())
        };
        see("find", find(client, request).await.ok());
    }
    for query in [String::new(), numbers.words()] {
        let request = v1::RetrievePreferencesRequest {
            caller: caller.clone(),
            query: query.clone(),
            ..v1::RetrievePreferencesRequest::default()
        };
        see("preferences", read(memory.retrieve_preferences(request).await).ok());
        let request = v1::RetrieveProjectFactsRequest {
            caller: caller.clone(),
            query: query.clone(),
            ..v1::RetrieveProjectFactsRequest::default()
        };
        see("project facts", read(memory.retrieve_project_facts(request).await).ok());
        let request = v1::RetrieveSessionRequest {
            caller: caller.clone(),
            query,
            ..v1::RetrieveSessionRequest::default()
        };
        see("session", read(memory.retrieve_session(request).await).ok());
    }
    let request = v1::ListMemoriesRequest {
        caller: caller.clone(),
        filter: filter.clone(),
        limit: 1_000,
        ..v1::ListMemoriesRequest::default()
    };
    let listed = read(memory.list(request).await)
        .map(|listed| listed.memories)
        .unwrap_or_default();
    seen.extend(listed.into_iter().map(|unit| ("list", unit)));
    let request = v1::ExportMemoriesRequest {
        caller: caller.clone(),
        filter,
        all_projects: false,
    };
    if let Ok(mut pages) = read(memory.export(request).await) {
        while let Ok(Some(page)) = pages.message().await {
            seen.extend(page.memories.into_iter().map(|unit| ("export", unit)));
        }
    }
    for id in ids {
        let request = v1::GetMemoryRequest {
            caller: caller.clone(),
            id: id[..4 + numbers.below(13)].to_owned(),
            history: true,
        };
        if let Ok(got) = read(memory.get(request).await) {
            seen.extend(got.memory.into_iter().chain(got.history).map(|unit| ("get", unit)));
        }
    }
    seen
}

/// Whether somebody could change a memory that is not theirs.
async fn changes(client: &Client, caller: &v1::MemoryCaller, id: &str) -> bool {
    let mut memory = client.memory.clone();
    let (caller, id) = (Some(caller.clone()), id.to_owned());
    let edit = v1::EditMemoryRequest {
        caller: caller.clone(),
        id: id.clone(),
        content: Some("mine".to_owned()),
        ..v1::EditMemoryRequest::default()
    };
    let delete = v1::DeleteMemoryRequest {
        caller: caller.clone(),
        id: id.clone(),
        backup: String::new(),
    };
    let supersede = v1::AddMemoryRequest {
        caller: caller.clone(),
        content: "mine".to_owned(),
        context_level: v1::ContextLevel::UserPreference.into(),
        supersedes: id.clone(),
        ..v1::AddMemoryRequest::default()
    };
    let confirm = v1::ConfirmMemoryRequest { caller, id };
    read(memory.edit(edit).await).is_ok()
        || read(memory.delete(delete).await).is_ok()
        || read(memory.add(supersede).await).is_ok()
        || read(memory.confirm(confirm).await).is_ok()
}

#[test]
fn nobody_reads_or_changes_what_is_not_theirs() {
    let sandbox = started();
    let projects = ["one", "two", "three"].map(|name| sandbox.path(name));
    for project in &projects {
        fs::create_dir(project).expect("a project");
    }
    // Sessions of the same name in every project.
    let caller = |project: Option<usize>, session: Option<usize>| v1::MemoryCaller {
        project: project.map(|project| text(&projects[project])).unwrap_or_default(),
        session: session.map(|session| format!("session-{session}")).unwrap_or_default(),
        ..person(&sandbox)
    };
    wait(async {
        let client = client(&sandbox).await;
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
        let mut owners: HashMap<String, (usize, usize, usize)> = HashMap::new();
        for n in 0..40 {
            let (level, project, session) = (numbers.below(3), numbers.below(3), numbers.below(2));
            let request = v1::AddMemoryRequest {
                caller: Some(caller(Some(project), Some(session))),
                content: format!("{} number {n}", numbers.words()),
                context_level: LEVELS[level].into(),
                tags: (0..numbers.below(2))
                    .map(|_| TAGS[numbers.below(2)].to_owned())
                    .collect(),
                ..v1::AddMemoryRequest::default()
            };
            let added = add(&client, request).await.expect("stored");
            owners.insert(added.id, (level, project, session));
        }
        let mut ids: Vec<String> = owners.keys().cloned().collect();
        ids.sort();
        let before = exported(&client, &person(&sandbox)).await;
        let mut n_seen = 0;
        for round in 0..12 {
            let (project, session) = (
                [None, Some(0), Some(1), Some(2)][round % 4],
                [None, Some(0), Some(1)][round % 3],
            );
            let who = caller(project, session);
            let may = |id: &str| match owners[id] {
                (0, ..) => true,
                (1, of, _) => project == Some(of),
                (_, of, in_session) => project == Some(of) && session == Some(in_session),
            };
            for (name, unit) in shown(&client, &who, &mut numbers, &ids).await {
                n_seen += 1;
                assert!(may(&unit.id), "{name} shows {who:?} {unit:?}");
                let level = unit.context_level();
                let is_of_level = match name {
                    "preferences" => level == v1::ContextLevel::UserPreference,
                    "project facts" => level == v1::ContextLevel::ProjectContext,
                    "session" => level == v1::ContextLevel::SessionState,
                    _ => true,
                };
                assert!(is_of_level, "{name} shows {unit:?}");
            }
            for id in ids.iter().filter(|id| !may(id)) {
                assert!(!changes(&client, &who, id).await, "{who:?} changes {id}");
            }
        }
        assert!(n_seen > 100, "the rounds see something: {n_seen}");
        assert_eq!(exported(&client, &person(&sandbox)).await, before);
    });
}
