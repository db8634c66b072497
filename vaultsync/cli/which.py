"""Which device a person means: by its name, or by the beginning of its id."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Final, TypeVar

import typer

from vaultsync.errors import RequestError

T = TypeVar("T")

SHORTEST_ID: Final = 6
"""Characters of an id that are enough, if they fit one device only."""

PeerArgument = Annotated[str, typer.Argument(metavar="PEER", help="Its name, or at least 6 characters of its id.")]


def choose(text: str, known: Sequence[T], name: Callable[[T], str], node: Callable[[T], str], listed_by: str) -> T:
    """The one of `known` that `text` names. `RequestError` if none or more than one does.

    `listed_by`: the command that lists them.
    """
    wanted = text.strip().casefold()
    found = [each for each in known if name(each).casefold() == wanted]
    if not found and len(wanted) >= SHORTEST_ID:
        found = [each for each in known if node(each).startswith(wanted)]
    if not found:
        raise RequestError(f"No device has the name or the id {text[:60]}.", hint=f"`{listed_by}` lists them.")
    if len(found) > 1:
        ids = ", ".join(node(each)[:10] for each in found)
        raise RequestError(f"{text[:60]} may be more than one device: {ids}.", hint="Name it by its id.")
    return found[0]
