#!/usr/bin/env python3
"""Print the table by which secrets are told from words: how surprising a character is after another.

usage: secrets_letters.py CORPORA

Reads the words ([A-Za-z0-9_-]{4,40}, no lock files, no lines over 400 bytes) of every text file below CORPORA, each
distinct word counted by the logarithm of how often it occurs, and prints SURPRISE of
daemon/crates/core/src/memory/secrets/letters.rs: rows and columns are a-z, a digit, and the edge of a word;
a cell is the price of the column after the row in quarters of a bit.
"""
import collections, math, pathlib, re, sys

SYMBOLS = "abcdefghijklmnopqrstuvwxyz0^"
SKIPPED = (".lock", ".sum", ".svg", ".min.js", ".map", ".pem", ".json", ".snap")
LONGEST = 400


def words(root):
    counts = collections.Counter()
    for path in sorted(root.rglob("*")):
        if not path.is_file() or path.name.endswith(SKIPPED) or "lock" in path.name or ".git" in path.parts:
            continue
        try:
            text = path.read_text("utf-8")
        except (UnicodeDecodeError, OSError):
            continue
        for line in text.splitlines():
            if len(line) <= LONGEST:
                counts.update(re.findall(r"[A-Za-z0-9_-]{4,40}", line))
    return counts


def symbols(word):
    """Parts of a word at `_`, `-` and where a capital follows a small letter, in the alphabet of the table."""
    for part in re.split(r"[_-]+|(?<=[a-z])(?=[A-Z])", word):
        if part:
            yield "^" + re.sub(r"[0-9]", "0", part.lower()) + "^"


def main():
    counts = collections.Counter()
    for word, n in words(pathlib.Path(sys.argv[1])).items():
        for part in symbols(word):
            for pair in zip(part, part[1:]):
                counts[pair] += math.log2(n + 1)
    for before in SYMBOLS:
        row = {after: counts[before, after] + 1 for after in SYMBOLS}
        total = sum(row.values())
        print("    [" + ", ".join(str(min(255, round(-4 * math.log2(n / total)))) for n in row.values()) + "],")


main()
