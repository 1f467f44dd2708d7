//! What the code graph adds to a ranking, with the built binaries.

use crate::sandbox;
use codemem_testkit::Sandbox;
use serde_json::Value;
use std::path::Path;

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn indexed(files: &[(&str, &str)]) -> Sandbox {
    let sandbox = sandbox::lexical();
    for (path, text) in files {
        sandbox.write(path, text);
    }
    sandbox
        .codemem(["index", text(&sandbox.tree()), "--wait-lexical"])
        .success();
    sandbox
}

/// The paths of an answer, each with the value of one feature.
fn told(sandbox: &Sandbox, query: &str, feature: &str) -> Vec<(String, f64)> {
    let answer = sandbox
        .codemem(["search", "--repo", text(&sandbox.tree()), "--json", "--explain", query])
        .json();
    let hits = answer["hits"].as_array().expect("hits");
    let value = |hit: &Value| hit["features"][feature]["value"].as_f64().unwrap_or_default();
    hits.iter()
        .map(|hit| (hit["path"].as_str().expect("a path").to_owned(), value(hit)))
        .collect()
}

#[test]
fn of_two_files_alike_the_one_that_others_use_comes_first() {
    let copy = "def settle_invoice(invoice):\n    \"\"\"Settle an invoice.\"\"\"\n    return invoice.total\n";
    let sandbox = indexed(&[
        ("billing/attic.py", copy),
        ("billing/ledger.py", &copy.replace("return", "yield")),
        (
            "shop/till.py",
            "from billing.ledger import settle_invoice\n\ndef pay(it):\n    settle_invoice(it)\n",
        ),
        (
            "shop/mail.py",
            "from billing.ledger import settle_invoice\n\ndef send(it):\n    settle_invoice(it)\n",
        ),
        (
            "tests/test_attic.py",
            "from billing.attic import settle_invoice\n\ndef test_it():\n    settle_invoice(1)\n",
        ),
    ]);
    let told = told(&sandbox, "settle an invoice", "users");
    assert_eq!(told[0], ("billing/ledger.py".to_owned(), 1.0), "{told:?}");
    assert_eq!(
        told[1],
        ("billing/attic.py".to_owned(), 0.0),
        "tests do not count: {told:?}"
    );
}

#[test]
fn what_comes_from_elsewhere_is_found_where_it_is_passed_on() {
    let sandbox = indexed(&[
        (
            "src/lib.rs",
            "//! `FromParcel` and `FromParcel` again.\npub mod post;\npub mod desk;\n",
        ),
        ("src/post/mod.rs", "pub use parcel_core::FromParcel;\n"),
        (
            "src/desk/mod.rs",
            "use crate::post::FromParcel;\n\npub fn take<T: FromParcel>(it: T) -> T {\n    it\n}\n",
        ),
    ]);
    let told = told(&sandbox, "FromParcel", "exports");
    assert_eq!(told[0], ("src/post/mod.rs".to_owned(), 1.0), "{told:?}");
    assert!(told[1..].iter().all(|(_, value)| *value == 0.0), "{told:?}");
}
