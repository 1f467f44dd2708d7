//! Every language with a grammar, as of the last look at what the user added.
//!
//! A table is never changed: a look that finds something else makes a new one, which takes over what has been compiled
//! and still holds.

use crate::added::{AddedGrammar, Additions};
use crate::grammar::{Grammar, Parts};
use crate::language::Language;
use crate::languages;
use crate::user_query::UserQuery;
use codemem_core::ports::ChangedLanguage;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// How added grammars are read: as their tags queries say, and nothing else.
static ADDED: Language = Language {
    name: "added",
    ..Language::BASE
};

/// What grammars call their comments.
const COMMENT_KINDS: [&str; 3] = ["comment", "line_comment", "block_comment"];

/// The languages in use.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// The built-in ones in the order of [`languages::ALL`], then the added ones.
    slots: Vec<Arc<Slot>>,
    added: HashMap<String, usize>,
    /// Additions that are no use as they are: (language, why).
    unusable: Vec<(String, String)>,
}

/// One language: where its grammar comes from, and the grammar once it was needed.
#[derive(Debug)]
pub(crate) struct Slot {
    source: Source,
    user: Option<UserQuery>,
    compiled: OnceLock<Compiled>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Source {
    /// By index in [`languages::ALL`].
    BuiltIn(usize),
    Added(AddedGrammar),
}

#[derive(Debug, Default)]
struct Compiled {
    /// `None` when there is nothing that says what is defined.
    grammar: Option<Grammar>,
    problem: Option<String>,
}

impl Table {
    /// The table of what is there now.
    pub(crate) fn build(before: &Self, additions: Additions) -> Self {
        let Additions {
            grammars,
            mut queries,
            mut unusable,
        } = additions;
        let mut take = |name: &str| {
            let at = queries.iter().position(|query| query.language == name)?;
            Some(queries.swap_remove(at))
        };
        let mut slots = Vec::with_capacity(languages::ALL.len() + grammars.len());
        let mut added = HashMap::new();
        for (index, language) in languages::ALL.iter().enumerate() {
            slots.push(before.or_new(Source::BuiltIn(index), take(language.name)));
        }
        for grammar in grammars {
            let user = take(&grammar.name);
            added.insert(grammar.name.clone(), slots.len());
            slots.push(before.or_new(Source::Added(grammar), user));
        }
        unusable.extend(queries.into_iter().map(|query| {
            let problem = format!(
                "`{}` is for `{}`, of which there is no grammar; add one with `codemem languages add {}`",
                query.path.display(),
                query.language,
                query.language
            );
            (query.language, problem)
        }));
        Self { slots, added, unusable }
    }

    fn or_new(&self, source: Source, user: Option<UserQuery>) -> Arc<Slot> {
        let same = self
            .slots
            .iter()
            .find(|slot| slot.source == source && slot.user == user);
        same.map_or_else(
            || {
                Arc::new(Slot {
                    source,
                    user,
                    compiled: OnceLock::new(),
                })
            },
            Arc::clone,
        )
    }

    /// The built-in language at that index of [`languages::ALL`].
    pub(crate) fn built_in(&self, index: usize) -> &Slot {
        &self.slots[index]
    }

    /// The added language of that name.
    pub(crate) fn added(&self, name: &str) -> Option<&Slot> {
        Some(&self.slots[*self.added.get(name)?])
    }

    /// The added languages.
    pub(crate) fn all_added(&self) -> impl Iterator<Item = &Slot> {
        self.slots[languages::ALL.len()..].iter().map(|slot| &**slot)
    }

    /// The languages that are not read as this build alone reads them, sorted by name.
    pub(crate) fn changed(&self) -> Vec<ChangedLanguage> {
        let mut changed: Vec<_> = self.slots.iter().filter_map(|slot| slot.changed()).collect();
        changed.sort_by(|a, b| a.name.cmp(&b.name));
        changed
    }

    /// What of the additions is not in use, and why: (language, reason). Compiles them.
    pub(crate) fn problems(&self) -> Vec<(String, String)> {
        let changed = self.slots.iter().filter(|slot| slot.changed().is_some());
        let found = changed.filter_map(|slot| Some((slot.name().to_owned(), slot.problem()?.to_owned())));
        found.chain(self.unusable.iter().cloned()).collect()
    }
}

impl Slot {
    /// The language's stable name.
    pub(crate) fn name(&self) -> &str {
        match &self.source {
            Source::BuiltIn(index) => languages::ALL[*index].name,
            Source::Added(grammar) => &grammar.name,
        }
    }

    /// The grammar, compiled at first use; `None` when its files are cut by lines.
    pub(crate) fn grammar(&self) -> Option<&Grammar> {
        self.compiled().grammar.as_ref()
    }

    /// What of it is not in use, and why.
    pub(crate) fn problem(&self) -> Option<&str> {
        self.compiled().problem.as_deref()
    }

    fn compiled(&self) -> &Compiled {
        self.compiled.get_or_init(|| match &self.source {
            Source::BuiltIn(index) => self.compile_built_in(languages::ALL[*index]),
            Source::Added(grammar) => self.compile_added(grammar),
        })
    }

    fn changed(&self) -> Option<ChangedLanguage> {
        let fingerprint = match &self.source {
            Source::BuiltIn(_) => "",
            Source::Added(grammar) => &grammar.fingerprint,
        };
        if fingerprint.is_empty() && self.user.is_none() {
            return None;
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(fingerprint.as_bytes());
        if let Some(user) = &self.user {
            hasher.update(b"\0");
            hasher.update(user.text.as_bytes());
        }
        let mut number = [0; 4];
        number.copy_from_slice(&hasher.finalize().as_bytes()[..4]);
        Some(ChangedLanguage {
            name: self.name().to_owned(),
            number: u32::from_le_bytes(number),
        })
    }

    fn compile_built_in(&self, language: &'static Language) -> Compiled {
        let plain =
            || Grammar::built_in(language, None).expect("every compiled-in query compiles, as a unit test shows");
        let Some(user) = &self.user else {
            return Compiled {
                grammar: Some(plain()),
                problem: None,
            };
        };
        let problem = user.problem(language, &(language.grammar)());
        let compiled = match problem {
            None => Grammar::built_in(language, Some(user)).map_err(|error| unfit(user, &error)),
            Some(problem) => Err(problem),
        };
        match compiled {
            Ok(grammar) => Compiled {
                grammar: Some(grammar),
                problem: None,
            },
            Err(problem) => Compiled {
                grammar: Some(plain()),
                problem: Some(format!("{problem}; the built-in query stays in use")),
            },
        }
    }

    fn compile_added(&self, added: &AddedGrammar) -> Compiled {
        let parser_language = match added.load() {
            Ok(language) => language,
            Err(error) => {
                let name = &added.name;
                return Compiled {
                    grammar: None,
                    problem: Some(format!(
                        "cannot load the grammar of `{name}`: {error}; `codemem languages remove {name}` and add it again"
                    )),
                };
            }
        };
        let problem = self
            .user
            .as_ref()
            .and_then(|user| user.problem(&ADDED, &parser_language));
        let user = self.user.as_ref().filter(|_| problem.is_none());
        let problem = problem.map(|problem| format!("{problem}; it is left out"));
        match compile(added, parser_language, user) {
            Ok(grammar) => Compiled { grammar, problem },
            Err(error) => Compiled {
                grammar: None,
                problem: Some(user.map_or_else(|| error.to_string(), |user| unfit(user, &error))),
            },
        }
    }
}

/// Compiles an added grammar; `None` when nothing says what is defined in its files.
pub(crate) fn compile(
    added: &AddedGrammar,
    parser_language: tree_sitter::Language,
    user: Option<&UserQuery>,
) -> Result<Option<Grammar>, crate::ChunkError> {
    let defines = |text: &str| text.contains("@definition.") || text.contains("@declaration.");
    let has_tags = defines(&added.tags) && user.is_none_or(|user| !user.replaces);
    if !has_tags && user.is_none_or(|user| !defines(&user.text)) {
        return Ok(None);
    }
    let is_there = |kind: &str| parser_language.id_for_node_kind(kind, true) != 0;
    let mut own = String::new();
    for kind in COMMENT_KINDS.into_iter().filter(|kind| is_there(kind)) {
        own.push('(');
        own.push_str(kind);
        own.push_str(") @comment\n");
    }
    let parts = Parts {
        name: &added.name,
        tags: &[&added.tags],
        own: &own,
        user,
        is_lenient: true,
    };
    Grammar::compile(&ADDED, parser_language, &parts).map(Some)
}

/// A query that holds by itself but not beside the others.
fn unfit(user: &UserQuery, error: &crate::ChunkError) -> String {
    format!("`{}` cannot be used: {error}", user.path.display())
}
