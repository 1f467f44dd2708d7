#!/usr/bin/env python3
"""Compare the symbols that codemem extracts with those of independent parsers.

usage: compare.py --units BIN ORACLE DIR [--typescript NODE_MODULES] [--syn BIN] [--show N]

--units   the example program: cargo build -p codemem-chunk --example units
ORACLE    python      CPython's own `ast` (this interpreter)
          rust        `syn`: cargo build --release --manifest-path bench/symbols/rust/Cargo.toml, then --syn its program
          typescript  the TypeScript compiler: npm install typescript@5 somewhere, then --typescript SOMEWHERE/node_modules
          javascript  the same
          go java php ruby csharp c cpp    universal-ctags

Functions, methods and types are compared. One of ours is the oracle's when its name is the same, and the oracle's line lies
in it or directly above (ctags points at names, which may stand below decorators and annotations); each is used once, the
tightest first. Files that the oracle cannot parse, and files that codemem does not index, are left out.

Prints how many of the oracle's we have (recall), how many of ours the oracle has (precision), in how many pairs the last
line agrees, and, where ctags says who may use a symbol, in how many of these we say the same. It calls `protected internal`
protected, and members of enumerations public. `--show` lists some of each that disagree.
"""
import argparse, ast, collections, json, os, pathlib, subprocess, sys

HERE = pathlib.Path(__file__).resolve().parent
TYPES = {"class", "struct", "enum", "union", "trait", "interface", "type"}
CALLABLE = {"function", "method"}
EXTENSIONS = {
    "python": (".py",), "rust": (".rs",), "typescript": (".ts", ".tsx"), "javascript": (".js", ".mjs", ".cjs"),
    "go": (".go",), "java": (".java",), "php": (".php",), "ruby": (".rb",), "csharp": (".cs",), "c": (".c", ".h"), "cpp": (".cc", ".cpp", ".cxx", ".hpp", ".hh"),
}
CTAGS = {
    "go": ("Go", "fstin"), "java": ("Java", "cegimr"), "php": ("PHP", "cfit"), "ruby": ("Ruby", "cfmS"),
    "csharp": ("C#", "cegimsd"), "c": ("C", "fsug"), "cpp": ("C++", "cfsugp"),
}
WORDS = {"func": "function", "talias": "type", "singletonMethod": "method", "module": "module", "typedef": "type",
         "annotation": "interface", "record": "class", "prototype": "function"}
ACCESS = {"public": "public", "private": "private", "protected": "protected", "default": "internal", "internal": "internal"}

Symbol = collections.namedtuple("Symbol", "path kind name line end visibility", defaults=[""])


def of_python(paths):
    for path in paths:
        try:
            tree = ast.parse(open(path, "rb").read())
        except (SyntaxError, ValueError):
            yield path, None
            continue
        found = []
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                found.append(Symbol(path, "function", node.name, node.lineno, node.end_lineno))
            elif isinstance(node, ast.ClassDef):
                found.append(Symbol(path, "class", node.name, node.lineno, node.end_lineno))
        yield path, found


def of_program(command, paths):
    """A program that prints, per file, `file PATH` or `broken PATH`, then `KIND NAME LINE END` for each symbol."""
    text = subprocess.run(command, input="\n".join(paths), capture_output=True, text=True, check=True).stdout
    path, found = None, None
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        if word in ("file", "broken"):
            if path:
                yield path, found
            path, found = rest, ([] if word == "file" else None)
        else:
            name, line_number, end = rest.rsplit(" ", 2)
            found.append(Symbol(path, word, name, int(line_number), int(end)))
    if path:
        yield path, found


def of_ctags(language, paths):
    name, kinds = CTAGS[language]
    command = ["ctags", "--output-format=json", "--fields=+neKSa", f"--languages={name}", f"--kinds-{name}={kinds}", "-f", "-", "-L", "-"]
    if language == "c":
        command.insert(1, "--langmap=C:.c.h")
    text = subprocess.run(command, input="\n".join(paths), capture_output=True, text=True, errors="replace", check=True).stdout
    found = {path: [] for path in paths}
    for line in text.splitlines():
        tag = json.loads(line)
        kind = WORDS.get(tag["kind"], tag["kind"])
        if kind in TYPES | CALLABLE and not tag["name"].startswith("__anon"):
            found[tag["path"]].append(Symbol(tag["path"], kind, tag["name"], tag["line"], tag.get("end"), ACCESS.get(tag.get("access"), "")))
    yield from found.items()


def ours(program, paths):
    found = collections.defaultdict(list)
    for start in range(0, len(paths), 2000):
        text = subprocess.run([program, "--json", *paths[start:start + 2000]], capture_output=True, text=True, check=True).stdout
        for line in text.splitlines():
            path, kind, _, name, first, last, visibility = line.split("\t")
            if kind in TYPES | CALLABLE:
                found[path].append(Symbol(path, kind, name, int(first), int(last), visibility))
    return found


def bare(name):
    """Operators and accessors are spelt differently by everyone."""
    return name.replace(" ", "_").strip("`'\"&*:?!=").split(".")[-1].split("::")[-1].split("#")[-1].lower()


def pair(wanted, have):
    """Pairs (wanted, ours), what is wanted and missing, what we have beyond it."""
    free = collections.defaultdict(list)
    for symbol in have:
        free[bare(symbol.name)].append(symbol)
    pairs, missing = [], []
    for symbol in sorted(wanted, key=lambda s: (s.line, s.end or 0)):
        fits = [one for one in free[bare(symbol.name)] if one.line - 1 <= symbol.line <= one.end + 1 and (one.kind in TYPES) == (symbol.kind in TYPES)]
        if not fits:
            missing.append(symbol)
            continue
        best = min(fits, key=lambda one: (one.end - one.line, abs(one.line - symbol.line)))
        free[bare(symbol.name)].remove(best)
        pairs.append((symbol, best))
    return pairs, missing, [one for rest in free.values() for one in rest]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", required=True)
    parser.add_argument("--typescript")
    parser.add_argument("--syn")
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("oracle", choices=sorted(EXTENSIONS))
    parser.add_argument("directory")
    args = parser.parse_args()
    paths = sorted(str(path) for path in pathlib.Path(os.path.abspath(args.directory)).rglob("*")
                   if path.suffix in EXTENSIONS[args.oracle] and path.is_file() and not path.is_symlink() and ".git" not in path.parts)
    if args.oracle == "python":
        oracle = of_python(paths)
    elif args.oracle == "rust":
        oracle = of_program([args.syn], paths)
    elif args.oracle in ("typescript", "javascript"):
        oracle = of_program(["node", str(HERE / "typescript.cjs"), args.typescript], paths)
    else:
        oracle = of_ctags(args.oracle, paths)
    have = ours(args.units, paths)
    pairs, missing, beyond, n_files = [], [], [], 0
    for path, wanted in oracle:
        if wanted is None or path not in have:
            continue
        n_files += 1
        one, two, three = pair(wanted, have[path])
        pairs, missing, beyond = pairs + one, missing + two, beyond + three
    wrong_end = [(a, b) for a, b in pairs if a.end is not None and a.end != b.end]
    n_ends = sum(a.end is not None for a, _ in pairs)
    told = [(a, b) for a, b in pairs if a.visibility and b.visibility]
    otherwise = [(a, b) for a, b in told if a.visibility != b.visibility]
    share = lambda part, whole: part / whole if whole else float("nan")
    print(f"{args.oracle}: {n_files} files, {len(pairs) + len(missing)} symbols; recall {share(len(pairs), len(pairs) + len(missing)):.4f}, "
          f"precision {share(len(pairs), len(pairs) + len(beyond)):.4f}, last line right {share(n_ends - len(wrong_end), n_ends):.4f} of {n_ends}, visibility {share(len(told) - len(otherwise), len(told)):.4f} of {len(told)}")
    for title, some in (("missing", missing), ("beyond", beyond)):
        step = max(1, len(some) // max(1, args.show))
        for symbol in some[::step][:args.show]:
            print(f"  {title}: {symbol.path}:{symbol.line} {symbol.kind} {symbol.name}")
    step = max(1, len(wrong_end) // max(1, args.show))
    for wanted, got in wrong_end[::step][:args.show]:
        print(f"  last line: {wanted.path}:{wanted.line} {wanted.kind} {wanted.name} ends at {wanted.end}, ours {got.line}-{got.end}")
    step = max(1, len(otherwise) // max(1, args.show))
    for wanted, got in otherwise[::step][:args.show]:
        print(f"  visibility: {wanted.path}:{wanted.line} {wanted.kind} {wanted.name} is {wanted.visibility}, ours {got.visibility}")


if __name__ == "__main__":
    main()
