//! The extractor: from a file's bytes to its units.

use crate::added::{Additions, Places, keys};
use crate::detect::{Detected, Detector};
use crate::error::ChunkError;
use crate::grammar::Grammar;
use crate::harvest::{self, Harvest};
use crate::language::Form;
use crate::lines::Lines;
use crate::table::Table;
use crate::{chunks, generated, grammar, languages, leading, pack, parse, references, skip, symbols};
use codemem_core::path::RepoPath;
use codemem_core::ports::{ChangedLanguage, Extractor, LanguageInfo};
use codemem_core::reference::References;
use codemem_core::skip::SkipReason;
use codemem_core::unit::{Extraction, Symbol};
use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::{Arc, PoisonError, RwLock};
use tree_sitter::{Parser, QueryCursor};

/// What [`TreeSitterExtractor`] answers to `version()`.
///
/// Raise it whenever the same bytes may come back as other symbols, other chunks or another skip than
/// before: a new grammar version, a changed query, a chunk size, a marker. Contents extracted under
/// another number are extracted again.
pub const EXTRACTOR_VERSION: u32 = 6;

/// The name of the language of files that nothing recognises.
pub(crate) const PLAIN_TEXT: &str = "text";

/// Bounds of what is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Largest file, in bytes; anything over it is [`SkipReason::TooLarge`]. Never above 4 GiB, whatever is set.
    pub max_file_bytes: u64,
}

/// The text of a file, as chunks refer to it.
///
/// [`Chunk::bytes`](codemem_core::unit::Chunk::bytes) are offsets into this text, which is the file itself when it is
/// valid UTF-8. Every invalid sequence becomes one U+FFFD (so a Latin-1 file keeps its lines and its structure); a byte
/// order mark stays. This is [`String::from_utf8_lossy`], spelled out because it is part of the contract.
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// Extracts units with the compiled-in grammars and those that the user added. Build one and share it: it holds every
/// compiled query.
#[derive(Debug)]
pub struct TreeSitterExtractor {
    limits: Limits,
    /// Replaced whole by a refresh; who has taken it out keeps what it had.
    table: RwLock<Arc<Table>>,
    detector: Detector,
    /// Where the user's additions lie.
    places: Option<Places>,
}

thread_local! {
    /// One parser and one cursor per thread: both are costly to make, and neither can be shared.
    static TOOLS: RefCell<Tools> = RefCell::new(Tools {
        parser: Parser::new(),
        cursor: QueryCursor::new(),
    });
}

struct Tools {
    parser: Parser,
    cursor: QueryCursor,
}

impl TreeSitterExtractor {
    /// Checks the grammars. Queries are compiled as languages turn up: all together they would take a second.
    pub fn new(limits: Limits) -> Result<Self, ChunkError> {
        Self::build(limits, None)
    }

    /// The same, with what the user added.
    pub fn with_additions(limits: Limits, places: Places) -> Result<Self, ChunkError> {
        Self::build(limits, Some(places))
    }

    fn build(limits: Limits, places: Option<Places>) -> Result<Self, ChunkError> {
        languages::ALL
            .iter()
            .try_for_each(|language| grammar::check(language))?;
        let extractor = Self {
            limits,
            table: RwLock::default(),
            detector: Detector::new(languages::ALL),
            places,
        };
        extractor.refresh();
        Ok(extractor)
    }

    /// The table as it would be after a refresh. Changes nothing.
    pub(crate) fn survey(&self) -> Table {
        let additions = self.places.as_ref().map(Additions::read).unwrap_or_default();
        Table::build(&self.table(), additions)
    }

    fn table(&self) -> Arc<Table> {
        Arc::clone(&self.table.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn units(grammar: &Grammar, name: &str, text: &str) -> Extraction {
        let lines = Lines::new(text);
        let (harvest, tree) = TOOLS.with_borrow_mut(|tools| {
            if let Some(scan) = grammar.scan() {
                return (scan(text, &lines), None);
            }
            let Some(tree) = parse::parse(&mut tools.parser, &grammar.parser_language, text) else {
                return (Harvest::default(), None);
            };
            let harvest = harvest::harvest(&mut tools.cursor, grammar, tree.root_node(), text, &lines);
            if tree.root_node().has_error()
                && let Some(mended) = (grammar.language.mend)(text)
                && let Some(other) = parse::parse(&mut tools.parser, &grammar.parser_language, &mended)
            {
                let more = harvest::harvest(&mut tools.cursor, grammar, other.root_node(), text, &lines);
                if more.definitions.len() > harvest.definitions.len() {
                    return (more, Some(other));
                }
            }
            (harvest, Some(tree))
        });
        let has_errors = match &tree {
            Some(tree) => tree.root_node().has_error(),
            None => grammar.scan().is_none(),
        };
        let symbols = symbols::build(grammar.language, text, &lines, &harvest);
        let references = match (grammar.language.references, &tree) {
            (Some(visit), Some(tree)) => references::collect(visit, tree.root_node(), text, &lines, &symbols),
            (None, _) | (_, None) => References::default(),
        };
        let form = grammar.language.form;
        Extraction {
            language: name.to_owned(),
            chunks: chunks::of_parsed(text, &lines, form, &symbols),
            leading_comment: match form {
                Form::Code => leading::of_code(grammar.language, text, &lines, &harvest, &symbols),
                // What stands above the first key is mostly about all of them.
                Form::Data => leading::of_code(grammar.language, text, &lines, &harvest, &symbols)
                    .or_else(|| leading::of_text(text, name)),
                Form::Prose => leading::of_text(text, name),
            },
            symbols,
            references,
            has_errors,
        }
    }

    fn plain(language: &str, text: &str) -> Extraction {
        let lines = Lines::new(text);
        Extraction {
            language: language.to_owned(),
            chunks: chunks::of_text(text, &lines),
            leading_comment: leading::of_text(text, language),
            symbols: Vec::<Symbol>::new(),
            references: References::default(),
            has_errors: false,
        }
    }
}

impl Extractor for TreeSitterExtractor {
    /// Cuts one file. The language is derived from the path (and, for scripts and headers, from the
    /// content); a content that occurs under several paths keeps the language of the path under which it
    /// was first seen.
    fn extract(&self, path: &RepoPath, bytes: &[u8]) -> Result<Extraction, SkipReason> {
        skip::by_name(path)?;
        if bytes.len() as u64 > self.limits.max_file_bytes.min(u32::MAX.into()) {
            return Err(SkipReason::TooLarge);
        }
        skip::by_bytes(bytes)?;
        let text = decode(bytes);
        let detected = self.detector.detect(path, &text);
        let name = match detected {
            Detected::Known(index) => languages::ALL[index].name,
            Detected::Named(name) => name,
            Detected::Unknown => PLAIN_TEXT,
        };
        skip::by_shape(name, &text)?;
        if generated::says_so(name, &text) {
            return Err(SkipReason::Generated);
        }
        let table = self.table();
        let slot = match detected {
            Detected::Known(index) => Some(table.built_in(index)),
            Detected::Named(name) => table.added(name),
            Detected::Unknown => None,
        };
        let mut extraction = match slot.and_then(|slot| slot.grammar()) {
            Some(grammar) => Self::units(grammar, name, &text),
            None => Self::plain(name, &text),
        };
        let manifest = references::manifest::read(path, &text);
        extraction.references.bindings.extend(manifest.bindings);
        Ok(extraction)
    }

    fn languages(&self) -> Vec<LanguageInfo> {
        let mut list: Vec<LanguageInfo> = languages::ALL
            .iter()
            .map(|language| LanguageInfo {
                name: language.name.to_owned(),
                extensions: keys(language),
                symbols: true,
            })
            .collect();
        list.extend(self.table().all_added().map(|slot| {
            LanguageInfo {
                name: slot.name().to_owned(),
                extensions: pack::find(slot.name())
                    .into_iter()
                    .flat_map(|language| language.extensions().map(str::to_owned))
                    .collect(),
                symbols: slot.grammar().is_some(),
            }
        }));
        list.push(LanguageInfo {
            name: PLAIN_TEXT.to_owned(),
            extensions: Vec::new(),
            symbols: false,
        });
        list.sort_by(|a, b| a.name.cmp(&b.name));
        list
    }

    fn version(&self) -> u32 {
        EXTRACTOR_VERSION
    }

    fn refresh(&self) -> Vec<ChangedLanguage> {
        let table = Arc::new(self.survey());
        let changed = table.changed();
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = table;
        changed
    }

    fn changed(&self) -> Vec<ChangedLanguage> {
        self.table().changed()
    }

    fn problems(&self) -> Vec<(String, String)> {
        self.table().problems()
    }
}
