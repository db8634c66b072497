"""What `status`, `peers` and `ticket` print."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.cli.kit import NOW_MS, VAULT, peer, printer, status, vault
from vaultsync.cli import peers as peers_verb
from vaultsync.cli import status as status_verb
from vaultsync.cli import ticket as ticket_verb
from vaultsync.daemon.answers import NewTicket, TicketInfo
from vaultsync.daemon.status import MDNS_OFF, Status, Trouble


def shown(found: Status, width: int = 80) -> str:
    out, printed = printer(width)
    status_verb.show(found, out, NOW_MS)
    return printed.getvalue()


def test_a_synced_vault_shows_its_proof_and_its_digest() -> None:
    text = shown(status(vault(), peers=(peer(),)))
    assert "Laptop  nnnnnnnnnn  vaultsync 0.1.0, process 4711, running for 60 minutes" in text
    assert "in sync with Phone" in text
    assert "1,234 files, 12 folders, 3.4 MB; digest ab12 ab12 ab12" in text
    assert "in sync, proven just now" in text


def test_a_clock_that_was_put_back_makes_no_time_below_zero() -> None:
    found = status(vault())
    early = replace(found, node=replace(found.node, started=NOW_MS + 86_400_000))
    assert "running for 0 seconds" in shown(early)


def test_it_fits_into_80_columns() -> None:
    long = peer("A very long name for a telephone indeed", state="disconnected", reason="Nothing answers there.")
    text = shown(status(vault(), peers=(peer(), long)))
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80


def test_a_device_that_is_away_says_why_and_since_when() -> None:
    text = shown(status(vault(), peers=(peer(state="disconnected", reason="No answer.", in_sync=False),)), 120)
    assert "not connected: No answer. (last seen 2 hours ago)" in text


def test_a_lonely_vault_says_what_to_type() -> None:
    lonely = replace(vault(), root="/home/me/my notes")
    assert "vaultsync ticket '/home/me/my notes'" in shown(status(lonely))


def test_no_vault_says_what_to_type() -> None:
    assert "`vaultsync run FOLDER`" in shown(status())


def test_a_vault_that_is_gone_says_why() -> None:
    text = shown(status(vault(state="offline", reason="The disk is out.", digest="")))
    assert "offline: The disk is out." in text
    assert "digest" not in text


def test_what_is_wrong_with_this_device_is_told_once() -> None:
    full, quiet = "There is no room left to write to node.db. Free some space.", "It is not permitted."
    found = status(replace(vault(), notices=(full,)))
    node = replace(found.node, database_problem=full, mdns_problem=quiet)
    assert shown(replace(found, node=node), 200).count(full) == 1
    text = shown(replace(found, vaults=(), node=node), 200)
    assert f"! {full}" in text
    assert f"! {quiet} Known addresses are dialed all the same." in text
    assert "Known addresses" not in shown(replace(found, node=replace(node, mdns_problem=MDNS_OFF)), 200)


def test_troubles_are_listed_up_to_a_few() -> None:
    troubled = replace(
        vault(), trouble_count=9, troubles=tuple(Trouble(f"[{n}].md", "no such name here") for n in range(9))
    )
    text = shown(status(troubled))
    assert "! [0].md: no such name here" in text
    assert "! and 4 more paths" in text


def test_peers_are_listed_with_address_and_vaults() -> None:
    out, printed = printer()
    peers_verb.show([peer()], out, NOW_MS)
    text = printed.getvalue()
    assert "Phone (phone.local)  pppppppppp" in text
    assert "connected at 192.0.2.7:4444, 3 ms" in text
    assert "vaults: notes; last sync: 2 hours ago" in text


def test_a_ticket_comes_as_one_unbroken_line() -> None:
    made = NewTicket("vault1" + "a" * 200, VAULT, "My notes", "/n", "observer", False, NOW_MS)
    out, printed = printer()
    ticket_verb.show(made, out, 10)
    assert f"vaultsync join {made.ticket} ~/My-notes\n" in printed.getvalue()
    assert "good for 10 minutes, for one device, which only receives." in printed.getvalue()


def test_open_tickets_are_listed() -> None:
    out, printed = printer()
    ticket_verb.show_list([TicketInfo(7, VAULT, "notes", "member", True, 0, NOW_MS + 300_000, 2)], out, NOW_MS)
    assert "7  notes  (member, reusable; used by 2 devices; 5 minutes left)" in printed.getvalue()
