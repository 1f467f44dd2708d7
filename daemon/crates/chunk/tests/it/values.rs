//! What values are: each language's ways of saying of which type something is, and what that makes of the calls on it.

use crate::common::extract;
use crate::graph::{calls, tree};

/// The calls of the last file, as far as they lead somewhere: `line name -> path name`, evidence left out.
fn led(files: &[(&str, &str)]) -> Vec<String> {
    let tree = tree(files);
    let all = calls(&tree, files.len() as u32 - 1);
    let led = all
        .into_iter()
        .filter(|one| !one.ends_with("open") && !one.ends_with("elsewhere"));
    led.map(|one| one.rsplit_once(' ').map_or(one.clone(), |(head, _)| head.to_owned()))
        .collect()
}

/// Checks where the calls on each marked line lead: a line of the last file ends with `# a, b`, the names of what it calls in any
/// order, `-` for nothing: its calls stay open or lead out of the tree.
fn check(files: &[(&str, &str)], mark: &str) {
    let found = led(files);
    let (path, text) = files[files.len() - 1];
    for (line, text) in (1..).zip(text.lines()) {
        let Some((_, expected)) = text.split_once(mark) else {
            continue;
        };
        let head = format!("{line} ");
        let names = found
            .iter()
            .filter(|one| one.starts_with(&head))
            .filter_map(|one| one.rsplit(' ').next());
        let mut names: Vec<&str> = names.collect();
        let mut expected: Vec<&str> = expected
            .split(", ")
            .map(str::trim)
            .filter(|name| *name != "-")
            .collect();
        names.sort_unstable();
        expected.sort_unstable();
        assert_eq!(names, expected, "{path}:{line} {text}");
    }
}

#[test]
fn python_says_what_is_held_returned_and_narrowed() {
    let shop = r#"
class Item:
    def price(self): pass

class Shop:
    def __init__(self, items: list[Item], first: "Item"):
        self.items = items
        self.first = first
        self.named: dict[str, Item] = {}

    def __enter__(self):
        return self

    def __iter__(self) -> Iterator[Item]: ...

    def __getitem__(self, at: int) -> Item: ...

    def __call__(self) -> Item: ...

    @classmethod
    def open(cls):
        return cls([], None)

    @property
    def last(self) -> Item | None: ...

    def all(self):
        return self.items

    def both(self, way):
        if way:
            return Item()
        return Shop([], None)

class Corner(Shop):
    def close(self): pass

if TYPE_CHECKING:
    class Maker(Protocol):
        def __call__(self) -> Item: ...
else:
    class Maker: pass
"#;
    let main = r#"
from shop import Corner, Item, Maker, Shop
from contextlib import contextmanager

@contextmanager
def opened() -> Iterator[Shop]:
    yield Shop([], None)  # Shop

def run(shop: Shop, make: Maker, build: Callable[[int], Item], other, price, corners: tuple[Corner, ...]):
    shop.first.price()  # Item.price
    shop.items[0].price()  # Item.price
    shop.named["a"].price()  # Item.price
    shop.named.get("a").price()  # Item.price
    shop[0].price()  # Item.price
    shop().price()  # Item.price
    shop.last.price()  # Item.price
    make().price()  # Item.price
    build(1).price()  # Item.price
    other.price()  # -
    price()  # -
    for item in shop.items:
        item.price()  # Item.price
    for one in shop:
        one.price()  # Item.price
    for at, second in enumerate(sorted(shop.all())):  # Shop.all
        second.price()  # Item.price
    for name, third in shop.named.items():
        third.price()  # Item.price
    for name in shop.named:
        name.price()  # -
    with Corner([], None) as corner:  # Corner
        corner.close()  # Corner.close
    Corner.open().close()  # Shop.open, Corner.close
    with opened() as entered:  # opened
        entered.all()  # Shop.all
    [corner.close() for corner in corners]  # Corner.close
    shop.both(1).price()  # Shop.both
    if isinstance(other, Item) and other:
        other.price()  # Item.price
    other.price()  # -
    total = shop.all
    total()  # Shop.all
"#;
    check(&[("shop.py", shop), ("main.py", main)], "# ");
}

#[test]
fn typescript_says_what_is_held_returned_and_taken_apart() {
    let shop = "export class Item {\n  price() {}\n}\nexport class Shop {\n  items: Item[] = [];\n  named = new Map<string, Item>();\n  \
        byName: Map<string, Item>;\n  first?: Item;\n  make: () => Item;\n  all() { return this.items; }\n  self() { return this; }\n}\n\
        export class Corner extends Shop {\n  close() {}\n}\nfunction open() {}\nfunction shut() {}\nexport const api = { open, close: shut };\n\
        export default { open };\n";
    let main = "import { Corner, Item, Shop, api } from './shop';\nimport things from './shop';\n\nexport function run(shop: Shop, other) {\n\
          shop.items[0].price(); // Item.price\n  shop.items.map((item) => item.price()); // Item.price\n  \
          shop.byName.get('a')?.price(); // Item.price\n  shop.first.price(); // Item.price\n  shop.make().price(); // Item.price\n  \
          for (const item of shop.all()) { // Shop.all\n    item.price(); // Item.price\n  }\n  \
          for (const key in shop.items) {\n    key.price(); // -\n  }\n  new Corner().self().close(); // Corner, Shop.self, Corner.close\n  \
          const { open, close: shutIt } = api;\n  open(); // open\n  shutIt(); // shut\n  api.close(); // shut\n  things.open(); // open\n  \
          if (other instanceof Item) {\n    other.price(); // Item.price\n  }\n  other.price(); // -\n}\n";
    check(&[("shop.ts", shop), ("main.ts", main)], "// ");
}

#[test]
fn javascript_modules_are_told_by_what_they_export() {
    let files = [
        (
            "store.js",
            "function open() {}\nfunction close() {}\nexports.shut = close;\nmodule.exports = { open, end: close };\n",
        ),
        (
            "one.js",
            "export default function begin() {}\nexport function other() {}\n",
        ),
        (
            "index.js",
            "export { default as start, other as another } from './one';\nexport * from './two';\nexport * as three from './three';\n",
        ),
        ("two.js", "function inner() {}\nexport { inner as outer };\n"),
        ("three.js", "export const act = () => 1;\n"),
        (
            "main.js",
            "const { open, end } = require('./store');\nconst finish = require('./store').end;\nimport entry from './one';\n\
             import { start, another, outer, three } from './index';\n\nopen(); // open\nend(); // close\nfinish(); // close\nentry(); // begin\n\
             start(); // begin\nanother(); // other\nouter(); // inner\nthree.act(); // act\n",
        ),
    ];
    check(&files, "// ");
}

#[test]
fn go_says_what_is_held_and_switched() {
    let shop = "package a\n\ntype Item struct{}\n\nfunc (i *Item) Price() {}\n\ntype Shop struct {\n\tItems []*Item\n\tNamed map[string]*Item\n\tMake func() *Item\n}\n";
    let main = "package a\n\nfunc run(shop *Shop, other any) {\n\tshop.Items[0].Price() // Item.Price\n\tshop.Named[\"a\"].Price() // Item.Price\n\t\
        shop.Make().Price() // Item.Price\n\tfor _, item := range shop.Items {\n\t\titem.Price() // Item.Price\n\t}\n\tfor name := range shop.Named {\n\t\t\
        name.Price() // -\n\t}\n\tswitch it := other.(type) {\n\tcase *Item:\n\t\tit.Price() // Item.Price\n\tcase *Item, *Shop:\n\t\tit.Price() // -\n\t}\n}\n";
    check(&[("a/shop.go", shop), ("a/main.go", main)], "// ");
}

#[test]
fn java_says_what_is_held() {
    let shop = "package a;\n\nimport java.util.*;\n\nclass Item {\n    void price() {}\n}\n\nclass Shop {\n    List<Item> items;\n    Map<String, Item> named;\n    \
        Item[] all;\n    Optional<Item> first() { return null; }\n}\n";
    let main = "package a;\n\nclass Main {\n    void run(Shop shop) {\n        shop.items.get(0).price(); // Item.price\n        \
        shop.named.get(\"a\").price(); // Item.price\n        shop.all[0].price(); // Item.price\n        \
        shop.first().orElseThrow().price(); // Shop.first, Item.price\n        for (var item : shop.items) {\n            item.price(); // Item.price\n        }\n        \
        shop.items.forEach(item -> item.price()); // Item.price\n        shop.items.stream().filter(item -> item.price()); // Item.price\n    }\n}\n";
    check(&[("a/Shop.java", shop), ("a/Main.java", main)], "// ");
}

#[test]
fn rust_says_what_is_held() {
    let main = "pub struct Item;\nimpl Item {\n    fn price(&self) {}\n}\npub struct Shop { items: Vec<Item>, first: Option<Item>, named: HashMap<String, Item>, shared: Arc<Mutex<Item>> }\n\
        impl Shop {\n    fn find(&self) -> Option<&Item> { None }\n}\nfn run(shop: &Shop, all: &[Item]) {\n    shop.items[0].price(); // Item::price\n    \
        for item in &shop.items {\n        item.price(); // Item::price\n    }\n    for item in all.iter() {\n        item.price(); // Item::price\n    }\n    \
        if let Some(item) = &shop.first {\n        item.price(); // Item::price\n    }\n    shop.first.as_ref().unwrap().price(); // Item::price\n    \
        shop.named.get(\"a\").unwrap().price(); // Item::price\n    shop.shared.lock().unwrap().price(); // Item::price\n    \
        shop.items.iter().map(|item| item.price()); // Item::price\n    shop.find().unwrap().price(); // Shop::find, Item::price\n}\n";
    check(&[("src/lib.rs", main)], "// ");
}

#[test]
fn other_languages_say_what_they_extend_annotate_and_name() {
    for (path, text, expected) in [
        (
            "a.cs",
            "[Serializable]\nclass Shop : Base<Item>, IStore {\n    private PriceList list;\n    Item Find(Query query) { return null; }\n}\n",
            "decorate Serializable in Shop, inherit Base in Shop, implement IStore in Shop, type Item in Shop, type PriceList in Shop, \
             type Item in Shop.Find, type Query in Shop.Find",
        ),
        (
            "a.php",
            "<?php\nclass Shop extends Base implements Store {\n    use Logs;\n    #[Route('/')]\n    function find(Query $query): Item { }\n}\n",
            "inherit Base in Shop, implement Store in Shop, inherit Logs in Shop, decorate Route in Shop::find, type Query in Shop::find, type Item in Shop::find",
        ),
        (
            "a.kt",
            "@Table\nclass Shop : Base(), Store {\n    fun find(query: Query): Item = Item()\n}\n",
            "decorate Table in Shop, inherit Base in Shop, call Base in Shop, inherit Store in Shop, type Query in Shop.find, type Item in Shop.find, \
             call Item in Shop.find",
        ),
        (
            "a.scala",
            "class Shop extends Base with Store {\n  @inline def find(query: Query): Item = ???\n}\n",
            "inherit Base in Shop, inherit Store in Shop, decorate inline in Shop.find, type Query in Shop.find, type Item in Shop.find",
        ),
        (
            "a.swift",
            "class Shop: Base, Store {\n    func find(_ query: Query) -> Item { return Item() }\n}\n",
            "inherit Base in Shop, inherit Store in Shop, type Query in Shop.find, type Item in Shop.find, call Item in Shop.find",
        ),
        (
            "a.cpp",
            "class Shop : public store::Base {\n    Item find(const Query& query);\n};\n",
            "inherit Base in Shop, type Item in Shop::find, type Query in Shop::find",
        ),
        (
            "a.rb",
            "class Shop < Store::Base\n  include Logs\n  attr_reader :items\n  delegate :size, to: :items\n  def find\n    Item.new\n  end\nend\n",
            "inherit Base in Shop, inherit Logs in Shop, call attr_reader in Shop#items",
        ),
        (
            "a.dart",
            "class Shop extends Base with Logs implements Store {\n  @override\n  Item find(Query query) => build(query);\n}\n",
            "inherit Base in Shop, inherit Logs in Shop, implement Store in Shop, decorate override in Shop.find, type Item in Shop.find, \
             type Query in Shop.find, call build in Shop.find",
        ),
        (
            "a.ml",
            "let helper x = x\nlet run y = helper (List.length y)\n",
            "call helper in run, call length in run",
        ),
    ] {
        let extraction = extract(path, text.as_bytes()).expect("code");
        let of =
            |index: Option<u32>| index.map_or("-", |index| extraction.symbols[index as usize].qualified_name.as_str());
        let uses = extraction.references.uses.iter();
        let found: Vec<String> = uses
            .map(|one| format!("{} {} in {}", one.kind.as_str(), one.name, of(one.symbol)))
            .collect();
        for wanted in expected.split(", ") {
            assert!(
                found.iter().any(|one| one == wanted),
                "{path}: {wanted} is not in {found:?}"
            );
        }
    }
}
