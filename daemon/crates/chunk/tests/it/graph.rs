//! What calls mean, from source text to edges: each language's rules on trees of a few files.

#[path = "../../examples/tree/mod.rs"]
mod tree;

use codemem_chunk::{Limits, TreeSitterExtractor};
use codemem_core::graph::{FileId, Meaning, Resolver, SymbolAt};
use codemem_core::path::RepoPath;
use codemem_core::reference::ReferenceKind;
use tree::Tree;

pub(crate) fn tree(files: &[(&str, &str)]) -> Tree {
    let limits = Limits {
        max_file_bytes: 1 << 20,
    };
    let extractor = TreeSitterExtractor::new(limits).expect("grammars load");
    let mut tree = Tree::default();
    for (path, text) in files {
        tree.add(&extractor, &RepoPath::new(path).expect("valid"), text.as_bytes());
    }
    tree
}

/// Every call of one file: `line name -> path name evidence`.
pub(crate) fn calls(tree: &Tree, file: u32) -> Vec<String> {
    let resolver = Resolver::new(tree);
    let facts = &tree.files[file as usize];
    let calls = facts.uses().filter(|one| one.kind == ReferenceKind::Call);
    calls
        .map(|one| {
            let Ok(meaning) = resolver.resolve(FileId(file), one);
            let meaning = match meaning {
                Meaning::Edge(edge) => {
                    let to = &tree.files[edge.to.file.0 as usize];
                    let name = to.symbol(edge.to.symbol).qualified_name;
                    format!("{} {name} {}", to.path, edge.evidence.as_str())
                }
                Meaning::Elsewhere => "elsewhere".to_owned(),
                Meaning::Open => "open".to_owned(),
            };
            format!("{} {} -> {meaning}", one.line, one.name)
        })
        .collect()
}

#[test]
fn python_follows_imports_types_and_bases() {
    let tree = tree(&[
        (
            "app/main.py",
            "from .models import User as Person, make\nimport app.models\nimport os\n\n\
             def run(person: Person, other):\n    person.save()\n    other.save()\n    os.getcwd()\n    \
             made = make()\n    made.save()\n    app.models.make()\n    with Person() as entered:\n        entered.save()\n    \
             helper()\n\ndef helper(): pass\n",
        ),
        (
            "app/models.py",
            "class Base:\n    def save(self): self.check()\n    def check(self): pass\n    def __enter__(self) -> 'Base': return self\n\n\
             class User(Base):\n    def check(self): super().check()\n\ndef make() -> User: return User()\n",
        ),
        ("app/__init__.py", ""),
    ]);
    insta::assert_debug_snapshot!(calls(&tree, 0));
    insta::assert_debug_snapshot!(calls(&tree, 1));
}

#[test]
fn names_local_to_a_function_are_nobody_elses() {
    let tree = tree(&[(
        "a.py",
        "def send(): pass\n\ndef one(send):\n    send()\n\ndef two():\n    send()\n\ndef three():\n    send = lambda: 0\n    send()\n",
    )]);
    insta::assert_debug_snapshot!(calls(&tree, 0));
}

#[test]
fn typescript_follows_modules_and_members() {
    let tree = tree(&[
        (
            "src/app.ts",
            "import { Server as S, create } from './server';\nimport * as all from './server';\nimport main from './main';\n\
             import { readFile } from 'fs';\n\nexport function run(server: S, any) {\n  server.listen();\n  any.listen();\n  \
             create().listen();\n  all.create();\n  main();\n  readFile('x');\n  new S().listen();\n}\n",
        ),
        (
            "src/server/index.ts",
            "export class Server extends Base {\n  constructor(private log: Log) { super(); }\n  listen(): void { this.log.write(); this.close(); }\n}\n\
             class Base {\n  close() {}\n}\nclass Log {\n  write() {}\n}\nexport const create = (): Server => new Server(new Log());\n",
        ),
        (
            "src/main.js",
            "export default function start() { helper(); }\nfunction helper() {}\n",
        ),
    ]);
    insta::assert_debug_snapshot!(calls(&tree, 0));
    insta::assert_debug_snapshot!(calls(&tree, 1));
    insta::assert_debug_snapshot!(calls(&tree, 2));
}

#[test]
fn rust_follows_paths_blocks_and_traits() {
    let tree = tree(&[
        (
            "src/lib.rs",
            "mod net;\npub use net::Server;\nuse net::{Listen, serve as go};\n\npub fn run(server: &Server) -> Result<(), Error> {\n    \
             server.listen();\n    let made = Server::new()?;\n    made.accept();\n    go();\n    crate::net::serve();\n    \
             let n: usize = 1;\n    n.pow(2);\n    Ok(())\n}\n",
        ),
        (
            "src/net.rs",
            "pub struct Server { inner: Inner }\nstruct Inner;\nimpl Inner {\n    fn poll(&self) {}\n}\n\
             impl Server {\n    pub fn new() -> Result<Self, Error> { Ok(Self { inner: Inner }) }\n    pub fn accept(&self) { self.inner.poll(); helper() }\n}\n\
             pub trait Listen {\n    fn listen(&self) { self.ready() }\n    fn ready(&self);\n}\nimpl Listen for Server {\n    fn ready(&self) {}\n}\n\
             pub fn serve() {}\nfn helper() {}\n",
        ),
    ]);
    insta::assert_debug_snapshot!(calls(&tree, 0));
    insta::assert_debug_snapshot!(calls(&tree, 1));
}

#[test]
fn go_follows_packages_receivers_and_embedding() {
    let tree = tree(&[
        ("go.mod", "module example.com/shop\n\ngo 1.22\n"),
        (
            "main.go",
            "package main\n\nimport (\n\t\"fmt\"\n\tdb \"example.com/shop/store\"\n)\n\nfunc main() {\n\ts, err := db.Open()\n\ts.Get()\n\
             \ts.Close()\n\tfmt.Println(err)\n\thelper()\n}\n",
        ),
        ("helper.go", "package main\n\nfunc helper() {}\n"),
        (
            "store/store.go",
            "package store\n\ntype Store struct {\n\tCloser\n\tlog *Log\n}\n\nfunc Open() (*Store, error) { return &Store{}, nil }\n\n\
             func (s *Store) Get() { s.log.Write() }\n",
        ),
        (
            "store/log.go",
            "package store\n\ntype Log struct{}\n\nfunc (l *Log) Write() {}\n\ntype Closer struct{}\n\nfunc (c Closer) Close() {}\n",
        ),
    ]);
    insta::assert_debug_snapshot!(calls(&tree, 1));
    insta::assert_debug_snapshot!(calls(&tree, 3));
}

#[test]
fn java_follows_packages_fields_and_bases() {
    let tree = tree(&[
        (
            "src/main/java/a/App.java",
            "package a;\n\nimport a.b.Store;\nimport static a.b.Store.open;\nimport java.util.List;\n\nclass App extends Base {\n    \
             private Store store = new Store();\n    void run(List<String> names) {\n        store.get().close();\n        open();\n        \
             names.size();\n        check();\n        var other = new Store();\n        other.get();\n        this.store.get();\n    }\n}\n",
        ),
        (
            "src/main/java/a/Base.java",
            "package a;\n\nclass Base {\n    void check() {}\n}\n",
        ),
        (
            "src/main/java/a/b/Store.java",
            "package a.b;\n\npublic class Store {\n    public static Store open() { return new Store(); }\n    public Item get() { return null; }\n}\n\
             class Item {\n    void close() {}\n}\n",
        ),
    ]);
    insta::assert_debug_snapshot!(calls(&tree, 0));
    insta::assert_debug_snapshot!(calls(&tree, 2));
}

#[test]
fn users_and_impact_are_found_through_aliases_and_cycles() {
    let tree = tree(&[
        ("a.py", "def deep(): wide()\n\ndef wide(): deep()\n"),
        ("b.py", "from a import deep as low\n\ndef top():\n    low()\n"),
        (
            "tests/test_b.py",
            "from b import top\n\ndef test_top():\n    top()\n\ndef other(x):\n    x.deep()\n",
        ),
    ]);
    let resolver = Resolver::new(&tree);
    let deep = SymbolAt {
        file: FileId(0),
        symbol: 0,
    };
    let Ok(users) = resolver.users(deep, &[ReferenceKind::Call]);
    let lines: Vec<_> = users.sites.iter().map(|site| (site.file.0, site.line)).collect();
    assert_eq!((lines, users.open), (vec![(0, 3), (1, 4)], 1));
    let Ok(impact) = resolver.impact(&[deep], 5, 100);
    let reached: Vec<_> = impact
        .affected
        .iter()
        .map(|one| {
            let facts = &tree.files[one.symbol.file.0 as usize];
            (facts.symbol(one.symbol.symbol).name, one.depth, one.is_test)
        })
        .collect();
    let expected = [("wide", 1, false), ("top", 1, false), ("test_top", 2, true)];
    assert_eq!(reached, expected);
    assert!(!impact.is_cut);
    let Ok(near) = resolver.impact(&[deep], 1, 100);
    assert!(near.is_cut);
}

#[test]
fn users_are_found_by_what_else_a_definition_is_called() {
    let tree = tree(&[
        (
            "one.js",
            "export default function begin() {}\nexport function other() {}\nfunction inner() {}\nexport { inner as outer };\n",
        ),
        (
            "index.js",
            "export { default as start, other as another } from './one';\nexport * from './one';\n",
        ),
        ("a.js", "import entry from './one';\n\nentry();\n"),
        (
            "b.js",
            "import { start, another, outer } from './index';\n\nstart();\nanother();\nouter();\n",
        ),
        ("c.js", "import entry from './other';\n\nentry();\n"),
    ]);
    let resolver = Resolver::new(&tree);
    let lines = |name: &str| {
        let symbol = tree.files[0].named(name)[0];
        let Ok(users) = resolver.users(
            SymbolAt {
                file: FileId(0),
                symbol,
            },
            &[ReferenceKind::Call],
        );
        users
            .sites
            .iter()
            .map(|site| (site.file.0, site.line))
            .collect::<Vec<_>>()
    };
    assert_eq!(lines("begin"), [(2, 3), (3, 3)]);
    assert_eq!(lines("other"), [(3, 4)]);
    assert_eq!(lines("inner"), [(3, 5)]);
}
