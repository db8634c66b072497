"""What is fuzzed: a decoder, inputs to begin with, and how to change them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CORPUS: Final = Path(__file__).parent / "corpus"


@dataclass(frozen=True, slots=True)
class Target:
    """One decoder with its oracle."""

    name: str
    attempt: Callable[[bytes], None]
    """Decodes. Returns if the input was taken, or refused with an error that the decoder declares; raises otherwise."""
    seeds: Callable[[], list[bytes]]
    """Inputs made by our own encoders: they follow the format when it changes."""
    structured: bool = False
    """Whether an input is one byte and then CBOR, which is changed as a tree, too."""
    words: tuple[bytes, ...] = ()
    """What means something in this format."""
    max_bytes: int = 4_096
    slow: bool = False
    """Whether an input takes milliseconds, not microseconds."""

    @property
    def corpus(self) -> Path:
        """Inputs that long runs found, one per file."""
        return CORPUS / self.name

    def inputs(self) -> list[bytes]:
        """Everything to begin with."""
        found = sorted(self.corpus.iterdir()) if self.corpus.is_dir() else []
        return [*self.seeds(), *(path.read_bytes() for path in found)]
