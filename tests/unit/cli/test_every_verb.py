"""What holds for every verb: it can be scripted, and it says of itself what it does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from vaultsync.cli.main import app

PAGE = Path(__file__).parents[3] / "docs" / "cli.md"

FOR_PEOPLE = {("dashboard",)}
"""Verbs that make no sense for a program."""


def verbs(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in getattr(group, "commands", {}).items():
        yield (*path, name), command
        yield from verbs(command, (*path, name))


ALL = list(verbs(typer.main.get_command(app)))


@pytest.mark.parametrize(("path", "command"), ALL, ids=[" ".join(path) for path, _ in ALL])
def test_it_speaks_json_and_explains_itself(path: tuple[str, ...], command: Any) -> None:
    options = {option for parameter in command.params for option in parameter.opts}
    groups_alone = hasattr(command, "commands") and not command.params
    assert path in FOR_PEOPLE or groups_alone or "--json" in options, f"{' '.join(path)} cannot be scripted"
    assert command.help
    for parameter in command.params:
        hidden = getattr(parameter, "hidden", False)
        said = getattr(parameter, "help", None)
        assert hidden or said, f"{' '.join(path)}: {parameter.name} is not explained"


@pytest.mark.parametrize(("path", "command"), ALL, ids=[" ".join(path) for path, _ in ALL])
def test_its_usage_line_has_one_pair_of_brackets_and_no_broken_lines(path: tuple[str, ...], command: Any) -> None:
    with command.make_context(" ".join(path), [], resilient_parsing=True) as context:
        usage = command.get_usage(context)
        said = command.get_help(context)
    assert "[[" not in usage
    assert "…]" not in usage
    assert not {"{", "<"} & set(said), "words of a programmer"
    many = any(
        each.nargs != 1 and " " not in each.metavar for each in command.params if each.param_type_name == "argument"
    )
    assert many == ("..." in usage.replace("[ARGS]...", ""))
    # What follows the first paragraph keeps its line ends, which fit no terminal but the author's.
    assert not [part for part in command.help.split("\n\n")[1:] if "\n" in part.strip()]


def test_every_verb_is_in_the_help_with_the_whole_of_its_first_paragraph() -> None:
    command: Any = typer.main.get_command(app)
    with command.make_context("vaultsync", [], resilient_parsing=True) as context:
        said = " ".join(command.get_help(context).split())
    for path, verb in ALL:
        if len(path) == 1:
            assert f"{path[0]} {' '.join(verb.help.partition(chr(10) * 2)[0].split())}" in said


def test_every_verb_is_on_the_page() -> None:
    page = PAGE.read_text()
    missing = [
        " ".join(path) for path, _ in ALL if not re.search(rf"`{' '.join(path)}\b", page) and path not in FOR_PEOPLE
    ]
    assert missing == []
