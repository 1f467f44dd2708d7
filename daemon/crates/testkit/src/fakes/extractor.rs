//! An extractor for a language of two rules: `def NAME` starts a function that runs to the next one, a method where the name
//! has a dot; `call NAME` calls one.

use codemem_core::path::RepoPath;
use codemem_core::ports::{ChangedLanguage, Extractor, LanguageInfo};
use codemem_core::reference::{Origin, Reference, ReferenceKind, References};
use codemem_core::skip::SkipReason;
use codemem_core::unit::{Chunk, Extraction, LineSpan, Symbol, SymbolKind, Visibility};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// Cuts at lines that begin with `def `. A file that contains `\0` is binary, one that contains
/// `panic!` makes it panic. Counts its calls.
#[derive(Default, Debug)]
pub struct FakeExtractor {
    n_calls: AtomicUsize,
    version: AtomicU32,
    added: AtomicU32,
    in_use: AtomicU32,
}

impl FakeExtractor {
    /// How many files were extracted.
    pub fn n_calls(&self) -> usize {
        self.n_calls.load(Ordering::Relaxed)
    }

    /// Pretends that the user added something to the language, which the next refresh takes in; 0 takes it away.
    pub fn set_added(&self, number: u32) {
        self.added.store(number, Ordering::Relaxed);
    }

    /// Pretends that the grammars changed.
    pub fn set_version(&self, version: u32) {
        self.version.store(version, Ordering::Relaxed);
    }
}

impl Extractor for FakeExtractor {
    fn extract(&self, _path: &RepoPath, bytes: &[u8]) -> Result<Extraction, SkipReason> {
        self.n_calls.fetch_add(1, Ordering::Relaxed);
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains("panic!"), "a planned panic");
        if text.contains('\0') {
            return Err(SkipReason::Binary);
        }
        let (mut chunks, mut symbols): (Vec<Chunk>, Vec<Symbol>) = (Vec::new(), Vec::new());
        let mut references = References::default();
        let mut offset = 0;
        for (line, content) in (1_u32..).zip(text.split_inclusive('\n')) {
            let name = content.strip_prefix("def ").map(|rest| rest.trim_end().to_owned());
            let end = offset + content.len();
            match chunks.last_mut() {
                Some(chunk) if name.is_none() => {
                    chunk.lines.end = line;
                    chunk.bytes.end = end;
                }
                _ => {
                    let first = symbols.len() as u32;
                    chunks.push(Chunk {
                        lines: LineSpan { start: line, end: line },
                        bytes: offset..end,
                        symbol: name.is_some().then_some(first),
                        defines: first..first + u32::from(name.is_some()),
                    });
                }
            }
            if let Some(qualified_name) = name {
                let own = qualified_name.rsplit('.').next().unwrap_or_default().to_owned();
                symbols.push(Symbol {
                    kind: if own == qualified_name {
                        SymbolKind::Function
                    } else {
                        SymbolKind::Method
                    },
                    visibility: own.starts_with('_').then_some(Visibility::Private),
                    signature: format!("def {own}"),
                    docstring: None,
                    lines: LineSpan { start: line, end: line },
                    parent: None,
                    name: own,
                    qualified_name,
                });
            }
            if let Some(name) = content.strip_prefix("call ") {
                references.uses.push(Reference {
                    name: name.trim_end().to_owned(),
                    of: Origin::bare(),
                    kind: ReferenceKind::Call,
                    line,
                    column: 6,
                    symbol: (symbols.len() as u32).checked_sub(1),
                });
            }
            offset = end;
        }
        for chunk in &chunks {
            if let Some(symbol) = chunk.symbol {
                symbols[symbol as usize].lines = chunk.lines;
            }
        }
        Ok(Extraction {
            language: "fake".to_owned(),
            chunks,
            symbols,
            references,
            leading_comment: None,
            has_errors: false,
        })
    }

    fn languages(&self) -> Vec<LanguageInfo> {
        vec![LanguageInfo {
            name: "fake".to_owned(),
            extensions: vec!["fk".to_owned()],
            symbols: true,
        }]
    }

    fn version(&self) -> u32 {
        self.version.load(Ordering::Relaxed)
    }

    fn refresh(&self) -> Vec<ChangedLanguage> {
        self.in_use.store(self.added.load(Ordering::Relaxed), Ordering::Relaxed);
        self.changed()
    }

    fn changed(&self) -> Vec<ChangedLanguage> {
        let number = self.in_use.load(Ordering::Relaxed);
        let changed = (number != 0).then(|| ChangedLanguage {
            name: "fake".to_owned(),
            number,
        });
        changed.into_iter().collect()
    }

    fn problems(&self) -> Vec<(String, String)> {
        let is_bad = self.in_use.load(Ordering::Relaxed) == u32::MAX;
        let problem = is_bad.then(|| ("fake".to_owned(), "the query of `fake` is not valid".to_owned()));
        problem.into_iter().collect()
    }
}
