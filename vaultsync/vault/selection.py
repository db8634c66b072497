"""Which paths this device syncs: the never-list, the vault's ignore file and the device's categories."""

from __future__ import annotations

import re
import warnings
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Final

from vaultsync.errors import ConfigError
from vaultsync.model.filters import (
    CATEGORY_WORDS,
    DEFAULT_CATEGORIES,
    IGNORE_FILE,
    Category,
    category_of,
    is_settings_path,
    never_reason,
)
from vaultsync.model.paths import parent_of
from vaultsync.vault.filesystem import FileSystem

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

# The ignore file comes from other members too, and a pattern may cost time that grows with its length and its stars.
MAX_PATTERNS: Final = 2_000
MAX_PATTERN: Final = 512
"""Characters of one pattern."""
MAX_STARS: Final = 6


class Selection:
    """The rules of one device for one vault. A value: what changes makes a new one."""

    __slots__ = ("_categories", "_folders", "_lines", "_patterns")

    def __init__(self, ignore: str = "", categories: AbstractSet[Category] = DEFAULT_CATEGORIES) -> None:
        """`ignore` is the text of the ignore file. `ConfigError` names the line of a pattern that is none."""
        self._categories = frozenset(categories)
        self._lines = ignore.removeprefix("\ufeff").splitlines()
        self._patterns = _compile(self._lines)
        self._folders: dict[str, str | None] = {"": None}

    @classmethod
    def load(cls, fs: FileSystem, categories: AbstractSet[Category] = DEFAULT_CATEGORIES) -> Selection:
        """With the ignore file that the vault holds now, if any. `ConfigError`, `OSError`, `UnstableFileError`."""
        if fs.stat(IGNORE_FILE) is None:
            return cls("", categories)
        try:
            return cls(fs.read(IGNORE_FILE)[0].decode(), categories)
        except UnicodeDecodeError:
            raise ConfigError(f"{IGNORE_FILE} is not UTF-8 text.") from None

    def with_categories(self, categories: AbstractSet[Category]) -> Selection:
        """The same ignore rules for other categories."""
        return Selection("\n".join(self._lines), categories)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Selection):
            return NotImplemented
        return self.same_rules(other) and self._categories == other._categories

    def same_rules(self, other: Selection) -> bool:
        """Whether both have the same ignore file, whatever their categories."""
        return self._lines == other._lines

    def __hash__(self) -> int:
        return hash((*self._lines, self._categories))

    @property
    def categories(self) -> frozenset[Category]:
        return self._categories

    def reason(self, path: str, is_folder: bool) -> str | None:
        """Which rule leaves `path` out, in words for a person; None if it is selected.

        What is in a folder that is left out is left out too, as in Git.
        """
        if path == IGNORE_FILE:
            return None
        if is_folder:
            return self._folder_reason(path)
        return self._folder_reason(parent_of(path)) or self._own_reason(path, is_folder=False)

    def _folder_reason(self, folder: str) -> str | None:
        if folder in self._folders:
            return self._folders[folder]
        reason = self._folder_reason(parent_of(folder)) or self._own_reason(folder, is_folder=True)
        self._folders[folder] = reason
        return reason

    def _own_reason(self, path: str, *, is_folder: bool) -> str | None:
        if never := never_reason(path):
            return never
        if not is_folder or is_settings_path(path):
            category = category_of(path)
            if category is not None and category not in self._categories:
                return f"{CATEGORY_WORDS[category]} are switched off on this device"
        if self._patterns is not None:
            spec, numbers = self._patterns
            result = spec.check_file(path + "/" if is_folder else path)
            if result.include and result.index is not None:
                number = numbers[result.index]
                return f"{IGNORE_FILE} line {number}: {self._lines[number - 1].strip()}"
        return None


def _compile(lines: list[str]) -> tuple[GitIgnoreSpec, list[int]] | None:
    """The patterns, and the line number of each."""
    with warnings.catch_warnings():
        # `[[` will mean something else to a later Python; that is the library's to deal with.
        warnings.simplefilter("ignore", FutureWarning)
        return _compile_patterns(lines)


def _compile_patterns(lines: list[str]) -> tuple[GitIgnoreSpec, list[int]] | None:
    numbers = [n for n, line in enumerate(lines, start=1) if line.strip() and not line.startswith("#")]
    if len(numbers) > MAX_PATTERNS:
        raise ConfigError(f"{IGNORE_FILE} has {len(numbers)} patterns; the limit is {MAX_PATTERNS}.")
    if not numbers:
        return None
    # Loaded where there are rules.
    from pathspec import GitIgnoreSpec

    for number in numbers:
        line = lines[number - 1]
        if len(line) > MAX_PATTERN or line.count("*") > MAX_STARS:
            why = f"has more than {MAX_PATTERN} characters or {MAX_STARS} stars"
            raise ConfigError(f"{IGNORE_FILE} line {number} {why}: {line[:40]!r}…")
        try:
            (pattern,) = GitIgnoreSpec.from_lines([line], backend="simple").patterns
        except (ValueError, re.error) as error:
            raise ConfigError(f"{IGNORE_FILE} line {number} is not a pattern: {line!r} ({error})") from error
        if pattern.include is None:
            raise ConfigError(f"{IGNORE_FILE} line {number} can match nothing: {line!r}")
    return GitIgnoreSpec.from_lines([lines[n - 1] for n in numbers], backend="simple"), numbers
