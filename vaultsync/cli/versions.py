"""Which version of a note a person means, and how versions are shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from vaultsync.client import times, words
from vaultsync.errors import RequestError

if TYPE_CHECKING:
    from rich.table import Table

    from vaultsync.daemon.recovery import VersionInfo

At = Annotated[
    str | None, typer.Option("--at", metavar="TIME", help=f"As it stood then: {times.EXAMPLES}.", show_default=False)
]
Number = Annotated[
    str | None,
    typer.Option("--version", metavar="N", help="A version, by its number in `vaultsync history`.", show_default=False),
]

_CONTENT: Final = re.compile(r"[0-9a-f]{6,64}")
_NUMBER: Final = re.compile(r"\d{1,5}")


def as_time(text: str, option: str = "--at") -> int:
    """The time in Unix ms. A usage error if it is none."""
    try:
        return times.parse_time(text, datetime.now().astimezone())
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time. Write {times.EXAMPLES}.", param_hint=option) from None


def pick(versions: Sequence[VersionInfo], wanted: str, option: str) -> VersionInfo:
    """The version that `wanted` names: a number, the beginning of a content's name, or a time.

    `versions` are newest first. `RequestError` if there is no such version, or the note was deleted then.
    """
    path = versions[0].path
    if option == "--version" or _NUMBER.fullmatch(wanted):
        return _numbered(versions, wanted, option)
    at_ms = as_time(wanted, option)
    found = next((version for version in versions if version.at <= at_ms and version.action != "replaced"), None)
    if found is None:
        raise RequestError(
            f"“{path}” is not known from {times.moment(at_ms)}.",
            hint=f"Its oldest version here is of {times.moment(versions[-1].at)}.",
        )
    if not found.content:
        raise RequestError(f"“{path}” was not there at {times.moment(at_ms)}: it was {found.action} before.")
    return found


def newest(versions: Sequence[VersionInfo]) -> VersionInfo:
    """The newest version that has a content. `RequestError` if there is none."""
    found = next((version for version in versions if version.content and version.action != "replaced"), None)
    if found is None:
        raise RequestError(f"“{versions[0].path}” never had a content on this device.")
    return found


def _numbered(versions: Sequence[VersionInfo], wanted: str, option: str) -> VersionInfo:
    if _NUMBER.fullmatch(wanted):
        number = int(wanted)
        if not 1 <= number <= len(versions):
            raise RequestError(
                f"“{versions[0].path}” has {words.count(len(versions), 'version')}, and no number {number}."
            )
        found = versions[number - 1]
        if not found.content:
            raise RequestError(f"Version {number} is a deletion: there is nothing to show or restore.")
        return found
    if not _CONTENT.fullmatch(wanted):
        raise typer.BadParameter(f"{wanted!r} is no number of a version.", param_hint=option)
    by_content = next((version for version in versions if version.content.startswith(wanted)), None)
    if by_content is None:
        raise RequestError(f"“{versions[0].path}” has no version {wanted}.")
    return by_content


def table(versions: Sequence[VersionInfo]) -> Table:
    """Versions as a table, numbered from the newest."""
    from rich.table import Table
    from rich.text import Text

    rows = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name, justify in (("", "right"), ("when", "left"), ("on", "left"), ("what", "left"), ("size", "right")):
        rows.add_column(name, justify="right" if justify == "right" else "left", no_wrap=name in ("", "when", "size"))
    for number, version in enumerate(versions, start=1):
        what = Text(version.action)
        if version.note:
            what.append(f" ({version.note})", style="dim")
        if version.content and not version.restorable:
            what.append(" · content not here", style="dim")
        size = words.size(version.size) if version.content else ""
        rows.add_row(str(number), times.moment(version.at), Text(version.device_name), what, size)
    return rows
