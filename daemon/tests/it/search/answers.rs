//! Answers within a budget, over one root and several, and what handles show, with the built binaries.

use crate::mcp::Session;
use crate::sandbox;
use codemem_testkit::Sandbox;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// Far longer than a search may take, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Bytes that the budget of a default answer may have in the end, at the fewest bytes a token that code has.
const DEFAULT_ANSWER: usize = 4_000;

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn indexed(sandbox: &Sandbox, root: &Path) {
    sandbox.codemem(["index", text(root), "--wait-lexical"]).success();
}

fn search(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let line = ["search", "--json"].into_iter().chain(arguments.iter().copied());
    let answer = sandbox.codemem(line);
    assert!([0, 1].contains(&answer.code), "{arguments:?}: {answer:?}");
    serde_json::from_str(&answer.stdout).expect("JSON")
}

fn paths(answer: &Value) -> Vec<&str> {
    let hits = answer["hits"].as_array().expect("hits");
    hits.iter().map(|hit| hit["path"].as_str().expect("a path")).collect()
}

/// The sample, and twenty modules with long functions.
fn large(sandbox: &Sandbox) {
    sandbox.copy(sandbox::sample());
    for n in 0..20 {
        let body: Vec<String> = (0..18)
            .map(|line| format!("    total_{line} = compute_balance(account, {line}, rounding=\"half even\")\n"))
            .collect();
        let module = format!(
            "def settle_accounts_{n}(account, ledger, currency):\n    \"\"\"Settles account {n} at the end of a day.\"\"\"\n{}    \
             return reconcile_ledger_{n}(ledger)\n",
            body.concat()
        );
        sandbox.write(&format!("banking/settlement/module_{n}.py"), module);
    }
}

#[test]
fn an_answer_keeps_to_its_budget_and_shows_the_lines_that_answer() {
    let sandbox = sandbox::lexical();
    large(&sandbox);
    let tree = sandbox.tree();
    indexed(&sandbox, &tree);
    let query = "where is the ledger reconciled";
    let answer = search(&sandbox, &["--repo", text(&tree), query]);
    let hits = answer["hits"].as_array().expect("hits");
    assert_eq!((hits.len(), &answer["hits_left_out"]), (10, &json!(0)));
    let snippet = |at: usize| hits[at]["snippet"].as_str().expect("text");
    assert!(snippet(0).starts_with("def settle_accounts_"), "{}", snippet(0));
    assert!(
        snippet(0).lines().count() > snippet(9).lines().count(),
        "the first has most room"
    );
    // The line that answers is far below the head of its function.
    let answers = hits.iter().filter(|hit| {
        hit["snippet"]
            .as_str()
            .is_some_and(|text| text.contains("return reconcile_ledger_"))
    });
    assert!(answers.count() >= 1, "{answer:#}");
    let shown = sandbox.codemem(["search", "--repo", text(&tree), query]);
    assert!(shown.success().len() <= DEFAULT_ANSWER, "{} bytes", shown.stdout.len());
    let mut session = Session::start(&sandbox, false);
    let (_, told) = session.tool("search_code", &json!({"query": query}));
    assert!(told.len() <= DEFAULT_ANSWER, "{} bytes", told.len());
    let (_, small) = session.tool("search_code", &json!({"query": query, "budget": 400}));
    assert!(
        small.len() < told.len() / 2 && small.matches("module_").count() >= 10,
        "{small}"
    );
    session.end();
    let more = sandbox.codemem(["search", "--repo", text(&tree), "--budget", "4000", query]);
    assert!(more.success().len() > shown.stdout.len() * 2);
    let least = sandbox.codemem(["search", "--repo", text(&tree), "--budget", "60", query]);
    assert!(least.stderr.contains("more left out for the budget"), "{least:?}");
    assert!(!least.success().is_empty());
}

#[test]
fn several_roots_are_searched_together() {
    let sandbox = sandbox::lexical();
    sandbox.copy(sandbox::sample());
    let (tree, other) = (sandbox.tree(), sandbox.path("elsewhere/shop"));
    std::fs::create_dir_all(&other).expect("made");
    std::fs::write(other.join("cart.py"), "def route_parcel(parcel):\n    return parcel\n").expect("written");
    let copied = std::fs::read(tree.join("server/router.py")).expect("read");
    std::fs::write(other.join("copied.py"), copied).expect("written");
    indexed(&sandbox, &tree);
    indexed(&sandbox, &other);
    let both = ["--repo", text(&tree), "--repo", text(&other)];
    let answer = search(&sandbox, &[&both[..], &["route"]].concat());
    let found = paths(&answer);
    assert!(
        found.contains(&"tree/server/router.py") && found.contains(&"shop/cart.py"),
        "{found:?}"
    );
    assert!(
        !found.contains(&"shop/copied.py"),
        "one content is shown once: {found:?}"
    );
    assert_eq!(answer["roots"].as_array().map(Vec::len), Some(2));
    let all = search(&sandbox, &["--all", "route_parcel"]);
    assert_eq!(paths(&all)[0], "shop/cart.py");
    assert_eq!(all["hits"][0]["root"], text(&other));
    // Alone, a root's paths are relative to it.
    assert_eq!(
        paths(&search(&sandbox, &["--repo", text(&other), "route_parcel"]))[0],
        "cart.py"
    );
    let only = search(
        &sandbox,
        &[&both[..], &["--path", "shop/**", "--tests", "without", "route"]].concat(),
    );
    assert!(paths(&only).iter().all(|path| path.starts_with("shop/")), "{only}");
    let unknown = sandbox.codemem(["search", "--repo", text(&tree), "--repo", "/usr", "route"]);
    assert_eq!(unknown.code, 4, "{unknown:?}");
    assert!(unknown.stderr.contains("codemem index /usr"), "{unknown:?}");
    let mut session = Session::start(&sandbox, true);
    let (is_error, told) = session.tool("search_code", &json!({"query": "route_parcel", "path": "*"}));
    assert!(
        !is_error && told.starts_with(&format!("shop/ is {}\n", text(&other))),
        "{told}"
    );
    let handle = all["hits"][0]["handle"].as_str().expect("a handle");
    assert!(told.contains(handle), "{told}");
    let (is_error, code) = session.tool("expand", &json!({"handle": handle}));
    assert!(!is_error && code.contains("    return parcel"), "{code}");
    session.end();
}

#[test]
fn a_handle_leads_to_the_definition_as_it_stands() {
    let sandbox = sandbox::lexical();
    sandbox.copy(sandbox::sample());
    let tree = sandbox.tree();
    indexed(&sandbox, &tree);
    let answer = search(&sandbox, &["--repo", text(&tree), "-n", "1", "RouteNotFound"]);
    let hit = &answer["hits"][0];
    let handle = hit["handle"].as_str().expect("a handle").to_owned();
    assert!(handle.starts_with(&format!(
        "{}:{}-{}@",
        hit["path"].as_str().expect("a path"),
        hit["start_line"],
        hit["end_line"]
    )));
    let expand = |arguments: &[&str]| {
        let line = ["expand", "--repo", text(&tree)]
            .into_iter()
            .chain(arguments.iter().copied());
        sandbox.codemem(line)
    };
    let whole = expand(&["--json", &handle]).json();
    let name = whole["expanded"][0]["name"].as_str().expect("a name").to_owned();
    assert_eq!(whole["expanded"][0]["kept"], "same");
    assert!(
        whole["expanded"][0]["text"]
            .as_str()
            .is_some_and(|text| text.contains(&name)),
        "{whole}"
    );
    let path = tree.join(hit["path"].as_str().expect("a path"));
    let before = std::fs::read_to_string(&path).expect("read");
    sandbox.write(
        text(Path::new(hit["path"].as_str().expect("a path"))),
        format!("# a new first line\n\n{before}"),
    );
    let moved = expand(&["--json", &handle]).json();
    assert_eq!(
        (&moved["expanded"][0]["kept"], &moved["expanded"][0]["name"]),
        (&json!("found"), &json!(name))
    );
    let at = |answer: &Value| answer["expanded"][0]["start_line"].as_u64().expect("a line");
    assert_eq!(at(&moved), at(&whole) + 2);
    let by_name = expand(&[&format!("server/router.py#{name}")]);
    assert!(by_name.success().contains(&name), "{by_name:?}");
    let refused = expand(&["server/nothing.py:3", "/etc/passwd:1"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(!refused.stdout.contains("root:"), "{refused:?}");
}

#[test]
fn filters_that_let_nothing_through_say_so() {
    let sandbox = sandbox::lexical();
    sandbox.copy(sandbox::sample());
    let tree = sandbox.tree();
    indexed(&sandbox, &tree);
    let with = |arguments: &[&str]| {
        let line = ["search", "--repo", text(&tree)]
            .into_iter()
            .chain(arguments.iter().copied());
        sandbox.codemem(line)
    };
    let nothing = with(&["--path", "no/such/**", "router"]);
    assert_eq!(nothing.code, 1, "{nothing:?}");
    assert!(nothing.stderr.contains("no file matches the filters"), "{nothing:?}");
    for (arguments, message, hint) in [
        (["--lang", "klingon"], "no language is called `klingon`", "python"),
        (
            ["--kind", "gadget"],
            "no kind of symbol is called `gadget`",
            "function, method, class",
        ),
        (["--path", "src/["], "is not a path glob", "src/**/*.rs"),
    ] {
        let refused = with(&[&arguments[..], &["router"]].concat());
        assert_eq!(refused.code, 2, "{refused:?}");
        assert!(
            refused.stderr.contains(message) && refused.stderr.contains(hint),
            "{refused:?}"
        );
    }
    let mut session = Session::start(&sandbox, false);
    let (_, told) = session.tool("search_code", &json!({"query": "router", "path_glob": "no/such/**"}));
    assert!(told.contains("No file matches the filters"), "{told}");
    let (is_error, told) = session.tool("search_code", &json!({"query": "router", "language": "klingon"}));
    assert!(is_error && told.contains("python"), "{told}");
    session.end();
    let tests = with(&["--json", "--tests", "only", "router"]).json();
    assert!(
        paths(&tests).iter().all(|path| path.starts_with("tests/")) && !paths(&tests).is_empty(),
        "{tests}"
    );
    let without = with(&["--json", "--tests", "without", "router"]).json();
    assert!(
        !paths(&without).iter().any(|path| path.starts_with("tests/")),
        "{without}"
    );
    let classes = with(&["--json", "--kind", "class", "--kind", "struct", "router"]).json();
    let kinds: Vec<&Value> = classes["hits"]
        .as_array()
        .expect("hits")
        .iter()
        .map(|hit| &hit["kind"])
        .collect();
    assert!(
        !kinds.is_empty() && kinds.iter().all(|kind| **kind == "class" || **kind == "struct"),
        "{classes}"
    );
}

#[test]
fn odd_questions_are_answered_quickly() {
    let sandbox = sandbox::lexical();
    sandbox.copy(sandbox::sample());
    let tree = sandbox.tree();
    indexed(&sandbox, &tree);
    let filler =
        "Please have a look at the whole project and keep the style of the code that is there already. ".repeat(270);
    let prompt = format!("{filler}\n\nWhere are sessions evicted from the session store?\n\n{filler}");
    assert!(prompt.split_whitespace().count() >= 10_000);
    for (query, expected) in [
        ("the of and is", None),
        ("x", None),
        ("маршрут router 路由", Some("server/router.py")),
        ("\"router", Some("server/router.py")),
        ("router' (", Some("server/router.py")),
        ("`RouteNotFound", Some("server/router.py")),
        (prompt.as_str(), Some("server/session.py")),
    ] {
        let began = Instant::now();
        let answer = search(&sandbox, &["--repo", text(&tree), "--", query]);
        assert!(began.elapsed() < PATIENCE, "{query:.40}: {:?}", began.elapsed());
        if let Some(expected) = expected {
            let found = paths(&answer);
            assert!(
                found.iter().take(3).any(|path| *path == expected),
                "{query:.40}: {found:?}"
            );
        }
    }
}
