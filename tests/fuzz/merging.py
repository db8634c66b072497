"""The merge of files that others have written: never an error, never a word less."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

from vaultsync.merge import Clash, Merged, merge_contents
from vaultsync.merge.stamps import without_stamp
from vaultsync.merge.tokens import words_of

SEPARATOR: Final = b"\x1e"
"""Between the base and the two sides; with only two parts there is no base."""


def try_merge(path: str, *, keeps_words: bool, is_json: bool = False) -> Callable[[bytes], None]:
    """A decoder for the kind of file that `path` names."""

    def attempt(data: bytes) -> None:
        parts = data.split(SEPARATOR, 2)
        if len(parts) < 2:
            return
        base, (a, b) = (parts[0] if len(parts) == 3 else None), parts[-2:]
        result = merge_contents(path, base, a, b)
        assert result == merge_contents(path, base, b, a), "it matters who merges"
        if isinstance(result, Clash):
            assert result.reason
            return
        assert isinstance(result, Merged)
        if a == b or base in (a, b):
            return
        text = result.content.decode()
        if is_json:
            json.loads(text.removeprefix("\ufeff"))
        if keeps_words and not result.notes:
            known, kept = set(words_of((base or b"").decode())), set(words_of(text))
            for side in (a, b):
                lost = _words(side.decode()) - known - kept
                assert not lost, f"lost {sorted(lost)}"

    return attempt


def _words(text: str) -> set[str]:
    """All but those of dates that editors write by themselves: of two such dates, one is taken."""
    return {word for line in text.splitlines() for word in words_of(without_stamp(line))}


def _case(*parts: str) -> bytes:
    return SEPARATOR.join(part.encode() for part in parts)


def markdown_seeds() -> list[bytes]:
    return [
        _case("# A\n\none two three\n- [ ] x\n", "# A\n\none 2 three\n- [x] x\n", "# A\n\none two 3\n- [ ] x\nnew\n"),
        _case("a\r\nb\r\n", "a\r\nb\r\nc", "\ufeffa\r\nb\r\n"),
        _case("same start\nmine here\n", "same start\nyours here\n"),
        _case("```\ncode\n```\n| a | b |\n", "```\ncode 2\n```\n| a | b |\n| 1 | 2 |\n", "| a | b |\n| 3 | 4 |\n"),
    ]


def front_matter_seeds() -> list[bytes]:
    def note(front: str) -> str:
        return f"---\n{front}---\nbody\n"

    return [
        _case(note("tags: [one]\nx: 1\n"), note("tags: [one, two]\nx: 1\n"), note("tags: [one, three]\nx: 2\n")),
        _case(note("aliases:\n  - a\n"), note("aliases:\n  - a\n  - b\n"), note("# c\naliases:\n  - a\nnew: |\n  t\n")),
        _case(note("modified: 2026-01-01\n"), note("modified: 2026-01-02\n"), note("modified: 2026-01-03\n")),
        _case(note("a: " + "[" * 400 + "]" * 400 + "\n"), note("a: &x [*x]\n"), note("a: {b: *x}\n")),
        _case(note("'k': \"v\"\n? q\n: r\n"), note("'k': \"w\"\n"), note("k: w\n")),
    ]


def canvas_seeds() -> list[bytes]:
    def canvas(nodes: str, edges: str = "") -> str:
        return '{\n\t"nodes":[\n\t\t' + nodes + '\n\t],\n\t"edges":[' + edges + "]\n}"

    one = '{"id":"1","type":"text","text":"one two","x":0,"y":0,"width":250,"height":60}'
    two = '{"id":"2","type":"file","file":"a.md","x":300,"y":0,"width":250,"height":60,"color":"1"}'
    edge = '{"id":"e","fromNode":"1","toNode":"2"}'
    return [
        _case(canvas(one), canvas(one.replace('"x":0', '"x":9')), canvas(one + ",\n\t\t" + two)),
        _case(canvas(one + "," + two), canvas(one), canvas(one + "," + two, edge)),
        _case(canvas(one.replace("one", "1")), canvas(one.replace("two", "2"))),
    ]


def json_seeds() -> list[bytes]:
    return [
        _case('{"a": 1, "b": [1, 2]}', '{"a": 2, "b": [1, 2]}', '{"a": 1, "b": [1, 2, 3], "c": null}'),
        _case('{\n  "k": {"x": 1e3}\n}\n', '{\n  "k": {"x": 1.0}\n}\n', '{\n  "k": {"x": 1e3, "y": -0}\n}\n'),
        _case("[" * 300 + "]" * 300, "[" * 300 + "1" + "]" * 300, "[" * 300 + "2" + "]" * 300),
        _case('"\\ud800"', '"\\ud800 a"', '"b \\ud800"'),
    ]


def excalidraw_seeds() -> list[bytes]:
    def drawing(text: str, data: str) -> str:
        return f"---\nexcalidraw-plugin: parsed\n---\n# Text Elements\n{text}\n%%\n## Drawing\n```json\n{data}\n```\n%%"

    return [
        _case(drawing("a", '{"elements":[]}'), drawing("a b", '{"elements":[]}'), drawing("a", '{"elements":[1]}')),
        _case(drawing("a", "{}"), drawing("b", '{"x":1}'), drawing("c", '{"x":2}')),
    ]


def plain_seeds() -> list[bytes]:
    return [_case("a\nb\nc\n", "a\nB\nc\n", "a\nb\nc\nd\n"), _case("a=1\n", "a=2\n", "a=3"), _case("x\0", "y", "z")]
