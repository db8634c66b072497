"""What holds for every kind of file, and where merging gives up."""

from __future__ import annotations

import pytest

from vaultsync.merge import Clash, Merged, is_mergeable, merge_contents
from vaultsync.merge.kinds import MAX_MERGED_BYTES

PATHS = ["n.md", "n.txt", "n.json", "n.canvas", "n.yaml", "n.excalidraw.md"]


@pytest.mark.parametrize("path", [*PATHS, "n.png"])
def test_a_side_that_did_not_change_yields_byte_for_byte(path: str) -> None:
    base, changed = b"\xff\x00 old", b"\xfe new"
    assert merge_contents(path, base, base, changed) == Merged(changed)
    assert merge_contents(path, base, changed, base) == Merged(changed)
    assert merge_contents(path, base, changed, changed) == Merged(changed)
    assert merge_contents(path, None, changed, changed) == Merged(changed)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("bad", [b"\xff\xfe", b"a\0b", b"\xed\xa0\x80"])
def test_what_is_not_text_clashes(path: str, bad: bytes) -> None:
    for sides in ((b"{}", bad), (bad, b"{}")):
        assert isinstance(merge_contents(path, b"1", *sides), Clash)
    assert isinstance(merge_contents(path, bad, b"{}", b"[]"), Clash)


@pytest.mark.parametrize("large", [0, 1, 2])
def test_too_large_clashes(large: int) -> None:
    texts = [b"a\n", b"a\nb\n", b"c\na\n"]
    texts[large] = b"x" * (MAX_MERGED_BYTES + 1)
    assert merge_contents("n.md", texts[0], texts[1], texts[2]) == Clash("It is too large to merge.")


def test_the_reasons_that_a_content_gives() -> None:
    assert merge_contents("n.png", b"1", b"2", b"3") == Clash("Files of this kind can't be merged.")
    assert merge_contents("n.md", b"1", b"2", b"\xff") == Clash("One of the versions isn't UTF-8 text.")
    assert merge_contents("n.md", b"1", b"2", b"\0") == Clash("One of the versions holds binary data.")


@pytest.mark.parametrize(
    ("path", "size", "expected"),
    [
        ("n.md", 10, True),
        ("a.b/N.MD", 10, True),
        ("x.excalidraw.md", 10, True),
        ("x.canvas", 10, True),
        ("x.base", 10, True),
        ("x.md", MAX_MERGED_BYTES, True),
        ("x.md", MAX_MERGED_BYTES + 1, False),
        ("x.png", 10, False),
        ("v1.2 of it.md", 10, True),
        ("it.md.png", 10, False),
        ("todo", 10, True),
        ("a.png/todo", 10, True),
        (".bashrc", 10, True),
        ("a.b/.canvas", 10, True),
        (".a.png", 10, False),
        ("a.md/b.exe", 10, False),
    ],
)
def test_what_merges(path: str, size: int, expected: bool) -> None:
    assert is_mergeable(path, size) is expected


def test_notes_say_what_was_decided() -> None:
    both = merge_contents("n.md", b"meet at 10\n", b"meet at 11\n", b"meet at 12\n")
    assert isinstance(both, Merged)
    assert both.notes == ("Both wordings of what was changed on both sides were kept.",)
    quiet = merge_contents("n.md", b"a b\nc d\n", b"a b x\nc d\n", b"a b\nc d y\n")
    assert isinstance(quiet, Merged)
    assert quiet.notes == ()
    stamps = merge_contents("n.md", *(f"---\nupdated: 2026-01-0{day}\n---\nbody\n".encode() for day in (1, 2, 3)))
    assert isinstance(stamps, Merged)
    assert stamps.notes == ("Of two dates that editors write by themselves, the one that holds was taken.",)


@pytest.mark.parametrize(
    ("path", "base", "a", "b", "note"),
    [
        (
            ".obsidian/app.json",
            '{"size":1}',
            '{"size":2}',
            '{"size":3}',
            "Where both sides changed one setting, one of the two values was taken.",
        ),
        (
            "c.canvas",
            '{"nodes":[{"id":"a","x":1}]}',
            '{"nodes":[{"id":"a","x":2}]}',
            '{"nodes":[{"id":"a","x":3}]}',
            "Where both sides moved or coloured one card, one of the two places or colours was taken.",
        ),
        (
            "c.canvas",
            '{"nodes":[{"id":"a"}],"edges":[]}',
            '{"nodes":[],"edges":[]}',
            '{"nodes":[{"id":"a"}],"edges":[{"id":"e","fromNode":"a"}]}',
            "A card that one side deleted and the other connected was kept.",
        ),
    ],
)
def test_notes_say_what_was_decided_in_json(path: str, base: str, a: str, b: str, note: str) -> None:
    result = merge_contents(path, base.encode(), a.encode(), b.encode())
    assert isinstance(result, Merged)
    assert result.notes == (note,)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("[" * 20_000 + "]" * 20_000, "[1]"),
        ('{"a": NaN}', '{"a": 1}'),
        ('{"a": "\\ud800"}', '{"b": "é"}'),
        ("", '{"a": 1}'),
    ],
)
def test_hostile_json_clashes_or_merges_and_never_raises(a: str, b: str) -> None:
    result = merge_contents("x.json", b"{}", a.encode(), b.encode())
    assert isinstance(result, Clash | Merged)


@pytest.mark.parametrize(
    "front",
    [
        "a: &x [1]\nb: *x",
        "a: [" * 2000,
        "a: !!python/object:os.system x",
        "? x\n: y",
        "a: 2026-99-99",
        "a: 1\na: 2",
        "- a\n- b",
        "just words",
        "\tx: 1",
    ],
)
def test_odd_front_matter_merges_as_text(front: str) -> None:
    base = f"---\n{front}\n---\nbody one\n"
    result = merge_contents(
        "n.md",
        base.encode(),
        base.replace("body", "long body").encode(),
        base.replace("one", "one and two").encode(),
    )
    assert isinstance(result, Merged)
    assert result.content.decode() == f"---\n{front}\n---\nlong body one and two\n"


def properties(text: str) -> bytes:
    return f"---\n{text}---\nbody\n".encode()


def test_a_remark_above_a_list_that_the_other_side_changed_stays() -> None:
    merged = merge_contents(
        "n.md",
        properties("aliases:\n  - a\n"),
        properties("aliases:\n  - a\n  - b\n"),
        properties("# mine\naliases:\n  - a\n  - c\n"),
    )
    assert isinstance(merged, Merged)
    assert sorted(merged.content.decode().split("\n")[1:6]) == ["  - a", "  - b", "  - c", "# mine", "aliases:"]


def test_remarks_of_both_sides_at_one_key_and_at_the_end_stay() -> None:
    merged = merge_contents(
        "n.md",
        properties("key: 1\n# end\n"),
        properties("# first remark\nkey: 1\n# end\n# first end\n"),
        properties("# other thought\nkey: 1\n# end\n# last words\n"),
    )
    assert isinstance(merged, Merged)
    for words in ("first remark", "other thought", "first end", "last words"):
        assert words in merged.content.decode()


def test_a_remark_beside_a_value_that_the_other_side_changed_is_not_lost() -> None:
    base, a, b = properties("key: 1\n"), properties("key: 1  # why\n"), properties("key: 2\n")
    result = merge_contents("n.md", base, a, b)
    assert isinstance(result, Clash) or (b"why" in result.content and b"2" in result.content)


@pytest.mark.parametrize("opening", ["[", "{a: ", "[[x]: "])
def test_brackets_in_one_another_without_end_are_not_parsed(opening: str) -> None:
    """The YAML parser takes the square of their number in time: these would take minutes."""
    deep = properties(f"key: {opening * 15_000}\n")
    assert isinstance(merge_contents("n.md", deep, deep + b"a\n", b"b\n" + deep), Merged | Clash)


def test_values_in_one_another_without_end_clash() -> None:
    deep = ["[" * 300 + text + "]" * 300 for text in ("", "1", "2")]
    result = merge_contents("n.json", *(text.encode() for text in deep))
    assert result == Clash("It is nested too deeply to merge.")
    shallow = ["[" * 90 + text + "]" * 90 for text in ("", "1", "2")]
    assert isinstance(merge_contents("n.json", *(text.encode() for text in shallow)), Merged)
