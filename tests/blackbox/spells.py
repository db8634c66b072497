"""What goes on between two looks: kinds of spells in which people act, together or apart."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.blackbox.deeds import act, rename_folder
from tests.blackbox.device import Device
from tests.blackbox.judge import check_no_false_claim

if TYPE_CHECKING:
    from tests.blackbox.history import History

Spell = Callable[["History"], None]


def together(history: History) -> None:
    """Everybody does this and that, while all are connected."""
    for _ in range(history.lot.randint(5, 25)):
        _some_deed(history)
        time.sleep(history.lot.choice([0, 0.01, 0.05, 0.2]))


def at_once(history: History) -> None:
    """The same note is edited by several within milliseconds."""
    lot = history.lot
    for _ in range(lot.randint(3, 10)):
        shared = history.shared_notes()
        if not shared:
            _some_deed(history)
        else:
            note = lot.choice(shared)
            for person in lot.sample(history.people, lot.randint(2, len(history.people))):
                history.deed(person, person.edit(note))
                time.sleep(lot.choice([0, 0, 0.002, 0.02]))
        time.sleep(lot.choice([0, 0.1, 0.4]))


def ping_pong(history: History) -> None:
    """Two people edit one note in turns, again and again, faster than it can cross."""
    lot = history.lot
    shared = history.shared_notes()
    if not shared:
        return together(history)
    note = lot.choice(shared)
    pair = lot.sample(history.people, 2)
    pause_s = lot.choice([0.0, 0.01, 0.03, 0.1])
    for _ in range(lot.randint(5, 20)):
        for person in pair:
            history.deed(person, person.edit(note))
            time.sleep(lot.uniform(0, 2 * pause_s))
    return None


def same_new_name(history: History) -> None:
    """Several make a file of one name, with the same content or each their own."""
    lot = history.lot
    for number in range(lot.randint(1, 4)):
        name = f"{lot.choice(['', 'Daily/'])}Made by all {len(history.outcome.diary)} {number}.md"
        group = lot.sample(history.people, lot.randint(2, len(history.people)))
        kind = lot.choice(["alike", "longer", "template", "other"])
        common = b"" if kind == "other" else b"".join(group[0].line(name) for _ in range(lot.randint(1, 8)))
        for person in group:
            if kind == "other":
                history.deed(person, person.create(name))
                continue
            more = kind == "template" or (kind == "longer" and person is group[-1])
            if kind == "template":
                person.ledger.touch(person.who, f"path {name}")
            person.save(name, common + (person.line(name) if more else b""))
            history.deed(person, f"create {name}, {kind}")
        time.sleep(lot.choice([0, 0.02, 0.3]))


def burst(history: History) -> None:
    """One writes without a pause, as a program does, while the others go on."""
    lot = history.lot
    person = lot.choice(history.people)
    note = lot.choice(person.notes() or ["Log.md"])
    pause_s = lot.choice([0.0, 0.002, 0.01, 0.05])
    for _ in range(lot.randint(20, 60)):
        history.deed(person, person.edit(note) if lot.random() < 0.7 else person.create())
        if lot.random() < 0.1:
            _some_deed(history)
        time.sleep(pause_s)


def folder_race(history: History) -> None:
    """A folder gets another name here while the notes in it are edited there, and new ones are put into it."""
    lot = history.lot
    mover, *others = lot.sample(history.people, len(history.people))
    folder = lot.choice(mover.folders() or ["Daily"])
    inside = [name for name in mover.notes() if name.startswith(folder + "/")]

    def edit_inside() -> None:
        for person in others:
            if lot.random() < 0.3 or not inside:
                history.deed(person, person.create(f"{folder}/{person.new_stem()}.md"))
            else:
                history.deed(person, person.edit(lot.choice(inside)))

    if lot.random() < 0.5:
        edit_inside()
    if (mover.folder / folder).is_dir():
        history.deed(mover, rename_folder(mover, folder))
    edit_inside()


def stopped(history: History) -> None:
    """Some devices are stopped, in the middle of things, and life goes on in all folders."""
    _hectic(history)
    _apart(history, Device.stop, Device.run)


def killed(history: History) -> None:
    """The same with a crash."""

    def kill(device: Device) -> None:
        device.kill()
        history.ledger.excuse(device.name)

    _hectic(history)
    _apart(history, kill, Device.run)


def killed_often(history: History) -> None:
    """A device that crashes as soon as it is up, again and again."""
    lot = history.lot
    for _ in range(lot.randint(2, 4)):
        device = lot.choice(history.devices)
        device.kill()
        history.ledger.excuse(device.name)
        history.note(f"{device.name} is killed")
        _some_deed(history)
        device.run()
        deadline_s = time.monotonic() + lot.uniform(0, 1.5)
        while time.monotonic() < deadline_s:
            _some_deed(history)
            time.sleep(lot.choice([0.02, 0.1, 0.3]))


def frozen(history: History) -> None:
    """A lid that is closed for some moments."""
    _hectic(history)
    _apart(history, Device.freeze, Device.thaw, history.lot.choice([0.1, 1.0, 4.0]))


def frozen_long(history: History) -> None:
    """A lid that is closed for so long that the others give the connection up."""
    _apart(history, Device.freeze, Device.thaw, history.lot.choice([12.0, 16.0, 20.0]))


def clock_jumps(history: History) -> None:
    """A device comes back with a wrong clock."""

    def back(device: Device) -> None:
        device.clock_off_s = history.lot.choice([-3 * 86_400, -7_200, -30, 0, 30, 7_200, 3 * 86_400])
        history.note(f"{device.name}'s clock is off by {device.clock_off_s} s")
        device.run()

    _apart(history, Device.stop, back)


def reinstalled(history: History) -> None:
    """A device loses all but its notes and its key, and joins again; what it held is offered anew."""
    lot = history.lot
    device = lot.choice(history.devices)
    friend = lot.choice([each for each in history.devices if each.name in device.reachable])
    leave = lot.choice([Device.stop, Device.kill])
    leave(device)
    device.forget()
    history.note(f"{device.name} forgets all")
    for _ in range(lot.randint(0, 6)):
        _some_deed(history)
    history.ledger.unclear()
    device.join(friend.ticket())
    history.note(f"{device.name} joins again")
    # What is removed before it has heard of what there is may come back as well.
    history.judge("a spell's first half")
    history.ledger.unclear()


def restored_backup(history: History) -> None:
    """A device gets its data folder of some time ago back; the notes are today's."""
    lot = history.lot
    device = lot.choice(history.devices)
    device.stop()
    device.back_up()
    device.run()
    for _ in range(lot.randint(2, 12)):
        _some_deed(history)
        time.sleep(lot.choice([0, 0.1]))
    history.judge("a spell's first half")
    device.stop()
    device.restore()
    history.note(f"{device.name} has the index of before")
    for _ in range(lot.randint(0, 4)):
        _some_deed(history)
    # What it has synced since then looks to it as if it had been written while it was off.
    history.ledger.unclear()
    device.run()


def cut_off(history: History) -> None:
    """Some devices cannot reach the others, and nobody is told."""
    network, lot = history.network, history.lot
    assert network is not None
    side = lot.sample(range(len(history.devices)), lot.randint(1, len(history.devices) - 1))
    pairs = network.split(side)
    history.note(f"{[history.devices[each].name for each in side]} cut off")
    _busy(history, lot.choice([0.5, 3.0, 10.0, 20.0, 30.0]))
    for pair in pairs:
        network.mend(*pair)
    history.note("the network is whole again")


def moved(history: History) -> None:
    """A device gets another address, at work or while it is off."""
    network, lot = history.network, history.lot
    assert network is not None
    if history.in_line:
        return together(history)
    number = lot.randrange(len(history.devices))
    device = history.devices[number]
    off = lot.random() < 0.5
    _hectic(history)
    if off:
        device.stop()
    network.renumber(number)
    history.note(f"{device.name} is now at {network.address(number)}{', and off' if off else ''}")
    for _ in range(lot.randint(1, 8)):
        _some_deed(history)
    if off:
        device.run()
    return None


SPELLS: tuple[tuple[int, Spell], ...] = (
    (4, together),
    (6, at_once),
    (4, ping_pong),
    (3, same_new_name),
    (3, burst),
    (4, folder_race),
    (5, stopped),
    (6, killed),
    (3, killed_often),
    (3, frozen),
    (1, frozen_long),
    (2, clock_jumps),
    (1, reinstalled),
    (2, restored_backup),
)
"""How often each is drawn, and what it is."""

NETWORK_SPELLS: tuple[tuple[int, Spell], ...] = ((8, cut_off), (6, moved))
"""Those that need a network of their own."""


def _some_deed(history: History) -> None:
    person = history.lot.choice(history.people)
    history.deed(person, act(person))


def _hectic(history: History) -> None:
    """Some deeds at once: whatever comes next comes in the middle of them."""
    for _ in range(history.lot.randint(0, 6)):
        _some_deed(history)
    time.sleep(history.lot.choice([0, 0.01, 0.05, 0.1, 0.3]))


def _busy(history: History, lasting_s: float) -> None:
    """Deeds in all folders, many at one note, at first in haste, then now and then."""
    lot = history.lot
    until_s = time.monotonic() + lasting_s
    for _ in range(lot.randint(3, 20)):
        if lot.random() < 0.3 and (shared := history.shared_notes()):
            person = lot.choice(history.people)
            history.deed(person, person.edit(lot.choice(shared)))
        else:
            _some_deed(history)
    while (left_s := until_s - time.monotonic()) > 0:
        time.sleep(min(lot.uniform(0.0, 4.0), left_s))
        _some_deed(history)


def _apart(
    history: History, leave: Callable[[Device], None], come: Callable[[Device], None], pause_s: float = 0.0
) -> None:
    lot = history.lot
    away = lot.sample(history.devices, lot.randint(1, len(history.devices)))
    for device in away:
        leave(device)
        history.note(f"{device.name} is away")
    _busy(history, pause_s)
    there = [each for each in history.devices if each not in away]
    if there and lot.random() < 0.25:
        person = history.people[history.devices.index(there[0])]
        history.deed(person, person.create(f"Unheard of {len(history.outcome.diary)}.md"))
        check_no_false_claim(there[0], away[0], history.outcome.found)
    for device in lot.sample(away, len(away)):
        come(device)
        history.note(f"{device.name} is back")
        time.sleep(lot.choice([0, 0.5]))
        if lot.random() < 0.5:
            _some_deed(history)
