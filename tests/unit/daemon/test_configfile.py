"""Changing a setting in a file that a person wrote."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from vaultsync.daemon.configfile import changed_text
from vaultsync.errors import ConfigError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_what_a_person_wrote_around_it_stays(file: Path) -> None:
    file.write_text("# my laptop\nname = 'old'  # not the desktop\n\nmdns = true\n")
    assert changed_text(file, {"name": "new “one”", "mdns": False}) == (
        '# my laptop\nname = "new “one”"  # not the desktop\n\nmdns = false\n'
    )


@pytest.mark.parametrize(
    "text",
    ['"name" = "a"\n', 'name = """\na\nmdns = 5\n"""\n', "'name' = '''x'''", "mdns = true\n[more]\nname = 'x'\n", ""],
)
def test_however_it_is_written_the_outcome_says_what_was_asked(file: Path, text: str) -> None:
    file.write_text(text)
    changed = tomllib.loads(changed_text(file, {"name": "n", "listen_port": 7}))
    assert changed == {**tomllib.loads(text), "name": "n", "listen_port": 7}


@pytest.mark.parametrize("text", ["name = \n", "x = " + "[" * 5_000, "name.first = 1\nname = 3\n"])
def test_what_cannot_be_read_is_left_alone(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"config\.toml"):
        changed_text(file, {"name": "n"})


@pytest.mark.parametrize("value", ["two\nlines", None, 1.5, ["a"]])
def test_a_value_that_is_none(file: Path, value: object) -> None:
    with pytest.raises(ConfigError, match="`name`"):
        changed_text(file, {"name": value})
