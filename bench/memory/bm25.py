#!/usr/bin/env python3
"""The baseline for score_memory.py: BM25 over whole memories, project by project.

usage: bm25.py --memories M.jsonl --questions Q.jsonl

The files are those of score_memory.py and make_conversations.py. Words are lower-cased runs of letters and digits, without the
commonest English ones and without stemming; k1 = 1.2, b = 0.75. Prints the same measures.
"""
import argparse, collections, json, math, re

STOP = set("a about an and are as at be but by did do does for from had has have how i if in is it its me my no not of on or our so "
           "that the their them then there they this to was we were what when where which who why will with you your".split())


def words(text):
    return [word for word in re.findall(r"[a-z0-9]+", text.lower()) if word not in STOP]


class Project:
    def __init__(self, memories):
        self.refs = [memory["ref"] for memory in memories]
        self.counts = [collections.Counter(words(memory["content"])) for memory in memories]
        self.lengths = [sum(counts.values()) for counts in self.counts]
        self.mean = sum(self.lengths) / len(self.lengths)
        self.n_with = collections.Counter(word for counts in self.counts for word in counts)

    def rank(self, query):
        n, asked = len(self.refs), set(words(query))
        idf = {word: math.log(1 + (n - self.n_with[word] + 0.5) / (self.n_with[word] + 0.5)) for word in asked}

        def score(counts, length):
            norm = 1.2 * (0.25 + 0.75 * length / self.mean)
            return sum(idf[word] * counts[word] * 2.2 / (counts[word] + norm) for word in asked)

        scores = [score(counts, length) for counts, length in zip(self.counts, self.lengths)]
        return [self.refs[i] for i in sorted(range(n), key=lambda i: -scores[i])]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--memories", required=True)
    parser.add_argument("--questions", required=True)
    args = parser.parse_args()
    read = lambda path: [json.loads(line) for line in open(path) if line.strip()]
    by_project = collections.defaultdict(list)
    for memory in read(args.memories):
        by_project[memory["project"]].append(memory)
    projects = {name: Project(memories) for name, memories in by_project.items()}
    sums, n = collections.Counter(), 0
    for question in read(args.questions):
        gold = set(question["relevant"])
        if not gold:
            continue
        n += 1
        refs = projects[question["project"]].rank(question["query"])
        for k in (5, 10):
            found = len(gold & set(refs[:k]))
            sums[f"any@{k}"] += bool(found)
            sums[f"frac@{k}"] += found / len(gold)
        sums["mrr"] += next((1 / place for place, ref in enumerate(refs, 1) if ref in gold), 0)
    print(f"questions {n}  " + "  ".join(f"{name} = {sums[name] / n:.4f}" for name in ("any@5", "frac@5", "any@10", "frac@10", "mrr")))


if __name__ == "__main__":
    main()
