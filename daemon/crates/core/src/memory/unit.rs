//! What a memory is: its content and everything that decides who reads it and how far it is believed.

use crate::ids::{ContentHash, RepositoryKey};
use std::fmt;

/// Milliseconds since 1970.
pub type TimestampMs = i64;

/// Names a memory: 16 characters of `[0-9a-f]`, the same in every copy of the store.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct MemoryId(String);

impl MemoryId {
    /// Characters of an id.
    pub const LENGTH: usize = 16;

    /// The id with that number.
    pub fn new(number: u64) -> Self {
        Self(format!("{number:016x}"))
    }

    /// Reads a whole id.
    pub fn parse(text: &str) -> Option<Self> {
        let valid = text.len() == Self::LENGTH && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        valid.then(|| Self(text.to_owned()))
    }

    /// The 16 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MemoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name in requests, files and the database.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// Reads a name, exactly as [`Self::as_str`] writes it.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

names! {
    /// Who may read a memory.
    ContextLevel {
        /// About the user; every project reads it.
        UserPreference = "USER_PREFERENCE",
        /// About one project; nobody else reads it.
        ProjectContext = "PROJECT_CONTEXT",
        /// About one session of one project.
        SessionState = "SESSION_STATE",
    }
}

names! {
    /// What a memory is about.
    MemoryKind {
        /// What was chosen, and why.
        Decision = "decision",
        /// How things are done here.
        Convention = "convention",
        /// What is so.
        Fact = "fact",
        /// What went wrong, and what to do instead.
        Mistake = "mistake",
        /// What is still to be done.
        Todo = "todo",
        /// Anything else.
        Note = "note",
    }
}

names! {
    /// Where a memory came from.
    Origin {
        /// A person at the command line.
        User = "user",
        /// An agent.
        Agent = "agent",
        /// A file.
        Import = "import",
    }
}

impl Origin {
    /// How far a memory from there is believed before anybody confirms it, 0 to 1.
    pub fn trust(self) -> f32 {
        match self {
            Self::User => 1.0,
            Self::Import => 0.8,
            Self::Agent => 0.6,
        }
    }
}

names! {
    /// Where a memory is in its life.
    State {
        /// Searches show it.
        Active = "active",
        /// An agent wrote it at a level that crosses projects: it waits for a person's confirmation, and no search shows it.
        Proposed = "proposed",
        /// A newer memory has taken its place: only get and list show it.
        Superseded = "superseded",
    }
}

/// Names a project: the same for all worktrees and directories of a repository.
pub type ProjectKey = RepositoryKey;

/// A session's id as the agent names it: 1 to 128 characters of `[A-Za-z0-9._:-]`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct SessionId(String);

impl SessionId {
    /// Checks and wraps an id.
    pub fn new(text: &str) -> Option<Self> {
        let valid = (1..=128).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'-'));
        valid.then(|| Self(text.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a memory belongs. The type is the proof that a level has what it needs.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Place {
    /// [`ContextLevel::UserPreference`].
    User,
    /// [`ContextLevel::ProjectContext`].
    Project(ProjectKey),
    /// [`ContextLevel::SessionState`].
    Session(ProjectKey, SessionId),
}

impl Place {
    /// The level.
    pub fn level(&self) -> ContextLevel {
        match self {
            Self::User => ContextLevel::UserPreference,
            Self::Project(_) => ContextLevel::ProjectContext,
            Self::Session(..) => ContextLevel::SessionState,
        }
    }

    /// The project, below [`ContextLevel::UserPreference`].
    pub fn project(&self) -> Option<&ProjectKey> {
        match self {
            Self::User => None,
            Self::Project(project) | Self::Session(project, _) => Some(project),
        }
    }

    /// The session of a [`ContextLevel::SessionState`].
    pub fn session(&self) -> Option<&SessionId> {
        match self {
            Self::Session(_, session) => Some(session),
            Self::User | Self::Project(_) => None,
        }
    }
}

/// Who asks, resolved: what may be read is decided by this alone.
///
/// A reader sees every [`Place::User`], its own [`Place::Project`], and its own [`Place::Session`] in that
/// project; nothing else, whatever it asks for.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Reader {
    /// The project it works in.
    pub project: Option<ProjectKey>,
    /// The session it is.
    pub session: Option<SessionId>,
}

impl Reader {
    /// Whether it may read what is stored there.
    pub fn may_read(&self, place: &Place) -> bool {
        match place {
            Place::User => true,
            Place::Project(project) => self.project.as_ref() == Some(project),
            Place::Session(project, session) => {
                self.project.as_ref() == Some(project) && self.session.as_ref() == Some(session)
            }
        }
    }

    /// Where it may read at the given level; `None` when it is in no such place.
    pub fn place(&self, level: ContextLevel) -> Option<Place> {
        match level {
            ContextLevel::UserPreference => Some(Place::User),
            ContextLevel::ProjectContext => self.project.clone().map(Place::Project),
            ContextLevel::SessionState => Some(Place::Session(self.project.clone()?, self.session.clone()?)),
        }
    }
}

/// A place in the code that a memory is about.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Anchor {
    /// As it was given: a path, a symbol, or `path#symbol`.
    pub name: String,
    /// Relative to the project's root; empty while the symbol was not found.
    pub path: String,
    /// Qualified name; empty when the file as a whole is meant.
    pub symbol: String,
    /// Of the file's bytes, or of the lines of the symbol's definition; `None` when it could not be read.
    pub hash: Option<ContentHash>,
}

/// A memory.
#[derive(Clone, PartialEq, Debug)]
pub struct Memory {
    /// Its name.
    pub id: MemoryId,
    /// What is remembered: 1 byte to [`MAX_CONTENT`] bytes.
    pub content: String,
    /// Where it belongs.
    pub place: Place,
    /// The project's path where it was stored, for people; empty at [`Place::User`].
    pub project_path: String,
    /// Sorted, each once.
    pub tags: Vec<String>,
    /// What it is about.
    pub kind: MemoryKind,
    /// Where it came from.
    pub origin: Origin,
    /// How far it is believed, 0 to 1.
    pub trust: f32,
    /// Where it is in its life.
    pub state: State,
    /// When it was first stored, or when what it tells was so, for an import.
    pub created_at: TimestampMs,
    /// When this version was stored.
    pub updated_at: TimestampMs,
    /// When somebody last said that it holds.
    pub confirmed_at: Option<TimestampMs>,
    /// How often somebody said so, storing the same again included.
    pub confirmations: u32,
    /// When it is gone.
    pub expires_at: Option<TimestampMs>,
    /// The memory whose place it took.
    pub supersedes: Option<MemoryId>,
    /// The memory that took its place.
    pub superseded_by: Option<MemoryId>,
    /// From 1, one more for every edit.
    pub version: u32,
    /// The code it is about.
    pub anchors: Vec<Anchor>,
    /// Names of the rules by which its content reads like an order to an agent ([`super::flags`]).
    pub flags: Vec<String>,
}

impl Memory {
    /// Whether it is gone at that time.
    pub fn is_expired(&self, now: TimestampMs) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= now)
    }

    /// Its first line, at most `max` characters.
    pub fn title(&self, max: usize) -> String {
        let line = self
            .content
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty())
            .unwrap_or_default();
        if line.chars().count() <= max {
            return line.to_owned();
        }
        let mut title: String = line.chars().take(max.saturating_sub(1)).collect();
        title.truncate(title.trim_end().len());
        title.push('…');
        title
    }
}

/// Most bytes of a content.
pub const MAX_CONTENT: usize = 32 * 1024;

/// Most tags, and most bytes of one.
pub const MAX_TAGS: usize = 16;
/// Most bytes of a tag.
pub const MAX_TAG: usize = 64;

/// Most anchors, and most bytes of one.
pub const MAX_ANCHORS: usize = 16;
/// Most bytes of an anchor's name.
pub const MAX_ANCHOR: usize = 512;

/// Which memories count, built of closed types alone.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct MemoryFilter {
    /// Only these; empty means any.
    pub levels: Vec<ContextLevel>,
    /// Only these; empty means any.
    pub kinds: Vec<MemoryKind>,
    /// All of these, already validated.
    pub tags: Vec<String>,
    /// Created at this time or later.
    pub since: Option<TimestampMs>,
    /// Created before this time.
    pub until: Option<TimestampMs>,
}

impl MemoryFilter {
    /// Whether it lets a memory through.
    pub fn admits(&self, memory: &Memory) -> bool {
        (self.levels.is_empty() || self.levels.contains(&memory.place.level()))
            && (self.kinds.is_empty() || self.kinds.contains(&memory.kind))
            && self.tags.iter().all(|tag| memory.tags.contains(tag))
            && self.since.is_none_or(|since| memory.created_at >= since)
            && self.until.is_none_or(|until| memory.created_at < until)
    }
}
