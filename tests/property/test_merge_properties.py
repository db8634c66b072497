"""The guarantee: no word lost, nothing invented, nothing twice, the same on every device."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vaultsync.merge import Clash, Merged, merge_contents
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
    "the",
    "a",
    "of",
]

FRONTS = ("", "", "---\ntags: [one, two]\nmodified: 2026-01-01\n---\n", "---\naliases:\n  - x y\nn: 1\n---\n")

QUICK = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def sentence(rng: random.Random, most: int = 9) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(rng.randrange(1, most)))


def make_line(rng: random.Random) -> str:
    kind = rng.randrange(12)
    text = sentence(rng)
    if kind < 3:
        return ""
    if kind == 3:
        return "#" * rng.randrange(1, 4) + " " + text
    if kind == 4:
        return "- [ ] " + text
    if kind == 5:
        return "    " * rng.randrange(2) + "- " + text
    if kind == 6:
        return ". ".join(sentence(rng, 14).capitalize() for _ in range(4)) + "."
    if kind == 7:
        return rng.choice(("---", "```", "> [!note]", "| a | b |", "1. " + text, "- ", "![[x.png]]"))
    return text


def make_note(rng: random.Random) -> list[str]:
    return [make_line(rng) for _ in range(rng.randrange(0, 25))]


def fresh(rng: random.Random, side: str) -> str:
    """A word that only this side writes."""
    return f"{side}{rng.randrange(10**6)}"


def edit(rng: random.Random, note: list[str], side: str) -> list[str]:
    lines = list(note)
    for _ in range(rng.randrange(1, 6)):
        i = rng.randrange(len(lines) + 1)
        kind = rng.randrange(9)
        if kind <= 2 or not lines:
            lines[i:i] = [f"{sentence(rng, 4)} {fresh(rng, side)}" for _ in range(rng.randrange(1, 3))]
            continue
        i = min(i, len(lines) - 1)
        parts = lines[i].split(" ")
        k = rng.randrange(len(parts))
        if kind == 3:
            del lines[i : i + rng.randrange(1, 3)]
        elif kind == 4:
            lines[i] += " " + fresh(rng, side)
        elif kind == 5:
            parts[k] = fresh(rng, side)
            lines[i] = " ".join(parts)
        elif kind == 6:
            parts.pop(k)
            lines[i] = " ".join(parts)
        elif kind == 7:
            lines[i] = lines[i].replace("[ ]", "[x]")
        else:
            block = lines[i : i + 2]
            del lines[i : i + 2]
            at = rng.randrange(len(lines) + 1)
            lines[at:at] = block
    return lines


def encode(front: str, lines: list[str]) -> bytes:
    return (front + "\n".join(lines) + ("\n" if lines else "")).encode()


seeds = st.integers(min_value=0, max_value=2**32)


def case(seed: int) -> tuple[bytes, bytes, bytes]:
    rng = random.Random(seed)
    front = rng.choice(FRONTS)
    base = make_note(rng)
    return encode(front, base), encode(front, edit(rng, base, "aa")), encode(front, edit(rng, base, "bb"))


def texts(content: bytes) -> list[str]:
    return content.decode().split("\n")


def words(content: bytes) -> set[str]:
    return set(words_of(content.decode()))


@QUICK
@given(seeds)
def test_it_is_symmetric(seed: int) -> None:
    base, a, b = case(seed)
    assert merge_contents("n.md", base, a, b) == merge_contents("n.md", base, b, a)
    assert merge_contents("n.md", None, a, b) == merge_contents("n.md", None, b, a)


@settings(QUICK, max_examples=1500)
@given(seeds)
def test_no_word_that_a_side_added_is_lost(seed: int) -> None:
    base, a, b = case(seed)
    for origin in (base, None):
        result = merge_contents("n.md", origin, a, b)
        if isinstance(result, Merged):
            known = words(origin or b"")
            assert words(a) - known <= words(result.content)
            assert words(b) - known <= words(result.content)


@settings(QUICK, max_examples=1500)
@given(seeds)
def test_a_line_that_one_side_put_in_is_there_word_for_word(seed: int) -> None:
    """One side only puts new lines in, the other does whatever it likes."""
    rng = random.Random(seed)
    base = make_note(rng)
    a, b = list(base), edit(rng, base, "bb")
    added = [f"{rng.choice(('', '- ', '- [ ] ', '## '))}{sentence(rng)} {fresh(rng, 'aa')}" for _ in range(4)]
    for line in added:
        a.insert(rng.randrange(len(a) + 1), line)
    result = merge_contents("n.md", encode("", base), encode("", a), encode("", b))
    if isinstance(result, Merged):
        assert set(added) <= set(texts(result.content))


@QUICK
@given(seeds)
def test_nothing_appears_that_neither_side_wrote(seed: int) -> None:
    base, a, b = case(seed)
    for origin in (base, None):
        result = merge_contents("n.md", origin, a, b)
        if isinstance(result, Merged):
            assert words(result.content) <= words(a) | words(b)
            assert not [line for line in texts(result.content) if line.startswith(("<<<<<<<", ">>>>>>>", "======="))]


@QUICK
@given(seeds)
def test_what_one_side_deleted_and_the_other_left_alone_is_gone(seed: int) -> None:
    """One side only deletes whole lines, the other only adds lines elsewhere."""
    rng = random.Random(seed)
    base = [f"{sentence(rng)} l{i}" for i in range(rng.randrange(4, 30))]
    gone = {i for i in range(len(base)) if rng.random() < 0.3}
    a = [line for i, line in enumerate(base) if i not in gone]
    b = list(base)
    for _ in range(rng.randrange(1, 5)):
        b.insert(rng.randrange(len(b) + 1), f"{sentence(rng)} {fresh(rng, 'bb')}")
    result = merge_contents("n.md", encode("", base), encode("", a), encode("", b))
    assert isinstance(result, Merged)
    assert texts(result.content) == texts(encode("", [line for line in b if line not in {base[i] for i in gone}]))


@settings(QUICK, max_examples=1000)
@given(seeds)
def test_edits_of_different_lines_give_exactly_both(seed: int) -> None:
    rng = random.Random(seed)
    base = [f"{sentence(rng)} l{i}" if rng.random() < 0.8 else "" for i in range(rng.randrange(2, 40))]
    both, sides = list(base), (list(base), list(base))
    for i, line in enumerate(base):
        side = rng.randrange(5)
        if side < 2 and line:
            changed = rng.choice((f"{line} {fresh(rng, 'x')}", f"{fresh(rng, 'x')} {line}", fresh(rng, "x")))
            both[i] = sides[side][i] = changed
    result = merge_contents("n.md", *(encode("", lines) for lines in (base, *sides)))
    assert isinstance(result, Merged)
    assert texts(result.content) == texts(encode("", both))


@settings(QUICK, max_examples=1000)
@given(seeds)
def test_edits_of_different_words_of_a_line_give_exactly_both(seed: int) -> None:
    rng = random.Random(seed)
    base = [f"w{i}" for i in range(rng.randrange(6, 60))]
    both, sides = list(base), (list(base), list(base))
    for i in range(len(base)):
        side = rng.randrange(9)
        if side < 2:
            both[i] = sides[side][i] = fresh(rng, "x")
    result = merge_contents("n.md", *(" ".join(line).encode() for line in (base, *sides)))
    assert isinstance(result, Merged)
    assert result.content.decode() == " ".join(both)


@settings(QUICK, max_examples=800)
@given(seeds)
def test_no_telling_line_is_there_more_often_than_anyone_wrote_it(seed: int) -> None:
    base, a, b = case(seed)
    result = merge_contents("n.md", base, a, b)
    if isinstance(result, Merged):
        counts = [Counter(texts(content)) for content in (base, a, b, result.content)]
        for line, count in counts[3].items():
            fenced = "```" in counts[3]
            if not (fenced or is_trivial(line) or len(words_of(line)) < 4 or line.startswith(("#", "|"))):
                assert count <= max(1, *(each[line] for each in counts[:3]))


@dataclass(frozen=True)
class State:
    """What one device has: which devices' edits are in it, and the content."""

    version: frozenset[int]
    content: bytes


def receive(mine: State, theirs: State, originals: dict[frozenset[int], bytes]) -> State | None:
    """The decision table of the design for one record; None where it makes a conflict copy."""
    if mine.version == theirs.version:
        return max(mine, theirs, key=lambda state: state.content)
    if mine.version > theirs.version:
        return mine
    if mine.version < theirs.version:
        return theirs
    base = originals[mine.version & theirs.version]
    result = merge_contents("n.md", base, mine.content, theirs.content)
    return State(mine.version | theirs.version, result.content) if isinstance(result, Merged) else None


@QUICK
@given(seeds)
def test_three_devices_that_merge_in_any_order_converge_and_hold_all_words(seed: int) -> None:
    rng = random.Random(seed)
    note = make_note(rng)
    names = ("aa", "bb", "cc")
    edited = [encode("", edit(rng, note, name)) for name in names]
    originals = {frozenset[int](): encode("", note)} | {frozenset({i}): edited[i] for i in range(3)}
    marks = {word for content in edited for word in words(content) if word[:2] in names and word[2:].isdigit()}
    states = [State(frozenset({i}), edited[i]) for i in range(3)]
    pairs = [(i, j) for i in range(3) for j in range(3) if i != j]
    for _ in range(4):
        rng.shuffle(pairs)
        for i, j in pairs:
            settled = receive(states[i], states[j], originals)
            if settled is None:
                return
            states[i] = settled
    assert len({state.content for state in states}) == 1
    assert marks <= words(states[0].content)


@QUICK
@given(*[st.binary(max_size=60)] * 3, st.sampled_from(["n.md", "n.json", "n.yaml"]))
def test_it_never_raises(base: bytes, a: bytes, b: bytes, path: str) -> None:
    assert isinstance(merge_contents(path, base, a, b), Merged | Clash)


@settings(QUICK, max_examples=600)
@given(*[st.text(alphabet=" \n\r\t-#[]x1.|`:>*ab漢é👍\ufeff\u2028", max_size=40)] * 3)
def test_signs_and_endings_of_every_kind(base: str, a: str, b: str) -> None:
    result = merge_contents("n.md", base.encode(), a.encode(), b.encode())
    assert result == merge_contents("n.md", base.encode(), b.encode(), a.encode())
    if isinstance(result, Merged):
        assert words(a.encode()) - words(base.encode()) <= words(result.content)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("abc é", max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("pqrs"), inner, max_size=4),
    max_leaves=12,
)


@QUICK
@given(JSON, JSON, JSON, st.sampled_from([None, 2, "\t"]), st.booleans())
def test_json_stays_json(base: object, a: object, b: object, indent: int | str | None, settings_file: bool) -> None:
    path = ".obsidian/x.json" if settings_file else "x.json"
    contents = [json.dumps(value, indent=indent).encode() for value in (base, a, b)]
    result = merge_contents(path, *contents)
    assert result == merge_contents(path, contents[0], contents[2], contents[1])
    if isinstance(result, Merged):
        json.loads(result.content)


@pytest.mark.parametrize(
    "make",
    [
        lambda rng: "\n".join(["a"] * 200_000),
        lambda rng: " ".join(rng.choice("abc") for _ in range(200_000)),
        lambda rng: "".join(rng.choice("ab[] \n") for _ in range(300_000)),
        lambda rng: "\n".join(sentence(rng) for _ in range(20_000)),
        lambda rng: "> " * 100_000,
    ],
    ids=["equal lines", "one line", "noise", "note", "quotes"],
)
def test_large_and_odd_texts_end_in_time_and_lose_nothing(make: Callable[[random.Random], str]) -> None:
    """The time limit of the test run is the bound: quadratic work on any of these would take hours."""
    rng = random.Random(7)
    base = make(rng)
    sides = []
    for mark in ("aa", "bb"):
        text = base
        for _ in range(40):
            at = rng.randrange(len(text))
            text = f"{text[:at]} {mark}{at} {text[at + rng.randrange(4) :]}"
        sides.append(text.encode())
    result = merge_contents("n.md", base.encode(), *sides)
    assert isinstance(result, Merged)
    assert (words(sides[0]) | words(sides[1])) - words(base.encode()) <= words(result.content) | words(base.encode())
    own = {word for side in sides for word in words(side) if word[:2] in ("aa", "bb") and word[2:].isdigit()}
    assert own <= words(result.content)
