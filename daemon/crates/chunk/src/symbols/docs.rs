//! Which comments, attributes and strings document which symbol.

use super::Builder;
use crate::harvest::{Attachment, Found};
use crate::prose;
use codemem_core::unit::Symbol;
use std::ops::Range;

/// Comments that begin within this many lines of the top may be licence headers.
const LICENCE_LINES: usize = 8;

impl Builder<'_> {
    /// The comments and attributes directly above a definition, as indices.
    pub(super) fn attached(&self, found: &Found, parent: Option<usize>) -> Range<usize> {
        let attachments = &self.harvest.attachments;
        let end = attachments.partition_point(|attachment| attachment.span.start < found.span.start);
        let floor = parent.map_or(0, |parent| self.spans[parent].start + 1);
        let follows_on_line = self.spans.last().is_some_and(|last| {
            last.start >= self.lines.start(found.first_line) && Some(self.spans.len() - 1) != parent
        });
        if follows_on_line {
            return end..end;
        }
        let mut start = end;
        let mut line = found.first_line;
        while let Some(above) = start.checked_sub(1).map(|index| &attachments[index]) {
            // `@Inject var a = 1` is another definition, with its own attribute.
            let touches = above.own_line
                && above.last_line + 1 >= line
                && above.span.start >= floor
                && (above.last_line == line || self.ends_line(above));
            if !touches || self.is_about_surroundings(above) {
                break;
            }
            line = above.first_line;
            start -= 1;
        }
        start..end
    }

    /// Whether nothing follows a comment or attribute on its last line, other attributes aside.
    fn ends_line(&self, above: &Attachment) -> bool {
        let line = self.lines.bytes(above.last_line..above.last_line + 1);
        let attachments = &self.harvest.attachments;
        let mut end = above.span.end;
        let next = attachments.partition_point(|attachment| attachment.span.start < end);
        for attachment in attachments[next..].iter().take_while(|next| next.span.start < line.end) {
            if !self.text[end..attachment.span.start.max(end)].trim_ascii().is_empty() {
                break;
            }
            end = end.max(attachment.span.end);
        }
        end >= line.end || self.text[end..line.end].trim_ascii().is_empty()
    }

    fn is_about_surroundings(&self, attachment: &Attachment) -> bool {
        attachment.is_comment && self.begins(attachment, self.language.inner_doc_markers)
    }

    fn begins(&self, comment: &Attachment, markers: &[&str]) -> bool {
        let text = &self.text[comment.span.clone()];
        markers.iter().any(|marker| text.starts_with(marker))
    }

    /// Of the symbols that end with `last`, the one that a comment below them is about: the outermost that is not
    /// indented less than the comment. On their line, it is about the innermost.
    fn outermost_before(&self, last: usize, comment: &Attachment) -> usize {
        let mut best = last;
        while comment.own_line
            && let Some(around) = self.symbols[best].parent.map(|parent| parent as usize)
            && self.spans[around].end <= comment.span.start
            && self.indent(self.spans[around].start) >= self.indent(comment.span.start)
        {
            best = around;
        }
        best
    }

    /// White space before the line that holds a byte.
    fn indent(&self, byte: usize) -> usize {
        let line = &self.text[self.lines.start(self.lines.at(byte))..];
        line.bytes().take_while(u8::is_ascii_whitespace).count()
    }

    /// Gives documentation written behind a definition to it.
    pub(super) fn document_from_behind(&mut self) {
        if self.language.trailing_doc_markers.is_empty() {
            return;
        }
        for (comment, is_attached) in self.harvest.attachments.iter().zip(&self.is_attached) {
            let is_trailing = comment.is_comment && self.begins(comment, self.language.trailing_doc_markers);
            if *is_attached || !is_trailing {
                continue;
            }
            let begun = self.spans.partition_point(|span| span.start <= comment.span.start);
            let ends_before = |&last: &usize| {
                let end = self.symbols[last].lines.end as usize;
                self.spans[last].end <= comment.span.start && comment.first_line <= end
            };
            let Some(last) = begun.checked_sub(1).filter(ends_before) else {
                continue;
            };
            let last = self.outermost_before(last, comment);
            let symbol = &mut self.symbols[last];
            if symbol.docstring.is_none() {
                let text = std::iter::once(&self.text[comment.span.clone()]);
                symbol.docstring = prose::from_comments(text, Symbol::MAX_DOCSTRING);
            }
        }
    }

    pub(super) fn docstring(&self, attached: &[Attachment]) -> Option<String> {
        let strings = attached
            .iter()
            .rev()
            .filter_map(|attachment| self.string_in(attachment));
        let mut docstrings = strings.filter_map(|span| prose::from_string(&self.text[span], Symbol::MAX_DOCSTRING));
        if let Some(docstring) = docstrings.next() {
            return Some(docstring);
        }
        let comments = attached.iter().filter(|attachment| attachment.is_comment);
        let texts = comments.map(|comment| &self.text[comment.span.clone()]);
        let is_doc = |text: &&str| self.language.doc_markers.iter().any(|marker| text.starts_with(marker));
        let fields = self.language.header_fields;
        let docstring = if texts.clone().any(|text| is_doc(&text)) {
            let mut has_begun = false;
            let docs = texts.filter(|text| {
                has_begun = is_doc(text) || has_begun && self.language.doc_runs_on;
                has_begun
            });
            prose::from_comments_without(fields, docs, Symbol::MAX_DOCSTRING)
        } else {
            prose::from_comments_without(fields, texts, Symbol::MAX_DOCSTRING)
        };
        let near_top = attached.first().is_some_and(|first| first.first_line < LICENCE_LINES);
        docstring.filter(|text| !(near_top && prose::is_licence(text)))
    }

    /// The documentation that an attribute holds.
    fn string_in(&self, attribute: &Attachment) -> Option<Range<usize>> {
        let strings = &self.harvest.documentation;
        let next = strings.partition_point(|string| string.start < attribute.span.start);
        let string = strings.get(next)?;
        (string.end <= attribute.span.end).then(|| string.clone())
    }

    /// Gives documentation written inside a definition to the innermost symbol around it.
    pub(super) fn document_from_inside(&mut self) {
        for span in &self.harvest.docstrings {
            let mut holder = self
                .spans
                .partition_point(|symbol| symbol.start <= span.start)
                .checked_sub(1);
            while let Some(index) = holder {
                if self.spans[index].end >= span.end {
                    let text = prose::from_string(&self.text[span.clone()], Symbol::MAX_DOCSTRING);
                    if text.is_some() {
                        self.symbols[index].docstring = text;
                    }
                    break;
                }
                holder = self.symbols[index].parent.map(|parent| parent as usize);
            }
        }
    }
}
