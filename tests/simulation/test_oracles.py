"""Each oracle of the simulator catches a product that is broken on purpose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.simulation.ledger import OracleError
from tests.simulation.nodes import run_nodes
from tests.simulation.world import run
from vaultsync.daemon.replica import integrate
from vaultsync.daemon.replica.state import ReplicaState
from vaultsync.merge import Clash, merge_contents
from vaultsync.model.records import FileRecord
from vaultsync.sync.reconcile import Decision, Ignore, Keep, Merge, reconcile


def _ours_stays(local: FileRecord | None, remote: FileRecord, *, mergeable: bool, can_follow: bool) -> Decision:
    decision = reconcile(local, remote, mergeable=mergeable, can_follow=can_follow)
    return Ignore() if isinstance(decision, Merge) else decision


def _deletion_loses(local: FileRecord | None, remote: FileRecord, *, mergeable: bool, can_follow: bool) -> Decision:
    if local is not None and remote.deleted and not local.deleted:
        return Keep(local.with_version(remote.version.join(local.version)), "a mistake")
    return reconcile(local, remote, mergeable=mergeable, can_follow=can_follow)


def _merging(change: Callable[[bytes, bytes], bytes]) -> Callable[[pytest.MonkeyPatch], None]:
    """Merges whose result is changed, given the two contents in an order on which both devices agree."""

    def broken(path: str, base: bytes | None, mine: bytes, theirs: bytes) -> object:
        merged = merge_contents(path, base, mine, theirs)
        first, second = sorted((mine, theirs))
        return merged if isinstance(merged, Clash) else replace(merged, content=change(first, second))

    return lambda patch: patch.setattr(integrate, "merge_contents", broken)


def _trouble_for_good(patch: pytest.MonkeyPatch) -> None:
    set_trouble = ReplicaState.set_trouble

    def never_ends(self: ReplicaState, path: str, reason: str) -> None:
        if reason:
            set_trouble(self, path, reason)

    patch.setattr(ReplicaState, "set_trouble", never_ends)


def _deciding(mistake: Callable[..., Decision]) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(integrate, "reconcile", mistake)


@pytest.mark.parametrize(
    ("breaks", "words"),
    [
        pytest.param(_deciding(_ours_stays), {"diverged", "digests"}, id="trees and digests are equal"),
        pytest.param(_merging(lambda first, _: first), {"lost", "hidden"}, id="every line is somewhere"),
        pytest.param(_deciding(_deletion_loses), {"returned"}, id="nothing deleted returns"),
        pytest.param(_merging(lambda a, b: a + b + b"strange\n"), {"appeared"}, id="nothing appears"),
        pytest.param(_trouble_for_good, {"unfinished"}, id="no work is left"),
    ],
)
def test_a_broken_product_is_caught(
    breaks: Callable[[pytest.MonkeyPatch], None], words: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks(monkeypatch)
    found = set()
    for seed in range(1, 60):
        try:
            run(seed, 80)
        except (OracleError, AssertionError) as error:
            found.add(str(error).partition(":")[0].split(" ")[0])
        if found & words:
            return
    pytest.fail(f"not caught, but {found}")


def test_a_broken_product_is_caught_in_whole_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integrate, "reconcile", _deletion_loses)
    with pytest.raises(OracleError):
        for seed in range(1, 20):
            run_nodes(seed, 50)
