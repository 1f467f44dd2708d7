//! Who may use what, language by language: what is stated, what goes without saying, and what is said elsewhere in the file.

use crate::common::extract;

/// Every symbol with a visibility: `name visibility`.
fn visible(path: &str, text: &str) -> Vec<String> {
    let extraction = extract(path, text.as_bytes()).expect("source files");
    let said = extraction.symbols.iter().filter_map(|symbol| {
        let visibility = symbol.visibility?.as_str();
        Some(format!("{} {visibility}", symbol.qualified_name))
    });
    said.collect()
}

#[test]
fn javascript_says_it_where_it_exports() {
    let modules = "import x from 'x';\nfunction open() {}\nfunction close() {}\nclass Store { #sync() {} get() {} }\n\
                   export default Store;\nexport { open, close as shut };\nfunction own() { function inner() {} }\n";
    assert_eq!(
        visible("a.js", modules),
        [
            "open public",
            "close public",
            "Store public",
            "Store.#sync private",
            "Store.get public",
            "own private",
            "own.inner private"
        ]
    );
    let common = "function open() {}\nfunction close() {}\nfunction read() {}\nfunction own() {}\n\
                  exports.read = read;\nmodule.exports = { open, shut: close };\nexports.made = function () {};\n";
    assert_eq!(
        visible("a.js", common),
        [
            "open public",
            "close public",
            "read public",
            "own private",
            "made public"
        ]
    );
    // A script does not say.
    assert!(visible("a.js", "function open() {}\nconst LIMIT = 1;\n").is_empty());
}

#[test]
fn typescript_has_modifiers() {
    let text = "export class Store {\n  private size(): number { return 1 }\n  protected grow(): void {}\n  \
                public get(): void {}\n  put(): void {}\n}\ninterface Own { get(): void }\n\
                export namespace Deep { function inner() {}\n  export function outer() {} }\n\
                declare module 'other' { function patched(): void; }\n";
    assert_eq!(
        visible("a.ts", text),
        [
            "Store public",
            "Store.size private",
            "Store.grow protected",
            "Store.get public",
            "Store.put public",
            "Own private",
            "Own.get public",
            "Deep public",
            "Deep.inner private",
            "Deep.outer public",
            "other public",
            "other.patched public"
        ]
    );
}

#[test]
fn ruby_says_it_in_sections_and_by_name() {
    let text = "class Queue\n  def push; end\n  def named; end\n  private :named\n  protected\n  def near; end\n  \
                private\n  def own; end\n  def self.make; end\n  attr_reader :size\n  LIMIT = 1\n  class Inner\n    \
                def open; end\n  end\n  public\n  def shown; end\n  private def last; end\n  def again; end\n  \
                class << self\n    private\n    def hidden; end\n  end\n  def after; end\nend\n";
    assert_eq!(
        visible("a.rb", text),
        [
            "Queue public",
            "Queue#push public",
            "Queue#named private",
            "Queue#near protected",
            "Queue#own private",
            "Queue.make public",
            "Queue#size private",
            "Queue::LIMIT public",
            "Queue::Inner public",
            "Queue::Inner#open public",
            "Queue#shown public",
            "Queue#last private",
            "Queue#again public",
            "Queue.hidden private",
            "Queue#after public"
        ]
    );
}

#[test]
fn cpp_says_it_in_sections() {
    let text = "class Shape {\n  void own();\npublic:\n  void area();\n  struct Inner { void open(); private: void shut(); };\n  \
                void again();\nprotected:\n  void near();\n};\nnamespace { void hidden() {} }\nstatic void local() {}\n\
                void Shape::own() {}\nvoid shown() {}\n";
    assert_eq!(
        visible("a.cpp", text),
        [
            "Shape::area public",
            "Shape::Inner public",
            "Shape::Inner::open public",
            "Shape::Inner::shut private",
            "Shape::again public",
            "Shape::near protected",
            "hidden private",
            "local private",
            "Shape::own private",
            "shown public"
        ]
    );
}

#[test]
fn rust_restricts_what_is_public() {
    let text = "pub struct A;\nstruct B;\npub(crate) fn c() {}\npub(super) fn d() {}\npub(in crate::x) fn e() {}\npub(self) fn f() {}\n\
                trait T { fn t(&self); }\npub trait U { fn u(&self); }\nimpl U for A { fn u(&self) {} }\nimpl A { fn a(&self) {} }\n\
                macro_rules! m { () => {} }\n#[macro_export]\nmacro_rules! n { () => {} }\n";
    assert_eq!(
        visible("a.rs", text),
        [
            "A public",
            "B private",
            "c internal",
            "d internal",
            "e internal",
            "f private",
            "T private",
            "T::t private",
            "U public",
            "U::u public",
            "A::u public",
            "A::a private",
            "m private",
            "n public"
        ]
    );
}

#[test]
fn languages_take_their_own_for_granted() {
    for (path, text, expected) in [
        (
            "a.py",
            "def run(): pass\ndef _own(): pass\nclass A:\n    def __init__(self): pass\n    def __mangled(self): pass\n",
            &[
                "run public",
                "_own private",
                "A public",
                "A.__init__ public",
                "A.__mangled private",
            ][..],
        ),
        (
            "a.go",
            "package a\nfunc Open() {}\nfunc close() {}\n",
            &["Open public", "close internal"],
        ),
        (
            "A.java",
            "class A {\n  private @Deprecated int a() { return 1; }\n  @Own(\"private\") protected\n  void b() {}\n  void c() {}\n}\n\
             interface I { void d(); private void e() {} }\nenum E { ONE; E() {} }\n",
            &[
                "A internal",
                "A.a private",
                "A.b protected",
                "A.c internal",
                "I internal",
                "I.d public",
                "I.e private",
                "E internal",
                "E.E private",
            ],
        ),
        (
            "a.cs",
            "class A {\n  void B() {}\n  protected internal void C() {}\n  private protected void D() {}\n  internal void E() {}\n  \
             void I.F() {}\n}\ninterface I { void F(); }\n",
            &[
                "A internal",
                "A.B private",
                "A.C internal",
                "A.D protected",
                "A.E internal",
                "A.F public",
                "I internal",
                "I.F public",
            ],
        ),
        (
            "a.kt",
            "internal class A {\n  var open: Int = 1\n    private set\n  private fun own() {}\n  protected fun near() {}\n}\n",
            &["A internal", "A.open public", "A.own private", "A.near protected"],
        ),
        (
            "a.swift",
            "public class A {\n  public private(set) var size = 1\n  private(set) var open = 1\n  fileprivate func own() {}\n  \
             func near() {}\n}\npublic protocol P { func p() }\n",
            &[
                "A public",
                "A.size public",
                "A.open internal",
                "A.own private",
                "A.near internal",
                "P public",
                "P.p public",
            ],
        ),
        (
            "a.scala",
            "class A {\n  private def own = 1\n  private[this] def alone = 1\n  private[db] def near = 1\n  def open = 1\n}\n",
            &[
                "A public",
                "A.own private",
                "A.alone private",
                "A.near internal",
                "A.open public",
            ],
        ),
        (
            "a.php",
            "<?php\nclass A {\n  private static function own() {}\n  protected function near() {}\n  function open() {}\n}\n",
            &["A public", "A::own private", "A::near protected", "A::open public"],
        ),
        (
            "a.c",
            "static int own(void) { return 1; }\nint open(void) { return 1; }\nstatic inline int either(void) { return 1; }\n",
            &["own private", "open public"],
        ),
        (
            "a.ex",
            "defmodule A do\n  def open, do: 1\n  defp own, do: 1\nend\n",
            &["A public", "A.open/0 public", "A.own/0 private"],
        ),
        (
            "a.dart",
            "void open() {}\nvoid _own() {}\n",
            &["open public", "_own private"],
        ),
        (
            "a.lua",
            "local function own() end\nfunction open() end\n",
            &["own private", "open public"],
        ),
        (
            "a.zig",
            "pub fn open() void {}\nfn own() void {}\n",
            &["open public", "own private"],
        ),
        (
            "a.erl",
            "-module(a).\n-export([open/0]).\nopen() -> own().\nown() -> 1.\n",
            &["a:open/0 public", "a:own/0 private"],
        ),
        // What has no such thing says nothing.
        ("a.sh", "run() { echo; }\n", &[]),
        ("a.sql", "CREATE TABLE a (b INT);\n", &[]),
    ] {
        assert_eq!(visible(path, text), expected, "{path}");
    }
}
