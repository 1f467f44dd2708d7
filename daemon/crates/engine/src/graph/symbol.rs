//! A symbol by name: where it is defined, who uses it, what it uses, what a change of it reaches.

use super::fold::folded;
use super::tree::{Tree, is_code};
use super::{Ground, Reading};
use crate::EngineError;
use crate::engine::Engine;
use crate::search::Alike;
use codemem_core::graph::{Facts as _, Resolver, Site, SymbolAt, Uses, nearest, resolves};
use codemem_core::reference::ReferenceKind;
use codemem_core::unit::Visibility;
use std::path::PathBuf;

/// Definitions of one name that are shown, and whose uses are looked for.
const MAX_DEFINITIONS: usize = 50;

/// Definitions of one name that are looked at for being alike.
const MAX_FOLDED: usize = 200;

/// Uses in an answer when the caller does not say.
const DEFAULT_LIMIT: usize = 100;

/// Most uses in an answer.
const MAX_LIMIT: usize = 5_000;

/// Most symbols that an impact goes through.
const MAX_IMPACT: usize = 20_000;

/// How far an impact goes when the caller does not say.
const DEFAULT_DEPTH: u32 = 5;

/// Names offered for one that is not there.
const NEAREST: usize = 5;

/// What is asked about a symbol.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Ask {
    /// Where it is defined.
    #[default]
    Definition,
    /// Who calls it.
    Callers,
    /// What it calls.
    Callees,
    /// Who uses it in any way.
    References,
    /// Who may be reached by a change of it, tests included.
    Impact,
    /// What extends, implements or overrides it.
    Implementations,
}

/// A question about a symbol.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SymbolRequest {
    /// `name`, `Type.name`, `path#name` or `path:line`.
    pub name: String,
    /// A path inside the root.
    pub path: PathBuf,
    /// What is asked.
    pub ask: Ask,
    /// Calls that callers, callees and an impact are followed; 0 means 1 for the first two and 5 for an impact.
    pub depth: u32,
    /// Most uses; 0 means 100.
    pub limit: usize,
    /// Uses to pass over.
    pub offset: usize,
}

/// Where a symbol is defined.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Definition {
    /// With its enclosing names.
    pub qualified_name: String,
    /// What it is.
    pub kind: String,
    /// Who may use it; `None` where its language knows no such thing, or the file does not say.
    pub visibility: Option<Visibility>,
    /// Without its body.
    pub signature: String,
    /// Its documentation; empty when there is none.
    pub docstring: String,
    /// Relative to the root.
    pub path: String,
    /// First line, from 1 on.
    pub start_line: u32,
    /// Last line.
    pub end_line: u32,
    /// The file's language.
    pub language: String,
    /// Further definitions of the name with the same signature, for which it stands.
    pub alike: Alike,
}

/// One use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Use {
    /// The file that uses.
    pub path: String,
    /// The line, from 1 on.
    pub line: u32,
    /// How it is used.
    pub kind: String,
    /// Why it is believed: `local`, `import`, `receiver-type`, `unique-name`.
    pub evidence: String,
    /// The symbol around, with its enclosing names; empty at the file's top.
    pub within: String,
    /// What is used, with its enclosing names.
    pub to: String,
    /// Where that is defined: `path:line`.
    pub to_place: String,
    /// Calls between it and what was asked about, at least 1.
    pub depth: u32,
    /// Whether it stands in a test.
    pub is_test: bool,
}

/// The answer.
#[derive(Clone, PartialEq, Debug)]
pub struct SymbolAnswer {
    /// What it rests on.
    pub ground: Ground,
    /// The definitions of the name.
    pub definitions: Vec<Definition>,
    /// Further definitions, which neither are shown nor have one shown that stands for them.
    pub definitions_left_out: u64,
    /// The uses asked for, the nearest first, then by place.
    pub uses: Vec<Use>,
    /// How many there are in all.
    pub total: u64,
    /// Calls of the same name, or calls inside, of which the files do not say what they mean.
    pub open: u64,
    /// Calls inside that mean something outside of the tree.
    pub elsewhere: u64,
    /// More would have been reached but for the bounds.
    pub is_cut: bool,
    /// Names that are nearly this one, when nothing has it.
    pub nearest: Vec<String>,
    /// Languages among the definitions whose names are resolved only within a file, or when they are unique.
    pub unresolved_languages: Vec<String>,
}

impl Engine {
    /// Answers a question about a symbol.
    pub async fn symbol(&self, request: SymbolRequest) -> Result<SymbolAnswer, EngineError> {
        if request.name.trim().is_empty() {
            return Err(EngineError::Invalid {
                message: "no symbol is named".to_owned(),
                hint: "name one: `codemem symbol Server.listen`".to_owned(),
            });
        }
        let path = request.path.clone();
        self.ask_graph(&path, Reading::Much, move |tree, ground| answer(tree, ground, &request))
            .await
    }
}

fn answer(tree: &Tree<'_>, ground: Ground, request: &SymbolRequest) -> Result<SymbolAnswer, EngineError> {
    let mut found = find(tree, request.name.trim())?;
    let n_found = found.len();
    found.truncate(MAX_FOLDED);
    let mut definitions = folded(tree, &found)?;
    let n_shown = definitions.len().min(MAX_DEFINITIONS);
    let definitions_left_out = n_found - found.len() + definitions.len() - n_shown;
    definitions.truncate(n_shown);
    found.truncate(MAX_DEFINITIONS);
    let mut answer = SymbolAnswer {
        ground,
        definitions,
        definitions_left_out: definitions_left_out as u64,
        uses: Vec::new(),
        total: 0,
        open: 0,
        elsewhere: 0,
        is_cut: false,
        nearest: Vec::new(),
        unresolved_languages: Vec::new(),
    };
    if found.is_empty() {
        let names = tree.catalog.names().map_err(EngineError::port("list the names"))?;
        let (_, name) = parts(request.name.trim());
        answer.nearest = nearest(&names, last(&name), NEAREST);
        return Ok(answer);
    }
    let languages = answer.definitions.iter().map(|one| one.language.clone());
    answer.unresolved_languages = languages.filter(|language| !resolves(language)).collect();
    answer.unresolved_languages.sort();
    answer.unresolved_languages.dedup();
    let limit = match request.limit {
        0 => DEFAULT_LIMIT,
        limit => limit.min(MAX_LIMIT),
    };
    tree.resolving(|resolver| {
        let sites = gather(resolver, &found, request, &mut answer)?;
        answer.total = sites.len() as u64;
        let page = sites.iter().skip(request.offset).take(limit);
        let uses = page.map(|(site, depth)| used(resolver, site, *depth));
        answer.uses = uses.collect::<Result<_, _>>()?;
        Ok(())
    })?;
    Ok(answer)
}

/// The places that answer, each with the calls between it and what was asked about.
fn gather(
    resolver: &Resolver<'_, Tree<'_>>,
    found: &[SymbolAt],
    request: &SymbolRequest,
    answer: &mut SymbolAnswer,
) -> Result<Vec<(Site, u32)>, EngineError> {
    let calls = [ReferenceKind::Call, ReferenceKind::Decorate];
    let depth = match (request.depth, request.ask) {
        (0, Ask::Impact) => DEFAULT_DEPTH,
        (depth, _) => depth.max(1),
    };
    match request.ask {
        Ask::Definition => Ok(Vec::new()),
        Ask::Callers if depth == 1 => Ok(joined(resolver.users_of(found, &calls)?, answer)),
        Ask::References => Ok(joined(resolver.users_of(found, &ReferenceKind::ALL)?, answer)),
        Ask::Implementations => {
            let of_each = found.iter().map(|symbol| resolver.implementations(*symbol));
            Ok(joined(of_each.collect::<Result<_, _>>()?, answer))
        }
        Ask::Callees => callees(resolver, found, depth, answer),
        Ask::Callers | Ask::Impact => {
            let impact = resolver.impact(found, depth, MAX_IMPACT)?;
            answer.open = impact.open;
            answer.is_cut = impact.is_cut;
            Ok(impact.affected.iter().map(|one| (one.site(), one.depth)).collect())
        }
    }
}

/// The uses of all definitions of a name.
fn joined(of_each: Vec<Uses>, answer: &mut SymbolAnswer) -> Vec<(Site, u32)> {
    let mut sites = Vec::new();
    for of_one in of_each {
        // Every definition of the name has the same open ones.
        answer.open = answer.open.max(of_one.open);
        answer.elsewhere += of_one.elsewhere;
        sites.extend(of_one.sites.into_iter().map(|site| (site, 1)));
    }
    sites
}

fn callees(
    resolver: &Resolver<'_, Tree<'_>>,
    found: &[SymbolAt],
    depth: u32,
    answer: &mut SymbolAnswer,
) -> Result<Vec<(Site, u32)>, EngineError> {
    let mut uses = Vec::new();
    let mut seen: std::collections::HashSet<SymbolAt> = found.iter().copied().collect();
    let mut near: Vec<SymbolAt> = found.to_vec();
    for level in 1..=depth {
        let mut next = Vec::new();
        for symbol in near {
            let of_one = resolver.used_by(symbol, &[ReferenceKind::Call])?;
            answer.open += of_one.open;
            answer.elsewhere += of_one.elsewhere;
            for site in of_one.sites {
                if uses.len() >= MAX_IMPACT {
                    answer.is_cut = true;
                    return Ok(uses);
                }
                if seen.insert(site.to) {
                    next.push(site.to);
                }
                uses.push((site, level));
            }
        }
        near = next;
    }
    Ok(uses)
}

pub(super) fn used(resolver: &Resolver<'_, Tree<'_>>, site: &Site, depth: u32) -> Result<Use, EngineError> {
    let facts = resolver.file(site.file)?;
    let target = resolver.file(site.to.file)?;
    let to = target.symbol(site.to.symbol);
    Ok(Use {
        path: facts.path.to_string(),
        line: site.line,
        kind: site.kind.as_str().to_owned(),
        evidence: site.evidence.as_str().to_owned(),
        within: site
            .within
            .map(|symbol| facts.symbol(symbol).qualified_name.to_owned())
            .unwrap_or_default(),
        to: to.qualified_name.to_owned(),
        to_place: format!("{}:{}", target.path, to.lines.start),
        depth,
        is_test: codemem_core::graph::is_test(&facts, site.within),
    })
}

/// The definitions that a name means.
pub(super) fn find(tree: &Tree<'_>, asked: &str) -> Result<Vec<SymbolAt>, EngineError> {
    let (path, name) = parts(asked);
    if let Some((path, line)) = path.and_then(|path| path.rsplit_once(':'))
        && let Ok(line) = line.parse::<u32>()
        && let Some(file) = tree.at(path)
    {
        let facts = tree.file(file)?;
        let around = (0_u32..).zip(facts.symbols());
        let innermost = around
            .filter(|(_, symbol)| symbol.lines.start <= line && line <= symbol.lines.end)
            .last();
        return Ok(innermost
            .map(|(symbol, _)| SymbolAt { file, symbol })
            .into_iter()
            .collect());
    }
    let plain = plain(&name);
    let path = path.map(|path| path.trim_start_matches("./"));
    let is_there =
        |at: &SymbolAt| path.is_none_or(|path| ends_with(tree.view.file(at.file.0).path.as_str(), path, '/'));
    let mut found = Vec::new();
    // Many may have the name, few of them stand in the file.
    for at in tree.defined_where(last(&name), is_there)? {
        let content = tree.content_of(at.file)?;
        let symbol = content.symbol(at.symbol);
        if is_code(symbol.kind) && ends_with(&self::plain(symbol.qualified_name), &plain, '.') {
            found.push(at);
        }
    }
    Ok(found)
}

pub(super) fn define(tree: &Tree<'_>, found: &[SymbolAt]) -> Result<Vec<Definition>, EngineError> {
    let definitions = found.iter().map(|at| define_one(tree, *at).transpose());
    definitions.flatten().collect()
}

/// `None` for what is gone from the catalog meanwhile.
pub(super) fn define_one(tree: &Tree<'_>, at: SymbolAt) -> Result<Option<Definition>, EngineError> {
    let file = tree.view.file(at.file.0);
    let row = tree.row(at)?;
    Ok(row.map(|row| Definition {
        qualified_name: row.qualified_name,
        kind: row.kind.as_str().to_owned(),
        visibility: row.visibility,
        signature: row.signature,
        docstring: row.docstring.unwrap_or_default(),
        path: file.path.to_string(),
        start_line: row.lines.start,
        end_line: row.lines.end,
        language: file.language.to_string(),
        alike: Alike::default(),
    }))
}

/// The path and the name of what is asked for; `path:line` is all path.
fn parts(asked: &str) -> (Option<&str>, String) {
    if let Some((path, name)) = asked.split_once('#') {
        return (Some(path), name.to_owned());
    }
    let is_line = asked.rsplit_once(':').is_some_and(|(path, line)| {
        !path.ends_with(':') && !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit())
    });
    if is_line {
        (Some(asked), String::new())
    } else {
        (None, asked.to_owned())
    }
}

/// Whether a whole is some parts, or ends with them.
fn ends_with(whole: &str, parts: &str, between: char) -> bool {
    let before = whole.strip_suffix(parts);
    before.is_some_and(|before| before.is_empty() || before.ends_with(between))
}

/// A qualified name with dots, whatever its language joins it with.
fn plain(name: &str) -> String {
    name.trim_end_matches("()").replace("::", ".").replace(['#', '\\'], ".")
}

/// What a qualified name ends with.
fn last(name: &str) -> &str {
    let name = name.trim_end_matches("()");
    name.rsplit(['.', ':', '#', '\\']).next().unwrap_or(name)
}
