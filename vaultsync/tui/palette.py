"""The command palette: every action that a key does here, by its description."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from textual.binding import ActiveBinding
from textual.command import DiscoveryHit, Hit, Hits, Provider


class Actions(Provider):
    """Everything that has a key on the present screen."""

    async def discover(self) -> Hits:
        for text, more, active in self._actions():
            yield DiscoveryHit(text, partial(self._run, active), help=more)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for text, more, active in self._actions():
            score = max(matcher.match(text), matcher.match(more))
            if score > 0:
                yield Hit(score, matcher.highlight(text), partial(self._run, active), help=more, text=text)

    def _actions(self) -> Iterator[tuple[str, str, ActiveBinding]]:
        seen: set[str] = set()
        for active in self.screen.active_bindings.values():
            binding = active.binding
            # What has no tooltip is how a widget is moved around in, and no action of the dashboard.
            if not active.enabled or not binding.description or not binding.tooltip or binding.system:
                continue
            if binding.description not in seen:
                seen.add(binding.description)
                key = self.app.get_key_display(binding)
                yield f"{binding.description}  ({key})", binding.tooltip, active

    async def _run(self, active: ActiveBinding) -> None:
        await self.app.run_action(active.binding.action, active.node)
