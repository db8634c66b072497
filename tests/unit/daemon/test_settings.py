"""One vault's settings on one device."""

from __future__ import annotations

import pytest

from vaultsync.daemon.settings import CLASH_COPY, VaultSettings
from vaultsync.errors import ConfigError
from vaultsync.model.filters import DEFAULT_CATEGORIES, Category
from vaultsync.store.retention import Retention


def test_defaults_are_what_the_stored_nothing_means() -> None:
    assert VaultSettings.from_json("{}") == VaultSettings()
    assert VaultSettings().categories == DEFAULT_CATEGORIES


def test_settings_are_read_back_as_written() -> None:
    settings = VaultSettings(
        frozenset({Category.NOTES, Category.COMMUNITY_PLUGINS}),
        CLASH_COPY,
        Retention(keep_all_days=7, daily_days=30, max_bytes=1 << 20),
    )
    assert VaultSettings.from_json(settings.to_json()) == settings


def test_a_change_keeps_the_rest() -> None:
    settings = VaultSettings(clashes=CLASH_COPY)
    changed = settings.changed({"retention": {"keep_all_days": 7}})
    assert changed.clashes == CLASH_COPY
    assert changed.retention == Retention(keep_all_days=7)
    assert changed.changed({"categories": ["notes"]}).categories == {Category.NOTES}
    assert changed.changed({"categories": []}).categories == frozenset()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ('{"color": 1}', "`color`"),
        ('{"clashes": "both"}', "`clashes`"),
        ('{"categories": "notes"}', "`categories`"),
        ('{"categories": ["noets"]}', "`categories`"),
        ('{"categories": [1]}', "`categories`"),
        ('{"retention": 30}', "`retention`"),
        ('{"retention": {"days": 30}}', "`retention`"),
        ('{"retention": {"keep_all_days": -1}}', "`retention.keep_all_days`"),
        ('{"retention": {"keep_all_days": 1.5}}', "`retention.keep_all_days`"),
        ('{"retention": {"keep_all_days": true}}', "`retention.keep_all_days`"),
    ],
)
def test_a_mistake_is_named(text: str, named: str) -> None:
    with pytest.raises(ConfigError) as caught:
        VaultSettings.from_json(text)
    assert named in caught.value.message
