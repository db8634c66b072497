"""A list of things, each of one or more lines, that stays where it is while its contents change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option


@dataclass(frozen=True, slots=True)
class Item:
    """What is shown under a key that does not change."""

    key: str
    content: Content
    heading: bool = False
    """Whether it only says what the next ones are, and can't be highlighted."""


class ItemList(OptionList):
    """Items under keys; `empty` is what to say, and what to do, while there are none.

    A click highlights an item; another click on it is as Enter.
    """

    DEFAULT_CSS = """
    ItemList { text-wrap: nowrap; text-overflow: ellipsis; }
    ItemList.-empty { text-wrap: wrap; }
    """

    def __init__(self, *, empty: str, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._empty = empty
        self._items: tuple[Item, ...] | None = None
        self._clicked_key: str | None = None

    def on_resize(self) -> None:
        """Keep what is highlighted in view."""
        self.call_after_refresh(self.scroll_to_highlight)

    @property
    def key(self) -> str | None:
        """Of the highlighted item, or None if there is none."""
        option = self.highlighted_option
        return option.id if option is not None and self._items else None

    @property
    def keys(self) -> list[str]:
        return [item.key for item in self._items or ()]

    def say_if_empty(self, text: str) -> None:
        """Say something else while there are none."""
        if text != self._empty:
            self._empty = text
            if not self._items:
                self._items = None
                self.show(())

    def show(self, items: Sequence[Item]) -> None:
        """Show these; what is highlighted stays so if it is still there."""
        before, self._items = self._items, tuple(items)
        if before == self._items:
            return
        if before is not None and before and [item.key for item in before] == self.keys:
            for index, (old, new) in enumerate(zip(before, self._items, strict=True)):
                if old != new:
                    self.replace_option_prompt_at_index(index, new.content)
            return
        key = self.highlighted_option.id if self.highlighted_option is not None and before else None
        place = self.highlighted or 0
        self.set_class(not self._items, "-empty")
        if not self._items:
            self.set_options([Option(Content.from_markup(self._empty), disabled=True)])
            return
        self.set_options([Option(item.content, id=item.key, disabled=item.heading) for item in self._items])
        keys = self.keys
        self.highlighted = keys.index(key) if key in keys else self._nearest(place)

    def _nearest(self, place: int) -> int | None:
        """The item at `place`, or the next one there is."""
        items = self._items or ()
        places = [index for index, item in enumerate(items) if not item.heading]
        return next((index for index in places if index >= place), places[-1] if places else None)

    async def _on_click(self, event: events.Click) -> None:
        # Otherwise the mouse could not point at a thing for the hints at the bottom without opening it.
        place: int | None = event.style.meta.get("option")
        again = self.key is not None and self.key == self._clicked_key and place == self.highlighted
        if place is None or again:
            return
        event.prevent_default()
        if not self.get_option_at_index(place).disabled:
            self.highlighted = place
            self._clicked_key = self.key

    def go_to(self, key: str) -> bool:
        """Highlight the item with that key. Tells whether there is one."""
        if key not in self.keys:
            return False
        self.highlighted = self.keys.index(key)
        return True
