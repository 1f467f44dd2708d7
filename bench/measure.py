#!/usr/bin/env python3
"""Measure codemem on one repository: everything that README and RESULTS.md state as figures.

usage: measure.py --bin DIR --repo PATH [--assets DATA_DIR | --data DATA_DIR] [--runs N] [--queries FILE] [--out FILE]
                  [--lexical] [--unload SECONDS] [--only-markdown]

--bin      directory of codemem, codememd and codemem-mcp, as target/release
--assets   a data directory whose models/ and runtime/ are linked, so that nothing is fetched
--data     a data directory with models and an index of the repository: only searches and memory are measured, over what is there
--runs     how often all of it is done anew (default 1); figures are medians, with the least and the most
--queries  one query a line; else the names of the repository's own files and directories
--lexical  stop after words and symbols: no vectors, no models
--unload   seconds without work after which the models leave the memory in these runs (default 5)
Prints one JSON object, {"figures": {name: {"median", "least", "most", "unit", "runs"}}, ..}, and after it the same as a
Markdown table. Runs in directories of its own below the system's temporary one, with an environment of its own.
Load from elsewhere moves wall clock times far more than `cpu_s` figures: state it beside them.
"""
import argparse, json, os, pathlib, shutil, statistics, subprocess, sys, tempfile, threading, time

BINARIES = ("codemem", "codememd", "codemem-mcp")
START_UPS = 15  # of each client
POLL = 0.02  # seconds between two looks for the first answer


class Run:
    """One daemon with directories of its own."""

    def __init__(self, binaries, assets, unload, data=None):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="cmb", dir="/tmp"))
        self.bin = pathlib.Path(binaries).absolute()
        self.codemem = str(self.bin / "codemem")
        self.env = {"PATH": os.environ["PATH"], "CODEMEM_DAEMON": str(self.bin / "codememd")}
        for name, path in (("HOME", "home"), ("CODEMEM_DATA_DIR", "data"), ("CODEMEM_STATE_DIR", "state")):
            (self.dir / path).mkdir()
            self.env[name] = str(self.dir / path)
        if data:
            self.env["CODEMEM_DATA_DIR"] = str(pathlib.Path(data).absolute())
        self.env["CODEMEM_RUNTIME_DIR"] = str(self.dir / "run")
        self.env["CODEMEM_CONFIG"] = str(self.dir / "config.toml")
        offline = "" if assets or data else "offline = true\n"
        (self.dir / "config.toml").write_text(f"{offline}[models]\nunload_after_seconds = {unload}\n")
        for name in ("models", "runtime") if assets else ():
            (self.dir / "data" / name).symlink_to(pathlib.Path(assets).absolute() / name)

    def __call__(self, *args, check=True):
        done = subprocess.run([self.codemem, *args], env=self.env, capture_output=True, text=True)
        if check and done.returncode not in (0, 1):
            sys.exit(f"codemem {' '.join(args)}: exit {done.returncode}: {done.stderr}")
        return done

    def json(self, *args):
        return json.loads(self(*args, "--json").stdout)

    def disk(self):
        return int(subprocess.run(["du", "-sk", self.dir / "data" / "index"], capture_output=True, text=True).stdout.split()[0]) / 1024


class Shim:
    """A running codemem-mcp: a client that has connected once, as an agent's session has."""

    def __init__(self, run, repo):
        began = time.monotonic()
        self.process = subprocess.Popen([str(run.bin / "codemem-mcp")], cwd=repo, env=run.env, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.number = 0
        self.ask("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "measure", "version": "0"}})
        self.start_up_ms = 1000 * (time.monotonic() - began)
        self.send({"method": "notifications/initialized"})

    def send(self, message):
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.process.stdin.flush()

    def ask(self, method, params):
        self.number += 1
        self.send({"id": self.number, "method": method, "params": params})
        while True:
            line = self.process.stdout.readline()
            if not line:
                sys.exit("codemem-mcp ended")
            answer = json.loads(line)
            if answer.get("id") == self.number:
                return answer

    def search(self, query):
        return self.ask("tools/call", {"name": "search_code", "arguments": {"query": query}})

    def end(self):
        self.process.stdin.close()
        self.process.wait(10)


def memory(pid):
    """Resident and peak resident set in MiB."""
    fields = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status") if ":" in line)
    return tuple(int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))


def cpu(pid):
    """CPU seconds so far, all threads."""
    stat = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


def words_of(repo, count=200):
    names = []
    for base, dirs, files in os.walk(repo):
        dirs[:] = sorted(d for d in dirs if not d.startswith("."))
        names += [pathlib.Path(f).stem.replace("_", " ").replace("-", " ") for f in sorted(files) if not f.startswith(".")]
    distinct = sorted(set(n for n in names if len(n) > 3))
    step = max(1, len(distinct) // count)
    return [f"how does {name} work" if i % 2 else name for i, name in enumerate(distinct[::step][:count])]


def timed(action):
    began = time.monotonic()
    result = action()
    return 1000 * (time.monotonic() - began), result


def latencies(run, repo, queries, put, what):
    """Each query once through a running shim, whose time is gRPC and MCP together, and once through the command line."""
    shim = Shim(run, repo)
    shim.search("warm up")
    over_grpc, in_daemon, command = [], [], []
    for query in queries:
        over_grpc.append(timed(lambda: shim.search(query))[0])
        # The same words in another question, so that no vector is remembered.
        took, done = timed(lambda: run("search", "--repo", repo, "--json", "--", f"{query} code"))
        command.append(took)
        in_daemon.append(json.loads(done.stdout)["took_ms"])
    for name, values in (("over_grpc", over_grpc), ("in_daemon", in_daemon), ("cli", command)):
        put(f"search_{what}{name}_p50_ms", percentile(values, 0.5), "ms")
        put(f"search_{what}{name}_p95_ms", percentile(values, 0.95), "ms")
    put("shim_rss_mib", memory(shim.process.pid)[0], "MiB")
    shim.end()


def start_ups(run, repo, put):
    put("cli_start_up_ms", statistics.median(timed(lambda: run("--version"))[0] for _ in range(START_UPS)), "ms")
    shims = [Shim(run, repo) for _ in range(START_UPS)]
    put("shim_start_up_ms", statistics.median(shim.start_up_ms for shim in shims), "ms")
    for shim in shims:
        shim.end()


def first_answer(run, repo, query, began, put):
    while True:
        done = run("search", "--repo", repo, "--json", "--", query, check=False)
        if done.returncode in (0, 1) and json.loads(done.stdout)["coverage"]["files_searched"] > 0:
            put("first_answer_s", time.monotonic() - began, "s")
            put("files_at_first_answer", json.loads(done.stdout)["coverage"]["files_searched"], "")
            return
        time.sleep(POLL)


def settle(run, pid, args, put):
    # Status does not count as work, so looking does not keep the models.
    deadline = time.monotonic() + args.unload + 60
    while run.json("status")["daemon"].get("model_loaded", False) and time.monotonic() < deadline:
        time.sleep(0.5)
    time.sleep(args.unload + 5)
    put("rss_idle_mib", memory(pid)[0], "MiB")


def asked(args, repo, queries, put):
    """Searches over an index that is there, in one daemon per run."""
    run = Run(args.bin, None, args.unload, args.data)
    try:
        run("daemon", "start")
        pid = run.json("status")["daemon"]["pid"]
        last = run.json("index", repo, "--wait")
        for name in ("files", "chunks", "symbols", "vectors"):
            put(name, last[name], "")
        latencies(run, repo, queries, put, "")
        put("rss_after_all_mib", memory(pid)[0], "MiB")
        put("peak_rss_mib", memory(pid)[1], "MiB")
        settle(run, pid, args, put)
    finally:
        run("daemon", "stop", check=False)
        shutil.rmtree(run.dir, ignore_errors=True)


def once(args, repo, queries, put):
    run = Run(args.bin, args.assets, args.unload)
    try:
        run("daemon", "start")
        pid = run.json("status")["daemon"]["pid"]
        put("rss_at_start_mib", memory(pid)[0], "MiB")
        began, begun_cpu, first = time.monotonic(), cpu(pid), {}
        waiting = threading.Thread(target=lambda: first.update(run.json("index", repo, "--wait-lexical"), at=time.monotonic(), cpu=cpu(pid)))
        waiting.start()
        first_answer(run, repo, queries[0], began, put)
        waiting.join()
        seconds = first["at"] - began
        for name in ("files", "chunks", "symbols"):
            put(name, first[name], "")
        put("lexical_s", seconds, "s")
        put("lexical_chunks_per_s", first["chunks"] / seconds, "chunks/s")
        put("lexical_cpu_s", first["cpu"] - begun_cpu, "s")
        put("lexical_cpu_us_per_chunk", 1e6 * (first["cpu"] - begun_cpu) / max(1, first["chunks"]), "µs")
        put("rss_after_lexical_mib", memory(pid)[0], "MiB")
        put("peak_rss_lexical_mib", memory(pid)[1], "MiB")
        put("disk_lexical_mib", run.disk(), "MiB")
        if not args.lexical:
            begun, before = time.monotonic(), run.json("status")["repositories"][0]["vectors"]
            latencies(run, repo, queries[:100], put, "while_embedding_")
            last = run.json("index", repo, "--wait")
            put("vectors", last["vectors"], "")
            put("all_vectors_s", time.monotonic() - began, "s")
            put("vectors_per_s", (last["vectors"] - before) / (time.monotonic() - begun), "chunks/s")
            put("disk_mib", run.disk(), "MiB")
        latencies(run, repo, queries, put, "")
        # All files are read anew while these run; a pass that is shorter than the searches is repeated.
        forcing = threading.Event()

        def force():
            while not forcing.is_set():
                run.json("index", repo, "--force", "--wait-lexical")

        indexing = threading.Thread(target=force)
        indexing.start()
        latencies(run, repo, queries[:100], put, "while_indexing_")
        forcing.set()
        indexing.join()
        put("unchanged_pass_s", timed(lambda: run.json("index", repo, "--wait-lexical"))[0] / 1000, "s")
        if not args.lexical:
            run.json("index", repo, "--wait")
        put("rss_after_all_mib", memory(pid)[0], "MiB")
        put("peak_rss_mib", memory(pid)[1], "MiB")
        settle(run, pid, args, put)
        start_ups(run, repo, put)
    finally:
        run("daemon", "stop", check=False)
        shutil.rmtree(run.dir, ignore_errors=True)


def number(value):
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def markdown(figures):
    rows = ["| figure | median | least to most | unit |", "|---|---|---|---|"]
    for name, figure in figures.items():
        spread = "" if figure["least"] == figure["most"] else f"{number(figure['least'])} to {number(figure['most'])}"
        rows.append(f"| {name} | {number(figure['median'])} | {spread} | {figure['unit']} |")
    return "\n".join(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--repo", required=True)
    parser.add_argument("--assets")
    parser.add_argument("--data")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--queries")
    parser.add_argument("--out")
    parser.add_argument("--lexical", action="store_true")
    parser.add_argument("--unload", type=int, default=5)
    parser.add_argument("--only-markdown", action="store_true")
    args = parser.parse_args()
    repo = str(pathlib.Path(args.repo).absolute())
    queries = open(args.queries).read().split("\n") if args.queries else words_of(repo)
    queries = [query for query in queries if query.strip()]
    if args.lexical:
        args.assets = None
    values, units = {}, {}

    def put(name, value, unit):
        values.setdefault(name, []).append(value)
        units[name] = unit

    for binary in BINARIES:
        put(f"size_{binary}_mib", os.path.getsize(os.path.join(args.bin, binary)) / 2**20, "MiB")
    put("size_all_mib", sum(values[f"size_{binary}_mib"][0] for binary in BINARIES), "MiB")
    load = [os.getloadavg()[0]]
    for _ in range(args.runs):
        (asked if args.data else once)(args, repo, queries, put)
        load.append(os.getloadavg()[0])
    figures = {name: dict(median=statistics.median(all_of), least=min(all_of), most=max(all_of), unit=units[name], runs=len(all_of))
               for name, all_of in values.items()}
    result = dict(repo=repo, command=" ".join(sys.argv), cores=os.cpu_count(), queries=len(queries), load=[round(x, 2) for x in load], figures=figures)
    text = json.dumps(result, indent=1, ensure_ascii=False)
    if not args.only_markdown:
        print(text, end="\n\n")
    print(markdown(figures))
    if args.out:
        open(args.out, "w").write(text + "\n")


if __name__ == "__main__":
    main()
