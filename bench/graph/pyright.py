#!/usr/bin/env python3
"""Compare the calls that codemem resolves in a Python tree with what a type checker makes of them.

usage: pyright.py --edges BIN [--show N] [--limit N] DIR     (pip install pyright; its language server must be on the PATH)

--edges   the example program: cargo build -p codemem-chunk --example edges

Every call of a name or an attribute is one question to the language server: where is what is called defined? An edge of ours
is right when the definition is the symbol that we name (its class, when an instance is made). Prints, for calls whose target
lies in the tree, how many of our edges are right (precision) and how many of the checker's we have (recall).
"""
import argparse, collections, json, os, pathlib, re, subprocess, sys, threading


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


def is_definition(path, line):
    """A parameter or a variable that is called is no definition, and in no call hierarchy."""
    text = open(path, encoding="utf-8", errors="replace").read().splitlines()
    return line <= len(text) and re.match(r"\s*(async\s+)?(def|class)\b", text[line - 1]) is not None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edges", required=True)
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("directory")
    args = parser.parse_args()
    root = os.path.realpath(args.directory)
    rows = [line.split("\t") for line in subprocess.run([args.edges, root], capture_output=True, text=True, check=True).stdout.splitlines()]
    rows = [row for row in rows if row[0].endswith(".py")]
    if args.limit and len(rows) > args.limit:
        rows = rows[:: len(rows) // args.limit]
    server, opened = Server(root), set()
    right = wrong = missed = n_theirs = 0
    by_evidence, shown = collections.Counter(), collections.defaultdict(list)
    for path, caller, line, column, called, *target in rows:
        uri = pathlib.Path(root, path).as_uri()
        if path not in opened:
            opened.add(path)
            text = open(os.path.join(root, path), encoding="utf-8", errors="replace").read()
            server.send("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "python", "version": 1, "text": text}})
        place = {"textDocument": {"uri": uri}, "position": {"line": int(line) - 1, "character": int(column) - 1}}
        found = server.ask("textDocument/definition", place) or []
        found = found if isinstance(found, list) else [found]
        theirs = set()
        for one in found:
            at = one.get("uri") or one.get("targetUri")
            start = (one.get("range") or one.get("targetSelectionRange"))["start"]["line"] + 1
            where = at.removeprefix("file://")
            if where.startswith(root + "/") and is_definition(where, start):
                theirs.add((where[len(root) + 1:], start))
        n_theirs += bool(theirs)
        if len(target) == 4:
            to_path, name, first, evidence = target
            # A definition's first line may be a decorator's; the checker names the line of the name.
            is_right = any(to_path == one and 0 <= start - int(first) <= 12 for one, start in theirs)
            right, wrong = right + is_right, wrong + (not is_right)
            by_evidence[evidence, is_right] += 1
            if not is_right:
                shown["wrong"].append(f"{path}:{line} {called} -> {to_path}:{first} {name} ({evidence}), theirs {sorted(theirs)}")
        if theirs and len(target) != 4:
            missed += 1
            shown["missed"].append(f"{path}:{line} {called} {target}, theirs {sorted(theirs)}")
    print(f"{len(rows)} calls, {n_theirs} of which the checker finds in the tree; precision {right / max(1, right + wrong):.4f} of {right + wrong}, "
          f"recall {right / max(1, n_theirs):.4f}")
    for evidence in sorted({key for key, _ in by_evidence}):
        print(f"  {evidence}: {by_evidence[evidence, True]} right, {by_evidence[evidence, False]} wrong")
    for title, lines in shown.items():
        step = max(1, len(lines) // max(1, args.show))
        for line in lines[::step][:args.show]:
            print(f"  {title}: {line}")


if __name__ == "__main__":
    main()
