"""What is shown, one after the other. Every time is measured from outside: on the two folders."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vaultsync.cli.demonstration.device import DemoError, Device, until, until_told
from vaultsync.cli.demonstration.samples import SHARED_NOTE, write_laptop, write_phone
from vaultsync.client import words
from vaultsync.client.client import NodeClient
from vaultsync.daemon.events import PeerPaired
from vaultsync.daemon.status import Status


@dataclass(frozen=True, slots=True)
class Step:
    """Something that has been shown."""

    name: str
    """Stable, for machines."""
    text: str
    ms: float | None = None
    """How long it took to be on the other device."""
    details: tuple[str, ...] = ()


async def perform(base: Path) -> AsyncGenerator[Step, None]:
    """The whole demonstration, in `base`, an empty folder. `DemoError` if anything does not end as it should."""
    laptop, phone = Device("Laptop", base), Device("Phone", base)
    write_laptop(laptop.root)
    write_phone(phone.root)
    async with laptop.start("run", str(laptop.root)) as one:
        status = await one.status()
        files = sum(content is not None for content in laptop.tree().values())
        yield Step("laptop", f"Laptop  node {status.node.id[:10]}, {words.count(files, 'file')}: notes and a picture")
        ticket = await one.make_ticket(laptop.root, minutes=2)
        began = time.perf_counter()
        async with phone.start("join", ticket.ticket, str(phone.root), "--yes") as other:
            status = await other.status()
            yield Step("phone", f"Phone   node {status.node.id[:10]}, 1 note of its own, joins with a one-time ticket")
            await until("both have the same notes", lambda: laptop.tree() == phone.tree())
            total = words.count(sum(content is not None for content in laptop.tree().values()), "file")
            took_ms = (time.perf_counter() - began) * 1000
            six = await _six_words(one, other)
            yield Step("first_sync", f"Phone started, paired, and has all {total}", took_ms, (f"six words: {six}",))
            for step in (_edit, _rename, _delete):
                yield await step(laptop, phone)
            yield await _apart(laptop, phone, one, other)
            yield await _proof(laptop, phone, one, other)


async def _six_words(one: NodeClient, other: NodeClient) -> str:
    """The words that both screens show for whoever wants to compare them."""
    shown = set()
    for client in (one, other):
        async with aclosing(client.events(after=0)) as events:
            async for _, event in events:
                if isinstance(event, PeerPaired):
                    shown.add(" ".join(event.words))
                    break
    if len(shown) != 1:
        raise DemoError("The two devices show different words.")
    return shown.pop()


async def _edit(laptop: Device, phone: Device) -> Step:
    line = "- a telescope on the roof\n"
    laptop.edit("Ideas.md", lambda text: text + line)
    took = await until("the edit is on Phone", lambda: line in (phone.text("Ideas.md") or ""))
    return Step("edit", "an edit on Laptop is on Phone", took)


async def _rename(laptop: Device, phone: Device) -> Step:
    old, new = "Daily/2026-11-20.md", "Daily/A rainy Friday ☔.md"
    (phone.root / old).rename(phone.root / new)
    took = await until("the rename is on Laptop", lambda: laptop.text(new) is not None and laptop.text(old) is None)
    return Step("rename", "a rename on Phone is on Laptop", took)


async def _delete(laptop: Device, phone: Device) -> Step:
    (laptop.root / "Old draft.md").unlink()
    took = await until("the deletion is on Phone", lambda: phone.text("Old draft.md") is None)
    return Step("delete", "a delete on Laptop is on Phone", took)


async def _apart(laptop: Device, phone: Device, one: NodeClient, other: NodeClient) -> Step:
    """Both edit one note while they are not connected."""
    [peer] = await one.peers()
    await one.disconnect_peer(peer.id)
    for client in (one, other):
        await until_told("the devices are apart", partial(_is_apart, client))
    before = [(await client.status()).vaults[0].sequence for client in (one, other)]
    laptop.edit(SHARED_NOTE, lambda text: text.replace("- bread\n", "- bread, the dark one\n"))
    phone.edit(SHARED_NOTE, lambda text: text + "- soap\n")
    for client, sequence in zip((one, other), before, strict=True):
        await until_told("both have seen their own edit", partial(_has_moved, client, sequence))
    await one.connect_to_peer(peer.id)
    wanted = ("- bread, the dark one\n", "- soap\n")
    took = await until(
        "both edits are on both",
        lambda: all(line in (device.text(SHARED_NOTE) or "") for line in wanted for device in (laptop, phone)),
    )
    details = ("- bread, the dark one   from Laptop", "- soap                  from Phone")
    return Step("concurrent_edit", f"both edited {SHARED_NOTE} while apart; both edits are kept", took, details)


async def _proof(laptop: Device, phone: Device, one: NodeClient, other: NodeClient) -> Step:
    """Equal trees, and digests that both nodes have compared themselves."""

    async def proven() -> bool:
        return _in_sync(await one.status()) and _in_sync(await other.status())

    await until_told("both nodes have proven that they are in sync", proven)
    digests = {(await client.status()).vaults[0].digest for client in (one, other)}
    tree = laptop.tree()
    if tree != phone.tree() or len(digests) != 1:
        raise DemoError(
            "The two folders differ.", hint=f"The logs end with: {laptop.last_words()} {phone.last_words()}"
        )
    digest = words.short_digest(digests.pop())
    return Step("proof", "proof: both folders are equal, byte for byte", details=(f"both indexes: {digest}",))


async def _is_apart(client: NodeClient) -> bool:
    return all(peer.state == "disconnected" for peer in await client.peers())


async def _has_moved(client: NodeClient, sequence: int) -> bool:
    return (await client.status()).vaults[0].sequence > sequence


def _in_sync(status: Status) -> bool:
    return all(shared.in_sync for peer in status.peers for shared in peer.vaults)
