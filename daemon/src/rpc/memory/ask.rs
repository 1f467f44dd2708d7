//! What is asked, from the wire to the engine. Closed types are read here, by an error that names the field;
//! texts are checked by the engine.

use super::super::convert;
use super::Caller;
use codemem_core::memory::{ContextLevel, MemoryFilter, MemoryKind, Origin, SessionId, State};
use codemem_engine::memory::{AddMemory, EditMemory, ExportMemories, ImportedMemory, ListMemories, RetrieveMemories};
use codemem_proto::request::RequestId;
use codemem_proto::status::{ErrorKind, WireError};
use codemem_proto::v1;
use std::path::PathBuf;
use tonic::Status;

/// Most entries of a filter's lists of levels, kinds or states that are looked at: more than there are.
const MAX_CHOICES: usize = 64;

/// A field that cannot be what it is.
pub(super) fn wrong(field: &str, why: &str) -> Status {
    WireError::new(ErrorKind::Usage, format!("`{field}` {why}")).into()
}

/// Who asks. One that does not say what it is, is taken for an agent, which may do least.
pub(super) fn caller(request: &RequestId, caller: Option<v1::MemoryCaller>) -> Result<Caller, Status> {
    let caller = caller.unwrap_or_default();
    let origin = match v1::MemoryOrigin::try_from(caller.origin) {
        Ok(v1::MemoryOrigin::User) => Origin::User,
        Ok(v1::MemoryOrigin::Import) => Origin::Import,
        Ok(v1::MemoryOrigin::Agent | v1::MemoryOrigin::Unspecified) => Origin::Agent,
        Err(_) => {
            return Err(unknown(
                "caller.origin",
                caller.origin,
                &names(Origin::ALL, Origin::as_str),
            ));
        }
    };
    let session = match caller.session.as_str() {
        "" => None,
        text => {
            let session = SessionId::new(text);
            let allowed = "is no session's id: 1 to 128 characters of `[A-Za-z0-9._:-]` are";
            let hint =
                "give the session's id as the agent names it: `--session` at the command line, `session` in a tool";
            let refused = || WireError::new(ErrorKind::Usage, format!("`caller.session` {allowed}")).with_hint(hint);
            Some(session.ok_or_else(refused)?)
        }
    };
    Ok(Caller {
        project: path("caller.project", &caller.project)?,
        session,
        origin,
        request: request.as_str().to_owned(),
    })
}

/// An absolute path, or none.
pub(super) fn path(field: &str, text: &str) -> Result<Option<PathBuf>, Status> {
    if text.is_empty() {
        return Ok(None);
    }
    let path = convert::absolute(text).map_err(|status| {
        let error = WireError::from_status(&status);
        let named = WireError::new(error.kind, format!("`{field}`: {}", error.message));
        Status::from(named.with_hint("give an absolute path"))
    });
    path.map(Some)
}

pub(super) fn add(id: &RequestId, request: v1::AddMemoryRequest) -> Result<(Caller, AddMemory), Status> {
    let level = match request.context_level {
        // The engine says what is missing, and what is allowed.
        0 => String::new(),
        number => level("context_level", number)?.as_str().to_owned(),
    };
    let kind = kind("kind", request.kind)?;
    let add = AddMemory {
        content: request.content,
        level,
        kind: kind.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        tags: request.tags,
        anchors: request.anchors,
        supersedes: request.supersedes,
        expires_at: request.expires_at_ms,
        redact: request.redact,
    };
    Ok((caller(id, request.caller)?, add))
}

pub(super) fn filter(filter: Option<v1::MemoryFilter>) -> Result<MemoryFilter, Status> {
    let filter = filter.unwrap_or_default();
    let kinds = choices("filter.kinds", &filter.kinds, kind)?;
    Ok(MemoryFilter {
        levels: choices("filter.levels", &filter.levels, level)?,
        // A kind that is not given means any.
        kinds: if kinds.contains(&None) {
            Vec::new()
        } else {
            kinds.into_iter().flatten().collect()
        },
        tags: filter.tags,
        since: Some(filter.since_ms).filter(|since| *since != 0),
        until: Some(filter.until_ms).filter(|until| *until != 0),
    })
}

pub(super) fn retrieval(query: String, limit: u32, token_budget: u32) -> RetrieveMemories {
    RetrieveMemories {
        query,
        limit,
        token_budget,
    }
}

pub(super) fn list(id: &RequestId, request: v1::ListMemoriesRequest) -> Result<(Caller, ListMemories), Status> {
    let list = ListMemories {
        filter: filter(request.filter)?,
        states: choices("states", &request.states, state)?,
        limit: request.limit,
        after: Some(request.after).filter(|after| !after.is_empty()),
    };
    Ok((caller(id, request.caller)?, list))
}

pub(super) fn edit(id: &RequestId, request: v1::EditMemoryRequest) -> Result<(Caller, EditMemory), Status> {
    // What would be passed over must not look stored.
    for (field, is_given, switch, is_set) in [
        ("tags", !request.tags.is_empty(), "set_tags", request.set_tags),
        (
            "anchors",
            !request.anchors.is_empty(),
            "set_anchors",
            request.set_anchors,
        ),
    ] {
        if is_given && !is_set {
            return Err(wrong(
                field,
                &format!("is given, and `{switch}` does not say that it counts"),
            ));
        }
    }
    let edit = EditMemory {
        id: request.id,
        content: request.content,
        tags: request.set_tags.then_some(request.tags),
        kind: kind("kind", request.kind)?,
        anchors: request.set_anchors.then_some(request.anchors),
        version: request.version,
        redact: request.redact,
    };
    Ok((caller(id, request.caller)?, edit))
}

pub(super) fn export(id: &RequestId, request: v1::ExportMemoriesRequest) -> Result<(Caller, ExportMemories), Status> {
    let export = ExportMemories {
        filter: filter(request.filter)?,
        all_projects: request.all_projects,
        after: None,
    };
    Ok((caller(id, request.caller)?, export))
}

pub(super) fn imported(memory: v1::ImportedMemory) -> ImportedMemory {
    ImportedMemory {
        line: memory.line,
        content: memory.content,
        level: memory.context_level,
        tags: memory.tags,
        kind: memory.kind,
        created_at: memory.created_at_ms,
        expires_at: memory.expires_at_ms,
        anchors: memory.anchors,
        session: memory.session,
        id: memory.id,
    }
}

fn level(field: &str, number: i32) -> Result<ContextLevel, Status> {
    match v1::ContextLevel::try_from(number) {
        Ok(v1::ContextLevel::UserPreference) => Ok(ContextLevel::UserPreference),
        Ok(v1::ContextLevel::ProjectContext) => Ok(ContextLevel::ProjectContext),
        Ok(v1::ContextLevel::SessionState) => Ok(ContextLevel::SessionState),
        Ok(v1::ContextLevel::Unspecified) | Err(_) => {
            Err(unknown(field, number, &names(ContextLevel::ALL, ContextLevel::as_str)))
        }
    }
}

/// `None` where none is given.
fn kind(field: &str, number: i32) -> Result<Option<MemoryKind>, Status> {
    Ok(Some(match v1::MemoryKind::try_from(number) {
        Ok(v1::MemoryKind::Unspecified) => return Ok(None),
        Ok(v1::MemoryKind::Decision) => MemoryKind::Decision,
        Ok(v1::MemoryKind::Convention) => MemoryKind::Convention,
        Ok(v1::MemoryKind::Fact) => MemoryKind::Fact,
        Ok(v1::MemoryKind::Mistake) => MemoryKind::Mistake,
        Ok(v1::MemoryKind::Todo) => MemoryKind::Todo,
        Ok(v1::MemoryKind::Note) => MemoryKind::Note,
        Err(_) => return Err(unknown(field, number, &names(MemoryKind::ALL, MemoryKind::as_str))),
    }))
}

fn state(field: &str, number: i32) -> Result<State, Status> {
    match v1::MemoryState::try_from(number) {
        Ok(v1::MemoryState::Active) => Ok(State::Active),
        Ok(v1::MemoryState::Proposed) => Ok(State::Proposed),
        Ok(v1::MemoryState::Superseded) => Ok(State::Superseded),
        Ok(v1::MemoryState::Unspecified) | Err(_) => Err(unknown(field, number, &names(State::ALL, State::as_str))),
    }
}

/// Each choice once.
fn choices<T: PartialEq>(
    field: &str,
    numbers: &[i32],
    read: impl Fn(&str, i32) -> Result<T, Status>,
) -> Result<Vec<T>, Status> {
    if numbers.len() > MAX_CHOICES {
        return Err(wrong(
            field,
            &format!("has {} entries; at most {MAX_CHOICES} are read", numbers.len()),
        ));
    }
    let mut chosen = Vec::new();
    for (at, number) in numbers.iter().enumerate() {
        let choice = read(&format!("{field}[{at}]"), *number)?;
        if !chosen.contains(&choice) {
            chosen.push(choice);
        }
    }
    Ok(chosen)
}

fn unknown(field: &str, number: i32, allowed: &str) -> Status {
    wrong(field, &format!("is {number}, which names nothing; {allowed} are known"))
}

fn names<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str) -> String {
    let names: Vec<String> = all.iter().map(|value| format!("`{}`", name(*value))).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal<T: std::fmt::Debug>(result: Result<T, Status>) -> String {
        let error = WireError::from_status(&result.expect_err("refused"));
        assert_eq!(error.kind, ErrorKind::Usage);
        error.message
    }

    fn id() -> RequestId {
        RequestId::fresh()
    }

    #[test]
    fn every_name_of_the_contract_is_one_of_ours() {
        for level_of in ContextLevel::ALL {
            let wire = v1::ContextLevel::from_str_name(level_of.as_str()).expect("the same name");
            assert_eq!(level("level", wire.into()).expect("known"), *level_of);
        }
        for kind_of in MemoryKind::ALL {
            let name = format!("MEMORY_KIND_{}", kind_of.as_str().to_uppercase());
            let wire = v1::MemoryKind::from_str_name(&name).expect("the same name");
            assert_eq!(kind("kind", wire.into()).expect("known"), Some(*kind_of));
        }
        for state_of in State::ALL {
            let name = format!("MEMORY_STATE_{}", state_of.as_str().to_uppercase());
            let wire = v1::MemoryState::from_str_name(&name).expect("the same name");
            assert_eq!(state("state", wire.into()).expect("known"), *state_of);
        }
    }

    #[test]
    fn what_names_nothing_is_refused_by_its_field() {
        let add_at = |context_level| v1::AddMemoryRequest {
            context_level,
            ..v1::AddMemoryRequest::default()
        };
        assert!(refusal(add(&id(), add_at(9))).starts_with("`context_level` is 9"));
        let (_, request) = add(&id(), add_at(0)).expect("the engine says what is missing");
        assert_eq!(request.level, "");
        let in_filter = v1::MemoryFilter {
            levels: vec![1, 0],
            ..v1::MemoryFilter::default()
        };
        assert!(refusal(filter(Some(in_filter))).starts_with("`filter.levels[1]` is 0"));
        let many = v1::MemoryFilter {
            kinds: vec![1; 10_000],
            ..v1::MemoryFilter::default()
        };
        assert!(refusal(filter(Some(many))).contains("10000 entries"));
        let states = v1::ListMemoriesRequest {
            states: vec![-1],
            ..v1::ListMemoriesRequest::default()
        };
        assert!(refusal(list(&id(), states)).starts_with("`states[0]` is -1"));
    }

    #[test]
    fn who_asks() {
        let of = |project: &str, session: &str, origin| {
            let wire = v1::MemoryCaller {
                project: project.to_owned(),
                session: session.to_owned(),
                origin,
            };
            caller(&id(), Some(wire))
        };
        assert_eq!(caller(&id(), None).expect("nobody in particular").origin, Origin::Agent);
        assert_eq!(of("", "", 0).expect("nobody in particular").origin, Origin::Agent);
        let user = of("/p", "s-1", v1::MemoryOrigin::User.into()).expect("somebody");
        assert_eq!((user.origin, user.project), (Origin::User, Some("/p".into())));
        assert!(refusal(of("/p", "", 9)).starts_with("`caller.origin` is 9"));
        assert!(refusal(of("relative", "", 1)).starts_with("`caller.project`: `relative` is not an absolute path"));
        for session in ["a b", "' OR 1=1 --", "\u{fc}", &"x".repeat(129)] {
            assert!(
                refusal(of("/p", session, 1)).starts_with("`caller.session`"),
                "{session}"
            );
        }
    }

    #[test]
    fn what_would_be_passed_over_is_refused() {
        let request = v1::EditMemoryRequest {
            tags: vec!["a".to_owned()],
            ..v1::EditMemoryRequest::default()
        };
        assert!(refusal(edit(&id(), request.clone())).contains("`set_tags`"));
        let set = v1::EditMemoryRequest {
            set_tags: true,
            ..request
        };
        let (_, request) = edit(&id(), set).expect("it counts");
        assert_eq!((request.tags, request.anchors), (Some(vec!["a".to_owned()]), None));
    }
}
