//! The names of what memories are sorted by, as people and agents write them.

use crate::v1::{ContextLevel, MemoryKind, MemoryOrigin, MemoryState};

/// The levels, the widest first.
pub const LEVELS: [ContextLevel; 3] = [
    ContextLevel::UserPreference,
    ContextLevel::ProjectContext,
    ContextLevel::SessionState,
];

/// The kinds.
pub const KINDS: [MemoryKind; 6] = [
    MemoryKind::Decision,
    MemoryKind::Convention,
    MemoryKind::Fact,
    MemoryKind::Mistake,
    MemoryKind::Todo,
    MemoryKind::Note,
];

/// The states.
pub const STATES: [MemoryState; 3] = [MemoryState::Active, MemoryState::Proposed, MemoryState::Superseded];

/// The name of a level; of one that a newer daemon knows, what it is not.
pub fn level_name(level: ContextLevel) -> &'static str {
    match level {
        ContextLevel::Unspecified => "unknown",
        ContextLevel::UserPreference => "USER_PREFERENCE",
        ContextLevel::ProjectContext => "PROJECT_CONTEXT",
        ContextLevel::SessionState => "SESSION_STATE",
    }
}

/// The name of a kind.
pub fn kind_name(kind: MemoryKind) -> &'static str {
    match kind {
        MemoryKind::Unspecified => "unknown",
        MemoryKind::Decision => "decision",
        MemoryKind::Convention => "convention",
        MemoryKind::Fact => "fact",
        MemoryKind::Mistake => "mistake",
        MemoryKind::Todo => "todo",
        MemoryKind::Note => "note",
    }
}

/// The name of an origin.
pub fn origin_name(origin: MemoryOrigin) -> &'static str {
    match origin {
        MemoryOrigin::Unspecified => "unknown",
        MemoryOrigin::User => "user",
        MemoryOrigin::Agent => "agent",
        MemoryOrigin::Import => "import",
    }
}

/// The name of a state.
pub fn state_name(state: MemoryState) -> &'static str {
    match state {
        MemoryState::Unspecified => "unknown",
        MemoryState::Active => "active",
        MemoryState::Proposed => "proposed",
        MemoryState::Superseded => "superseded",
    }
}

/// The first line of a content that holds anything, at most `max` characters.
pub fn title(content: &str, max: usize) -> String {
    let mut lines = content.lines().map(str::trim);
    let line = lines.find(|line| !line.is_empty()).unwrap_or_default();
    if line.chars().count() <= max {
        return line.to_owned();
    }
    let cut: String = line.chars().take(max.saturating_sub(1)).collect();
    format!("{}…", cut.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_tell_apart() {
        let levels: BTreeSet<_> = LEVELS.map(level_name).into_iter().collect();
        let kinds: BTreeSet<_> = KINDS.map(kind_name).into_iter().collect();
        let states: BTreeSet<_> = STATES.map(state_name).into_iter().collect();
        assert_eq!((levels.len(), kinds.len(), states.len()), (3, 6, 3));
        for level in LEVELS {
            assert_eq!(level.as_str_name(), level_name(level));
        }
    }

    #[test]
    fn titles() {
        assert_eq!(title("\n  a b \nc", 10), "a b");
        assert_eq!(title("один два три", 6), "один…");
        assert_eq!(title("", 6), "");
    }
}
