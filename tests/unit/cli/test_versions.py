"""Which version a person means."""

from __future__ import annotations

import pytest
import typer

from vaultsync.cli.versions import newest, pick, table
from vaultsync.client import times
from vaultsync.daemon.recovery import VersionInfo
from vaultsync.errors import RequestError

START_MS = 1_790_000_000_000
HOUR_MS = 3_600_000


def version(hours: int, content: str, action: str = "edited", *, restorable: bool = True) -> VersionInfo:
    at = START_MS + hours * HOUR_MS
    return VersionInfo("note.md", content * 32, 10, at, at, "d", "Laptop", action, "", restorable and bool(content))


VERSIONS = [
    version(5, "", "deleted"),
    version(4, "dd", "merged"),
    version(3, "cc", "replaced"),
    version(2, "bb"),
    version(1, "aa", "created", restorable=False),
]


@pytest.mark.parametrize(
    ("wanted", "option", "expected"),
    [
        ("2", "--version", 1),
        ("5", "--version", 4),
        ("bbbbbb", "--version", 3),
        ("2", "--at", 1),
        (times.moment(START_MS + 4 * HOUR_MS), "--at", 1),
        (times.moment(START_MS + 3 * HOUR_MS), "--at", 3),
        (times.moment(START_MS + 1 * HOUR_MS), "--to", 4),
    ],
)
def test_a_number_a_content_or_a_time(wanted: str, option: str, expected: int) -> None:
    assert pick(VERSIONS, wanted, option) is VERSIONS[expected]


@pytest.mark.parametrize(
    ("wanted", "option", "told"),
    [
        ("1", "--version", "is a deletion"),
        ("6", "--version", "no number 6"),
        ("0", "--version", "no number 0"),
        ("ffffff", "--version", "no version ffffff"),
        (times.moment(START_MS + 6 * HOUR_MS), "--at", "was not there"),
        (times.moment(START_MS), "--at", "is not known from"),
    ],
)
def test_what_there_is_not(wanted: str, option: str, told: str) -> None:
    with pytest.raises(RequestError) as caught:
        pick(VERSIONS, wanted, option)
    assert told in caught.value.message


@pytest.mark.parametrize(("wanted", "option"), [("soon", "--at"), ("soon", "--version")])
def test_what_is_neither(wanted: str, option: str) -> None:
    with pytest.raises(typer.BadParameter):
        pick(VERSIONS, wanted, option)


def test_the_newest_content_is_not_that_of_the_other_device() -> None:
    assert newest(VERSIONS) is VERSIONS[1]
    assert newest(VERSIONS[2:]) is VERSIONS[3]
    with pytest.raises(RequestError):
        newest(VERSIONS[:1])


def test_the_table_numbers_from_the_newest() -> None:
    assert table(VERSIONS).row_count == 5
