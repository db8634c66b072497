"""Write `tickets/vectors/*.json`: `python tests/unit/tickets/make_vectors.py`. The same run writes the same bytes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cbor2
from blake3 import blake3

from vaultsync.model.ids import NodeId, VaultId, to_base32
from vaultsync.tickets.codec import encode
from vaultsync.tickets.ticket import Ticket
from vaultsync.tickets.words import WORDS, pairing_words

FOLDER = Path(__file__).parents[3] / "tickets" / "vectors"
NOW = 1_795_000_000

NODE = NodeId(blake3(b"vector node").digest())
READER = NodeId(blake3(b"vector reader").digest())
VAULT = VaultId(blake3(b"vector vault").digest(16))
OTHER_VAULT = VaultId(blake3(b"another vector vault").digest(16))

TICKET = Ticket(
    node=NODE,
    vault=VAULT,
    vault_name="Notes",
    device_name="Laptop",
    addresses=("192.0.2.17:47321", "[2001:db8::17]:47321"),
    secret=blake3(b"vector secret").digest(16),
    expires_at=NOW + 600,
)
FIELDS: dict[int, object] = {
    0: 1,
    1: NODE.raw,
    2: VAULT.raw,
    3: "Notes",
    4: "Laptop",
    5: [bytes([192, 0, 2, 17, 0xB8, 0xD9])],
    6: TICKET.secret,
    7: NOW + 600,
    8: 0,
}
"""What the broken payloads differ from in one thing each."""


def seal(payload: bytes) -> str:
    """A payload as a ticket with a checksum that holds, whatever the payload is."""
    return "vault1" + to_base32(payload + blake3(b"vault1" + payload).digest(4))


def sealed(**changed: object) -> str:
    """The plain fields with one of them set (`f3="x"`) or taken away (`f3=None`)."""
    fields = {**FIELDS, **{int(key[1:]): value for key, value in changed.items()}}
    return seal(cbor2.dumps({key: value for key, value in fields.items() if value is not None}, canonical=True))


def fields_of(ticket: Ticket) -> dict[str, object]:
    return {
        "node": ticket.node.raw.hex(),
        "vault": ticket.vault.raw.hex(),
        "vault_name": ticket.vault_name,
        "device_name": ticket.device_name,
        "addresses": list(ticket.addresses),
        "secret": ticket.secret.hex(),
        "expires_at": ticket.expires_at,
        "role": ticket.role,
        "relay": ticket.relay,
        "reusable": ticket.reusable,
    }


def pasted(text: str) -> list[str]:
    """What people and their programs make of a ticket."""
    return [
        text.upper(),
        f"  {text}\n",
        "\n".join(text[at : at + 40] for at in range(0, len(text), 40)),
        " ".join(text[at : at + 4] for at in range(0, len(text), 4)),
        "\u200b".join(text[at : at + 10] for at in range(0, len(text), 10)),
        "\u00a0" + text + "\ufeff",
        f"vaultsync join {text}",
        f"$ vaultsync join {text} ~/Notes",
        f"vaultsync join {text} notes",
        f"vaultsync join '{text}' \"/home/me/my notes\"",
        f"vaultsync:{text}",
        f"<vaultsync://{text.upper()}>",
        f"`{text}`.",
        f"Here it is: “{text}”, good for ten minutes",
        f"vault2 vault1x {text}",
        "".join(chr(ord(character) + 0xFEE0) for character in text),
    ]


def valid() -> list[dict[str, object]]:
    tickets = {
        "two literal addresses": TICKET,
        "no address": replace(TICKET, addresses=()),
        "a host name": replace(TICKET, addresses=("notes.example.org:443",)),
        "an IPv6 address with a zone": replace(TICKET, addresses=("[fe80::1%eth0]:47321",)),
        "three addresses": replace(TICKET, addresses=("10.0.0.7:47321", "[2001:db8::7]:47321", "laptop.local:47321")),
        "sixteen addresses": replace(TICKET, addresses=tuple(f"198.51.100.{n}:{65535 - n}" for n in range(16))),
        "an observer": replace(TICKET, role="observer"),
        "a relay": replace(TICKET, relay="https://relay.example.org/v1"),
        "reusable": replace(TICKET, reusable=True),
        "everything": replace(TICKET, role="observer", relay="https://relay.example.org/", reusable=True),
        "empty names": replace(TICKET, vault_name="", device_name=""),
        "names of many scripts": replace(TICKET, vault_name="メモ 📓 заметки", device_name="Zoë’s 👩‍💻"),
        "names of 128 characters": replace(TICKET, vault_name="n" * 128, device_name="é" * 128),
        "no time at all": replace(TICKET, expires_at=0),
        "all the time there is": replace(TICKET, expires_at=2**53),
    }
    vectors: list[dict[str, object]] = [
        {
            "name": name,
            "text": encode(ticket),
            "canonical": True,
            "fields": fields_of(ticket),
            "pasted": pasted(encode(ticket)) if ticket is TICKET else [],
        }
        for name, ticket in tickets.items()
    ]
    vectors.append(
        {
            "name": "a field of a later revision",
            "text": sealed(f11=[1, {0: "later"}]),
            "canonical": False,
            "fields": fields_of(replace(TICKET, addresses=("192.0.2.17:47321",))),
            "pasted": [],
        }
    )
    return vectors


def invalid() -> list[dict[str, object]]:
    text = encode(TICKET)
    payload = cbor2.dumps(FIELDS, canonical=True)
    one_off = text[:60] + ("a" if text[60] != "a" else "b") + text[61:]
    cases: list[tuple[str, str, str]] = [
        ("not-a-ticket", "nothing", ""),
        ("not-a-ticket", "white space", " \n\t"),
        ("not-a-ticket", "some other text", "Meet me at the vault at noon."),
        ("not-a-ticket", "a command without its ticket", "vaultsync join ~/Notes"),
        ("not-a-ticket", "the base32 without its prefix", text.removeprefix("vault1")),
        ("not-a-ticket", "letters right before the prefix", "my" + text),
        ("not-a-ticket", "version 0", "vault0" + text.removeprefix("vault1")),
        ("not-a-ticket", "a leading zero in the version", "vault01" + text.removeprefix("vault1")),
        ("not-a-ticket", "a folder that is called vault2", "vaultsync run ~/vault2"),
        ("newer-version", "version 2", "vault2" + text.removeprefix("vault1")),
        ("newer-version", "version 10", "vault10" + text.removeprefix("vault1")),
        ("newer-version", "a newer payload under the old prefix", sealed(f0=2)),
        ("damaged", "a prefix alone", "vault1"),
        ("damaged", "the end is missing", text[:-10]),
        ("damaged", "the last character is missing", text[:-1]),
        ("damaged", "one character changed", one_off),
        ("damaged", "two characters swapped", text[:70] + text[71] + text[70] + text[72:]),
        ("damaged", "a character that is not base32", text[:50] + "1" + text[51:]),
        ("damaged", "the middle is missing", text[:40] + text[56:]),
        ("damaged", "cut by an ellipsis", text[:80] + "…" + text[-20:]),
        ("damaged", "a checksum over the payload alone", "vault1" + to_base32(payload + blake3(payload).digest(4))),
        ("damaged", "a checksum and no payload", "vault1" + to_base32(blake3(b"vault1").digest(4))),
        ("damaged", "a byte after the map", seal(payload + b"\0")),
        ("damaged", "not a map", seal(cbor2.dumps([1, 2, 3]))),
        ("damaged", "keys out of order", seal(b"\xa9" + payload[3:] + payload[1:3])),
        ("damaged", "a key twice", seal(b"\xaa" + payload[1:] + payload[-2:])),
        ("damaged", "a number not in its shortest form", seal(b"\xa9\x00\x18\x01" + payload[3:])),
        ("damaged", "a map of indefinite length", seal(b"\xbf" + payload[1:] + b"\xff")),
        ("damaged", "a tag around a field", sealed(f7=cbor2.CBORTag(1, NOW + 600))),
        ("damaged", "a float as the expiry", sealed(f7=float(NOW) + 0.5)),
        ("damaged", "payload version 0", sealed(f0=0)),
        ("damaged", "a node id of 31 bytes", sealed(f1=NODE.raw[:31])),
        ("damaged", "a vault id of 32 bytes", sealed(f2=NODE.raw)),
        ("damaged", "a secret of 15 bytes", sealed(f6=TICKET.secret[:15])),
        ("damaged", "the secret is missing", sealed(f6=None)),
        ("damaged", "the addresses are missing", sealed(f5=None)),
        ("damaged", "the addresses are a text", sealed(f5="192.0.2.17:47321")),
        ("damaged", "a literal address that is not packed", sealed(f5=["192.0.2.17:47321"])),
        ("damaged", "a packed address of 7 bytes", sealed(f5=[bytes(7)])),
        ("damaged", "a packed address with port 0", sealed(f5=[bytes([192, 0, 2, 17, 0, 0])])),
        ("damaged", "a host name without a port", sealed(f5=["notes.example.org"])),
        ("damaged", "a space in a host name", sealed(f5=["notes example:443"])),
        ("damaged", "17 addresses", sealed(f5=[bytes([192, 0, 2, n, 1, 1]) for n in range(17)])),
        ("damaged", "a line break in a name", sealed(f3="No\ntes")),
        ("damaged", "a name of 129 characters", sealed(f4="n" * 129)),
        ("damaged", "a name in bytes", sealed(f3=b"Notes")),
        ("damaged", "a negative expiry", sealed(f7=-1)),
        ("damaged", "an expiry over 2^53", sealed(f7=2**53 + 1)),
        ("damaged", "an unknown role", sealed(f8=2)),
        ("damaged", "an empty relay", sealed(f9="")),
        ("damaged", "not reusable, said where silence says it", sealed(f10=False)),
        ("damaged", "more than 128 items", sealed(f11=[0] * 128)),
        ("damaged", "nesting without end", sealed(f11=[[[[[[[[[0]]]]]]]]])),
    ]
    vectors: list[dict[str, object]] = [{"failure": failure, "why": why, "text": text} for failure, why, text in cases]
    reader = {"now": NOW, "own": READER.raw.hex(), "vault": None}
    for failure, why, differing in (
        ("own", "made by the device that reads it", {"own": NODE.raw.hex()}),
        ("other-vault", "the folder belongs to another vault", {"vault": OTHER_VAULT.raw.hex()}),
        ("expired", "a second too late", {"now": NOW + 601}),
        ("expired", "at the very second of its expiry", {"now": NOW + 600}),
    ):
        vectors.append({"failure": failure, "why": why, "text": text, **reader, **differing})
    return vectors


def words() -> dict[str, object]:
    pairs = [(NODE, READER, TICKET.secret), (READER, NODE, TICKET.secret), (NODE, READER, bytes(16))]
    return {
        "words": list(WORDS),
        "examples": [
            {"a": a.raw.hex(), "b": b.raw.hex(), "secret": secret.hex(), "words": list(pairing_words(a, b, secret))}
            for a, b, secret in pairs
        ],
    }


def files() -> dict[str, str]:
    """The vectors' files by name, as they are to be written."""
    contents: dict[str, object] = {"valid.json": valid(), "invalid.json": invalid(), "words.json": words()}
    return {name: json.dumps(value, indent=1, ensure_ascii=True) + "\n" for name, value in contents.items()}


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="ascii")


if __name__ == "__main__":
    main()
