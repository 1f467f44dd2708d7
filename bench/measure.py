#!/usr/bin/env python3
"""Measure codemem on one repository: first answer, full index, rates, latency, memory, disk.

usage: measure.py --bin DIR --repo PATH [--assets DATA_DIR] [--queries FILE] [--out FILE] [--lexical]

--bin      directory of codemem and codememd, as target/release
--assets   a data directory whose models/ and runtime/ are linked, so that nothing is fetched
--queries  one query a line; else the names of the repository's own files and directories
--lexical  stop after the lexical pass
Runs in directories of its own below the system's temporary one, with an environment of its own.
"""
import argparse, json, os, pathlib, shutil, subprocess, sys, tempfile, threading, time


class Run:
    def __init__(self, binaries, assets):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="cmb", dir="/tmp"))
        self.codemem = str(pathlib.Path(binaries) / "codemem")
        self.env = {"PATH": os.environ["PATH"], "CODEMEM_DAEMON": str(pathlib.Path(binaries) / "codememd")}
        for name, path in (("HOME", "home"), ("CODEMEM_DATA_DIR", "data"), ("CODEMEM_STATE_DIR", "state")):
            (self.dir / path).mkdir()
            self.env[name] = str(self.dir / path)
        self.env["CODEMEM_RUNTIME_DIR"] = str(self.dir / "run")
        self.env["CODEMEM_CONFIG"] = str(self.dir / "config.toml")
        (self.dir / "config.toml").write_text("")
        for name in ("models", "runtime") if assets else ():
            (self.dir / "data" / name).symlink_to(pathlib.Path(assets).absolute() / name)

    def __call__(self, *args, check=True):
        done = subprocess.run([self.codemem, *args], env=self.env, capture_output=True, text=True)
        if check and done.returncode not in (0, 1):
            sys.exit(f"codemem {' '.join(args)}: exit {done.returncode}: {done.stderr}")
        return done

    def json(self, *args):
        return json.loads(self(*args, "--json").stdout)


def memory(pid):
    """Resident and peak resident set in MiB."""
    fields = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status") if ":" in line)
    return tuple(int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))


def cpu(pid):
    """CPU seconds so far, all threads."""
    stat = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def disk(path):
    return int(subprocess.run(["du", "-sk", path], capture_output=True, text=True).stdout.split()[0]) / 1024


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


def latencies(run, repo, queries):
    took, wall = [], []
    for query in queries:
        started = time.monotonic()
        done = run("search", "--repo", repo, "--json", "--", query)
        wall.append(1000 * (time.monotonic() - started))
        took.append(json.loads(done.stdout)["took_ms"])
    return {"in_daemon_p50_ms": percentile(took, 0.5), "in_daemon_p95_ms": percentile(took, 0.95),
            "cli_p50_ms": percentile(wall, 0.5), "cli_p95_ms": percentile(wall, 0.95), "queries": len(queries)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--repo", required=True)
    parser.add_argument("--assets")
    parser.add_argument("--queries")
    parser.add_argument("--out")
    parser.add_argument("--lexical", action="store_true")
    args = parser.parse_args()
    repo = str(pathlib.Path(args.repo).absolute())
    queries = open(args.queries).read().split("\n") if args.queries else words_of(repo)
    queries = [q for q in queries if q.strip()]
    run = Run(args.bin, args.assets)
    result = {"repo": repo}
    try:
        run("daemon", "start")
        pid = run.json("status")["daemon"]["pid"]
        result["rss_at_start_mib"] = memory(pid)[0]
        started = time.monotonic()
        begun_cpu = cpu(pid)
        waiting = threading.Thread(target=lambda: result.update(first=run.json("index", repo, "--wait-lexical")))
        waiting.start()
        while True:
            done = run("search", "--repo", repo, "--json", "--", queries[0], check=False)
            if done.returncode in (0, 1) and json.loads(done.stdout)["coverage"]["files_searched"] > 0:
                result["first_answer_s"] = time.monotonic() - started
                result["files_at_first_answer"] = json.loads(done.stdout)["coverage"]["files_searched"]
                break
            time.sleep(0.02)
        waiting.join()
        first = result.pop("first")
        seconds = time.monotonic() - started
        result.update(files=first["files"], chunks=first["chunks"], symbols=first["symbols"], skipped=first["skipped"],
                      lexical_s=seconds, lexical_chunks_per_s=first["chunks"] / seconds, lexical_cpu_s=cpu(pid) - begun_cpu,
                      rss_after_lexical_mib=memory(pid)[0], peak_after_lexical_mib=memory(pid)[1],
                      disk_after_lexical_mib=disk(run.dir / "data" / "index"))
        if not args.lexical:
            begun = time.monotonic()
            before = run.json("status")["repositories"][0]["vectors"]
            result["search_while_embedding"] = latencies(run, repo, queries[:100])
            last = run.json("index", repo, "--wait")
            seconds = time.monotonic() - begun
            result.update(vectors=last["vectors"], vectors_s=time.monotonic() - started,
                          vector_chunks_per_s=(last["vectors"] - before) / seconds)
        result["search"] = latencies(run, repo, queries)
        began = time.monotonic()
        run.json("index", repo, "--wait-lexical")
        result["unchanged_pass_s"] = time.monotonic() - began
        result["rss_mib"], result["peak_rss_mib"] = memory(pid)
        result["disk_mib"] = disk(run.dir / "data" / "index")
    finally:
        run("daemon", "stop", check=False)
        shutil.rmtree(run.dir, ignore_errors=True)
    text = json.dumps(result, indent=1)
    print(text)
    if args.out:
        open(args.out, "w").write(text + "\n")


if __name__ == "__main__":
    main()
