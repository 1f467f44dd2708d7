#!/usr/bin/env python3
"""Replay the commits of a repository, let codemem follow, and compare what it has at the end with a fresh index.

usage: replay.py --bin DIR --repo GIT [--commits N] [--until REV] [--watch] [--assets DATA_DIR] [--queries N] [--seed N]
                 [--out FILE] [--only-markdown]

--bin      directory of codemem and codememd, as target/release
--repo     a git directory, bare or not, that has the history; nothing is written into it
--commits  how many consecutive first-parent commits (default 200); with fewer in the history, all of them
--until    the last of them (default HEAD)
--watch    do not ask for a pass after a commit: wait until the daemon says by itself that it is current
--assets   a data directory whose models/ and runtime/ are linked: vectors are waited for and counted, too
--queries  how many names of the last tree are searched for in both indexes (default 50), sampled by --seed (default 1)
Prints one JSON object and after it the same as a Markdown table; exits with 1 when the two indexes differ. A commit's latency
goes from the end of git's checkout to the end of the command that takes it in, a program's start-up included (with --watch:
to the first answer that says so). Runs in directories of its own below the system's temporary one.
"""
import argparse, json, os, pathlib, random, re, sqlite3, subprocess, sys, time
from measure import Run, cpu, markdown, memory, percentile

PATIENCE = 120  # seconds for one commit
POLL = 0.005  # seconds between two looks whether the daemon is current
EVENT_ON_ITS_WAY = 0.1  # seconds: the daemon itself waits 50 ms for more of them
DEFINITION = re.compile(r"\b(?:class|def|fn|func|function|struct|interface|trait|enum|module|type|val|object)\s+(?:\([^)]*\)\s*)?([A-Za-z_]\w{3,})")
LARGEST = 1 << 20  # bytes of a file in which names are looked for


def git(directory, *args):
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "GIT_LFS_SKIP_SMUDGE": "1"}
    settings = ("-c", "safe.directory=*", "-c", "advice.detachedHead=false", "-c", "core.autocrlf=false")
    done = subprocess.run(["git", *settings, "-C", str(directory), *args], env=env, capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        sys.exit(f"git {' '.join(args)}: {done.stderr.strip()}")
    return done.stdout


class Tree:
    """A working tree of its own, on another repository's objects."""

    def __init__(self, source, directory):
        self.dir = pathlib.Path(directory)
        # Objects are borrowed, not copied; the source is only read.
        git("/", "clone", "--quiet", "--shared", "--no-checkout", str(source), str(self.dir))

    def checkout(self, commit):
        git(self.dir, "checkout", "--quiet", "--force", "--detach", commit)

    def names(self):
        found = set()
        for name in git(self.dir, "ls-files", "-z").split("\0"):
            path = self.dir / name
            if name and path.is_file() and not path.is_symlink() and path.stat().st_size <= LARGEST:
                found.update(DEFINITION.findall(path.read_text(errors="ignore")))
        return sorted(found)


def history(source, until, n_commits):
    commits = git(source, "rev-list", "--first-parent", f"--max-count={n_commits + 1}", until).split()
    if len(commits) < 2:
        sys.exit(f"{source}: no history of {until} (a shallow copy?)")
    return commits[::-1]


def stored(run):
    """How much was ever cut and embedded. Ids are never given out twice, so the next one tells."""
    (catalog,) = (run.dir / "data" / "index").glob("*/catalog.db")
    with sqlite3.connect(f"file:{catalog}?mode=ro", uri=True) as database:
        following = dict(database.execute("SELECT kind, next - 1 FROM next_ids"))
        (n_vectors,) = database.execute("SELECT count(*) FROM texts WHERE vector = 1").fetchone()
    return dict(contents=following["content"], chunks=following["chunk"], vectors=n_vectors)


def is_current(run, root, commit):
    for row in run.json("status")["repositories"]:
        if row["root"] == str(root):
            told = row.get("freshness") or {}
            busy = told.get("rescanning") or told.get("pending") or row.get("progress", {}).get("phase") not in (None, "idle", "vectors")
            return not busy and told.get("commit") == commit
    return False


def follow(run, root, commit, waiting, watch):
    """Waits until a commit can be searched; seconds."""
    began = time.monotonic()
    if not watch:
        run("index", str(root), waiting)
        return time.monotonic() - began
    while time.monotonic() - began < PATIENCE:
        if is_current(run, root, commit):
            took = time.monotonic() - began
            # An event may have been on its way: what it says a little later must be the same.
            time.sleep(EVENT_ON_ITS_WAY)
            if is_current(run, root, commit):
                return took
        time.sleep(POLL)
    sys.exit(f"not current with {commit} after {PATIENCE} s: {run('status', '--json').stdout}")


def hits(run, root, query):
    found = json.loads(run("search", "--repo", str(root), "--json", "--", query).stdout)["hits"]
    return [[hit[key] for key in ("path", "start_line", "end_line", "name")] + [round(hit["score"], 6)] for hit in found]


def replay(args, commits, values):
    run = Run(args.bin, args.assets, 3600)
    waiting = "--wait" if args.assets else "--wait-lexical"
    if not args.watch:
        with open(run.dir / "config.toml", "r+") as config:
            text = config.read()
            config.seek(0)
            config.write("watch = false\n" + text)
    try:
        tree = Tree(args.repo, run.dir / "tree")
        tree.checkout(commits[0])
        run("daemon", "start")
        pid = run.json("status")["daemon"]["pid"]
        first = run.json("index", str(tree.dir), waiting)
        values["files_at_first"] = (first["files"], "")
        values["chunks_at_first"] = (first["chunks"], "")
        begun = stored(run)
        spent, latencies, touched = cpu(pid), [], 0
        for before, commit in zip(commits, commits[1:]):
            tree.checkout(commit)
            latencies.append(follow(run, tree.dir, commit, waiting, args.watch))
            touched += len(git(tree.dir, "diff", "--name-only", "--no-renames", before, commit).split("\n")) - 1
        values["commits"] = (len(latencies), "")
        values["files_touched"] = (touched, "")
        for name, share in (("p50", 0.5), ("p95", 0.95), ("max", 1)):
            values[f"commit_{name}_ms"] = (1000 * percentile(latencies, share), "ms")
        values["daemon_cpu_s"] = (cpu(pid) - spent, "s")
        # The last pass has to be told of as well: a watching daemon may still embed.
        last = run.json("index", str(tree.dir), waiting)
        values["rss_mib"], values["peak_rss_mib"] = ((mib, "MiB") for mib in memory(pid))
        ended = stored(run)
        for name in ("contents", "chunks", "vectors"):
            values[f"{name}_new"] = (ended[name] - begun[name], "")
        names = tree.names()
        queries = random.Random(args.seed).sample(names, min(args.queries, len(names)))
        found = {query: hits(run, tree.dir, query) for query in queries}
        values["index_disk_mib"] = (run.disk(), "MiB")
        pruned = run.json("prune")
        values["contents_pruned"] = (pruned["contents"], "")
        values["index_disk_after_prune_mib"] = (run.disk(), "MiB")
        again = {query: hits(run, tree.dir, query) for query in queries}
        return dict(last=last, found=found, differs_after_prune=[query for query in queries if found[query] != again[query]])
    finally:
        end(run)


def fresh(args, commit, queries):
    run = Run(args.bin, args.assets, 3600)
    try:
        # Of the same name: a path's words count, and the two must differ in nothing else.
        tree = Tree(args.repo, run.dir / "tree")
        tree.checkout(commit)
        counts = run.json("index", str(tree.dir), "--wait" if args.assets else "--wait-lexical")
        return dict(last=counts, found={query: hits(run, tree.dir, query) for query in queries})
    finally:
        end(run)


def end(run):
    run("daemon", "stop", check=False)
    subprocess.run(["rm", "-rf", str(run.dir)], check=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--repo", required=True)
    parser.add_argument("--commits", type=int, default=200)
    parser.add_argument("--until", default="HEAD")
    parser.add_argument("--watch", action="store_true")
    parser.add_argument("--assets")
    parser.add_argument("--queries", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out")
    parser.add_argument("--only-markdown", action="store_true")
    args = parser.parse_args()
    args.repo = str(pathlib.Path(args.repo).absolute())
    commits = history(args.repo, args.until, args.commits)
    if len(commits) <= args.commits:
        print(f"the history has {len(commits) - 1} commits to replay, not {args.commits}", file=sys.stderr)
    load, values = [os.getloadavg()[0]], {}
    followed = replay(args, commits, values)
    expected = fresh(args, commits[-1], list(followed["found"]))
    load.append(os.getloadavg()[0])
    differing = {name: [followed["last"][name], expected["last"][name]] for name in ("files", "chunks", "symbols", "skipped", "vectors")
                 if followed["last"][name] != expected["last"][name]}
    wrong = [query for query, found in followed["found"].items() if found != expected["found"][query]]
    for name in ("files", "chunks", "symbols"):
        values[f"{name}_at_last"] = (followed["last"][name], "")
    values["queries"] = (len(followed["found"]), "")
    values["queries_with_hits"] = (sum(1 for found in expected["found"].values() if found), "")
    values["counts_that_differ"] = (len(differing), "")
    values["queries_that_differ"] = (len(wrong), "")
    values["queries_that_differ_after_prune"] = (len(followed["differs_after_prune"]), "")
    figures = {name: dict(median=value, least=value, most=value, unit=unit, runs=1) for name, (value, unit) in values.items()}
    result = dict(repo=args.repo, first=commits[0], last=commits[-1], command=" ".join(sys.argv), cores=os.cpu_count(),
                  load=[round(value, 2) for value in load], differing=differing, figures=figures,
                  wrong=[dict(query=query, followed=followed["found"][query], fresh=expected["found"][query]) for query in wrong[:5]])
    text = json.dumps(result, indent=1, ensure_ascii=False)
    if not args.only_markdown:
        print(text, end="\n\n")
    print(markdown(figures))
    if args.out:
        pathlib.Path(args.out).write_text(text + "\n")
    sys.exit(1 if differing or wrong or followed["differs_after_prune"] else 0)


if __name__ == "__main__":
    main()
