"""What a step of a plan does on the disk."""

from __future__ import annotations

from typing import assert_never

from vaultsync.daemon.replica.state import on_disk
from vaultsync.model.records import FileRecord, Signature
from vaultsync.sync.planner import Do, Step
from vaultsync.vault import actions as disk
from vaultsync.vault.staging import Staged


def actions_of(step: Step, staged: dict[str, Staged], respelled: dict[str, str]) -> list[disk.Action]:
    """The actions of one step; `staged` contents and `respelled` folders are by path."""
    record, entry = step.target.record, step.target.entry
    path = record.path
    expected = entry.signature if entry is not None and on_disk(entry) else None
    match step.do:
        case Do.NOTHING:
            return []
        case Do.CLEAR_FILE:
            assert expected is not None
            return [disk.RemoveFile(path, expected), disk.MakeFolder(path)]
        case Do.MAKE_FOLDER:
            return [disk.MakeFolder(path, respelled.get(path, ""))]
        case Do.MOVE_FILE:
            assert step.source is not None
            assert step.source.entry is not None
            assert step.source.entry.signature is not None
            return [disk.MoveFile(step.source.record.path, path, step.source.entry.signature)]
        case Do.SET_MODE:
            assert expected is not None
            return [disk.SetExecutable(path, record.executable, expected)]
        case Do.REMOVE_FILE:
            assert expected is not None
            return [disk.RemoveFile(path, expected)]
        case Do.REMOVE_FOLDER:
            return [disk.RemoveFolder(path)]
        case Do.WRITE_FILE:
            return [_write(record, expected, staged[path])]
        case Do.REPLACE_FOLDER:
            return [disk.RemoveFolder(path), _write(record, None, staged[path])]
        case _:
            assert_never(step.do)


def _write(record: FileRecord, expected: Signature | None, staged: Staged) -> disk.Action:
    return disk.WriteFile(record.path, record.hash, record.size, record.mtime_ns, record.executable, expected, staged)
