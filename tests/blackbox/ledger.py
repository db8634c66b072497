"""What people wrote and took away: the truth that the folders are held to.

Every line carries a word that is written once in the whole history. A word is owed from the moment that it is
written until a person removes its line or its file while the word stands there.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

WORD = re.compile(rb"w\d+q[a-z]+z")


def words_in(content: bytes) -> set[bytes]:
    return set(WORD.findall(content))


@dataclass(slots=True)
class Ledger:
    written: dict[bytes, str] = field(default_factory=dict)
    """Every word, and who wrote it where."""
    removed: dict[bytes, str] = field(default_factory=dict)
    """Words that a person took away, and how."""
    attachments: set[bytes] = field(default_factory=set)
    """Contents that are owed whole."""
    taken: set[bytes] = field(default_factory=set)
    """Attachments that a person replaced or deleted."""
    clashes: int = 0
    """Edits of two people that meet: one line, one attachment or one new path, in one spell of acting."""
    _number: int = 0
    _doubled: set[bytes] = field(default_factory=set)
    """Words that stand in two places, as with a conflict copy: whoever removes one leaves the other."""
    _at: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _phase_removed: dict[bytes, tuple[str, str]] = field(default_factory=dict)
    _phase_touched: dict[bytes, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Who was at which words and which paths since all agreed last."""
    _phase_places: dict[bytes, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    """Where words have been seen since then."""
    _excused: set[str] = field(default_factory=set)

    def word(self, who: str, where: str) -> str:
        """A new word."""
        self._number += 1
        word = f"w{self._number}q{who.lower()}z"
        self.written[word.encode()] = f"{who} in {where}"
        return word

    def touch(self, who: str, spot: str) -> None:
        """Somebody edits at this spot (a line's word, an attachment, a path): the second one to do so clashes."""
        people = self._at[spot]
        if people and who not in people:
            self.clashes += 1
        people.add(who)

    def saw(self, who: str, path: str, content: bytes) -> None:
        """Somebody changed or moved this file, which holds these words."""
        self._phase_touched[path.encode()].add(who)
        for word in words_in(content):
            self._phase_touched[word].add(who)
            self._phase_places[word].add(path.encode())

    def remove(self, who: str, path: str, words: set[bytes], how: str) -> None:
        for word in words:
            self.removed[word] = f"{who} {how} {path}"
            self._phase_removed[word] = (who, path)

    def take_back(self, written: set[bytes], removed: set[bytes]) -> None:
        """An edit did not come about."""
        for word in written:
            del self.written[word]
        for word in removed:
            self.removed.pop(word, None)
            self._phase_removed.pop(word, None)

    def copied(self, content: bytes) -> None:
        """Somebody made a second file of this content: its words stand twice from now on."""
        self._doubled |= words_in(content)

    def unclear(self) -> None:
        """What was removed up to now may come back: a device has forgotten, or never knew, what there was before."""
        self._phase_removed.clear()

    def excuse(self, who: str) -> None:
        """What this person removes in this spell may come back: their device crashed.

        If it did so between putting a file in place and noting that, and the file was edited before it is up again, it
        takes that for a file of its own, made apart from the others'. Nothing is lost by that.
        """
        self._excused.add(who)

    def settled(self, files: Iterable[bytes]) -> set[bytes]:
        """A spell of acting is over, and `files` are what is there now.

        Returns the words that are there although one person removed them, while nobody else was at the same note.
        """
        seen = Counter(word for content in files for word in WORD.findall(content))
        ghosts = {
            word
            for word, (who, path) in self._phase_removed.items()
            if word in seen and word not in self._doubled and who not in self._excused
            if self._who_was_at(word, path.encode()) <= {who}
        }
        self._doubled = {word for word, times in seen.items() if times > 1}
        self._at.clear()
        self._phase_removed.clear()
        self._phase_touched.clear()
        self._phase_places.clear()
        self._excused.clear()
        return ghosts

    def _who_was_at(self, word: bytes, path: bytes) -> set[str]:
        """Who touched it, or anything that was under a name that it had: names are exchanged, too."""
        people = set(self._phase_touched[word])
        return people.union(*(self._phase_touched[place] for place in {path, *self._phase_places[word]}))

    def owed(self) -> set[bytes]:
        return set(self.written) - set(self.removed)

    def owed_attachments(self) -> set[bytes]:
        return self.attachments - self.taken
