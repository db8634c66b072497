"""What a full disk under the data folder says to whoever starts a node."""

from __future__ import annotations

import errno
import os

import pytest

from vaultsync.cli import main


def test_a_full_disk_is_called_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(main, "app", full)
    monkeypatch.setattr("sys.argv", ["vaultsync", "run"])
    with pytest.raises(SystemExit):
        main.main()
    said = capsys.readouterr().err
    assert said.startswith("The disk is full. There is no room left to write.")
    assert "Free some space, then try again." in said
