"""Where a device's key is kept: environment, OS keychain, or a file that only its owner can read."""

from __future__ import annotations

import logging
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

from vaultsync.errors import IdentityError
from vaultsync.model.ids import NodeId, from_base32, to_base32
from vaultsync.transport.identity import Identity

IDENTITY_VARIABLE: Final = "VAULTSYNC_IDENTITY"
"""Base32 of the 32-byte seed, for hosts without a keychain and with read-only disks."""

KEYRING_VARIABLE: Final = "VAULTSYNC_KEYRING"
"""`off` keeps away from the OS keychain."""

KEY_FILE: Final = "identity.key"
KEYCHAIN_NOTE: Final = "identity.keychain"
"""Holds the node id of a key that is in the keychain: a locked keychain must not make a second device of this one."""

SERVICE: Final = "vaultsync"

_log = logging.getLogger(__name__)


class Keychain(Protocol):
    """The two calls of `keyring` backends that are used. Both may block, and raise whatever the backend raises."""

    def get_password(self, service: str, username: str) -> str | None: ...

    def set_password(self, service: str, username: str, password: str) -> None: ...


def load_or_create(config_dir: Path, *, environ: Mapping[str, str], use_keyring: bool = True) -> Identity:
    """This device's identity; a new one if there is none yet. Blocks on disk and keychain.

    Looked for in this order: `VAULTSYNC_IDENTITY` in `environ`, the OS keychain, `identity.key` in `config_dir`.
    A new key goes to the keychain where one is usable, else to the file. Raises `IdentityError` if a stored key is
    damaged, readable by others, or in a keychain that cannot be read now.
    """
    given = environ.get(IDENTITY_VARIABLE, "").strip()
    if given:
        return decode(given, f"The environment variable {IDENTITY_VARIABLE}")
    path, note = config_dir / KEY_FILE, config_dir / KEYCHAIN_NOTE
    wanted = use_keyring and environ.get(KEYRING_VARIABLE, "").strip().lower() not in ("off", "0", "no", "false")
    if note.exists():
        try:
            return _read_keychain(find_keychain() if wanted else None, config_dir, note)
        except IdentityError:
            if not path.exists():
                raise
            _log.warning("the OS keychain failed; using %s", KEY_FILE, exc_info=True)
    if path.exists():
        return read_key(path)
    _make_private_dir(config_dir)
    keychain = find_keychain() if wanted else None
    if keychain is not None:
        created = _create_in_keychain(keychain, config_dir, note)
        if created is not None:
            return created
    return _create_file(path)


def find_keychain() -> Keychain | None:
    """The OS keychain, or None where there is none that protects what it is given."""
    try:
        # Importing it looks for backends, which is slow and may touch the session bus.
        import keyring

        backend = keyring.get_keyring()
        # keyring calls backends of priority 1 and more recommended; "fail" and "null" are below.
        return backend if backend.priority >= 1 else None
    except Exception as error:  # noqa: BLE001 - backends raise what they like
        _log.warning("the OS keychain is not usable: %s", type(error).__name__, exc_info=error)
        return None


def _read_keychain(keychain: Keychain | None, config_dir: Path, note: Path) -> Identity:
    hint = f"Unlock the keychain and start again. To start over as a new device, delete {note}."
    if keychain is None:
        raise IdentityError("This device's key is in the OS keychain, which cannot be used now.", hint=hint)
    try:
        text = keychain.get_password(SERVICE, _entry(config_dir))
    except Exception as error:
        raise IdentityError(f"The OS keychain does not give out this device's key: {error}", hint=hint) from error
    if text is None:
        raise IdentityError("This device's key is no longer in the OS keychain.", hint=hint)
    identity = decode(text, "The OS keychain")
    if note.read_text(encoding="ascii", errors="replace").strip() != str(identity.node_id):
        raise IdentityError("The OS keychain holds the key of another device.", hint=hint)
    return identity


def _create_in_keychain(keychain: Keychain, config_dir: Path, note: Path) -> Identity | None:
    """A new key in the keychain, or None if it would not keep it (the file is used then)."""
    entry = _entry(config_dir)
    try:
        text = keychain.get_password(SERVICE, entry)
        if text is None:
            text = to_base32(Identity.generate().export_seed())
            keychain.set_password(SERVICE, entry, text)
            if keychain.get_password(SERVICE, entry) != text:
                _log.warning("the OS keychain did not keep the key; using a file")
                return None
    except Exception as error:  # noqa: BLE001 - backends raise what they like
        _log.warning("the OS keychain failed; using a file: %s", type(error).__name__, exc_info=error)
        return None
    identity = decode(text, "The OS keychain")
    _write_new(note, f"{identity.node_id}\n".encode())
    return identity


def _entry(config_dir: Path) -> str:
    """Two config folders of one person are two devices, so the folder is part of the entry's name."""
    return f"identity:{config_dir.resolve()}"


def decode(text: str, where: str) -> Identity:
    """The identity whose seed `text` is. `IdentityError` names `where` it was found."""
    try:
        return Identity.from_raw(from_base32(text.strip()))
    except ValueError:
        raise IdentityError(f"{where} does not hold a key (52 characters of base32).") from None


def read_key(path: Path) -> Identity:
    """The identity in a key file. `IdentityError` if it is damaged, or if others can read it."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
        with os.fdopen(descriptor, "rb") as file:
            mode = os.fstat(descriptor).st_mode
            content = file.read(4096)
    except OSError as error:
        raise IdentityError(f"{path} cannot be read: {error.strerror}.") from error
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise IdentityError(
            f"{path} can be read by others on this computer.",
            hint=f"Run `chmod 600 {path}`. If others may have read it, delete it and pair this device again.",
        )
    fields = content.decode("ascii", errors="replace").split()
    if len(fields) != 2:
        raise IdentityError(f"{path} is damaged.", hint=_damaged_hint(path))
    identity = decode(fields[0], str(path))
    try:
        intact = NodeId.parse(fields[1]) == identity.node_id
    except ValueError:
        intact = False
    if not intact:
        raise IdentityError(f"{path} is damaged.", hint=_damaged_hint(path))
    return identity


def _damaged_hint(path: Path) -> str:
    return f"Restore {path.name} from a backup, or delete it and pair this device again. No note is lost by that."


def _create_file(path: Path) -> Identity:
    identity = Identity.generate()
    return identity if write_key(path, identity) else read_key(path)


def write_key(path: Path, identity: Identity) -> bool:
    """Create a key file (0600), whole and durable; False if there is one already. `IdentityError` if it can't be."""
    # The public half after the seed is its checksum: a damaged seed would silently be another device.
    return _write_new(path, f"{to_base32(identity.export_seed())} {identity.node_id}\n".encode())


def store(config_dir: Path, identity: Identity, *, environ: Mapping[str, str]) -> None:
    """Make `identity` this device's, in the place of any other. `IdentityError` if it can't be stored."""
    _make_private_dir(config_dir)
    path, note = config_dir / KEY_FILE, config_dir / KEYCHAIN_NOTE
    keychain = None
    if environ.get(KEYRING_VARIABLE, "").strip().lower() not in ("off", "0", "no", "false"):
        keychain = find_keychain()
    text = to_base32(identity.export_seed())
    if keychain is not None:
        try:
            keychain.set_password(SERVICE, _entry(config_dir), text)
            if keychain.get_password(SERVICE, _entry(config_dir)) == text:
                _replace(note, f"{identity.node_id}\n".encode())
                path.unlink(missing_ok=True)
                return
        except Exception as error:  # noqa: BLE001 - backends raise what they like
            _log.warning("the OS keychain failed; using a file: %s", type(error).__name__, exc_info=error)
    _replace(path, f"{text} {identity.node_id}\n".encode())
    note.unlink(missing_ok=True)


def _replace(path: Path, content: bytes) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    _write_new(fresh, content)
    os.replace(fresh, path)
    _sync_dir(path.parent)


def _make_private_dir(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise IdentityError(f"{directory} cannot be created: {error.strerror}.") from error


def _write_new(path: Path, content: bytes) -> bool:
    """Create `path` (0600) whole and durable, or return False because somebody else just did."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            try:
                os.link(temporary, path)
            except FileExistsError:
                return False
            except OSError:
                # Some file systems have no hard links; a rename is as atomic, but would not notice a rival.
                if path.exists():
                    return False
                os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        _sync_dir(path.parent)
    except OSError as error:
        raise IdentityError(f"{path} cannot be written: {error.strerror}.") from error
    return True


def _sync_dir(directory: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
