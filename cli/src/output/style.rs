//! Colours, and keeping other people's control characters off the terminal.

use clap::builder::styling::{AnsiColor, Style as Ansi};
use std::borrow::Cow;

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

/// Text from a repository without what would steer a terminal. Tabs and line ends stay.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    let steers = |c: char| c.is_control() && c != '\n' && c != '\t';
    if text.contains(steers) {
        Cow::Owned(text.replace(steers, "\u{fffd}"))
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
        assert_eq!(clean("a\tb\nc"), "a\tb\nc");
        assert_eq!(clean("\u{1b}[2Jx\r"), "\u{fffd}[2Jx\u{fffd}");
    }
}
