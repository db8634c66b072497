"""What the verbs about devices print, and which device they understand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.cli.kit import NOW_MS, PEER, VAULT, peer, printer, status, vault
from vaultsync.cli import merging
from vaultsync.cli import peers as peers_verb
from vaultsync.cli import requests as requests_verb
from vaultsync.cli import status as status_verb
from vaultsync.cli.which import choose
from vaultsync.daemon.answers import AttemptInfo, OpenJoinInfo, RequestInfo
from vaultsync.daemon.status import PeerInfo, RefusedInfo
from vaultsync.errors import RequestError

OTHER = replace(peer("Tablet"), id="pppppq" + "x" * 46)


def named(text: str, *known: PeerInfo) -> PeerInfo:
    return choose(text, known, lambda one: one.name, lambda one: one.id, "vaultsync peers")


def test_a_device_is_named_by_name_or_by_enough_of_its_id() -> None:
    assert named("phone", peer(), OTHER) == peer()
    assert named("pppppq", peer(), OTHER) == OTHER
    assert named(PEER, peer(), OTHER) == peer()


@pytest.mark.parametrize("text", ["", "p", "ppppp", "Laptop", "pppppr"])
def test_what_names_no_device_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match="No device"):
        named(text, peer(), OTHER)


def test_what_may_be_two_devices_is_refused() -> None:
    with pytest.raises(RequestError, match="more than one device: pppppppppp, pppppqxxxx"):
        named("Phone", peer(), replace(OTHER, name="phone"))


def test_attempts_are_a_table_with_reasons() -> None:
    out, printed = printer(160)
    attempts = [
        AttemptInfo(NOW_MS, PEER, "Phone", "192.0.2.7:4444", "connected", ""),
        AttemptInfo(NOW_MS - 9, PEER, "", "[2001:db8::1]:4444", "no answer", "Nothing answers there."),
    ]
    peers_verb.show_attempts(attempts, out)
    first, second, third = printed.getvalue().splitlines()
    assert all(word in first for word in ("when", "device", "address", "how it went"))
    assert "Phone" in second
    assert second.rstrip().endswith("connected")
    assert "pppppppppp" in third
    assert third.rstrip().endswith("[2001:db8::1]:4444  no answer: Nothing answers there.")


def test_requests_show_what_is_proven() -> None:
    out, printed = printer(100)
    request = RequestInfo(VAULT, "notes", PEER, "Phone", "phone.local", "192.0.2.7:4444", NOW_MS - 60_000)
    requests_verb.show([request], out, NOW_MS)
    assert "Phone (phone.local)  pppppppppp" in printed.getvalue()
    assert "asks to join “notes”, from 192.0.2.7:4444, 60 seconds ago" in printed.getvalue()
    assert "compare the id" in printed.getvalue()


def test_status_shows_what_an_observer_keeps_and_what_was_not_taken() -> None:
    paths = tuple(f"{number}.md" for number in range(7))
    refused = RefusedInfo(PEER, "Phone", 2, ("x.md", "y.md"), NOW_MS)
    out, printed = printer(120)
    status_verb.show(status(replace(vault(), withheld_count=7, withheld=paths, refused=(refused,))), out, NOW_MS)
    assert "! This device only receives: 7 notes changed here, kept here" in printed.getvalue()
    assert "4.md" in printed.getvalue()
    assert "5.md" not in printed.getvalue()
    assert "and 2 more" in printed.getvalue()
    assert "! 2 changes of Phone not taken: it only receives (x.md, y.md)" in printed.getvalue()


def test_a_preview_names_a_few_of_each_kind() -> None:
    here = tuple(f"here {number}.md" for number in range(9))
    found = OpenJoinInfo("1", "notes", "Phone", "/n", ("a", "b"), 1200, 9, 0, 1, here, (), ("both.md",))
    out, printed = printer(120)
    merging.show(found, out)
    text = printed.getvalue()
    assert "Joining notes of Phone with /n brings together:" in text
    assert "  1,200 the same on both\n" in text
    assert "      9 only here: they go to the others\n" in text
    assert "here 4.md" in text
    assert "here 5.md" not in text
    assert "and 4 more files" in text
    assert "      0 only there\n" in text
    assert "both.md" in text
