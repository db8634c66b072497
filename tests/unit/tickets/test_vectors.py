"""The specification's vectors, in both directions; any other implementation can run the same checks."""

from __future__ import annotations

import json
import re
import runpy
from base64 import b32decode
from collections.abc import Mapping
from pathlib import Path

import pycddl
import pytest

from vaultsync.errors import (
    DamagedTicketError,
    ExpiredTicketError,
    NewerTicketError,
    NotATicketError,
    OtherVaultTicketError,
    OwnTicketError,
    TicketError,
)
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.tickets.codec import decode, encode
from vaultsync.tickets.ticket import ROLES, Ticket, check
from vaultsync.tickets.words import WORDS, pairing_words

TICKETS = Path(__file__).parents[3] / "tickets"
VALID = json.loads((TICKETS / "vectors" / "valid.json").read_text("ascii"))
INVALID = json.loads((TICKETS / "vectors" / "invalid.json").read_text("ascii"))
WORD_VECTORS = json.loads((TICKETS / "vectors" / "words.json").read_text("ascii"))

FAILURES: Mapping[str, type[TicketError]] = {
    "not-a-ticket": NotATicketError,
    "damaged": DamagedTicketError,
    "newer-version": NewerTicketError,
    "own": OwnTicketError,
    "other-vault": OtherVaultTicketError,
    "expired": ExpiredTicketError,
}


def from_fields(fields: Mapping[str, object]) -> Ticket:
    texts = {key: str(fields[key]) for key in ("node", "vault", "vault_name", "device_name", "secret", "role")}
    addresses, expires_at, relay = fields["addresses"], fields["expires_at"], fields["relay"]
    assert isinstance(addresses, list)
    assert isinstance(expires_at, int)
    assert relay is None or isinstance(relay, str)
    return Ticket(
        node=NodeId(bytes.fromhex(texts["node"])),
        vault=VaultId(bytes.fromhex(texts["vault"])),
        vault_name=texts["vault_name"],
        device_name=texts["device_name"],
        addresses=tuple(str(address) for address in addresses),
        secret=bytes.fromhex(texts["secret"]),
        expires_at=expires_at,
        role=ROLES[ROLES.index("observer")] if texts["role"] == "observer" else ROLES[0],
        relay=relay,
        reusable=bool(fields["reusable"]),
    )


@pytest.fixture(scope="module")
def schema() -> pycddl.Schema:
    blocks = re.findall(r"```cddl\n(.*?)```", (TICKETS / "README.md").read_text(), re.DOTALL)
    assert len(blocks) == 1
    return pycddl.Schema(blocks[0])


def payload_of(text: str) -> bytes:
    body = text.removeprefix("vault1").upper()
    return b32decode(body + "=" * (-len(body) % 8))[:-4]


@pytest.mark.parametrize("vector", VALID, ids=lambda vector: vector["name"])
def test_valid(vector: Mapping[str, object], schema: pycddl.Schema) -> None:
    ticket, text = from_fields(vector["fields"]), str(vector["text"])  # type: ignore[arg-type]
    assert decode(text) == ticket
    assert (encode(ticket) == text) is vector["canonical"]
    assert decode(encode(ticket)) == ticket
    schema.validate_cbor(payload_of(text))
    pasted = vector["pasted"]
    assert isinstance(pasted, list)
    for other in pasted:
        assert decode(other) == ticket, other


@pytest.mark.parametrize("vector", INVALID, ids=lambda vector: vector["why"])
def test_invalid(vector: Mapping[str, str]) -> None:
    if "now" in vector:
        ticket = decode(vector["text"])
        vault = VaultId(bytes.fromhex(vector["vault"])) if vector["vault"] else None
        with pytest.raises(TicketError) as caught:
            check(ticket, now=int(vector["now"]), own=NodeId(bytes.fromhex(vector["own"])), vault=vault)
    else:
        with pytest.raises(TicketError) as caught:
            decode(vector["text"])
    assert caught.type is FAILURES[vector["failure"]]
    assert caught.value.title
    assert caught.value.message.endswith(".")


def test_the_schema_refuses_what_it_can_see(schema: pycddl.Schema) -> None:
    """So that its agreement with the valid ones means something."""
    for why in ("a node id of 31 bytes", "the secret is missing", "an unknown role", "an expiry over 2^53"):
        (vector,) = (vector for vector in INVALID if vector["why"] == why)
        with pytest.raises(pycddl.ValidationError):
            schema.validate_cbor(payload_of(vector["text"]))


def test_there_are_enough_and_each_is_its_own() -> None:
    assert len(VALID) >= 12
    assert len(INVALID) >= 20
    assert {vector["failure"] for vector in INVALID} == set(FAILURES)
    assert len({vector["why"] for vector in INVALID}) == len(INVALID)
    assert len({vector["text"] for vector in INVALID if "now" not in vector}) == len(INVALID) - 4


def test_words() -> None:
    assert tuple(WORD_VECTORS["words"]) == WORDS
    for example in WORD_VECTORS["examples"]:
        a, b = NodeId(bytes.fromhex(example["a"])), NodeId(bytes.fromhex(example["b"]))
        assert list(pairing_words(a, b, bytes.fromhex(example["secret"]))) == example["words"]


def test_the_script_writes_what_is_there() -> None:
    script = runpy.run_path(str(Path(__file__).with_name("make_vectors.py")))
    for name, text in script["files"]().items():
        assert (TICKETS / "vectors" / name).read_text("ascii") == text, f"{name} is stale: run make_vectors.py"
