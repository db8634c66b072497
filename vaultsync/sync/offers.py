"""What peers have offered and this device has not taken yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vaultsync.model.records import FileRecord
from vaultsync.model.versions import Order


@dataclass(frozen=True, slots=True)
class Offer:
    """A record that is to be reconciled with ours."""

    record: FileRecord
    holder: bytes
    """The peer whose record it is, and which holds its content."""
    derived: bool = False
    """It arose here from a decision (a conflict copy, an edit that follows a move), not in a change set."""
    origin: str = ""
    """The path whose offer it was derived from; once that offer is replaced or dealt with, this one has no purpose."""

    @property
    def key(self) -> tuple[bytes, bool]:
        return (self.holder, self.derived)


class Offers:
    """Open offers by path. A later offer of the same peer for the same path replaces the earlier one."""

    def __init__(self) -> None:
        self._by_path: dict[str, dict[tuple[bytes, bool], Offer]] = {}
        self._waiting: dict[bytes, set[str]] = {}
        self._after: dict[str, set[str]] = {}
        self._derived: dict[tuple[str, bytes], set[str]] = {}

    def __len__(self) -> int:
        return len(self._by_path)

    def __contains__(self, path: str) -> bool:
        return path in self._by_path

    def paths(self) -> Iterator[str]:
        return iter(self._by_path)

    def add(self, offer: Offer) -> Offer | None:
        """Returns the offer that this one replaces, if it offers another record."""
        offers = self._by_path.setdefault(offer.record.path, {})
        older = offers.get(offer.key)
        if older == offer:
            return None
        offers[offer.key] = offer
        if offer.origin:
            self._derived.setdefault((offer.origin, offer.holder), set()).add(offer.record.path)
        if older is not None:
            self._drop_derived(older)
        return older

    def of(self, path: str) -> list[Offer]:
        """Open offers for `path`, the oldest first."""
        return list(self._by_path.get(path, {}).values())

    def first(self, path: str) -> Offer | None:
        """The open offer for `path` to settle first: the oldest, or what a peer has that comes after it.

        Nobody may have the content of the older one any more.
        """
        offers = self._by_path.get(path)
        if not offers:
            return None
        first, *others = offers.values()
        for other in others:
            if not other.derived and other.record.version.compare(first.record.version) is Order.AFTER:
                first = other
        return first

    def close(self, offer: Offer) -> set[str]:
        """`offer` is dealt with. Returns the paths that waited for that.

        If another has taken its place meanwhile, that one stays open.
        """
        path = offer.record.path
        offers = self._by_path.get(path, {})
        if offers.get(offer.key) == offer:
            del offers[offer.key]
            if not offers:
                del self._by_path[path]
            self._drop_derived(offer)
        return {waiting for waiting in self._after.pop(path, set()) if waiting in self._by_path}

    def _drop_derived(self, origin: Offer) -> None:
        for path in self._derived.pop((origin.record.path, origin.holder), ()):
            offers = self._by_path.get(path, {})
            derived = offers.get((origin.holder, True))
            if derived is not None and derived.origin == origin.record.path:
                del offers[derived.key]
                if not offers:
                    del self._by_path[path]
                self._drop_derived(derived)

    def settle_after(self, first: str, then: str) -> None:
        """`then` cannot be settled before an offer for `first` has been."""
        self._after.setdefault(first, set()).add(then)

    def drop(self, holder: bytes) -> tuple[list[Offer], set[str]]:
        """Forget what `holder` offered: it will offer it again when it comes back.

        Returns what was dropped, and the paths for which others' offers may have waited for that.
        """
        dropped: list[Offer] = []
        waiting: set[str] = set()
        for path in list(self._by_path):
            offers = self._by_path[path]
            keys = [key for key in offers if key[0] == holder]
            if keys:
                self._derived.pop((path, holder), None)
                dropped += [offers.pop(key) for key in keys]
                waiting |= {path} | self._after.pop(path, set())
            if not offers:
                del self._by_path[path]
        return dropped, {path for path in waiting if path in self._by_path}

    def wait_for(self, content: bytes, path: str) -> None:
        """`path` cannot be settled before `content` is here."""
        self._waiting.setdefault(content, set()).add(path)

    def waiting_on(self, content: bytes) -> set[str]:
        """The paths that wait for `content`."""
        return {path for path in self._waiting.get(content, set()) if path in self._by_path}

    def awaiting(self, contents: Iterable[bytes]) -> set[str]:
        """The paths that waited for any of `contents`, which have come; they wait for them no more."""
        paths: set[str] = set()
        for content in contents:
            paths |= self._waiting.pop(content, set())
        return {path for path in paths if path in self._by_path}
