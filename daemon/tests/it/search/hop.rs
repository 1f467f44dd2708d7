//! Searches with `--expand`: calls and callers beside hits, with the built binaries.

use crate::mcp::Session;
use crate::sandbox;
use codemem_testkit::Sandbox;
use serde_json::{Value, json};
use std::path::Path;

/// A till that calls and is called, and two drawers with one method.
const FILES: [(&str, &str); 5] = [
    (
        "shop/till.py",
        "from .price import rounded\n\n\nclass Till:\n    def settle_up(self, amounts):\n        \
         \"\"\"Settles what is owed.\"\"\"\n        return rounded(sum(amounts))\n",
    ),
    (
        "shop/price.py",
        "def rounded(amount: float) -> float:\n    return round(amount, 2)\n",
    ),
    (
        "shop/desk.py",
        "from .till import Till\n\n\ndef serve(customer):\n    till = Till()\n    till.settle_up(customer.amounts)\n    \
         return till.settle_up([])\n",
    ),
    (
        "shop/drawer.py",
        "class Drawer:\n    def lock_drawer(self) -> None:\n        self.locked = True\n",
    ),
    (
        "shop/safe.py",
        "class Safe:\n    def lock_drawer(self) -> None:\n        \"\"\"Locks it for the night.\"\"\"\n        self.open = False\n",
    ),
];

fn shop() -> Sandbox {
    let sandbox = sandbox::lexical();
    for (path, text) in FILES {
        sandbox.write(path, text);
    }
    sandbox
        .codemem(["index", text(&sandbox.tree()), "--wait-lexical"])
        .success();
    sandbox
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn hit<'a>(answer: &'a Value, path: &str) -> &'a Value {
    let hits = answer["hits"].as_array().expect("hits");
    hits.iter().find(|hit| hit["path"] == path).expect("a hit")
}

#[test]
fn a_hit_comes_with_its_calls_and_callers_when_they_are_asked_for() {
    let sandbox = shop();
    let tree = sandbox.tree();
    let search = |arguments: &[&str]| {
        let line = ["search", "--repo", text(&tree)]
            .into_iter()
            .chain(arguments.iter().copied());
        sandbox.codemem(line)
    };
    let plain = search(&["--json", "settle_up"]).json();
    assert!(!plain.to_string().contains("\"callers\""), "{plain}");
    let answer = search(&["--json", "--expand", "settle_up"]).json();
    let till = hit(&answer, "shop/till.py");
    let call = &till["calls"][0];
    for (field, expected) in [
        ("path", json!("shop/price.py")),
        ("start_line", json!(1)),
        ("end_line", json!(2)),
        ("name", json!("rounded")),
        ("kind", json!("function")),
        ("signature", json!("def rounded(amount: float) -> float")),
        ("line", json!(7)),
        ("evidence", json!("import")),
    ] {
        assert_eq!(call[field], expected, "{field}: {till:#}");
    }
    assert_eq!(till["callers"].as_array().map(Vec::len), Some(1), "each once: {till:#}");
    let caller = &till["callers"][0];
    for (field, expected) in [
        ("path", json!("shop/desk.py")),
        ("start_line", json!(4)),
        ("end_line", json!(7)),
        ("line", json!(6)),
        ("name", json!("serve")),
        ("evidence", json!("receiver-type")),
    ] {
        assert_eq!(caller[field], expected, "{field}: {till:#}");
    }
    assert_eq!(
        (&till["calls_left_out"], &till["callers_left_out"]),
        (&json!(0), &json!(0))
    );
    let shown = search(&["--expand", "settle_up"]);
    for line in [
        "    → rounded(amount: float) -> float  shop/price.py:1\n",
        "    ← shop/desk.py:6 in serve\n",
    ] {
        assert!(shown.success().contains(line), "{shown:?}");
    }
    let tight = search(&["--expand", "--budget", "60", "-n", "1", "settle_up"]);
    assert!(
        tight.stderr.contains("calls and callers of 1 hit left out"),
        "{tight:?}"
    );
    let lines = search(&["--expand", "/settle_.p/"]);
    assert_eq!(lines.code, 2, "{lines:?}");
    assert!(lines.stderr.contains("codemem symbol"), "{lines:?}");
    let mut session = Session::start(&sandbox, false);
    let (is_error, told) = session.tool("search_code", &json!({"query": "settle_up", "expand": true}));
    assert!(
        !is_error && told.contains("\n  → rounded(amount: float) -> float  shop/price.py:1\n"),
        "{told}"
    );
    assert!(told.contains("\n  ← shop/desk.py:6 in serve\n"), "{told}");
    let (_, told) = session.tool("search_code", &json!({"query": "settle_up"}));
    assert!(!told.contains('→') && !told.contains('←'), "{told}");
    session.end();
}

#[test]
fn one_method_of_several_implementations_is_one_hit_and_roots_keep_to_themselves() {
    let sandbox = shop();
    let (tree, other) = (sandbox.tree(), sandbox.path("elsewhere/bank"));
    std::fs::create_dir_all(&other).expect("made");
    let branch = "def settle_up(account):\n    \"\"\"Settles it.\"\"\"\n    return account\n\n\ndef close_day(accounts):\n    \
                  return [settle_up(one) for one in accounts]\n";
    std::fs::write(other.join("branch.py"), branch).expect("written");
    sandbox.codemem(["index", text(&other), "--wait-lexical"]).success();
    let search = |arguments: &[&str]| {
        let line = ["search", "--json"].into_iter().chain(arguments.iter().copied());
        sandbox.codemem(line).json()
    };
    let named = |answer: &Value| {
        let hits = answer["hits"].as_array().expect("hits").iter();
        hits.filter(|hit| hit["name"].as_str().is_some_and(|name| name.ends_with("lock_drawer")))
            .count()
    };
    assert_eq!(named(&search(&["--repo", text(&tree), "lock_drawer"])), 2);
    let folded = search(&["--repo", text(&tree), "--expand", "lock_drawer"]);
    assert_eq!(named(&folded), 1, "{folded:#}");
    let places = &folded["hits"][0]["same_signature"]["places"];
    assert_eq!(places.as_array().map(Vec::len), Some(1), "{folded:#}");
    assert_eq!(places[0]["start_line"], 2);
    let shown = sandbox.codemem(["search", "--repo", text(&tree), "--expand", "lock_drawer"]);
    assert!(
        shown.success().contains("    and 1 more with this signature: shop/"),
        "{shown:?}"
    );
    let both = search(&["--repo", text(&tree), "--repo", text(&other), "--expand", "settle_up"]);
    let till = hit(&both, "tree/shop/till.py");
    assert_eq!(till["callers"][0]["path"], "tree/shop/desk.py", "{both:#}");
    assert_eq!(till["calls"][0]["path"], "tree/shop/price.py");
    let branch = hit(&both, "bank/branch.py");
    assert_eq!(branch["callers"][0]["path"], "bank/branch.py", "{both:#}");
    assert_eq!(branch["callers"].as_array().map(Vec::len), Some(1));
}
