#!/usr/bin/env python3
"""Measure questions about the code graph over an agent's session.

usage: callers.py --bin DIR --repo PATH [--count N]

--bin    directory of codemem, codememd and codemem-mcp, as target/release
--count  symbols asked about (default 300), evenly taken from the repository's outline

Prints the milliseconds of the session's first question, which is answered from the disk, then of `callers`, `references` and `impact`,
p50 and p95, from the question to its answer, with the facts in memory that were read behind the first one, and of one `codemem map`. The daemon runs in directories of its own, words and symbols only.
"""
import argparse, importlib.util, json, pathlib, random, time

HERE = pathlib.Path(__file__).resolve().parent
FACTS = 3  # seconds in which the facts are read into memory, with room to spare


def outlined(run, folder):
    done = run("outline", str(folder), "--budget", "1000000", "--json", check=False)
    return json.loads(done.stdout)["files"] if done.returncode == 0 else []


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--repo", required=True)
    parser.add_argument("--count", type=int, default=300)
    args = parser.parse_args()
    spec = importlib.util.spec_from_file_location("measure", HERE.parent / "measure.py")
    measure = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(measure)
    run = measure.Run(args.bin, None, 5)
    indexed = run.json("index", args.repo, "--wait-lexical")
    print(f"{indexed['files']} files, {indexed['symbols']} symbols, {run.disk():.1f} MiB on disk")
    folders = sorted(path for path in pathlib.Path(args.repo).iterdir() if path.is_dir() and not path.name.startswith("."))
    files = [file for folder in folders for file in outlined(run, folder)]
    names = []

    def walk(path, nodes, outer):
        for node in nodes:
            if node["kind"] in ("function", "method", "class", "struct", "interface", "trait"):
                names.append(f"{path}#{outer}{node['name']}")
            walk(path, node["children"], f"{outer}{node['name']}.")

    for file in files:
        walk(file["path"], file["nodes"], "")
    random.Random(1).shuffle(names)
    shim = measure.Shim(run, args.repo)
    began = time.perf_counter()
    shim.ask("tools/call", {"name": "symbol", "arguments": {"name": names[-1], "ask": "callers"}})
    print(f"first question: {(time.perf_counter() - began) * 1000:.1f} ms")
    time.sleep(FACTS)
    for ask in ("callers", "references", "impact"):
        times = []
        for name in names[: args.count]:
            began = time.perf_counter()
            shim.ask("tools/call", {"name": "symbol", "arguments": {"name": name, "ask": ask}})
            times.append((time.perf_counter() - began) * 1000)
        times.sort()
        print(f"{ask}: p50 {times[len(times) // 2]:.1f} ms, p95 {times[int(len(times) * 0.95)]:.1f} ms, most {times[-1]:.1f} ms, of {len(times)}")
    shim.end()
    began = time.perf_counter()
    answer = run.json("map", "--repo", args.repo)
    print(f"map: {time.perf_counter() - began:.2f} s, {answer['edges']} uses resolved, {answer['unresolved']} open")
    run("daemon", "stop")


if __name__ == "__main__":
    main()
