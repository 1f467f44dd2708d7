#!/usr/bin/env python3
"""Measure the quality of code search: annotated queries, and the subjects of commits.

usage: search.py --bin BIN --data DIR --corpora DIR [--tree root|whole].. [--commits] [--wait vectors|lexical|none]
                 [--only NAME,NAME] [--out FILE] [--against FILE]

--data     a folder with score_search.py, semble-dev/ and commitloc-dev/; --corpora one checkout per repository, DIR/NAME
--tree     NDCG@10 with the source folder registered (root), or the whole checkout; computed by score_search.py's own functions
--commits  the subject of each commit as a query over the whole checkout, the source files it changed as the answer: recall@5,
           recall@10 and mean reciprocal rank, beside plain BM25 over chunks of 40 lines, best chunk of a file, one hit per file
--wait     what the index must hold before it is asked; none asks an index that is there as it stands
--out      writes a row for every query; --against compares with such a file: mean difference and paired bootstrap

Prints figures per language and per category. Ranks are compared at ten hits, as they come from `codemem search --json`.
"""
import argparse, collections, importlib.util, json, math, os, pathlib, random, re, subprocess, sys, time

CHUNK = 40  # lines of a chunk of the baseline
LARGEST = 1 << 20  # bytes; what is larger is no source file
K1, B = 1.2, 0.75


def load_scorer(path):
    spec = importlib.util.spec_from_file_location("score_search", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tokens(text):
    """Identifiers whole and in parts, lower-cased."""
    for word in re.findall(r"\w+", text):
        parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+", word)
        yield from (part.lower() for part in parts)
        if len(parts) > 1:
            yield "".join(parts).lower()


class Bm25:
    """Plain BM25 over the chunks of a checkout."""

    def __init__(self, checkout):
        self.paths, self.files, self.lengths, self.postings = [], [], [], collections.defaultdict(list)
        for folder, folders, names in os.walk(checkout):
            folders[:] = sorted(name for name in folders if name not in (".git", "node_modules"))
            for name in sorted(names):
                self.add(checkout, os.path.join(folder, name))
        self.average = sum(self.lengths) / max(len(self.lengths), 1)

    def add(self, checkout, path):
        if os.path.islink(path) or not os.path.isfile(path) or os.path.getsize(path) > LARGEST:
            return
        data = open(path, "rb").read()
        if b"\0" in data[:8192]:
            return
        self.paths.append(os.path.relpath(path, checkout))
        lines = data.decode("utf-8", "replace").split("\n")
        for start in range(0, len(lines), CHUNK):
            counts = collections.Counter(tokens("\n".join(lines[start : start + CHUNK])))
            for token, count in counts.items():
                self.postings[token].append((len(self.lengths), count))
            self.lengths.append(sum(counts.values()))
            self.files.append(len(self.paths) - 1)

    def search(self, text):
        scores, n_chunks = collections.defaultdict(float), len(self.lengths)
        for token in set(tokens(text)):
            found = self.postings.get(token, [])
            idf = math.log1p((n_chunks - len(found) + 0.5) / (len(found) + 0.5))
            for chunk, count in found:
                scores[chunk] += idf * count * (K1 + 1) / (count + K1 * (1 - B + B * self.lengths[chunk] / self.average))
        best = collections.defaultdict(float)
        for chunk, score in scores.items():
            best[self.files[chunk]] = max(best[self.files[chunk]], score)
        return [self.paths[file] for file in sorted(best, key=lambda file: (-best[file], self.paths[file]))[:10]]


def located(paths, relevant):
    """Recall@5, recall@10 and reciprocal rank of the first."""
    ranks = [paths.index(path) + 1 for path in relevant if path in paths]
    return {
        "recall@5": sum(rank <= 5 for rank in ranks) / len(relevant),
        "recall@10": len(ranks) / len(relevant),
        "mrr": 1 / min(ranks) if ranks else 0.0,
    }


class Program:
    def __init__(self, args, scorer):
        self.args, self.scorer = args, scorer

    def index(self, root):
        if self.args.wait != "none":
            wait = "--wait" if self.args.wait == "vectors" else "--wait-lexical"
            self.scorer.run([self.args.bin, "index", root, wait, "--json"], timeout=7200)

    def search(self, root, text):
        began = time.monotonic()
        command = [self.args.bin, "search", "--repo", root, "--limit", "10", "--json", "--", text]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode not in (0, 1):  # 1: nothing found
            sys.exit(f"{text}: exit {done.returncode}: {done.stderr.strip()}")
        return json.loads(done.stdout)["hits"], time.monotonic() - began


def annotated(program, specs, tree, args):
    for spec in specs:
        checkout = os.path.join(args.corpora, spec["name"])
        root = os.path.join(checkout, spec.get("benchmark_root") or "") if tree == "root" else checkout
        program.index(root)
        for query in json.load(open(args.data / "semble-dev/annotations" / f"{spec['name']}.json")):
            hits, seconds = program.search(root, query["query"])
            targets = query["relevant"] + query.get("secondary", [])
            yield dict(set=tree, repo=spec["name"], language=spec["language"], category=query.get("category", "?"), query=query["query"],
                       seconds=seconds, figures={"ndcg@10": program.scorer.ndcg10(hits, targets)}, top=[hit["path"] for hit in hits[:5]])
        print(f"{tree} {spec['name']}", file=sys.stderr, flush=True)


def commits(program, specs, args):
    by_repo = collections.defaultdict(list)
    for line in open(args.data / "commitloc-dev/queries.jsonl"):
        query = json.loads(line)
        by_repo[query["repo"]].append(query)
    for spec in specs:
        queries = by_repo.get(spec["name"], [])
        if not queries:
            continue
        checkout = os.path.join(args.corpora, spec["name"])
        program.index(checkout)
        baseline = Bm25(checkout)
        for query in queries:
            hits, seconds = program.search(checkout, query["query"])
            paths = [hit["path"] for hit in hits]
            figures = located(paths, query["relevant"])
            plain = located(baseline.search(query["query"]), query["relevant"])
            figures.update({f"bm25 {name}": value for name, value in plain.items()})
            yield dict(set="commits", repo=spec["name"], language=spec["language"], category="commit", query=query["query"],
                       seconds=seconds, figures=figures, top=paths[:5])
        print(f"commits {spec['name']}", file=sys.stderr, flush=True)


def mean(values):
    return sum(values) / len(values)


def show(rows, against):
    names = list(rows[0]["figures"])
    print(f"\n{rows[0]['set'] + ', ' + str(len(rows)) + ' queries':32s}" + "".join(f"{name:>16s}" for name in names))
    for key in ("language", "category"):
        groups = collections.defaultdict(list)
        for row in rows:
            groups[row[key]].append(row["figures"])
        for name, figures in sorted(groups.items()):
            print(f"{name:32s}" + "".join(f"{mean([one[figure] for one in figures]):16.3f}" for figure in names))
    print(f"{'all':32s}" + "".join(f"{mean([row['figures'][figure] for row in rows]):16.4f}" for figure in names))
    seconds = sorted(row["seconds"] for row in rows)
    print(f"{'whole command, p50 / p95':32s}{1000 * seconds[len(seconds) // 2]:13.1f} / {1000 * seconds[int(len(seconds) * 0.95)]:.1f} ms")
    for figure in names:
        before = {(row["set"], row["repo"], row["query"]): row["figures"].get(figure) for row in against}
        pairs = [(row["figures"][figure], before.get((row["set"], row["repo"], row["query"]))) for row in rows]
        changes = [now - then for now, then in pairs if then is not None]
        if changes:
            dice = random.Random(7)
            means = sorted(mean([dice.choice(changes) for _ in changes]) for _ in range(2000))
            print(f"difference of {figure}: {mean(changes):+.4f}, 95 % interval [{means[49]:+.4f}, {means[1949]:+.4f}], {len(changes)} queries")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--corpora", required=True)
    parser.add_argument("--tree", action="append", choices=["root", "whole"], default=[])
    parser.add_argument("--commits", action="store_true")
    parser.add_argument("--wait", choices=["vectors", "lexical", "none"], default="vectors")
    parser.add_argument("--only", default="")
    parser.add_argument("--out")
    parser.add_argument("--against")
    args = parser.parse_args()
    scorer = load_scorer(args.data / "score_search.py")
    only = set(filter(None, args.only.split(",")))
    specs = [
        spec
        for spec in json.load(open(args.data / "semble-dev/repos.json"))
        if os.path.isdir(os.path.join(args.corpora, spec["name"])) and (not only or spec["name"] in only)
    ]
    program = Program(args, scorer)
    against = json.load(open(args.against)) if args.against else []
    rows = []
    for tree in args.tree:
        rows.append(list(annotated(program, specs, tree, args)))
    if args.commits:
        rows.append(list(commits(program, specs, args)))
    if args.out:
        json.dump([row for some in rows for row in some], open(args.out, "w"), indent=1)
    for some in filter(None, rows):
        show(some, against)
    return 0 if any(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
