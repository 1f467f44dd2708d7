//! Parsing with a bound on the work.

use std::ops::ControlFlow;
use tree_sitter::{Language, ParseOptions, ParseState, Parser, Tree};

/// Progress reports allowed for any text, however short. One report stands for a hundred or so steps of the parser.
const BASE_BUDGET: usize = 20_000;

/// Further progress reports allowed per byte. Ordinary code needs 0.01 to 0.05, code full of syntax errors up to
/// ten times that; only ambiguity gone wild needs more.
const BUDGET_PER_BYTE: usize = 2;

/// Parses a text, or gives up when the parser takes far more steps than the text's length explains.
///
/// The bound counts steps rather than time, so that the same text gives the same answer on every machine.
pub(crate) fn parse(parser: &mut Parser, language: &Language, text: &str) -> Option<Tree> {
    parser.set_language(language).ok()?;
    let mut budget = BASE_BUDGET + text.len().saturating_mul(BUDGET_PER_BYTE);
    let mut progress = |_: &ParseState| match budget.checked_sub(1) {
        Some(rest) => {
            budget = rest;
            ControlFlow::Continue(())
        }
        None => ControlFlow::Break(()),
    };
    let options = ParseOptions::new().progress_callback(&mut progress);
    let bytes = text.as_bytes();
    let tree = parser.parse_with_options(&mut |at, _| bytes.get(at..).unwrap_or_default(), None, Some(options));
    if tree.is_none() {
        // Otherwise the next text would be taken for the rest of this one.
        parser.reset();
    }
    tree
}
