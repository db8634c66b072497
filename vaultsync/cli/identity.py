"""`vaultsync identity`: this device's key."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vaultsync.cli.asking import Yes, confirm
from vaultsync.cli.output import Json, console, print_json, say
from vaultsync.errors import IdentityError, NodeRunningError, VaultLockedError

if TYPE_CHECKING:
    from vaultsync.daemon.config import Places
    from vaultsync.transport.identity import Identity

app = typer.Typer(help="Show, export, import or change this device's key.", no_args_is_help=True)

WARNING = "Whoever has this key is this device. Keep it secret, and never use it in two places at once."


@app.command()
def show(as_json: Json = False) -> None:
    """Print this device's node id, and the one that takes over at the next start, if there is one."""
    from vaultsync.transport.keychange import next_identity

    places = _places()
    own, coming = _present(places).node_id, next_identity(places.config)
    if as_json:
        print_json({"id": str(own), "next": None if coming is None else str(coming.node_id)})
        return
    print(own)
    if coming is not None:
        say(console(), f"When vaultsync starts next, it becomes {coming.node_id}.")


@app.command()
def export(
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE", help="A new file, for you only (0600).")] = None,
    as_json: Json = False,
) -> None:
    """Print this device's key, or write it to a file: a backup, or what `VAULTSYNC_IDENTITY` takes."""
    from vaultsync.transport.keychange import export_text

    identity = _present(_places())
    say(console(errors=True), WARNING)
    if to is not None:
        _write(to.expanduser(), export_text(identity))
        if as_json:
            print_json({"id": str(identity.node_id), "file": str(to)})
        else:
            say(console(), f"Written to {to}.")
    elif as_json:
        print_json({"id": str(identity.node_id), "key": export_text(identity)})
    else:
        print(export_text(identity))


@app.command(name="import")
def import_(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="What `export` wrote.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Even if this device has a key; that one is lost.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make an exported key this device's. No node may run meanwhile, here or with that key elsewhere."""
    from vaultsync.transport.keychange import import_text, next_identity, refuse_given_key

    places = _places()
    text = _read(source.expanduser())
    with _no_node(places):
        refuse_given_key(os.environ)
        if next_identity(places.config) is not None:
            raise IdentityError(
                "A new key waits to take over from the present one.", hint="Start vaultsync once, then import."
            )
        identity = import_text(places.config, text, environ=os.environ, replace=replace)
    if as_json:
        print_json({"id": str(identity.node_id)})
        return
    say(console(), f"This device is {identity.node_id} when vaultsync starts next.")
    say(console(), "Vaults whose members do not know that id have to be joined again with a ticket.")


@app.command()
def rotate(yes: Yes = False, as_json: Json = False) -> None:
    """Change this device's key for a new one. The other devices follow without pairing again."""
    from vaultsync.transport.keychange import prepare_rotation, refuse_given_key

    places = _places()
    refuse_given_key(os.environ)
    own = _present(places).node_id
    confirm("Make a new key, which takes over when vaultsync starts next?", yes=yes)
    coming = prepare_rotation(places.config)
    if as_json:
        print_json({"id": str(own), "next": str(coming)})
        return
    say(console(), f"When vaultsync starts next, this device becomes {coming}.")
    say(console(), "The present key signs that, and the other devices follow by themselves. If vaultsync runs, stop it")
    say(console(), "and start it again. An exported copy of the present key is worth nothing afterwards.")


def _places() -> Places:
    from vaultsync.daemon.config import Places

    return Places.find()


def _present(places: Places) -> Identity:
    """The device's key. `IdentityError` if it has none yet, or if it cannot be read."""
    from vaultsync.transport import keystore

    stored = (places.config / name for name in (keystore.KEY_FILE, keystore.KEYCHAIN_NOTE))
    if not os.environ.get(keystore.IDENTITY_VARIABLE, "").strip() and not any(path.exists() for path in stored):
        raise IdentityError("This device has no key yet.", hint="One is made when vaultsync first runs.")
    return keystore.load_or_create(places.config, environ=os.environ)


@contextmanager
def _no_node(places: Places) -> Iterator[None]:
    """Keep nodes from starting meanwhile. `NodeRunningError` if one runs."""
    from vaultsync.daemon.opening import LOCK_FILE
    from vaultsync.vault.lock import FileLock

    places.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(str(places.data / LOCK_FILE))
    try:
        lock.acquire("vaultsync identity import")
    except VaultLockedError as error:
        raise NodeRunningError(error.message, hint="Stop it first: it goes on using the present key.") from error
    with lock:
        yield


def _write(path: Path, text: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text + "\n")
    except OSError as error:
        raise IdentityError(f"{path} cannot be written: {error.strerror}.", hint="Name a new file.") from error


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(4096).decode("ascii", errors="replace").strip()
    except OSError as error:
        raise IdentityError(f"{path} cannot be read: {error.strerror}.") from error
