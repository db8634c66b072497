"""How often something was refused, and to whom, since the node was started."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from vaultsync.model.ids import NodeId


class Refusals:
    """Counters, one per peer and reason. All who are no peers share one: anybody can make as many keys as they like."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: Counter[tuple[NodeId | None, str]] = Counter()

    def count(self, peer: NodeId | None, why: str, times: int = 1) -> None:
        """`peer` is None for a stranger; `why` is a stable word, such as a close code's name in lower case."""
        if times:
            self._counts[(peer, why)] += times

    def of(self, peer: NodeId | None) -> dict[str, int]:
        """What was refused to `peer`, by reason."""
        return {why: count for (who, why), count in self._counts.items() if who == peer}

    def __iter__(self) -> Iterator[tuple[NodeId | None, str, int]]:
        """Peer, reason, and how often."""
        return iter([(who, why, count) for (who, why), count in self._counts.items()])
