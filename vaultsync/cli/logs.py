"""A running node where nobody watches: one JSON object per line on standard output."""

from __future__ import annotations

import logging
import sys
from dataclasses import asdict
from typing import Final

import structlog

from vaultsync.cli.presenter import Names
from vaultsync.daemon.answers import JoinInfo
from vaultsync.daemon.events import ChangeObserved, Event, ScanProgressed, SyncProgressed
from vaultsync.daemon.kinds import kind_of
from vaultsync.daemon.status import Status

_TOO_MANY: Final = (ScanProgressed, SyncProgressed)
"""Kinds that would fill a log with numbers; only their ends are told."""


class Log:
    """Logs what happens. The keys are those of the API's events, with names beside the ids."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._scanning: set[str] = set()
        self._served = False
        self._log = _set_up()

    def serving(self, status: Status) -> None:
        node, self._served = status.node, True
        self._log.info(
            "serving",
            node=node.id,
            name=node.name,
            version=node.version,
            addresses=list(node.addresses),
            vaults=[{"vault": vault.id, "name": vault.name, "root": vault.root} for vault in status.vaults],
        )

    def joined(self, joined: JoinInfo) -> None:
        self._log.info("joined", **asdict(joined))

    def handle(self, event: Event) -> None:
        if isinstance(event, _TOO_MANY):
            self._note_scan(event)
            return
        data = asdict(event)
        if isinstance(event, ChangeObserved) and event.vault in self._scanning:
            return
        name = kind_of(event)
        if name == "vault_state_changed" and data["state"] == "scanning":
            self._scanning.add(data["vault"])
        if vault := data.get("vault"):
            data["vault_name"] = self._names.vault(vault)
        if peer := data.get("peer"):
            data["peer_name"] = self._names.peer(peer)
        self._log.info(name, **data)

    def _note_scan(self, event: ScanProgressed | SyncProgressed) -> None:
        if isinstance(event, ScanProgressed) and event.done:
            self._scanning.discard(event.vault)
            name = self._names.vault(event.vault)
            self._log.info("scanned", vault=event.vault, vault_name=name, files=event.files)

    def tick(self) -> None:
        """Nothing to draw."""

    def stopping(self) -> None:
        self._log.info("stopping")

    def close(self) -> None:
        if self._served:
            self._log.info("stopped")


def _in_order(_logger: object, _method: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """When, how bad and what first: so that a log can be read down its left side."""
    first = {key: line.pop(key) for key in ("time", "level", "event") if key in line}
    return {**first, **line}


def _set_up() -> structlog.stdlib.BoundLogger:
    """Send the libraries' warnings and our own lines to standard output, in one form."""
    stamp: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*stamp, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _in_order,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    own = logging.getLogger("vaultsync.node")
    own.setLevel(logging.INFO)
    bound: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        own,
        processors=[*stamp, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    return bound
