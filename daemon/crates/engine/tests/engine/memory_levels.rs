//! Nobody reads what is not theirs: whatever is stored, whatever is asked, by every request that reads or changes.

use crate::memory_setup::{Remembering, draft, user};
use crate::setup::World;
use codemem_core::memory::{ContextLevel, Memory, MemoryFilter, MemoryId, MemoryKind, Origin, Place, SessionId, State};
use codemem_engine::memory::{
    Caller, EditMemory, ExportMemories, FindMemories, ListMemories, MemoryError, RetrieveMemories,
};
use proptest::prelude::*;
use std::collections::HashMap;

/// Projects and sessions of the tests; the same session name occurs in every project.
const PROJECTS: [&str; 3] = ["/one", "/two", "/three"];
const SESSIONS: [&str; 2] = ["s1", "s2"];
const WORDS: [&str; 6] = ["broker", "port", "tabs", "release", "parser", "secretly"];
const TAGS: [&str; 2] = ["net", "style"];

#[derive(Clone, Debug)]
struct Stored {
    place: (usize, Option<usize>, Option<usize>),
    words: Vec<usize>,
    tag: Option<usize>,
}

#[derive(Clone, Debug)]
struct Asked {
    project: Option<usize>,
    session: Option<usize>,
    levels: Vec<usize>,
    words: Vec<usize>,
    tag: Option<usize>,
    is_agent: bool,
    since: i64,
}

fn stored() -> impl Strategy<Value = Stored> {
    let place = prop_oneof![
        Just((0, None, None)),
        (0..3_usize).prop_map(|project| (1, Some(project), None)),
        (0..3_usize, 0..2_usize).prop_map(|(project, session)| (2, Some(project), Some(session))),
    ];
    let words = prop::collection::vec(0..WORDS.len(), 1..4);
    (place, words, prop::option::of(0..TAGS.len())).prop_map(|(place, words, tag)| Stored { place, words, tag })
}

fn asked() -> impl Strategy<Value = Asked> {
    (
        prop::option::of(0..3_usize),
        prop::option::of(0..2_usize),
        prop::collection::vec(0..3_usize, 0..3),
        prop::collection::vec(0..WORDS.len(), 1..4),
        prop::option::of(0..TAGS.len()),
        any::<bool>(),
        prop_oneof![Just(0), Just(1), Just(i64::MAX)],
    )
        .prop_map(|(project, session, levels, words, tag, is_agent, since)| Asked {
            project,
            session,
            levels,
            words,
            tag,
            is_agent,
            since,
        })
}

fn words(of: &[usize]) -> String {
    of.iter().map(|word| WORDS[*word]).collect::<Vec<_>>().join(" ")
}

fn caller(project: Option<usize>, session: Option<usize>) -> Caller {
    Caller {
        project: project.map(|project| PROJECTS[project].into()),
        session: session.and_then(|session| SessionId::new(SESSIONS[session])),
        ..user()
    }
}

/// Everything that the requests show to a caller.
async fn shown(it: &Remembering, caller: &Caller, asked: &Asked, ids: &[MemoryId]) -> Vec<(&'static str, Memory)> {
    let filter = MemoryFilter {
        levels: asked.levels.iter().map(|level| ContextLevel::ALL[*level]).collect(),
        kinds: Vec::new(),
        tags: asked.tag.map(|tag| TAGS[tag].to_owned()).into_iter().collect(),
        since: (asked.since != 0).then_some(asked.since),
        until: None,
    };
    let find = FindMemories {
        query: words(&asked.words),
        filter: filter.clone(),
        limit: 100,
        no_gate: true,
        no_floor: true,
        ..FindMemories::default()
    };
    let mut seen = Vec::new();
    let (memories, at) = (&it.memories, || caller.clone());
    if let Ok(found) = memories.find(at(), find.clone()).await {
        seen.extend(found.hits.into_iter().map(|hit| ("find", hit.shown.memory)));
    }
    let anything = FindMemories {
        filter: MemoryFilter::default(),
        ..find
    };
    if let Ok(found) = memories.find(at(), anything).await {
        seen.extend(found.hits.into_iter().map(|hit| ("find", hit.shown.memory)));
    }
    for query in [String::new(), words(&asked.words)] {
        let request = || RetrieveMemories {
            query: query.clone(),
            limit: 100,
            token_budget: 0,
        };
        for (name, answer) in [
            ("preferences", memories.preferences(at(), request()).await),
            ("project_facts", memories.project_facts(at(), request()).await),
            ("session", memories.session(at(), request()).await),
        ] {
            let hits = answer.map(|found| found.hits).unwrap_or_default();
            seen.extend(hits.into_iter().map(|hit| (name, hit.shown.memory)));
        }
    }
    let list = ListMemories {
        filter: filter.clone(),
        states: State::ALL.to_vec(),
        limit: 1_000,
        after: None,
    };
    if let Ok(listed) = memories.list(at(), list).await {
        seen.extend(listed.memories.into_iter().map(|shown| ("list", shown.memory)));
    }
    let export = ExportMemories {
        filter,
        ..ExportMemories::default()
    };
    if let Ok(listed) = memories.export(at(), export).await {
        seen.extend(listed.memories.into_iter().map(|shown| ("export", shown.memory)));
    }
    for id in ids {
        for id in [id.as_str(), &id.as_str()[..4]] {
            if let Ok(got) = memories.get(at(), id, true).await {
                seen.push(("get", got.shown.memory));
                seen.extend(got.history.into_iter().map(|former| ("history", former)));
            }
        }
    }
    seen
}

fn level_of(request: &str) -> Option<ContextLevel> {
    match request {
        "preferences" => Some(ContextLevel::UserPreference),
        "project_facts" => Some(ContextLevel::ProjectContext),
        "session" => Some(ContextLevel::SessionState),
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn nobody_reads_or_changes_what_is_not_theirs(
        all in prop::collection::vec(stored(), 1..20),
        requests in prop::collection::vec(asked(), 1..6),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let world = World::new();
            for project in PROJECTS {
                world.source.set_identity(project, project, None);
            }
            let it = world.remember();
            // By content, which is distinct: where each belongs.
            let mut places: HashMap<String, Stored> = HashMap::new();
            for (n, one) in all.iter().enumerate() {
                let content = format!("{} number {n}", words(&one.words));
                let (level, project, session) = one.place;
                let mut request = draft(ContextLevel::ALL[level].as_str(), &content);
                request.tags = one.tag.map(|tag| TAGS[tag].to_owned()).into_iter().collect();
                it.memories.add(caller(project, session), request).await.expect("stored");
                places.insert(content, one.clone());
            }
            let before = world.memories.all();
            let ids: Vec<MemoryId> = before.iter().map(|memory| memory.id.clone()).collect();
            for request in &requests {
                let mut who = caller(request.project, request.session);
                if request.is_agent {
                    who.origin = Origin::Agent;
                }
                let may = |one: &Stored| match one.place {
                    (0, ..) => true,
                    (1, project, _) => request.project == project,
                    (_, project, session) => request.project == project && request.session == session,
                };
                for (name, memory) in shown(&it, &who, request, &ids).await {
                    let one = &places[&memory.content];
                    assert!(may(one), "{name} shows {request:?} what belongs to {one:?}");
                    if let Some(level) = level_of(name) {
                        assert_eq!(memory.place.level(), level, "{name}");
                    }
                }
                for memory in &before {
                    if may(&places[&memory.content]) {
                        continue;
                    }
                    let id = memory.id.as_str();
                    let edit = EditMemory {
                        id: id.to_owned(),
                        kind: Some(MemoryKind::Todo),
                        ..EditMemory::default()
                    };
                    let mut supersede = draft("USER_PREFERENCE", "instead");
                    supersede.supersedes = id.to_owned();
                    let person = Caller { origin: Origin::User, ..who.clone() };
                    for error in [
                        it.memories.edit(who.clone(), edit).await.err(),
                        it.memories.delete(who.clone(), id, None).await.err(),
                        it.memories.confirm(person, id).await.err(),
                        it.memories.add(who.clone(), supersede).await.err(),
                    ] {
                        let error = error.expect("it is not theirs");
                        assert!(matches!(error, MemoryError::NotFound(_)), "as if it were not there: {error}");
                    }
                }
            }
            assert_eq!(world.memories.all(), before);
            it.stop().await;
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_shows_too_much_is_not_believed() {
    let world = World::new();
    for project in PROJECTS {
        world.source.set_identity(project, project, None);
    }
    let it = world.remember();
    let theirs = Asked {
        project: Some(0),
        session: Some(0),
        levels: vec![1],
        words: vec![0, 1],
        tag: None,
        is_agent: true,
        since: 0,
    };
    for (project, session) in [(0, 0), (0, 1), (1, 0)] {
        for level in ContextLevel::ALL {
            let content = format!("The broker port of {project} and {session} at {level}");
            it.add(caller(Some(project), Some(session)), level.as_str(), &content)
                .await;
        }
    }
    world.memories.set_leaky();
    let ids: Vec<MemoryId> = world.memories.all().into_iter().map(|memory| memory.id).collect();
    let who = caller(theirs.project, theirs.session);
    let seen = shown(&it, &who, &theirs, &ids).await;
    assert!(seen.len() > 10);
    for (name, memory) in seen {
        let is_theirs = match &memory.place {
            Place::User => true,
            Place::Project(_) => memory.content.contains("of 0"),
            Place::Session(..) => memory.content.contains("of 0 and 0"),
        };
        assert!(is_theirs, "{name} shows {}", memory.content);
        if let Some(level) = level_of(name) {
            assert_eq!(memory.place.level(), level, "{name}");
        }
        if name == "export" || name == "list" {
            assert_eq!(memory.place.level(), ContextLevel::ProjectContext, "{name}");
        }
    }
    it.stop().await;
}
