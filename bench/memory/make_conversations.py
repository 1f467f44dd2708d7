#!/usr/bin/env python3
"""Make a set of long conversations with questions out of public meeting notes.

usage: make_conversations.py --mirror GIT_DIR --out DIR [--from 2020] [--sessions 28]

GIT_DIR is a clone (bare or not) of github.com/tc39/notes: verbatim minutes, one paragraph a turn, and under most
topics a summary that a note taker wrote in his own words. A topic's turns become one memory, or several of at most
40 turns each; a sentence of its summary becomes a question whose answer is the topic's memories. Consecutive topics
form a project of about 28 sessions. Three kinds of questions: `told` is the sentence as it is; `nameless` has lost
every name (code, capitalised words, words of the heading), as when somebody remembers what was said and not
what it is called; `brief` is the beginning of `told`. Writes memories.jsonl and questions.jsonl as score_memory.py reads them.
"""
import argparse, json, os, re, subprocess

TURN = re.compile(r"^\**([A-Z][A-Z0-9]{1,3})\**: ?\**\s*(.+)", re.S)
SUMMARY = re.compile(r"summary|conclusion|resolution|key points", re.I)
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
TURNS = 40  # most in one session
TURN_WORDS = 60  # what somebody types at once
FORMAL = re.compile(r"\bstage\b|consensus|advanc|approv", re.I)  # said under every topic
JARGON = set("additional additionally agenda agree agreed agreement case cases champion champions change changed changes "
             "committee concern concerns consider continue current delegates details discuss discussed discussion explained "
             "feature feedback further future general github group implementation implementations implemented issue issues "
             "item meeting meetings mozilla need needed needs new now objections one plan plenary presentation presented "
             "problem process progress proposal proposals queue question questions raised review reviewers see slides some "
             "spec specification support supported team text time today update updated updates use used useful week work "
             "yeah good know further like many people thing things two want well year".split())
STOP = set("a an and are as at be been but by can could did do does for from had has have how i if in into is it its "
           "may more not of on or our so some such than that the their them then there these they this those to was we "
           "were what when which while will with would you your".split())


def git(mirror, *args):
    return subprocess.run(["git", "-C", mirror, *args], capture_output=True, text=True, check=True).stdout


def topics(text):
    """(heading, turns, summary sentences) of every topic."""
    for section in re.split(r"^## ", text, flags=re.M)[1:]:
        heading, _, body = section.partition("\n")
        turns, summary, in_summary = [], [], False
        for block in re.split(r"\n\s*\n", body):
            block = block.strip()
            if block.startswith("#"):
                in_summary = bool(SUMMARY.search(block.splitlines()[0]))
                block = "\n".join(block.splitlines()[1:]).strip()
                if not block:
                    continue
            turn = TURN.match(block)
            if in_summary and not turn:
                for item in re.split(r"\n\s*[*-] |\n\n|(?<=[.!?])\s+(?=[A-Z])", "\n" + block):
                    item = " ".join(item.strip(" *-\n").split())
                    if len(item.split()) <= 40 and telling(item) >= 5 and not FORMAL.search(item) and "http" not in item and "|" not in item:
                        summary.append(item)
            elif turn and not in_summary:
                turns.append(turn[1] + ": " + " ".join(turn[2].split()))
        if len(turns) >= 8:
            yield heading.strip(), turns, summary


def nameless(sentence, heading):
    """The sentence without names; None when too little is left."""
    named = {word.lower() for word in re.findall(r"\w+", heading)} - STOP
    sentence = re.sub(r"`[^`]*`|\"[^\"]*\"|“[^”]*”|\[\[.*?\]\]", " ", sentence)
    kept = []
    for index, word in enumerate(sentence.split()):
        bare = re.sub(r"\W", "", word)
        if not bare or bare.lower() in named or (index and bare[0].isupper() and bare != "I") or re.search(r"\w[._#(]\w|\d", word):
            continue
        kept.append(word)
    return " ".join(kept) if telling(" ".join(kept)) >= 4 else None


def telling(text):
    """How many of its words are about something in particular."""
    return sum(word not in STOP and word not in JARGON for word in re.findall(r"\w+", text.lower()))


def brief(sentence):
    """Its first words up to the fifth telling one, as a short question has them."""
    words = sentence.split()
    cut = next((n for n in range(1, len(words) + 1) if telling(" ".join(words[:n])) >= 5), len(words))
    return " ".join(words[:cut])


class Project:
    """Consecutive topics: their sessions, and the questions about them."""

    def __init__(self, number):
        self.number, self.memories, self.questions, self.refs = number, [], [], {}

    def add(self, date, heading, turns, summary):
        name = re.sub(r"\(.*|continu\w*|part \d+|\W+", " ", heading.lower()).strip()
        size = -(-len(turns) // -(-len(turns) // TURNS))
        for start in range(0, len(turns), size):
            ref = f"p{self.number}s{len(self.memories)}"
            said = "\n".join(" ".join(turn.split()[:TURN_WORDS]) for turn in turns[start : start + size])
            self.memories.append(dict(project=f"notes{self.number}", ref=ref, content=said[:32000], created_at=date + "T10:00:00Z"))
            self.refs.setdefault(name, []).append(ref)
        for kind, ask in (("told", str), ("nameless", lambda text: nameless(text, heading)), ("brief", brief)):
            for query in [query for query in map(ask, summary) if query][:2]:
                self.questions.append(dict(project=f"notes{self.number}", query=query, topic=name, category=kind))

    def answered(self):
        """The questions with all sessions of their topics, told apart only when the project is complete."""
        return [dict(question, relevant=self.refs[question["topic"]]) for question in self.questions]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mirror", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--from", dest="first", type=int, default=2020)
    parser.add_argument("--sessions", type=int, default=28)
    args = parser.parse_args()
    files = []
    for path in git(args.mirror, "ls-tree", "-r", "--name-only", "HEAD").splitlines():
        found = re.match(r"meetings/(\d{4})-(\d\d)/([a-z]+)-(\d+)\.md$", path)
        if found and int(found[1]) >= args.first and found[3][:3] in MONTHS:
            files.append((f"{found[1]}-{MONTHS.index(found[3][:3]) + 1:02d}-{int(found[4]):02d}", path))
    memories, questions, project = [], [], Project(0)
    for date, path in sorted(files):
        for heading, turns, summary in topics(git(args.mirror, "show", f"HEAD:{path}")):
            if len(project.memories) >= args.sessions:
                memories, questions = memories + project.memories, questions + project.answered()
                project = Project(project.number + 1)
            project.add(date, heading, turns, summary)
    memories, questions = memories + project.memories, questions + project.answered()
    os.makedirs(args.out, exist_ok=True)
    for name, rows in (("memories", memories), ("questions", questions)):
        with open(os.path.join(args.out, name + ".jsonl"), "w") as handle:
            handle.writelines(json.dumps(row) + "\n" for row in rows)
    print(f"{project.number + 1} projects, {len(memories)} sessions, {len(questions)} questions")


if __name__ == "__main__":
    main()
