//! Snippets: the lines of a span that answer, its signature first, within some tokens.

use codemem_core::compose::clip;
use codemem_core::query::Query;
use codemem_core::token::Tokenizer;
use codemem_core::tokens;
use codemem_core::unit::LineSpan;
use std::borrow::Cow;
use std::ops::Range;

/// Stands for lines that are left out between others.
pub(super) const GAP: &str = "…";

/// Longest line shown, in bytes.
const MAX_LINE: usize = 160;

/// Longest signature shown where it is folded into one line, in bytes.
const MAX_SIGNATURE: usize = 200;

/// Least tokens that a cut signature is worth showing for.
const MIN_SIGNATURE: usize = 12;

/// Most lines of a span that are looked at: what is longer is no place to read in.
const MAX_LINES: usize = 4_000;

/// How much a line of documentation weighs against one of code with the same words: it says what the code is for.
const DOCUMENTATION: f32 = 1.3;

/// How much a word that stands in the window already weighs when it comes again.
const AGAIN: f32 = 0.2;

/// Share of the best window's weight with which the head of a span is preferred: it introduces the rest.
const HEAD: f32 = 0.7;

/// The lines of a hit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Material {
    lines: Vec<String>,
    /// Folded into one line; empty where there is none.
    signature: String,
    /// Where the signature stands in the lines; empty where it does not.
    declared: Range<usize>,
}

impl Material {
    pub(super) fn new(source: &str, span: LineSpan, signature: &str) -> Self {
        let lines: Vec<String> = source
            .lines()
            .skip(span.start.saturating_sub(1) as usize)
            .take((span.len() as usize).min(MAX_LINES))
            .map(|line| clip(line.trim_end(), MAX_LINE).to_owned())
            .collect();
        let declared = declared(&lines, signature);
        Self {
            lines,
            signature: signature.to_owned(),
            declared,
        }
    }

    /// The signature, then the lines that have most of the query, as much as fits into `budget` tokens. Empty when nothing
    /// worth showing fits.
    pub(super) fn snippet(&self, query: &Query, tokenizer: &mut Tokenizer, budget: usize) -> String {
        let head = self.head(budget);
        if head.is_none() && !self.signature.is_empty() {
            return String::new();
        }
        let left = budget.saturating_sub(head.as_deref().map_or(0, cost));
        let is_cut = head.as_deref().is_some_and(|head| head.ends_with(GAP));
        let window = if is_cut {
            0..0
        } else {
            self.window(query, tokenizer, left)
        };
        let rest = |at: &usize| !self.declared.contains(at) && !self.lines[*at].trim().is_empty();
        let mut shown: Vec<Cow<'_, str>> = Vec::new();
        // The line after the last one shown; lines before the signature go on from where they are.
        let mut next = (!self.declared.is_empty()).then_some(self.declared.end);
        let has_head = head.is_some();
        shown.extend(head.map(Cow::Owned));
        for at in window.filter(rest) {
            let is_gap = next.is_none_or(|next| at > next && (next..at).any(|between| rest(&between)));
            if is_gap && (has_head || next.is_some()) && !shown.is_empty() {
                shown.push(Cow::Borrowed(GAP));
            }
            shown.push(Cow::Borrowed(&self.lines[at]));
            next = Some(at + 1);
        }
        dedent(&shown)
    }

    /// The signature as a line of its own: as it stands in the source where it fits on one line, else folded.
    fn head(&self, budget: usize) -> Option<String> {
        if self.signature.is_empty() {
            return None;
        }
        let first = self
            .lines
            .get(self.declared.start)
            .filter(|_| !self.declared.is_empty());
        let line = match first {
            Some(first) if self.declared.len() == 1 => first.clone(),
            // As far to the right as it stands in the source.
            Some(first) => {
                let indentation = &first[..first.len() - first.trim_start().len()];
                format!("{indentation}{}", clip(&self.signature, MAX_SIGNATURE))
            }
            None => clip(&self.signature, MAX_SIGNATURE).to_owned(),
        };
        if cost(&line) <= budget {
            return Some(line);
        }
        if budget < MIN_SIGNATURE {
            return None;
        }
        let line = line.trim();
        let mut cut = line.len();
        while cut > 0 && cost(&line[..cut]) + 1 > budget {
            cut = line.floor_char_boundary(cut - 1);
        }
        (cut > 0).then(|| format!("{}{GAP}", line[..cut].trim_end()))
    }

    /// The run of lines with the most of the query that costs no more than `budget` tokens; the head of the span unless
    /// another has clearly more.
    fn window(&self, query: &Query, tokenizer: &mut Tokenizer, budget: usize) -> Range<usize> {
        let costs: Vec<usize> = (0..self.lines.len())
            .map(|at| match self.lines[at].trim() {
                "" => 0,
                _ if self.declared.contains(&at) => 0,
                _ => cost(&self.lines[at]),
            })
            .collect();
        let weights = self.weights(query, tokenizer);
        let run = |start: usize| {
            // A gap before it costs a line.
            let mut left = match start {
                _ if self.follows_head(start) => budget,
                _ => budget.saturating_sub(cost(GAP)),
            };
            let mut end = start;
            while end < costs.len() && costs[end] <= left {
                left -= costs[end];
                end += 1;
            }
            start..end
        };
        let head = run(self.head_start());
        // The best window begins with a word of the query.
        let starts = (0..self.lines.len()).filter(|at| weights[*at].sum > 0.0);
        let (mut best, mut best_weight) = (head.clone(), weigh(&weights[head]));
        let head_weight = best_weight;
        for start in starts {
            let window = run(start);
            let weight = weigh(&weights[window.clone()]);
            if weight > best_weight && HEAD * weight > head_weight {
                (best, best_weight) = (window, weight);
            }
        }
        self.trimmed(self.centred(best, &weights, &costs, budget))
    }

    /// Whether a window that starts there goes on where the signature ends, or begins the span.
    fn follows_head(&self, start: usize) -> bool {
        self.signature.is_empty() || !self.declared.is_empty() && start <= self.declared.end
    }

    /// Where what introduces the span begins: its documentation where that stands before the signature.
    fn head_start(&self) -> usize {
        (0..self.declared.start)
            .find(|at| is_documentation(&self.lines[*at]))
            .unwrap_or(self.declared.end)
    }

    /// A window that begins with its first word of the query shows little of what leads to it: it moves up by what its end
    /// has to spare, and by what is left where the span ends.
    fn centred(&self, window: Range<usize>, weights: &[Line], costs: &[usize], budget: usize) -> Range<usize> {
        let Some(last) = window.clone().rev().find(|at| weights[*at].sum > 0.0) else {
            return window;
        };
        if window.start <= self.head_start() || self.follows_head(window.start) {
            return window;
        }
        let spare: usize = costs[last + 1..window.end].iter().sum();
        let spent: usize = costs[window.clone()].iter().sum();
        let unspent = budget.saturating_sub(cost(GAP) + spent);
        let mut left = spare / 2 + unspent;
        let mut start = window.start;
        while start > 0 && costs[start - 1] <= left && !self.declared.contains(&(start - 1)) {
            start -= 1;
            left -= costs[start];
        }
        let mut end = start;
        let mut total = cost(GAP);
        while end < costs.len() && total + costs[end] <= budget {
            total += costs[end];
            end += 1;
        }
        start..end
    }

    /// Without lines at its end that say nothing by themselves, where the span goes on behind it.
    fn trimmed(&self, window: Range<usize>) -> Range<usize> {
        let mut end = window.end;
        let is_mute = |line: &str| !line.contains(char::is_alphanumeric);
        while end < self.lines.len() && end > window.start && is_mute(&self.lines[end - 1]) {
            end -= 1;
        }
        window.start..end
    }

    /// Which words of the query each line has.
    fn weights(&self, query: &Query, tokenizer: &mut Tokenizer) -> Vec<Line> {
        let mut in_docstring = false;
        let mut weights = Vec::with_capacity(self.lines.len());
        for (at, line) in self.lines.iter().enumerate() {
            let n_quotes = line.matches("\"\"\"").count() + line.matches("'''").count();
            let is_documentation = in_docstring || n_quotes > 0 || is_documentation(line);
            in_docstring ^= n_quotes % 2 == 1;
            let mut words = Vec::new();
            if !self.declared.contains(&at) {
                tokenizer.tokens(line, |token| {
                    let term = query.terms.iter().position(|term| term.text == token);
                    if let Some(term) = term
                        && !words.iter().any(|(known, _)| *known == term)
                    {
                        words.push((term, query.terms[term].weight));
                    }
                });
            }
            let factor = if is_documentation { DOCUMENTATION } else { 1.0 };
            for (_, weight) in &mut words {
                *weight *= factor;
            }
            let sum = words.iter().map(|(_, weight)| *weight).sum();
            weights.push(Line { words, sum });
        }
        weights
    }
}

/// The words of the query in a line: index and weight.
struct Line {
    words: Vec<(usize, f32)>,
    sum: f32,
}

/// The weight of a run of lines: every word once, and a little for coming again.
fn weigh(lines: &[Line]) -> f32 {
    let mut best: Vec<(usize, f32)> = Vec::new();
    let mut sum = 0.0;
    for line in lines {
        sum += line.sum;
        for &(word, weight) in &line.words {
            match best.iter_mut().find(|(known, _)| *known == word) {
                Some((_, known)) => *known = known.max(weight),
                None => best.push((word, weight)),
            }
        }
    }
    let once: f32 = best.iter().map(|(_, weight)| *weight).sum();
    once + AGAIN * (sum - once)
}

/// Tokens of a line as clients show it: indented by two spaces, with its end.
pub(super) fn cost(line: &str) -> usize {
    tokens::estimate(line) + 1
}

/// Where a signature stands in some lines: the first run of lines that spells it, white space aside.
fn declared(lines: &[String], signature: &str) -> Range<usize> {
    let solid = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    let wanted = solid(signature);
    if wanted.is_empty() {
        return 0..0;
    }
    for start in 0..lines.len() {
        let mut left = wanted.as_str();
        for (at, line) in lines.iter().enumerate().skip(start) {
            let line = solid(line);
            if line.is_empty() && at > start {
                continue;
            }
            // The last line may go on with the body.
            if line.starts_with(left) {
                return start..at + 1;
            }
            match left.strip_prefix(line.as_str()) {
                Some(rest) if !line.is_empty() => left = rest,
                _ => break,
            }
        }
    }
    0..0
}

/// Whether a line is one of documentation, as most languages write it.
fn is_documentation(line: &str) -> bool {
    let line = line.trim_start();
    // Attributes and preprocessors begin alike, and say nothing to a reader.
    if line.starts_with("#[") || line.starts_with("#!") || line.starts_with("#include") || line.starts_with("#define") {
        return false;
    }
    ["//", "/*", "*", "#", "--", ";;", "%", "\"\"\"", "'''"]
        .iter()
        .any(|mark| line.starts_with(mark))
}

/// The lines without the indentation that all of them share.
fn dedent(lines: &[Cow<'_, str>]) -> String {
    let indentation = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let counted = lines.iter().filter(|line| line.as_ref() != GAP);
    let common = counted.map(|line| indentation(line)).min().unwrap_or_default();
    let lines: Vec<&str> = lines
        .iter()
        .map(|line| if line.as_ref() == GAP { GAP } else { &line[common..] })
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(source: &str, signature: &str) -> Material {
        let n_lines = source.lines().count() as u32;
        Material::new(source, LineSpan { start: 1, end: n_lines }, signature)
    }

    fn counted(n_lines: usize, at: usize, line: &str) -> String {
        let lines = (1..=n_lines).map(|n| {
            if n == at {
                format!("    {line}")
            } else {
                format!("    let x{n} = {n};")
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_signature_comes_first_and_the_lines_that_answer_behind_it() {
        let source = format!("fn serve(&self) {{\n{}\n}}", counted(40, 29, "open_socket(retry);"));
        let material = whole(&source, "fn serve(&self)");
        let query = Query::parse("open socket retry");
        let shown = material.snippet(&query, &mut Tokenizer::default(), 60);
        assert!(shown.starts_with("fn serve(&self) {\n…\n"), "{shown}");
        assert!(shown.contains("open_socket(retry);"), "{shown}");
        assert!(!shown.contains("x1 "), "{shown}");
        let led = shown
            .lines()
            .skip(2)
            .take_while(|line| !line.contains("open_socket"))
            .count();
        assert!(led >= 1, "with what leads to it: {shown}");
        let last = source.replace("let x40", "let open_socket_retry");
        let shown = whole(&last, "fn serve(&self)").snippet(&Query::parse("retry"), &mut Tokenizer::default(), 60);
        assert!(
            shown.lines().count() >= 5,
            "the room is used at the end of the span, too: {shown}"
        );
        let head = material.snippet(&Query::parse("unrelated"), &mut Tokenizer::default(), 60);
        assert!(head.starts_with("fn serve(&self) {\n    let x1 = 1;"), "{head}");
        let all = material.snippet(&query, &mut Tokenizer::default(), 10_000);
        assert_eq!(all, source, "with room for everything there is nothing to choose");
    }

    #[test]
    fn documentation_that_answers_goes_before_a_body_that_does() {
        let source = "/// Counts retries of a request.\nfn count() {\n    a();\n    b();\n    c();\n    count_retries_of(request);\n}";
        let shown = whole(source, "fn count()").snippet(
            &Query::parse("count retries of a request"),
            &mut Tokenizer::default(),
            18,
        );
        assert_eq!(shown, "fn count() {\n/// Counts retries of a request.");
    }

    #[test]
    fn a_signature_over_several_lines_is_folded_and_not_repeated() {
        let source = "    pub fn count(\n        &self,\n        n: u32,\n    ) -> u32 {\n        self.n + n\n    }";
        let material = whole(source, "pub fn count( &self, n: u32, ) -> u32");
        let shown = material.snippet(&Query::parse("count"), &mut Tokenizer::default(), 100);
        assert_eq!(shown, "pub fn count( &self, n: u32, ) -> u32\n    self.n + n\n}");
    }

    #[test]
    fn a_part_of_a_definition_is_introduced_by_its_signature() {
        let material = whole("    step_two();\n    step_three();", "fn all_steps()");
        let shown = material.snippet(&Query::parse("step three"), &mut Tokenizer::default(), 100);
        assert_eq!(shown, "fn all_steps()\n…\n    step_two();\n    step_three();");
    }

    #[test]
    fn little_room_shows_a_part_of_the_signature_and_less_shows_nothing() {
        let material = whole(
            "fn serve(listener: TcpListener, limit: usize) {\n}",
            "fn serve(listener: TcpListener, limit: usize)",
        );
        let query = Query::parse("serve");
        let shown = material.snippet(&query, &mut Tokenizer::default(), 12);
        assert!(shown.starts_with("fn serve(") && shown.ends_with(GAP), "{shown}");
        assert!(cost(&shown) <= 12);
        assert_eq!(material.snippet(&query, &mut Tokenizer::default(), 3), "");
    }

    #[test]
    fn no_snippet_costs_more_than_it_may() {
        let source = format!(
            "/// Opens.\nfn open() {{\n{}\n}}",
            counted(80, 50, "socket.open(retry, again);")
        );
        for material in [whole(&source, "fn open()"), whole(&source, "")] {
            for budget in 0..120 {
                let shown = material.snippet(&Query::parse("open socket retry"), &mut Tokenizer::default(), budget);
                let spent: usize = shown.lines().map(cost).sum();
                assert!(spent <= budget, "{spent} of {budget}:\n{shown}");
            }
        }
    }

    #[test]
    fn a_span_beyond_the_file_shows_nothing() {
        let material = Material::new("one\ntwo\n", LineSpan { start: 9, end: 12 }, "");
        assert_eq!(
            material.snippet(&Query::parse("one"), &mut Tokenizer::default(), 100),
            ""
        );
    }
}
