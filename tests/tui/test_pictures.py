"""The command that draws the documentation's pictures still does, and every picture that is shown is drawn by it."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.tui import pictures

ROOT = Path(__file__).parents[2]


async def test_the_pictures_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "FOLDER", tmp_path)
    await pictures.main()
    drawn = {path.name for path in tmp_path.iterdir()}
    assert drawn <= {path.name for path in (ROOT / "docs" / "pictures").iterdir()}
    for path in tmp_path.iterdir():
        assert ElementTree.parse(path).getroot().tag.endswith("svg")
    shown = [
        name
        for page in (ROOT / "README.md", ROOT / "docs" / "dashboard.md")
        for name in re.findall(r"!\[[^]]+\]\([\w/]*pictures/([\w-]+\.svg)\)", page.read_text())
    ]
    assert shown
    assert set(shown) <= drawn
