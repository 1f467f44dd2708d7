//! What the tests share.

use codemem_chunk::{Limits, TreeSitterExtractor};
use codemem_core::path::RepoPath;
use codemem_core::ports::Extractor as _;
use codemem_core::skip::SkipReason;
use codemem_core::unit::Extraction;
use std::path::PathBuf;
use std::sync::OnceLock;

/// Room for the largest file of the tests.
pub(crate) const MAX_FILE_BYTES: u64 = 16 << 20;

/// One extractor for all tests: compiling the queries takes longer than using them.
pub(crate) fn extractor() -> &'static TreeSitterExtractor {
    static EXTRACTOR: OnceLock<TreeSitterExtractor> = OnceLock::new();
    EXTRACTOR.get_or_init(|| {
        TreeSitterExtractor::new(Limits {
            max_file_bytes: MAX_FILE_BYTES,
        })
        .expect("grammars load")
    })
}

pub(crate) fn extract(path: &str, bytes: &[u8]) -> Result<Extraction, SkipReason> {
    extractor().extract(&RepoPath::new(path).expect("a valid path"), bytes)
}

/// The samples: file name and content, sorted by name.
pub(crate) fn samples() -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/samples");
    let mut samples: Vec<_> = std::fs::read_dir(folder)
        .expect("the samples are checked in")
        .map(|entry| {
            let entry = entry.expect("readable");
            let name = entry.file_name().into_string().expect("samples have plain names");
            (name, std::fs::read(entry.path()).expect("readable"))
        })
        .collect();
    samples.sort();
    samples
}

/// Everything that must hold for any extraction of any text.
pub(crate) fn check(text: &str, extraction: &Extraction) {
    let line_starts: Vec<usize> = std::iter::once(0)
        .chain(text.match_indices('\n').map(|(at, _)| at + 1))
        .filter(|&at| at < text.len())
        .collect();
    let start_of = |line: u32| line_starts.get(line as usize).copied().unwrap_or(text.len());

    let mut next_line = 1;
    let mut next_symbol = 0;
    for chunk in &extraction.chunks {
        assert_eq!(chunk.lines.start, next_line, "chunks follow each other");
        assert!(chunk.lines.end >= chunk.lines.start);
        assert_eq!(chunk.bytes.start, start_of(chunk.lines.start - 1));
        assert_eq!(chunk.bytes.end, start_of(chunk.lines.end));
        assert!(text.is_char_boundary(chunk.bytes.start) && text.is_char_boundary(chunk.bytes.end));
        assert_eq!(chunk.defines.start, next_symbol, "every symbol is defined in one chunk");
        for index in chunk.defines.clone() {
            let line = extraction.symbols[index as usize].lines.start;
            assert!((chunk.lines.start..=chunk.lines.end).contains(&line));
        }
        if let Some(symbol) = chunk.symbol {
            assert!(extraction.symbols[symbol as usize].lines.overlaps(chunk.lines));
        }
        next_line = chunk.lines.end + 1;
        next_symbol = chunk.defines.end;
    }
    assert_eq!(next_line as usize, line_starts.len() + 1, "the last line is covered");
    assert_eq!(next_symbol as usize, extraction.symbols.len());

    let mut last_start = 0;
    for (index, symbol) in extraction.symbols.iter().enumerate() {
        assert!(symbol.lines.start >= last_start, "symbols are sorted by first line");
        last_start = symbol.lines.start;
        assert!(symbol.lines.start >= 1 && symbol.lines.end >= symbol.lines.start);
        assert!(symbol.lines.end as usize <= line_starts.len());
        // Where functions are told apart by the number of their arguments, it follows the name.
        let qualified = symbol.qualified_name.as_str();
        let without_arity = qualified
            .rsplit_once('/')
            .filter(|(_, arity)| arity.bytes().all(|byte| byte.is_ascii_digit()))
            .map_or(qualified, |(name, _)| name);
        let named = [qualified, without_arity];
        assert!(!symbol.name.is_empty() && named.iter().any(|named| named.ends_with(&symbol.name)));
        assert!(symbol.signature.len() <= codemem_core::unit::Symbol::MAX_SIGNATURE);
        assert!(
            symbol
                .docstring
                .as_ref()
                .is_none_or(|text| { !text.is_empty() && text.len() <= codemem_core::unit::Symbol::MAX_DOCSTRING })
        );
        if let Some(parent) = symbol.parent {
            assert!((parent as usize) < index, "parents come first");
            let around = extraction.symbols[parent as usize].lines;
            assert!(
                around.start <= symbol.lines.start && around.end >= symbol.lines.end,
                "parents enclose"
            );
        }
    }
}
