//! From given fields to a memory that may be stored: validated, without secrets, flagged, in its place, anchored. Blocks.

use super::MemoryError;
use super::anchors::Resolver;
use super::inner::{Asking, Inner};
use codemem_core::memory::validate::{self, Draft, FieldError};
use codemem_core::memory::{ContextLevel, Memory, MemoryId, Origin, Reader, State, TimestampMs, flags, secrets};

/// How long a session's memory lives when nothing is said about it: a session that is taken up again after some weeks
/// finds its state, and one that is forgotten leaves nothing.
const SESSION_LIFE_MS: TimestampMs = 30 * 24 * 3_600 * 1_000;

/// Fields as they were given.
pub(super) struct Fields<'a> {
    pub(super) content: &'a str,
    pub(super) level: &'a str,
    pub(super) kind: &'a str,
    pub(super) tags: &'a [String],
    pub(super) anchors: &'a [String],
    pub(super) expires_at: TimestampMs,
    pub(super) redact: bool,
}

/// Fields that may be stored.
pub(super) struct Checked {
    pub(super) draft: Draft,
    pub(super) redacted: Vec<&'static str>,
}

impl Fields<'_> {
    /// Validates, and refuses or takes out secrets.
    pub(super) fn check(&self, resolver: &Resolver<'_>, now: TimestampMs) -> Result<Checked, MemoryError> {
        let anchors = resolver.relative(self.anchors);
        let validate = |content: &str| {
            validate::draft(
                content,
                self.level,
                self.kind,
                self.tags,
                &anchors,
                self.expires_at,
                now,
            )
        };
        let mut draft = validate(self.content)?;
        for (index, anchor) in draft.anchors.iter().enumerate() {
            refuse_secrets(&format!("anchors[{index}]"), &secrets::find(anchor))?;
        }
        let found = secrets::find(&draft.content);
        if !self.redact {
            refuse_secrets("content", &found)?;
        }
        let mut redacted: Vec<&'static str> = found.iter().map(|finding| finding.rule).collect();
        redacted.sort_unstable();
        redacted.dedup();
        if !found.is_empty() {
            draft = validate(&secrets::redact(&draft.content, &found))?;
        }
        Ok(Checked { draft, redacted })
    }
}

fn refuse_secrets(field: &str, found: &[secrets::Finding]) -> Result<(), MemoryError> {
    match found {
        [] => Ok(()),
        [first, more @ ..] => Err(MemoryError::Secret {
            field: field.to_owned(),
            rule: first.rule,
            what: first.what,
            n_more: more.len(),
        }),
    }
}

impl Inner {
    /// A new memory of checked fields, where `reader` is.
    pub(super) fn memory(
        &self,
        asking: &Asking,
        reader: &Reader,
        draft: Draft,
        resolver: &mut Resolver<'_>,
        now: TimestampMs,
    ) -> Result<Memory, MemoryError> {
        let (level, origin) = (draft.level, asking.caller.origin);
        let place = reader.place(level).ok_or_else(|| {
            let missing = if reader.project.is_none() {
                "caller.project"
            } else {
                "caller.session"
            };
            FieldError::new(missing, format!("missing; {level} needs it"))
        })?;
        let is_user_wide = level == ContextLevel::UserPreference;
        if is_user_wide && !draft.anchors.is_empty() {
            let reason = format!(
                "belong to one project, and {level} to all; store it as {}",
                ContextLevel::ProjectContext
            );
            return Err(FieldError::new("anchors", reason).into());
        }
        let by_default = (level == ContextLevel::SessionState).then(|| now.saturating_add(SESSION_LIFE_MS));
        let project = asking.project.as_ref().filter(|_| !is_user_wide);
        Ok(Memory {
            id: self.ids.next(&draft.content),
            place,
            project_path: project
                .map(|project| project.base.display().to_string())
                .unwrap_or_default(),
            tags: draft.tags,
            kind: draft.kind,
            origin,
            trust: origin.trust(),
            state: if is_user_wide && origin == Origin::Agent {
                State::Proposed
            } else {
                State::Active
            },
            created_at: now,
            updated_at: now,
            confirmed_at: None,
            confirmations: 0,
            expires_at: draft.expires_at.or(by_default),
            supersedes: None,
            superseded_by: None,
            version: 1,
            anchors: resolver.resolve(&draft.anchors),
            flags: flags_of(&draft.content),
            content: draft.content,
        })
    }
}

/// The rules by which a content reads like an order.
pub(super) fn flags_of(content: &str) -> Vec<String> {
    flags::flags(content).into_iter().map(str::to_owned).collect()
}

/// What whoever stored it should know of a memory, beyond its anchors.
pub(super) fn notes_on(memory: &Memory) -> Vec<String> {
    let mut notes = Vec::new();
    if !memory.flags.is_empty() {
        let rules = memory.flags.join(", ");
        notes.push(format!(
            "it reads like an order to an agent ({rules}): it is shown as such and ranked down"
        ));
    }
    if memory.state == State::Proposed {
        notes.push(format!(
            "no search shows it before the user runs `codemem memory confirm {}`",
            memory.id
        ));
    }
    notes
}

/// The shortest beginning of an id by which a memory is superseded, in characters: longer than the one by which it is read,
/// for a slip would take the wrong memory out of every answer.
const MIN_SUPERSEDED: usize = 6;

/// The id, or its beginning, of the memory whose place another takes; `None` where it takes none.
pub(super) fn superseded(text: &str) -> Result<Option<String>, FieldError> {
    if text.is_empty() {
        return Ok(None);
    }
    let beginning = validate::id_beginning("supersedes", text)?;
    if beginning.len() < MIN_SUPERSEDED {
        let reason = format!(
            "`{beginning}` is too short; {MIN_SUPERSEDED} to {} characters of an id are allowed",
            MemoryId::LENGTH
        );
        return Err(FieldError::new("supersedes", reason));
    }
    Ok(Some(beginning))
}

/// An id that is not given is no id.
pub(super) fn optional_id(field: &str, id: &str) -> Result<Option<MemoryId>, FieldError> {
    (!id.is_empty()).then(|| validate::id(field, id)).transpose()
}
