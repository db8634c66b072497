"""Settings as rows: what each is called, what it is now, what it means, and how an answer changes it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from vaultsync.client import words
from vaultsync.client.typed import byte_count, whole_number
from vaultsync.client.values import DeviceConfig, IdentityInfo, IgnoreRules, VaultOptions


class Where(StrEnum):
    """Whose setting it is."""

    DEVICE = "device"
    VAULT = "vault"


class Deed(StrEnum):
    """What Enter does where there is no value to give."""

    ROTATE = "rotate"
    RULES = "rules"
    LEAVE = "leave"
    FORGET = "forget"


@dataclass(frozen=True, slots=True)
class Row:
    """One setting."""

    key: str
    where: Where
    title: str
    value: str
    """In words."""
    help: str
    """What it means, in a sentence or two."""
    switch: Mapping[str, object] | None = None
    """The change that Enter makes, if there are but two values."""
    ask: str = ""
    """What to ask for otherwise."""
    present: str = ""
    """What the answer begins with."""
    change: Callable[[str], Mapping[str, object]] | None = None
    """From an answer to the change that it makes; `ValueError` says in words why it makes none."""
    on: bool | None = None
    """For switches: whether it is on."""
    deed: Deed | None = None
    at_once: bool = True
    """Whether a change holds at once, and not from the node's next start on."""


def device_rows(config: DeviceConfig, identity: IdentityInfo | None = None) -> list[Row]:
    """This device's own settings."""
    port = str(config.listen_port) if config.listen_port else "any free one, then kept"
    rows = [
        Row(
            "name",
            Where.DEVICE,
            "Name",
            config.name,
            "What other devices call this one, unless somebody has given it another name there.",
            ask="What other devices call this one",
            present=config.name,
            change=lambda answer: {"name": answer},
            at_once=False,
        ),
        Row(
            "listen_host",
            Where.DEVICE,
            "Listen address",
            config.listen_host or "all",
            "The address at which other devices reach this one. “all” is almost always right.",
            ask="An IP address of this device, or: all",
            present=config.listen_host or "all",
            change=lambda answer: {"listen_host": "" if answer == "all" else answer},
            at_once=False,
        ),
        Row(
            "listen_port",
            Where.DEVICE,
            "UDP port",
            port,
            "Set it if a firewall or a router has to let this port through. 0: any free one.",
            ask="A number from 0 to 65535",
            present=str(config.listen_port),
            change=lambda answer: {"listen_port": whole_number(answer, 65_535)},
            at_once=False,
        ),
        Row(
            "mdns",
            Where.DEVICE,
            "Find devices nearby",
            _on_off(config.mdns),
            "Devices on the same local network find each other by multicast DNS, which tells only node id and port.",
            switch={"mdns": not config.mdns},
            on=config.mdns,
            at_once=False,
        ),
        _limit_row("upload_limit_kb_s", "Send at most", config.upload_limit_kb_s),
        _limit_row("download_limit_kb_s", "Receive at most", config.download_limit_kb_s),
    ]
    if identity is not None:
        coming = f", next: {identity.next[:10]}" if identity.next else ""
        rows.append(
            Row(
                "key",
                Where.DEVICE,
                "Key",
                f"{identity.id[:10]}{coming}",
                "What other devices know this one by. Enter replaces it with a new one: do that if somebody may have "
                "got hold of it. The other devices follow by themselves.",
                deed=Deed.ROTATE,
                at_once=False,
            )
        )
    return rows


def _limit_row(key: str, title: str, limit_kb_s: int) -> Row:
    return Row(
        key,
        Where.DEVICE,
        title,
        f"{words.size(limit_kb_s * 1000)}/s" if limit_kb_s else "no limit",
        "To and from all other devices together.",
        ask="A size per second, such as 500 KB or 2 MB; 0: no limit",
        present=words.size(limit_kb_s * 1000) if limit_kb_s else "0",
        change=lambda answer: {key: -(-byte_count(answer.removesuffix("/s")) // 1000)},
    )


def vault_rows(options: VaultOptions, rules: IgnoreRules | None = None, *, shared: bool) -> list[Row]:
    """One vault's settings on this device."""
    merges, asks = options.clashes == "merge", options.strangers == "ask"
    rows = [
        Row(
            "sync",
            Where.VAULT,
            "Sync",
            _on_off(options.sync),
            "Off: this device sends and takes nothing until it is on again. What changes meanwhile is kept in history, "
            "and syncs then.",
            switch={"sync": not options.sync},
            on=options.sync,
        ),
        Row(
            "clashes",
            Where.VAULT,
            "Edited on two devices at once",
            "merge into one note" if merges else "keep a conflict copy",
            "Merging keeps every line that either side added. What cannot be merged becomes a conflict copy.",
            switch={"clashes": "copy" if merges else "merge"},
        ),
        Row(
            "mesh",
            Where.VAULT,
            "Members introduce each other",
            _on_off(options.mesh),
            "On: a device that one member lets in becomes known to all, and all can reach each other. Off: this "
            "device knows only those that it was paired with itself.",
            switch={"mesh": not options.mesh},
            on=options.mesh,
        ),
        Row(
            "strangers",
            Where.VAULT,
            "Unknown devices",
            "may ask to be let in" if asks else "are turned away",
            "Devices that know of this vault but have no good ticket. If they may ask, they are listed under Pair "
            "(2), to be let in or denied.",
            switch={"strangers": "reject" if asks else "ask"},
        ),
        Row(
            "keep_all_days",
            Where.VAULT,
            "Keep every version for",
            words.count(options.keep_all_days, "day"),
            "How long history keeps every version of every note. The newest version always stays.",
            ask="A number of days",
            present=str(options.keep_all_days),
            change=lambda answer: {"retention": {"keep_all_days": whole_number(answer, 100_000)}},
        ),
        Row(
            "daily_days",
            Where.VAULT,
            "Then one per day for",
            words.count(options.daily_days, "day"),
            "After that, each note's last version of each day stays for this long.",
            ask="A number of days",
            present=str(options.daily_days),
            change=lambda answer: {"retention": {"daily_days": whole_number(answer, 100_000)}},
        ),
        Row(
            "max_bytes",
            Where.VAULT,
            "History takes at most",
            words.size(options.max_bytes),
            "Compressed. When it is full, the oldest versions go first.",
            ask="A size, such as 500 MB or 2 GB",
            present=words.size(options.max_bytes),
            change=lambda answer: {"retention": {"max_bytes": byte_count(answer)}},
        ),
    ]
    if rules is not None:
        rows.append(_rules_row(rules))
    selected = set(options.categories)
    for category, called in zip(options.known_categories, options.category_words, strict=True):
        on = category in selected
        rows.append(
            Row(
                f"category {category}",
                Where.VAULT,
                f"Sync {called}",
                _on_off(on),
                _category_help(category),
                switch={"categories": sorted(selected ^ {category})},
                on=on,
            )
        )
    rows.append(_leave_row() if shared else _forget_row())
    return rows


def _leave_row() -> Row:
    return Row(
        "leave",
        Where.VAULT,
        "Leave this vault",
        "Enter asks first",
        "This device stops sharing it. The folder, its notes and their history stay here, and the other devices "
        "keep theirs. To come back, a new ticket is needed.",
        deed=Deed.LEAVE,
    )


def _forget_row() -> Row:
    return Row(
        "forget",
        Where.VAULT,
        "Stop looking after this folder",
        "Enter asks first",
        "No other device has this vault. The folder and its notes stay; their history so far is put aside, and this "
        "device looks after the folder no more. `vaultsync run FOLDER` begins anew.",
        deed=Deed.FORGET,
    )


def _rules_row(rules: IgnoreRules) -> Row:
    lines = [line for line in rules.text.splitlines() if line.strip() and not line.startswith("#")]
    return Row(
        "rules",
        Where.VAULT,
        "Ignore rules",
        f"! {rules.problem}" if rules.problem else words.count(len(lines), "rule"),
        "Patterns of files that no device syncs; the same on all of them. Enter edits them.",
        deed=Deed.RULES,
    )


def _on_off(on: bool) -> str:
    return "on" if on else "off"


def _category_help(category: str) -> str:
    if category == "community-plugins":
        return "Plugins are programs: they run on every device that they reach. Switch this on only if you want that."
    return "On this device. Switching it off deletes nothing anywhere; switching it on fetches what is missing."
