//! Prints the functions, methods and types of Rust files, as `syn` parses them: paths on standard input, one a line. What is
//! inside of macro calls is left out, as syn does not parse it. Output: see `of_program` in ../../compare.py.

use std::io::Read as _;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

struct Symbols;

fn say(kind: &str, name: &syn::Ident, item: proc_macro2::Span) {
    println!("{kind} {name} {} {}", name.span().start().line, item.end().line);
}

impl<'ast> Visit<'ast> for Symbols {
    fn visit_item_fn(&mut self, node: &'ast syn::ItemFn) {
        say("function", &node.sig.ident, node.span());
        visit::visit_item_fn(self, node);
    }

    fn visit_impl_item_fn(&mut self, node: &'ast syn::ImplItemFn) {
        say("method", &node.sig.ident, node.span());
        visit::visit_impl_item_fn(self, node);
    }

    fn visit_trait_item_fn(&mut self, node: &'ast syn::TraitItemFn) {
        say("method", &node.sig.ident, node.span());
        visit::visit_trait_item_fn(self, node);
    }

    fn visit_item_struct(&mut self, node: &'ast syn::ItemStruct) {
        say("struct", &node.ident, node.span());
        visit::visit_item_struct(self, node);
    }

    fn visit_item_enum(&mut self, node: &'ast syn::ItemEnum) {
        say("enum", &node.ident, node.span());
        visit::visit_item_enum(self, node);
    }

    fn visit_item_union(&mut self, node: &'ast syn::ItemUnion) {
        say("union", &node.ident, node.span());
        visit::visit_item_union(self, node);
    }

    fn visit_item_trait(&mut self, node: &'ast syn::ItemTrait) {
        say("trait", &node.ident, node.span());
        visit::visit_item_trait(self, node);
    }

    fn visit_impl_item_type(&mut self, node: &'ast syn::ImplItemType) {
        say("type", &node.ident, node.span());
        visit::visit_impl_item_type(self, node);
    }

    fn visit_trait_item_type(&mut self, node: &'ast syn::TraitItemType) {
        say("type", &node.ident, node.span());
        visit::visit_trait_item_type(self, node);
    }

    fn visit_foreign_item_fn(&mut self, node: &'ast syn::ForeignItemFn) {
        say("function", &node.sig.ident, node.span());
        visit::visit_foreign_item_fn(self, node);
    }

    fn visit_item_type(&mut self, node: &'ast syn::ItemType) {
        say("type", &node.ident, node.span());
        visit::visit_item_type(self, node);
    }
}

fn main() -> std::io::Result<()> {
    let mut paths = String::new();
    std::io::stdin().read_to_string(&mut paths)?;
    for path in paths.lines() {
        match syn::parse_file(&std::fs::read_to_string(path)?) {
            Ok(file) => {
                println!("file {path}");
                Symbols.visit_file(&file);
            }
            Err(_) => println!("broken {path}"),
        }
    }
    Ok(())
}
