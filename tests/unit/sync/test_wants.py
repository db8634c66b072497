"""Which contents are asked of whom, and in which order."""

from __future__ import annotations

from tests.support.records import device
from vaultsync.model.manifests import CHUNKED_ABOVE
from vaultsync.sync.wants import AHEAD_MS, CHUNKED_AT_ONCE, FIRST_BYTES, LEAST_BYTES, WINDOW_BYTES, WantQueue

A, B, C = device(1), device(2), device(3)


def hashes(queue: WantQueue, peer: bytes) -> list[bytes]:
    return [want.hash for want in queue.next_for(peer, 1_000)]


def test_small_notes_first_newest_first_large_files_last() -> None:
    queue = WantQueue()
    queue.add(b"huge", CHUNKED_ABOVE + 1, 99, A)
    queue.add(b"picture", 100_000, 99, A)
    queue.add(b"old note", 10, 1, A)
    queue.add(b"new note", 10, 2, A)
    assert hashes(queue, A) == [b"new note", b"old note", b"picture", b"huge"]


def test_a_long_note_goes_before_pictures_of_its_size() -> None:
    queue = WantQueue()
    queue.add(b"picture", 100_000, 99, A)
    queue.add(b"long note", 100_000, 1, A, text=True)
    assert hashes(queue, A) == [b"long note", b"picture"]


def test_each_content_is_asked_of_one_peer() -> None:
    queue = WantQueue()
    queue.add(b"x", 10, 0, A)
    queue.add(b"x", 10, 0, B)
    assert hashes(queue, A) == [b"x"]
    assert hashes(queue, B) == []
    assert queue.asked_of(b"x") == A
    assert queue.asked_of(b"y") is None


def test_what_has_arrived_is_wanted_no_more() -> None:
    queue = WantQueue()
    queue.add(b"x", 10, 0, A)
    hashes(queue, A)
    assert queue.total_bytes == 10
    arrived = queue.arrived(b"x")
    assert arrived is not None
    assert arrived.hash == b"x"
    assert queue.arrived(b"x") is None
    assert (len(queue), queue.total_bytes, b"x" in queue) == (0, 0, False)


def test_a_window_of_bytes_bounds_what_is_asked_at_a_time() -> None:
    queue = WantQueue(window_bytes=100)
    for number in range(4):
        queue.add(b"%d" % number, 40, -number, A)
    assert hashes(queue, A) == [b"0", b"1"]
    assert hashes(queue, A) == [], "not before half of the window is free"
    queue.arrived(b"0")
    assert hashes(queue, A) == [b"2"]


def test_what_is_larger_than_the_window_is_asked_alone() -> None:
    queue = WantQueue(window_bytes=100)
    queue.add(b"x", 1_000, 0, A)
    assert hashes(queue, A) == [b"x"]


def test_a_window_of_items_bounds_it_too() -> None:
    queue = WantQueue(window_items=2)
    for number in range(3):
        queue.add(b"%d" % number, 1, -number, A)
    assert len(hashes(queue, A)) == 2
    assert hashes(queue, A) == []
    queue.arrived(b"0")
    assert hashes(queue, A) == [b"2"]


def test_large_files_come_few_at_a_time_and_do_not_hold_up_notes() -> None:
    queue = WantQueue()
    for number in range(CHUNKED_AT_ONCE + 1):
        queue.add(b"huge %d" % number, 1 << 30, -number, A)
    assert hashes(queue, A) == [b"huge %d" % number for number in range(CHUNKED_AT_ONCE)]
    queue.add(b"note", 10, 0, A)
    assert hashes(queue, A) == [b"note"]
    queue.arrived(b"huge 0")
    assert hashes(queue, A) == [b"huge %d" % CHUNKED_AT_ONCE]


def test_what_one_peer_lacks_is_asked_of_another() -> None:
    queue = WantQueue()
    queue.add(b"x", 10, 0, A)
    queue.add(b"x", 10, 0, B)
    hashes(queue, A)
    assert queue.missing(A, b"x") is False
    assert hashes(queue, A) == []
    assert hashes(queue, B) == [b"x"]


def test_what_nobody_has_is_wanted_no_more_until_somebody_offers_it() -> None:
    queue = WantQueue()
    queue.add(b"x", 10, 0, A)
    hashes(queue, A)
    assert queue.missing(A, b"x") is True
    assert (len(queue), queue.total_bytes) == (0, 0)
    assert queue.missing(A, b"x") is False
    queue.add(b"x", 10, 0, A)
    assert hashes(queue, A) == [b"x"]


def test_a_peer_that_lacks_what_another_was_asked_for_changes_nothing() -> None:
    queue = WantQueue()
    queue.add(b"x", 10, 0, A)
    queue.add(b"x", 10, 0, B)
    hashes(queue, A)
    assert queue.missing(B, b"x") is False
    assert queue.asked_of(b"x") == A


def test_a_lost_peer_hands_over_what_others_have() -> None:
    queue = WantQueue(window_bytes=100)
    for content in (b"x", b"y"):
        queue.add(content, 50, 0, A)
    queue.add(b"x", 50, 0, B)
    hashes(queue, A)
    assert queue.lost(A) == [b"y"]
    assert hashes(queue, B) == [b"x"]
    assert b"y" not in queue
    queue.add(b"z", 100, 0, A)
    assert hashes(queue, A) == [b"z"], "its window is free when it comes back"


def test_dropped_contents_free_their_window() -> None:
    queue = WantQueue(window_bytes=100)
    queue.add(b"x", 100, 0, A)
    hashes(queue, A)
    queue.drop([b"x", b"never wanted"])
    queue.add(b"y", 100, 0, A)
    assert hashes(queue, A) == [b"y"]


def test_nobody_is_asked_for_what_it_never_offered() -> None:
    queue = WantQueue()
    queue.add(b"x", 10, 0, A)
    assert hashes(queue, C) == []


def test_the_faster_peer_is_asked_first_and_an_untried_one_before_both() -> None:
    queue = WantQueue()
    for number in range(4):
        for peer in (b"slow", b"fast"):
            queue.add(bytes([number]), 1_000, number, peer)
    queue.next_for(b"slow", 2)
    queue.next_for(b"fast", 2)
    for peer, wait_ms in ((b"slow", 1_000), (b"fast", 10)):
        queue.heard(peer, 500, 1_000)
        queue.heard(peer, 500, 1_000 + wait_ms)
    assert queue.fastest_first([b"slow", b"fast", b"new"]) == [b"new", b"fast", b"slow"]


def test_a_peer_that_is_asked_for_nothing_does_not_count_as_slow() -> None:
    queue = WantQueue()
    queue.heard(b"idle", 500, 1_000)
    queue.heard(b"idle", 500, 1_000_000)
    assert queue.fastest_first([b"new", b"idle"]) == [b"new", b"idle"], "its pace is not known yet"


def test_whoever_says_that_it_lacks_what_another_was_asked_for_changes_nothing_there() -> None:
    queue = WantQueue()
    for peer in (A, B):
        queue.add(b"n", 10, 1, peer)
    assert hashes(queue, A) == [b"n"]
    assert not queue.missing(B, b"n")
    assert queue.asked_of(b"n") == A
    assert queue.missing(A, b"n"), "now nobody is known to hold it"
    assert queue.total_bytes == 0


def test_whoever_goes_while_another_is_asked_changes_nothing_there() -> None:
    queue = WantQueue()
    for peer in (A, B):
        queue.add(b"n", 10, 1, peer)
    assert hashes(queue, A) == [b"n"]
    assert queue.lost(B) == []
    assert queue.asked_of(b"n") == A
    queue.add(b"n", 10, 1, A)
    assert len(queue) == 1


def test_a_content_that_comes_after_whoever_was_asked_has_gone() -> None:
    queue = WantQueue()
    for peer in (A, B):
        queue.add(b"n", 10, 1, peer)
    assert hashes(queue, A) == [b"n"]
    queue.lost(A)
    wanted = queue.arrived(b"n")
    assert wanted is not None
    assert (wanted.asked, len(queue), queue.total_bytes) == (None, 0, 0)


def test_what_does_not_fit_beside_what_was_asked_waits_and_what_just_fits_does_not() -> None:
    queue = WantQueue(window_bytes=100)
    queue.add(b"first", 40, 3, A)
    queue.add(b"fits not", 61, 2, A)
    assert hashes(queue, A) == [b"first"]
    assert hashes(queue, A) == []
    queue.add(b"newer", 60, 4, A)
    assert hashes(queue, A) == [b"newer"]
    queue.arrived(b"first")
    assert hashes(queue, A) == []
    queue.arrived(b"newer")
    assert hashes(queue, A) == [b"fits not"]


def test_asking_goes_on_when_half_of_the_window_is_free() -> None:
    queue = WantQueue(window_bytes=100)
    queue.add(b"half", 50, 2, A)
    hashes(queue, A)
    queue.add(b"other", 50, 1, A)
    assert hashes(queue, A) == [b"other"]


def test_sizes_at_their_bounds() -> None:
    queue = WantQueue()
    queue.add(b"small", 64 << 10, 1, A)
    queue.add(b"large", (64 << 10) + 1, 9, A)
    queue.add(b"whole", CHUNKED_ABOVE, 8, A)
    queue.add(b"in pieces", CHUNKED_ABOVE + 1, 10, A)
    asked = queue.next_for(A, 9)
    assert [want.hash for want in asked] == [b"small", b"large", b"whole", b"in pieces"]
    assert [want.chunked for want in asked] == [False, False, False, True]


def test_what_is_left_counts_on_when_one_content_is_given_up() -> None:
    queue = WantQueue()
    queue.add(b"x", 10, 0, A)
    queue.add(b"y", 7, 0, B)
    assert queue.missing(A, b"x")
    assert queue.total_bytes == 7
    queue.add(b"z", 5, 0, A)
    queue.lost(B)
    assert queue.total_bytes == 5


def test_one_answer_changes_a_pace_by_less_than_a_third() -> None:
    """Paces in bytes per ms: 10 then 1, that is 7.3; 5 and 5; 1 then 10, that is 3.7."""
    queue = WantQueue()
    paces = {b"was fast": (10, 1), b"steady": (5, 5), b"was slow": (1, 10)}
    for peer, (first, second) in paces.items():
        queue.add(b"of " + peer, 1, 0, peer)
        queue.next_for(peer, 1)
        queue.heard(peer, 0, 1_000)
        queue.heard(peer, 100 * first, 1_100)
        queue.heard(peer, 9_999, 1_100)
        queue.heard(peer, 100 * second, 1_200)
    assert queue.fastest_first(sorted(paces)) == [b"was fast", b"steady", b"was slow"]


def test_a_window_of_odd_size_has_room_when_a_quarter_rounded_down_is_free() -> None:
    queue = WantQueue(window_bytes=11)
    queue.add(b"x", 9, 2, A)
    hashes(queue, A)
    queue.add(b"y", 2, 1, A)
    assert hashes(queue, A) == [b"y"]


def test_less_than_a_quarter_of_a_window_is_not_asked_for() -> None:
    queue = WantQueue(window_bytes=100)
    queue.add(b"x", 76, 2, A)
    hashes(queue, A)
    queue.add(b"y", 24, 1, A)
    assert hashes(queue, A) == []


def test_a_peer_is_given_as_much_as_it_can_send_soon() -> None:
    queue = WantQueue()
    mib = 1 << 20
    for number in range(40):
        queue.add(bytes([number]), mib, -number, A)
    asked = hashes(queue, A)
    assert len(asked) == FIRST_BYTES // mib, "it has not shown its pace yet"
    now_ms = 1_000
    queue.heard(A, 0, now_ms)

    def answer(count: int, in_ms: int) -> int:
        nonlocal now_ms
        now_ms += in_ms
        for content in asked[:count]:
            queue.arrived(content)
        del asked[:count]
        queue.heard(A, count * mib, now_ms)
        more = hashes(queue, A)
        asked.extend(more)
        return len(asked)

    assert answer(1, in_ms=500) == 2 * AHEAD_MS // 1_000, "2 MiB in a second"
    assert answer(4, in_ms=100) == WINDOW_BYTES // mib, "much faster than anybody need be"
    for _ in range(20):
        most = answer(1, in_ms=60_000)
    assert most == LEAST_BYTES // mib, "what it was given before it became slow has come by now"


def test_answers_that_are_taken_together_count_together() -> None:
    queue = WantQueue(window_bytes=1_000)
    for peer in (A, B):
        for number in range(4):
            queue.add(bytes([number]) + peer, 100, -number, peer)
        hashes(queue, peer)
        queue.heard(peer, 0, 1_000)
    for size, now_ms in ((100, 1_100), (100, 1_100), (100, 1_200)):
        queue.heard(A, size, now_ms)
    for size, now_ms in ((100, 1_100), (100, 1_200)):
        queue.heard(B, size, now_ms)
    assert queue.fastest_first([B, A]) == [A, B]


def test_a_window_is_filled_to_its_last_byte() -> None:
    queue = WantQueue(window_bytes=100)
    queue.add(b"x", 60, 2, A)
    queue.add(b"y", 40, 1, A)
    queue.add(b"huge", 1 << 30, 9, A)
    assert hashes(queue, A) == [b"x", b"y", b"huge"], "a file that comes in pieces takes nothing of it"


def test_what_has_come_or_is_lacking_is_passed_over() -> None:
    queue = WantQueue()
    for number, content in enumerate((b"came", b"lacking", b"left")):
        queue.add(content, 1, -number, A)
        queue.add(content, 1, -number, B)
    queue.arrived(b"came")
    queue.missing(A, b"lacking")
    assert hashes(queue, A) == [b"left"]


def test_items_that_came_make_room_for_as_many() -> None:
    queue = WantQueue(window_items=2)
    for number in range(7):
        queue.add(b"%d" % number, 1, -number, A)
    assert hashes(queue, A) == [b"0", b"1"]
    queue.drop([b"0", b"1"])
    assert hashes(queue, A) == [b"2", b"3"]
    queue.drop([b"2", b"3"])
    assert hashes(queue, A) == [b"4", b"5"]


def test_a_note_that_came_makes_no_room_for_a_large_file() -> None:
    queue = WantQueue()
    for number in range(CHUNKED_AT_ONCE + 1):
        queue.add(b"huge %d" % number, 1 << 30, -number, A)
    queue.add(b"note", 10, 0, A)
    assert len(hashes(queue, A)) == CHUNKED_AT_ONCE + 1
    queue.arrived(b"note")
    assert hashes(queue, A) == []


def test_what_another_was_asked_for_is_asked_again_when_that_one_goes() -> None:
    queue = WantQueue()
    for peer in (A, B):
        queue.add(b"x", 10, 0, peer)
    assert hashes(queue, A) == [b"x"]
    assert hashes(queue, B) == [], "it has looked, and passed over it"
    queue.lost(A)
    assert hashes(queue, B) == [b"x"]


def test_a_peer_that_never_offered_anything_may_go() -> None:
    assert WantQueue().lost(C) == []


def answered(queue: WantQueue, peer: bytes, at_ms: int, *sizes: int) -> None:
    """`peer` is asked for something and answers every 100 ms, from `at_ms` on."""
    queue.add(b"of " + peer, 1, 0, peer)
    queue.next_for(peer, 1)
    queue.heard(peer, 10**6, at_ms)  # what came before the first is unknown, so this says nothing of a pace
    for number, size in enumerate(sizes, 1):
        queue.heard(peer, size, at_ms + number * 100)


def test_a_pace_is_the_latest_answer_by_three_tenths() -> None:
    """In bytes per ms: 1.00 and 2.00 make 1.30."""
    queue = WantQueue()
    answered(queue, b"changing", 1_000, 100, 200)
    answered(queue, b"a bit less", 1_000, 129)
    answered(queue, b"a bit more", 9_000_000, 131)
    assert queue.fastest_first([b"a bit less", b"changing", b"a bit more"]) == [
        b"a bit more",
        b"changing",
        b"a bit less",
    ]


def test_a_peer_that_comes_back_is_a_new_one() -> None:
    queue = WantQueue()
    answered(queue, b"back", 1_000, 100)
    answered(queue, b"other", 1_000, 500)
    queue.lost(b"back")
    assert queue.fastest_first([b"other", b"back"]) == [b"back", b"other"], "its pace is not known"
    queue.add(b"more", 1, 0, b"back")
    queue.next_for(b"back", 1)
    queue.heard(b"back", 1_000, 9_000_000)
    assert queue.fastest_first([b"other", b"back"]) == [b"back", b"other"], "its absence was no wait"
