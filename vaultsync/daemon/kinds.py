"""The names of events outside of this process: in logs and on the API's stream."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, get_args

from vaultsync.daemon.events import Event


def _name(kind: type[Event]) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


KINDS: Final[Mapping[str, type[Event]]] = {_name(kind): kind for kind in get_args(Event)}
"""By name: the class's in snake case, such as `peer_state_changed`."""


def kind_of(event: Event) -> str:
    """The event's name."""
    return _name(type(event))
