#!/usr/bin/env python3
"""What the rules for secrets and for orders to agents say about public repositories, where nearly nothing is either.

usage: scan.py lines|files DIRECTORY [--ext md,txt] [--sample N] [--show RULE|all]

Builds the example `scan_memory` of codemem-core, hands it every text file below DIRECTORY (or those with one of the endings), and
prints the findings per 100,000 texts by rule; --show prints the findings themselves, to be looked at; --sample takes every file
whose hash is among N in 1,000.
"""
import argparse, collections, hashlib, pathlib, subprocess, sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ["cargo", "build", "--release", "-p", "codemem-core", "--example", "scan_memory", "--message-format", "json"]


def binary():
    import json

    built = subprocess.run(BUILD, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = [json.loads(line).get("executable") for line in built.splitlines()]
    return next(path for path in reversed(found) if path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mode", choices=("lines", "files"))
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--ext", default="")
    parser.add_argument("--sample", type=int, default=1_000)
    parser.add_argument("--show", default="")
    asked = parser.parse_args()
    endings = tuple("." + ending for ending in asked.ext.split(",") if ending)
    paths = []
    for path in sorted(asked.directory.rglob("*")):
        drawn = int.from_bytes(hashlib.sha256(str(path).encode()).digest()[:4], "big") % 1_000 < asked.sample
        if drawn and ".git" not in path.parts and (not endings or path.name.endswith(endings)) and path.is_file():
            paths.append(str(path))
    answer = subprocess.run([binary(), asked.mode], input="\n".join(paths), text=True, stdout=subprocess.PIPE, check=True)
    *findings, summary = answer.stdout.split("\n")[:-1]
    n_texts = int(summary.split()[0])
    counts = collections.Counter(line.split("\t")[0] for line in findings)
    for rule, n in counts.most_common():
        print(f"{rule:28} {n:6} {100_000 * n / max(1, n_texts):9.2f} per 100,000")
    print(f"{len(paths)} files: {summary}")
    for line in findings:
        if asked.show and asked.show in ("all", line.split("\t")[0]):
            print(line)


main()
