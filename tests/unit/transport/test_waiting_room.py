"""Who gets a place among the handshakes under way, and who has to leave for that."""

from __future__ import annotations

from vaultsync.transport.quic.udp import SocketAddress
from vaultsync.transport.quic.waiting_room import PATIENCE_S, WaitingRoom

CROWD: SocketAddress = ("192.0.2.1", 1)


def ipv4(number: int) -> SocketAddress:
    return (f"192.0.2.{number}", 1)


def room_of(places: int, *guests: SocketAddress) -> WaitingRoom[str]:
    room: WaitingRoom[str] = WaitingRoom(places)
    for number, address in enumerate(guests):
        room.add(f"{address[0]} {number}", address, 0.0)
    return room


def test_there_is_room_until_all_places_are_taken() -> None:
    room = room_of(16, *(ipv4(number) for number in range(15)))
    assert room.make_room(ipv4(100), 0.0) == (True, None)


def test_an_address_gets_a_quarter_and_then_only_its_own_old_places() -> None:
    room = room_of(16, *[CROWD] * 4)
    assert room.make_room(CROWD, 0.0) == (False, None)
    assert room.make_room(CROWD, PATIENCE_S) == (True, "192.0.2.1 0")
    assert room.make_room(ipv4(2), 0.0) == (True, None)


def test_in_a_full_room_the_largest_crowd_gives_up_its_oldest() -> None:
    room = room_of(8, ipv4(9), CROWD, CROWD, *(ipv4(number) for number in range(10, 15)))
    assert room.make_room(ipv4(2), 0.0) == (True, "192.0.2.1 1")
    assert room.make_room(ipv4(9), 0.0) == (False, None), "it would only be the next crowd"


def test_where_all_are_alone_who_has_waited_for_long_leaves() -> None:
    room = room_of(8, *(ipv4(number) for number in range(8)))
    assert room.make_room(ipv4(100), 1.0) == (False, None)
    assert room.make_room(ipv4(100), PATIENCE_S) == (True, "192.0.2.0 0")


def test_one_network_is_one_crowd() -> None:
    room = room_of(16, *((f"2001:db8::{number}", 1, 0, 0) for number in range(1, 5)))
    assert room.make_room(("2001:db8::ffff%eth0", 1, 0, 0), 0.0) == (False, None)
    assert room.make_room(("2001:db8:0:1::1", 1, 0, 0), 0.0) == (True, None)
    mapped = room_of(16, *[("::ffff:192.0.2.1", 1, 0, 0)] * 4)
    assert mapped.make_room(CROWD, 0.0) == (False, None)


def test_who_has_left_takes_no_place() -> None:
    room = room_of(16, *[CROWD] * 4)
    room.discard("192.0.2.1 0")
    room.discard("nobody")
    assert list(room) == ["192.0.2.1 1", "192.0.2.1 2", "192.0.2.1 3"]
    assert room.make_room(CROWD, 0.0) == (True, None)
    room.clear()
    assert len(room) == 0
