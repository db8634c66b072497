"""Figures of the node in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from vaultsync.daemon.refusals import Refusals
from vaultsync.daemon.status import Status

if TYPE_CHECKING:
    from prometheus_client import Metric

    from vaultsync.daemon.peer import Peer


def render(status: Status, peers: Iterable[Peer], refusals: Refusals) -> bytes:
    """All of it. Content type: `prometheus_client.CONTENT_TYPE_LATEST`."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.registry import Collector

    class Once(Collector):
        def collect(self) -> Iterator[Metric]:
            yield from _peers(peers)
            yield from _vaults(status)
            yield _refusals(refusals)

    registry = CollectorRegistry()
    registry.register(Once())
    return generate_latest(registry)


def _peers(peers: Iterable[Peer]) -> Iterator[Metric]:
    from prometheus_client.core import GaugeMetricFamily

    up = GaugeMetricFamily("vaultsync_peer_connected", "Whether a device is connected.", labels=["peer"])
    moved = GaugeMetricFamily(
        "vaultsync_connection_bytes", "What has moved over the present connection.", labels=["peer", "direction"]
    )
    for peer in peers:
        name = str(peer.record.node_id)
        up.add_metric([name], float(peer.link is not None))
        if peer.link is not None:
            moved.add_metric([name, "sent"], peer.link.connection.bytes_sent)
            moved.add_metric([name, "received"], peer.link.connection.bytes_received)
    yield up
    yield moved


def _vaults(status: Status) -> Iterator[Metric]:
    from prometheus_client.core import GaugeMetricFamily

    for key, what in (
        ("files", "Files in the index."),
        ("bytes", "Bytes of all files."),
        ("pending", "Paths that peers offer and that are not applied yet."),
        ("wanted_bytes", "Contents that are still to be fetched."),
        ("blocked", "Paths that cannot be here."),
        ("held", "Deletions that wait for a person."),
    ):
        family = GaugeMetricFamily(f"vaultsync_vault_{key}", what, labels=["vault"])
        for vault in status.vaults:
            family.add_metric([vault.id], getattr(vault, key))
        yield family


def _refusals(refusals: Refusals) -> Metric:
    from prometheus_client.core import CounterMetricFamily

    family = CounterMetricFamily(
        "vaultsync_refusals", "What was refused, by device and close code.", labels=["peer", "code"]
    )
    for peer, why, count in refusals:
        family.add_metric([str(peer) if peer is not None else "stranger", why], count)
    return family
