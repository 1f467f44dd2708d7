//! The code graph with the built binaries: symbols and their users, outlines, maps, diffs, through the command line and MCP.

use crate::mcp::Session;
use crate::sandbox;
use codemem_testkit::Sandbox;
use serde_json::{Value, json};
use std::process::Command;

/// A shop in Python, one file of it broken in half, and a page in TypeScript.
const FILES: [(&str, &str); 8] = [
    ("shop/__init__.py", ""),
    (
        "shop/cart.py",
        "from .price import Price, total as sum_up\n\n\nclass Cart:\n    \"\"\"What is bought.\"\"\"\n\n    def __init__(self) -> None:\n        self.prices: list = []\n\n    \
         def add(self, price: Price) -> None:\n        self.prices.append(price.rounded())\n\n    def pay(self):\n        self.add(Price(1))\n        return sum_up(self.prices)\n",
    ),
    (
        "shop/price.py",
        "class Money:\n    def rounded(self):\n        return round(self)\n\n\nclass Price(Money):\n    def rounded(self):\n        return super().rounded()\n\n\n\
         def total(prices):\n    return 0 if not prices else prices[0] + total(prices[1:])\n",
    ),
    (
        "shop/broken.py",
        "from .cart import Cart\n\n\ndef before():\n    return Cart()\n\n\ndef broken(:\n    return (\n",
    ),
    (
        "tests/test_cart.py",
        "from shop.cart import Cart\n\n\ndef test_pay():\n    cart = Cart()\n    assert cart.pay()\n\n\ndef helper(x):\n    x.pay()\n",
    ),
    ("a/cycle.py", "import b.cycle\n\n\ndef ping():\n    b.cycle.pong()\n"),
    ("b/cycle.py", "import a.cycle\n\n\ndef pong():\n    a.cycle.ping()\n"),
    (
        "web/page.ts",
        "export interface Shown { show(): void }\nexport class Page implements Shown {\n  show() { draw(this); }\n}\nfunction draw(page: Page) { page.show(); }\n",
    ),
];

fn shop() -> Sandbox {
    let sandbox = sandbox::lexical();
    for (path, text) in FILES {
        sandbox.write(path, text);
    }
    index(&sandbox);
    sandbox
}

fn tree(sandbox: &Sandbox) -> String {
    sandbox.tree().to_str().expect("UTF-8").to_owned()
}

fn index(sandbox: &Sandbox) {
    sandbox.codemem(["index", &tree(sandbox), "--wait-lexical"]).success();
}

fn ask(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let tree = tree(sandbox);
    let line = arguments.iter().copied().chain(["--repo", tree.as_str(), "--json"]);
    let answer = sandbox.codemem(line);
    assert!([0, 1].contains(&answer.code), "{arguments:?}: {answer:?}");
    serde_json::from_str(&answer.stdout).expect("JSON")
}

/// `path:line` of each use.
fn places(uses: &Value) -> Vec<String> {
    let uses = uses.as_array().expect("uses");
    let place = |one: &Value| format!("{}:{}", one["path"].as_str().expect("a path"), one["line"]);
    uses.iter().map(place).collect()
}

#[test]
fn a_symbol_is_shown_with_its_users_and_what_stays_open() {
    let sandbox = shop();
    let answer = ask(&sandbox, &["symbol", "Cart"]);
    let definition = &answer["definitions"][0];
    assert_eq!(
        (
            &definition["path"],
            &definition["start_line"],
            &definition["end_line"],
            &definition["docstring"]
        ),
        (&json!("shop/cart.py"), &json!(4), &json!(15), &json!("What is bought."))
    );
    let answer = ask(&sandbox, &["symbol", "Cart", "--callers"]);
    // What parses of a file that is broken in half is kept.
    assert_eq!(places(&answer["callers"]), ["shop/broken.py:5", "tests/test_cart.py:5"]);
    let answer = ask(&sandbox, &["symbol", "Cart.pay", "--callers"]);
    assert_eq!(places(&answer["callers"]), ["tests/test_cart.py:6"]);
    assert_eq!(answer["callers"][0]["evidence"], "receiver-type");
    // `x.pay()` may be it, or not.
    assert_eq!(answer["unresolved"], 1);
    let shown = sandbox.codemem(["symbol", "Cart.pay", "--callers", "--repo", &tree(&sandbox)]);
    assert!(shown.stderr.contains("1 same-name call site unresolved"), "{shown:?}");
    let answer = ask(&sandbox, &["symbol", "total", "--callers"]);
    assert_eq!(places(&answer["callers"]), ["shop/cart.py:15", "shop/price.py:12"]);
    let answer = ask(&sandbox, &["symbol", "Cart.add", "--callees"]);
    assert_eq!(answer["callees"][0]["to"], "Price.rounded");
    let answer = ask(&sandbox, &["symbol", "Money.rounded", "--implementations"]);
    assert_eq!(answer["implementations"][0]["to"], "Price.rounded");
    let answer = ask(&sandbox, &["symbol", "Shown", "--implementations"]);
    assert_eq!(places(&answer["implementations"]), ["web/page.ts:2"]);
    let answer = ask(&sandbox, &["symbol", "shop/price.py#rounded"]);
    assert_eq!(answer["definitions"].as_array().map(Vec::len), Some(2));
    let visibility = |name| ask(&sandbox, &["symbol", name])["definitions"][0]["visibility"].clone();
    assert_eq!(
        ["Page", "draw", "Cart.__init__"].map(visibility),
        [json!("public"), json!("private"), json!("public")]
    );
    let draw = sandbox.codemem(["symbol", "draw", "--repo", &tree(&sandbox)]);
    assert!(
        draw.stdout.starts_with("web/page.ts:5-5  private function draw\n"),
        "{draw:?}"
    );
    let answer = ask(&sandbox, &["symbol", "shop/cart.py:14", "--callees"]);
    assert_eq!(answer["definitions"][0]["name"], "Cart.pay");
}

#[test]
fn cycles_end_and_names_that_are_not_there_are_said_to_be_near_others() {
    let sandbox = shop();
    let answer = ask(&sandbox, &["symbol", "ping", "--impact", "--depth", "9"]);
    assert_eq!(places(&answer["impact"]), ["b/cycle.py:5"]);
    assert_eq!(answer["cut"], false);
    let answer = ask(&sandbox, &["symbol", "Money.rounded", "--impact"]);
    let reached: Vec<_> = answer["impact"]
        .as_array()
        .expect("reached")
        .iter()
        .map(|one| &one["symbol"])
        .collect();
    assert_eq!(reached, ["Price.rounded", "Cart.add", "Cart.pay", "test_pay"]);
    assert_eq!(answer["impact"][3]["is_test"], true);
    let missing = sandbox.codemem(["symbol", "Carrt", "--repo", &tree(&sandbox)]);
    assert_eq!(
        (missing.code, missing.stdout.as_str()),
        (1, "nothing is called that; near are Cart\n")
    );
}

#[test]
fn an_outline_nests_and_a_map_ranks() {
    let sandbox = shop();
    let path = sandbox.tree().join("shop/price.py");
    let outline = sandbox
        .codemem(["outline", path.to_str().expect("UTF-8"), "--json"])
        .json();
    let nodes = &outline["files"][0]["nodes"];
    assert_eq!(
        (
            &nodes[0]["name"],
            &nodes[0]["kind"],
            &nodes[0]["visibility"],
            &nodes[0]["start_line"],
            &nodes[0]["end_line"]
        ),
        (&json!("Money"), &json!("class"), &json!("public"), &json!(1), &json!(3))
    );
    assert_eq!(nodes[1]["children"][0]["name"], "rounded");
    assert_eq!(nodes[2]["children"], json!([]));
    let folder = sandbox.tree().join("shop");
    let outline = sandbox.codemem(["outline", folder.to_str().expect("UTF-8")]);
    assert!(
        outline.success().starts_with("shop/broken.py\n  4 def before()\n"),
        "{outline:?}"
    );
    let root = sandbox.codemem(["outline", &tree(&sandbox), "--json"]).json();
    assert_eq!(root["files"][0]["path"], "a/cycle.py");
    // With hardly any room, what is outermost stays.
    let short = sandbox.codemem(["outline", folder.to_str().expect("UTF-8"), "--budget", "60"]);
    assert!(
        short.stdout.contains("class Cart") && !short.stdout.contains("def pay"),
        "{short:?}"
    );
    assert!(short.stdout.contains("left out"), "{short:?}");
    let map = ask(&sandbox, &["map", "--budget", "200"]);
    let names: Vec<_> = map["symbols"]
        .as_array()
        .expect("symbols")
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert!(
        names.contains(&&json!("Price")) && !names.contains(&&json!("helper")),
        "{names:?}"
    );
    assert!(map["unresolved"].as_u64() > Some(0), "{map}");
}

#[test]
fn a_diff_is_mapped_to_symbols_callers_and_tests() {
    let sandbox = shop();
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.arg("-C")
            .arg(sandbox.tree())
            .args(["-c", "user.name=n", "-c", "user.email=e"])
            .args(arguments);
        let done = git.env("HOME", sandbox.path("home")).output().expect("git runs");
        assert!(done.status.success(), "{done:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "-A"]);
    git(&["commit", "-qm", "shop"]);
    let (_, price) = FILES[2];
    sandbox.write("shop/price.py", price.replace("round(self)", "round(self, 2)"));
    sandbox.write("shop/new.py", "def added():\n    pass\n");
    index(&sandbox);
    let answer = ask(&sandbox, &["affected"]);
    let names = |list: &Value, key: &str| -> Vec<String> {
        let all = list.as_array().expect("a list").iter();
        all.map(|one| one[key].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(names(&answer["changed"], "name"), ["Money.rounded", "added"]);
    assert_eq!(
        names(&answer["callers"], "symbol"),
        ["Price.rounded", "Cart.add", "Cart.pay"]
    );
    assert_eq!(answer["cut"], true);
    let answer = ask(&sandbox, &["affected", "--depth", "9"]);
    assert_eq!(answer["tests"], json!(["tests/test_cart.py"]));
    let wrong = sandbox.codemem(["affected", "--repo", &tree(&sandbox), "--base", "--upload-pack=x"]);
    assert_eq!(wrong.code, 2, "{wrong:?}");
    let wrong = sandbox.codemem(["affected", "--repo", &tree(&sandbox), "--base", "no-such-revision"]);
    assert_eq!(wrong.code, 2, "{wrong:?}");
}

#[test]
fn a_neighbourhood_is_exported() {
    let sandbox = shop();
    let dot = sandbox.codemem(["graph", "export", "Cart.pay", "--repo", &tree(&sandbox)]);
    let dot = dot.success();
    assert!(dot.starts_with("digraph codemem {\n"), "{dot}");
    assert!(
        dot.contains("\"tests/test_cart.py#test_pay\" -> \"shop/cart.py#Cart.pay\" [label=\"receiver-type\"];"),
        "{dot}"
    );
    let graph = ask(&sandbox, &["graph", "export", "Cart.pay", "--format", "json"]);
    assert_eq!(graph["nodes"].as_array().map(Vec::len), Some(5));
    assert_eq!(graph["edges"].as_array().map(Vec::len), Some(4));
}

#[test]
fn fifty_thousand_uses_come_by_the_page() {
    let sandbox = sandbox::lexical();
    sandbox.write("lib.py", "def often():\n    pass\n");
    for file in 0..50 {
        let calls = "    often()\n".repeat(1_000);
        sandbox.write(
            &format!("u{file:02}.py"),
            format!("from lib import often\n\n\ndef user():\n{calls}"),
        );
    }
    index(&sandbox);
    let answer = ask(
        &sandbox,
        &["symbol", "often", "--callers", "--limit", "3", "--offset", "1001"],
    );
    assert_eq!(answer["total"], 50_000);
    assert_eq!(places(&answer["callers"]), ["u01.py:6", "u01.py:7", "u01.py:8"]);
}

#[test]
fn an_agent_asks_for_callers() {
    let sandbox = shop();
    let mut session = Session::start(&sandbox, true);
    let (is_error, text) = session.tool("symbol", &json!({"name": "Cart.pay", "ask": "callers"}));
    let (_, own) = session.tool("symbol", &json!({"name": "draw"}));
    session.end();
    assert!(!is_error, "{text}");
    assert!(
        text.starts_with("shop/cart.py:13-15 method "),
        "what everybody may use is not said to be so: {text}"
    );
    assert!(own.starts_with("web/page.ts:5-5 private function "), "{own}");
    assert!(text.contains("tests/test_cart.py\n 6 test_pay [test]\n"), "{text}");
    assert!(
        text.ends_with("1 in all, 1 same-name call sites unresolved\n"),
        "{text}"
    );
}

#[test]
fn what_is_saved_changes_who_calls() {
    let sandbox = shop();
    sandbox.write(
        "shop/late.py",
        "from .price import total\n\n\ndef late():\n    return total([])\n",
    );
    index(&sandbox);
    let callers = |sandbox: &Sandbox| places(&ask(sandbox, &["symbol", "total", "--callers"])["callers"]);
    assert!(callers(&sandbox).contains(&"shop/late.py:5".to_owned()));
    std::fs::remove_file(sandbox.tree().join("shop/late.py")).expect("removed");
    index(&sandbox);
    sandbox.codemem(["prune"]).success();
    assert_eq!(callers(&sandbox), ["shop/cart.py:15", "shop/price.py:12"]);
}

#[test]
fn memory_and_index_answer_alike_before_and_after_an_edit() {
    let sandbox = shop();
    let told = |sandbox: &Sandbox| -> Vec<Value> {
        let questions = [
            ("Cart", "callers"),
            ("total", "references"),
            ("Money.rounded", "impact"),
            ("Cart.pay", "callees"),
            ("Shown", "implementations"),
        ];
        let answers = questions.map(|(name, asked)| {
            let answer = ask(sandbox, &["symbol", name, &format!("--{asked}")]);
            json!([
                answer["definitions"],
                answer[asked],
                answer["unresolved"],
                answer["elsewhere"]
            ])
        });
        answers.into()
    };
    let first = told(&sandbox);
    // A map reads all that there is into memory.
    ask(&sandbox, &["map"]);
    assert_eq!(told(&sandbox), first);
    sandbox.write(
        "shop/late.py",
        "from .cart import Cart\nfrom .price import total\n\n\ndef late():\n    return total([Cart()])\n",
    );
    index(&sandbox);
    let second = told(&sandbox);
    assert_ne!(second, first);
    // Another daemon has nothing in memory.
    sandbox.codemem(["daemon", "stop"]).success();
    assert_eq!(told(&sandbox), second);
}

#[test]
fn implementations_of_one_signature_are_shown_once() {
    let sandbox = sandbox::lexical();
    for n in 0..6 {
        sandbox.write(
            &format!("src/Disk{n}.java"),
            format!("class Disk{n} implements Store {{\n  public String load(String key) {{ return key; }}\n}}\n"),
        );
    }
    sandbox.write("src/Store.java", "interface Store {\n  String load(String key);\n}\n");
    sandbox.write(
        "src/User.java",
        "class User {\n  void use(Disk3 disk) { disk.load(\"a\"); }\n}\n",
    );
    index(&sandbox);
    let answer = ask(&sandbox, &["symbol", "load", "--callers"]);
    let definitions = answer["definitions"].as_array().expect("definitions");
    assert_eq!(definitions.len(), 1, "{answer}");
    assert_eq!(
        definitions[0]["path"], "src/Store.java",
        "what is declared stands for what implements it"
    );
    let alike = &definitions[0]["same_signature"];
    assert_eq!(
        (alike["places"].as_array().map(Vec::len), &alike["left_out"]),
        (Some(4), &json!(2))
    );
    assert_eq!(places(&answer["callers"]), ["src/User.java:2"], "all are asked about");
    let shown = sandbox.codemem(["symbol", "load", "--repo", &tree(&sandbox)]);
    let line = "and 6 more with this signature: src/Disk0.java:2 ";
    assert!(shown.success().contains(line), "{shown:?}");
    let alone = ask(&sandbox, &["symbol", "src/Disk3.java#load"]);
    assert_eq!(alone["definitions"][0]["same_signature"], Value::Null);
}
