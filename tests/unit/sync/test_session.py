"""A conversation about one vault: where it starts, how it goes on, and when both sides are proven equal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.records import a_file, version
from vaultsync.errors import CloseCode, ProtocolError
from vaultsync.model.ids import VaultId
from vaultsync.protocol.messages import Ack, ChangeSet, ChunkRef, Digest, Resync, VaultHello, Want
from vaultsync.sync.session import (
    DIGEST_EVERY_MS,
    MAX_QUEUED_WANTS,
    RESYNC_EVERY_MS,
    Outgoing,
    Position,
    Session,
)

VAULT = VaultId(b"v" * 16)
OURS, THEIRS, OTHER = b"o" * 16, b"t" * 16, b"x" * 16
SAME, DIFFERENT = b"s" * 32, b"d" * 32


def session(sequence: int = 10, held: tuple[bytes, int] = (THEIRS, 4), acked: int = 7) -> Session:
    return Session(VAULT, OURS, Position(sequence, SAME), held, acked)


def hello(sequence: int = 6, cursor: int = 7, *, index_id: bytes = THEIRS, of: bytes = OURS) -> VaultHello:
    return VaultHello(VAULT, index_id, sequence, of, cursor)


def changes(*paths: str, through: int) -> ChangeSet:
    return ChangeSet(VAULT, tuple(a_file("x", version(b=1), path=path) for path in paths), through)


def code_of(error: pytest.ExceptionInfo[ProtocolError]) -> CloseCode:
    return error.value.code


def test_the_hello_says_where_both_sides_stand() -> None:
    assert session().hello() == VaultHello(VAULT, OURS, 10, THEIRS, 4)


def test_both_directions_resume_from_their_cursors() -> None:
    opened = session()
    opened.opened(hello())
    assert opened.tracker.cursor == 4
    assert opened.next_outgoing(10) == Outgoing(after=7, live_after=10)
    assert (opened.acked, opened.announced) == (7, 7)


def test_a_peer_that_never_saw_this_index_is_sent_everything() -> None:
    opened = session()
    opened.opened(hello(cursor=0, of=b""))
    assert opened.next_outgoing(10) == Outgoing(0, 10)


def test_a_cursor_of_another_index_of_ours_means_nothing() -> None:
    opened = session()
    opened.opened(hello(cursor=7, of=OTHER))
    assert (opened.sent, opened.acked) == (0, 0)


def test_a_cursor_past_our_sequence_tells_that_our_index_was_restored() -> None:
    opened = session(sequence=5)
    opened.opened(hello(cursor=7))
    assert opened.sent == 0


def test_a_cursor_past_what_we_remember_may_belong_to_numbers_given_out_again() -> None:
    opened = session(acked=3)
    opened.opened(hello(cursor=7))
    assert opened.next_outgoing(10) == Outgoing(3, 10)
    assert opened.changes_sent(5) == 7, "never less than the peer has heard"
    assert opened.changes_sent(10) == 10


def test_what_the_peer_has_heard_under_other_numbers_is_not_stored_as_acknowledged() -> None:
    """The connection may end before it was sent again; it would never be, then."""
    opened = session(acked=3)
    opened.opened(hello(cursor=7))
    opened.tracker.advance()
    assert not opened.is_unsaved
    opened.changes_sent(10)
    opened.receive_ack(Ack(VAULT, 10))
    assert opened.is_unsaved


def test_what_is_proven_equal_is_stored_as_acknowledged() -> None:
    """An acknowledgement that never came makes nobody send the same again for ever."""
    opened = session(held=(THEIRS, 6), acked=3)
    opened.opened(hello(cursor=10))
    opened.changes_sent(10)
    assert not opened.is_unsaved
    assert opened.receive_digest(Digest(VAULT, 6, 10, SAME), Position(10, SAME), 0)
    assert opened.is_unsaved


def test_a_proof_takes_nothing_back_of_what_was_stored_as_acknowledged() -> None:
    opened = session(held=(THEIRS, 6), acked=10)
    opened.opened(hello(sequence=6, cursor=10))
    assert opened.receive_digest(Digest(VAULT, 6, 10, SAME), Position(10, SAME), 0) is True
    assert opened.saved_acked == 10
    assert not opened.is_unsaved


def test_another_index_of_the_peer_is_heard_from_the_start() -> None:
    opened = session()
    opened.opened(hello(index_id=OTHER))
    assert opened.tracker.cursor == opened.saved == 0


def test_an_index_of_the_peer_that_went_back_is_heard_from_the_start() -> None:
    opened = session(held=(THEIRS, 9))
    opened.opened(hello(sequence=6))
    assert opened.tracker.cursor == 0


def test_nothing_is_sent_twice_in_one_conversation() -> None:
    opened = session()
    opened.opened(hello())
    assert opened.changes_sent(10) == 10
    assert opened.next_outgoing(10) is None
    assert opened.next_outgoing(11) == Outgoing(10, 10)


def test_what_arrives_is_acknowledged_once_it_is_settled() -> None:
    opened = session()
    opened.opened(hello())
    opened.receive_changes(changes("a", "b", through=6))
    assert opened.outgoing(Position(10, SAME), 0) == []
    opened.tracker.settled("a")
    opened.tracker.settled("b")
    opened.tracker.advance()
    assert opened.outgoing(Position(10, SAME), 0) == [Ack(VAULT, 6)]
    assert opened.outgoing(Position(10, SAME), 0) == []


def test_sequences_never_go_back() -> None:
    opened = session()
    opened.opened(hello())
    opened.receive_changes(changes(through=6))
    with pytest.raises(ProtocolError) as error:
        opened.receive_changes(changes(through=5))
    assert code_of(error) is CloseCode.BAD_FIELD


def test_what_was_never_sent_cannot_be_acknowledged() -> None:
    opened = session()
    opened.opened(hello())
    with pytest.raises(ProtocolError) as error:
        opened.receive_ack(Ack(VAULT, 8))
    assert code_of(error) is CloseCode.BAD_FIELD


def test_a_late_acknowledgement_takes_nothing_back() -> None:
    opened = session()
    opened.opened(hello())
    opened.changes_sent(10)
    opened.receive_ack(Ack(VAULT, 10))
    opened.receive_ack(Ack(VAULT, 8))
    assert opened.acked == 10


def met() -> Session:
    opened = session(held=(THEIRS, 6))
    opened.opened(hello(sequence=6, cursor=10))
    opened.sent = 10
    return opened


def test_cursors_that_have_met_compare_digests() -> None:
    both = met()
    assert both.outgoing(Position(10, SAME), 1_000_000) == [Digest(VAULT, 10, 6, SAME)]
    assert both.receive_digest(Digest(VAULT, 6, 10, SAME), Position(10, SAME), 1_000_000) is True
    assert both.in_sync
    assert both.proven_at_ms == 1_000_000


def test_digests_are_compared_again_while_nothing_happens() -> None:
    both = met()
    both.outgoing(Position(10, SAME), 1_000_000)
    assert both.outgoing(Position(10, SAME), 1_000_000 + DIGEST_EVERY_MS - 1) == []
    assert len(both.outgoing(Position(10, SAME), 1_000_000 + DIGEST_EVERY_MS)) == 1
    assert len(both.outgoing(Position(10, SAME), 0)) == 1, "a clock was set back"


def test_digests_taken_at_other_positions_say_nothing() -> None:
    both = met()
    for sequence, cursor in ((5, 10), (7, 10), (6, 9)):
        assert both.receive_digest(Digest(VAULT, sequence, cursor, DIFFERENT), Position(10, SAME), 0) is None
    assert not both.in_sync


def test_indexes_that_differ_are_sent_again_but_not_all_the_time() -> None:
    both = met()
    differ = Digest(VAULT, 6, 10, DIFFERENT)
    now_ms = 1_000_000
    assert both.receive_digest(differ, Position(10, SAME), now_ms) is False
    assert Resync(VAULT) in both.outgoing(Position(10, SAME), now_ms)
    both.receive_digest(differ, Position(10, SAME), now_ms + RESYNC_EVERY_MS - 1)
    assert Resync(VAULT) not in both.outgoing(Position(10, SAME), now_ms)
    both.receive_digest(differ, Position(10, SAME), now_ms + RESYNC_EVERY_MS)
    assert Resync(VAULT) in both.outgoing(Position(10, SAME), now_ms)


def test_a_resync_sends_everything_without_taking_back_what_was_heard() -> None:
    both = met()
    both.receive_resync(Resync(VAULT))
    assert both.next_outgoing(10) == Outgoing(0, 10)
    assert not both.met(10)
    assert both.changes_sent(4) == 10
    both.changes_sent(10)
    assert both.met(10)


def test_any_change_ends_the_proof() -> None:
    proof = Digest(VAULT, 6, 10, SAME)
    ours, theirs = met(), met()
    for both in (ours, theirs):
        assert both.receive_digest(proof, Position(10, SAME), 0)
    ours.changes_sent(11)
    theirs.receive_changes(changes("a", through=7))
    assert not ours.in_sync
    assert not theirs.in_sync


def test_before_the_hello_nothing_has_met() -> None:
    assert not session(sequence=0, held=(b"", 0), acked=0).met(0)


def test_wants_wait_in_their_order_and_are_bounded() -> None:
    opened = session()
    piece = ChunkRef(b"f" * 32, 0, 1)
    opened.receive_want(Want(VAULT, contents=(b"c" * 32,), manifests=(b"m" * 32,), chunks=(piece,)))
    assert list(opened.wants) == [b"c" * 32, ("manifest", b"m" * 32), piece]
    with pytest.raises(ProtocolError) as error:
        opened.receive_want(Want(VAULT, contents=(b"c" * 32,) * (MAX_QUEUED_WANTS - 2)))
    assert code_of(error) is CloseCode.TOO_LARGE


def test_a_content_of_another_size_than_every_record_of_it_says() -> None:
    """One record of several may be another's lie that is passed on; all of them are the sender's own."""
    content = b"12345"
    honest = a_file("12345", version(b=1), path="a.md")
    lie = replace(honest, path="b.md", size=7)
    session().receive_changes(ChangeSet(VAULT, (honest, lie), 5, {honest.hash: content}))
    with pytest.raises(ProtocolError) as caught:
        session().receive_changes(ChangeSet(VAULT, (lie,), 5, {honest.hash: content}))
    assert code_of(caught) is CloseCode.BAD_FIELD


def test_unequal_digests_of_an_observer_start_nothing_over() -> None:
    one = session()
    one.accepts = False
    one.opened(hello())
    assert one.receive_digest(Digest(VAULT, 6, 10, DIFFERENT), Position(10, SAME), 0) is None
    assert not any(isinstance(said, Resync) for said in one.outgoing(Position(10, SAME), 0))


def test_what_rests_without_proof() -> None:
    """Where one side keeps changes to itself, the digests never meet; that the cursors do is as far as it gets."""
    one = session(sequence=0, acked=0)
    one.opened(hello(sequence=0, cursor=0))
    assert not one.at_rest(10), "nothing is proven"
    one.in_sync = True
    assert one.at_rest(10)


def test_an_observer_rests_when_the_cursors_have_met_and_not_before() -> None:
    both, observer = met(), met()
    observer.offers = False
    observer.sent = observer.acked = 0
    assert not both.at_rest(10), "two that both write rest when they are proven equal"
    assert observer.at_rest(10)
    observer.receive_changes(changes("a", through=7))
    assert not observer.at_rest(10)


def test_what_an_observer_sends_is_not_waited_for() -> None:
    writer = met()
    writer.accepts = False
    writer.peer_sequence = 99
    assert writer.at_rest(10)
    assert not writer.at_rest(11), "one more is to be sent"


def test_a_change_set_may_end_where_the_one_before_did() -> None:
    """Records that are sent again carry the highest sequence that was announced."""
    opened = session()
    opened.opened(hello())
    opened.receive_changes(changes("a", through=6))
    opened.receive_changes(changes("b", through=6))
    assert opened.tracker.through == 6


def test_wants_of_every_kind_count_and_the_bound_itself_is_allowed() -> None:
    piece = ChunkRef(b"f" * 32, 0, 1)
    opened = session()
    opened.receive_want(Want(VAULT, contents=(b"c" * 32,) * (MAX_QUEUED_WANTS - 2)))
    for want in (Want(VAULT, manifests=(b"m" * 32,) * 3), Want(VAULT, chunks=(piece,) * 3)):
        with pytest.raises(ProtocolError):
            opened.receive_want(want)
    opened.receive_want(Want(VAULT, manifests=(b"m" * 32,), chunks=(piece,)))
    assert len(opened.wants) == MAX_QUEUED_WANTS


def test_a_resync_ends_the_proof() -> None:
    both = met()
    both.receive_digest(Digest(VAULT, 6, 10, SAME), Position(10, SAME), 0)
    both.receive_resync(Resync(VAULT))
    assert not both.in_sync


def test_a_second_proof_does_not_take_back_what_was_stored_after_the_first() -> None:
    both = met()
    for _ in range(2):
        assert both.receive_digest(Digest(VAULT, 6, 10, SAME), Position(10, SAME), 0)
        stored, both.saved_acked = both.saved_acked, both.acked
    assert stored == 10


def test_refusals_say_what_was_wrong() -> None:
    opened = session()
    opened.opened(hello())
    file = a_file("12345", version(b=1), path="a.md")
    opened.receive_changes(changes(through=6))
    with pytest.raises(ProtocolError, match=r"^a change set goes back in the sequence$"):
        opened.receive_changes(changes(through=5))
    with pytest.raises(ProtocolError, match=r"^sent a content of another size than its record says$"):
        opened.receive_changes(ChangeSet(VAULT, (file,), 7, {file.hash: b"1"}))
    with pytest.raises(ProtocolError, match=r"^acknowledges what was never sent$"):
        opened.receive_ack(Ack(VAULT, 8))
    with pytest.raises(ProtocolError, match=r"^asks for too much at once$"):
        opened.receive_want(Want(VAULT, contents=(b"c" * 32,) * (MAX_QUEUED_WANTS + 1)))


def test_a_conversation_begins_with_nothing_proven_sent_or_asked_for() -> None:
    fresh = session()
    assert fresh.in_sync is False
    assert fresh.proven_at_ms is None
    assert fresh.manifest_sent == {}


def test_to_a_peer_that_never_saw_this_index_nothing_was_announced() -> None:
    opened = session()
    opened.opened(hello(cursor=0, of=b""))
    with pytest.raises(ProtocolError):
        opened.receive_ack(Ack(VAULT, 1))
    assert opened.changes_sent(3) == 3
    opened.receive_ack(Ack(VAULT, 3))
    assert opened.acked == 3


def test_what_the_peer_has_told_of_never_goes_back() -> None:
    opened = session()
    opened.opened(hello(sequence=9))
    opened.receive_changes(changes(through=6))
    assert opened.peer_sequence == 9
    opened.receive_changes(changes(through=12))
    assert opened.peer_sequence == 12


def test_a_change_set_says_something_new() -> None:
    opened = session()
    opened.opened(hello())
    with pytest.raises(AssertionError):
        opened.changes_sent(7)


def test_whatever_ends_a_proof_ends_it_wholly() -> None:
    sent, heard, again = met(), met(), met()
    for each in (sent, heard, again):
        each.in_sync = True
    sent.changes_sent(11)
    heard.receive_changes(changes("a", through=7))
    again.receive_resync(Resync(VAULT))
    assert [each.in_sync for each in (sent, heard, again)] == [False, False, False]


@pytest.mark.parametrize("opened", [True, False])
def test_a_proof_takes_nothing_back_of_what_was_stored_meanwhile(opened: bool) -> None:
    one = Session(VAULT, OURS, Position(10, SAME), (THEIRS, 6), 7)
    if opened:
        one.opened(hello(cursor=7))
    one.changes_sent(10)
    one.receive_ack(Ack(VAULT, 10))
    one.saved_acked = one.acked
    assert one.receive_digest(Digest(VAULT, 6, 10, SAME), Position(10, SAME), 0)
    assert one.saved_acked == 10
