"""The command palette: every action that a key does here, by its description."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from textual.app import App
from textual.binding import Binding
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.screen import Screen

Place = App[object] | Screen[object]


class Actions(Provider):
    """Everything that has a key on the present screen, whether or not the focus is in a field that takes keys."""

    async def discover(self) -> Hits:
        for text, more, binding, place in self._actions():
            yield DiscoveryHit(text, partial(self._run, binding, place), text=text, help=more)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for text, more, binding, place in self._actions():
            score = max(matcher.match(text), matcher.match(more))
            if score > 0:
                yield Hit(score, matcher.highlight(text), partial(self._run, binding, place), help=more, text=text)

    def _actions(self) -> Iterator[tuple[str, str, Binding, Place]]:
        for binding, place in actions_on(self.screen, self.app):
            yield f"{binding.description}  ({keys_of(binding, self.app)})", binding.tooltip, binding, place

    async def _run(self, binding: Binding, place: Place) -> None:
        await self.app.run_action(binding.action, place)


def actions_on(screen: Screen[Any], app: App[Any]) -> Iterator[tuple[Binding, Place]]:
    """Every action that can be taken on the screen now, its own before those of all screens."""
    taken: set[str] = set()
    for place in (screen, app):
        for binding in place.BINDINGS:
            # What has no tooltip is how a widget is moved around in, and no action of the dashboard.
            if not isinstance(binding, Binding) or not binding.tooltip or not _is_offered(place, binding):
                continue
            keys = set(binding.key.split(","))
            if not keys & taken:
                yield binding, place
            taken |= keys


def keys_of(binding: Binding, app: App[Any]) -> str:
    """The keys as a person reads them: `1 F1`."""
    return app.get_key_display(binding).replace(",", " ")


def _is_offered(place: Place, binding: Binding) -> bool:
    return place.check_action(binding.action.partition("(")[0], ()) is True
