"""The package's verb: two versions of a file, and what they come from, to one.

What merges is loaded with the first merge: it is a tenth of what starting a node takes, and most days have no conflict.
"""

from __future__ import annotations

from vaultsync.merge.kinds import MAX_MERGED_BYTES, kind_of
from vaultsync.merge.result import CannotMergeError, Clash, Merged


def merge_contents(path: str, base: bytes | None, a: bytes, b: bytes) -> Merged | Clash:
    """Merge two versions of the file at `path`.

    `base` is the newest content that both come from; None if there is none. A deterministic function of the base
    and the set of the two sides. Where it returns `Merged`, every word that either side added is in it.
    """
    if a == b:
        return Merged(a)
    if base == a:
        return Merged(b)
    if base == b:
        return Merged(a)
    if a > b:
        a, b = b, a
    kind = kind_of(path)
    if kind is None:
        return Clash("Files of this kind can't be merged.")
    if max(len(a), len(b), len(base or b"")) > MAX_MERGED_BYTES:
        return Clash("It is too large to merge.")
    from vaultsync.merge.bykind import merge_by_kind

    notes: set[str] = set()
    try:
        texts = _decode(a), _decode(b)
        origin = None if base is None else _decode(base)
        merged = merge_by_kind(path, kind, origin, *texts, notes)
        return Merged(merged.encode(), tuple(sorted(notes)))
    except CannotMergeError as error:
        return Clash(error.reason)
    except UnicodeError:
        return Clash("One of the versions isn't UTF-8 text.")


def _decode(content: bytes) -> str:
    if b"\0" in content:
        raise CannotMergeError("One of the versions holds binary data.")
    return content.decode()
