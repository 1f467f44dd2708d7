//! Functions that are written in several pieces.

use crate::common::{check, extract};

/// Qualified name, signature, first and last line of every function.
fn functions(path: &str, text: &str) -> Vec<(String, String, u32, u32)> {
    let extraction = extract(path, text.as_bytes()).expect("code");
    check(text, &extraction);
    extraction
        .symbols
        .into_iter()
        .map(|symbol| {
            (
                symbol.qualified_name,
                symbol.signature,
                symbol.lines.start,
                symbol.lines.end,
            )
        })
        .collect()
}

#[test]
fn pieces_that_follow_each_other_are_one_function() {
    for (path, text, expected) in [
        (
            "a.hs",
            "f :: Int -> Int\n-- the base\nf 0 = 1\n\nf n = n\ng = f 1\n",
            vec![("f", "f :: Int -> Int", 1, 5), ("g", "g", 6, 6)],
        ),
        (
            "b.hs",
            "f 0 = 1\ng = 1\nf n = n\n",
            vec![("f", "f 0", 1, 1), ("g", "g", 2, 2), ("f", "f n", 3, 3)],
        ),
        (
            "c.hs",
            "-- | Both.\na, b :: Int -> Int\na = id\nb = id\n",
            vec![("a", "a, b :: Int -> Int", 3, 3), ("b", "a, b :: Int -> Int", 4, 4)],
        ),
        ("d.hs", "f :: Int -> Int\n", vec![("f", "f :: Int -> Int", 1, 1)]),
        (
            "a.erl",
            "-spec f(a) -> b.\nf(a) -> b;\nf(_) -> c.\nf(_, _) -> d.\n",
            vec![("f/1", "-spec f(a) -> b", 1, 3), ("f/2", "f(_, _)", 4, 4)],
        ),
        (
            "a.ex",
            "defmodule A do\n  def f(a, b \\\\ 1)\n  def f(0, _), do: 0\n  def f(a, b), do: a + b\n  def f(a), do: a\nend\n",
            vec![
                ("A", "defmodule A", 1, 6),
                ("A.f/2", "def f(a, b \\\\ 1)", 2, 4),
                ("A.f/1", "def f(a)", 5, 5),
            ],
        ),
    ] {
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(name, signature, start, end)| (name.to_owned(), signature.to_owned(), start, end))
            .collect();
        assert_eq!(functions(path, text), expected, "{path}");
    }
}

#[test]
fn what_a_later_piece_holds_is_inside_the_function() {
    let text = "defmodule A do\n  defmacro f(0), do: 0\n\n  defmacro f(n) do\n    quote do\n      def g(x), do: x\n    end\n  end\nend\n";
    let extraction = extract("a.ex", text.as_bytes()).expect("code");
    check(text, &extraction);
    let names: Vec<_> = extraction
        .symbols
        .iter()
        .map(|symbol| symbol.qualified_name.as_str())
        .collect();
    assert_eq!(names, ["A", "A.f/1", "A.f/1.g/1"]);
    assert_eq!(extraction.symbols[2].parent, Some(1));
}

#[test]
fn documentation_is_found_on_either_side() {
    for (path, text, expected) in [
        ("a.hs", "-- | Above.\nf :: Int -> Int\nf = id\n", Some("Above.")),
        ("b.hs", "type A = Int -- ^ Behind.\n", Some("Behind.")),
        (
            "c.hs",
            "-- | First\r\n-- and more.\r\nf = id\r\n",
            Some("First and more."),
        ),
        ("a.mli", "val f : int\n(** Below. *)\n\nval g : int\n", Some("Below.")),
        ("b.mli", "val f : int\n\n(** Above [g]. *)\nval g : int\n", None),
        ("a.jl", "\"\"\"\nAbove.\n\"\"\"\nf(x) = x\n", Some("Above.")),
        (
            "a.ex",
            "@doc \"Above.\"\n@spec f(any) :: any\ndef f(x), do: x\n",
            Some("Above."),
        ),
        (
            "a.erl",
            "-doc \"Above.\".\n-spec f(a) -> b.\nf(a) -> b.\n",
            Some("Above."),
        ),
    ] {
        let extraction = extract(path, text.as_bytes()).expect("code");
        check(text, &extraction);
        assert_eq!(extraction.symbols[0].docstring.as_deref(), expected, "{path}");
    }
}
