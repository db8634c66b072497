"""`vaultsync config`: what a person may set, for this device and for one vault on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from vaultsync.cli.output import Json, console, print_json, say
from vaultsync.cli.place import In, asking, find_place, find_place_or_none
from vaultsync.cli.waiting import wait_for
from vaultsync.client import typed, words
from vaultsync.errors import NodeNotRunningError

if TYPE_CHECKING:
    from rich.console import Console

    from vaultsync.daemon.answers import DeviceConfig, VaultOptions

app = typer.Typer(help="Show or change settings, of this device and of a vault on it.")


@dataclass(frozen=True, slots=True)
class Setting:
    """Something that can be set."""

    key: str
    says: str
    read: Callable[[str], object]
    """From what was typed; `ValueError` says in words what can be."""
    of_vault: bool = True
    below: str = ""
    """In which object the API has it."""
    show: Callable[[object], str] = str


@dataclass(frozen=True, slots=True)
class Before:
    """Options that stood before the verb: `vaultsync config --in FOLDER set KEY VALUE`."""

    folder: Path | None = None
    as_json: bool = False


def _one_of(*known: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in known:
            raise ValueError(f"Say {' or '.join(f'`{word}`' for word in known)}.")
        return text

    return read


def _on_off(value: object) -> str:
    return "on" if value else "off"


def _size(value: object) -> str:
    assert isinstance(value, int)
    return words.size(value)


def _rate(value: object) -> str:
    return f"{value} kB per second" if value else "no limit"


SETTINGS: Final = (
    Setting("name", "what other devices call this one", str, of_vault=False),
    Setting("listen_host", "the address that peers reach; empty: all", str, of_vault=False),
    Setting("listen_port", "its UDP port; 0: any free one, then always the same", typed.whole_number, of_vault=False),
    Setting("mdns", "find devices on the local network", typed.switch, of_vault=False, show=_on_off),
    Setting("upload_limit_kb_s", "kB per second to all devices; 0: none", typed.whole_number, False, show=_rate),
    Setting("download_limit_kb_s", "kB per second from all devices; 0: none", typed.whole_number, False, show=_rate),
    Setting("sync", "exchange this vault with other devices", typed.switch, show=_on_off),
    Setting("clashes", "edited on two devices at once: `merge`, or keep a `copy`", _one_of("merge", "copy")),
    Setting("keep_all_days", "days for which history keeps every version", typed.whole_number, below="retention"),
    Setting("daily_days", "days for which it keeps one per day after that", typed.whole_number, below="retention"),
    Setting("max_bytes", "how large history may grow", typed.byte_count, below="retention", show=_size),
    Setting("mesh", "tell members of one another", typed.switch, show=_on_off),
    Setting("strangers", "a device without a good ticket: `reject` it, or `ask` you", _one_of("reject", "ask")),
)
"""All but the categories, which `vaultsync select` shows better."""

KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="As `vaultsync config` lists them.")]


@app.callback(invoke_without_command=True)
def config(context: typer.Context, folder: In = None, as_json: Json = False) -> None:
    """Show or change settings, of this device and of a vault on it.

    Without a verb: all of them. Of the vault that you are in, or that `--in` names, if a node runs.
    """
    if context.invoked_subcommand is not None:
        context.obj = Before(folder, as_json)
        return
    device, options = wait_for(_all(folder))
    if as_json:
        print_json({"device": device, "vault": options})
    else:
        show(device, options, console())


@app.command()
def get(context: typer.Context, key: KeyArgument, folder: In = None, as_json: Json = False) -> None:
    """Print one setting."""
    setting, before = _known(key), context.find_object(Before) or Before()
    value = wait_for(_get(setting, folder or before.folder))
    if as_json or before.as_json:
        print_json({key: value})
    else:
        print(_on_off(value) if isinstance(value, bool) else value)


@app.command(name="set")
def set_(
    context: typer.Context,
    key: KeyArgument,
    value: Annotated[
        str, typer.Argument(metavar="VALUE", help="`on`, `off`, a number, a size such as `2 GB`, or a text.")
    ],
    folder: In = None,
    as_json: Json = False,
) -> None:
    """Change one setting. It is checked first, and stored."""
    setting, before = _known(key), context.find_object(Before) or Before()
    try:
        wanted = setting.read(value)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=key) from None
    found = wait_for(_set(setting, wanted, folder or before.folder))
    now = getattr(found, key)
    if as_json or before.as_json:
        print_json({key: now, "restart_needed": getattr(found, "restart_needed", False)})
        return
    say(console(), f"{key}: {setting.show(now)}")
    if getattr(found, "restart_needed", False):
        say(console(), "It holds when vaultsync is started next.")


def show(device: DeviceConfig, options: VaultOptions | None, out: Console) -> None:
    """Print the settings for people."""
    from rich.table import Table
    from rich.text import Text

    rows = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    for setting in SETTINGS:
        of = options if setting.of_vault else device
        if of is not None:
            value = setting.show(getattr(of, setting.key))
            rows.add_row(setting.key, Text(value, style="bold"), Text(setting.says, style="dim"))
    out.print(rows)
    say(out, f"\nThis device's settings are in {device.path}; change them with `vaultsync config set KEY VALUE`.")
    if options is None:
        say(out, "A vault's own are shown inside of its folder, or with `--in FOLDER`, while vaultsync runs.")
    if device.restart_needed:
        say(out, "vaultsync runs with other settings than these: stop it and start it again.")


def _known(key: str) -> Setting:
    setting = next((each for each in SETTINGS if each.key == key), None)
    if setting is None:
        known = ", ".join(each.key for each in SETTINGS)
        raise typer.BadParameter(f"There is no setting {key[:60]}. There are {known}.", param_hint="KEY")
    return setting


async def _all(folder: Path | None) -> tuple[DeviceConfig, VaultOptions | None]:
    device = await _device({})
    place = find_place(folder) if folder is not None else find_place_or_none()
    if place is None:
        return device, None
    try:
        async with asking(place) as client:
            return device, await client.vault_options(place.vault)
    except NodeNotRunningError:
        if folder is not None:
            raise
        return device, None


async def _get(setting: Setting, folder: Path | None) -> object:
    if not setting.of_vault:
        return getattr(await _device({}), setting.key)
    place = find_place(folder)
    async with asking(place) as client:
        return getattr(await client.vault_options(place.vault), setting.key)


async def _set(setting: Setting, value: object, folder: Path | None) -> DeviceConfig | VaultOptions:
    if not setting.of_vault:
        return await _device({setting.key: value})
    place = find_place(folder)
    changes = {setting.below: {setting.key: value}} if setting.below else {setting.key: value}
    async with asking(place) as client:
        return await client.change_vault_options(place.vault, changes)


async def _device(changes: Mapping[str, object]) -> DeviceConfig:
    """This device's settings, changed first: through the node, or in its file if none runs."""
    from vaultsync.client.client import NodeClient

    try:
        async with NodeClient.find() as client:
            return await client.change_config(changes) if changes else await client.config()
    except NodeNotRunningError:
        import asyncio

        return await asyncio.to_thread(_in_file, changes)


def _in_file(changes: Mapping[str, object]) -> DeviceConfig:
    from vaultsync.daemon.config import Places
    from vaultsync.daemon.deviceconfig import change_file, device_config

    path = Places.find().config_file
    return device_config(path, change_file(path, changes))
