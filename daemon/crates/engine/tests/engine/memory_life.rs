//! A memory's life: confirmed, edited, superseded, expired, deleted, restored.

use crate::memory_setup::{DAY, NOW, agent, draft, found, user};
use crate::setup::World;
use codemem_core::memory::{MemoryKind, Origin, State};
use codemem_engine::memory::{AddMemory, Caller, EditMemory, ListMemories, MemoryError, MemoryErrorKind};
use std::sync::atomic::Ordering;
use std::time::Duration;

fn edit(id: &str, content: &str, version: u32) -> EditMemory {
    EditMemory {
        id: id.to_owned(),
        content: Some(content.to_owned()),
        version,
        ..EditMemory::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_again_confirms_what_is_there() {
    let world = World::new();
    let it = world.remember();
    let first = it.add(agent(), "PROJECT_CONTEXT", "Builds need nasm").await;
    let again = it.add(user(), "PROJECT_CONTEXT", "Builds need nasm  \n").await;
    assert_eq!((again.id, again.is_duplicate), (first.id, true));
    let stored = world.memories.all();
    assert_eq!((stored.len(), stored[0].confirmations), (1, 1));
    assert!(
        (stored[0].trust - Origin::User.trust()).abs() < f32::EPSILON,
        "the user says so, too"
    );
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agents_preference_counts_once_a_person_says_so() {
    let world = World::new();
    let it = world.remember();
    let proposed = it.add(agent(), "USER_PREFERENCE", "Prefers short answers").await;
    assert_eq!(proposed.state, State::Proposed);
    assert!(
        proposed
            .notes
            .iter()
            .any(|note| note.contains("codemem memory confirm")),
        "{proposed:?}"
    );
    assert!(found(&it.find(agent(), "short answers").await).is_empty());
    let id = proposed.id.as_str();
    let error = it
        .memories
        .confirm(agent(), id)
        .await
        .expect_err("agents confirm nothing");
    assert!(matches!(error, MemoryError::PeopleOnly(_)) && error.kind() == MemoryErrorKind::Denied);
    let listed = ListMemories {
        states: vec![State::Proposed],
        ..ListMemories::default()
    };
    assert_eq!(it.memories.list(user(), listed).await.expect("a list").total, 1);
    let confirmed = it.memories.confirm(user(), id).await.expect("confirmed").memory;
    assert_eq!(
        (confirmed.state, confirmed.confirmations, confirmed.confirmed_at),
        (State::Active, 1, Some(NOW))
    );
    assert_eq!(
        found(&it.find(agent(), "short answers").await),
        ["Prefers short answers"]
    );
    // What every project reads is the user's: an agent proposes, and takes nothing away.
    let error = it
        .memories
        .edit(agent(), edit(id, "Prefers long answers", 0))
        .await
        .expect_err("not an agent's");
    assert!(matches!(error, MemoryError::CrossesProjects(_)), "{error}");
    let instead = AddMemory {
        supersedes: id.to_owned(),
        ..draft("USER_PREFERENCE", "Prefers long answers")
    };
    let instead = it.memories.add(agent(), instead).await.expect("proposed");
    assert_eq!(found(&it.find(agent(), "answers").await), ["Prefers short answers"]);
    it.memories
        .confirm(user(), instead.id.as_str())
        .await
        .expect("confirmed");
    assert_eq!(found(&it.find(agent(), "answers").await), ["Prefers long answers"]);
    // A person who says the same as an agent's proposal has confirmed it.
    it.add(agent(), "USER_PREFERENCE", "Likes diagrams").await;
    let said = it.add(user(), "USER_PREFERENCE", "Likes diagrams").await;
    assert_eq!((said.state, said.is_duplicate), (State::Active, true));
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_memory_takes_the_place_of_an_older_one() {
    let world = World::new();
    let it = world.remember();
    let old = it.fact("The broker listens on port 9092").await;
    let instead = |id: &str| AddMemory {
        supersedes: id.to_owned(),
        ..draft("PROJECT_CONTEXT", "The broker listens on port 9093")
    };
    let new = it.memories.add(user(), instead(old.as_str())).await.expect("stored");
    assert!(
        new.related.is_empty(),
        "what is superseded is not told as related: {new:?}"
    );
    assert_eq!(
        found(&it.find(user(), "broker port").await),
        ["The broker listens on port 9093"]
    );
    let former = it
        .memories
        .get(user(), old.as_str(), false)
        .await
        .expect("still there")
        .shown
        .memory;
    assert_eq!(
        (former.state, former.superseded_by),
        (State::Superseded, Some(new.id.clone()))
    );
    for error in [
        it.memories
            .add(
                user(),
                AddMemory {
                    content: "again".to_owned(),
                    ..instead(old.as_str())
                },
            )
            .await
            .err(),
        it.memories.edit(user(), edit(old.as_str(), "else", 0)).await.err(),
        it.memories.confirm(user(), old.as_str()).await.err(),
    ] {
        let error = error.expect("it has been superseded");
        assert!(
            error.hint().is_some_and(|hint| hint.contains(new.id.as_str())),
            "{error:?}"
        );
    }
    let nothing = it
        .memories
        .add(user(), instead("0123456789abcdef"))
        .await
        .expect_err("no such memory");
    assert!(matches!(nothing, MemoryError::NotFound(_)));
    let preference = AddMemory {
        level: "USER_PREFERENCE".to_owned(),
        ..instead(new.id.as_str())
    };
    let error = it.memories.add(user(), preference).await.expect_err("another level");
    assert!(error.to_string().starts_with("`supersedes`"), "{error}");
    // The same content is no successor of itself.
    let same = it.memories.add(user(), instead(new.id.as_str())).await.expect("stored");
    assert_eq!(
        (same.id, same.is_duplicate, same.state),
        (new.id.clone(), true, State::Active)
    );
    // What is to take its place may be there already: that one does.
    let third = it.fact("The broker is gone").await;
    let repeated = AddMemory {
        content: "The broker is gone".to_owned(),
        ..instead(new.id.as_str())
    };
    let repeated = it.memories.add(user(), repeated).await.expect("stored");
    assert_eq!((&repeated.id, repeated.is_duplicate), (&third, true));
    let former = it
        .memories
        .get(user(), new.id.as_str(), false)
        .await
        .expect("there")
        .shown
        .memory;
    assert_eq!(former.superseded_by, Some(third));
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_is_a_version_and_sees_that_nobody_was_faster() {
    let world = World::new();
    let it = world.remember();
    let id = it.fact("Port 9092").await;
    it.memories.confirm(user(), id.as_str()).await.expect("confirmed");
    let edited = it
        .memories
        .edit(agent(), edit(id.as_str(), "Port 9093", 1))
        .await
        .expect("edited")
        .shown
        .memory;
    assert_eq!((edited.version, edited.content.as_str()), (2, "Port 9093"));
    assert_eq!(
        (edited.origin, edited.confirmations, edited.confirmed_at),
        (Origin::Agent, 0, None),
        "its words now"
    );
    let error = it
        .memories
        .edit(user(), edit(id.as_str(), "Port 9094", 1))
        .await
        .expect_err("too late");
    assert!(
        matches!(error, MemoryError::VersionChanged { asked: 1, found: 2, .. }),
        "{error}"
    );
    let tagged = EditMemory {
        id: id.to_string(),
        tags: Some(vec!["net".to_owned()]),
        kind: Some(MemoryKind::Decision),
        ..EditMemory::default()
    };
    let edited = it
        .memories
        .edit(user(), tagged.clone())
        .await
        .expect("edited")
        .shown
        .memory;
    assert_eq!(
        (edited.version, edited.origin, edited.kind),
        (3, Origin::Agent, MemoryKind::Decision)
    );
    let before = world.memories.n_applied();
    let same = it
        .memories
        .edit(user(), tagged)
        .await
        .expect("nothing to do")
        .shown
        .memory;
    assert_eq!((same.version, world.memories.n_applied()), (3, before));
    let got = it.memories.get(user(), id.as_str(), true).await.expect("there");
    let history: Vec<(u32, &str)> = got
        .history
        .iter()
        .map(|former| (former.version, former.content.as_str()))
        .collect();
    assert_eq!(history, [(2, "Port 9093"), (1, "Port 9092")]);
    assert_eq!(found(&it.find(user(), "port 9093").await), ["Port 9093"]);
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_at_the_same_time_all_happen_one_after_the_other() {
    let world = World::new();
    let it = world.remember();
    let id = it.fact("Version zero").await;
    let edits = (0..4).map(|n| {
        let (memories, id) = (it.memories.clone(), id.clone());
        tokio::spawn(async move { memories.edit(user(), edit(id.as_str(), &format!("By {n}"), 0)).await })
    });
    let edits: Vec<_> = edits.collect();
    for edited in edits {
        edited.await.expect("joined").expect("edited");
    }
    assert_eq!(world.memories.all()[0].version, 5);
    let confirmed = (0..8).map(|_| {
        let (memories, id) = (it.memories.clone(), id.clone());
        tokio::spawn(async move { memories.confirm(user(), id.as_str()).await })
    });
    let confirmed: Vec<_> = confirmed.collect();
    for one in confirmed {
        one.await.expect("joined").expect("confirmed");
    }
    assert_eq!(world.memories.all()[0].confirmations, 8, "none is lost");
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sessions_memory_expires_and_is_then_removed() {
    let world = World::new();
    let it = world.remember();
    let state = it.add(user(), "SESSION_STATE", "Halfway through the parser").await;
    let short = AddMemory {
        expires_at: NOW + 1_000,
        ..draft("PROJECT_CONTEXT", "Freeze until tonight")
    };
    it.memories.add(user(), short).await.expect("stored");
    it.fact("Stays").await;
    assert_eq!(it.contents(user()).await.len(), 3);
    world.clock.fetch_add(31 * DAY, Ordering::Relaxed);
    assert_eq!(it.contents(user()).await, ["Stays"]);
    assert_eq!(found(&it.find(user(), "parser freeze stays").await), ["Stays"]);
    let error = it
        .memories
        .get(user(), state.id.as_str(), false)
        .await
        .expect_err("gone");
    assert!(matches!(error, MemoryError::NotFound(_)));
    assert_eq!(world.memories.all().len(), 3, "not yet removed");
    // The same said again is a new lease of life, not a copy of what is about to go.
    let again = it.add(user(), "SESSION_STATE", "Halfway through the parser").await;
    assert!(it.memories.get(user(), again.id.as_str(), false).await.is_ok());
    it.stop().await;
    let it = world.remember();
    let swept = async {
        while world.memories.all().len() > 2 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), swept)
        .await
        .expect("removed at the start");
    let (_, note) = world.memories.audits().pop().expect("on record");
    assert_eq!(note.action, "expire");
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_is_gone_and_a_backup_brings_it_back() {
    let world = World::new();
    let it = world.remember();
    let id = it.fact("The broker listens on port 9092").await;
    let relative = it
        .memories
        .delete(user(), id.as_str(), Some("copy.db".into()))
        .await
        .expect_err("where?");
    assert!(relative.to_string().starts_with("`backup`"), "{relative}");
    let deleted = it
        .memories
        .delete(agent(), id.as_str(), Some("/copy.db".into()))
        .await
        .expect("deleted");
    assert_eq!(deleted.memory.id, id);
    assert!(world.memories.all().is_empty());
    assert!(found(&it.find(user(), "broker port").await).is_empty());
    let error = it.memories.delete(user(), id.as_str(), None).await.expect_err("gone");
    assert!(matches!(error, MemoryError::NotFound(_)) && error.kind() == MemoryErrorKind::Usage);
    let copied = it.memories.restore("/copy.db".into()).await.expect("restored");
    assert_eq!(copied.n_memories, 1);
    assert_eq!(
        found(&it.find(user(), "broker port").await),
        ["The broker listens on port 9092"]
    );
    assert!(it.memories.restore("/nothing.db".into()).await.is_err());
    it.memories.backup(None).await.expect("beside the database");
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_beginning_of_an_id_is_enough_to_supersede_it() {
    let world = World::new();
    let it = world.remember();
    let old = it.fact("The cache holds 64 entries").await;
    let instead = |id: &str| AddMemory {
        supersedes: id.to_owned(),
        ..draft("PROJECT_CONTEXT", "The cache holds 128 entries")
    };
    for wrong in [&old.as_str()[..5], &format!("{old}0"), "ABCDEF"] {
        let error = it.memories.add(user(), instead(wrong)).await.expect_err(wrong);
        assert!(error.to_string().starts_with("`supersedes`"), "{error}");
    }
    let other = if old.as_str().starts_with('0') {
        "111111"
    } else {
        "000000"
    };
    let nothing = it
        .memories
        .add(user(), instead(other))
        .await
        .expect_err("no such memory");
    assert!(matches!(nothing, MemoryError::NotFound(_)), "{nothing}");
    let new = it
        .memories
        .add(user(), instead(&old.as_str()[..6]))
        .await
        .expect("stored");
    let former = it.memories.get(user(), old.as_str(), false).await.expect("there");
    assert_eq!(former.shown.memory.superseded_by, Some(new.id));
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_caller_lacks_is_told_as_it_is_given() {
    let world = World::new();
    let it = world.remember();
    let alone = Caller {
        session: None,
        ..user()
    };
    let error = it
        .memories
        .add(alone, draft("SESSION_STATE", "x"))
        .await
        .expect_err("no session");
    let hint = error.hint().expect("a hint");
    assert!(
        hint.contains("`--session`") && hint.contains("`session` in a tool"),
        "{hint}"
    );
    let nowhere = Caller {
        project: None,
        ..user()
    };
    let error = it
        .memories
        .add(nowhere, draft("PROJECT_CONTEXT", "x"))
        .await
        .expect_err("no project");
    let hint = error.hint().expect("a hint");
    assert!(
        hint.contains("`--project`") && hint.contains("`path` in a tool"),
        "{hint}"
    );
    it.stop().await;
}
