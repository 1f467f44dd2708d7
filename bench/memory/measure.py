#!/usr/bin/env python3
"""Measure the memories of codemem: import, find, add, memory use.

usage: measure.py --bin DIR --assets DATA_DIR [--memories 10000] [--questions 400] [--adds 100] [--runs 1]

--bin     directory of codemem and codememd, as target/release
--assets  a data directory whose models/ and runtime/ are linked
The memories are paragraphs of the documentation in Python's own standard library, distinct and real; questions are single
sentences of them, shortened to their telling words. Prints one JSON object of medians over the runs: import per second,
find in milliseconds over a running agent session, from start to end of the command and inside the daemon, one add of a new
memory, and how much the daemon's resident memory has grown: at once, with the models loaded before and after, and at rest,
with the models unloaded before and after.
"""
import argparse, ast, json, pathlib, random, re, statistics, sys, sysconfig, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from measure import Run, Shim, memory, percentile  # noqa: E402

UNLOAD = 8  # seconds of rest after which the models leave in these runs

STOP = set("a an and are as at be by for from has have if in is it its not of on or so that the then this to was which with".split())


def paragraphs():
    """Docstring paragraphs of the standard library, in a fixed order."""
    seen = set()
    for path in sorted(pathlib.Path(sysconfig.get_paths()["stdlib"]).rglob("*.py")):
        if "site-packages" in path.parts or "test" in path.parts:
            continue
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError, ValueError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                for block in (ast.get_docstring(node) or "").split("\n\n"):
                    text = " ".join(block.split())
                    if 40 <= len(text) <= 800 and text not in seen and ">>>" not in text:
                        seen.add(text)
                        yield f"{path.stem}: {text}"


def resident(run):
    return memory(run.json("status")["daemon"]["pid"])[0]


def once(args, texts, questions):
    run = Run(args.bin, args.assets, UNLOAD)
    project = run.dir / "project"
    project.mkdir()
    where = ["--project", str(project)]
    figures = {}
    run("memory", "add", *where, "--level", "PROJECT_CONTEXT", "--", "the first memory loads what everything needs")
    for question in questions[:20]:
        run("memory", "find", *where, "--limit", "10", "--json", "--no-gate", "--", question)
    before = resident(run)
    time.sleep(2 * UNLOAD)
    before_at_rest = resident(run)
    lines = run.dir / "memories.jsonl"
    rows = ({"content": text, "context_level": "PROJECT_CONTEXT", "tags": ["bench"]} for text in texts)
    lines.write_text("".join(json.dumps(row) + "\n" for row in rows))
    began = time.monotonic()
    report = json.loads(run("memory", "import", *where, "--json", str(lines)).stdout)
    seconds = time.monotonic() - began
    figures["import_per_s"] = report["imported"] / seconds
    figures["imported"] = report["imported"]
    shim = Shim(run, project)
    find = lambda question: shim.ask("tools/call", {"name": "memory_find", "arguments": {"query": question}})
    find("warm up")
    session, wall, inside, hits = [], [], [], 0
    for question in questions:
        began = time.monotonic()
        find(f"{question} again")
        session.append(1000 * (time.monotonic() - began))
        began = time.monotonic()
        answer = json.loads(run("memory", "find", *where, "--limit", "10", "--json", "--no-gate", "--", question).stdout)
        wall.append(1000 * (time.monotonic() - began))
        inside.append(answer["took_ms"])
        hits += bool(answer["hits"])
    for name, values in (("find_over_grpc", session), ("find_command", wall), ("find_in_daemon", inside)):
        figures[f"{name}_p50_ms"], figures[f"{name}_p95_ms"] = percentile(values, 0.5), percentile(values, 0.95)
    shim.end()
    figures["answered"] = hits / len(questions)
    figures["rss_growth_mib"] = resident(run) - before
    time.sleep(2 * UNLOAD)
    figures["rss_growth_at_rest_mib"] = resident(run) - before_at_rest
    adds = []
    for number in range(args.adds):
        began = time.monotonic()
        run("memory", "add", *where, "--level", "PROJECT_CONTEXT", "--", f"{number}: {questions[number % len(questions)]} was noted")
        adds.append(1000 * (time.monotonic() - began))
    figures["add_p50_ms"], figures["add_p95_ms"] = percentile(adds, 0.5), percentile(adds, 0.95)
    figures["disk_mib"] = sum(512 * f.stat().st_blocks for f in (run.dir / "data" / "memory").rglob("*") if f.is_file()) / 2**20
    run("daemon", "stop")
    began = time.monotonic()
    run("memory", "stats", *where)
    figures["restart_to_answer_ms"] = 1000 * (time.monotonic() - began)
    run("daemon", "stop")
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--assets", required=True)
    for name, default in (("memories", 10_000), ("questions", 400), ("adds", 100), ("runs", 1)):
        parser.add_argument("--" + name, type=int, default=default)
    args = parser.parse_args()
    draw = random.Random(6)
    texts = list(paragraphs())
    draw.shuffle(texts)
    texts = texts[: args.memories]
    questions = []
    for text in draw.sample(texts, min(len(texts), args.questions)):
        words = [word for word in re.findall(r"[A-Za-z_]+", text.split(". ")[0]) if word.lower() not in STOP]
        questions.append(" ".join(words[:8]))
    runs = [once(args, texts, questions) for _ in range(args.runs)]
    print(json.dumps({name: round(statistics.median(run[name] for run in runs), 2) for name in runs[0]}, indent=1))


if __name__ == "__main__":
    main()
