//! Markdown: sections, named by their headings.

use crate::language::{Form, Label, Language};
use codemem_core::unit::SymbolKind;
use std::ops::Range;
use tree_sitter::Node;

pub(crate) static MARKDOWN: Language = Language {
    name: "markdown",
    extensions: &["md", "markdown", "mdown", "mkd", "mdx"],
    grammar: || tree_sitter_md::LANGUAGE.into(),
    query: QUERY,
    // The grammar opens no section at a heading that is underlined.
    labels: &[Label {
        name: "underlined",
        kind: SymbolKind::Section,
        joint: " > ",
        prefixes: false,
    }],
    separator: " > ",
    owns_methods: |_| false,
    split_name: without_marks,
    body,
    form: Form::Prose,
    runs_on: &["underlined"],
    max_symbols: 2_000,
    ..Language::BASE
};

const QUERY: &str = r"
(section . (atx_heading heading_content: (inline) @name)) @definition.section
(setext_heading heading_content: (paragraph (inline) @name)) @definition.underlined
";

/// The heading's text without the marks around all of it.
fn without_marks(name: &str) -> (&str, &str) {
    let name = name.trim().trim_end_matches('#').trim_end();
    let bare = name.trim_matches(['*', '`', '_']);
    let is_wrapped = !bare.is_empty() && !bare.contains(['*', '`']);
    ("", if is_wrapped { bare } else { name })
}

/// What follows the heading.
fn body(node: Node<'_>, _source: &str) -> Option<Range<usize>> {
    let heading = node.named_child(0).filter(|_| node.kind() == "section")?;
    Some(heading.end_byte()..node.end_byte())
}
