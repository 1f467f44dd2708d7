#!/usr/bin/env python3
"""Measure what an answer of `codemem search` costs in tokens, and how much of what is relevant it names for them.

usage: tokens.py --bin BIN --scorer score_search.py --specs FILE --annotations DIR --corpora DIR [--tree root|whole]
                 [--only NAME,NAME] [--limit-queries N] [--no-index]

For every annotated query, asks with each of CASES (hits, budget), and builds the text that an agent is shown: a line with handle,
kind and name for each hit, its snippet indented by two spaces. Prints

  size     tokens of that text by three counts: the estimate that budgets are kept by (daemon/crates/core/src/tokens.rs, repeated
           here), bytes / 4, and bytes / 3.2; mean, 95th percentile and most over the queries
  recall   mean share of a query's targets, relevant and secondary, that hits name whose first line begins within so many
           tokens of the text, read from its beginning; counted with the estimate

A hit names a target as in the scorer: the same file, and lines that overlap where the target has lines. --no-index takes every
index as it is. Environment as for the program itself.
"""
import argparse, importlib.util, json, os, re, subprocess, sys

CASES = [(10, 500), (10, 1000), (10, 2000), (20, 1000), (30, 2000), (40, 2000)]
READ = [500, 1000, 2000]
RUN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[ \t\r\n]+|_|[^\x00-\x7f]|[^A-Za-z0-9_ \t\r\n\x80-\U0010ffff]+")


def estimate(text):
    """As estimate() in tokens.rs."""
    parts = 0
    for found in RUN.finditer(text):
        run = found.group(0)
        n = len(run.encode())
        if run[0].isascii() and run[0].isalpha():
            cost = 20 if n <= 6 else -(-n // 6) * 19
        elif run[0].isascii() and run[0].isdigit():
            cost = -(-n // 3) * 20
        elif run[0] in " \t\r\n":
            cost = 0 if n == 1 and run != "\n" else 20
        elif run == "_":
            cost = 10
        elif run[0].isascii():
            cost = max(20, 20 * n // 3)
        else:
            cost = 20
        parts += max(cost, n // 2)
    return -(-parts // 20)


def load(path):
    spec = importlib.util.spec_from_file_location("score_search", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pieces(hits):
    """The text of each hit as an agent is shown it."""
    for hit in hits:
        lines = [" ".join(filter(None, [hit["handle"], hit["kind"], hit["name"]]))]
        lines += ["  " + line for line in hit["snippet"].splitlines()]
        yield "\n".join(lines) + "\n"


def ask(args, root, query, limit, budget):
    command = [args.bin, "search", "--repo", root, "--limit", str(limit), "--budget", str(budget), "--json", "--", query]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(f"{query}: exit {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)["hits"]


def recall(scorer, hits, starts, targets, tokens):
    read = [hit for hit, start in zip(hits, starts) if start < tokens]
    return sum(any(scorer.covers(hit, target) for hit in read) for target in targets) / len(targets)


def figures(values):
    values = sorted(values)
    return f"{sum(values) / len(values):7.0f} {values[int(0.95 * (len(values) - 1))]:7.0f} {values[-1]:7.0f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("bin", "scorer", "specs", "annotations", "corpora"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--tree", choices=["root", "whole"], default="root")
    parser.add_argument("--only", default="")
    parser.add_argument("--limit-queries", type=int, default=0)
    parser.add_argument("--no-index", action="store_true")
    args = parser.parse_args()
    scorer = load(args.scorer)
    only = set(filter(None, args.only.split(",")))
    rows = {case: [] for case in CASES}
    for spec in json.load(open(args.specs)):
        checkout = os.path.join(args.corpora, spec["name"])
        if (only and spec["name"] not in only) or not os.path.isdir(checkout):
            continue
        root = os.path.join(checkout, spec.get("benchmark_root") or "") if args.tree == "root" else checkout
        if not args.no_index:
            scorer.run([args.bin, "index", root, "--wait", "--json"], timeout=7200)
        queries = json.load(open(os.path.join(args.annotations, spec["name"] + ".json")))
        for query in queries[: args.limit_queries or None]:
            targets = query["relevant"] + query.get("secondary", [])
            for case in CASES:
                hits = ask(args, root, query["query"], *case)
                starts, text = [], ""
                for piece in pieces(hits):
                    starts.append(estimate(text))
                    text += piece
                row = {"hits": len(hits), "estimate": estimate(text), "bytes": len(text.encode())}
                row["recall"] = [recall(scorer, hits, starts, targets, tokens) for tokens in READ]
                rows[case].append(row)
        print(spec["name"], len(queries), flush=True)
    if not rows[CASES[0]]:
        sys.exit("no queries")
    print(f"{len(rows[CASES[0]])} queries, {args.tree}")
    print("limit budget   hits   estimate: mean     p95    most   bytes/4: mean  p95    most bytes/3.2: mean  p95    most   recall at "
          + ", ".join(map(str, READ)))
    for (limit, budget), of_case in rows.items():
        shown = sum(row["hits"] for row in of_case) / len(of_case)
        sizes = [figures([row["estimate"] for row in of_case])]
        sizes += [figures([row["bytes"] / n for row in of_case]) for n in (4, 3.2)]
        means = [sum(row["recall"][at] for row in of_case) / len(of_case) for at in range(len(READ))]
        print(f"{limit:5d} {budget:6d} {shown:6.1f}   {'   '.join(sizes)}   " + "  ".join(f"{mean:.3f}" for mean in means))


if __name__ == "__main__":
    main()
