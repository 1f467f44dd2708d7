#!/usr/bin/env python3
"""Compare the calls that codemem resolves in a tree with what a type checker makes of them.

usage: calls.py --edges BIN [--typescript NODE_MODULES [--conditions A,B]] [--show N] [--limit N] [--answers FILE] DIR

Python against pyright (pip install pyright; its language server must be on the PATH); with --typescript, TypeScript and
JavaScript against the TypeScript compiler (npm install typescript@5 somewhere, then SOMEWHERE/node_modules).

--conditions  of a package's `exports` those that lead to its sources, as `@zod/source`
--edges    the example program: cargo build -p codemem-chunk --example edges
--answers  keeps what the checker says of each place there, for the next run on the same tree

Every call of a name or an attribute is one question to the language server: where is what is called defined? An edge of ours
is right when it is defined where we say. Precision is the share of right ones among those of which the checker says something;
where it infers nothing (a parameter without a type), nothing is said either way, and the strict figure counts that as wrong.
Recall is the share of the calls, of which the checker finds a function or a class in the tree, for which we name it.
"""
import argparse, collections, json, os, pathlib, re, subprocess, threading, zlib


# Lines between a definition and where the checker sees it: overloads and conditions, documentation above it.
NEAR, FAR = 12, 40


class Server:
    def __init__(self, root):
        self.process = subprocess.Popen(["pyright-langserver", "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=root)
        self.next_id, self.waiting = 0, {}
        threading.Thread(target=self.read, daemon=True).start()
        self.ask("initialize", {"processId": os.getpid(), "rootUri": pathlib.Path(root).as_uri(), "capabilities": {},
                                "workspaceFolders": [{"uri": pathlib.Path(root).as_uri(), "name": "root"}]})
        self.send("initialized", {})

    def write(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def send(self, method, params):
        self.write({"method": method, "params": params})

    def ask(self, method, params):
        self.next_id += 1
        number, done = self.next_id, threading.Event()
        self.waiting[number] = [done, None]
        self.write({"id": number, "method": method, "params": params})
        done.wait(300)
        return self.waiting.pop(number)[1]

    def read(self):
        stream = self.process.stdout
        while True:
            length = 0
            while (line := stream.readline().strip()):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            if not length:
                return
            message = json.loads(stream.read(length))
            if "method" in message and "id" in message:
                items = message.get("params", {}).get("items", [])
                self.write({"id": message["id"], "result": [{} for _ in items] if message["method"] == "workspace/configuration" else None})
            elif message.get("id") in self.waiting:
                self.waiting[message["id"]][1] = message.get("result")
                self.waiting[message["id"]][0].set()


def is_definition(path, line, column):
    """A parameter or a variable that is called is no definition, and in no call hierarchy. Both from 0."""
    text = open(path, encoding="utf-8", errors="replace").read().splitlines()
    head = re.match(r"\s*(async\s+)?(def|class)\s+", text[line]) if line < len(text) else None
    return head is not None and head.end() == column


def definitions(server, root, opened, path, line, column):
    """What the checker says of a place: paths, 1-based lines, and whether a function or a class is defined there; outside the tree no path."""
    uri = pathlib.Path(root, path).as_uri()
    if path not in opened:
        opened.add(path)
        text = open(os.path.join(root, path), encoding="utf-8", errors="replace").read()
        server.send("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "python", "version": 1, "text": text}})
    said, waiting, n_asked = set(), [(path, line, column)], 0
    while waiting and n_asked < 4:
        path, line, column = waiting.pop()
        n_asked += 1
        uri = pathlib.Path(root, path).as_uri()
        place = {"textDocument": {"uri": uri}, "position": {"line": line - 1, "character": column - 1}}
        found = server.ask("textDocument/definition", place) or []
        for one in found if isinstance(found, list) else [found]:
            start = (one.get("range") or one.get("targetSelectionRange"))["start"]
            where = (one.get("uri") or one.get("targetUri")).removeprefix("file://")
            is_here = where.startswith(root + "/")
            defines = is_here and is_definition(where, start["line"], start["character"])
            said.add((where[len(root) + 1:], start["line"] + 1, defines) if is_here else ("", 0, False))
            if is_here and not defines and (last := alias(where, start["line"])):
                waiting.append((where[len(root) + 1:], start["line"] + 1, last))
    return sorted(said)


def alias(path, line):
    """The 1-based column of `c` in `a = b.c`: what is called by another name."""
    text = open(path, encoding="utf-8", errors="replace").read().splitlines()
    found = re.match(r"\s*[\w.]+\s*(:[^=]*)?=\s*([\w.]*?)(\w+)\s*(#.*)?$", text[line]) if line < len(text) else None
    return found.start(3) + 1 if found else None


def of_pyright(root, keys):
    server, opened, answers = Server(root), set(), {}
    for key in keys:
        path, line, column = key.rsplit(":", 2)
        answers[key] = definitions(server, root, opened, path, int(line), int(column))
    return answers


def of_typescript(args, root, keys):
    command = ["node", str(pathlib.Path(__file__).with_name("typescript.cjs")), args.typescript, root, args.conditions]
    return json.loads(subprocess.run(command, input="\n".join(keys), capture_output=True, text=True, check=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edges", required=True)
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--answers")
    parser.add_argument("--typescript")
    parser.add_argument("--conditions", default="")
    parser.add_argument("directory")
    args = parser.parse_args()
    root = os.path.realpath(args.directory)
    rows = [line.split("\t") for line in subprocess.run([args.edges, root], capture_output=True, text=True, check=True).stdout.splitlines()]
    endings = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs") if args.typescript else (".py",)
    rows = [row for row in rows if row[0].endswith(endings)]
    if args.limit and len(rows) > args.limit:
        # By place, not by number: what is read otherwise tomorrow is sampled alike.
        share = len(rows) // args.limit
        rows = [row for row in rows if zlib.crc32(":".join((row[0], row[2], row[3])).encode()) % share == 0]
    answers = json.loads(pathlib.Path(args.answers).read_text()) if args.answers and os.path.exists(args.answers) else {}
    keys = [":".join((row[0], row[2], row[3])) for row in rows]
    unasked = [key for key in keys if key not in answers]
    if unasked:
        answers |= of_typescript(args, root, unasked) if args.typescript else of_pyright(root, unasked)
    n_calls = n_said = n_edges = n_found = n_theirs = 0
    by_evidence, shown = collections.Counter(), collections.defaultdict(list)
    for path, caller, line, column, called, *target in rows:
        said = answers[f"{path}:{line}:{column}"]
        if said is None:
            continue
        n_calls, said = n_calls + 1, [tuple(one) for one in said]
        theirs = [one[:2] for one in said if one[2]]
        n_theirs += bool(theirs)
        is_right = False
        if len(target) == 5:
            to_path, name, first, last, evidence = target
            # A definition begins with its documentation and its decorators; the checker names the line of its name. Of several under
            # conditions, and of overloads, either names one.
            near = lambda start: int(first) - NEAR <= start <= max(int(first) + NEAR, min(int(last), int(first) + FAR))
            is_right = any(to_path == one and near(start) for one, start, _ in said)
            n_edges, n_said = n_edges + 1, n_said + bool(said)
            verdict = "right" if is_right else "wrong" if said else "unsaid"
            by_evidence[evidence, verdict] += 1
            if not is_right:
                shown[verdict].append(f"{path}:{line} {called} -> {to_path}:{first} {name} ({evidence}), theirs {said}")
        if theirs:
            n_found += is_right
            if len(target) != 5:
                shown["missed"].append(f"{path}:{line} {called} {target}, theirs {theirs}")
    if args.answers:
        pathlib.Path(args.answers).write_text(json.dumps(answers))
    n_right = sum(count for (_, verdict), count in by_evidence.items() if verdict == "right")
    print(f"{n_calls} calls, {n_theirs} of which the checker finds in the tree; precision {n_right / max(1, n_said):.4f} of {n_said}, "
          f"strict {n_right / max(1, n_edges):.4f} of {n_edges}, recall {n_found / max(1, n_theirs):.4f}")
    for evidence in sorted({key for key, _ in by_evidence}):
        print(f"  {evidence}: " + ", ".join(f"{by_evidence[evidence, verdict]} {verdict}" for verdict in ("right", "wrong", "unsaid")))
    for title, lines in shown.items():
        step = max(1, len(lines) // max(1, args.show))
        for line in lines[::step][:args.show]:
            print(f"  {title}: {line}")


if __name__ == "__main__":
    main()
