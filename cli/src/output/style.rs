//! Colours, and keeping other people's control characters off the terminal.

use clap::builder::styling::{AnsiColor, Style as Ansi};
use std::borrow::Cow;
use std::fmt::Write as _;

/// How text for a person is decorated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    colours: bool,
}

impl Style {
    pub(crate) fn new(colours: bool) -> Self {
        Self { colours }
    }

    /// A path or another thing to find again.
    pub(crate) fn subject(self, text: &str) -> String {
        self.paint(AnsiColor::Magenta.on_default(), text)
    }

    /// A name.
    pub(crate) fn name(self, text: &str) -> String {
        self.paint(Ansi::new().bold(), text)
    }

    /// What matters less.
    pub(crate) fn dim(self, text: &str) -> String {
        self.paint(Ansi::new().dimmed(), text)
    }

    pub(crate) fn error(self, text: &str) -> String {
        self.paint(AnsiColor::Red.on_default().bold(), text)
    }

    pub(crate) fn warning(self, text: &str) -> String {
        self.paint(AnsiColor::Yellow.on_default().bold(), text)
    }

    pub(crate) fn hint(self, text: &str) -> String {
        self.paint(AnsiColor::Cyan.on_default().bold(), text)
    }

    fn paint(self, style: Ansi, text: &str) -> String {
        if self.colours {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}

/// One line of text from a repository without what would steer a terminal or begin another line, which a
/// file's name may do. Tabs stay.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    without(text, |c| steers(c) && c != '\t')
}

/// The same for text that may have several lines.
pub(crate) fn clean_lines(text: &str) -> Cow<'_, str> {
    without(text, |c| steers(c) && c != '\t' && c != '\n')
}

/// JSON with everything escaped that would steer a terminal; it means the same. Such characters stand in its
/// strings alone, and those below the space are escaped already.
pub(super) fn escaped(json: String) -> String {
    let is_line = |c: char| c == '\n';
    if !json.contains(|c| steers(c) && !is_line(c)) {
        return json;
    }
    let mut text = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        if steers(c) && !is_line(c) {
            // All of them are of the basic plane, so one escape is one character.
            let _ = write!(text, "\\u{:04x}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    text
}

/// Control characters, and those that turn the order of what follows them around.
fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn without(text: &str, unwanted: impl Fn(char) -> bool) -> Cow<'_, str> {
    if text.contains(&unwanted) {
        Cow::Owned(text.replace(unwanted, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_only_when_wanted() {
        assert_eq!(Style::new(false).error("x"), "x");
        assert_eq!(Style::new(true).name("x"), "\u{1b}[1mx\u{1b}[0m");
    }

    #[test]
    fn control_characters_are_made_visible() {
        assert_eq!(clean("a\tb\nc"), "a\tb\u{fffd}c");
        assert_eq!(clean_lines("a\tb\nc"), "a\tb\nc");
        for (text, expected) in [
            ("\u{1b}[2Jx\r", "\u{fffd}[2Jx\u{fffd}"),
            ("\u{9b}31m\u{7f}", "\u{fffd}31m\u{fffd}"),
            ("\u{202e}txt.exe\u{2066}", "\u{fffd}txt.exe\u{fffd}"),
            ("маршрут 路由 مسار 🚀", "маршрут 路由 مسار 🚀"),
        ] {
            assert_eq!(clean(text), expected);
            assert_eq!(clean_lines(text), expected);
        }
    }

    #[test]
    fn json_means_the_same_and_steers_nothing() {
        let text = "a\u{9b}b\u{7f}c\u{202e}d\n\"é路";
        let json = escaped(serde_json::to_string(text).expect("JSON") + "\n");
        assert_eq!(json, "\"a\\u009bb\\u007fc\\u202ed\\n\\\"é路\"\n");
        assert_eq!(serde_json::from_str::<String>(&json).expect("JSON"), text);
    }
}
