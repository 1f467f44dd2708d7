//! Extracts a tree and prints its calls with what they mean: `edges DIR`, one line each, fields parted by tabs:
//! path, caller, line, column, what is called; then path, name, first and last line and evidence of its definition, or `-` when
//! that lies elsewhere, or `?` when the files do not say.

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

mod tree;

use codemem_chunk::{Limits, TreeSitterExtractor};
use codemem_core::graph::{FileId, Meaning, Resolver};
use codemem_core::path::RepoPath;
use codemem_core::reference::ReferenceKind;
use std::path::Path;
use tree::Tree;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = std::env::args().nth(1).ok_or("usage: edges DIR")?;
    let root = Path::new(&root);
    let extractor = TreeSitterExtractor::new(Limits {
        max_file_bytes: 2 << 20,
    })?;
    let mut paths = Vec::new();
    walk(root, &mut paths)?;
    paths.sort();
    let mut tree = Tree::default();
    for path in paths {
        let relative = path.strip_prefix(root)?.to_str().and_then(RepoPath::new);
        let Some(relative) = relative else { continue };
        tree.add(&extractor, &relative, &std::fs::read(&path)?);
    }
    let resolver = Resolver::new(&tree);
    for (id, file) in (0_u32..).map(FileId).zip(&tree.files) {
        for found in file.uses().filter(|one| one.kind == ReferenceKind::Call) {
            let caller = found.symbol.map_or("", |symbol| file.symbol(symbol).qualified_name);
            let head = format!(
                "{}\t{caller}\t{}\t{}\t{}.{}",
                file.path, found.line, found.column, found.of, found.name
            );
            match resolver.resolve(id, found)? {
                Meaning::Edge(edge) => {
                    let to = &tree.files[edge.to.file.0 as usize];
                    let symbol = to.symbol(edge.to.symbol);
                    let (name, lines) = (symbol.qualified_name, symbol.lines);
                    let evidence = edge.evidence.as_str();
                    println!(
                        "{head}\t{}\t{name}\t{}\t{}\t{evidence}",
                        to.path, lines.start, lines.end
                    );
                }
                Meaning::Elsewhere => println!("{head}\t-"),
                Meaning::Open => println!("{head}\t?"),
            }
        }
    }
    Ok(())
}

fn walk(path: &Path, files: &mut Vec<std::path::PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() && entry.file_name() != ".git" {
            walk(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}
