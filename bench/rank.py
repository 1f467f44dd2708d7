#!/usr/bin/env python3
"""Fit the weights of the ranker to annotated queries, and say what the fit is worth.

usage: rank.py collect --bin BIN --scorer score_search.py --specs FILE --annotations DIR --corpora DIR [--tree root|whole] --cache FILE
       rank.py fit --scorer score_search.py --cache FILE [--folds N] [--pull P,P..] [--ablate]

collect  asks the built program for the features of every query's candidates (`search --explain`) and keeps them
         in a cache outside the repository, as the cache holds paths of the corpora
fit      starts at the weights in daemon/crates/core/src/rank/weights.rs, climbs a smooth stand-in for NDCG at a price for
         leaving them, and prints NDCG@10 (as the scorer computes it) of: those weights, the fit on all queries, and the fit
         cross-validated by repository; then the fitted weights, the ablation when asked for

Weights keep their sign. Features that nearly all candidates of a repository share move nothing, whatever they weigh.
"""
import argparse, collections, importlib.util, json, math, os, pathlib, re, subprocess, sys
import numpy as np

CORE = pathlib.Path(__file__).resolve().parent.parent / "daemon/crates/core/src/rank"
CANDIDATES = 200  # the most that a search shows
KINDS = ("IDENTIFIER", "PROSE")
TEMPERATURE = 0.5  # about the score between neighbours at the top, with the weights as they are
STEPS = 120


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


def collect(args):
    scorer = load_scorer(args.scorer)
    queries = []
    for spec in json.load(open(args.specs)):
        checkout = os.path.join(args.corpora, spec["name"])
        if not os.path.isdir(checkout):
            continue
        root = os.path.join(checkout, spec.get("benchmark_root") or "") if args.tree == "root" else checkout
        scorer.run([args.bin, "index", root, "--wait", "--json"], timeout=7200)
        for query in json.load(open(os.path.join(args.annotations, spec["name"] + ".json"))):
            command = [args.bin, "search", "--repo", root, "--limit", str(CANDIDATES), "--json", "--explain", "--", query["query"]]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode not in (0, 1):
                sys.exit(f"{query['query']}: exit {done.returncode}: {done.stderr}")
            hits = [{key: hit.get(key) for key in ("path", "start_line", "end_line", "kind", "name", "features")} for hit in json.loads(done.stdout)["hits"]]
            for hit in hits:
                hit["features"] = {name: feature["value"] for name, feature in (hit["features"] or {}).items()}
            targets = query["relevant"] + query.get("secondary", [])
            queries.append(dict(repo=spec["name"], language=spec["language"], category=query.get("category", "?"),
                                query=query["query"], targets=targets, hits=hits))
        print(f"{spec['name']}: {len(queries)} queries so far", file=sys.stderr, flush=True)
    json.dump(queries, open(args.cache, "w"))


class Data:
    """The queries of one kind as arrays."""

    def __init__(self, queries, names, scorer):
        self.queries = queries
        self.x = np.zeros((len(queries), CANDIDATES, len(names)))
        self.filled = np.zeros((len(queries), CANDIDATES), bool)
        self.ideal = np.ones(len(queries))
        self.repos = np.array([query["repo"] for query in queries])
        column = {name: index for index, name in enumerate(names)}
        pairs = []  # query, target, candidate that covers it
        for q, query in enumerate(queries):
            self.ideal[q] = sum(1 / math.log2(i + 1) for i in range(1, min(10, len(query["targets"])) + 1)) or 1
            # Equal scores stand in path order.
            for c, hit in enumerate(sorted(query["hits"], key=lambda hit: hit["path"])):
                self.filled[q, c] = True
                for name, value in hit["features"].items():
                    self.x[q, c, column[name]] = value
                pairs += [(q, t, c) for t, target in enumerate(query["targets"]) if scorer.covers(hit, target)]
        self.pairs = np.array(pairs, int).reshape(-1, 3)

    def scores(self, weights):
        return np.where(self.filled, self.x @ weights, -1e9)

    def best(self, scores, chosen):
        """For each target of the chosen queries the candidate that covers it and stands highest: query, candidate, rank."""
        pairs = self.pairs[chosen[self.pairs[:, 0]]]
        q, c = pairs[:, 0], pairs[:, 2]
        own = scores[q, c][:, None]
        rank = 1 + (scores[q] > own).sum(1) + ((scores[q] == own) & (np.arange(CANDIDATES) < c[:, None])).sum(1)
        order = np.lexsort((rank, pairs[:, 1], q))
        _, first = np.unique(pairs[order][:, :2], axis=0, return_index=True)
        kept = order[first]
        # Two targets at one rank count once.
        _, once = np.unique(np.stack([q[kept], rank[kept]], 1), axis=0, return_index=True)
        kept = kept[once]
        return q[kept], c[kept], rank[kept]

    def ndcg(self, weights, chosen=None):
        """NDCG@10 of each query; those not chosen are 0."""
        chosen = np.ones(len(self.queries), bool) if chosen is None else chosen
        return self.ndcg_of(self.scores(weights), chosen)

    def ndcg_of(self, scores, chosen):
        q, _, rank = self.best(scores, chosen)
        gain = np.zeros(len(self.queries))
        np.add.at(gain, q, np.where(rank <= 10, 1 / np.log2(rank + 1), 0))
        return gain / self.ideal


def fit(data, start, chosen, pull, frozen=()):
    """Weights near `start` under which the files that answer take most of the softmax of the chosen queries' scores.

    That is smooth where NDCG@10 is not: climbing NDCG itself gains more on the queries it sees and loses on others.
    `pull` is the price of moving a weight by its own size.
    """
    rows = np.array(sorted({int(q) for q in data.pairs[:, 0] if chosen[q]}))
    place = {q: row for row, q in enumerate(rows)}
    wanted = np.zeros((len(rows), CANDIDATES))
    for q, _, c in data.pairs:
        if q in place:
            wanted[place[q], c] = 1
    wanted /= wanted.sum(1, keepdims=True)
    x, filled = data.x[rows].reshape(-1, len(start)), data.filled[rows]
    size, sign = np.maximum(np.abs(start), 0.5), np.where(np.signbit(start), -1.0, 1.0)
    weights, first, second = start.copy(), np.zeros_like(start), np.zeros_like(start)
    for step in range(1, STEPS + 1):
        scores = np.where(filled, (x @ weights).reshape(filled.shape) / TEMPERATURE, -1e9)
        share = np.exp(scores - scores.max(1, keepdims=True))
        share /= share.sum(1, keepdims=True)
        slope = (wanted - share).reshape(-1) @ x / len(rows) - 2 * pull * (weights - start) / size**2
        first, second = 0.9 * first + 0.1 * slope, 0.99 * second + 0.01 * slope**2
        rate = 0.03 * (1 - step / (STEPS + 1))
        weights = weights + rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-6)
        weights = np.where(weights * sign < 0, 0, weights)
        weights[list(frozen)] = 0
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
        result[held_out] = data.ndcg(weights)[held_out]
    return result


def mean_over(parts):
    return float(np.concatenate(list(parts)).mean())


def report(args):
    scorer = load_scorer(args.scorer)
    names, start = checked_in()
    queries = json.load(open(args.cache))
    split = collections.defaultdict(list)
    for query in queries:
        split["PROSE" if re.search(r"\s", query["query"].strip()) else "IDENTIFIER"].append(query)
    data = {kind: Data(split[kind], names, scorer) for kind in KINDS}
    folds = folds_of([query["repo"] for query in queries], args.folds)
    before = {kind: data[kind].ndcg(start[kind]) for kind in KINDS}
    print(f"{len(queries)} queries, {len(folds)} repositories, checked-in weights: {mean_over(before.values()):.4f}")
    found = [any(scorer.covers(hit, target) for hit in query["hits"]) for query in queries for target in query["targets"]]
    print(f"targets among the candidates: {np.mean(found):.3f}")
    best = {}
    for kind in KINDS:
        everything = np.ones(len(data[kind].queries), bool)
        for pull in map(float, args.pull.split(",")):
            weights = fit(data[kind], start[kind], everything, pull)
            held_out = cross_validated(data[kind], start[kind], folds, pull)
            print(f"{kind:10s} pull {pull:<6g} checked in {before[kind].mean():.4f}  fitted {data[kind].ndcg(weights).mean():.4f}  cross-validated {held_out.mean():.4f}")
            if kind not in best or held_out.mean() > best[kind][1].mean():
                best[kind] = (weights, held_out, pull)
    print(f"both: checked in {mean_over(before.values()):.4f}  cross-validated {mean_over(best[kind][1] for kind in KINDS):.4f}")
    for key in ("category", "language", "repo"):
        groups = collections.defaultdict(list)
        for kind in KINDS:
            after = data[kind].ndcg(best[kind][0])
            for index, query in enumerate(data[kind].queries):
                groups[query[key]].append((before[kind][index], after[index], best[kind][1][index]))
        print(f"\n{key:22s} checked in  fitted  cross-validated")
        for name, rows in sorted(groups.items()):
            print("{:22s} {:10.3f} {:7.3f} {:16.3f}".format(name, *np.mean(rows, 0)))
    print(f"\n{'feature':18s}" + "".join(f"{kind.lower():>12s}{'fitted':>9s}" for kind in KINDS))
    for index, name in enumerate(names):
        print(f"{name:18s}" + "".join(f"{start[kind][index]:12.2f}{best[kind][0][index]:9.2f}" for kind in KINDS))
    if args.ablate:
        print("\nwithout a feature   checked in  refitted, cross-validated (difference, both kinds)")
        for index, name in enumerate(names):
            plain, refitted = [], []
            for kind in KINDS:
                without = start[kind].copy()
                without[index] = 0
                plain.append(data[kind].ndcg(without) - before[kind])
                refitted.append(cross_validated(data[kind], without, folds, best[kind][2], (index,)) - best[kind][1])
            print(f"{name:18s} {mean_over(plain):+10.4f} {mean_over(refitted):+10.4f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    gather = commands.add_parser("collect")
    for option in ("bin", "scorer", "specs", "annotations", "corpora", "cache"):
        gather.add_argument(f"--{option}", required=True)
    gather.add_argument("--tree", choices=["root", "whole"], default="root")
    learn = commands.add_parser("fit")
    for option in ("scorer", "cache"):
        learn.add_argument(f"--{option}", required=True)
    learn.add_argument("--folds", type=int, default=6)
    learn.add_argument("--pull", default="0.002,0.005,0.02,0.1")
    learn.add_argument("--ablate", action="store_true")
    args = parser.parse_args()
    collect(args) if args.command == "collect" else report(args)


if __name__ == "__main__":
    main()
