#!/usr/bin/env python3
"""Fit the weights of the ranker to annotated queries, and say what the fit is worth.

usage: rank.py collect --bin BIN --scorer score_search.py --specs FILE --annotations DIR --corpora DIR [--tree root|whole]
                       [--commits FILE] [--wait vectors|lexical|none] --cache FILE
       rank.py fit --scorer score_search.py --cache FILE.. [--words FILE..] [--folds N] [--pull P,P..] [--from-zero] [--ablate] [--without FEATURE,FEATURE]..

collect  asks the built program for the features of every query's candidates (`search --explain`) and keeps them
         in a cache outside the repository, as the cache holds paths of the corpora. `--commits` adds the subjects of
         commits as queries (with `--tree whole`). `--wait none` asks an index that is there as it stands
fit      starts at the weights in daemon/crates/core/src/rank/weights.rs and finds those under which the files that answer
         take most of the softmax of the candidates' scores, over all caches together, at a price for leaving the start.
         Prints, by cache, NDCG@10 (as the scorer computes it; recall@10 for commits) of the start, of the fit on all
         queries, and of the fit cross-validated by repository, and the fitted weights. Caches given with `--words` are taken
         without their vectors: what is fitted has to do without them, too. `--from-zero` keeps only the signs of
         the start, which otherwise carries what it was fitted to into every fold. `--ablate` fits again without each
         feature in turn; `--without` without some together, with the paired bootstrap of the difference

A repository is in one fold with all its caches. Weights keep the sign they start with (0 counts as for a feature, -0 as against).
"""
import argparse, collections, importlib.util, json, math, os, pathlib, random, re, subprocess, sys
import numpy as np

CORE = pathlib.Path(__file__).resolve().parent.parent / "daemon/crates/core/src/rank"
ASKED = 200  # the most that a search shows
ROOM = 1_000_000  # tokens: no hit is left out for want of them
FITTED = 60  # the fit looks at the best of them
KINDS = ("IDENTIFIER", "PROSE")
TEMPERATURE = 0.5  # about the score between neighbours at the top, with the weights as they are
ITERATIONS = 12


def load_scorer(path):
    spec = importlib.util.spec_from_file_location("score_search", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def checked_in():
    """Feature names and, by kind of query, the weights in weights.rs."""
    source = (CORE / "feature.rs").read_text()
    names = re.findall(r'Self::\w+ => "(\w+)",', source)
    data = (CORE / "weights.rs").read_text()
    weights = {}
    for kind in KINDS:
        body = re.search(rf"const {kind}: Weights = Weights\(\[(.*?)\]\);", data, re.S).group(1)
        weights[kind] = np.array([float(value) for value in re.findall(r"^\s*(-?[\d.]+),", body, re.M)])
        assert len(weights[kind]) == len(names), (kind, len(weights[kind]), len(names))
    return names, weights


def asked_of(spec, args):
    """The queries of one repository: text, targets, category."""
    for query in json.load(open(os.path.join(args.annotations, spec["name"] + ".json"))):
        yield query["query"], query["relevant"] + query.get("secondary", []), query.get("category", "?")
    if args.commits:
        for line in open(args.commits):
            query = json.loads(line)
            if query["repo"] == spec["name"]:
                yield query["query"], query["relevant"], "commit"


def collect(args):
    scorer = load_scorer(args.scorer)
    queries = []
    for spec in json.load(open(args.specs)):
        checkout = os.path.join(args.corpora, spec["name"])
        if not os.path.isdir(checkout):
            continue
        root = os.path.join(checkout, spec.get("benchmark_root") or "") if args.tree == "root" else checkout
        if args.wait != "none":
            scorer.run([args.bin, "index", root, "--wait" if args.wait == "vectors" else "--wait-lexical", "--json"], timeout=7200)
        for text, targets, category in asked_of(spec, args):
            command = [args.bin, "search", "--repo", root, "--limit", str(ASKED), "--budget", str(ROOM), "--json", "--explain", "--", text]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode not in (0, 1):
                sys.exit(f"{text}: exit {done.returncode}: {done.stderr}")
            hits = [{key: hit.get(key) for key in ("path", "start_line", "end_line", "features")} for hit in json.loads(done.stdout)["hits"]]
            for hit in hits:
                hit["features"] = {name: feature["value"] for name, feature in (hit["features"] or {}).items()}
            queries.append(dict(repo=spec["name"], language=spec["language"], category=category, query=text, targets=targets, hits=hits))
        print(f"{spec['name']}: {len(queries)} queries so far", file=sys.stderr, flush=True)
    json.dump(queries, open(args.cache, "w"))


class Data:
    """The queries of one kind as arrays; the candidates of each by path."""

    def __init__(self, queries, names, scorer, weights):
        self.queries = queries
        self.x = np.zeros((len(queries), FITTED, len(names)), np.float32)
        self.filled = np.zeros((len(queries), FITTED), bool)
        self.ideal = np.ones(len(queries))
        self.repos = np.array([query["repo"] for query in queries])
        self.wanted = np.zeros((len(queries), FITTED), np.float32)
        column = {name: index for index, name in enumerate(names)}
        pairs = []  # query, target, candidate that covers it
        for q, query in enumerate(queries):
            self.ideal[q] = sum(1 / math.log2(i + 1) for i in range(1, min(10, len(query["targets"])) + 1)) or 1
            values = np.zeros((len(query["hits"]), len(names)), np.float32)
            for c, hit in enumerate(query["hits"]):
                for name, value in hit["features"].items():
                    values[c, column[name]] = value
            best = np.argsort(-(values @ weights), kind="stable")[:FITTED]
            best = sorted(best, key=lambda c: query["hits"][c]["path"])  # equal scores stand in path order
            self.x[q, : len(best)], self.filled[q, : len(best)] = values[best], True
            for c, hit in enumerate(query["hits"][b] for b in best):
                for t, target in enumerate(query["targets"]):
                    if scorer.covers(hit, target):
                        pairs.append((q, t, c))
                        self.wanted[q, c] = 1
        self.pairs = np.array(pairs, int).reshape(-1, 3)
        total = self.wanted.sum(1, keepdims=True)
        self.wanted = np.divide(self.wanted, total, out=np.zeros_like(self.wanted), where=total > 0)

    def scores(self, weights):
        return np.round(np.where(self.filled, self.x @ weights.astype(np.float32), -1e9), 5)

    def quality(self, weights):
        """NDCG@10 of each query, and for commits the share of files found within ten."""
        scores = self.scores(weights)
        q, t, c = self.pairs.T
        own = scores[q, c][:, None]
        ranks = 1 + (scores[q] > own).sum(1) + ((scores[q] == own) & (np.arange(FITTED) < c[:, None])).sum(1)
        best = {}
        for query, target, rank in zip(q, t, ranks):
            best[query, target] = min(best.get((query, target), ASKED), rank)
        gain, found, taken = np.zeros(len(self.queries)), np.zeros(len(self.queries)), set()
        for (query, _), rank in best.items():
            if rank <= 10:
                found[query] += 1
                if (query, rank) not in taken:  # two targets at one rank count once
                    taken.add((query, rank))
                    gain[query] += 1 / math.log2(rank + 1)
        commits = np.array([query["category"] == "commit" for query in self.queries])
        return np.where(commits, found / [len(query["targets"]) or 1 for query in self.queries], gain / self.ideal)


def fit(data, start, chosen, pull, frozen=()):
    """Weights near `start` that maximise the chosen queries' mean log-likelihood of what is wanted, by Newton's method.

    That is smooth where NDCG@10 is not: climbing NDCG itself gains more on the queries it sees and loses on others.
    `pull` is the price of moving a weight by its own size, at least 0.5.
    """
    rows = np.where(chosen & (data.wanted.sum(1) > 0))[0]
    x, filled, wanted = data.x[rows], data.filled[rows], data.wanted[rows]
    n, n_weights = len(rows), len(start)
    price = 2 * pull / np.maximum(np.abs(start), 0.5) ** 2
    sign = np.where(np.signbit(start), -1.0, 1.0)
    weights, free = start.astype(float).copy(), np.ones(n_weights, bool)
    weights[list(frozen)], free[list(frozen)] = 0, False
    target = np.einsum("nc,nck->nk", wanted, x)
    for iteration in range(ITERATIONS):
        scores = np.where(filled, x @ weights.astype(np.float32) / TEMPERATURE, -1e9)
        share = np.exp(scores - scores.max(1, keepdims=True))
        share /= share.sum(1, keepdims=True)
        mean = np.einsum("nc,nck->nk", share, x)
        slope = (target - mean).sum(0) / n - price * (weights - start)
        weighted = (x * np.sqrt(share)[:, :, None]).reshape(-1, n_weights)
        curvature = (weighted.T @ weighted - mean.T @ mean) / n / TEMPERATURE + np.diag(price) + 1e-6 * np.eye(n_weights)
        step, open_ = np.zeros(n_weights), np.where(free)[0]
        step[open_] = np.linalg.solve(curvature[np.ix_(open_, open_)], slope[open_])
        step *= min(1, 1 / max(np.abs(step).max(), 1e-9))
        moved = weights + step
        wrong = (moved * sign < 0) & free
        moved[wrong] = 0
        if iteration > 3:
            free &= ~wrong
        done = np.abs(moved - weights).max() < 2e-3
        weights = moved
        if done:
            break
    return weights


def folds_of(repos, n_folds):
    """A fold for each repository, the same on each run."""
    return {repo: index % n_folds for index, repo in enumerate(sorted(set(repos), key=lambda repo: (hash_of(repo), repo)))}


def hash_of(text):
    value = 2166136261
    for byte in text.encode():
        value = (value ^ byte) * 16777619 % 2**32
    return value


def cross_validated(data, start, folds, pull, frozen=()):
    result = np.zeros(len(data.queries))
    for fold in sorted(set(folds.values())):
        held_out = np.array([folds[repo] == fold for repo in data.repos])
        weights = fit(data, start, ~held_out, pull, frozen)
        result[held_out] = data.quality(weights)[held_out]
    return result


def by_group(data, results, key):
    """Means over both kinds of query, of several results at once, by `key` of a query."""
    groups = collections.defaultdict(list)
    for kind in KINDS:
        for query, row in zip(data[kind].queries, np.stack(results[kind], 1)):
            groups[key(query)].append(row)
    return {name: np.mean(rows, 0) for name, rows in sorted(groups.items())}


def set_of(query):
    return f"{query['cache']}, commits: recall@10" if query["category"] == "commit" else query["cache"]


def report(args):
    scorer = load_scorer(args.scorer)
    names, start = checked_in()
    split = collections.defaultdict(list)
    for cache, sees in [(cache, True) for cache in args.cache] + [(cache, False) for cache in args.words]:
        for query in json.load(open(cache)):
            query["cache"] = pathlib.Path(cache).stem + ("" if sees else ", words only")
            for hit in query["hits"] if not sees else []:
                hit["features"] = {name: value for name, value in hit["features"].items() if not name.endswith("_cosine")}
            split["PROSE" if re.search(r"\s", query["query"].strip()) else "IDENTIFIER"].append(query)
    data = {kind: Data(split[kind], names, scorer, start[kind]) for kind in KINDS}
    folds = folds_of([query["repo"] for kind in KINDS for query in split[kind]], args.folds)
    before = {kind: data[kind].quality(start[kind]) for kind in KINDS}
    if args.from_zero:
        start = {kind: np.copysign(0, start[kind]) for kind in KINDS}
    best = {}
    for kind in KINDS:
        everything = np.ones(len(data[kind].queries), bool)
        for pull in map(float, args.pull.split(",")):
            weights = fit(data[kind], start[kind], everything, pull)
            held_out = cross_validated(data[kind], start[kind], folds, pull)
            print(f"{kind:10s} pull {pull:<6g} checked in {before[kind].mean():.4f}  fitted {data[kind].quality(weights).mean():.4f}  cross-validated {held_out.mean():.4f}")
            if kind not in best or held_out.mean() > best[kind][1].mean():
                best[kind] = (weights, held_out, pull)
    results = {kind: (before[kind], data[kind].quality(best[kind][0]), best[kind][1]) for kind in KINDS}
    keys = dict(set=set_of, category=lambda q: f"{q['cache']} {q['category']}", language=lambda q: f"{q['cache']} {q['language']}")
    for title, key in keys.items():
        print(f"\n{title:34s} checked in  fitted  cross-validated")
        for name, row in by_group(data, results, key).items():
            print("{:34s} {:10.4f} {:7.4f} {:16.4f}".format(name, *row))
    print(f"\n{'feature':18s}" + "".join(f"{kind.lower():>12s}{'fitted':>9s}" for kind in KINDS))
    for index, name in enumerate(names):
        print(f"{name:18s}" + "".join(f"{start[kind][index]:12.2f}{best[kind][0][index]:9.2f}" for kind in KINDS))
    lost = [[name] for name in names] if args.ablate else []
    lost += [group.split(",") for group in args.without or []]
    if lost:
        sets = sorted({set_of(query) for kind in KINDS for query in split[kind]})
        print(f"\n{'without, fitted again':40s}" + "".join(f"{name:>28s}" for name in sets))
    for group in lost:
        frozen = [names.index(name) for name in group]
        without = {kind: (cross_validated(data[kind], start[kind], folds, best[kind][2], frozen) - best[kind][1],) for kind in KINDS}
        cells = []
        for name, (change,) in by_group(data, without, set_of).items():
            changes = [row for kind in KINDS for query, row in zip(data[kind].queries, without[kind][0]) if set_of(query) == name]
            cells.append(f"{change:+.4f} {bootstrap(changes)}" if len(group) > 1 or not args.ablate else f"{change:+.4f}")
        print(f"{', '.join(group):40s}" + "".join(f"{cell:>28s}" for cell in cells), flush=True)


def bootstrap(changes):
    dice = random.Random(7)
    means = sorted(sum(dice.choice(changes) for _ in changes) / len(changes) for _ in range(1000))
    return f"[{means[24]:+.4f}, {means[974]:+.4f}]"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    gather = commands.add_parser("collect")
    for option in ("bin", "scorer", "specs", "annotations", "corpora", "cache"):
        gather.add_argument(f"--{option}", required=True)
    gather.add_argument("--tree", choices=["root", "whole"], default="root")
    gather.add_argument("--commits")
    gather.add_argument("--wait", choices=["vectors", "lexical", "none"], default="vectors")
    learn = commands.add_parser("fit")
    learn.add_argument("--scorer", required=True)
    learn.add_argument("--cache", required=True, nargs="+")
    learn.add_argument("--words", nargs="+", default=[])
    learn.add_argument("--folds", type=int, default=6)
    learn.add_argument("--pull", default="0.0005,0.002,0.005,0.02")
    learn.add_argument("--from-zero", action="store_true")
    learn.add_argument("--ablate", action="store_true")
    learn.add_argument("--without", action="append")
    args = parser.parse_args()
    collect(args) if args.command == "collect" else report(args)


if __name__ == "__main__":
    main()
