"""Bases of manifests on the wire."""

from __future__ import annotations

import pytest

from vaultsync.errors import ProtocolError
from vaultsync.model.ids import VaultId
from vaultsync.protocol.contents import manifest_part_fields, read_manifest_part
from vaultsync.protocol.control import read_want, want_fields
from vaultsync.protocol.messages import ManifestPart, Want
from vaultsync.tickets import cbor

VAULT = VaultId(b"v" * 16)
FILE, BASE = b"f" * 32, b"b" * 32


def on_the_wire(fields: dict[int, object]) -> dict[int, cbor.Value]:
    read = cbor.loads(cbor.dumps(fields), max_items=100)
    assert isinstance(read, dict)
    return read


def test_a_device_that_knows_of_no_bases_reads_the_rest() -> None:
    fields = want_fields(Want(VAULT, manifests=(FILE,), bases={FILE: BASE}))
    del fields[5]
    assert read_want(on_the_wire(fields)) == Want(VAULT, manifests=(FILE,))


@pytest.mark.parametrize(
    "bases", [[[FILE, BASE], [FILE, FILE]], [[FILE]], [[FILE, b"short"]], [[b"short", BASE]], [[FILE, 1]], {}, "text"]
)
def test_bases_that_are_none(bases: object) -> None:
    with pytest.raises(ProtocolError):
        read_want(on_the_wire({**want_fields(Want(VAULT, manifests=(FILE,))), 5: bases}))


@pytest.mark.parametrize(
    "stretch", [[0, 0], [-1, 1], [0, 2**53 + 1], [2**53 + 1, 1], [0, BASE], [True, 1], [0], [0, 1, 1]]
)
def test_stretches_that_are_none(stretch: object) -> None:
    with pytest.raises(ProtocolError):
        read_manifest_part(
            on_the_wire({**manifest_part_fields(ManifestPart(VAULT, FILE, 9, 0, True, ())), 6: [stretch]})
        )
