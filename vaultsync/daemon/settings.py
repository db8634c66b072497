"""What a person may set for one vault on one device."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Self

from vaultsync.errors import ConfigError
from vaultsync.model.filters import DEFAULT_CATEGORIES, Category
from vaultsync.store.retention import Retention

CLASH_MERGE = "merge"
CLASH_COPY = "copy"
STRANGERS_REJECT = "reject"
STRANGERS_ASK = "ask"
MAX_DAYS = 100_000
MAX_BYTES = 10**18


@dataclass(frozen=True, slots=True)
class VaultSettings:
    """One vault's settings on this device; stored as JSON in the node's database."""

    categories: frozenset[Category] = DEFAULT_CATEGORIES
    """Kinds of files that this device syncs."""
    clashes: str = CLASH_MERGE
    """`merge`: notes edited on two devices at once are merged; `copy`: the second one is kept beside the first."""
    retention: Retention = field(default_factory=Retention)
    mesh: bool = True
    """Whether this device tells members of one another, and takes up those that others vouch for."""
    strangers: str = STRANGERS_REJECT
    """What becomes of a device that asks to join without a good ticket: `reject`, or `ask` a person."""
    sync: bool = True
    """Whether this device exchanges anything with others. What is edited meanwhile is recorded, and goes later."""

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote, or what a person sent. `ConfigError` names the key that is wrong."""
        try:
            data = json.loads(text)
        except ValueError as error:
            raise ConfigError(f"The vault's settings are not JSON: {error}.") from error
        if not isinstance(data, dict):
            raise ConfigError("The vault's settings are not a JSON object.")
        return cls().changed(data)

    def changed(self, data: dict[str, object]) -> Self:
        """With the given keys changed. `ConfigError` names the key that is wrong."""
        settings = self
        for key, value in data.items():
            match key:
                case "categories":
                    settings = replace(settings, categories=_categories(value))
                case "clashes":
                    if value not in (CLASH_MERGE, CLASH_COPY):
                        raise ConfigError(f"`clashes` must be `merge` or `copy`, not {value!r}.")
                    settings = replace(settings, clashes=str(value))
                case "retention":
                    settings = replace(settings, retention=_retention(settings.retention, value))
                case "mesh":
                    settings = replace(settings, mesh=_flag(key, value))
                case "sync":
                    settings = replace(settings, sync=_flag(key, value))
                case "strangers":
                    if value not in (STRANGERS_REJECT, STRANGERS_ASK):
                        raise ConfigError(f"`strangers` must be `reject` or `ask`, not {value!r}.")
                    settings = replace(settings, strangers=str(value))
                case _:
                    raise ConfigError(f"`{key}` is not a setting of a vault.")
        return settings

    def to_json(self) -> str:
        return json.dumps(
            {
                "categories": sorted(self.categories),
                "clashes": self.clashes,
                "retention": asdict(self.retention),
                "mesh": self.mesh,
                "strangers": self.strangers,
                "sync": self.sync,
            }
        )


def _flag(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"`{key}` must be true or false, not {value!r}.")
    return value


def _categories(value: object) -> frozenset[Category]:
    known = {category.value: category for category in Category}
    if not isinstance(value, list) or not all(isinstance(name, str) and name in known for name in value):
        raise ConfigError(f"`categories` must be a list of {', '.join(sorted(known))}.")
    return frozenset(known[name] for name in value)


def _retention(now: Retention, value: object) -> Retention:
    names = {one.name for one in fields(Retention)}
    if not isinstance(value, dict) or not set(value) <= names:
        raise ConfigError(f"`retention` must be an object with {', '.join(sorted(names))}.")
    for name, number in value.items():
        most = MAX_DAYS if name.endswith("_days") else MAX_BYTES
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= most:
            raise ConfigError(f"`retention.{name}` must be a whole number from 0 to {most:,}.")
    return replace(now, **value)
