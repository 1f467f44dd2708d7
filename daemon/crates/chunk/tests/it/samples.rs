//! One file per language, and all that is read from it, as snapshots.

use crate::common::{check, extract, samples};
use codemem_core::unit::Extraction;
use std::fmt::Write as _;

#[test]
fn samples_are_read_as_reviewed() {
    for (name, bytes) in samples() {
        let extraction = extract(&name, &bytes).expect("samples are source files");
        let text = String::from_utf8(bytes).expect("samples are UTF-8");
        check(&text, &extraction);
        let mut settings = insta::Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_snapshot_path("../snapshots");
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name.as_str(), render(&extraction)));
    }
}

#[test]
fn every_language_has_a_sample() {
    use codemem_core::ports::Extractor as _;
    let sampled: Vec<_> = samples()
        .iter()
        .map(|(name, bytes)| extract(name, bytes).expect("samples are source files").language)
        .collect();
    for language in crate::common::extractor().languages() {
        assert!(
            !language.symbols || sampled.contains(&language.name),
            "{}",
            language.name
        );
    }
}

fn render(extraction: &Extraction) -> String {
    let leading = extraction.leading_comment.as_deref().unwrap_or("-");
    let errors = if extraction.has_errors { " (with errors)" } else { "" };
    let mut out = format!("{}{errors}: {leading}\n\n", extraction.language);
    for symbol in &extraction.symbols {
        let mut depth = 0;
        let mut parent = symbol.parent;
        while let Some(index) = parent {
            depth += 1;
            parent = extraction.symbols[index as usize].parent;
        }
        let lines = format!("{}-{}", symbol.lines.start, symbol.lines.end);
        let indent = "  ".repeat(depth);
        let visibility = symbol.visibility.map(|one| format!(" ({})", one.as_str()));
        let visibility = visibility.unwrap_or_default();
        let (kind, name) = (symbol.kind, &symbol.qualified_name);
        writeln!(out, "{lines:<8}{indent}{kind} {name}{visibility}").expect("strings take anything");
        writeln!(out, "        {indent}  {}", symbol.signature).expect("strings take anything");
        if let Some(line) = symbol.docstring.as_deref().and_then(|text| text.lines().next()) {
            writeln!(out, "        {indent}  \" {line}").expect("strings take anything");
        }
    }
    out.push_str("\nchunks\n");
    for chunk in &extraction.chunks {
        let symbol = chunk
            .symbol
            .map_or("-", |index| &extraction.symbols[index as usize].qualified_name);
        let lines = format!("{}-{}", chunk.lines.start, chunk.lines.end);
        let length = chunk.bytes.len();
        writeln!(
            out,
            "{lines:<8}{length:>5} bytes  {symbol}  defines {:?}",
            chunk.defines
        )
        .expect("strings take anything");
    }
    out
}
