//! Memories as files: JSON lines, and Markdown for reading and editing. What export writes, import takes.
//!
//! In Markdown a memory begins at a comment that holds everything but its content; a heading for readers follows, which
//! import passes over. A line of a content that looks like such a comment gets a backslash in front.

use codemem_proto::memory::{kind_name, level_name};
use codemem_proto::time;
use codemem_proto::v1::{ImportedMemory, MemoryUnit};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt::Write as _;

/// How every Markdown export begins, and how import knows it.
pub(super) const MARKDOWN_HEAD: &str = "<!-- codemem memories 1 -->\n";

/// Begins the comment of one memory.
const MARK: &str = "<!-- codemem:memory ";

/// Begins the heading that readers see.
const HEADING: &str = "### ";

/// One memory of a file. A field that is not known is an error: what is not understood must not look stored.
#[derive(Serialize, Deserialize, Default, PartialEq, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    context_level: Option<String>,
    /// Only in an export of every project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    project: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    anchors: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_at: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Value>,
}

/// A memory to store, and the project that its line names.
pub(super) struct Entry {
    pub(super) project: Option<String>,
    pub(super) memory: ImportedMemory,
}

impl Line {
    /// The line of a stored memory.
    pub(super) fn of(memory: MemoryUnit, with_project: bool) -> Self {
        let given = |text: String| Some(text).filter(|text| !text.is_empty());
        Self {
            context_level: given(level_name(memory.context_level()).to_owned()),
            kind: given(kind_name(memory.kind()).to_owned()),
            id: given(memory.id),
            content: Some(memory.content),
            project: given(memory.project).filter(|_| with_project),
            session: given(memory.session),
            tags: Some(memory.tags),
            anchors: Some(memory.anchors.into_iter().map(|anchor| anchor.name).collect()),
            created_at: Some(time::rfc3339(memory.created_at_ms).into()),
            expires_at: (memory.expires_at_ms != 0).then(|| time::rfc3339(memory.expires_at_ms).into()),
        }
    }

    /// Reads one line of JSON; why not, in words for whoever wrote it.
    pub(super) fn of_json(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())?;
        // A list would be read as well, its values in the order of the fields.
        if !text.trim_ascii_start().starts_with('{') {
            return Err("not a JSON object".to_owned());
        }
        serde_json::from_str(text).map_err(|error| reason(&error))
    }

    /// The memory as Markdown, up to where the next begins.
    pub(super) fn into_markdown(mut self) -> serde_json::Result<String> {
        let content = self.content.take().unwrap_or_default();
        // A comment ends at the first `-->`, wherever it stands.
        let head = serde_json::to_string(&self)?.replace('>', "\\u003e");
        let kind = self.kind.unwrap_or_default();
        let created_at = self.created_at.as_ref().and_then(Value::as_str).unwrap_or_default();
        let date = created_at.split('T').next().unwrap_or_default();
        let mut text = format!("\n{MARK}{head} -->\n{HEADING}{kind}, {date}");
        for tag in self.tags.unwrap_or_default() {
            let _ = write!(text, " `{tag}`");
        }
        text.push_str("\n\n");
        for line in content.split('\n') {
            if line.trim_start_matches('\\').starts_with(MARK) {
                text.push('\\');
            }
            text.push_str(line);
            text.push('\n');
        }
        Ok(text)
    }

    /// What is stored for line `number`.
    pub(super) fn entry(self, number: u64) -> Result<Entry, String> {
        let content = self.content.ok_or("missing field `content`")?;
        let memory = ImportedMemory {
            line: number,
            content,
            context_level: self.context_level.unwrap_or_default(),
            tags: self.tags.unwrap_or_default(),
            kind: self.kind.unwrap_or_default(),
            created_at_ms: milliseconds("created_at", self.created_at.as_ref())?,
            expires_at_ms: milliseconds("expires_at", self.expires_at.as_ref())?,
            anchors: self.anchors.unwrap_or_default(),
            session: self.session.unwrap_or_default(),
            id: self.id.unwrap_or_default(),
        };
        let project = self.project.filter(|project| !project.is_empty());
        Ok(Entry { project, memory })
    }
}

/// What is wrong with a line, in words for whoever wrote it.
fn reason(error: &serde_json::Error) -> String {
    // It is always line 1 of what was handed over.
    let reason = error.to_string().replacen(" at line 1 column ", " at column ", 1);
    let unpaired = "half of a surrogate pair is no character";
    ["unexpected end of hex escape", "lone leading surrogate in hex escape"]
        .into_iter()
        .fold(reason, |reason, said| reason.replacen(said, unpaired, 1))
}

/// 0 where there is none.
fn milliseconds(field: &str, value: Option<&Value>) -> Result<i64, String> {
    let ms = match value {
        None | Some(Value::Null) => return Ok(0),
        Some(Value::String(text)) => time::parse(text),
        Some(Value::Number(number)) => {
            let whole = number.as_f64().filter(|ms| ms.fract() == 0.0 && ms.abs() < 1e15);
            number.as_i64().or(whole.map(|ms| ms as i64))
        }
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => None,
    };
    ms.ok_or_else(|| format!("`{field}`: give RFC 3339 as in \"2026-11-02T09:15:00Z\", or milliseconds since 1970"))
}

/// Puts memories of a Markdown export together, line by line.
#[derive(Default)]
pub(super) struct Markdown {
    open: Option<Open>,
}

/// A memory whose end is not known yet.
struct Open {
    number: u64,
    head: Result<Line, String>,
    content: String,
    /// Whether everything before the content has been passed over.
    state: Before,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Heading,
    Blank,
    Nothing,
}

/// A memory of a Markdown file, or why there is none; by the line on which it begins.
pub(super) type Numbered = (u64, Result<Entry, String>);

impl Markdown {
    /// Takes the next line, without its end; gives the memory that it ends.
    pub(super) fn line(&mut self, number: u64, bytes: &[u8]) -> Option<Numbered> {
        let text = std::str::from_utf8(bytes);
        if let Ok(text) = text
            && let Some(rest) = text.strip_prefix(MARK)
        {
            let head = rest
                .trim_end()
                .strip_suffix("-->")
                .ok_or("the comment has no end".to_owned());
            let opened = Open {
                number,
                head: head.and_then(|head| Line::of_json(head.as_bytes())),
                content: String::new(),
                state: Before::Heading,
            };
            return self.open.replace(opened).map(Open::close);
        }
        let open = self.open.as_mut()?;
        match text {
            Ok(text) => open.push(text),
            Err(_) => open.head = Err(format!("line {number} is not UTF-8")),
        }
        None
    }

    /// Says that there are no more lines; gives the last memory.
    pub(super) fn end(&mut self) -> Option<Numbered> {
        self.open.take().map(Open::close)
    }

    /// Bytes that are held until the memory ends.
    pub(super) fn n_held(&self) -> usize {
        self.open.as_ref().map_or(0, |open| open.content.len())
    }

    /// Gives up the memory that has begun.
    pub(super) fn reject(&mut self, reason: &str) {
        if let Some(open) = &mut self.open {
            open.head = Err(reason.to_owned());
            open.content.clear();
        }
    }
}

impl Open {
    fn push(&mut self, text: &str) {
        if self.head.is_err() {
            return;
        }
        match self.state {
            Before::Heading if text.starts_with(HEADING) => {
                self.state = Before::Blank;
                return;
            }
            Before::Blank if text.is_empty() => {
                self.state = Before::Nothing;
                return;
            }
            Before::Heading | Before::Blank => self.state = Before::Nothing,
            Before::Nothing => {}
        }
        let is_escaped = text.starts_with('\\') && text.trim_start_matches('\\').starts_with(MARK);
        self.content.push_str(if is_escaped { &text[1..] } else { text });
        self.content.push('\n');
    }

    fn close(self) -> Numbered {
        let content = self.content.trim_end().to_owned();
        let entry = self.head.and_then(|head| {
            let line = Line {
                content: Some(content),
                ..head
            };
            line.entry(self.number)
        });
        (self.number, entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use codemem_proto::v1::{ContextLevel, MemoryAnchor, MemoryKind};

    fn unit(content: &str) -> MemoryUnit {
        MemoryUnit {
            id: "00000000000000ff".to_owned(),
            content: content.to_owned(),
            context_level: ContextLevel::ProjectContext.into(),
            project: "/p".to_owned(),
            tags: vec!["a--".to_owned(), "b".to_owned()],
            kind: MemoryKind::Decision.into(),
            anchors: vec![MemoryAnchor {
                name: "src/a.rs#Map<K, V>-->".to_owned(),
                ..MemoryAnchor::default()
            }],
            created_at_ms: 1_749_719_700_123,
            expires_at_ms: 1_849_719_700_000,
            ..MemoryUnit::default()
        }
    }

    const CONTENTS: [&str; 9] = [
        "one line",
        "# a heading\n\n```\ncode\n```\n\nand more",
        "\n\n  begins late",
        "### looks like the heading",
        "<!-- codemem:memory {} -->\n\\<!-- codemem:memory {} -->\nnot me",
        "<!-- codemem memories 1 -->",
        "\"quoted\" \\ back\\slash",
        "路由 🚀 é",
        "a\ttab and trailing spaces within  \nlines",
    ];

    #[test]
    fn json_lines_come_back() {
        for content in CONTENTS {
            for with_project in [false, true] {
                let text = serde_json::to_string(&Line::of(unit(content), with_project)).expect("JSON");
                assert!(!text.contains('\n'), "{text}");
                let entry = Line::of_json(text.as_bytes())
                    .and_then(|line| line.entry(7))
                    .expect("taken");
                check(&entry, content, 7);
                assert_eq!(entry.project.as_deref(), with_project.then_some("/p"));
            }
        }
    }

    #[test]
    fn markdown_comes_back() {
        let mut text = MARKDOWN_HEAD.to_owned();
        for content in CONTENTS {
            text.push_str(&Line::of(unit(content), false).into_markdown().expect("JSON"));
        }
        assert!(text.contains("### decision, 2025-06-12 `a--` `b`"), "{text}");
        let mut markdown = Markdown::default();
        let mut entries: Vec<Numbered> = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            entries.extend(markdown.line(number, line.as_bytes()));
        }
        entries.extend(markdown.end());
        assert_eq!(entries.len(), CONTENTS.len());
        for ((number, entry), content) in entries.into_iter().zip(CONTENTS) {
            check(&entry.expect("taken"), content, number);
        }
    }

    fn check(entry: &Entry, content: &str, number: u64) {
        let expected = ImportedMemory {
            line: number,
            content: content.to_owned(),
            context_level: "PROJECT_CONTEXT".to_owned(),
            tags: vec!["a--".to_owned(), "b".to_owned()],
            kind: "decision".to_owned(),
            created_at_ms: 1_749_719_700_123,
            expires_at_ms: 1_849_719_700_000,
            anchors: vec!["src/a.rs#Map<K, V>-->".to_owned()],
            session: String::new(),
            id: "00000000000000ff".to_owned(),
        };
        assert_eq!(entry.memory, expected);
    }

    #[test]
    fn lines_that_are_refused() {
        let reason = |line: &[u8]| match Line::of_json(line).and_then(|line| line.entry(1)) {
            Ok(_) => panic!("{} is taken", String::from_utf8_lossy(line)),
            Err(reason) => reason,
        };
        for (line, expected) in [
            (&b"{"[..], "EOF while parsing"),
            (b"[]", "not a JSON object"),
            (b"[\"id\", \"content\"]", "not a JSON object"),
            (b"nonsense", "not a JSON object"),
            (b"{\"context_level\":\"PROJECT_CONTEXT\"}", "missing field `content`"),
            (
                b"{\"content\":\"x\",\"level\":\"y\"}",
                "unknown field `level`, expected one of `id`, `content`",
            ),
            (
                b"{\"content\":1}",
                "invalid type: integer `1`, expected a string at column",
            ),
            (
                b"{\"content\":\"x\",\"tags\":\"a\"}",
                "invalid type: string \"a\", expected a sequence",
            ),
            (b"{\"content\":\"x\",\"content\":\"y\"}", "duplicate field `content`"),
            (b"{\"content\":\"\xff\"}", "not UTF-8"),
            (
                b"{\"content\":\"\\ud800\"}",
                "half of a surrogate pair is no character at column",
            ),
            (
                b"{\"content\":\"\\udc00 and\"}",
                "half of a surrogate pair is no character at column",
            ),
            (
                b"{\"content\":\"\\ud800\\ud800\"}",
                "half of a surrogate pair is no character at column",
            ),
            (b"{\"content\":\"x\"} trailing", "trailing characters"),
            (
                b"{\"content\":\"x\",\"created_at\":\"now\"}",
                "`created_at`: give RFC 3339",
            ),
            (
                b"{\"content\":\"x\",\"created_at\":true}",
                "`created_at`: give RFC 3339",
            ),
            (b"{\"content\":\"x\",\"expires_at\":1.5}", "`expires_at`: give RFC 3339"),
        ] {
            let reason = reason(line);
            assert!(reason.contains(expected), "{reason}");
            assert!(!reason.contains("line 1"), "{reason}");
        }
    }

    #[test]
    fn what_may_be_left_out_and_how_times_are_given() {
        let entry = |line: &str| {
            Line::of_json(line.as_bytes())
                .and_then(|line| line.entry(3))
                .expect("taken")
        };
        let bare = entry(r#"{"content":"x","tags":null,"created_at":null}"#).memory;
        let expected = ImportedMemory {
            line: 3,
            content: "x".to_owned(),
            ..ImportedMemory::default()
        };
        assert_eq!(bare, expected);
        for created_at in [
            "1749719700000",
            "1749719700000.0",
            "\"2025-06-12T09:15:00\"",
            "\"2025-06-12T11:15:00+02:00\"",
        ] {
            let memory = entry(&format!(r#"{{"content":"x","created_at":{created_at}}}"#)).memory;
            assert_eq!(memory.created_at_ms, 1_749_719_700_000, "{created_at}");
        }
    }

    #[test]
    fn markdown_that_was_changed_by_hand() {
        let text = "before\n<!-- codemem:memory {\"context_level\":\"PROJECT_CONTEXT\"} -->\nno heading\n\n\
                    <!-- codemem:memory {\"color\":1} -->\nx\n<!-- codemem:memory {}\ny\n";
        let mut markdown = Markdown::default();
        let mut entries: Vec<Numbered> = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            entries.extend(markdown.line(number, line.as_bytes()));
        }
        entries.extend(markdown.end());
        let outcomes: Vec<(u64, Result<String, String>)> = entries
            .into_iter()
            .map(|(number, entry)| (number, entry.map(|entry| entry.memory.content)))
            .collect();
        assert_eq!(outcomes[0], (2, Ok("no heading".to_owned())));
        assert!(
            matches!(&outcomes[1], (5, Err(reason)) if reason.contains("unknown field `color`")),
            "{outcomes:?}"
        );
        assert_eq!(outcomes[2], (7, Err("the comment has no end".to_owned())));
    }
}
