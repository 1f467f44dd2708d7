//! HTML: what a page can be entered at, which is headings, ids, landmarks and elements of the page's own.

use crate::language::{Form, Label, Language};
use codemem_core::unit::SymbolKind;
use std::ops::Range;
use tree_sitter::Node;

pub(crate) static HTML: Language = Language {
    name: "html",
    extensions: &["html", "htm", "xhtml"],
    grammar: || tree_sitter_html::LANGUAGE.into(),
    query: QUERY,
    labels: &[Label {
        name: "heading",
        kind: SymbolKind::Section,
        joint: " > ",
        prefixes: false,
    }],
    separator: " > ",
    owns_methods: |_| false,
    body: after_tag,
    form: Form::Data,
    max_symbols: 400,
    runs_on: &["heading"],
    ..Language::BASE
};

const QUERY: &str = r#"
(element
  (start_tag (tag_name) @_tag)
  .
  (text) @name
  (#match? @_tag "^[hH][1-6]$")) @definition.heading
(element
  (start_tag (tag_name) @name)
  (#any-of? @name "main" "nav" "header" "footer" "aside")) @definition.section
(element
  (start_tag (tag_name) @name)
  (#match? @name "-")) @definition.class
(element
  [
    (start_tag
      (attribute
        (attribute_name) @_attribute
        [(attribute_value) @name (quoted_attribute_value (attribute_value) @name)]))
    (self_closing_tag
      (attribute
        (attribute_name) @_attribute
        [(attribute_value) @name (quoted_attribute_value (attribute_value) @name)]))
  ]
  (#match? @_attribute "^[iI][dD]$")) @definition.section
(comment) @comment
"#;

/// What follows the first tag, unless it is a heading's text.
fn after_tag(node: Node<'_>, source: &str) -> Option<Range<usize>> {
    let tag = node.child(0)?;
    let is_heading = source[tag.byte_range()]
        .get(..2)
        .is_some_and(|head| head.eq_ignore_ascii_case("<h"))
        && source[tag.byte_range()]
            .as_bytes()
            .get(2)
            .is_some_and(u8::is_ascii_digit);
    (!is_heading && node.kind() == "element").then(|| tag.end_byte()..node.end_byte())
}
