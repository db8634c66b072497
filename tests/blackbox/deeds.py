"""What a person does to files as wholes: names, folders, pictures, copies, times."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from tests.blackbox.ledger import words_in
from tests.blackbox.person import FOLDERS, Person

Deed = Callable[[Person], str]


def act(person: Person) -> str:
    """One deed; its name."""
    deed = person.lot.choices([deed for _, deed in DEEDS], [weight for weight, _ in DEEDS])[0]
    return deed(person)


def create(person: Person) -> str:
    return person.create()


def edit(person: Person) -> str:
    return person.edit()


def delete(person: Person) -> str:
    files = person.files()
    if len(files) < 4:
        return person.create()
    name = person.lot.choice(files)
    person.remove(name, "deleted")
    return f"delete {name}"


def rename(person: Person) -> str:
    old = _some(person, person.files())
    return person.move(old, _beside(person, old)) if old else person.create()


def recase(person: Person) -> str:
    """The same name in other letters: to some disks no change at all."""
    old = _some(person, person.notes())
    if not old:
        return person.create()
    path = Path(old)
    stem = path.stem.upper() if path.stem != path.stem.upper() else path.stem.lower()
    return person.move(old, path.with_name(stem + path.suffix).as_posix())


def chain(person: Person) -> str:
    """A note changes its name twice, or goes and comes back, before anybody can look."""
    old = _some(person, person.notes())
    if not old:
        return person.create()
    aside = _beside(person, old)
    return f"{person.move(old, aside)}, then {person.move(aside, person.lot.choice([old, _beside(person, old)]))}"


def move(person: Person) -> str:
    old = _some(person, person.files())
    if not old:
        return person.create()
    folder = person.lot.choice([*FOLDERS, *person.folders()])
    return person.move(old, f"{folder}/{Path(old).name}" if folder else Path(old).name)


def rename_folder(person: Person, folder: str | None = None) -> str:
    old = folder or _some(person, person.folders())
    if not old:
        return person.create()
    new = f"Folder {person.new_stem()}"
    for name in person.files():
        if name.startswith(old + "/"):
            person.saw(name)
    try:
        os.rename(person.folder / old, person.folder / new)
    except OSError:
        return "rename folder, in vain"
    return f"rename folder {old} to {new}"


def delete_folder(person: Person) -> str:
    folder = _some(person, person.folders())
    files = person.files()
    if not folder or len(files) < 8:
        return person.create()
    inside = [name for name in files if name.startswith(folder + "/")]
    if len(inside) > len(files) // 3:
        return person.create()
    for name in inside:
        person.remove(name, "deleted with its folder")
    for here, _, _ in os.walk(person.folder / folder, topdown=False):
        try:
            os.rmdir(here)
        except OSError:
            break
    return f"delete folder {folder}"


def make_folder(person: Person) -> str:
    name = f"Empty {person.new_stem()}"
    (person.folder / name).mkdir()
    return f"make folder {name}"


def attach(person: Person) -> str:
    """A picture: new, or another one under a name that is taken."""
    lot = person.lot
    taken = [name for name in person.files() if name.endswith(".png")]
    name = lot.choice(taken) if taken and lot.random() < 0.3 else f"{person.new_stem()}.png"
    content = b"\x89PNG\x00" + lot.randbytes(lot.choice([300, 300, 30_000, 400_000, 2_000_000]))
    person.ledger.touch(person.who, f"path {name}")
    if name in taken and (before := person.read(name)) is not None:
        person.ledger.taken.add(before)
    person.ledger.attachments.add(content)
    person.save(name, content)
    return f"attach {name}, {len(content)} bytes"


def write_long(person: Person) -> str:
    """A note with a line that never ends, or with more lines than fit one message."""
    name = f"{person.new_stem()}.md"
    filler = " ".join(
        person.lot.choices(("long", "longer", "longest"), k=person.lot.choice([5_000, 5_000, 60_000, 250_000]))
    )
    kind = person.lot.choice(["line", "lines"])
    text = filler if kind == "line" else filler.replace(" ", "\n")
    person.save(name, person.line(name) + text.encode() + b"\n" + person.line(name))
    return f"write long {kind} {name}"


def write_nothing(person: Person) -> str:
    name = f"{person.new_stem()}.md"
    person.save(name, b"")
    return f"write nothing into {name}"


def swap(person: Person) -> str:
    """Two notes exchange their names."""
    notes = person.notes()
    if len(notes) < 2:
        return person.create()
    one, other = person.lot.sample(notes, 2)
    person.saw(one)
    person.saw(other)
    folder = person.folder
    aside = folder / "aside for a moment.md"
    try:
        os.rename(folder / one, aside)
        os.rename(folder / other, folder / one)
    except OSError:
        return "swap, in vain"
    finally:
        if aside.exists():
            target = folder / (other if not (folder / other).exists() else one)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.rename(aside, target)
    return f"swap {one} and {other}"


def recreate(person: Person) -> str:
    """A note moves away, and a new one takes its name at once."""
    name = _some(person, person.notes())
    if not name:
        return person.create()
    return f"{person.move(name, _beside(person, name))}, and {person.create(name)}"


def delete_and_write_anew(person: Person) -> str:
    """What some programs do to save: the old file goes, and a new one comes, here with one line more."""
    name = _some(person, person.notes())
    before = person.read(name) if name else None
    if not name or before is None:
        return person.create()
    person.ledger.saw(person.who, name, before)
    (person.folder / name).unlink(missing_ok=True)
    time.sleep(person.lot.choice([0, 0.02, 0.2]))
    if (person.folder / name).exists():
        # Somebody else's edit has brought it back: what is written now would go over that, unseen. What stood here,
        # perhaps since a moment ago only, has been deleted.
        person.take_away(name, words_in(before), "deleted")
        return f"delete and write anew {name}, in vain"
    person.ledger.touch(person.who, f"end of {name}")
    gap = b"" if before.endswith(b"\n") or not before else b"\n"
    person.save(name, before + gap + person.line(name))
    return f"delete and write anew {name}"


def copy(person: Person) -> str:
    """The same note once more, under another name."""
    name = _some(person, person.notes())
    content = person.read(name) if name else None
    if not name or content is None:
        return person.create()
    new = _beside(person, name)
    person.ledger.copied(content)
    person.save(new, content)
    return f"copy {name} to {new}"


def touch(person: Person) -> str:
    """A file gets another time, and nothing else."""
    name = _some(person, person.files())
    if not name:
        return person.create()
    when_s = time.time() + person.lot.choice([0, -86_400, 7 * 86_400, -20 * 365 * 86_400])
    try:
        os.utime(person.folder / name, (when_s, when_s))
    except OSError:
        return "touch, in vain"
    return f"touch {name}"


def save_unchanged(person: Person) -> str:
    """An editor saves a note that nobody changed."""
    name = _some(person, person.notes())
    content = person.read(name) if name else None
    if not name or content is None:
        return person.create()
    person.ledger.saw(person.who, name, content)
    person.save(name, content)
    return f"save {name} unchanged"


def take_words_back(person: Person) -> str:
    """All but the first line of a note goes."""
    name = _some(person, person.notes())
    content = person.read(name) if name else None
    if not name or not content:
        return person.create()
    first, *rest = content.splitlines(keepends=True)
    person.ledger.saw(person.who, name, content)
    for word in words_in(b"".join(rest)):
        person.ledger.touch(person.who, word.decode())
    person.take_away(name, words_in(b"".join(rest)) - words_in(first), "emptied")
    person.save(name, first)
    return f"empty {name} but for its first line"


DEEDS: tuple[tuple[int, Deed], ...] = (
    (10, create),
    (30, edit),
    (4, delete),
    (5, rename),
    (1, recase),
    (2, chain),
    (4, move),
    (2, rename_folder),
    (1, delete_folder),
    (1, make_folder),
    (3, attach),
    (1, write_long),
    (1, write_nothing),
    (2, swap),
    (2, recreate),
    (2, delete_and_write_anew),
    (1, copy),
    (1, touch),
    (1, save_unchanged),
    (1, take_words_back),
)


def _some(person: Person, names: list[str]) -> str | None:
    return person.lot.choice(names) if names else None


def _beside(person: Person, name: str) -> str:
    path = Path(name)
    return path.with_name(person.new_stem() + path.suffix).as_posix()
