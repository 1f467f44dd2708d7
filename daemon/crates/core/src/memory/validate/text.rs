//! Text as it is stored and asked: which characters are text, and which are only there to deceive.
//!
//! Characters that cannot be seen are dropped rather than refused. Bidirectional overrides let a line read
//! differently for a person who confirms it than for the program that is handed it; zero-width characters split words
//! so that no rule recognises them; tag characters spell out text that nobody sees. Without them what is shown, what is
//! searched and what is scanned is the same, and somebody who pasted from a web page is not turned away for a
//! character that cannot be found. [`super::super::flags`] says that there was something hidden.

use super::super::MAX_CONTENT;

/// Why something is not text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotText {
    /// A control character or one that Unicode keeps for no text.
    Character {
        /// It.
        character: char,
        /// Where, in bytes of what was given.
        offset: usize,
    },
    /// Bytes that were no UTF-8 before somebody replaced them.
    Undecodable {
        /// How many characters stand for them.
        n_replaced: usize,
    },
}

/// Text as it is stored: line breaks are `\n`, nothing hidden is in it, nothing blank at its end.
///
/// Cleaning it again changes nothing.
pub fn clean(text: &str) -> Result<String, NotText> {
    let mut clean = String::with_capacity(text.len().min(MAX_CONTENT));
    let mut chars = text.char_indices().peekable();
    while let Some((offset, character)) = chars.next() {
        match character {
            '\n' | '\t' => clean.push(character),
            '\r' => {
                if chars.peek().is_none_or(|&(_, next)| next != '\n') {
                    clean.push('\n');
                }
            }
            // Unicode's own line and paragraph separators, which most programs do not show as such.
            '\u{2028}' | '\u{2029}' => clean.push('\n'),
            _ if character.is_control() || is_noncharacter(character) => {
                return Err(NotText::Character { character, offset });
            }
            _ if is_hidden(character) => {}
            _ if is_joining(character) => {
                let next = chars.clone().map(|(_, next)| next).find(|&next| !is_hidden(next));
                if joins(clean.chars().next_back(), character, next) {
                    clean.push(character);
                }
            }
            _ => clean.push(character),
        }
    }
    loop {
        clean.truncate(clean.trim_end().len());
        // What joined a character to one that is gone by now joins nothing.
        let joined = clean.trim_end_matches(['\u{200C}', '\u{200D}']).len();
        if joined == clean.len() {
            break;
        }
        clean.truncate(joined);
    }
    // A few in a quoted log are text about something broken; one in eight is something broken.
    let n_replaced = clean.matches(char::REPLACEMENT_CHARACTER).count();
    if n_replaced * 8 > clean.chars().count() {
        return Err(NotText::Undecodable { n_replaced });
    }
    Ok(clean)
}

/// Text as it is asked: what is not text counts as a space; nothing blank around it.
pub(super) fn question(text: &str) -> String {
    let text: String = text
        .chars()
        .filter(|&c| !is_hidden(c))
        .map(|c| {
            if c.is_control() && c != '\n' && c != '\t' {
                ' '
            } else {
                c
            }
        })
        .collect();
    text.trim().to_owned()
}

/// Whether a character is there without being seen, wherever it stands.
pub fn is_hidden(character: char) -> bool {
    matches!(character,
        '\u{00AD}' // soft hyphen
        | '\u{034F}' // grapheme joiner
        | '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}' // fillers
        | '\u{17B4}' | '\u{17B5}'
        | '\u{180E}'
        | '\u{200B}' // zero-width space
        | '\u{202A}'..='\u{202E}' // bidirectional embeddings and overrides
        | '\u{2060}'..='\u{2064}' // word joiner, invisible operators
        | '\u{2066}'..='\u{206F}' // bidirectional isolates, deprecated format characters
        | '\u{FEFF}' // byte order mark
        | '\u{FFF9}'..='\u{FFFB}' // annotations
        | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E007F}' // tags
    )
}

/// Whether a character shapes its neighbours in some scripts and in emoji, and hides in others.
pub fn is_joining(character: char) -> bool {
    matches!(character,
        '\u{200C}' | '\u{200D}' // zero-width non-joiner and joiner
        | '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}' // variation selectors
    )
}

/// Whether such a character does its work between these two: joiners between letters of scripts that use them,
/// one variation selector after a character.
fn joins(before: Option<char>, character: char, after: Option<char>) -> bool {
    let Some(before) = before.filter(|c| !c.is_whitespace()) else {
        return false;
    };
    if matches!(character, '\u{200C}' | '\u{200D}') {
        // A selector may stand before a joiner in emoji, and nothing that is dropped itself behind it.
        let is_shaped = |c: char| !c.is_ascii() && !c.is_whitespace() && !matches!(c, '\u{200C}' | '\u{200D}');
        is_shaped(before) && after.is_some_and(|c| is_shaped(c) && !is_joining(c))
    } else {
        !is_joining(before)
    }
}

fn is_noncharacter(character: char) -> bool {
    let code = u32::from(character);
    code & 0xFFFE == 0xFFFE || (0xFDD0..=0xFDEF).contains(&code)
}
