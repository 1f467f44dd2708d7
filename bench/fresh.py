#!/usr/bin/env python3
"""Measure how fast codemem follows a working tree.

usage: fresh.py --bin DIR --files DIR [--assets DATA_DIR] [--most 5000] [--saves 100] [--burst N]

--bin     directory of codemem, codememd and codemem-mcp, as target/release
--files   a directory whose source files are copied into a git repository of their own
--assets  a data directory whose models/ and runtime/ are linked; without it words and symbols alone are measured
--most    how many files are copied
--burst   nothing of that: N small files made at once in a watched directory, until status says that all are read, and the most
          memory that took
Prints one JSON object. save: from the return of the write that adds a function to a file until a search for its name over a
running agent session answers with it, asked again and again. vector, with --assets: from the same return until status says that
every chunk has a vector, those of the save among them. restart: from `daemon start` until the root is compared with its files and
nothing had changed. worktree: a second worktree of the commit, from `codemem index --wait-lexical` to its end, and the disk it
adds. switch: `git checkout` of a branch that changes 500 files, to one never seen and back to one seen before, until status says
that nothing is pending.
"""
import argparse, json, pathlib, shutil, subprocess, sys, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from measure import Run, Shim, memory, percentile  # noqa: E402

SUFFIXES = {".py": "def {}():\n    return 1\n", ".java": "class {} {{}}\n", ".go": "func {}() {{}}\n", ".rs": "fn {}() {{}}\n"}


def git(tree, *args):
    command = ["git", "-C", tree, "-c", "user.name=bench", "-c", "user.email=bench@localhost", *args]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def quantiles(values):
    figures = {"p50": percentile(values, 0.5), "p95": percentile(values, 0.95), "most": max(values)}
    return {name: round(value, 1) for name, value in figures.items()}


def copy(source, tree, most):
    files = sorted(path for path in source.rglob("*") if path.suffix in SUFFIXES and path.is_file())[:most]
    for path in files:
        target = tree / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    git(tree, "init", "-q", "-b", "main")
    git(tree, "add", ".")
    git(tree, "commit", "-qm", "all")
    return [tree / path.relative_to(source) for path in files]


def state(run, tree):
    for row in run.json("status")["repositories"]:
        if row["root"] == str(tree):
            return row
    return None


def until(what, seconds=120):
    began = time.monotonic()
    while not what():
        if time.monotonic() - began > seconds:
            sys.exit("waited in vain")
        time.sleep(0.005)
    return 1000 * (time.monotonic() - began)


def fresh(run, tree):
    row = state(run, tree)
    now = (row or {}).get("freshness") or {}
    return bool(now) and not now["pending"] and not now["rescanning"] and now["checked_at"]


def complete(run, tree):
    row = state(run, tree)
    return row["vectors"] == row["chunks"]


def burst(run, tree, n_files):
    """Half of them in one directory, the rest a hundred to a directory; every file its own content."""
    tree.mkdir()
    (tree / "one.py").write_text("def one():\n    return 1\n")
    run("index", str(tree), "--wait-lexical")
    until(lambda: fresh(run, tree))
    began = time.monotonic()
    for number in range(n_files):
        place = tree / ("wide" if number % 2 else f"part_{number // 200}")
        place.mkdir(exist_ok=True)
        (place / f"module_{number}.py").write_text(f"def wombat_{number}(value):\n    return value + {number}\n")
    written = time.monotonic()
    until(lambda: fresh(run, tree) and state(run, tree)["files"] == n_files + 1, 1200)
    figures = {"files": n_files, "written_s": round(written - began, 1), "read_s": round(time.monotonic() - written, 1)}
    status = pathlib.Path(f"/proc/{run.json('status')['daemon']['pid']}/status").read_text()
    figures["most_rss_mib"] = round(int(status.split("VmHWM:")[1].split()[0]) / 1024, 1)
    for number in (0, n_files // 2, n_files - 1):
        hits = run.json("search", "--repo", str(tree), f"wombat_{number}")["hits"]
        if not hits or not hits[0]["path"].endswith(f"module_{number}.py"):
            sys.exit(f"wombat_{number} was not found")
    run("daemon", "stop")
    print(json.dumps(figures, indent=1))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("bin", "files", "assets"):
        parser.add_argument("--" + name, required=name == "bin")
    parser.add_argument("--burst", type=int)
    parser.add_argument("--most", type=int, default=5000)
    parser.add_argument("--saves", type=int, default=100)
    args = parser.parse_args()
    run = Run(args.bin, args.assets, 600)
    tree = (run.dir / "tree").resolve()
    if args.burst:
        burst(run, tree, args.burst)
        shutil.rmtree(run.dir, ignore_errors=True)
        return
    if not args.files:
        parser.error("--files is missing")
    tree.mkdir()
    files = copy(pathlib.Path(args.files).resolve(), tree, args.most)
    figures = {"files": len(files)}
    began = time.monotonic()
    run("index", str(tree), "--wait" if args.assets else "--wait-lexical")
    figures["index_s"] = round(time.monotonic() - began, 1)
    until(lambda: fresh(run, tree))
    shim = Shim(run, tree)
    search = lambda words: shim.ask("tools/call", {"name": "search_code", "arguments": {"query": words, "limit": 3}})
    search("warm up")
    took, embedded = [], []
    step = max(1, len(files) // args.saves)
    for number, path in enumerate(files[::step][: args.saves]):
        name = f"Saved{number}Marker{number * 7919 % 1000}"
        with path.open("a") as file:
            file.write(SUFFIXES[path.suffix].format(name))
        began = time.monotonic()
        while f"{name}" not in json.dumps(search(name)["result"]["content"]):
            if time.monotonic() - began > 20:
                sys.exit(f"{path} was not found after it was saved")
        took.append(1000 * (time.monotonic() - began))
        if args.assets:
            until(lambda: complete(run, tree))
            embedded.append(1000 * (time.monotonic() - began))
        time.sleep(0.05)
    figures["save_ms"] = quantiles(took)
    if embedded:
        figures["vector_ms"] = quantiles(embedded)
    git(tree, "commit", "-qam", "edits")
    run("daemon", "stop")
    took = []
    for _ in range(5):
        time.sleep(2.5)  # what was written less than two seconds before it was read is read again
        run("daemon", "start")
        began = time.monotonic()
        until(lambda: fresh(run, tree))
        took.append(1000 * (time.monotonic() - began))
        run("daemon", "stop")
    figures["restart_ms"] = quantiles(took)
    before = run.disk()
    run("daemon", "start")
    until(lambda: fresh(run, tree))
    second = (run.dir / "second").resolve()
    git(tree, "worktree", "add", "-q", "--detach", str(second))
    began = time.monotonic()
    run("index", str(second), "--wait-lexical")
    figures["worktree_s"] = round(time.monotonic() - began, 2)
    # Closed, so that no log of the databases counts.
    run("daemon", "stop")
    figures["worktree_disk_percent"] = round(100 * (run.disk() - before) / before, 2)
    run("daemon", "start")
    until(lambda: fresh(run, tree))
    git(tree, "checkout", "-qb", "other")
    for path in files[:500]:
        with path.open("a") as file:
            file.write(SUFFIXES[path.suffix].format("OnlyThere"))
    git(tree, "commit", "-qam", "other")
    until(lambda: fresh(run, tree))
    time.sleep(3)
    took = []
    for branch in ("main", "other", "main", "other", "main"):
        git(tree, "checkout", "-q", branch)
        began = time.monotonic()
        time.sleep(0.02)  # events take about 10 ms to be noticed
        until(lambda: fresh(run, tree))
        took.append(1000 * (time.monotonic() - began))
        time.sleep(3)
    figures["switch_back_ms"] = quantiles(took)
    figures["rss_mib"] = round(memory(run.json("status")["daemon"]["pid"])[0], 1)
    run("daemon", "stop")
    print(json.dumps(figures, indent=1))
    shutil.rmtree(run.dir, ignore_errors=True)


if __name__ == "__main__":
    main()
