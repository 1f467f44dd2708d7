//! A text as the words that rules are written in: small letters, nothing hidden, ends of sentences kept.

use crate::memory::validate::text::{is_hidden, is_joining};

/// Stands for an end of a sentence or of a paragraph: no rule reaches across.
pub(super) const END: &str = ".";
/// Stands for an address on the web.
pub(super) const URL: &str = "@url";
/// Stands for an address of mail.
pub(super) const MAIL: &str = "@mail";

/// The words of a text in order. An ideograph is a word by itself, as is a syllable of kana or hangul.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, paragraph) in text.split("\n\n").enumerate() {
        if index > 0 {
            words.push(END.to_owned());
        }
        for piece in paragraph.split_whitespace() {
            piece_words(piece, &mut words);
        }
    }
    words
}

fn piece_words(piece: &str, words: &mut Vec<String>) {
    let trimmed = piece.trim_matches(|c: char| !c.is_alphanumeric() && c != '/' && c != '.');
    if let Some(at) = piece.find("://") {
        // What leads up to an address in brackets is still said.
        plain(piece[..at].trim_end_matches(|c: char| c.is_ascii_alphabetic()), words);
        words.push(URL.to_owned());
    } else if let Some((name, host)) = trimmed.split_once('@')
        && !name.is_empty()
        && host.contains('.')
    {
        words.push(MAIL.to_owned());
    } else {
        plain(piece, words);
    }
    let closed = piece.trim_end_matches(['"', '\'', ')', '*', '_', '`', '»', '”', '’', '>', ']']);
    if closed.ends_with(['.', '!', '?', ';', '。', '！', '？', '；']) {
        words.push(END.to_owned());
    }
}

fn plain(piece: &str, words: &mut Vec<String>) {
    let mut word = String::new();
    let mut close = |word: &mut String| {
        if !word.is_empty() {
            words.push(std::mem::take(word));
        }
    };
    for c in piece.chars() {
        if is_hidden(c) || is_joining(c) || matches!(c, '\'' | '’' | '\u{0300}'..='\u{036F}') {
            continue;
        }
        if is_syllable(c) {
            close(&mut word);
            word.push(c);
            close(&mut word);
        } else if matches!(c, '。' | '！' | '？') {
            close(&mut word);
            word.push_str(END);
            close(&mut word);
        } else if c.is_alphanumeric() {
            word.extend(plain_letter(c).to_lowercase());
        } else if c == '.' && word.is_empty() {
            // `.env` is a name.
            word.push(c);
        } else {
            if word == END {
                word.clear();
            }
            close(&mut word);
        }
    }
    if word != END {
        close(&mut word);
    }
}

fn is_syllable(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}' | '\u{F900}'..='\u{FAFF}')
}

/// The letter that a reader takes it for: without its accent, and in Latin where it is written to look so.
fn plain_letter(c: char) -> char {
    match c {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'À' | 'Á' | 'Â' | 'Ã' | 'Ä' | 'Å' => 'a',
        'è' | 'é' | 'ê' | 'ë' | 'È' | 'É' | 'Ê' | 'Ë' => 'e',
        'ì' | 'í' | 'î' | 'ï' | 'Ì' | 'Í' | 'Î' | 'Ï' => 'i',
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'Ò' | 'Ó' | 'Ô' | 'Õ' | 'Ö' | 'Ø' => 'o',
        'ù' | 'ú' | 'û' | 'ü' | 'Ù' | 'Ú' | 'Û' | 'Ü' => 'u',
        'ç' | 'Ç' => 'c',
        'ñ' | 'Ñ' => 'n',
        // Full-width Latin.
        'Ａ'..='Ｚ' | 'ａ'..='ｚ' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        _ => c,
    }
}
