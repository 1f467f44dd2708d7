//! Lends `codemem_core::token` to tantivy. Runs on tantivy's indexing threads, and on the thread that refreshes.

use codemem_core::token;
use std::cell::RefCell;
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

thread_local! {
    /// One per thread rather than one per field: the stems that it remembers are shared by
    /// all fields and outlive the segment.
    static WORDS: RefCell<token::Tokenizer> = RefCell::default();
}

/// Emits the tokens of `text` in order.
pub(crate) fn tokens(text: &str, emit: impl FnMut(&str)) {
    WORDS.with_borrow_mut(|words| words.tokens(text, emit));
}

/// The tokenizer of every word field.
#[derive(Clone, Debug)]
pub(crate) struct CodeTokenizer {
    /// Reused for every token, so that a token costs a copy and no allocation.
    token: Token,
}

impl Default for CodeTokenizer {
    fn default() -> Self {
        Self {
            // The fields have no positions; tantivy adds them up all the same, so they stay in range.
            token: Token {
                position: 0,
                ..Token::default()
            },
        }
    }
}

impl Tokenizer for CodeTokenizer {
    type TokenStream<'a> = CodeStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> CodeStream<'a> {
        CodeStream {
            text,
            token: &mut self.token,
            pulled: None,
        }
    }
}

/// The tokens of one text.
#[derive(Debug)]
pub(crate) struct CodeStream<'a> {
    text: &'a str,
    token: &'a mut Token,
    pulled: Option<std::vec::IntoIter<String>>,
}

impl TokenStream for CodeStream<'_> {
    /// Pulls one token. Indexing pushes through [`TokenStream::process`] instead; this side of the
    /// trait holds all tokens of the text at once.
    fn advance(&mut self) -> bool {
        let text = self.text;
        let pulled = self
            .pulled
            .get_or_insert_with(|| WORDS.with_borrow_mut(|words| words.collect(text)).into_iter());
        match pulled.next() {
            Some(token) => {
                self.token.text = token;
                true
            }
            None => false,
        }
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }

    fn process(&mut self, sink: &mut dyn FnMut(&Token)) {
        tokens(self.text, |text| {
            self.token.text.clear();
            self.token.text.push_str(text);
            sink(self.token);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pushed_pulled_and_core_tokens_are_the_same() {
        let text = "fn getHttpServers(größe: 検索エンジン) -> utf8 // serializing";
        let expected = token::Tokenizer::default().collect(text);
        let mut tokenizer = CodeTokenizer::default();
        let mut pushed = Vec::new();
        tokenizer
            .token_stream(text)
            .process(&mut |token| pushed.push(token.text.clone()));
        let mut pulled = Vec::new();
        let mut stream = tokenizer.token_stream(text);
        while stream.advance() {
            pulled.push(stream.token().text.clone());
        }
        assert_eq!(pushed, expected);
        assert_eq!(pulled, expected);
    }
}
