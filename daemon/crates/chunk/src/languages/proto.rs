//! Protocol Buffers: messages, enumerations, services and their calls.

use crate::language::{Label, Language};
use codemem_core::unit::SymbolKind;
use std::ops::Range;
use tree_sitter::Node;

pub(crate) static PROTO: Language = Language {
    name: "proto",
    extensions: &["proto"],
    grammar: || tree_sitter_proto::LANGUAGE.into(),
    query: QUERY,
    labels: &[Label {
        name: "package",
        kind: SymbolKind::Module,
        joint: ".",
        prefixes: true,
    }],
    body,
    ..Language::BASE
};

const QUERY: &str = r"
(package (full_ident) @name) @definition.package
(message (message_name) @name) @definition.struct
(group (message_name) @name) @definition.struct
(enum (enum_name) @name) @definition.enum
(enum_field . (identifier) @name) @definition.field
(service (service_name) @name) @definition.interface
(rpc (rpc_name) @name) @definition.method
(oneof (identifier) @name) @definition.union
(comment) @comment
";

/// The head of a definition is what stands before its bracket; fields of an enumeration have none.
fn body(node: Node<'_>, source: &str) -> Option<Range<usize>> {
    let bracket = source[node.byte_range()].find('{')?;
    let has_body = matches!(node.kind(), "message" | "enum" | "service" | "rpc" | "oneof" | "group");
    has_body.then(|| node.start_byte() + bracket..node.end_byte())
}
