"""Each oracle of the simulator catches a product that is broken on purpose."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

import pytest

from tests.simulation import patience
from tests.simulation.ledger import OracleError
from tests.simulation.nodes import run_nodes
from tests.simulation.world import run
from vaultsync.daemon.mesh import Mesh
from vaultsync.daemon.replica import execute, integrate
from vaultsync.daemon.replica.state import ReplicaState
from vaultsync.merge import Clash, merge_contents
from vaultsync.model.records import FileRecord
from vaultsync.sync.reconcile import Decision, Ignore, Keep, Merge, reconcile
from vaultsync.vault.scanner import Scanner


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


def _vault_fault(patch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> Decision:
        raise ValueError("a mistake")

    patch.setattr(integrate, "reconcile", broken)


def _ends_for_a_bad_file(patch: pytest.MonkeyPatch) -> None:
    def look(self: Scanner, *_: object, **__: object) -> NoReturn:
        raise OSError(5, "Input/output error")

    patch.setattr(Scanner, "look", look)


def _never_told(patch: pytest.MonkeyPatch) -> None:
    async def run(_: Mesh) -> None:
        await asyncio.Event().wait()

    patch.setattr(Mesh, "run", run)


def _remembers_no_look(patch: pytest.MonkeyPatch) -> None:
    """What is offered where the disk is not as expected is never tried again."""
    patch.setattr(execute, "look_again", lambda *_: None)


@pytest.mark.parametrize(
    ("breaks", "words"),
    [
        pytest.param(
            _deciding(_ours_stays),
            {"diverged", "digests", "restless"},
            id="trees and digests are equal",
            marks=pytest.mark.long,
        ),
        pytest.param(_merging(lambda first, _: first), {"lost", "hidden"}, id="every line is somewhere"),
        pytest.param(_deciding(_deletion_loses), {"returned"}, id="nothing deleted returns", marks=pytest.mark.long),
        pytest.param(
            _merging(lambda a, b: a + b + b"strange\n"), {"appeared"}, id="nothing appears", marks=pytest.mark.long
        ),
        pytest.param(_trouble_for_good, {"unfinished"}, id="no work is left", marks=pytest.mark.long),
        pytest.param(_remembers_no_look, {"restless"}, id="all come to rest", marks=pytest.mark.long),
        pytest.param(_vault_fault, {"fault"}, id="nothing is only logged"),
        pytest.param(_ends_for_a_bad_file, {"failed"}, id="a vault ends for lack of room only"),
        pytest.param(_never_told, {"restless"}, id="members hear of one another"),
    ],
)
def test_a_broken_product_is_caught_in_whole_nodes(
    breaks: Callable[[pytest.MonkeyPatch], None], words: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks(monkeypatch)
    found = set()
    for seed in range(1, 40):
        try:
            run_nodes(seed, 50)
        except (OracleError, AssertionError) as error:
            found.add(str(error).partition(":")[0].split(" ")[0])
        if found & words:
            return
    pytest.fail(f"not caught, but {found}")


def test_what_never_ends_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "LIMIT_S", 0.05)
    with pytest.raises(patience.Hang), patience.limited():
        while True:
            pass
