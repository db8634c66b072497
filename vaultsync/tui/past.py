"""How history looks: notes, versions, deletions, plans and differences as items and text. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from textual.content import Content

from vaultsync.client import words
from vaultsync.client.values import RestoreInfo, VersionInfo
from vaultsync.tui.diffing import Line
from vaultsync.tui.tone import Tone
from vaultsync.tui.widgets.clock import date_time, version_time
from vaultsync.tui.widgets.items import Item


class Mode(StrEnum):
    """What the list of notes holds."""

    NOTES = "notes"
    DELETED = "deleted"
    THEN = "then"


_TONES: Final = {"deleted": Tone.BAD, "merged": Tone.BUSY, "conflict": Tone.BUSY, "restored": Tone.GOOD}


def note_items(paths: Sequence[str]) -> list[Item]:
    """Notes by path: the name first, since that is what people know."""
    return [Item(path, _path(path)) for path in paths]


def deleted_items(versions: Sequence[VersionInfo], now_ms: int) -> list[Item]:
    """Deleted notes: which, when, by whom."""
    return [
        Item(
            version.path,
            Content("\n").join(
                [
                    _path(version.path),
                    Content.styled(f"  {words.ago(version.at, now_ms)}, on {version.device_name}", Tone.DIM),
                ]
            ),
        )
        for version in versions
    ]


def plan_items(plan: RestoreInfo) -> list[Item]:
    """What bringing a vault to a time would change, by path; the sign tells how."""
    signed = [
        *((v.path, "+", "comes back", Tone.GOOD) for v in plan.bring_back),
        *((v.path, "~", "changes back", Tone.BUSY) for v in plan.change_back),
        *((path, "-", "is removed", Tone.BAD) for path in plan.remove),
        *((v.path, "!", "is no longer held", Tone.DIM) for v in plan.lost),
    ]
    return [
        Item(path, Content.assemble((f"{sign} ", f"bold {tone}"), path, (f"  {what}", Tone.DIM)))
        for path, sign, what, tone in sorted(signed)
    ]


def plan_title(plan: RestoreInfo) -> str:
    """The same in sum."""
    changes = f"+{len(plan.bring_back)} ~{len(plan.change_back)} -{len(plan.remove)}"
    where = f"{plan.folder}, as of" if plan.folder else "As of"
    return f"{where} {date_time(plan.at)}  {changes}"


def plan_text(plan: RestoreInfo) -> Content:
    """What to do about it."""
    if not (plan.bring_back or plan.change_back or plan.remove):
        lost = f" {words.count(len(plan.lost), 'file')} of then cannot be had any more." if plan.lost else ""
        return Content(f"Nothing has changed since {date_time(plan.at)}.{lost}")
    if plan.folder:
        return Content.assemble(
            "Press ",
            ("r", "bold"),
            f" to bring the folder {plan.folder} to that, or ",
            ("f", "bold"),
            " to look at the whole vault again.",
        )
    return Content.assemble(
        "Press ",
        ("r", "bold"),
        " to bring the whole vault to that, or ",
        ("f", "bold"),
        " to look at the folder of the highlighted note only.",
    )


def one_question(version: VersionInfo) -> str:
    """What restoring one version means."""
    return (
        f"{version.path} becomes what it was at {date_time(version.at)} ({words.size(version.size)}). That is an "
        "ordinary edit: it reaches every device, and what stands there now stays in history."
    )


def all_question(vault: str, plan: RestoreInfo) -> str:
    """What bringing a vault, or a folder of it, to a time means."""
    what = f"The folder {plan.folder} of {vault}" if plan.folder else vault
    return (
        f"{what} becomes what it was at {date_time(plan.at)}: {words.count(len(plan.bring_back), 'file')} come back, "
        f"{len(plan.change_back)} change back, {len(plan.remove)} are removed. It reaches every device, and all that "
        "is there now stays in history."
    )


def version_items(versions: Sequence[VersionInfo], now_ms: int) -> list[Item]:
    """Versions, newest first; the key is the place."""
    return [Item(str(place), _version(version, now_ms)) for place, version in enumerate(versions)]


def difference_content(lines: Sequence[Line]) -> Content:
    """A difference with its signs in front."""
    return Content("\n").join(Content.assemble((f"{line.sign} {line.text}", line.tone)) for line in lines)


def _version(version: VersionInfo, now_ms: int) -> Content:
    held = "" if version.restorable or not version.content else " · not held any more"
    size = f" · {words.size(version.size)}" if version.content else ""
    note = f" · {version.note}" if version.note else ""
    return Content.assemble(
        version_time(version.at, now_ms),
        "  ",
        (f"{version.action:<9}", _TONES.get(version.action, Tone.PLAIN)),
        (f" {version.device_name}{size}{held}{note}", Tone.DIM),
    )


def _path(path: str) -> Content:
    folder, _, name = path.rpartition("/")
    return Content.assemble((name, "bold"), (f"  {folder}" if folder else "", Tone.DIM))
