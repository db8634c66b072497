"""Scores merging on real notes whose right answer is known.

    python -m tests.benchmarks.merge_score FOLDER [--cases 2000] [--seed 1] [--show 3]

From each note two devices' edits are made at random. `apart`: the edits leave at least one telling line between them.
`adjacent`: they touch neighbouring lines, or different words of one line. In both the right answer is both edits
applied. `rough`: many edits of all kinds on both sides; no one answer is right, but nothing may be lost or doubled.
Printed for this merge, and for `git merge-file` and `merge3` where they are there.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from merge3 import Merge3

from vaultsync.merge import Clash, merge_contents
from vaultsync.merge.tokens import is_trivial, words_of

WORDS = [
    "river",
    "stone",
    "lantern",
    "copper",
    "meadow",
    "winter",
    "harbor",
    "velvet",
    "orchard",
    "signal",
    "ember",
    "quartz",
    "willow",
    "falcon",
]


@dataclass(frozen=True)
class Case:
    kind: str
    path: str
    base: str
    a: str
    b: str
    expected: str | None


Edit = tuple[int, int, list[str], str]
"""Start and end of the replaced lines, the new lines, and what kind of edit it is."""


def fresh(rng: random.Random, count: int) -> str:
    return " ".join(f"{rng.choice(WORDS)}{rng.randrange(10_000)}" for _ in range(count))


def make_edit(rng: random.Random, lines: list[str], i: int) -> Edit:
    """One edit of line `i`, or right before it."""
    line = lines[i]
    kinds = ["insert", "delete", "rewrite", "paragraph"]
    if len(words_of(line)) > 2:
        kinds += ["word", "word", "append", "sentence", "cut"]
    if line.lstrip().startswith("- [ ]"):
        kinds += ["tick"] * 3
    if line.lstrip().startswith(("- ", "* ", "+ ")):
        kinds += ["item"] * 3
    kind = rng.choice(kinds)
    match kind:
        case "insert":
            return i, i, [fresh(rng, 4)], kind
        case "paragraph":
            return i, i, [fresh(rng, 12), ""], kind
        case "item":
            indent = line[: len(line) - len(line.lstrip())]
            return i + 1, i + 1, [f"{indent}{line.lstrip()[0]} {fresh(rng, 3)}"], kind
        case "delete":
            return i, i + 1, [], kind
        case "rewrite":
            return i, i + 1, [fresh(rng, 5)], kind
        case "tick":
            return i, i + 1, [line.replace("[ ]", "[x]", 1)], kind
        case "append":
            return i, i + 1, [line + " " + fresh(rng, 3)], kind
        case "sentence":
            return i, i + 1, [fresh(rng, 6).capitalize() + ". " + line], kind
    parts = line.split(" ")
    k = rng.randrange(len(parts))
    if kind == "cut":
        parts.pop(k)
    else:
        parts[k] = fresh(rng, 1)
    return i, i + 1, [" ".join(parts)], kind


def apply(lines: list[str], edits: list[Edit]) -> str:
    out = list(lines)
    for start, end, new, _ in sorted(edits, key=lambda edit: (edit[0], edit[1]), reverse=True):
        out[start:end] = new
    return "\n".join(out)


def apart(rng: random.Random, path: str, text: str) -> Case | None:
    lines = text.split("\n")
    edits: list[tuple[int, Edit]] = []
    position = rng.randrange(4)
    while position < len(lines) - 1 and len(edits) < 12:
        edit = make_edit(rng, lines, position)
        edits.append((rng.randrange(2), edit))
        position = edit[1] + 1
        while position < len(lines) and is_trivial(lines[position - 1]):
            position += 1
        position += 1 + rng.choice((0, 1, 3, 10))
    return finish("apart", path, lines, edits)


def adjacent(rng: random.Random, path: str, text: str) -> Case | None:
    lines = text.split("\n")
    told = [i for i, line in enumerate(lines) if line.strip() and not line.startswith("---")]
    if not told:
        return None
    i = rng.choice(told)
    parts = lines[i].split(" ")
    if len(parts) > 4 and rng.random() < 0.4:
        one, two = rng.sample(range(len(parts)), 2)
        sides = []
        for chosen in ((one,), (two,), (one, two)):
            edited = list(parts)
            for k in chosen:
                edited[k] = f"{WORDS[k % len(WORDS)]}{k}"
            sides.append("\n".join([*lines[:i], " ".join(edited), *lines[i + 1 :]]))
        a, b, both = sides
        return Case("adjacent", path, text, a, b, both) if len({a, b, text}) == 3 else None
    if i + 1 >= len(lines):
        return None
    first, second = make_edit(rng, lines, i), make_edit(rng, lines, i + 1)
    if first[:2] == second[:2]:
        return None
    if first[0] == first[1] == i + 1 and second[0] == second[1] == i + 1:
        return None
    side = rng.randrange(2)
    return finish("adjacent", path, lines, [(side, first), (1 - side, second)])


def rough(rng: random.Random, path: str, text: str) -> Case | None:
    lines = text.split("\n")
    sides = []
    for _ in range(2):
        out = list(lines)
        for _ in range(rng.randrange(1, 3 + len(lines) // 4)):
            if not out:
                break
            i = rng.randrange(len(out))
            if rng.random() < 0.15 and len(out) > 6:
                k = min(len(out), i + rng.randrange(1, 5))
                block, rest = out[i:k], out[:i] + out[k:]
                at = rng.randrange(len(rest) + 1)
                out = rest[:at] + block + rest[at:]
                continue
            start, end, new, _ = make_edit(rng, out, i)
            out[start:end] = new
        sides.append("\n".join(out))
    return Case("rough", path, text, sides[0], sides[1], None)


def finish(kind: str, path: str, lines: list[str], edits: list[tuple[int, Edit]]) -> Case | None:
    split = [[edit for side, edit in edits if side == k] for k in (0, 1)]
    if not all(split):
        return None
    a, b = (apply(lines, part) for part in split)
    text = "\n".join(lines)
    if len({a, b, text}) < 3:
        return None
    return Case(kind, path, text, a, b, apply(lines, [edit for _, edit in edits]))


Verdict = str | None
"""The merged text; None for a conflict."""


def ours(case: Case) -> Verdict:
    result = merge_contents(case.path, case.base.encode(), case.a.encode(), case.b.encode())
    return None if isinstance(result, Clash) else result.content.decode()


def with_merge3(case: Case) -> Verdict:
    base, a, b = ([line + "\n" for line in text.split("\n")] for text in (case.base, case.a, case.b))
    groups = list(Merge3(base, a, b).merge_groups())
    if any(group[0] == "conflict" for group in groups):
        return None
    return "".join(line for group in groups for line in group[1])[:-1]


def with_git(case: Case) -> Verdict:
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for name, text in (("a", case.a), ("base", case.base), ("b", case.b)):
            names.append(os.path.join(folder, name))
            with open(names[-1], "w", newline="") as file:
                file.write(text + "\n")
        done = subprocess.run(["git", "merge-file", "-p", *names], capture_output=True, check=False)
    return done.stdout.decode()[:-1] if done.returncode == 0 else None


def judge(case: Case, merged: Verdict) -> Iterator[str]:
    yield "cases"
    if merged is None:
        yield "clash"
        return
    if case.expected is not None:
        yield "exact" if merged == case.expected else "other"
    words = {name: set(words_of(text)) for name, text in (("base", case.base), ("m", merged))}
    if any(set(words_of(side)) - words["base"] - words["m"] for side in (case.a, case.b)):
        yield "lost"
    counts = [Counter(text.split("\n")) for text in (case.base, case.a, case.b, merged)]
    if any(n > max(1, *(count[line] for count in counts[:3])) for line, n in counts[3].items() if not is_trivial(line)):
        yield "doubled"
    new = set(words_of(merged)) - set(words_of(case.a)) - set(words_of(case.b))
    if new:
        yield "invented"


def notes_in(folder: str) -> Iterator[tuple[str, str]]:
    for root, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            if name.endswith(".md"):
                with open(os.path.join(root, name), encoding="utf-8", newline="") as file:
                    text = file.read()
                if 3 < text.count("\n") < 3000:
                    yield name, text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder")
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=0, help="how many cases that are not exact to print")
    parser.add_argument("--only", default="apart,adjacent,rough")
    parser.add_argument("--baselines", action="store_true")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    notes = list(notes_in(options.folder))
    tools: dict[str, Callable[[Case], Verdict]] = {"vaultsync": ours}
    if options.baselines:
        tools["merge3"] = with_merge3
        if shutil.which("git"):
            tools["git merge-file"] = with_git
    makers = {"apart": apart, "adjacent": adjacent, "rough": rough}
    shown = 0
    for kind in options.only.split(","):
        cases: list[Case] = []
        while len(cases) < options.cases:
            path, text = rng.choice(notes)
            case = makers[kind](rng, path, text)
            if case is not None:
                cases.append(case)
        for name, tool in tools.items():
            tally: Counter[str] = Counter()
            began = time.perf_counter()
            for case in cases:
                found = list(judge(case, merged := tool(case)))
                tally.update(found)
                if name == "vaultsync" and shown < options.show and {"clash", "other", "lost", "doubled"} & set(found):
                    shown += 1
                    print_case(case, merged, found)
            took_ms = (time.perf_counter() - began) * 1000 / len(cases)
            print(f"{kind:9} {name:15} {took_ms:6.1f} ms ", dict(sorted(tally.items())))


def print_case(case: Case, merged: Verdict, found: list[str]) -> None:
    import difflib

    print("=" * 20, case.path, found)
    base = case.base.split("\n")
    for name, text in (("a", case.a), ("b", case.b), ("merged", merged or ""), ("expected", case.expected or "")):
        print(f"--- {name}")
        if text:
            lines = list(difflib.unified_diff(base, text.split("\n"), lineterm="", n=1))[2:]
            print("\n".join(line[:200] for line in lines))


if __name__ == "__main__":
    main()
