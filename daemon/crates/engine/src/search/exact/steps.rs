//! One long line, searched step by step.
//!
//! A search that is under way cannot be stopped, and takes up to the size of its pattern for every byte. Where line and
//! pattern are so large that this would be minutes, the automaton is led through the line by hand, and the clock is looked
//! at in between.

use super::pattern::MAX_LEARNT;
use regex_automata::Input;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::NFA;
use std::ops::Range;

/// Bytes between two looks at the clock.
const STRIDE: usize = 1024;

/// A pattern that is led by hand, with the memory of one thread.
#[derive(Debug)]
pub(super) struct Steps {
    dfa: DFA,
    cache: Cache,
}

/// What is known of a line in the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stepped {
    Matches,
    DoesNot,
    /// It has characters beyond ASCII where the pattern asks for the edges of words.
    Quit,
    /// Nobody waits any more.
    GivenUp,
}

impl Steps {
    /// `None` where the pattern does not allow for it.
    pub(super) fn new(nfa: &NFA) -> Option<Self> {
        let config = DFA::config()
            .unicode_word_boundary(true)
            .cache_capacity(MAX_LEARNT)
            .skip_cache_capacity_check(true);
        let dfa = DFA::builder().configure(config).build_from_nfa(nfa.clone()).ok()?;
        let cache = dfa.create_cache();
        Some(Self { dfa, cache })
    }

    /// Whether a line of a text matches.
    pub(super) fn search(&mut self, text: &[u8], line: Range<usize>, goes_on: &dyn Fn() -> bool) -> Stepped {
        let (dfa, cache) = (&self.dfa, &mut self.cache);
        let Ok(mut state) = dfa.start_state_forward(cache, &Input::new(text).span(line.clone())) else {
            return Stepped::Quit;
        };
        for stride in text[line.clone()].chunks(STRIDE) {
            if !goes_on() {
                return Stepped::GivenUp;
            }
            for byte in stride {
                let Ok(next) = dfa.next_state(cache, state, *byte) else {
                    return Stepped::Quit;
                };
                state = next;
                match () {
                    () if !state.is_tagged() => {}
                    () if state.is_match() => return Stepped::Matches,
                    () if state.is_dead() => return Stepped::DoesNot,
                    () if state.is_quit() => return Stepped::Quit,
                    () => {}
                }
            }
        }
        // A match is noticed one byte late.
        let last = match text.get(line.end) {
            Some(byte) => dfa.next_state(cache, state, *byte),
            None => dfa.next_eoi_state(cache, state),
        };
        match last {
            Ok(state) if state.is_match() => Stepped::Matches,
            Ok(state) if state.is_quit() => Stepped::Quit,
            Ok(_) => Stepped::DoesNot,
            Err(_) => Stepped::Quit,
        }
    }
}
