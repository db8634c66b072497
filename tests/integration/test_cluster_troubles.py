"""What can't be synced is shown for as long as it is there, and no longer."""

from __future__ import annotations

import os
import shutil
import unicodedata
from pathlib import Path

import pytest

from tests.support.cluster import Cluster, Device

pytestmark = pytest.mark.skipif(os.name == "nt", reason="names and kinds of POSIX")

REFUSED = ("caf\udce9.md", "two\nlines.md", "back\\slash.md", "/".join(["deep"] * 70))
NFC, NFD = (unicodedata.normalize(form, "Café.md") for form in ("NFC", "NFD"))


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Cluster(tmp_path, 1).devices[0]


def shown(device: Device) -> set[str]:
    return set(device.replica.state.troubles)


@pytest.mark.parametrize("path", REFUSED)
def test_a_name_that_no_vault_may_hold_is_shown_until_it_is_gone(device: Device, path: str) -> None:
    (device.root / path).parent.mkdir(parents=True, exist_ok=True)
    (device.root / path).write_text("x")
    device.look([path])
    assert len(shown(device)) == 1
    device.scan()
    assert len(shown(device)) == 1
    top = device.root / path.split("/")[0]
    shutil.rmtree(top) if top.is_dir() else top.unlink()
    device.look([path])
    if "/" in path:
        device.look(["deep"])
    assert shown(device) == set()


def test_of_a_folder_that_no_vault_may_hold_nothing_more_is_shown(device: Device) -> None:
    folder = device.root / "back\\slash"
    folder.mkdir()
    (folder / "a.md").write_text("x")
    device.look(["back\\slash/a.md", "back\\slash"])
    assert shown(device) == {"back\\slash"}


def test_what_was_shown_in_a_folder_goes_with_the_folder(device: Device, tmp_path: Path) -> None:
    (device.root / "folder").mkdir()
    (device.root / "folder/link.md").symlink_to("nowhere")
    device.scan()
    assert shown(device) == {"folder/link.md"}
    os.rename(device.root / "folder", tmp_path / "aside")
    device.look(["folder"])
    assert shown(device) == set()


def test_of_twins_in_two_unicode_forms_one_is_shown_until_the_other_is_gone(device: Device) -> None:
    (device.root / "twins").mkdir()
    (device.root / "twins" / NFC).write_text("one\n")
    (device.root / "twins" / NFD).write_text("two\n")
    if len(os.listdir(device.root / "twins")) == 1:
        pytest.skip("this file system takes them for one name")
    device.scan()
    assert shown(device) == {f"twins/{NFD}"}
    (device.root / "twins" / NFC).write_text("one more\n")
    device.look([f"twins/{NFC}"])
    while device.look_at_dirty():
        pass
    assert shown(device) == {f"twins/{NFD}"}
    (device.root / "twins" / NFD).unlink()
    device.look([f"twins/{NFC}"])
    while device.look_at_dirty():
        pass
    assert shown(device) == set()
