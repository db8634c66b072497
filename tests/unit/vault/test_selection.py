"""Which paths a device syncs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.vault.kit import Kit
from vaultsync.errors import ConfigError
from vaultsync.model.filters import DEFAULT_CATEGORIES, Category
from vaultsync.vault.selection import Selection


def test_everything_is_selected_by_default() -> None:
    assert Selection().reason("a/b.md", is_folder=False) is None
    assert Selection().reason("a", is_folder=True) is None


def test_what_is_below_a_folder_that_is_left_out_is_left_out() -> None:
    selection = Selection("# mine\n\nprivate/\n!private/keep.md\n*.log\n!keep.log\n")
    assert selection.reason("private", is_folder=True) is not None
    assert selection.reason("private/a/b.md", is_folder=False) is not None
    assert selection.reason("private/keep.md", is_folder=False) is not None, "as in Git"
    assert selection.reason("private.md", is_folder=False) is None
    assert selection.reason("x.log", is_folder=False) == ".vaultsyncignore line 5: *.log"
    assert selection.reason("keep.log", is_folder=False) is None


@pytest.mark.parametrize("pattern", ["[]-!]x", "a[z-a]b", "[b-a]"])
def test_a_range_that_runs_backwards_is_a_mistake_that_is_named(pattern: str) -> None:
    """Any member may write this file: whatever is in it must not end anything."""
    with pytest.raises(ConfigError, match="line 2"):
        Selection(f"*.tmp\n{pattern}\n")


def test_a_bracket_in_brackets_warns_nobody() -> None:
    assert Selection("[[a]x").reason("[x", is_folder=False) is not None


def test_a_file_named_like_an_ignored_folder_is_selected() -> None:
    assert Selection("private/").reason("private", is_folder=False) is None


def test_the_ignore_file_itself_always_syncs() -> None:
    assert Selection("*").reason(".vaultsyncignore", is_folder=False) is None
    assert Selection("*").reason("a.md", is_folder=False) is not None


def test_the_never_list_can_not_be_overridden() -> None:
    assert Selection("!.git\n!.git/**").reason(".git/config", is_folder=False) is not None


def test_categories_are_told_in_words() -> None:
    selection = Selection(categories=DEFAULT_CATEGORIES - {Category.VIDEO})
    assert selection.reason("a.mp4", is_folder=False) == "videos are switched off on this device"
    assert selection.reason(".obsidian/plugins", is_folder=True) is not None
    assert selection.reason(".obsidian/plugins/x/main.js", is_folder=False) is not None
    assert selection.reason("films.other", is_folder=True) is None, "folders belong to no category"
    everything = Selection(categories=frozenset(Category))
    assert everything.reason(".obsidian/plugins/x/main.js", is_folder=False) is None


@pytest.mark.parametrize(("text", "line"), [("ok\n!\n", 2), ("a\n\n# c\nfoo\\\n", 4), ("a[\n", 1), ("/\n", 1)])
def test_a_bad_pattern_names_its_line(text: str, line: int) -> None:
    with pytest.raises(ConfigError) as caught:
        Selection(text)
    assert f"line {line} " in caught.value.message


def test_load_reads_the_vaults_file(tmp_path: Path) -> None:
    kit = Kit(tmp_path / "v")
    assert Selection.load(kit.fs).reason("a.log", is_folder=False) is None
    kit.write(".vaultsyncignore", "\ufeff*.log\r\n")
    assert Selection.load(kit.fs).reason("a.log", is_folder=False) is not None
    kit.write(".vaultsyncignore", b"\xff\xfe")
    with pytest.raises(ConfigError):
        Selection.load(kit.fs)


@pytest.mark.parametrize("ignore", ["q" * 70_000, "*a" * 7, "x\n" * 3_000], ids=["long", "stars", "many"])
def test_rules_that_would_cost_too_much_are_refused(ignore: str) -> None:
    """Other members write this file, too."""
    with pytest.raises(ConfigError, match=r"limit|more than"):
        Selection(ignore)
